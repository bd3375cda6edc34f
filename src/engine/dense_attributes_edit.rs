//! Changing the attributes of an object that keeps them in a fractal heap.

use std::cmp::Ordering;

use super::Core;
use super::dense_attributes::{DenseAttributes, by_name};
use super::dense_storage::{DenseStorage, Entry, Kind};
use super::fractal_heap::HeapCreation;
use crate::base::{Result, Structure, lookup3};
use crate::format;
use crate::format::btree_v2_record::{AttributeNameRecord, AttributeOrderRecord, RecordType};
use crate::format::message::attribute::Attribute;
use crate::format::message::dense_info::AttributeInfo;
use crate::format::object_header::SHARED;

/// The attributes of an object in a heap, to be changed.
pub(super) struct DenseAttributesEdit(DenseStorage);

static ATTRIBUTES: Kind = Kind {
    name: (RecordType::AttributeName, 17),
    order: (RecordType::AttributeOrder, 13),
    info: Structure::AttributeInfo,
};

/// What an attribute's message is.
pub(super) enum Body {
    /// The message itself.
    Here(Vec<u8>),
    /// Its identifier in the heap of messages that objects share.
    Shared([u8; 8]),
}

impl DenseAttributesEdit {
    pub(super) fn create(core: &mut Core, info: &mut AttributeInfo) -> Result<Self> {
        DenseStorage::create(core, &ATTRIBUTES, HeapCreation::Attributes, info).map(DenseAttributesEdit)
    }

    pub(super) fn named(info: &AttributeInfo) -> Result<Option<Self>> {
        Ok(DenseStorage::named(&ATTRIBUTES, info)?.map(DenseAttributesEdit))
    }

    pub(super) fn delete(self, core: &mut Core, info: &mut AttributeInfo) -> Result<()> {
        self.0.delete(core, info)
    }

    pub(super) fn len(&self, core: &Core) -> Result<u64> {
        self.0.len(core)
    }

    /// The attribute with this name, and what the index has of it.
    pub(super) fn find(&self, core: &Core, name: &[u8]) -> Result<Option<(AttributeOrderRecord, Attribute)>> {
        let found = self.open(core)?.find_stored(name)?;
        Ok(found.map(|(record, (attribute, _))| (record, attribute)))
    }

    /// All attributes, and what the index has of them.
    pub(super) fn all(&self, core: &Core) -> Result<Vec<(AttributeOrderRecord, Attribute)>> {
        self.open(core)?.stored()
    }

    fn open<'a>(&self, core: &'a Core) -> Result<DenseAttributes<'a>> {
        DenseAttributes::open(core, self.0.heap, Some(self.0.by_name))
    }

    /// Adds an attribute whose name and creation order are new.
    pub(super) fn insert(&self, core: &mut Core, name: &[u8], body: Body, order: u32) -> Result<()> {
        let record = match body {
            Body::Here(bytes) => {
                AttributeOrderRecord { heap_id: self.0.store(core, &bytes)?, message_flags: 0, order }
            }
            Body::Shared(heap_id) => AttributeOrderRecord { heap_id, message_flags: SHARED, order },
        };
        self.with_records(name, record, |name, order| self.0.index(core, name, order))
    }

    /// Gives an attribute another body, which is not shared.
    pub(super) fn replace(
        &self,
        core: &mut Core,
        name: &[u8],
        old: &AttributeOrderRecord,
        body: &[u8],
    ) -> Result<()> {
        let was_here = old.message_flags & SHARED == 0;
        if was_here && self.0.overwrite(core, &old.heap_id, body)? {
            return Ok(());
        }
        let heap_id = self.0.store(core, body)?;
        let record = AttributeOrderRecord { heap_id, message_flags: 0, order: old.order };
        self.with_records(name, record, |name, order| self.0.reindex(core, name, order))?;
        if was_here { self.0.discard(core, &old.heap_id) } else { Ok(()) }
    }

    /// Takes an attribute out; what it shares with other objects is left as it is.
    pub(super) fn remove(&self, core: &mut Core, name: &[u8], old: &AttributeOrderRecord) -> Result<()> {
        let order = by_order(&self.0, old.order);
        self.0.check_order(core, &order)?;
        self.0.unindex(core, &by_name(self.0.heap, self.0.by_name, name), &order)?;
        if old.message_flags & SHARED == 0 { self.0.discard(core, &old.heap_id) } else { Ok(()) }
    }

    /// Makes the records of both indexes for `use_them`.
    fn with_records(
        &self,
        name: &[u8],
        attribute: AttributeOrderRecord,
        use_them: impl FnOnce(Entry<'_>, Entry<'_>) -> Result<()>,
    ) -> Result<()> {
        let named = format::encode(&AttributeNameRecord { attribute, hash: lookup3(name) }, &())?;
        let ordered = format::encode(&attribute, &())?;
        let name = Entry { record: &named, compare: &by_name(self.0.heap, self.0.by_name, name) };
        let order = Entry { record: &ordered, compare: &by_order(&self.0, attribute.order) };
        use_them(name, order)
    }
}

/// How the records of the index by creation order stand to that of an attribute.
fn by_order(storage: &DenseStorage, wanted: u32) -> impl Fn(&Core, &[u8]) -> Result<Ordering> + use<> {
    let index = storage.by_order.unwrap_or(storage.by_name);
    move |core, record| {
        let record: AttributeOrderRecord = format::decode(record, core.offset(index)?, &(), &core.budget)?;
        Ok(record.order.cmp(&wanted))
    }
}
