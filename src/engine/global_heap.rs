//! Objects in the global heap: found by their identifier, added to the collection that is open for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Core;
use crate::base::{Address, Error, ErrorKind, Result, Structure};
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
        if let Some(id) = self.insert_into_open(data)? {
            return Ok(id);
        }
        self.seal_heap()?;
        if let Some(room) = self.collection_with_room(data.len())? {
            self.txn_mut()?.open_heap = Some(room);
            if let Some(id) = self.insert_into_open(data)? {
                return Ok(id);
            }
            self.seal_heap()?;
        }
        let sizes = self.sizes();
        let size = GlobalHeap::overhead(sizes) + GlobalHeap::space_for(data.len(), sizes)?;
        let heap = GlobalHeap::new(size, sizes)?;
        let address: Address = self.allocate_raw(heap.bytes().len() as u64)?;
        self.txn_mut()?.open_heap = Some((address, heap));
        let id = self.insert_into_open(data)?;
        id.ok_or_else(|| Error::limit("a global heap object", data.len() as u64, size as u64))
    }

    fn insert_into_open(&mut self, data: &[u8]) -> Result<Option<GlobalHeapId>> {
        let Some((address, heap)) = &mut self.txn_mut()?.open_heap else { return Ok(None) };
        let index = heap.insert(data)?;
        Ok(index.map(|index| GlobalHeapId { collection: Some(*address), index: u32::from(index) }))
    }

    /// Opens the first of the collections with room that has enough of it.
    fn collection_with_room(&mut self, len: usize) -> Result<Option<(Address, GlobalHeap)>> {
        let (sizes, needed) = (self.sizes(), GlobalHeap::space_for(len, self.sizes())?);
        for place in 0..self.txn_mut()?.roomy.len() {
            let Some(&address) = self.txn_mut()?.roomy.get(place) else { break };
            let heap = self.fetch::<GlobalHeap>(address, &sizes)?;
            if heap.free_space() >= needed {
                self.txn_mut()?.roomy.remove(place);
                return Ok(Some((address, GlobalHeap::clone(&heap))));
            }
        }
        Ok(None)
    }

    /// Puts the open collection among the pieces that are to be written.
    pub(super) fn seal_heap(&mut self) -> Result<()> {
        let Some((address, heap)) = self.txn_mut()?.open_heap.take() else { return Ok(()) };
        self.put_collection(address, heap)
    }

    /// Stores a collection, and remembers it where it has room.
    fn put_collection(&mut self, address: Address, heap: GlobalHeap) -> Result<()> {
        let (sizes, has_room) = (self.sizes(), heap.free_space() >= ROOM);
        self.put_and_keep(address, Arc::new(heap), &sizes)?;
        let roomy = &mut self.txn_mut()?.roomy;
        roomy.retain(|known| *known != address);
        if has_room {
            roomy.push_front(address);
            roomy.truncate(MOST_ROOMY);
        }
        Ok(())
    }

    /// Stores an object for an element that somebody is going to write.
    pub(crate) fn insert_unclaimed(&mut self, data: &[u8]) -> Result<GlobalHeapId> {
        let id = self.insert_heap_object(data)?;
        let unclaimed = &mut self.txn_mut()?.unclaimed;
        if unclaimed.len() == MOST_UNCLAIMED {
            // Elements get copies of what is not known any more.
            unclaimed.clear();
        }
        unclaimed.insert(id);
        Ok(id)
    }

    /// Tells whether an object was stored for an element that was not written yet; from here on it is.
    pub(crate) fn claim(&mut self, id: GlobalHeapId) -> Result<bool> {
        Ok(self.txn_mut()?.unclaimed.remove(&id))
    }

    /// Takes objects away, those that are there; a collection that is left without any is given back.
    pub(crate) fn remove_heap_objects(&mut self, ids: &BTreeSet<GlobalHeapId>) -> Result<()> {
        let mut collections: BTreeMap<Address, BTreeSet<u32>> = BTreeMap::new();
        for (address, index) in ids.iter().filter_map(|id| id.target()) {
            collections.entry(address).or_default().insert(index);
        }
        let sizes = self.sizes();
        for (address, gone) in collections {
            let open = self.txn_mut()?.open_heap.take_if(|(open, _)| *open == address);
            let is_open = open.is_some();
            let mut heap = match open {
                Some((_, heap)) => heap,
                None => match self.fetch::<GlobalHeap>(address, &sizes) {
                    // An element of a damaged file names what is no collection: nothing is to be removed.
                    Err(error) if matches!(error.kind(), ErrorKind::Malformed(_)) => continue,
                    found => GlobalHeap::clone(&*found?),
                },
            };
            heap.retain(|index| !gone.contains(&u32::from(index)))?;
            if heap.objects().next().is_none() {
                self.txn_mut()?.roomy.retain(|known| *known != address);
                self.release_raw(address, heap.bytes().len() as u64)?;
            } else if is_open {
                self.txn_mut()?.open_heap = Some((address, heap));
            } else {
                self.put_collection(address, heap)?;
            }
        }
        Ok(())
    }

    /// Takes an object away that has to be there.
    pub(crate) fn remove_heap_object(&mut self, id: GlobalHeapId) -> Result<()> {
        self.heap_object(id, |_| Ok(()))?;
        self.remove_heap_objects(&BTreeSet::from([id]))
    }
}

/// A collection with less room is not worth remembering.
const ROOM: usize = 64;
/// As many collections with room are remembered as in libhdf5.
const MOST_ROOMY: usize = 16;
/// So many objects can wait for the elements that they were made for.
const MOST_UNCLAIMED: usize = 1 << 20;

fn object<'a>(core: &Core, address: Address, heap: &'a GlobalHeap, index: u32) -> Result<&'a [u8]> {
    heap.get(index).ok_or_else(|| {
        let error = Error::field("global heap index", u64::from(index), "the collection has no such object");
        error.at(Structure::GlobalHeap, core.offset(address).unwrap_or(address.0))
    })
}
