//! Decoded chunks that were used in part and may be used again: one cache per file, shared by all its datasets. Beside
//! those that were read it holds those that are being written to.

use std::sync::{Arc, PoisonError, RwLock};

use crate::base::{Address, Cache};

use super::open_chunks::OpenChunks;

/// Names a chunk: the dataset's header, and the chunk's coordinates in it.
///
/// The dataset is part of the key: two datasets may have had a chunk at the same place one after the other.
type Key = (Address, Box<[u64]>);

/// Keeps decoded chunks up to a number of bytes.
#[derive(Debug)]
pub(crate) struct ChunkCache {
    chunks: Cache<Key, Arc<[u8]>>,
    capacity: usize,
    open: RwLock<OpenChunks>,
}

/// Chunks that are being written to get this part of the capacity beside it.
const OPEN_SHARE: usize = 4;

impl ChunkCache {
    /// A capacity of 0 turns it off.
    pub(crate) fn new(capacity: usize) -> Self {
        ChunkCache { chunks: Cache::new(capacity), capacity, open: RwLock::default() }
    }

    pub(crate) fn get(&self, dataset: Address, scaled: &[u64]) -> Option<Arc<[u8]>> {
        if self.capacity == 0 { None } else { self.chunks.get(&(dataset, scaled.into())) }
    }

    pub(crate) fn insert(&self, dataset: Address, scaled: &[u64], chunk: Arc<[u8]>) {
        if self.capacity > 0 {
            let cost = chunk.len() + 64;
            self.chunks.insert((dataset, scaled.into()), chunk, cost);
        }
    }

    pub(crate) fn remove(&self, dataset: Address, scaled: &[u64]) {
        self.chunks.remove(&(dataset, scaled.into()));
    }

    pub(crate) fn clear(&self) {
        self.chunks.clear();
    }

    /// Lets all chunks go, those that the file does not have yet among them.
    pub(crate) fn forget(&self) {
        self.clear();
        self.forget_open();
    }

    /// Bytes of chunks that are being written to that may be kept.
    pub(super) fn open_capacity(&self) -> usize {
        self.capacity / OPEN_SHARE
    }

    /// Whether the file has older chunks than those in memory.
    pub(crate) fn are_ahead(&self) -> bool {
        self.with_open(OpenChunks::are_ahead)
    }

    pub(super) fn with_open<T>(&self, f: impl FnOnce(&OpenChunks) -> T) -> T {
        f(&self.open.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn with_open_mut<T>(&self, f: impl FnOnce(&mut OpenChunks) -> T) -> T {
        f(&mut self.open.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets the chunks go that were being written to.
    pub(super) fn forget_open(&self) {
        self.with_open_mut(|open| *open = OpenChunks::default());
    }
}
