//! The number of a chunk, which is its place in an array of chunks.

use crate::base::{Error, Result};

use super::chunks::Grid;
use super::dataset::DatasetInfo;

/// Turns coordinates into the number of a chunk and back.
///
/// Chunks are counted over the largest shape that the dataset may grow to, so that their numbers stay; an unlimited
/// axis comes first, whichever it is.
#[derive(Clone, Debug)]
pub(super) struct Numbering {
    /// The axes from the slowest to the fastest, each with the chunks of one step along it.
    axes: Vec<(usize, u64)>,
    /// How many chunks there can be; as many as there are numbers where an axis has no limit.
    chunks: u64,
}

impl Numbering {
    pub(super) fn new(info: &DatasetInfo, grid: &Grid) -> Result<Self> {
        Numbering::of(&info.extent.maximum(), grid.chunk())
    }

    pub(super) fn of(maximum: &[Option<u64>], chunk: &[u64]) -> Result<Self> {
        let mut order: Vec<usize> = (0..maximum.len()).collect();
        if let Some(unlimited) = maximum.iter().position(Option::is_none) {
            order[..=unlimited].rotate_right(1);
        }
        let (mut step, mut axes) = (1u64, Vec::with_capacity(order.len()));
        for (place, &axis) in order.iter().enumerate().rev() {
            axes.push((axis, step));
            let chunks = maximum[axis].map(|limit| limit.div_ceil(chunk[axis]));
            step = match chunks {
                Some(chunks) => step.saturating_mul(chunks),
                None => u64::MAX,
            };
            if step == u64::MAX && place > 0 {
                let what = match chunks {
                    Some(_) => "over 2^64 chunks in an array",
                    None => "an array of chunks over more than one unlimited axis",
                };
                return Err(Error::malformed(what));
            }
        }
        axes.reverse();
        Ok(Numbering { axes, chunks: step })
    }

    /// How many chunks there can be.
    pub(super) fn chunks(&self) -> u64 {
        self.chunks
    }

    /// The number of a chunk; none where it would be over 2^64.
    pub(super) fn number(&self, scaled: &[u64]) -> Option<u64> {
        self.axes.iter().try_fold(0u64, |sum, &(axis, step)| sum.checked_add(scaled[axis].checked_mul(step)?))
    }

    /// The coordinates of the chunk with a number.
    pub(super) fn scaled(&self, number: u64) -> Vec<u64> {
        let (mut scaled, mut rest) = (vec![0; self.axes.len()], number);
        for &(axis, step) in &self.axes {
            scaled[axis] = rest / step.max(1);
            rest %= step.max(1);
        }
        scaled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_coordinates_are_the_same_chunks() {
        let numbering = Numbering::of(&[Some(7), None, Some(9)], &[2, 5, 3]).unwrap();
        // The unlimited axis comes first: 4 x 3 chunks for each step along it.
        assert_eq!(numbering.number(&[1, 2, 2]), Some(2 * 12 + 3 + 2));
        for number in 0..100 {
            assert_eq!(numbering.number(&numbering.scaled(number)), Some(number));
        }
        assert_eq!((numbering.chunks(), numbering.number(&[0, u64::MAX, 0])), (u64::MAX, None));
        let fixed = Numbering::of(&[Some(7), Some(10)], &[2, 5]).unwrap();
        assert_eq!((fixed.chunks(), fixed.number(&[3, 1])), (8, Some(7)));
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        assert!(Numbering::of(&[None, None], &[1, 1]).is_err());
        assert!(Numbering::of(&[Some(2), Some(1 << 40), Some(1 << 40)], &[1, 1, 1]).is_err());
        assert!(Numbering::of(&[Some(0), Some(4)], &[1, 1]).is_ok_and(|none| none.chunks() == 0));
    }
}
