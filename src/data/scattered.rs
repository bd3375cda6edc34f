//! Reading elements here and there, of layouts where they cannot be read as they come.

use crate::base::{Result, byte_count, to_usize};
use crate::convert::Plan;
use crate::select::{Axis, Hyperslab, Packed, Scattered, Wanted as _};

use super::chunk_access::{ChunkAccess, for_each};
use super::read::{Reading, read_chunk};
use super::sink::Band;
use super::virtual_dataset::read_virtual;

/// Chunks are decoded side by side, so many at a time.
const BATCH: usize = 16;

/// Reads elements of a chunked dataset: each chunk that has any, once.
pub(super) fn read_chunks(
    reading: Reading<'_>,
    scattered: &Scattered<'_>,
    plan: &Plan,
    out: &mut [u8],
) -> Result<()> {
    let access = ChunkAccess::open(reading.core, reading.info)?;
    let (size, to) = (access.grid.chunk(), plan.target_size());
    let Some(boxes) = scattered.boxes(size) else { return Ok(()) };
    let mut chunks = boxes.iter();
    loop {
        let mut batch: Vec<_> = chunks.by_ref().take(BATCH).map(|scaled| (scaled, Vec::new())).collect();
        if batch.is_empty() {
            return Ok(());
        }
        for_each(batch.iter_mut().collect(), |(scaled, bytes), scratch| {
            let mut count = 0u64;
            scattered.for_each_run(&access.grid.corner(scaled), size, 0, |run| {
                count += run.len() as u64;
                Ok(())
            })?;
            *bytes = reading.core.budget.zeroed(byte_count(count, to)?)?;
            let mut band = Band { bytes, first_row: 0 };
            read_chunk(reading, &access, scaled, &Packed(scattered), plan, scratch, &mut band)
        })?;
        for (scaled, bytes) in &batch {
            let mut rest = &bytes[..];
            scattered.for_each_run(&access.grid.corner(scaled), size, 0, |run| {
                let (these, later) = rest.split_at(run.len() * to);
                out[run.memory * to..][..these.len()].copy_from_slice(these);
                rest = later;
                Ok(())
            })?;
        }
    }
}

/// Reads elements of a virtual dataset, as many at a time as follow each other.
pub(super) fn read_mapped(
    reading: Reading<'_>,
    scattered: &Scattered<'_>,
    plan: &Plan,
    out: &mut [u8],
) -> Result<()> {
    let to = plan.target_size();
    for_each_stretch(scattered, reading.info.shape(), |slab, places| {
        read_virtual(reading, slab, plan, &mut out[places.start * to..places.end * to])
    })
}

/// Calls `f` with elements that follow each other in a row, as many at a time as there are, and where they are in memory.
pub(super) fn for_each_stretch(
    scattered: &Scattered<'_>,
    shape: &[u64],
    mut f: impl FnMut(&Hyperslab, std::ops::Range<usize>) -> Result<()>,
) -> Result<()> {
    let row = to_usize(shape.last().copied().unwrap_or(1))?.max(1);
    scattered.for_each_run(&vec![0; shape.len()], shape, 0, |run| {
        let mut done = 0;
        while done < run.len() {
            let at = run.file + done;
            let len = (row - at % row).min(run.len() - done);
            let place = run.memory + done;
            f(&stretch(shape, at as u64, len as u64), place..place + len)?;
            done += len;
        }
        Ok(())
    })
}

/// Elements of one row.
fn stretch(shape: &[u64], place: u64, len: u64) -> Hyperslab {
    let (mut rest, mut len, mut axes) = (place, len, Vec::with_capacity(shape.len()));
    for &size in shape.iter().rev() {
        axes.push(Axis::contiguous(rest % size.max(1), len));
        (rest, len) = (rest / size.max(1), 1);
    }
    axes.reverse();
    Hyperslab::new(axes)
}
