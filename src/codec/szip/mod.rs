//! Szip (filter 4): the lossless coding of CCSDS 121.0-B ("extended Rice"), as libsz and libaec frame it.
//!
//! A chunk is its length in 4 bytes, little-endian, and one bit stream. The pixels are taken by scanlines, each filled
//! up to whole blocks; a scanline is what the standard calls a reference sample interval. Pixels of 32 and 64 bits go
//! as planes of their bytes: first the lowest byte of all pixels in memory, then the next.
//!
//! Client data: options, pixels per block, bits per pixel, pixels per scanline.

mod decode;
mod encode;

use super::{ChunkShape, Encoded, Filter, FilterCall, asked_for, damaged, id, shuffle};
use crate::base::{Error, Result, element_count, to_usize};
use crate::format::datatype::{Bits, Class, Datatype, Order};

#[derive(Debug)]
pub(super) struct Szip;

/// The options: those of the stream, and those that libhdf5 sets and clears, which say how libsz made it.
const LITTLE: u32 = 8;
const BIG: u32 = 16;
const NEAREST_NEIGHBOR: u32 = 32;
const ALLOW_K13: u32 = 1;
const CHIP: u32 = 2;
const RAW: u32 = 128;

const MOST_BLOCKS_PER_SCANLINE: u64 = 128;
const MOST_PIXELS_PER_SCANLINE: u32 = 4096;

impl Filter for Szip {
    fn id(&self) -> u16 {
        id::SZIP
    }

    fn name(&self) -> &'static str {
        "szip"
    }

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        let &[options, block, ..] = values else {
            return Err(Error::misuse("szip needs its options and the pixels per block"));
        };
        let bits = bits_of(chunk.datatype)?;
        let order = match bits.order {
            Order::Little => LITTLE,
            Order::Big => BIG,
            Order::Vax => return Err(Error::misuse("szip does not take VAX byte order")),
        };
        let options = options & !(LITTLE | BIG | CHIP) | ALLOW_K13 | RAW | order;
        let pixel = bits_per_pixel(chunk.datatype, bits)?;
        let stored = vec![options, block, pixel, scanline(chunk.shape, block)?];
        Coding::of(&stored).map_err(asked_for)?;
        Ok(stored)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let coding = Coding::of(call.values)?;
        let Some((len, stream)) = input.split_first_chunk::<4>() else {
            return Err(damaged("szip", "the chunk is shorter than its length"));
        };
        let len = to_usize(u64::from(u32::from_le_bytes(*len)))?;
        if len > call.limit {
            return Err(damaged("szip", format!("over {} bytes come out", call.limit)));
        }
        coding.check_len(len)?;
        output.resize(len, 0);
        match coding.planes {
            1 => coding.decode(stream, output),
            planes => {
                let mut apart = vec![0; len];
                coding.decode(stream, &mut apart)?;
                shuffle::together(&apart, output, planes);
                Ok(())
            }
        }
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let coding = Coding::of(call.values)?;
        coding.check_len(input.len())?;
        let Ok(len) = u32::try_from(input.len()) else {
            return Err(Error::misuse("szip takes chunks of less than 2^32 bytes"));
        };
        if !coding.holds(input) {
            return Ok(Encoded::NotWorthIt);
        }
        output.extend_from_slice(&len.to_le_bytes());
        if coding.planes == 1 {
            coding.encode(input, output);
        } else {
            let mut apart = vec![0; input.len()];
            shuffle::apart(input, &mut apart, coding.planes);
            coding.encode(&apart, output);
        }
        // As in libhdf5, where a longer stream does not fit its buffer.
        Ok(if output.len() - 4 <= input.len() { Encoded::Done } else { Encoded::NotWorthIt })
    }
}

/// The bits of the numbers that an element is made of.
fn bits_of(datatype: &Datatype) -> Result<Bits> {
    match &datatype.class {
        Class::FixedPoint(number) => Ok(number.bits),
        Class::FloatingPoint(number) => Ok(number.bits),
        Class::BitField(bits) => Ok(*bits),
        Class::Enumeration { base, .. } | Class::Complex(base) | Class::Array { base, .. } => bits_of(base),
        _ => Err(Error::misuse("szip takes numbers only")),
    }
}

fn bits_per_pixel(datatype: &Datatype, bits: Bits) -> Result<u32> {
    // libhdf5 allows 3 bytes too, and then takes them by fours and cannot read what it wrote.
    if !matches!(datatype.size, 1 | 2 | 4 | 8) {
        return Err(Error::misuse(format!(
            "szip takes elements of 1, 2, 4 or 8 bytes, not {}",
            datatype.size
        )));
    }
    let size = datatype.size * 8;
    let precision = u32::from(bits.precision);
    Ok(match if bits.offset == 0 { precision } else { size } {
        few @ 0..=24 => few,
        25..=32 => 32,
        _ => 64,
    })
}

/// The pixels of a scanline: the chunk's last dimension, where that can be one.
fn scanline(shape: &[u64], block: u32) -> Result<u32> {
    let block = u64::from(block);
    let most = block.saturating_mul(MOST_BLOCKS_PER_SCANLINE);
    let pixels = match shape.last() {
        Some(&last) if last > u64::from(MOST_PIXELS_PER_SCANLINE) => most,
        Some(&last) if last >= block => last.min(most),
        _ => match element_count(shape)? {
            all if all < block => {
                return Err(Error::misuse(format!("szip needs {block} elements in a chunk, not {all}")));
            }
            all => all.min(most),
        },
    };
    u32::try_from(pixels).map_err(|_| Error::misuse("too many pixels in a szip scanline"))
}

/// What the client data says.
#[derive(Clone, Copy, Debug)]
struct Coding {
    /// Whether pixels are predicted to be as the one before.
    predicts: bool,
    big: bool,
    /// Pixels of a block.
    block: usize,
    /// Pixels of a scanline, and with what fills its last block.
    scanline: usize,
    padded: usize,
    /// Bits of a sample: of a pixel, or of its bytes.
    bits: u32,
    /// Bytes of a sample in memory: 1, 2 or 4.
    width: usize,
    /// Into how many planes of bytes the pixels are taken apart; 1 if they are not.
    planes: usize,
}

impl Coding {
    fn of(values: &[u32]) -> Result<Self> {
        let &[options, block, bits, scanline] = values else {
            return Err(Error::field("number of szip values", values.len() as u64, "it must be 4"));
        };
        let bad = |name, value: u32, rule| Err(Error::field(name, u64::from(value), rule));
        let (bits, width, planes) = match bits {
            1..=8 => (bits, 1, 1),
            9..=16 => (bits, 2, 1),
            17..=24 => (bits, 4, 1),
            32 => (8, 1, 4),
            64 => (8, 1, 8),
            _ => return bad("bits per pixel", bits, "1 to 24, 32 and 64 are known"),
        };
        if !(2..=32).contains(&block) || block % 2 != 0 {
            return bad("pixels per block", block, "it must be even and at most 32");
        }
        if scanline == 0 || scanline > MOST_PIXELS_PER_SCANLINE {
            return bad("pixels per scanline", scanline, "1 to 4096 are known");
        }
        let padded = to_usize(u64::from(scanline.next_multiple_of(block)))?;
        let (block, scanline) = (to_usize(u64::from(block))?, to_usize(u64::from(scanline))?);
        let (predicts, big) = (options & NEAREST_NEIGHBOR != 0, options & BIG != 0);
        Ok(Coding { predicts, big, block, scanline, padded, bits, width, planes })
    }

    /// Refuses what is not whole pixels.
    fn check_len(&self, len: usize) -> Result<()> {
        if len.is_multiple_of(self.width * self.planes) {
            return Ok(());
        }
        Err(Error::field("bytes of a szip chunk", len as u64, "they are not whole pixels"))
    }

    /// The bits of the number that says how a block is coded; the last such number stands for "not at all".
    fn id_bits(&self) -> u32 {
        match self.bits {
            ..=8 => 3,
            9..=16 => 4,
            _ => 5,
        }
    }

    /// The largest sample.
    fn most(&self) -> u32 {
        u32::MAX >> (32 - self.bits)
    }

    fn blocks(&self) -> usize {
        self.padded / self.block
    }
}

/// In a run of blocks of zeros, this count stands for "up to the end of the segment".
const REST_OF_SEGMENT: u32 = 5;

/// Runs of blocks of zeros do not go from one segment of a scanline to the next.
const SEGMENT: usize = 64;

/// The largest number that stands for a pair of samples.
const LARGEST_PAIR: u32 = 90;

#[cfg(test)]
mod tests;
