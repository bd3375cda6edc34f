//! Hyperslabs that go on without end along one axis, as virtual datasets have them, and what there is of them in a
//! dataspace of some size.

use super::{Axis, Region};
use crate::base::{Error, Result};
use crate::format::selection::{RegularAxis, SelectionInfo};

/// The axes of a regular hyperslab, one of which has no end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unlimited<'a> {
    axes: &'a [RegularAxis],
    /// Which one.
    pub(crate) axis: usize,
}

impl<'a> Unlimited<'a> {
    /// What of a selection is unlimited; none if it has an end.
    pub(crate) fn of(selection: &'a SelectionInfo) -> Result<Option<Unlimited<'a>>> {
        let SelectionInfo::Regular { axes, .. } = selection else { return Ok(None) };
        let mut endless = axes.iter().enumerate().filter(|(_, a)| a.count.is_none() || a.block.is_none());
        let Some((axis, endless_axis)) = endless.next() else { return Ok(None) };
        let sound = match endless_axis {
            RegularAxis { count: Some(count), block: None, .. } => *count == 1,
            RegularAxis { count: None, block: Some(block), stride, .. } => (1..=*stride).contains(block),
            _ => false,
        };
        if endless.next().is_some() || !sound {
            return Err(Error::malformed("a selection that is unlimited in a way that means nothing"));
        }
        Ok(Some(Unlimited { axes, axis }))
    }

    fn endless(&self) -> RegularAxis {
        self.axes[self.axis]
    }

    /// The indices below `size` along the axis without end: whole blocks, and the part of the last one.
    fn clip(&self, size: u64) -> Vec<Axis> {
        let RegularAxis { start, stride, block, .. } = self.endless();
        let Some(room) = size.checked_sub(start).filter(|&room| room > 0) else { return Vec::new() };
        let block = match block {
            Some(block) if block < stride => block,
            _ => return vec![Axis::contiguous(start, room)],
        };
        let (whole, rest) = (room / stride, room % stride);
        let count = if rest >= block { whole + 1 } else { whole };
        let mut parts = vec![Axis { start, stride, count, block }];
        if rest < block && rest > 0 {
            parts.push(Axis::contiguous(start + whole * stride, rest));
        }
        parts.retain(|axis| !axis.is_empty());
        parts
    }

    /// How many indices below `size` are selected.
    pub(crate) fn indices(&self, size: u64) -> u64 {
        self.clip(size).iter().map(Axis::len).sum()
    }

    /// The least size that has so many selected indices.
    pub(crate) fn size_for(&self, indices: u64) -> Result<u64> {
        let RegularAxis { start, stride, block, .. } = self.endless();
        if indices == 0 {
            return Ok(0);
        }
        let behind_start = match block {
            Some(block) if block < stride => {
                let last = (indices - 1) % block + 1;
                ((indices - 1) / block).checked_mul(stride).and_then(|n| n.checked_add(last))
            }
            _ => Some(indices),
        };
        let size = behind_start.and_then(|n| n.checked_add(start));
        size.ok_or_else(|| Error::malformed("a virtual dataset grows past all sizes"))
    }

    /// What of the selection lies in a dataspace of this size along the axis without end.
    pub(crate) fn region(&self, size: u64) -> Result<Region> {
        self.with(self.clip(size))
    }

    /// A single index along the axis without end, with all that is selected along the others.
    pub(crate) fn slice(&self) -> Result<Region> {
        self.with(vec![Axis::contiguous(self.endless().start, 1)])
    }

    /// One block along the axis without end; none if the axis has just one block.
    pub(crate) fn block(&self, number: u64) -> Result<Option<Region>> {
        let RegularAxis { start, stride, block: Some(block), .. } = self.endless() else { return Ok(None) };
        let first = stride.checked_mul(number).and_then(|n| n.checked_add(start));
        match first.filter(|first| first.checked_add(block).is_some()) {
            Some(first) => self.with(vec![Axis::contiguous(first, block)]).map(Some),
            None => Err(Error::malformed("a virtual dataset grows past all sizes")),
        }
    }

    fn with(&self, parts: Vec<Axis>) -> Result<Region> {
        let mut axes = Vec::with_capacity(self.axes.len());
        for (index, axis) in self.axes.iter().enumerate() {
            axes.push(if index == self.axis { parts.clone() } else { vec![limited(axis)?] });
        }
        Region::product(axes)
    }
}

/// An axis of a hyperslab that has an end.
pub(crate) fn limited(axis: &RegularAxis) -> Result<Axis> {
    let (Some(count), Some(block)) = (axis.count, axis.block) else {
        return Err(Error::malformed("a selection without end stands where it has to have one"));
    };
    let axis = Axis { start: axis.start, stride: axis.stride, count, block };
    axis.check(u64::MAX)?;
    Ok(axis.normalized())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slab(start: u64, stride: u64, count: Option<u64>, block: Option<u64>) -> SelectionInfo {
        let fixed = RegularAxis { start: 2, stride: 1, count: Some(1), block: Some(3) };
        SelectionInfo::regular(vec![fixed, RegularAxis { start, stride, count, block }])
    }

    #[test]
    fn clipping_counts_what_is_inside() {
        for (start, stride, count, block) in
            [(0, 1, None, Some(1)), (3, 5, None, Some(2)), (1, 4, None, Some(4)), (2, 1, Some(1), None)]
        {
            let selection = slab(start, stride, count, block);
            let unlimited = Unlimited::of(&selection).unwrap().unwrap();
            assert_eq!(unlimited.axis, 1);
            for size in 0..40 {
                let inside = |i: &u64| *i >= start && block.is_none_or(|block| (i - start) % stride < block);
                let expected = (0..size).filter(inside).count() as u64;
                assert_eq!(unlimited.indices(size), expected, "{selection:?} in {size}");
                assert_eq!(unlimited.region(size).unwrap().count(), 3 * expected);
                let least = (0..=size).find(|&size| unlimited.indices(size) == expected).unwrap();
                assert_eq!(unlimited.size_for(expected).unwrap(), least);
            }
        }
    }

    #[test]
    fn blocks_are_numbered() {
        let selection = slab(3, 5, None, Some(2));
        let unlimited = Unlimited::of(&selection).unwrap().unwrap();
        let third = unlimited.block(2).unwrap().unwrap();
        assert_eq!(third.bounds(), Some(vec![(2, 4), (13, 14)]));
        assert!(unlimited.block(u64::MAX / 2).is_err());
        let single = slab(3, 1, Some(1), None);
        assert!(Unlimited::of(&single).unwrap().unwrap().block(0).unwrap().is_none());
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for bad in [slab(0, 1, None, None), slab(0, 2, Some(2), None), slab(0, 2, None, Some(3))] {
            assert!(Unlimited::of(&bad).is_err());
        }
        assert!(Unlimited::of(&slab(0, 2, Some(3), Some(2))).unwrap().is_none());
        assert!(Unlimited::of(&SelectionInfo::All).unwrap().is_none());
    }
}
