//! Hard links: counting them, and giving back what an object takes when the last one goes.

use super::dense_attributes_edit::DenseAttributesEdit;
use super::dense_links_edit::DenseLinksEdit;
use super::group::{is_group, links};
use super::{Core, Header};
use crate::base::{Address, Error, Result, Structure};
use crate::format::datatype::Datatype;
use crate::format::message::MessageType;
use crate::format::message::attribute::{Attribute, Part};
use crate::format::message::dense_info::{AttributeInfo, LinkInfo};
use crate::format::message::link::Target;
use crate::format::message::reference_count::ReferenceCount;
use crate::format::message::shared::{Place, SharedMessage};
use crate::format::message::symbol_table::SymbolTable;
use crate::format::object_header::Prefix;

/// Counts one hard link more to an object.
pub(crate) fn add_reference(core: &mut Core, object: Address) -> Result<()> {
    let header = Header::load(core, object)?;
    let count = header.reference_count(core)?;
    let more = count.checked_add(1);
    let more =
        more.ok_or_else(|| Error::limit("links to an object", u64::from(count) + 1, u64::from(count)))?;
    set_reference_count(core, &header, more)
}

/// Counts one hard link less to an object. Returns the header of one that has none left.
pub(crate) fn remove_reference(core: &mut Core, object: Address) -> Result<Option<Header>> {
    let header = Header::load(core, object)?;
    match header.reference_count(core)? {
        0 | 1 => Ok(Some(Header::clone(&header))),
        count => set_reference_count(core, &header, count - 1).map(|()| None),
    }
}

fn set_reference_count(core: &mut Core, header: &Header, count: u32) -> Result<()> {
    let mut header = header.clone();
    match &mut header.prefix {
        Prefix::Version1 { reference_count, .. } => *reference_count = count,
        // A count of one has no message.
        Prefix::Version2 { .. } if count == 1 => {
            header.messages.retain(|message| message.kind != MessageType::REFERENCE_COUNT);
        }
        Prefix::Version2 { .. } => header.set(core, &ReferenceCount { count }, 0)?,
    }
    header.store(core)
}

/// The objects that this one keeps alive: members of a group, committed types of a dataset and of attributes.
pub(crate) fn references_of(core: &Core, header: &Header) -> Result<Vec<Address>> {
    let mut references = Vec::new();
    if is_group(header) {
        let hard = |target| if let Target::Hard(address) = target { Some(address) } else { None };
        for link in links(core, header)? {
            references.extend(hard(link?.target));
        }
    }
    // A committed type has its own type in itself.
    references.extend(header.committed::<Datatype>(core)?);
    for attribute in stored_attributes(core, header)? {
        if let Part::Shared(SharedMessage { place: Place::Header(address), .. }) = attribute.datatype {
            references.push(address);
        }
    }
    Ok(references)
}

fn stored_attributes(core: &Core, header: &Header) -> Result<Vec<Attribute>> {
    let info: Option<AttributeInfo> = header.message(core)?;
    if let Some(dense) = info.as_ref().map_or(Ok(None), DenseAttributesEdit::named)? {
        return Ok(dense.all(core)?.into_iter().map(|(_, attribute)| attribute).collect());
    }
    header.all(MessageType::ATTRIBUTE).map(|message| header.decode(core, message)).collect()
}

/// Gives the space of an object's header back, and of its links and attributes. Raw data is not its business.
pub(crate) fn release_object(core: &mut Core, header: &Header) -> Result<()> {
    if let Some(mut info) = header.message::<AttributeInfo>(core)?
        && let Some(dense) = DenseAttributesEdit::named(&info)?
    {
        dense.delete(core, &mut info)?;
    }
    if let Some(mut info) = header.message::<LinkInfo>(core)?
        && let Some(dense) = DenseLinksEdit::named(&info)?
    {
        dense.delete(core, &mut info)?;
    }
    if let Some(table) = header.message::<SymbolTable>(core)? {
        super::symbol_table_edit::delete(core, &table)?;
    }
    header.release(core)
}

/// Refuses to unlink the root group's own header, which nothing could find any more.
pub(crate) fn check_not_root(core: &Core, object: Address) -> Result<()> {
    if object == core.superblock.root_header() {
        return Err(Error::misuse("the root group cannot be deleted").within(Structure::Group));
    }
    Ok(())
}
