//! Space that is allocated before anybody writes to it, and the fill value in it.

use std::ops::Range;

use crate::base::{Address, Result, byte_count};
use crate::codec::Scratch;
use crate::engine::Core;
use crate::format::message::fill_value::{EARLY, Fill, LATE, NEVER, ON_ALLOCATION};
use crate::format::message::layout::Storage;
use crate::select::coordinates;

use super::chunk_access::ChunkAccess;
use super::chunk_store::store_layout;
use super::dataset::DatasetInfo;
use super::fresh_fill::FreshFill;

/// What was done of a long series of chunks is kept after so many of them.
pub(super) const STEP: usize = 1024;

/// Whether the first write, or the creation, allocates all chunks and not only those that it is about.
pub(super) fn is_allocated_at_once(info: &DatasetInfo) -> bool {
    let is_new = info.chunked().is_some_and(|chunked| chunked.address.is_none());
    is_new && matches!(info.fill.allocation_time, EARLY | LATE)
}

/// Whether new space is filled. Space may have been in use before: what was there is nobody's business, so that zeros
/// are written too unless they were declined.
fn writes_fill(info: &DatasetInfo) -> bool {
    match info.fill.write_time {
        NEVER => false,
        ON_ALLOCATION => true,
        _ => info.fill.value != Fill::Undefined,
    }
}

/// Allocates what a dataset is to have from its creation on.
pub(super) fn allocate_early(core: &mut Core, info: &DatasetInfo) -> Result<()> {
    let is_early = info.fill.allocation_time == EARLY && !info.shape().contains(&0);
    match info.layout.storage {
        Storage::Contiguous { address: None, .. } if is_early && !info.is_external => {
            allocate_contiguous(core, info, false).map(drop)
        }
        Storage::Chunked(_) if is_early => {
            let mut access = ChunkAccess::open(core, info)?;
            allocate_chunks(core, &mut access, info, &vec![0; info.shape().len()])
        }
        _ => Ok(()),
    }
}

/// Finds room for contiguous data; it is filled unless all of it is about to be written.
pub(super) fn allocate_contiguous(core: &mut Core, info: &DatasetInfo, is_covered: bool) -> Result<Address> {
    let bytes = info.bytes()?;
    let address = core.allocate_raw(bytes)?;
    if !is_covered && writes_fill(info) {
        match FreshFill::of(core, info)? {
            Some(fresh) => fill_afresh(core, address, bytes, info.element_size()?, &fresh)?,
            None => core.fill_raw(address, bytes, info.pattern()?.element())?,
        }
    }
    let mut layout = info.layout.clone();
    let size = if layout.version < 3 { None } else { Some(bytes) };
    layout.storage = Storage::Contiguous { address: Some(address), size };
    store_layout(core, info.address, &layout)?;
    Ok(address)
}

/// Fills new space with elements that name objects of their own, in pieces.
fn fill_afresh(core: &mut Core, address: Address, len: u64, element: usize, fresh: &FreshFill) -> Result<()> {
    let piece = byte_count(STEP as u64, element)?;
    let mut done = 0;
    while done < len {
        let part = fresh.filled(core, piece.min(len - done))?;
        core.write_raw(address.plus(done)?, &part)?;
        done += part.len() as u64;
    }
    Ok(())
}

/// Allocates all chunks of the dataspace but those that it had when its shape was `old`.
pub(super) fn allocate_chunks(
    core: &mut Core,
    access: &mut ChunkAccess,
    info: &DatasetInfo,
    old: &[u64],
) -> Result<()> {
    let mut layout = info.layout.clone();
    access.index.create(core)?;
    access.publish(core, info.address, &mut layout)?;
    let fresh = if writes_fill(info) { FreshFill::of(core, info)? } else { None };
    let mut fill = match writes_fill(info) || info.is_filtered() {
        true => Some(Filling::new(core, access, None)?),
        false => None,
    };
    let (before, now) = (access.grid.with_shape(old).ranges(), access.grid.ranges());
    let mut done = 0;
    for new in new_boxes(&before, &now) {
        for scaled in coordinates(&new) {
            if fresh.is_some() {
                fill = Some(Filling::new(core, access, fresh.as_ref())?);
            }
            allocate_chunk(core, access, &scaled, fill.as_ref())?;
            done += 1;
            if done % STEP == 0 {
                access.publish(core, info.address, &mut layout)?;
                core.settle()?;
            }
        }
    }
    access.publish(core, info.address, &mut layout)
}

/// A chunk of fill values as it is stored, whole and at an edge that is not filtered.
struct Filling {
    whole: Vec<u8>,
    filter_mask: u32,
    edge: Vec<u8>,
}

impl Filling {
    fn new(core: &mut Core, access: &ChunkAccess, fresh: Option<&FreshFill>) -> Result<Self> {
        let mut scratch = Scratch::default();
        match fresh {
            Some(fresh) => scratch.front = fresh.filled(core, access.grid.chunk_bytes())?,
            None => access.blank(core, &mut scratch)?,
        }
        let edge = if access.depends_on_shape() { scratch.front.clone() } else { Vec::new() };
        let filter_mask = access.pipeline.encode(&mut scratch)?;
        Ok(Filling { whole: scratch.front, filter_mask, edge })
    }
}

fn allocate_chunk(
    core: &mut Core,
    access: &mut ChunkAccess,
    scaled: &[u64],
    fill: Option<&Filling>,
) -> Result<()> {
    let old = access.index.find(core, scaled)?;
    if old.is_some() && access.index.can_move_chunks() {
        return Ok(());
    }
    match fill {
        Some(fill) if access.is_unfiltered_edge(scaled) && access.depends_on_shape() => {
            access.put(core, scaled, old, &fill.edge, 0)
        }
        Some(fill) => access.put(core, scaled, old, &fill.whole, fill.filter_mask),
        None if old.is_some() => Ok(()),
        None => access.reserve(core, scaled),
    }
}

/// The chunks that are in `new` and not in `old`, as boxes that do not overlap.
fn new_boxes(old: &[Range<u64>], new: &[Range<u64>]) -> Vec<Vec<Range<u64>>> {
    let grown = |axis: usize| {
        let mut these = new.to_vec();
        for (range, old) in these.iter_mut().zip(old).take(axis) {
            range.end = range.end.min(old.end);
        }
        these[axis].start = old[axis].end;
        these
    };
    (0..new.len()).map(grown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_new_chunk_is_in_one_box() {
        for (old, new) in [([2, 3, 1], [4, 3, 5]), ([0, 3, 1], [1, 2, 2]), ([5, 1, 2], [3, 4, 2])] {
            let (old, new) = (old.map(|end| 0..end), new.map(|end| 0..end));
            let mut found: Vec<_> = new_boxes(&old, &new)
                .iter()
                .flat_map(|these| coordinates(these).collect::<Vec<_>>())
                .collect();
            found.sort();
            let is_old = |scaled: &Vec<u64>| scaled.iter().zip(&old).all(|(n, range)| range.contains(n));
            let expected: Vec<_> = coordinates(&new).filter(|scaled| !is_old(scaled)).collect();
            assert_eq!(found, expected);
        }
    }
}
