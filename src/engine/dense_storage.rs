//! What dense links and dense attributes have in common when they are changed: a fractal heap with an index by name and
//! perhaps one by creation order.

use std::cmp::Ordering;

use super::Core;
use super::btree_v2::BTree2;
use super::btree_v2_edit::{BTree2Edit, Compare};
use super::fractal_heap::{FractalHeap, FractalHeapEdit, HeapCreation};
use crate::base::{Address, Error, Result, Structure, lookup3};
use crate::format::btree_v2_record::RecordType;
use crate::format::message::dense_info::DenseInfo;
use crate::format::{self, Wire};

/// What is indexed: the records of each index, and their bytes.
pub(super) struct Kind {
    pub(super) name: (RecordType, u16),
    pub(super) order: (RecordType, u16),
    /// The message that names the heap and the indexes.
    pub(super) info: Structure,
}

/// How the records of an index stand to a name. They have the hashes of the names, and the names themselves, which are in
/// the heap, count where those agree.
pub(super) fn compare_names<R: Wire<Context = ()>>(
    (heap, index): (Address, Address),
    name: &[u8],
    hash_of: impl Fn(&R) -> u32,
    name_of: impl Fn(&Core, &FractalHeap<'_>, &R) -> Result<Vec<u8>>,
) -> impl Fn(&Core, &[u8]) -> Result<Ordering> {
    let hash = lookup3(name);
    move |core, record| {
        let record: R = format::decode(record, core.offset(index)?, &(), &core.budget)?;
        match hash_of(&record).cmp(&hash) {
            Ordering::Equal => {
                let found = name_of(core, &FractalHeap::open(core, heap)?, &record)?;
                Ok(found.as_slice().cmp(name))
            }
            order => Ok(order),
        }
    }
}

/// A heap and its indexes.
pub(super) struct DenseStorage {
    kind: &'static Kind,
    pub(super) heap: Address,
    pub(super) by_name: Address,
    pub(super) by_order: Option<Address>,
}

impl DenseStorage {
    /// Makes an empty heap and its indexes, and has the message name them.
    pub(super) fn create<const W: usize>(
        core: &mut Core,
        kind: &'static Kind,
        heap: HeapCreation,
        info: &mut DenseInfo<W>,
    ) -> Result<Self> {
        let heap = FractalHeapEdit::create(core, heap)?;
        let by_name = BTree2Edit::create(core, kind.name.0, kind.name.1)?;
        let by_order = match info.by_creation_order {
            Some(_) => Some(BTree2Edit::create(core, kind.order.0, kind.order.1)?),
            None => None,
        };
        (info.heap, info.by_name) = (Some(heap), Some(by_name));
        info.by_creation_order = by_order.map(Some);
        Ok(DenseStorage { kind, heap, by_name, by_order })
    }

    /// What the message names, if it names a heap.
    pub(super) fn named<const W: usize>(kind: &'static Kind, info: &DenseInfo<W>) -> Result<Option<Self>> {
        let missing = |what| Err(Error::malformed(what).within(kind.info));
        let Some(heap) = info.heap else { return Ok(None) };
        let Some(by_name) = info.by_name else { return missing("a heap has no index by name") };
        let by_order = match info.by_creation_order {
            Some(None) => return missing("a heap has no index by creation order, though it should"),
            Some(index) => index,
            None => None,
        };
        Ok(Some(DenseStorage { kind, heap, by_name, by_order }))
    }

    /// Gives the space of the heap and its indexes back; the message names them no longer.
    pub(super) fn delete<const W: usize>(self, core: &mut Core, info: &mut DenseInfo<W>) -> Result<()> {
        BTree2Edit::delete(core, self.by_name, self.kind.name.0)?;
        if let Some(by_order) = self.by_order {
            BTree2Edit::delete(core, by_order, self.kind.order.0)?;
        }
        FractalHeapEdit::delete(core, self.heap)?;
        (info.heap, info.by_name) = (None, None);
        info.by_creation_order = info.by_creation_order.map(|_| None);
        Ok(())
    }

    /// How many records the index by name has.
    pub(super) fn len(&self, core: &Core) -> Result<u64> {
        Ok(BTree2::open(core, self.by_name, self.kind.name.0)?.len())
    }

    /// Puts an object into the heap; `N` is the length of its identifiers.
    pub(super) fn store<const N: usize>(&self, core: &mut Core, object: &[u8]) -> Result<[u8; N]> {
        let id = FractalHeapEdit::open(core, self.heap)?.insert(core, object)?;
        <[u8; N]>::try_from(id).map_err(|id| {
            let rule = "not what the index has room for";
            Error::field("length of heap identifiers", id.len() as u64, rule).within(self.kind.info)
        })
    }

    /// Puts an object in the place of one of the same length; false if it does not fit there.
    pub(super) fn overwrite(&self, core: &mut Core, id: &[u8], object: &[u8]) -> Result<bool> {
        FractalHeapEdit::open(core, self.heap)?.overwrite(core, id, object)
    }

    /// Takes an object out of the heap.
    pub(super) fn discard(&self, core: &mut Core, id: &[u8]) -> Result<()> {
        FractalHeapEdit::open(core, self.heap)?.remove(core, id)
    }

    /// Adds a record to each index that there is. They have no such records yet.
    pub(super) fn index(&self, core: &mut Core, name: Entry<'_>, order: Entry<'_>) -> Result<()> {
        let named = BTree2Edit::open(core, self.by_name, self.kind.name.0)?;
        let mut new = named.insert(name.record, name.compare)?;
        if let Some(by_order) = self.by_order {
            let ordered = BTree2Edit::open(core, by_order, self.kind.order.0)?;
            new &= ordered.insert(order.record, order.compare)?;
        }
        if new { Ok(()) } else { Err(self.disagree()) }
    }

    /// Exchanges the records with the same keys.
    pub(super) fn reindex(&self, core: &mut Core, name: Entry<'_>, order: Entry<'_>) -> Result<()> {
        let named = BTree2Edit::open(core, self.by_name, self.kind.name.0)?;
        let mut found = named.update(name.record, name.compare)?;
        if let Some(by_order) = self.by_order {
            let ordered = BTree2Edit::open(core, by_order, self.kind.order.0)?;
            found &= ordered.update(order.record, order.compare)?;
        }
        if found { Ok(()) } else { Err(self.disagree()) }
    }

    /// Takes the records out of the indexes.
    pub(super) fn unindex(&self, core: &mut Core, name: &Compare<'_>, order: &Compare<'_>) -> Result<()> {
        let named = BTree2Edit::open(core, self.by_name, self.kind.name.0)?;
        let mut found = named.remove(name)?.is_some();
        if let Some(by_order) = self.by_order {
            let ordered = BTree2Edit::open(core, by_order, self.kind.order.0)?;
            found &= ordered.remove(order)?.is_some();
        }
        if found { Ok(()) } else { Err(self.disagree()) }
    }

    /// Refuses a record that the index by creation order does not have, before anything is changed.
    pub(super) fn check_order(&self, core: &Core, compare: &Compare<'_>) -> Result<()> {
        let Some(by_order) = self.by_order else { return Ok(()) };
        let index = BTree2::open(core, by_order, self.kind.order.0)?;
        match index.find(|record| compare(core, record))? {
            Some(_) => Ok(()),
            None => Err(self.disagree()),
        }
    }

    fn disagree(&self) -> Error {
        Error::malformed("the indexes by name and by creation order disagree").within(self.kind.info)
    }
}

/// A record, and where its index has or should have it.
pub(super) struct Entry<'e> {
    pub(super) record: &'e [u8],
    pub(super) compare: &'e Compare<'e>,
}
