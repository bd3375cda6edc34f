//! Numbers of any layout, by the fields of their datatype: any width, offset, precision, byte order, float format.

use super::numeric::Native;
use crate::format::datatype::{Bits, Class, Datatype, FloatingPoint, Normalization, Order};

/// Reads numbers that no machine type is into 64-bit machine numbers.
#[derive(Clone, Debug)]
pub(crate) struct BitReader {
    size: usize,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Unsigned(Bits),
    Signed(Bits),
    Float(FloatingPoint),
}

/// The widest word that is put together; wider numbers have to be read as their bytes.
const WIDEST: usize = 16;

impl BitReader {
    /// None for types that are no numbers, and for integers over 64 bits, which no result could hold.
    pub(crate) fn new(datatype: &Datatype) -> Option<Self> {
        let size = usize::try_from(datatype.size).ok().filter(|&size| size <= WIDEST)?;
        let width = u32::from(u16::try_from(datatype.size).ok()?) * 8;
        let fits = |bits: &Bits| u32::from(bits.offset) + u32::from(bits.precision) <= width;
        let kind = match &datatype.class {
            Class::FixedPoint(number) if fits(&number.bits) && number.bits.precision <= 64 => {
                if number.signed { Kind::Signed(number.bits) } else { Kind::Unsigned(number.bits) }
            }
            Class::BitField(bits) if fits(bits) && bits.precision <= 64 => Kind::Unsigned(*bits),
            Class::FloatingPoint(number) if is_consistent(number, width) => Kind::Float(*number),
            _ => return None,
        };
        Some(BitReader { size, kind })
    }

    /// What `read` puts out.
    pub(super) fn output(&self) -> Native {
        match self.kind {
            Kind::Unsigned(_) => Native::U64,
            Kind::Signed(_) => Native::I64,
            Kind::Float(_) => Native::F64,
        }
    }

    /// Reads elements into 8 bytes each.
    pub(super) fn read(&self, source: &[u8], target: &mut [u8]) {
        for (source, target) in source.chunks_exact(self.size).zip(target.chunks_exact_mut(8)) {
            let number = match &self.kind {
                Kind::Unsigned(bits) => self.unsigned(bits, source).to_ne_bytes(),
                Kind::Signed(bits) => self.signed(bits, source).to_ne_bytes(),
                Kind::Float(number) => float(number, word(source, number.bits.order)).to_ne_bytes(),
            };
            target.copy_from_slice(&number);
        }
    }

    fn unsigned(&self, bits: &Bits, source: &[u8]) -> u64 {
        let value = field(word(source, bits.order), u32::from(bits.offset), u32::from(bits.precision));
        // The precision is at most 64.
        u64::try_from(value).unwrap_or(u64::MAX)
    }

    fn signed(&self, bits: &Bits, source: &[u8]) -> i64 {
        let spare = 64 - u32::from(bits.precision.clamp(1, 64));
        (self.unsigned(bits, source) << spare).cast_signed() >> spare
    }
}

fn is_consistent(number: &FloatingPoint, width: u32) -> bool {
    let end = |start: u8, len: u8| u32::from(start) + u32::from(len);
    end(number.exponent, number.exponent_size) <= width
        && end(number.mantissa, number.mantissa_size) <= width
        && u32::from(number.sign) < width
        && number.exponent_size <= 32
        && number.normalization != Normalization::Reserved
}

/// The element as one word, its first byte being the lowest, the highest or that of the lowest highest pair.
fn word(source: &[u8], order: Order) -> u128 {
    let mut bytes = [0; WIDEST];
    let target = &mut bytes[..source.len()];
    target.copy_from_slice(source);
    match order {
        Order::Little => {}
        Order::Big => target.reverse(),
        // Words of two little-endian bytes, the highest word first.
        Order::Vax => {
            target.reverse();
            target.chunks_exact_mut(2).for_each(<[u8]>::reverse);
        }
    }
    u128::from_le_bytes(bytes)
}

fn field(word: u128, offset: u32, len: u32) -> u128 {
    let mask = 1u128.checked_shl(len).map_or(u128::MAX, |bit| bit - 1);
    word.checked_shr(offset).unwrap_or(0) & mask
}

/// The number that sign, exponent and mantissa make; an exponent of all ones is infinite or no number.
fn float(number: &FloatingPoint, word: u128) -> f64 {
    let mantissa = field(word, u32::from(number.mantissa), u32::from(number.mantissa_size));
    let exponent_size = u32::from(number.exponent_size);
    let exponent = field(word, u32::from(number.exponent), exponent_size);
    let negative = field(word, u32::from(number.sign), 1) == 1;
    let all_ones = field(u128::MAX, 0, exponent_size);
    let bias = i64::from(number.bias);
    let magnitude = if exponent == all_ones && exponent_size > 0 {
        if mantissa == 0 { f64::INFINITY } else { f64::NAN }
    } else {
        let exponent = i64::try_from(exponent).unwrap_or(i64::MAX);
        let size = i64::from(number.mantissa_size);
        let implied = number.normalization == Normalization::Implied && exponent != 0;
        let significand = mantissa | if implied { field(u128::MAX, 0, 1) << number.mantissa_size } else { 0 };
        // Denormal numbers have the exponent of the smallest normal ones.
        let power =
            if exponent == 0 && number.normalization == Normalization::Implied { 1 } else { exponent };
        let point = if number.normalization == Normalization::Stored { size - 1 } else { size };
        scale(significand, power - bias - point)
    };
    if negative { -magnitude } else { magnitude }
}

/// significand · 2^power, rounded once.
fn scale(significand: u128, power: i64) -> f64 {
    if significand == 0 {
        return 0.0;
    }
    let len = i64::from(128 - significand.leading_zeros());
    // 2^top is the leading bit's weight; below 2^-1022 numbers lose bits from the end.
    let top = power + len - 1;
    let keep = if top < -1022 { 53 - (-1022 - top) } else { 53 };
    if top > 1023 {
        return f64::INFINITY;
    }
    let cut = (len - keep).clamp(0, 128);
    let rounded = round_off(significand, u32::try_from(cut).unwrap_or(128));
    // At most 54 bits are left: exact in a double, as is each of the two powers of two.
    let exact = rounded as f64;
    let power = power + cut;
    let half = power / 2;
    exact * power_of_two(half) * power_of_two(power - half)
}

/// Cuts bits off, to the nearest, ties to even.
fn round_off(value: u128, bits: u32) -> u128 {
    let Some(kept) = value.checked_shr(bits) else { return 0 };
    let rest = field(value, 0, bits);
    let half = if bits == 0 { return value } else { 1u128 << (bits - 1) };
    let up = rest > half || (rest == half && kept & 1 == 1);
    kept + u128::from(up)
}

fn power_of_two(power: i64) -> f64 {
    // Halves of the powers that `scale` meets are far inside the range of normal doubles.
    let biased = u64::try_from(power.clamp(-1022, 1023) + 1023).unwrap_or(0);
    f64::from_bits(biased << 52)
}
