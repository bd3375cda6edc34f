//! The fixed array: the chunk index of a dataset that cannot grow.
//!
//! Specification 4.0, VII.C.
//!
//! ```text
//! header                                          data block
//!  0  4  signature "FAHD"                          0  4  signature "FADB"
//!  4  1  version (0)                               4  1  version (0)
//!  5  1  client: 0 unfiltered, 1 filtered chunks   5  1  client
//!  6  1  bytes of an element                       6  O  address of the header
//!  7  1  page bits                                 .  .  page bitmap, if paged
//!  8  L  number of elements                        .  .  elements, if not paged
//!  .  O  address of the data block                 .  4  checksum
//!  .  4  checksum                                  .  .  pages, if paged
//! ```
//!
//! With more than 2^(page bits) elements the data block is paged: that many elements to a page, fewer in the last one.
//! Pages lie one behind the other after the data block's checksum, each with a checksum of its own. The element and the
//! page are described in [`chunk_element`](super::chunk_element). Reads and writes version 0.

use super::chunk_element::{BlockHead, ChunkElement, ElementContext, ElementPage, PageContext};
use super::page_bitmap::PageBitmap;
use super::{Framed, Wire};
use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer, byte_count, to_usize};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FixedArrayHeader {
    /// The width of a chunk's size where chunks are filtered.
    pub(crate) size_width: Option<u8>,
    pub(crate) page_bits: u8,
    pub(crate) elements: u64,
    /// Until a chunk is written there is none.
    pub(crate) data: Option<Address>,
}

impl Wire for FixedArrayHeader {
    const STRUCTURE: Structure = Structure::FixedArrayHeader;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let mut body = r.clone().checked()?;
        body.signature(HEADER_SIGNATURE)?;
        body.version(0..=0)?;
        let size_width = ElementContext::decode_form(&mut body, *sizes)?.size_width;
        let at = body.clone();
        let page_bits = body.u8()?;
        if page_bits > MAX_PAGE_BITS {
            return Err(at.bad("page bits", page_bits, "at most 63"));
        }
        let elements = body.length(*sizes)?;
        let data = body.address(*sizes)?;
        body.finish()?;
        r.take_rest();
        Ok(FixedArrayHeader { size_width, page_bits, elements, data })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(12 + sizes.len() + sizes.address())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.put(HEADER_SIGNATURE);
        w.u8(0);
        ElementContext { sizes: *sizes, size_width: self.size_width }.encode_form(w)?;
        w.u8(self.page_bits);
        w.length(self.elements, *sizes, "number of elements")?;
        w.address(self.data, *sizes)?;
        w.checksum();
        Ok(())
    }
}

impl Framed for FixedArrayHeader {
    fn prefix_len(sizes: &Sizes) -> usize {
        12 + sizes.len() + sizes.address()
    }

    fn extent(_: &mut Reader<'_>, sizes: &Sizes) -> Result<u64> {
        Ok(Self::prefix_len(sizes) as u64)
    }
}

/// What a data block holds: the elements themselves, or which pages behind it do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FixedArrayData {
    Elements(Vec<ChunkElement>),
    Paged(PageBitmap),
}

/// One page of a paged data block.
pub(crate) type FixedArrayPage = ElementPage<false>;

/// What a data block's bytes do not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FixedArrayContext {
    pub(crate) sizes: Sizes,
    pub(crate) header: FixedArrayHeader,
    /// Where the header is.
    pub(crate) address: Address,
}

impl Wire for FixedArrayData {
    const STRUCTURE: Structure = Structure::FixedArrayData;
    type Context = FixedArrayContext;

    fn decode(r: &mut Reader<'_>, cx: &FixedArrayContext) -> Result<Self> {
        let mut body = r.clone().checked()?;
        cx.head().decode(&mut body)?;
        let data = match cx.pages() {
            0 => FixedArrayData::Elements(cx.element().decode_all(&mut body, cx.header.elements)?),
            pages => FixedArrayData::Paged(PageBitmap(body.take_long(pages.div_ceil(8))?.to_vec())),
        };
        body.finish()?;
        r.take_rest();
        Ok(data)
    }

    fn encoded_len(&self, cx: &FixedArrayContext) -> Result<usize> {
        to_usize(cx.data_len()?)
    }

    fn encode(&self, w: &mut Writer, cx: &FixedArrayContext) -> Result<()> {
        cx.head().encode(w)?;
        match (self, cx.pages()) {
            (FixedArrayData::Elements(elements), 0) => {
                cx.element().encode_all(elements, cx.header.elements, w)?;
            }
            (FixedArrayData::Paged(bitmap), pages) if bitmap.0.len() as u64 == pages.div_ceil(8) => {
                w.put(&bitmap.0);
            }
            (_, pages) => {
                return Err(Error::field("number of pages", pages, "differs from what the data block holds")
                    .within(Structure::FixedArrayData));
            }
        }
        w.checksum();
        Ok(())
    }
}

impl Framed for FixedArrayData {
    fn prefix_len(_: &FixedArrayContext) -> usize {
        BlockHead::PREFIX
    }

    fn extent(prefix: &mut Reader<'_>, cx: &FixedArrayContext) -> Result<u64> {
        cx.head().check(prefix)?;
        cx.data_len().map_err(|e| prefix.locate(e))
    }
}

/// Where an element is in a data block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FixedArrayPlace {
    /// The page that holds it, if the data block is paged.
    pub(crate) page: Option<u64>,
    /// Which element of the page, or of the data block, it is.
    pub(crate) position: u64,
}

impl FixedArrayContext {
    pub(crate) fn element(&self) -> ElementContext {
        ElementContext { sizes: self.sizes, size_width: self.header.size_width }
    }

    /// How many pages the data block has; one that is not paged has none.
    pub(crate) fn pages(&self) -> u64 {
        let page_elements = self.page_elements();
        if self.header.elements > page_elements { self.header.elements.div_ceil(page_elements) } else { 0 }
    }

    /// Says where the element `index` is, if the array has that many.
    pub(crate) fn place(&self, index: u64) -> Option<FixedArrayPlace> {
        let page_elements = self.page_elements();
        match self.pages() {
            _ if index >= self.header.elements => None,
            0 => Some(FixedArrayPlace { page: None, position: index }),
            _ => Some(FixedArrayPlace { page: Some(index / page_elements), position: index % page_elements }),
        }
    }

    /// What the decoding of one page takes; the last one may be shorter than the others.
    pub(crate) fn page(&self, page: u64) -> PageContext {
        let before = page.saturating_mul(self.page_elements());
        let elements = self.header.elements.saturating_sub(before).min(self.page_elements());
        PageContext { element: self.element(), elements }
    }

    /// Where a page lies behind the data block at `data`.
    pub(crate) fn page_address(&self, data: Address, page: u64) -> Result<Address> {
        let before = byte_count(page, to_usize(self.element().sealed_len(self.page_elements())?)?)?;
        data.plus(self.data_len()?)?.plus(before)
    }

    /// The bytes of the data block without its pages.
    pub(crate) fn data_len(&self) -> Result<u64> {
        let body = match self.pages() {
            0 => self.element().sealed_len(self.header.elements)?,
            pages => pages.div_ceil(8) + 4,
        };
        body.checked_add(self.head().len() as u64).ok_or_else(|| self.too_many())
    }

    /// The bytes that the data block and its pages take together.
    pub(crate) fn space(&self) -> Result<u64> {
        let pages = self.pages();
        let elements = if pages == 0 { 0 } else { byte_count(self.header.elements, self.element().len())? };
        let sum = elements.checked_add(byte_count(pages, 4)?);
        sum.and_then(|sum| sum.checked_add(self.data_len().ok()?)).ok_or_else(|| self.too_many())
    }

    fn head(&self) -> BlockHead {
        BlockHead { signature: DATA_SIGNATURE, element: self.element(), header: self.address }
    }

    fn page_elements(&self) -> u64 {
        1 << self.header.page_bits.min(MAX_PAGE_BITS)
    }

    fn too_many(&self) -> Error {
        Error::field("number of elements", self.header.elements, "over 2^64 bytes")
    }
}

const HEADER_SIGNATURE: &[u8; 4] = b"FAHD";
const DATA_SIGNATURE: &[u8; 4] = b"FADB";
const MAX_PAGE_BITS: u8 = 63;
/// The page bits that libhdf5 writes.
pub(crate) const DEFAULT_PAGE_BITS: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse, refuse_sealed, sealed};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    // All but the pages and the paged block of two bytes are of files that libhdf5 2.0 wrote, checksums included.

    #[rustfmt::skip]
    const PLAIN_HEADER: [u8; 20] = [
        b'F', b'A', b'H', b'D', 0, 0, 4, 10,        // unfiltered, elements of 4 bytes, pages of 2^10
        3, 0, 0, 0,                                 // 3 elements
        0xbb, 1, 0, 0,                              // the data block at 443
        0xae, 0xaa, 0xef, 0xa1,
    ];

    #[rustfmt::skip]
    const PLAIN_DATA: [u8; 26] = [
        b'F', b'A', b'D', b'B', 0, 0,
        0xa7, 1, 0, 0,                              // the header at 423
        0, 8, 0, 0, 1, 8, 0, 0, 2, 8, 0, 0,         // chunks at 2048, 2049 and 2050
        0x26, 9, 0xea, 0x2c,
    ];

    #[rustfmt::skip]
    const FILTERED_HEADER: [u8; 28] = [
        b'F', b'A', b'H', b'D', 0, 1, 14, 10,       // filtered, elements of 8 + 2 + 4 bytes, pages of 2^10
        3, 0, 0, 0, 0, 0, 0, 0,                     // 3 elements
        0x3d, 3, 0, 0, 0, 0, 0, 0,                  // the data block at 829
        8, 0xde, 0x8f, 0x7e,
    ];

    #[rustfmt::skip]
    const FILTERED_DATA: [u8; 60] = [
        b'F', b'A', b'D', b'B', 0, 1,
        0x21, 3, 0, 0, 0, 0, 0, 0,                  // the header at 801
        3, 8, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,   // at 2051: 1 byte, no filter skipped
        4, 8, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
        5, 8, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
        0xc3, 0x66, 0x87, 0xe8,
    ];

    #[rustfmt::skip]
    const PAGED_DATA: [u8; 15] = [
        b'F', b'A', b'D', b'B', 0, 0,
        0x2d, 4, 0, 0,                              // the header at 1069
        0x60,                                       // the second and the third of three pages
        0x64, 0xac, 0x7f, 0x97,
    ];

    fn context(size_width: Option<u8>, elements: u64, page_bits: u8, address: u64) -> FixedArrayContext {
        let header = FixedArrayHeader { size_width, page_bits, elements, data: None };
        let sizes = if size_width.is_some() { Sizes::EIGHT } else { NARROW };
        FixedArrayContext { sizes, header, address: Address(address) }
    }

    impl Samples for FixedArrayHeader {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::sealed("unfiltered", NARROW, PLAIN_HEADER.to_vec()),
                Sample::sealed("filtered", Sizes::EIGHT, FILTERED_HEADER.to_vec()),
            ]
        }
    }

    impl Samples for FixedArrayData {
        fn samples() -> Vec<Sample<Self>> {
            let wide = sealed(b"FADB\0\0\x2d\x04\0\0\x80\x40");
            vec![
                Sample::sealed("unfiltered", context(None, 3, 10, 423), PLAIN_DATA.to_vec()),
                Sample::sealed("filtered", context(Some(2), 3, 10, 801), FILTERED_DATA.to_vec()),
                Sample::sealed("paged", context(None, 2500, 10, 1069), PAGED_DATA.to_vec()),
                Sample::sealed("ten pages", context(None, 20, 1, 1069), wide),
            ]
        }
    }

    impl Samples for FixedArrayPage {
        fn samples() -> Vec<Sample<Self>> {
            let cx = context(None, 7, 2, 423);
            let full = sealed(&[&[0, 8, 0, 0][..], &[0xff; 4], &[1, 8, 0, 0], &[0xff; 4]].concat());
            let last = sealed(&[&[0, 8, 0, 0][..], &[0xff; 4], &[1, 8, 0, 0]].concat());
            vec![Sample::sealed("full", cx.page(0), full), Sample::sealed("last", cx.page(1), last)]
        }
    }

    #[test]
    fn the_header_leads_to_the_elements() {
        let budget = Default::default();
        let header: FixedArrayHeader =
            crate::format::decode(&FILTERED_HEADER, 801, &Sizes::EIGHT, &budget).unwrap();
        assert_eq!((header.size_width, header.elements, header.data), (Some(2), 3, Some(Address(829))));
        let cx = FixedArrayContext { sizes: Sizes::EIGHT, header, address: Address(801) };
        let data: FixedArrayData = crate::format::decode(&FILTERED_DATA, 829, &cx, &budget).unwrap();
        let FixedArrayData::Elements(elements) = data else { panic!("it is not paged") };
        assert_eq!(elements[2], ChunkElement { address: Some(Address(2053)), size: 1, filter_mask: 0 });
    }

    #[test]
    fn pages_lie_behind_the_data_block() {
        let cx = context(None, 2500, 10, 1069);
        assert_eq!((cx.pages(), cx.data_len().unwrap()), (3, 15));
        assert_eq!(cx.place(1023), Some(FixedArrayPlace { page: Some(0), position: 1023 }));
        assert_eq!(cx.place(2499), Some(FixedArrayPlace { page: Some(2), position: 451 }));
        assert_eq!(cx.place(2500), None);
        assert_eq!((cx.page(1).elements, cx.page(2).elements), (1024, 452));
        let third = cx.page_address(Address(4096), 2).unwrap();
        assert_eq!(third, Address(4096 + 15 + 2 * (1024 * 4 + 4)));
        assert_eq!(cx.space().unwrap(), 15 + 2500 * 4 + 3 * 4);
        let small = context(None, 1024, 10, 1069);
        assert_eq!((small.pages(), small.space().unwrap()), (0, 10 + 1024 * 4 + 4));
        assert_eq!(small.place(1023), Some(FixedArrayPlace { page: None, position: 1023 }));
    }

    #[test]
    fn sizes_over_all_numbers_are_errors() {
        for page_bits in [0, 63] {
            let cx = context(Some(8), u64::MAX, page_bits, 0);
            assert!(cx.space().is_err());
            let far = cx.page_address(Address(u64::MAX - 4), u64::MAX);
            assert!(far.is_err());
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1"),
            (5, 2, "client is 2: 0 and 1 are known"),
            (5, 1, "element size is 4: no such size for this client"),
            (6, 3, "element size is 3"),
            (7, 64, "page bits is 64: at most 63"),
        ];
        refuse_sealed::<FixedArrayHeader>(PLAIN_HEADER.to_vec(), NARROW, &changes);
        refuse::<FixedArrayHeader>(PLAIN_HEADER.to_vec(), NARROW, &[(8, 4, "checksum mismatch")]);
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1"),
            (5, 1, "client is 1: differs from the array's header"),
            (6, 0, "header address is 256: the block belongs to another array"),
        ];
        refuse_sealed::<FixedArrayData>(PLAIN_DATA.to_vec(), context(None, 3, 10, 423), &changes);
    }

    #[test]
    fn a_block_of_another_shape_is_not_written() {
        let error = |cx, data| crate::format::encode::<FixedArrayData>(&data, &cx).unwrap_err().to_string();
        let bitmap = FixedArrayData::Paged(PageBitmap::empty(1));
        assert!(error(context(None, 3, 10, 0), bitmap).contains("number of pages is 0"));
        let elements = FixedArrayData::Elements(vec![ChunkElement::NONE; 2]);
        assert!(error(context(None, 3, 10, 0), elements).contains("number of elements is 2"));
    }
}
