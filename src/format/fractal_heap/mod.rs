//! The fractal heap: the links of new-style groups, dense attributes and shared messages.
//!
//! Specification 4.0, III.G. The heap is one address space, cut into direct blocks as the doubling table says; indirect
//! blocks tell where in the file they are, and an identifier tells where in the heap an object is.

pub(crate) mod direct;
pub(crate) mod doubling_table;
pub(crate) mod header;
pub(crate) mod id;
pub(crate) mod indirect;
pub(crate) mod stored;

use crate::base::{Sizes, width_of};
use doubling_table::DoublingTable;

/// What the header says that blocks and identifiers are decoded by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HeapContext {
    pub(crate) sizes: Sizes,
    pub(crate) table: DoublingTable,
    pub(crate) id_len: u16,
    pub(crate) max_managed_size: u32,
    /// Direct blocks have a checksum.
    pub(crate) checksummed: bool,
    /// Direct blocks and huge objects pass through filters.
    pub(crate) filtered: bool,
}

impl HeapContext {
    /// The bytes before the data of a direct block; they count in its size.
    pub(crate) fn direct_overhead(&self) -> usize {
        5 + self.sizes.address() + self.table.offset_width() + if self.checksummed { 4 } else { 0 }
    }

    /// The width of the length in the identifier of a managed object.
    ///
    /// It holds the smaller of the largest offset in a direct block and the largest managed object.
    pub(crate) fn length_width(&self) -> usize {
        let in_block = self.table.max_direct.ilog2().div_ceil(8) as usize;
        in_block.min(width_of(u64::from(self.max_managed_size)).max(1))
    }

    /// The largest object that lies in a direct block.
    pub(crate) fn max_managed(&self) -> u64 {
        let room = self.table.max_direct.saturating_sub(self.direct_overhead() as u64);
        room.min(u64::from(self.max_managed_size))
    }

    /// Tells whether identifiers of huge objects have the address instead of a key into the B-tree.
    pub(crate) fn huge_is_direct(&self) -> bool {
        usize::from(self.id_len) > self.huge_len()
    }

    /// The width of the key that identifiers of huge objects have otherwise.
    pub(crate) fn huge_key_width(&self) -> usize {
        usize::from(self.id_len.saturating_sub(1)).min(8)
    }

    /// Tells whether the length of a tiny object has a byte of its own.
    pub(crate) fn tiny_is_extended(&self) -> bool {
        self.id_len > 18
    }

    /// The largest object that an identifier itself can hold.
    pub(crate) fn max_tiny(&self) -> usize {
        let len = usize::from(self.id_len);
        // The 18th byte of an identifier can't be used: the short form counts to 16, the long one costs a byte.
        if self.tiny_is_extended() { (len - 2).min(4096) } else { len.saturating_sub(1).min(16) }
    }

    /// The bytes behind the first one of an identifier that has the address of a huge object.
    fn huge_len(&self) -> usize {
        let filter = if self.filtered { 4 + self.sizes.len() } else { 0 };
        self.sizes.address() + self.sizes.len() + filter
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// The parameters that libhdf5 gives the heap of a group's links.
    pub(crate) fn links() -> HeapContext {
        let table = DoublingTable { width: 4, start: 512, max_direct: 65536, max_bits: 32 };
        let sizes = Sizes::EIGHT;
        HeapContext { sizes, table, id_len: 7, max_managed_size: 4096, checksummed: true, filtered: false }
    }

    #[test]
    fn widths_follow_libhdf5() {
        let links = links();
        assert_eq!((links.table.offset_width(), links.length_width()), (4, 2));
        assert_eq!(links.direct_overhead(), 21);
        assert!(!links.huge_is_direct());
        assert_eq!((links.huge_key_width(), links.max_tiny(), links.max_managed()), (6, 6, 4096));
        let attributes =
            HeapContext { table: DoublingTable { max_bits: 40, ..links.table }, id_len: 8, ..links };
        assert_eq!((attributes.table.offset_width(), attributes.max_tiny()), (5, 7));
        let small = HeapContext { max_managed_size: 255, ..links };
        assert_eq!(small.length_width(), 1);
    }

    #[test]
    fn the_length_of_an_identifier_decides_its_forms() {
        let of = |id_len, filtered| HeapContext { id_len, filtered, ..links() };
        assert_eq!([16, 17, 28].map(|n| of(n, false).huge_is_direct()), [false, true, true]);
        assert_eq!([17, 28, 29].map(|n| of(n, true).huge_is_direct()), [false, false, true]);
        assert_eq!([17, 18, 19, 20].map(|n| of(n, false).max_tiny()), [16, 16, 17, 18]);
        assert_eq!([17, 18, 19].map(|n| of(n, false).tiny_is_extended()), [false, false, true]);
    }
}
