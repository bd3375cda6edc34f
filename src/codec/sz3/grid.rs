//! Where the elements of an array lie.

use super::damaged;
use crate::base::Result;

/// The most axes that SZ3 has.
pub(super) const AXES: usize = 4;

/// The shape of an array, its last axis varying fastest. Before the axes that it has there are those of length 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    pub(super) rank: usize,
    pub(super) lengths: [usize; AXES],
    /// From an element to the next one along each axis.
    pub(super) strides: [usize; AXES],
}

impl Grid {
    pub(super) fn new(lengths: &[usize]) -> Result<Self> {
        let rank = lengths.len();
        let mut grid = Grid { rank, lengths: [1; AXES], strides: [1; AXES] };
        let Some(first) = AXES.checked_sub(rank).filter(|_| rank > 0) else {
            return Err(damaged("sz3", format!("{rank} axes, 1 to {AXES} are known")));
        };
        grid.lengths[first..].copy_from_slice(lengths);
        let mut stride = Some(1usize);
        for (axis, &length) in grid.lengths.iter().enumerate().rev() {
            grid.strides[axis] = stride.unwrap_or_default();
            stride = stride.and_then(|stride| stride.checked_mul(length)).filter(|&stride| stride > 0);
        }
        match stride {
            Some(_) => Ok(grid),
            None => Err(damaged("sz3", format!("there is no array of {lengths:?}"))),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.strides[0] * self.lengths[0]
    }

    /// Appends the lengths of the axes.
    pub(super) fn encode(&self, output: &mut Vec<u8>) {
        output.extend(self.lengths[self.first()..].iter().flat_map(|&length| (length as u64).to_le_bytes()));
    }

    /// The first of the axes that the array has.
    pub(super) fn first(&self) -> usize {
        AXES - self.rank
    }

    pub(super) fn index(&self, place: [usize; AXES]) -> usize {
        place.iter().zip(self.strides).map(|(place, stride)| place * stride).sum()
    }

    /// The corners of the blocks of this edge, in their order.
    pub(super) fn corners(&self, edge: usize) -> impl Iterator<Item = [usize; AXES]> + use<> {
        let counts = self.lengths.map(|length| length.div_ceil(edge));
        (0..counts.iter().product()).map(move |mut index: usize| {
            let mut corner = [0; AXES];
            for (corner, count) in corner.iter_mut().zip(counts).rev() {
                *corner = index % count * edge;
                index /= count;
            }
            corner
        })
    }

    /// The lengths of a block, which the array's end may cut off.
    pub(super) fn extent(&self, corner: [usize; AXES], edge: usize) -> [usize; AXES] {
        let mut extent = self.lengths;
        for (length, corner) in extent.iter_mut().zip(corner) {
            *length = edge.min(*length - corner);
        }
        extent
    }
}

/// Calls `visit` with every place in a block of these lengths, the last axis varying fastest.
pub(super) fn for_each_place(
    extent: [usize; AXES],
    mut visit: impl FnMut([usize; AXES]) -> Result<()>,
) -> Result<()> {
    for a in 0..extent[0] {
        for b in 0..extent[1] {
            for c in 0..extent[2] {
                for d in 0..extent[3] {
                    visit([a, b, c, d])?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_in_order_and_end_with_the_array() {
        let grid = Grid::new(&[5, 4]).unwrap();
        assert_eq!((grid.len(), grid.first(), grid.strides), (20, 2, [20, 20, 4, 1]));
        assert_eq!(grid.index([0, 0, 3, 2]), 14);
        let corners: Vec<_> = grid.corners(3).map(|[_, _, c, d]| (c, d)).collect();
        assert_eq!(corners, [(0, 0), (0, 3), (3, 0), (3, 3)]);
        assert_eq!(grid.extent([0, 0, 3, 0], 3), [1, 1, 2, 3]);
        let mut places = Vec::new();
        for_each_place([1, 1, 2, 2], |place| {
            places.push(grid.index(place));
            Ok(())
        })
        .unwrap();
        assert_eq!(places, [0, 1, 4, 5]);
    }

    #[test]
    fn an_array_that_is_none_is_refused() {
        for lengths in [&[][..], &[1; 5], &[3, 0], &[usize::MAX, 2]] {
            assert!(Grid::new(lengths).is_err(), "{lengths:?}");
        }
    }
}
