//! The doubling table: how the address space of a fractal heap is cut into blocks.
//!
//! Specification 4.0, III.G.
//!
//! ```text
//! row  size of its blocks   offset of its first one        with width 4, starting size 512:
//!  0   start                0                              512    0
//!  1   start                width * start                  512    2048
//!  2   2 * start            2 * width * start              1024   4096
//!  k   2^(k-1) * start      2^(k-1) * width * start
//! ```
//!
//! Blocks of up to the maximum direct size are direct; a larger one is an indirect block with as many rows of its own as
//! cover it. The specification's formula for their number leaves out the width, and libhdf5's doesn't: a block of the
//! size `width * start` has one row.

use crate::base::{Error, Reader, Result};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DoublingTable {
    /// Columns; a power of two, like the two sizes.
    pub(crate) width: u16,
    pub(crate) start: u64,
    pub(crate) max_direct: u64,
    /// The address space has two to the power of this many bytes.
    pub(crate) max_bits: u16,
}

impl DoublingTable {
    /// Refuses what the arithmetic isn't defined for.
    pub(super) fn check(&self, r: &Reader<'_>) -> Result<()> {
        let powers = [
            ("table width", u64::from(self.width)),
            ("starting block size", self.start),
            ("maximum direct block size", self.max_direct),
        ];
        for (name, value) in powers {
            if !value.is_power_of_two() {
                return Err(r.bad(name, value, "not a power of two"));
            }
        }
        if self.max_direct < self.start {
            return Err(r.bad("maximum direct block size", self.max_direct, "below the starting block size"));
        }
        if self.max_bits > 64 || u32::from(self.max_bits) < self.first_row_bits() {
            return Err(r.bad(
                "maximum heap size",
                self.max_bits,
                "not from one row of blocks up to 64 bits",
            ));
        }
        Ok(())
    }

    /// The rows that cover the whole address space.
    pub(crate) fn max_root_rows(&self) -> u32 {
        u32::from(self.max_bits) - self.first_row_bits() + 1
    }

    /// The rows of an indirect block that can hold direct blocks.
    pub(crate) fn max_direct_rows(&self) -> u32 {
        self.max_direct.ilog2() - self.start.ilog2() + 2
    }

    /// The size of the blocks in a row.
    pub(crate) fn block_size(&self, row: u32) -> Result<u64> {
        self.check_row(row)?;
        Ok(self.start << row.saturating_sub(1))
    }

    /// Where a block lies, counted from the beginning of its indirect block.
    pub(crate) fn block_offset(&self, row: u32, column: u64) -> Result<u64> {
        let first = if row == 0 { 0 } else { 1 << (self.first_row_bits() + row - 1).min(63) };
        let before = column.checked_mul(self.block_size(row)?);
        before
            .filter(|_| column < u64::from(self.width))
            .and_then(|before| before.checked_add(first))
            .ok_or_else(|| Error::field("column of the doubling table", column, "not below its width"))
    }

    /// The row and the column of the block that holds `offset`, counted from the beginning of an indirect block.
    pub(crate) fn locate(&self, offset: u64) -> Result<(u32, u64)> {
        let row = (offset >> self.first_row_bits().min(63)).checked_ilog2().map_or(0, |bit| bit + 1);
        let column = (offset - self.block_offset(row, 0)?) / self.block_size(row)?;
        Ok((row, column))
    }

    /// The rows of the indirect blocks in a row.
    pub(crate) fn child_rows(&self, row: u32) -> Result<u32> {
        let bits = self.block_size(row)?.ilog2();
        match bits.checked_sub(self.first_row_bits()) {
            Some(rows) if row >= self.max_direct_rows() => Ok(rows + 1),
            _ => Err(Error::field("row of the doubling table", u64::from(row), "has no indirect blocks")),
        }
    }

    /// The bytes of address space that an indirect block of `rows` rows covers.
    pub(crate) fn span(&self, rows: u32) -> Result<u64> {
        match rows.checked_sub(1) {
            None => Ok(0),
            Some(last) => {
                let width = u64::from(self.width);
                let end = self.block_size(last)?.checked_mul(width);
                end.and_then(|row| self.block_offset(last, 0).ok()?.checked_add(row)).ok_or_else(|| {
                    Error::field("rows of the doubling table", u64::from(rows), "over 2^64 bytes")
                })
            }
        }
    }

    /// The width of an offset into the heap.
    pub(crate) fn offset_width(&self) -> usize {
        usize::from(self.max_bits).div_ceil(8)
    }

    fn first_row_bits(&self) -> u32 {
        self.start.ilog2() + self.width.ilog2()
    }

    fn check_row(&self, row: u32) -> Result<()> {
        if row < self.max_root_rows() {
            return Ok(());
        }
        Err(Error::field("row of the doubling table", u64::from(row), "past the maximum heap size"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Budget, Structure};

    /// As libhdf5 makes it for the links of a group.
    const LINKS: DoublingTable = DoublingTable { width: 4, start: 512, max_direct: 65536, max_bits: 32 };

    #[test]
    fn rows_double_from_the_third_one_on() {
        let sizes: Vec<u64> = (0..5).map(|row| LINKS.block_size(row).unwrap()).collect();
        assert_eq!(sizes, [512, 512, 1024, 2048, 4096]);
        let offsets: Vec<u64> = (0..5).map(|row| LINKS.block_offset(row, 0).unwrap()).collect();
        assert_eq!(offsets, [0, 2048, 4096, 8192, 16384]);
        assert_eq!(LINKS.block_offset(2, 3).unwrap(), 4096 + 3 * 1024);
        assert_eq!((LINKS.max_root_rows(), LINKS.max_direct_rows()), (22, 9));
        assert_eq!(LINKS.block_size(8).unwrap(), 65536);
        assert!(LINKS.block_size(22).is_err() && LINKS.block_offset(0, 4).is_err());
    }

    #[test]
    fn every_offset_lies_in_the_block_that_is_found() {
        for offset in (0..70_000).chain([0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
            let (row, column) = LINKS.locate(offset).unwrap();
            let begin = LINKS.block_offset(row, column).unwrap();
            assert!((begin..begin + LINKS.block_size(row).unwrap()).contains(&offset), "{offset}");
        }
        assert_eq!(LINKS.locate(2047).unwrap(), (0, 3));
        assert_eq!(LINKS.locate(2048).unwrap(), (1, 0));
        assert!(LINKS.locate(1 << 32).is_err() && LINKS.locate(u64::MAX).is_err());
    }

    #[test]
    fn the_rows_of_an_indirect_block_cover_exactly_its_size() {
        // The first row of indirect blocks has blocks of 131072 bytes: seven rows of four columns.
        assert_eq!(LINKS.child_rows(9).unwrap(), 7);
        assert!(LINKS.child_rows(8).is_err());
        for row in 9..22 {
            let rows = LINKS.child_rows(row).unwrap();
            assert_eq!(LINKS.span(rows).unwrap(), LINKS.block_size(row).unwrap());
        }
        assert_eq!((LINKS.span(0).unwrap(), LINKS.span(1).unwrap()), (0, 2048));
        assert_eq!(LINKS.span(22).unwrap(), 1 << 32);
    }

    #[test]
    fn extremes_fail_instead_of_overflowing() {
        let widest = DoublingTable { width: 1 << 15, start: 1 << 48, max_direct: 1 << 63, max_bits: 64 };
        assert_eq!(widest.max_root_rows(), 2);
        assert_eq!(widest.locate(u64::MAX).unwrap(), (1, (1 << 15) - 1));
        assert!(widest.span(2).is_err() && widest.child_rows(1).is_err());
        let all = DoublingTable { width: 1, start: 1, max_direct: 1, max_bits: 64 };
        assert_eq!(all.locate(u64::MAX).unwrap(), (64, 0));
        assert_eq!(all.block_size(64).unwrap(), 1 << 63);
        assert_eq!((all.block_offset(64, 0).unwrap(), all.child_rows(2).unwrap()), (1 << 63, 2));
    }

    #[test]
    fn what_is_no_power_of_two_is_refused() {
        let budget = Budget::default();
        let r = Reader::new(&[], 0, Structure::FractalHeapHeader, &budget);
        assert!(LINKS.check(&r).is_ok());
        let broken = [
            DoublingTable { width: 0, ..LINKS },
            DoublingTable { width: 3, ..LINKS },
            DoublingTable { start: 0, ..LINKS },
            DoublingTable { start: 1 << 17, ..LINKS },
            DoublingTable { max_direct: 65535, ..LINKS },
            DoublingTable { max_bits: 65, ..LINKS },
            DoublingTable { max_bits: 10, ..LINKS },
            DoublingTable { width: 1 << 15, start: 1 << 63, max_direct: 1 << 63, max_bits: 64 },
        ];
        assert!(broken.iter().all(|table| table.check(&r).is_err()));
    }
}
