//! Single elements in any order, as a list of them says.

use super::boxes::{inside, place};
use super::merged::Merged;
use super::{Boxes, Run};
use crate::base::{Error, Result, element_count, to_usize};

/// Points of a dataspace.
#[derive(Clone, Debug)]
pub(crate) struct Points {
    shape: Vec<u64>,
    /// The place of each in the dataspace and in memory, by the first, and by the second where one comes twice.
    places: Vec<(u64, u64)>,
}

impl Points {
    /// The points with these indices, `rank` for each, in the order in which memory has them.
    pub(crate) fn new(shape: &[u64], rank: usize, indices: impl Iterator<Item = u64>) -> Result<Points> {
        element_count(shape)?;
        if rank != shape.len() {
            let want = shape.len();
            return Err(Error::shape(format!("points of {rank} axes in a dataspace of {want}")));
        }
        let (mut point, mut places) = (Vec::with_capacity(rank), Vec::new());
        for index in indices {
            point.push(index);
            if point.len() < rank {
                continue;
            }
            if point.iter().zip(shape).any(|(index, size)| index >= size) {
                return Err(Error::shape(format!("the point {point:?} is not in a dataspace of {shape:?}")));
            }
            places.push((place(point.drain(..), shape), places.len() as u64));
        }
        places.sort_unstable();
        Ok(Points { shape: shape.to_vec(), places })
    }

    pub(super) fn shape(&self) -> &[u64] {
        &self.shape
    }

    pub(super) fn count(&self) -> u64 {
        self.places.len() as u64
    }

    /// The indices of an element.
    fn index(&self, place: u64, index: &mut [u64]) {
        let mut rest = place;
        for (index, &size) in index.iter_mut().zip(&self.shape).rev() {
            (*index, rest) = (rest % size.max(1), rest / size.max(1));
        }
    }

    /// The boxes of a size that have points.
    pub(super) fn boxes(&self, size: &[u64]) -> Boxes<'static> {
        let along: Vec<u64> =
            self.shape.iter().zip(size).map(|(&limit, &size)| limit.div_ceil(size)).collect();
        let mut index = vec![0; self.shape.len()];
        let mut numbers = Vec::new();
        for &(at, _) in &self.places {
            self.index(at, &mut index);
            let number = place(index.iter().zip(size).map(|(&index, &size)| index / size), &along);
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        Boxes::Numbered { along, numbers }
    }

    pub(super) fn for_each_run(
        &self,
        corner: &[u64],
        size: &[u64],
        f: impl FnMut(Run) -> Result<()>,
    ) -> Result<()> {
        let ranges = inside(&self.shape, corner, size);
        if ranges.iter().any(std::ops::Range::is_empty) {
            return Ok(());
        }
        let mut merged = Merged::new(f);
        let mut index = vec![0; self.shape.len()];
        let first = place(ranges.iter().map(|range| range.start), &self.shape);
        let mut rest = self.from(&self.places, first);
        while let Some(&(at, memory)) = rest.first() {
            self.index(at, &mut index);
            if ranges.iter().zip(&index).all(|(range, index)| range.contains(index)) {
                let within = index.iter().zip(corner).map(|(&index, &corner)| index - corner);
                merged.push(to_usize(place(within, size))?, to_usize(memory)?, 1)?;
                rest = &rest[1..];
            } else if next_inside(&ranges, &mut index) {
                rest = self.from(rest, place(index.iter().copied(), &self.shape));
            } else {
                break;
            }
        }
        merged.finish()
    }

    /// The points from a place on.
    fn from<'p>(&self, places: &'p [(u64, u64)], first: u64) -> &'p [(u64, u64)] {
        &places[places.partition_point(|&(at, _)| at < first)..]
    }
}

/// Goes on from an index that is not in a box to the next one that is; false where there is none.
fn next_inside(ranges: &[std::ops::Range<u64>], index: &mut [u64]) -> bool {
    let out = ranges.iter().zip(&*index).position(|(range, index)| !range.contains(index));
    let Some(mut axis) = out else { return true };
    if index[axis] >= ranges[axis].end {
        let earlier = (0..axis).rev().find(|&earlier| index[earlier] + 1 < ranges[earlier].end);
        let Some(earlier) = earlier else { return false };
        index[earlier] += 1;
        axis = earlier + 1;
    }
    index[axis..].iter_mut().zip(&ranges[axis..]).for_each(|(index, range)| *index = range.start);
    true
}
