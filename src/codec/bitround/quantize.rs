//! Which bits of an element are cut off, and what takes their place.

use std::f64::consts::{LN_2, LN_10};

use super::BitRound;
use crate::base::{Error, Result};
use crate::codec::damaged;

const MOST_DIGITS: u32 = 16;
const BITS_OF_A_DIGIT: f64 = LN_10 / LN_2;
const DIGITS_OF_A_BIT: f64 = LN_2 / LN_10;

/// What stands for missing values where a dataset has no fill value: netCDF's default, 15 * 2^119.
const MISSING: f64 = f64::from_bits(0x479e_0000_0000_0000);

/// Numbers below the normal ones become such by this power of two.
const LIFT: i32 = 54;

#[derive(Clone, Copy, Debug)]
pub(super) struct Quantizer {
    way: BitRound,
    digits: u32,
    /// Elements have 8 bytes, not 4.
    wide: bool,
    missing: f64,
}

impl Quantizer {
    pub(super) fn new(way: BitRound, values: &[u32]) -> Result<Self> {
        let &[digits, size, has_fill, ref fill @ ..] = values else {
            return Err(damaged("bitround", format!("{} values of client data", values.len())));
        };
        if !(1..=MOST_DIGITS).contains(&digits) {
            return Err(Error::field("number of digits", digits.into(), "1 to 16 can be kept"));
        }
        let wide = match size {
            4 => false,
            8 => true,
            _ => return Err(Error::field("element size", size.into(), "4 or 8 bytes are known")),
        };
        let missing = match (has_fill, wide, fill) {
            (0, ..) => MISSING,
            (_, false, [low, ..]) => f64::from(f32::from_bits(*low)),
            (_, true, [low, high, ..]) => f64::from_bits(u64::from(*high) << 32 | u64::from(*low)),
            _ => return Err(damaged("bitround", "the client data end within the fill value")),
        };
        Ok(Quantizer { way, digits, wide, missing })
    }

    pub(super) fn run(&self, bytes: &mut [u8]) {
        match self.wide {
            false => self.each::<4>(bytes),
            true => self.each::<8>(bytes),
        }
    }

    fn each<const N: usize>(&self, bytes: &mut [u8]) {
        let all = self.bits_of_all();
        for (index, place) in bytes.as_chunks_mut::<N>().0.iter_mut().enumerate() {
            let mut wide = [0; 8];
            wide[..N].copy_from_slice(place);
            let bits = u64::from_le_bytes(wide);
            let value = self.value(bits);
            if bits == 0 || !value.is_finite() || value == self.missing {
                continue;
            }
            let quantized = match self.way {
                BitRound::BitGroom => groomed(bits, self.significand().saturating_sub(all), index),
                BitRound::Granular => self.rounded(bits, value),
            };
            place.copy_from_slice(&quantized.to_le_bytes()[..N]);
        }
    }

    fn value(&self, bits: u64) -> f64 {
        match u32::try_from(bits) {
            Ok(bits) if !self.wide => f64::from(f32::from_bits(bits)),
            _ => f64::from_bits(bits),
        }
    }

    /// Bits of the significand that are stored.
    fn significand(&self) -> u32 {
        if self.wide { 52 } else { 23 }
    }

    /// The bits that BitGroom keeps of every element, one more than it takes for safety.
    fn bits_of_all(&self) -> u32 {
        whole((f64::from(self.digits) * BITS_OF_A_DIGIT).ceil()) + 1
    }

    /// An element rounded to as many bits as its own digits take, half of them up; as it is, if that is not finite.
    fn rounded(&self, bits: u64, value: f64) -> u64 {
        let cut = self.significand().saturating_sub(bits_of(value, self.digits));
        let half = (1 << cut) >> 1;
        let rounded = (bits + half) & (u64::MAX << cut);
        if self.value(rounded).is_finite() { rounded } else { bits }
    }
}

/// An element with zeros in its lowest bits, and every second one with ones, so that sums stay about the same.
fn groomed(bits: u64, cut: u32, index: usize) -> u64 {
    let ones = (1 << cut) - 1;
    if index.is_multiple_of(2) { bits & !ones } else { bits | ones }
}

/// The stored bits of an element's significand that its first digits take.
fn bits_of(value: f64, digits: u32) -> u32 {
    if value == 0.0 {
        return 0;
    }
    let (fraction, exponent) = parts(value);
    let decimal = fraction.log10();
    let before_point = (f64::from(exponent) * DIGITS_OF_A_BIT + decimal).floor() + 1.0;
    let last = (BITS_OF_A_DIGIT * (before_point - f64::from(digits))).floor();
    let first = (f64::from(exponent) - BITS_OF_A_DIGIT * decimal).floor();
    whole((first - last).abs()).saturating_sub(1)
}

/// The magnitude of a finite number as a fraction of at least a half and a power of two.
fn parts(value: f64) -> (f64, i32) {
    let (value, lift) = if value.is_normal() { (value, 0) } else { (value * (1u64 << LIFT) as f64, LIFT) };
    let exponent = i32::from(u16::try_from(value.abs().to_bits() >> 52).unwrap_or(0)) - 1022;
    let fraction = value.to_bits() & ((1 << 52) - 1) | 1022 << 52;
    (f64::from_bits(fraction), exponent - lift)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few hundreds at most, and whole"
)]
fn whole(number: f64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(way: BitRound, digits: u32, numbers: &[f32]) -> Vec<f32> {
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        Quantizer::new(way, &[digits, 4, 0]).unwrap().run(&mut bytes);
        bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    #[test]
    fn fractions_and_powers() {
        assert_eq!(parts(1.0), (0.5, 1));
        assert_eq!(parts(-6.0), (0.75, 3));
        assert_eq!(parts(f64::from_bits(3)), (0.75, -1072));
        assert_eq!(parts(f64::MAX).1, 1024);
    }

    /// The filter of the Community Codec Repository makes the same of them.
    #[test]
    fn numbers_whose_bits_are_known() {
        let pi = std::f32::consts::PI;
        let bits =
            |way, digits| floats(way, digits, &[pi, pi]).iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(BitRound::BitGroom, 3), [0x4049_0000, 0x4049_0fff]);
        assert_eq!(bits(BitRound::BitGroom, 7), [pi.to_bits(); 2]);
        assert_eq!(bits(BitRound::Granular, 3), [0x4049_0000; 2]);
        assert_eq!(bits(BitRound::Granular, 1), [0x4040_0000; 2]);
    }

    #[test]
    fn what_has_no_digits_stays() {
        let odd = [f32::NAN, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, 0.0, 9.969_21e36, 9.969_21e36];
        for way in [BitRound::BitGroom, BitRound::Granular] {
            let found = floats(way, 1, &odd);
            assert!(found.iter().zip(&odd).all(|(a, b)| a.to_bits() == b.to_bits()), "{way:?} {found:?}");
        }
        let large = floats(BitRound::Granular, 1, &[f32::MAX, -f32::MAX]);
        assert_eq!(large, [f32::MAX, -f32::MAX], "they would become infinite");
    }

    #[test]
    fn what_needs_more_bits_than_there_are_stays() {
        let numbers = [1.234_567_9f32, 9.876_543, 1e-40, 7e30];
        for digits in 8..=16 {
            assert_eq!(floats(BitRound::Granular, digits, &numbers), numbers, "{digits} digits");
            assert_eq!(floats(BitRound::BitGroom, digits, &numbers), numbers, "{digits} digits");
        }
    }

    #[test]
    fn a_fill_value_stays() {
        let number = 0.123_456_789_f64;
        let bits = number.to_bits();
        let (low, high) = (u32::try_from(bits & 0xffff_ffff).unwrap(), u32::try_from(bits >> 32).unwrap());
        for way in [BitRound::BitGroom, BitRound::Granular] {
            for (has_fill, stays) in [(1, true), (0, false)] {
                let mut bytes = number.to_le_bytes();
                Quantizer::new(way, &[2, 8, has_fill, low, high]).unwrap().run(&mut bytes);
                assert_eq!(bytes == number.to_le_bytes(), stays, "{way:?}");
            }
        }
    }
}
