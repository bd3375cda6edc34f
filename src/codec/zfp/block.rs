//! One block: bit planes, order, transform, scale.
//!
//! All arithmetic is on 64 bits; what is done on 32 is cut down to them wherever the upper ones would tell.

use super::header::Header;
use super::order::order;
use crate::codec::low_bits::Bits;

/// The bits of negabinary that count negative.
const NEGABINARY: u64 = 0xaaaa_aaaa_aaaa_aaaa;

pub(super) struct Decoder<'a> {
    header: &'a Header,
    /// Bits of a number.
    width: u32,
    planes: [u64; 256],
    numbers: [i64; 256],
    /// The elements as they are stored.
    elements: [u64; 256],
}

impl<'a> Decoder<'a> {
    pub(super) fn new(header: &'a Header) -> Self {
        let width = if header.wide { 64 } else { 32 };
        Decoder { header, width, planes: [0; 256], numbers: [0; 256], elements: [0; 256] }
    }

    fn len(&self) -> usize {
        1 << (2 * self.header.dimensions)
    }

    /// Decodes the next block.
    pub(super) fn decode(&mut self, bits: &mut Bits<'_>) {
        match (self.header.floating, self.header.is_reversible()) {
            (true, reversible) => self.decode_floating(bits, reversible),
            (false, reversible) => {
                if reversible {
                    self.decode_reversible(bits, 0);
                } else {
                    self.decode_integers(bits, 0, self.header.precision);
                    self.transform(lift);
                }
                self.put(|number| number.cast_unsigned());
            }
        }
    }

    fn decode_floating(&mut self, bits: &mut Bits<'_>, reversible: bool) {
        let exponent_bits = if self.header.wide { 11 } else { 8 };
        if !bits.take_one() {
            self.elements = [0; 256];
            return self.skip_rest(bits, 1);
        }
        if reversible && bits.take_one() {
            self.decode_reversible(bits, 2);
            // From two's complement to sign and magnitude.
            let magnitude = u64::MAX >> (65 - self.width);
            return self.put(|n| n.cast_unsigned() ^ if n < 0 { magnitude } else { 0 });
        }
        let bias = (1 << (exponent_bits - 1)) - 1;
        let exponent = i32::try_from(bits.take(exponent_bits)).unwrap_or(0) - bias;
        if reversible {
            self.decode_reversible(bits, 2 + exponent_bits);
        } else {
            let dimensions = i32::try_from(self.header.dimensions).unwrap_or(4);
            let counted =
                exponent.saturating_sub(self.header.min_exponent).saturating_add(2 * dimensions + 2);
            let precision = self.header.precision.min(u32::try_from(counted).unwrap_or(0));
            self.decode_integers(bits, 1 + exponent_bits, precision);
            self.transform(lift);
        }
        self.scale(exponent, reversible && exponent == -bias);
    }

    /// Turns the numbers to floating-point ones by the common exponent.
    fn scale(&mut self, exponent: i32, zero: bool) {
        if zero {
            self.elements = [0; 256];
        } else if self.header.wide {
            let scale = power_64(exponent - 62);
            self.put(|number| (scale * number as f64).to_bits());
        } else {
            let scale = power_32(exponent - 30);
            self.put(|number| u64::from((scale * number as f32).to_bits()));
        }
    }

    fn put(&mut self, element: impl Fn(i64) -> u64) {
        let len = self.len();
        for (to, &number) in self.elements.iter_mut().zip(&self.numbers[..len]) {
            *to = element(number);
        }
    }

    fn skip_rest(&self, bits: &mut Bits<'_>, used: u32) {
        bits.skip(self.header.min_bits.saturating_sub(used));
    }

    fn decode_reversible(&mut self, bits: &mut Bits<'_>, used: u32) {
        let precision_bits = if self.header.wide { 6 } else { 5 };
        let precision = u32::try_from(bits.take(precision_bits)).unwrap_or(0) + 1;
        self.decode_integers(bits, used + precision_bits, precision);
        self.transform(lift_reversibly);
    }

    /// Reads the coefficients of a block that has `used` bits behind it.
    fn decode_integers(&mut self, bits: &mut Bits<'_>, used: u32, precision: u32) {
        let most = self.header.max_bits.saturating_sub(used);
        let taken = self.decode_planes(bits, most, precision);
        self.skip_rest(bits, used + taken);
        let mask = NEGABINARY >> (64 - self.width);
        for (&at, &plane) in order(self.header.dimensions).iter().zip(&self.planes) {
            self.numbers[usize::from(at)] = fit((plane ^ mask).wrapping_sub(mask).cast_signed(), self.width);
        }
    }

    /// Reads bit planes, the highest first, and returns how many bits they took. Of each, as many bits as have been
    /// significant are there; then groups are told apart by a bit that says whether any of the rest is set.
    fn decode_planes(&mut self, bits: &mut Bits<'_>, most: u32, precision: u32) -> u32 {
        let (size, mut left, mut known) = (self.len(), most, 0);
        self.planes[..size].fill(0);
        for plane in (self.width.saturating_sub(precision)..self.width).rev() {
            if left == 0 {
                break;
            }
            let stored = known.min(usize::try_from(left).unwrap_or(known));
            left -= u32::try_from(stored).unwrap_or(left);
            for part in self.planes[..stored].chunks_mut(64) {
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
                self.planes[known] |= 1 << plane;
                known += 1;
            }
        }
        most - left
    }

    /// Applies the inverse transform along each dimension, the slowest first.
    fn transform(&mut self, lift: fn([i64; 4], u32) -> [i64; 4]) {
        let size = self.len();
        for dimension in (0..self.header.dimensions).rev() {
            let step = 1 << (2 * dimension);
            for start in (0..size).filter(|start| (start / step).is_multiple_of(4)) {
                let at = [0, 1, 2, 3].map(|k| start + k * step);
                let lifted = lift(at.map(|at| self.numbers[at]), self.width);
                for (at, number) in at.into_iter().zip(lifted) {
                    self.numbers[at] = number;
                }
            }
        }
    }

    /// Writes the elements of the block at a corner that lie in the array.
    pub(super) fn scatter(&self, corner: [usize; 4], output: &mut [u8]) {
        let (lengths, element) = (self.header.lengths, self.header.element());
        for (index, value) in self.elements[..self.len()].iter().enumerate() {
            let within = [index & 3, index >> 2 & 3, index >> 4 & 3, index >> 6];
            let place = [0, 1, 2, 3].map(|d| corner[d] + within[d]);
            if place.iter().zip(&lengths).any(|(place, length)| place >= length) {
                continue;
            }
            let at =
                place.iter().zip(&lengths).rev().fold(0, |at, (place, length)| at * length + place) * element;
            let to = &mut output[at..at + element];
            to.copy_from_slice(&value.to_le_bytes()[..element]);
            if self.header.swapped {
                to.reverse();
            }
        }
    }
}

/// Cuts a number down to its width.
fn fit(number: i64, width: u32) -> i64 {
    number << (64 - width) >> (64 - width)
}

/// The inverse of zfp's decorrelating transform, up to rounding.
fn lift([x, y, z, w]: [i64; 4], width: u32) -> [i64; 4] {
    let y = fit(y.wrapping_add(w >> 1), width);
    let w = w.wrapping_sub(y >> 1);
    let y = y.wrapping_add(w);
    let w = w.wrapping_sub(y.wrapping_sub(w));
    let z = z.wrapping_add(x);
    let x = x.wrapping_sub(z.wrapping_sub(x));
    let y = y.wrapping_add(z);
    let z = z.wrapping_sub(y.wrapping_sub(z));
    let w = w.wrapping_add(x);
    let x = x.wrapping_sub(w.wrapping_sub(x));
    [x, y, z, w].map(|number| fit(number, width))
}

/// The inverse of the transform of the reversible mode: sums in place of differences.
fn lift_reversibly([x, y, z, w]: [i64; 4], width: u32) -> [i64; 4] {
    let w = w.wrapping_add(z);
    let z = z.wrapping_add(y);
    let w = w.wrapping_add(z);
    let y = y.wrapping_add(x);
    let z = z.wrapping_add(y);
    let w = w.wrapping_add(z);
    [x, y, z, w].map(|number| fit(number, width))
}

/// Two to the power, down to the smallest number there is.
fn power_32(exponent: i32) -> f32 {
    match u32::try_from(exponent + 149) {
        Ok(shift @ 0..23) => f32::from_bits(1 << shift),
        Ok(shift) => f32::from_bits((shift - 22).min(254) << 23),
        Err(_) => 0.0,
    }
}

fn power_64(exponent: i32) -> f64 {
    match u64::try_from(exponent + 1074) {
        Ok(shift @ 0..52) => f64::from_bits(1 << shift),
        Ok(shift) => f64::from_bits((shift - 51).min(2046) << 52),
        Err(_) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two() {
        assert_eq!([0, 5, -126].map(power_32), [0, 5, -126].map(|e| 2f32.powi(e)));
        assert_eq!([0, 9, -1022].map(power_64), [0, 9, -1022].map(|e| 2f64.powi(e)));
        assert_eq!([-127, -149, -150].map(power_32), [f32::from_bits(1 << 22), f32::from_bits(1), 0.0]);
        assert_eq!([-1023, -1074, -1075].map(power_64), [f64::from_bits(1 << 51), f64::from_bits(1), 0.0]);
    }
}
