//! Symbol table nodes and entries: the links of an old-style group.
//!
//! Specification 4.0, III.B and III.C.
//!
//! ```text
//! node                                          entry
//!  0  4  signature "SNOD"                        0  L  offset of the link's name in the local heap
//!  4  1  version (1)                             L  O  address of the object header
//!  5  1  reserved                                .  4  cache type
//!  6  2  number of symbols                       .  4  reserved
//!  8  .  entries                                 .  16 scratch-pad, by cache type:
//!                                                      1: B-tree address, local heap address
//!                                                      2: offset of the soft link's target in the heap
//! ```
//!
//! The specification gives the name's offset the size of offsets; libhdf5 (H5Gent.c) stores it with that of lengths.
//! A node has room for 2K entries (K from the superblock); those behind the last symbol are slack.
//! Reads and writes version 1.

use super::Wire;
use super::message::symbol_table::SymbolTable;
use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};

/// One link, as a symbol table node or the superblock holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SymbolTableEntry {
    pub(crate) name_offset: u64,
    /// A soft link has none; its bytes are kept as they were.
    pub(crate) header: Address,
    pub(crate) cache: Cache,
}

/// What the scratch-pad of an entry holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cache {
    Nothing([u8; 16]),
    Group { btree: Address, heap: Address, rest: Vec<u8> },
    SoftLink { target_offset: u32, rest: [u8; 12] },
}

impl SymbolTableEntry {
    /// A link to an object; where that is an old-style group, its own symbol table is kept with the link.
    pub(crate) fn hard(name_offset: u64, header: Address, table: Option<&SymbolTable>, sizes: Sizes) -> Self {
        let cache = match table {
            None => Cache::Nothing([0; 16]),
            Some(&SymbolTable { btree, heap }) => {
                Cache::Group { btree, heap, rest: vec![0; 16 - 2 * sizes.address()] }
            }
        };
        SymbolTableEntry { name_offset, header, cache }
    }

    pub(crate) fn soft(name_offset: u64, target_offset: u32, sizes: Sizes) -> Self {
        let none = Address(u64::MAX >> (64 - 8 * u32::from(sizes.offset.clamp(1, 8))));
        SymbolTableEntry {
            name_offset,
            header: none,
            cache: Cache::SoftLink { target_offset, rest: [0; 12] },
        }
    }

    pub(crate) fn len(sizes: Sizes) -> usize {
        sizes.len() + sizes.address() + 24
    }
}

impl Wire for SymbolTableEntry {
    const STRUCTURE: Structure = Structure::SymbolTableEntry;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let name_offset = r.length(*sizes)?;
        let header = Address(r.uint(sizes.address())?);
        let kind = r.u32()?;
        r.skip_padding(4, "reserved")?;
        let mut pad = r.block(16, Structure::SymbolTableEntry)?;
        let cache = match kind {
            0 => Cache::Nothing(pad.array()?),
            1 => Cache::Group {
                btree: Address(pad.uint(sizes.address())?),
                heap: Address(pad.uint(sizes.address())?),
                rest: pad.take_rest().to_vec(),
            },
            2 => Cache::SoftLink { target_offset: pad.u32()?, rest: pad.array()? },
            other => return Err(pad.bad("cache type", other, "0, 1 and 2 are known")),
        };
        Ok(SymbolTableEntry { name_offset, header, cache })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(Self::len(*sizes))
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.length(self.name_offset, *sizes, "link name offset")?;
        w.uint(self.header.0, sizes.address(), "object header address")?;
        w.u32(match self.cache {
            Cache::Nothing(_) => 0,
            Cache::Group { .. } => 1,
            Cache::SoftLink { .. } => 2,
        });
        w.u32(0);
        match &self.cache {
            Cache::Nothing(rest) => w.put(rest),
            Cache::Group { btree, heap, rest } => {
                w.uint(btree.0, sizes.address(), "B-tree address")?;
                w.uint(heap.0, sizes.address(), "local heap address")?;
                w.put(rest);
            }
            Cache::SoftLink { target_offset, rest } => {
                w.u32(*target_offset);
                w.put(rest);
            }
        }
        Ok(())
    }
}

/// A leaf of a group's B-tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SymbolTableNode {
    pub(crate) entries: Vec<SymbolTableEntry>,
    /// The bytes behind the last entry, up to the node's fixed size.
    pub(crate) slack: Vec<u8>,
}

impl SymbolTableNode {
    pub(crate) fn new(entries: Vec<SymbolTableEntry>, cx: &NodeContext) -> Self {
        let used = 8 + entries.len() * SymbolTableEntry::len(cx.sizes);
        SymbolTableNode { entries, slack: vec![0; cx.len().saturating_sub(used)] }
    }
}

/// What a node's bytes do not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeContext {
    pub(crate) sizes: Sizes,
    pub(crate) leaf_k: u16,
}

impl NodeContext {
    /// The bytes of every node of the file.
    pub(crate) fn len(self) -> usize {
        8 + 2 * usize::from(self.leaf_k) * SymbolTableEntry::len(self.sizes)
    }
}

impl Wire for SymbolTableNode {
    const STRUCTURE: Structure = Structure::SymbolTableNode;
    type Context = NodeContext;

    fn decode(r: &mut Reader<'_>, cx: &NodeContext) -> Result<Self> {
        r.signature(b"SNOD")?;
        r.version(1..=1)?;
        r.skip_padding(1, "reserved")?;
        let symbols = u64::from(r.u16()?);
        if symbols > 2 * u64::from(cx.leaf_k) {
            return Err(r.bad("number of symbols", symbols, "over twice the K of the file"));
        }
        let count = r.count(symbols, SymbolTableEntry::len(cx.sizes))?;
        let entries = (0..count).map(|_| SymbolTableEntry::decode(r, &cx.sizes)).collect::<Result<_>>()?;
        let free = cx.len() - 8 - count * SymbolTableEntry::len(cx.sizes);
        Ok(SymbolTableNode { entries, slack: r.take(free)?.to_vec() })
    }

    fn encoded_len(&self, cx: &NodeContext) -> Result<usize> {
        Ok(cx.len())
    }

    fn encode(&self, w: &mut Writer, cx: &NodeContext) -> Result<()> {
        w.put(b"SNOD");
        w.put(&[1, 0]);
        w.size(self.entries.len(), 2, "number of symbols")?;
        for entry in &self.entries {
            entry.encode(w, &cx.sizes)?;
        }
        w.put(&self.slack);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    #[rustfmt::skip]
    fn soft() -> Vec<u8> {
        [
            &[8, 0, 0, 0, 0xff, 0xff, 0xff, 0xff][..],  // name at 8, no header
            &[2, 0, 0, 0, 0, 0, 0, 0],                  // a soft link
            &[16, 0, 0, 0], &[0; 12],                   // its target at 16
        ].concat()
    }

    #[rustfmt::skip]
    fn group() -> Vec<u8> {
        [
            &[24, 0, 0, 0, 96, 0, 0, 0][..],            // name at 24, header at 96
            &[1, 0, 0, 0, 0, 0, 0, 0],                  // a group
            &[136, 0, 0, 0, 168, 2, 0, 0], &[0; 8],     // its B-tree and its heap
        ].concat()
    }

    fn node() -> Vec<u8> {
        [&b"SNOD\x01\0\x02\0"[..], &soft(), &group(), &[0; 64]].concat()
    }

    impl Samples for SymbolTableEntry {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("soft", NARROW, soft()), Sample::plain("group", NARROW, group())]
        }
    }

    impl Samples for SymbolTableNode {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("two links", NodeContext { sizes: NARROW, leaf_k: 2 }, node())]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse::<SymbolTableEntry>(soft(), NARROW, &[(8, 3, "cache type is 3")]);
        let cx = NodeContext { sizes: NARROW, leaf_k: 2 };
        refuse::<SymbolTableNode>(
            node(),
            cx,
            &[(0, 0, "signature"), (4, 2, "version 2"), (6, 5, "number of symbols is 5")],
        );
    }
}
