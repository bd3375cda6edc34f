//! Moving what can move from the end of the file to free space before it, so that the file can end earlier.
//!
//! Data that is contiguous, chunks, and the blocks of object headers but for their first ones can move: one message or one
//! index says where they are. Everything else stays, and what lies before it at the end of the file as well.

use std::cmp::Reverse;
use std::ops::Range;

use crate::base::{Address, Result, to_usize};
use crate::engine::{BlockKind, Core, Header, reachable};
use crate::format::message::MessageType;
use crate::format::message::layout::Storage;

use super::chunk_access::ChunkAccess;
use super::chunk_store::store_layout;
use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index::{self, ChunkRecord};

/// Data is copied in pieces of this many bytes.
const PIECE: u64 = 1 << 20;

/// A piece of the file that can move.
struct Movable {
    /// What it belongs to.
    object: Address,
    address: Address,
    size: u64,
    kind: Kind,
}

enum Kind {
    Continuation,
    Contiguous,
    Chunk { scaled: Vec<u64>, filter_mask: u32 },
}

/// Moves what can move, from the last piece on up to one that cannot or that fits nowhere; tells whether any has moved.
///
/// What is moved stays where it was as well, until the next state is published.
pub(crate) fn move_down(core: &mut Core) -> Result<bool> {
    let mut tails = core.tails()?;
    let mut found = Vec::new();
    for object in reachable(core)? {
        collect(core, object, &tails, &mut found)?;
    }
    found.sort_unstable_by_key(|movable| Reverse(movable.address));
    let mut has_moved = false;
    for movable in &found {
        // Each member of a file that has some ends on its own.
        let Some(place) = tails.iter().position(|tail| tail.contains(&movable.address.0)) else { continue };
        if core.is_last(movable.address, movable.size)? && core.edit(|core| relocate(core, movable))? {
            has_moved = true;
        } else {
            tails.remove(place);
        }
    }
    Ok(has_moved)
}

/// Adds what an object has near the end: the file cannot become shorter by more than what is free of it.
fn collect(core: &Core, object: Address, tails: &[Range<u64>], found: &mut Vec<Movable>) -> Result<()> {
    let is_near = |address: Address| tails.iter().any(|tail| tail.contains(&address.0));
    let header = Header::load(core, object)?;
    let behind = header.continuations().filter(|(address, _)| is_near(*address));
    found.extend(behind.map(|(address, size)| Movable { object, address, size, kind: Kind::Continuation }));
    if !header.has(MessageType::LAYOUT) || header.has(MessageType::EXTERNAL_FILES) {
        return Ok(());
    }
    let info = DatasetInfo::load(core, &header)?;
    match info.layout.storage {
        Storage::Contiguous { address: Some(address), .. } if is_near(address) => {
            found.push(Movable { object, address, size: info.bytes()?, kind: Kind::Contiguous });
        }
        Storage::Chunked(_) if info.chunked().is_some_and(|chunked| chunked.address.is_some()) => {
            let index = index::open(core, &info, &Grid::new(&info)?)?;
            if index.can_move_chunks() {
                index.visit(core, &mut |scaled, record| {
                    if is_near(record.address) {
                        core.budget.items(found.len() as u64)?;
                        let ChunkRecord { address, size, filter_mask } = record;
                        found.push(Movable {
                            object,
                            address,
                            size,
                            kind: Kind::Chunk { scaled, filter_mask },
                        });
                    }
                    Ok(())
                })?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Moves a piece to free space before it and says where it is now; tells whether there was room.
fn relocate(core: &mut Core, movable: &Movable) -> Result<bool> {
    let Movable { object, address, size, .. } = *movable;
    let is_header = matches!(movable.kind, Kind::Continuation);
    let kind = if is_header { BlockKind::ObjectHeader } else { BlockKind::Raw };
    let Some(place) = core.allocate_before(address, size, kind)? else { return Ok(false) };
    let mut header = Header::clone(&*Header::load(core, object)?);
    if is_header {
        header.move_continuation(core, address, place)?;
        return Ok(true);
    }
    copy(core, address, place, size)?;
    let info = DatasetInfo::load(core, &header)?;
    let mut layout = info.layout.clone();
    if let Kind::Chunk { scaled, filter_mask } = &movable.kind {
        let mut access = ChunkAccess::open(core, &info)?;
        let record = ChunkRecord { address: place, size, filter_mask: *filter_mask };
        access.index.insert(core, scaled, &record)?;
        access.publish(core, object, &mut layout)?;
    } else if let Storage::Contiguous { address, .. } = &mut layout.storage {
        *address = Some(place);
        store_layout(core, object, &layout)?;
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
