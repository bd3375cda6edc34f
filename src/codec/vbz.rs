//! VBZ (filter 32020) of Oxford Nanopore: differences, zigzag, StreamVByte, Zstandard.
//!
//! Client data: version 0 or 1, the bytes of an integer 1, 2 or 4 (0: only Zstandard), whether differences are taken,
//! and if given: the level of Zstandard, 0 for none.
//!
//! ```text
//!  0  4  bytes of the chunk, little-endian
//!  4  .  a Zstandard frame, which holds:
//!        for each integer two bits, lowest first in their byte, and behind all of them
//!        for each integer as many bytes as the two bits say, little-endian: 1, 2, 3 or 4.
//!        Integers of one byte in version 1: 0, 1, 2 or 4 half bytes, the lower half of a byte first
//! ```

use super::input::Input;
use super::{Encoded, Filter, FilterCall, damaged, id, zstd};
use crate::base::{Error, Result, to_usize};

/// Half bytes of an integer, by its two bits.
const BYTES: [usize; 4] = [2, 4, 6, 8];
const HALVES: [usize; 4] = [0, 1, 2, 4];

#[derive(Debug)]
pub(super) struct Vbz;

/// What the client data say.
struct Setup {
    /// Bytes of an integer.
    size: usize,
    /// Half bytes by the two bits.
    halves: [usize; 4],
    differences: bool,
    compressed: bool,
}

impl Filter for Vbz {
    fn id(&self) -> u16 {
        id::VBZ
    }

    fn name(&self) -> &'static str {
        "vbz"
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let setup = Setup::new(call)?;
        let mut input = Input::new("vbz", input);
        let plain = u32::from_le_bytes(input.array()?);
        let plain = input.output_size(u64::from(plain), call.limit)?;
        let mut unpacked = Vec::new();
        if setup.compressed {
            // All integers at their longest, with the two bits of each.
            zstd::decode_frames(
                "vbz",
                input.rest(),
                plain.saturating_mul(5).saturating_add(1),
                &mut unpacked,
            )?;
        } else {
            unpacked.extend_from_slice(input.rest());
        }
        if setup.size == 0 {
            output.append(&mut unpacked);
        } else {
            setup.decode_integers(&unpacked, plain, output)?;
        }
        match output.len() {
            len if len == plain => Ok(()),
            len => Err(damaged("vbz", format!("{len} of {plain} bytes come out"))),
        }
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let setup = Setup::new(call)?;
        let plain = u32::try_from(input.len());
        let plain =
            plain.map_err(|_| Error::limit("a chunk for vbz", input.len() as u64, u64::from(u32::MAX)))?;
        output.extend_from_slice(&plain.to_le_bytes());
        let integers = if setup.size == 0 { input.to_vec() } else { setup.encode_integers(input)? };
        if setup.compressed {
            zstd::encode_frame(&integers, output);
        } else {
            output.extend_from_slice(&integers);
        }
        Ok(Encoded::Done)
    }
}

impl Setup {
    fn new(call: &FilterCall<'_>) -> Result<Self> {
        let version = call.value(0, "version of vbz")?;
        let size = call.value(1, "bytes of an integer")?;
        let differences = call.value(2, "use of differences")? != 0;
        let compressed = call.values.get(3) != Some(&0);
        if version > 1 {
            return Err(Error::unsupported(format!("version {version} of the filter vbz (known up to 1)")));
        }
        if ![0, 1, 2, 4].contains(&size) {
            return Err(Error::field("bytes of an integer", u64::from(size), "0, 1, 2 and 4 are known"));
        }
        let halves = if (version, size) == (1, 1) { HALVES } else { BYTES };
        Ok(Setup { size: to_usize(u64::from(size))?, halves, differences, compressed })
    }

    /// The number of integers in `plain` bytes.
    fn count(&self, plain: usize) -> Result<usize> {
        match plain.is_multiple_of(self.size) {
            true => Ok(plain / self.size),
            false => Err(damaged("vbz", format!("{plain} bytes are no integers of {} bytes", self.size))),
        }
    }

    fn decode_integers(&self, packed: &[u8], plain: usize, output: &mut Vec<u8>) -> Result<()> {
        let count = self.count(plain)?;
        let Some((keys, data)) = packed.split_at_checked(count.div_ceil(4)) else {
            return Err(damaged("vbz", format!("{} bytes cannot hold {count} integers", packed.len())));
        };
        let (mut at, mut previous) = (0, 0u32);
        output.reserve(plain);
        for index in 0..count {
            let halves = self.halves[usize::from(keys[index / 4] >> (2 * (index % 4)) & 3)];
            let mut value = 0;
            for half in 0..halves {
                let Some(byte) = data.get(at / 2) else {
                    return Err(damaged("vbz", "the integers end too early"));
                };
                value |= u32::from(byte >> (4 * (at % 2)) & 15) << (4 * half);
                at += 1;
            }
            if self.differences {
                previous = previous.wrapping_add((value >> 1) ^ 0u32.wrapping_sub(value & 1));
                value = previous;
            }
            output.extend_from_slice(&value.to_le_bytes()[..self.size]);
        }
        Ok(())
    }

    fn encode_integers(&self, plain: &[u8]) -> Result<Vec<u8>> {
        let count = self.count(plain.len())?;
        let mut keys = vec![0; count.div_ceil(4)];
        let (mut data, mut at, mut previous) = (Vec::new(), 0, 0i32);
        for (index, integer) in plain.chunks_exact(self.size).enumerate() {
            let integer = signed(integer);
            let mut value = integer.cast_unsigned();
            if self.differences {
                let difference = integer.wrapping_sub(previous);
                value = ((difference << 1) ^ (difference >> 31)).cast_unsigned();
                previous = integer;
            }
            let needed = value.checked_ilog2().map_or(0, |log| to_usize(u64::from(log / 4 + 1)).unwrap_or(8));
            // What is longer than the longest is a negative number of one byte, whose upper bytes don't matter.
            let key = self.halves.iter().position(|&halves| halves >= needed).unwrap_or(3);
            keys[index / 4] |= u8::try_from(key).unwrap_or(3) << (2 * (index % 4));
            for half in 0..self.halves[key] {
                let nibble = (value >> (4 * half)).to_le_bytes()[0] & 15;
                match data.last_mut().filter(|_| at % 2 == 1) {
                    Some(byte) => *byte |= nibble << 4,
                    None => data.push(nibble),
                }
                at += 1;
            }
        }
        keys.append(&mut data);
        Ok(keys)
    }
}

/// A little-endian integer of up to four bytes.
fn signed(bytes: &[u8]) -> i32 {
    let fill = if bytes.last().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
    let mut wide = [fill; 4];
    wide[..bytes.len()].copy_from_slice(bytes);
    i32::from_le_bytes(wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(values: &[u32]) -> FilterCall<'_> {
        FilterCall { values, chunk_bytes: 40, limit: 4000 }
    }

    /// The 20 values of read_fe85b517-62ee-4a33-8767-41cab5d5ab39 in vbz_reads.fast5 of nanoporetech/ont_fast5_api.
    const STORED: &[u8] = &[
        0x28, 0, 0, 0, 0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x1a, 0xd1, 0, 0, 1, 0, 0, 0, 0, 8, 3, 0x28, 0x0f, 9,
        0x1a, 0x17, 2, 9, 2, 0x14, 3, 5, 0x17, 0x16, 0x15, 5, 0x1c, 0x1b, 4, 0x0a,
    ];

    #[test]
    fn differences_of_a_signal() {
        let mut output = Vec::new();
        Vbz.decode(STORED, &call(&[1, 2, 1, 1]), &mut output).unwrap();
        let values: Vec<u16> = output.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        assert_eq!(values[..6], [388, 408, 400, 395, 408, 396]);
        for cut in 0..STORED.len() {
            assert!(
                Vbz.decode(&STORED[..cut], &call(&[1, 2, 1, 1]), &mut Vec::new()).is_err(),
                "{cut} bytes"
            );
        }
    }

    #[test]
    fn every_setup_comes_back() {
        let plain: Vec<u8> = (0..400u32).map(|i| (i * i / 7).to_le_bytes()[0]).collect();
        for version in 0..2 {
            for size in [0, 1, 2, 4] {
                for (differences, level) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let values = [version, size, differences, level];
                    let (mut stored, mut back) = (Vec::new(), Vec::new());
                    Vbz.encode(&plain, &call(&values), &mut stored).unwrap();
                    Vbz.decode(&stored, &call(&values), &mut back).unwrap();
                    assert_eq!(back, plain, "{values:?}");
                }
            }
        }
        assert!(Vbz.encode(&plain, &call(&[2, 2, 1, 1]), &mut Vec::new()).is_err());
        assert!(Vbz.encode(&plain, &call(&[1, 3, 1, 1]), &mut Vec::new()).is_err());
        assert!(Vbz.encode(&plain[1..], &call(&[1, 2, 1, 1]), &mut Vec::new()).is_err());
    }
}
