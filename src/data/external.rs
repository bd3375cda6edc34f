//! Raw data in other files: which ones, which part of each, and reading from them.
//!
//! A relative name is looked up in the directory of the file that has it. (libhdf5 takes the working directory unless
//! it is told another one, and so finds the data only where a program was started in the right place.)

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use crate::base::{Error, Result, Structure, to_usize};
use crate::engine::{Core, Header};
use crate::format::local_heap::{LocalHeap, LocalHeapData};
use crate::format::message::external_files::{ExternalFiles, Slot};
use crate::storage::{FileStorage, Storage};

/// The names of the files with their slots, in the order of the data.
pub(crate) fn external_files(core: &Core, header: &Header) -> Result<Vec<(Vec<u8>, Slot)>> {
    let Some(list) = header.message::<ExternalFiles>(core)? else { return Ok(Vec::new()) };
    let heap: Arc<LocalHeap> = core.fetch(list.heap, &core.sizes())?;
    let names = core.fetch_sized::<LocalHeapData>(heap.segment, heap.size, &core.sizes())?;
    let named = |slot: Slot| match names.string(slot.name_offset) {
        Some(name) => Ok((name.to_vec(), slot)),
        None => {
            Err(Error::field("name offset", slot.name_offset, "no string ends behind it in the local heap")
                .at(Structure::ExternalFiles, core.offset(list.heap)?))
        }
    };
    list.slots.into_iter().map(named).collect()
}

/// The data of one dataset that lies in other files; they are opened when they are first read from.
pub(super) struct ExternalData<'a> {
    core: &'a Core,
    files: Vec<(Vec<u8>, Slot)>,
    open: HashMap<Vec<u8>, FileStorage>,
}

/// A part of what is read that lies in one slot.
#[derive(Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) slot: usize,
    /// Where it begins in the slot.
    skip: u64,
    pub(super) len: u64,
}

impl Piece {
    /// Where it begins in the file.
    pub(super) fn offset_in(&self, slot: &Slot) -> Result<u64> {
        slot.offset.checked_add(self.skip).ok_or_else(|| {
            Error::field("offset in the external file", slot.offset, "runs past the end of all offsets")
        })
    }
}

impl<'a> ExternalData<'a> {
    pub(super) fn open(core: &'a Core, header: &Header) -> Result<Self> {
        Ok(ExternalData { core, files: external_files(core, header)?, open: HashMap::new() })
    }

    /// Fills `buffer` with the bytes of the dataset from `offset` on.
    pub(super) fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let sizes: Vec<Option<u64>> = self.files.iter().map(|(_, slot)| slot.size).collect();
        let mut rest = buffer;
        for piece in pieces(&sizes, offset, rest.len() as u64)? {
            let (part, later) = rest.split_at_mut(to_usize(piece.len)?);
            let (name, slot) = self.files[piece.slot].clone();
            let at = piece.offset_in(&slot)?;
            let read = self.file(&name).and_then(|file| read_to_the_end(file, at, part));
            read.map_err(|e| located(self.core, &name, e))?;
            rest = later;
        }
        Ok(())
    }

    fn file(&mut self, name: &[u8]) -> Result<&FileStorage> {
        if !self.open.contains_key(name) {
            let found = self.core.raw_neighbour(name)?;
            let missing = || io::Error::new(io::ErrorKind::NotFound, "the file of raw data is not there");
            self.open.insert(name.to_vec(), found.ok_or_else(missing)?);
        }
        self.open.get(name).ok_or_else(|| Error::misuse("the file was not opened"))
    }
}

/// Adds to an error which file it is about.
pub(super) fn located(core: &Core, name: &[u8], error: Error) -> Error {
    error.within(Structure::ExternalFiles).in_file(&String::from_utf8_lossy(name), &core.file_name())
}

/// Bytes behind the end of the file are zeros, as in libhdf5: raw data need not be written to its end.
fn read_to_the_end(file: &FileStorage, offset: u64, buffer: &mut [u8]) -> Result<()> {
    let available = file.len()?.saturating_sub(offset).min(buffer.len() as u64);
    let (there, behind) = buffer.split_at_mut(to_usize(available)?);
    behind.fill(0);
    if there.is_empty() { Ok(()) } else { Ok(file.read_at(offset, there)?) }
}

/// Which parts of which slots hold `len` bytes from `offset` on.
pub(super) fn pieces(sizes: &[Option<u64>], offset: u64, len: u64) -> Result<Vec<Piece>> {
    let (mut start, mut at, mut left) = (0u64, offset, len);
    let mut pieces = Vec::new();
    for (slot, size) in sizes.iter().enumerate() {
        let end = size.map_or(u64::MAX, |size| start.saturating_add(size));
        if left > 0 && at < end {
            let len = left.min(end - at);
            pieces.push(Piece { slot, skip: at - start, len });
            (at, left) = (at + len, left - len);
        }
        start = end;
    }
    if left > 0 {
        let error = Error::field("bytes in the external files", start, "too few for the dataspace");
        return Err(error.within(Structure::ExternalFiles));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_cut_at_the_slots() {
        let sizes = [Some(10), Some(0), Some(5), None];
        let piece = |slot, skip, len| Piece { slot, skip, len };
        assert_eq!(pieces(&sizes, 0, 3).unwrap(), [piece(0, 0, 3)]);
        assert_eq!(pieces(&sizes, 8, 9).unwrap(), [piece(0, 8, 2), piece(2, 0, 5), piece(3, 0, 2)]);
        assert_eq!(pieces(&sizes, 1 << 40, 4).unwrap(), [piece(3, (1 << 40) - 15, 4)]);
        assert_eq!(pieces(&sizes, 3, 0).unwrap(), []);
        assert!(pieces(&sizes[..3], 10, 6).is_err());
        assert!(pieces(&[], 0, 1).is_err());
    }
}
