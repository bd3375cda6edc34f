//! Direct blocks that get object after object: they are encoded, with their checksums, when a state is published.

use std::sync::Arc;

use super::{FractalHeap, Place};
use crate::base::{Address, Error, Result, Structure};
use crate::engine::Core;
use crate::engine::kept_open::Reversible;
use crate::format::fractal_heap::direct::{DirectBlock, DirectContext};

/// A direct block of a heap without filters, as it is going to be.
#[derive(Debug)]
pub(in crate::engine) struct OpenBlock {
    block: Arc<DirectBlock>,
    cx: DirectContext,
    /// The file has something else.
    is_changed: bool,
    /// Bytes that were written over, with their offset in the heap, since the block was settled.
    replaced: Vec<(u64, Vec<u8>)>,
}

impl Reversible for OpenBlock {
    type Moment = (usize, bool);

    fn moment(&self) -> (usize, bool) {
        (self.replaced.len(), self.is_changed)
    }

    fn go_back(&mut self, (replaced, is_changed): (usize, bool)) {
        let block = Arc::make_mut(&mut self.block);
        for (offset, bytes) in self.replaced.drain(replaced..).rev() {
            if let Some(place) = block.get_mut(offset, bytes.len() as u64) {
                place.copy_from_slice(&bytes);
            }
        }
        self.is_changed = is_changed;
    }

    fn settle(&mut self) {
        self.replaced.clear();
    }
}

impl OpenBlock {
    pub(super) fn block(&self) -> Arc<DirectBlock> {
        Arc::clone(&self.block)
    }

    /// Writes bytes to their offset in the heap, into the block that is there.
    pub(super) fn write(
        core: &mut Core,
        heap: Address,
        place: &Place,
        offset: u64,
        data: &[u8],
    ) -> Result<()> {
        let mut open = match core.txn_mut()?.blocks.take(place.address) {
            Some(open) => open,
            None => {
                let heap = FractalHeap::open(core, heap)?;
                let (block, cx) = (heap.direct(place)?, DirectContext { heap: heap.cx, size: place.size });
                OpenBlock { block, cx, is_changed: false, replaced: Vec::new() }
            }
        };
        core.decoded.remove(&place.address);
        let written = open.put(offset, data);
        let txn = core.txn_mut()?;
        txn.changed = true;
        txn.blocks.put(place.address, open);
        written
    }

    fn put(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        let block = Arc::make_mut(&mut self.block);
        let Some(place) = block.get_mut(offset, data.len() as u64) else { return Err(no_room(offset)) };
        self.replaced.push((offset, place.to_vec()));
        self.is_changed = true;
        place.copy_from_slice(data);
        Ok(())
    }

    /// Encodes a block that is kept open, if it has changed.
    pub(in crate::engine) fn store(core: &mut Core, address: Address) -> Result<()> {
        let blocks = &mut core.txn_mut()?.blocks;
        if !blocks.get(address).is_some_and(|open| open.is_changed) {
            return Ok(());
        }
        let Some(mut open) = blocks.take(address) else { return Ok(()) };
        let stored = core.put(address, &*open.block, &open.cx);
        open.is_changed = stored.is_err();
        core.txn_mut()?.blocks.put(address, open);
        stored
    }
}

/// The error for bytes that are not within the block that they are to go to.
pub(super) fn no_room(offset: u64) -> Error {
    let error = Error::field("offset in the heap", offset, "the block there has no room for the object");
    error.within(Structure::FractalHeapDirect)
}
