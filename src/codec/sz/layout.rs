//! The client data: what numbers a chunk has, and how many along each axis.

use super::super::{FilterCall, damaged};
use crate::base::{Error, Result, to_usize};

/// The most axes that SZ handles, apart from those of length 1.
const AXES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Float32,
    Float64,
    Integer(Integer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    pub(super) bytes: usize,
    pub(super) signed: bool,
}

#[derive(Debug)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    /// Numbers in the chunk.
    pub(super) count: usize,
    /// Along each axis that has more than one, slowest first.
    pub(super) shape: Vec<usize>,
}

impl Layout {
    pub(super) fn decode(call: &FilterCall<'_>) -> Result<Self> {
        let rank = call.value(0, "rank of sz")?;
        let kind = Kind::of_code(call.value(1, "type of the numbers of sz")?)?;
        let length = |index| call.value(index, "axis length of sz");
        let fastest_first = match rank {
            1 => vec![u64::from(length(2)?) << 32 | u64::from(length(3)?)],
            // What has any other rank has the room of five axes.
            _ => {
                let rank = if (2..=4).contains(&rank) { to_usize(u64::from(rank))? } else { 5 };
                (2..2 + rank).map(|index| Ok(u64::from(length(index)?))).collect::<Result<_>>()?
            }
        };
        // The first axis of length 0 is the one behind the last.
        let axes = fastest_first.into_iter().take_while(|&length| length != 0);
        let axes: Vec<usize> = axes.map(to_usize).collect::<Result<_>>()?;
        let count = axes.iter().try_fold(1, |count: usize, &length| count.checked_mul(length));
        let count = count.ok_or_else(|| damaged("sz", format!("a chunk of the shape {axes:?}")))?;
        let count = if axes.is_empty() { 0 } else { count };
        let shape: Vec<usize> = axes.into_iter().rev().filter(|&length| length != 1).collect();
        if shape.len() > AXES {
            return Err(Error::unsupported(format!(
                "the filter sz with {} axes (known up to 4)",
                shape.len()
            )));
        }
        Ok(Layout { kind, count, shape })
    }

    /// Bytes of all numbers, if they may come out.
    pub(super) fn size(&self, limit: usize) -> Result<usize> {
        let bytes = match self.kind {
            Kind::Float32 => 4,
            Kind::Float64 => 8,
            Kind::Integer(integer) => integer.bytes,
        };
        let size = self.count.checked_mul(bytes).filter(|&size| size <= limit);
        size.ok_or_else(|| damaged("sz", format!("over {limit} bytes come out")))
    }
}

impl Kind {
    fn of_code(code: u32) -> Result<Self> {
        let integer = |bytes| Ok(Kind::Integer(Integer { bytes, signed: code % 2 == 1 }));
        match code {
            0 => Ok(Kind::Float32),
            1 => Ok(Kind::Float64),
            2 | 3 => integer(1),
            4 | 5 => integer(2),
            6 | 7 => integer(4),
            8 | 9 => integer(8),
            _ => Err(Error::field("type of the numbers of sz", u64::from(code), "0 to 9 are known")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(values: &[u32]) -> Result<Layout> {
        Layout::decode(&FilterCall { values, chunk_bytes: 0, limit: 0 })
    }

    #[test]
    fn axes_are_turned_round_and_those_of_one_left_out() {
        let shape = |values: &[u32]| layout(values).map(|layout| (layout.count, layout.shape)).unwrap();
        assert_eq!(shape(&[1, 0, 1, 2]), ((1 << 32) + 2, vec![(1 << 32) + 2]));
        assert_eq!(shape(&[2, 0, 3, 4, 9]), (12, vec![4, 3]));
        assert_eq!(shape(&[3, 0, 3, 1, 5]), (15, vec![5, 3]));
        assert_eq!(shape(&[4, 0, 2, 3, 4, 5]), (120, vec![5, 4, 3, 2]));
        assert_eq!(shape(&[5, 0, 2, 3, 4, 5, 1]), (120, vec![5, 4, 3, 2]));
        // As the plugin writes four axes without an error bound: behind a zero, and so no numbers at all.
        assert_eq!(shape(&[4, 0, 0, 5, 4, 3, 2]), (0, vec![]));
        assert_eq!(shape(&[2, 0, 7, 0]), (7, vec![7]));
        for short in
            [&[][..], &[1], &[1, 0, 0], &[2, 0, 1], &[3, 0, 1, 1], &[4, 0, 1, 1, 1], &[5, 0, 1, 1, 1, 1]]
        {
            assert!(layout(short).is_err(), "{short:?}");
        }
        let error = layout(&[5, 0, 2, 2, 2, 2, 2]).unwrap_err().to_string();
        assert_eq!(error, "not supported: the filter sz with 5 axes (known up to 4)");
        assert!(layout(&[5, 0, 65536, 65536, 65536, 65536, 1]).is_err());
    }

    #[test]
    fn types_have_numbers() {
        assert_eq!(Kind::of_code(1).unwrap(), Kind::Float64);
        assert_eq!(Kind::of_code(4).unwrap(), Kind::Integer(Integer { bytes: 2, signed: false }));
        assert_eq!(Kind::of_code(9).unwrap(), Kind::Integer(Integer { bytes: 8, signed: true }));
        assert!(Kind::of_code(10).is_err());
    }

    #[test]
    fn the_size_is_bounded() {
        let layout = layout(&[2, 1, 3, 4]).unwrap();
        assert_eq!(layout.size(96).unwrap(), 96);
        assert!(layout.size(95).is_err());
    }
}
