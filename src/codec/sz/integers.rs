//! Integers one after the other, each a symbol or exact.
//!
//! ```text
//!  .  1    bytes of an exact integer, unless all are the same or stored; stands before the number of integers
//!  .  4    most symbols
//!  .  4    symbols
//!  .  8    least integer, which is taken from exact ones
//!  .  8    error bound
//!  .  4/8  bytes of the tree and the codes
//!  .  4/8  exact integers
//!  .  4/8  bytes of exact integers
//!  .  .    tree and codes
//!  .  .    exact integers
//! ```

use std::ops::{Add, Sub};

use super::super::damaged;
use super::super::input::Input;
use super::float::Float;
use super::layout::{Integer, Layout};
use super::raster::{self, Place};
use super::stream::{self, Flag, Header};
use crate::base::Result;

/// Bytes of the parameters in a stream's header.
const PARAMETERS: usize = 28;

/// An integer of any type, by its bits; what does not fit the bits is lost.
#[derive(Clone, Copy, Debug, Default)]
struct Bits(i64);

impl Add for Bits {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Bits(self.0.wrapping_add(other.0))
    }
}

impl Sub for Bits {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Bits(self.0.wrapping_sub(other.0))
    }
}

pub(super) fn decode(
    input: &mut Input<'_>,
    layout: &Layout,
    integer: Integer,
    output: &mut Vec<u8>,
) -> Result<()> {
    let header = Header::decode(input, PARAMETERS)?;
    if header.has(Flag::Stored) {
        // The number of integers that stands here is one of more than there are.
        header.length(input)?;
        for _ in 0..layout.count {
            put(Bits(take(input, integer.bytes)?), integer, output);
        }
        return Ok(());
    }
    if header.has(Flag::Constant) {
        check_count(header.length(input)?, layout)?;
        let value = Bits(take(input, integer.bytes)?);
        (0..layout.count).for_each(|_| put(value, integer, output));
        return Ok(());
    }
    let exact_bytes = usize::from(input.u8()?);
    if exact_bytes > integer.bytes {
        return Err(damaged("sz", format!("{exact_bytes} bytes of integers that have {}", integer.bytes)));
    }
    check_count(header.length(input)?, layout)?;
    input.take(4)?;
    let middle = (input.u32_be()? / 2).cast_signed();
    let least = Bits(i64::from_be_bytes(input.array()?));
    let quantum = 2.0 * f64::take_be(input)?;
    let code_bytes = header.size(input)?;
    header.length(input)?;
    let all_exact_bytes = header.size(input)?;
    let mut symbols = stream::take_codes(input.take(code_bytes)?)?;
    let mut exact = Input::new("sz", input.take(all_exact_bytes)?);
    let mut data = Vec::with_capacity(layout.count);
    raster::each(&layout.shape, |place| {
        let symbol = symbols.next()?;
        data.push(if symbol == 0 || place == Place::Start {
            integer.fit(Bits(take(&mut exact, exact_bytes)?) + least)
        } else {
            let correction = f64::from(symbol.wrapping_sub(middle)) * quantum;
            integer.correct(raster::predict(&data, place), correction)
        });
        Ok(())
    })?;
    data.into_iter().for_each(|value| put(value, integer, output));
    Ok(())
}

fn check_count(count: u64, layout: &Layout) -> Result<()> {
    match count == layout.count as u64 {
        true => Ok(()),
        false => Err(damaged("sz", format!("{count} numbers in a chunk of {}", layout.count))),
    }
}

/// Takes a big-endian integer of up to eight bytes.
fn take(input: &mut Input<'_>, bytes: usize) -> Result<i64> {
    Ok(input.take(bytes)?.iter().fold(0, |value, &byte| value << 8 | i64::from(byte)))
}

fn put(value: Bits, integer: Integer, output: &mut Vec<u8>) {
    output.extend_from_slice(&value.0.to_le_bytes()[..integer.bytes]);
}

impl Integer {
    /// The integer that the low bits are.
    fn fit(self, value: Bits) -> Bits {
        let unused = match self.bytes {
            1 => 56,
            2 => 48,
            4 => 32,
            _ => 0,
        };
        match self.signed {
            true => Bits(value.0 << unused >> unused),
            false => Bits((value.0.cast_unsigned() << unused >> unused).cast_signed()),
        }
    }

    /// Adds what is to be added to a prediction, as SZ compiled for x86 does it.
    ///
    /// Where integers are short the prediction has 64 bits and the sum is moved into their range. Others have
    /// predictions of their own type.
    fn correct(self, predicted: Bits, correction: f64) -> Bits {
        let own = self.fit(predicted).0;
        match (self.bytes, self.signed) {
            (1 | 2, _) => {
                let bits = if self.bytes == 1 { 8 } else { 16 };
                let (least, greatest) = match self.signed {
                    true => (-1 << (bits - 1), (1 << (bits - 1)) - 1),
                    false => (0, (1 << bits) - 1),
                };
                Bits(truncate(predicted.0 as f64 + correction).clamp(least, greatest))
            }
            (4, true) => {
                let sum = truncate(own as f64 + correction);
                Bits(i64::from(i32::try_from(sum).unwrap_or(i32::MIN)))
            }
            (8, false) => {
                const HALF: f64 = 9_223_372_036_854_775_808.0;
                let sum = own.cast_unsigned() as f64 + correction;
                match sum < HALF {
                    true => Bits(truncate(sum)),
                    false => Bits(truncate(sum - HALF) ^ i64::MIN),
                }
            }
            _ => self.fit(Bits(truncate(own as f64 + correction))),
        }
    }
}

/// Cuts the fraction off; what does not fit is the least integer.
fn truncate(value: f64) -> i64 {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "it fits, but for its fraction")]
    match (-BEYOND..BEYOND).contains(&value) {
        true => value as i64,
        false => i64::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correct(bytes: usize, signed: bool, predicted: i64, correction: f64) -> i64 {
        Integer { bytes, signed }.correct(Bits(predicted), correction).0
    }

    #[test]
    fn sums_keep_to_their_type() {
        assert_eq!(correct(1, true, 130, -1.5), 127);
        assert_eq!(correct(1, true, -130, -1.5), -128);
        assert_eq!(correct(1, false, -130, 1.0), 0);
        assert_eq!(correct(2, false, 65530, 9.0), 65535);
        assert_eq!(correct(2, true, 65530, -65529.5), 0);
        assert_eq!(correct(4, true, i64::from(i32::MAX) + 1, 1.0), i64::from(i32::MIN) + 1);
        assert_eq!(correct(4, true, i64::from(i32::MAX), 1.0), i64::from(i32::MIN));
        assert_eq!(correct(4, false, -2, 10.0), 8);
        assert_eq!(correct(8, true, i64::MAX, 1e4), i64::MIN);
        assert_eq!(correct(8, false, -1 << 11, 0.0), -1 << 11);
        assert_eq!(correct(8, false, 5, -7.0), -2);
        assert_eq!(correct(8, false, i64::MAX, f64::NAN), 0);
    }
}
