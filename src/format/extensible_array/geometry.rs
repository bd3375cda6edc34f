//! The arithmetic of the extensible array: which block holds an element, and how large every block is.
//!
//! Specification 4.0, VII.D names the blocks; how many elements each has is libhdf5's to say (`H5EAhdr.c`, `H5EA.c`).
//!
//! ```text
//! elements 0 to I-1                 in the index block itself
//! super block s = 0, 1, 2, …        2^⌊s/2⌋ data blocks of D * 2^⌈s/2⌉ elements each, so D * 2^s elements,
//!                                   the first of them being I + D * (2^s - 1)
//! super blocks below 2*log2(P)      their 2 * (P - 1) data block pointers stand in the index block
//! the others, up to B - log2(D)     have a secondary block each, which the index block points to
//! ```
//!
//! I, D, P and B are the fields of [`ExtensibleArrayShape`]. A data block with more than 2^(page bits) elements is
//! paged; a bit per page of each of its data blocks stands in the secondary block, with no gap between data blocks.

use crate::base::{Error, Result};

/// The parameters that an array is created with, as its header and the layout message hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExtensibleArrayShape {
    /// The array has at most 2 to this power elements (B).
    pub(crate) max_elements_bits: u8,
    /// Elements in the index block (I).
    pub(crate) index_elements: u8,
    /// Elements of the smallest data block (D), a power of two.
    pub(crate) data_min_elements: u8,
    /// Data block pointers of the smallest secondary block (P), a power of two.
    pub(crate) secondary_min_pointers: u8,
    /// A page has 2 to this power elements.
    pub(crate) page_bits: u8,
}

impl Default for ExtensibleArrayShape {
    /// The parameters that libhdf5 always writes.
    fn default() -> Self {
        ExtensibleArrayShape {
            max_elements_bits: 32,
            index_elements: 4,
            data_min_elements: 16,
            secondary_min_pointers: 4,
            page_bits: 10,
        }
    }
}

/// One doubling of the array: data blocks of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SuperBlock {
    pub(crate) index: u32,
    pub(crate) data_blocks: u64,
    /// Elements of each data block.
    pub(crate) block_elements: u64,
    /// Pages of each data block; 0 where they are not paged.
    pub(crate) block_pages: u64,
    /// The first element, not counting those in the index block.
    pub(crate) first_element: u64,
    /// The first data block, counted over the whole array.
    pub(crate) first_data_block: u64,
}

/// Where an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementPlace {
    /// It is this element of the index block.
    Index(u64),
    /// It is in a data block.
    Data(DataPlace),
}

/// The way to an element in a data block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DataPlace {
    pub(crate) super_block: SuperBlock,
    /// Which secondary block pointer of the index block to follow; none where the index block points to data blocks.
    pub(crate) secondary: Option<u64>,
    /// Which data block pointer to follow, of the secondary block, or else of the index block.
    pub(crate) pointer: u64,
    /// Which page of the data block holds the element, if it is paged.
    pub(crate) page: Option<u64>,
    /// Which element of the page, or of the data block, it is.
    pub(crate) position: u64,
}

impl DataPlace {
    /// The page's bit in the bitmap of the secondary block.
    pub(crate) fn page_bit(&self) -> Option<u64> {
        // Both factors and the sum count pages of one super block, fewer than its elements.
        self.page.map(|page| self.pointer * self.super_block.block_pages + page)
    }
}

impl SuperBlock {
    /// The offset that data block `pointer` has by the specification.
    pub(crate) fn data_block_offset(&self, pointer: u64) -> u64 {
        self.first_element.saturating_add(pointer.saturating_mul(self.block_elements))
    }

    /// The bytes of the page bitmap in the secondary block: whole bytes for each data block, though the bits of one
    /// data block follow those of the one before at once, and so may end bytes earlier.
    pub(crate) fn bitmap_len(&self) -> u64 {
        self.data_blocks * self.block_pages.div_ceil(8)
    }
}

impl ExtensibleArrayShape {
    /// Refuses parameters that no array can have; libhdf5 refuses to create it.
    pub(crate) fn check(&self) -> Result<()> {
        let bad = |name, value, rule| Err(Error::field(name, u64::from(value), rule));
        if !(1..=64).contains(&self.max_elements_bits) {
            return bad("max elements bits", self.max_elements_bits, "1 to 64");
        }
        if !self.data_min_elements.is_power_of_two() {
            return bad("data block min elements", self.data_min_elements, "a power of two");
        }
        if !self.secondary_min_pointers.is_power_of_two() || self.secondary_min_pointers < 2 {
            let rule = "a power of two over one";
            return bad("secondary block min data pointers", self.secondary_min_pointers, rule);
        }
        if self.page_bits > self.max_elements_bits.min(63) {
            return bad("page bits", self.page_bits, "over the max elements bits");
        }
        let smallest = self.data_min_elements.trailing_zeros() + self.secondary_min_pointers.trailing_zeros();
        if u32::from(self.page_bits) < smallest {
            return bad(
                "page bits",
                self.page_bits,
                "a data block that the index block points to is not paged",
            );
        }
        let bits = self.data_min_elements.trailing_zeros() + self.index_super_blocks();
        if bits > u32::from(self.max_elements_bits) + 1 {
            return bad("max elements bits", self.max_elements_bits, "the index block holds more elements");
        }
        Ok(())
    }

    /// The bytes of a block's offset.
    pub(crate) fn offset_width(&self) -> usize {
        usize::from(self.max_elements_bits.div_ceil(8))
    }

    /// How many elements a page has.
    pub(crate) fn page_elements(&self) -> u64 {
        1 << self.page_bits.min(63)
    }

    /// How many super blocks the array has, with those that the index block takes the place of.
    pub(crate) fn super_blocks(&self) -> u32 {
        1 + u32::from(self.max_elements_bits).saturating_sub(self.data_min_elements.trailing_zeros())
    }

    /// How many of the first super blocks have their data block pointers in the index block.
    pub(crate) fn index_super_blocks(&self) -> u32 {
        2 * self.secondary_min_pointers.trailing_zeros()
    }

    /// How many data block pointers the index block has.
    pub(crate) fn index_data_pointers(&self) -> u64 {
        2 * u64::from(self.secondary_min_pointers).saturating_sub(1)
    }

    /// How many secondary block pointers the index block has.
    pub(crate) fn index_secondary_pointers(&self) -> u64 {
        u64::from(self.super_blocks().saturating_sub(self.index_super_blocks()))
    }

    /// The super block `index`, if the array has that many.
    pub(crate) fn super_block(&self, index: u32) -> Option<SuperBlock> {
        if index >= self.super_blocks() {
            return None;
        }
        // At most 2^64 - 1 elements go before the last super block of the largest array, so none of this overflows.
        let low = self.data_min_elements.trailing_zeros();
        let data_blocks = 1u64 << (index / 2);
        let block_elements = 1u64 << (low + index.div_ceil(2));
        let first_element = if index == 0 { 0 } else { (u64::MAX >> (64 - index)) << low };
        let first_data_block = 2 * (data_blocks - 1) + if index % 2 == 1 { data_blocks } else { 0 };
        let paged = block_elements > self.page_elements();
        let block_pages = if paged { block_elements / self.page_elements() } else { 0 };
        Some(SuperBlock { index, data_blocks, block_elements, block_pages, first_element, first_data_block })
    }

    /// Says where the element `index` is, if the array may have that many.
    pub(crate) fn place(&self, index: u64) -> Option<ElementPlace> {
        let Some(beyond) = index.checked_sub(u64::from(self.index_elements)) else {
            return Some(ElementPlace::Index(index));
        };
        let smallest = (beyond >> self.data_min_elements.trailing_zeros()).checked_add(1)?;
        let super_block = self.super_block(smallest.ilog2())?;
        let within = beyond - super_block.first_element;
        let in_block = within % super_block.block_elements;
        let block = within / super_block.block_elements;
        let secondary = super_block.index.checked_sub(self.index_super_blocks()).map(u64::from);
        let pointer = if secondary.is_some() { block } else { super_block.first_data_block + block };
        let (page, position) = match super_block.block_pages {
            0 => (None, in_block),
            _ => (Some(in_block / self.page_elements()), in_block % self.page_elements()),
        };
        Some(ElementPlace::Data(DataPlace { super_block, secondary, pointer, page, position }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: ExtensibleArrayShape = ExtensibleArrayShape {
        max_elements_bits: 32,
        index_elements: 4,
        data_min_elements: 16,
        secondary_min_pointers: 4,
        page_bits: 10,
    };

    fn data(shape: ExtensibleArrayShape, index: u64) -> (Option<u64>, u64, Option<u64>, u64) {
        match shape.place(index) {
            Some(ElementPlace::Data(p)) => (p.secondary, p.pointer, p.page, p.position),
            other => panic!("element {index}: {other:?}"),
        }
    }

    #[test]
    fn the_index_block_of_libhdf5_s_arrays_has_6_and_25_pointers() {
        assert_eq!(USUAL, ExtensibleArrayShape::default());
        assert_eq!((USUAL.super_blocks(), USUAL.index_super_blocks()), (29, 4));
        assert_eq!((USUAL.index_data_pointers(), USUAL.index_secondary_pointers()), (6, 25));
        assert_eq!((USUAL.offset_width(), USUAL.page_elements()), (4, 1024));
    }

    #[test]
    fn super_blocks_are_as_libhdf5_tabulates_them() {
        // The running sums that H5EA__hdr_init makes.
        for shape in [USUAL, ExtensibleArrayShape { data_min_elements: 1, max_elements_bits: 64, ..USUAL }] {
            let (mut first_element, mut first_data_block) = (0u64, 0u64);
            for index in 0..shape.super_blocks() {
                let (data_blocks, power) = (1 << (index / 2), 1u64 << index.div_ceil(2));
                let block_elements = power * u64::from(shape.data_min_elements);
                let found = shape.super_block(index).unwrap();
                assert_eq!((found.data_blocks, found.block_elements), (data_blocks, block_elements));
                assert_eq!((found.first_element, found.first_data_block), (first_element, first_data_block));
                first_element = first_element.wrapping_add(data_blocks.wrapping_mul(block_elements));
                first_data_block += data_blocks;
            }
            assert_eq!(shape.super_block(shape.super_blocks()), None);
        }
        let first_paged = USUAL.super_block(13).unwrap();
        assert_eq!((first_paged.block_elements, first_paged.block_pages), (2048, 2));
        assert_eq!(USUAL.super_block(12).unwrap().block_pages, 0);
        // 64 data blocks with two pages each have a byte each, though their 128 bits fill only a quarter.
        assert_eq!((first_paged.data_blocks, first_paged.bitmap_len()), (64, 64));
    }

    #[test]
    fn elements_are_where_libhdf5_looks_for_them() {
        assert_eq!(USUAL.place(3), Some(ElementPlace::Index(3)));
        assert_eq!(data(USUAL, 4), (None, 0, None, 0));
        assert_eq!(data(USUAL, 19), (None, 0, None, 15));
        assert_eq!(data(USUAL, 20), (None, 1, None, 0));
        assert_eq!(data(USUAL, 52), (None, 2, None, 0));
        assert_eq!(data(USUAL, 84), (None, 3, None, 0));
        assert_eq!(data(USUAL, 116), (None, 4, None, 0));
        assert_eq!(data(USUAL, 243), (None, 5, None, 63));
        // Behind 4 + 16 * 15 elements the secondary blocks begin.
        assert_eq!(data(USUAL, 244), (Some(0), 0, None, 0));
        assert_eq!(data(USUAL, 244 + 64), (Some(0), 1, None, 0));
        assert_eq!(data(USUAL, 244 + 256), (Some(1), 0, None, 0));
        // Super block 13 begins with element 4 + 16 * (2^13 - 1); its second data block, second page, third element.
        let index = 4 + 16 * 8191 + 2048 + 1024 + 2;
        assert_eq!(data(USUAL, index), (Some(9), 1, Some(1), 2));
        let Some(ElementPlace::Data(place)) = USUAL.place(index) else { panic!("not in a data block") };
        assert_eq!(place.page_bit(), Some(3));
        assert_eq!(place.super_block.data_block_offset(1), 16 * 8191 + 2048);
    }

    #[test]
    fn the_last_element_is_the_last_of_the_last_page_and_there_is_none_behind_it() {
        let end = 4 + (1 << 33) - 16;
        assert_eq!(data(USUAL, end - 1), (Some(24), (1 << 14) - 1, Some(255), 1023));
        assert_eq!(USUAL.place(end), None);
        assert_eq!(USUAL.place(u64::MAX), None);
        let largest = ExtensibleArrayShape { max_elements_bits: 64, ..USUAL };
        assert!(largest.place(u64::MAX).is_some());
        let finest = ExtensibleArrayShape { max_elements_bits: 64, data_min_elements: 1, ..USUAL };
        assert!(finest.place(u64::MAX).is_some());
    }

    #[test]
    fn parameters_that_fit_no_array_are_refused() {
        assert!(USUAL.check().is_ok());
        for (shape, text) in [
            (ExtensibleArrayShape { max_elements_bits: 0, ..USUAL }, "max elements bits is 0"),
            (ExtensibleArrayShape { max_elements_bits: 65, ..USUAL }, "max elements bits is 65"),
            (ExtensibleArrayShape { data_min_elements: 0, ..USUAL }, "data block min elements is 0"),
            (ExtensibleArrayShape { data_min_elements: 12, ..USUAL }, "data block min elements is 12"),
            (ExtensibleArrayShape { secondary_min_pointers: 1, ..USUAL }, "min data pointers is 1"),
            (ExtensibleArrayShape { secondary_min_pointers: 6, ..USUAL }, "min data pointers is 6"),
            (ExtensibleArrayShape { page_bits: 33, ..USUAL }, "page bits is 33"),
            (ExtensibleArrayShape { page_bits: 5, ..USUAL }, "page bits is 5"),
            (ExtensibleArrayShape { page_bits: 6, max_elements_bits: 6, ..USUAL }, "max elements bits is 6"),
        ] {
            assert!(shape.check().unwrap_err().to_string().contains(text), "{text}");
        }
    }
}
