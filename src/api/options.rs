//! How to open and create files, beyond the defaults.

use std::path::Path;
use std::sync::Arc;

use super::File;
use crate::base::{Limits, Result};
use crate::codec::{Filter, Filters};
use crate::engine::{Core, CreateOptions, FormatBounds, OpenOptions};
use crate::storage::{FileStorage, MappedFile, MemoryStorage, Storage};

/// Options for opening and creating files.
///
/// ```
/// # fn main() -> h5::Result<()> {
/// # let dir = std::env::temp_dir().join("h5-doc-options");
/// # std::fs::create_dir_all(&dir)?;
/// # let path = dir.join("options.h5");
/// let file = h5::File::options().userblock(512).bounds(h5::FormatBounds::V110).create(&path)?;
/// file.close()?;
/// let file = h5::File::options().chunk_cache(8 << 20).open(&path)?;
/// assert_eq!(file.userblock(), 512);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FileOptions {
    limits: Limits,
    filters: Filters,
    bounds: FormatBounds,
    userblock: u64,
    chunk_cache: usize,
    mmap: bool,
}

const CHUNK_CACHE: usize = 64 << 20;

impl Default for FileOptions {
    fn default() -> Self {
        FileOptions {
            limits: Limits::default(),
            filters: Filters::default(),
            bounds: FormatBounds::default(),
            userblock: 0,
            chunk_cache: CHUNK_CACHE,
            mmap: false,
        }
    }
}

impl FileOptions {
    /// Sets what a file may make the library do.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a filter; it replaces a built-in one with the same number.
    #[must_use]
    pub fn filter(mut self, filter: Arc<dyn Filter>) -> Self {
        self.filters.register(filter);
        self
    }

    /// Sets which releases of libhdf5 have to be able to read a new file.
    #[must_use]
    pub fn bounds(mut self, bounds: FormatBounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Leaves so many bytes free in front of a new file: 0, 512 or a larger power of two.
    #[must_use]
    pub fn userblock(mut self, bytes: u64) -> Self {
        self.userblock = bytes;
        self
    }

    /// Sets the bytes of decoded chunks that are kept for later reads; 0 turns the cache off. The default is 64 MiB.
    #[must_use]
    pub fn chunk_cache(mut self, bytes: usize) -> Self {
        self.chunk_cache = bytes;
        self
    }

    /// Maps the whole file into memory to read it.
    ///
    /// Another process must not cut the file off meanwhile: an access behind its new end would end this process.
    #[must_use]
    pub fn mmap(mut self, mmap: bool) -> Self {
        self.mmap = mmap;
        self
    }

    /// Opens a file for reading.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        let storage: Arc<dyn Storage> = match self.mmap {
            true => Arc::new(MappedFile::open(path)?),
            false => Arc::new(FileStorage::open(path)?),
        };
        self.opened(storage, false, Some(path))
    }

    /// Opens a file for reading and writing.
    pub fn open_rw(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        self.opened(Arc::new(FileStorage::open_rw(path)?), true, Some(path))
    }

    /// Creates a file; one that exists is cut to nothing first.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        self.created(Arc::new(FileStorage::create(path)?), Some(path))
    }

    /// Creates a file; fails if there is one.
    pub fn create_excl(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        self.created(Arc::new(FileStorage::create_new(path)?), Some(path))
    }

    /// Opens a file for reading and writing, or creates it.
    pub fn append(&self, path: impl AsRef<Path>) -> Result<File> {
        if path.as_ref().try_exists()? { self.open_rw(path) } else { self.create_excl(path) }
    }

    /// Opens a file that lies in memory for reading.
    pub fn open_bytes(&self, bytes: Vec<u8>) -> Result<File> {
        self.open_storage(Arc::new(MemoryStorage::new(bytes)))
    }

    /// Opens a file in any storage for reading.
    pub fn open_storage(&self, storage: Arc<dyn Storage>) -> Result<File> {
        self.opened(storage, false, None)
    }

    /// Opens a file in any storage for reading and writing.
    pub fn open_storage_rw(&self, storage: Arc<dyn Storage>) -> Result<File> {
        self.opened(storage, true, None)
    }

    /// Creates a file in an empty storage.
    pub fn create_storage(&self, storage: Arc<dyn Storage>) -> Result<File> {
        self.created(storage, None)
    }

    fn opened(&self, storage: Arc<dyn Storage>, write: bool, path: Option<&Path>) -> Result<File> {
        let options = OpenOptions { limits: self.limits, filters: self.filters.clone(), write };
        Ok(File::new(Core::open(storage, options)?, self.chunk_cache, path))
    }

    fn created(&self, storage: Arc<dyn Storage>, path: Option<&Path>) -> Result<File> {
        let options = CreateOptions {
            limits: self.limits,
            filters: self.filters.clone(),
            bounds: self.bounds,
            userblock: self.userblock,
        };
        Ok(File::new(Core::create(storage, options)?, self.chunk_cache, path))
    }
}
