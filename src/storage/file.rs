//! A file of the operating system, read and written at positions.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::{FileLocking, Map, Storage};

/// Reads and writes a file of the operating system.
#[derive(Debug)]
pub struct FileStorage {
    file: File,
}

impl FileStorage {
    /// Opens a file for reading.
    pub fn open(path: impl AsRef<Path>, locking: FileLocking) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).open(path)?;
        locking.lock(&file, false)?;
        Ok(FileStorage { file })
    }

    /// Opens a file for reading and writing.
    pub fn open_rw(path: impl AsRef<Path>, locking: FileLocking) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        locking.lock(&file, true)?;
        Ok(FileStorage { file })
    }

    /// Creates an empty file; one that exists is cut to nothing.
    pub fn create(path: impl AsRef<Path>, locking: FileLocking) -> io::Result<Self> {
        // Not before it is locked: somebody else may be using what is there.
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        locking.lock(&file, true)?;
        file.set_len(0)?;
        Ok(FileStorage { file })
    }

    /// Creates an empty file; fails if there is one.
    pub fn create_new(path: impl AsRef<Path>, locking: FileLocking) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        locking.lock(&file, true)?;
        Ok(FileStorage { file })
    }
}

/// Tells whether two paths lead to one file. Its links are no different files, symbolic ones and hard ones.
#[cfg(unix)]
pub(crate) fn is_one_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (a.metadata(), b.metadata()) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// The same where hard links cannot be told from other files.
#[cfg(not(unix))]
pub(crate) fn is_one_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

impl Storage for FileStorage {
    fn len(&self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.file, data, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            match std::os::windows::fs::FileExt::seek_read(&self.file, &mut buffer[done..], at)? {
                0 => return Err(super::past_the_end()),
                read => done += read,
            }
        }
        Ok(())
    }

    #[cfg(windows)]
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while done < data.len() {
            let at = offset + done as u64;
            done += std::os::windows::fs::FileExt::seek_write(&self.file, &data[done..], at)?;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn unlock(&self) -> io::Result<()> {
        self.file.unlock()
    }

    fn map(&self, offset: u64, len: usize) -> io::Result<Map> {
        Map::of_file(&self.file, offset, len)
    }
}
