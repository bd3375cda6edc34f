//! bzip2 (filter 307): one bzip2 stream.
//!
//! Client data: the size of a block in units of 100,000 bytes, 1 to 9; 9 where there is none.

use bzip2::{Action, Compress, Compression, Decompress, Status};

use super::{Encoded, Filter, FilterCall, damaged, id};
use crate::base::{Error, Result};

#[derive(Debug)]
pub(super) struct Bzip2;

impl Filter for Bzip2 {
    fn id(&self) -> u16 {
        id::BZIP2
    }

    fn name(&self) -> &'static str {
        "bzip2"
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let mut stream = Decompress::new(false);
        output.reserve_exact(call.chunk_bytes.min(call.limit).max(1));
        loop {
            let rest = usize::try_from(stream.total_in()).ok().and_then(|used| input.get(used..));
            let before = (stream.total_in(), output.len());
            let status =
                stream.decompress_vec(rest.unwrap_or_default(), output).map_err(|e| damaged("bzip2", e))?;
            if status == Status::StreamEnd {
                return Ok(());
            }
            if output.len() == output.capacity() {
                if output.len() >= call.limit {
                    return Err(damaged("bzip2", format!("over {} bytes come out", call.limit)));
                }
                output.reserve_exact((output.len() / 2 + 64).min(call.limit - output.len()));
            } else if before == (stream.total_in(), output.len()) {
                return Err(damaged("bzip2", "the stream ends too early"));
            }
        }
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let block = call.values.first().copied().unwrap_or(9);
        if !(1..=9).contains(&block) {
            return Err(Error::field("bzip2 block size", u64::from(block), "1 to 9 are known"));
        }
        let mut stream = Compress::new(Compression::new(block), 0);
        // What the format promises to get by with.
        output.reserve_exact(input.len() + input.len() / 100 + 600);
        loop {
            let rest = usize::try_from(stream.total_in()).ok().and_then(|used| input.get(used..));
            let status = stream.compress_vec(rest.unwrap_or_default(), output, Action::Finish);
            if status.map_err(|e| damaged("bzip2", e))? == Status::StreamEnd {
                return Ok(Encoded::Done);
            }
            output.reserve(600);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f.create_dataset("a", data=np.arange(8, dtype="u1"), chunks=(8,), **hdf5plugin.BZip2(blocksize=1))`
    const STORED: &[u8] = &[
        0x42, 0x5a, 0x68, 0x31, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0xb5, 0x35, 0x23, 0xed, 0x00, 0x00, 0x00,
        0x40, 0x00, 0x7f, 0x80, 0x20, 0x00, 0x31, 0x0c, 0x08, 0x19, 0x1a, 0x69, 0x93, 0x35, 0x73, 0xf9, 0x45,
        0xdc, 0x91, 0x4e, 0x14, 0x24, 0x2d, 0x4d, 0x48, 0xfb, 0x40,
    ];

    fn call(values: &[u32], limit: usize) -> FilterCall<'_> {
        FilterCall { values, chunk_bytes: 8, limit }
    }

    #[test]
    fn a_stream_is_read_up_to_the_limit() {
        let mut output = Vec::new();
        Bzip2.decode(STORED, &call(&[1], 8), &mut output).unwrap();
        assert_eq!(output, [0, 1, 2, 3, 4, 5, 6, 7]);
        let error = Bzip2.decode(STORED, &call(&[1], 7), &mut Vec::new()).unwrap_err().to_string();
        assert_eq!(error, "malformed file: bzip2: over 7 bytes come out");
        for cut in 0..STORED.len() {
            assert!(Bzip2.decode(&STORED[..cut], &call(&[1], 8), &mut Vec::new()).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn every_block_size_comes_back() {
        for values in [&[][..], &[1], &[9]] {
            let (plain, mut stored, mut back) = (b"bzip2 ".repeat(50), Vec::new(), Vec::new());
            Bzip2.encode(&plain, &call(values, 0), &mut stored).unwrap();
            Bzip2.decode(&stored, &call(values, 300), &mut back).unwrap();
            assert_eq!(back, plain);
        }
        assert!(Bzip2.encode(b"", &call(&[10], 0), &mut Vec::new()).is_err());
    }
}
