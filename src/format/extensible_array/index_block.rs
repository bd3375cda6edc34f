//! The index block of an extensible array: the first elements, and pointers to all other blocks.
//!
//! Specification 4.0, VII.D.
//!
//! ```text
//!  0  4  signature "EAIB"
//!  4  1  version (0)
//!  5  1  client
//!  6  O  address of the header
//!  .  .  elements, as many as the header says
//!  .  .  data block addresses, O each
//!  .  .  secondary block addresses, O each
//!  .  4  checksum
//! ```
//!
//! Reads and writes version 0.

use super::ExtensibleArrayContext;
use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer, to_usize};
use crate::format::chunk_element::{BlockHead, ChunkElement};
use crate::format::{Framed, Wire};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExtensibleArrayIndex {
    pub(crate) elements: Vec<ChunkElement>,
    pub(crate) data_blocks: Vec<Option<Address>>,
    pub(crate) secondary_blocks: Vec<Option<Address>>,
}

impl Wire for ExtensibleArrayIndex {
    const STRUCTURE: Structure = Structure::ExtensibleArrayIndex;
    type Context = ExtensibleArrayContext;

    fn decode(r: &mut Reader<'_>, cx: &ExtensibleArrayContext) -> Result<Self> {
        let shape = cx.header.shape;
        let mut body = r.clone().checked()?;
        cx.head(SIGNATURE).decode(&mut body)?;
        let elements = cx.element().decode_all(&mut body, u64::from(shape.index_elements))?;
        let data_blocks = decode_pointers(&mut body, shape.index_data_pointers(), cx.sizes)?;
        let secondary_blocks = decode_pointers(&mut body, shape.index_secondary_pointers(), cx.sizes)?;
        body.finish()?;
        r.take_rest();
        Ok(ExtensibleArrayIndex { elements, data_blocks, secondary_blocks })
    }

    fn encoded_len(&self, cx: &ExtensibleArrayContext) -> Result<usize> {
        to_usize(len(cx)?)
    }

    fn encode(&self, w: &mut Writer, cx: &ExtensibleArrayContext) -> Result<()> {
        let shape = cx.header.shape;
        cx.head(SIGNATURE).encode(w)?;
        cx.element().encode_all(&self.elements, u64::from(shape.index_elements), w)?;
        encode_pointers(&self.data_blocks, shape.index_data_pointers(), cx.sizes, w)?;
        encode_pointers(&self.secondary_blocks, shape.index_secondary_pointers(), cx.sizes, w)?;
        w.checksum();
        Ok(())
    }
}

impl Framed for ExtensibleArrayIndex {
    fn prefix_len(_: &ExtensibleArrayContext) -> usize {
        BlockHead::PREFIX
    }

    fn extent(prefix: &mut Reader<'_>, cx: &ExtensibleArrayContext) -> Result<u64> {
        cx.head(SIGNATURE).check(prefix)?;
        len(cx)
    }
}

impl ExtensibleArrayIndex {
    /// The index block of an array that holds nothing yet.
    pub(crate) fn empty(cx: &ExtensibleArrayContext) -> Result<Self> {
        let shape = cx.header.shape;
        Ok(ExtensibleArrayIndex {
            elements: vec![ChunkElement::NONE; usize::from(shape.index_elements)],
            data_blocks: vec![None; to_usize(shape.index_data_pointers())?],
            secondary_blocks: vec![None; to_usize(shape.index_secondary_pointers())?],
        })
    }
}

fn len(cx: &ExtensibleArrayContext) -> Result<u64> {
    let shape = cx.header.shape;
    let elements = cx.element().sealed_len(u64::from(shape.index_elements))?;
    // The parameters are bytes, so there are some hundreds of pointers at most.
    let pointers = shape.index_data_pointers() + shape.index_secondary_pointers();
    Ok(cx.head(SIGNATURE).len() as u64 + elements + pointers * u64::from(cx.sizes.offset))
}

/// Reads `count` addresses of blocks.
pub(super) fn decode_pointers(r: &mut Reader<'_>, count: u64, sizes: Sizes) -> Result<Vec<Option<Address>>> {
    let count = r.count(count, sizes.address())?;
    (0..count).map(|_| r.address(sizes)).collect()
}

/// Writes addresses of blocks, which have to be `count`.
pub(super) fn encode_pointers(
    pointers: &[Option<Address>],
    count: u64,
    sizes: Sizes,
    w: &mut Writer,
) -> Result<()> {
    if pointers.len() as u64 != count {
        let rule = "differs from what the array's header says";
        return Err(Error::field("number of block addresses", pointers.len() as u64, rule));
    }
    pointers.iter().try_for_each(|&pointer| w.address(pointer, sizes))
}

const SIGNATURE: &[u8; 4] = b"EAIB";

#[cfg(test)]
mod tests {
    use super::super::tests::context;
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse_sealed};
    use crate::format::{decode, encode};

    // As libhdf5 2.0 wrote them, for 60 chunks each.

    #[rustfmt::skip]
    fn plain() -> Vec<u8> {
        [
            &b"EAIB\0\0\x79\x03\0\0"[..],           // unfiltered, the header at 889
            &[3, 8, 0, 0, 4, 8, 0, 0],              // chunks at 2051, 2052,
            &[5, 8, 0, 0, 6, 8, 0, 0],              // 2053 and 2054
            &[0x3f, 4, 0, 0, 0x91, 4, 0, 0],        // data blocks at 1087, 1169
            &[0x23, 5, 0, 0], &[0xff; 12],          // and 1315; three more are not there
            &[0xff; 100],                           // no secondary block
            &[0xed, 0x47, 0xad, 0x4e],
        ].concat()
    }

    #[rustfmt::skip]
    fn filtered() -> Vec<u8> {
        [
            &b"EAIB\0\x01\xc1\x06\0\0"[..],         // filtered, the header at 1729
            &[0x3f, 8, 0, 0, 1, 0, 0, 0, 0, 0],     // at 2111: one byte, no filter skipped
            &[0x40, 8, 0, 0, 1, 0, 0, 0, 0, 0],
            &[0x41, 8, 0, 0, 1, 0, 0, 0, 0, 0],
            &[0x42, 8, 0, 0, 1, 0, 0, 0, 0, 0],
            &[0, 0x10, 0, 0, 0xb2, 0x10, 0, 0],     // data blocks at 4096, 4274
            &[4, 0x12, 0, 0], &[0xff; 12],          // and 4612
            &[0xff; 100],
            &[0xb8, 0x95, 0x96, 0xae],
        ].concat()
    }

    impl Samples for ExtensibleArrayIndex {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::sealed("unfiltered", context(None, 889), plain()),
                Sample::sealed("filtered", context(Some(2), 1729), filtered()),
            ]
        }
    }

    #[test]
    fn it_holds_four_elements_and_six_and_25_pointers() {
        let cx = context(Some(2), 1729);
        let block: ExtensibleArrayIndex = decode(&filtered(), 0, &cx, &Default::default()).unwrap();
        assert_eq!(block.elements[3], ChunkElement { address: Some(Address(2114)), size: 1, filter_mask: 0 });
        assert_eq!(block.data_blocks[1..4], [Some(Address(4274)), Some(Address(4612)), None]);
        assert_eq!((block.data_blocks.len(), block.secondary_blocks.len()), (6, 25));
        let empty = ExtensibleArrayIndex::empty(&cx).unwrap();
        let again: ExtensibleArrayIndex =
            decode(&encode(&empty, &cx).unwrap(), 0, &cx, &Default::default()).unwrap();
        assert_eq!(again, empty);
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1"),
            (5, 1, "client is 1: differs from the array's header"),
            (6, 0, "header address is 768: the block belongs to another array"),
        ];
        refuse_sealed::<ExtensibleArrayIndex>(plain(), context(None, 889), &changes);
        let cx = context(None, 889);
        let short = ExtensibleArrayIndex { data_blocks: vec![], ..ExtensibleArrayIndex::empty(&cx).unwrap() };
        assert!(encode(&short, &cx).unwrap_err().to_string().contains("number of block addresses is 0"));
    }
}
