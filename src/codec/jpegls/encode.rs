//! Bits for samples, line by line (ITU-T T.87, annex A). Samples become what they will be decoded to.

use super::model::{Model, RUNS, Side, direction};
use super::parameters::Parameters;
use crate::codec::bits::{BitReader, BitWriter};

/// Puts bits into bytes, with a zero behind every 0xff so that none of them looks like a marker.
pub(super) fn stuff(bits: &[u8], count: u64, bytes: &mut Vec<u8>) {
    let mut reader = BitReader::new(bits);
    let mut left = count;
    let mut before = 0;
    while left > 0 || before == 0xff {
        let width = if before == 0xff { 7 } else { 8 };
        // Zeros fill the last byte up.
        let byte = (0..width).fold(0, |byte, _| byte << 1 | reader.read(1).unwrap_or(0)).to_le_bytes()[0];
        bytes.push(byte);
        left = left.saturating_sub(width);
        before = byte;
    }
}

pub(super) struct Encoder<'a, 'b> {
    bits: BitWriter<'b>,
    /// Bits that were written.
    count: u64,
    model: Model<'a>,
}

impl<'a> Side<'a> for Encoder<'a, '_> {
    fn model(&self) -> &Model<'a> {
        &self.model
    }

    fn regular(&mut self, context: i32, [left, up, up_left]: [i32; 3], sample: i32) -> Option<i32> {
        let prediction = self.model.predict(context, left, up, up_left);
        let error = self.model.parameters.error(prediction.sign * (sample - prediction.sample));
        let is_odd = (error < 0) != prediction.turned;
        let size = if error < 0 { !error } else { error };
        self.coded(2 * size + i32::from(is_odd), prediction.code, self.model.parameters.limit)?;
        Some(self.model.learn(prediction, error))
    }

    fn run<const N: usize>(
        &mut self,
        above: &[[i32; N]],
        line: &mut [[i32; N]],
        at: usize,
        run: &mut usize,
    ) -> Option<usize> {
        let (left, most, near) = (line[at - 1], line.len() - 1 - at, self.model.parameters.near);
        let is_like = |pixel: &[i32; N]| (0..N).all(|i| (pixel[i] - left[i]).abs() <= near);
        let count = line[at..at + most].iter().take_while(|pixel| is_like(pixel)).count();
        line[at..at + count].fill(left);
        self.run_length(count, count == most, run);
        if count == most {
            return Some(most);
        }
        let (up, end) = (above[at + count], &mut line[at + count]);
        for i in 0..N {
            end[i] = self.end_of_run([left[i], up[i]], end[i], N == 1, *run)?;
        }
        *run = run.saturating_sub(1);
        Some(count + 1)
    }
}

impl<'a, 'b> Encoder<'a, 'b> {
    pub(super) fn new(bits: &'b mut Vec<u8>, parameters: &'a Parameters) -> Self {
        Encoder { bits: BitWriter::new(bits), count: 0, model: Model::new(parameters) }
    }

    /// The largest sample.
    pub(super) fn largest(&self) -> i32 {
        self.model.parameters.largest
    }

    /// Ends the scan; returns how many bits it has.
    pub(super) fn finish(self) -> u64 {
        self.bits.finish();
        self.count
    }

    fn write(&mut self, value: u64, width: u32) {
        self.bits.write(value, width);
        self.count += u64::from(width);
    }

    fn run_length(&mut self, count: usize, ends_line: bool, run: &mut usize) {
        let mut left = count;
        while left >= 1 << RUNS[*run] {
            self.write(1, 1);
            left -= 1 << RUNS[*run];
            *run = (*run + 1).min(RUNS.len() - 1);
        }
        match ends_line {
            true => self.write(1, u32::from(left != 0)),
            false => self.write(left as u64, RUNS[*run] + 1),
        }
    }

    fn end_of_run(&mut self, [left, up]: [i32; 2], sample: i32, is_single: bool, run: usize) -> Option<i32> {
        let alike = self.model.is_alike(left, up, is_single);
        let error = match alike {
            true => self.model.parameters.error(sample - left),
            false => self.model.parameters.error(direction(left, up) * (sample - up)),
        };
        let context = &self.model.runs[usize::from(alike)];
        let code = context.code();
        let coded = context.coded(error, code);
        self.coded(coded, code, self.model.run_limit(run)?)?;
        self.model.runs[usize::from(alike)].update(coded, code, self.model.parameters);
        Some(self.model.end_of_run(left, up, alike, error))
    }

    /// A number: its upper bits as zeros, and then its lower ones; or all bits if it would take over `limit`.
    fn coded(&mut self, coded: i32, code: u32, limit: u32) -> Option<()> {
        let error_bits = self.model.parameters.error_bits;
        let escape = limit.checked_sub(error_bits + 1)?;
        let coded = u64::try_from(coded).ok()?;
        let zeros = u32::try_from(coded >> code).ok()?.min(escape);
        self.write(0, zeros);
        self.write(1, 1);
        match zeros == escape {
            true => self.write((coded - 1) & ((1 << error_bits) - 1), error_bits),
            false => self.write(coded & ((1 << code) - 1), code),
        }
        Some(())
    }
}
