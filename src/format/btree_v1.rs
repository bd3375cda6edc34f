//! The version 1 B-tree: the nodes that lead to the links of an old-style group, or to the chunks of a dataset.
//!
//! Specification 4.0, III.A.1.
//!
//! ```text
//!  0  4  signature "TREE"
//!  4  1  node type: 0 group, 1 chunk
//!  5  1  level: 0 is a leaf
//!  6  2  entries used (n)
//!  8  O  left sibling
//!  .  O  right sibling
//!  .  .  key 0, child 0, key 1, child 1, …, child n-1, key n
//!
//! key of a group node                        key of a chunk node
//!  0  L  offset of a name in the local heap   0  4  stored bytes of the chunk
//!                                             4  4  filter mask
//!                                             8  8  offset in each dimension, in elements; the last one is 0
//! ```
//!
//! A node has room for 2K children and is followed by the slack of what it has less; a decoded node is only the
//! part in use. The names below child i are greater than key i and at most key i+1; the first chunk below child i
//! is key i. Reads and writes both types.

use super::{Framed, Wire};
use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};

/// A node whose keys are of type `K`. It has one key more than children.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node<K> {
    pub(crate) level: u8,
    pub(crate) left: Option<Address>,
    pub(crate) right: Option<Address>,
    pub(crate) keys: Vec<K>,
    pub(crate) children: Vec<Address>,
}

/// The key of a node type.
pub(crate) trait Key: Clone + Sized {
    const STRUCTURE: Structure;
    const NODE_TYPE: u8;

    fn len(cx: &NodeContext) -> usize;
    fn decode(r: &mut Reader<'_>, cx: &NodeContext) -> Result<Self>;
    fn encode(&self, w: &mut Writer, cx: &NodeContext) -> Result<()>;

    /// Tells whether the key may stand behind another one. A search in a node in disorder finds anything.
    fn may_follow(&self, before: &Self) -> bool;
}

/// What a node's bytes do not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeContext {
    pub(crate) sizes: Sizes,
    /// Half of the most children that a node has.
    pub(crate) k: u16,
    /// Of the dataset; 0 in group nodes.
    pub(crate) rank: usize,
}

impl NodeContext {
    /// The bytes that a node takes in the file, in use or not.
    pub(crate) fn node_len<K: Key>(&self) -> usize {
        used_len::<K>(self, 2 * usize::from(self.k))
    }
}

/// The offset of a name in the group's local heap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NameKey(pub(crate) u64);

impl Key for NameKey {
    const STRUCTURE: Structure = Structure::BTree1Group;
    const NODE_TYPE: u8 = 0;

    fn len(cx: &NodeContext) -> usize {
        cx.sizes.len()
    }

    fn decode(r: &mut Reader<'_>, cx: &NodeContext) -> Result<Self> {
        r.length(cx.sizes).map(NameKey)
    }

    fn encode(&self, w: &mut Writer, cx: &NodeContext) -> Result<()> {
        w.length(self.0, cx.sizes, "name offset")
    }

    /// Names are ordered in the heap's text, not by where they lie in it.
    fn may_follow(&self, _: &Self) -> bool {
        true
    }
}

/// The chunk that a child begins with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChunkKey {
    pub(crate) size: u32,
    pub(crate) filter_mask: u32,
    /// In elements; as many as the dataset has dimensions.
    pub(crate) offset: Vec<u64>,
    /// The offset in the "dimension" of the element's bytes; 0 in every file that counts.
    pub(crate) last: u64,
}

impl Key for ChunkKey {
    const STRUCTURE: Structure = Structure::BTree1Chunk;
    const NODE_TYPE: u8 = 1;

    fn len(cx: &NodeContext) -> usize {
        8 + 8 * (cx.rank + 1)
    }

    fn decode(r: &mut Reader<'_>, cx: &NodeContext) -> Result<Self> {
        let (size, filter_mask) = (r.u32()?, r.u32()?);
        let offset = (0..cx.rank).map(|_| r.u64()).collect::<Result<_>>()?;
        Ok(ChunkKey { size, filter_mask, offset, last: r.u64()? })
    }

    fn encode(&self, w: &mut Writer, _: &NodeContext) -> Result<()> {
        w.u32(self.size);
        w.u32(self.filter_mask);
        self.offset.iter().for_each(|&offset| w.u64(offset));
        w.u64(self.last);
        Ok(())
    }

    fn may_follow(&self, before: &Self) -> bool {
        self.offset > before.offset
    }
}

impl<K: Key> Wire for Node<K> {
    const STRUCTURE: Structure = K::STRUCTURE;
    type Context = NodeContext;

    fn decode(r: &mut Reader<'_>, cx: &NodeContext) -> Result<Self> {
        let (level, used) = head::<K>(r, cx)?;
        let left = r.address(cx.sizes)?;
        let right = r.address(cx.sizes)?;
        let count = r.count(used, K::len(cx) + cx.sizes.address())?;
        let (mut keys, mut children) = (Vec::with_capacity(count + 1), Vec::with_capacity(count));
        for _ in 0..count {
            let at = r.clone();
            let key = K::decode(r, cx)?;
            if keys.last().is_some_and(|before| !key.may_follow(before)) {
                return Err(at.bad("entry", keys.len() as u64, "its key is not greater than the one before"));
            }
            keys.push(key);
            children.push(r.defined_address(cx.sizes, "child address")?);
        }
        keys.push(K::decode(r, cx)?);
        Ok(Node { level, left, right, keys, children })
    }

    fn encoded_len(&self, cx: &NodeContext) -> Result<usize> {
        Ok(used_len::<K>(cx, self.children.len()))
    }

    fn encode(&self, w: &mut Writer, cx: &NodeContext) -> Result<()> {
        w.put(b"TREE");
        w.put(&[K::NODE_TYPE, self.level]);
        w.size(self.children.len(), 2, "entries used")?;
        w.address(self.left, cx.sizes)?;
        w.address(self.right, cx.sizes)?;
        for (key, child) in self.keys.iter().zip(&self.children) {
            key.encode(w, cx)?;
            w.address(Some(*child), cx.sizes)?;
        }
        self.keys.last().map_or(Ok(()), |last| last.encode(w, cx))
    }
}

impl<K: Key> Framed for Node<K> {
    fn prefix_len(_: &NodeContext) -> usize {
        8
    }

    fn extent(prefix: &mut Reader<'_>, cx: &NodeContext) -> Result<u64> {
        let (_, used) = head::<K>(prefix, cx)?;
        Ok(used_len::<K>(cx, crate::base::to_usize(used)?) as u64)
    }
}

fn used_len<K: Key>(cx: &NodeContext, children: usize) -> usize {
    8 + 2 * cx.sizes.address() + children * (K::len(cx) + cx.sizes.address()) + K::len(cx)
}

/// Reads up to the siblings: the level and the number of entries.
fn head<K: Key>(r: &mut Reader<'_>, cx: &NodeContext) -> Result<(u8, u64)> {
    r.signature(b"TREE")?;
    let at = r.clone();
    let node_type = r.u8()?;
    if node_type != K::NODE_TYPE {
        return Err(at.bad("node type", node_type, "not the type of this tree"));
    }
    let level = r.u8()?;
    let used = u64::from(r.u16()?);
    if used > 2 * u64::from(cx.k) {
        return Err(at.bad("entries used", used, "over twice the K of the file"));
    }
    Ok((level, used))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };
    const GROUP: NodeContext = NodeContext { sizes: NARROW, k: 2, rank: 0 };
    const CHUNK: NodeContext = NodeContext { sizes: NARROW, k: 1, rank: 1 };

    #[rustfmt::skip]
    fn group() -> Vec<u8> {
        [
            &b"TREE\0\0\x01\0"[..], &[0xff; 8],         // a leaf with one entry and no siblings
            &[0; 4], &[0, 8, 0, 0], &[8, 0, 0, 0],      // from the empty name over the node at 2048 to the name at 8
        ].concat()
    }

    #[rustfmt::skip]
    fn chunk() -> Vec<u8> {
        [
            &b"TREE\x01\0\x01\0"[..], &[0xff; 8],
            &[99, 0, 0, 0, 1, 0, 0, 0], &[0; 16],       // 99 bytes, the first filter left out, at 0
            &[0, 8, 0, 0],
            &[0; 8], &[10, 0, 0, 0, 0, 0, 0, 0], &[0; 8],
        ].concat()
    }

    impl Samples for Node<NameKey> {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("one symbol table node", GROUP, group())]
        }
    }

    impl Samples for Node<ChunkKey> {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("one chunk", CHUNK, chunk())]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 0, "signature"), (4, 1, "node type is 1"), (6, 5, "entries used is 5")];
        refuse::<Node<NameKey>>(group(), GROUP, &changes);
        refuse::<Node<ChunkKey>>(chunk(), CHUNK, &[(4, 0, "node type is 0"), (6, 3, "entries used is 3")]);
    }

    /// One bad key, and libhdf5 finds none of some chunks that are there.
    #[test]
    fn chunks_that_are_not_in_order_are_refused() {
        let mut two = chunk();
        two[6] = 2;
        let (key, child) = (two[16..40].to_vec(), [0, 16, 0, 0]);
        let mut second = [&key[..], &child].concat();
        second[8] = 5;
        two.splice(44..44, second);
        let node: Node<ChunkKey> = crate::format::decode(&two, 0, &CHUNK, &Default::default()).unwrap();
        assert_eq!((node.keys.len(), node.children.len()), (3, 2));
        refuse::<Node<ChunkKey>>(two, CHUNK, &[(52, 0, "entry is 1: its key is not greater")]);
    }
}
