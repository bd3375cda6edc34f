//! One piece of a volume or the whole of a plane: a constant, or coefficients of a wavelet transform and what they miss.
//!
//! ```text
//!  0  1  flags: 0x80 the mean was taken off, 0x01 all elements are the same
//!        of equal elements:      of others:
//!  1  8  their number             mean, a double
//!  9  8  the element, a double    step of the integers, a double
//! 17  .                           integers of the transform
//!     .                           corrections of single elements, if a largest error was asked for
//! ```

use super::levels::Lengths;
use super::sets::Order;
use super::speck::{Integers, Stream};
use super::wavelet;
use crate::base::{Error, Result};
use crate::codec::damaged;
use crate::codec::input::Input;

/// Flags.
pub(super) const CENTRED: u8 = 0x80;
pub(super) const CONSTANT: u8 = 0x01;

/// Of the step: the error that is tolerated, in which the corrections are counted.
pub(super) const STEPS_OF_ERROR: f64 = 1.5;

/// Decodes the elements of a box with these lengths; the caller has bounded their number.
pub(super) fn decode(bytes: &[u8], lengths: Lengths, order: Order) -> Result<Vec<f64>> {
    let count: usize = lengths.iter().map(|&length| length as usize).product();
    let mut input = Input::new("sperr", bytes);
    let flags = input.u8()?;
    if flags & !CONSTANT != CENTRED {
        return Err(Error::unsupported(format!("flags {flags:#04x} of a piece in the filter sperr")));
    }
    if flags & CONSTANT != 0 {
        let (number, element) = (input.u64_le()?, f64::from_le_bytes(input.array()?));
        if number != count as u64 || !input.rest().is_empty() {
            return Err(damaged("sperr", format!("{number} equal elements in place of {count}")));
        }
        return Ok(vec![element; count]);
    }
    let (mean, step) = (f64::from_le_bytes(input.array()?), f64::from_le_bytes(input.array()?));
    if step.is_nan() || step <= 0.0 {
        return Err(damaged("sperr", format!("integers in steps of {step}")));
    }
    let stream = Stream::take(&mut input)?;
    // Both are looked at before the work begins.
    let corrections = match input.rest().is_empty() {
        true => None,
        false => Some(corrections(&mut input, count)?),
    };
    let mut elements = recover(&stream.decode(lengths, order)?, step, lengths);
    if let Some((stream, line)) = corrections {
        correct(&mut elements, &stream.decode(line, Order::Line)?, step / STEPS_OF_ERROR);
    }
    elements.iter_mut().for_each(|element| *element += mean);
    Ok(elements)
}

/// The stream of corrections, and the elements as one line.
fn corrections<'a>(input: &mut Input<'a>, count: usize) -> Result<(Stream<'a>, Lengths)> {
    let stream = Stream::take(input)?;
    if !stream.is_complete() || !input.rest().is_empty() {
        return Err(damaged("sperr", "the corrections do not end where the piece does"));
    }
    let count = u32::try_from(count).map_err(|_| damaged("sperr", format!("{count} elements in a line")))?;
    Ok((stream, [count, 1, 1]))
}

/// Elements, without their mean, of the integers of their transform.
pub(super) fn recover(integers: &Integers, step: f64, lengths: Lengths) -> Vec<f64> {
    let signed = |(index, &magnitude)| {
        let sign = if integers.negative.contains(index) { -1.0 } else { 1.0 };
        step * magnitude as f64 * sign
    };
    let mut elements: Vec<f64> = integers.magnitudes.iter().enumerate().map(signed).collect();
    wavelet::inverse(&mut elements, lengths);
    elements
}

pub(super) fn correct(elements: &mut [f64], integers: &Integers, tolerance: f64) {
    for (index, (element, &magnitude)) in elements.iter_mut().zip(&integers.magnitudes).enumerate() {
        let error = match magnitude {
            0 => continue,
            1 => 1.1,
            more => more as f64 - 0.25,
        };
        let sign = if integers.negative.contains(index) { -1.0 } else { 1.0 };
        *element += error * (tolerance * sign);
    }
}
