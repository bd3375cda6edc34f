//! Floating-point numbers that no symbol gives: their leading bits, less the bytes they share with the one before.

use super::super::bits::BitReader;
use super::super::damaged;
use super::super::input::Input;
use crate::base::Result;

#[derive(Debug)]
pub(super) struct Exact<'a> {
    /// For each number in two bits: the leading bytes that are those of the one before.
    shared: BitReader<'a>,
    /// The other whole bytes.
    bytes: Input<'a>,
    /// The bits behind the whole bytes.
    rest: BitReader<'a>,
    whole: usize,
    bits: u32,
    previous: [u8; 8],
}

impl<'a> Exact<'a> {
    /// Of each number the first `length` bits are there, out of up to 64.
    pub(super) fn new(shared: &'a [u8], bytes: &'a [u8], rest: &'a [u8], length: u8) -> Self {
        Exact {
            shared: BitReader::new(shared),
            bytes: Input::new("sz", bytes),
            rest: BitReader::new(rest),
            whole: usize::from(length / 8),
            bits: u32::from(length % 8),
            previous: [0; 8],
        }
    }

    /// The bytes of the next number, highest first.
    pub(super) fn next(&mut self) -> Result<[u8; 8]> {
        let end = || damaged("sz", "the exact numbers end too early");
        let shared = usize::try_from(self.shared.read(2).ok_or_else(end)?).unwrap_or(3);
        let mut number = [0; 8];
        number[..shared].copy_from_slice(&self.previous[..shared]);
        if let Some(own) = number.get_mut(shared..self.whole) {
            own.copy_from_slice(self.bytes.take(own.len())?);
        }
        if self.bits > 0 {
            let rest = self.rest.read(self.bits).ok_or_else(end)?;
            number[self.whole] = rest.to_le_bytes()[0] << (8 - self.bits);
        }
        self.previous = number;
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shared_and_bits_left_over() {
        let mut exact = Exact::new(&[0b0001_1100], &[1, 2, 3], &[0b1010_1001, 0b1000_0000], 19);
        assert_eq!(exact.next().unwrap(), [1, 2, 0b1010_0000, 0, 0, 0, 0, 0]);
        assert_eq!(exact.next().unwrap(), [1, 3, 0b0100_0000, 0, 0, 0, 0, 0]);
        // Three bytes are shared, and the bits of the third are its own.
        assert_eq!(exact.next().unwrap(), [1, 3, 0b0110_0000, 0, 0, 0, 0, 0]);
        assert!(exact.next().is_err(), "no byte is left");
    }
}
