//! Sets of neighbouring elements, and how they are split.

use super::levels::{Lengths, Levels, coarse};

/// A box of elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) start: Lengths,
    pub(super) lengths: Lengths,
}

/// In which order the parts of a set follow, and where they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Of a line: first half, second half.
    Line,
    /// Of a plane: the last quarter first. Each split leads one list further down.
    Plane,
    /// Of a volume: the first eighth first. Each axis that is split leads one list further down.
    Volume,
}

/// The parts of a set that are not empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    sets: [Set; 8],
    count: usize,
    /// The list they belong to.
    pub(super) level: usize,
}

/// What there is before the first bit plane.
#[derive(Debug)]
pub(super) struct Start {
    /// The sets of each level. Those of a higher level are smaller.
    pub(super) lists: Vec<Vec<Set>>,
    /// Of a plane, how many levels are in no set yet: the finer parts of each, around the coarser.
    pub(super) around: u32,
}

impl Parts {
    pub(super) fn as_slice(&self) -> &[Set] {
        &self.sets[..self.count]
    }

    fn push(&mut self, set: Set) {
        if !set.lengths.contains(&0) {
            self.sets[self.count] = set;
            self.count += 1;
        }
    }
}

impl Set {
    fn whole(lengths: Lengths) -> Self {
        Set { start: [0; 3], lengths }
    }

    /// The index of its first element, in a box with these lengths.
    pub(super) fn index(&self, lengths: Lengths) -> usize {
        let [x, y, z] = self.start.map(|start| start as usize);
        (z * lengths[1] as usize + y) * lengths[0] as usize + x
    }

    /// Its rows in a box with these lengths: the index of the first element of each, and how many there are.
    pub(super) fn rows(&self, lengths: Lengths) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (first, [width, height, depth]) =
            (self.index(lengths), self.lengths.map(|length| length as usize));
        let row = lengths[0] as usize;
        let plane = row * lengths[1] as usize;
        (0..depth).flat_map(move |z| (0..height).map(move |y| (first + z * plane + y * row, width)))
    }

    pub(super) fn is_single(&self) -> bool {
        self.lengths == [1; 3]
    }

    /// Splits the set, which is one of list `level`, in halves along all of its axes.
    pub(super) fn split(&self, order: Order, level: usize) -> Parts {
        self.split_along([true; 3], order, level)
    }

    fn split_along(&self, axes: [bool; 3], order: Order, level: usize) -> Parts {
        let seconds: [u32; 3] =
            std::array::from_fn(|axis| if axes[axis] { self.lengths[axis] / 2 } else { 0 });
        let further = match order {
            Order::Plane => 1,
            Order::Line | Order::Volume => seconds.iter().filter(|&&second| second != 0).count(),
        };
        let mut parts = Parts { sets: [Set::default(); 8], count: 0, level: level + further };
        for number in 0..8 {
            let number = if order == Order::Plane { 7 - number } else { number };
            parts.push(self.part(number, seconds));
        }
        parts
    }

    /// The part in the second half along the axes whose bits are set in `number`.
    fn part(&self, number: usize, seconds: Lengths) -> Set {
        let mut part = *self;
        for (axis, second) in seconds.into_iter().enumerate() {
            let first = self.lengths[axis] - second;
            if number >> axis & 1 == 0 {
                part.lengths[axis] = first;
            } else {
                part.start[axis] += first;
                part.lengths[axis] = second;
            }
        }
        part
    }
}

impl Start {
    pub(super) fn new(lengths: Lengths, order: Order) -> Self {
        // As often as each axis can be halved.
        let halvings = lengths.map(|length| u32::BITS - length.saturating_sub(1).leading_zeros());
        let lists = vec![Vec::new(); halvings.iter().sum::<u32>() as usize + 1];
        let mut start = Start { lists, around: 0 };
        let whole = Set::whole(lengths);
        match order {
            Order::Line => {
                let halves = whole.split(order, 0);
                start.lists[halves.level].extend_from_slice(halves.as_slice());
            }
            Order::Plane => start.set_plane(lengths),
            Order::Volume => start.set_volume(whole),
        }
        start
    }

    fn set_plane(&mut self, lengths: Lengths) {
        let (Levels::Apart { plane: levels, .. } | Levels::Together(levels)) = Levels::new(lengths);
        self.around = levels;
        let coarsest = Set::whole(lengths.map(|length| coarse(length, levels)));
        self.lists[levels as usize].push(coarsest);
    }

    /// Splits what each level of the transform made finer off the rest.
    fn set_volume(&mut self, whole: Set) {
        let steps: Vec<[bool; 3]> = match Levels::new(whole.lengths) {
            Levels::Together(levels) => (0..levels).map(|_| [true; 3]).collect(),
            Levels::Apart { plane, depth } => {
                (0..plane.max(depth)).map(|step| [step < plane, step < plane, step < depth]).collect()
            }
        };
        let (mut rest, mut level) = (whole, 0);
        for axes in steps {
            let parts = rest.split_along(axes, Order::Volume, level);
            level = parts.level;
            if let Some((coarser, finer)) = parts.as_slice().split_first() {
                rest = *coarser;
                self.lists[level].extend_from_slice(finer);
            }
        }
        self.lists[level].insert(0, rest);
    }
}

/// The finer parts of a plane at `level`: of both axes, of the first, of the second.
pub(super) fn finer(lengths: Lengths, level: u32) -> [Set; 3] {
    let outer = Set::whole(lengths.map(|length| coarse(length, level.saturating_sub(1))));
    let seconds = [outer.lengths[0] / 2, outer.lengths[1] / 2, 0];
    [3, 1, 2].map(|number| outer.part(number, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(start: Lengths, lengths: Lengths) -> Set {
        Set { start, lengths }
    }

    #[test]
    fn the_first_half_is_the_longer_one() {
        let parts = set([10, 0, 0], [5, 2, 1]).split(Order::Volume, 3);
        assert_eq!(parts.level, 5);
        let expected = [
            set([10, 0, 0], [3, 1, 1]),
            set([13, 0, 0], [2, 1, 1]),
            set([10, 1, 0], [3, 1, 1]),
            set([13, 1, 0], [2, 1, 1]),
        ];
        assert_eq!(parts.as_slice(), expected);
        let parts = set([10, 0, 0], [5, 2, 1]).split(Order::Plane, 3);
        assert_eq!((parts.level, parts.as_slice()[0], parts.as_slice()[3]), (4, expected[3], expected[0]));
    }

    #[test]
    fn every_element_is_in_one_set() {
        for lengths in [[2, 2, 2], [9, 40, 17], [64, 64, 64], [20, 9, 100], [65_535, 2, 3]] {
            let start = Start::new(lengths, Order::Volume);
            let volume = |lengths: Lengths| lengths.iter().map(|&length| u64::from(length)).product::<u64>();
            let held: u64 = start.lists.iter().flatten().map(|set| volume(set.lengths)).sum();
            assert_eq!(held, volume(lengths), "{lengths:?}");
            let plane = [lengths[0], lengths[1], 1];
            let start = Start::new(plane, Order::Plane);
            let around = (1..=start.around).flat_map(|level| finer(plane, level));
            let held: u64 =
                start.lists.iter().flatten().copied().chain(around).map(|set| volume(set.lengths)).sum();
            assert_eq!(held, volume(plane), "{plane:?}");
        }
    }
}
