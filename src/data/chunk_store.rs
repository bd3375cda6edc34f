//! Storing encoded chunks, and keeping the index and the dataset's header in step with them.

use crate::base::{Address, Result};
use crate::engine::{Core, Header};
use crate::format::message::layout::{Layout, Storage};

use super::chunk_access::ChunkAccess;
use super::index::ChunkRecord;

impl ChunkAccess {
    /// Stores an encoded chunk: over the old one if it is as long and that is allowed, else in new space.
    pub(super) fn put(
        &mut self,
        core: &mut Core,
        scaled: &[u64],
        old: Option<ChunkRecord>,
        bytes: &[u8],
        filter_mask: u32,
    ) -> Result<()> {
        let size = bytes.len() as u64;
        let stays = |old: &ChunkRecord| {
            old.size == size && (!self.index.can_move_chunks() || core.may_overwrite(old.address, size))
        };
        let address = match old.filter(stays) {
            Some(old) => old.address,
            None => {
                if let Some(old) = old {
                    core.release_raw(old.address, old.size)?;
                }
                core.allocate_raw(size)?
            }
        };
        core.write_raw(address, bytes)?;
        let record = ChunkRecord { address, size, filter_mask };
        if old == Some(record) { Ok(()) } else { self.index.insert(core, scaled, &record) }
    }

    /// Finds room for a chunk that nobody writes to yet.
    pub(super) fn reserve(&mut self, core: &mut Core, scaled: &[u64]) -> Result<()> {
        let size = self.grid.chunk_bytes();
        let address = core.allocate_raw(size)?;
        self.index.insert(core, scaled, &ChunkRecord { address, size, filter_mask: 0 })
    }

    /// Takes all chunks of a list away, which are all that there are, and the index with them.
    pub(super) fn discard_all(&mut self, core: &mut Core, chunks: &[(Vec<u64>, ChunkRecord)]) -> Result<()> {
        if !self.index.can_move_chunks() {
            return Ok(());
        }
        chunks.iter().try_for_each(|(_, chunk)| core.release_raw(chunk.address, chunk.size))?;
        self.index.delete(core)
    }

    /// Takes a chunk away with its space.
    pub(super) fn discard(&mut self, core: &mut Core, scaled: &[u64], chunk: &ChunkRecord) -> Result<()> {
        if self.index.can_move_chunks() {
            core.release_raw(chunk.address, chunk.size)?;
        }
        self.index.remove(core, scaled)
    }

    /// A layout message with what there is to say of the index.
    pub(super) fn described(&self, mut layout: Layout) -> Layout {
        if let Storage::Chunked(chunked) = &mut layout.storage {
            self.index.describe(chunked);
        }
        layout
    }

    /// Tells the dataset's header what it does not know yet of the index; `layout` is what the header says.
    pub(super) fn publish(&self, core: &mut Core, dataset: Address, layout: &mut Layout) -> Result<()> {
        let new = self.described(layout.clone());
        if new == *layout {
            return Ok(());
        }
        *layout = new;
        store_layout(core, dataset, layout)
    }
}

/// Puts a changed layout message into the dataset's header.
pub(super) fn store_layout(core: &mut Core, dataset: Address, layout: &Layout) -> Result<()> {
    let mut header = Header::clone(&*Header::load(core, dataset)?);
    header.set(core, layout, 0)?;
    header.store(core)
}
