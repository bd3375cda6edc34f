//! The two directions of prediction: elements that are recovered from their codes, and codes of elements.

use super::Input;
use super::huffman::Codes;
use super::number::Number;
use super::quantizer::{LINEAR, Quantizer, UNPREDICTABLE};
use super::tree;
use crate::base::Result;

/// What is done with an element that has been predicted.
pub(super) trait Coder<T> {
    /// Sets the element, or makes it what it is going to be recovered as.
    fn put(&mut self, value: &mut T, prediction: T) -> Result<()>;

    fn error_bound(&mut self) -> &mut f64;
}

/// Recovers elements.
pub(super) struct Recovery<'a> {
    pub(super) quantizer: Quantizer<'a>,
    pub(super) codes: Codes<'a>,
}

impl<'a> Recovery<'a> {
    /// Takes the rest of the content.
    pub(super) fn decode<T: Number>(input: &mut Input<'a>) -> Result<Self> {
        let quantizer = Quantizer::decode::<T>(input)?;
        let codes = Codes::decode(input)?;
        input.finish()?;
        Ok(Recovery { quantizer, codes })
    }
}

impl<T: Number> Coder<T> for Recovery<'_> {
    #[inline]
    fn put(&mut self, value: &mut T, prediction: T) -> Result<()> {
        *value = self.quantizer.recover(self.codes.next()?, prediction)?;
        Ok(())
    }

    fn error_bound(&mut self) -> &mut f64 {
        &mut self.quantizer.error_bound
    }
}

/// Codes elements.
pub(super) struct Coding<T> {
    quantizer: Quantizer<'static>,
    codes: Vec<i32>,
    unpredictable: Vec<T>,
}

/// The code of an element that was predicted well, and half of how many codes there are.
const RADIUS: i32 = 1 << 15;

impl<T: Number> Coding<T> {
    pub(super) fn new(error_bound: f64) -> Self {
        let quantizer = Quantizer::new(error_bound, RADIUS, &[]);
        Coding { quantizer, codes: Vec::new(), unpredictable: Vec::new() }
    }

    /// The error bound of the elements that are not predicted from a coarse grid.
    pub(super) fn asked_for(&self) -> f64 {
        self.quantizer.error_bound
    }

    /// Appends the quantizer and the codes.
    pub(super) fn encode(&self, output: &mut Vec<u8>) -> Result<()> {
        output.push(LINEAR);
        output.extend(self.quantizer.error_bound.to_le_bytes());
        output.extend(RADIUS.to_le_bytes());
        output.extend((self.unpredictable.len() as u64).to_le_bytes());
        self.unpredictable.iter().for_each(|value| value.encode(output));
        tree::encode(&self.codes, output)
    }

    /// About how many bits the elements take.
    pub(super) fn cost(&self) -> f64 {
        let mut counts = vec![0u32; 2 * RADIUS.unsigned_abs() as usize];
        for &code in &self.codes {
            counts[code.unsigned_abs() as usize] += 1;
        }
        let all = self.codes.len() as f64;
        let bits = |&count: &u32| f64::from(count) * (all / f64::from(count)).log2();
        let codes: f64 = counts.iter().filter(|&&count| count > 0).map(bits).sum();
        // A leaf of the tree has some bytes too.
        let leaves = counts.iter().filter(|&&count| count > 0).count() as f64;
        codes + 40.0 * leaves + 8.0 * (self.unpredictable.len() * T::SIZE) as f64
    }

    /// The code of an element, and what it is recovered as; None if that is out of bounds.
    fn quantize(&self, value: T, prediction: T) -> Option<(i32, T)> {
        let difference = value.to_f64() - prediction.to_f64();
        let steps = (difference.abs() / self.quantizer.error_bound + 1.0) / 2.0;
        let code = match whole(steps) {
            Some(steps) if difference < 0.0 => RADIUS - steps,
            Some(steps) => RADIUS + steps,
            None => return None,
        };
        let recovered = self.quantizer.recover_near(code, prediction);
        (recovered.distance(value) <= self.quantizer.error_bound).then_some((code, recovered))
    }
}

impl<T: Number> Coder<T> for Coding<T> {
    #[inline]
    fn put(&mut self, value: &mut T, prediction: T) -> Result<()> {
        match self.quantize(*value, prediction) {
            Some((code, recovered)) => {
                self.codes.push(code);
                *value = recovered;
            }
            None => {
                self.codes.push(UNPREDICTABLE);
                self.unpredictable.push(*value);
            }
        }
        Ok(())
    }

    fn error_bound(&mut self) -> &mut f64 {
        &mut self.quantizer.error_bound
    }
}

/// A number of steps without its fraction, if there is a code for so many.
#[expect(clippy::cast_possible_truncation, reason = "it fits, but for its fraction")]
fn whole(steps: f64) -> Option<i32> {
    (steps < f64::from(RADIUS)).then_some(steps as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T: Number>(error_bound: f64, value: T, prediction: T) -> (i32, T) {
        let mut coding = Coding::new(error_bound);
        let mut value = value;
        coding.put(&mut value, prediction).unwrap();
        (coding.codes[0], value)
    }

    #[test]
    fn elements_become_what_they_are_recovered_as() {
        assert_eq!(code(0.5, 3.2f64, 1.0), (RADIUS + 2, 3.0));
        assert_eq!(code(0.5, -1.2f32, 1.0), (RADIUS - 2, -1.0));
        assert_eq!(code(0.5, 1.3f32, 1.0), (RADIUS, 1.0));
        assert_eq!(code(2.0, 200u8, 250), (RADIUS - 13, 198));
    }

    #[test]
    fn what_has_no_code_stays() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e9] {
            let (code, kept) = code(0.5, value, 1.0);
            assert_eq!((code, kept.to_bits()), (UNPREDICTABLE, value.to_bits()));
        }
        assert_eq!(code(0.5, 1.0, f64::NAN), (UNPREDICTABLE, 1.0));
        assert_eq!(code(1e-300, 1.0, 1.5f32), (UNPREDICTABLE, 1.0));
        assert_eq!(code(0.4, 7i32, 6), (UNPREDICTABLE, 7), "a step is less than 1");
    }
}
