//! What elements of variable length stand for, where the elements come from several files: brought together in memory.

use std::sync::{PoisonError, RwLock};

use crate::base::{Address, Budget, Error, Result, Structure};
use crate::engine::Core;
use crate::format;
use crate::format::datatype::{Class, Datatype, Reference};
use crate::format::global_heap::{GlobalHeapId, VariableLength};
use crate::format::message::layout::Storage;

use super::dataset::DatasetInfo;

/// A global heap in memory. It lives as long as the elements that were read with it.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    objects: RwLock<Objects>,
}

#[derive(Debug, Default)]
struct Objects {
    all: Vec<Box<[u8]>>,
    bytes: u64,
}

/// All objects are in one collection, at an address that is not null.
const COLLECTION: Address = Address(1);

impl Gathered {
    /// Takes an object and returns what names it.
    pub(crate) fn insert(&self, object: Vec<u8>, budget: &Budget) -> Result<GlobalHeapId> {
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        let bytes = objects.bytes.saturating_add(object.len() as u64);
        budget.values(bytes, 1)?;
        let many = objects.all.len() as u64;
        let index = u32::try_from(many)
            .map_err(|_| Error::limit("objects of a request", many, u64::from(u32::MAX)))?;
        objects.bytes = bytes;
        objects.all.push(object.into_boxed_slice());
        Ok(GlobalHeapId { collection: Some(COLLECTION), index })
    }

    /// Tells whether nothing was gathered.
    pub(crate) fn is_empty(&self) -> bool {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).all.is_empty()
    }

    fn object<T>(&self, id: GlobalHeapId, f: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let Some((_, index)) = id.target() else { return f(&[]) };
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        match usize::try_from(index).ok().and_then(|index| objects.all.get(index)) {
            Some(object) => f(object),
            None => {
                let error = Error::field("heap index", u64::from(index), "no such object was read");
                Err(error.within(Structure::GlobalHeapId))
            }
        }
    }
}

/// Where the objects are that elements name: in their file, or gathered.
#[derive(Clone, Copy)]
pub(crate) struct Heap<'a> {
    pub(crate) core: &'a Core,
    pub(crate) gathered: Option<&'a Gathered>,
}

impl Heap<'_> {
    /// Calls `f` with the bytes of an object; of no object, with none.
    pub(crate) fn object<T>(&self, id: GlobalHeapId, f: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        match self.gathered {
            Some(gathered) => gathered.object(id, f),
            None => self.core.heap_object(id, f),
        }
    }

    /// Calls `f` with the bytes that a variable-length element stands for, and how many elements of its own it has.
    pub(crate) fn follow<T>(&self, element: &[u8], f: impl FnOnce(u32, &[u8]) -> Result<T>) -> Result<T> {
        let element: VariableLength = format::decode(element, 0, &self.core.sizes(), &self.core.budget)?;
        if element.count == 0 {
            return f(0, &[]);
        }
        self.object(element.id, |bytes| f(element.count, bytes))
    }
}

/// Tells whether what the elements of a dataset name has to be gathered: they come from several files.
pub(crate) fn gathers(info: &DatasetInfo) -> bool {
    matches!(info.layout.storage, Storage::Virtual { .. }) && names_objects(&info.datatype)
}

/// Tells whether elements of a type name objects of a global heap.
///
/// Old references to objects and regions do not count: libhdf5 takes them as they are, and so to be about the file that
/// the virtual dataset is in, whatever file they come from.
pub(crate) fn names_objects(datatype: &Datatype) -> bool {
    let is_revised = |class: &Class| matches!(class, Class::Reference(Reference::Standard { .. }));
    datatype.has_variable_length() || datatype.has_part(is_revised)
}
