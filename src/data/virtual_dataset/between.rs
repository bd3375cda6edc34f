//! What elements of a source name: in its file, or gathered already, and gathered for the virtual dataset.

use crate::base::{Address, Budget, Error, Result, Sizes};
use crate::format::global_heap::GlobalHeapId;

use super::super::gathered::{Gathered, Heap};
use super::super::transfer::Crossing;

/// Between which files elements go.
pub(super) struct Between<'a> {
    pub(super) from: Heap<'a>,
    pub(super) to: Heap<'a>,
    pub(super) gathered: Option<&'a Gathered>,
    /// The name of the file that the elements come from, where that is another one.
    pub(super) file: Option<&'a [u8]>,
}

impl Crossing for Between<'_> {
    fn source_sizes(&self) -> Sizes {
        self.from.core.sizes()
    }

    fn target_sizes(&self) -> Sizes {
        self.to.core.sizes()
    }

    fn budget(&self) -> Budget {
        self.from.core.budget.clone()
    }

    fn load(&mut self, id: GlobalHeapId) -> Result<Vec<u8>> {
        self.from.object(id, |bytes| Ok(bytes.to_vec()))
    }

    fn store(&mut self, object: Vec<u8>) -> Result<GlobalHeapId> {
        match self.gathered {
            Some(gathered) => gathered.insert(object, &self.to.core.budget),
            None => Err(Error::misuse("elements that name others were read without these")),
        }
    }

    /// It stays where it is, in the file that the reference names.
    fn object(&mut self, object: Address) -> Result<Option<Address>> {
        Ok(Some(object))
    }

    fn file(&self) -> Option<Vec<u8>> {
        self.file.map(<[u8]>::to_vec)
    }
}
