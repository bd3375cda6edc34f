//! The writing side of an open file: the only code that writes metadata.
//!
//! Metadata is encoded into dirty blocks, which readers of the same handle see at once, and reaches the storage when
//! there are many of them or at a flush; the superblock goes last. Raw data goes to the storage directly.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::space::Space;
use super::{Core, Header};
use crate::base::{Address, Misuse, Result, to_usize};
use crate::format::global_heap::GlobalHeap;
use crate::format::superblock::Superblock;
use crate::format::{self, Wire};

/// What a writer has to remember.
#[derive(Debug)]
pub(crate) struct Txn {
    space: Space,
    /// Blocks that are newer than the storage, by address; they do not overlap.
    dirty: BTreeMap<u64, Vec<u8>>,
    dirty_bytes: usize,
    /// The collection that new heap objects go to, with its address.
    pub(super) open_heap: Option<(Address, GlobalHeap)>,
    superblock_changed: bool,
}

/// Dirty blocks beyond this are written out early, so that memory does not grow with the file.
const SPILL: usize = 16 << 20;

/// Raw data begins at a multiple of this, so that mapped arrays of any element type are aligned.
const RAW_ALIGN: u64 = 64;

impl Txn {
    pub(super) fn new(end: u64, superblock: &Superblock) -> Self {
        Txn {
            space: Space::new(end, superblock.sizes.offset),
            dirty: BTreeMap::new(),
            dirty_bytes: 0,
            open_heap: None,
            superblock_changed: false,
        }
    }

    /// The first address behind everything that is allocated.
    pub(super) fn end(&self) -> u64 {
        self.space.end()
    }

    pub(super) fn allocate(&mut self, size: u64) -> Result<Address> {
        self.superblock_changed = true;
        self.space.allocate(size, 1)
    }

    fn allocate_raw(&mut self, size: u64) -> Result<Address> {
        self.superblock_changed = true;
        self.space.allocate(size, if size < RAW_ALIGN { 8 } else { RAW_ALIGN })
    }

    /// Lays what is dirty over bytes that were read from `address` on.
    pub(super) fn overlay(&self, address: u64, buffer: &mut [u8]) {
        lay_over(&self.dirty, address, buffer);
    }

    fn put(&mut self, address: Address, block: Vec<u8>) {
        self.dirty_bytes += block.len();
        if let Some(old) = self.dirty.insert(address.0, block) {
            self.dirty_bytes -= old.len();
        }
    }

    fn discard(&mut self, address: Address) {
        if let Some(old) = self.dirty.remove(&address.0) {
            self.dirty_bytes -= old.len();
        }
    }
}

/// Lays blocks that do not overlap over bytes that were read from `address` on.
pub(super) fn lay_over(blocks: &BTreeMap<u64, Vec<u8>>, address: u64, buffer: &mut [u8]) {
    let end = address.saturating_add(buffer.len() as u64);
    for (&start, block) in blocks.range(..end).rev() {
        let block_end = start.saturating_add(block.len() as u64);
        if block_end <= address {
            break;
        }
        let (from, to) = (start.max(address), block_end.min(end));
        let index = |position: u64, base: u64| usize::try_from(position - base).unwrap_or(usize::MAX);
        buffer[index(from, address)..index(to, address)]
            .copy_from_slice(&block[index(from, start)..index(to, start)]);
    }
}

impl Core {
    /// Refuses files that are open for reading only.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.is_writable() { Ok(()) } else { Err(Misuse::ReadOnly.into()) }
    }

    /// Finds room for metadata.
    pub(crate) fn allocate(&mut self, size: u64) -> Result<Address> {
        self.txn_mut()?.allocate(size)
    }

    /// Finds room for raw data.
    pub(crate) fn allocate_raw(&mut self, size: u64) -> Result<Address> {
        self.txn_mut()?.allocate_raw(size)
    }

    /// Stores a structure at an address that was allocated for it.
    pub(crate) fn put<T: Wire>(&mut self, address: Address, value: &T, cx: &T::Context) -> Result<()> {
        let block = format::encode(value, cx)?;
        self.decoded.remove(&address);
        let txn = self.txn_mut()?;
        txn.put(address, block);
        if txn.dirty_bytes > SPILL { self.write_dirty() } else { Ok(()) }
    }

    /// Stores a structure in new space.
    #[cfg(test)]
    pub(crate) fn put_new<T: Wire>(&mut self, value: &T, cx: &T::Context) -> Result<Address> {
        let len = value.encoded_len(cx)? as u64;
        let address = self.txn_mut()?.allocate(len)?;
        self.put(address, value, cx)?;
        Ok(address)
    }

    /// Keeps the new state of an object header that `header_edit` has stored.
    pub(super) fn remember(&mut self, header: Header, cost: usize) {
        self.headers.insert(header.address, Arc::new(header), cost);
    }

    /// Gives the space of a structure back.
    pub(crate) fn release(&mut self, address: Address, size: u64) -> Result<()> {
        self.decoded.remove(&address);
        self.headers.remove(&address);
        let txn = self.txn_mut()?;
        txn.discard(address);
        txn.space.release(address, size);
        Ok(())
    }

    /// Writes raw data into space that was allocated for it.
    pub(crate) fn write_raw(&mut self, address: Address, data: &[u8]) -> Result<()> {
        self.txn_mut()?;
        let offset = self.offset(address)?;
        self.write_through(offset, data)
    }

    fn write_through(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        self.blocks.forget(offset, data.len() as u64);
        self.storage.write_at(offset, data)?;
        self.storage_len = self.storage_len.max(offset + data.len() as u64);
        Ok(())
    }

    /// Hands everything to the storage; the superblock last.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.seal_heap()?;
        self.write_dirty()?;
        let txn = self.txn_mut()?;
        if !std::mem::take(&mut txn.superblock_changed) {
            return Ok(());
        }
        let end = self.superblock.base + self.txn_mut()?.space.end();
        if self.storage_len != end {
            self.blocks.forget(self.storage_len.min(end), self.storage_len.abs_diff(end));
            self.storage.set_len(end)?;
            self.storage_len = end;
        }
        self.superblock.end_of_file = end;
        let block = format::encode(&self.superblock, &())?;
        let base = self.superblock.base;
        self.write_through(base, &block)
    }

    /// Waits until what was flushed is on the medium.
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.flush()?;
        Ok(self.storage.sync()?)
    }

    fn write_dirty(&mut self) -> Result<()> {
        let txn = self.txn_mut()?;
        let dirty = std::mem::take(&mut txn.dirty);
        txn.dirty_bytes = 0;
        let mut run: (u64, Vec<u8>) = (0, Vec::new());
        for (start, block) in dirty {
            let adjacent = run.0 + run.1.len() as u64 == start && run.1.len() < SPILL;
            if !adjacent {
                self.write_run(&run)?;
                run = (start, Vec::new());
            }
            run.1.extend_from_slice(&block);
        }
        self.write_run(&run)
    }

    fn write_run(&mut self, (address, bytes): &(u64, Vec<u8>)) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let offset = self.offset(Address(*address))?;
        self.write_through(offset, bytes)
    }

    /// Puts the open heap collection among the dirty blocks.
    pub(super) fn seal_heap(&mut self) -> Result<()> {
        let Some((address, heap)) = self.txn_mut()?.open_heap.take() else { return Ok(()) };
        let sizes = self.sizes();
        self.put(address, &heap, &sizes)
    }

    /// Fills new space with one byte, in pieces.
    pub(crate) fn fill_raw(&mut self, address: Address, len: u64, pattern: &[u8]) -> Result<()> {
        const PIECE: usize = 1 << 20;
        let repeats = (PIECE / pattern.len().max(1)).max(1);
        let piece = pattern.repeat(repeats);
        let mut done = 0;
        while done < len {
            let part = piece.len().min(to_usize(len - done)?);
            self.write_raw(address.plus(done)?, &piece[..part])?;
            done += part as u64;
        }
        Ok(())
    }
}
