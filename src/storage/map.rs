//! Files mapped into memory. All `unsafe` of memory mapping is in this file.

use std::fs::File;
use std::ops::Deref;
use std::path::Path;
use std::{fmt, io};

use super::{Storage, past_the_end};

/// Bytes of a file, mapped into memory and read on demand.
///
/// While a map lives, the file must not be cut off or written by another process: the operating system would answer
/// an access behind the new end with a signal. That is the price of not copying; [`Storage::read_at`] has no such trap.
pub struct Map {
    bytes: Option<memmap2::Mmap>,
}

impl Map {
    /// Maps `len` bytes of a file from `offset` on.
    #[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
    pub(super) fn of_file(file: &File, offset: u64, len: usize) -> io::Result<Map> {
        let end = offset.checked_add(len as u64).ok_or_else(past_the_end)?;
        if file.metadata()?.len() < end {
            return Err(past_the_end());
        }
        if len == 0 {
            return Ok(Map { bytes: None });
        }
        // SAFETY: the map is read-only and lies within the file, as checked above. That nobody cuts the file off
        // while it lives is the contract that the caller accepts by asking for a map; see the type's documentation.
        let bytes = unsafe { memmap2::MmapOptions::new().offset(offset).len(len).map(file)? };
        Ok(Map { bytes: Some(bytes) })
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or_default()
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({} bytes)", self.len())
    }
}

/// A file that is mapped as a whole and read from the map.
#[derive(Debug)]
pub(crate) struct MappedFile {
    file: File,
    map: Map,
}

impl MappedFile {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = usize::try_from(file.metadata()?.len()).map_err(|_| past_the_end())?;
        let map = Map::of_file(&file, 0, len)?;
        Ok(MappedFile { file, map })
    }
}

impl Storage for MappedFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.map.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| past_the_end())?;
        let source = self.map.get(start..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(source.ok_or_else(past_the_end)?);
        Ok(())
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::PermissionDenied))
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::PermissionDenied))
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn map(&self, offset: u64, len: usize) -> io::Result<Map> {
        Map::of_file(&self.file, offset, len)
    }
}
