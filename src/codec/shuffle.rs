//! Shuffle (filter 2): the first bytes of all elements, then their second bytes, and so on.
//!
//! Client data: the bytes of an element. Bytes behind the last whole element stay where they are.

use super::{ChunkShape, Encoded, Filter, FilterCall, id};
use crate::base::{Result, to_usize};

#[derive(Debug)]
pub(super) struct Shuffle;

impl Filter for Shuffle {
    fn id(&self) -> u16 {
        id::SHUFFLE
    }

    fn name(&self) -> &'static str {
        "shuffle"
    }

    fn configure(&self, _: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        Ok(vec![chunk.element_size()])
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let size = to_usize(u64::from(call.value(0, "bytes of an element")?))?;
        output.resize(input.len(), 0);
        unshuffle_bytes(input, output, size);
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let size = to_usize(u64::from(call.value(0, "bytes of an element")?))?;
        output.resize(input.len(), 0);
        transpose(input, output, size, true);
        Ok(Encoded::Done)
    }
}

/// Undoes the filter for elements of `size` bytes; `input` and `output` are equally long.
pub(super) fn unshuffle_bytes(input: &[u8], output: &mut [u8], size: usize) {
    match size {
        2 => unshuffle::<2>(input, output),
        4 => unshuffle::<4>(input, output),
        8 => unshuffle::<8>(input, output),
        _ => transpose(input, output, size, false),
    }
}

/// The usual sizes, with a loop over elements whose inner part the compiler unrolls.
fn unshuffle<const N: usize>(input: &[u8], output: &mut [u8]) {
    let count = input.len() / N;
    let planes: [&[u8]; N] = std::array::from_fn(|plane| &input[plane * count..(plane + 1) * count]);
    for (index, element) in output.chunks_exact_mut(N).enumerate() {
        for (byte, plane) in element.iter_mut().zip(&planes) {
            *byte = plane[index];
        }
    }
    let whole = count * N;
    output[whole..].copy_from_slice(&input[whole..]);
}

pub(super) fn transpose(input: &[u8], output: &mut [u8], size: usize, forward: bool) {
    if size <= 1 {
        return output.copy_from_slice(input);
    }
    let count = input.len() / size;
    for plane in 0..size {
        for index in 0..count {
            let (apart, together) = (plane * count + index, index * size + plane);
            let (to, from) = if forward { (apart, together) } else { (together, apart) };
            output[to] = input[from];
        }
    }
    let whole = count * size;
    output[whole..].copy_from_slice(&input[whole..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_by_their_place_in_the_element() {
        let call = FilterCall { values: &[4], chunk_bytes: 10, limit: 10 };
        let (mut out, mut back) = (Vec::new(), Vec::new());
        Shuffle.encode(b"abcdABCDxy", &call, &mut out).unwrap();
        assert_eq!(out, b"aAbBcCdDxy");
        Shuffle.decode(&out, &call, &mut back).unwrap();
        assert_eq!(back, b"abcdABCDxy");
    }

    #[test]
    fn every_size_comes_back() {
        let plain: Vec<u8> = (0..=255).collect();
        for size in [0, 1, 2, 3, 4, 7, 8, 16, 300] {
            let call = FilterCall { values: &[size], chunk_bytes: 256, limit: 256 };
            let (mut out, mut back) = (Vec::new(), Vec::new());
            Shuffle.encode(&plain, &call, &mut out).unwrap();
            Shuffle.decode(&out, &call, &mut back).unwrap();
            assert_eq!(back, plain, "size {size}");
        }
    }
}
