//! Prediction by regression: a plane, or a surface of the second degree, through each block. Its coefficients are coded
//! like elements, each predicted to be what it was in the block before.
//!
//! ```text
//!  0  1  2 linear, 3 quadratic
//!  1  8  number of coefficients; nothing follows if there are none
//!  9  .  quantizer of the constant
//!  .  .  quantizer of the linear coefficients
//!  .  .  quantizer of the quadratic coefficients, if there are
//!  .  .  codes
//! ```

use super::grid::{AXES, Grid};
use super::huffman::Codes;
use super::number::{Number, Wide};
use super::quantizer::Quantizer;
use super::{Input, damaged};
use crate::base::Result;

/// The most coefficients that are in use: a constant, and linear and quadratic ones of three axes.
const MOST: usize = 10;

#[derive(Debug)]
pub(super) struct Regression<'a, T> {
    degree: Degree,
    rank: usize,
    stored: Option<Stored<'a>>,
    /// Of the current block. Linear: of each axis, then the constant; quadratic: the constant, then by rising degree.
    coefficients: [T; MOST],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Degree {
    Linear = 2,
    Quadratic = 3,
}

#[derive(Debug)]
struct Stored<'a> {
    constant: Quantizer<'a>,
    linear: Quantizer<'a>,
    quadratic: Option<Quantizer<'a>>,
    codes: Codes<'a>,
    left: u64,
}

impl<'a, T: Number> Regression<'a, T> {
    pub(super) fn decode(degree: Degree, grid: &Grid, input: &mut Input<'a>) -> Result<Self> {
        let kind = input.u8()?;
        if kind != degree as u8 {
            return Err(damaged("sz3", format!("a predictor of kind {kind} instead of {}", degree as u8)));
        }
        let stored = match input.u64_le()? {
            0 => None,
            left => Some(Stored {
                constant: Quantizer::decode::<T>(input)?,
                linear: Quantizer::decode::<T>(input)?,
                quadratic: match degree {
                    Degree::Linear => None,
                    Degree::Quadratic => Some(Quantizer::decode::<T>(input)?),
                },
                codes: Codes::decode(input)?,
                left,
            }),
        };
        Ok(Regression { degree, rank: grid.rank, stored, coefficients: [T::default(); MOST] })
    }

    /// Goes on to the next block. Returns false if it is too thin for a regression.
    pub(super) fn begin(&mut self, extent: [usize; AXES]) -> Result<bool> {
        let thinnest = match self.degree {
            Degree::Linear => 2,
            Degree::Quadratic => 3,
        };
        if extent[AXES - self.rank..].iter().any(|&length| length < thinnest) {
            return Ok(false);
        }
        let (rank, degree) = (self.rank, self.degree);
        let count = match degree {
            Degree::Linear => rank + 1,
            Degree::Quadratic => (rank + 1) * (rank + 2) / 2,
        };
        let constant = if degree == Degree::Linear { rank } else { 0 };
        for (index, coefficient) in self.coefficients[..count].iter_mut().enumerate() {
            let Some(stored) = &mut self.stored else {
                return Err(damaged("sz3", "no coefficients of a regression"));
            };
            let code = stored.next()?;
            let quantizer = match (index, &mut stored.quadratic) {
                (index, _) if index == constant => &mut stored.constant,
                (index, Some(quadratic)) if index > rank => quadratic,
                _ => &mut stored.linear,
            };
            *coefficient = quantizer.recover(code, *coefficient)?;
        }
        Ok(true)
    }

    /// Predicts the element at this place in the block.
    pub(super) fn predict(&self, within: [usize; AXES]) -> T {
        let within = &within[AXES - self.rank..];
        match self.degree {
            Degree::Linear => self.predict_linearly(within),
            Degree::Quadratic => self.predict_quadratically(within),
        }
    }

    fn predict_linearly(&self, within: &[usize]) -> T {
        let mut sum = T::default();
        for (&place, coefficient) in within.iter().zip(self.coefficients) {
            // A block's edge has 32 bits.
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            sum = T::narrow(sum.widen() + <T::Wide as Wide>::of(place) * coefficient.widen());
        }
        T::narrow(sum.widen() + self.coefficients[self.rank].widen())
    }

    fn predict_quadratically(&self, within: &[usize]) -> T {
        let mut sum = T::default();
        let mut coefficients = self.coefficients.iter();
        let mut add = |power: f64| {
            if let Some(coefficient) = coefficients.next() {
                sum = T::from_f64(sum.to_f64() + power * coefficient.to_f64());
            }
        };
        add(1.0);
        within.iter().for_each(|&place| add(place as f64));
        for (axis, &place) in within.iter().enumerate() {
            within[axis..].iter().for_each(|&other| add(place as f64 * other as f64));
        }
        sum
    }
}

impl Stored<'_> {
    fn next(&mut self) -> Result<i32> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(|| damaged("sz3", "the coefficients end too early"))?;
        self.codes.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regression<T: Number>(degree: Degree, rank: usize, coefficients: [T; MOST]) -> Regression<'static, T> {
        Regression { degree, rank, stored: None, coefficients }
    }

    #[test]
    fn planes_and_surfaces() {
        let coefficients = [1u8, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(f32::from);
        let plane = regression(Degree::Linear, 2, coefficients);
        assert_eq!(plane.predict([0, 0, 10, 100]), 1.0 * 10.0 + 2.0 * 100.0 + 3.0);
        let surface = regression(Degree::Quadratic, 3, coefficients);
        let linear = 1.0 + 2.0 * 2.0 + 3.0 * 3.0 + 4.0 * 5.0;
        let quadratic = 5.0 * 4.0 + 6.0 * 6.0 + 7.0 * 10.0 + 8.0 * 9.0 + 9.0 * 15.0 + 10.0 * 25.0;
        assert_eq!(surface.predict([0, 2, 3, 5]), linear + quadratic);
    }

    #[test]
    fn thin_blocks_have_no_coefficients() {
        let mut plane = regression(Degree::Linear, 2, [0f64; MOST]);
        assert!(!plane.begin([1, 1, 1, 5]).unwrap() && plane.begin([1, 1, 2, 5]).is_err());
        let mut surface = regression(Degree::Quadratic, 2, [0f64; MOST]);
        assert!(!surface.begin([1, 1, 5, 2]).unwrap() && surface.begin([1, 1, 3, 3]).is_err());
    }
}
