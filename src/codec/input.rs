//! The cursor over what a codec is given to decode.
//!
//! Unlike the cursor of `base` it has no file offset to tell: what it reads may have come out of another filter.

use super::damaged;
use crate::base::{Result, to_usize};

/// Takes fields off the front of a codec's input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'a> {
    codec: &'static str,
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) fn new(codec: &'static str, bytes: &'a [u8]) -> Self {
        Input { codec, bytes }
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.bytes.split_at_checked(len) else {
            let there = self.bytes.len();
            return Err(damaged(self.codec, format!("{len} bytes needed, {there} there")));
        };
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn take_long(&mut self, len: u32) -> Result<&'a [u8]> {
        self.take(to_usize(u64::from(len))?)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u32_be(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(super) fn u32_le(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64_le(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn u64_be(&mut self) -> Result<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(super) fn f64_le(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// Ends the reading: bytes that are left over are an error.
    pub(super) fn finish(&self) -> Result<()> {
        match self.bytes.len() {
            0 => Ok(()),
            len => Err(damaged(self.codec, format!("{len} bytes are left over"))),
        }
    }

    /// The bytes that are left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Makes an index of the size that the input gives its output, if that is allowed.
    pub(super) fn output_size(&self, size: u64, limit: usize) -> Result<usize> {
        match usize::try_from(size) {
            Ok(size) if size <= limit => Ok(size),
            _ => Err(damaged(self.codec, format!("over {limit} bytes come out"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_where_the_bytes_do() {
        let mut input = Input::new("test", &[1, 0, 0, 0, 2, 9]);
        assert_eq!((input.u8().unwrap(), input.u32_be().unwrap()), (1, 2));
        let error = input.u64_be().unwrap_err().to_string();
        assert_eq!(error, "malformed file: test: 8 bytes needed, 1 there");
        assert_eq!(input.rest(), [9]);
        assert_eq!(input.finish().unwrap_err().to_string(), "malformed file: test: 1 bytes are left over");
        assert!(input.u8().is_ok() && input.finish().is_ok());
        assert_eq!(input.output_size(5, 5).unwrap(), 5);
        assert!(input.output_size(6, 5).is_err() && input.output_size(u64::MAX, 5).is_err());
    }
}
