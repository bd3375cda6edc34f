//! What elements and fill values name, on its way from one file to the other.

use crate::base::{Address, Budget, Result, Sizes};
use crate::format::datatype::{Class, Datatype};
use crate::format::global_heap::GlobalHeapId;

use super::super::transfer::{Aim, Crossing, Transfer};
use super::{Copier, is_object};

impl Crossing for Copier<'_> {
    fn source_sizes(&self) -> Sizes {
        self.ends.source().sizes()
    }

    fn target_sizes(&self) -> Sizes {
        self.ends.target().sizes()
    }

    fn budget(&self) -> Budget {
        self.ends.source().budget.clone()
    }

    fn load(&mut self, id: GlobalHeapId) -> Result<Vec<u8>> {
        self.ends.source().heap_object(id, |bytes| Ok(bytes.to_vec()))
    }

    fn store(&mut self, object: Vec<u8>) -> Result<GlobalHeapId> {
        self.ends.writer().insert_heap_object(&object)
    }

    /// References lead to copies where these are wanted. Otherwise they go on leading where they led in the same file, and
    /// are null in another one, as in libhdf5.
    fn object(&mut self, object: Address) -> Result<Option<Address>> {
        if !self.rules.expand_references {
            return Ok(self.ends.is_same().then_some(object));
        }
        if is_object(self.ends.source(), object) {
            return self.name(object, false).map(Some);
        }
        Ok(None)
    }

    fn file(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Tells whether elements of a type mean something only in their own file.
fn names_things(datatype: &Datatype) -> bool {
    datatype.has_variable_length() || datatype.has_part(|class| matches!(class, Class::Reference(_)))
}

impl Copier<'_> {
    /// The way that elements of a type have to go; none where they are just their bytes.
    pub(super) fn transfer(&self, from: &Datatype, to: &Datatype) -> Result<Option<Transfer>> {
        if names_things(from) { Transfer::new(from, to, Aim::Copy).map(Some) } else { Ok(None) }
    }

    /// Elements as they are in the file that is copied to.
    pub(super) fn carried(&mut self, transfer: Option<&Transfer>, source: Vec<u8>) -> Result<Vec<u8>> {
        let Some(transfer) = transfer else { return Ok(source) };
        let count = source.len() / transfer.source_size().max(1);
        let len = crate::base::byte_count(count as u64, transfer.target_size())?;
        let mut target = self.budget().zeroed::<u8>(len)?;
        transfer.run(self, &source[..count * transfer.source_size()], &mut target)?;
        Ok(target)
    }
}
