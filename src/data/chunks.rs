//! The grid of chunks that a dataspace is divided into.

use crate::base::{Error, Result, byte_count, element_count};
use crate::select::Wanted;

use super::dataset::DatasetInfo;

/// Chunks of one shape, from the origin on.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    shape: Vec<u64>,
    chunk: Vec<u64>,
    chunk_bytes: u64,
}

impl Grid {
    pub(crate) fn new(info: &DatasetInfo) -> Result<Self> {
        let Some(chunked) = info.chunked() else { return Err(Error::misuse("the dataset is not chunked")) };
        let chunk_bytes = byte_count(element_count(&chunked.shape)?, info.element_size()?)?;
        Ok(Grid { shape: info.shape().to_vec(), chunk: chunked.shape.clone(), chunk_bytes })
    }

    pub(crate) fn rank(&self) -> usize {
        self.chunk.len()
    }

    /// The shape of a chunk in elements.
    pub(crate) fn chunk(&self) -> &[u64] {
        &self.chunk
    }

    /// Bytes of a chunk before any filter.
    pub(crate) fn chunk_bytes(&self) -> u64 {
        self.chunk_bytes
    }

    /// The chunks along each axis.
    pub(crate) fn ranges(&self) -> Vec<std::ops::Range<u64>> {
        self.shape.iter().zip(&self.chunk).map(|(&size, &chunk)| 0..size.div_ceil(chunk)).collect()
    }

    /// The same chunks over another shape.
    pub(crate) fn with_shape(&self, shape: &[u64]) -> Grid {
        Grid { shape: shape.to_vec(), ..self.clone() }
    }

    /// The first element of a chunk. Chunks that exist begin inside the dataspace, so nothing overflows.
    pub(crate) fn corner(&self, scaled: &[u64]) -> Vec<u64> {
        scaled.iter().zip(&self.chunk).map(|(&n, &size)| n.saturating_mul(size)).collect()
    }

    /// Whether a chunk has elements of the dataspace.
    pub(crate) fn has(&self, scaled: &[u64]) -> bool {
        self.corner(scaled).iter().zip(&self.shape).all(|(corner, limit)| corner < limit)
    }

    /// Whether a chunk reaches over the edge of the dataspace.
    pub(crate) fn is_partial(&self, scaled: &[u64]) -> bool {
        self.corner(scaled)
            .iter()
            .zip(self.chunk.iter().zip(&self.shape))
            .any(|(&corner, (&size, &limit))| corner.saturating_add(size) > limit)
    }

    /// How many elements of a chunk lie in the dataspace, along each axis.
    pub(crate) fn kept(&self, scaled: &[u64]) -> Vec<u64> {
        let axes = self.corner(scaled).into_iter().zip(self.chunk.iter().zip(&self.shape));
        axes.map(|(corner, (&size, &limit))| limit.saturating_sub(corner).min(size)).collect()
    }

    /// Bytes of a chunk up to its last element that lies in the dataspace.
    pub(crate) fn bytes_in_use(&self, scaled: &[u64]) -> u64 {
        let elements = self.chunk.iter().product::<u64>().max(1);
        let axes = self.corner(scaled).into_iter().zip(self.chunk.iter().zip(&self.shape));
        let last = axes.fold(0, |last, (corner, (&size, &limit))| {
            last * size + limit.saturating_sub(corner).min(size).saturating_sub(1)
        });
        (last + 1) * (self.chunk_bytes / elements)
    }

    /// Whether a selection is known to have all elements of the chunk that lie in the dataspace.
    pub(crate) fn is_covered(&self, wanted: &impl Wanted, corner: &[u64]) -> bool {
        let sizes = corner.iter().zip(self.chunk.iter().zip(&self.shape));
        let ranges = sizes.map(|(&corner, (&size, &limit))| corner..corner.saturating_add(size).min(limit));
        wanted.is_all_of(&ranges.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_in_use_up_to_the_edge() {
        let grid = Grid { shape: vec![5, 7], chunk: vec![3, 4], chunk_bytes: 24 };
        assert_eq!(grid.bytes_in_use(&[0, 0]), 24);
        assert_eq!(grid.bytes_in_use(&[1, 0]), 16);
        assert_eq!(grid.bytes_in_use(&[1, 1]), (4 + 3) * 2);
        assert!(grid.is_partial(&[1, 0]) && !grid.is_partial(&[0, 0]));
    }
}
