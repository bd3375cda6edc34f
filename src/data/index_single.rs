//! A dataset that is one chunk: the layout message says where it is.

use crate::base::{Error, Result};
use crate::engine::Core;
use crate::format::message::layout::{ChunkIndexKind, Chunked};

use super::chunks::Grid;
use super::index::{ChunkIndex, ChunkRecord, Visit};

pub(super) struct SingleChunk {
    record: Option<ChunkRecord>,
    is_filtered: bool,
    rank: usize,
}

impl SingleChunk {
    /// `filtered` is the stored size and the filter mask of a chunk that goes through filters.
    pub(super) fn new(chunked: &Chunked, filtered: Option<(u64, u32)>, grid: &Grid) -> Self {
        let (size, filter_mask) = filtered.unwrap_or((grid.chunk_bytes(), 0));
        let record = chunked.address.map(|address| ChunkRecord { address, size, filter_mask });
        SingleChunk { record, is_filtered: filtered.is_some(), rank: grid.rank() }
    }
}

impl ChunkIndex for SingleChunk {
    fn find(&self, _: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        Ok(self.record.filter(|_| scaled.iter().all(|&n| n == 0)))
    }

    fn create(&mut self, _: &mut Core) -> Result<()> {
        Ok(())
    }

    fn insert(&mut self, _: &mut Core, scaled: &[u64], record: &ChunkRecord) -> Result<()> {
        if scaled.iter().any(|&n| n != 0) {
            return Err(Error::misuse("there is no place for a second chunk"));
        }
        self.record = Some(*record);
        Ok(())
    }

    fn remove(&mut self, _: &mut Core, scaled: &[u64]) -> Result<()> {
        self.record = self.record.filter(|_| scaled.iter().any(|&n| n != 0));
        Ok(())
    }

    fn visit(&self, _: &Core, f: &mut Visit<'_>) -> Result<()> {
        self.record.map_or(Ok(()), |record| f(vec![0; self.rank], record))
    }

    fn delete(&mut self, _: &mut Core) -> Result<()> {
        self.record = None;
        Ok(())
    }

    fn describe(&self, layout: &mut Chunked) {
        layout.address = self.record.map(|record| record.address);
        let (size, filter_mask) = self.record.map_or((0, 0), |record| (record.size, record.filter_mask));
        layout.index = ChunkIndexKind::Single(self.is_filtered.then_some((size, filter_mask)));
    }
}
