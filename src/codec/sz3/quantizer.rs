//! The linear quantizer: how far an element lies from what was predicted, in steps of twice the error bound.
//!
//! ```text
//!  0  1  2, the quantizer's kind
//!  1  8  error bound
//!  9  4  radius: the code of an element that was predicted well
//! 13  8  number of elements that could not be predicted
//! 21  .  these
//! ```

use super::number::Number;
use super::{Input, damaged};
use crate::base::{Result, to_usize};

pub(super) const LINEAR: u8 = 2;

/// The code of an element that is stored as it is.
pub(super) const UNPREDICTABLE: i32 = 0;

#[derive(Clone, Debug)]
pub(super) struct Quantizer<'a> {
    pub(super) error_bound: f64,
    pub(super) radius: i32,
    /// Those that are left.
    unpredictable: Input<'a>,
}

impl<'a> Quantizer<'a> {
    pub(super) fn new(error_bound: f64, radius: i32, unpredictable: &'a [u8]) -> Self {
        Quantizer { error_bound, radius, unpredictable: Input::new("sz3", unpredictable) }
    }

    pub(super) fn decode<T: Number>(input: &mut Input<'a>) -> Result<Self> {
        let kind = input.u8()?;
        if kind != LINEAR {
            return Err(damaged("sz3", format!("a quantizer of kind {kind}, only {LINEAR} is known")));
        }
        let error_bound = input.f64_le()?;
        let radius = input.u32_le()?.cast_signed();
        let count = to_usize(input.u64_le()?)?;
        Ok(Quantizer::new(error_bound, radius, input.take(count.saturating_mul(T::SIZE))?))
    }

    /// The element with this code.
    #[inline]
    pub(super) fn recover<T: Number>(&mut self, code: i32, prediction: T) -> Result<T> {
        if code == UNPREDICTABLE {
            return T::decode(&mut self.unpredictable);
        }
        Ok(self.recover_near(code, prediction))
    }

    /// The element with this code, which is none of an element that could not be predicted.
    #[inline]
    pub(super) fn recover_near<T: Number>(&self, code: i32, prediction: T) -> T {
        let steps = code.wrapping_sub(self.radius).wrapping_mul(2);
        T::from_f64(prediction.to_f64() + f64::from(steps) * self.error_bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_steps_from_the_prediction_or_stored() {
        let mut bytes = vec![2];
        bytes.extend(0.25f64.to_le_bytes());
        bytes.extend(10i32.to_le_bytes());
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(7.5f32.to_le_bytes());
        let quantizer = Quantizer::decode::<f32>(&mut Input::new("sz3", &bytes));
        let mut quantizer = quantizer.unwrap();
        let mut codes = [10, 13, 9, 0].map(|code| quantizer.recover(code, 1f32).unwrap());
        assert_eq!(codes, [1.0, 2.5, 0.5, 7.5]);
        assert!(quantizer.recover(0, 1f32).is_err(), "only one is stored");
        codes[0] = quantizer.recover(i32::MIN, 1f32).unwrap();
        assert_eq!(codes[0], -4.0, "twice the difference has 32 bits");
        bytes[0] = 3;
        assert!(Quantizer::decode::<f32>(&mut Input::new("sz3", &bytes)).is_err());
        bytes[0] = 2;
        assert!(Quantizer::decode::<f64>(&mut Input::new("sz3", &bytes)).is_err());
    }
}
