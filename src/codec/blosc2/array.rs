//! The multi-dimensional array of Blosc2 (metalayer "b2nd"): chunks of blocks, each in C order.
//!
//! ```text
//!  0  1  96, 97      an array of 6, or of 7 with the type
//!  1  1  version
//!  2  1  number of dimensions
//!     .  9x          for each dimension: d3, length of the array (8)
//!     .  9x          for each dimension: d2, length of a chunk (4)
//!     .  9x          for each dimension: d2, length of a block (4)
//!     .              the type, which the dataset knows better
//! ```
//!
//! The last chunk of a dimension is filled up to whole chunks, and the last block of a chunk to whole blocks.

use super::MAX_DIMENSIONS;
use crate::base::{Result, to_usize};
use crate::codec::damaged;
use crate::codec::input::Input;

#[derive(Debug)]
pub(super) struct Array {
    dimensions: Vec<Dimension>,
}

#[derive(Clone, Copy, Debug)]
struct Dimension {
    array: usize,
    chunk: usize,
    block: usize,
}

impl Dimension {
    fn chunks(self) -> usize {
        self.array.div_ceil(self.chunk)
    }

    fn blocks(self) -> usize {
        self.chunk.div_ceil(self.block)
    }
}

impl Array {
    pub(super) fn decode(layer: &[u8]) -> Result<Self> {
        let mut input = Input::new("blosc2", layer);
        let [_, _, count] = input.array()?;
        let count = usize::from(count);
        if !(1..=MAX_DIMENSIONS).contains(&count) {
            return Err(damaged("blosc2", format!("an array of {count} dimensions")));
        }
        let mut lists = [const { Vec::new() }; 3];
        for (list, wide) in lists.iter_mut().zip([true, false, false]) {
            input.take(1)?;
            for _ in 0..count {
                input.take(1)?;
                let length = if wide { input.u64_be()? } else { u64::from(input.u32_be()?) };
                list.push(to_usize(length)?);
            }
        }
        let [arrays, chunks, blocks] = lists;
        let lengths = arrays.into_iter().zip(chunks.into_iter().zip(blocks));
        let dimensions: Vec<_> =
            lengths.map(|(array, (chunk, block))| Dimension { array, chunk, block }).collect();
        if dimensions.iter().any(|d| d.chunk == 0 || d.block == 0 || d.block > d.chunk) {
            return Err(damaged(
                "blosc2",
                "chunks and blocks of an array must have elements, and blocks no more",
            ));
        }
        Ok(Array { dimensions })
    }

    /// The bytes of all chunks, filled up. They may be over the limit by what fills them up, at most 16 times.
    pub(super) fn content(&self, element: u32, limit: usize) -> Result<usize> {
        let element = to_usize(u64::from(element))?;
        let product = |length: fn(Dimension) -> Option<usize>| {
            self.dimensions.iter().try_fold(element, |n, &d| n.checked_mul(length(d)?))
        };
        let array = product(|d| Some(d.array));
        let filled = product(|d| d.chunks().checked_mul(d.blocks())?.checked_mul(d.block));
        // A block is no longer than its chunk, so that no dimension more than doubles; few come near that.
        let most = limit.saturating_mul(1 << self.dimensions.len().min(4));
        match (array, filled) {
            (Some(array), Some(filled)) if array <= limit && filled <= most => Ok(filled),
            _ => Err(damaged("blosc2", format!("over {limit} bytes come out"))),
        }
    }

    /// Appends the array in C order.
    pub(super) fn gather(&self, blocks: &[u8], element: u32, output: &mut Vec<u8>) -> Result<()> {
        let element = to_usize(u64::from(element))?;
        let Some((&last, outer)) = self.dimensions.split_last() else { return Ok(()) };
        let rows: usize = outer.iter().map(|d| d.array).product();
        if last.array == 0 || rows == 0 {
            return Ok(());
        }
        let mut row = vec![0; outer.len()];
        for _ in 0..rows {
            let mut at = 0;
            while at < last.array {
                // To the end of the block, of the chunk or of the row.
                let in_chunk = at % last.chunk;
                let run =
                    (last.block - in_chunk % last.block).min(last.chunk - in_chunk).min(last.array - at);
                let from = self.position(&row, at) * element;
                let Some(run_bytes) = blocks.get(from..from + run * element) else {
                    return Err(damaged("blosc2", "an array that its blocks do not hold"));
                };
                output.extend_from_slice(run_bytes);
                at += run;
            }
            advance(&mut row, outer);
        }
        Ok(())
    }

    /// Where an element lies among the blocks.
    fn position(&self, row: &[usize], last: usize) -> usize {
        let (mut chunk, mut block, mut within) = (0, 0, 0);
        for (&d, at) in self.dimensions.iter().zip(row.iter().copied().chain([last])) {
            chunk = chunk * d.chunks() + at / d.chunk;
            block = block * d.blocks() + at % d.chunk / d.block;
            within = within * d.block + at % d.chunk % d.block;
        }
        let blocks: usize = self.dimensions.iter().map(|d| d.blocks()).product();
        let elements: usize = self.dimensions.iter().map(|d| d.block).product();
        (chunk * blocks + block) * elements + within
    }
}

/// Goes to the next row, in C order.
fn advance(row: &mut [usize], dimensions: &[Dimension]) {
    for (at, d) in row.iter_mut().zip(dimensions).rev() {
        *at += 1;
        if *at < d.array {
            return;
        }
        *at = 0;
    }
}
