//! What making a file shorter needs to know of its space.

use super::Core;
use super::pools::Use;
use super::ranges::Ranges;
use super::txn::{Guard, raw_alignment};
use crate::base::{Address, Result};

impl Core {
    /// Publishes what was changed. Managers of free space go to a better place, if there is one.
    pub(crate) fn publish_anew(&mut self) -> Result<()> {
        self.check_writable()?;
        self.load_free_space()?;
        let txn = self.txn_mut()?;
        txn.changed |= txn.file_space.is_some();
        if txn.guard == Guard::Bound { self.commit() } else { self.flush() }
    }

    /// The first address behind everything.
    pub(crate) fn end_of_space(&mut self) -> Result<u64> {
        Ok(self.txn_mut()?.space.end())
    }

    /// All bytes that may be handed out.
    pub(crate) fn free_bytes(&mut self) -> Result<u64> {
        Ok(self.txn_mut()?.space.free_bytes())
    }

    /// Whether the file would end earlier without these bytes.
    pub(crate) fn is_last(&mut self, address: Address, size: u64) -> Result<bool> {
        let space = &self.txn_mut()?.space;
        let mut these = Ranges::default();
        let these_end = address.0.saturating_add(size);
        these.insert(address.0..these_end);
        // In a file with pages, something else may be on the last one: that could be gone as well in the end.
        let page = space.page().unwrap_or(1);
        let end = space.settled_end(&Ranges::default());
        Ok(space.settled_end(&these) < end || end.saturating_sub(these_end) < page)
    }

    /// Finds room in free space that ends before an address, if there is any.
    pub(crate) fn allocate_before(
        &mut self,
        address: Address,
        size: u64,
        purpose: Use,
    ) -> Result<Option<Address>> {
        let align = if purpose == Use::Raw { raw_alignment(size) } else { 1 };
        let txn = self.txn_mut()?;
        txn.changed = true;
        Ok(txn.space.allocate_before(address.0, size, align, purpose))
    }
}
