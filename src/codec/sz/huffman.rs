//! Symbols in Huffman codes, and the tree that says what each code means.
//!
//! ```text
//!  0  1  byte order of what follows, 0 for little-endian
//!  .  .  for each node its left child, 0 for none: 1, 2 or 4 bytes for up to 256, up to 65536 and more nodes
//!  .  .  for each node its right child
//!  .  4  for each node its symbol
//!  .  1  for each node whether it has a symbol or else children
//! ```
//!
//! The first node is the root, and children come behind their parent. A tree of one node has codes without bits.

use super::super::bits::BitReader;
use super::super::damaged;
use super::super::input::Input;
use crate::base::{Error, Result, to_usize};

#[derive(Debug)]
pub(super) struct Tree {
    root: Step,
    /// Where a 0 and where a 1 leads, for each node that has no symbol.
    branches: Vec<[Step; 2]>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Branch(u32),
    Symbol(i32),
}

/// The symbols of a stream of codes.
#[derive(Debug)]
pub(super) struct Symbols<'a> {
    tree: Tree,
    bits: BitReader<'a>,
}

impl Tree {
    /// Takes a tree of that many nodes.
    pub(super) fn decode(input: &mut Input<'_>, nodes: u32) -> Result<Self> {
        if input.u8()? != 0 {
            return Err(Error::unsupported("SZ's streams of big-endian machines"));
        }
        let width = match nodes {
            0..=256 => 1,
            257..=65536 => 2,
            _ => 4,
        };
        let count = to_usize(u64::from(nodes))?;
        let all = |width: usize| count.checked_mul(width).ok_or_else(|| damaged("sz", "a tree without end"));
        let (left, right) = (input.take(all(width)?)?, input.take(all(width)?)?);
        let symbols = input.take(all(4)?)?;
        let kinds = input.take(count)?;
        let step = |node: u32, above: Option<u32>| {
            let at = to_usize(u64::from(node))?;
            match kinds.get(at) {
                Some(_) if above.is_some_and(|above| node <= above) => {
                    Err(damaged("sz", format!("node {node} of a tree is not behind its parent")))
                }
                Some(0) => Ok(Step::Branch(node)),
                Some(_) => Ok(Step::Symbol(i32::from_le_bytes(own(&symbols[4 * at..4 * at + 4])))),
                None => Err(damaged("sz", format!("no node {node} in a tree of {nodes}"))),
            }
        };
        let child =
            |children: &[u8], at: usize| u32::from_le_bytes(own(&children[width * at..width * (at + 1)]));
        let root = step(0, None)?;
        let mut branches = Vec::with_capacity(count);
        for (at, node) in (0..count).zip(0..nodes) {
            branches.push(match kinds[at] {
                0 => [step(child(left, at), Some(node))?, step(child(right, at), Some(node))?],
                _ => [root; 2],
            });
        }
        Ok(Tree { root, branches })
    }
}

/// Up to four bytes as four.
fn own(bytes: &[u8]) -> [u8; 4] {
    let mut own = [0; 4];
    own[..bytes.len()].copy_from_slice(bytes);
    own
}

impl<'a> Symbols<'a> {
    pub(super) fn new(tree: Tree, codes: &'a [u8]) -> Self {
        Symbols { tree, bits: BitReader::new(codes) }
    }

    /// Takes a tree and the codes behind it out of `bytes`: the number of nodes, half the number of symbols there could
    /// be, the tree, the codes.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self> {
        let mut input = Input::new("sz", bytes);
        let nodes = input.u32_be()?;
        input.take(4)?;
        let tree = Tree::decode(&mut input, nodes)?;
        Ok(Symbols::new(tree, input.rest()))
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<i32> {
        let mut step = self.tree.root;
        loop {
            match step {
                Step::Symbol(symbol) => return Ok(symbol),
                Step::Branch(at) => {
                    let bit = self.bits.read(1).ok_or_else(|| damaged("sz", "the codes end too early"))?;
                    // Branches lead to nodes that there are.
                    step = self.tree.branches[at as usize][usize::from(bit != 0)];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(bytes: &[u8], nodes: u32) -> Result<Tree> {
        Tree::decode(&mut Input::new("sz", bytes), nodes)
    }

    /// The symbol 7 has the code 0, 8 has 10, 9 has 11.
    fn three() -> Vec<u8> {
        let symbols = [0u32, 7, 0, 8, 9].map(u32::to_le_bytes).concat();
        [&[0, 1, 0, 3, 0, 0, 2, 0, 4, 0, 0][..], &symbols, &[0, 1, 0, 1, 1]].concat()
    }

    #[test]
    fn codes_lead_to_symbols() {
        let mut symbols = Symbols::new(tree(&three(), 5).unwrap(), &[0b0101_1100]);
        let found: Vec<i32> = (0..5).map(|_| symbols.next().unwrap()).collect();
        assert_eq!(found, [7, 8, 9, 8, 7]);
        assert!(symbols.next().is_err());
        let one = [0, 0, 0, 5, 0, 0, 0, 1];
        let mut symbols = Symbols::new(tree(&one, 1).unwrap(), &[]);
        assert_eq!([symbols.next().unwrap(), symbols.next().unwrap()], [5, 5]);
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
            let mut symbols = Symbols::new(tree(&bytes, nodes).unwrap(), &[0x80]);
            assert_eq!([symbols.next().unwrap(), symbols.next().unwrap()], [3, 0]);
        }
    }

    #[test]
    fn trees_that_are_none_are_refused() {
        let words = |at: usize, byte: u8| {
            let mut bytes = three();
            bytes[at] = byte;
            tree(&bytes, 5).unwrap_err().to_string()
        };
        assert!(words(0, 1).contains("big-endian"));
        assert!(words(1, 0).contains("node 0 of a tree is not behind its parent"));
        assert!(words(8, 2).contains("node 2 of a tree is not behind its parent"));
        assert!(words(8, 5).contains("no node 5 in a tree of 5"));
        assert!(tree(&[0], 0).is_err() && tree(&three(), u32::MAX).is_err());
        assert!((0..three().len()).all(|cut| tree(&three()[..cut], 5).is_err()));
    }
}
