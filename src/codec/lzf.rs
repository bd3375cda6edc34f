//! LZF (filter 32000, h5py's): liblzf's format, literals and copies of what came before.
//!
//! ```text
//! 000lllll                     l + 1 literal bytes follow
//! lllooooo oooooooo            copy l + 2 bytes from o + 1 bytes back; l is 1 to 6
//! 111ooooo llllllll oooooooo   copy l + 9 bytes from o + 1 bytes back
//! ```
//!
//! Client data: the revision of h5py's filter, the version of LZF, the bytes of a chunk.

use super::{ChunkShape, Encoded, Filter, FilterCall, damaged, id};
use crate::base::{Error, Result, element_count};

#[derive(Debug)]
pub(super) struct Lzf;

/// What h5py writes since 2.0, with LZF 1.5.
const REVISION: u32 = 4;
const LZF_VERSION: u32 = 0x0105;

const LONGEST_LITERALS: usize = 32;
const LONGEST_COPY: usize = 264;
const FARTHEST: usize = 1 << 13;

impl Filter for Lzf {
    fn id(&self) -> u16 {
        id::LZF
    }

    fn name(&self) -> &'static str {
        "lzf"
    }

    fn configure(&self, _: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        let bytes = element_count(chunk.shape)?.checked_mul(u64::from(chunk.element_size()));
        let bytes = bytes.and_then(|bytes| u32::try_from(bytes).ok());
        Ok(vec![REVISION, LZF_VERSION, bytes.ok_or_else(|| Error::misuse("a chunk of over 2^32 bytes"))?])
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        output.reserve_exact(call.chunk_bytes.min(call.limit));
        let mut rest = input;
        while let Some((&control, next)) = rest.split_first() {
            let (high, low) = (usize::from(control >> 5), usize::from(control & 31));
            let len = if high == 0 { low + 1 } else { high + 2 };
            let short = || damaged("lzf", "the stream ends too early");
            if high == 0 {
                let (literals, next) = next.split_at_checked(len).ok_or_else(short)?;
                room(output, len, call.limit)?;
                output.extend_from_slice(literals);
                rest = next;
                continue;
            }
            let (len, next) = match next.split_first() {
                Some((&more, next)) if high == 7 => (len + usize::from(more), next),
                _ => (len, next),
            };
            let (&distance, next) = next.split_first().ok_or_else(short)?;
            room(output, len, call.limit)?;
            copy(output, (low << 8 | usize::from(distance)) + 1, len)?;
            rest = next;
        }
        Ok(())
    }

    fn encode(&self, input: &[u8], _: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        output.reserve_exact(input.len());
        let mut seen = vec![usize::MAX; 1 << HASH_BITS];
        let (mut at, mut literals) = (0, 0);
        while let Some(&next) = input.get(at..).and_then(|rest| rest.first_chunk::<3>()) {
            let entry = &mut seen[hash(next)];
            let before = std::mem::replace(entry, at);
            let len = match at.checked_sub(before) {
                Some(back) if back <= FARTHEST => common(&input[before..], &input[at..]),
                _ => 0,
            };
            if len < 3 {
                at += 1;
                continue;
            }
            put_literals(&input[literals..at], output);
            put_copy(at - before, len, output);
            // The bytes that are copied are found again too, all but the last two.
            for inner in at + 1..at + len {
                if let Some(&next) = input[inner..].first_chunk::<3>() {
                    seen[hash(next)] = inner;
                }
            }
            at += len;
            literals = at;
            if output.len() >= input.len() {
                return Ok(Encoded::NotWorthIt);
            }
        }
        put_literals(&input[literals..], output);
        Ok(if output.len() < input.len() { Encoded::Done } else { Encoded::NotWorthIt })
    }
}

fn room(output: &[u8], len: usize, limit: usize) -> Result<()> {
    if len > limit.saturating_sub(output.len()) {
        return Err(damaged("lzf", format!("over {limit} bytes come out")));
    }
    Ok(())
}

/// Appends `len` bytes from `back` bytes before the end; they may reach into what is appended.
fn copy(output: &mut Vec<u8>, back: usize, len: usize) -> Result<()> {
    let Some(from) = output.len().checked_sub(back) else {
        return Err(damaged("lzf", "a copy from before the beginning"));
    };
    let mut left = len;
    while left > 0 {
        let part = left.min(output.len() - from);
        output.extend_from_within(from..from + part);
        left -= part;
    }
    Ok(())
}

const HASH_BITS: u32 = 14;

fn hash(bytes: [u8; 3]) -> usize {
    let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
    (word.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}

/// How many bytes are the same, as far as one copy goes.
fn common(before: &[u8], after: &[u8]) -> usize {
    before.iter().zip(after).take(LONGEST_COPY).take_while(|(a, b)| a == b).count()
}

fn put_literals(literals: &[u8], output: &mut Vec<u8>) {
    for run in literals.chunks(LONGEST_LITERALS) {
        output.push(byte(run.len() - 1));
        output.extend_from_slice(run);
    }
}

fn put_copy(back: usize, len: usize, output: &mut Vec<u8>) {
    let (distance, len) = (back - 1, len - 2);
    output.push(byte(len.min(7) << 5 | distance >> 8));
    if len >= 7 {
        output.push(byte(len - 7));
    }
    output.push(byte(distance & 0xff));
}

/// A number that is known to be small.
fn byte(value: usize) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::super::vectors::check;
    use super::*;
    use crate::format::datatype::{Datatype, Order};

    fn call(limit: usize) -> FilterCall<'static> {
        FilterCall { values: &[4, 0x0105, 1000], chunk_bytes: 1000, limit }
    }

    #[test]
    fn a_chunk_of_h5py() {
        // h5py: dcpl.set_filter(32000, 0, ()); a 'u1' dataset of these bytes
        let plain = b"abcabcabcabcabcabcxyzabcabcabc";
        let stored = b"\x03abca\xe0\x05\x02\x02xyz\xa0\x11\x01bc";
        check(&Lzf, &[4, 0x0105, 30], plain, stored, plain);
    }

    #[test]
    fn copies_of_every_distance_and_length_come_back() {
        let noise: Vec<u8> =
            (0..9000u32).map(|n| (n.wrapping_mul(0x9e37_79b1) >> 24).to_le_bytes()[0]).collect();
        for (gap, len) in
            [(0, 600), (1, 9), (100, 8), (8100, 264), (8180, 300), (8190, 40), (8192, 40), (9000, 70)]
        {
            let plain = [&noise[..len], &vec![7; gap], &noise[..len], &[1, 2]].concat();
            let (mut stored, mut back) = (Vec::new(), Vec::new());
            let result = Lzf.encode(&plain, &call(0), &mut stored).unwrap();
            Lzf.decode(&stored, &call(20_000), &mut back).unwrap();
            assert_eq!(back, plain, "{gap} and {len}");
            assert!(result == Encoded::Done || gap < 2, "{gap} and {len}: {} bytes", stored.len());
        }
    }

    #[test]
    fn damage_is_refused() {
        let refuse = |stored: &[u8], words: &str| {
            let error = Lzf.decode(stored, &call(40), &mut Vec::new()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        refuse(&[3, 1, 2, 3], "ends too early");
        refuse(&[0, 1, 0x20], "ends too early");
        refuse(&[0, 1, 0xe0, 9], "ends too early");
        refuse(&[0, 1, 0x20, 1], "from before the beginning");
        refuse(&[0, 1, 0xe0, 255, 0], "over 40 bytes come out");
    }

    #[test]
    fn client_data_is_h5py_s() {
        let datatype = Datatype::integer(2, true, Order::Little);
        let shape = ChunkShape { datatype: &datatype, shape: &[5, 10], fill: None };
        assert_eq!(Lzf.configure(&[], &shape).unwrap(), [4, 0x0105, 100]);
    }
}
