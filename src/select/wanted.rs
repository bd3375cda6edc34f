//! What requests have in common, whatever they select.

use std::ops::Range;

use super::{Hyperslab, Mask, Points, Run, coordinates, for_each_run};
use crate::base::{Error, Result};

/// Selected elements, and where each of them lies in a box of the file and in packed memory.
pub(crate) trait Wanted: Sync {
    /// Calls `f` for all runs of the selection in a box of the file, which begins at `corner` and has `size` elements
    /// along each axis. `first_row` is the row of packed memory that `f`'s memory begins with.
    fn for_each_run(
        &self,
        corner: &[u64],
        size: &[u64],
        first_row: u64,
        f: impl FnMut(Run) -> Result<()>,
    ) -> Result<()>;

    /// Tells whether all elements of some indices along each axis are known to be selected.
    fn is_all_of(&self, indices: &[Range<u64>]) -> bool;

    /// The regular selection that this is, if it is one.
    fn as_regular(&self) -> Option<&Hyperslab>;
}

impl Wanted for Hyperslab {
    fn for_each_run(
        &self,
        corner: &[u64],
        size: &[u64],
        first_row: u64,
        f: impl FnMut(Run) -> Result<()>,
    ) -> Result<()> {
        for_each_run(self, corner, size, first_row, f)
    }

    fn is_all_of(&self, indices: &[Range<u64>]) -> bool {
        self.axes().iter().zip(indices).all(|(axis, range)| {
            let inside = axis.within(range.clone());
            inside.end - inside.start == range.end.saturating_sub(range.start)
        })
    }

    fn as_regular(&self) -> Option<&Hyperslab> {
        Some(self)
    }
}

/// What a request selects.
#[derive(Clone, Debug)]
pub(crate) enum Selected<'a> {
    Regular(Hyperslab),
    Scattered(Scattered<'a>),
}

/// Elements here and there. In packed memory they have no rows.
#[derive(Clone, Debug)]
pub(crate) enum Scattered<'a> {
    Points(Points),
    Mask(Mask<'a>),
}

impl Selected<'_> {
    /// The number of selected elements.
    pub(crate) fn element_count(&self) -> Result<u64> {
        match self {
            Selected::Regular(slab) => slab.element_count(),
            Selected::Scattered(scattered) => Ok(scattered.element_count()),
        }
    }

    /// Refuses a selection that does not lie in a dataspace of this shape.
    pub(crate) fn check(&self, shape: &[u64]) -> Result<()> {
        match self {
            Selected::Regular(slab) => slab.check(shape),
            Selected::Scattered(scattered) => scattered.check(shape),
        }
    }

    /// The boxes of a size that hold something selected; none if nothing is.
    pub(crate) fn boxes(&self, size: &[u64]) -> Option<Boxes<'_>> {
        match self {
            Selected::Regular(slab) => slab.boxes(size).map(Boxes::All),
            Selected::Scattered(scattered) => scattered.boxes(size),
        }
    }
}

impl Scattered<'_> {
    pub(crate) fn element_count(&self) -> u64 {
        match self {
            Scattered::Points(points) => points.count(),
            Scattered::Mask(mask) => mask.count(),
        }
    }

    pub(crate) fn check(&self, shape: &[u64]) -> Result<()> {
        let made_for = match self {
            Scattered::Points(points) => points.shape(),
            Scattered::Mask(mask) => mask.shape(),
        };
        if made_for == shape {
            return Ok(());
        }
        let text = format!("a selection in a dataspace of shape {made_for:?}, which has {shape:?}");
        Err(Error::shape(text))
    }

    pub(crate) fn boxes(&self, size: &[u64]) -> Option<Boxes<'_>> {
        if self.element_count() == 0 {
            return None;
        }
        match self {
            Scattered::Points(points) => Some(points.boxes(size)),
            Scattered::Mask(mask) => {
                let axes = mask.shape().iter().zip(size);
                let ranges = axes.map(|(&limit, &size)| 0..limit.div_ceil(size)).collect();
                Some(Boxes::Masked { ranges, size: size.to_vec(), mask })
            }
        }
    }
}

impl Wanted for Scattered<'_> {
    fn for_each_run(
        &self,
        corner: &[u64],
        size: &[u64],
        _first_row: u64,
        f: impl FnMut(Run) -> Result<()>,
    ) -> Result<()> {
        match self {
            Scattered::Points(points) => points.for_each_run(corner, size, f),
            Scattered::Mask(mask) => mask.for_each_run(corner, size, f),
        }
    }

    fn is_all_of(&self, indices: &[Range<u64>]) -> bool {
        match self {
            // One point may be there twice, so that their number tells nothing.
            Scattered::Points(_) => false,
            Scattered::Mask(mask) => mask.is_all_of(indices),
        }
    }

    fn as_regular(&self) -> Option<&Hyperslab> {
        None
    }
}

impl Wanted for Selected<'_> {
    fn for_each_run(
        &self,
        corner: &[u64],
        size: &[u64],
        first_row: u64,
        f: impl FnMut(Run) -> Result<()>,
    ) -> Result<()> {
        match self {
            Selected::Regular(slab) => Wanted::for_each_run(slab, corner, size, first_row, f),
            Selected::Scattered(scattered) => scattered.for_each_run(corner, size, first_row, f),
        }
    }

    fn is_all_of(&self, indices: &[Range<u64>]) -> bool {
        match self {
            Selected::Regular(slab) => slab.is_all_of(indices),
            Selected::Scattered(scattered) => scattered.is_all_of(indices),
        }
    }

    fn as_regular(&self) -> Option<&Hyperslab> {
        match self {
            Selected::Regular(slab) => Some(slab),
            Selected::Scattered(_) => None,
        }
    }
}

/// The scattered elements of a box as if they were all, packed in the order in which the box has them.
pub(crate) struct Packed<'a>(pub(crate) &'a Scattered<'a>);

impl Wanted for Packed<'_> {
    fn for_each_run(
        &self,
        corner: &[u64],
        size: &[u64],
        first_row: u64,
        mut f: impl FnMut(Run) -> Result<()>,
    ) -> Result<()> {
        let mut memory = 0;
        self.0.for_each_run(corner, size, first_row, |run| {
            f(Run { memory, ..run })?;
            memory += run.len();
            Ok(())
        })
    }

    fn is_all_of(&self, indices: &[Range<u64>]) -> bool {
        self.0.is_all_of(indices)
    }

    fn as_regular(&self) -> Option<&Hyperslab> {
        None
    }
}

/// Boxes that hold something selected, by their coordinates.
pub(crate) enum Boxes<'a> {
    /// All of these ranges.
    All(Vec<Range<u64>>),
    /// Those with these numbers, where there are so many along each axis.
    Numbered { along: Vec<u64>, numbers: Vec<u64> },
    /// Those of the ranges in which a mask has something.
    Masked { ranges: Vec<Range<u64>>, size: Vec<u64>, mask: &'a Mask<'a> },
}

impl Boxes<'_> {
    /// How many there are at most.
    pub(crate) fn most(&self) -> u64 {
        match self {
            Boxes::All(ranges) | Boxes::Masked { ranges, .. } => {
                ranges.iter().fold(1u64, |n, range| n.saturating_mul(range.end - range.start))
            }
            Boxes::Numbered { numbers, .. } => numbers.len() as u64,
        }
    }

    /// Their coordinates.
    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = Vec<u64>> + '_> {
        match self {
            Boxes::All(ranges) => Box::new(coordinates(ranges)),
            Boxes::Numbered { along, numbers } => {
                Box::new(numbers.iter().map(|&number| Self::numbered(along, number)))
            }
            Boxes::Masked { ranges, size, mask } => {
                Box::new(coordinates(ranges).filter(|scaled| mask.is_any_of(scaled, size)))
            }
        }
    }

    fn numbered(along: &[u64], number: u64) -> Vec<u64> {
        let (mut scaled, mut rest) = (vec![0; along.len()], number);
        for (index, &count) in scaled.iter_mut().zip(along).rev() {
            (*index, rest) = (rest % count.max(1), rest / count.max(1));
        }
        scaled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    const SHAPE: [u64; 3] = [4, 3, 5];

    fn points() -> Scattered<'static> {
        let listed = [[3, 2, 4], [0, 0, 0], [1, 1, 1], [1, 1, 2], [1, 1, 1], [3, 0, 4], [0, 2, 3], [0, 2, 4]];
        Scattered::Points(Points::new(&SHAPE, 3, listed.into_iter().flatten()).unwrap())
    }

    fn mask() -> Scattered<'static> {
        let chosen: Vec<bool> = (0..60).map(|n| n % 7 < 3 || (20..35).contains(&n)).collect();
        Scattered::Mask(Mask::new(SHAPE.to_vec(), Cow::Owned(chosen)).unwrap())
    }

    /// Which place in memory each place of the dataspace has, by way of boxes of a size, in the order in which they come.
    fn found(scattered: &Scattered<'_>, size: [u64; 3]) -> Vec<(u64, usize)> {
        let selected = Selected::Scattered(scattered.clone());
        let mut found = Vec::new();
        for scaled in selected.boxes(&size).unwrap().iter() {
            let corner: Vec<u64> = scaled.iter().zip(size).map(|(n, size)| n * size).collect();
            let before = found.len();
            selected
                .for_each_run(&corner, &size, 0, |run| {
                    assert_eq!(run.blocks, 1);
                    for n in 0..run.len() {
                        let place = (run.file + n) as u64;
                        let (k, rest) = (place % size[2], place / size[2]);
                        let (j, i) = (rest % size[1], rest / size[1]);
                        let at = ((corner[0] + i) * SHAPE[1] + corner[1] + j) * SHAPE[2] + corner[2] + k;
                        assert!(corner[2] + k < SHAPE[2] && corner[1] + j < SHAPE[1]);
                        found.push((at, run.memory + n));
                    }
                    Ok(())
                })
                .unwrap();
            assert!(found.len() > before, "an empty box");
        }
        found.sort_unstable();
        found
    }

    #[test]
    fn every_selected_element_is_found_once_in_boxes_of_any_size() {
        let expected = vec![(0, 1), (13, 6), (14, 7), (21, 2), (21, 4), (22, 3), (49, 5), (59, 0)];
        let chosen = (0..60).filter(|n| n % 7 < 3 || (20..35).contains(n));
        let masked: Vec<(u64, usize)> = chosen.zip(0..).collect();
        for size in [[4, 3, 5], [1, 1, 1], [2, 2, 2], [3, 1, 4], [1, 3, 5], [9, 9, 9]] {
            assert_eq!(found(&points(), size), expected, "{size:?}");
            assert_eq!(found(&mask(), size), masked, "{size:?}");
        }
    }

    #[test]
    fn a_point_that_comes_twice_comes_in_its_order() {
        let mut memory = Vec::new();
        points()
            .for_each_run(&[1, 1, 0], &[1, 1, 5], 0, |run| {
                memory.push((run.file, run.memory, run.len()));
                Ok(())
            })
            .unwrap();
        assert_eq!(memory, [(1, 2, 1), (1, 4, 1), (2, 3, 1)]);
    }

    #[test]
    fn only_a_whole_box_is_all_of_it() {
        let all = |ranges: [Range<u64>; 3]| mask().is_all_of(&ranges);
        assert!(all([1..2, 1..3, 0..5]), "20 to 29");
        assert!(!all([1..2, 0..3, 0..5]), "15 to 29, and 18 and 19 are not there");
        assert!(!points().is_all_of(&[0..1, 0..1, 0..1]));
    }

    #[test]
    fn the_dataspace_has_to_be_the_one_that_was_meant() {
        assert!(mask().check(&SHAPE).is_ok() && mask().check(&[4, 15]).is_err());
        assert!(points().check(&SHAPE).is_ok() && points().check(&[4, 3, 6]).is_err());
        assert!(Points::new(&[4, 3], 2, [3, 2, 4, 0].into_iter()).is_err());
        assert!(Points::new(&[4, 3], 1, [1].into_iter()).is_err());
        assert!(Mask::new(vec![4, 3], Cow::Owned(vec![true; 11])).is_err());
    }

    #[test]
    fn a_scalar_can_be_masked() {
        let mask = Mask::new(Vec::new(), Cow::Owned(vec![true])).unwrap();
        let mut runs = Vec::new();
        let scattered = Scattered::Mask(mask);
        scattered
            .for_each_run(&[], &[], 0, |run| {
                runs.push((run.file, run.memory, run.len()));
                Ok(())
            })
            .unwrap();
        assert_eq!(runs, [(0, 0, 1)]);
    }
}
