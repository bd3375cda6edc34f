//! Changing a fractal heap: objects are inserted, removed and written over, and heaps made and deleted.
//!
//! What libhdf5 keeps in a heap is kept as it does: it goes on editing a heap that was edited here, and the other way
//! round. Each call is planned in memory first; one that fails has changed nothing.

use super::FractalHeap;
use super::changes::Changes;
use super::free_space::FreeSpace;
use super::geometry::Geometry;
use crate::base::{Address, Error, Result, Structure};
use crate::engine::kept_open::Reversible;
use crate::engine::{BlockKind, Core};
use crate::format::fractal_heap::HeapContext;
use crate::format::fractal_heap::doubling_table::DoublingTable;
use crate::format::fractal_heap::header::{CHECKSUMMED, FractalHeapHeader, HeapFilter};
use crate::format::fractal_heap::id::FractalHeapId;
use crate::format::message::filter_pipeline::FilterPipeline;
use crate::format::{self, Wire};

/// A heap, ready to be changed. There must not be two of one heap at a time: each keeps the header in memory.
#[derive(Clone, Debug)]
pub(crate) struct FractalHeapEdit {
    pub(super) address: Address,
    pub(super) header: FractalHeapHeader,
    pub(super) cx: HeapContext,
    pub(super) geometry: Geometry,
    /// What is free in the heap, while it is being changed; else it is kept open by the file.
    pub(super) space: FreeSpace,
}

/// What a heap is made for: libhdf5 has parameters for each kind of object.
#[derive(Clone, Debug)]
pub(crate) enum HeapCreation {
    /// The links of a group, whose blocks and huge objects may pass through filters.
    Links(Option<FilterPipeline>),
    /// The attributes of an object, or shared messages.
    Attributes,
}

impl HeapCreation {
    fn header(&self, core: &Core) -> Result<FractalHeapHeader> {
        let (id_len, max_bits, pipeline) = match self {
            HeapCreation::Links(pipeline) => (7, 32, pipeline.as_ref()),
            HeapCreation::Attributes => (8, 40, None),
        };
        let filter = match pipeline {
            Some(pipeline) if !pipeline.filters.is_empty() => {
                let pipeline = format::encode(pipeline, &core.sizes())?;
                Some(HeapFilter { root_size: 0, root_mask: 0, pipeline })
            }
            _ => None,
        };
        Ok(FractalHeapHeader {
            id_len,
            flags: CHECKSUMMED,
            max_managed_size: 4096,
            next_huge_id: 0,
            huge_btree: None,
            free_space: 0,
            free_space_manager: None,
            managed_space: 0,
            allocated_space: 0,
            iterator_offset: 0,
            managed_objects: 0,
            huge_size: 0,
            huge_objects: 0,
            tiny_size: 0,
            tiny_objects: 0,
            table: DoublingTable { width: 4, start: 512, max_direct: 65536, max_bits },
            start_root_rows: 1,
            root: None,
            root_rows: 0,
            filter,
        })
    }
}

impl FractalHeapEdit {
    /// Makes a heap without objects; returns the address of its header.
    pub(crate) fn create(core: &mut Core, kind: HeapCreation) -> Result<Address> {
        core.check_writable()?;
        let header = kind.header(core)?;
        Changes::of(core, |core, changes| {
            let sizes = core.sizes();
            let address =
                changes.allocate(core, header.encoded_len(&sizes)? as u64, BlockKind::ObjectHeader)?;
            changes.put(address, &header, &sizes)?;
            Ok(address)
        })
    }

    /// Opens the heap whose header is at an address.
    pub(crate) fn open(core: &Core, address: Address) -> Result<FractalHeapEdit> {
        let heap = FractalHeap::open(core, address)?;
        if heap.header.root.is_none() && heap.header.root_rows > 0 {
            let rows = u64::from(heap.header.root_rows);
            return Err(heap.bad("rows of the root indirect block", rows, "the heap has no root"));
        }
        let geometry = Geometry::new(&heap.cx).map_err(|e| heap.located(e))?;
        let header = FractalHeapHeader::clone(&heap.header);
        Ok(FractalHeapEdit { address, header, cx: heap.cx, geometry, space: FreeSpace::default() })
    }

    /// Stores an object; returns its identifier.
    pub(crate) fn insert(&mut self, core: &mut Core, data: &[u8]) -> Result<Vec<u8>> {
        if data.is_empty() {
            return Err(Error::misuse("an object of a fractal heap has at least one byte"));
        }
        self.change(core, |heap, core, changes| {
            let id = if data.len() as u64 > heap.cx.max_managed() {
                heap.insert_huge(core, changes, data)?
            } else if data.len() <= heap.cx.max_tiny() {
                heap.insert_tiny(data)
            } else {
                heap.insert_managed(core, changes, data)?
            };
            format::encode(&id, &heap.cx)
        })
    }

    /// Removes an object. Its identifier may be given to another one from now on.
    pub(crate) fn remove(&mut self, core: &mut Core, id: &[u8]) -> Result<()> {
        let id = self.decode_id(core, id)?;
        self.change(core, |heap, core, changes| match id {
            FractalHeapId::Managed { offset, len } => heap.remove_managed(core, changes, offset, len),
            FractalHeapId::Tiny(data) => heap.remove_tiny(&data),
            huge => heap.remove_huge(core, changes, &huge),
        })
    }

    /// Writes an object over another one, whose identifier it takes over. Returns false, and does nothing, where that
    /// cannot be: then the object has to be removed, and the other one inserted.
    pub(crate) fn overwrite(&mut self, core: &mut Core, id: &[u8], data: &[u8]) -> Result<bool> {
        match self.decode_id(core, id)? {
            FractalHeapId::Managed { offset, len } if len == data.len() as u64 => {
                self.change(core, |heap, core, changes| heap.write_managed(core, changes, offset, data))?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Plans a change and does it. A plan that fails leaves the heap as it was.
    fn change<T>(
        &mut self,
        core: &mut Core,
        plan: impl FnOnce(&mut FractalHeapEdit, &mut Core, &mut Changes) -> Result<T>,
    ) -> Result<T> {
        core.check_writable()?;
        let mut next = self.clone();
        let value = next.with_space(core, |heap, core| {
            Changes::of(core, |core, changes| {
                let value = plan(heap, core, changes)?;
                changes.put(heap.address, &heap.header, &core.sizes())?;
                Ok(value)
            })
        })?;
        *self = next;
        Ok(value)
    }

    /// Does something with the heap that needs to know what is free in it. Where that fails, the same is free as before.
    pub(super) fn with_space<T>(
        &mut self,
        core: &mut Core,
        change: impl FnOnce(&mut FractalHeapEdit, &mut Core) -> Result<T>,
    ) -> Result<T> {
        self.space = match core.txn_mut()?.heap_space.take(self.address) {
            Some(space) => space,
            None => FreeSpace::load(core, &self.header, &self.geometry)?,
        };
        self.header.free_space_manager = self.space.manager();
        let before = self.space.moment();
        let value = change(self, core);
        let mut space = std::mem::take(&mut self.space);
        if value.is_err() {
            space.go_back(before);
        }
        core.txn_mut()?.heap_space.put(self.address, space);
        value
    }

    /// Writes what is free in a heap to its manager, if it is kept open and has changed.
    pub(in crate::engine) fn store_space(core: &mut Core, address: Address) -> Result<()> {
        if !core.txn_mut()?.heap_space.get(address).is_some_and(FreeSpace::is_changed) {
            return Ok(());
        }
        FractalHeapEdit::open(core, address)?.change(core, |heap, core, changes| {
            heap.space.store(core, changes, &mut heap.header, &heap.geometry)
        })
    }

    fn decode_id(&self, core: &Core, id: &[u8]) -> Result<FractalHeapId> {
        format::decode(id, core.offset(self.address)?, &self.cx, &core.budget)
    }

    fn insert_tiny(&mut self, data: &[u8]) -> FractalHeapId {
        self.header.tiny_objects = self.header.tiny_objects.saturating_add(1);
        self.header.tiny_size = self.header.tiny_size.saturating_add(data.len() as u64);
        FractalHeapId::Tiny(data.to_vec())
    }

    fn remove_tiny(&mut self, data: &[u8]) -> Result<()> {
        let objects = self.header.tiny_objects.checked_sub(1);
        let size = self.header.tiny_size.checked_sub(data.len() as u64);
        let (Some(objects), Some(size)) = (objects, size) else {
            let count = self.header.tiny_objects;
            let error = Error::field("number of tiny objects", count, "the heap has one that is not counted");
            return Err(error.within(Structure::FractalHeapHeader));
        };
        (self.header.tiny_objects, self.header.tiny_size) = (objects, size);
        Ok(())
    }
}
