//! Samples, line by line: by prediction, or by runs where all is alike (ITU-T T.87, annex A).

use super::context::{Context, RunContext};
use super::parameters::Parameters;
use crate::codec::bits::{BitReader, BitWriter};

/// By the length of the runs before: two to this power are the samples that a bit stands for.
const RUNS: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Of three gradients with nine regions each, those that differ in sign being one.
const CONTEXTS: usize = 365;

/// No error of samples of 16 bits is coded as more than this.
const MOST_CODED: u64 = 2 << 16;

/// The bits of a scan as they were before a zero was put behind every 0xff.
pub(super) fn unstuff(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Vec::with_capacity(bytes.len());
    let mut writer = BitWriter::new(&mut bits);
    let mut before = 0;
    for &byte in bytes {
        writer.write(u64::from(byte), if before == 0xff { 7 } else { 8 });
        before = byte;
    }
    writer.finish();
    bits
}

/// A line of pixels, with one more on either side of it.
pub(super) type Line<const N: usize> = Vec<[i32; N]>;

pub(super) struct Decoder<'a> {
    bits: BitReader<'a>,
    parameters: &'a Parameters,
    contexts: [Context; CONTEXTS],
    runs: [RunContext; 2],
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bits: &'a [u8], parameters: &'a Parameters) -> Self {
        Decoder {
            bits: BitReader::new(bits),
            parameters,
            contexts: [Context::new(parameters); CONTEXTS],
            runs: [false, true].map(|alike| RunContext::new(alike, parameters)),
        }
    }

    /// Decodes a line of pixels from the one above; `None` if the bits do not hold together.
    pub(super) fn line<const N: usize>(
        &mut self,
        above: &mut Line<N>,
        line: &mut Line<N>,
        run: &mut usize,
    ) -> Option<()> {
        let width = line.len().checked_sub(2)?;
        above[width + 1] = above[width];
        line[0] = above[1];
        let mut at = 1;
        while at <= width {
            let (left, up_left, up, up_right) = (line[at - 1], above[at - 1], above[at], above[at + 1]);
            let contexts: [i32; N] = std::array::from_fn(|i| {
                let gradients = [up_right[i] - up[i], up[i] - up_left[i], up_left[i] - left[i]];
                gradients
                    .iter()
                    .fold(0, |context, &gradient| 9 * context + self.parameters.quantize(gradient))
            });
            if contexts == [0; N] {
                at += self.run(above, line, at, run)?;
                continue;
            }
            for i in 0..N {
                let predicted = median(left[i], up[i], up_left[i]);
                line[at][i] = self.regular(contexts[i], predicted)?;
            }
            at += 1;
        }
        Some(())
    }

    /// Tells whether nothing is left but the zeros that fill the last bytes up.
    pub(super) fn is_finished(&mut self) -> bool {
        // Up to seven for each of: the last byte, another one behind 0xff, what was filled up without the stuffing.
        let left: Vec<u64> = std::iter::from_fn(|| self.bits.read(1)).take(3 * 7 + 1).collect();
        left.len() <= 3 * 7 && !left.contains(&1)
    }

    /// A sample predicted from its neighbours.
    fn regular(&mut self, context: i32, predicted: i32) -> Option<i32> {
        let sign = if context < 0 { -1 } else { 1 };
        let number = context.unsigned_abs() as usize;
        let (code, correction) = (self.contexts[number].code(), self.contexts[number].correction);
        let predicted = (predicted + sign * correction).clamp(0, self.parameters.largest);
        let coded = self.coded(code, self.parameters.limit)?;
        let context = &mut self.contexts[number];
        let mut error = if coded & 1 == 0 { coded >> 1 } else { !(coded >> 1) };
        if code == 0 && self.parameters.near == 0 && context.is_negative() {
            error = !error;
        }
        context.update(error, self.parameters);
        Some(self.parameters.sample(predicted, sign * error))
    }

    /// Copies of the pixel left of `at`, and the one that ends them unless the line does; returns how many.
    fn run<const N: usize>(
        &mut self,
        above: &[[i32; N]],
        line: &mut [[i32; N]],
        at: usize,
        run: &mut usize,
    ) -> Option<usize> {
        let (left, most) = (line[at - 1], line.len() - 1 - at);
        let mut count = 0;
        while count < most && self.bits.read(1)? != 0 {
            let step = 1 << RUNS[*run];
            if step <= most - count {
                *run = (*run + 1).min(RUNS.len() - 1);
            }
            count = most.min(count + step);
        }
        if count < most {
            count += usize::try_from(self.bits.read(RUNS[*run])?).ok()?;
        }
        line.get_mut(at..at + count)?.fill(left);
        if count >= most {
            return (count == most).then_some(most);
        }
        let (up, end) = (above[at + count], &mut line[at + count]);
        for i in 0..N {
            end[i] = self.end_of_run(left[i], up[i], N == 1, *run)?;
        }
        *run = run.saturating_sub(1);
        Some(count + 1)
    }

    fn end_of_run(&mut self, left: i32, up: i32, is_single: bool, run: usize) -> Option<i32> {
        let alike = is_single && (left - up).abs() <= self.parameters.near;
        let code = self.runs[usize::from(alike)].code();
        let coded = self.coded(code, self.parameters.limit.checked_sub(RUNS[run] + 1)?)?;
        let error = self.runs[usize::from(alike)].update(coded, code, self.parameters);
        let sign = if up < left { -1 } else { 1 };
        Some(match alike {
            true => self.parameters.sample(left, error),
            false => self.parameters.sample(up, sign * error),
        })
    }

    /// The next number: its upper bits as zeros, and then its lower ones; or all bits if it would take over `limit`.
    fn coded(&mut self, code: u32, limit: u32) -> Option<i32> {
        let escape = limit.checked_sub(self.parameters.error_bits + 1)?;
        let zeros = self.bits.unary(escape)?;
        let coded = match zeros == escape {
            true => self.bits.read(self.parameters.error_bits)? + 1,
            false => u64::from(zeros) << code | self.bits.read(code)?,
        };
        i32::try_from(coded).ok().filter(|_| coded <= MOST_CODED)
    }
}

/// The prediction: the smaller or the larger neighbour at an edge, else the plane through all three.
fn median(left: i32, up: i32, up_left: i32) -> i32 {
    let (least, most) = (left.min(up), left.max(up));
    (left + up - up_left).clamp(least, most)
}
