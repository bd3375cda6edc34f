//! The files that an open file names: found under the policy, opened for reading, kept for the next time.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::driver::member_storage;
use super::file_access::{FileAccess, Place, Surroundings};
use super::{Core, Driver, OpenOptions};
use crate::base::{Address, Budget, Error, Result};
use crate::storage::{FileLocking, FileStorage, Storage};

/// What the elements of a virtual dataset are whose source is not there: the file or the dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingSources {
    /// An error that names the source.
    #[default]
    Error,
    /// The fill value, as libhdf5 has it.
    Fill,
}

/// How the files that an open file names are dealt with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    /// Where the file itself lies.
    pub(crate) path: Option<PathBuf>,
    pub(crate) access: FileAccess,
    /// Which files may be written to. None: those of raw data below, by the names that the session has given.
    pub(crate) write_access: Option<FileAccess>,
    /// How those are locked that are written to.
    pub(crate) locking: FileLocking,
    pub(crate) missing_sources: MissingSources,
    /// Bytes of decoded chunks that are kept of each of them.
    pub(crate) chunk_cache: usize,
}

/// The files that one open file names.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    pub(super) surroundings: Surroundings,
    /// The same for what is written to.
    pub(super) written: Surroundings,
    /// The names that may be written to, unless the policy alone decides.
    own_names: Option<HashSet<Vec<u8>>>,
    pub(super) options: OpenOptions,
    /// How many files lie between the opened one and this one.
    depth: u32,
    /// The open ones; the last one was used last.
    open: Mutex<Vec<(PathBuf, Arc<Core>)>>,
    /// Those that were written to since somebody asked.
    pub(super) touched: Vec<PathBuf>,
    /// What the layers above keep with a file that has no handle of its own.
    attached: OnceLock<Arc<dyn Any + Send + Sync>>,
    /// The shapes of virtual datasets that depend on their sources, by the addresses of their headers.
    shapes: Mutex<HashMap<Address, Vec<u64>>>,
}

/// So many stay open: a virtual dataset can have more sources than a process may have open files.
const KEPT: usize = 16;

/// So many shapes are remembered.
const KNOWN_SHAPES: usize = 1 << 12;

/// A file that an open file names; it may be one that is open already, such as that file itself.
pub(crate) enum Neighbour<'a> {
    Own(&'a Core),
    Other(Arc<Core>),
}

impl Deref for Neighbour<'_> {
    type Target = Core;

    fn deref(&self) -> &Core {
        match self {
            Neighbour::Own(core) => core,
            Neighbour::Other(core) => core,
        }
    }
}

impl Neighbours {
    pub(super) fn new(options: &OpenOptions) -> Result<Self> {
        let beside = &options.beside;
        let surroundings = Surroundings::new(beside.path.as_deref(), &beside.access)?;
        let write_access = beside.write_access.clone().unwrap_or(FileAccess::Below);
        let written = Surroundings::for_writing(beside.path.as_deref(), &write_access)?;
        let own_names = if beside.write_access.is_none() { Some(HashSet::new()) } else { None };
        let options = OpenOptions { write: false, ..options.clone() };
        Ok(Neighbours { surroundings, written, own_names, options, ..Neighbours::default() })
    }

    pub(super) fn open(&self, path: &Path, write: bool) -> Result<Core> {
        let depth = self.depth + 1;
        Budget::new(self.options.limits).depth(depth)?;
        let surroundings = self.surroundings.of_neighbour(path)?;
        let storage: Arc<dyn Storage> = match member_storage(path, &Driver::Auto, &surroundings)? {
            Some(_) if write => {
                return Err(Error::unsupported(
                    "writing through a virtual dataset to a file of several members",
                ));
            }
            Some(storage) => storage,
            None if write => Arc::new(FileStorage::open_rw(path, self.options.beside.locking)?),
            None => Arc::new(FileStorage::open(path, FileLocking::Off)?),
        };
        let beside = Beside::default();
        let mut core = Core::open(storage, OpenOptions { write, beside, ..self.options.clone() })?;
        let written = if write { self.written.of_neighbour(path)? } else { Surroundings::default() };
        let options = self.options.clone();
        core.neighbours = Neighbours { surroundings, written, options, depth, ..Neighbours::default() };
        Ok(core)
    }

    /// Closes those that stay open; they are read anew when they are needed.
    pub(super) fn forget(&self) {
        self.kept().clear();
    }

    fn shapes(&self) -> MutexGuard<'_, HashMap<Address, Vec<u64>>> {
        self.shapes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(PathBuf, Arc<Core>)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// The other file that lies there.
    pub(crate) fn neighbour(&self, path: PathBuf) -> Result<Arc<Core>> {
        {
            let mut kept = self.neighbours.kept();
            if let Some(index) = kept.iter().position(|(known, _)| *known == path) {
                let entry = kept.remove(index);
                let core = Arc::clone(&entry.1);
                kept.push(entry);
                return Ok(core);
            }
        }
        let named = |e: Error| e.in_file(&path.to_string_lossy(), &self.file_name());
        let core = Arc::new(self.neighbours.open(&path, false).map_err(named)?);
        let mut kept = self.neighbours.kept();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((path, Arc::clone(&core)));
        Ok(core)
    }

    /// Opens a file for a handle of its own.
    pub(crate) fn open_neighbour(&self, path: &Path) -> Result<Core> {
        self.neighbours.open(path, false).map_err(|e| e.in_file(&path.to_string_lossy(), &self.file_name()))
    }

    /// Where the HDF5 file of this name lies, symbolic links followed; none if there is none.
    pub(crate) fn neighbour_path(&self, name: &[u8]) -> Result<Option<PathBuf>> {
        self.neighbours.surroundings.find(name, true)
    }

    /// Opens a file of raw data; none if there is none.
    pub(crate) fn raw_neighbour(&self, name: &[u8]) -> Result<Option<FileStorage>> {
        match self.neighbours.surroundings.find(name, false)? {
            Some(path) => Ok(Some(FileStorage::open(path, FileLocking::Off)?)),
            None => Ok(None),
        }
    }

    /// Takes a name that the caller, and not the file, has given to a file of raw data.
    pub(crate) fn name_raw_neighbour(&mut self, name: &[u8]) {
        if let Some(own) = &mut self.neighbours.own_names {
            own.insert(name.to_vec());
        }
    }

    /// Opens a file of raw data to write to it, and creates it where it is missing.
    pub(crate) fn raw_neighbour_mut(&mut self, name: &[u8]) -> Result<FileStorage> {
        self.check_writable()?;
        if self.neighbours.own_names.as_ref().is_some_and(|own| !own.contains(name)) {
            let why = "the file itself has named it, and not the program";
            return Err(self.neighbours.written.refused(name, why));
        }
        Ok(match self.neighbours.written.place(name)? {
            Place::There(path) => FileStorage::open_rw(path, FileLocking::Off)?,
            Place::New(path) => FileStorage::create_new(path, FileLocking::Off)?,
        })
    }

    /// Where the file lies, symbolic links followed.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.neighbours.surroundings.path()
    }

    /// The file's name for messages.
    pub(crate) fn file_name(&self) -> String {
        self.path().map_or("(in memory)".to_owned(), |path| path.to_string_lossy().into_owned())
    }

    pub(crate) fn missing_sources(&self) -> MissingSources {
        self.neighbours.options.beside.missing_sources
    }

    /// Bytes of decoded chunks to keep of a file that was opened as a neighbour.
    pub(crate) fn neighbour_chunk_cache(&self) -> usize {
        self.neighbours.options.beside.chunk_cache
    }

    /// What a layer above keeps with the file; `make` makes it the first time.
    pub(crate) fn attached<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        let attached = self.neighbours.attached.get_or_init(|| Arc::new(make()));
        Arc::clone(attached).downcast().ok()
    }

    /// The shape that a virtual dataset was found to have. What a file that is open for reading names is taken to stay
    /// as it is.
    pub(crate) fn known_shape(&self, dataset: Address) -> Option<Vec<u64>> {
        self.neighbours.shapes().get(&dataset).cloned()
    }

    pub(crate) fn remember_shape(&self, dataset: Address, shape: &[u64]) {
        let mut shapes = self.neighbours.shapes();
        if !self.is_writable() && shapes.len() < KNOWN_SHAPES {
            shapes.insert(dataset, shape.to_vec());
        }
    }
}
