//! Prediction block by block in three dimensions, unless quadratic regression is in use. The encoder takes over a
//! structure of its memory as it is.
//!
//! ```text
//!  0   4  edge of a block
//!  4   4  axes that Lorenzo prediction goes along: the last, the first and the last, or all
//!  8   3  predictors in use, a byte each
//! 11   1  padding
//! 12   4  layers of zeros before the array, 2
//! 16   4  not in use
//! 20   4  error bound of a plane's constant
//! 24   4  error bound of a plane's other coefficients
//! 28  16  not in use, with padding
//! 44   8  error bound
//! 52   1  whether the code of a good prediction stands for the mean instead
//! 53   .  the mean, an element
//!  .   8  number of planes
//!  .   .  codes of what each block is predicted by: 0 Lorenzo, 1 a plane, 2 Lorenzo of two layers
//!  .   .  if there are planes: 8 bytes, number of coefficients that could not be predicted; these; codes
//!  .   .  quantizer
//!  .   .  codes
//! ```

use super::blocks::{edge, edge_for};
use super::config::{Config, decode_flag};
use super::grid::{AXES, Grid, for_each_place};
use super::huffman::Codes;
use super::lorenzo::Lorenzo;
use super::number::Number;
use super::quantizer::Quantizer;
use super::tree::{self, narrow};
use super::{Input, damaged};
use crate::base::{Error, Result, to_usize};

const PADDING: u32 = 2;

/// The number of axes that Lorenzo prediction goes along.
const ALL_AXES: u32 = 3;

/// The code of a coefficient that is what it was in the plane before.
const RADIUS: i32 = 32768;

struct Cubes<'a, T> {
    grid: &'a Grid,
    edge: usize,
    lorenzo: [Lorenzo; 2],
    mean: Option<T>,
    selection: Codes<'a>,
    planes: Planes<'a>,
    quantizer: Quantizer<'a>,
    codes: Codes<'a>,
    values: Vec<T>,
}

/// What predicts the elements of a block.
#[derive(Clone, Copy)]
enum Predictor {
    /// Of one layer more than this.
    Lorenzo(usize),
    /// Coefficients of the axes, and the constant.
    Plane([f32; 4]),
}

struct Planes<'a> {
    left: u64,
    /// Of each of the coefficients.
    error_bounds: [f64; 4],
    /// Of the last plane.
    coefficients: [f32; 4],
    quantizer: Quantizer<'a>,
    codes: Option<Codes<'a>>,
}

pub(super) fn decode<T: Number>(config: &Config, input: &mut Input<'_>) -> Result<Vec<T>> {
    let grid = &config.grid;
    let edge = edge(input)?;
    let axes: &[usize] = match input.u32_le()? {
        1 => &[3],
        // The last axis counts as the slower one of the two.
        2 => &[3, 1],
        ALL_AXES => &[1, 2, 3],
        other => return Err(damaged("sz3", format!("prediction along {other} of 3 axes"))),
    };
    input.take(4)?;
    let padding = input.u32_le()?;
    if padding != PADDING {
        return Err(Error::unsupported(format!("SZ3 with {padding} layers of padding")));
    }
    input.take(4)?;
    let [constant, linear] = [input.u32_le()?, input.u32_le()?].map(|bits| f64::from(f32::from_bits(bits)));
    input.take(24)?;
    let use_mean = decode_flag(input)?;
    let mean = Some(T::decode(input)?).filter(|_| use_mean);
    let count = input.u64_le()?;
    let selection = Codes::decode(input)?;
    let planes = Planes::decode(input, count, [linear, linear, linear, constant])?;
    let quantizer = Quantizer::decode::<T>(input)?;
    let codes = Codes::decode(input)?;
    input.finish()?;
    let lorenzo = [1, 2].map(|layers| Lorenzo::new(grid, layers, axes));
    let values = vec![T::default(); grid.len()];
    let mut cubes = Cubes { grid, edge, lorenzo, mean, selection, planes, quantizer, codes, values };
    grid.corners(edge).try_for_each(|corner| cubes.block(corner))?;
    Ok(cubes.values)
}

/// Appends what stands before the quantizer, for Lorenzo prediction of 1 or 2 layers along all axes in all blocks.
pub(super) fn encode_head<T: Number>(
    grid: &Grid,
    layers: usize,
    error_bound: f64,
    output: &mut Vec<u8>,
) -> Result<()> {
    let edge = edge_for(grid);
    for number in [narrow(edge)?, ALL_AXES] {
        output.extend(number.to_le_bytes());
    }
    output.extend([layers == 1, layers == 2, false, false].map(u8::from));
    output.extend(PADDING.to_le_bytes());
    output.extend([0; 28]);
    output.extend(error_bound.to_le_bytes());
    // There is no mean, and there are no planes.
    output.push(0);
    T::default().encode(output);
    output.extend([0; 8]);
    let predictor = if layers == 1 { 0 } else { 2 };
    tree::encode(&vec![predictor; grid.corners(edge).count()], output)
}

impl<T: Number> Cubes<'_, T> {
    fn block(&mut self, corner: [usize; AXES]) -> Result<()> {
        let grid = self.grid;
        let predictor = match self.selection.next()? {
            0 => Predictor::Lorenzo(0),
            1 => Predictor::Plane(self.planes.next()?),
            2 => Predictor::Lorenzo(1),
            other => return Err(damaged("sz3", format!("a block takes predictor {other}"))),
        };
        for_each_place(grid.extent(corner, self.edge), |within| {
            let place = [0, 1, 2, 3].map(|axis| corner[axis] + within[axis]);
            let at = grid.index(place);
            let code = self.codes.next()?;
            self.values[at] = match predictor {
                Predictor::Plane(coefficients) => {
                    self.quantizer.recover(code, on_plane(coefficients, within))?
                }
                Predictor::Lorenzo(further) => {
                    let prediction = self.lorenzo[further].predict(&self.values, place, at);
                    self.near(code, prediction)?
                }
            };
            Ok(())
        })
    }

    /// The element with this code, where the mean may have taken one.
    fn near(&mut self, code: i32, prediction: T) -> Result<T> {
        match self.mean {
            Some(mean) if code == self.quantizer.radius && code != 0 => Ok(mean),
            Some(_) if code > self.quantizer.radius && code != 0 => {
                Ok(self.quantizer.recover_near(code - 1, prediction))
            }
            _ => self.quantizer.recover(code, prediction),
        }
    }
}

fn on_plane<T: Number>([x, y, z, constant]: [f32; 4], [_, i, j, k]: [usize; AXES]) -> T {
    T::from_f64(f64::from(x * i as f32 + y * j as f32 + z * k as f32 + constant))
}

impl<'a> Planes<'a> {
    fn decode(input: &mut Input<'a>, left: u64, error_bounds: [f64; 4]) -> Result<Self> {
        let (mut unpredictable, mut codes) = (&[][..], None);
        if left > 0 {
            let count = to_usize(input.u64_le()?)?;
            unpredictable = input.take(count.saturating_mul(size_of::<f32>()))?;
            codes = Some(Codes::decode(input)?);
        }
        let quantizer = Quantizer::new(0.0, RADIUS, unpredictable);
        Ok(Planes { left, error_bounds, coefficients: [0.0; 4], quantizer, codes })
    }

    fn next(&mut self) -> Result<[f32; 4]> {
        let (Some(left), Some(codes)) = (self.left.checked_sub(1), &mut self.codes) else {
            return Err(damaged("sz3", "a block without a plane"));
        };
        self.left = left;
        for (coefficient, error_bound) in self.coefficients.iter_mut().zip(self.error_bounds) {
            self.quantizer.error_bound = error_bound;
            *coefficient = self.quantizer.recover(codes.next()?, *coefficient)?;
        }
        Ok(self.coefficients)
    }
}
