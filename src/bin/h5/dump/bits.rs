//! Integers and floating-point numbers of any layout, taken out of their bytes.

use h5::types::stored::{Bits, FloatingPoint, Normalization, Order};

/// A floating-point number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Float {
    pub(crate) negative: bool,
    pub(crate) size: Size,
}

/// A floating-point number without its sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Size {
    /// `mantissa * 2^exponent`
    Finite {
        mantissa: u128,
        exponent: i32,
    },
    Infinite,
    NotANumber,
}

/// The byte that has bits `8 * index` and up.
fn byte(bytes: &[u8], order: Order, index: usize) -> u8 {
    let place = match order {
        Order::Little => Some(index),
        Order::Big => bytes.len().checked_sub(index + 1),
        // Words of two bytes, the highest first.
        Order::Vax => bytes.len().checked_sub(index + 1).map(|place| place ^ 1),
    };
    place.and_then(|place| bytes.get(place)).copied().unwrap_or(0)
}

fn bit(bytes: &[u8], order: Order, index: usize) -> bool {
    byte(bytes, order, index / 8) >> (index % 8) & 1 == 1
}

/// Up to 128 bits from bit `offset` on.
fn slice(bytes: &[u8], order: Order, offset: usize, count: usize) -> u128 {
    let count = count.min(128);
    let first = offset / 8;
    let mut word = u128::from(byte(bytes, order, first) >> (offset % 8));
    let mut have = 8 - offset % 8;
    let mut index = first + 1;
    while have < count {
        word |= u128::from(byte(bytes, order, index)) << have;
        have += 8;
        index += 1;
    }
    if count == 128 { word } else { word & ((1 << count) - 1) }
}

/// An integer, or the nearest one that has 64 bits, as libhdf5 converts it.
pub(crate) fn integer(bytes: &[u8], bits: &Bits, signed: bool) -> i128 {
    let (offset, count) = (usize::from(bits.offset), usize::from(bits.precision));
    let negative = signed && count > 0 && bit(bytes, bits.order, offset + count - 1);
    // Of an integer with more bits only the sign matters where the others are not all like it.
    let mut wide = false;
    for index in 127..count.max(127) {
        wide |= bit(bytes, bits.order, offset + index) != negative;
    }
    let word = slice(bytes, bits.order, offset, count);
    let word = if negative && count < 128 { word | u128::MAX << count } else { word };
    let number = i128::from_le_bytes(word.to_le_bytes());
    let (least, most) = match signed {
        true => (i128::from(i64::MIN), i128::from(i64::MAX)),
        false => (0, i128::from(u64::MAX)),
    };
    match (wide, negative) {
        (true, true) => least,
        (true, false) => most,
        _ => number.clamp(least, most),
    }
}

/// The bits that count, without their sign.
pub(crate) fn field(bytes: &[u8], bits: &Bits) -> u128 {
    slice(bytes, bits.order, usize::from(bits.offset), usize::from(bits.precision))
}

/// A floating-point number.
pub(crate) fn float(bytes: &[u8], format: &FloatingPoint) -> Float {
    let order = format.bits.order;
    let negative = bit(bytes, order, usize::from(format.sign));
    let exponent_size = usize::from(format.exponent_size).min(31);
    let exponent = slice(bytes, order, usize::from(format.exponent), exponent_size);
    let mantissa_size = usize::from(format.mantissa_size).min(127);
    let mantissa = slice(bytes, order, usize::from(format.mantissa), mantissa_size);
    let implied = format.normalization == Normalization::Implied;
    let fraction_size = if implied { mantissa_size } else { mantissa_size.saturating_sub(1) };
    if exponent == (1 << exponent_size) - 1 && exponent_size > 0 {
        let fraction = mantissa & ((1 << fraction_size) - 1);
        let size = if fraction == 0 { Size::Infinite } else { Size::NotANumber };
        return Float { negative, size };
    }
    // Tiny numbers have the least exponent and no implied bit.
    let implied_bit = if implied && exponent > 0 { 1 << fraction_size } else { 0 };
    let exponent = i64::try_from(exponent.max(1)).unwrap_or(0);
    let shift = exponent - i64::from(format.bias) - i64::try_from(fraction_size).unwrap_or(0);
    let exponent = i32::try_from(shift).unwrap_or(if shift < 0 { i32::MIN } else { i32::MAX });
    Float { negative, size: Size::Finite { mantissa: mantissa | implied_bit, exponent } }
}

impl Float {
    /// The nearest number of 64 bits.
    pub(crate) fn to_f64(self) -> f64 {
        let size = match self.size {
            Size::NotANumber => f64::NAN,
            Size::Infinite => f64::INFINITY,
            Size::Finite { mantissa: 0, .. } => 0.0,
            Size::Finite { mantissa, exponent } => nearest(mantissa, i64::from(exponent)),
        };
        if self.negative { -size } else { size }
    }

    /// The nearest number of 32 bits.
    pub(crate) fn to_f32(self) -> f64 {
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest, as is wanted")]
        let narrow = self.to_f64() as f32;
        f64::from(narrow)
    }
}

fn nearest(mantissa: u128, exponent: i64) -> f64 {
    // 64 bits and a sticky one round as all bits would.
    let excess = i64::from(64u32.saturating_sub(mantissa.leading_zeros()));
    let lost = mantissa & ((1u128 << excess) - 1) != 0;
    let [kept, _] = halves(mantissa >> excess);
    let exponent = exponent + excess;
    let top = exponent + 63 - i64::from(kept.leading_zeros());
    if kept == 0 || top < -1080 {
        return 0.0;
    }
    if top > 1024 {
        return f64::INFINITY;
    }
    let unit = (top - 52).max(-1074);
    let shift = unit - exponent;
    let whole = match u32::try_from(shift) {
        Ok(0) => kept,
        Ok(shift) if shift > 64 => 0,
        Ok(shift) => round(u128::from(kept), shift, lost),
        Err(_) => kept << shift.unsigned_abs().min(63),
    };
    scale(whole, unit)
}

/// `number / 2^shift` rounded to even; `lost` says that there was something behind the number.
fn round(number: u128, shift: u32, lost: bool) -> u64 {
    let (whole, rest, half) = (number >> shift, number & ((1 << shift) - 1), 1u128 << (shift - 1));
    let up = rest > half || rest == half && (lost || whole % 2 == 1);
    halves(whole + u128::from(up))[0]
}

/// `number * 2^exponent`, exactly.
fn scale(number: u64, exponent: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "it has at most 53 bits")]
    let number = number as f64;
    let exponent = i32::try_from(exponent).unwrap_or(0);
    if exponent < -1000 {
        number * 2f64.powi(exponent + 100) * 2f64.powi(-100)
    } else {
        number * 2f64.powi(exponent)
    }
}

fn halves(number: u128) -> [u64; 2] {
    let low = number & u128::from(u64::MAX);
    [u64::try_from(low).unwrap_or(0), u64::try_from(number >> 64).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOUBLE: FloatingPoint = FloatingPoint {
        bits: Bits {
            order: Order::Little,
            offset: 0,
            precision: 64,
            low_padding: false,
            high_padding: false,
        },
        inner_padding: false,
        normalization: Normalization::Implied,
        sign: 63,
        exponent: 52,
        exponent_size: 11,
        mantissa: 0,
        mantissa_size: 52,
        bias: 1023,
    };

    #[test]
    fn ordinary_numbers_survive() {
        for number in [0.0, 1.0, -2.5, 1e300, 5e-324, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, -1e-310] {
            assert_eq!(float(&number.to_le_bytes(), &DOUBLE).to_f64(), number);
        }
        assert!(float(&f64::NAN.to_le_bytes(), &DOUBLE).to_f64().is_nan());
    }

    #[test]
    fn bits_are_found_in_every_order() {
        let bits = |order| Bits { order, offset: 4, precision: 9, low_padding: false, high_padding: false };
        let bytes = 0b0101_1010_0111_0000u16;
        assert_eq!(integer(&bytes.to_le_bytes(), &bits(Order::Little), false), 0b1_1010_0111);
        assert_eq!(integer(&bytes.to_be_bytes(), &bits(Order::Big), true), 0b1_1010_0111 - 512);
    }

    #[test]
    fn what_is_too_large_becomes_the_largest() {
        let bits =
            Bits { order: Order::Little, offset: 0, precision: 192, low_padding: false, high_padding: false };
        let mut bytes = [0; 24];
        bytes[23] = 1;
        assert_eq!(integer(&bytes, &bits, true), i128::from(i64::MAX));
        bytes[23] = 0x80;
        assert_eq!(integer(&bytes, &bits, true), i128::from(i64::MIN));
        assert_eq!(integer(&bytes, &bits, false), i128::from(u64::MAX));
        assert_eq!(integer(&[0xff; 24], &bits, true), -1);
    }
}
