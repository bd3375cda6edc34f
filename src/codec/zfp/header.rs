//! The header of a zfp stream: what is in it, and how exactly.
//!
//! ```text
//! bits  0  32  "zfp" and the version of the codec
//!      32   2  type: 0 and 1 integers of 4 and 8 bytes, 2 and 3 floating-point numbers
//!      34   2  number of dimensions, less one
//!      36  48  lengths, less one, 48 / dimensions bits each; the one that varies fastest first
//!      84  12  mode: 0 to 2047 bits of a block, less one; 2048 to 2175 precision, less one; 2176 reversible;
//!              2177 to 4094 smallest exponent that counts, from -1074 on; 4095: all four follow
//!      96  15  fewest bits of a block, less one
//!     111  15  most bits of a block, less one
//!     126   7  precision, less one
//!     133  15  smallest exponent, from -16495 on
//! ```

use super::damaged;
use crate::base::{Malformed, Result, Unsupported, to_usize};
use crate::codec::low_bits::Bits;

const VERSION: u64 = 5;

/// The most a block can take, and the smallest exponent of all; what is below it stands for the reversible mode.
const MAX_BITS: u32 = 16658;
const MAX_PRECISION: u32 = 64;
pub(super) const MIN_EXPONENT: i32 = -1074;

#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) wide: bool,
    pub(super) floating: bool,
    /// The elements come out big-endian.
    pub(super) swapped: bool,
    /// The lengths, the one that varies fastest first; 1 where there is no dimension.
    pub(super) lengths: [usize; 4],
    pub(super) dimensions: usize,
    pub(super) min_bits: u32,
    pub(super) max_bits: u32,
    pub(super) precision: u32,
    pub(super) min_exponent: i32,
}

impl Header {
    pub(super) fn decode(values: &[u32]) -> Result<Self> {
        let Some((versions, values)) = values.split_first() else {
            return Err(damaged("zfp", "no client data"));
        };
        // H5Z-ZFP: its own version in the low 12 bits; from 1.1.0 on the version of the codec in the next 4.
        let codec = u64::from(versions >> 12 & 15);
        if versions & 0xfff >= 0x110 && codec > VERSION {
            return Err(Unsupported::Version { found: codec, known: VERSION }.into());
        }
        let plain: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let swapped: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        match (plain.starts_with(b"zfp"), swapped.starts_with(b"zfp")) {
            (true, _) => Header::decode_bits(&plain, false),
            (_, true) => Header::decode_bits(&swapped, true),
            _ => {
                let found = plain.into_iter().take(3).collect();
                Err(Malformed::Signature { expected: b"zfp".to_vec(), found }.into())
            }
        }
    }

    fn decode_bits(bytes: &[u8], swapped: bool) -> Result<Self> {
        let mut bits = Bits::new(bytes);
        let found = bits.take(32) >> 24;
        if found != VERSION {
            return Err(Unsupported::Version { found, known: VERSION }.into());
        }
        let (kind, dimensions) = (bits.take(2), bits.take(2) + 1);
        let dimensions = to_usize(dimensions)?;
        let mut lengths = [1; 4];
        let width = [48, 24, 16, 12][dimensions - 1];
        for length in &mut lengths[..dimensions] {
            *length = to_usize(bits.take(width) + 1)?;
        }
        let (min_bits, max_bits, precision, min_exponent) = decode_mode(&mut bits)?;
        if bits.is_overrun() || min_bits > max_bits || precision > MAX_PRECISION {
            return Err(damaged("zfp", "the header in the client data does not hold together"));
        }
        let (wide, floating) = (kind & 1 != 0, kind & 2 != 0);
        Ok(Header {
            wide,
            floating,
            swapped,
            lengths,
            dimensions,
            min_bits,
            max_bits,
            precision,
            min_exponent,
        })
    }

    /// Bytes of an element.
    pub(super) fn element(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    /// Bytes of all elements.
    pub(super) fn size(&self, limit: usize) -> Result<usize> {
        let size = self.lengths.iter().try_fold(self.element(), |size, &length| size.checked_mul(length));
        size.filter(|&size| size <= limit)
            .ok_or_else(|| damaged("zfp", format!("over {limit} bytes come out")))
    }

    /// The corners of the blocks, in their order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = [usize; 4]> + use<> {
        let counts = self.lengths.map(|length| length.div_ceil(4));
        (0..counts.iter().product()).map(move |mut index: usize| {
            counts.map(|count| {
                let at = index % count;
                index /= count;
                4 * at
            })
        })
    }

    pub(super) fn is_reversible(&self) -> bool {
        self.min_exponent < MIN_EXPONENT
    }
}

/// Fewest and most bits, precision, smallest exponent.
fn decode_mode(bits: &mut Bits<'_>) -> Result<(u32, u32, u32, i32)> {
    let number = |value: u64| u32::try_from(value).map_err(|e| damaged("zfp", e));
    Ok(match number(bits.take(12))? {
        mode @ 0..2048 => (mode + 1, mode + 1, MAX_PRECISION, MIN_EXPONENT),
        mode @ 2048..2176 => (1, MAX_BITS, mode - 2047, MIN_EXPONENT),
        2176 => (1, MAX_BITS, MAX_PRECISION, MIN_EXPONENT - 1),
        mode @ 2177..4095 => (1, MAX_BITS, MAX_PRECISION, MIN_EXPONENT + (mode - 2177).cast_signed()),
        _ => {
            let (min, max) = (number(bits.take(15))? + 1, number(bits.take(15))? + 1);
            (min, max, number(bits.take(7))? + 1, number(bits.take(15))?.cast_signed() - 16495)
        }
    })
}
