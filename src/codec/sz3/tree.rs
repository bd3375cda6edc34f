//! The making of a Huffman tree and of the bits that lead through it; what is stored is in `huffman` and `sz_codes`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::base::{Error, Result, to_usize};
use crate::codec::bits::BitWriter;

/// The most bits of a code. To need more, a chunk would have more elements than there is memory for.
const MOST_BITS: u32 = 64;

/// A node; children are numbers of nodes.
#[derive(Clone, Copy)]
enum Node {
    Leaf(usize),
    Inner([usize; 2]),
}

/// Appends the tree for some codes, of which there is one at least, and the bits of each.
pub(super) fn encode(codes: &[i32], output: &mut Vec<u8>) -> Result<()> {
    let (least, most) = (codes.iter().min().copied().unwrap_or(0), codes.iter().max().copied().unwrap_or(0));
    let span = to_usize(u64::from(most.abs_diff(least)))?;
    let of = |code: i32| code.abs_diff(least) as usize;
    let mut counts = vec![0u64; span + 1];
    codes.iter().for_each(|&code| counts[of(code)] += 1);
    let nodes = from_the_root(&grow(&counts));
    output.extend(least.to_le_bytes());
    output.extend(narrow(nodes.len())?.to_be_bytes());
    output.extend(narrow(span.div_euclid(2) + 1)?.to_be_bytes());
    encode_nodes(&nodes, output)?;
    let paths = paths(&nodes, span + 1)?;
    let mut bits = Vec::new();
    let mut writer = BitWriter::new(&mut bits);
    for &code in codes {
        let (path, width) = paths[of(code)];
        writer.write(path, width);
    }
    writer.finish();
    output.extend((bits.len() as u64).to_le_bytes());
    output.extend(bits);
    Ok(())
}

/// Joins the two rarest nodes until all are one tree, whose root is the last.
fn grow(counts: &[u64]) -> Vec<Node> {
    let used = counts.iter().enumerate().filter(|&(_, &count)| count > 0);
    let (mut nodes, mut heap) = (Vec::new(), BinaryHeap::new());
    for (value, &count) in used {
        heap.push(Reverse((count, nodes.len())));
        nodes.push(Node::Leaf(value));
    }
    while let (Some(Reverse((first, left))), Some(Reverse((second, right)))) = (heap.pop(), heap.pop()) {
        heap.push(Reverse((first + second, nodes.len())));
        nodes.push(Node::Inner([left, right]));
    }
    nodes
}

/// The same nodes, each before its children.
fn from_the_root(nodes: &[Node]) -> Vec<Node> {
    let mut order: Vec<Node> = nodes.last().copied().into_iter().collect();
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        if let Node::Inner(children) = node {
            let first = order.len();
            order.extend(children.map(|child| nodes[child]));
            order[at] = Node::Inner([first, first + 1]);
        }
        at += 1;
    }
    order
}

fn encode_nodes(nodes: &[Node], output: &mut Vec<u8>) -> Result<()> {
    let width = match nodes.len() {
        0..=256 => 1,
        257..=65536 => 2,
        _ => 4,
    };
    // The byte order.
    output.push(0);
    for side in 0..2 {
        for node in nodes {
            let child = if let Node::Inner(children) = node { children[side] } else { 0 };
            output.extend_from_slice(&child.to_le_bytes()[..width]);
        }
    }
    for node in nodes {
        let value = if let Node::Leaf(value) = node { narrow(*value)? } else { 0 };
        output.extend(value.to_le_bytes());
    }
    output.extend(nodes.iter().map(|node| u8::from(matches!(node, Node::Leaf(_)))));
    Ok(())
}

/// The bits that lead to each value, and how many these are.
fn paths(nodes: &[Node], values: usize) -> Result<Vec<(u64, u32)>> {
    let (mut paths, mut leaves) = (vec![(0u64, 0u32); nodes.len()], vec![(0, 0); values]);
    for (at, node) in nodes.iter().enumerate() {
        let (path, width) = paths[at];
        match *node {
            Node::Leaf(value) => leaves[value] = (path, width),
            Node::Inner(_) if width == MOST_BITS => {
                return Err(Error::limit(
                    "the bits of a Huffman code",
                    u64::from(width) + 1,
                    MOST_BITS.into(),
                ));
            }
            Node::Inner([left, right]) => {
                paths[left] = (path << 1, width + 1);
                paths[right] = (path << 1 | 1, width + 1);
            }
        }
    }
    Ok(leaves)
}

/// A number as it is stored.
pub(super) fn narrow(number: usize) -> Result<u32> {
    u32::try_from(number)
        .map_err(|_| Error::limit("a number in a stream of SZ3", number as u64, u32::MAX.into()))
}

#[cfg(test)]
mod tests {
    use super::super::Input;
    use super::super::huffman::Codes;
    use super::*;

    fn come_back(codes: &[i32]) {
        let mut stored = Vec::new();
        encode(codes, &mut stored).unwrap();
        let mut input = Input::new("test", &stored);
        let mut found = Codes::decode(&mut input).unwrap();
        input.finish().unwrap();
        assert!(codes.iter().all(|&code| found.next().unwrap() == code));
    }

    #[test]
    fn codes_come_back() {
        come_back(&[7]);
        come_back(&[7; 100]);
        come_back(&[0, 65535, 0, 0, 3]);
        come_back(&(0..300).map(|at| at * at % 151).collect::<Vec<_>>());
        come_back(&(0..100_000).map(|at| at % 40_000).collect::<Vec<_>>());
        // The numbers of these double, so that each code has a bit more than the one before.
        come_back(&(0..14).flat_map(|code| vec![code; 1 << code]).collect::<Vec<_>>());
    }

    #[test]
    fn frequent_codes_are_short() {
        let mut stored = Vec::new();
        encode(&[[5; 70], [6; 70].map(|_| 5)].concat(), &mut stored).unwrap();
        assert!(stored.ends_with(&[0; 8]), "one code needs no bits");
        let mut mixed = vec![5; 800];
        mixed.extend([6, 7]);
        let mut stored = Vec::new();
        encode(&mixed, &mut stored).unwrap();
        assert!(stored.len() < 160, "{} bytes", stored.len());
    }
}
