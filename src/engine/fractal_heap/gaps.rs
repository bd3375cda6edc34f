//! The blocks that a heap has room for and that are not there, as runs of entries of its indirect blocks.
//!
//! What libhdf5 calls an indirect section is one such run. In the free-space manager a row section stands for each row
//! of direct blocks in it; only the first of these is stored, and it stands for the whole run.

use std::collections::BTreeMap;

use super::geometry::Geometry;
use crate::base::{Error, Result};

/// Runs of missing blocks by their offset in the heap. No two of one indirect block touch.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps(BTreeMap<u64, Gap>);

/// Entries of one indirect block that have no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// Where the indirect block lies in the heap. It may be missing itself.
    pub(super) block: u64,
    pub(super) first: u64,
    pub(super) count: u64,
}

/// A missing direct block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The gap that it is in.
    gap: u64,
    /// Where the block is going to lie in the heap.
    pub(super) offset: u64,
    pub(super) row: u32,
}

impl Gap {
    fn end(&self) -> u64 {
        self.first + self.count
    }

    pub(super) fn offset(&self, geometry: &Geometry) -> Result<u64> {
        offset_of(self.block, self.first, geometry)
    }

    /// The first byte of the heap behind it.
    pub(super) fn end_offset(&self, geometry: &Geometry) -> Result<u64> {
        offset_of(self.block, self.end(), geometry)
    }

    /// The row of its first direct block: that of the indirect block itself, or the first one of one below.
    pub(super) fn first_row(&self, geometry: &Geometry) -> Result<u32> {
        let row = geometry.row(self.first)?;
        Ok(if geometry.is_direct(row) { row } else { 0 })
    }

    /// The offset and the row of the smallest block in it whose row is `wanted` or a later one.
    fn best(&self, wanted: u32, geometry: &Geometry) -> Result<Option<(u64, u32)>> {
        let direct = self.best_direct(wanted, geometry)?;
        if direct.is_some_and(|(_, row)| row == wanted) {
            return Ok(direct);
        }
        Ok(self.best_below(wanted, geometry)?.or(direct))
    }

    fn best_direct(&self, wanted: u32, geometry: &Geometry) -> Result<Option<(u64, u32)>> {
        let entry = self.first.max(u64::from(wanted) * geometry.width());
        if entry >= self.end().min(geometry.direct_entries()) {
            return Ok(None);
        }
        Ok(Some((offset_of(self.block, entry, geometry)?, geometry.row(entry)?)))
    }

    /// An indirect block with enough rows has all smaller ones as well.
    fn best_below(&self, wanted: u32, geometry: &Geometry) -> Result<Option<(u64, u32)>> {
        let mut entry = self.first.max(geometry.direct_entries());
        while entry < self.end() {
            let row = geometry.row(entry)?;
            if geometry.table.child_rows(row)? > wanted {
                let begin = offset_of(self.block, entry, geometry)?;
                let within = geometry.table.block_offset(wanted, 0)?;
                return Ok(Some((begin + within, wanted)));
            }
            entry = (u64::from(row) + 1) * geometry.width();
        }
        Ok(None)
    }
}

fn offset_of(block: u64, entry: u64, geometry: &Geometry) -> Result<u64> {
    let sum = block.checked_add(geometry.entry_offset(entry)?);
    sum.ok_or_else(|| Error::field("offset of an indirect block", block, "past the maximum heap size"))
}

impl Gaps {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&u64, &Gap)> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The smallest missing block that has room for an object, and of these the first one.
    pub(super) fn best(&self, len: u64, geometry: &Geometry) -> Result<Option<Slot>> {
        let wanted = geometry.row_for(len)?;
        let mut best: Option<Slot> = None;
        for (&gap, entries) in &self.0 {
            if let Some((offset, row)) = entries.best(wanted, geometry)? {
                // The first two rows have blocks of the same size.
                let smaller = best.is_none_or(|best| row.max(1) < best.row.max(1));
                if smaller {
                    best = Some(Slot { gap, offset, row });
                }
            }
        }
        Ok(best)
    }

    /// Takes a block out of its gap; what is before and behind it stays, at every depth.
    pub(super) fn carve(&mut self, slot: Slot, geometry: &Geometry) -> Result<()> {
        let Some(mut gap) = self.0.remove(&slot.gap) else {
            return Err(Error::malformed("a free block is in no gap of the heap"));
        };
        // An indirect block has fewer rows than the one that holds it: this ends.
        loop {
            let entry = geometry.entry_at(slot.offset - gap.block)?;
            let before = Gap { count: entry - gap.first, ..gap };
            let behind = Gap { first: entry + 1, count: gap.end() - entry - 1, ..gap };
            for rest in [before, behind] {
                if rest.count > 0 {
                    self.0.insert(rest.offset(geometry)?, rest);
                }
            }
            let row = geometry.row(entry)?;
            if geometry.is_direct(row) {
                return Ok(());
            }
            let count = u64::from(geometry.table.child_rows(row)?) * geometry.width();
            gap = Gap { block: offset_of(gap.block, entry, geometry)?, first: 0, count };
        }
    }

    /// Adds entries; they are joined with those of the same indirect block that they touch.
    pub(super) fn add(&mut self, mut gap: Gap, geometry: &Geometry) -> Result<()> {
        let (mut offset, end) = (gap.offset(geometry)?, gap.end_offset(geometry)?);
        if let Some(next) = self.0.get(&end).filter(|next| next.block == gap.block) {
            gap.count += next.count;
            self.0.remove(&end);
        }
        if let Some((&before, left)) = self.0.range(..offset).next_back()
            && left.block == gap.block
            && left.end() == gap.first
        {
            gap = Gap { first: left.first, count: left.count + gap.count, ..gap };
            offset = before;
        }
        self.0.insert(offset, gap);
        Ok(())
    }

    /// Forgets the gaps that begin in a part of the heap.
    pub(super) fn forget(&mut self, part: std::ops::Range<u64>) {
        let gone: Vec<u64> = self.0.range(part).map(|(&offset, _)| offset).collect();
        for offset in gone {
            self.0.remove(&offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::fractal_heap::samples::links;

    fn geometry() -> Geometry {
        Geometry::new(&links()).unwrap()
    }

    fn gap(block: u64, first: u64, count: u64) -> Gap {
        Gap { block, first, count }
    }

    fn all(gaps: &Gaps) -> Vec<(u64, Gap)> {
        gaps.iter().map(|(&offset, &gap)| (offset, gap)).collect()
    }

    #[test]
    fn runs_of_one_block_are_joined() {
        let (geometry, mut gaps) = (geometry(), Gaps::default());
        gaps.add(gap(0, 1, 2), &geometry).unwrap();
        gaps.add(gap(0, 5, 1), &geometry).unwrap();
        assert_eq!(gaps.len(), 2);
        gaps.add(gap(0, 3, 2), &geometry).unwrap();
        assert_eq!(all(&gaps), [(512, gap(0, 1, 5))]);
        // The first indirect block begins at 524288, where the last direct block of the root ends.
        gaps.add(gap(0, 35, 1), &geometry).unwrap();
        gaps.add(gap(524_288, 0, 4), &geometry).unwrap();
        assert_eq!(gaps.len(), 3);
        gaps.forget(512..524_288);
        assert_eq!(all(&gaps), [(524_288, gap(524_288, 0, 4))]);
    }

    #[test]
    fn the_smallest_block_with_room_is_found() {
        let (geometry, mut gaps) = (geometry(), Gaps::default());
        assert_eq!(gaps.best(1, &geometry).unwrap(), None);
        // Rows 3 to 8, and the first two indirect blocks of seven rows.
        gaps.add(gap(0, 14, 24), &geometry).unwrap();
        let found = |gaps: &Gaps, len| gaps.best(len, &geometry).unwrap().map(|slot| (slot.offset, slot.row));
        assert_eq!(found(&gaps, 2027), Some((8192 + 2 * 2048, 3)));
        assert_eq!(found(&gaps, 2028), Some((16384, 4)));
        assert_eq!(found(&gaps, 491), Some((524_288, 0)), "in the first indirect block");
        assert_eq!(found(&gaps, 1003), Some((524_288 + 4096, 2)));
        assert_eq!(found(&gaps, 60_000), Some((262_144, 8)));
        gaps.add(gap(1 << 20, 4, 1), &geometry).unwrap();
        assert_eq!(found(&gaps, 491), Some((524_288, 0)), "of blocks of the same size the first");
        gaps.add(gap(0, 3, 1), &geometry).unwrap();
        assert_eq!(found(&gaps, 491), Some((1536, 0)));
    }

    #[test]
    fn taking_a_block_leaves_what_is_around_it() {
        let (geometry, mut gaps) = (geometry(), Gaps::default());
        gaps.add(gap(0, 30, 10), &geometry).unwrap();
        let slot = gaps.best(1003, &geometry).unwrap().unwrap();
        gaps.carve(slot, &geometry).unwrap();
        let left = [
            (geometry.entry_offset(30).unwrap(), gap(0, 30, 6)),
            (524_288, gap(524_288, 0, 8)),
            (524_288 + 4096 + 1024, gap(524_288, 9, 19)),
            (geometry.entry_offset(37).unwrap(), gap(0, 37, 3)),
        ];
        assert_eq!(all(&gaps), left);
        // The last block of a run, and a run of one block.
        let last = gaps.best(60_000, &geometry).unwrap().unwrap();
        assert_eq!(last.row, 8);
        for _ in 0..4 {
            let slot = gaps.best(60_000, &geometry).unwrap().unwrap();
            gaps.carve(slot, &geometry).unwrap();
        }
        assert_eq!(gaps.best(60_000, &geometry).unwrap(), None);
        assert_eq!(all(&gaps)[0], (geometry.entry_offset(30).unwrap(), gap(0, 30, 2)));
    }
}
