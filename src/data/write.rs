//! Writing a selection. The elements come in the file's form.

use crate::base::{Address, Error, Result, Structure, byte_count, to_usize};
use crate::codec::Scratch;
use crate::engine::{Core, Header};
use crate::format::message::layout::{ChunkIndexKind, Layout, Storage};
use crate::select::{Hyperslab, for_each_run};

use super::chunk_access::{ChunkAccess, for_each};
use super::chunk_cache::ChunkCache;
use super::chunks::coordinates;
use super::dataset::DatasetInfo;
use super::index::ChunkRecord;
use super::index_btree_v1::BTree1;
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

/// Puts a changed layout message into the dataset's header.
pub(super) fn store_layout(core: &mut Core, dataset: Address, layout: &Layout) -> Result<()> {
    let mut header = Header::clone(&*Header::load(core, dataset)?);
    header.set(core, layout, 0)?;
    header.store(core)
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
        _ => allocate_contiguous(core, info, slab)?,
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

/// Finds room for the data at its first write; what this write leaves out gets the fill value.
fn allocate_contiguous(core: &mut Core, info: &DatasetInfo, slab: &Hyperslab) -> Result<Address> {
    let bytes = info.bytes()?;
    let address = core.allocate_raw(bytes)?;
    if byte_count(slab.element_count()?, info.element_size()?)? < bytes {
        core.fill_raw(address, bytes, info.pattern()?.element())?;
    }
    let mut layout = info.layout.clone();
    let size = if layout.version < 3 { None } else { Some(bytes) };
    layout.storage = Storage::Contiguous { address: Some(address), size };
    store_layout(core, info.address, &layout)?;
    Ok(address)
}

/// A chunk that is ready to be stored.
struct Encoded {
    scaled: Vec<u64>,
    old: Option<ChunkRecord>,
    bytes: Vec<u8>,
    filter_mask: u32,
}

/// Chunks are encoded side by side, so many at a time.
const BATCH: usize = 16;

fn write_chunked(
    core: &mut Core,
    cache: &ChunkCache,
    info: &DatasetInfo,
    slab: &Hyperslab,
    data: &[u8],
) -> Result<()> {
    let access = ChunkAccess::open(core, info)?;
    let Some(ranges) = slab.boxes(access.grid.chunk()) else { return Ok(()) };
    let element = info.element_size()?;
    let mut pending = coordinates(&ranges).peekable();
    let mut store = ChunkStore::new(info);
    while pending.peek().is_some() {
        let mut batch: Vec<Option<Encoded>> = Vec::new();
        let coordinates: Vec<_> = pending.by_ref().take(BATCH).collect();
        batch.resize_with(coordinates.len(), || None);
        let reader: &Core = core;
        for_each(coordinates.into_iter().zip(&mut batch).collect(), |(scaled, slot), scratch| {
            *slot = Some(prepare(reader, &access, scaled, slab, data, element, scratch)?);
            Ok(())
        })?;
        for chunk in batch.into_iter().flatten() {
            cache.remove(info.address, &chunk.scaled);
            store.put(core, &access, chunk)?;
        }
        store.finish(core)?;
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

/// Stores encoded chunks and keeps the index in step with them.
pub(super) struct ChunkStore<'a> {
    info: &'a DatasetInfo,
    /// The tree, and whether it is new.
    tree: Option<(BTree1, bool)>,
}

impl<'a> ChunkStore<'a> {
    pub(super) fn new(info: &'a DatasetInfo) -> Self {
        ChunkStore { info, tree: None }
    }

    fn put(&mut self, core: &mut Core, access: &ChunkAccess, chunk: Encoded) -> Result<()> {
        let size = chunk.bytes.len() as u64;
        let same = chunk.old.is_some_and(|old| {
            let in_place = old.size == size && core.may_overwrite(old.address, size);
            in_place && old.filter_mask == chunk.filter_mask
        });
        if !same {
            // An index that cannot be changed is refused before anything else is.
            self.tree(core, access)?;
        }
        let record = match chunk.old {
            Some(old) if old.size == size && core.may_overwrite(old.address, size) => {
                ChunkRecord { filter_mask: chunk.filter_mask, ..old }
            }
            old => {
                if let Some(old) = old {
                    core.release(old.address, old.size)?;
                }
                let address = core.allocate_raw(size)?;
                ChunkRecord { address, size, filter_mask: chunk.filter_mask }
            }
        };
        core.write_raw(record.address, &chunk.bytes)?;
        if chunk.old != Some(record) {
            self.tree(core, access)?.insert(core, &chunk.scaled, &record)?;
        }
        Ok(())
    }

    fn tree(&mut self, core: &mut Core, access: &ChunkAccess) -> Result<&BTree1> {
        if self.tree.is_none() {
            let Some(chunked) = self.info.chunked() else {
                return Err(Error::misuse("the dataset is not chunked"));
            };
            if chunked.index != ChunkIndexKind::BTree1 {
                return Err(Error::unsupported("adding chunks to any index but a version 1 B-tree"));
            }
            let (chunk, element) = (access.grid.chunk(), chunked.element_size);
            let tree = match chunked.address {
                Some(root) => (BTree1::open(core, root, chunk, element), false),
                None => (BTree1::create(core, chunk, element)?, true),
            };
            self.tree = Some(tree);
        }
        self.tree.as_ref().map(|(tree, _)| tree).ok_or_else(|| Error::misuse("there is no chunk index"))
    }

    /// Tells the dataset's header where a new index is.
    fn finish(&mut self, core: &mut Core) -> Result<()> {
        let Some((tree, is_new @ true)) = &mut self.tree else { return Ok(()) };
        *is_new = false;
        let mut layout = self.info.layout.clone();
        if let Storage::Chunked(chunked) = &mut layout.storage {
            chunked.address = Some(tree.root());
        }
        store_layout(core, self.info.address, &layout)
    }
}
