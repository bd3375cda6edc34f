//! SZ3 (filter 32024): elements as Huffman codes of how far they lie from their prediction.
//!
//! Client data: the number of axes and the type of the elements, then the lengths, two numbers for that of one axis.
//! What the encoder was asked for may follow.
//!
//! ```text
//!  0  8  bytes of the content
//!  8  .  a Zstandard frame, which holds it
//!  .  .  the configuration, see there
//! ```
//!
//! Decodes what the releases 3.1.2 to 3.1.7 write, with all their predictors, for all their types. What 3.1.8 writes
//! differs for Lorenzo prediction along one axis, and is refused. Later ones begin with a number of their own, and are
//! refused by the version that follows it.
//!
//! Encodes by interpolation, or by Lorenzo prediction of one or two layers. Which of them, and so the bytes, may differ from what
//! the plugin chooses; the bound of the errors is kept in any case.

mod blocks;
mod coder;
mod config;
mod cubes;
mod encode;
mod grid;
mod huffman;
mod interpolation;
mod lorenzo;
mod number;
mod quantizer;
mod regression;
mod setup;
mod tree;

use super::input::Input;
use super::{ChunkShape, Encoded, Filter, FilterCall, asked_for, damaged, id, zstd};
use crate::base::{Error, Result, element_count, to_usize};

use config::{Algorithm, Config};
use encode::encode;
use number::Number;

/// How streams begin from release 3.2 on, before their version.
const MAGIC: u32 = 0xf342_f310;

/// Chunks of fewer elements than this are stored as they are.
const FEWEST: u64 = 20;

/// A generic function for the type of element that the client data name.
macro_rules! for_type {
    ($function:ident, $call:expr) => {
        match $call.value(1, "type of SZ3's elements")? {
            0 => $function::<f32>,
            1 => $function::<f64>,
            2 => $function::<u8>,
            3 => $function::<i8>,
            4 => $function::<u16>,
            5 => $function::<i16>,
            6 => $function::<u32>,
            7 => $function::<i32>,
            8 => $function::<u64>,
            9 => $function::<i64>,
            other => return Err(Error::unsupported(format!("elements of type {other} in SZ3"))),
        }
    };
}

#[derive(Debug)]
pub(super) struct Sz3;

impl Filter for Sz3 {
    fn id(&self) -> u16 {
        id::SZ3
    }

    fn name(&self) -> &'static str {
        "SZ3 compressor/decompressor for floating-point data."
    }

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        setup::configure(values, chunk).map_err(asked_for)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let Some(elements) = elements(call, input)?.filter(|&elements| elements >= FEWEST) else {
            Input::new("sz3", input).output_size(input.len() as u64, call.limit)?;
            output.extend_from_slice(input);
            return Ok(());
        };
        for_type!(decode, call)(input, elements, call.limit, output)
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        match setup::decode(call, input)? {
            None => output.extend_from_slice(input),
            Some((grid, bound)) => for_type!(encode, call)(grid, bound, input, output)?,
        }
        Ok(Encoded::Done)
    }
}

/// The number of elements by the client data; None if there are none, as for strings.
fn elements(call: &FilterCall<'_>, input: &[u8]) -> Result<Option<u64>> {
    const NAME: &str = "a length for SZ3";
    let Some(&rank) = call.values.first() else { return Ok(None) };
    let length = |index| Ok(u64::from(call.value(index, NAME)?));
    match rank {
        // All lengths are 1.
        0 => Ok(Some(0)),
        1 => Ok(Some(length(2)? << 32 | length(3)?)),
        2..=5 => {
            let end = 2 + to_usize(u64::from(rank))?;
            let lengths = (2..end).map(length).collect::<Result<Vec<u64>>>()?;
            element_count(&lengths).map(Some)
        }
        // Later releases keep other client data.
        _ => Err(later_version(input).unwrap_or_else(|| damaged("sz3", format!("{rank} axes")))),
    }
}

/// The error for a stream of a later release.
fn later_version(input: &[u8]) -> Option<Error> {
    let (magic, rest) = input.split_first_chunk::<4>()?;
    let [_, patch, minor, major] = *rest.first_chunk::<4>()?;
    let version = format!("data of SZ3 {major}.{minor}.{patch} (known up to 3.1.7)");
    (u32::from_le_bytes(*magic) == MAGIC).then(|| Error::unsupported(version))
}

fn decode<T: Number>(input: &[u8], elements: u64, limit: usize, output: &mut Vec<u8>) -> Result<()> {
    if let Some(error) = later_version(input) {
        return Err(error);
    }
    let (config, content) = Config::decode(input)?;
    let count = config.grid.len();
    if count as u64 != elements {
        return Err(damaged("sz3", format!("{count} elements instead of {elements}")));
    }
    let mut content = Input::new("sz3", content);
    let bytes = content.output_size(elements.saturating_mul(T::SIZE as u64), limit)?;
    if config.algorithm == Algorithm::Lossless {
        unpack(&mut content, bytes, output)?;
        return match output.len() {
            len if len == bytes => Ok(()),
            len => Err(damaged("sz3", format!("{len} of {bytes} bytes come out"))),
        };
    }
    let mut unpacked = Vec::new();
    unpack(&mut content, most_content::<T>(count), &mut unpacked)?;
    let mut content = Input::new("sz3", &unpacked);
    let values = match config.algorithm {
        Algorithm::Interpolation => interpolation::decode::<T>(&config, &mut content)?,
        _ if config.grid.rank == 3 && !config.predictors.quadratic => cubes::decode(&config, &mut content)?,
        _ => blocks::decode(&config, &mut content)?,
    };
    output.reserve_exact(bytes);
    values.into_iter().for_each(|value| value.encode(output));
    Ok(())
}

/// The most bytes that the content of so many elements has: each of them unpredictable and with a code of its own, and
/// a coefficient for each likewise.
fn most_content<T: Number>(count: usize) -> usize {
    /// Two nodes of a Huffman tree, and the bits that lead there.
    const CODE: usize = 2 * 13 + 8;
    count.saturating_mul(2 * (T::SIZE + CODE)).saturating_add(1 << 16)
}

/// Appends what the Zstandard frame holds.
fn unpack(input: &mut Input<'_>, limit: usize, output: &mut Vec<u8>) -> Result<()> {
    let len = input.u64_le()?;
    let len = input.output_size(len, limit)?;
    zstd::decode_frames("sz3", input.rest(), len, output)?;
    match output.len() {
        found if found == len => Ok(()),
        found => Err(damaged("sz3", format!("{found} of {len} bytes of content"))),
    }
}

#[cfg(test)]
mod tests;
