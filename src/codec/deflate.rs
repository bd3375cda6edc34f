//! Deflate (filter 1): a zlib stream.
//!
//! Client data: the level, 0 to 9.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{ChunkShape, Encoded, Filter, FilterCall, HIGHEST_LEVEL, check_level, damaged, id};
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

    fn configure(&self, values: &[u32], _: &ChunkShape<'_>) -> Result<Vec<u32>> {
        check_level(values)?;
        Ok(values.to_vec())
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        inflate(input, call.chunk_bytes, call.limit, output)
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let level = call.value(0, "deflate level")?.min(HIGHEST_LEVEL);
        // As in libhdf5, a result that is larger than its input counts: there are readers of files where the filter is not
        // optional, and where libhdf5 writes to a chunk again it keeps the old mask if the size happens to stay the same.
        let begin = output.len();
        for level in [level, STORED] {
            output.truncate(begin);
            if deflate(input, level, output)? {
                return Ok(Encoded::Done);
            }
        }
        Ok(Encoded::NotWorthIt)
    }
}

/// The level that only wraps the bytes up.
const STORED: u32 = 0;

/// Appends a zlib stream; tells whether it is complete, and not much longer than one that only wraps the bytes up.
fn deflate(input: &[u8], level: u32, output: &mut Vec<u8>) -> Result<bool> {
    let (begin, bound) = (output.len(), input.len() + input.len() / 1000 + 12);
    output.reserve_exact(bound);
    let status = Compress::new(Compression::new(level), true)
        .compress_vec(input, output, FlushCompress::Finish)
        .map_err(|e| damaged("deflate", e))?;
    // More room than was asked for must make no difference.
    Ok(status == Status::StreamEnd && output.len() - begin <= bound)
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
    use crate::format::datatype::{Datatype, Order};

    fn call(limit: usize) -> FilterCall<'static> {
        FilterCall { values: &[6], chunk_bytes: 1000, limit }
    }

    #[test]
    fn levels_end_at_9_for_who_asks_and_not_for_what_is_read() {
        let datatype = Datatype::integer(1, false, Order::Little);
        let shape = ChunkShape { datatype: &datatype, shape: &[10], fill: None };
        assert_eq!(Deflate.configure(&[9], &shape).unwrap(), [9]);
        let error = Deflate.configure(&[10], &shape).unwrap_err();
        assert!(matches!(error.kind(), crate::base::ErrorKind::Misuse(_)), "{error}");
        let mut stored = Vec::new();
        let call = FilterCall { values: &[10], chunk_bytes: 10, limit: 100 };
        assert_eq!(Deflate.encode(&[7; 10], &call, &mut stored).unwrap(), Encoded::Done);
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

    /// Without this, chunks would have masks that libhdf5 never gives them, and a filter that is not optional would fail.
    #[test]
    fn what_does_not_shrink_is_wrapped_up() {
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(200_000)
        .collect();
        for len in [0, 1, 3, 1000, 65_535, 65_536, 200_000] {
            for level in 0..=9 {
                let plain = &noise[..len];
                let call = FilterCall { values: &[level], chunk_bytes: len, limit: len };
                let (mut stored, mut roomy, mut back) = (Vec::new(), Vec::with_capacity(1 << 20), Vec::new());
                assert_eq!(Deflate.encode(plain, &call, &mut stored).unwrap(), Encoded::Done);
                assert!(stored.len() <= len + len / 1000 + 12, "{} of {len} at {level}", stored.len());
                Deflate.encode(plain, &call, &mut roomy).unwrap();
                assert_eq!(roomy, stored, "{len} at {level}");
                Deflate.decode(&stored, &call, &mut back).unwrap();
                assert_eq!(back, plain);
            }
        }
    }
}
