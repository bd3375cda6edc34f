//! What shared messages say, and how the records of their indexes are found by it.

use std::cmp::Ordering;

use super::fractal_heap::{FractalHeap, FractalHeapEdit};
use super::{Core, Header};
use crate::base::{Address, Error, Result, Structure};
use crate::format;
use crate::format::datatype::Datatype;
use crate::format::message::dataspace::Dataspace;
use crate::format::message::fill_value::{FillValue, FillValueOld};
use crate::format::message::filter_pipeline::FilterPipeline;
use crate::format::message::{self, MessageType};
use crate::format::object_header::Message;
use crate::format::shared_table::{SharedLocation, SharedMessageRecord};

/// What is looked for in an index.
pub(super) struct Key {
    pub(super) bytes: Vec<u8>,
    pub(super) hash: u32,
    pub(super) id: Option<[u8; 8]>,
    pub(super) heap: Address,
}

impl Key {
    /// How a record stands to the one that is meant.
    pub(super) fn compare(&self, core: &Core, record: &SharedMessageRecord) -> Result<Ordering> {
        if let (SharedLocation::Heap { id, .. }, Some(meant)) = (&record.location, &self.id)
            && id == meant
        {
            return Ok(Ordering::Equal);
        }
        match record.hash.cmp(&self.hash) {
            Ordering::Equal => {
                let bytes = content(core, self.heap, record)?;
                Ok(bytes.len().cmp(&self.bytes.len()).then_with(|| bytes.cmp(&self.bytes)))
            }
            order => Ok(order),
        }
    }

    /// The same for a record as a tree has it.
    pub(super) fn compare_stored(&self, core: &Core, record: &[u8]) -> Result<Ordering> {
        self.compare(core, &format::decode(record, 0, &core.sizes(), &core.budget)?)
    }

    /// Puts what the message says into the heap.
    pub(super) fn insert(&self, core: &mut Core) -> Result<[u8; 8]> {
        let id = FractalHeapEdit::open(core, self.heap)?.insert(core, &self.bytes)?;
        <[u8; 8]>::try_from(id).map_err(|id| {
            let rule = "not what a shared message has room for";
            let error = Error::field("length of heap identifiers", id.len() as u64, rule);
            error.within(Structure::SharedMessage)
        })
    }
}

/// What the message of a record says.
pub(super) fn content(core: &Core, heap: Address, record: &SharedMessageRecord) -> Result<Vec<u8>> {
    match &record.location {
        SharedLocation::Heap { id, .. } => in_heap(core, heap, id),
        SharedLocation::Header { message_type, header, .. } => {
            let owner = Header::load(core, *header)?;
            let Some(message) = owner.find(MessageType(u16::from(*message_type))) else {
                let error = Error::malformed("a header does not have the message that an index names");
                return Err(error.at(Structure::ObjectHeader, core.offset(*header)?));
            };
            own_form(core, &owner, message)
        }
    }
}

pub(super) fn in_heap(core: &Core, heap: Address, id: &[u8; 8]) -> Result<Vec<u8>> {
    FractalHeap::open(core, heap)?.object(id, |bytes, _| Ok(bytes.to_vec()))
}

/// What a message that stands in a header says, in the form of which the index has the hash.
pub(super) fn own_form(core: &Core, header: &Header, message: &Message) -> Result<Vec<u8>> {
    fn form<T: message::Message>(core: &Core, header: &Header, message: &Message) -> Result<Vec<u8>> {
        header.decode::<T>(core, message)?.to_body(core.sizes())
    }
    match message.kind {
        MessageType::DATASPACE => form::<Dataspace>(core, header, message),
        MessageType::DATATYPE => form::<Datatype>(core, header, message),
        MessageType::FILL_VALUE => form::<FillValue>(core, header, message),
        MessageType::FILL_VALUE_OLD => form::<FillValueOld>(core, header, message),
        MessageType::FILTER_PIPELINE => form::<FilterPipeline>(core, header, message),
        kind => {
            let error = Error::field("message type", u64::from(kind.0), "no header shares such messages");
            Err(error.at(Structure::ObjectHeader, message.offset))
        }
    }
}
