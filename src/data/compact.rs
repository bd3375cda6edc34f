//! Moving raw data from the end of the file to free space before it, so that the file can end earlier.
//!
//! Data that is contiguous and chunks can move: one message or one index says where they are. Everything else stays,
//! and what lies before it at the end of the file as well.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::base::{Address, Result, to_usize};
use crate::engine::{Core, Header, kind_of, links};
use crate::format::message::MessageType;
use crate::format::message::layout::Storage;
use crate::format::message::link::Target;

use super::chunk_access::ChunkAccess;
use super::chunk_store::store_layout;
use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index::{self, ChunkRecord};

/// Data is copied in pieces of this many bytes.
const PIECE: u64 = 1 << 20;

/// Raw data that can move.
struct Movable {
    dataset: Address,
    /// Of a chunk.
    scaled: Option<Vec<u64>>,
    record: ChunkRecord,
}

/// Moves what can move, from the last piece on up to one that cannot or that fits nowhere; tells whether any has moved.
///
/// What is moved stays where it was as well, until the next state is published.
pub(crate) fn move_down(core: &mut Core) -> Result<bool> {
    // The file cannot become shorter by more than what is free of it.
    let first = core.end_of_space()?.saturating_sub(core.free_bytes()?);
    let mut found = Vec::new();
    for dataset in datasets(core)? {
        collect(core, dataset, first, &mut found)?;
    }
    found.sort_unstable_by_key(|movable| Reverse(movable.record.address));
    let mut has_moved = false;
    for movable in &found {
        let ChunkRecord { address, size, .. } = movable.record;
        if !core.is_last(address, size)? || !core.edit(|core| relocate(core, movable))? {
            break;
        }
        has_moved = true;
    }
    Ok(has_moved)
}

/// All datasets that the root group leads to.
fn datasets(core: &Core) -> Result<Vec<Address>> {
    let root = core.superblock.root_header();
    let (mut seen, mut pending, mut found) = (HashSet::from([root]), vec![root], Vec::new());
    while let Some(address) = pending.pop() {
        let header = Header::load(core, address)?;
        match kind_of(&header) {
            "dataset" => found.push(address),
            "group" => {
                let hard = links(core, &header)?.into_iter().filter_map(|link| match link.target {
                    Target::Hard(object) => Some(object),
                    _ => None,
                });
                pending.extend(hard.filter(|object| seen.insert(*object)));
                core.budget.items(seen.len() as u64)?;
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Adds what a dataset has behind an address.
fn collect(core: &Core, dataset: Address, first: u64, found: &mut Vec<Movable>) -> Result<()> {
    let header = Header::load(core, dataset)?;
    if header.has(MessageType::EXTERNAL_FILES) {
        return Ok(());
    }
    let info = DatasetInfo::load(core, &header)?;
    match info.layout.storage {
        Storage::Contiguous { address: Some(address), .. } if address.0 >= first => {
            let record = ChunkRecord { address, size: info.bytes()?, filter_mask: 0 };
            found.push(Movable { dataset, scaled: None, record });
        }
        Storage::Chunked(_) if info.chunked().is_some_and(|chunked| chunked.address.is_some()) => {
            let index = index::open(core, &info, &Grid::new(&info)?)?;
            if index.can_move_chunks() {
                index.visit(core, &mut |scaled, record| {
                    if record.address.0 >= first {
                        core.budget.items(found.len() as u64)?;
                        found.push(Movable { dataset, scaled: Some(scaled), record });
                    }
                    Ok(())
                })?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Copies a piece to free space before it and says where it is now; tells whether there was room.
fn relocate(core: &mut Core, movable: &Movable) -> Result<bool> {
    let ChunkRecord { address, size, .. } = movable.record;
    let Some(place) = core.allocate_raw_before(address, size)? else { return Ok(false) };
    copy(core, address, place, size)?;
    let info = DatasetInfo::load(core, &*Header::load(core, movable.dataset)?)?;
    let mut layout = info.layout.clone();
    match &movable.scaled {
        None => {
            if let Storage::Contiguous { address, .. } = &mut layout.storage {
                *address = Some(place);
            }
            store_layout(core, movable.dataset, &layout)?;
        }
        Some(scaled) => {
            let mut access = ChunkAccess::open(core, &info)?;
            access.index.insert(core, scaled, &ChunkRecord { address: place, ..movable.record })?;
            access.publish(core, movable.dataset, &mut layout)?;
        }
    }
    core.release_raw(address, size)?;
    Ok(true)
}

fn copy(core: &mut Core, from: Address, to: Address, len: u64) -> Result<()> {
    let mut buffer = vec![0; to_usize(len.min(PIECE))?];
    let mut done = 0;
    while done < len {
        let piece = &mut buffer[..to_usize((len - done).min(PIECE))?];
        core.read_raw(from.plus(done)?, piece)?;
        core.write_raw(to.plus(done)?, piece)?;
        done += piece.len() as u64;
    }
    Ok(())
}
