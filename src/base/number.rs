//! Numbers with a meaning: addresses, and the widths that a file gives to addresses and lengths.

use std::fmt;

use super::{Error, Result};

/// A position in a file, in bytes from its base address (the end of the user block).
///
/// "Undefined" is not an address: fields that may hold none are `Option<Address>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u64);

impl Address {
    /// Returns the address `bytes` further on.
    pub(crate) fn plus(self, bytes: u64) -> Result<Address> {
        match self.0.checked_add(bytes) {
            Some(sum) => Ok(Address(sum)),
            None => Err(Error::field("address", self.0, "runs past the end of all addresses")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How many bytes a file uses for an address and for a length: 2, 4 or 8 each (16 and 32 are refused).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sizes {
    /// Bytes of an address ("size of offsets").
    pub offset: u8,
    /// Bytes of a length ("size of lengths").
    pub length: u8,
}

impl Sizes {
    /// The widths that nearly every file has.
    pub const EIGHT: Sizes = Sizes { offset: 8, length: 8 };

    /// The width of an address as a count of bytes.
    pub(crate) fn address(self) -> usize {
        usize::from(self.offset)
    }

    /// The width of a length as a count of bytes.
    pub(crate) fn len(self) -> usize {
        usize::from(self.length)
    }
}

/// Makes an index of a number from a file; fails where the machine's addresses are too narrow for it.
pub(crate) fn to_usize(value: u64) -> Result<usize> {
    usize::try_from(value).map_err(|_| Error::limit("an in-memory size", value, usize::MAX as u64))
}

/// Multiplies the sizes of a shape: the number of elements.
pub(crate) fn element_count(shape: &[u64]) -> Result<u64> {
    let zero = shape.contains(&0);
    let product = shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d));
    match product {
        _ if zero => Ok(0),
        Some(n) => Ok(n),
        None => Err(Error::malformed(format!("the shape {shape:?} has over 2^64 elements"))),
    }
}

/// The bytes of `count` elements of `size` bytes.
pub(crate) fn byte_count(count: u64, size: usize) -> Result<u64> {
    count
        .checked_mul(size as u64)
        .ok_or_else(|| Error::malformed(format!("{count} elements of {size} bytes are over 2^64 bytes")))
}

/// The fewest bytes that hold `value`: 0 for zero.
pub(crate) fn width_of(value: u64) -> usize {
    (64 - value.leading_zeros()).div_ceil(8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_and_counts() {
        let widths: Vec<usize> = [0, 1, 255, 256, u64::MAX].into_iter().map(width_of).collect();
        assert_eq!(widths, [0, 1, 1, 2, 8]);
        assert_eq!(element_count(&[u64::MAX, 0, u64::MAX]).unwrap(), 0);
        assert_eq!(element_count(&[]).unwrap(), 1);
        assert!(element_count(&[1 << 40, 1 << 40]).is_err());
        assert!(byte_count(1 << 62, 8).is_err());
    }
}
