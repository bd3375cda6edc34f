//! Codes as a Huffman tree and the bits that lead through it.
//!
//! ```text
//!  0   4  code of a leaf with the value 0, little-endian
//!  4   4  number of nodes n, big-endian
//!  8   4  half the number of values, big-endian
//! 12   1  byte order of what follows: 0 little-endian
//! 13  wn  left children, 0 for none; w is 1 for up to 256 nodes, 2 for up to 65536, else 4
//!  .  wn  right children
//!  .  4n  values
//!  .   n  whether it is a leaf
//!  .   8  number of bytes that follow
//!  .   .  bits, the highest of each byte first: 0 leads to the left. None if the root is a leaf
//! ```

use super::super::bits::BitReader;
use super::{Input, damaged};
use crate::base::{Error, Result, to_usize};

/// The codes of a stream, one after the other.
#[derive(Debug)]
pub(super) struct Codes<'a> {
    nodes: Vec<Node>,
    bits: BitReader<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Node {
    Leaf(i32),
    /// Where it goes on after a 0 and after a 1.
    Inner([usize; 2]),
}

impl<'a> Codes<'a> {
    pub(super) fn decode(input: &mut Input<'a>) -> Result<Self> {
        let nodes = decode_tree(input)?;
        let len = to_usize(input.u64_le()?)?;
        let bits = if nodes.len() == 1 { &[][..] } else { input.take(len)? };
        Ok(Codes { nodes, bits: BitReader::new(bits) })
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<i32> {
        let mut node = self.nodes[0];
        loop {
            match node {
                Node::Leaf(code) => return Ok(code),
                Node::Inner(children) => {
                    let Some(bit) = self.bits.read(1) else {
                        return Err(damaged("sz3", "the codes end too early"));
                    };
                    node = self.nodes[children[usize::from(bit != 0)]];
                }
            }
        }
    }
}

fn decode_tree(input: &mut Input<'_>) -> Result<Vec<Node>> {
    let offset = input.u32_le()?.cast_signed();
    let count = to_usize(u64::from(input.u32_be()?))?;
    input.u32_be()?;
    let order = input.u8()?;
    if order != 0 {
        return Err(Error::unsupported(format!("SZ3 with numbers in the byte order {order}")));
    }
    let width = match count {
        0..=256 => 1,
        257..=65536 => 2,
        _ => 4,
    };
    let mut column =
        |width: usize| -> Result<_> { Ok(input.take(count.saturating_mul(width))?.chunks_exact(width)) };
    let (left, right, values, leaves) = (column(width)?, column(width)?, column(4)?, column(1)?);
    let mut nodes = Vec::with_capacity(count);
    for (index, (((left, right), value), leaf)) in left.zip(right).zip(values).zip(leaves).enumerate() {
        nodes.push(match leaf {
            [1] => Node::Leaf(number(value)?.cast_signed().wrapping_add(offset)),
            [0] => Node::Inner([child(left, index, count)?, child(right, index, count)?]),
            _ => return Err(damaged("sz3", format!("node {index} is neither a leaf nor not"))),
        });
    }
    if nodes.is_empty() { Err(damaged("sz3", "a tree without nodes")) } else { Ok(nodes) }
}

/// Nodes are numbered from the root on, so that a child comes behind its parent.
fn child(stored: &[u8], parent: usize, count: usize) -> Result<usize> {
    let child = to_usize(u64::from(number(stored)?))?;
    if child > parent && child < count {
        return Ok(child);
    }
    Err(damaged("sz3", format!("node {parent} of {count} leads to {child}")))
}

fn number(stored: &[u8]) -> Result<u32> {
    let mut wide = [0; 4];
    wide[..stored.len()].copy_from_slice(stored);
    Input::new("sz3", &wide).u32_le()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0: 10, 10: 11, 11: 12; as bits 0, 10, 11, 0.
    const STORED: [u8; 57] = [
        10,
        0,
        0,
        0,
        0,
        0,
        0,
        5,
        0,
        0,
        0,
        2,
        0, // five nodes
        1,
        0,
        3,
        0,
        0,
        2,
        0,
        4,
        0,
        0, // children
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        2,
        0,
        0,
        0, // values
        0,
        1,
        0,
        1,
        1, // leaves
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0b0101_1000,
    ];

    fn codes(stored: &[u8]) -> Result<Codes<'_>> {
        Codes::decode(&mut Input::new("sz3", stored))
    }

    #[test]
    fn bits_lead_to_the_leaves() {
        let mut codes = codes(&STORED).unwrap();
        let first: Vec<i32> = (0..4).map(|_| codes.next().unwrap()).collect();
        assert_eq!(first, [10, 11, 12, 10]);
        let more = (0..2).try_for_each(|_| codes.next().map(|_| ()));
        assert!(more.is_ok() && codes.next().is_err(), "each bit that fills the last byte is a code");
    }

    #[test]
    fn a_lone_leaf_needs_no_bits() {
        let stored = [&[5, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1][..], &[0; 8]].concat();
        let mut codes = codes(&stored).unwrap();
        assert_eq!([codes.next().unwrap(), codes.next().unwrap()], [6, 6]);
    }

    #[test]
    fn a_tree_that_is_none_is_refused() {
        let error = |place: usize, byte: u8| {
            let mut stored = STORED;
            stored[place] = byte;
            codes(&stored).unwrap_err().to_string()
        };
        assert!(error(13, 0).contains("node 0 of 5 leads to 0"));
        assert!(error(20, 5).contains("node 2 of 5 leads to 5"));
        assert!(error(20, 2).contains("node 2 of 5 leads to 2"));
        assert!(error(43, 2).contains("node 0 is neither"));
        assert!(error(7, 0).contains("without nodes"));
        assert!(error(12, 1).contains("byte order 1"));
        assert!(error(5, 1).contains("bytes needed"));
        assert!(error(48, 2).contains("2 bytes needed, 1 there"));
    }
}
