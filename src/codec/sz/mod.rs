//! SZ (filter 32017), versions 2.1.8 to the last 2.x: numbers that are predicted and corrected within an error bound.
//!
//! Client data: the rank, the type of the numbers, and the chunk's shape with the fastest axis first; an only axis has
//! the upper and the lower half of its length. The error bound behind them matters only for encoding.
//!
//! Chunks of few numbers are stored as they are. All others are a stream, which zstd or zlib may have packed:
//!
//! - `stream`: its header;
//! - `series`: numbers in their order, each predicted from its neighbours (`raster`) and corrected by a symbol
//!   (`sz_codes`), or given exactly (`exact`); the bound holds for differences (`absolute`) or for ratios (`relative`);
//! - `regression`: floating-point numbers in blocks, some of them predicted by a plane through the block;
//! - `integers`: a series of integers.
//!
//! Encoding is not supported.

mod absolute;
mod exact;
mod float;
mod integers;
mod layout;
mod raster;
mod regression;
mod relative;
mod series;
mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::input::Input;
use super::{ChunkShape, Encoded, Filter, FilterCall, damaged, deflate, id, zstd};
use crate::base::{Error, Result};

use float::Float;
use layout::{Kind, Layout};
use stream::{Flag, Header};

/// Arrays with fewer numbers do not go through SZ at all.
const FEW: usize = 20;

/// What a stream may have beyond the bytes of its numbers: SZ gives small arrays room for a million bytes, and all of
/// them for a header.
const ROOM: usize = 1_000_000;
const HEADER_ROOM: usize = 256;

#[derive(Debug)]
pub(super) struct Sz;

impl Filter for Sz {
    fn id(&self) -> u16 {
        id::SZ
    }

    fn name(&self) -> &'static str {
        "SZ compressor/decompressor for floating-point data."
    }

    fn configure(&self, _: &[u32], _: &ChunkShape<'_>) -> Result<Vec<u32>> {
        Err(Error::unsupported("writing with the filter sz"))
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        // Without any client data the plugin leaves chunks alone, those of strings for example.
        if call.values.is_empty() {
            return copy(input, call.limit, output);
        }
        let layout = Layout::decode(call)?;
        if layout.count < FEW || is_stored(&layout, input) {
            return copy(input, call.limit, output);
        }
        let size = layout.size(call.limit)?;
        output.reserve_exact(size);
        let bytes = unpack(input, size)?;
        let mut stream = Input::new("sz", &bytes);
        match layout.kind {
            Kind::Float32 => decode_floats::<f32>(&mut stream, &layout, output),
            Kind::Float64 => decode_floats::<f64>(&mut stream, &layout, output),
            Kind::Integer(integer) => integers::decode(&mut stream, &layout, integer, output),
        }
    }

    fn encode(&self, _: &[u8], _: &FilterCall<'_>, _: &mut Vec<u8>) -> Result<Encoded> {
        Err(Error::unsupported("writing with the filter sz"))
    }
}

fn copy(input: &[u8], limit: usize, output: &mut Vec<u8>) -> Result<()> {
    if input.len() > limit {
        return Err(damaged("sz", format!("over {limit} bytes come out")));
    }
    output.extend_from_slice(input);
    Ok(())
}

/// SZ copies twenty floating-point numbers, which the plugin takes for a stream when it reads them back.
fn is_stored(layout: &Layout, input: &[u8]) -> bool {
    let bytes = match layout.kind {
        Kind::Float32 => f32::BYTES,
        Kind::Float64 => f64::BYTES,
        Kind::Integer(_) => return false,
    };
    layout.count == FEW && input.len() == FEW * bytes
}

/// Undoes the lossless compression that may lie around a stream for `size` bytes of numbers.
fn unpack(input: &[u8], size: usize) -> Result<Cow<'_, [u8]>> {
    let limit = size.max(ROOM).saturating_add(HEADER_ROOM);
    let mut unpacked = Vec::new();
    match input {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::decode_frames("sz", input, limit, &mut unpacked)?,
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] | [0x68, 0x05 | 0x81 | 0xde, ..] => {
            deflate::inflate(input, 0, limit, &mut unpacked)?;
        }
        // A stream begins with its version, 2.
        _ => return Ok(Cow::Borrowed(input)),
    }
    Ok(Cow::Owned(unpacked))
}

fn decode_floats<F: Float>(stream: &mut Input<'_>, layout: &Layout, output: &mut Vec<u8>) -> Result<()> {
    let header = Header::decode(stream, F::PARAMETERS)?;
    let clamp = header.clamp::<F>()?;
    let count = header.length(stream)?;
    let mut put = |value: F| clamp.apply(value).put(output);
    if header.has(Flag::Stored) {
        for _ in 0..layout.count {
            put(F::take_be(stream)?);
        }
        return Ok(());
    }
    if count != layout.count as u64 {
        return Err(damaged("sz", format!("{count} numbers in a chunk of {}", layout.count)));
    }
    if header.has(Flag::Constant) {
        let value = F::take_be(stream)?;
        (0..layout.count).for_each(|_| put(value));
        return Ok(());
    }
    let values = match header.has(Flag::Regression) {
        true => regression::decode(stream, &header, layout)?,
        false => series::decode(stream, &header, layout)?,
    };
    values.into_iter().for_each(put);
    Ok(())
}
