//! A data block of an extensible array: elements, or what stands before the pages that have them.
//!
//! Specification 4.0, VII.D.
//!
//! ```text
//!  0  4  signature "EADB"
//!  4  1  version (0)
//!  5  1  client
//!  6  O  address of the header
//!  .  .  offset of the block in the array, as wide as the header's max elements bits need
//!  .  .  elements, if not paged
//!  .  4  checksum
//!  .  .  pages, if paged
//! ```
//!
//! Pages lie one behind the other after the checksum, each as [`chunk_element`](crate::format::chunk_element) describes
//! it. Reads and writes version 0.

use super::{ExtensibleArrayContext, SuperBlock};
use crate::base::{Address, Error, Reader, Result, Structure, Writer, byte_count, to_usize};
use crate::format::chunk_element::{BlockHead, ChunkElement, ElementPage};
use crate::format::{Framed, Wire};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExtensibleArrayData {
    /// The first element, not counting those in the index block. Nothing depends on it, and libhdf5 writes too large a
    /// number in data blocks that the index block points to: it counts blocks from the array's first.
    pub(crate) offset: u64,
    /// None where the block is paged.
    pub(crate) elements: Vec<ChunkElement>,
}

/// One page of a paged data block.
pub(crate) type ExtensibleArrayPage = ElementPage<true>;

/// What a data block's bytes do not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataBlockContext {
    pub(crate) array: ExtensibleArrayContext,
    pub(crate) super_block: SuperBlock,
}

impl Wire for ExtensibleArrayData {
    const STRUCTURE: Structure = Structure::ExtensibleArrayData;
    type Context = DataBlockContext;

    fn decode(r: &mut Reader<'_>, cx: &DataBlockContext) -> Result<Self> {
        let mut body = r.clone().checked()?;
        cx.head().decode(&mut body)?;
        let offset = body.uint(cx.array.header.shape.offset_width())?;
        let elements = cx.array.element().decode_all(&mut body, cx.elements())?;
        body.finish()?;
        r.take_rest();
        Ok(ExtensibleArrayData { offset, elements })
    }

    fn encoded_len(&self, cx: &DataBlockContext) -> Result<usize> {
        to_usize(cx.len()?)
    }

    fn encode(&self, w: &mut Writer, cx: &DataBlockContext) -> Result<()> {
        cx.head().encode(w)?;
        w.uint(self.offset, cx.array.header.shape.offset_width(), "block offset")?;
        cx.array.element().encode_all(&self.elements, cx.elements(), w)?;
        w.checksum();
        Ok(())
    }
}

impl Framed for ExtensibleArrayData {
    fn prefix_len(_: &DataBlockContext) -> usize {
        BlockHead::PREFIX
    }

    fn extent(prefix: &mut Reader<'_>, cx: &DataBlockContext) -> Result<u64> {
        cx.head().check(prefix)?;
        cx.len().map_err(|e| prefix.locate(e))
    }
}

impl DataBlockContext {
    /// The bytes of the block without its pages.
    pub(crate) fn len(&self) -> Result<u64> {
        let fixed = self.head().len() + self.array.header.shape.offset_width();
        let elements = self.array.element().sealed_len(self.elements())?;
        elements.checked_add(fixed as u64).ok_or_else(|| self.too_large())
    }

    /// The bytes that the block and its pages take together.
    pub(crate) fn space(&self) -> Result<u64> {
        let pages = byte_count(self.super_block.block_pages, to_usize(self.page_len()?)?)?;
        self.len()?.checked_add(pages).ok_or_else(|| self.too_large())
    }

    /// Where a page lies behind the data block at `data`.
    pub(crate) fn page_address(&self, data: Address, page: u64) -> Result<Address> {
        data.plus(self.len()?)?.plus(byte_count(page, to_usize(self.page_len()?)?)?)
    }

    /// The elements in the block itself.
    fn elements(&self) -> u64 {
        if self.super_block.block_pages == 0 { self.super_block.block_elements } else { 0 }
    }

    fn page_len(&self) -> Result<u64> {
        self.array.element().sealed_len(self.array.header.shape.page_elements())
    }

    fn head(&self) -> BlockHead {
        self.array.head(SIGNATURE)
    }

    fn too_large(&self) -> Error {
        Error::field("elements of a data block", self.super_block.block_elements, "over 2^64 bytes")
    }
}

const SIGNATURE: &[u8; 4] = b"EADB";

#[cfg(test)]
mod tests {
    use super::super::tests::{context, small_pages};
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse_sealed, sealed};
    use crate::format::decode;

    // The first data block of an array of 60 chunks, as libhdf5 2.0 wrote it.
    #[rustfmt::skip]
    const PLAIN: [u8; 82] = [
        b'E', b'A', b'D', b'B', 0, 0,
        0x79, 3, 0, 0,                              // the header at 889
        0, 0, 0, 0,                                 // at the beginning
        0x07, 8, 0, 0, 0x08, 8, 0, 0, 0x09, 8, 0, 0, 0x0a, 8, 0, 0,
        0x0b, 8, 0, 0, 0x0c, 8, 0, 0, 0x0d, 8, 0, 0, 0x0e, 8, 0, 0,
        0x0f, 8, 0, 0, 0x10, 8, 0, 0, 0x11, 8, 0, 0, 0x12, 8, 0, 0,
        0x13, 8, 0, 0, 0x14, 8, 0, 0, 0x15, 8, 0, 0, 0x16, 8, 0, 0,
        0xbf, 0xd7, 0xe4, 0x88,
    ];

    // What stands before the pages of a data block, as libhdf5 2.0 wrote it.
    #[rustfmt::skip]
    const PAGED: [u8; 18] = [
        b'E', b'A', b'D', b'B', 0, 1,
        0xa7, 0xa8, 0, 0,                           // the header at 43175
        0xf0, 0x8f, 4, 0,                           // behind 298,992 elements
        0x9f, 0x49, 0xad, 0xd8,
    ];

    fn plain_context() -> DataBlockContext {
        let cx = context(None, 889);
        cx.data(cx.header.shape.super_block(0).unwrap())
    }

    fn paged_context() -> DataBlockContext {
        let cx = context(Some(2), 43175);
        cx.data(cx.header.shape.super_block(14).unwrap())
    }

    impl Samples for ExtensibleArrayData {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::sealed("not paged", plain_context(), PLAIN.to_vec()),
                Sample::sealed("paged", paged_context(), PAGED.to_vec()),
            ]
        }
    }

    impl Samples for ExtensibleArrayPage {
        fn samples() -> Vec<Sample<Self>> {
            let bytes = sealed(&[&[0, 8, 0, 0][..], &[0xff; 4]].concat());
            vec![Sample::sealed("two elements", small_pages(889).page(), bytes)]
        }
    }

    #[test]
    fn pages_lie_behind_the_block() {
        let cx = paged_context();
        let block: ExtensibleArrayData = decode(&PAGED, 0, &cx, &Default::default()).unwrap();
        assert_eq!(block.elements, []);
        // The nineteenth data block of super block 14, as its secondary block says too.
        assert_eq!(block.offset, cx.super_block.data_block_offset(18));
        let page = 1024 * 10 + 4;
        assert_eq!(cx.page_address(Address(1000), 1).unwrap(), Address(1000 + 18 + page));
        assert_eq!((cx.len().unwrap(), cx.space().unwrap()), (18, 18 + 2 * page));
        assert_eq!(plain_context().space().unwrap(), 82);
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes =
            [(0, 0, "signature"), (4, 1, "version 1"), (5, 1, "client is 1"), (6, 0, "header address")];
        refuse_sealed::<ExtensibleArrayData>(PLAIN.to_vec(), plain_context(), &changes);
        let short = ExtensibleArrayData { offset: 0, elements: vec![] };
        let error = crate::format::encode(&short, &plain_context()).unwrap_err().to_string();
        assert!(error.contains("number of elements is 0: differs from what the array's header says"));
    }
}
