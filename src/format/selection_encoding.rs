//! Which form of a serialized selection is written: the one that libhdf5 takes under the same bound.
//!
//! A list of the corners of all blocks (version 1) where the blocks are few and their corners have 32 bits; else start,
//! stride, count and block of each axis (version 2, of 64 bits) where the selection is regular. Version 3, whose numbers
//! are as wide as they have to be, is written where releases before 1.12 need not read it, and for what no other can hold.

use super::selection::{Encoding, RegularAxis, SelectionInfo};
use crate::base::{Error, Result, width_of};

/// Regular selections of fewer blocks are stored as a list of them.
const FEW_BLOCKS: u64 = 4;

/// The version whose numbers are as wide as they have to be.
const PACKED: u8 = 3;

impl SelectionInfo {
    /// The same selection in the form that is written where hyperslabs of versions up to `newest` may be, from 2 on.
    pub(crate) fn in_version(self, newest: u8) -> Result<SelectionInfo> {
        match self {
            SelectionInfo::Regular { axes, .. } => regular(axes, newest),
            SelectionInfo::Blocks { rank, corners, .. } => blocks(rank, corners, newest),
            other => Ok(other),
        }
    }
}

fn regular(axes: Vec<RegularAxis>, newest: u8) -> Result<SelectionInfo> {
    if axes.iter().any(|axis| axis.count == Some(0) || axis.block == Some(0)) {
        return Ok(SelectionInfo::None);
    }
    let axes: Vec<_> = axes.into_iter().map(merged).collect();
    if newest >= PACKED {
        let largest = axes.iter().map(largest).max().unwrap_or_default();
        return Ok(SelectionInfo::Regular { encoding: Encoding::new(PACKED, width_for(largest)), axes });
    }
    match few_blocks(&axes)? {
        Some(corners) => {
            let rank = u32::try_from(axes.len()).unwrap_or(u32::MAX);
            Ok(SelectionInfo::Blocks { encoding: Encoding::new(1, 4), rank, corners })
        }
        None => Ok(SelectionInfo::regular(axes)),
    }
}

/// The same indices, with blocks that touch made one.
fn merged(axis: RegularAxis) -> RegularAxis {
    match (axis.count, axis.block) {
        (Some(count), Some(block)) if count == 1 || axis.stride == block => match count.checked_mul(block) {
            Some(all) => RegularAxis { start: axis.start, stride: 1, count: Some(1), block: Some(all) },
            None => axis,
        },
        _ => axis,
    }
}

/// The greatest number that is stored. One more than counts and blocks have must fit, for that is "unlimited".
fn largest(axis: &RegularAxis) -> u64 {
    let sizes = axis.count.into_iter().chain(axis.block).map(|size| size.saturating_add(1));
    sizes.chain([axis.start, axis.stride]).max().unwrap_or_default()
}

fn width_for(number: u64) -> u8 {
    match width_of(number) {
        ..=2 => 2,
        3..=4 => 4,
        _ => 8,
    }
}

/// The corners of the blocks in their order, if these are few and no corner takes more than 32 bits.
fn few_blocks(axes: &[RegularAxis]) -> Result<Option<Vec<u64>>> {
    let mut count = 1u64;
    for axis in axes {
        let (Some(blocks), Some(block)) = (axis.count, axis.block) else { return Ok(None) };
        count = count.saturating_mul(blocks);
        let last = (blocks - 1).checked_mul(axis.stride).and_then(|n| n.checked_add(axis.start));
        let last = last.and_then(|n| n.checked_add(block - 1));
        let last = last.ok_or_else(|| Error::shape("a selection that goes past all indices"))?;
        if count >= FEW_BLOCKS || u32::try_from(last).is_err() {
            return Ok(None);
        }
    }
    let mut blocks = vec![(Vec::new(), Vec::new())];
    for axis in axes {
        let starts = (0..axis.count.unwrap_or_default()).map(|n| axis.start + n * axis.stride);
        let starts: Vec<u64> = starts.collect();
        let behind = axis.block.unwrap_or(1) - 1;
        let longer = |(first, last): &(Vec<u64>, Vec<u64>), start: u64| {
            ([&first[..], &[start]].concat(), [&last[..], &[start + behind]].concat())
        };
        blocks = blocks
            .iter()
            .flat_map(|block| starts.iter().map(|&start| longer(block, start)).collect::<Vec<_>>())
            .collect();
    }
    Ok(Some(blocks.into_iter().flat_map(|(first, last)| [first, last].concat()).collect()))
}

fn blocks(rank: u32, corners: Vec<u64>, newest: u8) -> Result<SelectionInfo> {
    let axes = usize::try_from(rank).unwrap_or_default().max(1);
    if corners.is_empty() {
        return Ok(SelectionInfo::None);
    }
    if corners.len() == 2 * axes {
        let sides = corners[..axes].iter().zip(&corners[axes..]);
        let axis = |(&first, &last): (&u64, &u64)| {
            let block = last.checked_sub(first).and_then(|n| n.checked_add(1));
            let block = Some(block.ok_or_else(|| Error::shape("a block that ends before it begins"))?);
            Ok(RegularAxis { start: first, stride: 1, count: Some(1), block })
        };
        return regular(sides.map(axis).collect::<Result<_>>()?, newest);
    }
    if newest < PACKED {
        return Ok(SelectionInfo::blocks(rank, corners));
    }
    let count = (corners.len() / (2 * axes)) as u64;
    let largest = corners.iter().copied().max().unwrap_or_default().max(count);
    Ok(SelectionInfo::Blocks { encoding: Encoding::new(PACKED, width_for(largest)), rank, corners })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(start: u64, stride: u64, count: Option<u64>, block: Option<u64>) -> RegularAxis {
        RegularAxis { start, stride, count, block }
    }

    fn form(selection: &SelectionInfo) -> (u8, u8) {
        match selection {
            SelectionInfo::Regular { encoding, .. } => (encoding.version, encoding.width),
            SelectionInfo::Blocks { encoding, .. } => (encoding.version, encoding.width),
            other => panic!("{other:?}"),
        }
    }

    fn forms(axes: &[RegularAxis]) -> [(u8, u8); 2] {
        let form = |newest| form(&SelectionInfo::regular(axes.to_vec()).in_version(newest).unwrap());
        [form(2), form(3)]
    }

    #[test]
    fn few_blocks_are_listed_in_their_order() {
        let axes = vec![axis(1, 4, Some(3), Some(2)), axis(5, 9, Some(1), Some(3))];
        let listed = SelectionInfo::regular(axes).in_version(2).unwrap();
        assert_eq!(listed, SelectionInfo::blocks(2, vec![1, 5, 2, 7, 5, 5, 6, 7, 9, 5, 10, 7]));
        let axes = vec![axis(0, 5, Some(1), Some(1)), axis(0, 2, Some(2), Some(1))];
        let listed = SelectionInfo::regular(axes).in_version(2).unwrap();
        assert_eq!(listed, SelectionInfo::blocks(2, vec![0, 0, 0, 0, 0, 2, 0, 2]));
    }

    #[test]
    fn the_form_is_that_of_libhdf5() {
        assert_eq!(forms(&[axis(0, 2, Some(3), Some(1))]), [(1, 4), (3, 2)]);
        assert_eq!(forms(&[axis(0, 2, Some(4), Some(1))]), [(2, 8), (3, 2)]);
        assert_eq!(forms(&[axis(0, 2, None, Some(1))]), [(2, 8), (3, 2)]);
        assert_eq!(forms(&[axis(0xffff, 2, None, Some(1))]), [(2, 8), (3, 2)]);
        assert_eq!(forms(&[axis(0x10000, 2, None, Some(1))]), [(2, 8), (3, 4)]);
        // A block that would be "unlimited" in 2 bytes.
        assert_eq!(forms(&[axis(0, 1, Some(1), Some(0xffff))]), [(1, 4), (3, 4)]);
        assert_eq!(forms(&[axis(0, 1, Some(1), Some(1 << 32))]), [(1, 4), (3, 8)]);
        assert_eq!(forms(&[axis(1, 1, Some(1), Some(1 << 32))]), [(2, 8), (3, 8)]);
        let two = |far| SelectionInfo::blocks(1, vec![0, 3, 5, far]);
        assert_eq!(form(&two(9).in_version(2).unwrap()), (1, 4));
        assert_eq!(form(&two(9).in_version(3).unwrap()), (3, 2));
        assert_eq!(form(&two(1 << 32).in_version(2).unwrap()), (3, 8));
    }

    #[test]
    fn blocks_that_touch_are_one_and_none_are_nothing() {
        let all = SelectionInfo::regular(vec![axis(2, 3, Some(5), Some(3))]).in_version(3).unwrap();
        let SelectionInfo::Regular { axes, .. } = all else { panic!("{all:?}") };
        assert_eq!(axes, [axis(2, 1, Some(1), Some(15))]);
        for empty in [axis(2, 1, Some(0), Some(3)), axis(2, 1, Some(3), Some(0))] {
            let axes = vec![axis(0, 1, None, Some(1)), empty];
            assert_eq!(SelectionInfo::regular(axes).in_version(2).unwrap(), SelectionInfo::None);
        }
        assert_eq!(SelectionInfo::blocks(1, Vec::new()).in_version(2).unwrap(), SelectionInfo::None);
        let one = SelectionInfo::blocks(2, vec![1, 2, 3, 9]);
        assert_eq!(one.clone().in_version(2).unwrap(), one);
        assert!(matches!(one.in_version(3).unwrap(), SelectionInfo::Regular { .. }));
        let endless = vec![axis(u64::MAX, 2, Some(2), Some(1))];
        assert!(SelectionInfo::regular(endless).in_version(2).is_err());
    }
}
