//! A bit for each element.

const BITS: usize = 64;

#[derive(Clone, Debug, Default)]
pub(super) struct Mask(Vec<u64>);

impl Mask {
    /// One without any element set.
    pub(super) fn new(elements: usize) -> Self {
        Mask(vec![0; elements.div_ceil(BITS)])
    }

    pub(super) fn set(&mut self, index: usize) {
        self.0[index / BITS] |= 1 << (index % BITS);
    }

    pub(super) fn clear(&mut self, index: usize) {
        self.0[index / BITS] &= !(1 << (index % BITS));
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        self.0[index / BITS] >> (index % BITS) & 1 != 0
    }

    /// The first element at `from` or behind it that is set.
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        let (first, rest) = self.0.get(from / BITS..)?.split_first()?;
        let first = first & u64::MAX << (from % BITS);
        let words = std::iter::once(first).chain(rest.iter().copied());
        let (at, word) = words.enumerate().find(|&(_, word)| word != 0)?;
        Some((from / BITS + at) * BITS + word.trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_their_order() {
        let mut mask = Mask::new(200);
        let indexes = [0, 3, 63, 64, 130, 199];
        indexes.iter().for_each(|&index| mask.set(index));
        mask.set(5);
        mask.clear(5);
        let found: Vec<usize> = std::iter::successors(mask.next(0), |&index| mask.next(index + 1)).collect();
        assert_eq!(found, indexes);
        assert!(mask.contains(63) && !mask.contains(62));
        assert_eq!(mask.next(1000), None);
    }
}
