//! The shared message table and its indexes: messages that several object headers have in common.
//!
//! Specification 4.0, III.I.
//!
//! ```text
//! table                                          record, of 17 bytes where addresses have up to 8
//!  0  4  signature "SMTB"                         0  1  location: 0 in the heap, 1 in an object header
//!  4  .  indexes                                  1  4  hash of the message
//!  .  4  checksum                                in the heap                in an object header
//!                                                 5  4  reference count      5  1  reserved
//! index                                           9  8  heap identifier      6  1  message type
//!  0  1  version (0)                                                         7  2  creation index
//!  1  1  type: 0 list, 1 B-tree                                              9  O  address of the object header
//!  2  2  message types, bit n for type n                                     .  .  not used, up to the same length
//!  4  4  minimum message size
//!  8  2  most messages of a list                 list
//! 10  2  fewest messages of a B-tree              0  4  signature "SMLI"
//! 12  2  number of messages                       4  .  records
//! 14  O  address of the list or B-tree            .  4  checksum
//!  .  O  address of the fractal heap              .  .  not used, room for the most messages of a list
//! ```
//!
//! The specification numbers the bits of the message types from 0 to 4; libhdf5 stores a bit for each type's own number
//! (dataspaces bit 1, datatypes 3, fill values 5, filter pipelines 11, attributes 12). The hash is lookup3 over the
//! message, begun with its type. B-trees of shared messages hold the same records. Reads and writes version 0.

use super::{Framed, Wire};
use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SharedMessageTable {
    pub(crate) indexes: Vec<SharedIndex>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SharedIndex {
    pub(crate) kind: IndexKind,
    /// Bit n stands for messages of type n.
    pub(crate) message_types: u16,
    pub(crate) min_message_size: u32,
    pub(crate) list_max: u16,
    pub(crate) btree_min: u16,
    pub(crate) messages: u16,
    /// Of the list or the B-tree; an index without messages has none.
    pub(crate) index: Option<Address>,
    pub(crate) heap: Option<Address>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexKind {
    List,
    BTree,
}

/// What the superblock extension says of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableContext {
    pub(crate) sizes: Sizes,
    pub(crate) indexes: u8,
}

impl TableContext {
    fn len(&self) -> usize {
        8 + usize::from(self.indexes) * (14 + 2 * self.sizes.address())
    }
}

impl Wire for SharedMessageTable {
    const STRUCTURE: Structure = Structure::SharedMessageTable;
    type Context = TableContext;

    fn decode(r: &mut Reader<'_>, cx: &TableContext) -> Result<Self> {
        let mut body = r.block(cx.len() as u64, Structure::SharedMessageTable)?.checked()?;
        body.signature(b"SMTB")?;
        let indexes =
            (0..cx.indexes).map(|_| SharedIndex::decode(&mut body, cx.sizes)).collect::<Result<_>>()?;
        body.finish()?;
        Ok(SharedMessageTable { indexes })
    }

    fn encoded_len(&self, cx: &TableContext) -> Result<usize> {
        Ok(cx.len())
    }

    fn encode(&self, w: &mut Writer, cx: &TableContext) -> Result<()> {
        w.put(b"SMTB");
        self.indexes.iter().try_for_each(|index| index.encode(w, cx.sizes))?;
        w.checksum();
        Ok(())
    }
}

impl Framed for SharedMessageTable {
    fn prefix_len(_: &TableContext) -> usize {
        4
    }

    fn extent(_: &mut Reader<'_>, cx: &TableContext) -> Result<u64> {
        Ok(cx.len() as u64)
    }
}

impl SharedIndex {
    /// Tells whether messages of this type are shared here.
    pub(crate) fn shares(&self, message_type: u8) -> bool {
        1u16.checked_shl(u32::from(message_type)).is_some_and(|bit| self.message_types & bit != 0)
    }

    /// What the index's list is decoded by.
    pub(crate) fn list_context(&self, sizes: Sizes) -> ListContext {
        ListContext { sizes, messages: self.messages, list_max: self.list_max }
    }

    fn decode(r: &mut Reader<'_>, sizes: Sizes) -> Result<Self> {
        r.version(0..=0)?;
        let at = r.clone();
        let kind = match r.u8()? {
            0 => IndexKind::List,
            1 => IndexKind::BTree,
            kind => return Err(at.bad("type of a shared message index", kind, "0 and 1 are known")),
        };
        Ok(SharedIndex {
            kind,
            message_types: r.u16()?,
            min_message_size: r.u32()?,
            list_max: r.u16()?,
            btree_min: r.u16()?,
            messages: r.u16()?,
            index: r.address(sizes)?,
            heap: r.address(sizes)?,
        })
    }

    fn encode(&self, w: &mut Writer, sizes: Sizes) -> Result<()> {
        w.u8(0);
        w.u8(if self.kind == IndexKind::List { 0 } else { 1 });
        w.u16(self.message_types);
        w.u32(self.min_message_size);
        w.u16(self.list_max);
        w.u16(self.btree_min);
        w.u16(self.messages);
        w.address(self.index, sizes)?;
        w.address(self.heap, sizes)
    }
}

/// The messages of an index while they are few.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SharedMessageList {
    pub(crate) records: Vec<SharedMessageRecord>,
    /// The bytes behind the checksum, up to the list's fixed size.
    pub(crate) slack: Vec<u8>,
}

/// What the index says of its list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListContext {
    pub(crate) sizes: Sizes,
    pub(crate) messages: u16,
    pub(crate) list_max: u16,
}

impl ListContext {
    fn len(&self, messages: u16) -> usize {
        8 + usize::from(messages) * SharedMessageRecord::len(self.sizes)
    }
}

impl Wire for SharedMessageList {
    const STRUCTURE: Structure = Structure::SharedMessageList;
    type Context = ListContext;

    fn decode(r: &mut Reader<'_>, cx: &ListContext) -> Result<Self> {
        if cx.messages > cx.list_max {
            return Err(r.bad("number of messages", cx.messages, "more than a list may have"));
        }
        let used = cx.len(cx.messages);
        let mut body = r.block(used as u64, Structure::SharedMessageList)?.checked()?;
        body.signature(b"SMLI")?;
        let records = (0..cx.messages)
            .map(|_| SharedMessageRecord::decode(&mut body, &cx.sizes))
            .collect::<Result<_>>()?;
        body.finish()?;
        Ok(SharedMessageList { records, slack: r.take(cx.len(cx.list_max) - used)?.to_vec() })
    }

    fn encoded_len(&self, cx: &ListContext) -> Result<usize> {
        Ok(cx.len(cx.list_max))
    }

    fn encode(&self, w: &mut Writer, cx: &ListContext) -> Result<()> {
        w.put(b"SMLI");
        self.records.iter().try_for_each(|record| record.encode(w, &cx.sizes))?;
        w.checksum();
        w.put(&self.slack);
        Ok(())
    }
}

impl Framed for SharedMessageList {
    fn prefix_len(_: &ListContext) -> usize {
        4
    }

    fn extent(_: &mut Reader<'_>, cx: &ListContext) -> Result<u64> {
        Ok(cx.len(cx.list_max) as u64)
    }
}

/// Where one shared message is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SharedMessageRecord {
    pub(crate) hash: u32,
    pub(crate) location: SharedLocation,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SharedLocation {
    Heap {
        references: u32,
        id: [u8; 8],
    },
    Header {
        message_type: u8,
        creation_index: u16,
        header: Address,
        /// What is left of the record where addresses are narrow.
        rest: Vec<u8>,
    },
}

impl SharedMessageRecord {
    pub(crate) fn len(sizes: Sizes) -> usize {
        5 + (4 + sizes.address()).max(12)
    }
}

impl Wire for SharedMessageRecord {
    const STRUCTURE: Structure = Structure::SharedMessageRecord;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let mut r = r.block(Self::len(*sizes) as u64, Structure::SharedMessageRecord)?;
        let at = r.clone();
        let place = r.u8()?;
        let hash = r.u32()?;
        let location = match place {
            0 => SharedLocation::Heap { references: r.u32()?, id: r.array()? },
            1 => {
                r.skip_padding(1, "reserved")?;
                SharedLocation::Header {
                    message_type: r.u8()?,
                    creation_index: r.u16()?,
                    header: r.defined_address(*sizes, "address of an object header")?,
                    rest: r.take_rest().to_vec(),
                }
            }
            _ => return Err(at.bad("location of a shared message", place, "0 and 1 are known")),
        };
        r.finish()?;
        Ok(SharedMessageRecord { hash, location })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(Self::len(*sizes))
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        let begin = w.position();
        match &self.location {
            SharedLocation::Heap { references, id } => {
                w.u8(0);
                w.u32(self.hash);
                w.u32(*references);
                w.put(id);
            }
            SharedLocation::Header { message_type, creation_index, header, rest } => {
                w.u8(1);
                w.u32(self.hash);
                w.put(&[0, *message_type]);
                w.u16(*creation_index);
                w.address(Some(*header), *sizes)?;
                w.put(rest);
            }
        }
        // A record made here needn't say what is in the bytes that are not used.
        match Self::len(*sizes).checked_sub(w.position() - begin) {
            Some(unused) => w.fill(unused, 0),
            None => return Err(Error::field("bytes of a shared message record", 0, "over their length")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse, refuse_sealed, sealed};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };
    const THREE: TableContext = TableContext { sizes: Sizes::EIGHT, indexes: 3 };
    const LIST: ListContext = ListContext { sizes: Sizes::EIGHT, messages: 3, list_max: 5 };
    const FULL: ListContext = ListContext { sizes: NARROW, messages: 2, list_max: 2 };

    /// As libhdf5 2.0 wrote it, with the list below.
    #[rustfmt::skip]
    fn table() -> Vec<u8> {
        [
            &b"SMTB"[..],
            &[0, 0, 0x08, 0, 10, 0, 0, 0],                  // a list of datatypes from 10 bytes on
            &[5, 0, 2, 0, 3, 0],                            // up to 5, down to 2; three messages
            &[0x5d, 3, 0, 0, 0, 0, 0, 0],                   // list at 861
            &[0xba, 3, 0, 0, 0, 0, 0, 0],                   // heap at 954
            &[0, 1, 0, 0x10, 10, 0, 0, 0],                  // a B-tree of attributes
            &[5, 0, 2, 0, 15, 0],
            &[0xc9, 7, 0, 0, 0, 0, 0, 0, 0xc5, 4, 0, 0, 0, 0, 0, 0],
            &[0, 1, 0x22, 0x08, 1, 0, 0, 0],                // one of dataspaces, fill values, filters
            &[5, 0, 2, 0, 6, 0],
            &[0xc8, 0x18, 0, 0, 0, 0, 0, 0, 0xcb, 2, 0, 0, 0, 0, 0, 0],
            &[0xe6, 0xed, 0x97, 0xa1],                      // checksum
        ].concat()
    }

    #[rustfmt::skip]
    fn list() -> Vec<u8> {
        [
            &b"SMLI"[..],
            &[0, 0x7b, 0x64, 0x0c, 0xb2, 14, 0, 0, 0],      // in the heap, hash, 14 references
            &[0, 0x22, 0, 0, 0, 0, 63, 0],                  // identifier: 63 bytes at 34
            &[0, 0xd2, 0xf7, 0xf6, 0x8c, 12, 0, 0, 0],
            &[0, 0x16, 0, 0, 0, 0, 12, 0],
            &[0, 0x1e, 0x19, 0x55, 0x3d, 12, 0, 0, 0],
            &[0, 0x61, 0, 0, 0, 0, 12, 0],
            &[0xcd, 0x92, 0xf7, 0x44],                      // checksum
            &[0; 34],                                       // room for two more
        ].concat()
    }

    #[rustfmt::skip]
    const IN_HEAP: [u8; 17] = [
        0, 1, 2, 3, 4,                              // in the heap; hash
        5, 0, 0, 0,                                 // five references
        0, 22, 0, 0, 0, 0, 30, 0,                   // identifier
    ];
    #[rustfmt::skip]
    const IN_HEADER: [u8; 17] = [
        1, 1, 2, 3, 4,                              // in an object header; hash
        0, 3, 7, 0,                                 // datatype, creation index 7
        0, 8, 0, 0,                                 // header at 2048
        9, 9, 9, 9,
    ];

    fn full_list() -> Vec<u8> {
        sealed(&[&b"SMLI"[..], &IN_HEAP, &IN_HEADER].concat())
    }

    impl Samples for SharedMessageTable {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::sealed("list and B-trees", THREE, table())]
        }
    }

    impl Samples for SharedMessageList {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::sealed("full", FULL, full_list()), Sample::plain("with room", LIST, list())]
        }
    }

    impl Samples for SharedMessageRecord {
        fn samples() -> Vec<Sample<Self>> {
            let wide = [&IN_HEADER[..13], &[0; 4]].concat();
            vec![
                Sample::plain("in the heap", NARROW, IN_HEAP.to_vec()),
                Sample::plain("in a header", NARROW, IN_HEADER.to_vec()),
                Sample::plain("in a header, wide", Sizes::EIGHT, wide),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes =
            [(0, 0, "signature"), (4, 1, "version 1"), (5, 2, "type of a shared message index is 2")];
        refuse_sealed::<SharedMessageTable>(table(), THREE, &changes);
        refuse_sealed::<SharedMessageList>(full_list(), FULL, &[(0, 0, "signature")]);
        let long = ListContext { messages: 6, ..LIST };
        refuse::<SharedMessageList>(list(), long, &[(0, b'S', "number of messages is 6")]);
        refuse::<SharedMessageList>(list(), LIST, &[(5, 0, "checksum mismatch")]);
        let changes = [(0, 2, "location of a shared message is 2")];
        refuse::<SharedMessageRecord>(IN_HEAP.to_vec(), NARROW, &changes);
    }

    #[test]
    fn a_bit_stands_for_the_type_of_its_number() {
        let table: SharedMessageTable =
            crate::format::decode(&table(), 0, &THREE, &Default::default()).unwrap();
        let shared =
            |index: usize| (0..=255).filter(|&t| table.indexes[index].shares(t)).collect::<Vec<u8>>();
        assert_eq!([shared(0), shared(1), shared(2)], [vec![3], vec![12], vec![1, 5, 11]]);
    }
}
