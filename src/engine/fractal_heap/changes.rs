//! What one change of a heap is going to write and to give back, collected before any of it is done.

use crate::base::{Address, Result};
use crate::engine::pools::Use;
use crate::engine::{BlockKind, Core};
use crate::format::fractal_heap::stored::StoredBlock;
use crate::format::{self, Wire};

#[derive(Debug, Default)]
pub(super) struct Changes {
    puts: Vec<(Address, StoredBlock)>,
    releases: Vec<(Address, u64, Use)>,
    /// What was found room for, to be given back if the change comes to nothing.
    allocated: Vec<(Address, u64, Use)>,
}

impl Changes {
    /// Plans a change and does it; where the plan fails, nothing has changed.
    pub(super) fn of<T>(
        core: &mut Core,
        plan: impl FnOnce(&mut Core, &mut Changes) -> Result<T>,
    ) -> Result<T> {
        let mut changes = Changes::default();
        match plan(core, &mut changes) {
            Ok(value) => {
                changes.apply(core)?;
                Ok(value)
            }
            Err(error) => {
                for (address, len, purpose) in changes.allocated {
                    core.give_back(address, len, purpose)?;
                }
                Err(error)
            }
        }
    }

    /// Finds room for a block.
    pub(super) fn allocate(&mut self, core: &mut Core, len: u64, kind: BlockKind) -> Result<Address> {
        let address = core.allocate(len, kind)?;
        self.allocated.push((address, len, Use::Metadata));
        Ok(address)
    }

    /// Finds room for raw data.
    pub(super) fn allocate_raw(&mut self, core: &mut Core, len: u64) -> Result<Address> {
        let address = core.allocate_raw(len)?;
        self.allocated.push((address, len, Use::Raw));
        Ok(address)
    }

    /// Encodes a structure that is going to be stored at an address.
    pub(super) fn put<T: Wire>(&mut self, address: Address, value: &T, cx: &T::Context) -> Result<()> {
        self.put_stored(address, StoredBlock(format::encode(value, cx)?));
        Ok(())
    }

    pub(super) fn put_stored(&mut self, address: Address, block: StoredBlock) {
        self.puts.push((address, block));
    }

    /// Gives the space of a block back when all of the change is done.
    pub(super) fn release(&mut self, address: Address, len: u64) {
        self.releases.push((address, len, Use::Metadata));
    }

    /// The same for the space of raw data.
    pub(super) fn release_raw(&mut self, address: Address, len: u64) {
        self.releases.push((address, len, Use::Raw));
    }

    fn apply(self, core: &mut Core) -> Result<()> {
        for (address, block) in &self.puts {
            core.put(*address, block, &(block.0.len() as u64))?;
        }
        self.releases
            .into_iter()
            .try_for_each(|(address, len, purpose)| core.give_back(address, len, purpose))
    }
}
