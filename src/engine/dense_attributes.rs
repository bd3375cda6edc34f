//! The attributes of an object that has too many or too large ones for its header: in a fractal heap, found by way of
//! a B-tree.

use std::cmp::Ordering;

use super::Core;
use super::btree_v2::BTree2;
use super::dense_storage::compare_names;
use super::fractal_heap::FractalHeap;
use super::shared_message::shared_message;
use crate::base::{Address, Error, Result, Structure};
use crate::format;
use crate::format::btree_v2_record::{AttributeNameRecord, AttributeOrderRecord, RecordType};
use crate::format::message::attribute::Attribute;
use crate::format::object_header::SHARED;

/// Attributes in a heap, ready to be read.
pub(super) struct DenseAttributes<'a> {
    core: &'a Core,
    heap: FractalHeap<'a>,
    names: BTree2<'a>,
    /// Of the heap and of the index.
    addresses: (Address, Address),
}

/// An attribute with the place in the file that errors about it should name.
pub(super) type Located = (Attribute, u64);

impl<'a> DenseAttributes<'a> {
    /// Opens what an attribute info message names.
    pub(super) fn open(core: &'a Core, heap: Address, by_name: Option<Address>) -> Result<Self> {
        let Some(by_name) = by_name else {
            let error = Error::malformed("attributes in a heap have no index by name");
            return Err(error.within(Structure::AttributeInfo));
        };
        let names = BTree2::open(core, by_name, RecordType::AttributeName)?;
        Ok(DenseAttributes { core, heap: FractalHeap::open(core, heap)?, names, addresses: (heap, by_name) })
    }

    /// All attributes, in the order of their creation where the object keeps it. Where the index breaks off, an error
    /// stands for the rest.
    pub(super) fn attributes(&self) -> Vec<Result<Located>> {
        let mut records = Vec::new();
        let visited = self.names.visit(|record| {
            records.push(self.record(record)?.attribute);
            Ok(())
        });
        self.heap.sort_by_place(&mut records, |record| &record.heap_id);
        records.sort_by_key(|record| record.order);
        let read = records.iter().map(|record| self.attribute(record));
        read.chain(visited.err().map(Err)).collect()
    }

    /// The attribute with this name.
    pub(super) fn find(&self, name: &[u8]) -> Result<Option<Located>> {
        Ok(self.find_stored(name)?.map(|(_, attribute)| attribute))
    }

    /// The same with what the index has of it.
    pub(super) fn find_stored(&self, name: &[u8]) -> Result<Option<(AttributeOrderRecord, Located)>> {
        let (heap, index) = self.addresses;
        let compare = by_name(heap, index, name);
        let Some(record) = self.names.find(|record| compare(self.core, record))? else { return Ok(None) };
        let record = self.record(&record)?.attribute;
        Ok(Some((record, self.attribute(&record)?)))
    }

    /// What the index has of all attributes, with their names.
    pub(super) fn stored(&self) -> Result<Vec<(AttributeOrderRecord, Attribute)>> {
        let mut records = Vec::new();
        self.names.visit(|record| {
            records.push(self.record(record)?.attribute);
            Ok(())
        })?;
        let read = records.into_iter().map(|record| Ok((record, self.attribute(&record)?.0)));
        read.collect()
    }

    fn record(&self, record: &[u8]) -> Result<AttributeNameRecord> {
        self.names.decode(record, &())
    }

    fn attribute(&self, record: &AttributeOrderRecord) -> Result<Located> {
        attribute(self.core, &self.heap, record)
    }
}

/// One that is shared with other objects lies in the heap of shared messages.
fn attribute(core: &Core, heap: &FractalHeap<'_>, record: &AttributeOrderRecord) -> Result<Located> {
    if record.message_flags & SHARED != 0 {
        return shared_message(core, &record.heap_id);
    }
    heap.object(&record.heap_id, |bytes, offset| {
        Ok((format::decode_padded(bytes, offset, &core.sizes(), &core.budget)?, offset))
    })
}

/// How the records of the index stand to a name.
pub(super) fn by_name(
    heap: Address,
    index: Address,
    name: &[u8],
) -> impl Fn(&Core, &[u8]) -> Result<Ordering> {
    let hash = |record: &AttributeNameRecord| record.hash;
    let name_of = |core: &Core, heap: &FractalHeap<'_>, record: &AttributeNameRecord| {
        Ok(attribute(core, heap, &record.attribute)?.0.name)
    };
    compare_names((heap, index), name, hash, name_of)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{bytes, fixture, object, open};
    use super::super::{attribute, attributes};
    use super::*;

    #[test]
    fn an_attribute_may_have_more_than_64_kib() {
        let core = fixture("dense_attributes.h5");
        let header = object(&core, "large");
        let large = attribute(&core, &header, b"large").unwrap().unwrap();
        let expected: Vec<u8> = (0..8300u64).flat_map(u64::to_le_bytes).collect();
        assert!(large.data == expected && large.extent.shape() == Some(&[8300][..]));
        assert_eq!(attribute(&core, &header, b"small").unwrap().unwrap().data, [7, 0, 0, 0]);
        assert!(attribute(&core, &header, b"neither").unwrap().is_none());
    }

    #[test]
    fn attributes_are_listed_in_the_order_of_their_creation() {
        let core = fixture("dense_attributes.h5");
        let listed = attributes(&core, &object(&core, "ordered")).unwrap();
        let listed: Vec<_> = listed.into_iter().map(|a| a.unwrap()).map(|a| (a.name, a.data)).collect();
        let name = |index| if index == 20 { "z99".into() } else { format!("z{:02}", index * 7 % 20) };
        let expected = (1..=20u32).map(|index| (name(index).into_bytes(), index.to_le_bytes().to_vec()));
        assert_eq!(listed, expected.collect::<Vec<_>>());
    }

    #[test]
    fn names_of_the_same_hash_are_told_apart() {
        let core = fixture("dense_attributes.h5");
        for name in [b"c82689", b"c96406"] {
            assert_eq!(attribute(&core, &object(&core, "twins"), name).unwrap().unwrap().data, name);
        }
    }

    #[test]
    fn a_broken_attribute_does_not_hide_the_others() {
        let mut bytes = bytes("dense_attributes.h5");
        // The index of huge objects has one record: that of the large attribute.
        let leaf = bytes.windows(6).position(|six| six == b"BTLF\0\x01").unwrap();
        bytes[leaf + 6] ^= 1;
        let core = open(bytes, false).unwrap();
        let mut listed = attributes(&core, &object(&core, "large")).unwrap();
        listed.sort_by_key(Result::is_err);
        let [small, large] = &listed[..] else { panic!("{} attributes", listed.len()) };
        assert_eq!(small.as_ref().unwrap().name, b"small");
        let error = large.as_ref().unwrap_err().to_string();
        assert!(error.ends_with(&format!("in the version 2 B-tree leaf node at offset {leaf}")), "{error}");
    }

    #[test]
    fn where_the_index_breaks_off_an_error_stands_for_the_rest() {
        let mut bytes = bytes("dense_attributes.h5");
        let leaf = bytes.windows(6).rposition(|six| six == b"BTLF\0\x08").unwrap();
        bytes[leaf + 6] ^= 1;
        let core = open(bytes, false).unwrap();
        let paths = ["large", "ordered", "twins"];
        let broken = paths
            .map(|path| attributes(&core, &object(&core, path)).unwrap())
            .iter()
            .filter(|listed| listed.len() == 1 && listed[0].is_err())
            .count();
        assert_eq!(broken, 1);
    }
}
