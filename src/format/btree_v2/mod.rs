//! The version 2 B-tree: its header. The nodes and the arithmetic of their capacity have a file each.
//!
//! Specification 4.0, III.A.2.
//!
//! ```text
//!  0  4  signature "BTHD"
//!  4  1  version (0)
//!  5  1  type of the records
//!  6  4  bytes of a node
//! 10  2  bytes of a record
//! 12  2  depth: 0 where the root is a leaf
//! 14  1  split percent
//! 15  1  merge percent
//! 16  O  address of the root node
//!  .  2  number of records in the root node
//!  .  L  number of records in the tree
//!  .  4  checksum
//! ```
//!
//! Reads and writes version 0.

mod node;
mod shape;

pub(crate) use node::{BTree2Internal, BTree2Leaf, ChildPointer, NodeContext, Records};
pub(crate) use shape::BTree2Shape;

use super::btree_v2_record::RecordType;
use super::{Framed, Wire};
use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BTree2Header {
    pub(crate) record_type: RecordType,
    pub(crate) node_size: u32,
    pub(crate) record_size: u16,
    pub(crate) depth: u16,
    pub(crate) split_percent: u8,
    pub(crate) merge_percent: u8,
    /// An empty tree has none.
    pub(crate) root: Option<Address>,
    pub(crate) root_records: u16,
    pub(crate) total_records: u64,
}

impl Wire for BTree2Header {
    const STRUCTURE: Structure = Structure::BTree2Header;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let mut body = r.clone().checked()?;
        body.signature(b"BTHD")?;
        body.version(0..=0)?;
        let header = BTree2Header {
            record_type: RecordType::decode(&mut body)?,
            node_size: body.u32()?,
            record_size: body.u16()?,
            depth: body.u16()?,
            split_percent: body.u8()?,
            merge_percent: body.u8()?,
            root: body.address(*sizes)?,
            root_records: body.u16()?,
            total_records: body.length(*sizes)?,
        };
        body.finish()?;
        r.take_rest();
        Ok(header)
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(Self::prefix_len(sizes))
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.put(b"BTHD\0");
        w.u8(self.record_type.number());
        w.u32(self.node_size);
        w.u16(self.record_size);
        w.u16(self.depth);
        w.u8(self.split_percent);
        w.u8(self.merge_percent);
        w.address(self.root, *sizes)?;
        w.u16(self.root_records);
        w.length(self.total_records, *sizes, "number of records in the tree")?;
        w.checksum();
        Ok(())
    }
}

impl Framed for BTree2Header {
    fn prefix_len(sizes: &Sizes) -> usize {
        22 + sizes.address() + sizes.len()
    }

    fn extent(_: &mut Reader<'_>, sizes: &Sizes) -> Result<u64> {
        Ok(Self::prefix_len(sizes) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse, refuse_sealed, sealed};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    // As libhdf5 2.0 wrote it.
    #[rustfmt::skip]
    const CHUNKS: [u8; 30] = [
        b'B', b'T', b'H', b'D', 0, 10,              // chunks
        0, 8, 0, 0, 0x14, 0,                        // nodes of 2048 bytes, records of 20
        2, 0, 100, 40,                              // depth, split and merge percent
        0, 0xd0, 2, 0, 1, 0,                        // the root at 184,320 has one record
        0x10, 0x27, 0, 0,                           // 10,000 records
        3, 0xa5, 4, 0xde,
    ];

    #[rustfmt::skip]
    fn empty() -> Vec<u8> {
        sealed(&[
            &b"BTHD\0\x05"[..],                     // links by name
            &[0, 2, 0, 0, 11, 0],                   // nodes of 512 bytes, records of 11
            &[0, 0, 100, 40],
            &[0xff; 8], &[0, 0],                    // no root
            &[0; 8],
        ].concat())
    }

    impl Samples for BTree2Header {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::sealed("chunks", NARROW, CHUNKS.to_vec()),
                Sample::sealed("empty", Sizes::EIGHT, empty()),
            ]
        }
    }

    #[test]
    fn a_header_says_how_the_root_is_read() {
        let header: BTree2Header = crate::format::decode(&CHUNKS, 0, &NARROW, &Default::default()).unwrap();
        assert_eq!((header.root, header.root_records), (Some(Address(184_320)), 1));
        let shape = BTree2Shape::new(&header, NARROW).unwrap();
        assert!(shape.node(usize::from(header.depth), header.root_records).is_ok());
        let empty: BTree2Header =
            crate::format::decode(&empty(), 0, &Sizes::EIGHT, &Default::default()).unwrap();
        assert_eq!((empty.root, empty.total_records), (None, 0));
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1"),
            (5, 0, "record type is 0: 1 to 11 are known"),
            (5, 12, "record type is 12"),
        ];
        refuse_sealed::<BTree2Header>(CHUNKS.to_vec(), NARROW, &changes);
        refuse::<BTree2Header>(CHUNKS.to_vec(), NARROW, &[(9, 1, "checksum mismatch")]);
    }
}
