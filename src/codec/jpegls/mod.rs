//! JPEG-LS (filter 32018): FCIDECOMP of EUMETSAT, which hands a chunk to CharLS.
//!
//! Client data: the bytes of a sample, components, lines and samples of a line; what follows was for the encoder: bits of a
//! sample, components, interleaving, largest error, and the preset parameters. The chunk is a JPEG-LS stream
//! (ITU-T T.87), exact or with errors up to a bound.
//!
//! Components that are not interleaved come out one after the other, others pixel by pixel, and samples of over eight bits
//! little-endian, whatever the dataset says: CharLS took them so.
//!
//! Users give what was for the encoder: bits of a sample, all if 0, a number that does not count, interleaving, largest
//! error, and the preset parameters. Chunks are encoded to the bytes of CharLS 2.1.

mod context;
mod decode;
mod encode;
mod image;
mod model;
mod parameters;
mod segments;
mod setup;
#[cfg(test)]
mod tests;

use std::fmt;

use super::{ChunkShape, Encoded, Filter, FilterCall, asked_for, id};
use crate::base::{Error, Result};

use parameters::Parameters;
use segments::{Segments, encode_end};
use setup::Setup;

/// In errors.
const NAME: &str = "jpegls";

fn damaged(what: impl fmt::Display) -> Error {
    super::damaged(NAME, what)
}

#[derive(Debug)]
pub(super) struct JpegLs;

impl Filter for JpegLs {
    fn id(&self) -> u16 {
        id::JPEG_LS
    }

    fn name(&self) -> &'static str {
        "HDF5 JPEG-LS filter"
    }

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        setup::configure(values, chunk).map_err(asked_for)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let size = size(call)?;
        let (mut segments, frame) = Segments::new(input)?;
        // No more than 255 components of 65535 lines as long, which fits.
        let found = frame.components as u64 * frame.plane() as u64 * frame.sample() as u64;
        if found != size as u64 {
            return Err(damaged(format!("an image of {found} bytes in place of {size}")));
        }
        output.resize(size, 0);
        let mut component = 0;
        while component < frame.components {
            let scan = segments.scan(&frame, component)?;
            let parameters = Parameters::new(frame.sample_bits, scan.near, &segments.preset)?;
            component += image::decode(&frame, component, &scan, &parameters, output)?;
        }
        segments.finish()
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let setup = Setup::of(call)?;
        if input.len() != size(call)? {
            return Err(Error::misuse(format!(
                "jpegls takes chunks of {} bytes here, not of {}",
                size(call)?,
                input.len()
            )));
        }
        setup.frame.encode(setup.written_preset().as_ref(), output);
        let mut component = 0;
        while component < setup.frame.components {
            setup.frame.encode_scan(component, setup.near, setup.interleave, output);
            component += image::encode(&setup, component, input, output)?;
        }
        encode_end(output);
        Ok(if output.len() < input.len() { Encoded::Done } else { Encoded::NotWorthIt })
    }
}

/// Bytes of the chunk by its client data.
fn size(call: &FilterCall<'_>) -> Result<usize> {
    let mut size = 1;
    for (index, name) in
        ["bytes of a sample", "components", "lines", "samples of a line"].into_iter().enumerate()
    {
        size = u64::from(call.value(index, name)?).saturating_mul(size);
    }
    let size = usize::try_from(size).ok().filter(|&size| size <= call.limit);
    size.ok_or_else(|| damaged(format!("over {} bytes come out", call.limit)))
}
