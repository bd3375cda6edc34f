//! Scale-offset (filter 6): every value less the chunk's smallest one, in as many bits as the largest then needs.
//!
//! ```text
//!  0  4  bits per value
//!  4  1  bytes of the smallest value that are used, 8
//!  5  8  the smallest value: a sign-extended integer, or the bits of a float
//! 13  8  not used
//! 21  .  the values, the highest bit of each first; or as they are, little-endian, when they need all their bits
//! ```
//!
//! All bits set stand for the fill value, if there is one. Floats become integers by a power of ten first
//! ("D-scaling"), which loses the digits behind it; libhdf5 has never implemented the other way, "E-scaling".
//!
//! Client data, 20 values: scale type, scale factor, elements of the chunk, class, size, sign, byte order, whether
//! there is a fill value, and that value from its lowest four bytes on. The scale factor is the power of ten, or for
//! integers the number of bits, with 0 for "as many as needed".

use super::bits::{BitReader, BitWriter};
use super::{ChunkShape, Encoded, Filter, FilterCall, asked_for, damaged, id};
use crate::base::{Error, Result, element_count, to_usize};
use crate::format::datatype::{Class, Order};

#[derive(Debug)]
pub(super) struct ScaleOffset;

const VALUES: usize = 20;
const HEADER: usize = 21;
const D_SCALE: u32 = 0;
const E_SCALE: u32 = 1;
const INTEGER: u32 = 2;

impl Filter for ScaleOffset {
    fn id(&self) -> u16 {
        id::SCALE_OFFSET
    }

    fn name(&self) -> &'static str {
        "scaleoffset"
    }

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        let &[scale_type, factor, ..] = values else {
            return Err(Error::misuse("scaleoffset needs a scale type and a scale factor"));
        };
        let (class, signed, order) = match &chunk.datatype.class {
            Class::FixedPoint(number) => (0, u32::from(number.signed), number.bits.order),
            Class::FloatingPoint(number) => (1, 0, number.bits.order),
            _ => return Err(Error::misuse("scaleoffset takes integers and floats only")),
        };
        let order = match order {
            Order::Little => 0,
            Order::Big => 1,
            Order::Vax => return Err(Error::misuse("scaleoffset does not take VAX byte order")),
        };
        let elements = element_count(chunk.shape)?;
        let count = u32::try_from(elements).map_err(|_| Error::misuse("over 2^32 elements in a chunk"))?;
        let mut stored = vec![scale_type, factor, count, class, chunk.element_size(), signed, order];
        // A fill value that nobody set is zero, and is treated apart too.
        stored.push(1);
        let mut fill = chunk.fill.unwrap_or_default().to_vec();
        if chunk.fill.is_some() && fill.len() as u64 != u64::from(chunk.element_size()) {
            return Err(Error::misuse(format!("a fill value of {} bytes", fill.len())));
        }
        if order == 1 {
            fill.reverse();
        }
        stored.extend(fill.chunks(4).map(|part| part.iter().rev().fold(0, |n, &b| n << 8 | u32::from(b))));
        stored.resize(VALUES, 0);
        Parameters::of(&stored).map_err(asked_for)?;
        Ok(stored)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let parameters = Parameters::of(call.values)?;
        let bytes = if parameters.is_plain() { input.len() } else { parameters.bytes()? };
        if bytes > call.limit {
            return Err(damaged("scaleoffset", format!("over {} bytes come out", call.limit)));
        }
        if parameters.is_plain() {
            output.extend_from_slice(input);
            return Ok(());
        }
        output.resize(bytes, 0);
        match parameters.size {
            1 => parameters.unpack::<1>(input, output),
            2 => parameters.unpack::<2>(input, output),
            4 => parameters.unpack::<4>(input, output),
            _ => parameters.unpack::<8>(input, output),
        }
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let parameters = Parameters::of(call.values)?;
        if parameters.is_plain() {
            output.extend_from_slice(input);
            return Ok(Encoded::Done);
        }
        if input.len() != parameters.bytes()? {
            return Err(Error::misuse("scaleoffset must come before filters that change the chunk's size"));
        }
        match parameters.size {
            1 => parameters.pack::<1>(input, output),
            2 => parameters.pack::<2>(input, output),
            4 => parameters.pack::<4>(input, output),
            _ => parameters.pack::<8>(input, output),
        }
        Ok(Encoded::Done)
    }
}

/// What the client data says.
#[derive(Clone, Copy, Debug)]
struct Parameters {
    count: u32,
    /// Bytes of an element: 1, 2, 4 or 8.
    size: usize,
    kind: Kind,
    big: bool,
    fill: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// `width` is the number of bits that the caller asked for; 0 if they are to be counted.
    Integer {
        signed: bool,
        width: u32,
    },
    Float {
        digits: i32,
    },
}

/// A chunk as it is stored: the number of bits, the smallest value, and the packed values.
struct Stored<'a> {
    width: u32,
    smallest: u64,
    packed: &'a [u8],
}

impl Parameters {
    fn of(values: &[u32]) -> Result<Self> {
        let Ok(values) = <&[u32; VALUES]>::try_from(values) else {
            return Err(Error::field("number of scaleoffset values", values.len() as u64, "it must be 20"));
        };
        let &[_, _, count, _, size, _, order, has_fill, low, high, ..] = values;
        let kind = Kind::of(values)?;
        match (kind, size) {
            (Kind::Integer { .. }, 1 | 2 | 4 | 8) | (Kind::Float { .. }, 4 | 8) => {}
            _ => return Err(bad("scaleoffset element size", size, "1, 2, 4, 8; for floats 4, 8")),
        }
        match kind {
            Kind::Integer { width, .. } if width > size * 8 => {
                return Err(bad("number of bits", width, "an element has fewer"));
            }
            _ if order > 1 => return Err(bad("scaleoffset byte order", order, "0 and 1 are known")),
            _ => {}
        }
        let fill = (u64::from(high) << 32 | u64::from(low)) & mask(size * 8);
        let size = to_usize(u64::from(size))?;
        Ok(Parameters { count, size, kind, big: order == 1, fill: (has_fill == 1).then_some(fill) })
    }

    /// The bits of an element.
    fn bits(&self) -> u32 {
        match self.size {
            1 => 8,
            2 => 16,
            4 => 32,
            _ => 64,
        }
    }

    fn bytes(&self) -> Result<usize> {
        to_usize(u64::from(self.count) * self.size as u64)
    }

    /// Whether the caller asked for all bits; then there is not even a header.
    fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Integer { width, .. } if width == self.bits())
    }

    fn unpack<const N: usize>(&self, input: &[u8], output: &mut [u8]) -> Result<()> {
        let stored = Stored::of(input)?;
        let (bits, smallest) = (self.bits(), stored.smallest);
        match self.kind {
            _ if stored.width > bits => Err(bad("number of bits", stored.width, "an element has fewer")),
            _ if stored.width == bits => {
                self.spread::<N>(&stored, output, None, |code| code.swap_bytes() >> (64 - bits))
            }
            Kind::Integer { .. } => {
                self.spread::<N>(&stored, output, self.fill, |code| code.wrapping_add(smallest))
            }
            Kind::Float { digits } if N == 4 => {
                let (power, smallest) = (f32::power(digits), f32::of(smallest));
                self.spread::<N>(&stored, output, self.fill, |code| f32::nth(code, smallest, power).bits())
            }
            Kind::Float { digits } => {
                let (power, smallest) = (f64::power(digits), f64::of(smallest));
                self.spread::<N>(&stored, output, self.fill, |code| f64::nth(code, smallest, power).bits())
            }
        }
    }

    /// Takes the packed numbers apart and puts what `decode` makes of them into the output.
    fn spread<const N: usize>(
        &self,
        stored: &Stored<'_>,
        output: &mut [u8],
        fill: Option<u64>,
        decode: impl Fn(u64) -> u64,
    ) -> Result<()> {
        let (width, all_set) = (stored.width, mask(stored.width));
        let mut bits = BitReader::new(stored.packed);
        for element in output.as_chunks_mut::<N>().0 {
            let code = bits.read(width).ok_or_else(|| damaged("scaleoffset", "the values end too early"))?;
            let value = match fill {
                Some(fill) if code == all_set => fill,
                _ => decode(code),
            };
            *element = self.element(value);
        }
        Ok(())
    }

    fn pack<const N: usize>(&self, input: &[u8], output: &mut Vec<u8>) {
        match self.kind {
            Kind::Integer { signed, width } => {
                let sign = if signed { 1 << (self.bits() - 1) } else { 0 };
                // With the sign bit inverted, signed numbers are in the order of unsigned ones.
                let kept = self.values::<N>(input).filter(|&value| Some(value) != self.fill);
                let (low, high) = range(kept.map(|value| value ^ sign)).unwrap_or((sign, sign));
                let smallest = low ^ sign;
                let width = if width == 0 { self.width_for(high - low) } else { width };
                let extended = if smallest & sign == 0 { smallest } else { smallest | !mask(self.bits()) };
                let encode = |value: u64| match self.fill {
                    Some(fill) if value == fill => mask(width),
                    _ => value.wrapping_sub(smallest) & mask(width),
                };
                self.write::<N>(input, output, width, extended, encode);
            }
            Kind::Float { digits } if N == 4 => self.pack_floats::<f32, N>(input, output, digits),
            Kind::Float { digits } => self.pack_floats::<f64, N>(input, output, digits),
        }
    }

    fn pack_floats<F: Float, const N: usize>(&self, input: &[u8], output: &mut Vec<u8>, digits: i32) {
        let power = F::power(digits);
        let (fill, near) = (self.fill.map(F::of), 10f64.powf(-f64::from(digits)));
        let is_fill = |value: F| fill.is_some_and(|fill| value.distance(fill) < near);
        let kept = || self.values::<N>(input).map(F::of).filter(|&value| !is_fill(value));
        let (low, high) = range(kept()).unwrap_or((F::of(0), F::of(0)));
        // What has no place in the steps keeps all its bits. libhdf5 stores NaN as the smallest value instead.
        let finite = power.is_normal() && kept().all(F::is_finite);
        let steps = high.steps(low, power);
        let width = match steps {
            Some(steps) if finite && steps >> (self.bits() - 1) == 0 => self.width_for(steps),
            _ => self.bits(),
        };
        let encode = |bits: u64| match F::of(bits) {
            value if is_fill(value) => mask(width),
            value => value.steps(low, power).unwrap_or(0),
        };
        self.write::<N>(input, output, width, low.bits(), encode);
    }

    /// How many bits the differences up to `most` need, and one number more for the fill value.
    fn width_for(&self, most: u64) -> u32 {
        let all = mask(self.bits());
        let codes = most.saturating_add(u64::from(self.fill.is_some()));
        // libhdf5 packs nothing that is within two of the whole range.
        if most > all - 2 { self.bits() } else { 64 - codes.leading_zeros() }
    }

    /// Writes the header, and what `encode` makes of each element.
    fn write<const N: usize>(
        &self,
        input: &[u8],
        output: &mut Vec<u8>,
        width: u32,
        smallest: u64,
        encode: impl Fn(u64) -> u64,
    ) {
        output.extend_from_slice(&width.to_le_bytes());
        output.push(8);
        output.extend_from_slice(&smallest.to_le_bytes());
        output.resize(HEADER, 0);
        if width == self.bits() {
            for value in self.values::<N>(input) {
                output.extend_from_slice(&value.to_le_bytes()[..N]);
            }
            return;
        }
        let mut bits = BitWriter::new(output);
        self.values::<N>(input).for_each(|value| bits.write(encode(value), width));
        // libhdf5 begins one more byte where the last one is full.
        if bits.finish() {
            output.push(0);
        }
    }

    fn values<const N: usize>(&self, input: &[u8]) -> impl Iterator<Item = u64> {
        input.as_chunks::<N>().0.iter().map(|element| {
            let mut bytes = [0; 8];
            bytes[..N].copy_from_slice(element);
            if self.big {
                bytes[..N].reverse();
            }
            u64::from_le_bytes(bytes)
        })
    }

    /// The bytes of an element with this value.
    fn element<const N: usize>(&self, value: u64) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&value.to_le_bytes()[..N]);
        if self.big {
            bytes.reverse();
        }
        bytes
    }
}

impl Kind {
    fn of(&[scale_type, factor, _, class, _, sign, ..]: &[u32; VALUES]) -> Result<Self> {
        // The factor is stored as a signed number; as libhdf5, we take a negative number of bits for 0.
        let signed_factor = factor.cast_signed();
        match (class, scale_type) {
            (0, INTEGER) => {
                Ok(Kind::Integer { signed: sign == 1, width: if signed_factor < 0 { 0 } else { factor } })
            }
            (1, D_SCALE) => Ok(Kind::Float { digits: signed_factor }),
            (1, E_SCALE) => Err(Error::unsupported("scaleoffset with E-scaling")),
            (0 | 1, _) => Err(bad("scale type", scale_type, "it does not fit the class")),
            _ => Err(bad("scaleoffset class", class, "0 and 1 are known")),
        }
    }
}

/// The error for a value of the file that breaks a rule.
fn bad(name: &'static str, value: u32, rule: &'static str) -> Error {
    Error::field(name, u64::from(value), rule)
}

impl<'a> Stored<'a> {
    fn of(input: &'a [u8]) -> Result<Self> {
        let short = || damaged("scaleoffset", "the chunk ends in its header");
        let (width, rest) = input.split_first_chunk::<4>().ok_or_else(short)?;
        let (&used, rest) = rest.split_first().ok_or_else(short)?;
        let used = rest.get(..usize::from(used.min(8))).ok_or_else(short)?;
        let smallest = used.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
        let packed = input.get(HEADER..).unwrap_or_default();
        Ok(Stored { width: u32::from_le_bytes(*width), smallest, packed })
    }
}

/// The arithmetic of one size of floats; libhdf5 does it in that size too.
trait Float: Copy + PartialOrd {
    fn of(bits: u64) -> Self;
    fn bits(self) -> u64;
    fn power(digits: i32) -> Self;
    fn is_finite(self) -> bool;
    fn is_normal(self) -> bool;
    fn distance(self, other: Self) -> f64;
    /// The value `code` steps of 1 / `power` above `low`.
    fn nth(code: u64, low: Self, power: Self) -> Self;
    /// The number of these steps, if it is one of 63 bits.
    fn steps(self, low: Self, power: Self) -> Option<u64>;
}

macro_rules! float {
    ($float:ident, $bits:ident) => {
        impl Float for $float {
            fn of(bits: u64) -> Self {
                $float::from_bits($bits::try_from(bits & u64::from($bits::MAX)).unwrap_or_default())
            }

            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }

            fn power(digits: i32) -> Self {
                (10.0 as $float).powf(digits as $float)
            }

            fn is_finite(self) -> bool {
                self.is_finite()
            }

            fn is_normal(self) -> bool {
                self.is_normal()
            }

            fn distance(self, other: Self) -> f64 {
                f64::from(self - other).abs()
            }

            fn nth(code: u64, low: Self, power: Self) -> Self {
                code as $float / power + low
            }

            fn steps(self, low: Self, power: Self) -> Option<u64> {
                let steps = (self * power - low * power).round();
                let fits = (0.0..i64::MAX as $float).contains(&steps);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it fits")]
                fits.then_some(steps as u64)
            }
        }
    };
}

float!(f32, u32);
float!(f64, u64);

/// The smallest and the largest; what compares with nothing is passed over unless it comes first.
fn range<T: Copy + PartialOrd>(mut values: impl Iterator<Item = T>) -> Option<(T, T)> {
    let first = values.next()?;
    Some(values.fold((first, first), |(low, high), value| {
        (if value < low { value } else { low }, if value > high { value } else { high })
    }))
}

/// A number of `width` bits, all set.
fn mask(width: u32) -> u64 {
    u64::MAX.checked_shr(64 - width.min(64)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
