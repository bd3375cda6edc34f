//! The extensible array: the chunk index of a dataset that grows along one axis.
//!
//! Specification 4.0, VII.D. This is the header; the blocks that it leads to have a file each, and the arithmetic of
//! which block holds what is in [`geometry`].
//!
//! ```text
//!  0  4  signature "EAHD"
//!  4  1  version (0)
//!  5  1  client: 0 unfiltered, 1 filtered chunks
//!  6  1  bytes of an element
//!  7  1  max elements bits
//!  8  1  elements in the index block
//!  9  1  elements of the smallest data block
//! 10  1  data block pointers of the smallest secondary block
//! 11  1  page bits
//! 12  L  number of secondary blocks
//!  .  L  bytes of all secondary blocks
//!  .  L  number of data blocks
//!  .  L  bytes of all data blocks
//!  .  L  one more than the highest index that was set
//!  .  L  number of elements that there is room for
//!  .  O  address of the index block
//!  .  4  checksum
//! ```
//!
//! Reads and writes version 0.

mod data_block;
mod geometry;
mod index_block;
mod secondary_block;

pub(crate) use data_block::{DataBlockContext, ExtensibleArrayData, ExtensibleArrayPage};
pub(crate) use geometry::{DataPlace, ElementPlace, ExtensibleArrayShape, SuperBlock};
pub(crate) use index_block::ExtensibleArrayIndex;
pub(crate) use secondary_block::{ExtensibleArraySecondary, SecondaryBlockContext};

use super::chunk_element::{BlockHead, ElementContext, PageContext};
use super::{Framed, Wire};
use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ExtensibleArrayHeader {
    /// The width of a chunk's size where chunks are filtered.
    pub(crate) size_width: Option<u8>,
    pub(crate) shape: ExtensibleArrayShape,
    pub(crate) statistics: Statistics,
    /// Until a chunk is written there is none.
    pub(crate) index: Option<Address>,
}

/// What an array counts of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Statistics {
    pub(crate) secondary_blocks: u64,
    /// The bytes of all of them.
    pub(crate) secondary_size: u64,
    pub(crate) data_blocks: u64,
    /// The bytes of all of them, pages included.
    pub(crate) data_size: u64,
    /// One more than the highest index that was set; the specification's "Max Index Set".
    pub(crate) set_elements: u64,
    /// The elements of all blocks that exist.
    pub(crate) elements: u64,
}

impl Wire for ExtensibleArrayHeader {
    const STRUCTURE: Structure = Structure::ExtensibleArrayHeader;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let mut body = r.clone().checked()?;
        body.signature(HEADER_SIGNATURE)?;
        body.version(0..=0)?;
        let size_width = ElementContext::decode_form(&mut body, *sizes)?.size_width;
        let shape = decode_shape(&mut body)?;
        let statistics = Statistics {
            secondary_blocks: body.length(*sizes)?,
            secondary_size: body.length(*sizes)?,
            data_blocks: body.length(*sizes)?,
            data_size: body.length(*sizes)?,
            set_elements: body.length(*sizes)?,
            elements: body.length(*sizes)?,
        };
        let index = body.address(*sizes)?;
        body.finish()?;
        r.take_rest();
        Ok(ExtensibleArrayHeader { size_width, shape, statistics, index })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(Self::prefix_len(sizes))
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.put(HEADER_SIGNATURE);
        w.u8(0);
        ElementContext { sizes: *sizes, size_width: self.size_width }.encode_form(w)?;
        w.u8(self.shape.max_elements_bits);
        w.u8(self.shape.index_elements);
        w.u8(self.shape.data_min_elements);
        w.u8(self.shape.secondary_min_pointers);
        w.u8(self.shape.page_bits);
        w.length(self.statistics.secondary_blocks, *sizes, "number of secondary blocks")?;
        w.length(self.statistics.secondary_size, *sizes, "size of secondary blocks")?;
        w.length(self.statistics.data_blocks, *sizes, "number of data blocks")?;
        w.length(self.statistics.data_size, *sizes, "size of data blocks")?;
        w.length(self.statistics.set_elements, *sizes, "max index set")?;
        w.length(self.statistics.elements, *sizes, "number of elements")?;
        w.address(self.index, *sizes)?;
        w.checksum();
        Ok(())
    }
}

impl Framed for ExtensibleArrayHeader {
    fn prefix_len(sizes: &Sizes) -> usize {
        16 + 6 * sizes.len() + sizes.address()
    }

    fn extent(_: &mut Reader<'_>, sizes: &Sizes) -> Result<u64> {
        Ok(Self::prefix_len(sizes) as u64)
    }
}

fn decode_shape(r: &mut Reader<'_>) -> Result<ExtensibleArrayShape> {
    let at = r.clone();
    let shape = ExtensibleArrayShape {
        max_elements_bits: r.u8()?,
        index_elements: r.u8()?,
        data_min_elements: r.u8()?,
        secondary_min_pointers: r.u8()?,
        page_bits: r.u8()?,
    };
    shape.check().map_err(|e| at.locate(e))?;
    Ok(shape)
}

/// What the blocks of one array share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtensibleArrayContext {
    pub(crate) sizes: Sizes,
    pub(crate) header: ExtensibleArrayHeader,
    /// Where the header is.
    pub(crate) address: Address,
}

impl ExtensibleArrayContext {
    pub(crate) fn element(&self) -> ElementContext {
        ElementContext { sizes: self.sizes, size_width: self.header.size_width }
    }

    /// What the decoding of the secondary block of a super block takes.
    pub(crate) fn secondary(&self, super_block: SuperBlock) -> SecondaryBlockContext {
        SecondaryBlockContext { array: *self, super_block }
    }

    /// What the decoding of a data block of a super block takes.
    pub(crate) fn data(&self, super_block: SuperBlock) -> DataBlockContext {
        DataBlockContext { array: *self, super_block }
    }

    /// What the decoding of a page takes.
    pub(crate) fn page(&self) -> PageContext {
        PageContext { element: self.element(), elements: self.header.shape.page_elements() }
    }

    fn head(&self, signature: &'static [u8; 4]) -> BlockHead {
        BlockHead { signature, element: self.element(), header: self.address }
    }
}

const HEADER_SIGNATURE: &[u8; 4] = b"EAHD";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse_sealed};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    // As libhdf5 2.0 wrote it.
    #[rustfmt::skip]
    const PLAIN: [u8; 44] = [
        b'E', b'A', b'H', b'D', 0, 0, 4,            // unfiltered, elements of 4 bytes
        32, 4, 16, 4, 10,                           // libhdf5's usual parameters
        2, 0, 0, 0, 0x44, 0, 0, 0,                  // two secondary blocks of 34 bytes each
        14, 0, 0, 0, 0xbc, 0x10, 0, 0,              // 14 data blocks, 4284 bytes
        0xe8, 3, 0, 0, 0xf4, 3, 0, 0,               // 1000 elements set, room for 1012
        0x6e, 0x15, 0, 0,                           // the index block at 5486
        0x95, 0x9d, 0x86, 12,
    ];

    /// An array with libhdf5's usual parameters in a file with addresses of 4 bytes.
    pub(super) fn context(size_width: Option<u8>, address: u64) -> ExtensibleArrayContext {
        let (shape, statistics) = (ExtensibleArrayShape::default(), Statistics::default());
        let header = ExtensibleArrayHeader { size_width, shape, statistics, index: None };
        ExtensibleArrayContext { sizes: NARROW, header, address: Address(address) }
    }

    /// An array of unfiltered chunks with pages of two elements, and offsets of one byte.
    pub(super) fn small_pages(address: u64) -> ExtensibleArrayContext {
        let mut cx = context(None, address);
        cx.header.shape = ExtensibleArrayShape {
            max_elements_bits: 8,
            index_elements: 1,
            data_min_elements: 1,
            secondary_min_pointers: 2,
            page_bits: 1,
        };
        cx.header.shape.check().unwrap();
        cx
    }

    #[rustfmt::skip]
    fn filtered() -> Vec<u8> {
        crate::format::battery::sealed(&[
            &b"EAHD\0\x01\x0e\x20\x04\x10\x04\x0a"[..], // filtered, elements of 8 + 2 + 4 bytes
            &[0; 48],                               // nothing in it
            &[0xff; 8],                             // no index block
        ].concat())
    }

    impl Samples for ExtensibleArrayHeader {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::sealed("unfiltered", NARROW, PLAIN.to_vec()),
                Sample::sealed("filtered, empty", Sizes::EIGHT, filtered()),
            ]
        }
    }

    #[test]
    fn the_statistics_are_what_the_arithmetic_gives() {
        let budget = Default::default();
        let header: ExtensibleArrayHeader = crate::format::decode(&PLAIN, 0, &NARROW, &budget).unwrap();
        assert_eq!((header.size_width, header.index), (None, Some(Address(5486))));
        assert_eq!(header.shape, ExtensibleArrayShape::default());
        let cx = ExtensibleArrayContext { sizes: NARROW, header, address: Address(1951) };
        let mut found = Statistics { set_elements: 1000, elements: 4, ..Statistics::default() };
        // Super block 5 ends with element 1011.
        for block in (0..6).map(|index| header.shape.super_block(index).unwrap()) {
            let secondary = block.index >= header.shape.index_super_blocks();
            found.secondary_blocks += u64::from(secondary);
            found.secondary_size += if secondary { cx.secondary(block).len().unwrap() } else { 0 };
            found.data_blocks += block.data_blocks;
            found.data_size += block.data_blocks * cx.data(block).space().unwrap();
            found.elements += block.data_blocks * block.block_elements;
        }
        assert_eq!(found, header.statistics);
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1"),
            (5, 2, "client is 2"),
            (6, 5, "element size is 5"),
            (7, 0, "max elements bits is 0"),
            (9, 3, "data block min elements is 3"),
            (10, 5, "secondary block min data pointers is 5"),
            (11, 40, "page bits is 40"),
        ];
        refuse_sealed::<ExtensibleArrayHeader>(PLAIN.to_vec(), NARROW, &changes);
    }
}
