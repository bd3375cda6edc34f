//! Huge objects: those that no direct block holds, each in a place of its own in the file.
//!
//! A B-tree has a record of each of them, whether identifiers lead to it or have the object's place themselves. It is
//! made for the first object and deleted with the last one, as in libhdf5.

use std::cmp::Ordering;

use super::FractalHeap;
use super::changes::Changes;
use super::edit::FractalHeapEdit;
use crate::base::{Address, Error, Malformed, Result, Structure};
use crate::engine::Core;
use crate::engine::btree_v2::BTree2;
use crate::engine::btree_v2_edit::BTree2Edit;
use crate::format::btree_v2_record::{FilteredObject, HugeObjectContext, HugeObjectRecord};
use crate::format::fractal_heap::HeapContext;
use crate::format::fractal_heap::header::HUGE_IDS_WRAPPED;
use crate::format::fractal_heap::id::{FractalHeapId, HugeFiltered};
use crate::format::{self, Wire};

impl FractalHeapEdit {
    pub(super) fn insert_huge(
        &mut self,
        core: &mut Core,
        changes: &mut Changes,
        data: &[u8],
    ) -> Result<FractalHeapId> {
        let cx = records_of(&self.cx);
        let key = if cx.keyed { Some(self.new_key()?) } else { None };
        let (size, mut filtered, mut stored) = (data.len() as u64, None, None);
        if self.cx.filtered {
            let (bytes, mask) = FractalHeap::open(core, self.address)?.encode_stored(data.to_vec(), size)?;
            filtered = Some(FilteredObject { filter_mask: mask, memory_size: size });
            stored = Some(bytes);
        }
        let bytes = stored.as_deref().unwrap_or(data);
        let length = bytes.len() as u64;
        let address = changes.allocate_raw(core, length)?;
        let record = HugeObjectRecord { address, length, filtered, key };
        self.header.huge_objects = self.header.huge_objects.saturating_add(1);
        self.header.huge_size = self.header.huge_size.saturating_add(size);
        let id = id_of(&record);
        // What follows is done at once: nothing of the heap itself may fail any more.
        format::encode(&id, &self.cx)?;
        format::encode(&self.header, &core.sizes())?;
        core.write_raw(address, bytes)?;
        self.track(core, &record, &cx)?;
        Ok(id)
    }

    pub(super) fn remove_huge(
        &mut self,
        core: &mut Core,
        changes: &mut Changes,
        id: &FractalHeapId,
    ) -> Result<()> {
        let heap = FractalHeap::open(core, self.address)?;
        let cx = records_of(&self.cx);
        let wanted = |record: &HugeObjectRecord| match id {
            FractalHeapId::HugeByKey { key } => record.key.cmp(&Some(*key)),
            FractalHeapId::Huge { address, len, .. } => {
                (record.address, record.length).cmp(&(*address, *len))
            }
            _ => Ordering::Less,
        };
        let no_such = || heap.located(Error::malformed("the heap has no such huge object"));
        let btree = self.header.huge_btree.ok_or_else(no_such)?;
        let tree = BTree2::open(core, btree, cx.record_type())?;
        let found = tree.find(|record| Ok(wanted(&tree.decode(record, &cx)?)))?.ok_or_else(no_such)?;
        let record: HugeObjectRecord = tree.decode(&found, &cx)?;
        check_place(core, &record)?;
        let size = record.filtered.map_or(record.length, |filtered| filtered.memory_size);
        let objects = self.header.huge_objects.checked_sub(1);
        let sizes = self.header.huge_size.checked_sub(size);
        let last = objects == Some(0);
        let (Some(objects), Some(sizes)) = (objects, sizes) else {
            return Err(heap.bad(
                "size of huge objects",
                self.header.huge_size,
                "less than that of one of them",
            ));
        };
        if last != (tree.len() == 1) {
            return Err(heap.bad(
                "number of huge objects",
                self.header.huge_objects,
                "not that in their B-tree",
            ));
        }
        (self.header.huge_objects, self.header.huge_size) = (objects, sizes);
        changes.release_raw(record.address, record.length);
        if last {
            self.header.huge_btree = None;
            self.header.next_huge_id = 0;
            self.header.flags &= !HUGE_IDS_WRAPPED;
            return BTree2Edit::delete(core, btree, cx.record_type());
        }
        let tree = BTree2Edit::open(core, btree, cx.record_type())?;
        tree.remove(&|core, record| Ok(wanted(&decode(core, record, &cx)?)))?;
        Ok(())
    }

    /// Adds a record to the B-tree.
    fn track(&mut self, core: &mut Core, record: &HugeObjectRecord, cx: &HugeObjectContext) -> Result<()> {
        let bytes = format::encode(record, cx)?;
        let kind = cx.record_type();
        let address = match self.header.huge_btree {
            Some(address) => address,
            None => BTree2Edit::create(core, kind, u16::try_from(bytes.len()).unwrap_or(u16::MAX))?,
        };
        let place = |record: &HugeObjectRecord| (record.key, record.address, record.length);
        let compare = |core: &Core, other: &[u8]| {
            let other: HugeObjectRecord = decode(core, other, cx)?;
            // Keys differ from each other; where there are none, places do.
            Ok(match record.key {
                Some(_) => other.key.cmp(&record.key),
                None => place(&other).cmp(&place(record)),
            })
        };
        let inserted = BTree2Edit::open(core, address, kind).and_then(|tree| tree.insert(&bytes, &compare));
        match inserted {
            Ok(true) => {
                self.header.huge_btree = Some(address);
                Ok(())
            }
            Ok(false) => {
                let key = record.key.unwrap_or(record.address.0);
                Err(Error::field("next identifier of a huge object", key, "an object has it already")
                    .at(Structure::FractalHeapHeader, core.offset(self.address)?))
            }
            Err(error) if self.header.huge_btree.is_none() => {
                BTree2Edit::delete(core, address, kind)?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// A key that no object has had. As in libhdf5 they are used once, though a search could find those that are free.
    fn new_key(&mut self) -> Result<u64> {
        let most = u64::MAX >> (64 - 8 * self.cx.huge_key_width().clamp(1, 8));
        let used_up = self.header.flags & HUGE_IDS_WRAPPED != 0;
        let Some(key) = self.header.next_huge_id.checked_add(1).filter(|&key| !used_up && key <= most) else {
            return Err(Error::unsupported("a fractal heap whose keys of huge objects are used up"));
        };
        self.header.next_huge_id = key;
        if key == most {
            self.header.flags |= HUGE_IDS_WRAPPED;
        }
        Ok(key)
    }
}

/// Plans to give the space of all huge objects back; returns the B-tree that is to be deleted then.
pub(super) fn release_all(heap: &FractalHeap<'_>, changes: &mut Changes) -> Result<Option<Address>> {
    let Some(btree) = heap.header.huge_btree else { return Ok(None) };
    let cx = records_of(&heap.cx);
    let tree = BTree2::open(heap.core, btree, cx.record_type())?;
    tree.visit(|record| {
        let record: HugeObjectRecord = tree.decode(record, &cx)?;
        check_place(heap.core, &record)?;
        changes.release_raw(record.address, record.length);
        Ok(())
    })?;
    Ok(Some(btree))
}

/// What the records of a heap are decoded by.
pub(super) fn records_of(heap: &HeapContext) -> HugeObjectContext {
    HugeObjectContext { sizes: heap.sizes, filtered: heap.filtered, keyed: !heap.huge_is_direct() }
}

fn decode(core: &Core, record: &[u8], cx: &HugeObjectContext) -> Result<HugeObjectRecord> {
    format::decode(record, 0, cx, &core.budget)
}

fn id_of(record: &HugeObjectRecord) -> FractalHeapId {
    match record.key {
        Some(key) => FractalHeapId::HugeByKey { key },
        None => FractalHeapId::Huge {
            address: record.address,
            len: record.length,
            filtered: record.filtered.map(|f| HugeFiltered { mask: f.filter_mask, size: f.memory_size }),
        },
    }
}

/// Only what is in the file can be given back.
fn check_place(core: &Core, record: &HugeObjectRecord) -> Result<()> {
    let offset = core.offset(record.address)?;
    let (needed, available) = (record.length, core.available(offset));
    if needed > available {
        return Err(
            Error::from(Malformed::Truncated { needed, available }).at(HugeObjectRecord::STRUCTURE, offset)
        );
    }
    Ok(())
}
