//! A bounded cache of blocks of a storage, for the many small reads of metadata.

use std::io;
use std::sync::Arc;

use super::{Storage, past_the_end};
use crate::base::Cache;

/// Reads small pieces by way of whole blocks, and keeps those.
#[derive(Debug)]
pub(crate) struct BlockCache {
    blocks: Cache<u64, Arc<[u8]>>,
}

/// Large enough to hold a group's worth of small headers, small enough not to matter for a single one.
const BLOCK: usize = 8 << 10;
const CAPACITY: usize = 8 << 20;

impl BlockCache {
    pub(crate) fn new() -> Self {
        BlockCache { blocks: Cache::new(CAPACITY) }
    }

    /// Fills `buffer` from `offset` on, as [`Storage::read_at`] does.
    pub(crate) fn read_at(&self, storage: &dyn Storage, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if buffer.len() > BLOCK {
            return storage.read_at(offset, buffer);
        }
        let mut done = 0;
        while done < buffer.len() {
            let at = offset.checked_add(done as u64).ok_or_else(past_the_end)?;
            let (index, skip) = (at / BLOCK as u64, at % BLOCK as u64);
            let block = self.block(storage, index)?;
            let skip = usize::try_from(skip).map_err(|_| past_the_end())?;
            let part = block.get(skip..).filter(|part| !part.is_empty()).ok_or_else(past_the_end)?;
            let len = part.len().min(buffer.len() - done);
            buffer[done..done + len].copy_from_slice(&part[..len]);
            done += len;
        }
        Ok(())
    }

    /// Forgets everything that overlaps these bytes, since they are about to change.
    pub(crate) fn forget(&self, offset: u64, len: u64) {
        if len >= CAPACITY as u64 {
            return self.blocks.clear();
        }
        let last = offset.saturating_add(len) / BLOCK as u64;
        (offset / BLOCK as u64..=last).for_each(|index| self.blocks.remove(&index));
    }

    fn block(&self, storage: &dyn Storage, index: u64) -> io::Result<Arc<[u8]>> {
        if let Some(block) = self.blocks.get(&index) {
            return Ok(block);
        }
        let start = index.checked_mul(BLOCK as u64).ok_or_else(past_the_end)?;
        let available = storage.len()?.saturating_sub(start).min(BLOCK as u64);
        let mut block = vec![0; usize::try_from(available).map_err(|_| past_the_end())?];
        storage.read_at(start, &mut block)?;
        let block: Arc<[u8]> = block.into();
        // A block that is cut short by the end of the file would be wrong as soon as the file grows.
        if block.len() == BLOCK {
            self.blocks.insert(index, Arc::clone(&block), BLOCK);
        }
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryStorage;

    #[test]
    fn it_reads_what_is_there_and_forgets_what_changes() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 100).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
        let storage = MemoryStorage::new(bytes.clone());
        let cache = BlockCache::new();
        let mut buffer = [0; 300];
        for offset in [0, BLOCK - 150, BLOCK, 3 * BLOCK - 200] {
            cache.read_at(&storage, offset as u64, &mut buffer).unwrap();
            assert_eq!(buffer[..], bytes[offset..offset + 300]);
        }
        assert!(cache.read_at(&storage, 3 * BLOCK as u64, &mut buffer).is_err());
        assert!(cache.read_at(&storage, u64::MAX - 4, &mut buffer).is_err());
        storage.write_at(10, b"new").unwrap();
        cache.forget(10, 3);
        cache.read_at(&storage, 10, &mut buffer[..3]).unwrap();
        assert_eq!(&buffer[..3], b"new");
    }
}
