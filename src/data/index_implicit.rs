//! Chunks that lie one behind the other, all of them allocated from the start.

use crate::base::{Address, Error, Result, byte_count, to_usize};
use crate::engine::Core;
use crate::format::message::layout::Chunked;
use crate::select::coordinates;

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index::{ChunkIndex, ChunkRecord, Visit};
use super::numbering::Numbering;

pub(super) struct Implicit {
    numbering: Numbering,
    address: Option<Address>,
    grid: Grid,
}

impl Implicit {
    pub(super) fn new(info: &DatasetInfo, grid: &Grid, address: Option<Address>) -> Result<Self> {
        Ok(Implicit { numbering: Numbering::new(info, grid)?, address, grid: grid.clone() })
    }

    fn space(&self) -> Result<u64> {
        byte_count(self.numbering.chunks(), to_usize(self.grid.chunk_bytes())?)
    }
}

impl ChunkIndex for Implicit {
    fn find(&self, _: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let size = self.grid.chunk_bytes();
        let bytes = self.numbering.number(scaled).and_then(|n| n.checked_mul(size));
        let (Some(first), Some(bytes)) = (self.address, bytes) else { return Ok(None) };
        Ok(Some(ChunkRecord { address: first.plus(bytes)?, size, filter_mask: 0 }))
    }

    fn create(&mut self, core: &mut Core) -> Result<()> {
        if self.address.is_none() {
            self.address = Some(core.allocate_raw(self.space()?)?);
        }
        Ok(())
    }

    fn insert(&mut self, core: &mut Core, scaled: &[u64], record: &ChunkRecord) -> Result<()> {
        match self.find(core, scaled)? {
            Some(place) if place == *record => Ok(()),
            _ => Err(Error::misuse("chunks without an index have their places and no filters")),
        }
    }

    fn remove(&mut self, _: &mut Core, _: &[u64]) -> Result<()> {
        Ok(())
    }

    /// Those in the dataspace as it is now: the others are not in use.
    fn visit(&self, core: &Core, f: &mut Visit<'_>) -> Result<()> {
        let ranges = self.grid.ranges();
        let mut visited = 0;
        for scaled in coordinates(&ranges) {
            visited += 1;
            core.budget.items(visited)?;
            if let Some(record) = self.find(core, &scaled)? {
                f(scaled, record)?;
            }
        }
        Ok(())
    }

    fn delete(&mut self, core: &mut Core) -> Result<()> {
        match self.address.take() {
            Some(address) => core.release_raw(address, self.space()?),
            None => Ok(()),
        }
    }

    fn describe(&self, layout: &mut Chunked) {
        layout.address = self.address;
    }

    fn can_move_chunks(&self) -> bool {
        false
    }
}
