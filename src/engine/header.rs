//! An object header as a whole: the messages of all its blocks.

use std::collections::HashSet;
use std::sync::Arc;

use super::Core;
use super::shared_message::shared_message;
use crate::base::{Address, Error, Result, Structure, to_usize};
use crate::format::message::MessageType;
use crate::format::message::continuation::Continuation;
use crate::format::message::reference_count::ReferenceCount;
use crate::format::message::shared::{Place, SharedMessage};
use crate::format::object_header::{
    ContinuationBlock, FAIL_IF_UNKNOWN, FAIL_IF_UNKNOWN_AND_WRITING, Message, ObjectHeader, Prefix, SHARED,
};
use crate::format::{self, message};

/// The messages of an object, without those that only say where others are or are empty.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) address: Address,
    pub(crate) prefix: Prefix,
    pub(crate) messages: Vec<Message>,
    /// Where messages can stand: the first block, then its continuations.
    pub(super) spans: Vec<Span>,
}

/// A block of the header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) address: Address,
    /// The bytes of messages that it holds, without what stands around them.
    pub(super) capacity: usize,
}

impl Header {
    /// Finds the header at an address.
    pub(crate) fn load(core: &Core, address: Address) -> Result<Arc<Header>> {
        if let Some(header) = core.headers.get(&address) {
            return Ok(header);
        }
        let (header, cost) = Header::read(core, address)?;
        let header = Arc::new(header);
        core.headers.insert(address, Arc::clone(&header), cost);
        Ok(header)
    }

    fn read(core: &Core, address: Address) -> Result<(Header, usize)> {
        let (first, len) = core.fetch_uncached::<ObjectHeader>(address, &())?;
        let style = first.prefix.style();
        let mut header = Header { address, prefix: first.prefix, messages: Vec::new(), spans: Vec::new() };
        let mut blocks = vec![(address, first.block)];
        let (mut seen, mut next, mut cost) = (HashSet::from([address]), 0, len);
        while let Some((address, block)) = blocks.get_mut(next) {
            next += 1;
            header.spans.push(Span { address: *address, capacity: block.len(style) });
            for message in std::mem::take(&mut block.messages) {
                if message.kind != MessageType::CONTINUATION {
                    header.take(core, message)?;
                    continue;
                }
                let place: Continuation = header.decode(core, &message)?;
                if !seen.insert(place.address) {
                    let error =
                        Error::field("continuation block address", place.address.0, "it was read before");
                    return Err(error.at(Structure::ObjectHeader, core.offset(header.address)?));
                }
                core.budget.items(seen.len() as u64)?;
                let more =
                    core.fetch_sized_uncached::<ContinuationBlock>(place.address, place.length, &style)?;
                cost += to_usize(place.length)?;
                blocks.push((place.address, more.0));
            }
        }
        Ok((header, cost))
    }

    fn take(&mut self, core: &Core, message: Message) -> Result<()> {
        let fatal =
            if core.is_writable() { FAIL_IF_UNKNOWN | FAIL_IF_UNKNOWN_AND_WRITING } else { FAIL_IF_UNKNOWN };
        if !message.kind.is_known() && message.flags & fatal != 0 {
            let what = format!("message type {}, which the object says must be understood", message.kind.0);
            return Err(Error::unsupported(what).at(Structure::ObjectHeader, message.offset));
        }
        if message.kind == MessageType::REFERENCE_COUNT && self.prefix.style().version == 1 {
            let error = Error::malformed("a version 1 header counts its links itself, not in a message");
            return Err(error.at(Structure::ObjectHeader, message.offset));
        }
        if message.kind != MessageType::NIL {
            self.messages.push(message);
        }
        Ok(())
    }

    /// Decodes the first message of a type, wherever it is stored.
    pub(crate) fn message<T: message::Message>(&self, core: &Core) -> Result<Option<T>> {
        self.find(T::TYPE).map(|message| self.decode(core, message)).transpose()
    }

    /// The same for one that the object cannot do without.
    pub(crate) fn required<T: message::Message>(&self, core: &Core) -> Result<T> {
        match self.message(core)? {
            Some(value) => Ok(value),
            None => {
                let error = Error::malformed(format!("the object has no {}", T::STRUCTURE));
                Err(error.at(Structure::ObjectHeader, core.offset(self.address)?))
            }
        }
    }

    /// All messages of a type.
    pub(crate) fn all(&self, kind: MessageType) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.kind == kind)
    }

    pub(crate) fn find(&self, kind: MessageType) -> Option<&Message> {
        self.all(kind).next()
    }

    pub(crate) fn has(&self, kind: MessageType) -> bool {
        self.find(kind).is_some()
    }

    /// Decodes a message, or the one that it stands for.
    pub(crate) fn decode<T: message::Message>(&self, core: &Core, message: &Message) -> Result<T> {
        let sizes = core.sizes();
        if message.flags & SHARED == 0 {
            return format::decode_padded(&message.body, message.offset, &sizes, &core.budget);
        }
        let shared: SharedMessage =
            format::decode_padded(&message.body, message.offset, &sizes, &core.budget)?;
        resolve_shared(core, &shared)
    }

    /// The header that holds the message of a type in place of this one, as that of a committed datatype does.
    pub(crate) fn committed<T: message::Message>(&self, core: &Core) -> Result<Option<Address>> {
        let Some(message) = self.find(T::TYPE).filter(|message| message.flags & SHARED != 0) else {
            return Ok(None);
        };
        let shared: SharedMessage =
            format::decode_padded(&message.body, message.offset, &core.sizes(), &core.budget)?;
        match shared.place {
            Place::Header(address) => Ok(Some(address)),
            Place::Heap(_) => Ok(None),
        }
    }

    /// The number of hard links that lead to the object.
    pub(crate) fn reference_count(&self, core: &Core) -> Result<u32> {
        match &self.prefix {
            Prefix::Version1 { reference_count, .. } => Ok(*reference_count),
            Prefix::Version2 { .. } => Ok(self.message::<ReferenceCount>(core)?.map_or(1, |m| m.count)),
        }
    }
}

/// Follows a reference to a shared message.
pub(crate) fn resolve_shared<T: message::Message>(core: &Core, shared: &SharedMessage) -> Result<T> {
    match shared.place {
        Place::Heap(id) => Ok(shared_message(core, &id)?.0),
        Place::Header(address) => {
            let owner = Header::load(core, address)?;
            let found = owner.find(T::TYPE).filter(|message| message.flags & SHARED == 0);
            let Some(message) = found else {
                let error = Error::malformed(format!("the shared {} is not there", T::STRUCTURE));
                return Err(error.at(Structure::ObjectHeader, core.offset(address)?));
            };
            format::decode_padded(&message.body, message.offset, &core.sizes(), &core.budget)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{fixture, object};
    use super::*;

    /// A version 1 header has the count in its prefix, and libhdf5 refuses a second one.
    #[test]
    fn a_reference_count_message_belongs_to_version_2_headers() {
        let take = |name: &str| {
            let core = fixture(name);
            let mut header = Header::clone(&object(&core, "/"));
            let (kind, body) = (MessageType::REFERENCE_COUNT, vec![0, 2, 0, 0, 0]);
            let message = Message { kind, flags: 0, creation_order: None, body, offset: 0 };
            header.take(&core, message).map(|()| header.reference_count(&core).unwrap())
        };
        let error = take("superblock_0.h5").unwrap_err().to_string();
        assert!(error.contains("a version 1 header counts its links itself"), "{error}");
        assert_eq!(take("superblock_2.h5").unwrap(), 2);
    }
}
