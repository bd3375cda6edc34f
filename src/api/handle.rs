//! What all handles of one open file share.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use crate::base::{Address, Error, Result};
use crate::data::{self, ChunkCache};
use crate::engine::{Core, Header};

/// One open file. Readers go side by side; a writer is alone for as long as one call takes.
#[derive(Debug)]
pub(super) struct Shared {
    core: RwLock<Core>,
    pub(super) chunks: ChunkCache,
    pub(super) path: Option<PathBuf>,
    /// The file whose external link led here.
    origin: Option<Arc<Shared>>,
    /// The files that external links of this one led to, for as long as they are in use.
    linked: Mutex<HashMap<PathBuf, Weak<Shared>>>,
    chunk_cache: usize,
}

impl Shared {
    pub(super) fn new(core: Core, chunk_cache: usize, path: Option<PathBuf>) -> Arc<Self> {
        Shared::with_origin(core, chunk_cache, path, None)
    }

    fn with_origin(
        core: Core,
        chunk_cache: usize,
        path: Option<PathBuf>,
        origin: Option<Arc<Shared>>,
    ) -> Arc<Self> {
        let (core, chunks, linked) = (RwLock::new(core), ChunkCache::new(chunk_cache), Mutex::default());
        Arc::new(Shared { core, chunks, path, origin, linked, chunk_cache })
    }

    /// Opens the file that an external link or a reference of this one names; a file that led here is that very file.
    pub(super) fn linked(self: &Arc<Self>, name: &[u8]) -> Result<Arc<Shared>> {
        let core = self.read();
        let Some(path) = core.neighbour_path(name)? else {
            let what = "the file that is named is not there";
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, what).into());
        };
        if core.path() == Some(&path) {
            return Ok(Arc::clone(self));
        }
        let mut origin = self.origin.as_ref();
        while let Some(shared) = origin {
            if shared.read().path() == Some(&path) {
                return Ok(Arc::clone(shared));
            }
            origin = shared.origin.as_ref();
        }
        let known =
            self.linked.lock().unwrap_or_else(PoisonError::into_inner).get(&path).and_then(Weak::upgrade);
        if let Some(shared) = known {
            return Ok(shared);
        }
        let opened = core.open_neighbour(&path)?;
        let origin = Some(Arc::clone(self));
        let shared = Shared::with_origin(opened, self.chunk_cache, Some(path.clone()), origin);
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        linked.retain(|_, shared| shared.strong_count() > 0);
        linked.insert(path, Arc::downgrade(&shared));
        Ok(shared)
    }

    /// Brings the files that external links led to up to date, after some were written to past their handles.
    ///
    /// No lock is held while another one is waited for: who reads such a file may be waiting for this one.
    fn refresh_linked(&self, written: &[PathBuf]) -> Result<()> {
        if written.is_empty() {
            return Ok(());
        }
        let mut rest = self.all_linked();
        while let Some(shared) = rest.pop() {
            rest.extend(shared.all_linked());
            match (&shared.origin, &shared.path) {
                (Some(origin), Some(path)) if written.contains(path) => {
                    let core = origin.read().open_neighbour(path)?;
                    *shared.write() = core;
                    shared.chunks.forget();
                }
                _ => shared.read().forget_neighbours(),
            }
        }
        Ok(())
    }

    fn all_linked(&self) -> Vec<Arc<Shared>> {
        let linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        linked.values().filter_map(Weak::upgrade).collect()
    }

    /// Says of an error in a file that an external link led to which file that is.
    pub(super) fn locate(&self, error: Error) -> Error {
        match &self.origin {
            Some(origin) => error.in_file(&self.read().file_name(), &origin.read().file_name()),
            None => error,
        }
    }

    /// No call holds this while it calls another one that asks for it.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Core> {
        self.core.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Core> {
        self.core.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, after the file was told of all chunks that are in memory.
    pub(super) fn write_stored(&self) -> Result<RwLockWriteGuard<'_, Core>> {
        let mut core = self.write();
        data::write_back(&mut core, &self.chunks)?;
        Ok(core)
    }

    /// Sees to it that the file has all chunks that are in memory, for whoever looks for them there.
    pub(super) fn store_chunks(&self) -> Result<()> {
        if self.chunks.are_ahead() { self.write_stored().map(drop) } else { Ok(()) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let core = self.core.get_mut().unwrap_or_else(PoisonError::into_inner);
        if core.is_writable() {
            // Nobody is left to be told; who wants to know calls `File::close` or `File::flush` first.
            let _ = data::write_back(core, &self.chunks);
            let _ = core.close();
        }
    }
}

/// One object of an open file.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) shared: Arc<Shared>,
    pub(super) address: Address,
    pub(super) path: String,
}

impl Handle {
    /// Calls `f` with the object's header; what goes wrong is said to be about this object.
    pub(super) fn with<T>(&self, f: impl FnOnce(&Core, &Header) -> Result<T>) -> Result<T> {
        let core = self.shared.read();
        let result = Header::load(&core, self.address).and_then(|header| f(&core, &header));
        drop(core);
        result.map_err(|e| self.shared.locate(e.of(&self.path)))
    }

    /// Calls `f` alone.
    pub(super) fn with_mut<T>(&self, f: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        let done = self.shared.write_stored().and_then(|mut core| core.edit(f));
        done.map_err(|e| e.of(&self.path))
    }

    /// Calls `f` alone, which knows of the chunks in memory, or does not care for them.
    pub(super) fn with_data_mut<T>(&self, f: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        let mut core = self.shared.write();
        let done = core.edit(f).map_err(|e| e.of(&self.path));
        let written = core.take_written();
        drop(core);
        let refreshed = self.shared.refresh_linked(&written);
        done.and_then(|value| refreshed.map(|()| value))
    }

    /// The root of another file that this one names, on the way to an object.
    pub(super) fn linked(&self, file: &[u8], object: &str) -> Result<Handle> {
        let shared = self.shared.linked(file).map_err(|e| {
            let named_by = self.shared.read().file_name();
            e.of(object).in_file(&String::from_utf8_lossy(file), &named_by)
        })?;
        let address = shared.read().superblock.root_header();
        Ok(Handle { shared, address, path: "/".to_owned() })
    }

    pub(super) fn other(&self, address: Address, path: String) -> Handle {
        Handle { shared: Arc::clone(&self.shared), address, path }
    }
}

/// Users print handles when something is wrong; the caches and all bytes of a file in memory would drown it.
impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Handle { shared, address, path } = self;
        f.debug_struct("Handle")
            .field("file", &shared.path)
            .field("address", address)
            .field("path", path)
            .finish()
    }
}
