//! Which samples of a chunk the scans of an image have, in either direction.

use super::damaged;
use super::decode::{Decoder, unstuff};
use super::encode::{Encoder, stuff};
use super::model::{Line, Side};
use super::parameters::Parameters;
use super::segments::{Frame, Interleave, Scan};
use super::setup::Setup;
use crate::base::{Error, Result};

/// Decodes the scan that begins with a component into a chunk; returns how many components it has.
pub(super) fn decode(
    frame: &Frame,
    first: usize,
    scan: &Scan<'_>,
    parameters: &Parameters,
    output: &mut [u8],
) -> Result<usize> {
    let bits = unstuff(scan.bytes);
    let mut reading = Reading { decoder: Decoder::new(&bits, parameters), output };
    let components = lines(frame, first, scan.interleave, &mut reading)?;
    components
        .filter(|_| reading.decoder.is_finished())
        .ok_or_else(|| damaged(format!("the {} bytes of a scan do not hold together", scan.bytes.len())))
}

/// Encodes the scan that begins with a component of a chunk; returns how many components it has.
pub(super) fn encode(setup: &Setup, first: usize, input: &[u8], output: &mut Vec<u8>) -> Result<usize> {
    let mut bits = Vec::new();
    let mut writing = Writing { encoder: Encoder::new(&mut bits, &setup.parameters), input };
    let components = lines(&setup.frame, first, setup.interleave, &mut writing)?;
    let count = writing.encoder.finish();
    stuff(&bits, count, output);
    let (bits, most) = (setup.frame.sample_bits, setup.parameters.largest);
    components.ok_or_else(|| Error::misuse(format!("a sample of {bits} bits for jpegls is over {most}")))
}

/// A direction: what is done with a line of pixels, by the one above.
trait Lines {
    fn line<const N: usize>(&mut self, places: &Places, pair: &mut Pair<N>) -> Option<()>;
}

#[derive(Clone)]
struct Pair<const N: usize> {
    above: Line<N>,
    line: Line<N>,
    run: usize,
}

/// Where the pixels of a line are in a chunk.
struct Places {
    /// The first byte of the first one.
    first: usize,
    /// Bytes from one to the next, and of a sample.
    step: usize,
    sample: usize,
}

struct Reading<'a> {
    decoder: Decoder<'a>,
    output: &'a mut [u8],
}

struct Writing<'a, 'b> {
    encoder: Encoder<'a, 'b>,
    input: &'a [u8],
}

impl Lines for Reading<'_> {
    fn line<const N: usize>(&mut self, places: &Places, pair: &mut Pair<N>) -> Option<()> {
        self.decoder.line(&mut pair.above, &mut pair.line, &mut pair.run)?;
        let pixels = self.output.get_mut(places.first..)?.chunks_mut(places.step);
        for (pixel, samples) in pixels.zip(inner(&mut pair.line)) {
            for (place, sample) in pixel.chunks_exact_mut(places.sample).zip(samples) {
                place.copy_from_slice(&sample.to_le_bytes()[..places.sample]);
            }
        }
        Some(())
    }
}

impl Lines for Writing<'_, '_> {
    fn line<const N: usize>(&mut self, places: &Places, pair: &mut Pair<N>) -> Option<()> {
        let pixels = self.input.get(places.first..)?.chunks(places.step);
        for (pixel, samples) in pixels.zip(inner(&mut pair.line)) {
            for (place, sample) in pixel.chunks_exact(places.sample).zip(samples) {
                *sample = place.iter().rev().fold(0, |sample, &byte| sample << 8 | i32::from(byte));
                if *sample > self.encoder.largest() {
                    return None;
                }
            }
        }
        self.encoder.line(&mut pair.above, &mut pair.line, &mut pair.run)
    }
}

/// The pixels of a line without those on either side.
fn inner<const N: usize>(line: &mut Line<N>) -> impl Iterator<Item = &mut [i32; N]> {
    let width = line.len().saturating_sub(2);
    line.iter_mut().skip(1).take(width)
}

/// Goes through a scan; returns how many components it has, `None` if it cannot be coded.
fn lines(frame: &Frame, first: usize, way: Interleave, lines: &mut impl Lines) -> Result<Option<usize>> {
    let components = frame.components;
    let done = match (way, components) {
        (Interleave::None, _) => each_line::<1>(frame, first, 1, lines),
        (Interleave::Line, 3 | 4) => each_line::<1>(frame, first, components, lines),
        (Interleave::Sample, 3) => each_line::<3>(frame, first, 1, lines),
        (Interleave::Sample, 4) => each_line::<4>(frame, first, 1, lines),
        _ => {
            let what = format!("{components} interleaved components in the filter jpegls");
            return Err(Error::unsupported(what));
        }
    };
    Ok(done.map(|()| if way == Interleave::None { 1 } else { components }))
}

/// Goes through all lines; each is there for every component that is interleaved by line.
fn each_line<const N: usize>(
    frame: &Frame,
    first: usize,
    components: usize,
    lines: &mut impl Lines,
) -> Option<()> {
    let empty: Line<N> = vec![[0; N]; frame.width + 2];
    let mut pairs = vec![Pair { above: empty.clone(), line: empty, run: 0 }; components];
    let sample = frame.sample();
    // A pixel has either all components of the image or this one.
    let step = components * N * sample;
    for number in 0..frame.lines {
        for (component, pair) in pairs.iter_mut().enumerate() {
            let line = first * frame.plane() * sample + number * frame.width * step;
            lines.line(&Places { first: line + component * sample, step, sample }, pair)?;
            std::mem::swap(&mut pair.above, &mut pair.line);
        }
    }
    Some(())
}
