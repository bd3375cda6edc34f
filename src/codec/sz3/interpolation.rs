//! Prediction by interpolation: level by level the grid of known elements becomes twice as fine, axis by axis, each new
//! element being interpolated between its neighbours along one axis.
//!
//! ```text
//!  0  8n  lengths of the n axes
//!  .   4  edge of a block, in steps of its level
//!  .   4  kind: 0 linear, 1 cubic
//!  .   4  which of all orders of the axes, sorted
//!  .   .  quantizer
//!  .   .  codes
//! ```

use super::coder::{Coder, Coding, Recovery};
use super::config::Config;
use super::grid::{AXES, Grid};
use super::number::{Number, Wide};
use super::{Input, damaged};
use crate::base::{Result, to_usize};

/// From this level on, counted from the finest, the error bound is half of what was asked for.
const COARSE: u32 = 3;

/// The edge of blocks where we choose it, as the plugin does.
const EDGE: usize = 32;

pub(super) fn decode<T: Number>(config: &Config, input: &mut Input<'_>) -> Result<Vec<T>> {
    config.check_grid(input)?;
    let edge = to_usize(u64::from(input.u32_le()?))?;
    let cubic = match input.u32_le()? {
        kind @ 0..=1 => kind == 1,
        kind => return Err(damaged("sz3", format!("an interpolation of kind {kind}"))),
    };
    let order = axis_order(&config.grid, to_usize(u64::from(input.u32_le()?))?)?;
    if edge == 0 || edge % 2 == 1 {
        return Err(damaged("sz3", format!("blocks with an edge of {edge}, it has to be even")));
    }
    let mut coder = Recovery::decode::<T>(input)?;
    let mut values = vec![T::default(); config.grid.len()];
    Interpolation { grid: &config.grid, cubic, order, coder: &mut coder, values: &mut values }.run(edge)?;
    Ok(values)
}

/// A way of interpolating.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) cubic: bool,
    /// Along the last axis first, not along the first.
    pub(super) backwards: bool,
}

/// Codes an array; the rest of the content is what the coder has then.
pub(super) fn code<T: Number>(grid: &Grid, way: Way, values: &mut [T], coder: &mut Coding<T>) -> Result<()> {
    let order = axis_order(grid, way.order(grid))?;
    Interpolation { grid, cubic: way.cubic, order, coder, values }.run(EDGE)
}

/// Appends what stands before the quantizer.
pub(super) fn encode_head(grid: &Grid, way: Way, output: &mut Vec<u8>) {
    grid.encode(output);
    let order = way.order(grid).to_le_bytes();
    output.extend_from_slice(&EDGE.to_le_bytes()[..4]);
    output.extend(u32::from(way.cubic).to_le_bytes());
    output.extend_from_slice(&order[..4]);
}

impl Way {
    /// The number of the order of the axes.
    fn order(self, grid: &Grid) -> usize {
        if self.backwards { (1..=grid.rank).product::<usize>() - 1 } else { 0 }
    }
}

/// The axes in the order with this number. Behind them come those that the array does not have.
fn axis_order(grid: &Grid, number: usize) -> Result<[usize; AXES]> {
    let mut left: Vec<usize> = (grid.first()..AXES).collect();
    let mut orders: usize = (1..=left.len()).product();
    if number >= orders {
        return Err(damaged("sz3", format!("order {number} of {} axes", left.len())));
    }
    let (mut order, mut number) = ([0; AXES], number);
    for place in &mut order[..grid.rank] {
        orders /= left.len();
        *place = left.remove(number / orders);
        number %= orders;
    }
    for (place, axis) in order[grid.rank..].iter_mut().zip(0..) {
        *place = axis;
    }
    Ok(order)
}

struct Interpolation<'a, T, C> {
    grid: &'a Grid,
    cubic: bool,
    order: [usize; AXES],
    coder: &'a mut C,
    values: &'a mut [T],
}

impl<T: Number, C: Coder<T>> Interpolation<'_, T, C> {
    fn run(&mut self, edge: usize) -> Result<()> {
        self.put(0, T::default())?;
        let error_bound = *self.coder.error_bound();
        let longest = self.grid.lengths.into_iter().max().unwrap_or(1);
        let levels = (longest - 1).checked_ilog2().map_or(0, |log| log + 1);
        for level in (0..levels).rev() {
            *self.coder.error_bound() = if level + 1 >= COARSE { error_bound * 0.5 } else { error_bound };
            let step = 1 << level;
            let edge = edge.saturating_mul(step);
            for corner in self.grid.corners(edge) {
                self.block(corner, edge, step)?;
            }
        }
        Ok(())
    }

    /// Makes a block finer along one axis after the other. It has the next block's first elements too.
    fn block(&mut self, corner: [usize; AXES], edge: usize, step: usize) -> Result<()> {
        let (grid, order) = (self.grid, self.order);
        let last = |axis: usize| corner[axis].saturating_add(edge).min(grid.lengths[axis] - 1);
        for (turn, &axis) in order[..grid.rank].iter().enumerate() {
            let count = (last(axis) - corner[axis]) / step + 1;
            let lines = [0, 1, 2, 3].map(|place| {
                let across = order[place];
                // Along axes whose turn has been there are twice as many elements; the block before has had the first.
                let step = if place < turn { step } else { 2 * step };
                let first = match corner[across] {
                    0 => 0,
                    first if place == turn => first,
                    first => first + step,
                };
                let last = if place == turn { first } else { last(across) };
                (first..=last).step_by(step).map(move |at| at * grid.strides[across])
            });
            let [a, b, c, d] = lines;
            for a in a {
                for b in b.clone() {
                    for c in c.clone() {
                        for d in d.clone() {
                            self.line(a + b + c + d, count, step * grid.strides[axis])?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Interpolates every second of `count` elements, `step` apart.
    fn line(&mut self, begin: usize, count: usize, step: usize) -> Result<()> {
        if count <= 1 {
            return Ok(());
        }
        let at = |place: usize| begin + place * step;
        if !self.cubic || count < 5 {
            for place in (1..count - 1).step_by(2) {
                self.put(at(place), linear(self.around(at(place), step)))?;
            }
        } else {
            let mut place = 3;
            while place + 3 < count {
                self.put(at(place), cubic(self.around(at(place), step), self.around(at(place), 3 * step)))?;
                place += 2;
            }
            let [before, after] = self.around(at(1), step);
            self.put(at(1), weighted([(3, before), (6, after), (-1, self.values[at(4)])]))?;
            let [before, after] = self.around(at(place), step);
            self.put(at(place), weighted([(-1, self.values[at(place - 3)]), (6, before), (3, after)]))?;
        }
        if count.is_multiple_of(2) { self.end(at(count - 1), count, step) } else { Ok(()) }
    }

    /// Goes on to the last element of a line, which has nothing behind it.
    fn end(&mut self, at: usize, count: usize, step: usize) -> Result<()> {
        let before = self.values[at - step];
        if count < 4 {
            return self.put(at, before);
        }
        let third = self.values[at - 3 * step];
        if !self.cubic || count < 5 {
            return self.put(at, T::from_f64(-0.5 * third.to_f64() + 1.5 * before.to_f64()));
        }
        self.put(at, weighted([(3, self.values[at - 5 * step]), (-10, third), (15, before)]))
    }

    fn around(&self, at: usize, step: usize) -> [T; 2] {
        [self.values[at - step], self.values[at + step]]
    }

    fn put(&mut self, at: usize, prediction: T) -> Result<()> {
        self.coder.put(&mut self.values[at], prediction)
    }
}

fn linear<T: Number>([before, after]: [T; 2]) -> T {
    T::narrow((before.widen() + after.widen()) / Wide::of(2))
}

fn cubic<T: Number>([before, after]: [T; 2], [third_before, third_after]: [T; 2]) -> T {
    let nine = |value: T| value.widen() * Wide::of(9);
    let sum = -third_before.widen() + nine(before) + nine(after) - third_after.widen();
    T::narrow(sum / Wide::of(16))
}

/// An eighth of a weighted sum.
fn weighted<T: Number>([first, second, third]: [(i32, T); 3]) -> T {
    let times = |(weight, value): (i32, T)| value.widen() * Wide::of(weight.unsigned_abs());
    let first_term = if first.0 < 0 { -times(first) } else { times(first) };
    let sum = if second.0 < 0 { first_term - times(second) } else { first_term + times(second) };
    let sum = if third.0 < 0 { sum - times(third) } else { sum + times(third) };
    T::narrow(sum / Wide::of(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_of_axes_are_sorted() {
        let grid = Grid::new(&[2, 2, 2]).unwrap();
        let orders: Vec<_> = (0..6).map(|number| axis_order(&grid, number).unwrap()).collect();
        assert_eq!(orders[0], [1, 2, 3, 0]);
        assert_eq!(orders[1], [1, 3, 2, 0]);
        assert_eq!(orders[5], [3, 2, 1, 0]);
        assert!(axis_order(&grid, 6).is_err());
    }

    #[test]
    fn curves_are_interpolated() {
        let square = |at: i32| at * at;
        assert_eq!(linear([3i16, 6]), 4);
        assert_eq!(cubic([square(9), square(11)], [square(7), square(13)]), square(10));
        assert_eq!(weighted([(3, square(0)), (6, square(2)), (-1, square(4))]), square(1));
        assert_eq!(weighted([(3, square(0)), (-10, square(2)), (15, square(4))]), square(5));
        assert_eq!(linear([250u8, 252]), 251, "computed with as int");
    }
}
