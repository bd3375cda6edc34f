//! Locks on files, which keep other processes from writing while one reads, and from anything while one writes.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io;

/// Whether files are locked as libhdf5 locks them: shared by readers, alone by a writer. No lock is ever waited for.
///
/// Where the caller has chosen none for a file, the environment variable `HDF5_USE_FILE_LOCKING` does, in libhdf5's words:
/// `FALSE` or `0` is [`FileLocking::Off`], `BEST_EFFORT` is [`FileLocking::Writers`], `TRUE` or `1` is
/// [`FileLocking::WritersRequired`]. What the caller has chosen counts more; in libhdf5 it is the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileLocking {
    /// Writers lock, where the file system can; readers do not, so that a file on its way can be looked at.
    #[default]
    Writers,
    /// Writers lock; a file system that cannot is an error.
    WritersRequired,
    /// Readers and writers lock, where the file system can.
    All,
    /// Readers and writers lock; a file system that cannot is an error.
    Required,
    /// Nobody locks: the caller sees to it that a writer is alone.
    Off,
}

/// What decides where the caller does not.
const VARIABLE: &str = "HDF5_USE_FILE_LOCKING";

impl FileLocking {
    /// What the environment says; the default where it says nothing that is known.
    pub(crate) fn of_environment() -> Self {
        FileLocking::named(std::env::var_os(VARIABLE).as_deref()).unwrap_or_default()
    }

    /// What a value of the environment variable stands for. As in libhdf5, another one counts like none.
    fn named(value: Option<&OsStr>) -> Option<Self> {
        match value?.to_str()? {
            "FALSE" | "0" => Some(FileLocking::Off),
            "BEST_EFFORT" => Some(FileLocking::Writers),
            "TRUE" | "1" => Some(FileLocking::WritersRequired),
            _ => None,
        }
    }

    fn is_required(self) -> bool {
        matches!(self, FileLocking::WritersRequired | FileLocking::Required)
    }

    /// Locks an open file until it is closed.
    pub(super) fn lock(self, file: &File, write: bool) -> io::Result<()> {
        let wanted = match self {
            FileLocking::Off => false,
            FileLocking::Writers | FileLocking::WritersRequired => write,
            FileLocking::All | FileLocking::Required => true,
        };
        if !wanted {
            return Ok(());
        }
        match if write { file.try_lock() } else { file.try_lock_shared() } {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                let holder = if write { "is open elsewhere" } else { "is being written to" };
                let what =
                    format!("the file {holder} (it is locked; see FileOptions::locking, or {VARIABLE})");
                Err(io::Error::new(io::ErrorKind::ResourceBusy, what))
            }
            Err(TryLockError::Error(error)) => match error.kind() {
                io::ErrorKind::Unsupported if !self.is_required() => Ok(()),
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
        let writer = FileStorage::open_rw(&path, FileLocking::WritersRequired).unwrap();
        assert!(busy(FileStorage::open_rw(&path, FileLocking::WritersRequired)));
        FileStorage::open(&path, FileLocking::WritersRequired).unwrap();
        drop(writer);
        FileStorage::open_rw(&path, FileLocking::Required).unwrap();
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn the_environment_has_libhdf5_s_words() {
        let named = |value: &str| FileLocking::named(Some(OsStr::new(value)));
        assert_eq!(FileLocking::named(None), None);
        assert_eq!(["FALSE", "0"].map(named), [Some(FileLocking::Off); 2]);
        assert_eq!(["TRUE", "1"].map(named), [Some(FileLocking::WritersRequired); 2]);
        assert_eq!(named("BEST_EFFORT"), Some(FileLocking::Writers));
        assert_eq!(["", "false", "2", "NO"].map(named), [None; 4]);
        let required = [FileLocking::WritersRequired, FileLocking::Required].map(FileLocking::is_required);
        let tried = [FileLocking::Writers, FileLocking::All, FileLocking::Off].map(FileLocking::is_required);
        assert_eq!((required, tried), ([true; 2], [false; 3]));
    }
}
