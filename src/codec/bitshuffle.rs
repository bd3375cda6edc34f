//! Bitshuffle (filter 32008): the bits of the elements of a block by their place, then LZ4 or Zstandard or nothing.
//!
//! Client data: major and minor version, the bytes of an element, and if given: the elements of a block (a multiple of
//! eight, 0 for the default), 0 or 2 (LZ4) or 3 (Zstandard), the level.
//!
//! ```text
//! with LZ4 or Zstandard only, all big-endian
//!  0  8  bytes of the chunk
//!  8  4  bytes of a block
//! then for each block
//!     4  bytes of the compressed block
//!     .  the block
//! ```
//!
//! The last block has what is left, down to a multiple of eight elements. The up to seven elements behind it are stored
//! as they are.

use super::bit_shuffle::transpose_bits;
use super::input::Input;
use super::{ChunkShape, Encoded, Filter, FilterCall, damaged, id, lz4, zstd};
use crate::base::{Error, Result, to_usize};

/// The version of the plugin whose client data is written.
const VERSION: [u32; 2] = [0, 4];

/// Bytes of a block that the caller gave no size, and the fewest elements it has then.
const DEFAULT_BLOCK: usize = 8192;
const FEWEST_ELEMENTS: usize = 128;

#[derive(Debug)]
pub(super) struct Bitshuffle;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Compressor {
    None,
    Lz4,
    Zstd,
}

/// What the client data say.
struct Setup {
    /// Bytes of an element.
    size: usize,
    /// Elements of a block.
    block: usize,
    compressor: Compressor,
}

impl Filter for Bitshuffle {
    fn id(&self) -> u16 {
        id::BITSHUFFLE
    }

    fn name(&self) -> &'static str {
        "bitshuffle; see https://github.com/kiyo-masui/bitshuffle"
    }

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        let stored = [&VERSION[..], &[chunk.element_size()], values].concat();
        if stored.len() > 4 && ![0, 2, 3].contains(&stored[4]) {
            return Err(Error::misuse(format!("bitshuffle: compressor {} is not 0, 2 or 3", stored[4])));
        }
        let call = FilterCall { values: &stored, chunk_bytes: 0, limit: 0 };
        Setup::new(&call).map_err(|e| Error::misuse(e.to_string()))?;
        Ok(stored)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let mut setup = Setup::new(call)?;
        let mut input = Input::new("bitshuffle", input);
        let mut plain = input.rest().len() as u64;
        if setup.compressor != Compressor::None {
            plain = input.u64_be()?;
            // Whatever the client data say, this is how the chunk was written.
            setup.block = to_usize(u64::from(input.u32_be()?))? / setup.size;
        }
        let plain = setup.check(input.output_size(plain, call.limit)?)?;
        let mut apart = Vec::new();
        for block in setup.blocks(plain) {
            apart.clear();
            setup.decode_block(&mut input, block, &mut apart)?;
            let at = output.len();
            output.resize(at + block, 0);
            transpose_bits(&apart, &mut output[at..], setup.size, false);
        }
        output.extend_from_slice(input.take(plain - output.len())?);
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let setup = Setup::new(call)?;
        setup.check(input.len())?;
        if setup.compressor != Compressor::None {
            let block = u32::try_from(setup.block * setup.size).map_err(|e| damaged("bitshuffle", e))?;
            output.extend_from_slice(&(input.len() as u64).to_be_bytes());
            output.extend_from_slice(&block.to_be_bytes());
        }
        let (mut rest, mut apart) = (input, Vec::new());
        for block in setup.blocks(input.len()) {
            let (plain, behind) = rest.split_at(block);
            apart.clear();
            apart.resize(block, 0);
            transpose_bits(plain, &mut apart, setup.size, true);
            setup.encode_block(&apart, output)?;
            rest = behind;
        }
        output.extend_from_slice(rest);
        Ok(Encoded::Done)
    }
}

impl Setup {
    fn new(call: &FilterCall<'_>) -> Result<Self> {
        let size = to_usize(u64::from(call.value(2, "bytes of an element")?))?;
        if size == 0 {
            return Err(Error::field("bytes of an element", 0, "it must be greater than zero"));
        }
        let block = match call.values.get(3) {
            None | Some(0) => (DEFAULT_BLOCK / size / 8 * 8).max(FEWEST_ELEMENTS),
            Some(&block) => to_usize(u64::from(block))?,
        };
        // As in the plugin, an unknown number stands for none.
        let compressor = match call.values.get(4) {
            Some(2) => Compressor::Lz4,
            Some(3) => Compressor::Zstd,
            _ => Compressor::None,
        };
        let setup = Setup { size, block, compressor };
        setup.check(0)?;
        Ok(setup)
    }

    /// Checks the size of a block, and that `plain` bytes are elements.
    fn check(&self, plain: usize) -> Result<usize> {
        if self.block == 0 || !self.block.is_multiple_of(8) || self.block.checked_mul(self.size).is_none() {
            let rule = "a block has a multiple of eight elements";
            return Err(Error::field("elements of a block", self.block as u64, rule));
        }
        if !plain.is_multiple_of(self.size) {
            let size = self.size;
            return Err(damaged("bitshuffle", format!("{plain} bytes are no elements of {size} bytes")));
        }
        Ok(plain)
    }

    /// The bytes of the blocks, in their order.
    fn blocks(&self, plain: usize) -> impl Iterator<Item = usize> + use<> {
        let (full, eight) = (self.block * self.size, 8 * self.size);
        let last = plain % full / eight * eight;
        std::iter::repeat_n(full, plain / full).chain((last > 0).then_some(last))
    }

    fn decode_block(&self, input: &mut Input<'_>, block: usize, apart: &mut Vec<u8>) -> Result<()> {
        if self.compressor == Compressor::None {
            apart.extend_from_slice(input.take(block)?);
            return Ok(());
        }
        let stored = input.u32_be()?;
        let stored = input.take_long(stored)?;
        if self.compressor == Compressor::Lz4 {
            return lz4::decode_block("bitshuffle", stored, block, apart);
        }
        zstd::decode_frames("bitshuffle", stored, block, apart)?;
        if apart.len() < block {
            return Err(damaged("bitshuffle", format!("a block of {block} bytes holds {}", apart.len())));
        }
        Ok(())
    }

    fn encode_block(&self, apart: &[u8], output: &mut Vec<u8>) -> Result<()> {
        if self.compressor == Compressor::None {
            output.extend_from_slice(apart);
            return Ok(());
        }
        let at = output.len();
        output.extend_from_slice(&[0; 4]);
        match self.compressor {
            Compressor::Zstd => zstd::encode_frame(apart, output),
            _ => _ = lz4::encode_block(apart, output),
        }
        let stored = u32::try_from(output.len() - at - 4).map_err(|e| damaged("bitshuffle", e))?;
        output[at..at + 4].copy_from_slice(&stored.to_be_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f.create_dataset("a", data=np.arange(19, dtype="<u2"), chunks=(19,), **hdf5plugin.Bitshuffle(nelems=8, cname="none"))`
    const PLAIN: &[u8] = &[
        0xaa, 0xcc, 0xf0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xaa,
        0xcc, 0xf0, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00,
        0x11, 0x00, 0x12, 0x00,
    ];

    /// `f.create_dataset("a", data=np.arange(17, dtype="<u2"), chunks=(17,), **hdf5plugin.Bitshuffle(nelems=16, cname="lz4"))`
    const LZ4: &[u8] = &[
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x22, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00, 0x12, 0x9e,
        0xaa, 0xaa, 0xcc, 0xcc, 0xf0, 0xf0, 0x00, 0xff, 0x00, 0x01, 0x00, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x10, 0x00,
    ];

    fn call(values: &[u32]) -> FilterCall<'_> {
        FilterCall { values, chunk_bytes: 38, limit: 1000 }
    }

    #[test]
    fn blocks_and_what_is_left_over() {
        let bytes = |count: u16| (0..count).flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for (stored, values, count) in [(PLAIN, &[0, 4, 2, 8, 0], 19), (LZ4, &[0, 4, 2, 16, 2], 17)] {
            let mut output = Vec::new();
            Bitshuffle.decode(stored, &call(values), &mut output).unwrap();
            assert_eq!(output, bytes(count));
            let short = &stored[..stored.len() - 1];
            assert!(Bitshuffle.decode(short, &call(values), &mut Vec::new()).is_err());
        }
    }

    #[test]
    fn everything_comes_back() {
        let plain: Vec<u8> = (0..150u8).flat_map(|i| [i, i / 7, 0, 1]).collect();
        for values in
            [&[0, 4, 4][..], &[0, 4, 4, 8], &[0, 4, 4, 0, 2], &[0, 4, 4, 64, 3, 1], &[0, 4, 3, 16, 2]]
        {
            let (mut stored, mut back) = (Vec::new(), Vec::new());
            Bitshuffle.encode(&plain, &call(values), &mut stored).unwrap();
            Bitshuffle.decode(&stored, &call(values), &mut back).unwrap();
            assert_eq!(back, plain, "{values:?}");
        }
    }

    #[test]
    fn client_data_that_makes_no_sense_is_refused() {
        for values in [&[0, 4][..], &[0, 4, 0], &[0, 4, 2, 9], &[0, 4, 7, 8]] {
            assert!(Bitshuffle.decode(PLAIN, &call(values), &mut Vec::new()).is_err(), "{values:?}");
        }
        let mut stored = LZ4.to_vec();
        stored[11] = 1;
        assert!(Bitshuffle.decode(&stored, &call(&[0, 4, 2, 16, 2]), &mut Vec::new()).is_err());
    }
}
