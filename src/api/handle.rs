//! What all handles of one open file share.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::base::{Address, Result};
use crate::data::ChunkCache;
use crate::engine::{Core, Header};

/// One open file. Readers go side by side; a writer is alone for as long as one call takes.
#[derive(Debug)]
pub(super) struct Shared {
    core: RwLock<Core>,
    pub(super) chunks: ChunkCache,
    pub(super) path: Option<PathBuf>,
}

impl Shared {
    pub(super) fn new(core: Core, chunk_cache: usize, path: Option<PathBuf>) -> Arc<Self> {
        Arc::new(Shared { core: RwLock::new(core), chunks: ChunkCache::new(chunk_cache), path })
    }

    /// No call holds this while it calls another one that asks for it.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Core> {
        self.core.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Core> {
        self.core.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let core = self.core.get_mut().unwrap_or_else(PoisonError::into_inner);
        if core.is_writable() {
            // Nobody is left to be told; who wants to know calls `File::close` or `File::flush` first.
            let _ = core.flush();
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
        Header::load(&core, self.address).and_then(|header| f(&core, &header)).map_err(|e| e.of(&self.path))
    }

    /// Calls `f` alone.
    pub(super) fn with_mut<T>(&self, f: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        let mut core = self.shared.write();
        core.txn_mut().map(|_| ()).and_then(|()| f(&mut core)).map_err(|e| e.of(&self.path))
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
