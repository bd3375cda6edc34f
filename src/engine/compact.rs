//! What making a file shorter needs to know of its space.

use std::ops::Range;

use super::Core;
use super::ranges::Ranges;
use super::regions::BlockKind;
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

    /// All bytes of the file, or of its members, whether they are in use or not.
    pub(crate) fn bytes_of_space(&mut self) -> Result<u64> {
        Ok(self.txn_mut()?.space.used().into_iter().map(|region| region.end - region.start).sum())
    }

    /// What the file, or each of its members, could do without at its end if all that is free were used.
    pub(crate) fn tails(&mut self) -> Result<Vec<Range<u64>>> {
        Ok(self.txn_mut()?.space.tails())
    }

    /// Whether the file, or the member that has these bytes, would end earlier without them.
    pub(crate) fn is_last(&mut self, address: Address, size: u64) -> Result<bool> {
        let space = &self.txn_mut()?.space;
        let mut these = Ranges::default();
        let these_end = address.0.saturating_add(size);
        these.insert(address.0..these_end);
        // In a file with pages, something else may be on the last one: that could be gone as well in the end.
        let page = space.first().page().unwrap_or(1);
        let end = space.settled_end(address.0, &Ranges::default());
        Ok(space.settled_end(address.0, &these) < end || end.saturating_sub(these_end) < page)
    }

    /// Finds room in free space that ends before an address, if there is any.
    pub(crate) fn allocate_before(
        &mut self,
        address: Address,
        size: u64,
        kind: BlockKind,
    ) -> Result<Option<Address>> {
        let align = if kind == BlockKind::Raw { raw_alignment(size) } else { 1 };
        let txn = self.txn_mut()?;
        txn.changed = true;
        Ok(txn.space.allocate_before(address.0, size, align, kind))
    }
}
