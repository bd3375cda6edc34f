//! The free-space manager: the gaps of the file, or of a fractal heap.
//!
//! Specification 4.0, III.H.
//!
//! ```text
//! header                                          section list
//!  0  4  signature "FSHD"                          0  4  signature "FSSE"
//!  4  1  version (0)                               4  1  version (0)
//!  5  1  client: 0 fractal heap, 1 file            5  O  address of the header
//!  6  L  space tracked                             .  .  sets of sections:
//!  .  L  number of sections                                 C  number of sections
//!  .  L  number of serialized sections                      S  their size
//!  .  L  number of sections not serialized                  .  for each: A offset, 1 type, data by type
//!  .  2  number of section classes                 .  .  not used
//!  .  2  shrink percent                            .  4  checksum
//!  .  2  expand percent
//!  .  2  size of the address space, in bits       data of the heap's first-row and indirect sections
//!  .  L  maximum section size                      0  A  offset of the indirect block
//!  .  O  address of the section list               .  2  row
//!  .  L  its used size                             .  2  column
//!  .  L  its allocated size                        .  2  number of blocks
//!  .  4  checksum
//! ```
//!
//! C, S and A are as wide as the number of serialized sections, the maximum section size and the address space need.
//! The file has sections of type 0, and in paged files 1 (within a page) and 2 (whole pages), which the specification
//! calls reserved. Reads and writes version 0.

use super::{Framed, Wire};
use crate::base::{Address, Reader, Result, Sizes, Structure, Writer, to_usize, width_of};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FreeSpaceHeader {
    pub(crate) client: Client,
    pub(crate) space: u64,
    pub(crate) sections: u64,
    pub(crate) serialized_sections: u64,
    /// Sections that are made of others when the list is read.
    pub(crate) ghost_sections: u64,
    pub(crate) classes: u16,
    pub(crate) shrink_percent: u16,
    pub(crate) expand_percent: u16,
    /// Offsets are below two to the power of this.
    pub(crate) address_bits: u16,
    pub(crate) max_section_size: u64,
    /// Where nothing is free there is no list.
    pub(crate) list: Option<Address>,
    pub(crate) list_used: u64,
    pub(crate) list_allocated: u64,
}

/// Whose space it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    FractalHeap,
    File,
}

impl FreeSpaceHeader {
    /// What the section list is decoded by.
    pub(crate) fn list_context(&self, sizes: Sizes) -> SectionContext {
        SectionContext {
            sizes,
            client: self.client,
            serialized_sections: self.serialized_sections,
            max_section_size: self.max_section_size,
            address_bits: self.address_bits,
            len: self.list_used,
        }
    }
}

fn header_len(sizes: Sizes) -> usize {
    18 + 7 * sizes.len() + sizes.address()
}

impl Wire for FreeSpaceHeader {
    const STRUCTURE: Structure = Structure::FreeSpaceHeader;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let sizes = *sizes;
        let mut body = r.block(header_len(sizes) as u64, Structure::FreeSpaceHeader)?.checked()?;
        body.signature(b"FSHD")?;
        body.version(0..=0)?;
        let at = body.clone();
        let client = match body.u8()? {
            0 => Client::FractalHeap,
            1 => Client::File,
            client => return Err(at.bad("client of a free-space manager", client, "0 and 1 are known")),
        };
        let header = FreeSpaceHeader {
            client,
            space: body.length(sizes)?,
            sections: body.length(sizes)?,
            serialized_sections: body.length(sizes)?,
            ghost_sections: body.length(sizes)?,
            classes: body.u16()?,
            shrink_percent: body.u16()?,
            expand_percent: body.u16()?,
            address_bits: body.u16()?,
            max_section_size: body.length(sizes)?,
            list: body.address(sizes)?,
            list_used: body.length(sizes)?,
            list_allocated: body.length(sizes)?,
        };
        if header.address_bits > 64 {
            return Err(body.bad("size of the address space", header.address_bits, "at most 64 bits"));
        }
        body.finish()?;
        Ok(header)
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(header_len(*sizes))
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        let sizes = *sizes;
        w.put(b"FSHD\0");
        w.u8(if self.client == Client::FractalHeap { 0 } else { 1 });
        w.length(self.space, sizes, "space tracked")?;
        w.length(self.sections, sizes, "number of sections")?;
        w.length(self.serialized_sections, sizes, "number of serialized sections")?;
        w.length(self.ghost_sections, sizes, "number of sections not serialized")?;
        w.u16(self.classes);
        w.u16(self.shrink_percent);
        w.u16(self.expand_percent);
        w.u16(self.address_bits);
        w.length(self.max_section_size, sizes, "maximum section size")?;
        w.address(self.list, sizes)?;
        w.length(self.list_used, sizes, "used size of the section list")?;
        w.length(self.list_allocated, sizes, "allocated size of the section list")?;
        w.checksum();
        Ok(())
    }
}

impl Framed for FreeSpaceHeader {
    fn prefix_len(_: &Sizes) -> usize {
        4
    }

    fn extent(_: &mut Reader<'_>, sizes: &Sizes) -> Result<u64> {
        Ok(header_len(*sizes) as u64)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FreeSpaceSections {
    pub(crate) header: Address,
    pub(crate) sets: Vec<SectionSet>,
    /// The bytes between the last section and the checksum.
    pub(crate) slack: Vec<u8>,
}

/// Sections of one size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SectionSet {
    pub(crate) size: u64,
    pub(crate) sections: Vec<Section>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Section {
    pub(crate) offset: u64,
    pub(crate) kind: SectionKind,
}

/// What a section is a gap in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SectionKind {
    /// The bytes of the file, or of a direct block.
    Bytes,
    /// A page of the file.
    SmallPage,
    /// Whole pages of the file.
    LargePage,
    /// Blocks of a heap that aren't there, found by their first row.
    FirstRow(MissingBlocks),
    NormalRow,
    Indirect(MissingBlocks),
}

/// Direct and indirect blocks that an indirect block has room for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MissingBlocks {
    /// Where the indirect block lies in the heap.
    pub(crate) block: u64,
    pub(crate) row: u16,
    pub(crate) column: u16,
    pub(crate) count: u16,
}

/// What the header says of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SectionContext {
    pub(crate) sizes: Sizes,
    pub(crate) client: Client,
    pub(crate) serialized_sections: u64,
    pub(crate) max_section_size: u64,
    pub(crate) address_bits: u16,
    /// The used bytes of the list, with its checksum.
    pub(crate) len: u64,
}

impl SectionContext {
    fn count_width(&self) -> usize {
        width_of(self.serialized_sections).max(1)
    }

    fn size_width(&self) -> usize {
        width_of(self.max_section_size).max(1)
    }

    fn offset_width(&self) -> usize {
        usize::from(self.address_bits).div_ceil(8)
    }
}

impl FreeSpaceSections {
    /// The bytes that the list takes without slack, to be the used size in the header.
    pub(crate) fn needed(&self, cx: &SectionContext) -> usize {
        let data = |section: &Section| match section.kind {
            SectionKind::FirstRow(_) | SectionKind::Indirect(_) => cx.offset_width() + 6,
            _ => 0,
        };
        let set = |set: &SectionSet| {
            let sections = set.sections.iter().map(|section| cx.offset_width() + 1 + data(section));
            cx.count_width() + cx.size_width() + sections.sum::<usize>()
        };
        9 + cx.sizes.address() + self.sets.iter().map(set).sum::<usize>()
    }
}

impl Wire for FreeSpaceSections {
    const STRUCTURE: Structure = Structure::FreeSpaceSections;
    type Context = SectionContext;

    fn decode(r: &mut Reader<'_>, cx: &SectionContext) -> Result<Self> {
        let mut body = r.block(cx.len, Structure::FreeSpaceSections)?.checked()?;
        body.signature(b"FSSE")?;
        body.version(0..=0)?;
        let header = body.defined_address(cx.sizes, "address of the free-space manager")?;
        let mut sets = Vec::new();
        let mut left = cx.serialized_sections;
        while left > 0 {
            let at = body.clone();
            let set = SectionSet::decode(&mut body, cx)?;
            let count = set.sections.len() as u64;
            // A set without sections could be followed by any number of others.
            left = match left.checked_sub(count) {
                Some(rest) if count > 0 => rest,
                _ => return Err(at.bad("number of sections in a set", count, "not from 1 to those left")),
            };
            sets.push(set);
        }
        Ok(FreeSpaceSections { header, sets, slack: body.take_rest().to_vec() })
    }

    fn encoded_len(&self, cx: &SectionContext) -> Result<usize> {
        to_usize(cx.len)
    }

    fn encode(&self, w: &mut Writer, cx: &SectionContext) -> Result<()> {
        w.put(b"FSSE\0");
        w.address(Some(self.header), cx.sizes)?;
        for set in &self.sets {
            w.size(set.sections.len(), cx.count_width(), "number of sections in a set")?;
            w.uint(set.size, cx.size_width(), "size of a section")?;
            set.sections.iter().try_for_each(|section| section.encode(w, cx))?;
        }
        w.put(&self.slack);
        w.checksum();
        Ok(())
    }
}

impl Framed for FreeSpaceSections {
    fn prefix_len(_: &SectionContext) -> usize {
        5
    }

    fn extent(_: &mut Reader<'_>, cx: &SectionContext) -> Result<u64> {
        Ok(cx.len)
    }
}

impl SectionSet {
    fn decode(r: &mut Reader<'_>, cx: &SectionContext) -> Result<Self> {
        let count = r.uint(cx.count_width())?;
        let size = r.uint(cx.size_width())?;
        let count = r.count(count, cx.offset_width() + 1)?;
        let sections = (0..count).map(|_| Section::decode(r, cx)).collect::<Result<_>>()?;
        Ok(SectionSet { size, sections })
    }
}

impl Section {
    fn decode(r: &mut Reader<'_>, cx: &SectionContext) -> Result<Self> {
        let offset = r.uint(cx.offset_width())?;
        let at = r.clone();
        let kind = match (cx.client, r.u8()?) {
            (_, 0) => SectionKind::Bytes,
            (Client::File, 1) => SectionKind::SmallPage,
            (Client::File, 2) => SectionKind::LargePage,
            (Client::FractalHeap, 1) => SectionKind::FirstRow(MissingBlocks::decode(r, cx)?),
            (Client::FractalHeap, 2) => SectionKind::NormalRow,
            (Client::FractalHeap, 3) => SectionKind::Indirect(MissingBlocks::decode(r, cx)?),
            (_, kind) => {
                return Err(at.bad("type of a free-space section", kind, "its client has none such"));
            }
        };
        Ok(Section { offset, kind })
    }

    fn encode(&self, w: &mut Writer, cx: &SectionContext) -> Result<()> {
        w.uint(self.offset, cx.offset_width(), "offset of a free-space section")?;
        let (number, blocks) = match &self.kind {
            SectionKind::Bytes => (0, None),
            SectionKind::SmallPage => (1, None),
            SectionKind::LargePage | SectionKind::NormalRow => (2, None),
            SectionKind::FirstRow(blocks) => (1, Some(blocks)),
            SectionKind::Indirect(blocks) => (3, Some(blocks)),
        };
        w.u8(number);
        blocks.map_or(Ok(()), |blocks| blocks.encode(w, cx))
    }
}

impl MissingBlocks {
    fn decode(r: &mut Reader<'_>, cx: &SectionContext) -> Result<Self> {
        let block = r.uint(cx.offset_width())?;
        Ok(MissingBlocks { block, row: r.u16()?, column: r.u16()?, count: r.u16()? })
    }

    fn encode(&self, w: &mut Writer, cx: &SectionContext) -> Result<()> {
        w.uint(self.block, cx.offset_width(), "offset of an indirect block")?;
        w.u16(self.row);
        w.u16(self.column);
        w.u16(self.count);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Budget;
    use crate::format::battery::{Sample, Samples, refuse_sealed, sealed};
    use crate::format::decode;

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    /// Of the heap of nine links, as h5py 3.16 (libhdf5 2.0) wrote it.
    #[rustfmt::skip]
    fn header() -> Vec<u8> {
        [
            &b"FSHD\0\0"[..],                           // of a fractal heap
            &[0x5b, 1, 0, 0, 0, 0, 0, 0],               // 347 bytes,
            &[1, 0, 0, 0, 0, 0, 0, 0],                  // one section,
            &[1, 0, 0, 0, 0, 0, 0, 0], &[0; 8],         // which is in the list
            &[4, 0, 80, 0, 120, 0],                     // classes, percents
            &[32, 0], &[0, 0, 1, 0, 0, 0, 0, 0],        // 32 bits, sections of up to 65536 bytes
            &[0xc5, 3, 0, 0, 0, 0, 0, 0],               // list at 965,
            &[26, 0, 0, 0, 0, 0, 0, 0],                 // 26 bytes used
            &[26, 0, 0, 0, 0, 0, 0, 0],                 // and allocated
            &[0xee, 0x0e, 0x56, 0xec],                  // checksum
        ].concat()
    }

    /// The list that the header above has the address of.
    #[rustfmt::skip]
    const LIST: [u8; 26] = [
        b'F', b'S', b'S', b'E', 0,
        0x49, 7, 0, 0, 0, 0, 0, 0,                      // header at 1865
        1, 0x5b, 1, 0,                                  // one section of 347 bytes
        165, 0, 0, 0, 0,                                // at 165
        0x8d, 0x5d, 0xce, 0xa6,                         // checksum
    ];

    fn context(client: Client, serialized_sections: u64, len: u64) -> SectionContext {
        let (max_section_size, address_bits) = (0x1_0000, 32);
        SectionContext { sizes: NARROW, client, serialized_sections, max_section_size, address_bits, len }
    }

    #[rustfmt::skip]
    fn of_heap() -> Vec<u8> {
        sealed(&[
            &b"FSSE\0"[..], &[0, 7, 0, 0],              // header at 1792
            &[1, 0xbd, 1, 0],                           // one section of 445 bytes
            &[67, 0, 0, 0, 0],                          // at 67
            &[2, 0, 2, 0],                              // two sections of 512 bytes
            &[0, 4, 0, 0, 1],                           // at 1024: first row,
            &[0, 0, 0, 0, 0, 0, 2, 0, 2, 0],            // of the block at 0: row 0, column 2, two blocks
            &[0, 8, 0, 0, 3],                           // at 2048: indirect
            &[0, 0, 0, 0, 1, 0, 0, 0, 4, 0],            // of the block at 0: row 1, column 0, four blocks
        ].concat())
    }

    #[rustfmt::skip]
    fn of_file() -> Vec<u8> {
        sealed(&[
            &b"FSSE\0"[..], &[0, 7, 0, 0],              // header at 1792
            &[3, 16, 0, 0],                             // three sections of 16 bytes
            &[0, 8, 0, 0, 0], &[0, 9, 0, 0, 1], &[0, 10, 0, 0, 2],
            &[0, 0],                                    // not used
        ].concat())
    }

    impl Samples for FreeSpaceHeader {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::sealed("of a heap", Sizes::EIGHT, header())]
        }
    }

    impl Samples for FreeSpaceSections {
        fn samples() -> Vec<Sample<Self>> {
            let links: FreeSpaceHeader = decode(&header(), 0, &Sizes::EIGHT, &Budget::default()).unwrap();
            vec![
                Sample::sealed("of links", links.list_context(Sizes::EIGHT), LIST.to_vec()),
                Sample::sealed("of a heap", context(Client::FractalHeap, 3, 56), of_heap()),
                Sample::sealed("of the file", context(Client::File, 3, 34), of_file()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1"),
            (5, 2, "client of a free-space manager is 2"),
            (44, 65, "size of the address space is 65"),
        ];
        refuse_sealed::<FreeSpaceHeader>(header(), Sizes::EIGHT, &changes);
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1"),
            (9, 0, "number of sections in a set is 0"),
            (9, 4, "truncated"),
            (17, 3, "type of a free-space section is 3"),
        ];
        refuse_sealed::<FreeSpaceSections>(of_file(), context(Client::File, 3, 34), &changes);
        let few = context(Client::File, 2, 34);
        let changes = [(9, 3, "number of sections in a set is 3")];
        refuse_sealed::<FreeSpaceSections>(of_file(), few, &changes);
    }

    #[test]
    fn the_length_needed_is_that_of_the_bytes() {
        for (bytes, cx) in
            [(of_heap(), context(Client::FractalHeap, 3, 56)), (of_file(), context(Client::File, 3, 34))]
        {
            let list: FreeSpaceSections = decode(&bytes, 0, &cx, &Budget::default()).unwrap();
            assert_eq!(list.needed(&cx) + list.slack.len(), bytes.len());
        }
    }
}
