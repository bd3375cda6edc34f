//! What an object gives up of the messages that it has in common with others.

use super::dense_attributes_edit::DenseAttributesEdit;
use super::header::resolve_shared;
use super::shared_index::{SharedUse, UsePlace, lower};
use super::shared_key::own_form;
use super::unlink::{add_reference, drop_references};
use super::{Core, Header};
use crate::base::{Address, Error, Result, Structure};
use crate::format;
use crate::format::message::MessageType;
use crate::format::message::attribute::{Attribute, Part};
use crate::format::message::dense_info::AttributeInfo;
use crate::format::message::shared::{Place, SharedMessage};
use crate::format::object_header::{Message, SHAREABLE, SHARED};

/// Gives up what an object shares that is about to be deleted, its attributes included. Returns the committed types that
/// nobody needs any more on account of that, once for each use.
pub(super) fn release_shared(core: &mut Core, header: &Header) -> Result<Vec<Address>> {
    let mut uses = Vec::new();
    for message in &header.messages {
        uses.extend(use_of(core, header, message)?);
        if message.kind == MessageType::ATTRIBUTE && message.flags & SHARED == 0 {
            parts_of(&header.decode(core, message)?, &mut uses);
        }
    }
    let info: Option<AttributeInfo> = header.message(core)?;
    if let Some(dense) = info.as_ref().map_or(Ok(None), DenseAttributesEdit::named)? {
        for (record, attribute) in dense.all(core)? {
            if record.message_flags & SHARED == 0 {
                parts_of(&attribute, &mut uses);
            } else {
                uses.push(SharedUse { kind: MessageType::ATTRIBUTE, place: UsePlace::Heap(record.heap_id) });
            }
        }
    }
    lower_all(core, uses)
}

/// Gives up a message of a header that is about to get another one in its place.
pub(crate) fn release_message(core: &mut Core, header: &Header, kind: MessageType) -> Result<()> {
    let Some(message) = header.find(kind) else { return Ok(()) };
    let uses = use_of(core, header, message)?;
    lower_all(core, uses.into_iter().collect()).map(drop)
}

/// Gives up an attribute that objects share, and the committed type that it alone had.
pub(super) fn release_attribute(core: &mut Core, id: [u8; 8]) -> Result<()> {
    let used = SharedUse { kind: MessageType::ATTRIBUTE, place: UsePlace::Heap(id) };
    let types = lower_all(core, vec![used])?;
    drop_types(core, types)
}

/// Gives up what an attribute shares that is not shared itself.
pub(super) fn release_parts(core: &mut Core, attribute: &Attribute) -> Result<()> {
    let mut uses = Vec::new();
    parts_of(attribute, &mut uses);
    lower_all(core, uses).map(drop)
}

/// An attribute that was shared as one that an object has for itself: what it had in common with others is its own.
pub(super) fn own_attribute(core: &mut Core, attribute: Attribute) -> Result<Attribute> {
    let datatype = match attribute.datatype {
        Part::Shared(shared) if is_in_heap(&shared) => Part::Here(resolve_shared(core, &shared)?),
        Part::Shared(shared) => {
            if let Place::Header(address) = shared.place {
                add_reference(core, address)?;
            }
            Part::Shared(shared)
        }
        here => here,
    };
    let dataspace = match attribute.dataspace {
        Part::Shared(shared) => Part::Here(resolve_shared(core, &shared)?),
        here => here,
    };
    Ok(Attribute { datatype, dataspace, ..attribute })
}

fn is_in_heap(shared: &SharedMessage) -> bool {
    matches!(shared.place, Place::Heap(_))
}

/// What a message of a header has in common with those of others.
fn use_of(core: &Core, header: &Header, message: &Message) -> Result<Option<SharedUse>> {
    let kind = message.kind;
    if message.flags & SHARED != 0 {
        let shared: SharedMessage =
            format::decode_padded(&message.body, message.offset, &core.sizes(), &core.budget)?;
        return Ok(match shared.place {
            Place::Heap(id) => Some(SharedUse { kind, place: UsePlace::Heap(id) }),
            Place::Header(_) => None,
        });
    }
    if message.flags & SHAREABLE == 0 {
        return Ok(None);
    }
    let place = UsePlace::Here(own_form(core, header, message)?);
    Ok(Some(SharedUse { kind, place }))
}

/// The parts of an attribute that lie in the heap.
fn parts_of(attribute: &Attribute, uses: &mut Vec<SharedUse>) {
    if let Part::Shared(SharedMessage { place: Place::Heap(id), .. }) = attribute.datatype {
        uses.push(SharedUse { kind: MessageType::DATATYPE, place: UsePlace::Heap(id) });
    }
    if let Part::Shared(SharedMessage { place: Place::Heap(id), .. }) = attribute.dataspace {
        uses.push(SharedUse { kind: MessageType::DATASPACE, place: UsePlace::Heap(id) });
    }
}

/// Counts one use less of each, and of what those that are gone had in common with others. Returns the committed types
/// of attributes that are gone.
fn lower_all(core: &mut Core, mut uses: Vec<SharedUse>) -> Result<Vec<Address>> {
    let mut types = Vec::new();
    while let Some(used) = uses.pop() {
        let Some(bytes) = lower(core, &used)? else { continue };
        if used.kind == MessageType::ATTRIBUTE {
            let attribute: Attribute = format::decode_padded(&bytes, 0, &core.sizes(), &core.budget)?;
            parts_of(&attribute, &mut uses);
            types.extend(committed_type(&attribute));
        }
    }
    Ok(types)
}

/// The committed type of an attribute.
pub(super) fn committed_type(attribute: &Attribute) -> Option<Address> {
    match attribute.datatype {
        Part::Shared(SharedMessage { place: Place::Header(address), .. }) => Some(address),
        _ => None,
    }
}

/// Counts one use less of committed types.
fn drop_types(core: &mut Core, types: Vec<Address>) -> Result<()> {
    drop_references(core, types, |core, header| {
        let error = Error::malformed("the type of an attribute is a dataset");
        Err(error.at(Structure::ObjectHeader, core.offset(header.address)?))
    })
}
