//! Objects in the global heap: found by their identifier, added to the collection that is open for it.

use std::sync::Arc;

use super::Core;
use crate::base::{Address, Error, Result, Structure};
use crate::format::global_heap::{GlobalHeap, GlobalHeapId};

impl Core {
    /// Calls `f` with the bytes of an object; of no object, with none.
    pub(crate) fn heap_object<T>(&self, id: GlobalHeapId, f: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let Some((address, index)) = id.target() else { return f(&[]) };
        if let Some((open, heap)) = self.txn.as_ref().and_then(|txn| txn.open_heap.as_ref())
            && *open == address
        {
            return f(object(self, address, heap, index)?);
        }
        let heap: Arc<GlobalHeap> = self.fetch(address, &self.sizes())?;
        f(object(self, address, &heap, index)?)
    }

    /// Stores an object, which may have no bytes, and returns its identifier.
    ///
    /// An empty string has an object without bytes, as libhdf5 writes it: without any object it would be a null pointer.
    pub(crate) fn insert_heap_object(&mut self, data: &[u8]) -> Result<GlobalHeapId> {
        let sizes = self.sizes();
        if let Some((address, heap)) = &mut self.txn_mut()?.open_heap
            && let Some(index) = heap.insert(data)?
        {
            return Ok(GlobalHeapId { collection: Some(*address), index: u32::from(index) });
        }
        self.seal_heap()?;
        let size = GlobalHeap::overhead(sizes) + GlobalHeap::space_for(data.len(), sizes)?;
        let mut heap = GlobalHeap::new(size, sizes)?;
        let index = heap.insert(data)?.ok_or_else(|| {
            Error::limit("a global heap object", data.len() as u64, heap.free_space() as u64)
        })?;
        let address: Address = self.allocate_raw(heap.bytes().len() as u64)?;
        self.txn_mut()?.open_heap = Some((address, heap));
        Ok(GlobalHeapId { collection: Some(address), index: u32::from(index) })
    }

    /// Takes an object away; a collection that is left without any is given back.
    pub(crate) fn remove_heap_object(&mut self, id: GlobalHeapId) -> Result<()> {
        let Some((address, index)) = id.target() else { return Ok(()) };
        self.seal_heap()?;
        let sizes = self.sizes();
        let mut heap = GlobalHeap::clone(&*self.fetch::<GlobalHeap>(address, &sizes)?);
        object(self, address, &heap, index)?;
        heap.remove(u16::try_from(index).unwrap_or(u16::MAX))?;
        if heap.objects().next().is_none() {
            return self.release_raw(address, heap.bytes().len() as u64);
        }
        self.put(address, &heap, &sizes)
    }
}

fn object<'a>(core: &Core, address: Address, heap: &'a GlobalHeap, index: u32) -> Result<&'a [u8]> {
    heap.get(index).ok_or_else(|| {
        let error = Error::field("global heap index", u64::from(index), "the collection has no such object");
        error.at(Structure::GlobalHeap, core.offset(address).unwrap_or(address.0))
    })
}
