//! Changing the shape of a chunked dataset. What is cut off is gone: growing again shows the fill value. Of a dataset
//! whose raw data lies in other files nothing is cut off.

use crate::base::{Address, Error, Result, byte_count, element_count, to_usize};
use crate::codec::Scratch;
use crate::convert::Plan;
use crate::engine::{Core, Header, release_message};
use crate::format::message::MessageType;
use crate::format::message::dataspace::{Dataspace, Extent};
use crate::format::message::fill_value::EARLY;
use crate::select::{Axis, Hyperslab};

use super::allocate::{STEP, allocate_chunks};
use super::chunk_access::ChunkAccess;
use super::chunk_cache::ChunkCache;
use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::external_create::check_room;
use super::fresh_fill::FreshFill;
use super::index::ChunkRecord;
use super::open_chunks::close_chunks;
use super::sink::{self, Band};

/// Gives a dataset another shape within its maximum.
pub(crate) fn resize(core: &mut Core, cache: &ChunkCache, dataset: Address, shape: &[u64]) -> Result<()> {
    core.check_writable()?;
    let header = Header::load(core, dataset)?;
    let info = DatasetInfo::load(core, &header)?;
    check(&info, shape)?;
    if info.shape() == shape {
        return Ok(());
    }
    if info.is_external {
        check_room(core, &header, byte_count(element_count(shape)?, info.element_size()?)?)?;
        return store_shape(core, &info, shape).map(drop);
    }
    let shrinks = shape.iter().zip(info.shape()).any(|(new, old)| new < old);
    if shrinks || info.chunked().is_some_and(|chunked| chunked.whole_chunks_only) {
        close_chunks(core, cache)?;
        cache.clear();
        // Where the chunks are is something that closing may change.
        let info = DatasetInfo::load(core, &*Header::load(core, dataset)?)?;
        let mut access = ChunkAccess::open(core, &info)?;
        fit_chunks(core, &info, &mut access, shape)?;
    }
    let header = store_shape(core, &info, shape)?;
    if info.fill.allocation_time == EARLY && !shape.contains(&0) {
        let new = DatasetInfo::load(core, &header)?;
        let mut access = ChunkAccess::open(core, &new)?;
        allocate_chunks(core, &mut access, &new, info.shape())?;
    }
    Ok(())
}

fn store_shape(core: &mut Core, info: &DatasetInfo, shape: &[u64]) -> Result<Header> {
    let mut header = Header::clone(&*Header::load(core, info.address)?);
    let mut space: Dataspace = header.required(core)?;
    if let Extent::Simple { shape: stored, maximum } = &mut space.extent {
        *stored = shape.to_vec();
        // Where no maximum is stored it is the shape, and that of the creation counts.
        *maximum = Some(info.extent.maximum());
    }
    // A shape may be one that objects share.
    release_message(core, &header, MessageType::DATASPACE)?;
    header.set(core, &space, 0)?;
    header.store(core)?;
    Ok(header)
}

fn check(info: &DatasetInfo, shape: &[u64]) -> Result<()> {
    if info.chunked().is_none() && !info.is_external {
        return Err(Error::misuse("only chunked datasets and those of external raw data can be resized"));
    }
    if shape.len() != info.shape().len() {
        let (have, want) = (shape.len(), info.shape().len());
        return Err(Error::shape(format!("a shape of {have} axes for a dataset of {want}")));
    }
    if info.is_external && shape.iter().zip(info.shape()).skip(1).any(|(new, old)| new != old) {
        return Err(Error::shape("external raw data can grow along the first axis only"));
    }
    for (&size, maximum) in shape.iter().zip(info.extent.maximum()) {
        if let Some(maximum) = maximum.filter(|&maximum| size > maximum) {
            return Err(Error::shape(format!("the axis can grow to {maximum}, not to {size}")));
        }
    }
    Ok(())
}

/// Removes the chunks that lie outside of the new shape, clears what of others does, and stores those anew that are
/// filtered under one of the shapes only.
fn fit_chunks(core: &mut Core, info: &DatasetInfo, access: &mut ChunkAccess, shape: &[u64]) -> Result<()> {
    let new = access.grid.with_shape(shape);
    let mut chunks = Vec::new();
    access.index.visit(core, &mut |scaled, record| {
        let fate = Fate::of(access, &new, &scaled);
        if fate != Fate::Stays {
            core.budget.items(chunks.len() as u64)?;
            chunks.push((scaled, record));
        }
        Ok(())
    })?;
    let mut layout = info.layout.clone();
    if shape.contains(&0) {
        access.discard_all(core, &chunks)?;
        return access.publish(core, info.address, &mut layout);
    }
    let mut scratch = Scratch::default();
    for (done, (scaled, record)) in chunks.into_iter().enumerate() {
        match Fate::of(access, &new, &scaled) {
            Fate::Stays => {}
            Fate::Goes => access.discard(core, &scaled, &record)?,
            Fate::Changes => change(core, info, access, &new, &scaled, record, &mut scratch)?,
        }
        if done % STEP == STEP - 1 {
            access.publish(core, info.address, &mut layout)?;
            core.settle()?;
        }
    }
    access.publish(core, info.address, &mut layout)
}

/// What becomes of a chunk.
#[derive(PartialEq)]
enum Fate {
    Stays,
    Goes,
    Changes,
}

impl Fate {
    fn of(access: &ChunkAccess, new: &Grid, scaled: &[u64]) -> Fate {
        let (before, kept) = (access.grid.kept(scaled), new.kept(scaled));
        let is_cut = kept.iter().zip(&before).any(|(new, old)| new < old);
        if kept.contains(&0) {
            Fate::Goes
        } else if is_cut
            || access.depends_on_shape() && access.grid.is_partial(scaled) != new.is_partial(scaled)
        {
            Fate::Changes
        } else {
            Fate::Stays
        }
    }
}

/// Gives the fill value to all elements of a chunk but those in the new shape, and stores it as that demands.
fn change(
    core: &mut Core,
    info: &DatasetInfo,
    access: &mut ChunkAccess,
    new: &Grid,
    scaled: &[u64],
    record: ChunkRecord,
    scratch: &mut Scratch,
) -> Result<()> {
    let (element, kept) = (info.element_size()?, new.kept(scaled));
    access.load(core, scaled, &record, scratch)?;
    let slab = Hyperslab::new(kept.iter().map(|&size| Axis::contiguous(0, size)).collect());
    let origin = vec![0; kept.len()];
    let mut packed = vec![0; to_usize(slab.element_count()?)? * element];
    let mut band = Band { bytes: &mut packed, first_row: 0 };
    sink::gather(&slab, &origin, access.grid.chunk(), &scratch.front, &Plan::identity(element), &mut band)?;
    match FreshFill::of(core, info)? {
        Some(fresh) => scratch.front = fresh.filled(core, access.grid.chunk_bytes())?,
        None => access.blank(core, scratch)?,
    }
    let packed = sink::Written::Each(&packed);
    sink::scatter(&slab, &origin, access.grid.chunk(), &packed, element, &mut scratch.front)?;
    let is_plain = access.depends_on_shape() && new.is_partial(scaled);
    let filter_mask = if is_plain { 0 } else { access.pipeline.encode(scratch)? };
    access.put(core, scaled, Some(record), &scratch.front, filter_mask)
}
