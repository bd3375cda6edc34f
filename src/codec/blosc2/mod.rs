//! Blosc2 (filter 32026): a contiguous frame with one chunk, of a multi-dimensional array or of plain bytes.
//!
//! Client data: revision of the filter, bytes of a block (0 for the default), bytes of an element, bytes of a chunk, and
//! if given: level 0 to 9, filter 0 none, 1 shuffle, 2 bit shuffle, 3 delta, compressor as of Blosc; of chunks with 2 to
//! 8 dimensions also their number and the lengths.
//!
//! Chunks are written as plain bytes whatever their shape, as the plugin itself does with more than 8 dimensions: the
//! order of an array's blocks serves those who read parts of a chunk around the filter.

mod array;
mod frame;

use super::blosc::{self, DEFAULT_LEVEL, DEFAULT_SHUFFLE};
use super::{ChunkShape, Encoded, Filter, FilterCall, damaged, id};
use crate::base::{Error, Result};

/// The revision of the filter.
const REVISION: u32 = 1;

const MAX_DIMENSIONS: usize = 8;

#[derive(Debug)]
pub(super) struct Blosc2;

impl Filter for Blosc2 {
    fn id(&self) -> u16 {
        id::BLOSC2
    }

    fn name(&self) -> &'static str {
        "blosc2"
    }

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        let mut stored = values.to_vec();
        stored.resize(values.len().max(4), 0);
        stored[0] = REVISION;
        stored[2] = blosc::base_size(chunk);
        stored[3] = blosc::chunk_bytes(chunk)?;
        let shape = chunk.shape();
        if (2..=MAX_DIMENSIONS).contains(&shape.len()) {
            let defaults = [DEFAULT_LEVEL, DEFAULT_SHUFFLE, 0];
            stored.truncate(7);
            stored.extend_from_slice(&defaults[stored.len() - 4..]);
            for length in std::iter::once(shape.len() as u64).chain(shape.iter().copied()) {
                let length = u32::try_from(length);
                stored.push(
                    length.map_err(|_| Error::misuse("Blosc2's dimensions have up to 2^32 - 1 elements"))?,
                );
            }
        }
        blosc::recipe(&stored, true)?;
        Ok(stored)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let frame = frame::Frame::decode(input)?;
        match frame.array()? {
            None => frame.decode_content(call.limit, output),
            Some(array) => {
                let element = frame.element();
                let content = array.content(element, call.limit)?;
                let mut blocks = Vec::new();
                frame.decode_content(content, &mut blocks)?;
                if blocks.len() != content {
                    let found = blocks.len();
                    return Err(damaged(
                        "blosc2",
                        format!("{found} of the {content} bytes of an array are there"),
                    ));
                }
                array.gather(&blocks, element, output)
            }
        }
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let recipe = blosc::recipe(call.values, true)?;
        frame::encode(&recipe, call.value(2, "bytes of an element")?, input, output)?;
        Ok(Encoded::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f.create_dataset("a", data=np.arange(12, dtype="u1").reshape(4, 3), chunks=(4, 3), compression=32026,
    /// compression_opts=(0, 4, 0, 0, 5, 0, 1))`: an array of 4 x 3 in blocks of 2 x 2.
    const STORED: &[u8] = &[
        0x9e, 0xa8, 0x62, 0x32, 0x66, 0x72, 0x61, 0x6d, 0x65, 0x00, 0xd2, 0x00, 0x00, 0x00, 0xa5, 0xcf, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0xa4, 0x12, 0x00, 0x51, 0x03, 0xd3, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x10, 0xd3, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0xd2, 0x00, 0x00, 0x00,
        0x01, 0xd2, 0x00, 0x00, 0x00, 0x04, 0xd2, 0x00, 0x00, 0x00, 0x10, 0xd1, 0x00, 0x00, 0xd1, 0x00, 0x01,
        0xc2, 0xd8, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x93, 0xcd, 0x00, 0x11, 0xde, 0x00, 0x01, 0xa4, 0x62, 0x32, 0x6e, 0x64, 0xd2, 0x00, 0x00,
        0x00, 0x6b, 0xdc, 0x00, 0x01, 0xc6, 0x00, 0x00, 0x00, 0x35, 0x97, 0x00, 0x02, 0x92, 0xd3, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0xd3, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x92, 0xd2,
        0x00, 0x00, 0x00, 0x04, 0xd2, 0x00, 0x00, 0x00, 0x03, 0x92, 0xd2, 0x00, 0x00, 0x00, 0x02, 0xd2, 0x00,
        0x00, 0x00, 0x02, 0x00, 0xdb, 0x00, 0x00, 0x00, 0x03, 0x7c, 0x56, 0x31, 0x05, 0x01, 0x07, 0x01, 0x10,
        0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x30, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x04, 0x02, 0x00, 0x05,
        0x00, 0x06, 0x07, 0x09, 0x0a, 0x08, 0x00, 0x0b, 0x00, 0x05, 0x01, 0x07, 0x08, 0x08, 0x00, 0x00, 0x00,
        0x08, 0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x94, 0x01,
        0x93, 0xcd, 0x00, 0x06, 0xde, 0x00, 0x00, 0xdc, 0x00, 0x00, 0xce, 0x00, 0x00, 0x00, 0x23, 0xd8, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    ];

    fn call(values: &[u32]) -> FilterCall<'_> {
        FilterCall { values, chunk_bytes: 12, limit: 2000 }
    }

    #[test]
    fn the_blocks_of_an_array_are_put_in_order() {
        let plain: Vec<u8> = (0..12).collect();
        let mut output = Vec::new();
        Blosc2.decode(STORED, &call(&[]), &mut output).unwrap();
        assert_eq!(output, plain);
        for cut in 0..STORED.len() {
            assert!(Blosc2.decode(&STORED[..cut], &call(&[]), &mut Vec::new()).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn every_filter_comes_back() {
        let plain: Vec<u8> = (0..500u16).flat_map(|i| (i / 9).to_le_bytes()).collect();
        for (level, filter, compressor) in [(0, 0, 0), (1, 1, 0), (5, 2, 1), (9, 3, 4), (5, 0, 5)] {
            let values = [1, 0, 2, 1000, level, filter, compressor];
            let (mut stored, mut back) = (Vec::new(), Vec::new());
            Blosc2.encode(&plain, &call(&values), &mut stored).unwrap();
            Blosc2.decode(&stored, &call(&values), &mut back).unwrap();
            assert_eq!(back, plain, "{values:?}");
        }
    }

    #[test]
    fn chunks_of_one_value() {
        // The index says so itself, in the highest byte of the one offset: zeros.
        let mut stored = STORED.to_vec();
        stored[STORED.len() - 36] = 0x81;
        let mut output = Vec::new();
        Blosc2.decode(&stored, &call(&[]), &mut output).unwrap();
        assert_eq!(output, [0; 12]);
        // The chunk says so, in its last flags: never set; then a value, which is not there.
        let flags = 165 + 31;
        for (kind, right) in [(0x40, true), (0x30, true), (0x20, false), (0x50, false)] {
            let mut stored = STORED.to_vec();
            stored[flags] = kind;
            assert_eq!(Blosc2.decode(&stored, &call(&[]), &mut Vec::new()).is_ok(), right, "{kind:#x}");
        }
    }
}
