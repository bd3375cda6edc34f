//! Prediction block by block, with a predictor or the best of several for each block.
//!
//! ```text
//!  0  8n  lengths of the n axes
//!  .   4  edge of a block
//!  .   .  predictors that are in use: for Lorenzo a byte, 1; else as regressions are
//!  .   8  if there are several: number of blocks that say which one they take
//!  .   .  if it is not 0: codes of these
//!  .   .  quantizer
//!  .   .  codes
//! ```

use super::coder::{Coder, Coding, Recovery};
use super::config::{Config, Predictors};
use super::grid::{AXES, Grid, for_each_place};
use super::huffman::Codes;
use super::lorenzo::Lorenzo;
use super::number::Number;
use super::regression::{Degree, Regression};
use super::{Input, damaged};
use crate::base::{Error, Result, to_usize};

const LORENZO: u8 = 1;

enum Predictor<'a, T> {
    Lorenzo(Lorenzo),
    Regression(Regression<'a, T>),
}

/// Which predictor each block takes, if there is a choice.
struct Selection<'a> {
    codes: Option<Codes<'a>>,
    left: u64,
}

pub(super) fn decode<T: Number>(config: &Config, input: &mut Input<'_>) -> Result<Vec<T>> {
    let grid = &config.grid;
    config.check_grid(input)?;
    let edge = edge(input)?;
    let mut predictors = decode_predictors::<T>(&config.predictors, grid, input)?;
    let mut selection = if predictors.len() > 1 { Some(Selection::decode(input)?) } else { None };
    let mut coder = Recovery::decode::<T>(input)?;
    let axes: Vec<usize> = (grid.first()..AXES).collect();
    let of_thin_blocks = Predictor::Lorenzo(Lorenzo::new(grid, 1, &axes));
    let mut values = vec![T::default(); grid.len()];
    for corner in grid.corners(edge) {
        let extent = grid.extent(corner, edge);
        let selected = selection.as_mut().map_or(Ok(0), Selection::next)?;
        let Some(predictor) = predictors.get_mut(selected) else {
            return Err(damaged("sz3", format!("a block takes predictor {selected}")));
        };
        let predictor = if predictor.begin(extent)? { &*predictor } else { &of_thin_blocks };
        for_each_place(extent, |within| {
            let place = [0, 1, 2, 3].map(|axis| corner[axis] + within[axis]);
            let at = grid.index(place);
            let prediction = match predictor {
                Predictor::Lorenzo(lorenzo) => lorenzo.predict(&values, place, at),
                Predictor::Regression(regression) => regression.predict(within),
            };
            coder.put(&mut values[at], prediction)
        })?;
    }
    Ok(values)
}

/// Codes an array by Lorenzo prediction of so many layers; the rest of the content is what the coder has then.
pub(super) fn code<T: Number>(
    grid: &Grid,
    layers: usize,
    values: &mut [T],
    coder: &mut Coding<T>,
) -> Result<()> {
    let axes: Vec<usize> = (grid.first()..AXES).collect();
    let lorenzo = Lorenzo::new(grid, layers, &axes);
    for corner in grid.corners(edge_for(grid)) {
        for_each_place(grid.extent(corner, edge_for(grid)), |within| {
            let place = [0, 1, 2, 3].map(|axis| corner[axis] + within[axis]);
            let at = grid.index(place);
            let prediction = lorenzo.predict(values, place, at);
            coder.put(&mut values[at], prediction)
        })?;
    }
    Ok(())
}

/// Appends what stands before the quantizer.
pub(super) fn encode_head(grid: &Grid, output: &mut Vec<u8>) {
    grid.encode(output);
    output.extend_from_slice(&edge_for(grid).to_le_bytes()[..4]);
    output.push(LORENZO);
}

/// The edge of blocks where we choose it, as the plugin does.
pub(super) fn edge_for(grid: &Grid) -> usize {
    match grid.rank {
        1 => 128,
        2 => 16,
        _ => 6,
    }
}

impl<T: Number> Predictor<'_, T> {
    /// Goes on to the next block. Returns false if it is too thin.
    fn begin(&mut self, extent: [usize; AXES]) -> Result<bool> {
        match self {
            Predictor::Lorenzo(_) => Ok(true),
            Predictor::Regression(regression) => regression.begin(extent),
        }
    }
}

/// Reads the edge of a block. In blocks of single elements the encoder loses track of where the array begins.
pub(super) fn edge(input: &mut Input<'_>) -> Result<usize> {
    match input.u32_le()? {
        edge @ 0..=1 => Err(Error::unsupported(format!("SZ3 in blocks with an edge of {edge}"))),
        edge => to_usize(u64::from(edge)),
    }
}

fn decode_predictors<'a, T: Number>(
    used: &Predictors,
    grid: &Grid,
    input: &mut Input<'a>,
) -> Result<Vec<Predictor<'a, T>>> {
    let axes: Vec<usize> = (grid.first()..AXES).collect();
    let mut predictors = Vec::new();
    for (used, layers) in [(used.lorenzo, 1), (used.lorenzo_of_two_layers, 2)] {
        if !used {
            continue;
        }
        let kind = input.u8()?;
        if kind != LORENZO {
            return Err(damaged("sz3", format!("a predictor of kind {kind} instead of {LORENZO}")));
        }
        predictors.push(Predictor::Lorenzo(Lorenzo::new(grid, layers, &axes)));
    }
    for (used, degree) in [(used.linear, Degree::Linear), (used.quadratic, Degree::Quadratic)] {
        if used {
            predictors.push(Predictor::Regression(Regression::decode(degree, grid, input)?));
        }
    }
    if used.quadratic && grid.rank == AXES {
        return Err(Error::unsupported(format!("SZ3's quadratic regression along {AXES} axes")));
    }
    if predictors.is_empty() { Err(damaged("sz3", "no predictor is in use")) } else { Ok(predictors) }
}

impl<'a> Selection<'a> {
    fn decode(input: &mut Input<'a>) -> Result<Self> {
        let left = input.u64_le()?;
        let codes = if left > 0 { Some(Codes::decode(input)?) } else { None };
        Ok(Selection { codes, left })
    }

    fn next(&mut self) -> Result<usize> {
        let (Some(left), Some(codes)) = (self.left.checked_sub(1), &mut self.codes) else {
            return Err(damaged("sz3", "a block without a predictor"));
        };
        self.left = left;
        let selected = codes.next()?;
        usize::try_from(selected).map_err(|_| damaged("sz3", format!("a block takes predictor {selected}")))
    }
}
