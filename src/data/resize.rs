//! Changing the shape of a chunked dataset. What is cut off is gone: growing again shows the fill value.

use crate::base::{Address, Error, Result};
use crate::codec::Scratch;
use crate::engine::{Core, Header};
use crate::format::message::dataspace::{Dataspace, Extent};
use crate::format::message::layout::ChunkIndexKind;
use crate::select::{Axis, Hyperslab};

use super::chunk_access::ChunkAccess;
use super::chunk_cache::ChunkCache;
use super::dataset::DatasetInfo;
use super::index::ChunkRecord;
use super::index_btree_v1::BTree1;
use super::sink::{self, Band};
use crate::convert::Plan;

/// Gives a dataset another shape within its maximum.
pub(crate) fn resize(core: &mut Core, cache: &ChunkCache, dataset: Address, shape: &[u64]) -> Result<()> {
    core.check_writable()?;
    let header = Header::load(core, dataset)?;
    let info = DatasetInfo::load(core, &header)?;
    check(&info, shape)?;
    if info.shape() == shape {
        return Ok(());
    }
    cache.clear();
    if shape.iter().zip(info.shape()).any(|(new, old)| new < old) {
        cut_off(core, &info, shape)?;
    }
    let mut header = Header::clone(&*Header::load(core, dataset)?);
    let mut space: Dataspace = header.required(core)?;
    if let Extent::Simple { shape: stored, .. } = &mut space.extent {
        *stored = shape.to_vec();
    }
    header.set(core, &space, 0)?;
    header.store(core)
}

fn check(info: &DatasetInfo, shape: &[u64]) -> Result<()> {
    if info.chunked().is_none() {
        return Err(Error::misuse("only chunked datasets can be resized"));
    }
    if shape.len() != info.shape().len() {
        let (have, want) = (shape.len(), info.shape().len());
        return Err(Error::shape(format!("a shape of {have} axes for a dataset of {want}")));
    }
    for (&size, maximum) in shape.iter().zip(info.extent.maximum()) {
        if let Some(maximum) = maximum.filter(|&maximum| size > maximum) {
            return Err(Error::shape(format!("the axis can grow to {maximum}, not to {size}")));
        }
    }
    Ok(())
}

/// Removes the chunks that lie outside of the new shape, and clears what of others does.
fn cut_off(core: &mut Core, info: &DatasetInfo, shape: &[u64]) -> Result<()> {
    let Some(chunked) = info.chunked() else { return Ok(()) };
    let Some(root) = chunked.address else { return Ok(()) };
    if chunked.index != ChunkIndexKind::BTree1 {
        return Err(Error::unsupported("shrinking a dataset with any chunk index but a version 1 B-tree"));
    }
    let access = ChunkAccess::open(core, info)?;
    let tree = BTree1::open(core, root, access.grid.chunk(), chunked.element_size);
    let mut chunks = Vec::new();
    tree.visit(core, &mut |scaled, record| {
        core.budget.items(chunks.len() as u64)?;
        chunks.push((scaled, record));
        Ok(())
    })?;
    tree.clear(core)?;
    let mut scratch = Scratch::default();
    for (scaled, record) in chunks {
        let corner = access.grid.corner(&scaled);
        let kept = kept(&corner, access.grid.chunk(), shape);
        if kept.contains(&0) {
            core.release(record.address, record.size)?;
            continue;
        }
        let was_kept = self::kept(&corner, access.grid.chunk(), info.shape());
        let record = if kept == was_kept {
            record
        } else {
            clear_edge(core, info, &access, &scaled, record, &kept, &mut scratch)?
        };
        tree.insert(core, &scaled, &record)?;
    }
    Ok(())
}

/// How many elements of a chunk lie in a dataspace, along each axis.
fn kept(corner: &[u64], chunk: &[u64], shape: &[u64]) -> Vec<u64> {
    let axes = corner.iter().zip(chunk).zip(shape);
    axes.map(|((&corner, &size), &limit)| limit.saturating_sub(corner).min(size)).collect()
}

/// Gives the fill value to all elements of a chunk but the kept ones.
fn clear_edge(
    core: &mut Core,
    info: &DatasetInfo,
    access: &ChunkAccess,
    scaled: &[u64],
    record: ChunkRecord,
    kept: &[u64],
    scratch: &mut Scratch,
) -> Result<ChunkRecord> {
    let element = info.element_size()?;
    access.load(core, scaled, &record, scratch)?;
    let slab = Hyperslab::new(kept.iter().map(|&size| Axis::contiguous(0, size)).collect());
    let origin = vec![0; kept.len()];
    let count = crate::base::to_usize(slab.element_count()?)?;
    let mut packed = vec![0; count * element];
    let mut band = Band { bytes: &mut packed, first_row: 0 };
    sink::gather(&slab, &origin, access.grid.chunk(), &scratch.front, &Plan::identity(element), &mut band)?;
    access.blank(core, scratch)?;
    sink::scatter(&slab, &origin, access.grid.chunk(), &packed, element, &mut scratch.front)?;
    let filter_mask = access.encode(scaled, scratch)?;
    core.release(record.address, record.size)?;
    let size = scratch.front.len() as u64;
    let address = core.allocate_raw(size)?;
    core.write_raw(address, &scratch.front)?;
    Ok(ChunkRecord { address, size, filter_mask })
}
