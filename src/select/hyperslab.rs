//! Regular hyperslabs: blocks at equal distances along each axis.

use std::ops::Range;

use crate::base::{Error, Result, element_count};

/// The selected indices along one axis: `count` blocks of `block` indices, one every `stride`, from `start` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axis {
    /// The first index.
    pub start: u64,
    /// Indices from the beginning of one block to that of the next.
    pub stride: u64,
    /// Blocks.
    pub count: u64,
    /// Indices of a block.
    pub block: u64,
}

impl Axis {
    /// Selects `len` indices from `start` on.
    pub fn contiguous(start: u64, len: u64) -> Self {
        Axis { start, stride: len.max(1), count: 1, block: len }
    }

    /// Selects `count` single indices, one every `stride`.
    pub fn strided(start: u64, stride: u64, count: u64) -> Self {
        Axis { start, stride, count, block: 1 }.normalized()
    }

    /// Returns the number of selected indices.
    pub fn len(&self) -> u64 {
        self.count.saturating_mul(self.block)
    }

    /// Tells whether no index is selected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same indices, with blocks that touch made one.
    pub(crate) fn normalized(self) -> Self {
        match self {
            axis if axis.is_empty() => Axis { start: axis.start, stride: 1, count: 1, block: 0 },
            axis if axis.count == 1 || axis.stride == axis.block => {
                Axis::contiguous(axis.start, axis.count * axis.block)
            }
            axis => axis,
        }
    }

    /// How many of the selected indices are less than `index`.
    fn rank_of(&self, index: u64) -> u64 {
        let Some(distance) = index.checked_sub(self.start) else { return 0 };
        let (whole, rest) = (distance / self.stride, distance % self.stride);
        if whole >= self.count { self.len() } else { whole * self.block + rest.min(self.block) }
    }

    /// Which of the selected indices, by their order, lie in a range.
    pub(crate) fn within(&self, range: Range<u64>) -> Range<u64> {
        self.rank_of(range.start)..self.rank_of(range.end)
    }

    /// Which of the selected indices, by their order, an index is.
    pub(super) fn order_of(&self, index: u64) -> Option<u64> {
        let range = self.within(index..index.checked_add(1)?);
        (!range.is_empty()).then_some(range.start)
    }

    /// The selected index of this order, and how many follow it without a gap, itself included, up to `end`.
    pub(super) fn run_at(&self, order: u64, end: u64) -> (u64, u64) {
        let (whole, into) = (order / self.block.max(1), order % self.block.max(1));
        let left = (self.block - into).min(end - order);
        (self.start + whole * self.stride + into, left)
    }

    /// The selected indices of these orders, in up to three regular parts.
    pub(super) fn orders(&self, orders: Range<u64>) -> Vec<Axis> {
        let (mut at, mut parts) = (orders.start, Vec::new());
        while at < orders.end {
            let (start, run) = self.run_at(at, orders.end);
            let whole = (orders.end - at) / self.block;
            if run == self.block && whole > 1 {
                parts.push(Axis { start, count: whole, ..*self }.normalized());
                at += whole * self.block;
            } else {
                parts.push(Axis::contiguous(start, run));
                at += run;
            }
        }
        parts
    }

    /// The blocks that lie between the first and the last index of another axis, each with the order of its first index.
    pub(super) fn blocks_near(&self, other: Axis) -> impl Iterator<Item = (Range<u64>, u64)> + use<> {
        let Axis { start, stride, count, block } = *self;
        let (from, to) = match other.bounds() {
            Some((low, high)) if !self.is_empty() && high >= start => {
                (low.saturating_sub(start) / stride, ((high - start) / stride + 1).min(count))
            }
            _ => (0, 0),
        };
        (from..to).map(move |n| (start + n * stride..start + n * stride + block, n * block))
    }

    /// The index behind the last selected one.
    fn end(&self) -> Option<u64> {
        if self.is_empty() {
            return Some(0);
        }
        self.stride.checked_mul(self.count - 1)?.checked_add(self.start)?.checked_add(self.block)
    }

    /// The first and the last selected index.
    pub(crate) fn bounds(&self) -> Option<(u64, u64)> {
        match self.end() {
            Some(end) if !self.is_empty() => Some((self.start, end - 1)),
            _ => None,
        }
    }

    pub(super) fn check(&self, size: u64) -> Result<()> {
        if self.stride == 0 || (self.count > 1 && self.block > self.stride) {
            return Err(Error::shape(format!(
                "blocks of {} overlap at a stride of {}",
                self.block, self.stride
            )));
        }
        match self.end() {
            Some(end) if end <= size => Ok(()),
            _ => Err(Error::shape(format!("the selection {self:?} goes past an axis of {size}"))),
        }
    }
}

/// A regular selection: an [`Axis`] for each axis of the dataspace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hyperslab {
    axes: Vec<Axis>,
}

impl Hyperslab {
    /// Selects what the axes say; none of them for a scalar.
    pub fn new(axes: Vec<Axis>) -> Self {
        Hyperslab { axes: axes.into_iter().map(Axis::normalized).collect() }
    }

    /// Selects everything.
    pub fn all(shape: &[u64]) -> Self {
        Hyperslab { axes: shape.iter().map(|&size| Axis::contiguous(0, size)).collect() }
    }

    /// Returns the axes.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Returns how many indices are selected along each axis.
    pub fn shape(&self) -> Vec<u64> {
        self.axes.iter().map(Axis::len).collect()
    }

    /// The number of selected elements.
    pub(crate) fn element_count(&self) -> Result<u64> {
        element_count(&self.shape())
    }

    /// Refuses a selection that does not lie in a dataspace of this shape.
    pub(crate) fn check(&self, shape: &[u64]) -> Result<()> {
        if self.axes.len() != shape.len() {
            let (have, want) = (self.axes.len(), shape.len());
            return Err(Error::shape(format!("a selection of {have} axes in a dataspace of {want}")));
        }
        self.axes.iter().zip(shape).try_for_each(|(axis, &size)| axis.check(size))
    }

    /// For each axis the range of boxes of the given size that hold something selected; none if nothing is.
    pub(crate) fn boxes(&self, size: &[u64]) -> Option<Vec<Range<u64>>> {
        let range = |(axis, &size): (&Axis, &u64)| {
            let (first, last) = axis.bounds()?;
            Some(first / size..last / size + 1)
        };
        self.axes.iter().zip(size).map(range).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indices(axis: &Axis) -> Vec<u64> {
        (0..axis.count).flat_map(|i| (0..axis.block).map(move |j| axis.start + i * axis.stride + j)).collect()
    }

    #[test]
    fn ranks_are_counts() {
        for axis in
            [Axis::contiguous(3, 5), Axis::strided(2, 3, 4), Axis { start: 1, stride: 5, count: 3, block: 2 }]
        {
            let all = indices(&axis);
            assert_eq!(axis.len(), all.len() as u64);
            for (from, to) in [(0, 0), (0, 4), (2, 9), (5, 30), (20, 40)] {
                let inside = |i: &&u64| (from..to).contains(*i);
                let range = axis.within(from..to);
                assert_eq!(range.end - range.start, all.iter().filter(inside).count() as u64);
                assert_eq!(range.start, all.iter().filter(|&&i| i < from).count() as u64);
            }
        }
    }

    #[test]
    fn a_selection_has_to_lie_in_its_space() {
        let slab = Hyperslab::new(vec![Axis::strided(1, 3, 3)]);
        assert!(slab.check(&[8]).is_ok());
        assert!(slab.check(&[7]).is_err());
        assert!(slab.check(&[8, 8]).is_err());
        let overlapping = Hyperslab::new(vec![Axis { start: 0, stride: 2, count: 2, block: 3 }]);
        assert!(overlapping.check(&[100]).is_err());
        let huge = Hyperslab::new(vec![Axis { start: 1, stride: u64::MAX, count: 3, block: 1 }]);
        assert!(huge.check(&[100]).is_err());
    }

    #[test]
    fn boxes_are_those_that_hold_something() {
        let slab = Hyperslab::new(vec![Axis::contiguous(9, 2), Axis::strided(0, 7, 3)]);
        assert_eq!(slab.boxes(&[5, 5]), Some(vec![1..3, 0..3]));
        assert_eq!(Hyperslab::new(vec![Axis::contiguous(9, 0)]).boxes(&[5]), None);
    }
}
