//! The header of a stream.
//!
//! ```text
//!  0  3     version
//!  3  1     flags
//!  4  28/36 parameters of the encoder, 36 bytes for numbers of 64 bits with a fraction; among them:
//!             5  type of the numbers in the low three bits, as in the client data
//!            14  method
//!            20  least number, and behind it the greatest
//!  .  4/8   number of numbers; lengths have 4 or 8 bytes
//! ```
//!
//! Numbers are big-endian, unless something else is said.

use super::super::damaged;
use super::super::input::Input;
use super::super::sz_codes::{Codes, Tree};
use super::float::Float;
use crate::base::{Error, Result, to_usize};

/// The oldest version with this format.
const OLDEST: [u8; 3] = [2, 1, 8];

/// The method that predicts numbers from their neighbours.
const METHOD: u8 = 101;

#[derive(Clone, Copy, Debug)]
pub(super) enum Flag {
    /// All numbers are the same.
    Constant = 1,
    /// Numbers beyond the least or the greatest are moved to it. Integers have their size here.
    Clamp = 4,
    /// Ratios have symbols, not differences of logarithms.
    Ratios = 8,
    /// The numbers are stored as they are.
    Stored = 0x10,
    /// The error bound is relative to each number.
    Relative = 0x20,
    /// Lengths have 8 bytes.
    Long = 0x40,
    Regression = 0x80,
}

#[derive(Debug)]
pub(super) struct Header<'a> {
    flags: u8,
    parameters: &'a [u8],
}

/// The least and the greatest number there can be, if that is said.
#[derive(Debug)]
pub(super) struct Clamp<F>(Option<(F, F)>);

impl<'a> Header<'a> {
    /// Takes the header up to where the number of numbers stands, or the size of exact integers before it.
    pub(super) fn decode(input: &mut Input<'a>, parameters: usize) -> Result<Self> {
        let version = input.array::<3>()?;
        if version < OLDEST || version[0] > OLDEST[0] {
            let [major, minor, patch] = version;
            return Err(Error::unsupported(format!(
                "version {major}.{minor}.{patch} of SZ (known are 2.1.8 and later ones of 2)"
            )));
        }
        let flags = input.u8()?;
        let parameters = input.take(parameters)?;
        match parameters[14] {
            METHOD => Ok(Header { flags, parameters }),
            method => Err(Error::unsupported(format!("method {method} of SZ (known is {METHOD})"))),
        }
    }

    pub(super) fn has(&self, flag: Flag) -> bool {
        self.flags & flag as u8 != 0
    }

    /// Takes a number of things or bytes.
    pub(super) fn length(&self, input: &mut Input<'_>) -> Result<u64> {
        match self.has(Flag::Long) {
            true => input.u64_be(),
            false => Ok(u64::from(input.u32_be()?)),
        }
    }

    /// Takes a number of bytes to come, which are in memory already.
    pub(super) fn size(&self, input: &mut Input<'_>) -> Result<usize> {
        to_usize(self.length(input)?)
    }

    pub(super) fn clamp<F: Float>(&self) -> Result<Clamp<F>> {
        if !self.has(Flag::Clamp) {
            return Ok(Clamp(None));
        }
        if self.parameters[5] & 7 != F::CODE {
            return Err(damaged("sz", "the range of the numbers is one of another type"));
        }
        let mut range = Input::new("sz", &self.parameters[20..]);
        Ok(Clamp(Some((F::take_be(&mut range)?, F::take_be(&mut range)?))))
    }
}

impl<F: Float> Clamp<F> {
    pub(super) fn apply(&self, value: F) -> F {
        match self.0 {
            Some((least, _)) if value < least => least,
            Some((_, greatest)) if value > greatest => greatest,
            _ => value,
        }
    }
}

/// The codes in a part of a stream: the number of nodes, half the number of symbols there could be, the tree, the bits.
pub(super) fn take_codes(bytes: &[u8]) -> Result<Codes<'_>> {
    let mut input = Input::new("sz", bytes);
    let nodes = input.u32_be()?;
    input.take(4)?;
    let tree = Tree::decode("sz", &mut input, nodes, 0)?;
    Ok(Codes::new(tree, input.rest()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(version: [u8; 3], method: u8, flags: u8) -> Vec<u8> {
        let mut parameters = [0; 28];
        parameters[14] = method;
        parameters[20..24].copy_from_slice(&(-1f32).to_be_bytes());
        parameters[24..].copy_from_slice(&2f32.to_be_bytes());
        [&version[..], &[flags], &parameters, &[0, 0, 0, 1, 0, 0, 0, 2]].concat()
    }

    #[test]
    fn versions_and_methods_that_are_not_known_are_refused() {
        let refused =
            |bytes: &[u8]| Header::decode(&mut Input::new("sz", bytes), 28).unwrap_err().to_string();
        assert!(refused(&header([2, 1, 7], METHOD, 0)).contains("version 2.1.7 of SZ"));
        assert!(refused(&header([3, 1, 8], METHOD, 0)).contains("version 3.1.8 of SZ"));
        assert!(refused(&header([2, 1, 12], 104, 0)).contains("method 104 of SZ"));
        let whole = header([2, 2, 0], METHOD, 0);
        assert!(Header::decode(&mut Input::new("sz", &whole), 28).is_ok());
        assert!(Header::decode(&mut Input::new("sz", &whole[..31]), 28).is_err());
    }

    #[test]
    fn lengths_are_short_or_long() {
        for (flags, length) in [(0, 1), (0x40, 0x1_0000_0002)] {
            let bytes = header([2, 1, 8], METHOD, flags);
            let mut input = Input::new("sz", &bytes);
            let header = Header::decode(&mut input, 28).unwrap();
            assert_eq!(header.length(&mut input).unwrap(), length);
        }
    }

    #[test]
    fn numbers_are_moved_into_their_range_if_that_is_said() {
        for (flags, values) in [(0, [-3f32, 0.0, 3.0]), (4, [-1.0, 0.0, 2.0])] {
            let bytes = header([2, 1, 12], METHOD, flags);
            let header = Header::decode(&mut Input::new("sz", &bytes), 28).unwrap();
            let clamp = header.clamp::<f32>().unwrap();
            assert_eq!([-3f32, 0.0, 3.0].map(|value| clamp.apply(value)), values);
            assert!(clamp.apply(f32::NAN).is_nan());
            assert_eq!(header.clamp::<f64>().is_err(), flags == 4);
        }
    }
}
