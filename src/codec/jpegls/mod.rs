//! JPEG-LS (filter 32018): FCIDECOMP of EUMETSAT, which hands a chunk to CharLS.
//!
//! Client data: the bytes of a sample, components, lines and samples of a line; what follows was for the encoder: bits of a
//! sample, components, interleaving, largest error, and the preset parameters. The chunk is a JPEG-LS stream
//! (ITU-T T.87), exact or with errors up to a bound.
//!
//! Components that are not interleaved come out one after the other, others pixel by pixel, and samples of over eight bits
//! little-endian, whatever the dataset says: CharLS took them so. Encoding is not supported.

mod context;
mod parameters;
mod scan;
mod segments;
#[cfg(test)]
mod tests;

use std::fmt;

use super::{ChunkShape, Encoded, Filter, FilterCall, id};
use crate::base::{Error, Result};

use parameters::Parameters;
use scan::{Decoder, Line, unstuff};
use segments::{Frame, Interleave, Scan, Segments};

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

    fn configure(&self, _: &[u32], _: &ChunkShape<'_>) -> Result<Vec<u32>> {
        Err(Error::unsupported("writing with the filter jpegls"))
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
            component += Image { frame: &frame, component, output }.decode(&scan, &parameters)?;
        }
        segments.finish()
    }

    fn encode(&self, _: &[u8], _: &FilterCall<'_>, _: &mut Vec<u8>) -> Result<Encoded> {
        Err(Error::unsupported("writing with the filter jpegls"))
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

/// Where the samples of a scan go.
struct Image<'a> {
    frame: &'a Frame,
    /// The scan's first.
    component: usize,
    output: &'a mut [u8],
}

impl Image<'_> {
    /// Decodes a scan; returns how many components it has.
    fn decode(&mut self, scan: &Scan<'_>, parameters: &Parameters) -> Result<usize> {
        let bits = unstuff(scan.bytes);
        let decoder = Decoder::new(&bits, parameters);
        let components = self.frame.components;
        let decoded = match (scan.interleave, components) {
            (Interleave::None, _) => self.lines::<1>(decoder, 1),
            (Interleave::Line, 3 | 4) => self.lines::<1>(decoder, components),
            (Interleave::Sample, 3) => self.lines::<3>(decoder, 1),
            (Interleave::Sample, 4) => self.lines::<4>(decoder, 1),
            _ => {
                let what = format!("{components} interleaved components in the filter jpegls");
                return Err(Error::unsupported(what));
            }
        };
        decoded.ok_or_else(|| {
            damaged(format!("the {} bytes of a scan do not hold together", scan.bytes.len()))
        })?;
        Ok(if scan.interleave == Interleave::None { 1 } else { components })
    }

    /// Decodes all lines; each is there for every component that is interleaved by line.
    fn lines<const N: usize>(&mut self, mut decoder: Decoder<'_>, components: usize) -> Option<()> {
        let empty: Line<N> = vec![[0; N]; self.frame.width + 2];
        let mut pairs = vec![(empty.clone(), empty); components];
        let mut runs = vec![0; components];
        for number in 0..self.frame.lines {
            for (component, ((above, line), run)) in pairs.iter_mut().zip(&mut runs).enumerate() {
                decoder.line(above, line, run)?;
                // A pixel has either all components of the image or this one.
                let pixel = components * N;
                let first =
                    self.component * self.frame.plane() + number * self.frame.width * pixel + component;
                let samples = line.get(1..=self.frame.width)?;
                for (at, samples) in samples.iter().enumerate() {
                    self.put(first + at * pixel, samples);
                }
                std::mem::swap(above, line);
            }
        }
        decoder.is_finished().then_some(())
    }

    fn put(&mut self, first: usize, samples: &[i32]) {
        let size = self.frame.sample();
        let places = self.output[first * size..].chunks_exact_mut(size);
        for (place, sample) in places.zip(samples) {
            place.copy_from_slice(&sample.to_le_bytes()[..size]);
        }
    }
}
