//! The contiguous frame of Blosc2: a header, chunks, the chunk of their offsets, a trailer.
//!
//! Header and trailer are msgpack, big-endian; every field of the header has its place. Source: c-blosc2's
//! README_CFRAME_FORMAT.
//!
//! ```text
//!  0  2  9e a8      an array of 14; a string of 8
//!  2  8  "b2frame" with its NUL
//! 10  5  d2         bytes of the header
//! 15  9  cf         bytes of the frame
//! 24  1  a4         a string of 4:
//! 25  1  version (low 4 bits), width of an offset (bits 4 and 5), chunks vary in length (6), blocks do (7)
//! 26  1  0          contiguous
//! 27  1  compressor (low 4 bits), level
//! 28  1  when blocks are split, less one
//! 29  9  d3         bytes of the content
//! 38  9  d3         bytes of the chunks
//! 47  5  d2         bytes of an element
//! 52  5  d2         bytes of a block
//! 57  5  d2         bytes of a chunk's content
//! 62  6  d1 d1      threads
//! 68  1  c2 or c3   metalayers in the trailer
//! 69 18  d8         number of filters, filters (8), their parameters (8)
//! 87  1  93         the metalayers, an array of 3:
//! 88  3  cd         bytes of the map
//! 91  3  de         a map from names (a0 + length) to offsets (d2) in the header, where each is a c6 string
//!     .  dc         all of them
//! ```

use super::array::Array;
use crate::base::{Error, Result, to_usize};
use crate::codec::blosc::{Recipe, decode_chunk, fill_special};
use crate::codec::damaged;
use crate::codec::input::Input;

/// Bytes of the header up to its metalayers.
const HEAD: usize = 87;

/// The newest version of the frame.
const NEWEST: u8 = 3;

pub(super) struct Frame<'a> {
    bytes: &'a [u8],
    /// Where the chunks begin.
    chunks: usize,
    /// Where the chunk of their offsets begins.
    offsets: usize,
    content: u64,
    element: u32,
    chunk: u32,
}

impl<'a> Frame<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self> {
        let mut input = Input::new("blosc2", bytes);
        if input.take(10)? != b"\x9e\xa8b2frame\0" {
            return Err(damaged("blosc2", "the chunk does not begin as a frame does"));
        }
        let header = field(&mut input, 0xd2, Input::u32_be)?;
        let len = field(&mut input, 0xcf, Input::u64_be)?;
        let [_, flags, kind, _, _] = input.array()?;
        let content = field(&mut input, 0xd3, Input::u64_be)?;
        let compressed = field(&mut input, 0xd3, Input::u64_be)?;
        let element = field(&mut input, 0xd2, Input::u32_be)?;
        let _ = field(&mut input, 0xd2, Input::u32_be)?;
        let chunk = field(&mut input, 0xd2, Input::u32_be)?;
        if flags & 15 > NEWEST || flags >> 4 != 1 || kind != 0 {
            let what = format!("a Blosc2 frame of the type {kind} with the flags {flags:#04x}");
            return Err(Error::unsupported(what));
        }
        if element == 0 || chunk == 0 {
            return Err(damaged("blosc2", "bytes of an element and of a chunk must be greater than zero"));
        }
        // What stands behind the frame, a checksum of the next filter, is no part of it.
        let bytes = to_usize(len).ok().and_then(|len| bytes.get(..len));
        let bytes =
            bytes.ok_or_else(|| damaged("blosc2", format!("not all {len} bytes of the frame are there")))?;
        let chunks = to_usize(u64::from(header))?;
        let offsets = to_usize(compressed)?.saturating_add(chunks);
        if chunks < HEAD || offsets > bytes.len() {
            return Err(damaged("blosc2", "the chunks do not lie in the frame"));
        }
        Ok(Frame { bytes, chunks, offsets, content, element, chunk })
    }

    /// Bytes of an element.
    pub(super) fn element(&self) -> u32 {
        self.element
    }

    /// The metalayer that says how an array lies in the frame.
    pub(super) fn array(&self) -> Result<Option<Array>> {
        let mut input = Input::new("blosc2", &self.bytes[HEAD..self.chunks]);
        if input.u8()? != 0x93 {
            return Err(damaged("blosc2", "no metalayers behind the header"));
        }
        let _ = field(&mut input, 0xcd, |input| input.array::<2>())?;
        let count = u16::from_be_bytes(field(&mut input, 0xde, |input| input.array::<2>())?);
        for _ in 0..count {
            let len = input.u8()? & 31;
            let name = input.take(usize::from(len))?;
            let offset = to_usize(u64::from(field(&mut input, 0xd2, Input::u32_be)?))?;
            if name != b"b2nd" && name != b"caterva" {
                continue;
            }
            let layer = self.bytes[..self.chunks].get(offset..).unwrap_or_default();
            let mut layer = Input::new("blosc2", layer);
            let len = field(&mut layer, 0xc6, Input::u32_be)?;
            return Array::decode(layer.take_long(len)?).map(Some);
        }
        Ok(None)
    }

    /// Appends the content of all chunks, at most `limit` bytes.
    pub(super) fn decode_content(&self, limit: usize, output: &mut Vec<u8>) -> Result<()> {
        let input = Input::new("blosc2", &[]);
        let content = input.output_size(self.content, limit)?;
        let chunk = to_usize(u64::from(self.chunk))?;
        // Without content there may be no offsets either.
        let (count, mut offsets) = (content.div_ceil(chunk), Vec::new());
        if count > 0 {
            decode_chunk(&self.bytes[self.offsets..], count.saturating_mul(8), &mut offsets)?;
        }
        let mut offsets = Input::new("blosc2", &offsets);
        let start = output.len();
        for index in 0..count {
            let size = chunk.min(content - index * chunk);
            self.decode_one(offsets.array()?, size, output)?;
            if output.len() - start != index * chunk + size {
                return Err(damaged(
                    "blosc2",
                    format!("a chunk does not hold the {size} bytes that it should"),
                ));
            }
        }
        Ok(())
    }

    /// Appends the chunk at the offset, which can be a statement on its content instead.
    fn decode_one(&self, offset: [u8; 8], size: usize, output: &mut Vec<u8>) -> Result<()> {
        if offset[7] & 0x80 == 0 {
            let chunks = &self.bytes[self.chunks..self.offsets];
            let at = to_usize(u64::from_le_bytes(offset))?;
            let chunk = chunks.get(at..).ok_or_else(|| damaged("blosc2", format!("no chunk is at {at}")))?;
            return decode_chunk(chunk, size, output);
        }
        fill_special(offset[7] & 7, to_usize(u64::from(self.element))?, size, output)
    }
}

/// Takes a field behind the byte that says its type.
fn field<'a, T>(
    input: &mut Input<'a>,
    marker: u8,
    take: impl FnOnce(&mut Input<'a>) -> Result<T>,
) -> Result<T> {
    match input.u8()? {
        found if found == marker => take(input),
        found => Err(damaged("blosc2", format!("a field begins with {found:#04x}, not {marker:#04x}"))),
    }
}

/// Appends a frame that holds `plain` as one chunk.
pub(super) fn encode(recipe: &Recipe, element: u32, plain: &[u8], output: &mut Vec<u8>) -> Result<()> {
    let (start, header) = (output.len(), HEAD + METALAYERS.len());
    output.resize(start + header, 0);
    let block = if plain.is_empty() { 0 } else { recipe.encode(plain, output)? };
    let chunk = output.len() - start - header;
    if !plain.is_empty() {
        // The one chunk's offset is 0.
        let stored = Recipe { level: 0, filter: 0, element: 8, ..*recipe };
        stored.encode(&[0; 8], output)?;
    }
    output.extend_from_slice(TRAILER);
    let len = output.len() - start;
    let mut head = Vec::with_capacity(header);
    head.extend_from_slice(b"\x9e\xa8b2frame\0");
    put(0xd2, header, &mut head)?;
    head.push(0xcf);
    head.extend_from_slice(&(len as u64).to_be_bytes());
    // Version 2 with offsets of 64 bits; blocks are split as Blosc 1 would.
    head.extend_from_slice(&[0xa4, 0x12, 0, recipe.frame_codec(), 3]);
    for size in [plain.len(), chunk] {
        head.push(0xd3);
        head.extend_from_slice(&(size as u64).to_be_bytes());
    }
    put(0xd2, to_usize(u64::from(element))?, &mut head)?;
    put(0xd2, block, &mut head)?;
    put(0xd2, plain.len(), &mut head)?;
    head.extend_from_slice(&[0xd1, 0, 1, 0xd1, 0, 1, 0xc2, 0xd8, 6, 0, 0, 0, 0, 0, recipe.filter]);
    head.extend_from_slice(&[0; 10]);
    head.extend_from_slice(METALAYERS);
    output[start..start + header].copy_from_slice(&head);
    Ok(())
}

fn put(marker: u8, size: usize, head: &mut Vec<u8>) -> Result<()> {
    let size =
        i32::try_from(size).map_err(|_| Error::limit("a chunk for Blosc2", size as u64, 0x7fff_ffff))?;
    head.push(marker);
    head.extend_from_slice(&size.to_be_bytes());
    Ok(())
}

/// No metalayers: an empty map and an empty array.
const METALAYERS: &[u8] = &[0x93, 0xcd, 0, 7, 0xde, 0, 0, 0xdc, 0, 0];

/// Version 1, no metalayers, the bytes of the trailer, no fingerprint.
const TRAILER: &[u8] = &[
    0x94, 1, 0x93, 0xcd, 0, 6, 0xde, 0, 0, 0xdc, 0, 0, 0xce, 0, 0, 0, 35, 0xd8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0,
];
