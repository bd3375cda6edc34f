//! The indirect block of a fractal heap: where its direct and its smaller indirect blocks are.
//!
//! Specification 4.0, III.G.
//!
//! ```text
//!  0  4  signature "FHIB"
//!  4  1  version (0)
//!  5  O  address of the heap's header
//!  .  .  offset of the block in the heap, as wide as the maximum heap size needs
//!  .  .  entries of direct blocks, row by row:
//!           O  address
//!           L  size of the filtered block   } if the heap
//!           4  filter mask                  } is filtered
//!  .  .  addresses of indirect blocks, row by row, O each
//!  .  4  checksum
//! ```
//!
//! A block that isn't there has no address. The first rows, up to the maximum direct block size, are of direct blocks,
//! the others of indirect ones. Reads and writes version 0.

use super::HeapContext;
use crate::base::{Address, Error, Reader, Result, Structure, Writer, to_usize};
use crate::format::{Framed, Wire};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IndirectBlock {
    pub(crate) header: Address,
    /// Where the block lies in the heap.
    pub(crate) offset: u64,
    /// Row by row, as many as the table is wide in each.
    pub(crate) children: Vec<Option<Address>>,
    /// Of the direct blocks, in the order of `children`; empty if the heap isn't filtered.
    pub(crate) filtered: Vec<FilteredChild>,
}

/// How a direct block is stored in a filtered heap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FilteredChild {
    pub(crate) size: u64,
    pub(crate) mask: u32,
}

/// What the block's own bytes do not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndirectContext {
    pub(crate) heap: HeapContext,
    /// Of the root from the header, of any other one from the doubling table.
    pub(crate) rows: u32,
}

impl IndirectContext {
    /// The numbers of direct and of indirect children.
    fn children(&self) -> (u64, u64) {
        let direct = self.rows.min(self.heap.table.max_direct_rows());
        let width = u64::from(self.heap.table.width);
        (u64::from(direct) * width, u64::from(self.rows - direct) * width)
    }

    fn direct_entry(&self) -> usize {
        let sizes = self.heap.sizes;
        sizes.address() + if self.heap.filtered { sizes.len() + 4 } else { 0 }
    }

    /// The bytes of the block.
    pub(crate) fn len(&self) -> Result<u64> {
        let (direct, indirect) = self.children();
        let head = 5 + self.heap.sizes.address() + self.heap.table.offset_width() + 4;
        let direct = direct.checked_mul(self.direct_entry() as u64);
        let indirect = indirect.checked_mul(self.heap.sizes.address() as u64);
        direct
            .zip(indirect)
            .and_then(|(direct, indirect)| direct.checked_add(indirect)?.checked_add(head as u64))
            .ok_or_else(|| Error::field("rows of an indirect block", u64::from(self.rows), "far too many"))
    }
}

impl IndirectBlock {
    /// Makes a block without children. How many it has room for has to be allowed before.
    pub(crate) fn new(header: Address, offset: u64, cx: &IndirectContext) -> Result<Self> {
        let (direct, indirect) = cx.children();
        let (direct, all) = (to_usize(direct)?, to_usize(direct.saturating_add(indirect))?);
        let filtered = if cx.heap.filtered { direct } else { 0 };
        Ok(IndirectBlock {
            header,
            offset,
            children: vec![None; all],
            filtered: vec![FilteredChild { size: 0, mask: 0 }; filtered],
        })
    }

    /// The child in a row and a column of the doubling table.
    pub(crate) fn child(&self, row: u32, column: u64, cx: &IndirectContext) -> Option<Address> {
        *self.children.get(Self::index(row, column, cx)?)?
    }

    /// How the direct child in a row and a column is stored, if the heap is filtered.
    pub(crate) fn filtered_child(
        &self,
        row: u32,
        column: u64,
        cx: &IndirectContext,
    ) -> Option<FilteredChild> {
        self.filtered.get(Self::index(row, column, cx)?).copied()
    }

    /// The place in `children` of a row and a column.
    pub(crate) fn index(row: u32, column: u64, cx: &IndirectContext) -> Option<usize> {
        let width = u64::from(cx.heap.table.width);
        let index = u64::from(row).checked_mul(width)?.checked_add(column)?;
        usize::try_from(index).ok().filter(|_| row < cx.rows && column < width)
    }
}

impl Wire for IndirectBlock {
    const STRUCTURE: Structure = Structure::FractalHeapIndirect;
    type Context = IndirectContext;

    fn decode(r: &mut Reader<'_>, cx: &IndirectContext) -> Result<Self> {
        let sizes = cx.heap.sizes;
        let mut body = r.block(cx.len()?, Structure::FractalHeapIndirect)?.checked()?;
        body.signature(b"FHIB")?;
        body.version(0..=0)?;
        let header = body.defined_address(sizes, "address of the heap's header")?;
        let offset = body.uint(cx.heap.table.offset_width())?;
        let (direct, indirect) = cx.children();
        let direct = body.count(direct, cx.direct_entry())?;
        let (mut children, mut filtered) = (Vec::new(), Vec::new());
        for _ in 0..direct {
            children.push(body.address(sizes)?);
            if cx.heap.filtered {
                filtered.push(FilteredChild { size: body.length(sizes)?, mask: body.u32()? });
            }
        }
        for _ in 0..body.count(indirect, sizes.address())? {
            children.push(body.address(sizes)?);
        }
        body.finish()?;
        Ok(IndirectBlock { header, offset, children, filtered })
    }

    fn encoded_len(&self, cx: &IndirectContext) -> Result<usize> {
        to_usize(cx.len()?)
    }

    fn encode(&self, w: &mut Writer, cx: &IndirectContext) -> Result<()> {
        let sizes = cx.heap.sizes;
        w.put(b"FHIB\0");
        w.address(Some(self.header), sizes)?;
        w.uint(self.offset, cx.heap.table.offset_width(), "offset of an indirect block")?;
        for (index, &child) in self.children.iter().enumerate() {
            w.address(child, sizes)?;
            if let Some(filtered) = self.filtered.get(index) {
                w.length(filtered.size, sizes, "size of a filtered direct block")?;
                w.u32(filtered.mask);
            }
        }
        w.checksum();
        Ok(())
    }
}

impl Framed for IndirectBlock {
    fn prefix_len(_: &IndirectContext) -> usize {
        5
    }

    fn extent(_: &mut Reader<'_>, cx: &IndirectContext) -> Result<u64> {
        cx.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::links;
    use super::*;
    use crate::base::{Budget, Sizes};
    use crate::format::battery::{Sample, Samples, refuse_sealed, sealed};
    use crate::format::fractal_heap::doubling_table::DoublingTable;
    use crate::format::{decode, encode};

    /// Two columns; two rows of direct blocks of 64 bytes, then indirect ones.
    fn context(filtered: bool, rows: u32) -> IndirectContext {
        let table = DoublingTable { width: 2, start: 64, max_direct: 64, max_bits: 16 };
        let sizes = Sizes { offset: 4, length: 2 };
        IndirectContext { heap: HeapContext { sizes, table, filtered, ..links() }, rows }
    }

    #[rustfmt::skip]
    fn one_row() -> Vec<u8> {
        sealed(&[
            &b"FHIB\0"[..],
            &[0, 8, 0, 0, 0, 1],                // header at 2048; at 256 in the heap
            &[0, 9, 0, 0, 40, 0, 1, 0, 0, 0],   // direct block at 2304: 40 bytes, mask 1
            &[0xff, 0xff, 0xff, 0xff],          // no other one
            &[0; 6],
        ].concat())
    }

    #[rustfmt::skip]
    fn three_rows() -> Vec<u8> {
        sealed(&[
            &b"FHIB\0"[..],
            &[0, 8, 0, 0, 0, 0],                // header at 2048; at 0 in the heap
            &[0, 9, 0, 0, 64, 9, 0, 0],         // direct blocks at 2304 and 2368
            &[128, 9, 0, 0, 192, 9, 0, 0],      // and 2432 and 2496
            &[0, 10, 0, 0],                     // indirect block at 2560
            &[0xff, 0xff, 0xff, 0xff],          // no other one
        ].concat())
    }

    impl Samples for IndirectBlock {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::sealed("filtered", context(true, 1), one_row()),
                Sample::sealed("direct and indirect", context(false, 3), three_rows()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 0, "signature"), (4, 1, "version 1")];
        refuse_sealed::<IndirectBlock>(one_row(), context(true, 1), &changes);
        refuse_sealed::<IndirectBlock>(one_row(), context(true, 2), &[(0, b'F', "truncated")]);
    }

    #[test]
    fn a_new_block_reads_back() {
        for cx in [context(true, 1), context(false, 3), context(true, 3)] {
            let block = IndirectBlock::new(Address(2048), 256, &cx).unwrap();
            let bytes = encode(&block, &cx).unwrap();
            assert_eq!(bytes.len() as u64, cx.len().unwrap());
            assert_eq!(decode::<IndirectBlock>(&bytes, 0, &cx, &Budget::default()).unwrap(), block);
        }
    }

    #[test]
    fn children_are_found_by_row_and_column() {
        let (one, three) = (context(true, 1), context(false, 3));
        let block: IndirectBlock = decode(&three_rows(), 0, &three, &Budget::default()).unwrap();
        assert_eq!(block.child(1, 0, &three), Some(Address(2432)));
        assert_eq!((block.child(2, 0, &three), block.child(2, 1, &three)), (Some(Address(2560)), None));
        assert_eq!((block.child(0, 2, &three), block.child(3, 0, &three)), (None, None));
        assert_eq!(block.filtered_child(0, 0, &three), None);
        let block: IndirectBlock = decode(&one_row(), 0, &one, &Budget::default()).unwrap();
        assert_eq!(block.filtered_child(0, 0, &one), Some(FilteredChild { size: 40, mask: 1 }));
    }
}
