//! BloscLZ, the compressor that Blosc brings itself, a relative of FastLZ.
//!
//! ```text
//! literals   000nnnnn                       n + 1 bytes follow
//! match      llldddddd ... dddddddd          l 1 to 6: l + 2 bytes; 7: 9 bytes and what the bytes in between add,
//!                                           which go on as long as they are 255; d: distance less one
//! far match  the d of a match all ones      two bytes, big-endian: distance less 8192
//! ```
//!
//! The first instruction is literals, whatever its upper bits; the last one is literals too.

use super::super::damaged;
use super::super::input::Input;
use crate::base::Result;

/// The distance from which on a match is a far one, and the farthest.
const FAR: usize = 8192;
const FARTHEST: usize = FAR + 0xffff;

/// The longest run of literals.
const MAX_LITERALS: usize = 32;

/// Bytes at the end in which no match begins.
const TAIL: usize = 12;

const HASH_BITS: u32 = 13;

/// Fills `output` and returns how much of it there is.
pub(super) fn decode(stored: &[u8], output: &mut [u8]) -> Result<usize> {
    let mut input = Input::new("blosclz", stored);
    let mut at = 0;
    let mut control = input.u8()? & 31;
    loop {
        let room = output.len() - at;
        if control < 32 {
            let literals = input.take(usize::from(control) + 1)?;
            let to = output.get_mut(at..at + literals.len()).ok_or_else(|| overrun(room))?;
            to.copy_from_slice(literals);
            at += literals.len();
        } else {
            let (len, distance) = decode_match(control, &mut input)?;
            if len > room || distance > at {
                return Err(if len > room {
                    overrun(room)
                } else {
                    damaged("blosclz", "a match before the start")
                });
            }
            copy_match(output, at, len, distance);
            at += len;
        }
        if input.rest().is_empty() {
            return Ok(at);
        }
        control = input.u8()?;
    }
}

fn overrun(room: usize) -> crate::base::Error {
    damaged("blosclz", format!("more than the {room} bytes left come out"))
}

fn decode_match(control: u8, input: &mut Input<'_>) -> Result<(usize, usize)> {
    let mut len = usize::from(control >> 5) + 2;
    if control >> 5 == 7 {
        loop {
            let more = input.u8()?;
            len += usize::from(more);
            if more != 255 {
                break;
            }
        }
    }
    let near = usize::from(control & 31) << 8 | usize::from(input.u8()?);
    if near + 1 < FAR {
        return Ok((len, near + 1));
    }
    Ok((len, FAR + usize::from(u16::from_be_bytes(input.array()?))))
}

/// Copies bytes that were just written; those that the match itself writes can be among them.
fn copy_match(output: &mut [u8], at: usize, len: usize, distance: usize) {
    let from = at - distance;
    let mut done = 0;
    while done < len {
        // What is there already is a whole number of periods, so each round can copy all of it.
        let step = (distance + done).min(len - done);
        output.copy_within(from..from + step, at + done);
        done += step;
    }
}

/// Appends the compressed form of `plain`.
pub(super) fn encode(plain: &[u8], output: &mut Vec<u8>) {
    let mut seen = vec![0; 1 << HASH_BITS];
    let (mut pending, mut at) = (0, 1);
    while at + TAIL < plain.len() {
        let slot = &mut seen[hash(&plain[at..at + 4])];
        let candidate = std::mem::replace(slot, at);
        let distance = at - candidate;
        let len = if distance > FARTHEST { 0 } else { match_len(plain, candidate, at) };
        if len < 5 || (len < 9 && distance >= FAR) {
            // Where nothing has matched for long, nothing will soon.
            at += 1 + (at - pending) / 64;
            continue;
        }
        encode_literals(&plain[pending..at], output);
        encode_match(len, distance, output);
        at += len;
        pending = at;
    }
    encode_literals(&plain[pending..], output);
}

fn hash(four: &[u8]) -> usize {
    let value = four.iter().fold(0u32, |value, &byte| value << 8 | u32::from(byte));
    let hash = value.wrapping_mul(2_654_435_761) >> (32 - HASH_BITS);
    usize::try_from(hash).unwrap_or(0)
}

/// How much is the same from `before` and from `at` on; the last bytes are left for literals.
fn match_len(plain: &[u8], before: usize, at: usize) -> usize {
    let end = plain.len() - 4;
    plain[before..end].iter().zip(&plain[at..end]).take_while(|(a, b)| a == b).count()
}

fn encode_literals(literals: &[u8], output: &mut Vec<u8>) {
    for run in literals.chunks(MAX_LITERALS) {
        // As Blosc marks its own streams.
        let mark = if output.is_empty() { 32 } else { 0 };
        output.push(low(run.len() - 1) | mark);
        output.extend_from_slice(run);
    }
}

fn encode_match(len: usize, distance: usize, output: &mut Vec<u8>) {
    let biased = (distance - 1).min(FAR - 1);
    output.push(low((len - 2).min(7) << 5) | low(biased >> 8));
    if let Some(mut more) = len.checked_sub(9) {
        while more >= 255 {
            output.push(255);
            more -= 255;
        }
        output.push(low(more));
    }
    output.push(low(biased));
    if let Some(far) = distance.checked_sub(FAR) {
        output.extend_from_slice(&[low(far >> 8), low(far)]);
    }
}

/// The lowest byte of a number.
fn low(value: usize) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back(plain: &[u8]) -> usize {
        let (mut stored, mut back) = (Vec::new(), vec![0; plain.len()]);
        encode(plain, &mut stored);
        assert_eq!(decode(&stored, &mut back).unwrap(), plain.len());
        assert_eq!(back, plain);
        stored.len()
    }

    #[test]
    fn runs_repetitions_and_noise_come_back() {
        assert!(comes_back(&[7; 5000]) < 40);
        let noise: Vec<u8> =
            (0..20_000u32).map(|i| low((i.wrapping_mul(i ^ 0x9e37_79b9) >> 11) as usize)).collect();
        comes_back(&noise);
        assert!(comes_back(&[&noise[..9000], &noise[..9000]].concat()) < 9500, "a far match");
        assert!(comes_back(&[&noise[..100], &noise[..100]].concat()) < 130, "a near match");
        for len in 1..40 {
            comes_back(&noise[..len]);
            comes_back(&vec![1; len]);
        }
    }

    #[test]
    fn each_instruction() {
        let mut output = [0; 16];
        // Two literals; three bytes from two before; one literal.
        assert_eq!(decode(&[0x21, 1, 2, 0x20, 1, 0, 9], &mut output).unwrap(), 6);
        assert_eq!(output[..6], [1, 2, 1, 2, 1, 9]);
        // One literal; nine and one more of it; one literal.
        assert_eq!(decode(&[0x20, 5, 0xe0, 1, 0, 0, 6], &mut output).unwrap(), 12);
        assert_eq!(output[..12], [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6]);
    }

    #[test]
    fn what_leads_outside_is_refused() {
        let mut output = [0; 4];
        for bad in
            [&[][..], &[0x24, 1], &[0x20, 1, 0x20, 1, 0, 2], &[0x20, 1, 0xe0, 255], &[0x20, 1, 0xe0, 9, 0]]
        {
            assert!(decode(bad, &mut output).is_err(), "{bad:?}");
        }
    }
}
