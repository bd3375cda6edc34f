//! Where the next direct block of a heap goes: behind the last one, past blocks that are too small.
//!
//! Only numbers change here: the rows of the root, the statistics of the header, and the gaps that are left behind.

use super::free_space::FreeSpace;
use super::gaps::Gap;
use super::geometry::Geometry;
use crate::base::{Error, Result, Structure};
use crate::format::fractal_heap::header::FractalHeapHeader;

/// A heap that is to get a block.
pub(super) struct Growth<'a> {
    pub(super) header: &'a mut FractalHeapHeader,
    pub(super) space: &'a mut FreeSpace,
    pub(super) geometry: &'a Geometry,
}

/// A new block that the heap has come to have room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewBlock {
    pub(super) offset: u64,
    pub(super) row: u32,
}

/// An entry of an indirect block.
struct Entry {
    /// Where the indirect block lies in the heap.
    block: u64,
    /// Its rows.
    rows: u32,
    entry: u64,
    row: u32,
}

impl Growth<'_> {
    /// Makes room for a direct block that holds an object of this length.
    pub(super) fn next_block(mut self, len: u64) -> Result<NewBlock> {
        let row = self.geometry.row_for(len)?;
        if self.header.root.is_none() && row == 0 {
            self.header.managed_space = self.geometry.table.start;
            self.header.free_space = self.geometry.block_room(0)?;
            return Ok(NewBlock { offset: 0, row });
        }
        if self.header.root_rows == 0 {
            self.make_root(row)?;
        }
        loop {
            if self.header.iterator_offset >= self.geometry.table.span(u32::from(self.header.root_rows))? {
                self.double_root(row)?;
                continue;
            }
            let next = self.next_entry(row)?;
            let skipped_to = if !self.geometry.is_direct(next.row) {
                // Each of these blocks has too few rows; the next row's have one more.
                let missing = row + 1 - self.geometry.table.child_rows(next.row)?;
                next.row + missing
            } else if next.row < row {
                row
            } else {
                let offset = self.header.iterator_offset;
                self.header.iterator_offset = offset + self.geometry.table.block_size(next.row)?;
                return Ok(NewBlock { offset, row: next.row });
            };
            self.skip(&next, skipped_to.min(next.rows))?;
        }
    }

    /// Puts an indirect block in the place of the root, with as many rows as the new block needs.
    fn make_root(&mut self, row: u32) -> Result<()> {
        let start = u32::from(self.header.start_root_rows);
        let rows = if start == 0 { self.geometry.table.max_root_rows() } else { start.max(row + 1) };
        // A root direct block becomes the first one of the new root.
        let (there, room) = match self.header.root {
            Some(_) => (self.geometry.table.start, self.geometry.block_room(0)?),
            None => (0, 0),
        };
        self.header.iterator_offset = there;
        self.set_rows(rows, room)
    }

    fn double_root(&mut self, row: u32) -> Result<()> {
        let (rows, most) = (u32::from(self.header.root_rows), self.geometry.table.max_root_rows());
        let doubled = (2 * rows).min(most);
        let rows_needed = if self.geometry.is_direct(rows) { row + 1 } else { 0 };
        if doubled <= rows {
            let error = Error::limit("a fractal heap", self.header.managed_space, self.header.managed_space);
            return Err(error.within(Structure::FractalHeapHeader));
        }
        self.set_rows(doubled.max(rows_needed), self.geometry.room_of_rows(rows)?)
    }

    /// Gives the root more rows; `room` is what was counted as free in the blocks that it covered until now.
    fn set_rows(&mut self, rows: u32, room: u64) -> Result<()> {
        let too_many =
            || Error::field("rows of the root indirect block", rows.into(), "over the maximum heap size");
        if rows > self.geometry.table.max_root_rows() {
            return Err(too_many());
        }
        self.header.root_rows = u16::try_from(rows).map_err(|_| too_many())?;
        self.header.managed_space = self.geometry.table.span(rows)?;
        let gained = self.geometry.room_of_rows(rows)?.saturating_sub(room);
        // A statistic that libhdf5 itself lets drift: what it adds up to is no reason to refuse the heap.
        self.header.free_space = self.header.free_space.saturating_add(gained);
        Ok(())
    }

    /// The entry where the iterator stands: a direct block, or an indirect one that has too few rows.
    fn next_entry(&self, row: u32) -> Result<Entry> {
        let at = self.header.iterator_offset;
        let (mut block, mut rows) = (0, u32::from(self.header.root_rows));
        // An indirect block has fewer rows than the one that holds it: this ends.
        loop {
            let entry = self.geometry.entry_at(at - block)?;
            let begin = block + self.geometry.entry_offset(entry)?;
            let found = Entry { block, rows, entry, row: self.geometry.row(entry)? };
            if self.geometry.is_direct(found.row) {
                if begin == at {
                    return Ok(found);
                }
                let error = Error::field("offset of the block allocation iterator", at, "within a block");
                return Err(error.within(Structure::FractalHeapHeader));
            }
            let child_rows = self.geometry.table.child_rows(found.row)?;
            if begin == at && child_rows <= row {
                return Ok(found);
            }
            (block, rows) = (begin, child_rows);
        }
    }

    /// Moves the iterator to the beginning of a later row of the block that it is in.
    fn skip(&mut self, from: &Entry, row: u32) -> Result<()> {
        let to = u64::from(row) * self.geometry.width();
        let gap = Gap { block: from.block, first: from.entry, count: to - from.entry };
        self.header.iterator_offset = gap.end_offset(self.geometry)?;
        self.space.give_blocks(gap, self.geometry)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::header;
    use super::*;
    use crate::base::{Address, Sizes};
    use crate::format::fractal_heap::doubling_table::DoublingTable;

    struct Heap {
        header: FractalHeapHeader,
        space: FreeSpace,
        geometry: Geometry,
    }

    /// Blocks of 64 and 128 bytes in three rows of two columns, all larger ones indirect. 19 bytes are taken.
    const TABLE: DoublingTable = DoublingTable { width: 2, start: 64, max_direct: 128, max_bits: 16 };

    fn heap() -> Heap {
        let header = FractalHeapHeader {
            table: TABLE,
            managed_space: 0,
            managed_objects: 0,
            flags: crate::format::fractal_heap::header::CHECKSUMMED,
            ..header(None, 0)
        };
        let geometry = Geometry::new(&header.context(Sizes::EIGHT)).unwrap();
        Heap { header, space: FreeSpace::default(), geometry }
    }

    impl Heap {
        fn grow(&mut self, len: u64) -> Result<(u64, u32)> {
            let Heap { header, space, geometry } = self;
            let block = Growth { header, space, geometry }.next_block(len)?;
            self.header.root = Some(Address(8));
            Ok((block.offset, block.row))
        }

        fn gaps(&self) -> Vec<(u64, u64, u64, u64)> {
            let parts = |(&offset, gap): (&u64, &Gap)| (offset, gap.block, gap.first, gap.count);
            self.space.gaps.iter().map(parts).collect()
        }
    }

    #[test]
    fn blocks_follow_each_other_through_rows_and_depths() {
        let mut heap = heap();
        let mut offset = 0;
        // The root's direct rows have 512 bytes; each block of the next row has two rows of two blocks of 64 bytes.
        let sizes = [64, 64, 64, 64, 128, 128].into_iter().chain([64; 8]);
        for size in sizes {
            assert_eq!(heap.grow(1).unwrap().0, offset);
            offset += size;
            let rows = heap.header.root_rows;
            assert_eq!(heap.header.iterator_offset, if rows == 0 { 0 } else { offset });
            let span = if rows == 0 { 64 } else { TABLE.span(rows.into()).unwrap() };
            assert_eq!(heap.header.managed_space, span);
            assert!(span >= offset && span <= 4 * offset);
        }
        assert_eq!(heap.header.free_space, heap.geometry.room_of_rows(4).unwrap());
        assert!(heap.gaps().is_empty());
        // From here on indirect blocks have a row of larger direct blocks.
        assert_eq!(heap.grow(100).unwrap(), (1024 + 256, 2));
        assert_eq!(heap.gaps(), [(1024, 1024, 0, 4)]);
    }

    #[test]
    fn blocks_that_are_too_small_are_left_out() {
        let mut heap = heap();
        assert_eq!(heap.grow(50).unwrap(), (256, 2));
        assert_eq!((heap.header.root_rows, heap.header.iterator_offset), (3, 384));
        assert_eq!(heap.gaps(), [(0, 0, 0, 4)]);
        assert_eq!(heap.header.free_space, heap.geometry.room_of_rows(3).unwrap());
        assert_eq!(heap.grow(50).unwrap(), (384, 2));
        // The next row has indirect blocks of two rows of small blocks: all of it is left out.
        assert_eq!(heap.grow(50).unwrap(), (1024 + 256, 2));
        assert_eq!(heap.gaps(), [(0, 0, 0, 4), (512, 0, 6, 2), (1024, 1024, 0, 4)]);
        assert_eq!(heap.header.root_rows, 6);
    }

    #[test]
    fn a_root_that_was_direct_stays_the_first_block() {
        let mut heap = heap();
        assert_eq!(heap.grow(10).unwrap(), (0, 0));
        assert_eq!((heap.header.root_rows, heap.header.free_space), (0, 45));
        assert_eq!(heap.grow(50).unwrap(), (256, 2));
        assert_eq!(heap.gaps(), [(64, 0, 1, 3)]);
        assert_eq!(heap.header.free_space, heap.geometry.room_of_rows(3).unwrap());
    }

    #[test]
    fn a_heap_has_an_end() {
        let mut heap = heap();
        let error = loop {
            if let Err(error) = heap.grow(45) {
                break error.to_string();
            }
        };
        assert_eq!(heap.header.managed_space, 65536);
        assert!(error.contains("a fractal heap needs 65536"), "{error}");
    }

    #[test]
    fn an_iterator_within_a_block_is_refused() {
        let mut heap = heap();
        heap.grow(50).unwrap();
        heap.header.iterator_offset = 300;
        let error = heap.grow(1).unwrap_err().to_string();
        assert!(error.contains("offset of the block allocation iterator is 300: within a block"), "{error}");
    }
}
