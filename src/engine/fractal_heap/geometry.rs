//! The arithmetic of a heap's blocks: where the entries of an indirect block lie, and what is free in blocks that are
//! not there.
//!
//! The entries of an indirect block are counted row by row. A block that is not there counts as free space all the
//! same: the header's number of free bytes has the room of every direct block that the heap could have.

use crate::base::{Error, Result};
use crate::format::fractal_heap::HeapContext;
use crate::format::fractal_heap::doubling_table::DoublingTable;

#[derive(Clone, Debug)]
pub(super) struct Geometry {
    pub(super) table: DoublingTable,
    /// The bytes of a direct block that no object can have.
    pub(super) overhead: u64,
    /// What indirect blocks of 0, 1, 2, … rows have while none of their direct blocks is there.
    empty: Vec<Room>,
}

/// What blocks have that are not there. Wide enough for the widest table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Room {
    /// The bytes for objects in all direct blocks.
    bytes: u128,
    /// The sections that the free-space manager makes of the blocks: one for each row of direct ones.
    sections: u128,
    /// The sizes of these sections, which are those of one block each.
    section_sizes: u128,
}

impl Room {
    fn plus(self, other: Room, times: u64) -> Room {
        let times = u128::from(times);
        Room {
            bytes: self.bytes + other.bytes * times,
            sections: self.sections + other.sections * times,
            section_sizes: self.section_sizes + other.section_sizes * times,
        }
    }
}

impl Geometry {
    pub(super) fn new(cx: &HeapContext) -> Result<Self> {
        let (table, overhead) = (cx.table, cx.direct_overhead() as u64);
        if table.start <= overhead {
            return Err(Error::field("starting block size", table.start, "no object fits into such a block"));
        }
        let mut geometry = Geometry { table, overhead, empty: vec![Room::default()] };
        for row in 0..table.max_root_rows() {
            // A wide table of small blocks has rows that neither kind of block fits; nothing can be in them.
            let Ok(blocks) = geometry.row_room(row, geometry.width()) else { break };
            let below = geometry.empty.last().copied().unwrap_or_default();
            geometry.empty.push(below.plus(blocks, 1));
        }
        Ok(geometry)
    }

    pub(super) fn width(&self) -> u64 {
        u64::from(self.table.width)
    }

    /// The first entry that is an indirect block.
    pub(super) fn direct_entries(&self) -> u64 {
        u64::from(self.table.max_direct_rows()) * self.width()
    }

    /// The row of an entry.
    pub(super) fn row(&self, entry: u64) -> Result<u32> {
        u32::try_from(entry / self.width())
            .map_err(|_| Error::field("entry of an indirect block", entry, "past the maximum heap size"))
    }

    pub(super) fn is_direct(&self, row: u32) -> bool {
        row < self.table.max_direct_rows()
    }

    /// Where an entry lies, counted from the beginning of its indirect block; the one behind the last entry lies at
    /// its end.
    pub(super) fn entry_offset(&self, entry: u64) -> Result<u64> {
        let row = self.row(entry)?;
        match entry % self.width() {
            0 => self.table.span(row),
            column => self.table.block_offset(row, column),
        }
    }

    /// The entry that holds an offset, counted from the beginning of its indirect block.
    pub(super) fn entry_at(&self, offset: u64) -> Result<u64> {
        let (row, column) = self.table.locate(offset)?;
        Ok(u64::from(row) * self.width() + column)
    }

    /// The bytes for objects in an empty direct block.
    pub(super) fn block_room(&self, row: u32) -> Result<u64> {
        Ok(self.table.block_size(row)? - self.overhead)
    }

    /// The first row whose direct blocks have room for an object of this length.
    pub(super) fn row_for(&self, len: u64) -> Result<u32> {
        let too_long =
            || Error::field("length of an object", len, "no direct block of the heap has room for it");
        let size = len.checked_add(self.overhead).and_then(u64::checked_next_power_of_two);
        let size = size.ok_or_else(too_long)?;
        let doublings = size.ilog2().saturating_sub(self.table.start.ilog2());
        let row = if doublings == 0 { 0 } else { doublings + 1 };
        if self.is_direct(row) { Ok(row) } else { Err(too_long()) }
    }

    /// The bytes for objects in the direct blocks below an indirect block of so many rows.
    pub(super) fn room_of_rows(&self, rows: u32) -> Result<u64> {
        narrow(self.room(rows)?.bytes)
    }

    /// How many sections the free-space manager makes of a run of entries, and the sum of their sizes.
    pub(super) fn sections_of(&self, first: u64, count: u64) -> Result<(u64, u64)> {
        let mut sum = Room::default();
        let (mut entry, end) = (first, first + count);
        while entry < end {
            let row = self.row(entry)?;
            let row_end = (u64::from(row) + 1) * self.width();
            let entries = row_end.min(end) - entry;
            sum = sum.plus(self.row_room(row, entries)?, 1);
            entry += entries;
        }
        Ok((narrow(sum.sections)?, narrow(sum.section_sizes)?))
    }

    /// What a number of blocks of one row have.
    fn row_room(&self, row: u32, entries: u64) -> Result<Room> {
        if !self.is_direct(row) {
            return Ok(Room::default().plus(self.room(self.table.child_rows(row)?)?, entries));
        }
        let room = u128::from(self.block_room(row)?);
        Ok(Room { bytes: room * u128::from(entries), sections: 1, section_sizes: room })
    }

    fn room(&self, rows: u32) -> Result<Room> {
        let room = usize::try_from(rows).ok().and_then(|rows| self.empty.get(rows));
        room.copied().ok_or_else(|| {
            Error::field("rows of an indirect block", u64::from(rows), "more than the table has")
        })
    }
}

fn narrow(value: u128) -> Result<u64> {
    u64::try_from(value).map_err(|_| Error::malformed("a heap of over 2^64 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Sizes;

    fn context(table: DoublingTable) -> HeapContext {
        HeapContext {
            sizes: Sizes::EIGHT,
            table,
            id_len: 7,
            max_managed_size: 4096,
            checksummed: true,
            filtered: false,
        }
    }

    /// As libhdf5 makes it for the links of a group; direct blocks have 21 bytes before their objects.
    fn links() -> Geometry {
        let table = DoublingTable { width: 4, start: 512, max_direct: 65536, max_bits: 32 };
        Geometry::new(&context(table)).unwrap()
    }

    #[test]
    fn entries_and_offsets_are_a_bijection() {
        let links = links();
        assert_eq!((links.width(), links.direct_entries()), (4, 36));
        let mut offset = 0;
        for entry in 0..22 * 4 {
            assert_eq!(
                (links.entry_offset(entry).unwrap(), links.entry_at(offset).unwrap()),
                (offset, entry)
            );
            offset += links.table.block_size(links.row(entry).unwrap()).unwrap();
        }
        assert_eq!(links.entry_offset(22 * 4).unwrap(), 1 << 32);
        assert!(links.entry_offset(22 * 4 + 1).is_err() && links.row(u64::MAX).is_err());
    }

    #[test]
    fn the_row_is_the_first_with_room() {
        let links = links();
        let rows = [1, 491, 492, 1003, 1004, 65515].map(|len| links.row_for(len).unwrap());
        assert_eq!(rows, [0, 0, 2, 2, 3, 8]);
        assert!(links.row_for(65516).is_err() && links.row_for(u64::MAX).is_err());
    }

    #[test]
    fn rooms_add_up() {
        let links = links();
        assert_eq!(links.room_of_rows(0).unwrap(), 0);
        assert_eq!(links.room_of_rows(1).unwrap(), 4 * 491);
        assert_eq!(links.room_of_rows(3).unwrap(), 8 * 491 + 4 * 1003);
        // The first row of indirect blocks: each has seven rows, and so covers 131072 bytes in 28 direct blocks.
        let direct = 524_288 - 36 * 21;
        assert_eq!(links.room_of_rows(9).unwrap(), direct);
        assert_eq!(links.room_of_rows(10).unwrap(), direct + 4 * (131_072 - 28 * 21));
        assert!(links.room_of_rows(23).is_err());
        let sizes = |rows: std::ops::Range<u32>| rows.map(|row| links.block_room(row).unwrap()).sum::<u64>();
        assert_eq!(links.sections_of(2, 2).unwrap(), (1, 491));
        assert_eq!(links.sections_of(2, 4).unwrap(), (2, 982));
        assert_eq!(links.sections_of(35, 2).unwrap(), (1 + 7, 65515 + sizes(0..7)));
    }

    #[test]
    fn extremes_are_refused() {
        let small = DoublingTable { width: 4, start: 16, max_direct: 64, max_bits: 16 };
        let text = Geometry::new(&context(small)).unwrap_err().to_string();
        assert!(text.contains("starting block size is 16: no object fits into such a block"), "{text}");
        // Rows of direct blocks of 64 bytes, of which an indirect block has 1024 and more.
        let wide = DoublingTable { width: 16, start: 64, max_direct: 64, max_bits: 16 };
        let wide = Geometry::new(&context(wide)).unwrap();
        assert_eq!(wide.room_of_rows(2).unwrap(), 32 * (64 - 19));
        assert!(wide.room_of_rows(3).is_err());
        let widest = DoublingTable { width: 1 << 15, start: 1 << 48, max_direct: 1 << 63, max_bits: 64 };
        let room = Geometry::new(&context(widest)).unwrap().room_of_rows(2).unwrap();
        assert_eq!(room, u64::MAX - 65536 * 25 + 1, "2^64 bytes in 65536 blocks");
    }
}
