//! From the bit stream to samples.

use super::{Coding, LARGEST_PAIR, REST_OF_SEGMENT, SEGMENT};
use crate::base::Result;
use crate::codec::bits::BitReader;
use crate::codec::damaged;

impl Coding {
    /// Fills the output, which is whole samples, from the stream.
    pub(super) fn decode(&self, stream: &[u8], output: &mut [u8]) -> Result<()> {
        let mut bits = BitReader::new(stream);
        let mut samples = Vec::with_capacity(self.padded);
        for line in output.chunks_mut(self.scanline * self.width) {
            samples.clear();
            let needed = line.len() / self.width;
            while samples.len() < needed {
                self.block(&mut bits, &mut samples)
                    .ok_or_else(|| damaged("szip", "the stream ends too early or holds no such block"))?;
            }
            if self.predicts {
                self.undo_prediction(&mut samples);
            }
            for (bytes, sample) in line.chunks_exact_mut(self.width).zip(&samples) {
                if self.big {
                    bytes.copy_from_slice(&sample.to_be_bytes()[4 - self.width..]);
                } else {
                    bytes.copy_from_slice(&sample.to_le_bytes()[..self.width]);
                }
            }
        }
        Ok(())
    }

    /// Appends the samples of the next coded block, or of a run of blocks.
    fn block(&self, bits: &mut BitReader<'_>, samples: &mut Vec<u32>) -> Option<()> {
        let id = low(bits.read(self.id_bits())?);
        let end = samples.len() + self.block;
        if id == (1 << self.id_bits()) - 1 {
            return self.raw(bits, samples, end);
        }
        let pairs = id == 0 && bits.read(1)? == 1;
        // With prediction, a scanline begins with a sample that is as it is.
        if self.predicts && samples.is_empty() {
            self.raw(bits, samples, 1)?;
        }
        match id {
            0 if pairs => unpair(bits, samples, end),
            0 => self.zeros(bits, samples, end),
            _ => split(bits, samples, end, id - 1),
        }
    }

    fn raw(&self, bits: &mut BitReader<'_>, samples: &mut Vec<u32>, end: usize) -> Option<()> {
        while samples.len() < end {
            samples.push(low(bits.read(self.bits)?));
        }
        Some(())
    }

    fn zeros(&self, bits: &mut BitReader<'_>, samples: &mut Vec<u32>, end: usize) -> Option<()> {
        let first = end / self.block - 1;
        let left = self.blocks() - first;
        let blocks = match bits.unary(self.padded.try_into().ok()?)? + 1 {
            REST_OF_SEGMENT => left.min(SEGMENT - first % SEGMENT),
            count if count > REST_OF_SEGMENT => count as usize - 1,
            count => count as usize,
        };
        samples.resize((first + blocks.min(left)) * self.block, 0);
        (blocks <= left).then_some(())
    }

    fn undo_prediction(&self, samples: &mut [u32]) {
        let Some((&mut first, rest)) = samples.split_first_mut() else { return };
        let (most, middle) = (self.most(), self.most() / 2 + 1);
        let mut before = first;
        for sample in rest {
            // Differences alternate around zero up to the nearer end of the range; beyond, all are on one side.
            let (half, mirror) = (sample.div_ceil(2), if before >= middle { most } else { 0 });
            before = match half <= before ^ mirror {
                true if *sample % 2 == 0 => before.wrapping_add(half),
                true => before.wrapping_sub(half),
                false => *sample ^ mirror,
            };
            *sample = before;
        }
    }
}

/// The high parts of all samples, each as so many zeros and a one, and then the low `width` bits of each.
fn split(bits: &mut BitReader<'_>, samples: &mut Vec<u32>, end: usize, width: u32) -> Option<()> {
    let first = samples.len();
    while samples.len() < end {
        samples.push(bits.unary(u32::MAX >> width)? << width);
    }
    if width > 0 {
        for sample in &mut samples[first..] {
            *sample |= low(bits.read(width)?);
        }
    }
    Some(())
}

/// Each number stands for two samples: first come those whose sum is 0, then those with 1, and so on.
fn unpair(bits: &mut BitReader<'_>, samples: &mut Vec<u32>, end: usize) -> Option<()> {
    while samples.len() < end {
        let mut second = bits.unary(LARGEST_PAIR)?;
        let mut sum = 0;
        while second > sum {
            sum += 1;
            second -= sum;
        }
        // The sample that begins a scanline takes the place of the first one.
        if samples.len().is_multiple_of(2) {
            samples.push(sum - second);
        }
        samples.push(second);
    }
    Some(())
}

/// The low half of what was read from at most 32 bits.
fn low(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or_default()
}
