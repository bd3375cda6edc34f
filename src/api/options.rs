//! How to open and create files, beyond the defaults.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::File;
use crate::base::{Error, Limits, Result};
use crate::codec::{Filter, Filters};
use crate::engine::{
    self, Beside, Core, CreateOptions, CreationProperties, Driver, FileAccess, FormatBounds, GroupRules,
    MissingSources, OpenOptions, SharingRules,
};
use crate::format::message::driver_info::DriverInfo;
use crate::storage::{FileLocking, FileStorage, MappedFile, MemoryStorage, Storage};

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
    /// Beside those that every file has.
    filters: Vec<Arc<dyn Filter>>,
    bounds: Option<FormatBounds>,
    userblock: u64,
    pub(super) properties: CreationProperties,
    /// The caller has said what new files do with free space.
    pub(super) has_strategy: bool,
    chunk_cache: usize,
    mmap: bool,
    file_access: FileAccess,
    write_access: Option<FileAccess>,
    missing_sources: MissingSources,
    driver: Driver,
    ignore_consistency_flags: bool,
    /// None: the environment decides.
    locking: Option<FileLocking>,
    pub(super) root: GroupRules,
    pub(super) sharing: SharingRules,
}

const CHUNK_CACHE: usize = 64 << 20;

/// Each of the files that a virtual dataset is made of gets this part of the chunk cache for its own.
const NEIGHBOUR_SHARE: usize = 4;

impl Default for FileOptions {
    fn default() -> Self {
        FileOptions {
            limits: Limits::default(),
            filters: Vec::new(),
            bounds: None,
            userblock: 0,
            properties: CreationProperties::default(),
            has_strategy: false,
            chunk_cache: CHUNK_CACHE,
            mmap: false,
            file_access: FileAccess::default(),
            write_access: None,
            missing_sources: MissingSources::default(),
            driver: Driver::default(),
            ignore_consistency_flags: false,
            locking: None,
            root: GroupRules::default(),
            sharing: SharingRules::default(),
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

    /// Adds a filter; it replaces one with the same number that is built in or was given to
    /// [`register_filter`](crate::register_filter).
    #[must_use]
    pub fn filter(mut self, filter: Arc<dyn Filter>) -> Self {
        self.filters.push(filter);
        self
    }

    /// Sets which releases of libhdf5 have to be able to read a new file, or what is added to an existing one.
    ///
    /// The default is [`FormatBounds::V18`]; in an existing file with a superblock of version 0 or 1 it is
    /// [`FormatBounds::Earliest`].
    #[must_use]
    pub fn bounds(mut self, bounds: FormatBounds) -> Self {
        self.bounds = Some(bounds);
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

    /// Sets which other files may be read because the opened one names them. The default is [`FileAccess::Below`].
    #[must_use]
    pub fn file_access(mut self, access: FileAccess) -> Self {
        self.file_access = access;
        self
    }

    /// Sets which other files may be written to: those of external raw data, which are also created, and those that have
    /// sources of virtual datasets. An opened file can name any other, and a write to its dataset overwrites that.
    ///
    /// The default is none but the files of raw data below, as [`FileAccess::Below`] has them, that this program has named
    /// itself since it has opened the file
    /// ([`DatasetBuilderEmpty::external`](crate::DatasetBuilderEmpty::external)). Sources have to be in files that
    /// [`FileOptions::file_access`] lets be read, too.
    ///
    /// What is written through a virtual dataset is in the other file, and that file closed, when the call returns: each
    /// file is a session of its own that locks it, and no commit of the opened file is about it. A file that somebody
    /// else has open for writing is an error then, and so is one that this program has. Whatever can be known to be
    /// wrong is found before anything is written; where a file fails all the same, those before it have been written.
    ///
    /// ```
    /// use h5::{File, FileAccess, VirtualSource};
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-write-access");
    /// # std::fs::create_dir_all(&dir)?;
    /// let part = File::create(dir.join("part.h5"))?;
    /// part.new_dataset_builder().with_data(&[1, 2, 3]).create("numbers")?;
    /// part.close()?;
    /// let file = File::options().write_access(FileAccess::Below).create(dir.join("whole.h5"))?;
    /// let whole = file.new_dataset::<i32>().shape(3).virtual_sources([VirtualSource::new("part.h5", "numbers")]);
    /// whole.create("numbers")?.write(&[4, 5, 6])?;
    /// assert_eq!(File::open(dir.join("part.h5"))?.dataset("numbers")?.read_raw::<i32>()?, [4, 5, 6]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn write_access(mut self, access: FileAccess) -> Self {
        self.write_access = Some(access);
        self
    }

    /// Sets what the elements of a virtual dataset are whose source is not there. The default is an error.
    #[must_use]
    pub fn missing_sources(mut self, missing: MissingSources) -> Self {
        self.missing_sources = missing;
        self
    }

    /// Sets how the file is spread over files of the file system. The default is what the file itself says.
    #[must_use]
    pub fn driver(mut self, driver: Driver) -> Self {
        self.driver = driver;
        self
    }

    /// Sets whether the file is locked against other processes. The default is that writers lock it, unless the
    /// environment variable `HDF5_USE_FILE_LOCKING` says otherwise; see [`FileLocking`]. It does not count for a file that
    /// this is called for, although libhdf5 takes it for the last word.
    #[must_use]
    pub fn locking(mut self, locking: FileLocking) -> Self {
        self.locking = Some(locking);
        self
    }

    /// How files are locked: as the caller or else the environment says.
    pub(super) fn file_locking(&self) -> FileLocking {
        self.locking.unwrap_or_else(FileLocking::of_environment)
    }

    /// Opens a file even though it says that it is open for writing, as one does whose writer has crashed.
    ///
    /// What such a writer left unfinished may be read as errors or old values. A file that a single writer keeps ready
    /// for readers (SWMR) needs no option to be read.
    #[must_use]
    pub fn ignore_consistency_flags(mut self, ignore: bool) -> Self {
        self.ignore_consistency_flags = ignore;
        self
    }

    /// Opens a file for reading.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        let storage = || -> Result<Arc<dyn Storage>> {
            Ok(match engine::members_of(path, &self.driver, &self.file_access)? {
                Some(members) => members,
                None if self.mmap => Arc::new(MappedFile::open(path)?),
                None => Arc::new(FileStorage::open(path, self.file_locking())?),
            })
        };
        storage().and_then(|storage| self.opened(storage, false, Some(path))).map_err(|e| e.opening(path))
    }

    /// Opens a file for reading and writing.
    pub fn open_rw(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        let storage = || -> Result<Arc<dyn Storage>> {
            let (driver, access) = (&self.driver, &self.file_access);
            Ok(match engine::members_for_writing(path, driver, access, self.file_locking())? {
                Some(members) => members,
                None => Arc::new(FileStorage::open_rw(path, self.file_locking())?),
            })
        };
        storage().and_then(|storage| self.opened(storage, true, Some(path))).map_err(|e| e.opening(path))
    }

    /// Creates a file; one that exists is cut to nothing first.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<File> {
        self.create_file(path.as_ref(), false).map_err(|e| e.opening(path.as_ref()))
    }

    /// Creates a file; fails if there is one.
    pub fn create_excl(&self, path: impl AsRef<Path>) -> Result<File> {
        self.create_file(path.as_ref(), true).map_err(|e| e.opening(path.as_ref()))
    }

    /// Opens a file for reading and writing, or creates it.
    pub fn append(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        let is_there = path.try_exists().map_err(|e| Error::from(e).opening(path))?;
        if is_there { self.open_rw(path) } else { self.create_excl(path) }
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
        self.created(storage, None, None)
    }

    fn opened(&self, storage: Arc<dyn Storage>, write: bool, path: Option<&Path>) -> Result<File> {
        let options = OpenOptions {
            limits: self.limits,
            filters: self.all_filters(),
            write,
            bounds: self.bounds,
            ignore_flags: self.ignore_consistency_flags,
            beside: self.beside(path),
        };
        Ok(File::new(Core::open(storage, options)?, self.chunk_cache, path))
    }

    fn create_file(&self, path: &Path, is_new: bool) -> Result<File> {
        let (storage, driver_info) = self.new_storage(path, self.userblock, is_new)?;
        self.created(storage, Some(path), driver_info)
    }

    /// Whether new files have several members.
    pub(super) fn is_of_members(&self) -> bool {
        !matches!(self.driver, Driver::Auto | Driver::Single)
    }

    /// An empty file, or the members of one, and what is to be said of them.
    pub(super) fn new_storage(
        &self,
        path: &Path,
        userblock: u64,
        is_new: bool,
    ) -> Result<(Arc<dyn Storage>, Option<DriverInfo>)> {
        let (driver, access) = (&self.driver, &self.file_access);
        Ok(match engine::create_members(path, driver, access, userblock, self.file_locking(), is_new)? {
            Some(new) => (new.storage, Some(new.info)),
            None if is_new => (Arc::new(FileStorage::create_new(path, self.file_locking())?), None),
            None => (Arc::new(FileStorage::create(path, self.file_locking())?), None),
        })
    }

    fn created(
        &self,
        storage: Arc<dyn Storage>,
        path: Option<&Path>,
        driver_info: Option<DriverInfo>,
    ) -> Result<File> {
        Ok(File::new(Core::create(storage, self.creation(path, driver_info))?, self.chunk_cache, path))
    }

    /// What a new file is created with.
    pub(super) fn creation(&self, path: Option<&Path>, driver_info: Option<DriverInfo>) -> CreateOptions {
        CreateOptions {
            limits: self.limits,
            filters: self.all_filters(),
            bounds: self.bounds.unwrap_or_default(),
            userblock: self.userblock,
            properties: self.properties,
            root: self.root,
            sharing: self.sharing.clone(),
            beside: self.beside(path),
            driver_info,
        }
    }

    fn all_filters(&self) -> Filters {
        let mut all = Filters::default();
        self.filters.iter().for_each(|filter| all.register(Arc::clone(filter)));
        all
    }

    fn beside(&self, path: Option<&Path>) -> Beside {
        Beside {
            path: path.map(PathBuf::from),
            access: self.file_access.clone(),
            write_access: self.write_access.clone(),
            locking: self.file_locking(),
            missing_sources: self.missing_sources,
            chunk_cache: self.chunk_cache / NEIGHBOUR_SHARE,
        }
    }
}
