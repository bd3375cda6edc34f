//! Where the chunks of a dataset are: one trait over all the structures that say so.

use crate::base::{Address, Error, Result};
use crate::engine::Core;
use crate::format::message::layout::{ChunkIndexKind, Chunked};

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index_btree_v1::BTree1;
use super::index_btree_v2::ChunkBTree2;
use super::index_extensible_array::ExtensibleArray;
use super::index_fixed_array::FixedArray;
use super::index_implicit::Implicit;
use super::index_single::SingleChunk;

/// A chunk in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChunkRecord {
    pub(crate) address: Address,
    /// Bytes as stored.
    pub(crate) size: u64,
    /// Bit n is set where filter n was left out.
    pub(crate) filter_mask: u32,
}

/// What is done with every chunk; it gets the coordinates.
pub(crate) type Visit<'f> = dyn FnMut(Vec<u64>, ChunkRecord) -> Result<()> + 'f;

/// Knows chunks by their scaled coordinates: chunk numbers along each axis.
///
/// An index that is not in the file yet is like one without chunks. It comes into being with its first chunk; what the
/// layout message has to say then is in [`describe`](Self::describe).
pub(crate) trait ChunkIndex: Send + Sync {
    /// The chunk with these coordinates, or none if it was never written.
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>>;

    /// Makes the index, if it is not there yet.
    fn create(&mut self, core: &mut Core) -> Result<()>;

    /// Adds a chunk, or puts it in the place of the one with the same coordinates.
    fn insert(&mut self, core: &mut Core, scaled: &[u64], record: &ChunkRecord) -> Result<()>;

    /// Takes a chunk out, if it is there. Its space is the caller's.
    fn remove(&mut self, core: &mut Core, scaled: &[u64]) -> Result<()>;

    /// Calls `f` with every chunk, without having all of them in memory.
    fn visit(&self, core: &Core, f: &mut Visit<'_>) -> Result<()>;

    /// Gives the space of the index back. That of the chunks is the caller's, unless they cannot move.
    fn delete(&mut self, core: &mut Core) -> Result<()>;

    /// Says in a layout message where the index is.
    fn describe(&self, layout: &mut Chunked);

    /// Whether chunks have space of their own, and not a place that the index gives them.
    fn can_move_chunks(&self) -> bool {
        true
    }
}

/// Opens the index of a chunked dataset.
pub(crate) fn open(core: &Core, info: &DatasetInfo, grid: &Grid) -> Result<Box<dyn ChunkIndex>> {
    let Some(chunked) = info.chunked() else { return Err(Error::misuse("the dataset is not chunked")) };
    let address = chunked.address;
    Ok(match &chunked.index {
        ChunkIndexKind::BTree1 => Box::new(BTree1::open(core, address, grid.chunk(), chunked.element_size)),
        ChunkIndexKind::Single(filtered) => Box::new(SingleChunk::new(chunked, *filtered, grid)),
        ChunkIndexKind::Implicit => Box::new(Implicit::new(info, grid, address)?),
        ChunkIndexKind::FixedArray { page_bits } => {
            Box::new(FixedArray::open(core, info, grid, address, *page_bits)?)
        }
        ChunkIndexKind::ExtensibleArray(parameters) => {
            Box::new(ExtensibleArray::open(core, info, grid, address, parameters)?)
        }
        ChunkIndexKind::BTree2 { .. } => Box::new(ChunkBTree2::open(core, info, grid, address)?),
    })
}

/// What is wrong where an index is to be changed that is not there.
pub(super) fn not_created() -> Error {
    Error::misuse("the chunk index was not created yet")
}
