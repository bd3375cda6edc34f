//! Messages that several objects have in common: from the superblock extension by way of the table to the heap.

use std::sync::Arc;

use super::fractal_heap::FractalHeap;
use super::{Core, Header};
use crate::base::{Address, Error, Result, Structure};
use crate::format;
use crate::format::message::shared_table::SharedTableMessage;
use crate::format::message::{Message, MessageType};
use crate::format::shared_table::{SharedMessageTable, TableContext};

/// Decodes the message with this identifier in the heap of its type; also tells where errors about it lie.
pub(super) fn shared_message<T: Message>(core: &Core, id: &[u8; 8]) -> Result<(T, u64)> {
    let heap = FractalHeap::open(core, heap_of(core, T::TYPE)?)?;
    heap.object(id, |bytes, offset| {
        Ok((format::decode_padded(bytes, offset, &core.sizes(), &core.budget)?, offset))
    })
}

/// The heap with the shared messages of a type.
fn heap_of(core: &Core, kind: MessageType) -> Result<Address> {
    let (place, _, table, index) = table_of(core, kind)?;
    table.indexes[index].heap.ok_or_else(|| no_heap(core, place, kind))
}

/// The table of shared messages, where it is, and the number of the index for a type.
pub(super) fn table_of(
    core: &Core,
    kind: MessageType,
) -> Result<(Address, TableContext, Arc<SharedMessageTable>, usize)> {
    let Some((place, cx, table)) = table(core)? else {
        return Err(
            Error::malformed("the file has no table of shared messages").within(Structure::SharedMessage)
        );
    };
    let index = index_of(&table, kind).ok_or_else(|| no_heap(core, place, kind))?;
    Ok((place, cx, table, index))
}

/// Whether the file shares messages of a type and length.
pub(super) fn is_shared_somewhere(core: &Core, kind: MessageType, len: usize) -> Result<bool> {
    let Some((_, _, table)) = table(core)? else { return Ok(false) };
    let index = index_of(&table, kind);
    Ok(index.is_some_and(|index| len as u64 >= u64::from(table.indexes[index].min_message_size)))
}

/// The blocks on the way to the table are kept as all others are.
fn table(core: &Core) -> Result<Option<(Address, TableContext, Arc<SharedMessageTable>)>> {
    let Some(extension) = core.superblock.extension() else { return Ok(None) };
    let Some(place) = Header::load(core, extension)?.message::<SharedTableMessage>(core)? else {
        return Ok(None);
    };
    let cx = TableContext { sizes: core.sizes(), indexes: place.indexes };
    Ok(Some((place.table, cx, core.fetch::<SharedMessageTable>(place.table, &cx)?)))
}

fn index_of(table: &SharedMessageTable, kind: MessageType) -> Option<usize> {
    // Old fill values share an index with new ones.
    let number = if kind == MessageType::FILL_VALUE_OLD { MessageType::FILL_VALUE } else { kind }.0;
    let shares = u8::try_from(number).ok();
    table.indexes.iter().position(|index| shares.is_some_and(|number| index.shares(number)))
}

fn no_heap(core: &Core, table: Address, kind: MessageType) -> Error {
    let error = Error::field("message type", u64::from(kind.0), "no heap of shared messages has it");
    error.at(Structure::SharedMessageTable, core.offset(table).unwrap_or(table.0))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{fixture, object};
    use super::super::{attribute, attributes};
    use super::*;
    use crate::format::message::attribute::Attribute;

    #[test]
    fn shared_attributes_are_read_from_headers_and_from_heaps() {
        let core = fixture("shared.h5");
        for (path, count) in [("few", 3), ("few again", 3), ("many", 12), ("many again", 12)] {
            let header = object(&core, path);
            let others = usize::from(!path.ends_with("again"));
            assert_eq!(attributes(&core, &header).unwrap().len(), count + others);
            for index in 0..count {
                let name = format!("attribute {index}");
                let found = attribute(&core, &header, name.as_bytes()).unwrap().unwrap();
                let first = f64::from_le_bytes(found.data[..8].try_into().unwrap());
                assert_eq!((first, found.extent.shape()), (index as f64, Some(&[4][..])));
            }
        }
    }

    #[test]
    fn an_attribute_may_have_a_shared_type_and_a_shared_shape() {
        let core = fixture("shared.h5");
        for path in ["few", "many"] {
            let found = attribute(&core, &object(&core, path), b"unlike others").unwrap().unwrap();
            assert_eq!((found.datatype.size, found.data.len()), (12, 24));
        }
    }

    #[test]
    fn identifiers_that_lead_nowhere_are_refused() {
        let core = fixture("shared.h5");
        let text = |core: &Core, id| shared_message::<Attribute>(core, id).unwrap_err().to_string();
        assert!(text(&core, &[0x30; 8]).contains("kind of heap identifier is 3"));
        assert!(text(&core, &[0, 0, 0, 0, 1, 0, 9, 0]).contains("offset in the heap is 16777216"));
        assert!(text(&core, &[0, 22, 0, 0, 0, 0, 0, 0]).contains("length of a managed object is 0"));
        let without = fixture("dense_links.h5");
        assert!(text(&without, &[0; 8]).contains("the file has no table of shared messages"));
        let none = heap_of(&core, MessageType::LINK).unwrap_err().to_string();
        assert!(none.contains("message type is 6: no heap of shared messages has it"), "{none}");
    }
}
