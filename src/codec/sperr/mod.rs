//! SPERR (filter 32028): planes and volumes of floating-point numbers by a wavelet transform.
//!
//! Client data: what it is, how exact it is, and the two or three lengths of a chunk that are not 1.
//!
//! ```text
//! bits  0  4  dimensions, 2 or 3
//!       4  2  0 elements of eight bytes, 1 of four
//!       6  4  which missing values were looked for
//!      10  6  version of the plugin's format, 0 or 1
//! ```
//!
//! The highest bit of the second value says that the lengths are turned round; how exact it is does not matter here.
//! Before the stream of version 1 it is said which values are missing. Whatever the byte order of the dataset, elements
//! are put out little-endian, as machines do that SPERR runs on.
//!
//! Users give the second value, and the missing values to look for if there are: none, 1 NaNs, 2 values from 1e35 on. The
//! second value is, from its lowest bit on,
//!
//! ```text
//! bits  0 27  a number, in parts of 2^16
//!      27  1  it is negative
//!      28  2  1 bits of an element, 2 ratio of peak to noise in decibels, 3 largest error, as a power of two
//!      30  1  not in use
//!      31  1  the lengths are turned round
//! ```
//!
//! A chunk is encoded as one piece. Ratios and errors hold for what is put out, after all rounding; SPERR takes them to
//! hold before the mean is added, and some ratios for granted.

mod container;
mod encode;
mod levels;
mod mask;
mod missing;
mod piece;
mod sets;
mod speck;
#[cfg(test)]
mod tests;
mod walk;
mod wavelet;

use super::input::Input;
use super::{ChunkShape, Encoded, Filter, FilterCall, asked_for, damaged, id, little_floats};
use crate::base::{Error, Result, Unsupported};

use encode::{Piece, Quality};
use levels::Lengths;
use missing::Missing;
use sets::Order;

/// The newest format of the plugin.
const VERSION: u32 = 1;

#[derive(Debug)]
pub(super) struct Sperr;

/// What the client data say.
struct Setup {
    order: Order,
    /// Elements of four bytes, not eight.
    narrow: bool,
    version: u32,
    lengths: Lengths,
    /// The missing values to look for.
    missing: u32,
    exactness: u32,
}

impl Filter for Sperr {
    fn id(&self) -> u16 {
        id::SPERR
    }

    fn name(&self) -> &'static str {
        "H5Z-SPERR"
    }

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        little_floats("sperr", chunk.datatype)?;
        let (&[exactness] | &[exactness, _]) = values else {
            return Err(Error::misuse(format!("sperr takes one value or two, not {}", values.len())));
        };
        let missing = values.get(1).copied().unwrap_or(0);
        let used = || chunk.shape.iter().copied().filter(|&length| length > 1);
        let dimensions = u32::try_from(used().count()).unwrap_or(u32::MAX);
        if !(2..=3).contains(&dimensions)
            || chunk.shape.len() > 4
            || missing > MISSING
            || used().any(|length| length < SHORTEST)
        {
            let what = "sperr takes chunks of 2 or 3 axes of 9 or more, and missing values of kinds 0 to 2";
            return Err(Error::misuse(what));
        }
        let narrow = u32::from(chunk.element_size() == 4);
        let mut stored = vec![dimensions | narrow << 4 | missing << 6 | VERSION << 10, exactness];
        for length in used() {
            stored.push(
                u32::try_from(length)
                    .map_err(|_| Error::limit("an axis of a chunk for sperr", length, u32::MAX.into()))?,
            );
        }
        quality(exactness).map_err(asked_for)?;
        Ok(stored)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let setup = Setup::new(call)?;
        let count = setup.count(call.limit)?;
        let element = setup.element();
        let mut input = Input::new("sperr", input);
        let missing = match setup.version {
            0 => None,
            _ => Missing::take(&mut input, count, element)?,
        };
        output.resize(count * element, 0);
        let mut put = |first: usize, elements: &[f64]| setup.put(&mut output[first * element..], elements);
        if setup.order == Order::Plane {
            put(0, &piece::decode(input.rest(), setup.lengths, setup.order)?);
        } else {
            container::decode(input.rest(), setup.lengths, &mut put)?;
        }
        if let Some(missing) = missing {
            missing.fill(output, element);
        }
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let setup = Setup::new(call)?;
        let (count, element) = (setup.count(call.limit)?, setup.element());
        if input.len() != count * element {
            let what = format!("sperr takes chunks of {count} elements here, not {} bytes", input.len());
            return Err(Error::misuse(what));
        }
        let quality = quality(setup.exactness)?;
        let mut elements = setup.take(input);
        if setup.version > 0 {
            Missing::encode(setup.missing, &mut elements, element, input, output)?;
        }
        if !elements.iter().all(|element| element.is_finite()) {
            return Err(Error::misuse("sperr takes finite elements alone, unless they are missing ones"));
        }
        let piece = Piece { lengths: setup.lengths, order: setup.order, narrow: setup.narrow, elements };
        let mut stream = Vec::new();
        piece.encode(quality, &mut stream)?;
        if setup.order == Order::Volume {
            container::encode_head(setup.lengths, setup.narrow, stream.len(), output)?;
        }
        output.append(&mut stream);
        Ok(Encoded::Done)
    }
}

/// The most that missing values are looked for by.
const MISSING: u32 = 2;

/// The shortest axis of a chunk.
const SHORTEST: u64 = 9;

/// How exact chunks are to be, by the second value.
fn quality(exactness: u32) -> Result<Quality> {
    let number = f64::from(exactness & 0x7ff_ffff) / 65536.0;
    let negative = exactness >> 27 & 1 != 0;
    match exactness >> 28 & 3 {
        1 if number > 0.0 && !negative => Ok(Quality::Rate(number)),
        2 if number > 0.0 && !negative => Ok(Quality::Ratio(number)),
        3 if number < 1022.0 => Ok(Quality::Error((if negative { -number } else { number }).exp2())),
        _ => Err(damaged("sperr", format!("{exactness:#x} does not say how exact elements are"))),
    }
}

/// An element as one of four bytes.
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest, as is wanted")]
fn narrowed(element: f64) -> f64 {
    f64::from(element as f32)
}

impl Setup {
    fn new(call: &FilterCall<'_>) -> Result<Self> {
        let kind = call.value(0, "kind of sperr")?;
        let exactness = call.value(1, "exactness of sperr")?;
        let turned = exactness >> 31 != 0;
        let version = kind >> 10;
        if version > VERSION {
            return Err(Unsupported::Version { found: u64::from(version), known: u64::from(VERSION) }.into());
        }
        let (order, dimensions) = match kind & 15 {
            2 => (Order::Plane, 2),
            3 => (Order::Volume, 3),
            other => return Err(Error::field("dimensions of sperr", u64::from(other), "2 and 3 are known")),
        };
        let narrow = match kind >> 4 & 3 {
            0 => false,
            1 => true,
            other => return Err(Error::field("elements of sperr", u64::from(other), "0 and 1 are known")),
        };
        let mut lengths = [1; 3];
        for (index, length) in lengths[..dimensions].iter_mut().enumerate() {
            *length = call.value(2 + index, "length of a chunk of sperr")?;
            if *length < 2 {
                return Err(Error::field("length of a chunk of sperr", u64::from(*length), "at least 2"));
            }
        }
        if turned {
            lengths[..dimensions].reverse();
        }
        Ok(Setup { order, narrow, version, lengths, missing: kind >> 6 & 15, exactness })
    }

    /// Bytes of an element.
    fn element(&self) -> usize {
        if self.narrow { 4 } else { 8 }
    }

    /// The number of elements, if there may be so many.
    fn count(&self, limit: usize) -> Result<usize> {
        let count =
            self.lengths.iter().try_fold(1, |count: usize, &length| count.checked_mul(length as usize));
        count
            .filter(|&count| count <= limit / self.element())
            .ok_or_else(|| damaged("sperr", format!("over {limit} bytes come out")))
    }

    fn take(&self, input: &[u8]) -> Vec<f64> {
        match self.narrow {
            true => input.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes).into()).collect(),
            false => input.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        }
    }

    fn put(&self, output: &mut [u8], elements: &[f64]) {
        if self.narrow {
            for (place, &element) in output.chunks_exact_mut(4).zip(elements) {
                #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest, as is wanted")]
                let element = element as f32;
                place.copy_from_slice(&element.to_le_bytes());
            }
        } else {
            for (place, element) in output.chunks_exact_mut(8).zip(elements) {
                place.copy_from_slice(&element.to_le_bytes());
            }
        }
    }
}
