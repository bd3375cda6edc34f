//! Taking links away, and with the last one to an object all that the object takes.

use crate::base::{Address, Result};
use crate::engine::{self, Core, Header, check_not_root, drop_references, remove_link};
use crate::format::global_heap::GlobalHeapId;
use crate::format::local_heap::LocalHeap;
use crate::format::message::external_files::ExternalFiles;
use crate::format::message::layout::Storage;
use crate::format::message::link::Target;

use super::chunk_cache::ChunkCache;
use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index;

/// Takes a link out of a group. An object without any link left is deleted, and so is what only it kept alive.
pub(crate) fn unlink(core: &mut Core, cache: &ChunkCache, parent: Address, name: &str) -> Result<()> {
    let link = remove_link(core, parent, name)?;
    match link.target {
        Target::Hard(object) => drop_reference(core, cache, object),
        _ => Ok(()),
    }
}

/// Takes an attribute away. A committed type that only it kept alive is deleted.
pub(crate) fn delete_attribute(
    core: &mut Core,
    cache: &ChunkCache,
    object: Address,
    name: &str,
) -> Result<()> {
    match engine::delete_attribute(core, object, name)? {
        Some(committed) => drop_reference(core, cache, committed),
        None => Ok(()),
    }
}

fn drop_reference(core: &mut Core, cache: &ChunkCache, object: Address) -> Result<()> {
    check_not_root(core, object)?;
    drop_references(core, vec![object], |core, header| {
        cache.clear();
        release_data(core, header)
    })
}

/// Gives the space of a dataset's elements back. What elements of variable length point to stays, as in libhdf5.
fn release_data(core: &mut Core, header: &Header) -> Result<()> {
    let info = DatasetInfo::load(core, header)?;
    if let Some(list) = header.message::<ExternalFiles>(core)? {
        return release_names(core, &list);
    }
    match info.layout.storage {
        Storage::Contiguous { address: Some(address), .. } => core.release_raw(address, info.bytes()?),
        Storage::Virtual { collection, index } => core.remove_heap_object(GlobalHeapId { collection, index }),
        Storage::Chunked(_) => release_chunks(core, &info),
        Storage::Contiguous { .. } | Storage::Compact(_) => Ok(()),
    }
}

fn release_chunks(core: &mut Core, info: &DatasetInfo) -> Result<()> {
    if info.chunked().is_none_or(|chunked| chunked.address.is_none()) {
        return Ok(());
    }
    let mut index = index::open(core, info, &Grid::new(info)?)?;
    if index.can_move_chunks() {
        let mut chunks = Vec::new();
        index.visit(core, &mut |_, record| {
            core.budget.items(chunks.len() as u64)?;
            chunks.push((record.address, record.size));
            Ok(())
        })?;
        chunks.into_iter().try_for_each(|(address, size)| core.release_raw(address, size))?;
    }
    index.delete(core)
}

/// Gives the names of external files back; the files are not ours.
fn release_names(core: &mut Core, list: &ExternalFiles) -> Result<()> {
    let sizes = core.sizes();
    let heap = core.fetch::<LocalHeap>(list.heap, &sizes)?;
    core.release(heap.segment, heap.size)?;
    let len = crate::format::Wire::encoded_len(&*heap, &sizes)?;
    core.release(list.heap, len as u64)
}
