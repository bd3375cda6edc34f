//! Writing a selection. The elements come in the file's form.

use crate::base::{Address, Error, Result, Structure, byte_count, to_usize};
use crate::codec::Scratch;
use crate::engine::{Core, Header};
use crate::format::message::layout::Storage;
use crate::select::{Hyperslab, Selected, Wanted as _};

use super::allocate::{allocate_chunks, allocate_contiguous, is_allocated_at_once};
use super::chunk_access::{ChunkAccess, for_each, one_after_the_other};
use super::chunk_cache::ChunkCache;
use super::chunk_store::store_layout;
use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::external_write::write_external;
use super::fill::Pattern;
use super::fresh_fill::FreshFill;
use super::gathered::Gathered;
use super::open_chunks::{Encoded, close_chunks};
use super::owned::overwritten;
use super::scattered::for_each_stretch;
use super::sink::{self, Written};
use super::spans::write_spans;
use super::virtual_dataset::{with_current_shape, write_virtual};

/// Writes to what is selected of a dataset. `gathered` has what the elements for a virtual one name, unless the file has.
pub(crate) fn write(
    core: &mut Core,
    cache: &ChunkCache,
    dataset: Address,
    wanted: &Selected<'_>,
    written: &Written<'_>,
    gathered: Option<&Gathered>,
) -> Result<()> {
    core.check_writable()?;
    let header = Header::load(core, dataset)?;
    let info = DatasetInfo::load(core, &header)?;
    if matches!(info.layout.storage, Storage::Virtual { .. }) {
        // Where elements are read from may have changed; they are not to be written to where it was.
        core.forget_neighbours();
    }
    let info = with_current_shape(core, info)?;
    wanted.check(info.shape())?;
    let count = wanted.element_count()?;
    written.check(count, info.element_size()?)?;
    if count == 0 {
        return Ok(());
    }
    if info.is_external {
        return write_elsewhere(core, &header, &info, wanted, written);
    }
    let before = overwritten(core, cache, &info, wanted)?;
    match &info.layout.storage {
        Storage::Compact(_) => write_compact(core, &info, wanted, written),
        Storage::Contiguous { .. } => write_contiguous(core, &info, wanted, written),
        Storage::Chunked(_) => write_chunked(core, cache, &info, wanted, written),
        Storage::Virtual { .. } => write_virtual(core, cache, &info, wanted, written, gathered),
    }?;
    core.remove_heap_objects(&before)
}

/// Writes to files of raw data, which know of hyperslabs only: of points and masks a stretch at a time.
fn write_elsewhere(
    core: &mut Core,
    header: &Header,
    info: &DatasetInfo,
    wanted: &Selected<'_>,
    written: &Written<'_>,
) -> Result<()> {
    let size = info.element_size()?;
    let budget = core.budget.clone();
    let same = |pattern: &Pattern, count: u64| {
        let mut bytes = budget.zeroed::<u8>(byte_count(count, size)?)?;
        pattern.fill(&mut bytes);
        Ok::<_, Error>(bytes)
    };
    let mut write = |slab: &Hyperslab, data: &[u8]| write_external(core, header, info, slab, data);
    match (wanted, written) {
        (Selected::Regular(slab), Written::Each(data)) => write(slab, data),
        (Selected::Regular(slab), Written::Same(pattern)) => {
            write(slab, &same(pattern, slab.element_count()?)?)
        }
        (Selected::Scattered(scattered), _) => {
            for_each_stretch(scattered, info.shape(), |slab, places| match written {
                Written::Each(data) => write(slab, &data[places.start * size..places.end * size]),
                Written::Same(pattern) => write(slab, &same(pattern, places.len() as u64)?),
            })
        }
    }
}

fn write_compact(
    core: &mut Core,
    info: &DatasetInfo,
    wanted: &Selected<'_>,
    written: &Written<'_>,
) -> Result<()> {
    let mut layout = info.layout.clone();
    let Storage::Compact(stored) = &mut layout.storage else { return Ok(()) };
    let needed = to_usize(info.bytes()?)?;
    if stored.len() < needed {
        return Err(Error::field(
            "size of the compact data",
            stored.len() as u64,
            "too small for the dataspace",
        )
        .within(Structure::Layout));
    }
    let origin = vec![0; info.shape().len()];
    sink::scatter(wanted, &origin, info.shape(), written, info.element_size()?, stored)?;
    store_layout(core, info.address, &layout)
}

fn write_contiguous(
    core: &mut Core,
    info: &DatasetInfo,
    wanted: &Selected<'_>,
    written: &Written<'_>,
) -> Result<()> {
    let address = match info.layout.storage {
        Storage::Contiguous { address: Some(address), .. } => address,
        _ => {
            let whole: Vec<_> = info.shape().iter().map(|&size| 0..size).collect();
            allocate_contiguous(core, info, wanted.is_all_of(&whole))?
        }
    };
    let element = info.element_size()?;
    let Some(slab) = wanted.as_regular() else {
        return write_spans(core, address, wanted, info.shape(), written, element);
    };
    let origin = vec![0; info.shape().len()];
    slab.for_each_run(&origin, info.shape(), 0, |run| {
        let bytes = run.block * element;
        for index in 0..run.blocks {
            let place = byte_count((run.file + index * run.file_step) as u64, element)?;
            let at = address.plus(place)?;
            match written {
                Written::Each(data) => {
                    core.write_raw(at, &data[run.memory * element + index * bytes..][..bytes])?;
                }
                Written::Same(pattern) => core.fill_raw(at, bytes as u64, pattern.element())?,
            }
        }
        Ok(())
    })
}

/// Chunks are encoded side by side, so many at a time.
const BATCH: usize = 16;
/// More of them where they do not have more bytes than this together.
const LITTLE: u64 = 256 << 10;
const MOST_IN_BATCH: u64 = 1024;
/// Fewer of them where they have more bytes than this together.
const BATCH_BYTES: u64 = 256 << 20;
/// A write of more chunks than this keeps none of them open.
const MOST_OPEN: u64 = 4096;

/// A selection of a chunked dataset that is being written.
struct Writing<'a> {
    wanted: &'a Selected<'a>,
    written: &'a Written<'a>,
    element: usize,
    grid: &'a Grid,
    /// Incomplete chunks are kept for later writes.
    keeps_open: bool,
}

/// A chunk with a part of what is written in it.
#[derive(Default)]
struct Prepared {
    encoded: Encoded,
    /// The chunk before it was encoded, if more of it is likely to be written.
    decoded: Option<Vec<u8>>,
}

fn write_chunked(
    core: &mut Core,
    cache: &ChunkCache,
    info: &DatasetInfo,
    wanted: &Selected<'_>,
    written: &Written<'_>,
) -> Result<()> {
    let grid = Grid::new(info)?;
    let Some(boxes) = wanted.boxes(grid.chunk()) else { return Ok(()) };
    let count = boxes.most();
    let bytes = count.saturating_mul(grid.chunk_bytes());
    let keeps_open = count <= MOST_OPEN && bytes <= cache.open_capacity() as u64;
    let writing = Writing { wanted, written, element: info.element_size()?, grid: &grid, keeps_open };
    let is_open = |scaled: &Vec<u64>| cache.with_open(|open| open.get(info.address, scaled).is_some());
    let (open, others): (Vec<_>, Vec<_>) =
        if keeps_open { boxes.iter().partition(is_open) } else { Default::default() };
    let needed = to_usize((others.len() as u64).saturating_mul(grid.chunk_bytes()))?;
    if keeps_open && cache.with_open(|kept| kept.has_room(info.address, needed, cache.open_capacity())) {
        if !others.is_empty() {
            writing.through(core, cache, info, others.into_iter())?;
        }
        return open.iter().try_for_each(|scaled| writing.in_memory(cache, info.address, scaled));
    }
    close_chunks(core, cache)?;
    // Where the chunks are is something that closing may change.
    let info = DatasetInfo::load(core, &*Header::load(core, info.address)?)?;
    writing.through(core, cache, &info, boxes.iter())
}

impl Writing<'_> {
    /// Writes to a chunk that is open.
    fn in_memory(&self, cache: &ChunkCache, dataset: Address, scaled: &[u64]) -> Result<()> {
        let corner = self.grid.corner(scaled);
        cache.with_open_mut(|open| match open.get_mut(dataset, scaled) {
            Some(chunk) => {
                sink::scatter(self.wanted, &corner, self.grid.chunk(), self.written, self.element, chunk)
            }
            None => Ok(()),
        })
    }

    /// Writes to chunks in the file.
    fn through(
        &self,
        core: &mut Core,
        cache: &ChunkCache,
        info: &DatasetInfo,
        mut chunks: impl Iterator<Item = Vec<u64>>,
    ) -> Result<()> {
        let mut access = ChunkAccess::open(core, info)?;
        let largest: Vec<_> = info.extent.maximum().iter().map(|most| most.unwrap_or(u64::MAX)).collect();
        // What is complete within the largest shape is not written to again.
        let reach = access.grid.with_shape(&largest);
        let mut layout = info.layout.clone();
        if is_allocated_at_once(info) {
            allocate_chunks(core, &mut access, info, &vec![0; self.grid.rank()])?;
            layout = access.described(layout);
        }
        let fresh = FreshFill::of(core, info)?;
        let chunk_bytes = access.grid.chunk_bytes().max(1);
        let few = to_usize((BATCH_BYTES / chunk_bytes).max(1))?.min(BATCH);
        let batch_len = few.max(to_usize((LITTLE / chunk_bytes).min(MOST_IN_BATCH))?);
        // To copy so little takes less time than to wake another thread.
        let alone = batch_len > few && access.pipeline.is_bypassed(0);
        loop {
            let coordinates: Vec<_> = chunks.by_ref().take(batch_len).collect();
            if coordinates.is_empty() {
                return Ok(());
            }
            let mut batch = Vec::new();
            batch.resize_with(coordinates.len(), Prepared::default);
            let blanks = self.blanks(core, &access, fresh.as_ref(), &coordinates)?;
            let reader: &Core = core;
            let chunks: Vec<_> = coordinates.into_iter().zip(blanks).zip(&mut batch).collect();
            let prepare = |((scaled, blank), slot): ((_, _), &mut Prepared), scratch: &mut Scratch| {
                *slot = self.prepare(reader, &access, &reach, scaled, blank, scratch)?;
                Ok(())
            };
            if alone { one_after_the_other(chunks, prepare) } else { for_each(chunks, prepare) }?;
            for Prepared { encoded, .. } in &batch {
                cache.remove(info.address, &encoded.scaled);
                access.put(core, &encoded.scaled, encoded.old, &encoded.bytes, encoded.filter_mask)?;
            }
            access.publish(core, info.address, &mut layout)?;
            // What of a long write is done stays done; the space that it gave back can be used again.
            core.settle()?;
            for Prepared { encoded, decoded } in batch {
                if let Some(decoded) = decoded {
                    cache.with_open_mut(|open| open.insert(info.address, encoded.scaled, decoded));
                }
            }
        }
    }

    /// For each of some chunks the one that it is before it is written to, where making that takes heap objects.
    fn blanks(
        &self,
        core: &mut Core,
        access: &ChunkAccess,
        fresh: Option<&FreshFill>,
        chunks: &[Vec<u64>],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let blank = |scaled: &Vec<u64>| {
            let Some(fresh) = fresh else { return Ok(None) };
            let is_covered = access.grid.is_covered(self.wanted, &access.grid.corner(scaled));
            let is_kept = !is_covered && access.index.find(core, scaled)?.is_some();
            if is_kept || is_covered && !access.grid.is_partial(scaled) {
                return Ok(None);
            }
            fresh.filled(core, access.grid.chunk_bytes()).map(Some)
        };
        chunks.iter().map(blank).collect()
    }

    /// Brings a chunk up to date with what is written of it, and encodes it.
    fn prepare(
        &self,
        core: &Core,
        access: &ChunkAccess,
        reach: &Grid,
        scaled: Vec<u64>,
        blank: Option<Vec<u8>>,
        scratch: &mut Scratch,
    ) -> Result<Prepared> {
        let corner = access.grid.corner(&scaled);
        let old = access.index.find(core, &scaled)?;
        match &old {
            Some(record) if !access.grid.is_covered(self.wanted, &corner) => {
                access.load(core, &scaled, record, scratch)?;
            }
            _ => match blank {
                Some(blank) => scratch.front = blank,
                None => access.blank(core, scratch)?,
            },
        }
        let (chunk, target) = (access.grid.chunk(), &mut scratch.front);
        sink::scatter(self.wanted, &corner, chunk, self.written, self.element, target)?;
        let is_open = self.keeps_open && !reach.is_covered(self.wanted, &corner);
        let decoded = is_open.then(|| target.clone());
        let filter_mask = access.encode(&scaled, scratch)?;
        let bytes = std::mem::take(&mut scratch.front);
        Ok(Prepared { encoded: Encoded { scaled, old, bytes, filter_mask }, decoded })
    }
}
