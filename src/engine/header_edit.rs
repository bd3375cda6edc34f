//! Changing an object header: its messages are laid out anew over the blocks that it has, and one more if need be.

use super::header::Span;
use super::{AttributeRules, BlockKind, Core, Header};
use crate::base::{Address, Result};
use crate::format::message::continuation::Continuation;
use crate::format::message::{self, MessageType};
use crate::format::object_header::{Block, ContinuationBlock, Message, ObjectHeader, Prefix, Style};

/// Messages beyond the first block get room for as many again, so that adding one by one stays cheap.
const GROWTH: usize = 2;
const SMALLEST_CONTINUATION: usize = 256;
/// No NIL message is longer than its 16-bit size allows.
const LONGEST_NIL: usize = 0xfff8;

impl Header {
    /// Makes the header of a new object with room for `slack` more bytes of messages.
    pub(crate) fn create(
        core: &mut Core,
        messages: Vec<Message>,
        slack: usize,
        attributes: &AttributeRules,
    ) -> Result<Header> {
        let prefix = attributes.prefix(core.versions().object_header)?;
        Header::create_with(core, prefix, messages, slack)
    }

    /// The same in a version, and with times and thresholds, that the caller chooses.
    pub(crate) fn create_with(
        core: &mut Core,
        prefix: Prefix,
        messages: Vec<Message>,
        slack: usize,
    ) -> Result<Header> {
        let mut header = Header::unplaced(core, prefix, messages, slack);
        let address = core.allocate(header.len(), BlockKind::ObjectHeader)?;
        header.move_to(address);
        header.store(core)?;
        Ok(header)
    }

    /// Makes a header of one block, for which room is still to be found.
    pub(super) fn unplaced(core: &Core, mut prefix: Prefix, messages: Vec<Message>, slack: usize) -> Header {
        let style = prefix.style();
        // Whatever is to come needs room for where it is.
        let capacity = (total(&messages, style) + style.padded(slack)).max(link_len(core, style));
        prefix.fit(capacity);
        let nowhere = Address(0);
        let spans = vec![Span { address: nowhere, capacity }];
        let mut header = Header { address: nowhere, prefix, messages: Vec::new(), spans };
        messages.into_iter().for_each(|message| header.push(message));
        header
    }

    /// The bytes of the first block.
    pub(super) fn len(&self) -> u64 {
        let capacity = self.spans.first().map_or(0, |span| span.capacity);
        (self.prefix.frame() + capacity) as u64
    }

    /// Puts the first block where there is room for it.
    pub(super) fn move_to(&mut self, address: Address) {
        self.address = address;
        self.spans.iter_mut().take(1).for_each(|span| span.address = address);
    }

    /// All its blocks, with their lengths.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (Address, u64)> {
        let frame = self.prefix.style().continuation_frame();
        let more = self.spans.iter().skip(1).map(move |span| (span.address, (span.capacity + frame) as u64));
        [(self.address, self.len())].into_iter().chain(more)
    }

    /// Makes a message of a value, to be stored with the header.
    pub(crate) fn new_message<T: message::Message>(core: &Core, value: &T, flags: u8) -> Result<Message> {
        let body = value.to_body(core.sizes())?;
        Ok(Message { kind: T::TYPE, flags, creation_order: None, body, offset: 0 })
    }

    /// Puts a value in the place of the first message of its type, or adds it.
    pub(crate) fn set<T: message::Message>(&mut self, core: &Core, value: &T, flags: u8) -> Result<()> {
        let new = self.fitted(Self::new_message(core, value, flags)?);
        match self.messages.iter_mut().find(|message| message.kind == T::TYPE) {
            Some(old) => {
                let creation_order = old.creation_order;
                *old = Message { creation_order, ..new };
            }
            None => self.messages.push(new),
        }
        Ok(())
    }

    /// Adds a message behind the others.
    pub(crate) fn push(&mut self, message: Message) {
        let message = self.fitted(message);
        self.messages.push(message);
    }

    /// Gives a body the length that this version of header stores.
    fn fitted(&self, mut message: Message) -> Message {
        let style = self.prefix.style();
        message.body.resize(style.padded(message.body.len()), 0);
        message
    }

    /// Writes the header with the messages as they are now.
    pub(crate) fn store(&mut self, core: &mut Core) -> Result<()> {
        let style = self.prefix.style();
        let mut blocks = self.lay_out(core, style)?;
        if let Prefix::Version1 { messages, .. } = &mut self.prefix {
            let count = blocks.iter().map(|block| block.messages.len()).sum::<usize>();
            *messages = u16::try_from(count).map_err(|_| {
                crate::base::Error::limit("messages of a version 1 object header", count as u64, 0xffff)
            })?;
        }
        for (index, span) in self.spans.iter().enumerate().skip(1) {
            core.put(span.address, &ContinuationBlock(std::mem::take(&mut blocks[index])), &style)?;
        }
        let first = ObjectHeader { prefix: self.prefix.clone(), block: blocks.swap_remove(0) };
        core.put(self.address, &first, &())?;
        let cost = self.spans.iter().map(|span| span.capacity + 64).sum();
        core.remember(self.clone(), cost);
        Ok(())
    }

    /// Gives the space of all its blocks back.
    pub(super) fn release(&self, core: &mut Core) -> Result<()> {
        self.blocks().try_for_each(|(address, len)| core.release(address, len))
    }

    /// All blocks but the first one, which others have the address of.
    pub(crate) fn continuations(&self) -> impl Iterator<Item = (Address, u64)> {
        self.blocks().skip(1)
    }

    /// Writes the header with one of its other blocks in another place, which is as large.
    pub(crate) fn move_continuation(&mut self, core: &mut Core, from: Address, to: Address) -> Result<()> {
        let style = self.prefix.style();
        let mut others = self.spans.iter_mut().skip(1);
        let Some(span) = others.find(|span| span.address == from) else { return Ok(()) };
        let old = std::mem::replace(span, Span { address: to, ..*span });
        release_span(core, old, style)?;
        self.store(core)
    }

    /// Distributes the messages over the blocks, in their order; a last block is added or made larger where needed.
    fn lay_out(&mut self, core: &mut Core, style: Style) -> Result<Vec<Block>> {
        let link = link_len(core, style);
        let mut rest = &self.messages[..];
        let (mut blocks, mut used): (Vec<Block>, usize) = (Vec::new(), 0);
        loop {
            let index = used;
            if index == self.spans.len() {
                let span = new_span(core, total(rest, style), style)?;
                self.spans.push(span);
            }
            used += 1;
            let capacity = self.spans[index].capacity;
            let fit = fitting(rest, style, capacity, link);
            let (here, later) = rest.split_at(fit);
            let mut block = Block { messages: here.to_vec(), gap: Vec::new() };
            if later.is_empty() {
                pad(&mut block, style, capacity);
                blocks.push(block);
                break;
            }
            // A continuation that is too small for even one message would go on for ever: it is replaced.
            if index > 0 && fit == 0 {
                let small = self.spans.remove(index);
                release_span(core, small, style)?;
                let span = new_span(core, total(rest, style), style)?;
                self.spans.insert(index, span);
                used -= 1;
                continue;
            }
            rest = later;
            blocks.push(block);
        }
        for unused in self.spans.split_off(used) {
            release_span(core, unused, style)?;
        }
        self.link(core, &mut blocks, style)?;
        Ok(blocks)
    }

    /// Ends every block but the last with a message that leads to the next one.
    fn link(&self, core: &Core, blocks: &mut [Block], style: Style) -> Result<()> {
        for (index, block) in blocks.iter_mut().enumerate() {
            if let Some(next) = self.spans.get(index + 1) {
                let length = (next.capacity + style.continuation_frame()) as u64;
                let place = Continuation { address: next.address, length };
                let mut message = Header::new_message(core, &place, 0)?;
                message.body.resize(style.padded(message.body.len()), 0);
                block.messages.push(message);
                pad(block, style, self.spans[index].capacity);
            }
        }
        Ok(())
    }
}

/// The bytes of the message that leads from a block to the next one.
fn link_len(core: &Core, style: Style) -> usize {
    style.head() + style.padded(Continuation::len(core.sizes()))
}

fn total(messages: &[Message], style: Style) -> usize {
    messages.iter().map(|message| style.head() + style.padded(message.body.len())).sum()
}

/// How many messages go into a block: all, or as many as leave room for a link to the next block.
fn fitting(messages: &[Message], style: Style, capacity: usize, link: usize) -> usize {
    if total(messages, style) <= capacity {
        return messages.len();
    }
    let mut used = link;
    let fits = |message: &&Message| {
        used += style.head() + message.body.len();
        used <= capacity
    };
    messages.iter().take_while(fits).count()
}

/// Fills a block up: with a NIL message, or with a gap where not even one of those fits.
fn pad(block: &mut Block, style: Style, capacity: usize) {
    let mut free = capacity.saturating_sub(block.len(style));
    while free >= style.head() {
        let len = (free - style.head()).min(LONGEST_NIL);
        let creation_order = style.ordered.then_some(0);
        let body = vec![0; len];
        block.messages.push(Message { kind: MessageType::NIL, flags: 0, creation_order, body, offset: 0 });
        free -= style.head() + len;
    }
    block.gap = vec![0; free];
}

fn new_span(core: &mut Core, needed: usize, style: Style) -> Result<Span> {
    let capacity = style.padded((needed * GROWTH).max(SMALLEST_CONTINUATION));
    let len = capacity + style.continuation_frame();
    Ok(Span { address: core.allocate(len as u64, BlockKind::ObjectHeader)?, capacity })
}

fn release_span(core: &mut Core, span: Span, style: Style) -> Result<()> {
    let len = span.capacity + style.continuation_frame();
    core.release(span.address, len as u64)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::fixture::open;
    use super::*;
    use crate::engine::{CreateOptions, FormatBounds};
    use crate::format::message::comment::Comment;
    use crate::storage::MemoryStorage;

    fn comment(core: &Core, len: usize) -> Message {
        Header::new_message(core, &Comment(vec![b'c'; len]), 0).unwrap()
    }

    #[test]
    fn a_new_header_of_either_version_holds_whatever_comes() {
        for (bounds, version) in [(FormatBounds::Earliest, 1), (FormatBounds::V18, 2)] {
            let storage = Arc::new(MemoryStorage::default());
            let options = CreateOptions { bounds, ..CreateOptions::default() };
            let mut core = Core::create(storage.clone(), options).unwrap();
            // The block has no more room than where the next one is takes.
            let mut header = Header::create(&mut core, Vec::new(), 0, &AttributeRules::default()).unwrap();
            assert_eq!(header.spans[0].capacity, link_len(&core, header.prefix.style()));
            let lengths = [1, 7, 8, 9, 200, 1000];
            for len in lengths {
                header.push(comment(&core, len));
                header.store(&mut core).unwrap();
            }
            core.flush().unwrap();
            let core = open(storage.to_vec(), false).unwrap();
            let header = Header::load(&core, header.address).unwrap();
            assert_eq!(header.prefix.style().version, version);
            let found: Vec<_> = header
                .all(MessageType::COMMENT)
                .map(|message| header.decode::<Comment>(&core, message).unwrap().0.len())
                .collect();
            assert_eq!(found, lengths);
            assert_eq!(header.reference_count(&core).unwrap(), 1);
        }
    }
}
