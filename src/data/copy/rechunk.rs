//! Elements that go into chunks of their own: one chunk of the copy after the other, and only those that were written.

use std::ops::Range;
use std::sync::Arc;

use crate::base::{Result, to_usize};
use crate::engine::Core;
use crate::format::message::layout::Layout;
use crate::select::{Axis, Hyperslab, coordinates};

use super::super::chunk_access::{ChunkAccess, for_each};
use super::super::chunks::Grid;
use super::super::dataset::DatasetInfo;
use super::super::fresh_fill::FreshFill;
use super::super::index::ChunkRecord;
use super::super::open_chunks::Encoded;
use super::super::sink::{self, Written};
use super::super::transfer::Transfer;
use super::Copier;
use super::raw::{BATCH, list_chunks};

/// Chunks are encoded side by side, so many at a time.
const TOGETHER: usize = 16;
/// Fewer of them where they have more bytes than this together.
const TOGETHER_BYTES: u64 = 64 << 20;

/// The chunks of a copy that are being filled.
struct Filling<'a> {
    /// Where the elements come from.
    info: &'a DatasetInfo,
    new: &'a DatasetInfo,
    transfer: Option<&'a Transfer>,
    /// What chunks have beyond the edge of the dataspace, if that takes heap objects.
    fresh: Option<FreshFill>,
    access: ChunkAccess,
    layout: Layout,
    /// Chunks that wait for being encoded.
    waiting: Vec<(Vec<u64>, Content)>,
    most: usize,
}

/// Where what a chunk is to have comes from.
enum Content {
    /// The elements of the dataspace that it has.
    Elements(Vec<u8>),
    /// All of the chunk.
    Whole(Vec<u8>),
    /// A chunk with the same elements.
    Chunk(ChunkRecord, Arc<ChunkAccess>),
}

impl Copier<'_> {
    pub(super) fn copy_to_chunks(
        &mut self,
        info: &DatasetInfo,
        new: &DatasetInfo,
        transfer: Option<&Transfer>,
    ) -> Result<()> {
        let mut access = ChunkAccess::open(self.ends.target(), new)?;
        let (grid, mut layout) = (access.grid.clone(), new.layout.clone());
        access.index.create(self.ends.writer())?;
        access.publish(self.ends.writer(), new.address, &mut layout)?;
        let most = to_usize(TOGETHER_BYTES / grid.chunk_bytes().max(1))?.clamp(1, TOGETHER);
        let fresh = FreshFill::of(self.ends.target(), new)?;
        let mut filling = Filling { fresh, info, new, transfer, access, layout, waiting: Vec::new(), most };
        if info.chunked().is_some() {
            self.fill_written(&mut filling, &grid)?;
        } else {
            for scaled in coordinates(&grid.ranges()) {
                filling.take(self, scaled)?;
            }
        }
        filling.flush(self)
    }

    /// Fills the chunks that elements were written to in the file that is copied from.
    fn fill_written(&mut self, filling: &mut Filling<'_>, grid: &Grid) -> Result<()> {
        let source = Arc::new(ChunkAccess::open(self.ends.source(), filling.info)?);
        let same_chunks = filling.transfer.is_none() && source.grid.chunk() == grid.chunk();
        let mut done = 0;
        loop {
            let batch = list_chunks(self, &source, done)?;
            for (old, record) in batch.iter().filter(|(scaled, _)| source.grid.has(scaled)) {
                if same_chunks {
                    filling.wait(self, old.clone(), Content::Chunk(*record, Arc::clone(&source)))?;
                    continue;
                }
                for scaled in coordinates(&over(&source.grid, old, grid)) {
                    // The first of the written chunks that it covers has it copied.
                    let covered = over(grid, &scaled, &source.grid);
                    if first_written(self.ends.source(), &source, &covered)?.as_ref() == Some(old) {
                        filling.take(self, scaled)?;
                    }
                }
            }
            done += batch.len();
            if batch.len() < BATCH {
                return Ok(());
            }
        }
    }
}

impl Filling<'_> {
    /// Reads what belongs into a chunk.
    fn take(&mut self, copier: &mut Copier<'_>, scaled: Vec<u64>) -> Result<()> {
        let (grid, slab) = (&self.access.grid, slab(&self.access.grid, &scaled));
        let data = copier.elements(self.info, &slab, self.transfer)?;
        let content = match &self.fresh {
            Some(fresh) if grid.is_partial(&scaled) => {
                let mut whole = fresh.filled(copier.ends.writer(), grid.chunk_bytes())?;
                let (corner, element) = (grid.corner(&scaled), self.new.element_size()?);
                sink::scatter(&slab, &corner, grid.chunk(), &Written::Each(&data), element, &mut whole)?;
                Content::Whole(whole)
            }
            _ => Content::Elements(data),
        };
        self.wait(copier, scaled, content)
    }

    fn wait(&mut self, copier: &mut Copier<'_>, scaled: Vec<u64>, content: Content) -> Result<()> {
        self.waiting.push((scaled, content));
        if self.waiting.len() == self.most { self.flush(copier) } else { Ok(()) }
    }

    /// Encodes and stores what waits for that.
    fn flush(&mut self, copier: &mut Copier<'_>) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut encoded = Vec::new();
        encoded.resize_with(waiting.len(), Encoded::default);
        let (from, core, access) = (copier.ends.source(), copier.ends.target(), &self.access);
        let element = self.new.element_size()?;
        for_each(waiting.into_iter().zip(&mut encoded).collect(), |((scaled, content), slot), scratch| {
            match content {
                Content::Elements(data) => {
                    access.blank(core, scratch)?;
                    let (grid, corner) = (&access.grid, access.grid.corner(&scaled));
                    let target = &mut scratch.front;
                    sink::scatter(
                        &slab(grid, &scaled),
                        &corner,
                        grid.chunk(),
                        &Written::Each(&data),
                        element,
                        target,
                    )?;
                }
                Content::Whole(bytes) => scratch.front = bytes,
                Content::Chunk(record, source) => drop(source.load(from, &scaled, &record, scratch)?),
            }
            let filter_mask = access.encode(&scaled, scratch)?;
            let (old, bytes) = (access.index.find(core, &scaled)?, std::mem::take(&mut scratch.front));
            *slot = Encoded { scaled, old, bytes, filter_mask };
            Ok(())
        })?;
        let core = copier.ends.writer();
        for chunk in &encoded {
            self.access.put(core, &chunk.scaled, chunk.old, &chunk.bytes, chunk.filter_mask)?;
        }
        self.access.publish(core, self.new.address, &mut self.layout)?;
        core.settle()
    }
}

/// The elements of the dataspace that a chunk has.
fn slab(grid: &Grid, scaled: &[u64]) -> Hyperslab {
    let axes = grid.corner(scaled).into_iter().zip(grid.kept(scaled));
    Hyperslab::new(axes.map(|(start, len)| Axis::contiguous(start, len)).collect())
}

/// The chunks of another grid that a chunk of this one has elements of.
fn over(grid: &Grid, scaled: &[u64], other: &Grid) -> Vec<Range<u64>> {
    let reach = grid.corner(scaled).into_iter().zip(grid.kept(scaled));
    let axes = reach.zip(other.chunk());
    axes.map(|((start, len), &chunk)| start / chunk..(start + len).div_ceil(chunk)).collect()
}

fn first_written(core: &Core, source: &ChunkAccess, covered: &[Range<u64>]) -> Result<Option<Vec<u64>>> {
    for scaled in coordinates(covered) {
        if source.index.find(core, &scaled)?.is_some() {
            return Ok(Some(scaled));
        }
    }
    Ok(None)
}
