//! Copies between a box of file elements and packed memory, in either direction, converting where types differ.

use crate::base::{Error, Result, byte_count};
use crate::convert::Plan;
use crate::select::{Run, Wanted};

use super::fill::Pattern;

/// A part of the packed result: some rows along the first axis, and which row it begins with.
pub(crate) struct Band<'a> {
    pub(crate) bytes: &'a mut [u8],
    pub(crate) first_row: u64,
}

/// Takes what is selected of a box into the result.
pub(crate) fn gather(
    wanted: &impl Wanted,
    corner: &[u64],
    size: &[u64],
    source: &[u8],
    plan: &Plan,
    band: &mut Band<'_>,
) -> Result<()> {
    let to = plan.target_size();
    let mut packed = Vec::new();
    wanted.for_each_run(corner, size, band.first_row, |run| {
        take_run(run, source, plan, &mut band.bytes[run.memory * to..][..run.len() * to], &mut packed);
        Ok(())
    })
}

/// Takes the elements of one run; `packed` is room for those that have to be brought together first.
pub(crate) fn take_run(run: Run, source: &[u8], plan: &Plan, target: &mut [u8], packed: &mut Vec<u8>) {
    let from = plan.source_size();
    if run.blocks == 1 {
        plan.run(&source[run.file * from..][..run.len() * from], target);
    } else if plan.is_identity() {
        pack(run, source, target, from);
    } else {
        packed.resize(run.len() * from, 0);
        pack(run, source, packed, from);
        plan.run(packed, target);
    }
}

/// What is written, in the file's form.
#[derive(Clone, Copy)]
pub(crate) enum Written<'a> {
    /// An element for each that is selected, packed.
    Each(&'a [u8]),
    /// One element for all.
    Same(&'a Pattern),
}

impl Written<'_> {
    /// Refuses what is not for a selection of so many elements.
    pub(super) fn check(&self, count: u64, element: usize) -> Result<()> {
        let (have, expected) = match self {
            Written::Each(data) => (data.len(), byte_count(count, element)?),
            Written::Same(pattern) => (pattern.element().len(), element as u64),
        };
        if have as u64 == expected {
            return Ok(());
        }
        Err(Error::shape(format!("{have} bytes for a selection of {expected}")))
    }

    /// Puts the elements of a run where a box has them.
    pub(super) fn put(&self, run: Run, element: usize, target: &mut [u8]) {
        let bytes = run.block * element;
        let places = (0..run.blocks).map(|index| (run.file + index * run.file_step) * element);
        match self {
            Written::Each(data) => {
                let packed = &data[run.memory * element..][..run.len() * element];
                for (place, block) in places.zip(packed.chunks_exact(bytes.max(1))) {
                    target[place..][..bytes].copy_from_slice(block);
                }
            }
            Written::Same(pattern) => places.for_each(|place| pattern.fill(&mut target[place..][..bytes])),
        }
    }
}

/// Puts what is selected of a box where the box keeps it.
pub(crate) fn scatter(
    wanted: &impl Wanted,
    corner: &[u64],
    size: &[u64],
    written: &Written<'_>,
    element: usize,
    target: &mut [u8],
) -> Result<()> {
    wanted.for_each_run(corner, size, 0, |run| {
        written.put(run, element, target);
        Ok(())
    })
}

/// Fills what is selected of a box that was never written.
pub(crate) fn fill(
    wanted: &impl Wanted,
    corner: &[u64],
    size: &[u64],
    pattern: &Pattern,
    plan: &Plan,
    band: &mut Band<'_>,
) -> Result<()> {
    let mut element = vec![0; plan.target_size()];
    plan.run(pattern.element(), &mut element);
    let pattern = Pattern::new(element);
    let to = plan.target_size();
    wanted.for_each_run(corner, size, band.first_row, |run| {
        let target = &mut band.bytes[run.memory * to..][..run.len() * to];
        // The result began as zeros.
        if !pattern.is_zero() {
            pattern.fill(target);
        }
        Ok(())
    })
}

/// Brings the blocks of a run together.
fn pack(run: Run, source: &[u8], target: &mut [u8], element: usize) {
    match (run.block, element) {
        (1, 1) => pack_single::<1>(run, source, target),
        (1, 2) => pack_single::<2>(run, source, target),
        (1, 4) => pack_single::<4>(run, source, target),
        (1, 8) => pack_single::<8>(run, source, target),
        _ => {
            let bytes = run.block * element;
            for (index, block) in target.chunks_exact_mut(bytes.max(1)).enumerate() {
                block.copy_from_slice(&source[(run.file + index * run.file_step) * element..][..bytes]);
            }
        }
    }
}

/// Single elements of a known size, so that each is one load and one store.
fn pack_single<const N: usize>(run: Run, source: &[u8], target: &mut [u8]) {
    let (source, _) = source.as_chunks::<N>();
    let (target, _) = target.as_chunks_mut::<N>();
    let picked = source[run.file..].iter().step_by(run.file_step.max(1));
    target.iter_mut().zip(picked).for_each(|(to, from)| *to = *from);
}
