//! Elements that go into chunks of their own: one chunk of the copy after the other, and only those that were written.

use crate::base::Result;
use crate::engine::Core;
use crate::select::{Axis, Hyperslab};

use super::super::chunk_access::ChunkAccess;
use super::super::chunks::{Grid, coordinates};
use super::super::dataset::DatasetInfo;
use super::super::transfer::Transfer;
use super::super::write::write_chunks;
use super::Copier;
use super::raw::{BATCH, list_chunks};

impl Copier<'_> {
    pub(super) fn copy_to_chunks(
        &mut self,
        info: &DatasetInfo,
        new: &DatasetInfo,
        transfer: Option<&Transfer>,
    ) -> Result<()> {
        let grid = Grid::new(new)?;
        if info.chunked().is_none() {
            return coordinates(&grid.ranges())
                .try_for_each(|scaled| self.copy_chunk(info, new, &grid, &scaled, transfer));
        }
        let source = ChunkAccess::open(self.ends.source(), info)?;
        let mut done = 0;
        loop {
            let batch = list_chunks(self, &source, done)?;
            for (old, _) in batch.iter().filter(|(scaled, _)| source.grid.has(scaled)) {
                for scaled in coordinates(&over(&source.grid, old, &grid)) {
                    // The first of the written chunks that it covers has it copied.
                    let covered = over(&grid, &scaled, &source.grid);
                    if first_written(self.ends.source(), &source, &covered)?.as_ref() == Some(old) {
                        self.copy_chunk(info, new, &grid, &scaled, transfer)?;
                    }
                }
            }
            done += batch.len();
            if batch.len() < BATCH {
                return Ok(());
            }
        }
    }

    /// Reads what belongs into one chunk of the copy, and writes it.
    fn copy_chunk(
        &mut self,
        info: &DatasetInfo,
        new: &DatasetInfo,
        grid: &Grid,
        scaled: &[u64],
        transfer: Option<&Transfer>,
    ) -> Result<()> {
        let corner = grid.corner(scaled).into_iter().zip(grid.kept(scaled));
        let slab = Hyperslab::new(corner.map(|(start, len)| Axis::contiguous(start, len)).collect());
        let data = self.elements(info, &slab, transfer)?;
        let (core, cache) = self.ends.writer_with_cache();
        write_chunks(core, cache, new.address, &slab, &data)
    }
}

/// The chunks of another grid that a chunk of this one has elements of.
fn over(grid: &Grid, scaled: &[u64], other: &Grid) -> Vec<std::ops::Range<u64>> {
    let reach = grid.corner(scaled).into_iter().zip(grid.kept(scaled));
    let axes = reach.zip(other.chunk());
    axes.map(|((start, len), &chunk)| start / chunk..(start + len).div_ceil(chunk)).collect()
}

fn first_written(
    core: &Core,
    source: &ChunkAccess,
    covered: &[std::ops::Range<u64>],
) -> Result<Option<Vec<u64>>> {
    for scaled in coordinates(covered) {
        if source.index.find(core, &scaled)?.is_some() {
            return Ok(Some(scaled));
        }
    }
    Ok(None)
}
