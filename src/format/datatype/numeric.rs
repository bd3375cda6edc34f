//! The properties of the classes whose elements are bits in a word: integers, floats, bit fields, times.
//!
//! Specification 4.0, IV.A.2.d, classes 0, 1, 2 and 4.
//!
//! ```text
//! fixed point, bit field                     floating point
//!  0  2  bit offset                           0  2  bit offset
//!  2  2  bit precision                        2  2  bit precision
//!                                             4  1  exponent location
//! class bits                                  5  1  exponent size
//!  0     byte order: 0 little, 1 big          6  1  mantissa location
//!  1     padding below the value              7  1  mantissa size
//!  2     padding above it                     8  4  exponent bias
//!  3     signed (fixed point) or
//!        padding inside (floating point)     class bits
//!                                             4-5   normalisation; 6 with 0: VAX order; 8-15 sign location
//! ```

use crate::base::{Reader, Result, Writer};

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
    /// Pairs of bytes swapped, as on a VAX; floating point only.
    Vax,
}

impl Order {
    /// The byte order of this machine.
    pub(crate) const NATIVE: Order = if cfg!(target_endian = "big") { Order::Big } else { Order::Little };

    pub(super) fn of(bits: u32) -> Self {
        if bits & 1 == 0 { Order::Little } else { Order::Big }
    }

    pub(super) fn bit(self) -> u32 {
        match self {
            Order::Little => 0,
            Order::Big => 1,
            Order::Vax => 0x41,
        }
    }
}

/// Some bits of a word, and what the word's other bits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// The byte order of the word.
    pub order: Order,
    /// The lowest bit that counts.
    pub offset: u16,
    /// The bits that count.
    pub precision: u16,
    /// Whether the bits below are ones.
    pub low_padding: bool,
    /// Whether the bits above are ones.
    pub high_padding: bool,
}

impl Bits {
    /// All bits of a word of `size` bytes.
    pub(crate) fn whole(order: Order, size: u8) -> Self {
        Bits { order, offset: 0, precision: u16::from(size) * 8, low_padding: false, high_padding: false }
    }

    pub(super) fn decode(r: &mut Reader<'_>, bits: u32) -> Result<Self> {
        let (low_padding, high_padding) = (bits & 2 != 0, bits & 4 != 0);
        Ok(Bits { order: Order::of(bits), offset: r.u16()?, precision: r.u16()?, low_padding, high_padding })
    }

    pub(super) fn bits(&self) -> u32 {
        self.order.bit() | u32::from(self.low_padding) << 1 | u32::from(self.high_padding) << 2
    }

    pub(super) fn encode(&self, w: &mut Writer) {
        w.u16(self.offset);
        w.u16(self.precision);
    }
}

/// An integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedPoint {
    /// Which bits of the word it is.
    pub bits: Bits,
    /// Whether it is in two's complement.
    pub signed: bool,
}

impl FixedPoint {
    pub(super) fn decode(r: &mut Reader<'_>, bits: u32) -> Result<Self> {
        Ok(FixedPoint { bits: Bits::decode(r, bits)?, signed: bits & 8 != 0 })
    }

    pub(super) fn bits(&self) -> u32 {
        self.bits.bits() | u32::from(self.signed) << 3
    }

    pub(super) fn encode(&self, w: &mut Writer) {
        self.bits.encode(w);
    }
}

/// What stands before the mantissa's stored bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalization {
    /// Nothing: the value is as stored.
    None,
    /// The highest bit is stored, and set.
    Stored,
    /// The highest bit is set, and not stored, as in IEEE 754.
    Implied,
    /// A value that the format does not define.
    Reserved,
}

/// A floating-point number by the places of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloatingPoint {
    /// Which bits of the word it is.
    pub bits: Bits,
    /// Whether bits between the parts are ones.
    pub inner_padding: bool,
    /// What stands before the mantissa.
    pub normalization: Normalization,
    /// The sign's bit.
    pub sign: u8,
    /// The exponent's lowest bit.
    pub exponent: u8,
    /// The exponent's number of bits.
    pub exponent_size: u8,
    /// The mantissa's lowest bit.
    pub mantissa: u8,
    /// The mantissa's number of bits.
    pub mantissa_size: u8,
    /// What is taken from the exponent.
    pub bias: u32,
}

impl FloatingPoint {
    pub(super) fn decode(r: &mut Reader<'_>, flags: u32) -> Result<Self> {
        let at = r.clone();
        let mut bits = Bits::decode(r, flags)?;
        bits.order = match (flags & 1, flags >> 6 & 1) {
            (order, 0) => Order::of(order),
            (1, _) => Order::Vax,
            _ => return Err(at.bad("byte order", 2u8, "little, big and VAX are known")),
        };
        let normalization = match flags >> 4 & 3 {
            0 => Normalization::None,
            1 => Normalization::Stored,
            2 => Normalization::Implied,
            _ => Normalization::Reserved,
        };
        Ok(FloatingPoint {
            bits,
            inner_padding: flags & 8 != 0,
            normalization,
            sign: (flags >> 8 & 0xff).to_le_bytes()[0],
            exponent: r.u8()?,
            exponent_size: r.u8()?,
            mantissa: r.u8()?,
            mantissa_size: r.u8()?,
            bias: r.u32()?,
        })
    }

    pub(super) fn bits(&self) -> u32 {
        self.bits.bits()
            | u32::from(self.inner_padding) << 3
            | (self.normalization as u32) << 4
            | u32::from(self.sign) << 8
    }

    pub(super) fn encode(&self, w: &mut Writer) {
        self.bits.encode(w);
        w.put(&[self.exponent, self.exponent_size, self.mantissa, self.mantissa_size]);
        w.u32(self.bias);
    }
}
