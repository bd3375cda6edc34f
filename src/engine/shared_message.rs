//! Messages that several objects have in common: from the superblock extension by way of the table to the heap.

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

/// The heap with the shared messages of a type. The blocks on the way to it are kept as all others are.
fn heap_of(core: &Core, kind: MessageType) -> Result<Address> {
    let place = match core.superblock.extension() {
        Some(extension) => Header::load(core, extension)?.message::<SharedTableMessage>(core)?,
        None => None,
    };
    let Some(place) = place else {
        return Err(
            Error::malformed("the file has no table of shared messages").within(Structure::SharedMessage)
        );
    };
    let cx = TableContext { sizes: core.sizes(), indexes: place.indexes };
    let table = core.fetch::<SharedMessageTable>(place.table, &cx)?;
    // Old fill values share an index with new ones.
    let number = if kind == MessageType::FILL_VALUE_OLD { MessageType::FILL_VALUE } else { kind }.0;
    let shares = u8::try_from(number).ok();
    let index = table.indexes.iter().find(|index| shares.is_some_and(|number| index.shares(number)));
    index.and_then(|index| index.heap).ok_or_else(|| {
        let error = Error::field("message type", u64::from(number), "no heap of shared messages has it");
        error.at(Structure::SharedMessageTable, core.offset(place.table).unwrap_or(place.table.0))
    })
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
