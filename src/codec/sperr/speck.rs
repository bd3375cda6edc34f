//! The SPECK coder: integers by their bit planes, the highest first.
//!
//! ```text
//!  0  1  bit planes
//!  1  8  bits of the whole stream, little-endian
//!  9  .  the bits, lowest first in their byte; fewer where a bit rate was asked for
//! ```
//!
//! A bit plane begins with a bit for each single element and each set that had no one so far. A set with a one in it is
//! split, and its parts have their bits at once; the last part has none where the others turned out to be zero. The first
//! one of an element is followed by its sign. Then come the bits of the elements that had a one in an earlier plane.

use super::levels::{Lengths, coarse};
use super::mask::Mask;
use super::sets::{Order, Set};
use super::walk::{Side, Walk};
use crate::base::{Result, to_usize};
use crate::codec::damaged;
use crate::codec::input::Input;
use crate::codec::low_bits::{BitSink, Bits};

/// A stream that was not decoded yet.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    planes: u32,
    /// Bits there would be, and how many of them are there.
    total: u64,
    available: u64,
    bits: Bits<'a>,
}

/// Integers by sign and magnitude.
#[derive(Debug)]
pub(super) struct Integers {
    pub(super) magnitudes: Vec<u64>,
    pub(super) negative: Mask,
}

impl<'a> Stream<'a> {
    pub(super) fn take(input: &mut Input<'a>) -> Result<Self> {
        let planes = u32::from(input.u8()?);
        let total = input.u64_le()?;
        if planes > u64::BITS || (planes == 0 && total != 0) {
            return Err(damaged("sperr", format!("{planes} bit planes in {total} bits")));
        }
        let there = input.rest().len();
        let bytes = to_usize(total.div_ceil(8)).unwrap_or(usize::MAX).min(there);
        let bits = Bits::new(input.take(bytes)?);
        Ok(Stream { planes, total, available: total.min(8 * bytes as u64), bits })
    }

    pub(super) fn is_complete(&self) -> bool {
        self.available == self.total
    }

    /// Decodes the integers of a box with these lengths, which are not zero.
    pub(super) fn decode(self, lengths: Lengths, order: Order) -> Result<Integers> {
        let (planes, total, complete) = (self.planes, self.total, self.is_complete());
        let count = lengths.iter().map(|&length| length as usize).product();
        let integers = Integers { magnitudes: vec![0; count], negative: Mask::new(count) };
        let reading = Reading { bits: self.bits, available: self.available, threshold: 0, integers };
        let mut walk = Walk::new(reading, lengths, order);
        walk.run(planes);
        let taken = walk.side.bits.taken();
        if complete && taken != total {
            return Err(damaged("sperr", format!("{total} bits, of which {taken} are used")));
        }
        Ok(walk.side.integers)
    }
}

impl Integers {
    /// Appends a stream of them; no more than `budget` bits of it. Returns how many bits it would have.
    pub(super) fn encode(
        &self,
        lengths: Lengths,
        order: Order,
        budget: Option<u64>,
        output: &mut Vec<u8>,
    ) -> u64 {
        let most = self.magnitudes.iter().max().copied().unwrap_or(0);
        let planes = u64::BITS - most.leading_zeros();
        output.extend_from_slice(&planes.to_le_bytes()[..1]);
        let head = output.len();
        output.extend([0; 8]);
        let budget = budget.unwrap_or(u64::MAX).saturating_add(7) / 8 * 8;
        let start = 8 * output.len() as u64;
        let sink = BitSink::new(output);
        let mut walk =
            Walk::new(Writing { sink, start, budget, plane: 0, lengths, integers: self }, lengths, order);
        walk.run(planes);
        let total = walk.side.written();
        walk.side.sink.finish();
        output[head..head + 8].copy_from_slice(&total.to_le_bytes());
        let kept = to_usize(budget.min(total).div_ceil(8)).unwrap_or(usize::MAX);
        output.truncate(kept.saturating_add(head + 8));
        total
    }
}

struct Reading<'a> {
    bits: Bits<'a>,
    available: u64,
    /// The plane, as a number.
    threshold: u64,
    integers: Integers,
}

impl Side for Reading<'_> {
    fn begin(&mut self, plane: u32) {
        self.threshold = 1 << plane;
    }

    fn element(&mut self, _: usize) -> bool {
        self.bits.take_one()
    }

    fn set(&mut self, _: &Set) -> bool {
        self.bits.take_one()
    }

    fn around(&mut self, _: u32) -> bool {
        self.bits.take_one()
    }

    fn sign(&mut self, index: usize) {
        if !self.bits.take_one() {
            self.integers.negative.set(index);
        }
    }

    /// Halves the interval of the element.
    fn refine(&mut self, index: usize) -> bool {
        let magnitude = &mut self.integers.magnitudes[index];
        let half = self.threshold / 2;
        match (self.bits.take_one(), half) {
            (true, 0) => *magnitude += 1,
            (true, _) => *magnitude += half,
            (false, _) => *magnitude -= half,
        }
        !self.is_at_end()
    }

    /// Puts the element into the middle of its interval, the lower of the two numbers there.
    fn settle(&mut self, index: usize) {
        self.integers.magnitudes[index] = self.threshold + (self.threshold - self.threshold / 2 - 1);
    }

    fn is_at_end(&self) -> bool {
        self.bits.taken() >= self.available
    }
}

struct Writing<'a, 'b> {
    sink: BitSink<'b>,
    /// Bits before the stream, and the most that count of it.
    start: u64,
    budget: u64,
    plane: u32,
    lengths: Lengths,
    integers: &'a Integers,
}

impl Writing<'_, '_> {
    fn written(&self) -> u64 {
        self.sink.len() - self.start
    }

    fn put(&mut self, bit: bool) -> bool {
        self.sink.put_one(bit);
        bit
    }

    /// Whether one of the elements from `first` on has a one; none of them had one in an earlier plane.
    fn has_one(&self, first: usize, count: usize) -> bool {
        self.integers.magnitudes[first..first + count].iter().any(|magnitude| magnitude >> self.plane != 0)
    }
}

impl Side for Writing<'_, '_> {
    fn begin(&mut self, plane: u32) {
        self.plane = plane;
    }

    fn element(&mut self, index: usize) -> bool {
        self.put(self.has_one(index, 1))
    }

    fn set(&mut self, set: &Set) -> bool {
        let found = set.rows(self.lengths).any(|(first, count)| self.has_one(first, count));
        self.put(found)
    }

    fn around(&mut self, level: u32) -> bool {
        let [width, height, _] = self.lengths;
        let inner = [width, height].map(|length| coarse(length, level));
        let below = Set { start: [0, inner[1], 0], lengths: [width, height - inner[1], 1] };
        let beside = Set { start: [inner[0], 0, 0], lengths: [width - inner[0], inner[1], 1] };
        let mut rows = below.rows(self.lengths).chain(beside.rows(self.lengths));
        let found = rows.any(|(first, count)| self.has_one(first, count));
        self.put(found)
    }

    fn sign(&mut self, index: usize) {
        self.put(!self.integers.negative.contains(index));
    }

    fn refine(&mut self, index: usize) -> bool {
        self.put(self.integers.magnitudes[index] >> self.plane & 1 != 0);
        true
    }

    fn settle(&mut self, _: usize) {}

    fn is_at_end(&self) -> bool {
        self.written() >= self.budget
    }
}
