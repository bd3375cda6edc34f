//! The two floating-point types.
//!
//! Which operations run in which of them decides about the last bit, so both do them one by one and in the order that
//! SZ has them.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::super::input::Input;
use crate::base::Result;

pub(super) trait Float:
    Copy
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    const BYTES: usize;
    /// The number of the type.
    const CODE: u8;
    /// Bytes of the parameters in a stream's header.
    const PARAMETERS: usize;
    const ZERO: Self;

    /// The value of the first bytes, big-endian.
    fn from_be(bytes: [u8; 8]) -> Self;
    fn take_be(input: &mut Input<'_>) -> Result<Self>;
    fn take_le(input: &mut Input<'_>) -> Result<Self>;
    fn put(self, output: &mut Vec<u8>);
    fn wide(self) -> f64;
    fn narrow(value: f64) -> Self;
    fn of_symbol(value: i32) -> Self;
    fn of_index(value: usize) -> Self;
    fn abs(self) -> Self;
    /// Makes the sign bit a one.
    fn below_zero(self) -> Self;
}

macro_rules! float {
    ($float:ty, $code:literal, $parameters:literal) => {
        impl Float for $float {
            const BYTES: usize = size_of::<$float>();
            const CODE: u8 = $code;
            const PARAMETERS: usize = $parameters;
            const ZERO: Self = 0.0;

            fn from_be(bytes: [u8; 8]) -> Self {
                let mut own = [0; size_of::<$float>()];
                own.copy_from_slice(&bytes[..Self::BYTES]);
                Self::from_be_bytes(own)
            }

            fn take_be(input: &mut Input<'_>) -> Result<Self> {
                Ok(Self::from_be_bytes(input.array()?))
            }

            fn take_le(input: &mut Input<'_>) -> Result<Self> {
                Ok(Self::from_le_bytes(input.array()?))
            }

            fn put(self, output: &mut Vec<u8>) {
                output.extend_from_slice(&self.to_le_bytes());
            }

            fn wide(self) -> f64 {
                f64::from(self)
            }

            #[allow(clippy::cast_possible_truncation, reason = "rounds to the nearest, as is wanted")]
            fn narrow(value: f64) -> Self {
                value as Self
            }

            fn of_symbol(value: i32) -> Self {
                value as Self
            }

            fn of_index(value: usize) -> Self {
                value as Self
            }

            fn abs(self) -> Self {
                self.abs()
            }

            fn below_zero(self) -> Self {
                self.copysign(-1.0)
            }
        }
    };
}

float!(f32, 0, 28);
float!(f64, 1, 36);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_types_have_their_bytes() {
        let bytes = [0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18];
        assert_eq!(f64::from_be(bytes), std::f64::consts::PI);
        assert_eq!(f32::from_be([0x40, 0x49, 0x0f, 0xdb, 1, 2, 3, 4]), std::f32::consts::PI);
        let mut output = Vec::new();
        f32::below_zero(1.0).put(&mut output);
        assert_eq!(output, (-1f32).to_le_bytes());
        assert_eq!(f32::take_le(&mut Input::new("sz", &output)).unwrap(), -1.0);
        assert_eq!(f32::narrow(0.1), 0.1);
    }
}
