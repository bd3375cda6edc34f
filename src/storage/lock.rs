//! Locks on files, which keep other processes from writing while one reads, and from anything while one writes.

use std::fs::{File, TryLockError};
use std::io;

/// Whether files are locked as libhdf5 locks them: shared by readers, alone by a writer. No lock is ever waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileLocking {
    /// Writers lock, where the file system can; readers do not, so that a file on its way can be looked at.
    #[default]
    Writers,
    /// Readers and writers lock, where the file system can.
    All,
    /// Readers and writers lock; a file system that cannot is an error.
    Required,
    /// Nobody locks: the caller sees to it that a writer is alone.
    Off,
}

impl FileLocking {
    /// Locks an open file until it is closed.
    pub(super) fn lock(self, file: &File, write: bool) -> io::Result<()> {
        let wanted = match self {
            FileLocking::Off => false,
            FileLocking::Writers => write,
            FileLocking::All | FileLocking::Required => true,
        };
        if !wanted {
            return Ok(());
        }
        match if write { file.try_lock() } else { file.try_lock_shared() } {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                let holder = if write { "is open elsewhere" } else { "is being written to" };
                let what = format!("the file {holder} (it is locked; see FileOptions::locking)");
                Err(io::Error::new(io::ErrorKind::ResourceBusy, what))
            }
            Err(TryLockError::Error(error)) => match error.kind() {
                io::ErrorKind::Unsupported if self != FileLocking::Required => Ok(()),
                _ => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FileStorage;
    use super::*;

    #[test]
    fn a_writer_is_alone_and_readers_are_not() {
        let path = std::env::temp_dir().join(format!("h5-lock-{}", std::process::id()));
        let writer = FileStorage::create(&path, FileLocking::Writers).unwrap();
        let busy =
            |result: io::Result<FileStorage>| result.unwrap_err().kind() == io::ErrorKind::ResourceBusy;
        assert!(busy(FileStorage::open_rw(&path, FileLocking::Writers)));
        assert!(busy(FileStorage::open(&path, FileLocking::All)));
        assert!(busy(FileStorage::create(&path, FileLocking::Required)));
        FileStorage::open(&path, FileLocking::Writers).unwrap();
        FileStorage::open_rw(&path, FileLocking::Off).unwrap();
        drop(writer);
        let reader = FileStorage::open(&path, FileLocking::Required).unwrap();
        FileStorage::open(&path, FileLocking::All).unwrap();
        assert!(busy(FileStorage::open_rw(&path, FileLocking::Writers)));
        drop(reader);
        FileStorage::open_rw(&path, FileLocking::Required).unwrap();
        std::fs::remove_file(path).unwrap();
    }
}
