//! The headers of copies, and the messages that any object can have.

use crate::base::{Address, Result};
use crate::engine::{self, Core, Header};
use crate::format::datatype::Datatype;
use crate::format::message::dense_info::AttributeInfo;
use crate::format::message::modification_time::ModificationTime;
use crate::format::message::{Message as _, MessageType};
use crate::format::object_header::{Message, Prefix};

use super::Ends;

/// Room beyond what the messages of the object take: links and attributes come to the header later.
const SLACK: usize = 64;

/// Makes a header without messages for the copy of an object; it has room for about as many bytes of them.
pub(super) fn reserve(ends: &mut Ends<'_>, from: Address) -> Result<Address> {
    let header = Header::load(ends.source(), from)?;
    let prefix = prefix(ends.source(), ends.target(), &header)?;
    let style = prefix.style();
    let room = header.messages.iter().map(|message| style.head() + style.padded(message.body.len()));
    let room = room.sum::<usize>() + SLACK;
    Ok(Header::create_with(ends.writer(), prefix, Vec::new(), room)?.address)
}

/// The prefix in the version that the file has for new objects, or in the one that can hold what the object says.
fn prefix(from: &Core, to: &Core, header: &Header) -> Result<Prefix> {
    let order = header.prefix.attribute_order();
    let (times, thresholds) = match &header.prefix {
        Prefix::Version2 { times, thresholds, .. } => (*times, *thresholds),
        // All that is known of the times is when the object was changed.
        Prefix::Version1 { .. } => {
            let modified = engine::modified(from, header).ok().flatten();
            (modified.and_then(|seconds| u32::try_from(seconds).ok()).map(|time| [time; 4]), None)
        }
    };
    let needs_version_2 = order != 0 || thresholds.is_some() || has_dense_attributes(from, header)?;
    Ok(match to.versions().object_header {
        1 if !needs_version_2 && !needs_checksum(from, header)? => {
            Prefix::Version1 { messages: 0, reference_count: 1 }
        }
        _ => Prefix::version_2(order, times, thresholds),
    })
}

/// In headers without a checksum libhdf5 takes types that leave most of their bits unused for damage.
fn needs_checksum(core: &Core, header: &Header) -> Result<bool> {
    // What cannot be decoded is told of when it is copied.
    let is_sparse =
        |datatype: Result<Datatype>| datatype.is_ok_and(|datatype| datatype.has_mostly_unused_bits());
    if header.has(MessageType::DATATYPE) && is_sparse(header.required(core)) {
        return Ok(true);
    }
    let attributes = engine::stored_attributes(core, header)?.into_iter().flatten();
    let mut types = attributes.map(|(attribute, _)| engine::part(core, attribute.datatype));
    Ok(types.any(is_sparse))
}

/// Attributes in a heap may be larger than a message can be.
fn has_dense_attributes(core: &Core, header: &Header) -> Result<bool> {
    Ok(header.message::<AttributeInfo>(core)?.is_some_and(|info| info.heap.is_some()))
}

/// The messages that stay what they are in any file: comments, times, and those that nobody knows.
fn common_messages(from: &Core, to: &Core, header: &Header, copy: &Header) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    for message in &header.messages {
        if message.kind == MessageType::COMMENT || !message.kind.is_known() {
            messages.push(Message { creation_order: None, offset: 0, ..message.clone() });
        }
    }
    // A version 2 header has its times in the prefix.
    if let (Prefix::Version1 { .. }, Some(seconds)) =
        (&copy.prefix, engine::modified(from, header).ok().flatten())
        && let Ok(seconds) = u32::try_from(seconds)
    {
        let time = ModificationTime { seconds };
        let body = time.to_body(to.sizes())?;
        let kind = MessageType::MODIFICATION_TIME;
        messages.push(Message { kind, flags: 0, creation_order: None, body, offset: 0 });
    }
    Ok(messages)
}

/// Fills the header of a copy: with its own messages and with those that every object can have.
pub(super) fn fill(ends: &mut Ends<'_>, header: &Header, to: Address, messages: Vec<Message>) -> Result<()> {
    let mut copy = Header::clone(&*Header::load(ends.target(), to)?);
    let common = common_messages(ends.source(), ends.target(), header, &copy)?;
    messages.into_iter().chain(common).for_each(|message| copy.push(message));
    copy.store(ends.writer())
}
