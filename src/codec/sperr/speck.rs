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

use super::levels::Lengths;
use super::mask::Mask;
use super::sets::{Order, Parts, Set, Start, finer};
use crate::base::{Result, to_usize};
use crate::codec::damaged;
use crate::codec::input::Input;
use crate::codec::low_bits::Bits;

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
        let (total, complete) = (self.total, self.is_complete());
        let mut decoder = Decoder::new(self, lengths, order);
        decoder.decode();
        let taken = decoder.stream.bits.taken();
        if complete && taken != total {
            return Err(damaged("sperr", format!("{total} bits, of which {taken} are used")));
        }
        Ok(decoder.integers)
    }
}

struct Decoder<'a> {
    stream: Stream<'a>,
    lengths: Lengths,
    order: Order,
    integers: Integers,
    /// Single elements that had no one so far.
    zeros: Mask,
    /// Elements that had a one in an earlier plane, and those that had their first in this one.
    ones: Mask,
    fresh: Vec<usize>,
    /// Sets that had no one so far.
    sets: Start,
    /// Sets that are being split, each with the parts to come.
    open: Vec<Open>,
}

struct Open {
    parts: Parts,
    at: usize,
    /// One of the parts before has a one.
    found: bool,
}

impl<'a> Decoder<'a> {
    fn new(stream: Stream<'a>, lengths: Lengths, order: Order) -> Self {
        let count = lengths.iter().map(|&length| length as usize).product();
        Decoder {
            stream,
            lengths,
            order,
            integers: Integers { magnitudes: vec![0; count], negative: Mask::new(count) },
            zeros: Mask::new(count),
            ones: Mask::new(count),
            fresh: Vec::new(),
            sets: Start::new(lengths, order),
            open: Vec::new(),
        }
    }

    fn decode(&mut self) {
        for plane in (0..self.stream.planes).rev() {
            let threshold = 1 << plane;
            self.sort();
            if self.is_at_end() {
                self.settle(threshold);
                return;
            }
            self.refine(threshold);
            self.settle(threshold);
            if self.is_at_end() {
                return;
            }
        }
    }

    fn is_at_end(&self) -> bool {
        self.stream.bits.taken() >= self.stream.available
    }

    /// Finds the elements that have their first one in this plane.
    fn sort(&mut self) {
        let mut from = 0;
        while let Some(index) = self.zeros.next(from) {
            if self.stream.bits.take_one() {
                self.zeros.clear(index);
                self.meet(index);
            }
            from = index + 1;
        }
        for level in (0..self.sets.lists.len()).rev() {
            let mut list = std::mem::take(&mut self.sets.lists[level]);
            list.retain(|set| {
                let found = self.stream.bits.take_one();
                if found {
                    self.split(set, level);
                }
                !found
            });
            // What a set is split into belongs to higher levels, so nothing was added here meanwhile.
            self.sets.lists[level] = list;
        }
        self.look_around();
    }

    /// An element has its first one.
    fn meet(&mut self, index: usize) {
        if !self.stream.bits.take_one() {
            self.integers.negative.set(index);
        }
        self.fresh.push(index);
    }

    /// Splits a set down to the single elements with a one. No more sets are open than a length can be halved.
    fn split(&mut self, set: &Set, level: usize) {
        self.open.push(Open { parts: set.split(self.order, level), at: 0, found: false });
        while let Some(open) = self.open.last_mut() {
            let parts = open.parts.as_slice();
            let Some(&part) = parts.get(open.at) else {
                self.open.pop();
                continue;
            };
            open.at += 1;
            let is_sure = open.at == parts.len() && !open.found;
            let level = open.parts.level;
            let found = is_sure || self.stream.bits.take_one();
            open.found |= found;
            match (part.is_single(), found) {
                (true, true) => self.meet(self.index(&part)),
                (true, false) => {
                    let index = self.index(&part);
                    self.zeros.set(index);
                }
                (false, true) => {
                    self.open.push(Open { parts: part.split(self.order, level), at: 0, found: false });
                }
                (false, false) => self.sets.lists[level].push(part),
            }
        }
    }

    fn index(&self, set: &Set) -> usize {
        let [x, y, z] = set.start.map(|start| start as usize);
        (z * self.lengths[1] as usize + y) * self.lengths[0] as usize + x
    }

    /// Of a plane: what lies around the levels that are in sets by now.
    fn look_around(&mut self) {
        let mut is_sure = false;
        while self.sets.around > 0 && (is_sure || self.stream.bits.take_one()) {
            is_sure = true;
            let level = self.sets.around as usize;
            for part in finer(self.lengths, self.sets.around) {
                if self.stream.bits.take_one() {
                    is_sure = false;
                    self.split(&part, level);
                } else {
                    self.sets.lists[level].push(part);
                }
            }
            self.sets.around -= 1;
        }
    }

    /// Halves the interval of the elements that had a one in an earlier plane, as far as there are bits.
    fn refine(&mut self, threshold: u64) {
        let half = threshold / 2;
        let mut from = 0;
        while let Some(index) = self.ones.next(from) {
            let magnitude = &mut self.integers.magnitudes[index];
            match (self.stream.bits.take_one(), half) {
                (true, 0) => *magnitude += 1,
                (true, _) => *magnitude += half,
                (false, _) => *magnitude -= half,
            }
            if self.is_at_end() {
                return;
            }
            from = index + 1;
        }
    }

    /// Puts what is new into the middle of its interval, the lower of the two numbers there.
    fn settle(&mut self, threshold: u64) {
        for index in self.fresh.drain(..) {
            self.integers.magnitudes[index] = threshold + (threshold - threshold / 2 - 1);
            self.ones.set(index);
        }
    }
}
