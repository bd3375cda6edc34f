//! Where an object keeps its attributes while they are changed: as messages of its header, or in a heap.
//!
//! When they move is libhdf5's choice (`H5Oattribute.c`): into a heap with the first attribute over the header's
//! threshold or over the size of a message, and back with the first removal that leaves fewer than the other threshold.
//! Version 1 headers have no way to say that there is a heap.

use super::attribute::position;
use super::dense_attributes_edit::{Body, DenseAttributesEdit};
use super::shared_creation::{reference, share_attribute};
use super::shared_release::{own_attribute, release_attribute, release_parts};
use super::{Core, Header};
use crate::base::{Address, Error, Misuse, Result, Structure};
use crate::format::btree_v2_record::AttributeOrderRecord;
use crate::format::message::attribute::Attribute;
use crate::format::message::dense_info::AttributeInfo;
use crate::format::message::shared::{Place, SharedMessage};
use crate::format::message::{Message as _, MessageType};
use crate::format::object_header::{
    ATTRIBUTE_ORDER_INDEXED, ATTRIBUTE_ORDER_TRACKED, DONT_SHARE, LONGEST_BODY, Message, Prefix, SHARED,
};

/// Stands for the creation order of attributes that have none.
const NO_ORDER: u16 = u16::MAX;

/// An object whose attributes are being changed.
pub(super) struct AttributeStorage {
    header: Header,
    /// Where the attributes are, as the header says or is going to say. None: a version 1 header, which cannot.
    info: Option<AttributeInfo>,
}

/// Where an attribute is.
pub(super) enum Found {
    /// The index of its message.
    Message(usize),
    /// In a heap, with what the index has of it.
    Dense(DenseAttributesEdit, AttributeOrderRecord),
}

impl AttributeStorage {
    pub(super) fn open(core: &Core, object: Address) -> Result<Self> {
        core.check_writable()?;
        let header = Header::clone(&*Header::load(core, object)?);
        let info = match header.message(core)? {
            Some(info) => Some(info),
            None => new_info(&header),
        };
        Ok(AttributeStorage { header, info })
    }

    pub(super) fn header_version(&self) -> u8 {
        self.header.prefix.style().version
    }

    pub(super) fn find(&self, core: &Core, name: &[u8]) -> Result<Option<(Found, Attribute)>> {
        if let Some(dense) = self.dense()? {
            let found = dense.find(core, name)?;
            return Ok(found.map(|(record, attribute)| (Found::Dense(dense, record), attribute)));
        }
        let Some(index) = position(core, &self.header, name)? else { return Ok(None) };
        let attribute = self.header.decode(core, &self.header.messages[index])?;
        Ok(Some((Found::Message(index), attribute)))
    }

    pub(super) fn required(&self, core: &Core, name: &[u8]) -> Result<(Found, Attribute)> {
        let missing = || Misuse::NotFound { path: String::from_utf8_lossy(name).into_owned() };
        self.find(core, name)?.ok_or_else(|| missing().into())
    }

    /// Whether an attribute is one that other objects have too.
    pub(super) fn is_shared(&self, place: &Found) -> bool {
        let flags = match place {
            Found::Message(index) => self.header.messages[*index].flags,
            Found::Dense(_, record) => record.message_flags,
        };
        flags & SHARED != 0
    }

    fn dense(&self) -> Result<Option<DenseAttributesEdit>> {
        self.info.as_ref().map_or(Ok(None), DenseAttributesEdit::named)
    }

    /// Adds an attribute whose name is new.
    pub(super) fn create(mut self, core: &mut Core, attribute: &Attribute) -> Result<()> {
        let order = self.next_order()?;
        let full = self.count() >= self.header.prefix.thresholds().most_compact;
        self.add(core, attribute, order, full, self.header.messages.len())?;
        self.write_info(core)?;
        self.header.store(core)
    }

    /// Puts an attribute with the same or another name in the place of one.
    pub(super) fn rewrite(
        mut self,
        core: &mut Core,
        place: Found,
        old: &[u8],
        attribute: &Attribute,
    ) -> Result<()> {
        match place {
            Found::Message(index) => {
                let message = self.header.messages.remove(index);
                let own = release_if_shared(core, body(core, &message)?, attribute)?;
                let attribute = own.as_ref().unwrap_or(attribute);
                self.add(core, attribute, message.creation_order, false, index)?;
                if self.header.has(MessageType::ATTRIBUTE_INFO) {
                    self.write_info(core)?;
                }
                self.header.store(core)
            }
            Found::Dense(dense, record) => {
                let own = release_if_shared(core, body_of(&record), attribute)?;
                let attribute = own.as_ref().unwrap_or(attribute);
                let body = attribute.to_body(core.sizes())?;
                if old == attribute.name {
                    return dense.replace(core, old, &record, &body);
                }
                dense.remove(core, old, &record)?;
                dense.insert(core, &attribute.name, Body::Here(body), record.order)
            }
        }
    }

    /// Takes an attribute away.
    pub(super) fn delete(
        mut self,
        core: &mut Core,
        place: Found,
        name: &[u8],
        attribute: &Attribute,
    ) -> Result<()> {
        let before = self.info.clone();
        let left = match place {
            Found::Message(index) => {
                let message = self.header.messages.remove(index);
                release(core, body(core, &message)?, attribute)?;
                self.count() as u64
            }
            Found::Dense(dense, record) => {
                dense.remove(core, name, &record)?;
                release(core, body_of(&record), attribute)?;
                let left = dense.len(core)?;
                if left == 0 || left < self.header.prefix.thresholds().fewest_dense as u64 {
                    self.move_to_header(core, dense)?;
                } else {
                    return Ok(());
                }
                left
            }
        };
        if left == 0 {
            self.header.messages.retain(|message| message.kind != MessageType::ATTRIBUTE_INFO);
        } else if self.info != before {
            self.write_info(core)?;
        }
        self.header.store(core)
    }

    /// Puts an attribute where the others are; if there are too many or it is too large for a header, all of them into
    /// a heap.
    fn add(
        &mut self,
        core: &mut Core,
        attribute: &Attribute,
        order: Option<u16>,
        full: bool,
        index: usize,
    ) -> Result<()> {
        let mut message = Header::new_message(core, attribute, 0)?;
        let shared = share_attribute(core, attribute, &message.body)?;
        if let Some(id) = shared {
            message = reference(core, MessageType::ATTRIBUTE, id)?;
        }
        let style = self.header.prefix.style();
        let dense = match self.dense()? {
            Some(dense) => dense,
            None if style.fits(message.body.len()) && (!full || self.info.is_none()) => {
                message.body.resize(style.padded(message.body.len()), 0);
                message.creation_order = order;
                self.header.messages.insert(index, message);
                return Ok(());
            }
            None => self.move_to_heap(core, message.body.len())?,
        };
        let order = u32::from(order.unwrap_or(NO_ORDER));
        let body = shared.map_or(Body::Here(message.body), Body::Shared);
        dense.insert(core, &attribute.name, body, order)
    }

    /// Moves all attributes into a heap, to make room for one of this length.
    fn move_to_heap(&mut self, core: &mut Core, len: usize) -> Result<DenseAttributesEdit> {
        let Some(info) = &mut self.info else {
            let what = "an attribute in a version 1 object header";
            return Err(Error::limit(what, len as u64, LONGEST_BODY).within(Structure::Attribute));
        };
        let mut moved = Vec::new();
        for message in self.header.all(MessageType::ATTRIBUTE) {
            let attribute: Attribute = self.header.decode(core, message)?;
            let order = u32::from(message.creation_order.unwrap_or(NO_ORDER));
            moved.push((attribute.name, body(core, message)?, order));
        }
        let dense = DenseAttributesEdit::create(core, info)?;
        for (name, body, order) in moved {
            dense.insert(core, &name, body, order)?;
        }
        self.header.messages.retain(|message| message.kind != MessageType::ATTRIBUTE);
        Ok(dense)
    }

    /// Moves all attributes into the header, unless one of them is too large for that.
    fn move_to_header(&mut self, core: &mut Core, dense: DenseAttributesEdit) -> Result<()> {
        let style = self.header.prefix.style();
        let mut messages = Vec::new();
        for (record, attribute) in dense.all(core)? {
            let mut message = if record.message_flags & SHARED == 0 {
                Header::new_message(core, &attribute, 0)?
            } else {
                reference(core, MessageType::ATTRIBUTE, record.heap_id)?
            };
            message.creation_order = if style.ordered { u16::try_from(record.order).ok() } else { None };
            messages.push(message);
        }
        if !messages.iter().all(|message| style.fits(message.body.len())) {
            return Ok(());
        }
        messages.into_iter().for_each(|message| self.header.push(message));
        self.info.as_mut().map_or(Ok(()), |info| dense.delete(core, info))
    }

    fn count(&self) -> usize {
        self.header.all(MessageType::ATTRIBUTE).count()
    }

    /// The creation order of a new attribute, where the object keeps track of it.
    fn next_order(&mut self) -> Result<Option<u16>> {
        let next = self.info.as_mut().and_then(|info| info.next_creation_order.as_mut());
        let Some(next) = next else { return Ok(None) };
        let order = u16::try_from(*next).ok().filter(|&order| order != NO_ORDER);
        let order =
            order.ok_or_else(|| Error::limit("creation order values of attributes", *next, 0xfffe))?;
        *next += 1;
        Ok(Some(order))
    }

    fn write_info(&mut self, core: &Core) -> Result<()> {
        self.info.as_ref().map_or(Ok(()), |info| self.header.set(core, info, DONT_SHARE))
    }
}

/// What a header without the message is going to say, if it can.
fn new_info(header: &Header) -> Option<AttributeInfo> {
    let Prefix::Version2 { flags, .. } = header.prefix else { return None };
    let orders = header.all(MessageType::ATTRIBUTE).filter_map(|message| message.creation_order);
    let next = orders.max().map_or(0, |last| u64::from(last) + 1);
    Some(AttributeInfo {
        next_creation_order: (flags & ATTRIBUTE_ORDER_TRACKED != 0).then_some(next),
        heap: None,
        by_name: None,
        by_creation_order: (flags & ATTRIBUTE_ORDER_INDEXED != 0).then_some(None),
    })
}

/// What a message of the header is in a heap.
fn body(core: &Core, message: &Message) -> Result<Body> {
    if message.flags & SHARED == 0 {
        return Ok(Body::Here(message.body.clone()));
    }
    let shared: SharedMessage =
        crate::format::decode_padded(&message.body, message.offset, &core.sizes(), &core.budget)?;
    match shared.place {
        Place::Heap(id) => Ok(Body::Shared(id)),
        Place::Header(_) => {
            Err(Error::malformed("an attribute is shared as only datatypes are").within(Structure::Attribute))
        }
    }
}

fn body_of(record: &AttributeOrderRecord) -> Body {
    if record.message_flags & SHARED == 0 { Body::Here(Vec::new()) } else { Body::Shared(record.heap_id) }
}

/// Gives up what an attribute has in common with others.
fn release(core: &mut Core, body: Body, attribute: &Attribute) -> Result<()> {
    match body {
        Body::Shared(id) => release_attribute(core, id),
        Body::Here(_) => release_parts(core, attribute),
    }
}

/// Gives up an attribute that objects share; returns what the object is to have in its place.
fn release_if_shared(core: &mut Core, body: Body, attribute: &Attribute) -> Result<Option<Attribute>> {
    let Body::Shared(id) = body else { return Ok(None) };
    let own = own_attribute(core, attribute.clone())?;
    release_attribute(core, id)?;
    Ok(Some(own))
}
