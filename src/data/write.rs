//! Writing a selection. The elements come in the file's form.

use crate::base::{Address, Error, Result, Structure, byte_count, to_usize};
use crate::codec::Scratch;
use crate::engine::{Core, Header};
use crate::format::message::layout::Storage;
use crate::select::{Hyperslab, for_each_run};

use super::allocate::{allocate_chunks, allocate_contiguous, is_allocated_at_once};
use super::chunk_access::{ChunkAccess, for_each};
use super::chunk_cache::ChunkCache;
use super::chunk_store::store_layout;
use super::chunks::{Grid, coordinates};
use super::dataset::DatasetInfo;
use super::external_write::write_external;
use super::open_chunks::{Encoded, close_chunks};
use super::sink;
use super::virtual_dataset::{with_current_shape, write_virtual};

/// Writes `data` to what is selected of a dataset.
pub(crate) fn write(
    core: &mut Core,
    cache: &ChunkCache,
    dataset: Address,
    slab: &Hyperslab,
    data: &[u8],
) -> Result<()> {
    core.check_writable()?;
    let header = Header::load(core, dataset)?;
    let info = with_current_shape(core, DatasetInfo::load(core, &header)?)?;
    slab.check(info.shape())?;
    let expected = byte_count(slab.element_count()?, info.element_size()?)?;
    if data.len() as u64 != expected {
        return Err(Error::shape(format!("{} bytes for a selection of {expected}", data.len())));
    }
    if data.is_empty() {
        return Ok(());
    }
    if info.is_external {
        return write_external(core, &header, &info, slab, data);
    }
    match &info.layout.storage {
        Storage::Compact(_) => write_compact(core, &info, slab, data),
        Storage::Contiguous { .. } => write_contiguous(core, &info, slab, data),
        Storage::Chunked(_) => write_chunked(core, cache, &info, slab, data),
        Storage::Virtual { .. } => write_virtual(core, cache, &info, slab, data),
    }
}

fn write_compact(core: &mut Core, info: &DatasetInfo, slab: &Hyperslab, data: &[u8]) -> Result<()> {
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
    sink::scatter(slab, &origin, info.shape(), data, info.element_size()?, stored)?;
    store_layout(core, info.address, &layout)
}

fn write_contiguous(core: &mut Core, info: &DatasetInfo, slab: &Hyperslab, data: &[u8]) -> Result<()> {
    let address = match info.layout.storage {
        Storage::Contiguous { address: Some(address), .. } => address,
        _ => {
            let is_covered = byte_count(slab.element_count()?, info.element_size()?)? == info.bytes()?;
            allocate_contiguous(core, info, is_covered)?
        }
    };
    let origin = vec![0; info.shape().len()];
    let element = info.element_size()?;
    for_each_run(slab, &origin, info.shape(), 0, |run| {
        let bytes = run.block * element;
        let packed = &data[run.memory * element..][..run.len() * element];
        for (index, block) in packed.chunks_exact(bytes.max(1)).enumerate() {
            let place = byte_count((run.file + index * run.file_step) as u64, element)?;
            core.write_raw(address.plus(place)?, block)?;
        }
        Ok(())
    })
}

/// Chunks are encoded side by side, so many at a time.
const BATCH: usize = 16;
/// Fewer of them where they have more bytes than this together.
const BATCH_BYTES: u64 = 256 << 20;
/// A write of more chunks than this keeps none of them open.
const MOST_OPEN: u64 = 4096;

/// A selection of a chunked dataset that is being written.
struct Writing<'a> {
    slab: &'a Hyperslab,
    data: &'a [u8],
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
    slab: &Hyperslab,
    data: &[u8],
) -> Result<()> {
    let grid = Grid::new(info)?;
    let Some(ranges) = slab.boxes(grid.chunk()) else { return Ok(()) };
    let count = ranges.iter().fold(1u64, |n, range| n.saturating_mul(range.end - range.start));
    let bytes = count.saturating_mul(grid.chunk_bytes());
    let keeps_open = count <= MOST_OPEN && bytes <= cache.open_capacity() as u64;
    let writing = Writing { slab, data, element: info.element_size()?, grid: &grid, keeps_open };
    let is_open = |scaled: &Vec<u64>| cache.with_open(|open| open.get(info.address, scaled).is_some());
    let (open, others): (Vec<_>, Vec<_>) =
        if keeps_open { coordinates(&ranges).partition(is_open) } else { Default::default() };
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
    writing.through(core, cache, &info, coordinates(&ranges))
}

impl Writing<'_> {
    /// Writes to a chunk that is open.
    fn in_memory(&self, cache: &ChunkCache, dataset: Address, scaled: &[u64]) -> Result<()> {
        let corner = self.grid.corner(scaled);
        cache.with_open_mut(|open| match open.get_mut(dataset, scaled) {
            Some(chunk) => {
                sink::scatter(self.slab, &corner, self.grid.chunk(), self.data, self.element, chunk)
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
        let batch_len = to_usize((BATCH_BYTES / access.grid.chunk_bytes().max(1)).max(1))?.min(BATCH);
        loop {
            let coordinates: Vec<_> = chunks.by_ref().take(batch_len).collect();
            if coordinates.is_empty() {
                return Ok(());
            }
            let mut batch = Vec::new();
            batch.resize_with(coordinates.len(), Prepared::default);
            let reader: &Core = core;
            for_each(coordinates.into_iter().zip(&mut batch).collect(), |(scaled, slot), scratch| {
                *slot = self.prepare(reader, &access, &reach, scaled, scratch)?;
                Ok(())
            })?;
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

    /// Brings a chunk up to date with what is written of it, and encodes it.
    fn prepare(
        &self,
        core: &Core,
        access: &ChunkAccess,
        reach: &Grid,
        scaled: Vec<u64>,
        scratch: &mut Scratch,
    ) -> Result<Prepared> {
        let corner = access.grid.corner(&scaled);
        let old = access.index.find(core, &scaled)?;
        match &old {
            Some(record) if !access.grid.is_covered(self.slab, &corner) => {
                access.load(core, &scaled, record, scratch)?;
            }
            _ => access.blank(core, scratch)?,
        }
        let (chunk, target) = (access.grid.chunk(), &mut scratch.front);
        sink::scatter(self.slab, &corner, chunk, self.data, self.element, target)?;
        let is_open = self.keeps_open && !reach.is_covered(self.slab, &corner);
        let decoded = is_open.then(|| target.clone());
        let filter_mask = access.encode(&scaled, scratch)?;
        let bytes = std::mem::take(&mut scratch.front);
        Ok(Prepared { encoded: Encoded { scaled, old, bytes, filter_mask }, decoded })
    }
}
