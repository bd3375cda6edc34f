//! Chunks in a version 2 B-tree: what datasets with several unlimited axes have.

use crate::base::{Address, Error, Result};
use crate::engine::{BTree2, Core};
use crate::format::btree_v2_record::{ChunkRecord as Record, ChunkRecordContext, RecordType};
use crate::format::chunk_element::{ElementContext, filtered_size_width};

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index::{ChunkIndex, ChunkRecord};

/// From this version of the layout message on, stored sizes are as wide as lengths are.
const FIRST_WIDE_LAYOUT: u8 = 5;

/// The tree below a header.
pub(super) struct ChunkBTree2 {
    header: Address,
    record_type: RecordType,
    cx: ChunkRecordContext,
    chunk_bytes: u64,
}

impl ChunkBTree2 {
    pub(super) fn open(core: &Core, info: &DatasetInfo, grid: &Grid, header: Address) -> Result<Self> {
        let sizes = core.sizes();
        let filtered = info.filters.as_ref().is_some_and(|pipeline| !pipeline.filters.is_empty());
        let width = match info.layout.version {
            FIRST_WIDE_LAYOUT.. => sizes.length,
            _ => filtered_size_width(grid.chunk_bytes()),
        };
        let rank = u8::try_from(grid.rank()).map_err(|_| Error::malformed("a rank over 255"))?;
        let element = ElementContext { sizes, size_width: filtered.then_some(width) };
        let record_type = if filtered { RecordType::ChunkFiltered } else { RecordType::Chunk };
        let cx = ChunkRecordContext { element, rank };
        Ok(ChunkBTree2 { header, record_type, cx, chunk_bytes: grid.chunk_bytes() })
    }
}

impl ChunkIndex for ChunkBTree2 {
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let tree = BTree2::open(core, self.header, self.record_type)?;
        let found = tree.find(|record| {
            let record: Record = tree.decode(record, &self.cx)?;
            Ok(record.scaled.as_slice().cmp(scaled))
        })?;
        let Some(found) = found else { return Ok(None) };
        let chunk = tree.decode::<Record>(&found, &self.cx)?.chunk;
        let filtered = self.cx.element.size_width.is_some();
        let size = if filtered { chunk.size } else { self.chunk_bytes };
        Ok(chunk.address.map(|address| ChunkRecord { address, size, filter_mask: chunk.filter_mask }))
    }
}
