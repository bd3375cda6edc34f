//! The compressors inside Blosc's blocks.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::super::{damaged, lz4, zstd};
use super::blosclz;
use crate::base::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::codec) enum Inner {
    BloscLz,
    Lz4,
    Snappy,
    Zlib,
    Zstd,
}

impl Inner {
    /// The compressor of a chunk, by the number in its flags.
    pub(super) fn of_format(format: u8) -> Result<Self> {
        match format {
            0 => Ok(Inner::BloscLz),
            1 => Ok(Inner::Lz4),
            2 => Ok(Inner::Snappy),
            3 => Ok(Inner::Zlib),
            4 => Ok(Inner::Zstd),
            _ => Err(Error::unsupported(format!("Blosc's compressor format {format} (known are 0 to 4)"))),
        }
    }

    /// The compressor by the number in the client data; LZ4 and LZ4HC have one format.
    pub(in crate::codec) fn of_code(code: u32) -> Result<Self> {
        match code {
            0 => Ok(Inner::BloscLz),
            1 | 2 => Ok(Inner::Lz4),
            3 => Ok(Inner::Snappy),
            4 => Ok(Inner::Zlib),
            5 => Ok(Inner::Zstd),
            _ => Err(Error::misuse(format!("Blosc's compressors are numbered 0 to 5, not {code}"))),
        }
    }

    pub(super) fn format(self) -> u8 {
        match self {
            Inner::BloscLz => 0,
            Inner::Lz4 => 1,
            Inner::Snappy => 2,
            Inner::Zlib => 3,
            Inner::Zstd => 4,
        }
    }

    /// Appends the `plain` bytes that `stored` holds.
    pub(super) fn decode(self, stored: &[u8], plain: usize, output: &mut Vec<u8>) -> Result<()> {
        let at = output.len();
        match self {
            Inner::Lz4 => return lz4::decode_block("blosc", stored, plain, output),
            Inner::Zstd => zstd::decode_frames("blosc", stored, plain, output)?,
            _ => {
                output.resize(at + plain, 0);
                let filled = self.decode_into(stored, &mut output[at..])?;
                output.truncate(at + filled);
            }
        }
        match output.len() - at {
            filled if filled == plain => Ok(()),
            filled => Err(damaged("blosc", format!("a stream of {plain} bytes holds {filled}"))),
        }
    }

    fn decode_into(self, stored: &[u8], output: &mut [u8]) -> Result<usize> {
        match self {
            Inner::Snappy => {
                snap::raw::Decoder::new().decompress(stored, output).map_err(|e| damaged("snappy", e))
            }
            Inner::Zlib => {
                let mut inflate = Decompress::new(true);
                let status = inflate.decompress(stored, output, FlushDecompress::Finish);
                match status.map_err(|e| damaged("zlib", e))? {
                    Status::StreamEnd => Ok(usize::try_from(inflate.total_out()).unwrap_or(0)),
                    _ => Err(damaged("zlib", "the stream does not end where it should")),
                }
            }
            _ => blosclz::decode(stored, output),
        }
    }

    /// Returns the compressed form of `plain`, or none where that is no shorter.
    pub(super) fn encode(self, level: u32, plain: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut stored = Vec::new();
        match self {
            Inner::BloscLz => blosclz::encode(plain, &mut stored),
            Inner::Lz4 => _ = lz4::encode_block(plain, &mut stored),
            Inner::Zstd => zstd::encode_frame(plain, &mut stored),
            Inner::Snappy => {
                stored = snap::raw::Encoder::new().compress_vec(plain).map_err(|e| damaged("snappy", e))?;
            }
            Inner::Zlib => {
                let mut deflate = Compress::new(Compression::new(level.min(9)), true);
                stored.reserve_exact(plain.len());
                let status = deflate.compress_vec(plain, &mut stored, FlushCompress::Finish);
                if status.map_err(|e| damaged("zlib", e))? != Status::StreamEnd {
                    return Ok(None);
                }
            }
        }
        Ok((stored.len() < plain.len()).then_some(stored))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comes_back_and_knows_its_length() {
        let plain: Vec<u8> = b"to be or not to be ".repeat(20);
        for code in 0..6 {
            let inner = Inner::of_code(code).unwrap();
            assert_eq!(Inner::of_format(inner.format()).unwrap(), inner);
            let stored = inner.encode(5, &plain).unwrap().unwrap();
            let mut back = vec![1];
            inner.decode(&stored, plain.len(), &mut back).unwrap();
            assert_eq!(back[1..], plain, "{inner:?}");
            for wrong in [plain.len() - 1, plain.len() + 1, 1] {
                assert!(inner.decode(&stored, wrong, &mut Vec::new()).is_err(), "{inner:?} {wrong}");
            }
            assert!(inner.decode(&stored[..stored.len() / 2], plain.len(), &mut Vec::new()).is_err());
        }
        assert!(Inner::of_code(6).is_err() && Inner::of_format(6).is_err());
    }
}
