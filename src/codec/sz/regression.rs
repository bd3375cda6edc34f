//! Floating-point numbers in blocks, each predicted by a plane through it or from neighbours.
//!
//! ```text
//!  .  4    length of a block's axes
//!  .  4/8  error bound, of the numbers' type
//!  .  4    symbols
//!  .  4    bytes of the tree
//!  .  4    nodes of the tree
//!  .  .    tree
//!  .  1    whether the middle symbol stands for the mean
//!  .  4/8  mean, little-endian
//!  .  .    for each block in one bit: 1 for neighbours, 0 for a plane
//!  [if there is any plane, for each coefficient of a plane
//!  .  4/8  error bound
//!  .  4    middle symbol
//!  .  4    bytes of the tree
//!  .  4    nodes of the tree
//!  .  .    tree
//!  .  8    bytes of the codes, in the first 4 or in all of them
//!  .  .    codes
//!  .  4    exact coefficients
//!  .  4/8  each of them, little-endian]
//!  .  8    exact numbers, little-endian
//!  .  4/8  each of them, little-endian
//!  .  .    codes
//! ```
//!
//! Two or three axes; the first two of four are one. Two are handled as three, of which the first has the length 1.

use std::ops::Range;

use super::super::bits::BitReader;
use super::super::damaged;
use super::super::input::Input;
use super::super::sz_codes::{Codes, Tree};
use super::float::Float;
use super::layout::Layout;
use super::stream::Header;
use crate::base::{Result, to_usize};

/// How an axis is cut: the first `longer` blocks have one more.
#[derive(Clone, Copy, Debug)]
struct Axis {
    length: usize,
    blocks: usize,
    longer: usize,
}

impl Axis {
    fn new(length: usize, block: usize) -> Self {
        let blocks = (length / block).max(1);
        Axis { length, blocks, longer: length % blocks }
    }

    /// Where a block begins; the one behind the last, where the axis ends.
    fn start(&self, block: usize) -> usize {
        block * (self.length / self.blocks) + block.min(self.longer)
    }

    fn block(&self, block: usize) -> Range<usize> {
        self.start(block)..self.start(block + 1)
    }
}

/// A value that each plane has one of, corrected from plane to plane.
#[derive(Debug)]
struct Coefficient<'a, F> {
    last: F,
    /// By how much it differs from one symbol to the next.
    quantum: F,
    middle: i32,
    symbols: Codes<'a>,
    exact: Input<'a>,
}

impl<'a, F: Float> Coefficient<'a, F> {
    fn decode(input: &mut Input<'a>, header: &Header<'_>) -> Result<Self> {
        let bound = F::take_be(input)?;
        let middle = input.u32_be()?.cast_signed();
        let tree = take_tree(input)?;
        let mut length = Input::new("sz", input.take(8)?);
        let codes = input.take(header.size(&mut length)?)?;
        let exact = to_usize(u64::from(input.u32_be()?))?;
        let exact = Input::new("sz", input.take(exact.saturating_mul(F::BYTES))?);
        let symbols = Codes::new(tree, codes);
        Ok(Coefficient { last: F::ZERO, quantum: bound + bound, middle, symbols, exact })
    }

    fn next(&mut self) -> Result<F> {
        self.last = match self.symbols.next()? {
            0 => F::take_le(&mut self.exact)?,
            symbol => self.last + F::of_symbol(symbol.wrapping_sub(self.middle)) * self.quantum,
        };
        Ok(self.last)
    }
}

fn take_tree(input: &mut Input<'_>) -> Result<Tree> {
    let bytes = input.u32_be()?;
    let nodes = input.u32_be()?;
    let mut tree = Input::new("sz", input.take_long(bytes)?);
    Tree::decode("sz", &mut tree, nodes, 0)
}

#[derive(Debug)]
struct Blocks<'a, F> {
    axes: [Axis; 3],
    quantum: F,
    middle: i32,
    mean: Option<F>,
    /// For each block.
    by_neighbours: BitReader<'a>,
    /// As many as there are axes, and one more; none if there is no plane.
    coefficients: Vec<Coefficient<'a, F>>,
    exact: Input<'a>,
    symbols: Codes<'a>,
    data: Vec<F>,
}

pub(super) fn decode<F: Float>(
    input: &mut Input<'_>,
    header: &Header<'_>,
    layout: &Layout,
) -> Result<Vec<F>> {
    let shape = match layout.shape[..] {
        [second, third] => [1, second, third],
        [first, second, third] => [first, second, third],
        [first, second, third, fourth] => [first * second, third, fourth],
        _ => return Err(damaged("sz", "planes with one axis")),
    };
    let mut blocks = Blocks::<F>::decode(input, header, shape, layout.shape.len().min(3))?;
    let [x, y, z] = blocks.axes;
    for block_x in 0..x.blocks {
        for block_y in 0..y.blocks {
            for block_z in 0..z.blocks {
                blocks.decode_block([x.block(block_x), y.block(block_y), z.block(block_z)])?;
            }
        }
    }
    Ok(blocks.data)
}

impl<'a, F: Float> Blocks<'a, F> {
    fn decode(input: &mut Input<'a>, header: &Header<'_>, shape: [usize; 3], rank: usize) -> Result<Self> {
        let block = to_usize(u64::from(input.u32_be()?))?;
        if block == 0 {
            return Err(damaged("sz", "blocks of length 0"));
        }
        let axes = shape.map(|length| Axis::new(length, block));
        let bound = F::take_be(input)?;
        let middle = (input.u32_be()? / 2).cast_signed();
        let tree = take_tree(input)?;
        let has_mean = input.u8()? != 0;
        let mean = F::take_le(input)?;
        let blocks = axes.iter().map(|axis| axis.blocks).product::<usize>();
        let by_neighbours = input.take(blocks.div_ceil(8))?;
        let mut coefficients = Vec::new();
        if (0..blocks).any(|block| by_neighbours[block / 8] << (block % 8) & 0x80 == 0) {
            for _ in 0..=rank {
                coefficients.push(Coefficient::decode(input, header)?);
            }
        }
        let exact = to_usize(u64::from_le_bytes(input.array()?))?;
        let exact = Input::new("sz", input.take(exact.saturating_mul(F::BYTES))?);
        Ok(Blocks {
            axes,
            quantum: bound + bound,
            middle,
            mean: has_mean.then_some(mean),
            by_neighbours: BitReader::new(by_neighbours),
            coefficients,
            exact,
            symbols: Codes::new(tree, input.rest()),
            data: vec![F::ZERO; shape.iter().product()],
        })
    }

    fn decode_block(&mut self, block: [Range<usize>; 3]) -> Result<()> {
        if self.by_neighbours.read(1) == Some(1) {
            return self.each_of(block, |blocks, at| blocks.next_by_neighbours(at));
        }
        let start = [block[0].start, block[1].start, block[2].start];
        let plane = self.coefficients.iter_mut().map(Coefficient::next).collect::<Result<Vec<F>>>()?;
        self.each_of(block, |blocks, at| {
            let within = [at[0] - start[0], at[1] - start[1], at[2] - start[2]];
            blocks.next_by_plane(&plane, within)
        })
    }

    /// Makes the numbers of a block, each by its place.
    fn each_of(
        &mut self,
        [x_range, y_range, z_range]: [Range<usize>; 3],
        next: impl Fn(&mut Self, [usize; 3]) -> Result<F>,
    ) -> Result<()> {
        for x in x_range {
            for y in y_range.clone() {
                for z in z_range.clone() {
                    let index = self.index([x, y, z]);
                    self.data[index] = next(self, [x, y, z])?;
                }
            }
        }
        Ok(())
    }

    fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        (x * self.axes[1].length + y) * self.axes[2].length + z
    }

    fn next_by_neighbours(&mut self, at: [usize; 3]) -> Result<F> {
        let mut symbol = self.symbols.next()?;
        match self.mean {
            Some(mean) if symbol == self.middle => return Ok(mean),
            _ if symbol == 0 => return F::take_le(&mut self.exact),
            // The middle symbol is none for a correction, so those below it are moved up.
            Some(_) if symbol < self.middle => symbol += 1,
            _ => {}
        }
        Ok(self.predict(at) + self.correction(symbol))
    }

    fn next_by_plane(&mut self, plane: &[F], within: [usize; 3]) -> Result<F> {
        let symbol = self.symbols.next()?;
        let Some((constant, slopes)) = plane.split_last().filter(|_| symbol != 0) else {
            return F::take_le(&mut self.exact);
        };
        // Two slopes are those of the last two axes.
        let along = within.iter().skip(within.len().saturating_sub(slopes.len()));
        let parts = slopes.iter().zip(along).map(|(&slope, &steps)| slope * F::of_index(steps));
        let sum = parts.reduce(|sum, part| sum + part).unwrap_or(F::ZERO);
        Ok(sum + *constant + self.correction(symbol))
    }

    fn correction(&self, symbol: i32) -> F {
        F::of_symbol(symbol.wrapping_sub(self.middle)) * self.quantum
    }

    /// What the neighbours predict; those beyond the borders are zero.
    fn predict(&self, at: [usize; 3]) -> F {
        let neighbour = |back: [usize; 3]| {
            let [Some(x), Some(y), Some(z)] = [0, 1, 2].map(|axis| at[axis].checked_sub(back[axis])) else {
                return F::ZERO;
            };
            self.data[self.index([x, y, z])]
        };
        neighbour([0, 0, 1]) + neighbour([0, 1, 0]) + neighbour([1, 0, 0])
            - neighbour([0, 1, 1])
            - neighbour([1, 0, 1])
            - neighbour([1, 1, 0])
            + neighbour([1, 1, 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_cut_into_blocks_that_differ_by_one() {
        let cut = |length, block| {
            let axis = Axis::new(length, block);
            let ends = |block| (axis.block(block).start, axis.block(block).end);
            (0..axis.blocks).map(ends).collect::<Vec<_>>()
        };
        assert_eq!(cut(5, 6), [(0, 5)]);
        assert_eq!(cut(13, 6), [(0, 7), (7, 13)]);
        assert_eq!(cut(20, 6), [(0, 7), (7, 14), (14, 20)]);
        assert_eq!(cut(1, 6), [(0, 1)]);
    }
}
