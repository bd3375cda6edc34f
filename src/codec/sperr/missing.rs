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
use crate::base::{Error, Result, to_usize};
use crate::codec::damaged;
use crate::codec::input::Input;
use crate::codec::low_bits::Bits;

/// Elements of a word, and words that are always there together.
const WORD: usize = 32;
const PAIR: usize = 2;

/// What libc makes of `nanf("1")` and `nan("1")`.
const NAN_4: u32 = 0x7fc0_0001;
const NAN_8: u64 = 0x7ff8_0000_0000_0001;

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
