//! Copies between a box of file elements and packed memory, in either direction, converting where types differ.

use crate::base::Result;
use crate::convert::Plan;
use crate::select::{Hyperslab, Run, for_each_run};

use super::fill::Pattern;

/// A part of the packed result: some rows along the first axis, and which row it begins with.
pub(crate) struct Band<'a> {
    pub(crate) bytes: &'a mut [u8],
    pub(crate) first_row: u64,
}

/// Takes what is selected of a box into the result.
pub(crate) fn gather(
    slab: &Hyperslab,
    corner: &[u64],
    size: &[u64],
    source: &[u8],
    plan: &Plan,
    band: &mut Band<'_>,
) -> Result<()> {
    let to = plan.target_size();
    let mut packed = Vec::new();
    for_each_run(slab, corner, size, band.first_row, |run| {
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

/// Puts what is selected of a box where the box keeps it. The elements are in the file's form already.
pub(crate) fn scatter(
    slab: &Hyperslab,
    corner: &[u64],
    size: &[u64],
    source: &[u8],
    element: usize,
    target: &mut [u8],
) -> Result<()> {
    for_each_run(slab, corner, size, 0, |run| {
        let packed = &source[run.memory * element..][..run.len() * element];
        let bytes = run.block * element;
        for (index, block) in packed.chunks_exact(bytes.max(1)).enumerate() {
            target[(run.file + index * run.file_step) * element..][..bytes].copy_from_slice(block);
        }
        Ok(())
    })
}

/// Fills what is selected of a box that was never written.
pub(crate) fn fill(
    slab: &Hyperslab,
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
    for_each_run(slab, corner, size, band.first_row, |run| {
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
