//! Finds out whether blocks make a regular pattern, as libhdf5 does before it prints them.

/// A block: its first and its last element.
pub(crate) type Block = (Vec<u64>, Vec<u64>);

/// One axis of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) start: u64,
    pub(crate) stride: u64,
    pub(crate) count: u64,
    pub(crate) block: u64,
}

/// The pattern that blocks make; none where they make no regular one, or touch each other.
pub(crate) fn regular(blocks: &[Block]) -> Option<Vec<Steps>> {
    let rank = blocks.first()?.0.len();
    let axes: Vec<Steps> = (0..rank).map(|axis| along(blocks, axis)).collect::<Option<_>>()?;
    let mut firsts: Vec<&[u64]> = blocks.iter().map(|(first, _)| first.as_slice()).collect();
    firsts.sort_unstable();
    firsts.dedup();
    let all = axes.iter().try_fold(1u64, |n, axis| n.checked_mul(axis.count))?;
    // As many different corners as the pattern has are all of its corners.
    (firsts.len() == blocks.len() && firsts.len() as u64 == all).then_some(axes)
}

fn along(blocks: &[Block], axis: usize) -> Option<Steps> {
    let mut spans = Vec::with_capacity(blocks.len());
    for (first, last) in blocks {
        spans.push((*first.get(axis)?, *last.get(axis)?));
    }
    spans.sort_unstable();
    spans.dedup();
    let (start, last) = *spans.first()?;
    let block = last.checked_sub(start)?.checked_add(1)?;
    let stride = match spans.get(1) {
        Some(&(second, _)) => second.checked_sub(start)?,
        None => 1,
    };
    if spans.len() > 1 && stride <= block {
        return None;
    }
    for (number, &(first, last)) in spans.iter().enumerate() {
        let expected = start.checked_add(stride.checked_mul(number as u64)?)?;
        if first != expected || last.checked_sub(first)?.checked_add(1)? != block {
            return None;
        }
    }
    Some(Steps { start, stride, count: spans.len() as u64, block })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(first: [u64; 2], last: [u64; 2]) -> Block {
        (first.to_vec(), last.to_vec())
    }

    #[test]
    fn blocks_in_a_grid_are_a_pattern() {
        let one = regular(&[block([1, 2], [3, 2])]).unwrap();
        assert_eq!(one[0], Steps { start: 1, stride: 1, count: 1, block: 3 });
        let grid =
            [block([0, 5], [1, 5]), block([0, 7], [1, 7]), block([3, 7], [4, 7]), block([3, 5], [4, 5])];
        let found = regular(&grid).unwrap();
        assert_eq!(found[0], Steps { start: 0, stride: 3, count: 2, block: 2 });
        assert_eq!(found[1], Steps { start: 5, stride: 2, count: 2, block: 1 });
        assert_eq!(regular(&grid[..3]), None);
    }

    #[test]
    fn other_blocks_are_none() {
        assert_eq!(regular(&[]), None);
        assert_eq!(regular(&[block([0, 0], [1, 0]), block([2, 0], [3, 0])]), None, "they touch");
        assert_eq!(regular(&[block([0, 0], [1, 0]), block([5, 0], [5, 0])]), None, "of two sizes");
        assert_eq!(regular(&[block([3, 0], [1, 0])]), None, "upside down");
        assert_eq!(regular(&[block([0, 0], [0, 0]), block([0, 0], [0, 0])]), None, "twice the same");
    }
}
