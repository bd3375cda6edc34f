//! The marker segments of a JPEG-LS stream (ITU-T T.87, annex C).
//!
//! ```text
//!  0  1  0xff, which may be repeated
//!  1  1  the marker
//!  2  2  bytes of the segment from here on, big-endian; none for the start and the end of an image
//!
//! start of frame           preset parameters        start of scan
//!  4  1  bits of a sample   4  1  1: these           4  1  components
//!  5  2  lines              5  2  largest sample     5  .  each: number, mapping table
//!  7  2  samples of a line  7  6  three thresholds      1  largest error of a sample
//!  9  1  components        13  2  where counters        1  interleaved: 0 not, 1 by line, 2 by sample
//! 10  .  each: number,            are halved            1  point transform
//!        sampling, 0
//! ```

use super::{NAME, damaged};
use crate::base::{Error, Result};
use crate::codec::input::Input;

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const START_OF_FRAME: u8 = 0xf7;
const PRESET: u8 = 0xf8;
const APPLICATION: u8 = 0xe0;
const COLOURS: u8 = 0xe8;
const COMMENT: u8 = 0xfe;

/// Size of the segment in which encoders of HP name a transform of colours, and its name.
const COLOURS_LEN: usize = 5;
const COLOURS_NAME: &[u8] = b"mrfx";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) sample_bits: u32,
    pub(super) lines: usize,
    /// Samples of a line.
    pub(super) width: usize,
    pub(super) components: usize,
    /// The numbers of the components.
    numbers: Vec<u8>,
}

/// What is 0 has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Preset {
    pub(super) largest: u16,
    pub(super) thresholds: [u16; 3],
    pub(super) reset: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interleave {
    None,
    Line,
    Sample,
}

impl Interleave {
    pub(super) fn of(way: u32) -> Option<Self> {
        match way {
            0 => Some(Interleave::None),
            1 => Some(Interleave::Line),
            2 => Some(Interleave::Sample),
            _ => None,
        }
    }
}

/// A scan, with the bytes that its header is followed by.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) near: u8,
    pub(super) interleave: Interleave,
    pub(super) bytes: &'a [u8],
}

/// A stream that is read from its front.
#[derive(Debug)]
pub(super) struct Segments<'a> {
    input: Input<'a>,
    pub(super) preset: Preset,
}

impl<'a> Segments<'a> {
    /// Reads up to the header of the frame.
    pub(super) fn new(bytes: &'a [u8]) -> Result<(Self, Frame)> {
        let mut segments = Segments { input: Input::new(NAME, bytes), preset: Preset::default() };
        match segments.marker()? {
            START_OF_IMAGE => {}
            other => return Err(unexpected(other)),
        }
        loop {
            match segments.marker()? {
                START_OF_FRAME => break,
                other => segments.other(other)?,
            }
        }
        let frame = Frame::decode(segments.segment()?)?;
        Ok((segments, frame))
    }

    /// Reads up to the end of the next scan, which has the frame's components from `first` on.
    pub(super) fn scan(&mut self, frame: &Frame, first: usize) -> Result<Scan<'a>> {
        loop {
            match self.marker()? {
                START_OF_SCAN => break,
                other => self.other(other)?,
            }
        }
        let mut header = self.segment()?;
        let count = usize::from(header.u8()?);
        let numbers = header.take(2 * count)?.chunks_exact(2).map(|component| component[0]);
        let numbers: Vec<u8> = numbers.collect();
        let near = header.u8()?;
        let way = header.u8()?;
        let interleave = Interleave::of(way.into())
            .ok_or_else(|| damaged(format!("components interleaved in way {way}")))?;
        let expected = if interleave == Interleave::None { 1 } else { frame.components };
        if count != expected || frame.numbers.get(first..first + count) != Some(&numbers[..]) {
            return Err(Error::unsupported(format!(
                "a scan of the components {numbers:?} in the filter jpegls"
            )));
        }
        match header.u8()? & 15 {
            0 => {}
            bits => return Err(Error::unsupported(format!("samples less {bits} bits in the filter jpegls"))),
        }
        let rest = self.input.rest();
        // Behind 0xff a byte of the scan has seven bits.
        let end = rest.windows(2).position(|pair| pair[0] == 0xff && pair[1] >= 0x80);
        Ok(Scan { near, interleave, bytes: self.input.take(end.unwrap_or(rest.len()))? })
    }

    /// Reads the end of the image, behind which nothing may follow.
    pub(super) fn finish(mut self) -> Result<()> {
        match (self.marker()?, self.input.rest().len()) {
            (END_OF_IMAGE, 0) => Ok(()),
            (END_OF_IMAGE, left) => Err(damaged(format!("{left} bytes behind the image"))),
            (other, _) => Err(unexpected(other)),
        }
    }

    fn marker(&mut self) -> Result<u8> {
        let (first, mut marker) = (self.input.u8()?, 0xff);
        while first == 0xff && marker == 0xff {
            marker = self.input.u8()?;
        }
        match first {
            0xff => Ok(marker),
            other => Err(damaged(format!("{other:#04x} in place of a marker"))),
        }
    }

    /// What follows the marker at hand.
    fn segment(&mut self) -> Result<Input<'a>> {
        let len = usize::from(u16::from_be_bytes(self.input.array()?));
        match len.checked_sub(2) {
            Some(len) => Ok(Input::new(NAME, self.input.take(len)?)),
            None => Err(damaged(format!("a segment of {len} bytes"))),
        }
    }

    /// Reads a segment that can stand before frames and scans.
    fn other(&mut self, marker: u8) -> Result<()> {
        match marker {
            PRESET => {
                self.preset = Preset::decode(self.segment()?)?;
            }
            COLOURS => {
                let segment = self.segment()?.rest();
                if segment.len() == COLOURS_LEN && segment.starts_with(COLOURS_NAME) && segment[4] != 0 {
                    let transform = segment[4];
                    return Err(Error::unsupported(format!(
                        "colours of way {transform} in the filter jpegls"
                    )));
                }
            }
            COMMENT | APPLICATION..=0xef => {
                self.segment()?;
            }
            other => return Err(unexpected(other)),
        }
        Ok(())
    }
}

/// Appends what ends an image.
pub(super) fn encode_end(output: &mut Vec<u8>) {
    output.extend([0xff, END_OF_IMAGE]);
}

/// Appends a segment; those that are written are short.
fn segment(marker: u8, body: &[u8], output: &mut Vec<u8>) {
    output.extend([0xff, marker]);
    output.extend(two(body.len() + 2));
    output.extend_from_slice(body);
}

/// The two lowest bytes of a number that has no more.
fn two(number: usize) -> [u8; 2] {
    let [low, high, ..] = number.to_le_bytes();
    [high, low]
}

/// A marker of restarts and of lines that are told later is one of them: CharLS does not know those.
fn unexpected(marker: u8) -> Error {
    Error::unsupported(format!("marker {marker:#04x} of JPEG at its place in the filter jpegls"))
}

impl Frame {
    /// A frame whose components are numbered from 1 on.
    pub(super) fn new(sample_bits: u32, lines: usize, width: usize, components: usize) -> Self {
        let numbers = (1..=u8::MAX).take(components).collect();
        Frame { sample_bits, lines, width, components, numbers }
    }

    fn decode(mut segment: Input<'_>) -> Result<Self> {
        let sample_bits = u32::from(segment.u8()?);
        let (lines, width) = (u16::from_be_bytes(segment.array()?), u16::from_be_bytes(segment.array()?));
        let components = usize::from(segment.u8()?);
        if !(2..=16).contains(&sample_bits) || lines == 0 || width == 0 || components == 0 {
            return Err(damaged(format!("{components} x {lines} x {width} samples of {sample_bits} bits")));
        }
        let mut numbers = Vec::new();
        for _ in 0..components {
            let [number, sampling, _] = segment.array()?;
            if sampling != 0x11 {
                return Err(Error::unsupported(format!("sampling {sampling:#04x} in the filter jpegls")));
            }
            numbers.push(number);
        }
        match segment.rest().len() {
            0 => Ok(Frame { sample_bits, lines: lines.into(), width: width.into(), components, numbers }),
            left => Err(damaged(format!("{left} bytes behind the header of the frame"))),
        }
    }

    /// Appends all that stands before the first scan.
    pub(super) fn encode(&self, preset: Option<&Preset>, output: &mut Vec<u8>) {
        output.extend([0xff, START_OF_IMAGE]);
        let mut body = vec![self.sample_bits.to_le_bytes()[0]];
        body.extend([self.lines, self.width].into_iter().flat_map(two));
        body.push(self.components.to_le_bytes()[0]);
        body.extend(self.numbers.iter().flat_map(|&number| [number, 0x11, 0]));
        segment(START_OF_FRAME, &body, output);
        if let Some(Preset { largest, thresholds: [first, second, third], reset }) = preset.cloned() {
            let numbers = [largest, first, second, third, reset];
            let body: Vec<u8> =
                [1].into_iter().chain(numbers.into_iter().flat_map(u16::to_be_bytes)).collect();
            segment(PRESET, &body, output);
        }
    }

    /// Appends the header of the scan that begins with this component.
    pub(super) fn encode_scan(&self, first: usize, near: u8, interleave: Interleave, output: &mut Vec<u8>) {
        let (numbers, way) = match interleave {
            Interleave::None => (&self.numbers[first..=first], 0),
            Interleave::Line => (&self.numbers[..], 1),
            Interleave::Sample => (&self.numbers[..], 2),
        };
        let mut body = vec![numbers.len().to_le_bytes()[0]];
        body.extend(numbers.iter().flat_map(|&number| [number, 0]));
        body.extend([near, way, 0]);
        segment(START_OF_SCAN, &body, output);
    }

    /// Bytes of a sample.
    pub(super) fn sample(&self) -> usize {
        if self.sample_bits > 8 { 2 } else { 1 }
    }

    /// Samples of a component.
    pub(super) fn plane(&self) -> usize {
        self.lines * self.width
    }
}

impl Preset {
    fn decode(mut segment: Input<'_>) -> Result<Self> {
        match segment.u8()? {
            1 => {}
            kind => {
                return Err(Error::unsupported(format!("parameters of kind {kind} in the filter jpegls")));
            }
        }
        let mut numbers = [0; 5];
        for number in &mut numbers {
            *number = u16::from_be_bytes(segment.array()?);
        }
        let [largest, thresholds @ .., reset] = numbers;
        match segment.rest().len() {
            0 => Ok(Preset { largest, thresholds, reset }),
            left => Err(damaged(format!("{left} bytes behind the parameters"))),
        }
    }
}
