//! How the chunks of Blosc 1 and 2 are written.

use super::super::bit_shuffle::transpose_bits;
use super::super::shuffle;
use super::chunk::{
    BIT_SHUFFLE, BLOSC_1, DELTA, DO_BIT_SHUFFLE, DO_SHUFFLE, MAX_STREAMS, MIN_STREAM, NOT_SPLIT, SHUFFLE,
    STORED, delta_width,
};
use super::inner::Inner;
use crate::base::{Error, Result};

/// What a chunk is made with.
#[derive(Clone, Copy, Debug)]
pub(in crate::codec) struct Recipe {
    pub(in crate::codec) inner: Inner,
    /// 0 (nothing is compressed) to 9.
    pub(in crate::codec) level: u32,
    pub(in crate::codec) filter: u8,
    /// Bytes of an element.
    pub(in crate::codec) element: u8,
    /// With the long header of Blosc 2.
    pub(in crate::codec) long: bool,
}

/// The version of Blosc 2 whose chunks are written, and of all compressors' formats.
const BLOSC_2: u8 = 5;
const FORMAT: u8 = 1;

/// Bytes that the level 2 puts in a block: what a first level cache holds.
const BLOCK: usize = 32 << 10;

impl Recipe {
    /// Appends `plain` as a chunk, and returns the bytes of its blocks.
    pub(in crate::codec) fn encode(&self, plain: &[u8], output: &mut Vec<u8>) -> Result<usize> {
        let (start, block) = (output.len(), self.block(plain.len()));
        let head = self.put_header(plain.len(), block, output)?;
        let blocks = plain.len().div_ceil(block);
        if self.level > 0 {
            output.resize(start + head + 4 * blocks, 0);
            for (index, part) in plain.chunks(block).enumerate() {
                let at = (count(output.len() - start)?).to_le_bytes();
                output[start + head + 4 * index..][..4].copy_from_slice(&at);
                self.encode_block(part, part.len() == block, &plain[..block], index == 0, output)?;
            }
        }
        if self.level == 0 || output.len() - start >= head + plain.len() {
            output.truncate(start + head);
            output[start + 2] |= STORED;
            output.extend_from_slice(plain);
        }
        let size = count(output.len() - start)?.to_le_bytes();
        output[start + 12..start + 16].copy_from_slice(&size);
        Ok(block)
    }

    /// The compressor and the level as a Blosc2 frame has them.
    #[cfg(feature = "blosc2")]
    pub(in crate::codec) fn frame_codec(&self) -> u8 {
        self.inner.format() | self.level.to_le_bytes()[0] << 4
    }

    /// The bytes of a block: whole elements, more of them at higher levels.
    fn block(&self, plain: usize) -> usize {
        let element = usize::from(self.element);
        let block = match self.level {
            0 | 1 => BLOCK / 2,
            2 => BLOCK,
            3 => BLOCK * 2,
            4 | 5 => BLOCK * 4,
            _ => BLOCK * 8,
        };
        let block = block.min(plain).max(1);
        if block > element { block / element * element } else { block }
    }

    /// Splitting pays where the bytes of an element stand apart and the compressor is quick.
    fn splits(&self, block: usize) -> bool {
        let element = usize::from(self.element);
        let quick = matches!(self.inner, Inner::BloscLz | Inner::Lz4 | Inner::Snappy);
        quick && self.filter == SHUFFLE && element <= MAX_STREAMS && block / element >= MIN_STREAM
    }

    fn put_header(&self, plain: usize, block: usize, output: &mut Vec<u8>) -> Result<usize> {
        let start = output.len();
        let mut flags = self.inner.format() << 5;
        if !self.splits(block) {
            flags |= NOT_SPLIT;
        }
        flags |= match self.filter {
            _ if self.long => DO_SHUFFLE | DO_BIT_SHUFFLE,
            SHUFFLE if self.element > 1 => DO_SHUFFLE,
            BIT_SHUFFLE => DO_BIT_SHUFFLE,
            _ => 0,
        };
        output.extend_from_slice(&[if self.long { BLOSC_2 } else { BLOSC_1 }, FORMAT, flags, self.element]);
        output.extend_from_slice(&count(plain)?.to_le_bytes());
        output.extend_from_slice(&count(block)?.to_le_bytes());
        output.extend_from_slice(&[0; 4]);
        if self.long {
            output.extend_from_slice(&[0, 0, 0, 0, 0, self.filter]);
            output.extend_from_slice(&[0; 10]);
        }
        Ok(output.len() - start)
    }

    fn encode_block(
        &self,
        part: &[u8],
        whole: bool,
        first: &[u8],
        is_first: bool,
        output: &mut Vec<u8>,
    ) -> Result<()> {
        let element = usize::from(self.element);
        let mut filtered = part.to_vec();
        match self.filter {
            SHUFFLE => shuffle::apart(part, &mut filtered, element),
            BIT_SHUFFLE if self.long || (part.len() / element).is_multiple_of(8) => {
                transpose_bits(part, &mut filtered, element, true);
            }
            DELTA => apply_delta(part, &mut filtered, (!is_first).then_some(first), element),
            _ => {}
        }
        let streams = if whole && self.splits(part.len()) { element } else { 1 };
        for stream in filtered.chunks(part.len() / streams) {
            match self.inner.encode(self.level, stream)? {
                Some(stored) => {
                    output.extend_from_slice(&count(stored.len())?.to_le_bytes());
                    output.extend_from_slice(&stored);
                }
                None => {
                    output.extend_from_slice(&count(stream.len())?.to_le_bytes());
                    output.extend_from_slice(stream);
                }
            }
        }
        Ok(())
    }
}

/// The differences that decoding undoes: in the first block between neighbours, in the others from the first block.
fn apply_delta(part: &[u8], filtered: &mut [u8], first: Option<&[u8]>, element: usize) {
    let width = delta_width(element);
    let whole = part.len() / width * width;
    let (reference, from) = match first {
        Some(first) => (first, 0),
        None => (part, width.min(whole)),
    };
    filtered[from..whole].iter_mut().zip(reference).for_each(|(byte, reference)| *byte ^= reference);
}

/// Blosc counts in 32 bits with a sign.
fn count(size: usize) -> Result<u32> {
    match i32::try_from(size) {
        Ok(size) => Ok(size.unsigned_abs()),
        Err(_) => Err(Error::limit("a chunk for Blosc", size as u64, 0x7fff_ffff)),
    }
}
