//! Codes as a Huffman tree and the bits that lead through it.
//!
//! ```text
//!  0   4  code of a leaf with the value 0, little-endian
//!  4   4  number of nodes, big-endian
//!  8   4  half the number of values, big-endian
//! 12   .  tree, see `sz_codes`
//!  .   8  number of bytes that follow
//!  .   .  bits. None if the root is a leaf
//! ```

use super::super::sz_codes::{self, Tree};
use super::Input;
use crate::base::{Result, to_usize};

/// The codes of a stream, one after the other.
#[derive(Debug)]
pub(super) struct Codes<'a>(sz_codes::Codes<'a>);

impl<'a> Codes<'a> {
    pub(super) fn decode(input: &mut Input<'a>) -> Result<Self> {
        let offset = input.u32_le()?.cast_signed();
        let nodes = input.u32_be()?;
        input.u32_be()?;
        let tree = Tree::decode("sz3", input, nodes, offset)?;
        let len = to_usize(input.u64_le()?)?;
        let bits = if tree.is_leaf() { &[][..] } else { input.take(len)? };
        Ok(Codes(sz_codes::Codes::new(tree, bits)))
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<i32> {
        self.0.next()
    }
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
