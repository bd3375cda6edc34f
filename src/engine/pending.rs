//! A commit that was decided and perhaps not carried through: what is left of it is done when the file is opened.

use super::overlay::{Overlay, Piece};
use crate::base::{Address, Budget, Error, Malformed, Result, Structure, to_usize};
use crate::format::pending_commit::{Checksum, CommitMarker, CommitTable};
use crate::format::{self, Wire};
use crate::storage::Storage;

/// Copies are done in pieces of this many bytes.
const PIECE: u64 = 1 << 20;

/// Reads the marker at a place and the table that it names, and checks that all that is to be copied is there.
pub(super) fn read(storage: &dyn Storage, place: u64, budget: &Budget) -> Result<CommitTable> {
    let marker: CommitMarker = block(storage, place, 24, budget)?;
    let at = place.checked_add(marker.table.0).ok_or_else(|| too_far(marker.table, place))?;
    budget.metadata(u64::from(marker.table_len)).map_err(|e| e.at(Structure::CommitTable, at))?;
    let table: CommitTable = block(storage, at, u64::from(marker.table_len), budget)?;
    for copy in &table.copies {
        let found = checksum(storage, place, copy.from, copy.len)?;
        if found != copy.checksum && !cfg!(fuzzing) {
            let error = Error::from(Malformed::Checksum { stored: copy.checksum, computed: found });
            return Err(error.at(Structure::CommitTable, at));
        }
    }
    Ok(table)
}

/// Lays what is still to be copied over the bytes at its place: a reader sees the file as the commit has it.
pub(super) fn lay_over(table: &CommitTable, overlay: &mut Overlay) {
    for copy in &table.copies {
        overlay.replace(copy.to.0, Piece::Shadow { at: copy.from.0, len: copy.len });
    }
}

/// Copies everything to its place, and then puts the superblock in the place of the marker.
pub(super) fn apply(storage: &dyn Storage, place: u64, table: &CommitTable) -> Result<()> {
    for copy in &table.copies {
        let to = place.checked_add(copy.to.0).ok_or_else(|| too_far(copy.to, place))?;
        in_pieces(
            storage,
            place,
            copy.from,
            copy.len,
            |done, bytes| Ok(storage.write_at(to + done, bytes)?),
        )?;
    }
    storage.sync()?;
    storage.write_at(place, &table.superblock)?;
    Ok(storage.sync()?)
}

/// The checksum of bytes that are to be copied.
pub(super) fn checksum(storage: &dyn Storage, place: u64, from: Address, len: u64) -> Result<u32> {
    let mut checksum = Checksum::default();
    in_pieces(storage, place, from, len, |_, bytes| {
        checksum.add(bytes);
        Ok(())
    })?;
    Ok(checksum.value())
}

/// Reads bytes piece by piece; calls `f` with each one and how many came before it.
fn in_pieces(
    storage: &dyn Storage,
    place: u64,
    from: Address,
    len: u64,
    mut f: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let start = place.checked_add(from.0).ok_or_else(|| too_far(from, place))?;
    let available = storage.len()?.saturating_sub(start);
    if len > available {
        let error = Error::from(Malformed::Truncated { needed: len, available });
        return Err(error.at(Structure::CommitTable, start));
    }
    let mut buffer = vec![0; to_usize(len.min(PIECE))?];
    let mut done = 0;
    while done < len {
        let piece = &mut buffer[..to_usize((len - done).min(PIECE))?];
        storage.read_at(start + done, piece)?;
        f(done, piece)?;
        done += piece.len() as u64;
    }
    Ok(())
}

fn block<T: Wire<Context = ()>>(storage: &dyn Storage, at: u64, len: u64, budget: &Budget) -> Result<T> {
    let available = storage.len()?.saturating_sub(at);
    if len > available {
        return Err(Error::from(Malformed::Truncated { needed: len, available }).at(T::STRUCTURE, at));
    }
    let mut bytes = vec![0; to_usize(len)?];
    storage.read_at(at, &mut bytes)?;
    format::decode(&bytes, at, &(), budget)
}

fn too_far(address: Address, place: u64) -> Error {
    Error::field("address", address.0, "runs past the end of all addresses")
        .at(Structure::CommitMarker, place)
}
