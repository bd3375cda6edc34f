//! Hard links: counting them, and giving back what an object takes when the last one goes.

use super::dense_attributes_edit::DenseAttributesEdit;
use super::dense_links_edit::DenseLinksEdit;
use super::group::{is_group, links};
use super::shared_release::{committed_type, release_shared};
use super::{Core, Header};
use crate::base::{Address, Error, Result, Structure};
use crate::format::datatype::Datatype;
use crate::format::message::MessageType;
use crate::format::message::attribute::Attribute;
use crate::format::message::dense_info::{AttributeInfo, LinkInfo};
use crate::format::message::link::Target;
use crate::format::message::reference_count::ReferenceCount;
use crate::format::message::symbol_table::SymbolTable;
use crate::format::object_header::{Prefix, SHARED};

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
fn remove_reference(core: &mut Core, object: Address) -> Result<Option<Header>> {
    let header = Header::load(core, object)?;
    match header.reference_count(core)? {
        0 | 1 => Ok(Some(Header::clone(&header))),
        count => set_reference_count(core, &header, count - 1).map(|()| None),
    }
}

/// Sets the number of hard links that an object says it has.
pub(crate) fn set_links(core: &mut Core, object: Address, count: u32) -> Result<()> {
    let header = Header::load(core, object)?;
    set_reference_count(core, &header, count)
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

/// Counts one link less to each of some objects. Those without any left are deleted, and so is what only they kept
/// alive; `release_data` gives the space of a dataset's elements back. Groups in each other keep each other, as they do in
/// libhdf5.
pub(crate) fn drop_references(
    core: &mut Core,
    objects: Vec<Address>,
    mut release_data: impl FnMut(&mut Core, &Header) -> Result<()>,
) -> Result<()> {
    let mut pending = objects;
    while let Some(object) = pending.pop() {
        let Some(header) = remove_reference(core, object)? else { continue };
        let kept_alive = references_of(core, &header)?;
        core.budget.items((pending.len() + kept_alive.len()) as u64)?;
        pending.extend(kept_alive);
        if header.has(MessageType::LAYOUT) {
            release_data(core, &header)?;
        }
        pending.extend(release_shared(core, &header)?);
        release_object(core, &header)?;
    }
    Ok(())
}

/// The objects that this one keeps alive: members of a group, committed types of a dataset and of attributes.
fn references_of(core: &Core, header: &Header) -> Result<Vec<Address>> {
    let mut references = Vec::new();
    if is_group(header) {
        let hard = |target| if let Target::Hard(address) = target { Some(address) } else { None };
        for link in links(core, header)? {
            references.extend(hard(link?.target));
        }
    }
    // A committed type has its own type in itself.
    references.extend(header.committed::<Datatype>(core)?);
    references.extend(own_attributes(core, header)?.iter().filter_map(committed_type));
    Ok(references)
}

/// The attributes that are not shared. What those need that are is counted once for all objects.
fn own_attributes(core: &Core, header: &Header) -> Result<Vec<Attribute>> {
    let info: Option<AttributeInfo> = header.message(core)?;
    if let Some(dense) = info.as_ref().map_or(Ok(None), DenseAttributesEdit::named)? {
        let all = dense.all(core)?.into_iter();
        return Ok(all
            .filter(|(record, _)| record.message_flags & SHARED == 0)
            .map(|(_, attribute)| attribute)
            .collect());
    }
    let own = header.all(MessageType::ATTRIBUTE).filter(|message| message.flags & SHARED == 0);
    own.map(|message| header.decode(core, message)).collect()
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
