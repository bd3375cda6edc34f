//! A secondary block of an extensible array: pointers to the data blocks of one super block.
//!
//! Specification 4.0, VII.D.
//!
//! ```text
//!  0  4  signature "EASB"
//!  4  1  version (0)
//!  5  1  client
//!  6  O  address of the header
//!  .  .  offset of the block in the array, as wide as the header's max elements bits need
//!  .  .  page bitmap, if the data blocks are paged
//!  .  .  data block addresses, O each
//!  .  4  checksum
//! ```
//!
//! Reads and writes version 0.

use super::index_block::{decode_pointers, encode_pointers};
use super::{ExtensibleArrayContext, SuperBlock};
use crate::base::{Address, Error, Reader, Result, Structure, Writer, byte_count, to_usize};
use crate::format::chunk_element::BlockHead;
use crate::format::page_bitmap::PageBitmap;
use crate::format::{Framed, Wire};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExtensibleArraySecondary {
    /// The first element, not counting those in the index block. Nothing depends on it.
    pub(crate) offset: u64,
    /// The pages of all data blocks; [`DataPlace::page_bit`](super::DataPlace::page_bit) says which bit is which.
    pub(crate) pages: PageBitmap,
    pub(crate) data_blocks: Vec<Option<Address>>,
}

/// What a secondary block's bytes do not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecondaryBlockContext {
    pub(crate) array: ExtensibleArrayContext,
    pub(crate) super_block: SuperBlock,
}

impl Wire for ExtensibleArraySecondary {
    const STRUCTURE: Structure = Structure::ExtensibleArraySecondary;
    type Context = SecondaryBlockContext;

    fn decode(r: &mut Reader<'_>, cx: &SecondaryBlockContext) -> Result<Self> {
        let mut body = r.clone().checked()?;
        cx.head().decode(&mut body)?;
        let offset = body.uint(cx.array.header.shape.offset_width())?;
        let pages = PageBitmap(body.take_long(cx.super_block.bitmap_len())?.to_vec());
        let data_blocks = decode_pointers(&mut body, cx.super_block.data_blocks, cx.array.sizes)?;
        body.finish()?;
        r.take_rest();
        Ok(ExtensibleArraySecondary { offset, pages, data_blocks })
    }

    fn encoded_len(&self, cx: &SecondaryBlockContext) -> Result<usize> {
        to_usize(cx.len()?)
    }

    fn encode(&self, w: &mut Writer, cx: &SecondaryBlockContext) -> Result<()> {
        let bitmap = self.pages.0.len() as u64;
        if bitmap != cx.super_block.bitmap_len() {
            return Err(Error::field("size of the page bitmap", bitmap, "not what the pages need"));
        }
        cx.head().encode(w)?;
        w.uint(self.offset, cx.array.header.shape.offset_width(), "block offset")?;
        w.put(&self.pages.0);
        encode_pointers(&self.data_blocks, cx.super_block.data_blocks, cx.array.sizes, w)?;
        w.checksum();
        Ok(())
    }
}

impl Framed for ExtensibleArraySecondary {
    fn prefix_len(_: &SecondaryBlockContext) -> usize {
        BlockHead::PREFIX
    }

    fn extent(prefix: &mut Reader<'_>, cx: &SecondaryBlockContext) -> Result<u64> {
        cx.head().check(prefix)?;
        cx.len().map_err(|e| prefix.locate(e))
    }
}

impl ExtensibleArraySecondary {
    /// The secondary block of a super block that holds nothing yet.
    pub(crate) fn empty(cx: &SecondaryBlockContext) -> Result<Self> {
        Ok(ExtensibleArraySecondary {
            offset: cx.super_block.first_element,
            pages: PageBitmap::empty(to_usize(cx.super_block.bitmap_len())?),
            data_blocks: vec![None; to_usize(cx.super_block.data_blocks)?],
        })
    }
}

impl SecondaryBlockContext {
    fn head(&self) -> BlockHead {
        self.array.head(SIGNATURE)
    }

    /// The bytes of the block.
    pub(crate) fn len(&self) -> Result<u64> {
        let fixed = self.head().len() + self.array.header.shape.offset_width() + 4;
        let pointers = byte_count(self.super_block.data_blocks, self.array.sizes.address())?;
        // There are at most 2^32 data blocks, with 2^29 bytes of bitmap each at the very most.
        let sum = pointers.checked_add(self.super_block.bitmap_len());
        sum.and_then(|sum| sum.checked_add(fixed as u64)).ok_or_else(|| {
            Error::field("number of data blocks", self.super_block.data_blocks, "over 2^64 bytes")
        })
    }
}

const SIGNATURE: &[u8; 4] = b"EASB";

#[cfg(test)]
mod tests {
    use super::super::tests::{context, small_pages};
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse_sealed, sealed};
    use crate::format::{decode, encode};

    // The first secondary block of an array of 1000 chunks, as libhdf5 2.0 wrote it.
    #[rustfmt::skip]
    const PLAIN: [u8; 34] = [
        b'E', b'A', b'S', b'B', 0, 0,
        0x9f, 7, 0, 0,                              // the header at 1951
        0xf0, 0, 0, 0,                              // behind 240 elements
        0x34, 0x1a, 0, 0, 0x46, 0x1b, 0, 0,         // four data blocks
        0x58, 0x1c, 0, 0, 0x6a, 0x1d, 0, 0,
        0xc3, 0x50, 0x1c, 0xe9,
    ];

    #[rustfmt::skip]
    fn paged() -> Vec<u8> {
        sealed(&[
            &b"EASB\0\0\x9f\x07\0\0"[..],
            &[7],                                   // behind 7 elements
            &[0b0110_0000, 0],                      // the second page of one data block, the first of the other
            &[0, 8, 0, 0, 0, 9, 0, 0],              // data blocks at 2048 and 2304
        ].concat())
    }

    fn plain_context() -> SecondaryBlockContext {
        let cx = context(None, 1951);
        cx.secondary(cx.header.shape.super_block(4).unwrap())
    }

    fn paged_context() -> SecondaryBlockContext {
        let cx = small_pages(1951);
        cx.secondary(cx.header.shape.super_block(3).unwrap())
    }

    impl Samples for ExtensibleArraySecondary {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::sealed("not paged", plain_context(), PLAIN.to_vec()),
                Sample::sealed("paged", paged_context(), paged()),
            ]
        }
    }

    #[test]
    fn its_bitmap_has_no_gaps_between_data_blocks() {
        let cx = paged_context();
        let block: ExtensibleArraySecondary = decode(&paged(), 0, &cx, &Default::default()).unwrap();
        assert_eq!((cx.super_block.data_blocks, cx.super_block.block_pages), (2, 2));
        let pages = [0, 1, 2, 3].map(|bit| block.pages.contains(bit));
        assert_eq!(pages, [false, true, true, false]);
    }

    #[test]
    fn an_empty_one_has_the_offset_of_its_super_block() {
        for cx in [plain_context(), paged_context()] {
            let empty = ExtensibleArraySecondary::empty(&cx).unwrap();
            let bytes = encode(&empty, &cx).unwrap();
            let again: ExtensibleArraySecondary = decode(&bytes, 0, &cx, &Default::default()).unwrap();
            assert_eq!(again, empty);
        }
        assert_eq!(ExtensibleArraySecondary::empty(&plain_context()).unwrap().offset, 240);
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes =
            [(0, 0, "signature"), (4, 1, "version 1"), (5, 1, "client is 1"), (6, 0, "header address")];
        refuse_sealed::<ExtensibleArraySecondary>(PLAIN.to_vec(), plain_context(), &changes);
        let mut block = ExtensibleArraySecondary::empty(&paged_context()).unwrap();
        block.pages = PageBitmap::empty(1);
        let error = encode(&block, &paged_context()).unwrap_err().to_string();
        assert!(error.contains("size of the page bitmap is 1: not what the pages need"));
    }
}
