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
        together(input, output, size);
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let size = to_usize(u64::from(call.value(0, "bytes of an element")?))?;
        output.resize(input.len(), 0);
        apart(input, output, size);
        Ok(Encoded::Done)
    }
}

/// Takes elements of `size` bytes apart, into an output of the same length.
pub(super) fn apart(input: &[u8], output: &mut [u8], size: usize) {
    // The usual sizes get code of their own: `shuffle` is inlined with the number in it.
    match size {
        0 | 1 => output.copy_from_slice(input),
        2 => shuffle(input, output, 2),
        4 => shuffle(input, output, 4),
        8 => shuffle(input, output, 8),
        _ => shuffle(input, output, size),
    }
}

/// Puts elements of `size` bytes together again.
pub(super) fn together(input: &[u8], output: &mut [u8], size: usize) {
    match size {
        0 | 1 => output.copy_from_slice(input),
        2 => unshuffle(input, output, 2),
        4 => unshuffle(input, output, 4),
        8 => unshuffle(input, output, 8),
        _ => unshuffle(input, output, size),
    }
}

/// Elements that are transposed at a time, so that each plane gets a cache line of bytes.
const BLOCK: usize = 64;

/// The same byte of a block's elements.
type Row = [u8; BLOCK];

// What follows takes the bytes of an element by fours, as words that the compiler makes vectors of. It is all
// inlined, for the usual sizes to be known there.

#[inline(always)]
fn shuffle(input: &[u8], output: &mut [u8], size: usize) {
    let count = input.len() / size;
    for (index, block) in input.chunks_exact(BLOCK.saturating_mul(size)).enumerate() {
        let mut plane = 0;
        while plane < size {
            let rows = &mut output[plane * count + index * BLOCK..];
            plane += match size - plane {
                1 => put_rows::<1>(rows, count, block, size, plane),
                2 | 3 => put_rows::<2>(rows, count, block, size, plane),
                _ => put_rows::<4>(rows, count, block, size, plane),
            }
        }
    }
    for index in count / BLOCK * BLOCK..count {
        (0..size).for_each(|plane| output[plane * count + index] = input[index * size + plane]);
    }
    output[count * size..].copy_from_slice(&input[count * size..]);
}

/// Takes `N` bytes out of each element of a block and puts them into as many rows, `stride` apart.
#[inline(always)]
fn put_rows<const N: usize>(
    rows: &mut [u8],
    stride: usize,
    block: &[u8],
    size: usize,
    plane: usize,
) -> usize {
    let mut words = [0; BLOCK];
    for (word, element) in words.iter_mut().zip(block.chunks_exact(size)) {
        let mut bytes = [0; 4];
        bytes[..N].copy_from_slice(&element[plane..plane + N]);
        *word = u32::from_le_bytes(bytes);
    }
    for byte in 0..N {
        for (to, word) in rows[byte * stride..][..BLOCK].iter_mut().zip(&words) {
            *to = word.to_le_bytes()[byte];
        }
    }
    N
}

#[inline(always)]
fn unshuffle(input: &[u8], output: &mut [u8], size: usize) {
    let count = input.len() / size;
    for (index, block) in output.chunks_exact_mut(BLOCK.saturating_mul(size)).enumerate() {
        let row = |plane: usize| row(input, plane * count + index * BLOCK);
        let mut plane = 0;
        while plane < size {
            plane += match size - plane {
                1 => put_words(block, size, plane, row(plane).as_chunks::<1>().0),
                2 | 3 => put_words(block, size, plane, &join_2(&row(plane), &row(plane + 1))),
                _ => {
                    let rows = [row(plane), row(plane + 1), row(plane + 2), row(plane + 3)];
                    put_words(block, size, plane, &join_4(&rows))
                }
            }
        }
    }
    for index in count / BLOCK * BLOCK..count {
        (0..size).for_each(|plane| output[index * size + plane] = input[plane * count + index]);
    }
    output[count * size..].copy_from_slice(&input[count * size..]);
}

#[inline(always)]
fn row(input: &[u8], at: usize) -> Row {
    let mut row = [0; BLOCK];
    row.copy_from_slice(&input[at..at + BLOCK]);
    row
}

#[inline(always)]
fn join_2(low: &Row, high: &Row) -> [[u8; 2]; BLOCK] {
    std::array::from_fn(|index| [low[index], high[index]])
}

#[inline(always)]
fn join_4(rows: &[Row; 4]) -> [[u8; 4]; BLOCK] {
    let (low, high) = (join_2(&rows[0], &rows[1]), join_2(&rows[2], &rows[3]));
    let half = |bytes| u32::from(u16::from_le_bytes(bytes));
    std::array::from_fn(|index| (half(low[index]) | half(high[index]) << 16).to_le_bytes())
}

/// Puts a word into each element of a block, from the byte `plane` on.
#[inline(always)]
fn put_words<const N: usize>(block: &mut [u8], size: usize, plane: usize, words: &[[u8; N]]) -> usize {
    for (element, word) in block.chunks_exact_mut(size).zip(words) {
        element[plane..plane + N].copy_from_slice(word);
    }
    N
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
        let plain: Vec<u8> = (0..=250).cycle().take(3001).collect();
        for size in [0, 1, 2, 3, 4, 5, 7, 8, 14, 16, 19, 300, 4000, u32::MAX] {
            let call = FilterCall { values: &[size], chunk_bytes: 3001, limit: 3001 };
            let (mut out, mut back) = (Vec::new(), Vec::new());
            Shuffle.encode(&plain, &call, &mut out).unwrap();
            let (size, count) = (size.max(1) as usize, 3001 / size.max(1) as usize);
            for (index, element) in plain.chunks_exact(size).enumerate() {
                let planes: Vec<u8> = (0..size).map(|plane| out[plane * count + index]).collect();
                assert_eq!(element, planes, "size {size}, element {index}");
            }
            Shuffle.decode(&out, &call, &mut back).unwrap();
            assert_eq!(back, plain, "size {size}");
        }
    }
}
