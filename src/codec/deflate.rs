//! Deflate (filter 1): a zlib stream.
//!
//! Client data: the level, 0 to 9.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Encoded, Filter, FilterCall, damaged, id};
use crate::base::Result;

#[derive(Debug)]
pub(super) struct Deflate;

thread_local! {
    /// Its window is large to set up and simple to use again.
    static INFLATE: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}

impl Filter for Deflate {
    fn id(&self) -> u16 {
        id::DEFLATE
    }

    fn name(&self) -> &'static str {
        "deflate"
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        inflate(input, call.chunk_bytes, call.limit, output)
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let level = call.value(0, "deflate level")?.min(9);
        let mut deflate = Compress::new(Compression::new(level), true);
        // As in libhdf5, a result that is no smaller than its input does not count.
        output.reserve_exact(input.len());
        let status = deflate.compress_vec(input, output, FlushCompress::Finish);
        match status.map_err(|e| damaged("deflate", e))? {
            Status::StreamEnd if output.len() < input.len() => Ok(Encoded::Done),
            _ => Ok(Encoded::NotWorthIt),
        }
    }
}

/// Appends what a zlib stream holds, which is probably `expected` and at most `limit` bytes.
pub(super) fn inflate(input: &[u8], expected: usize, limit: usize, output: &mut Vec<u8>) -> Result<()> {
    INFLATE.with_borrow_mut(|inflate| {
        inflate.reset(true);
        output.reserve_exact(expected);
        inflate_all(inflate, input, limit, output)
    })
}

fn inflate_all(inflate: &mut Decompress, input: &[u8], limit: usize, output: &mut Vec<u8>) -> Result<()> {
    loop {
        let rest = usize::try_from(inflate.total_in()).ok().and_then(|used| input.get(used..));
        let before = (inflate.total_in(), output.len());
        let status = inflate
            .decompress_vec(rest.unwrap_or_default(), output, FlushDecompress::Finish)
            .map_err(|e| damaged("deflate", e))?;
        if status == Status::StreamEnd {
            return Ok(());
        }
        if output.len() == output.capacity() {
            if output.len() >= limit {
                return Err(damaged("deflate", format!("over {limit} bytes come out")));
            }
            output.reserve_exact((output.len() / 2 + 64).min(limit - output.len()));
        } else if before == (inflate.total_in(), output.len()) {
            return Err(damaged("deflate", "the stream ends too early"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(limit: usize) -> FilterCall<'static> {
        FilterCall { values: &[6], chunk_bytes: 1000, limit }
    }

    #[test]
    fn it_comes_back_or_says_why_not() {
        let plain = vec![7; 1000];
        let (mut stored, mut back) = (Vec::new(), Vec::new());
        assert_eq!(Deflate.encode(&plain, &call(0), &mut stored).unwrap(), Encoded::Done);
        Deflate.decode(&stored, &call(1000), &mut back).unwrap();
        assert_eq!(back, plain);
        for cut in 0..stored.len() {
            back.clear();
            assert!(Deflate.decode(&stored[..cut], &call(1000), &mut back).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn what_comes_out_is_bounded() {
        let plain = vec![7; 1 << 20];
        let mut stored = Vec::new();
        Deflate.encode(&plain, &call(0), &mut stored).unwrap();
        let mut back = Vec::new();
        let error = Deflate.decode(&stored, &call(4000), &mut back).unwrap_err().to_string();
        assert!(error.contains("over 4000 bytes come out"), "{error}");
        assert!(back.capacity() <= 4000);
    }

    #[test]
    fn what_does_not_shrink_is_not_worth_it() {
        let mut stored = Vec::new();
        assert_eq!(Deflate.encode(&[1, 2, 3], &call(0), &mut stored).unwrap(), Encoded::NotWorthIt);
    }
}
