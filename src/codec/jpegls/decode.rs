//! Samples out of bits, line by line (ITU-T T.87, annex A).

use super::model::{Model, RUNS, Side};
use super::parameters::Parameters;
use crate::codec::bits::{BitReader, BitWriter};

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

pub(super) struct Decoder<'a> {
    bits: BitReader<'a>,
    model: Model<'a>,
}

impl<'a> Side<'a> for Decoder<'a> {
    fn model(&self) -> &Model<'a> {
        &self.model
    }

    fn regular(&mut self, context: i32, [left, up, up_left]: [i32; 3], _: i32) -> Option<i32> {
        let prediction = self.model.predict(context, left, up, up_left);
        let coded = self.coded(prediction.code, self.model.parameters.limit)?;
        let is_negative = (coded & 1 != 0) != prediction.turned;
        let error = if is_negative { !(coded >> 1) } else { coded >> 1 };
        Some(self.model.learn(prediction, error))
    }

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
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bits: &'a [u8], parameters: &'a Parameters) -> Self {
        Decoder { bits: BitReader::new(bits), model: Model::new(parameters) }
    }

    /// Tells whether nothing is left but the zeros that fill the last bytes up.
    pub(super) fn is_finished(&mut self) -> bool {
        // Up to seven for each of: the last byte, another one behind 0xff, what was filled up without the stuffing.
        let left: Vec<u64> = std::iter::from_fn(|| self.bits.read(1)).take(3 * 7 + 1).collect();
        left.len() <= 3 * 7 && !left.contains(&1)
    }

    fn end_of_run(&mut self, left: i32, up: i32, is_single: bool, run: usize) -> Option<i32> {
        let alike = self.model.is_alike(left, up, is_single);
        let code = self.model.runs[usize::from(alike)].code();
        let coded = self.coded(code, self.model.run_limit(run)?)?;
        let context = &mut self.model.runs[usize::from(alike)];
        let error = context.update(coded, code, self.model.parameters);
        Some(self.model.end_of_run(left, up, alike, error))
    }

    /// The next number: its upper bits as zeros, and then its lower ones; or all bits if it would take over `limit`.
    fn coded(&mut self, code: u32, limit: u32) -> Option<i32> {
        let error_bits = self.model.parameters.error_bits;
        let escape = limit.checked_sub(error_bits + 1)?;
        let zeros = self.bits.unary(escape)?;
        let coded = match zeros == escape {
            true => self.bits.read(error_bits)? + 1,
            false => u64::from(zeros) << code | self.bits.read(code)?,
        };
        i32::try_from(coded).ok().filter(|_| coded <= MOST_CODED)
    }
}
