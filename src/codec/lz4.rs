//! LZ4 (filter 32004): blocks in the LZ4 block format behind a big-endian header.
//!
//! ```text
//!  0  8  bytes of the chunk
//!  8  4  bytes of a block; the last one holds the rest
//! then for each block
//!     4  bytes of the compressed block; as many as the block has: it is stored as it is
//!     .  the block
//! ```
//!
//! Client data: the bytes of a block, 0 or nothing for the default.

use super::input::Input;
use super::{Encoded, Filter, FilterCall, damaged, id};
use crate::base::{Error, Result, to_usize};

/// Bytes of a block that the caller gave no size.
const DEFAULT_BLOCK: u32 = 1 << 30;

#[derive(Debug)]
pub(super) struct Lz4;

impl Filter for Lz4 {
    fn id(&self) -> u16 {
        id::LZ4
    }

    fn name(&self) -> &'static str {
        "HDF5 lz4 filter; see http://www.hdfgroup.org/services/contributions.html"
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let mut input = Input::new("lz4", input);
        let size = input.u64_be()?;
        let size = input.output_size(size, call.limit)?;
        let block = to_usize(u64::from(input.u32_be()?))?;
        if block == 0 && size != 0 {
            return Err(damaged("lz4", "blocks of 0 bytes"));
        }
        output.reserve_exact(size.min(call.chunk_bytes));
        while output.len() < size {
            let plain = block.min(size - output.len());
            let stored = input.u32_be()?;
            let stored = input.take_long(stored)?;
            if stored.len() == plain {
                output.extend_from_slice(stored);
            } else {
                decode_block("lz4", stored, plain, output)?;
            }
        }
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        // The block format counts in 32 bits with a sign.
        let size = i32::try_from(input.len())
            .map_err(|_| Error::limit("a chunk for lz4", input.len() as u64, 0x7fff_ffff))?;
        let asked = call.values.first().copied().filter(|&block| block > 0);
        let block = asked.unwrap_or(DEFAULT_BLOCK).min(size.unsigned_abs());
        output.extend_from_slice(&u64::from(size.unsigned_abs()).to_be_bytes());
        output.extend_from_slice(&block.to_be_bytes());
        for plain in input.chunks(to_usize(u64::from(block.max(1)))?) {
            let at = output.len();
            output.extend_from_slice(&[0; 4]);
            let mut stored = encode_block(plain, output);
            if stored >= plain.len() {
                stored = plain.len();
                output.truncate(at + 4);
                output.extend_from_slice(plain);
            }
            let stored = u32::try_from(stored).map_err(|e| damaged("lz4", e))?;
            output[at..at + 4].copy_from_slice(&stored.to_be_bytes());
        }
        Ok(Encoded::Done)
    }
}

/// Appends the `plain` bytes that a block in the LZ4 block format holds.
pub(super) fn decode_block(
    codec: &'static str,
    stored: &[u8],
    plain: usize,
    output: &mut Vec<u8>,
) -> Result<()> {
    // No input expands further than this: memory for more would be taken in vain.
    if plain / 255 > stored.len() {
        return Err(damaged(codec, format!("{} bytes cannot hold {plain} bytes", stored.len())));
    }
    let at = output.len();
    output.resize(at + plain, 0);
    let filled =
        lz4_flex::block::decompress_into(stored, &mut output[at..]).map_err(|e| damaged(codec, e))?;
    if filled < plain {
        return Err(damaged(codec, format!("a block of {plain} bytes holds {filled}")));
    }
    Ok(())
}

/// Appends a block in the LZ4 block format and returns how long it is.
pub(super) fn encode_block(plain: &[u8], output: &mut Vec<u8>) -> usize {
    let at = output.len();
    output.resize(at + lz4_flex::block::get_maximum_output_size(plain.len()), 0);
    // It fails only where the output is too small.
    let len = lz4_flex::block::compress_into(plain, &mut output[at..]).unwrap_or(usize::MAX);
    output.truncate(at.saturating_add(len));
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f.create_dataset("a", data=np.arange(32, dtype="u1") // 20, chunks=(32,), **hdf5plugin.LZ4(nbytes=20))`
    const STORED: &[u8] = &[
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x0a, 0x1a,
        0x00, 0x01, 0x00, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x01, 0x01, 0x01, 0x01,
        0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    ];

    fn call(values: &[u32]) -> FilterCall<'_> {
        FilterCall { values, chunk_bytes: 32, limit: 100 }
    }

    #[test]
    fn a_compressed_block_and_one_as_it_is() {
        let plain: Vec<u8> = (0..32).map(|i| i / 20).collect();
        let mut output = Vec::new();
        Lz4.decode(STORED, &call(&[20]), &mut output).unwrap();
        assert_eq!(output, plain);
        for cut in 0..STORED.len() {
            assert!(Lz4.decode(&STORED[..cut], &call(&[20]), &mut Vec::new()).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn every_block_size_comes_back() {
        let plain: Vec<u8> = (0..90).map(|i| i / 4 * 5).collect();
        for values in [&[][..], &[0], &[1], &[7], &[90], &[1000]] {
            let (mut stored, mut back) = (Vec::new(), Vec::new());
            assert_eq!(Lz4.encode(&plain, &call(values), &mut stored).unwrap(), Encoded::Done);
            Lz4.decode(&stored, &call(values), &mut back).unwrap();
            assert_eq!(back, plain, "{values:?}");
        }
    }

    #[test]
    fn sizes_are_not_believed() {
        let mut stored = STORED.to_vec();
        stored[0] = 0x7f;
        let error = Lz4.decode(&stored, &call(&[]), &mut Vec::new()).unwrap_err().to_string();
        assert_eq!(error, "malformed file: lz4: over 100 bytes come out");
        stored = STORED.to_vec();
        stored[11] = 0;
        assert!(Lz4.decode(&stored, &call(&[]), &mut Vec::new()).is_err(), "blocks of no bytes");
        assert!(decode_block("lz4", &[0x10, 1], 1 << 40, &mut Vec::new()).is_err());
    }
}
