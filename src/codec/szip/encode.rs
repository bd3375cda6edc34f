//! From samples to the bit stream.

use super::{Coding, LARGEST_PAIR, REST_OF_SEGMENT, SEGMENT};
use crate::codec::bits::BitWriter;

/// How a block is coded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Zeros,
    Pairs,
    /// So many low bits of each sample are split off.
    Split(u32),
    Raw,
}

impl Coding {
    /// Whether no sample has bits above those that are stored.
    pub(super) fn holds(&self, input: &[u8]) -> bool {
        let whole = self.width * 8 == self.bits as usize;
        whole || input.chunks_exact(self.width).all(|bytes| self.sample(bytes) <= self.most())
    }

    /// Appends the stream for the input, which is whole samples.
    pub(super) fn encode(&self, input: &[u8], output: &mut Vec<u8>) {
        let mut bits = BitWriter::new(output);
        let mut samples = Vec::with_capacity(self.padded);
        for line in input.chunks(self.scanline * self.width) {
            samples.clear();
            samples.extend(line.chunks_exact(self.width).map(|bytes| self.sample(bytes)));
            // What fills a scanline up is as cheap as can be.
            let filler = if self.predicts { samples.last().copied().unwrap_or(0) } else { 0 };
            samples.resize(self.padded, filler);
            if self.predicts {
                self.predict(&mut samples);
            }
            self.line(&samples, &mut bits);
        }
        bits.finish();
    }

    fn sample(&self, bytes: &[u8]) -> u32 {
        let join = |sample: u32, &byte: &u8| sample << 8 | u32::from(byte);
        if self.big { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
    }

    fn predict(&self, samples: &mut [u32]) {
        let Some((&mut first, rest)) = samples.split_first_mut() else { return };
        let most = self.most();
        let mut before = first;
        for sample in rest {
            let now = *sample;
            let room = before.min(most - before);
            *sample = match now.checked_sub(before) {
                Some(up) if up <= room => 2 * up,
                None if before - now <= room => 2 * (before - now) - 1,
                _ if before > most / 2 => most - now,
                _ => now,
            };
            before = now;
        }
    }

    /// Writes a scanline; with prediction, its first sample is as it is.
    fn line(&self, samples: &[u32], bits: &mut BitWriter<'_>) {
        let own = usize::from(self.predicts);
        let is_zero = |block: usize| {
            let begin = block * self.block;
            let skip = if block == 0 { own } else { 0 };
            samples[begin + skip..begin + self.block].iter().all(|&sample| sample == 0)
        };
        let mut block = 0;
        while block < self.blocks() {
            let segment = self.blocks().min((block / SEGMENT + 1) * SEGMENT);
            let zeros = (block..segment).take_while(|&block| is_zero(block)).count();
            let reference = samples.first().copied().filter(|_| self.predicts && block == 0);
            let begin = block * self.block;
            let coded = &samples[begin..begin + self.block];
            if zeros == 0 {
                self.coded(coded, reference, bits);
                block += 1;
                continue;
            }
            self.head(Choice::Zeros, reference, bits);
            let to_end = block + zeros == segment && zeros >= REST_OF_SEGMENT as usize;
            let count = match zeros as u64 {
                _ if to_end => u64::from(REST_OF_SEGMENT) - 1,
                count if count >= u64::from(REST_OF_SEGMENT) => count,
                count => count - 1,
            };
            bits.unary(count);
            block += zeros;
        }
    }

    fn coded(&self, block: &[u32], reference: Option<u32>, bits: &mut BitWriter<'_>) {
        let samples = &block[usize::from(reference.is_some())..];
        let choice = self.choose(block, samples, reference.is_some());
        self.head(choice, reference.filter(|_| choice != Choice::Raw), bits);
        match choice {
            Choice::Zeros => {}
            Choice::Raw => block.iter().for_each(|&sample| bits.write(u64::from(sample), self.bits)),
            Choice::Pairs => {
                pairs(block, reference.is_some()).for_each(|pair| bits.unary(pair));
            }
            Choice::Split(width) => {
                samples.iter().for_each(|&sample| bits.unary(u64::from(sample >> width)));
                samples.iter().for_each(|&sample| bits.write(u64::from(sample), width));
            }
        }
    }

    /// Writes how the block is coded, and the sample that is as it is.
    fn head(&self, choice: Choice, reference: Option<u32>, bits: &mut BitWriter<'_>) {
        let width = self.id_bits();
        match choice {
            Choice::Zeros => bits.write(0, width + 1),
            Choice::Pairs => bits.write(1, width + 1),
            Choice::Split(low) => bits.write(u64::from(low) + 1, width),
            Choice::Raw => bits.write(u64::MAX, width),
        }
        if let Some(reference) = reference {
            bits.write(u64::from(reference), self.bits);
        }
    }

    fn choose(&self, block: &[u32], samples: &[u32], has_reference: bool) -> Choice {
        let reference = if has_reference { u64::from(self.bits) } else { 0 };
        let count = samples.len() as u64;
        let mut best = (u64::from(self.bits) * block.len() as u64, Choice::Raw);
        // Ids 0 and the last one mean something else; no sample has more than `bits` to split.
        for width in 0..((1 << self.id_bits()) - 2).min(self.bits) {
            let high: u64 = samples.iter().map(|&sample| u64::from(sample >> width)).sum();
            let cost = reference + high + count * u64::from(width + 1);
            if cost < best.0 {
                best = (cost, Choice::Split(width));
            }
        }
        if pairs(block, has_reference).all(|pair| pair <= u64::from(LARGEST_PAIR)) {
            let cost = reference + 1 + pairs(block, has_reference).map(|pair| pair + 1).sum::<u64>();
            if cost < best.0 {
                best = (cost, Choice::Pairs);
            }
        }
        best.1
    }
}

/// The numbers that stand for pairs of samples; the one that is as it is counts as zero.
fn pairs(block: &[u32], has_reference: bool) -> impl Iterator<Item = u64> {
    block.chunks_exact(2).enumerate().map(move |(index, pair)| {
        let first = if has_reference && index == 0 { 0 } else { u64::from(pair[0]) };
        let sum = first + u64::from(pair[1]);
        sum * (sum + 1) / 2 + u64::from(pair[1])
    })
}
