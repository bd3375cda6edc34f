//! The object header: the messages that make an object what it is.
//!
//! Specification 4.0, IV.A.1.
//!
//! ```text
//! version 1                                   version 2
//!  0  1  version                               0  4  signature "OHDR"
//!  1  1  reserved                              4  1  version
//!  2  2  number of messages, in all blocks     5  1  flags: bits 0-1 width of the size (1, 2, 4, 8),
//!  4  4  reference count                             2 attribute order tracked, 3 indexed,
//!  8  4  bytes of messages in this block             4 attribute thresholds, 5 times
//! 12  4  padding                               .  16 access, modification, change, birth time, if bit 5
//! 16  .  messages                              .  4  most compact and fewest dense attributes, if bit 4
//!                                              .  .  bytes of messages in this block
//!                                              .  .  messages, perhaps a gap
//!                                              .  4  checksum
//! message
//!  0  2  type                                  0  1  type
//!  2  2  bytes of the body, multiple of 8      1  2  bytes of the body
//!  4  1  flags                                 3  1  flags
//!  5  3  reserved                              4  2  creation order, if header flag bit 2
//!  8  .  body                                  .  .  body
//!
//! continuation block: messages alone           continuation block: "OCHK", messages, perhaps a gap, checksum
//! ```
//!
//! A gap is less than a message's head and stands last in its block. Reads and writes versions 1 and 2.

use super::message::MessageType;
use super::{Framed, Wire};
use crate::base::{Reader, Result, Structure, Writer};

/// The first block of an object header.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ObjectHeader {
    pub(crate) prefix: Prefix,
    pub(crate) block: Block,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Prefix {
    Version1 {
        /// In all blocks.
        messages: u16,
        reference_count: u32,
    },
    Version2 {
        flags: u8,
        /// Access, modification, change and birth, in seconds since 1970-01-01.
        times: Option<[u32; 4]>,
        /// Most attributes in the header, fewest in a heap.
        thresholds: Option<(u16, u16)>,
    },
}

/// Messages that lie behind each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    pub(crate) messages: Vec<Message>,
    pub(crate) gap: Vec<u8>,
}

/// One message, its body still undecoded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) kind: MessageType,
    pub(crate) flags: u8,
    /// Present where the header tracks the order of attributes.
    pub(crate) creation_order: Option<u16>,
    pub(crate) body: Vec<u8>,
    /// Where the body lies in the file; 0 for one that is not there yet.
    pub(crate) offset: u64,
}

/// When links or attributes move from the header into a heap, and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds {
    /// The most that the header holds.
    pub(crate) most_compact: usize,
    /// The fewest that stay in a heap.
    pub(crate) fewest_dense: usize,
}

impl Default for Thresholds {
    /// What libhdf5 takes where a file says nothing.
    fn default() -> Self {
        Thresholds { most_compact: 8, fewest_dense: 6 }
    }
}

impl From<(u16, u16)> for Thresholds {
    fn from((compact, dense): (u16, u16)) -> Self {
        Thresholds { most_compact: usize::from(compact), fewest_dense: usize::from(dense) }
    }
}

/// Message flags.
pub(crate) const CONSTANT: u8 = 1;
pub(crate) const SHARED: u8 = 2;
/// The message is not to be shared.
pub(crate) const DONT_SHARE: u8 = 4;
pub(crate) const FAIL_IF_UNKNOWN_AND_WRITING: u8 = 8;
/// Whoever changes the object without knowing the message says so by the next flag.
pub(crate) const MARK_IF_UNKNOWN: u8 = 16;
pub(crate) const WAS_UNKNOWN: u8 = 32;
/// An index of shared messages knows of the message.
pub(crate) const SHAREABLE: u8 = 64;
pub(crate) const FAIL_IF_UNKNOWN: u8 = 128;

/// Header flags.
const WIDTH: u8 = 3;
pub(crate) const ATTRIBUTE_ORDER_TRACKED: u8 = 4;
pub(crate) const ATTRIBUTE_ORDER_INDEXED: u8 = 8;
pub(crate) const HAS_THRESHOLDS: u8 = 16;
const HAS_TIMES: u8 = 32;

/// The most bytes of a message's body.
pub(crate) const LONGEST_BODY: u64 = 0xffff;

/// The bytes before the messages of a version 1 header.
pub(crate) const PREFIX_1: usize = 16;

/// How the messages of one header are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) version: u8,
    pub(crate) ordered: bool,
}

impl Style {
    /// The bytes in front of a message's body.
    pub(crate) fn head(self) -> usize {
        match (self.version, self.ordered) {
            (1, _) => 8,
            (_, false) => 4,
            (_, true) => 6,
        }
    }

    /// The bytes that a body of `len` takes.
    pub(crate) fn padded(self, len: usize) -> usize {
        if self.version == 1 { len.next_multiple_of(8) } else { len }
    }

    /// Whether a body of `len` is one that a message can have: its size has 16 bits.
    pub(crate) fn fits(self, len: usize) -> bool {
        self.padded(len) as u64 <= LONGEST_BODY
    }

    /// Signature and checksum of a continuation block.
    pub(crate) fn continuation_frame(self) -> usize {
        if self.version == 1 { 0 } else { 8 }
    }
}

impl Prefix {
    /// The prefix of a version 2 header with the flags that its parts call for; `order` is what
    /// [`attribute_order`](Self::attribute_order) gives.
    pub(crate) fn version_2(order: u8, times: Option<[u32; 4]>, thresholds: Option<(u16, u16)>) -> Self {
        let has_times = if times.is_some() { HAS_TIMES } else { 0 };
        let has_thresholds = if thresholds.is_some() { HAS_THRESHOLDS } else { 0 };
        Prefix::Version2 { flags: order | has_times | has_thresholds, times, thresholds }
    }

    /// The flags that tell whether the creation order of attributes is tracked, and indexed.
    pub(crate) fn attribute_order(&self) -> u8 {
        match self {
            Prefix::Version1 { .. } => 0,
            Prefix::Version2 { flags, .. } => flags & (ATTRIBUTE_ORDER_TRACKED | ATTRIBUTE_ORDER_INDEXED),
        }
    }

    pub(crate) fn style(&self) -> Style {
        match *self {
            Prefix::Version1 { .. } => Style { version: 1, ordered: false },
            Prefix::Version2 { flags, .. } => {
                Style { version: 2, ordered: flags & ATTRIBUTE_ORDER_TRACKED != 0 }
            }
        }
    }

    /// The bytes around the messages of the first block.
    pub(crate) fn frame(&self) -> usize {
        match self {
            Prefix::Version1 { .. } => PREFIX_1,
            Prefix::Version2 { flags, times, thresholds } => {
                let optional =
                    if times.is_some() { 16 } else { 0 } + if thresholds.is_some() { 4 } else { 0 };
                6 + optional + (1 << (flags & WIDTH)) + 4
            }
        }
    }

    /// When attributes move into a heap and back; a version 1 header has none.
    pub(crate) fn thresholds(&self) -> Thresholds {
        match self {
            Prefix::Version2 { thresholds: Some(thresholds), .. } => Thresholds::from(*thresholds),
            _ => Thresholds::default(),
        }
    }

    /// Makes the width of the size fit a first block with `bytes` of messages.
    pub(crate) fn fit(&mut self, bytes: usize) {
        if let Prefix::Version2 { flags, .. } = self {
            let width = match bytes {
                0..=0xff => 0,
                0x100..=0xffff => 1,
                _ => 2,
            };
            *flags = *flags & !WIDTH | width;
        }
    }
}

impl Block {
    pub(crate) fn len(&self, style: Style) -> usize {
        self.messages.iter().map(|m| style.head() + m.body.len()).sum::<usize>() + self.gap.len()
    }

    fn decode(r: &mut Reader<'_>, style: Style) -> Result<Self> {
        let mut messages = Vec::new();
        while r.remaining() >= style.head() {
            r.budget().items(messages.len() as u64).map_err(|e| r.locate(e))?;
            messages.push(Message::decode(r, style)?);
        }
        Ok(Block { messages, gap: r.take_rest().to_vec() })
    }

    fn encode(&self, w: &mut Writer, style: Style) -> Result<()> {
        self.messages.iter().try_for_each(|message| message.encode(w, style))?;
        w.put(&self.gap);
        Ok(())
    }
}

impl Message {
    fn decode(r: &mut Reader<'_>, style: Style) -> Result<Self> {
        let at = r.clone();
        let kind = MessageType(if style.version == 1 { r.u16()? } else { u16::from(r.u8()?) });
        let length = r.u16()?;
        let flags = r.u8()?;
        r.skip_padding(if style.version == 1 { 3 } else { 0 }, "reserved")?;
        let creation_order = if style.ordered { Some(r.u16()?) } else { None };
        if style.version == 1 && length % 8 != 0 {
            return Err(at.bad("size of a message", length, "version 1 headers align them to 8"));
        }
        let offset = r.offset();
        let body = r.take(usize::from(length))?.to_vec();
        Ok(Message { kind, flags, creation_order, body, offset })
    }

    fn encode(&self, w: &mut Writer, style: Style) -> Result<()> {
        w.uint(u64::from(self.kind.0), if style.version == 1 { 2 } else { 1 }, "message type")?;
        w.size(self.body.len(), 2, "size of a message")?;
        w.u8(self.flags);
        w.fill(if style.version == 1 { 3 } else { 0 }, 0);
        if style.ordered {
            w.u16(self.creation_order.unwrap_or(0));
        }
        w.put(&self.body);
        Ok(())
    }
}

impl Wire for ObjectHeader {
    const STRUCTURE: Structure = Structure::ObjectHeader;
    type Context = ();

    fn decode(r: &mut Reader<'_>, _: &()) -> Result<Self> {
        if r.peek(4) == Some(b"OHDR") { decode_2(r) } else { decode_1(r) }
    }

    fn encoded_len(&self, _: &()) -> Result<usize> {
        Ok(self.prefix.frame() + self.block.len(self.prefix.style()))
    }

    fn encode(&self, w: &mut Writer, _: &()) -> Result<()> {
        let style = self.prefix.style();
        let size = self.block.len(style);
        match &self.prefix {
            Prefix::Version1 { messages, reference_count } => {
                w.put(&[1, 0]);
                w.u16(*messages);
                w.u32(*reference_count);
                w.size(size, 4, "size of the object header")?;
                w.u32(0);
                self.block.encode(w, style)
            }
            Prefix::Version2 { flags, times, thresholds } => {
                w.put(b"OHDR\x02");
                w.u8(*flags);
                times.iter().flatten().for_each(|&time| w.u32(time));
                if let Some((compact, dense)) = thresholds {
                    w.u16(*compact);
                    w.u16(*dense);
                }
                w.size(size, 1 << (flags & WIDTH), "size of the object header")?;
                self.block.encode(w, style)?;
                w.checksum();
                Ok(())
            }
        }
    }
}

impl Framed for ObjectHeader {
    fn prefix_len(_: &()) -> usize {
        34
    }

    fn extent(prefix: &mut Reader<'_>, _: &()) -> Result<u64> {
        if prefix.peek(4) == Some(b"OHDR") {
            prefix.take(4)?;
            let (_, size) = prefix_2(prefix)?;
            let around = prefix.position() as u64 + 4;
            return size.checked_add(around).ok_or_else(|| prefix.bad("size", size, "over 2^64"));
        }
        let (_, size) = prefix_1(prefix)?;
        Ok(PREFIX_1 as u64 + size)
    }
}

fn prefix_1(r: &mut Reader<'_>) -> Result<(Prefix, u64)> {
    r.version(1..=1)?;
    r.skip_padding(1, "reserved")?;
    let (messages, reference_count) = (r.u16()?, r.u32()?);
    let size = u64::from(r.u32()?);
    Ok((Prefix::Version1 { messages, reference_count }, size))
}

fn prefix_2(r: &mut Reader<'_>) -> Result<(Prefix, u64)> {
    r.version(2..=2)?;
    let flags = r.flags(0x3f)?;
    let times = match flags & HAS_TIMES {
        0 => None,
        _ => Some([r.u32()?, r.u32()?, r.u32()?, r.u32()?]),
    };
    let thresholds = if flags & HAS_THRESHOLDS == 0 { None } else { Some((r.u16()?, r.u16()?)) };
    let size = r.uint(1 << (flags & WIDTH))?;
    Ok((Prefix::Version2 { flags, times, thresholds }, size))
}

fn decode_1(r: &mut Reader<'_>) -> Result<ObjectHeader> {
    let (prefix, size) = prefix_1(r)?;
    r.skip_padding(4, "the messages begin at a multiple of 8")?;
    let mut body = r.block(size, Structure::ObjectHeader)?;
    let block = Block::decode(&mut body, prefix.style())?;
    Ok(ObjectHeader { prefix, block })
}

fn decode_2(r: &mut Reader<'_>) -> Result<ObjectHeader> {
    let mut body = r.clone().checked()?;
    body.signature(b"OHDR")?;
    let (prefix, size) = prefix_2(&mut body)?;
    if size != body.remaining() as u64 {
        return Err(body.bad("size of the object header", size, "not that of its block"));
    }
    let block = Block::decode(&mut body, prefix.style())?;
    r.take_rest();
    Ok(ObjectHeader { prefix, block })
}

/// A further block of an object header.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ContinuationBlock(pub(crate) Block);

impl Wire for ContinuationBlock {
    const STRUCTURE: Structure = Structure::ObjectHeaderContinuation;
    type Context = Style;

    fn decode(r: &mut Reader<'_>, style: &Style) -> Result<Self> {
        if style.version == 1 {
            return Block::decode(r, *style).map(ContinuationBlock);
        }
        let mut body = r.clone().checked()?;
        body.signature(b"OCHK")?;
        let block = Block::decode(&mut body, *style)?;
        r.take_rest();
        Ok(ContinuationBlock(block))
    }

    fn encoded_len(&self, style: &Style) -> Result<usize> {
        Ok(style.continuation_frame() + self.0.len(*style))
    }

    fn encode(&self, w: &mut Writer, style: &Style) -> Result<()> {
        if style.version == 1 {
            return self.0.encode(w, *style);
        }
        w.put(b"OCHK");
        self.0.encode(w, *style)?;
        w.checksum();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse, refuse_sealed, sealed};

    #[rustfmt::skip]
    fn version_1() -> Vec<u8> {
        [
            &[1, 0, 2, 0, 1, 0, 0, 0][..],              // version, two messages, one link
            &[32, 0, 0, 0, 0, 0, 0, 0],                 // 32 bytes of messages
            &[0x11, 0, 8, 0, 0, 0, 0, 0], &[9; 8],      // a symbol table
            &[0, 0, 8, 0, 0, 0, 0, 0], &[0; 8],         // nothing
        ].concat()
    }

    #[rustfmt::skip]
    fn version_2() -> Vec<u8> {
        sealed(&[
            &b"OHDR\x02\x34"[..],                       // attribute order, thresholds and times
            &[1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0],
            &[8, 0, 6, 0],
            &[13],                                      // 13 bytes of messages
            &[0x0a, 2, 0, 0, 0, 0], &[0, 0],            // group info
            &[0; 5],                                    // a gap
        ].concat())
    }

    impl Samples for ObjectHeader {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("version 1", (), version_1()), Sample::sealed("version 2", (), version_2())]
        }
    }

    impl Samples for ContinuationBlock {
        fn samples() -> Vec<Sample<Self>> {
            let old = Style { version: 1, ordered: false };
            let new = Style { version: 2, ordered: false };
            let bytes = sealed(&[&b"OCHK"[..], &[0x0a, 2, 0, 0], &[0, 0]].concat());
            vec![
                Sample::open("version 1", old, vec![0x0a, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 16),
                Sample::sealed("version 2", new, bytes),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 3, "version 3"), (18, 7, "size of a message is 7"), (18, 80, "truncated")];
        refuse::<ObjectHeader>(version_1(), (), &changes);
        let changes =
            [(4, 3, "version 3"), (5, 0x74, "flags is 116"), (26, 12, "size of the object header is 12")];
        refuse_sealed::<ObjectHeader>(version_2(), (), &changes);
        refuse::<ObjectHeader>(version_2(), (), &[(30, 9, "checksum mismatch")]);
    }
}
