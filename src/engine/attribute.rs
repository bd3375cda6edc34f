//! Attributes: listing them, finding one by name.

use super::dense_attributes::DenseAttributes;
use super::header::resolve_shared;
use super::shared_release::committed_type;
use super::{Core, Header};
use crate::base::{Address, Error, Result, Structure, byte_count, element_count, to_usize};
use crate::format::datatype::Datatype;
use crate::format::message::attribute::{Attribute, Part};
use crate::format::message::dataspace::Extent;
use crate::format::message::dense_info::AttributeInfo;
use crate::format::message::{self, MessageType};
use crate::format::object_header::Message;

/// An attribute with its shared parts found and its data cut to size.
#[derive(Clone, Debug)]
pub(crate) struct AttributeValue {
    pub(crate) name: Vec<u8>,
    pub(crate) datatype: Datatype,
    /// The header of the committed datatype, if it is one.
    pub(crate) committed: Option<Address>,
    pub(crate) extent: Extent,
    /// The elements in the file's form.
    pub(crate) data: Vec<u8>,
}

/// Every attribute of an object, in the order of their creation where the object keeps that, else as stored; one that cannot be read is an
/// error of its own.
pub(crate) fn attributes(core: &Core, header: &Header) -> Result<Vec<Result<AttributeValue>>> {
    let stored = stored_attributes(core, header)?.into_iter();
    Ok(stored.map(|read| read.and_then(|(a, offset)| value(core, a, offset))).collect())
}

/// The same without following what is shared; with each attribute comes where it lies in the file.
pub(crate) fn stored_attributes(core: &Core, header: &Header) -> Result<Vec<Result<(Attribute, u64)>>> {
    if let Some(dense) = dense(core, header)? {
        return Ok(dense.attributes());
    }
    let mut compact: Vec<&Message> = header.all(MessageType::ATTRIBUTE).collect();
    compact.sort_by_key(|message| message.creation_order);
    let read = compact.into_iter().map(|message| Ok((header.decode(core, message)?, message.offset)));
    Ok(read.collect())
}

/// Every attribute in the order of their creation; none if the object does not keep that.
pub(crate) fn attributes_by_creation_order(
    core: &Core,
    header: &Header,
) -> Result<Option<Vec<Result<AttributeValue>>>> {
    if header.prefix.style().ordered { attributes(core, header).map(Some) } else { Ok(None) }
}

/// The attribute with this name.
pub(crate) fn attribute(core: &Core, header: &Header, name: &[u8]) -> Result<Option<AttributeValue>> {
    if let Some(dense) = dense(core, header)? {
        return dense.find(name)?.map(|(attribute, offset)| value(core, attribute, offset)).transpose();
    }
    let Some(index) = position(core, header, name)? else { return Ok(None) };
    let message = &header.messages[index];
    value(core, header.decode(core, message)?, message.offset).map(Some)
}

/// The position of an attribute's message. One that cannot be decoded is passed over: it is another one.
pub(super) fn position(core: &Core, header: &Header, name: &[u8]) -> Result<Option<usize>> {
    let found = header.messages.iter().position(|message| {
        message.kind == MessageType::ATTRIBUTE
            && header.decode::<Attribute>(core, message).is_ok_and(|attribute| attribute.name == name)
    });
    Ok(found)
}

/// The attributes, if the object keeps them in a heap.
fn dense<'a>(core: &'a Core, header: &Header) -> Result<Option<DenseAttributes<'a>>> {
    match header.message::<AttributeInfo>(core)? {
        Some(AttributeInfo { heap: Some(heap), by_name, .. }) => {
            DenseAttributes::open(core, heap, by_name).map(Some)
        }
        _ => Ok(None),
    }
}

/// Finds the shared parts of an attribute; `offset` is where it lies in the file.
fn value(core: &Core, attribute: Attribute, offset: u64) -> Result<AttributeValue> {
    let committed = committed_type(&attribute);
    let datatype = part(core, attribute.datatype)?;
    let extent = part(core, attribute.dataspace)?.extent;
    let count = extent.shape().map_or(Ok(0), element_count)?;
    let needed = byte_count(count, to_usize(u64::from(datatype.size))?)?;
    let mut data = attribute.data;
    if (data.len() as u64) < needed {
        let available = data.len() as u64;
        let error = Error::from(crate::base::Malformed::Truncated { needed, available });
        return Err(error.at(Structure::Attribute, offset));
    }
    data.truncate(to_usize(needed)?);
    Ok(AttributeValue { name: attribute.name, datatype, committed, extent, data })
}

/// A part of an attribute, wherever it is.
pub(crate) fn part<T: message::Message>(core: &Core, part: Part<T>) -> Result<T> {
    match part {
        Part::Here(value) => Ok(value),
        Part::Shared(shared) => resolve_shared(core, &shared),
    }
}
