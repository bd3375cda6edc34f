//! Zstandard (filter 32015): one frame that tells the size of its content.
//!
//! Client data: the level. It is kept, and what is written is always of the fastest level, the only one that
//! `ruzstd` has.

use std::io::Read;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::{Encoded, Filter, FilterCall, damaged, id};
use crate::base::Result;

/// The largest window that libzstd decodes unless told otherwise.
const MAX_WINDOW: u64 = 1 << 27;

#[derive(Debug)]
pub(super) struct Zstd;

impl Filter for Zstd {
    fn id(&self) -> u16 {
        id::ZSTD
    }

    fn name(&self) -> &'static str {
        "Zstandard compression: http://www.zstd.net"
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        output.reserve_exact(call.chunk_bytes.min(call.limit));
        decode_frames("zstd", input, call.limit, output)
    }

    fn encode(&self, input: &[u8], _: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        encode_frame(input, output);
        Ok(Encoded::Done)
    }
}

/// Appends the content of all frames; at most `limit` bytes, give or take the block at which that is noticed.
pub(super) fn decode_frames(
    codec: &'static str,
    mut input: &[u8],
    limit: usize,
    output: &mut Vec<u8>,
) -> Result<()> {
    // A decoder that is used again sets its window aside before it has read a single block.
    let start = output.len();
    while !input.is_empty() {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW.max(limit as u64));
        match decoder.init(&mut input) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                input =
                    input.get(length..).ok_or_else(|| damaged(codec, "a skipped frame ends too early"))?;
                continue;
            }
            Err(error) => return Err(damaged(codec, error)),
        }
        decode_frame(codec, &mut decoder, &mut input, limit, start, output)?;
    }
    Ok(())
}

fn decode_frame(
    codec: &'static str,
    decoder: &mut FrameDecoder,
    input: &mut &[u8],
    limit: usize,
    start: usize,
    output: &mut Vec<u8>,
) -> Result<()> {
    let room = limit.saturating_sub(output.len() - start);
    // All of the frame, or a block more than there is room for.
    decoder
        .decode_blocks(input, BlockDecodingStrategy::UptoBytes(room.saturating_add(1)))
        .map_err(|e| damaged(codec, e))?;
    if !decoder.is_finished() || decoder.can_collect() > room {
        return Err(damaged(codec, format!("over {limit} bytes come out")));
    }
    decoder.read_to_end(output).map_err(|e| damaged(codec, e))?;
    match (decoder.get_checksum_from_data(), decoder.get_calculated_checksum()) {
        (Some(stored), Some(computed)) if stored != computed && !cfg!(fuzzing) => {
            Err(crate::base::Malformed::Checksum { stored, computed }.into())
        }
        _ => Ok(()),
    }
}

/// Appends a frame that holds `input` and says how long that is.
pub(super) fn encode_frame(input: &[u8], output: &mut Vec<u8>) {
    let frame = compress_to_vec(input, CompressionLevel::Fastest);
    // The encoder leaves the size out, and libzstd's one-shot decoders, the HDF5 plugin with them, cannot do without.
    // Its header is the magic number, a descriptor and the window; a size of eight bytes belongs behind them.
    let (head, blocks) = frame.split_at(6);
    output.reserve(frame.len() + 8);
    output.extend_from_slice(&head[..4]);
    output.push(head[4] | SIZE_OF_EIGHT_BYTES);
    output.push(head[5]);
    output.extend_from_slice(&(input.len() as u64).to_le_bytes());
    output.extend_from_slice(blocks);
}

/// In the frame header descriptor.
const SIZE_OF_EIGHT_BYTES: u8 = 0b1100_0000;

#[cfg(test)]
mod tests {
    use super::*;

    /// `f.create_dataset("a", data=np.zeros(32, "u1"), chunks=(32,), **hdf5plugin.Zstd())`
    const STORED: &[u8] = &[
        0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x20, 0x45, 0x00, 0x00, 0x10, 0x00, 0x00, 0x01, 0x00, 0x22, 0xc0, 0x02,
    ];

    fn decode(stored: &[u8], limit: usize) -> Result<Vec<u8>> {
        let mut output = Vec::new();
        Zstd.decode(stored, &FilterCall { values: &[3], chunk_bytes: 32, limit }, &mut output)?;
        Ok(output)
    }

    #[test]
    fn frames_are_read_up_to_the_limit() {
        assert_eq!(decode(STORED, 32).unwrap(), [0; 32]);
        assert_eq!(decode(&STORED.repeat(2), 64).unwrap(), [0; 64]);
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9];
        assert_eq!(decode(&[&skipped, STORED].concat(), 32).unwrap(), [0; 32]);
        let error = decode(STORED, 31).unwrap_err().to_string();
        assert_eq!(error, "malformed file: zstd: over 31 bytes come out");
        for cut in 1..STORED.len() {
            assert!(decode(&STORED[..cut], 32).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn a_frame_says_how_long_it_is_and_comes_back() {
        for len in [0, 1, 200_000] {
            let plain: Vec<u8> = b"zstandard".iter().copied().cycle().take(len).collect();
            let mut stored = Vec::new();
            encode_frame(&plain, &mut stored);
            assert_eq!(stored[6..14], (len as u64).to_le_bytes());
            assert!(len == 0 || decode(&stored, len).unwrap() == plain);
        }
    }
}
