//! The nodes of a version 2 B-tree.
//!
//! Specification 4.0, III.A.2.
//!
//! ```text
//! internal node                                    leaf
//!  0  4  signature "BTIN"                           0  4  signature "BTLF"
//!  4  1  version (0)                                4  1  version (0)
//!  5  1  type of the records                        5  1  type of the records
//!  6  .  n records                                  6  .  n records
//!  .  .  n + 1 child pointers:                      .  4  checksum
//!        O  address of the child                    .  .  unused, up to the node size
//!        .  number of its records
//!        .  number of records in it and below it, where it is an internal node itself
//!  .  4  checksum
//!  .  .  unused, up to the node size
//! ```
//!
//! How many records a node has stands in its parent or the header. Their form depends on the type, so here they stay
//! bytes; see [`btree_v2_record`](crate::format::btree_v2_record). Reads and writes version 0.

use super::shape::OVERHEAD;
use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer, to_usize};
use crate::format::btree_v2_record::RecordType;
use crate::format::{Framed, Wire};

/// What a node's bytes do not say; made by [`BTree2Shape::node`](super::BTree2Shape::node).
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeContext {
    pub(crate) sizes: Sizes,
    pub(crate) record_type: RecordType,
    pub(crate) node_size: u32,
    pub(crate) record_size: u16,
    /// How many records this node has.
    pub(crate) records: u16,
    /// The most records that a child may have.
    pub(crate) child_records: u64,
    /// The width of a child's number of records.
    pub(crate) records_width: usize,
    /// The width of the number of records below a child; 0 where the children are leaves.
    pub(crate) total_width: usize,
}

/// The records of one node, one behind the other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Records {
    pub(crate) bytes: Vec<u8>,
    /// The bytes of each.
    pub(crate) size: usize,
}

impl Records {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len().checked_div(self.size).unwrap_or(0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn nth(&self, index: usize) -> Option<&[u8]> {
        self.iter().nth(index)
    }

    pub(crate) fn iter(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.size.max(1))
    }

    /// Puts a record in front of the one with this index, or behind the last.
    pub(crate) fn insert(&mut self, index: usize, record: &[u8]) {
        let at = index * self.size;
        self.bytes.splice(at..at, record.iter().copied());
    }

    /// Takes a record out.
    pub(crate) fn remove(&mut self, index: usize) -> Vec<u8> {
        self.bytes.drain(self.place(index)).collect()
    }

    /// Exchanges a record for another one.
    pub(crate) fn replace(&mut self, index: usize, record: &[u8]) -> Vec<u8> {
        let place = self.place(index);
        self.bytes.splice(place, record.iter().copied()).collect()
    }

    fn place(&self, index: usize) -> std::ops::Range<usize> {
        index * self.size..(index + 1) * self.size
    }
}

/// A node without children.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BTree2Leaf {
    pub(crate) records: Records,
    /// What stands in the unused rest of the node, without the zeros at its end. It means nothing.
    pub(crate) slack: Vec<u8>,
}

/// A node with children: one before each record, and one after the last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BTree2Internal {
    pub(crate) records: Records,
    pub(crate) children: Vec<ChildPointer>,
    /// What stands in the unused rest of the node, without the zeros at its end. It means nothing.
    pub(crate) slack: Vec<u8>,
}

/// What a node knows of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChildPointer {
    pub(crate) address: Address,
    pub(crate) records: u16,
    /// Those of the child and all below it.
    pub(crate) total: u64,
}

impl Wire for BTree2Leaf {
    const STRUCTURE: Structure = Structure::BTree2Leaf;
    type Context = NodeContext;

    fn decode(r: &mut Reader<'_>, cx: &NodeContext) -> Result<Self> {
        let mut body = cx.body(LEAF, 0, Self::STRUCTURE, r)?;
        let records = cx.decode_records(&mut body)?;
        body.finish()?;
        Ok(BTree2Leaf { records, slack: cx.decode_slack(r)? })
    }

    fn encoded_len(&self, cx: &NodeContext) -> Result<usize> {
        to_usize(u64::from(cx.node_size))
    }

    fn encode(&self, w: &mut Writer, cx: &NodeContext) -> Result<()> {
        cx.encode_records(LEAF, &self.records, w)?;
        cx.encode_end(&self.slack, w)
    }
}

impl Wire for BTree2Internal {
    const STRUCTURE: Structure = Structure::BTree2Internal;
    type Context = NodeContext;

    fn decode(r: &mut Reader<'_>, cx: &NodeContext) -> Result<Self> {
        let count = u64::from(cx.records) + 1;
        let mut body = cx.body(INTERNAL, count * cx.pointer_len() as u64, Self::STRUCTURE, r)?;
        let records = cx.decode_records(&mut body)?;
        let count = body.count(count, cx.pointer_len())?;
        let children = (0..count).map(|_| cx.decode_pointer(&mut body)).collect::<Result<_>>()?;
        body.finish()?;
        Ok(BTree2Internal { records, children, slack: cx.decode_slack(r)? })
    }

    fn encoded_len(&self, cx: &NodeContext) -> Result<usize> {
        to_usize(u64::from(cx.node_size))
    }

    fn encode(&self, w: &mut Writer, cx: &NodeContext) -> Result<()> {
        cx.encode_records(INTERNAL, &self.records, w)?;
        if self.children.len() != self.records.len() + 1 {
            let rule = "not one more than the records";
            return Err(Error::field("number of children", self.children.len() as u64, rule));
        }
        self.children.iter().try_for_each(|child| cx.encode_pointer(child, w))?;
        cx.encode_end(&self.slack, w)
    }
}

impl Framed for BTree2Leaf {
    fn prefix_len(_: &NodeContext) -> usize {
        PREFIX
    }

    fn extent(prefix: &mut Reader<'_>, cx: &NodeContext) -> Result<u64> {
        cx.check(LEAF, prefix)?;
        Ok(u64::from(cx.node_size))
    }
}

impl Framed for BTree2Internal {
    fn prefix_len(_: &NodeContext) -> usize {
        PREFIX
    }

    fn extent(prefix: &mut Reader<'_>, cx: &NodeContext) -> Result<u64> {
        cx.check(INTERNAL, prefix)?;
        Ok(u64::from(cx.node_size))
    }
}

impl NodeContext {
    /// Takes what the checksum covers, with `more` bytes behind the records, and reads the part before them.
    fn body<'a>(
        &self,
        signature: &[u8; 4],
        more: u64,
        structure: Structure,
        r: &mut Reader<'a>,
    ) -> Result<Reader<'a>> {
        let len = OVERHEAD + u64::from(self.records) * u64::from(self.record_size) + more;
        if len > u64::from(self.node_size) {
            return Err(r.bad("number of records", self.records, "over what a node holds"));
        }
        let mut body = r.block(len, structure)?.checked()?;
        self.check(signature, &mut body)?;
        Ok(body)
    }

    fn check(&self, signature: &[u8; 4], r: &mut Reader<'_>) -> Result<()> {
        r.signature(signature)?;
        r.version(0..=0)?;
        let at = r.clone();
        match r.u8()? {
            number if number == self.record_type.number() => Ok(()),
            number => Err(at.bad("record type", number, "differs from the tree's header")),
        }
    }

    fn decode_records(&self, r: &mut Reader<'_>) -> Result<Records> {
        let size = usize::from(self.record_size);
        Ok(Records { bytes: r.take(usize::from(self.records) * size)?.to_vec(), size })
    }

    fn encode_records(&self, signature: &[u8; 4], records: &Records, w: &mut Writer) -> Result<()> {
        if records.bytes.len() != usize::from(self.records) * usize::from(self.record_size) {
            let rule = "differs from what the parent says";
            return Err(Error::field("number of records", records.len() as u64, rule));
        }
        w.put(signature);
        w.u8(0);
        w.u8(self.record_type.number());
        w.put(&records.bytes);
        Ok(())
    }

    fn pointer_len(&self) -> usize {
        self.sizes.address() + self.records_width + self.total_width
    }

    fn decode_pointer(&self, r: &mut Reader<'_>) -> Result<ChildPointer> {
        let address = r.defined_address(self.sizes, "child node address")?;
        let at = r.clone();
        let count = r.uint(self.records_width)?;
        let records = u16::try_from(count).ok().filter(|&n| u64::from(n) <= self.child_records);
        let records = records.ok_or_else(|| at.bad("records of a child", count, "over what a node holds"))?;
        let total = if self.total_width == 0 { count } else { r.uint(self.total_width)? };
        if total < count {
            return Err(at.bad("records below a child", total, "fewer than in the child itself"));
        }
        Ok(ChildPointer { address, records, total })
    }

    fn encode_pointer(&self, child: &ChildPointer, w: &mut Writer) -> Result<()> {
        w.address(Some(child.address), self.sizes)?;
        w.uint(u64::from(child.records), self.records_width, "records of a child")?;
        match self.total_width {
            0 if child.total != u64::from(child.records) => {
                Err(Error::field("records below a child", child.total, "a leaf has nothing below it"))
            }
            width => w.uint(if width == 0 { 0 } else { child.total }, width, "records below a child"),
        }
    }

    fn decode_slack(&self, r: &mut Reader<'_>) -> Result<Vec<u8>> {
        let rest = to_usize(u64::from(self.node_size))?.saturating_sub(r.position());
        let slack = r.take(rest)?;
        let end = slack.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        Ok(slack[..end].to_vec())
    }

    /// Writes the checksum and as much of the slack as there is room for.
    fn encode_end(&self, slack: &[u8], w: &mut Writer) -> Result<()> {
        w.checksum();
        let node_size = to_usize(u64::from(self.node_size))?;
        let Some(rest) = node_size.checked_sub(w.position()) else {
            return Err(Error::field("number of records", u64::from(self.records), "over what a node holds"));
        };
        let slack = &slack[..slack.len().min(rest)];
        w.put(slack);
        w.fill(rest - slack.len(), 0);
        Ok(())
    }
}

const LEAF: &[u8; 4] = b"BTLF";
const INTERNAL: &[u8; 4] = b"BTIN";
const PREFIX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse, refuse_sealed, sealed};
    use crate::format::btree_v2::{BTree2Header, BTree2Shape};
    use crate::format::{decode, encode};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    // Of files that libhdf5 2.0 wrote, checksums included; what a node leaves unused is zeros.

    #[rustfmt::skip]
    fn huge_leaf() -> Vec<u8> {
        let mut bytes = vec![
            b'B', b'T', b'L', b'F', 0, 1,           // huge objects by key
            0xb9, 0x21, 5, 0, 0x96, 0x11, 1, 0, 1, 0, 0, 0,
            0x94, 0x4c, 0xc5, 0xcb,
        ];
        bytes.resize(512, 0);
        bytes
    }

    #[rustfmt::skip]
    fn link_root() -> Vec<u8> {
        let mut bytes = vec![
            b'B', b'T', b'I', b'N', 0, 5,           // links by name: two records
            0xf0, 0x40, 0x3a, 0x43, 0, 0x5d, 0x44, 0, 0, 0x14, 0,
            0x62, 0x91, 0x7d, 0xa8, 0, 0x3c, 0x75, 0, 0, 0x15, 0,
            0x7d, 0x9b, 3, 0, 0x13, 0x0c, 3,        // a child at 236,413 with 19 records, 780 in and below it
            0x7d, 0xb7, 4, 0, 0x1d, 0x94, 4,
            0x7d, 0x27, 4, 0, 0x1a, 0x16, 4,
            0xf7, 0x1e, 0x50, 0x85,
        ];
        bytes.resize(512, 0);
        bytes
    }

    #[rustfmt::skip]
    fn twig() -> Vec<u8> {
        let mut bytes = vec![
            b'B', b'T', b'I', b'N', 0, 6,           // links by creation order: one record
            0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0x35, 1, 0, 0, 0x13, 0,
            0, 0x20, 0x10, 0, 0x24, 0x17,           // children at 8192 and 9216 with 16 and 23 records
            0xb7, 0xfe, 0xb7, 0x9e,
        ];
        bytes.resize(512, 0);
        bytes
    }

    fn context(record_type: RecordType, record_size: u16, depth: u16, records: u16) -> NodeContext {
        sized(record_type, record_size, depth, records, 512)
    }

    fn sized(record_type: RecordType, record_size: u16, depth: u16, records: u16, size: u32) -> NodeContext {
        let header = BTree2Header {
            record_type,
            node_size: size,
            record_size,
            depth,
            split_percent: 100,
            merge_percent: 40,
            root: None,
            root_records: records,
            total_records: 0,
        };
        BTree2Shape::new(&header, NARROW).unwrap().node(usize::from(depth), records).unwrap()
    }

    impl Samples for BTree2Leaf {
        fn samples() -> Vec<Sample<Self>> {
            let mut used = huge_leaf();
            used[100] = 7;
            let full = sealed(b"BTLF\0\x01abcdefghijkl");
            let cx = context(RecordType::HugeIndirect, 12, 0, 1);
            vec![
                Sample::plain("huge object", cx, huge_leaf()),
                Sample::plain("remains of old records", cx, used),
                Sample::sealed("full", sized(RecordType::HugeIndirect, 12, 0, 1, 22), full),
            ]
        }
    }

    impl Samples for BTree2Internal {
        fn samples() -> Vec<Sample<Self>> {
            let full = sealed(b"BTIN\0\x05abcdefghijk\0\x08\0\0\x01\0\x09\0\0\x01");
            vec![
                Sample::plain("links by name", context(RecordType::LinkName, 11, 2, 2), link_root()),
                Sample::plain("above leaves", context_22(1), twig()),
                Sample::sealed("full", sized(RecordType::LinkName, 11, 1, 1, 31), full),
            ]
        }
    }

    /// A tree of links by creation order in a file with addresses of 2 bytes.
    fn context_22(records: u16) -> NodeContext {
        let cx = context(RecordType::LinkOrder, 15, 1, records);
        NodeContext { sizes: Sizes { offset: 2, length: 2 }, ..cx }
    }

    #[test]
    fn a_node_has_a_child_more_than_records() {
        let cx = context(RecordType::LinkName, 11, 2, 2);
        let root: BTree2Internal = decode(&link_root(), 0, &cx, &Default::default()).unwrap();
        assert_eq!((root.records.len(), root.records.nth(2)), (2, None));
        assert_eq!(root.records.nth(1), Some(&link_root()[17..28]));
        let first = ChildPointer { address: Address(236_413), records: 19, total: 780 };
        assert_eq!((root.children.len(), root.children[0]), (3, first));
        // 3000 links in all.
        assert_eq!(root.children.iter().map(|child| child.total).sum::<u64>() + 2, 3000);
        let twig: BTree2Internal = decode(&twig(), 0, &context_22(1), &Default::default()).unwrap();
        assert_eq!(twig.children.iter().map(|child| child.total).sum::<u64>() + 1, 40);
    }

    #[test]
    fn slack_gives_way_to_records() {
        let cx = sized(RecordType::HugeIndirect, 12, 0, 1, 40);
        let mut leaf = BTree2Leaf { records: Records { bytes: vec![1; 12], size: 12 }, slack: vec![9; 14] };
        assert_eq!(encode(&leaf, &cx).unwrap()[22..], [&[9; 14][..], &[0; 4]].concat());
        leaf.records.bytes.resize(24, 2);
        let more = NodeContext { records: 2, ..cx };
        assert_eq!(encode(&leaf, &more).unwrap()[34..], [9; 6]);
        assert!(encode(&leaf, &cx).unwrap_err().to_string().contains("number of records is 2"));
        let over = NodeContext { records: 2, node_size: 30, ..cx };
        assert!(encode(&leaf, &over).unwrap_err().to_string().contains("over what a node holds"));
    }

    #[test]
    fn each_rule_is_enforced() {
        let cx = sized(RecordType::LinkName, 11, 1, 1, 31);
        let full = sealed(b"BTIN\0\x05abcdefghijk\0\x08\0\0\x01\0\x09\0\0\x01");
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1"),
            (5, 6, "record type is 6: differs from the tree's header"),
            (21, 2, "records of a child is 2: over what a node holds"),
        ];
        refuse_sealed::<BTree2Internal>(full, cx, &changes);
        let cx = context(RecordType::HugeIndirect, 12, 0, 1);
        refuse::<BTree2Leaf>(huge_leaf(), cx, &[(6, 0, "checksum mismatch"), (21, 0, "checksum mismatch")]);
        let cx = context(RecordType::LinkName, 11, 2, 2);
        let mut root: BTree2Internal = decode(&link_root(), 0, &cx, &Default::default()).unwrap();
        root.children.pop();
        assert!(encode(&root, &cx).unwrap_err().to_string().contains("number of children is 2"));
    }

    #[test]
    fn what_is_below_a_child_counts_the_child() {
        let cx = context(RecordType::LinkName, 11, 2, 0);
        let node = BTree2Internal {
            records: Records { bytes: vec![], size: 11 },
            children: vec![ChildPointer { address: Address(8), records: 5, total: 4 }],
            slack: vec![],
        };
        let error = decode::<BTree2Internal>(&encode(&node, &cx).unwrap(), 0, &cx, &Default::default());
        assert!(
            error.unwrap_err().to_string().contains("records below a child is 4: fewer than in the child")
        );
        let leaves = context(RecordType::LinkName, 11, 1, 0);
        assert!(encode(&node, &leaves).unwrap_err().to_string().contains("a leaf has nothing below it"));
    }
}
