//! One block: bit planes, order, transform, scale.
//!
//! All arithmetic is on 64 bits; what is done on 32 is cut down to them wherever the upper ones would tell.

use super::header::Header;
use super::lift::{Lift, fit, lift, lift_reversibly, unlift, unlift_reversibly};
use super::order::order;
use super::scale::{bias, common_exponent, dequantize, quantize};
use crate::codec::low_bits::{BitSink, Bits};

/// The bits of negabinary that count negative.
const NEGABINARY: u64 = 0xaaaa_aaaa_aaaa_aaaa;

pub(super) struct Block<'a> {
    header: &'a Header,
    /// Bits of a number.
    width: u32,
    /// The transformed numbers in negabinary, in the order in which they are stored.
    coefficients: [u64; 256],
    numbers: [i64; 256],
    /// The elements as they are stored.
    elements: [u64; 256],
}

impl<'a> Block<'a> {
    pub(super) fn new(header: &'a Header) -> Self {
        let width = if header.kind.wide { 64 } else { 32 };
        Block { header, width, coefficients: [0; 256], numbers: [0; 256], elements: [0; 256] }
    }

    fn len(&self) -> usize {
        1 << (2 * self.header.dimensions)
    }

    /// Decodes the next block.
    pub(super) fn decode(&mut self, bits: &mut Bits<'_>) {
        let reversible = self.header.mode.is_reversible();
        if self.header.kind.floating {
            return self.decode_floating(bits, reversible);
        }
        if reversible {
            self.decode_reversible(bits, 0);
        } else {
            self.decode_integers(bits, 0, self.header.mode.precision);
            self.untransform(unlift);
        }
        self.put(|number| number.cast_unsigned());
    }

    /// Encodes the elements as the next block.
    pub(super) fn encode(&mut self, bits: &mut BitSink<'_>) {
        let (start, reversible) = (bits.len(), self.header.mode.is_reversible());
        if self.header.kind.floating {
            self.encode_floating(bits, reversible);
        } else {
            self.take(|element| element.cast_signed());
            if reversible {
                self.encode_reversible(bits, 0);
            } else {
                self.encode_integers(bits, 0, self.header.mode.precision);
            }
        }
        bits.pad(u64::from(self.header.mode.min_bits).saturating_sub(bits.len() - start));
    }

    fn decode_floating(&mut self, bits: &mut Bits<'_>, reversible: bool) {
        let kind = self.header.kind;
        if !bits.take_one() {
            self.elements = [0; 256];
            return self.skip_rest(bits, 1);
        }
        if reversible && bits.take_one() {
            self.decode_reversible(bits, 2);
            let magnitude = self.magnitude();
            return self.put(|number| with_sign(number, magnitude).cast_unsigned());
        }
        let exponent = i32::try_from(bits.take(kind.exponent_bits())).unwrap_or(0) - bias(kind.wide);
        if reversible {
            self.decode_reversible(bits, 2 + kind.exponent_bits());
        } else {
            self.decode_integers(bits, 1 + kind.exponent_bits(), self.precision(exponent));
            self.untransform(unlift);
        }
        if reversible && exponent == -bias(kind.wide) {
            self.elements = [0; 256];
        } else {
            self.put(|number| dequantize(number, exponent, kind.wide));
        }
    }

    fn encode_floating(&mut self, bits: &mut BitSink<'_>, reversible: bool) {
        let kind = self.header.kind;
        let biased = common_exponent(&self.elements[..self.len()], kind.wide);
        let exponent = biased.cast_signed() - bias(kind.wide);
        if biased == 0 {
            self.numbers = [0; 256];
        } else {
            self.take(|element| quantize(element, exponent, kind.wide));
        }
        if reversible && !self.is_kept_by(exponent, biased == 0) {
            bits.put(0b11, 2);
            let (width, magnitude) = (self.width, self.magnitude());
            self.take(|element| with_sign(fit(element.cast_signed(), width), magnitude));
            return self.encode_reversible(bits, 2);
        }
        let precision = self.precision(exponent);
        if biased == 0 || !reversible && precision == 0 {
            return bits.put_one(false);
        }
        bits.put(1, if reversible { 2 } else { 1 });
        bits.put(u64::from(biased), kind.exponent_bits());
        if reversible {
            self.encode_reversible(bits, 2 + kind.exponent_bits());
        } else {
            self.encode_integers(bits, 1 + kind.exponent_bits(), precision);
        }
    }

    /// Tells whether the numbers become the elements again, to the last bit.
    fn is_kept_by(&self, exponent: i32, zero: bool) -> bool {
        let mut pairs = self.elements[..self.len()].iter().zip(&self.numbers);
        if zero {
            return pairs.all(|(&element, _)| element == 0);
        }
        pairs.all(|(&element, &number)| element == dequantize(number, exponent, self.header.kind.wide))
    }

    /// The bit planes that count in a block of this exponent.
    fn precision(&self, exponent: i32) -> u32 {
        let (mode, dimensions) = (&self.header.mode, self.header.dimensions);
        let counted = exponent.saturating_sub(mode.min_exponent);
        let counted = counted.saturating_add(2 * i32::try_from(dimensions).unwrap_or(4) + 2);
        mode.precision.min(u32::try_from(counted).unwrap_or(0))
    }

    /// All bits of an element but its sign.
    fn magnitude(&self) -> i64 {
        (u64::MAX >> (65 - self.width)).cast_signed()
    }

    fn put(&mut self, element: impl Fn(i64) -> u64) {
        let len = self.len();
        for (to, &number) in self.elements.iter_mut().zip(&self.numbers[..len]) {
            *to = element(number);
        }
    }

    /// The inverse of `put`.
    fn take(&mut self, number: impl Fn(u64) -> i64) {
        let len = self.len();
        for (to, &element) in self.numbers.iter_mut().zip(&self.elements[..len]) {
            *to = fit(number(element), self.width);
        }
    }

    fn skip_rest(&self, bits: &mut Bits<'_>, used: u32) {
        bits.skip(self.header.mode.min_bits.saturating_sub(used));
    }

    fn decode_reversible(&mut self, bits: &mut Bits<'_>, used: u32) {
        let precision_bits = self.header.kind.precision_bits();
        let precision = u32::try_from(bits.take(precision_bits)).unwrap_or(0) + 1;
        self.decode_integers(bits, used + precision_bits, precision);
        self.untransform(unlift_reversibly);
    }

    /// Puts the numbers, of a block that has `used` bits behind it, with as many bit planes as they take.
    fn encode_reversible(&mut self, bits: &mut BitSink<'_>, used: u32) {
        let precision_bits = self.header.kind.precision_bits();
        self.transform(lift_reversibly);
        let set = self.coefficients[..self.len()].iter().fold(0, |set, coefficient| set | coefficient);
        let precision = self.width.saturating_sub(set.trailing_zeros());
        let precision = precision.min(self.header.mode.precision).max(1);
        bits.put(u64::from(precision - 1), precision_bits);
        let most = self.header.mode.max_bits.saturating_sub(used + precision_bits);
        self.encode_planes(bits, most, precision);
    }

    /// Reads the coefficients of a block that has `used` bits behind it.
    fn decode_integers(&mut self, bits: &mut Bits<'_>, used: u32, precision: u32) {
        let most = self.header.mode.max_bits.saturating_sub(used);
        let taken = self.decode_planes(bits, most, precision);
        self.skip_rest(bits, used + taken);
    }

    /// Puts the numbers, of a block that has `used` bits behind it.
    fn encode_integers(&mut self, bits: &mut BitSink<'_>, used: u32, precision: u32) {
        self.transform(lift);
        self.encode_planes(bits, self.header.mode.max_bits.saturating_sub(used), precision);
    }

    /// Reads bit planes, the highest first, and returns how many bits they took. Of each, as many bits as have been
    /// significant are there; then groups are told apart by a bit that says whether any of the rest is set.
    fn decode_planes(&mut self, bits: &mut Bits<'_>, most: u32, precision: u32) -> u32 {
        let (size, mut left, mut known) = (self.len(), most, 0);
        self.coefficients[..size].fill(0);
        for plane in (self.width.saturating_sub(precision)..self.width).rev() {
            if left == 0 {
                break;
            }
            let stored = known.min(usize::try_from(left).unwrap_or(known));
            left -= u32::try_from(stored).unwrap_or(left);
            for part in self.coefficients[..stored].chunks_mut(64) {
                let mut set = bits.take(u32::try_from(part.len()).unwrap_or(0));
                for coefficient in part {
                    *coefficient |= (set & 1) << plane;
                    set >>= 1;
                }
            }
            while known < size && left > 0 {
                left -= 1;
                if !bits.take_one() {
                    break;
                }
                while known < size - 1 && left > 0 {
                    left -= 1;
                    if bits.take_one() {
                        break;
                    }
                    known += 1;
                }
                self.coefficients[known] |= 1 << plane;
                known += 1;
            }
        }
        most - left
    }

    /// The inverse of `decode_planes`, with at most so many bits.
    fn encode_planes(&self, bits: &mut BitSink<'_>, most: u32, precision: u32) {
        let (mut left, mut known) = (most, 0);
        let coefficients = &self.coefficients[..self.len()];
        let last = coefficients.len() - 1;
        for plane in (self.width.saturating_sub(precision)..self.width).rev() {
            if left == 0 {
                break;
            }
            let stored = known.min(usize::try_from(left).unwrap_or(known));
            left -= u32::try_from(stored).unwrap_or(left);
            for part in coefficients[..stored].chunks(64) {
                let set = part.iter().rev().fold(0, |set, coefficient| set << 1 | coefficient >> plane & 1);
                bits.put(set, u32::try_from(part.len()).unwrap_or(0));
            }
            let is_set = |coefficient: &u64| coefficient >> plane & 1 != 0;
            while known <= last && left > 0 {
                left -= 1;
                let next = coefficients[known..].iter().position(is_set);
                bits.put_one(next.is_some());
                let Some(zeros) = next else { break };
                let next = known + zeros;
                // That the last one is set goes without saying.
                let run = u32::try_from(zeros).unwrap_or(0) + u32::from(next < last);
                let stored = run.min(left);
                left -= stored;
                bits.pad(u64::from(stored.min(u32::try_from(zeros).unwrap_or(0))));
                if next < last && stored == run {
                    bits.put_one(true);
                }
                known = next + 1;
            }
        }
    }

    /// Makes numbers of the coefficients, by the inverse transform along each dimension, the slowest first.
    fn untransform(&mut self, unlift: Lift) {
        let mask = NEGABINARY >> (64 - self.width);
        for (&at, &coefficient) in order(self.header.dimensions).iter().zip(&self.coefficients) {
            let number = (coefficient ^ mask).wrapping_sub(mask).cast_signed();
            self.numbers[usize::from(at)] = fit(number, self.width);
        }
        (0..self.header.dimensions).rev().for_each(|dimension| self.transform_along(dimension, unlift));
    }

    /// Makes coefficients of the numbers, by the transform along each dimension, the fastest first.
    fn transform(&mut self, lift: Lift) {
        (0..self.header.dimensions).for_each(|dimension| self.transform_along(dimension, lift));
        let mask = NEGABINARY >> (64 - self.width);
        for (&at, coefficient) in order(self.header.dimensions).iter().zip(&mut self.coefficients) {
            let number = self.numbers[usize::from(at)].cast_unsigned();
            *coefficient = (number.wrapping_add(mask) ^ mask) & u64::MAX >> (64 - self.width);
        }
    }

    fn transform_along(&mut self, dimension: usize, lift: Lift) {
        let step = 1 << (2 * dimension);
        for start in (0..self.len()).filter(|start| (start / step).is_multiple_of(4)) {
            let at = [0, 1, 2, 3].map(|k| start + k * step);
            let lifted = lift(at.map(|at| self.numbers[at]), self.width);
            for (at, number) in at.into_iter().zip(lifted) {
                self.numbers[at] = number;
            }
        }
    }

    /// Writes the elements of the block at a corner that lie in the array.
    pub(super) fn scatter(&self, corner: [usize; 4], output: &mut [u8]) {
        let (lengths, element) = (self.header.lengths, self.header.element());
        for (index, value) in self.elements[..self.len()].iter().enumerate() {
            let within = within(index);
            let place = [0, 1, 2, 3].map(|d| corner[d] + within[d]);
            if place.iter().zip(&lengths).any(|(place, length)| place >= length) {
                continue;
            }
            let at = self.header.offset(place);
            let to = &mut output[at..at + element];
            to.copy_from_slice(&value.to_le_bytes()[..element]);
            if self.header.swapped {
                to.reverse();
            }
        }
    }

    /// Reads the elements of the block at a corner; for those outside of the array stand others of the same line.
    pub(super) fn gather(&mut self, corner: [usize; 4], input: &[u8]) {
        let (lengths, element) = (self.header.lengths, self.header.element());
        let len = self.len();
        for (index, value) in self.elements[..len].iter_mut().enumerate() {
            let within = within(index);
            let place = [0, 1, 2, 3].map(|d| match lengths[d] - corner[d] {
                left if within[d] < left => corner[d] + within[d],
                _ if within[d] == 3 => corner[d],
                left => corner[d] + left - 1,
            });
            let at = self.header.offset(place);
            let mut bytes = [0; 8];
            bytes[..element].copy_from_slice(&input[at..at + element]);
            if self.header.swapped {
                bytes[..element].reverse();
            }
            *value = u64::from_le_bytes(bytes);
        }
    }
}

/// The place of an element in its block.
fn within(index: usize) -> [usize; 4] {
    [index & 3, index >> 2 & 3, index >> 4 & 3, index >> 6]
}

/// From two's complement to sign and magnitude, and back.
fn with_sign(number: i64, magnitude: i64) -> i64 {
    if number < 0 { number ^ magnitude } else { number }
}
