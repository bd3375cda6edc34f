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

use super::mode::Mode;
use super::{asked_for, damaged};
use crate::base::{Error, Malformed, Result, Unsupported, to_usize};
use crate::codec::ChunkShape;
use crate::codec::low_bits::{BitSink, Bits};
use crate::format::datatype::{Class, Datatype, Order};

const VERSION: u64 = 5;

/// What H5Z-ZFP puts before the header: zfp 1.0.1.0, the version of its codec, its own version 1.1.1.
const VERSIONS: u32 = 0x1010_5111;

/// The bits of a length, by the number of dimensions.
const LENGTH_BITS: [u32; 4] = [48, 24, 16, 12];

/// What the numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// Of 8 bytes, not of 4.
    pub(super) wide: bool,
    pub(super) floating: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// The elements come out big-endian.
    pub(super) swapped: bool,
    /// The lengths, the one that varies fastest first; 1 where there is no dimension.
    pub(super) lengths: [usize; 4],
    pub(super) dimensions: usize,
    pub(super) mode: Mode,
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
        let (number, dimensions) = (bits.take(2), bits.take(2) + 1);
        let kind = Kind { wide: number & 1 != 0, floating: number & 2 != 0 };
        let dimensions = to_usize(dimensions)?;
        let mut lengths = [1; 4];
        for length in &mut lengths[..dimensions] {
            *length = to_usize(bits.take(LENGTH_BITS[dimensions - 1]) + 1)?;
        }
        let mode = Mode::decode(&mut bits)?;
        if bits.is_overrun() {
            return Err(damaged("zfp", "the client data end within the header"));
        }
        mode.check(kind)?;
        Ok(Header { kind, swapped, lengths, dimensions, mode })
    }

    /// The header, behind its versions, as client data.
    pub(super) fn encode(&self) -> Vec<u32> {
        let mut bytes = Vec::new();
        let mut bits = BitSink::new(&mut bytes);
        bits.put(u64::from(u32::from_le_bytes(*b"zfp\0")) | VERSION << 24, 32);
        bits.put(u64::from(self.kind.wide) | u64::from(self.kind.floating) << 1, 2);
        bits.put(self.dimensions as u64 - 1, 2);
        for &length in &self.lengths[..self.dimensions] {
            bits.put(length as u64 - 1, LENGTH_BITS[self.dimensions - 1]);
        }
        self.mode.encode(&mut bits);
        bits.finish();
        let word = |part: &[u8]| part.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
        [VERSIONS].into_iter().chain(bytes.chunks(4).map(word)).collect()
    }

    /// The client data for what a user asks for; axes of length 1 are no dimensions.
    pub(super) fn configure(values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        let kind = Kind::of(chunk.datatype)?;
        let used: Vec<u64> = chunk.shape.iter().rev().copied().filter(|&length| length > 1).collect();
        let dimensions = used.len();
        let Some(width) = dimensions.checked_sub(1).and_then(|index| LENGTH_BITS.get(index)) else {
            let what = "zfp takes chunks of 1 to 4 axes that are longer than 1";
            return Err(Error::misuse(format!("{what}, not {dimensions}")));
        };
        let mut lengths = [1; 4];
        for (to, &length) in lengths.iter_mut().zip(&used) {
            if (length - 1) >> width != 0 {
                return Err(Error::limit("an axis of a chunk for zfp", length, 1 << width));
            }
            *to = to_usize(length)?;
        }
        let mode = Mode::asked_for(values, kind, dimensions)?;
        let stored = Header { kind, swapped: false, lengths, dimensions, mode }.encode();
        Header::decode(&stored).map_err(asked_for)?;
        Ok(stored)
    }

    /// Bytes of an element.
    pub(super) fn element(&self) -> usize {
        if self.kind.wide { 8 } else { 4 }
    }

    /// Where an element's bytes begin.
    pub(super) fn offset(&self, place: [usize; 4]) -> usize {
        let place = place.iter().zip(&self.lengths).rev();
        place.fold(0, |at, (place, length)| at * length + place) * self.element()
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
}

impl Kind {
    fn of(datatype: &Datatype) -> Result<Self> {
        let (order, floating) = match &datatype.class {
            Class::FixedPoint(number) => (number.bits.order, false),
            Class::FloatingPoint(number) => (number.bits.order, true),
            _ => return Err(Error::misuse("zfp takes integers and floating-point numbers")),
        };
        let wide = match datatype.size {
            4 => false,
            8 => true,
            size => return Err(Error::misuse(format!("zfp takes numbers of 4 or 8 bytes, not {size}"))),
        };
        if floating && datatype.class != Datatype::float(if wide { 8 } else { 4 }, order).class {
            return Err(Error::misuse("zfp takes only floating-point numbers of IEEE 754"));
        }
        // What is big-endian, H5Z-ZFP takes for little-endian on the machine that writes it.
        if order != Order::Little {
            return Err(Error::misuse("zfp takes little-endian numbers alone"));
        }
        Ok(Kind { wide, floating })
    }

    /// Bits of a common exponent.
    pub(super) fn exponent_bits(self) -> u32 {
        if self.wide { 11 } else { 8 }
    }

    /// Bits of a number of bit planes.
    pub(super) fn precision_bits(self) -> u32 {
        if self.wide { 6 } else { 5 }
    }

    /// The most bits that stand before a block's numbers.
    pub(super) fn head(self, reversible: bool) -> u32 {
        match (self.floating, reversible) {
            (true, true) => 2 + self.exponent_bits() + self.precision_bits(),
            (true, false) => 1 + self.exponent_bits(),
            (false, true) => self.precision_bits(),
            (false, false) => 0,
        }
    }
}
