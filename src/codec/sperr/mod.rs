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
//! are put out little-endian, as machines do that SPERR runs on. Encoding is not supported.

mod container;
mod levels;
mod mask;
mod missing;
mod piece;
mod sets;
mod speck;
#[cfg(test)]
mod tests;
mod wavelet;

use super::input::Input;
use super::{ChunkShape, Encoded, Filter, FilterCall, damaged, id};
use crate::base::{Error, Result, Unsupported};

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
}

impl Filter for Sperr {
    fn id(&self) -> u16 {
        id::SPERR
    }

    fn name(&self) -> &'static str {
        "H5Z-SPERR"
    }

    fn configure(&self, _: &[u32], _: &ChunkShape<'_>) -> Result<Vec<u32>> {
        Err(Error::unsupported("writing with the filter sperr"))
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

    fn encode(&self, _: &[u8], _: &FilterCall<'_>, _: &mut Vec<u8>) -> Result<Encoded> {
        Err(Error::unsupported("writing with the filter sperr"))
    }
}

impl Setup {
    fn new(call: &FilterCall<'_>) -> Result<Self> {
        let kind = call.value(0, "kind of sperr")?;
        let turned = call.value(1, "exactness of sperr")? >> 31 != 0;
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
        Ok(Setup { order, narrow, version, lengths })
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
