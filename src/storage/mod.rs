//! Bytes at absolute offsets: a trait, and the places where an HDF5 file can lie.
//!
//! Nothing here knows HDF5. All access is positioned, so that threads share a storage without a lock.

mod block_cache;
mod family;
mod file;
mod lock;
mod map;
mod memory;
mod multi;

use std::ops::Range;
use std::{fmt, io, iter};

pub(crate) use block_cache::BlockCache;
pub use family::FamilyStorage;
pub use file::FileStorage;
pub(crate) use file::is_one_file;
pub use lock::FileLocking;
pub use map::Map;
pub(crate) use map::MappedFile;
pub use memory::MemoryStorage;
pub use multi::MultiStorage;

/// A place where the bytes of a file lie.
///
/// Offsets count from the first byte of the file. All methods take `&self`: several threads read at once, and the
/// library sees to it that a writer is alone.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Returns the number of bytes.
    fn len(&self) -> io::Result<u64>;

    /// Fills `buffer` with the bytes from `offset` on; fails if there are fewer.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes `data` at `offset`; the storage grows where it has to.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Cuts the storage off at `len` bytes, or fills it up with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// The parts that end on their own, by where they begin, each with its end. Most storages are one part.
    ///
    /// Bytes between the end of a part and the begin of the next one are not stored; they are zeros.
    fn parts(&self) -> io::Result<Vec<Range<u64>>> {
        Ok(iter::once(0..self.len()?).collect())
    }

    /// Cuts the part that begins at `start` off at `end`, or fills it up with zeros.
    fn set_end(&self, start: u64, end: u64) -> io::Result<()> {
        if start == 0 { self.set_len(end) } else { Err(no_such_part()) }
    }

    /// Returns when all that was written is on the medium.
    fn sync(&self) -> io::Result<()>;

    /// Gives up the lock that keeps others from the storage, if there is one.
    fn unlock(&self) -> io::Result<()> {
        Ok(())
    }

    /// Maps `len` bytes from `offset` into memory, or says that this storage cannot.
    fn map(&self, offset: u64, len: usize) -> io::Result<Map> {
        let _ = (offset, len);
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    /// Tells whether there are no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "the members were put together for reading only")
}

fn past_the_end() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the read goes past the end of the file")
}

fn no_such_part() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "no part of the storage begins or ends there")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// What every storage has to do.
    fn battery(storage: &dyn Storage) {
        assert!(storage.is_empty().unwrap());
        storage.write_at(4, b"abcd").unwrap();
        assert_eq!(storage.len().unwrap(), 8);
        let mut bytes = [9; 8];
        storage.read_at(0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"\0\0\0\0abcd");
        assert_eq!(storage.read_at(1, &mut bytes).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(storage.read_at(u64::MAX, &mut bytes).is_err());
        storage.set_len(6).unwrap();
        assert!(storage.read_at(0, &mut bytes).is_err());
        storage.set_len(8).unwrap();
        storage.read_at(0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"\0\0\0\0ab\0\0");
        storage.sync().unwrap();
    }

    #[test]
    fn all_kinds_do_the_same() {
        battery(&MemoryStorage::default());
        let members = [(0, MemoryStorage::default()), (1 << 40, MemoryStorage::default())];
        let members = members.map(|(start, member)| (start, Arc::new(member) as Arc<dyn Storage>));
        battery(&MultiStorage::new(members.to_vec()).unwrap());
        let path = std::env::temp_dir().join(format!("h5-storage-{}", std::process::id()));
        let file = FileStorage::create(&path, FileLocking::Off).unwrap();
        battery(&file);
        let map = file.map(4, 2).unwrap();
        assert_eq!(&map[..], b"ab");
        let mapped = MappedFile::open(&path).unwrap();
        let mut bytes = [0; 2];
        mapped.read_at(4, &mut bytes).unwrap();
        assert_eq!(&bytes, b"ab");
        assert!(mapped.read_at(7, &mut bytes).is_err());
        assert!(mapped.write_at(0, b"x").is_err());
        std::fs::remove_file(path).unwrap();
    }
}
