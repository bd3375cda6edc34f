//! The Huffman codes of SZ and SZ3, and the tree that says what each code means.
//!
//! ```text
//!  0   1  byte order of what follows: 0 little-endian
//!  1  wn  for each of n nodes its left child, 0 for none; w is 1 for up to 256 nodes, 2 for up to 65536, else 4
//!  .  wn  right children
//!  .  4n  values
//!  .   n  whether it is a leaf
//! ```
//!
//! The bits of the codes come from the highest of each byte on; 0 leads to the left. There are none if the root is a
//! leaf.

use super::bits::BitReader;
use super::damaged;
use super::input::Input;
use crate::base::{Error, Result, to_usize};

#[derive(Debug)]
pub(super) struct Tree {
    codec: &'static str,
    /// At least one.
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug)]
enum Node {
    Leaf(i32),
    /// Where it goes on after a 0 and after a 1.
    Inner([usize; 2]),
}

impl Tree {
    /// Takes a tree of `count` nodes, to whose values the offset is added.
    pub(super) fn decode(
        codec: &'static str,
        input: &mut Input<'_>,
        count: u32,
        offset: i32,
    ) -> Result<Self> {
        let count = to_usize(u64::from(count))?;
        let order = input.u8()?;
        if order != 0 {
            return Err(Error::unsupported(format!("{codec} with numbers in the byte order {order}")));
        }
        let width = match count {
            0..=256 => 1,
            257..=65536 => 2,
            _ => 4,
        };
        let mut column =
            |width: usize| -> Result<_> { Ok(input.take(count.saturating_mul(width))?.chunks_exact(width)) };
        let (left, right, values, leaves) = (column(width)?, column(width)?, column(4)?, column(1)?);
        // Nodes are numbered from the root on, so that a child comes behind its parent.
        let child = |stored: &[u8], parent: usize| {
            let child = to_usize(u64::from(number(stored)))?;
            match child > parent && child < count {
                true => Ok(child),
                false => Err(damaged(codec, format!("node {parent} of {count} leads to {child}"))),
            }
        };
        let mut nodes = Vec::with_capacity(count);
        for (index, (((left, right), value), leaf)) in left.zip(right).zip(values).zip(leaves).enumerate() {
            nodes.push(match leaf {
                [1] => Node::Leaf(number(value).cast_signed().wrapping_add(offset)),
                [0] => Node::Inner([child(left, index)?, child(right, index)?]),
                _ => return Err(damaged(codec, format!("node {index} is neither a leaf nor not"))),
            });
        }
        if nodes.is_empty() { Err(damaged(codec, "a tree without nodes")) } else { Ok(Tree { codec, nodes }) }
    }

    /// Tells whether codes have no bits.
    #[cfg(feature = "sz3")]
    pub(super) fn is_leaf(&self) -> bool {
        self.nodes.len() == 1
    }
}

/// A little-endian number of up to four bytes.
fn number(stored: &[u8]) -> u32 {
    let mut wide = [0; 4];
    wide[..stored.len()].copy_from_slice(stored);
    u32::from_le_bytes(wide)
}

/// The codes of a stream, one after the other.
#[derive(Debug)]
pub(super) struct Codes<'a> {
    tree: Tree,
    bits: BitReader<'a>,
}

impl<'a> Codes<'a> {
    pub(super) fn new(tree: Tree, bits: &'a [u8]) -> Self {
        Codes { tree, bits: BitReader::new(bits) }
    }

    /// The value of the next code.
    #[inline]
    pub(super) fn next(&mut self) -> Result<i32> {
        let mut node = self.tree.nodes[0];
        loop {
            match node {
                Node::Leaf(value) => return Ok(value),
                Node::Inner(children) => {
                    let Some(bit) = self.bits.read(1) else {
                        return Err(damaged(self.tree.codec, "the codes end too early"));
                    };
                    node = self.tree.nodes[children[usize::from(bit != 0)]];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(bytes: &[u8], nodes: u32) -> Result<Tree> {
        Tree::decode("test", &mut Input::new("test", bytes), nodes, 10)
    }

    /// 17 has the code 0, 18 has 10, 19 has 11.
    fn three() -> Vec<u8> {
        let values = [0u32, 7, 0, 8, 9].map(u32::to_le_bytes).concat();
        [&[0, 1, 0, 3, 0, 0, 2, 0, 4, 0, 0][..], &values, &[0, 1, 0, 1, 1]].concat()
    }

    #[test]
    fn codes_lead_to_values() {
        let mut codes = Codes::new(tree(&three(), 5).unwrap(), &[0b0101_1100]);
        let found: Vec<i32> = (0..5).map(|_| codes.next().unwrap()).collect();
        assert_eq!(found, [17, 18, 19, 18, 17]);
        assert!(codes.next().is_err());
        let mut codes = Codes::new(tree(&[0, 0, 0, 5, 0, 0, 0, 1], 1).unwrap(), &[]);
        assert_eq!([codes.next().unwrap(), codes.next().unwrap()], [15, 15]);
    }

    #[test]
    fn children_have_two_or_four_bytes_in_large_trees() {
        for (nodes, width) in [(257u32, 2), (65537, 4)] {
            let count = nodes as usize;
            let mut bytes = vec![0; 1 + count * (2 * width + 5)];
            (bytes[1], bytes[1 + width * count]) = (1, 2);
            bytes[1 + 2 * width * count + 8] = 3;
            let kinds = bytes.len() - count;
            bytes[kinds + 1..].fill(1);
            let mut codes = Codes::new(tree(&bytes, nodes).unwrap(), &[0x80]);
            assert_eq!([codes.next().unwrap(), codes.next().unwrap()], [13, 10]);
        }
    }

    #[test]
    fn trees_that_are_none_are_refused() {
        let words = |at: usize, byte: u8| {
            let mut bytes = three();
            bytes[at] = byte;
            tree(&bytes, 5).unwrap_err().to_string()
        };
        assert!(words(0, 1).contains("byte order 1"));
        assert!(words(1, 0).contains("node 0 of 5 leads to 0"));
        assert!(words(8, 2).contains("node 2 of 5 leads to 2"));
        assert!(words(8, 5).contains("node 2 of 5 leads to 5"));
        assert!(words(31, 2).contains("node 0 is neither"));
        assert!(tree(&[0], 0).unwrap_err().to_string().contains("without nodes"));
        assert!(tree(&three(), u32::MAX).is_err());
        assert!((0..three().len()).all(|cut| tree(&three()[..cut], 5).is_err()));
    }
}
