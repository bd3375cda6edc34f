//! The elements for which an array of booleans has true.

use std::borrow::Cow;
use std::ops::Range;

use super::Run;
use super::boxes::{Row, each_row};
use super::merged::Merged;
use crate::base::{Error, Result, element_count, to_usize};

/// A boolean for each element of a dataspace.
#[derive(Clone, Debug)]
pub(crate) struct Mask<'a> {
    shape: Vec<u64>,
    chosen: Cow<'a, [bool]>,
    /// How many are chosen before each [`STEP`] elements, and at the end.
    before: Vec<u64>,
}

/// Where an element lies in memory is counted from the last multiple of this on.
const STEP: usize = 512;

impl<'a> Mask<'a> {
    pub(crate) fn new(shape: Vec<u64>, chosen: Cow<'a, [bool]>) -> Result<Self> {
        if element_count(&shape)? != chosen.len() as u64 {
            let have = chosen.len();
            return Err(Error::shape(format!("a mask of {have} booleans for a dataspace of {shape:?}")));
        }
        let mut before = vec![0];
        let mut sum = 0;
        for step in chosen.chunks(STEP) {
            sum += count(step);
            before.push(sum);
        }
        Ok(Mask { shape, chosen, before })
    }

    pub(super) fn shape(&self) -> &[u64] {
        &self.shape
    }

    pub(super) fn count(&self) -> u64 {
        self.before.last().copied().unwrap_or_default()
    }

    /// How many are chosen before an element.
    fn rank(&self, at: usize) -> u64 {
        let step = at / STEP;
        self.before[step] + count(&self.chosen[step * STEP..at])
    }

    fn row(&self, row: Row) -> Result<(usize, &[bool])> {
        let first = to_usize(row.first)?;
        Ok((first, &self.chosen[first..first + to_usize(row.len)?]))
    }

    pub(super) fn for_each_run(
        &self,
        corner: &[u64],
        size: &[u64],
        f: impl FnMut(Run) -> Result<()>,
    ) -> Result<()> {
        let mut merged = Merged::new(f);
        each_row(&self.shape, corner, size, |row| {
            let (first, chosen) = self.row(row)?;
            let Some(mut at) = chosen.iter().position(|&chosen| chosen) else { return Ok(true) };
            let (mut memory, place) = (to_usize(self.rank(first + at))?, to_usize(row.place)?);
            loop {
                let rest = &chosen[at..];
                let len = rest.iter().position(|&chosen| !chosen).unwrap_or(rest.len());
                merged.push(place + at, memory, len)?;
                memory += len;
                match rest[len..].iter().position(|&chosen| chosen) {
                    Some(gap) => at += len + gap,
                    None => return Ok(true),
                }
            }
        })?;
        merged.finish()
    }

    /// Whether all elements of some indices are chosen.
    pub(super) fn is_all_of(&self, indices: &[Range<u64>]) -> bool {
        let corner: Vec<u64> = indices.iter().map(|range| range.start).collect();
        let size: Vec<u64> = indices.iter().map(|range| range.end.saturating_sub(range.start)).collect();
        let all = |row| self.row(row).map(|(_, chosen)| chosen.iter().all(|&chosen| chosen));
        each_row(&self.shape, &corner, &size, all).unwrap_or_default()
    }

    /// Whether any element of the box with these coordinates, of boxes of a size, is chosen.
    pub(super) fn is_any_of(&self, scaled: &[u64], size: &[u64]) -> bool {
        let corner: Vec<u64> = scaled.iter().zip(size).map(|(n, size)| n.saturating_mul(*size)).collect();
        let none = |row| self.row(row).map(|(_, chosen)| !chosen.iter().any(|&chosen| chosen));
        !each_row(&self.shape, &corner, size, none).unwrap_or_default()
    }
}

fn count(chosen: &[bool]) -> u64 {
    chosen.iter().map(|&chosen| u64::from(chosen)).sum()
}
