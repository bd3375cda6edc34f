//! Values that many edits change one after the other: they stay decoded between the edits, and are encoded when a state
//! is published.
//!
//! Lists of what is free and heaps of names are as long as the group that they serve is large. To decode and encode them
//! in each edit would make the edits of a large group slow.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::Core;
use super::fractal_heap::{FractalHeapEdit, OpenBlock};
use super::local_heap::LocalHeapEdit;
use crate::base::{Address, Result};

/// A value whose changes can be taken back.
pub(super) trait Reversible: Debug {
    type Moment: Debug;
    /// What [`Reversible::go_back`] needs to come back to what is now.
    fn moment(&self) -> Self::Moment;
    fn go_back(&mut self, moment: Self::Moment);
    /// What has happened so far cannot be taken back any more.
    fn settle(&mut self);
}

/// Values by the addresses of their structures.
#[derive(Debug)]
pub(super) struct KeptOpen<T: Reversible> {
    values: BTreeMap<Address, Kept<T>>,
    /// What happens can still be taken back.
    is_editing: bool,
}

#[derive(Debug)]
struct Kept<T: Reversible> {
    /// None while somebody has taken it.
    value: Option<T>,
    before: Before<T::Moment>,
    /// The structure is deleted by the edit that is under way.
    deleted: bool,
}

/// What the value was when the edit that is under way began.
#[derive(Debug)]
enum Before<M> {
    /// What it is now.
    Same,
    /// It was not open; the bytes in the file stand for it.
    Closed,
    Moment(M),
}

impl<T: Reversible> Default for KeptOpen<T> {
    fn default() -> Self {
        KeptOpen { values: BTreeMap::new(), is_editing: false }
    }
}

impl<T: Reversible> KeptOpen<T> {
    pub(super) fn get(&self, address: Address) -> Option<&T> {
        self.values.get(&address)?.value.as_ref()
    }

    /// Takes a value to change it. Whoever does so puts it back, whatever comes of the change.
    pub(super) fn take(&mut self, address: Address) -> Option<T> {
        let kept = self.values.get_mut(&address)?;
        if let (true, Before::Same, Some(value)) = (self.is_editing, &kept.before, &kept.value) {
            kept.before = Before::Moment(value.moment());
        }
        kept.value.take()
    }

    /// Puts a value back, or keeps one that was not open.
    pub(super) fn put(&mut self, address: Address, value: T) {
        let before = if self.is_editing { Before::Closed } else { Before::Same };
        let new = Kept { value: None, before, deleted: false };
        self.values.entry(address).or_insert(new).value = Some(value);
    }

    /// Forgets a value whose structure is deleted.
    pub(super) fn delete(&mut self, address: Address) {
        if !self.is_editing {
            self.values.remove(&address);
        } else if let Some(kept) = self.values.get_mut(&address) {
            kept.deleted = true;
        }
    }

    /// From here on, what happens can be taken back.
    pub(super) fn begin(&mut self) {
        self.is_editing = true;
    }

    /// What happened since [`KeptOpen::begin`] stays.
    pub(super) fn keep(&mut self) {
        self.is_editing = false;
        self.values.retain(|_, kept| !kept.deleted);
        for kept in self.values.values_mut() {
            kept.before = Before::Same;
            kept.value.iter_mut().for_each(T::settle);
        }
    }

    /// What happened since [`KeptOpen::begin`] did not happen.
    pub(super) fn undo(&mut self) {
        self.is_editing = false;
        self.values.retain(|_, kept| !matches!(kept.before, Before::Closed));
        for kept in self.values.values_mut() {
            kept.deleted = false;
            let before = std::mem::replace(&mut kept.before, Before::Same);
            if let (Before::Moment(moment), Some(value)) = (before, &mut kept.value) {
                value.go_back(moment);
            }
        }
    }

    fn addresses(&self) -> Vec<Address> {
        self.values.keys().copied().collect()
    }

    fn len(&self) -> usize {
        self.values.len()
    }
}

/// More values than these are closed, so that memory does not grow with the number of groups.
const MOST: usize = 32;
/// Blocks have 64 KiB at most, in heaps of libhdf5.
const MOST_BLOCKS: usize = 256;

impl Core {
    /// Encodes all that is not encoded yet, so that the overlay has the state that is to be published.
    pub(super) fn seal(&mut self) -> Result<()> {
        self.seal_heap()?;
        self.store_open()
    }

    fn store_open(&mut self) -> Result<()> {
        for address in self.txn_mut()?.heap_space.addresses() {
            FractalHeapEdit::store_space(self, address)?;
        }
        for address in self.txn_mut()?.blocks.addresses() {
            OpenBlock::store(self, address)?;
        }
        for address in self.txn_mut()?.names.addresses() {
            LocalHeapEdit::store_open(self, address)?;
        }
        Ok(())
    }

    /// Closes everything if it has become much.
    pub(super) fn limit_open(&mut self) -> Result<()> {
        let txn = self.txn_mut()?;
        if txn.heap_space.len().max(txn.names.len()) <= MOST && txn.blocks.len() <= MOST_BLOCKS {
            return Ok(());
        }
        self.store_open()?;
        let txn = self.txn_mut()?;
        (txn.heap_space, txn.blocks, txn.names) = Default::default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{CreateOptions, FormatBounds, GroupRules, create_group, insert_link, remove_link};
    use crate::format::message::link::Target;
    use crate::storage::MemoryStorage;

    /// Letters; going back cuts the last ones off.
    #[derive(Debug, Default, PartialEq)]
    struct Letters {
        all: String,
        settled: usize,
    }

    impl Reversible for Letters {
        type Moment = usize;

        fn moment(&self) -> usize {
            self.all.len()
        }

        fn go_back(&mut self, moment: usize) {
            assert!(moment >= self.settled);
            self.all.truncate(moment);
        }

        fn settle(&mut self) {
            self.settled = self.all.len();
        }
    }

    fn add(kept: &mut KeptOpen<Letters>, address: u64, letter: char) {
        let mut letters = kept.take(Address(address)).unwrap_or_default();
        letters.all.push(letter);
        kept.put(Address(address), letters);
    }

    fn all(kept: &KeptOpen<Letters>) -> Vec<(u64, &str)> {
        kept.values.iter().map(|(at, kept)| (at.0, kept.value.as_ref().unwrap().all.as_str())).collect()
    }

    #[test]
    fn an_edit_stays_or_did_not_happen() {
        let mut kept = KeptOpen::default();
        kept.begin();
        add(&mut kept, 1, 'a');
        add(&mut kept, 2, 'b');
        kept.keep();
        kept.begin();
        add(&mut kept, 1, 'c');
        add(&mut kept, 1, 'd');
        add(&mut kept, 3, 'e');
        kept.delete(Address(2));
        assert_eq!(all(&kept), [(1, "acd"), (2, "b"), (3, "e")]);
        kept.undo();
        assert_eq!(all(&kept), [(1, "a"), (2, "b")]);
        kept.begin();
        add(&mut kept, 1, 'f');
        kept.delete(Address(2));
        kept.keep();
        assert_eq!(all(&kept), [(1, "af")]);
        // The next edit cannot take this one back.
        kept.begin();
        kept.undo();
        assert_eq!(all(&kept), [(1, "af")]);
        kept.delete(Address(1));
        assert!(kept.get(Address(1)).is_none());
    }

    /// Bytes in memory that one more deletion from a group of so many links adds to what is to be written.
    fn cost_of_a_deletion(bounds: FormatBounds, links: usize) -> usize {
        let options = CreateOptions { bounds, ..CreateOptions::default() };
        let mut core = Core::create(Arc::new(MemoryStorage::default()), options).unwrap();
        let root = core.superblock.root_header();
        let group = core.edit(|core| create_group(core, root, "group", &GroupRules::default())).unwrap();
        let target = |n: usize| Target::Soft(format!("a target of {n}").into_bytes());
        for n in 0..links {
            core.edit(|core| insert_link(core, group, &format!("link {n:05}"), target(n))).unwrap();
        }
        for n in (1..links).step_by(2) {
            core.edit(|core| remove_link(core, group, format!("link {n:05}"))).unwrap();
        }
        core.flush().unwrap();
        assert_eq!(core.overlay.memory(), 0);
        core.edit(|core| remove_link(core, group, "link 00200")).unwrap();
        core.overlay.memory()
    }

    #[test]
    fn an_edit_of_a_large_group_is_not_larger() {
        for bounds in [FormatBounds::Earliest, FormatBounds::V18] {
            let (small, large) = (cost_of_a_deletion(bounds, 400), cost_of_a_deletion(bounds, 8000));
            assert!(large < 2 * small + 2000, "{bounds:?}: {small} and {large}");
        }
    }
}
