//! Missing values: where they are, and what stands for them.
//!
//! ```text
//!  0  1  0 none, 1 NaN, 2 a large value
//!  1  .  the large value, as an element
//!     4  bits of the rest and of this field
//!     .  bits, lowest first in their byte: 1 if most words are all ones, else 0;
//!        for each word of 32 elements 0 for that one, 10 for its opposite, 11 and the word for any other
//! ```

use super::mask::Mask;
use super::narrowed;
use crate::base::{Error, Result, to_usize};
use crate::codec::damaged;
use crate::codec::input::Input;
use crate::codec::low_bits::{BitSink, Bits};

/// Elements of a word, and words that are always there together.
const WORD: usize = 32;
const PAIR: usize = 2;

/// What libc makes of `nanf("1")` and `nan("1")`.
const NAN_4: u32 = 0x7fc0_0001;
const NAN_8: u64 = 0x7ff8_0000_0000_0001;

/// From this on values are large.
const LARGE: f64 = 1e35;

/// Elements that are added up at a time.
const BLOCK: usize = 2048;

#[derive(Debug)]
pub(super) struct Missing<'a> {
    mask: Mask,
    value: Value<'a>,
}

#[derive(Debug)]
enum Value<'a> {
    Nan,
    Stored(&'a [u8]),
}

impl<'a> Missing<'a> {
    /// `None` if all values are there.
    pub(super) fn take(input: &mut Input<'a>, count: usize, element: usize) -> Result<Option<Self>> {
        let value = match input.u8()? {
            0 => return Ok(None),
            1 => Value::Nan,
            2 => Value::Stored(input.take(element)?),
            other => {
                return Err(Error::unsupported(format!(
                    "missing values of kind {other} in the filter sperr"
                )));
            }
        };
        let mut whole = *input;
        let total = input.u32_le()?;
        let mut bits = Bits::new(whole.take(to_usize(u64::from(total.div_ceil(8)))?)?);
        *input = whole;
        bits.skip(32);
        let mask = decode_mask(&mut bits, count);
        match bits.taken() == u64::from(total) {
            true => Ok(Some(Missing { mask, value })),
            false => Err(damaged("sperr", format!("missing values in {total} bits"))),
        }
    }

    /// Finds those that are looked for, 1 NaNs, 2 large values, and appends what is said of them. In their place come
    /// means of all others.
    pub(super) fn encode(
        kind: u32,
        elements: &mut [f64],
        element: usize,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<()> {
        let is_missing = |value: f64| match kind {
            1 => value.is_nan(),
            2 => value.abs() >= LARGE,
            _ => false,
        };
        let Some(first) = elements.iter().position(|&value| is_missing(value)) else {
            output.push(0);
            return Ok(());
        };
        output.extend_from_slice(&kind.to_le_bytes()[..1]);
        if kind == 2 {
            // All of them come back as the first one.
            let bytes = |index: usize| &input[index * element..(index + 1) * element];
            let mut all = elements.iter().enumerate().filter(|&(_, &value)| is_missing(value));
            if all.any(|(index, _)| bytes(index) != bytes(first)) {
                return Err(Error::misuse("sperr keeps no more than one large value for missing ones"));
            }
            output.extend_from_slice(bytes(first));
        }
        let words = elements.len().div_ceil(WORD).next_multiple_of(PAIR);
        let mut mask = vec![0u32; words];
        for (index, _) in elements.iter().enumerate().filter(|&(_, &value)| is_missing(value)) {
            mask[index / WORD] |= 1 << (index % WORD);
        }
        encode_mask(&mask, output)?;
        let mean = mean(elements.iter().copied().filter(|&value| !is_missing(value)));
        let mean = if element == NAN_4.to_le_bytes().len() { narrowed(mean) } else { mean };
        elements.iter_mut().filter(|value| is_missing(**value)).for_each(|value| *value = mean);
        Ok(())
    }

    /// Puts the value in its places.
    pub(super) fn fill(&self, elements: &mut [u8], element: usize) {
        let (narrow, wide) = (NAN_4.to_le_bytes(), NAN_8.to_le_bytes());
        let value = match self.value {
            Value::Stored(value) => value,
            Value::Nan if element == narrow.len() => &narrow[..],
            Value::Nan => &wide[..],
        };
        for (index, place) in elements.chunks_exact_mut(element).enumerate() {
            if self.mask.contains(index) {
                place.copy_from_slice(value);
            }
        }
    }
}

fn encode_mask(mask: &[u32], output: &mut Vec<u8>) -> Result<()> {
    let count = |word: u32| mask.iter().filter(|&&other| other == word).count();
    let ones = count(u32::MAX) > count(0);
    let most = if ones { u32::MAX } else { 0 };
    let start = output.len();
    output.extend([0; 4]);
    let mut bits = BitSink::new(output);
    bits.put_one(ones);
    for &word in mask {
        bits.put_one(word != most);
        if word != most {
            bits.put_one(word != !most);
        }
        if word != most && word != !most {
            bits.put(word.into(), u32::BITS);
        }
    }
    let total = bits.len() - 8 * start as u64;
    bits.finish();
    let total =
        u32::try_from(total).map_err(|_| Error::limit("bits of missing values", total, u32::MAX.into()))?;
    output[start..start + 4].copy_from_slice(&total.to_le_bytes());
    Ok(())
}

/// The mean of some elements, added up in blocks; 0 of none.
fn mean(elements: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut block, mut count) = (0.0, 0.0, 0usize);
    for element in elements {
        block += element;
        count += 1;
        if count.is_multiple_of(BLOCK) {
            total += block;
            block = 0.0;
        }
    }
    if count == 0 { 0.0 } else { (total + block) / count as f64 }
}

fn decode_mask(bits: &mut Bits<'_>, count: usize) -> Mask {
    let words = count.div_ceil(WORD).next_multiple_of(PAIR);
    let most = if bits.take_one() { u64::from(u32::MAX) } else { 0 };
    let mut mask = Mask::new(words * WORD);
    for index in 0..words {
        let word = match (bits.take_one(), most) {
            (false, most) => most,
            (true, most) if !bits.take_one() => most ^ u64::from(u32::MAX),
            (true, _) => bits.take(32),
        };
        (0..WORD).filter(|bit| word >> bit & 1 != 0).for_each(|bit| mask.set(index * WORD + bit));
    }
    mask
}
