//! The element of both arrays that index chunks, and what the blocks of both begin and end with.
//!
//! Specification 4.0, VII.C and VII.D.
//!
//! ```text
//! element                                       head of a block
//!  0  O  address of the chunk                    0  4  signature
//!  .  .  bytes of the chunk        } filtered    4  1  version (0)
//!  .  4  filters that were skipped } only        5  1  client: 0 unfiltered, 1 filtered chunks
//!                                                6  O  address of the array's header
//! page
//!  0  .  elements
//!  .  4  checksum
//! ```
//!
//! The chunk's bytes have the width L from layout version 5 on, and before that [`filtered_size_width`] of a chunk.

use super::{Framed, Wire};
use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer, byte_count, width_of};

/// Where a chunk is, as an array says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChunkElement {
    /// A chunk that was never written has none.
    pub(crate) address: Option<Address>,
    /// The bytes of a filtered chunk; 0 where the array holds unfiltered ones, which all have the layout's size.
    pub(crate) size: u64,
    /// A set bit is a filter of the pipeline that was skipped; 0 in an array of unfiltered chunks.
    pub(crate) filter_mask: u32,
}

impl ChunkElement {
    /// The element of a chunk that does not exist.
    pub(crate) const NONE: ChunkElement = ChunkElement { address: None, size: 0, filter_mask: 0 };
}

/// The form that all elements of one array have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ElementContext {
    pub(crate) sizes: Sizes,
    /// The width of a filtered chunk's size; unfiltered chunks have none.
    pub(crate) size_width: Option<u8>,
}

impl Wire for ChunkElement {
    const STRUCTURE: Structure = Structure::Chunk;
    type Context = ElementContext;

    fn decode(r: &mut Reader<'_>, cx: &ElementContext) -> Result<Self> {
        let address = r.address(cx.sizes)?;
        match cx.size_width {
            None => Ok(ChunkElement { address, ..ChunkElement::NONE }),
            Some(width) => {
                Ok(ChunkElement { address, size: r.uint(usize::from(width))?, filter_mask: r.u32()? })
            }
        }
    }

    fn encoded_len(&self, cx: &ElementContext) -> Result<usize> {
        Ok(cx.len())
    }

    fn encode(&self, w: &mut Writer, cx: &ElementContext) -> Result<()> {
        w.address(self.address, cx.sizes)?;
        match cx.size_width {
            Some(width) => {
                w.uint(self.size, usize::from(width), "chunk size")?;
                w.u32(self.filter_mask);
                Ok(())
            }
            None if self.filter_mask == 0 => Ok(()),
            None => Err(no_mask(self.filter_mask)),
        }
    }
}

fn no_mask(mask: u32) -> Error {
    Error::field("filter mask", u64::from(mask), "an index of unfiltered chunks has no room for it")
        .within(Structure::Chunk)
}

impl ElementContext {
    /// The bytes of one element.
    pub(crate) fn len(self) -> usize {
        self.sizes.address() + self.size_width.map_or(0, |width| usize::from(width) + 4)
    }

    /// The bytes of `count` elements with a checksum behind them.
    pub(crate) fn sealed_len(self, count: u64) -> Result<u64> {
        let elements = byte_count(count, self.len())?;
        elements.checked_add(4).ok_or_else(|| Error::field("number of elements", count, "over 2^64 bytes"))
    }

    /// The client byte that every block of the array has.
    fn client(self) -> u8 {
        u8::from(self.size_width.is_some())
    }

    /// Reads the client and the element size, as both arrays' headers have them.
    pub(crate) fn decode_form(r: &mut Reader<'_>, sizes: Sizes) -> Result<Self> {
        let at = r.clone();
        let (client, size) = (r.u8()?, r.u8()?);
        let beyond = size.checked_sub(sizes.offset);
        match (client, beyond) {
            (0, Some(0)) => Ok(ElementContext { sizes, size_width: None }),
            (1, Some(rest @ 5..=12)) => Ok(ElementContext { sizes, size_width: Some(rest - 4) }),
            (0 | 1, _) => Err(at.bad("element size", size, "no such size for this client")),
            _ => Err(at.bad("client", client, "0 and 1 are known")),
        }
    }

    /// Writes the client and the element size.
    pub(crate) fn encode_form(self, w: &mut Writer) -> Result<()> {
        w.u8(self.client());
        w.size(self.len(), 1, "element size")
    }

    /// Reads `count` elements.
    pub(crate) fn decode_all(self, r: &mut Reader<'_>, count: u64) -> Result<Vec<ChunkElement>> {
        let count = r.count(count, self.len())?;
        (0..count).map(|_| ChunkElement::decode(r, &self)).collect()
    }

    /// Writes elements that have to be `count`.
    pub(crate) fn encode_all(self, elements: &[ChunkElement], count: u64, w: &mut Writer) -> Result<()> {
        if elements.len() as u64 != count {
            let rule = "differs from what the array's header says";
            return Err(Error::field("number of elements", elements.len() as u64, rule));
        }
        elements.iter().try_for_each(|element| element.encode(w, &self))
    }
}

/// The width of a filtered chunk's size before layout version 5: a byte more than an unfiltered chunk's size needs.
pub(crate) fn filtered_size_width(chunk_bytes: u64) -> u8 {
    // Widths of 8 bytes and less fit any integer.
    u8::try_from(width_of(chunk_bytes).max(1) + 1).map_or(8, |width| width.min(8))
}

/// What every block of an array begins with, but for its header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockHead {
    pub(crate) signature: &'static [u8; 4],
    pub(crate) element: ElementContext,
    pub(crate) header: Address,
}

impl BlockHead {
    /// What [`check`](Self::check) needs of a block.
    pub(crate) const PREFIX: usize = 6;

    pub(crate) fn len(self) -> usize {
        Self::PREFIX + self.element.sizes.address()
    }

    /// Reads what tells such a block from others.
    pub(crate) fn check(self, r: &mut Reader<'_>) -> Result<()> {
        r.signature(self.signature)?;
        r.version(0..=0)?;
        let at = r.clone();
        match r.u8()? {
            client if client == self.element.client() => Ok(()),
            client => Err(at.bad("client", client, "differs from the array's header")),
        }
    }

    /// Reads the whole head; a block that belongs to another header is refused.
    pub(crate) fn decode(self, r: &mut Reader<'_>) -> Result<()> {
        self.check(r)?;
        let at = r.clone();
        let owner = r.defined_address(self.element.sizes, "header address")?;
        if owner == self.header {
            return Ok(());
        }
        Err(at.bad("header address", owner.0, "the block belongs to another array"))
    }

    pub(crate) fn encode(self, w: &mut Writer) -> Result<()> {
        w.put(self.signature);
        w.u8(0);
        w.u8(self.element.client());
        w.address(Some(self.header), self.element.sizes)
    }
}

/// A page of a data block that is too large for one checksum, of an extensible or of a fixed array.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ElementPage<const EXTENSIBLE: bool>(pub(crate) Vec<ChunkElement>);

impl<const EXTENSIBLE: bool> ElementPage<EXTENSIBLE> {
    /// A page of chunks that do not exist.
    pub(crate) fn empty(cx: &PageContext) -> Result<Self> {
        Ok(ElementPage(vec![ChunkElement::NONE; crate::base::to_usize(cx.elements)?]))
    }
}

/// What a page's bytes do not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageContext {
    pub(crate) element: ElementContext,
    pub(crate) elements: u64,
}

impl<const EXTENSIBLE: bool> Wire for ElementPage<EXTENSIBLE> {
    const STRUCTURE: Structure =
        if EXTENSIBLE { Structure::ExtensibleArrayPage } else { Structure::FixedArrayPage };
    type Context = PageContext;

    fn decode(r: &mut Reader<'_>, cx: &PageContext) -> Result<Self> {
        let mut body = r.clone().checked()?;
        let elements = cx.element.decode_all(&mut body, cx.elements)?;
        body.finish()?;
        r.take_rest();
        Ok(ElementPage(elements))
    }

    fn encoded_len(&self, cx: &PageContext) -> Result<usize> {
        crate::base::to_usize(cx.element.sealed_len(cx.elements)?)
    }

    fn encode(&self, w: &mut Writer, cx: &PageContext) -> Result<()> {
        cx.element.encode_all(&self.0, cx.elements, w)?;
        w.checksum();
        Ok(())
    }
}

/// A page begins with nothing to know it by; its length is the owner's to say.
impl<const EXTENSIBLE: bool> Framed for ElementPage<EXTENSIBLE> {
    fn prefix_len(_: &PageContext) -> usize {
        0
    }

    fn extent(_: &mut Reader<'_>, cx: &PageContext) -> Result<u64> {
        cx.element.sealed_len(cx.elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };
    const PLAIN: ElementContext = ElementContext { sizes: NARROW, size_width: None };
    const FILTERED: ElementContext = ElementContext { sizes: Sizes::EIGHT, size_width: Some(3) };

    #[rustfmt::skip]
    const WRITTEN: [u8; 15] = [
        0, 8, 0, 0, 0, 0, 0, 0,                     // at 2048
        0x34, 0x12, 0,                              // 0x1234 bytes
        2, 0, 0, 0,                                 // the second filter was skipped
    ];

    impl Samples for ChunkElement {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("unfiltered", PLAIN, vec![0, 8, 0, 0]),
                Sample::plain("never written", PLAIN, vec![0xff; 4]),
                Sample::plain("filtered", FILTERED, WRITTEN.to_vec()),
            ]
        }
    }

    #[test]
    fn an_element_means_what_it_says() {
        let budget = Default::default();
        let plain: ChunkElement = crate::format::decode(&[0xff; 4], 0, &PLAIN, &budget).unwrap();
        assert_eq!(plain, ChunkElement::NONE);
        let filtered: ChunkElement = crate::format::decode(&WRITTEN, 0, &FILTERED, &budget).unwrap();
        let expected = ChunkElement { address: Some(Address(2048)), size: 0x1234, filter_mask: 2 };
        assert_eq!(filtered, expected);
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let element = ChunkElement { address: None, size: 0x100_0000, filter_mask: 1 };
        let text = |cx| crate::format::encode(&element, &cx).unwrap_err().to_string();
        assert!(text(PLAIN).contains("filter mask is 1: an index of unfiltered chunks has no room for it"));
        assert!(text(FILTERED).contains("chunk size is 16777216: too wide for its field"));
    }

    #[test]
    fn a_size_is_a_byte_wider_than_the_chunk_needs() {
        let widths = [0, 1, 255, 256, 1 << 16, 1 << 48, u64::MAX].map(filtered_size_width);
        assert_eq!(widths, [2, 2, 2, 3, 4, 8, 8]);
    }
}
