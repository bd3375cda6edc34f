//! The arithmetic of a version 2 B-tree: how many records fit where, and how wide the numbers in its nodes are.
//!
//! Specification 4.0, III.A.2, "Number of Records in Child Node"; for what it leaves open, libhdf5 (`H5B2hdr.c`).
//!
//! ```text
//! leaf                  (node size - 10) / record size
//! node of depth d       (node size - 10 - pointer) / (record size + pointer)
//! pointer of depth d    O + records' width + total's width, the latter only from depth 2 on
//! records' width        the fewest bytes that hold the records of a full leaf, at every depth
//! total's width         the fewest bytes that hold the records of a full child and all below it
//! ```
//!
//! 10 is what a node has besides: signature, version, type and checksum.

use super::{BTree2Header, NodeContext};
use crate::base::{Error, Result, Sizes, Structure, width_of};
use crate::format::btree_v2_record::RecordType;

/// What all nodes of one tree have in common.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BTree2Shape {
    pub(crate) sizes: Sizes,
    pub(crate) record_type: RecordType,
    pub(crate) node_size: u32,
    pub(crate) record_size: u16,
    /// How many records call for a split, in percent of what fits.
    pub(crate) split_percent: u8,
    /// How few records call for a merge, in percent of what fits.
    pub(crate) merge_percent: u8,
    /// From the leaves to the root.
    levels: Vec<Level>,
}

/// What fits into the nodes of one depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// The most records of one node.
    pub(crate) records: u64,
    /// The most records of one node and all below it.
    pub(crate) total: u64,
    /// The bytes of each child pointer; none in a leaf.
    pub(crate) pointer: usize,
}

/// Bytes of a node that are neither records nor pointers.
pub(super) const OVERHEAD: u64 = 10;

impl BTree2Shape {
    /// Computes the capacities of all depths; refuses a tree whose nodes hold no record, or that is deeper than 2^64
    /// records can make it.
    pub(crate) fn new(header: &BTree2Header, sizes: Sizes) -> Result<Self> {
        let mut shape = BTree2Shape {
            sizes,
            record_type: header.record_type,
            node_size: header.node_size,
            record_size: header.record_size,
            split_percent: header.split_percent,
            merge_percent: header.merge_percent,
            levels: Vec::new(),
        };
        for _ in 0..=header.depth {
            shape.grow()?;
        }
        Ok(shape)
    }

    /// Adds a depth above the highest, as the tree does when its root splits.
    pub(crate) fn grow(&mut self) -> Result<()> {
        let level = match self.levels.last() {
            None => self.leaf(),
            Some(&below) => self.above(below),
        };
        self.levels.push(level.map_err(|e| e.within(Structure::BTree2Header))?);
        Ok(())
    }

    /// Takes the highest depth away, as the tree does when its root has one child left; the leaves stay.
    pub(crate) fn shrink(&mut self) {
        if self.levels.len() > 1 {
            self.levels.pop();
        }
    }

    fn leaf(&self) -> Result<Level> {
        let room = u64::from(self.node_size).checked_sub(OVERHEAD);
        match room.and_then(|room| room.checked_div(u64::from(self.record_size))) {
            Some(records) if records > 0 => Ok(Level { records, total: records, pointer: 0 }),
            _ => Err(self.too_small()),
        }
    }

    fn above(&self, below: Level) -> Result<Level> {
        let total_width = if self.levels.len() > 1 { width_of(below.total) } else { 0 };
        let pointer = self.sizes.address() + self.records_width() + total_width;
        let room = u64::from(self.node_size).checked_sub(OVERHEAD + pointer as u64);
        let records = room.map_or(0, |room| room / (u64::from(self.record_size) + pointer as u64));
        if records == 0 {
            return Err(self.too_small());
        }
        let total = (records + 1).checked_mul(below.total).and_then(|n| n.checked_add(records));
        let depth = self.levels.len() as u64;
        let total =
            total.ok_or_else(|| Error::field("depth", depth, "so deep a tree has over 2^64 records"))?;
        Ok(Level { records, total, pointer })
    }

    fn too_small(&self) -> Error {
        Error::field("node size", u64::from(self.node_size), "too small for a record")
    }

    /// The depth of the root.
    pub(crate) fn depth(&self) -> usize {
        self.levels.len() - 1
    }

    /// What fits into a node of this depth, if the tree is that deep.
    pub(crate) fn level(&self, depth: usize) -> Option<Level> {
        self.levels.get(depth).copied()
    }

    /// More records than this in a node of this depth call for a split.
    pub(crate) fn split_at(&self, depth: usize) -> Option<u64> {
        self.level(depth).map(|level| level.records * u64::from(self.split_percent) / 100)
    }

    /// Fewer records than this in a node of this depth call for a merge.
    pub(crate) fn merge_at(&self, depth: usize) -> Option<u64> {
        self.level(depth).map(|level| level.records * u64::from(self.merge_percent) / 100)
    }

    /// The width of a child's number of records.
    pub(crate) fn records_width(&self) -> usize {
        self.levels.first().map_or(0, |leaf| width_of(leaf.records))
    }

    /// What the decoding of a node takes: its depth, and how many records its parent or the header says that it has.
    pub(crate) fn node(&self, depth: usize, records: u16) -> Result<NodeContext> {
        let Some(level) = self.level(depth) else {
            return Err(Error::field("depth", depth as u64, "over the tree's"));
        };
        if u64::from(records) > level.records {
            return Err(Error::field("number of records", u64::from(records), "over what a node holds"));
        }
        let child = depth.checked_sub(1).and_then(|depth| self.level(depth));
        let records_width = if child.is_some() { self.records_width() } else { 0 };
        Ok(NodeContext {
            sizes: self.sizes,
            record_type: self.record_type,
            node_size: self.node_size,
            record_size: self.record_size,
            records,
            child_records: child.map_or(0, |child| child.records),
            records_width,
            total_width: if depth > 1 { level.pointer - self.sizes.address() - records_width } else { 0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(node_size: u32, record_size: u16, depth: u16) -> BTree2Header {
        BTree2Header {
            record_type: RecordType::LinkName,
            node_size,
            record_size,
            depth,
            split_percent: 100,
            merge_percent: 40,
            root: None,
            root_records: 0,
            total_records: 0,
        }
    }

    fn level(shape: &BTree2Shape, depth: usize) -> (u64, u64, usize) {
        let level = shape.level(depth).unwrap();
        (level.records, level.total, level.pointer)
    }

    #[test]
    fn link_name_trees_hold_what_libhdf5_puts_into_them() {
        // Nodes of 512 bytes with records of 11: (512 - 10) / 11, (502 - 9) / 20, (502 - 11) / 22, …
        let shape = BTree2Shape::new(&header(512, 11, 3), Sizes::EIGHT).unwrap();
        assert_eq!(level(&shape, 0), (45, 45, 0));
        assert_eq!(level(&shape, 1), (24, 25 * 45 + 24, 9));
        assert_eq!(level(&shape, 2), (22, 23 * 1149 + 22, 11));
        assert_eq!(level(&shape, 3), (22, 23 * 26449 + 22, 11));
        assert_eq!((shape.depth(), shape.records_width()), (3, 1));
        assert_eq!((shape.split_at(0), shape.merge_at(0)), (Some(45), Some(18)));
        assert_eq!((shape.split_at(1), shape.merge_at(1)), (Some(24), Some(9)));
        assert_eq!(shape.level(4), None);
    }

    #[test]
    fn widths_follow_what_is_below() {
        // Over 255 records in a leaf: two bytes at every depth, though fewer fit an internal node.
        let shape = BTree2Shape::new(&header(2048, 4, 2), Sizes { offset: 4, length: 4 }).unwrap();
        assert_eq!(level(&shape, 0), (509, 509, 0));
        assert_eq!(level(&shape, 1), (203, 204 * 509 + 203, 6));
        assert_eq!(level(&shape, 2), ((2038 - 9) / 13, 157 * 104_039 + 156, 9));
        let twig = shape.node(1, 203).unwrap();
        assert_eq!((twig.child_records, twig.records_width, twig.total_width), (509, 2, 0));
        let root = shape.node(2, 1).unwrap();
        assert_eq!((root.child_records, root.records_width, root.total_width), (203, 2, 3));
        let leaf = shape.node(0, 509).unwrap();
        assert_eq!((leaf.child_records, leaf.records_width, leaf.total_width), (0, 0, 0));
    }

    #[test]
    fn growing_and_shrinking_are_what_a_new_root_takes() {
        let mut shape = BTree2Shape::new(&header(512, 11, 0), Sizes::EIGHT).unwrap();
        shape.grow().unwrap();
        assert_eq!(shape, BTree2Shape::new(&header(512, 11, 1), Sizes::EIGHT).unwrap());
        shape.shrink();
        shape.shrink();
        assert_eq!(shape, BTree2Shape::new(&header(512, 11, 0), Sizes::EIGHT).unwrap());
    }

    #[test]
    fn trees_that_cannot_be_are_refused() {
        let text = |header: BTree2Header| {
            BTree2Shape::new(&header, Sizes::EIGHT).expect_err("a shape was made").to_string()
        };
        assert!(text(header(9, 1, 0)).contains("node size is 9: too small for a record"));
        assert!(text(header(512, 0, 0)).contains("too small"));
        assert!(text(header(512, 503, 0)).contains("too small"));
        assert!(text(header(512, 500, 1)).contains("too small"));
        assert!(text(header(512, 11, u16::MAX)).contains("so deep a tree has over 2^64 records"));
        let shape = BTree2Shape::new(&header(512, 11, 1), Sizes::EIGHT).unwrap();
        let text = |depth, records| shape.node(depth, records).unwrap_err().to_string();
        assert!(text(2, 1).contains("depth is 2: over the tree's"));
        assert!(text(1, 25).contains("number of records is 25: over what a node holds"));
    }
}
