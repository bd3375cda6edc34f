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
use super::chunks::coordinates;
use super::dataset::DatasetInfo;
use super::index::ChunkRecord;
use super::sink;

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
    let info = DatasetInfo::load(core, &header)?;
    slab.check(info.shape())?;
    let expected = byte_count(slab.element_count()?, info.element_size()?)?;
    if data.len() as u64 != expected {
        return Err(Error::shape(format!("{} bytes for a selection of {expected}", data.len())));
    }
    if data.is_empty() {
        return Ok(());
    }
    if info.is_external {
        return Err(Error::unsupported("writing raw data in external files"));
    }
    match &info.layout.storage {
        Storage::Compact(_) => write_compact(core, &info, slab, data),
        Storage::Contiguous { .. } => write_contiguous(core, &info, slab, data),
        Storage::Chunked(_) => write_chunked(core, cache, &info, slab, data),
        Storage::Virtual { .. } => Err(Error::unsupported("writing to virtual datasets")),
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

/// A chunk that is ready to be stored.
struct Encoded {
    scaled: Vec<u64>,
    /// The chunk that it is to replace.
    old: Option<ChunkRecord>,
    bytes: Vec<u8>,
    filter_mask: u32,
}

/// Chunks are encoded side by side, so many at a time.
const BATCH: usize = 16;
/// Fewer of them where they have more bytes than this together.
const BATCH_BYTES: u64 = 256 << 20;

fn write_chunked(
    core: &mut Core,
    cache: &ChunkCache,
    info: &DatasetInfo,
    slab: &Hyperslab,
    data: &[u8],
) -> Result<()> {
    let mut access = ChunkAccess::open(core, info)?;
    let Some(ranges) = slab.boxes(access.grid.chunk()) else { return Ok(()) };
    let element = info.element_size()?;
    let mut pending = coordinates(&ranges).peekable();
    let mut layout = info.layout.clone();
    if is_allocated_at_once(info) {
        allocate_chunks(core, &mut access, info, &vec![0; ranges.len()])?;
    }
    let batch_len = to_usize((BATCH_BYTES / access.grid.chunk_bytes().max(1)).max(1))?.min(BATCH);
    while pending.peek().is_some() {
        let mut batch: Vec<Option<Encoded>> = Vec::new();
        let coordinates: Vec<_> = pending.by_ref().take(batch_len).collect();
        batch.resize_with(coordinates.len(), || None);
        let reader: &Core = core;
        for_each(coordinates.into_iter().zip(&mut batch).collect(), |(scaled, slot), scratch| {
            *slot = Some(prepare(reader, &access, scaled, slab, data, element, scratch)?);
            Ok(())
        })?;
        for chunk in batch.into_iter().flatten() {
            cache.remove(info.address, &chunk.scaled);
            access.put(core, &chunk.scaled, chunk.old, &chunk.bytes, chunk.filter_mask)?;
        }
        access.publish(core, info.address, &mut layout)?;
        // What of a long write is done stays done; the space that it gave back can be used again.
        core.settle()?;
    }
    Ok(())
}

/// Brings a chunk up to date with what is written of it, and encodes it.
fn prepare(
    core: &Core,
    access: &ChunkAccess,
    scaled: Vec<u64>,
    slab: &Hyperslab,
    data: &[u8],
    element: usize,
    scratch: &mut Scratch,
) -> Result<Encoded> {
    let corner = access.grid.corner(&scaled);
    let old = access.index.find(core, &scaled)?;
    match &old {
        Some(record) if !access.grid.is_covered(slab, &corner) => {
            access.load(core, &scaled, record, scratch)?;
        }
        _ => access.blank(core, scratch)?,
    }
    sink::scatter(slab, &corner, access.grid.chunk(), data, element, &mut scratch.front)?;
    let filter_mask = access.encode(&scaled, scratch)?;
    Ok(Encoded { scaled, old, bytes: std::mem::take(&mut scratch.front), filter_mask })
}
