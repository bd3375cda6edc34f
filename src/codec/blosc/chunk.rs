//! The chunk of Blosc 1 and 2: a header, where its blocks begin, the blocks.
//!
//! ```text
//!  0  1  version: 1 and 2 of Blosc 1, 3 and more of Blosc 2
//!  1  1  version of the compressor's format
//!  2  1  flags: 0 shuffle, 1 stored as it is, 2 bit shuffle, 3 delta, 4 blocks are not split, 5-7 compressor;
//!        both 0 and 2: the header is the long one
//!  3  1  bytes of an element
//!  4  4  bytes of the content
//!  8  4  bytes of a block; the last one holds the rest
//! 12  4  bytes of the chunk
//! in the long header of Blosc 2
//! 16  6  filters, in the order in which they were applied
//! 22  1  compressor of the user
//! 23  1  its parameter
//! 24  6  parameters of the filters
//! 30  1  flags: 0 the blocks vary in length
//! 31  1  flags: 0 dictionary, 3 lazy, 4-6 all elements are: 1 zero, 2 NaN, 3 the value behind the header, 4 anything;
//!        7 measurements in place of data
//! then for each block
//!     4  where it begins, from the beginning of the chunk
//! and there, once or, where blocks are split, for each byte of an element
//!     4  bytes of the stream. 0: only zeros. Less: then a byte 1 follows, and only the byte -n
//!     .  the stream; as many bytes as it holds: stored as it is
//! ```
//!
//! All little-endian. The last block is never split if it is shorter than the others.

use super::super::bit_shuffle::transpose_bits;
use super::super::input::Input;
use super::super::{damaged, shuffle};
use super::inner::Inner;
use crate::base::{Error, Result, to_usize};

/// The filters of the long header.
pub(super) const SHUFFLE: u8 = 1;
pub(super) const BIT_SHUFFLE: u8 = 2;
pub(super) const DELTA: u8 = 3;
pub(super) const TRUNCATE: u8 = 4;

/// Flags of the header.
pub(super) const DO_SHUFFLE: u8 = 1;
pub(super) const STORED: u8 = 2;
pub(super) const DO_BIT_SHUFFLE: u8 = 4;
pub(super) const DO_DELTA: u8 = 8;
pub(super) const NOT_SPLIT: u8 = 16;

/// The newest version of Blosc 1.
pub(super) const BLOSC_1: u8 = 2;

/// Blosc 1 before it had the flag: blocks are split up to this many bytes of an element, from this many elements on.
pub(super) const MAX_STREAMS: usize = 16;
pub(super) const MIN_STREAM: usize = 128;

struct Header {
    version: u8,
    flags: u8,
    element: usize,
    content: usize,
    block: usize,
    chunk: usize,
    filters: [u8; 6],
    parameters: [u8; 6],
    special: u8,
}

/// Appends the content of the chunk that `bytes` begin with, at most `limit` bytes.
pub(in crate::codec) fn decode_chunk(bytes: &[u8], limit: usize, output: &mut Vec<u8>) -> Result<()> {
    let mut input = Input::new("blosc", bytes);
    let header = Header::decode(&mut input, limit)?;
    let head = bytes.len() - input.rest().len();
    let Some(bytes) = bytes.get(..header.chunk) else {
        return Err(damaged(
            "blosc",
            format!("{} of the {} bytes of a chunk are there", bytes.len(), header.chunk),
        ));
    };
    let Some(body) = bytes.get(head..) else {
        return Err(damaged("blosc", "the chunk is shorter than its header"));
    };
    if header.special != 0 {
        return header.decode_special(body, output);
    }
    if header.flags & STORED != 0 {
        if body.len() != header.content {
            return Err(damaged("blosc", format!("{} of {} bytes are stored", body.len(), header.content)));
        }
        output.extend_from_slice(body);
        return Ok(());
    }
    header.decode_blocks(bytes, body, output)
}

impl Header {
    fn decode(input: &mut Input<'_>, limit: usize) -> Result<Self> {
        let [version, _, flags, element] = input.array()?;
        let content = u64::from(input.u32_le()?);
        let (block, chunk) = (input.u32_le()?, input.u32_le()?);
        let mut header = Header {
            version,
            flags,
            element: usize::from(element),
            content: input.output_size(content, limit)?,
            block: to_usize(u64::from(block))?,
            chunk: to_usize(u64::from(chunk))?,
            filters: [0; 6],
            parameters: [0; 6],
            special: 0,
        };
        if version == 0 || element == 0 || block == 0 {
            return Err(damaged(
                "blosc",
                "version, bytes of an element and of a block must be greater than zero",
            ));
        }
        match (flags & DO_SHUFFLE != 0, flags & DO_BIT_SHUFFLE != 0) {
            (true, true) => header.decode_long(input)?,
            (true, false) if element > 1 => header.filters[5] = SHUFFLE,
            (false, true) => header.filters[5] = BIT_SHUFFLE,
            _ => {}
        }
        if flags & (DO_SHUFFLE | DO_BIT_SHUFFLE) != DO_SHUFFLE | DO_BIT_SHUFFLE && flags & DO_DELTA != 0 {
            header.filters[4] = DELTA;
        }
        Ok(header)
    }

    fn decode_long(&mut self, input: &mut Input<'_>) -> Result<()> {
        self.filters = input.array()?;
        input.take(2)?;
        self.parameters = input.array()?;
        let [varying, flags] = input.array()?;
        self.special = flags >> 4 & 7;
        // The measuring chunks, the lazy ones and those with a dictionary are not what a frame in a file holds.
        if varying & 1 != 0 || (self.special == 0 && flags & 0b1000_1001 != 0) {
            return Err(Error::unsupported(format!(
                "a Blosc2 chunk with the flags {varying:#04x} and {flags:#04x}"
            )));
        }
        Ok(())
    }

    /// All elements are the same.
    fn decode_special(&self, body: &[u8], output: &mut Vec<u8>) -> Result<()> {
        match self.special {
            3 => repeat(body, self.content, output),
            kind => fill_special(kind, self.element, self.content, output),
        }
    }

    fn decode_blocks(&self, bytes: &[u8], body: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let inner = Inner::of_format(self.flags >> 5)?;
        let (start, mut starts) = (output.len(), Input::new("blosc", body));
        let (mut block, mut spare) = (Vec::new(), Vec::new());
        while output.len() - start < self.content {
            let size = self.block.min(self.content - (output.len() - start));
            let at = to_usize(u64::from(starts.u32_le()?))?;
            let Some(streams) = bytes.get(at..) else {
                return Err(damaged(
                    "blosc",
                    format!("a block begins at {at}, the chunk has {}", bytes.len()),
                ));
            };
            block.clear();
            self.decode_streams(inner, streams, size, &mut block)?;
            for (&filter, &parameter) in self.filters.iter().zip(&self.parameters).rev() {
                self.undo(filter, parameter, &mut block, &mut spare, &output[start..])?;
            }
            output.extend_from_slice(&block);
        }
        Ok(())
    }

    fn decode_streams(&self, inner: Inner, streams: &[u8], size: usize, block: &mut Vec<u8>) -> Result<()> {
        let mut input = Input::new("blosc", streams);
        let whole = size == self.block.min(self.content);
        let splits = whole && self.flags & NOT_SPLIT == 0 && self.may_split();
        let count = if splits { self.element } else { 1 };
        let plain = size / count;
        if plain == 0 {
            return Err(damaged("blosc", format!("{count} streams in a block of {size} bytes")));
        }
        for _ in 0..count {
            let len = i32::from_le_bytes(input.array()?);
            if len <= 0 {
                let byte = if len == 0 { 0 } else { run_byte(len, &mut input)? };
                block.resize(block.len() + plain, byte);
                continue;
            }
            let stored = input.take_long(len.unsigned_abs())?;
            if stored.len() == plain {
                block.extend_from_slice(stored);
            } else {
                inner.decode(stored, plain, block)?;
            }
        }
        match block.len() {
            len if len == size => Ok(()),
            len => Err(damaged("blosc", format!("{len} of the {size} bytes of a block come out"))),
        }
    }

    fn may_split(&self) -> bool {
        let block = self.block.min(self.content);
        self.version > BLOSC_1 || (self.element <= MAX_STREAMS && block / self.element >= MIN_STREAM)
    }

    /// Undoes one filter; `before` is the content that comes before the block.
    fn undo(
        &self,
        filter: u8,
        parameter: u8,
        block: &mut Vec<u8>,
        spare: &mut Vec<u8>,
        before: &[u8],
    ) -> Result<()> {
        spare.clear();
        spare.resize(block.len(), 0);
        match filter {
            // What was cut off is gone.
            0 | TRUNCATE => return Ok(()),
            SHUFFLE => {
                let size = if parameter == 0 { self.element } else { usize::from(parameter) };
                shuffle::together(block, spare, size);
            }
            // Blosc 1 leaves a block alone that is not made up of groups of eight.
            BIT_SHUFFLE if self.version <= BLOSC_1 && !(block.len() / self.element).is_multiple_of(8) => {
                return Ok(());
            }
            BIT_SHUFFLE => transpose_bits(block, spare, self.element, false),
            DELTA => {
                // It works on whole content, which there is only once everything else is undone.
                if self.filters.iter().take_while(|&&f| f != DELTA).any(|&f| f != 0 && f != TRUNCATE) {
                    return Err(Error::unsupported("Blosc2's delta behind another filter"));
                }
                undo_delta(block, before, self.element);
                return Ok(());
            }
            _ => return Err(Error::unsupported(format!("Blosc2's filter {filter} (known are 0 to 4)"))),
        }
        std::mem::swap(block, spare);
        Ok(())
    }
}

/// Appends `size` bytes of what the number of a special value stands for.
pub(in crate::codec) fn fill_special(
    kind: u8,
    element: usize,
    size: usize,
    output: &mut Vec<u8>,
) -> Result<()> {
    match (kind, element) {
        // What was never set is as good as zero.
        (1 | 4, _) => output.resize(output.len() + size, 0),
        (2, 4) => repeat(&f32::NAN.to_le_bytes(), size, output)?,
        (2, 8) => repeat(&f64::NAN.to_le_bytes(), size, output)?,
        _ => {
            return Err(Error::unsupported(format!(
                "Blosc2's special value {kind} in elements of {element} bytes"
            )));
        }
    }
    Ok(())
}

fn repeat(element: &[u8], size: usize, output: &mut Vec<u8>) -> Result<()> {
    if element.is_empty() || !size.is_multiple_of(element.len()) {
        return Err(damaged("blosc", format!("{size} bytes are no elements of {} bytes", element.len())));
    }
    output.extend_from_slice(&element.repeat(size / element.len()));
    Ok(())
}

/// The byte of a stream that has only one.
fn run_byte(len: i32, input: &mut Input<'_>) -> Result<u8> {
    let token = input.u8()?;
    match u8::try_from(len.unsigned_abs()) {
        Ok(byte) if token & 1 != 0 => Ok(byte),
        _ => Err(damaged("blosc", format!("a stream of {len} bytes with the token {token}"))),
    }
}

/// The first block is a chain of differences (by exclusive or) of its elements, the others differ from it.
fn undo_delta(block: &mut [u8], before: &[u8], element: usize) {
    let width = delta_width(element);
    let whole = block.len() / width * width;
    if before.is_empty() {
        for at in width..whole {
            block[at] ^= block[at - width];
        }
    } else {
        block[..whole].iter_mut().zip(before).for_each(|(byte, reference)| *byte ^= reference);
    }
}

/// The bytes of the units that the delta filter works in.
pub(super) fn delta_width(element: usize) -> usize {
    match element {
        1 | 2 | 4 | 8 => element,
        _ if element.is_multiple_of(8) => 8,
        _ => 1,
    }
}
