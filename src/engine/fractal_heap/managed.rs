//! Managed objects: those that lie in the direct blocks of a heap.

use super::FractalHeap;
use super::changes::Changes;
use super::edit::FractalHeapEdit;
use super::free_space::Room;
use super::growth::Growth;
use super::open_block::{OpenBlock, no_room};
use super::path::Path;
use crate::base::{Address, Error, Result, Structure};
use crate::engine::{BlockKind, Core};
use crate::format;
use crate::format::fractal_heap::direct::{DirectBlock, DirectContext};
use crate::format::fractal_heap::id::FractalHeapId;
use crate::format::fractal_heap::indirect::FilteredChild;
use crate::format::fractal_heap::stored::StoredBlock;

/// Where a direct block is, and how it is stored if the heap is filtered.
type Stored = (Address, Option<FilteredChild>);

impl FractalHeapEdit {
    pub(super) fn insert_managed(
        &mut self,
        core: &mut Core,
        changes: &mut Changes,
        data: &[u8],
    ) -> Result<FractalHeapId> {
        let len = data.len() as u64;
        let offset = match self.space.take(len, &self.geometry)? {
            Some(Room::Bytes(offset)) => {
                self.write_managed(core, changes, offset, data)?;
                offset
            }
            Some(Room::Slot(slot)) => self.insert_into_new(core, changes, (slot.offset, slot.row), data)?,
            None => {
                let (header, space) = (&mut self.header, &mut self.space);
                let block = Growth { header, space, geometry: &self.geometry }.next_block(len)?;
                self.insert_into_new(core, changes, (block.offset, block.row), data)?
            }
        };
        self.header.managed_objects = self.header.managed_objects.saturating_add(1);
        // A statistic that libhdf5 itself lets drift: what it adds up to is no reason to refuse the heap.
        self.header.free_space = self.header.free_space.saturating_sub(len);
        Ok(FractalHeapId::Managed { offset, len })
    }

    pub(super) fn remove_managed(
        &mut self,
        core: &mut Core,
        changes: &mut Changes,
        offset: u64,
        len: u64,
    ) -> Result<()> {
        let heap = FractalHeap::open(core, self.address)?;
        let (place, _) = heap.block_of(offset, len)?;
        let (free, free_len) = self.space.give(offset, len).map_err(|e| heap.located(e))?;
        let room = place.begin + self.geometry.overhead;
        if free < room || free.saturating_add(free_len) > place.begin.saturating_add(place.size) {
            return Err(heap.bad("offset of a free-space section", free, "not within one direct block"));
        }
        let Some(objects) = self.header.managed_objects.checked_sub(1) else {
            return Err(heap.bad("number of managed objects", 0, "the heap has one that is not counted"));
        };
        self.header.managed_objects = objects;
        self.header.free_space = self.header.free_space.saturating_add(len);
        if free_len == place.size - self.geometry.overhead {
            self.remove_block(core, changes, place.begin, place.size, (place.address, place.stored))?;
        }
        Ok(())
    }

    /// Writes an object into a direct block that is there.
    pub(super) fn write_managed(
        &mut self,
        core: &mut Core,
        changes: &mut Changes,
        offset: u64,
        data: &[u8],
    ) -> Result<()> {
        let heap = FractalHeap::open(core, self.address)?;
        let (place, block) = heap.block_of(offset, data.len() as u64)?;
        // Where nothing is filtered the block stays where it is, and nothing above it changes.
        if !self.cx.filtered {
            drop(block);
            return OpenBlock::write(core, self.address, &place, offset, data);
        }
        let mut block = DirectBlock::clone(&block);
        copy(&mut block, offset, data)?;
        let mut path = Path::to(&heap, &self.header, &self.geometry, place.begin)?;
        self.store_direct(core, changes, &mut path, &block, Some((place.address, place.stored)))?;
        path.store(core, changes, &mut self.header, self.cx)
    }

    /// Writes an object into a direct block that is not there yet, at an offset and in a row of the heap; returns where
    /// the object begins.
    fn insert_into_new(
        &mut self,
        core: &mut Core,
        changes: &mut Changes,
        (begin, row): (u64, u32),
        data: &[u8],
    ) -> Result<u64> {
        let heap = FractalHeap::open(core, self.address)?;
        let mut path = Path::to(&heap, &self.header, &self.geometry, begin)?;
        if path.leaf()?.is_some() {
            return Err(heap.bad("offset in the heap", begin, "a block is where none should be"));
        }
        if heap.header.root_rows == 0 && self.header.root_rows > 0 {
            // The new root's first entry has what the header had.
            self.set_root_filter(None);
        }
        let size = self.geometry.table.block_size(row)?;
        let cx = DirectContext { heap: self.cx, size };
        let mut block = DirectBlock::new(self.address, begin, &cx, &core.budget)?;
        let offset = begin + self.geometry.overhead;
        copy(&mut block, offset, data)?;
        let used = self.geometry.overhead + data.len() as u64;
        if size > used {
            self.space.give(begin + used, size - used)?;
        }
        self.header.allocated_space = self.header.allocated_space.saturating_add(size);
        self.store_direct(core, changes, &mut path, &block, None)?;
        path.store(core, changes, &mut self.header, self.cx)?;
        Ok(offset)
    }

    /// Plans to write a direct block, and lets what is above it know where it is.
    fn store_direct(
        &mut self,
        core: &mut Core,
        changes: &mut Changes,
        path: &mut Path,
        block: &DirectBlock,
        old: Option<Stored>,
    ) -> Result<()> {
        let size = block.len();
        let cx = DirectContext { heap: self.cx, size };
        if !self.cx.filtered {
            let address = match old {
                Some((address, _)) => address,
                None => {
                    let address = changes.allocate(core, size, BlockKind::LocalHeap)?;
                    path.set_leaf(&mut self.header, address, None)?;
                    address
                }
            };
            return changes.put(address, block, &cx);
        }
        let bytes = format::encode(block, &cx)?;
        let (bytes, mask) = FractalHeap::open(core, self.address)?.encode_stored(bytes, size)?;
        let stored = FilteredChild { size: bytes.len() as u64, mask };
        let address = match old {
            Some((address, Some(old))) if old.size == stored.size => address,
            old => {
                if let Some((address, Some(old))) = old {
                    changes.release(address, old.size);
                }
                changes.allocate(core, stored.size, BlockKind::LocalHeap)?
            }
        };
        changes.put_stored(address, StoredBlock(bytes));
        path.set_leaf(&mut self.header, address, Some(stored))
    }

    /// Takes a direct block away that has no object any more.
    fn remove_block(
        &mut self,
        core: &mut Core,
        changes: &mut Changes,
        begin: u64,
        size: u64,
        (address, stored): Stored,
    ) -> Result<()> {
        changes.release(address, stored.map_or(size, |stored| stored.size));
        if self.header.root_rows == 0 {
            self.set_empty();
            return Ok(());
        }
        let heap = FractalHeap::open(core, self.address)?;
        let mut path = Path::to(&heap, &self.header, &self.geometry, begin)?;
        let gone = path.remove_leaf(changes)?;
        self.header.allocated_space = self.header.allocated_space.saturating_sub(size);
        let end = gone.gap().end_offset(&self.geometry)?;
        self.space.forget(gone.gap().offset(&self.geometry)?..end);
        if (begin + 1..=end).contains(&self.header.iterator_offset) {
            // It was the last one: the next block goes behind the one before it.
            let last = path.end_of_blocks(&heap, &self.geometry)?.unwrap_or(0);
            if last > begin {
                return Err(heap.bad(
                    "offset of the block allocation iterator",
                    last,
                    "before the last block",
                ));
            }
            self.header.iterator_offset = last;
            self.space.forget(last..u64::MAX);
        } else {
            self.space.give_blocks(gone.gap(), &self.geometry)?;
        }
        match path.root_blocks() {
            (0, _) => {
                path.remove_root(changes);
                self.set_empty();
                return Ok(());
            }
            (1, Some(0)) if gone.was_in_root => return self.revert_root(path, changes),
            (_, Some(last)) if gone.was_in_root && gone.entry > last => self.halve_root(&mut path, last)?,
            _ => {}
        }
        path.store(core, changes, &mut self.header, self.cx)
    }

    /// Makes the first direct block the root of a heap that has no other one.
    fn revert_root(&mut self, path: Path, changes: &mut Changes) -> Result<()> {
        let Some((address, stored)) = path.remove_root(changes) else {
            return Err(
                Error::malformed("the root has no first block").within(Structure::FractalHeapIndirect)
            );
        };
        let rows = u32::from(self.header.root_rows);
        let lost = self.geometry.room_of_rows(rows)? - self.geometry.block_room(0)?;
        self.header.free_space = self.header.free_space.saturating_sub(lost);
        (self.header.root, self.header.root_rows) = (Some(address), 0);
        self.header.managed_space = self.geometry.table.start;
        self.header.iterator_offset = self.geometry.table.start;
        self.set_root_filter(stored);
        Ok(())
    }

    /// Takes rows from a root that is empty from the middle on, as libhdf5 does: down to the power of two that holds
    /// the last block. A root that was made with all its rows keeps them.
    fn halve_root(&mut self, path: &mut Path, last: u64) -> Result<()> {
        let (rows, last_row) = (u32::from(self.header.root_rows), self.geometry.row(last)?);
        let left = 2u32 << last_row.max(1).ilog2();
        if self.header.start_root_rows == 0 || last_row > rows / 2 || left >= rows {
            return Ok(());
        }
        let lost = self.geometry.room_of_rows(rows)? - self.geometry.room_of_rows(left)?;
        self.header.free_space = self.header.free_space.saturating_sub(lost);
        self.header.managed_space = self.geometry.table.span(left)?;
        self.header.root_rows = u16::try_from(left)
            .map_err(|_| Error::field("rows of the root indirect block", left.into(), "over the maximum"))?;
        path.shrink_root(left, &self.geometry)
    }

    fn set_empty(&mut self) {
        self.space.forget(0..u64::MAX);
        (self.header.root, self.header.root_rows) = (None, 0);
        self.header.managed_space = 0;
        self.header.allocated_space = 0;
        self.header.iterator_offset = 0;
        self.header.free_space = 0;
        self.set_root_filter(None);
    }

    fn set_root_filter(&mut self, stored: Option<FilteredChild>) {
        if let Some(filter) = &mut self.header.filter {
            (filter.root_size, filter.root_mask) = stored.map_or((0, 0), |stored| (stored.size, stored.mask));
        }
    }
}

fn copy(block: &mut DirectBlock, offset: u64, data: &[u8]) -> Result<()> {
    match block.get_mut(offset, data.len() as u64) {
        Some(place) => {
            place.copy_from_slice(data);
            Ok(())
        }
        None => Err(no_room(offset)),
    }
}
