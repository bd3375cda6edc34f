//! Where the chunks of a dataset are: one trait over all the structures that say so.

use crate::base::{Address, Error, Result};
use crate::engine::Core;
use crate::format::message::layout::ChunkIndexKind;

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index_arrays;
use super::index_btree_v1::BTree1;
use super::index_btree_v2::ChunkBTree2;

/// A chunk in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChunkRecord {
    pub(crate) address: Address,
    /// Bytes as stored.
    pub(crate) size: u64,
    /// Bit n is set where filter n was left out.
    pub(crate) filter_mask: u32,
}

/// Finds chunks by their scaled coordinates: chunk numbers along each axis.
pub(crate) trait ChunkIndex: Send + Sync {
    /// The chunk with these coordinates, or none if it was never written.
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>>;
}

/// Opens the index of a chunked dataset.
pub(crate) fn open(core: &Core, info: &DatasetInfo, grid: &Grid) -> Result<Box<dyn ChunkIndex>> {
    let Some(chunked) = info.chunked() else { return Err(Error::misuse("the dataset is not chunked")) };
    let Some(address) = chunked.address else { return Ok(Box::new(NoChunks)) };
    Ok(match &chunked.index {
        ChunkIndexKind::BTree1 => Box::new(BTree1::open(core, address, grid.chunk(), chunked.element_size)),
        ChunkIndexKind::Single(filtered) => {
            let (size, filter_mask) = filtered.unwrap_or((grid.chunk_bytes(), 0));
            Box::new(SingleChunk(ChunkRecord { address, size, filter_mask }))
        }
        ChunkIndexKind::Implicit => Box::new(index_arrays::Implicit::new(info, grid, address)?),
        ChunkIndexKind::FixedArray { .. } => {
            Box::new(index_arrays::FixedArray::open(core, info, grid, address)?)
        }
        ChunkIndexKind::ExtensibleArray(_) => {
            Box::new(index_arrays::ExtensibleArray::open(core, info, grid, address)?)
        }
        ChunkIndexKind::BTree2 { .. } => Box::new(ChunkBTree2::open(core, info, grid, address)?),
    })
}

/// Nothing was written yet.
struct NoChunks;

impl ChunkIndex for NoChunks {
    fn find(&self, _: &Core, _: &[u64]) -> Result<Option<ChunkRecord>> {
        Ok(None)
    }
}

/// The whole dataset is one chunk.
struct SingleChunk(ChunkRecord);

impl ChunkIndex for SingleChunk {
    fn find(&self, _: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        Ok(scaled.iter().all(|&n| n == 0).then_some(self.0))
    }
}
