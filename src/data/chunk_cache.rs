//! Decoded chunks that were used in part and may be used again: one cache per file, shared by all its datasets.

use std::sync::Arc;

use crate::base::{Address, Cache};

/// Names a chunk: the dataset's header, and the chunk's coordinates in it.
///
/// The dataset is part of the key: two datasets may have had a chunk at the same place one after the other.
type Key = (Address, Box<[u64]>);

/// Keeps decoded chunks up to a number of bytes.
#[derive(Debug)]
pub(crate) struct ChunkCache {
    chunks: Cache<Key, Arc<[u8]>>,
    capacity: usize,
}

impl ChunkCache {
    /// A capacity of 0 turns it off.
    pub(crate) fn new(capacity: usize) -> Self {
        ChunkCache { chunks: Cache::new(capacity), capacity }
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
}
