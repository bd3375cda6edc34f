//! The encoding of a piece: the integers of its transform, in steps that suit how exact it has to be.

use super::levels::Lengths;
use super::mask::Mask;
use super::piece::{CENTRED, CONSTANT, STEPS_OF_ERROR, correct, recover};
use super::sets::Order;
use super::speck::Integers;
use super::{narrowed, wavelet};
use crate::base::{Error, Result};

/// How exact a piece is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Quality {
    /// Bits for an element.
    Rate(f64),
    /// The peak's ratio to the noise, in decibels.
    Ratio(f64),
    /// The largest error of an element.
    Error(f64),
}

/// A piece that is going to be encoded.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) lengths: Lengths,
    pub(super) order: Order,
    /// Elements of four bytes, not eight.
    pub(super) narrow: bool,
    pub(super) elements: Vec<f64>,
}

/// Integers from where on their steps are too small for their number.
const MOST: f64 = 9_223_372_036_854_775_808.0;

/// The largest integer for a bit rate, and the one if that was not exact enough: the largest odd one of a double.
const LARGEST: [f64; 2] = [4_294_967_295.0, 9_007_199_254_740_991.0];

/// So many elements have their squares added up at a time.
const STRIDE: usize = 4096;

impl Piece {
    pub(super) fn encode(&self, quality: Quality, output: &mut Vec<u8>) -> Result<()> {
        let first = self.elements.first().copied().unwrap_or_default();
        if self.elements.iter().all(|&element| element == first) {
            output.push(CENTRED | CONSTANT);
            output.extend((self.elements.len() as u64).to_le_bytes());
            output.extend(first.to_le_bytes());
            return Ok(());
        }
        let mean = mean(&self.elements);
        let centred: Vec<f64> = self.elements.iter().map(|element| element - mean).collect();
        let mut coefficients = centred.clone();
        wavelet::forward(&mut coefficients, self.lengths);
        let largest = coefficients.iter().fold(0f64, |most, value| most.max(value.abs()));
        let known = Known { piece: self, mean, centred, coefficients, largest };
        match quality {
            Quality::Rate(bits) => known.with_rate(bits, output),
            Quality::Ratio(decibels) => known.with_ratio(decibels, output),
            Quality::Error(tolerance) => known.with_tolerance(tolerance, output),
        }
    }
}

/// What is known of a piece before it is quantized.
struct Known<'a> {
    piece: &'a Piece,
    mean: f64,
    centred: Vec<f64>,
    coefficients: Vec<f64>,
    /// The magnitude of the largest coefficient.
    largest: f64,
}

impl Known<'_> {
    fn with_rate(&self, bits: f64, output: &mut Vec<u8>) -> Result<()> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive; whatever is more is all"
        )]
        let budget = (bits * self.coefficients.len() as f64).max(1.0) as u64;
        let start = output.len();
        for most in LARGEST {
            output.truncate(start);
            let step = self.largest / most;
            let integers = self.quantized(step)?;
            self.encode_head(step, output);
            let stream = output.len();
            integers.encode(self.piece.lengths, self.piece.order, Some(budget), output);
            if 8 * (output.len() - stream) as u64 >= budget {
                break;
            }
        }
        Ok(())
    }

    fn with_ratio(&self, decibels: f64, output: &mut Vec<u8>) -> Result<()> {
        let (least, most) =
            self.centred.iter().fold((f64::MAX, f64::MIN), |(a, b), &value| (a.min(value), b.max(value)));
        let square = (most - least) * (most - least) * 10f64.powf(-decibels / 10.0);
        let mut step = 2.0 * (square * 3.0).sqrt();
        let finer = 2f64.powf(0.25);
        while step.is_finite() && self.largest / step < MOST {
            if self.square_of_rounding(step) <= square {
                let integers = self.quantized(step)?;
                if self.square_of_errors(&recover(&integers, step, self.piece.lengths)) <= square {
                    self.encode_head(step, output);
                    integers.encode(self.piece.lengths, self.piece.order, None, output);
                    return Ok(());
                }
            }
            step /= finer;
        }
        Err(too_exact())
    }

    fn with_tolerance(&self, tolerance: f64, output: &mut Vec<u8>) -> Result<()> {
        let step = tolerance * STEPS_OF_ERROR;
        let integers = self.quantized(step)?;
        let mut recovered = recover(&integers, step, self.piece.lengths);
        let corrections = self.corrections(&recovered, tolerance)?;
        if let Some(corrections) = &corrections {
            correct(&mut recovered, corrections, step / STEPS_OF_ERROR);
        }
        let mut pairs = self.piece.elements.iter().zip(&recovered);
        if !pairs.all(|(element, value)| (element - self.put_out(*value)).abs() <= tolerance) {
            return Err(too_exact());
        }
        self.encode_head(step, output);
        integers.encode(self.piece.lengths, self.piece.order, None, output);
        if let Some(corrections) = corrections {
            let count = u32::try_from(recovered.len()).map_err(|_| too_exact())?;
            corrections.encode([count, 1, 1], Order::Line, None, output);
        }
        Ok(())
    }

    /// What elements miss that are off by more than the tolerance, as multiples of it.
    fn corrections(&self, recovered: &[f64], tolerance: f64) -> Result<Option<Integers>> {
        let inverse = 1.0 / tolerance;
        let missing = |((centred, element), &value): ((&f64, &f64), &f64)| {
            let difference = centred - value;
            let is_off = difference.abs() > tolerance || (element - self.put_out(value)).abs() > tolerance;
            if is_off { difference * inverse } else { 0.0 }
        };
        let pairs = self.centred.iter().zip(&self.piece.elements).zip(recovered);
        let missing: Vec<f64> = pairs.map(missing).collect();
        if missing.iter().all(|&value| value == 0.0) {
            Ok(None)
        } else {
            integers(missing.into_iter()).map(Some)
        }
    }

    /// What the decoder puts out for an element without its mean.
    fn put_out(&self, value: f64) -> f64 {
        let value = value + self.mean;
        if self.piece.narrow { narrowed(value) } else { value }
    }

    fn encode_head(&self, step: f64, output: &mut Vec<u8>) {
        output.push(CENTRED);
        output.extend(self.mean.to_le_bytes());
        output.extend(step.to_le_bytes());
    }

    fn quantized(&self, step: f64) -> Result<Integers> {
        let inverse = 1.0 / step;
        integers(self.coefficients.iter().map(|value| value * inverse))
    }

    /// The mean square of what the coefficients lose by their steps.
    fn square_of_rounding(&self, step: f64) -> f64 {
        let inverse = 1.0 / step;
        let lost = |value: &f64| (-step).mul_add((value * inverse).round_ties_even(), *value);
        mean_square(self.coefficients.iter().map(lost))
    }

    fn square_of_errors(&self, recovered: &[f64]) -> f64 {
        let pairs = self.piece.elements.iter().zip(recovered);
        mean_square(pairs.map(|(element, value)| element - self.put_out(*value)))
    }
}

fn mean_square(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let (count, mut total, mut stride, mut at) = (values.len() as f64, 0.0, 0.0, 0usize);
    for value in values {
        stride += value * value;
        at += 1;
        if at.is_multiple_of(STRIDE) {
            total += stride;
            stride = 0.0;
        }
    }
    (total + stride) / count
}

/// The nearest integers, by sign and magnitude.
fn integers(values: impl ExactSizeIterator<Item = f64>) -> Result<Integers> {
    let mut integers = Integers { magnitudes: vec![0; values.len()], negative: Mask::new(values.len()) };
    for (index, value) in values.enumerate() {
        let whole = value.round_ties_even();
        if whole.is_nan() || whole.abs() >= MOST {
            return Err(too_exact());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it fits, and is whole")]
        let magnitude = whole.abs() as u64;
        integers.magnitudes[index] = magnitude;
        if whole < 0.0 {
            integers.negative.set(index);
        }
    }
    Ok(integers)
}

fn too_exact() -> Error {
    Error::misuse("elements are too large for what sperr is asked to keep of them")
}

/// The mean, of the means of so many parts as divide the elements.
fn mean(elements: &[f64]) -> f64 {
    let len = elements.len();
    let divides = |parts: &usize| len.is_multiple_of(*parts);
    let parts = (PARTS..=MOST_PARTS).find(divides).or_else(|| (1..PARTS).rev().find(divides)).unwrap_or(1);
    let size = len / parts;
    let means = elements.chunks(size.max(1)).map(|part| part.iter().sum::<f64>() / size as f64);
    means.sum::<f64>() / parts as f64
}

/// Of the mean: as many parts are wanted, and as many are allowed.
const PARTS: usize = 2048;
const MOST_PARTS: usize = 32768;
