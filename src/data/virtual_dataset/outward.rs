//! What elements name that are written through a virtual dataset: in its file, or gathered, and stored for a source.

use crate::base::{Address, Budget, Error, Result, Sizes};
use crate::engine::Core;
use crate::format::global_heap::GlobalHeapId;

use super::super::gathered::{Gathered, Heap};
use super::super::transfer::Crossing;

/// Between which files elements go.
pub(super) struct Outward<'a> {
    /// The file of the virtual dataset, where the source is in another one.
    pub(super) from: Option<&'a Core>,
    pub(super) to: &'a mut Core,
    pub(super) gathered: Option<&'a Gathered>,
}

impl Outward<'_> {
    fn source(&self) -> &Core {
        self.from.unwrap_or(self.to)
    }
}

impl Crossing for Outward<'_> {
    fn source_sizes(&self) -> Sizes {
        self.source().sizes()
    }

    fn target_sizes(&self) -> Sizes {
        self.to.sizes()
    }

    fn budget(&self) -> Budget {
        self.to.budget.clone()
    }

    fn load(&mut self, id: GlobalHeapId) -> Result<Vec<u8>> {
        let heap = Heap { core: self.source(), gathered: self.gathered };
        heap.object(id, |bytes| Ok(bytes.to_vec()))
    }

    fn store(&mut self, object: Vec<u8>) -> Result<GlobalHeapId> {
        self.to.insert_heap_object(&object)
    }

    /// It stays where it is, in the file that the reference names.
    fn object(&mut self, object: Address) -> Result<Option<Address>> {
        match self.from {
            Some(from) if from.path().is_none() => {
                Err(Error::misuse("other files cannot have references to objects of a file in memory"))
            }
            _ => Ok(Some(object)),
        }
    }

    fn file(&self) -> Option<Vec<u8>> {
        Some(self.from?.path()?.as_os_str().as_encoded_bytes().to_vec())
    }
}
