//! The numbers that SZ3 compresses, and the arithmetic that C++ does with them.
//!
//! Integers shorter than `int` are added and multiplied as `int`; all integers wrap around. A floating-point number
//! becomes an integer as compilers for x86-64 do it: by an instruction for 32 or 64 bits, of whose result the low bits
//! are taken. The standard leaves open what comes out where that does not fit, but the encoder's unsigned differences
//! wrap around and count on it.

use std::num::Wrapping;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Input;
use crate::base::Result;

/// An element.
pub(super) trait Number: Copy + Default {
    /// What it is computed with.
    type Wide: Wide;

    /// Bytes of an element.
    const SIZE: usize;

    fn decode(input: &mut Input<'_>) -> Result<Self>;

    fn encode(self, output: &mut Vec<u8>);

    fn widen(self) -> Self::Wide;

    /// Takes the low bits.
    fn narrow(wide: Self::Wide) -> Self;

    fn to_f64(self) -> f64;

    /// Rounds to a floating-point number; cuts the fraction off for an integer.
    fn from_f64(value: f64) -> Self;

    /// How far apart two elements are.
    fn distance(self, other: Self) -> f64;
}

/// What elements are computed with.
pub(super) trait Wide:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    fn of(value: u32) -> Self;
}

impl Wide for f32 {
    fn of(value: u32) -> Self {
        value as f32
    }
}

impl Wide for f64 {
    fn of(value: u32) -> Self {
        f64::from(value)
    }
}

macro_rules! wide {
    ($($type:ty: $value:ident $of:expr),*) => {
        $(impl Wide for Wrapping<$type> {
            fn of($value: u32) -> Self {
                Wrapping($of)
            }
        })*
    };
}

wide!(i32: value value.cast_signed(), u32: value value, i64: value i64::from(value), u64: value u64::from(value));

macro_rules! number {
    ($($type:ty: $wide:ty, $widen:expr, $narrow:expr, $to_f64:expr, $from_f64:expr, $distance:expr;)*) => {
        $(impl Number for $type {
            type Wide = $wide;

            const SIZE: usize = size_of::<$type>();

            fn decode(input: &mut Input<'_>) -> Result<Self> {
                Ok(<$type>::from_le_bytes(input.array()?))
            }

            fn encode(self, output: &mut Vec<u8>) {
                output.extend_from_slice(&self.to_le_bytes());
            }

            fn widen(self) -> $wide {
                $widen(self)
            }

            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the low bits are wanted")]
            fn narrow(wide: $wide) -> Self {
                $narrow(wide)
            }

            fn to_f64(self) -> f64 {
                $to_f64(self)
            }

            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap,
                reason = "rounding and the low bits are wanted")]
            fn from_f64(value: f64) -> Self {
                $from_f64(value)
            }

            fn distance(self, other: Self) -> f64 {
                $distance(self, other)
            }
        })*
    };
}

number! {
    f32: f32, |v| v, |w| w, f64::from, |x: f64| x as f32, |a, b| (f64::from(a) - f64::from(b)).abs();
    f64: f64, |v| v, |w| w, |v| v, |x| x, |a: f64, b: f64| (a - b).abs();
    i8: Wrapping<i32>, |v| Wrapping(i32::from(v)), |w: Wrapping<i32>| w.0 as i8, f64::from, |x| to_i32(x) as i8, |a, b| i8::abs_diff(a, b).into();
    u8: Wrapping<i32>, |v| Wrapping(i32::from(v)), |w: Wrapping<i32>| w.0 as u8, f64::from, |x| to_i32(x) as u8, |a, b| u8::abs_diff(a, b).into();
    i16: Wrapping<i32>, |v| Wrapping(i32::from(v)), |w: Wrapping<i32>| w.0 as i16, f64::from, |x| to_i32(x) as i16, |a, b| i16::abs_diff(a, b).into();
    u16: Wrapping<i32>, |v| Wrapping(i32::from(v)), |w: Wrapping<i32>| w.0 as u16, f64::from, |x| to_i32(x) as u16, |a, b| u16::abs_diff(a, b).into();
    i32: Wrapping<i32>, Wrapping, |w: Wrapping<i32>| w.0, f64::from, to_i32, |a, b| i32::abs_diff(a, b).into();
    u32: Wrapping<u32>, Wrapping, |w: Wrapping<u32>| w.0, f64::from, |x| to_i64(x) as u32, |a, b| u32::abs_diff(a, b).into();
    i64: Wrapping<i64>, Wrapping, |w: Wrapping<i64>| w.0, |v| v as f64, to_i64, |a, b| i64::abs_diff(a, b) as f64;
    u64: Wrapping<u64>, Wrapping, |w: Wrapping<u64>| w.0, |v| v as f64, to_u64, |a, b| u64::abs_diff(a, b) as f64;
}

const TWO_TO_31: f64 = 2_147_483_648.0;
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// What fits is cut off, everything else is the smallest integer.
#[expect(clippy::cast_possible_truncation, reason = "it fits")]
fn to_i32(value: f64) -> i32 {
    if value > -TWO_TO_31 - 1.0 && value < TWO_TO_31 { value as i32 } else { i32::MIN }
}

#[expect(clippy::cast_possible_truncation, reason = "it fits")]
fn to_i64(value: f64) -> i64 {
    if (-TWO_TO_63..TWO_TO_63).contains(&value) { value as i64 } else { i64::MIN }
}

/// The upper half goes through the signed conversion as well.
fn to_u64(value: f64) -> u64 {
    if value >= TWO_TO_63 {
        to_i64(value - TWO_TO_63).cast_unsigned() ^ (1 << 63)
    } else {
        to_i64(value).cast_unsigned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_point_numbers_become_integers_by_their_low_bits() {
        assert_eq!((u8::from_f64(262.9), i8::from_f64(-129.5), u16::from_f64(-1.0)), (6, 127, u16::MAX));
        assert_eq!(
            (i32::from_f64(3e9), u32::from_f64(3e9), u32::from_f64(-1.5)),
            (i32::MIN, 3_000_000_000, u32::MAX)
        );
        assert_eq!(i32::from_f64(-2_147_483_648.5), i32::MIN);
        assert_eq!((i64::from_f64(1e19), u64::from_f64(1e19)), (i64::MIN, 10_000_000_000_000_000_000));
        assert_eq!((u64::from_f64(2e19), u64::from_f64(-1.0)), (0, u64::MAX));
        assert_eq!((u8::from_f64(f64::NAN), u64::from_f64(f64::NAN)), (0, 1 << 63));
    }

    #[test]
    fn short_integers_are_computed_with_as_int_and_others_wrap() {
        let third = |sum: Wrapping<i32>| u8::narrow(sum / Wrapping::of(3));
        assert_eq!(third(200u8.widen() + 250u8.widen()), 150);
        assert_eq!(u32::narrow(-1u32.widen() / Wrapping::of(2)), 0x7fff_ffff);
        assert_eq!(i64::narrow(i64::MAX.widen() * Wrapping::of(2)), -2);
    }
}
