//! Stored elements to canonical bytes: an encoder is compiled once for a type and then run over blocks of elements.

use std::cell::Cell;

use h5::types;
use h5::types::stored::{Bits, Class, Datatype, Member, Order, Padding, Reference};
use h5::{Container, StoredElements};

use super::{Outcome, Unreadable, reference};

/// Makes canonical bytes of elements of one type.
pub(super) struct Encoder {
    /// Bytes of an element in the file.
    pub(super) size: usize,
    /// Bytes of an element in the memory of libhdf5, which decides what is too large to be hashed as a whole.
    pub(super) memory: u64,
    kind: Kind,
}

enum Kind {
    /// The stored bytes as they are.
    Plain,
    /// The bytes of each element reversed.
    Reversed,
    /// An integer of up to 8 bytes with bits that do not count, made `width` bytes.
    Integer {
        datatype: types::Datatype,
        signed: bool,
        width: usize,
    },
    /// Any other integer of up to 16 bytes.
    Word {
        bits: Bits,
        signed: bool,
        width: usize,
    },
    /// A floating-point number that is not IEEE 754's, made one of 8 bytes.
    Float(types::Datatype),
    Text(Padding),
    VariableText,
    /// Members with their offsets; plain ones that follow each other are one.
    Compound(Vec<(usize, Encoder)>),
    /// So many elements of the base follow each other.
    Repeated(Box<Encoder>),
    Sequence(Box<Encoder>),
    Reference(Reference),
}

/// Where elements come from, and with that what they refer to.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) container: &'a Container,
    /// The elements, or those that they are a part of.
    pub(super) elements: &'a StoredElements,
    pub(super) room: &'a Room,
}

/// Bytes that may still be read by way of references to the global heap.
pub(super) struct Room(Cell<u64>);

/// Elements may name one heap object many times over, and so make much of a small file. Whoever is in earnest names
/// most of them once.
const LEAST_ROOM: u64 = 1 << 30;

impl Room {
    pub(super) fn new(container: &Container) -> Self {
        Room(Cell::new(LEAST_ROOM.saturating_add(container.file().size().saturating_mul(16))))
    }
}

impl Source<'_> {
    /// The elements that one of variable length stands for: how many, and their bytes.
    fn follow(&self, element: &[u8]) -> Outcome<(u32, Vec<u8>)> {
        let (count, bytes) = self.elements.follow(element)?;
        match self.room.0.get().checked_sub(bytes.len() as u64) {
            Some(room) => self.room.0.set(room),
            None => return Err(Unreadable::new("the elements name the same data too often to be followed")),
        }
        Ok((count, bytes))
    }
}

impl Encoder {
    /// Finds the way from a stored type to its canonical form.
    pub(super) fn new(datatype: &Datatype) -> Outcome<Encoder> {
        let size = usize::try_from(datatype.size).map_err(|_| Unreadable::new("an element too large"))?;
        let plain = |memory: u64| Encoder { size, memory, kind: Kind::Plain };
        Ok(match &datatype.class {
            Class::FixedPoint(number) => integer(datatype, size, &number.bits, number.signed, 16),
            Class::BitField(bits) => integer(datatype, size, bits, false, 8),
            Class::FloatingPoint(number) => match datatype.ieee_order() {
                Some(order) => raw(size, order),
                None if number.mantissa_size > 52 => raw(size, number.bits.order),
                None => Encoder { size, memory: 8, kind: Kind::Float(datatype.clone().into()) },
            },
            Class::Time { order, .. } => raw(size, *order),
            Class::Opaque { .. } => plain(size as u64),
            Class::String { padding, .. } => {
                Encoder { size, memory: size as u64, kind: Kind::Text(*padding) }
            }
            Class::VariableString { .. } => Encoder { size, memory: 8, kind: Kind::VariableText },
            Class::Compound(members) => compound(size, members)?,
            Class::Reference(Reference::Object) if size == 8 => plain(8),
            Class::Reference(kind) => {
                Encoder { size, memory: reference::memory(*kind), kind: Kind::Reference(*kind) }
            }
            Class::Enumeration { base, .. } => enumeration(size, base)?,
            Class::Sequence(base) => {
                Encoder { size, memory: 16, kind: Kind::Sequence(Box::new(Encoder::new(base)?)) }
            }
            Class::Array { dims, base } => repeated(Encoder::new(base)?, dims, Some(size))?,
            Class::Complex(base) => repeated(Encoder::new(base)?, &[2], Some(size))?,
        })
    }

    /// Whether the canonical bytes are the stored ones.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Plain)
    }

    /// Appends the canonical bytes of a whole number of stored elements.
    pub(super) fn encode(&self, source: &Source<'_>, stored: &[u8], out: &mut Vec<u8>) -> Outcome<()> {
        if !stored.len().is_multiple_of(self.size.max(1)) {
            let (len, size) = (stored.len(), self.size);
            return Err(Unreadable::new(format!("{len} bytes are no whole number of elements of {size}")));
        }
        let mut elements = stored.chunks_exact(self.size.max(1));
        match &self.kind {
            Kind::Plain => out.extend_from_slice(stored),
            Kind::Reversed => reverse(stored, self.size, out),
            Kind::Integer { datatype, signed: true, width } => {
                let numbers = datatype.numbers::<i64>(stored)?;
                numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()[..*width]));
            }
            Kind::Integer { datatype, signed: false, width } => {
                let numbers = datatype.numbers::<u64>(stored)?;
                numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()[..*width]));
            }
            Kind::Word { bits, signed, width } => elements.for_each(|element| {
                let value = field(word(element, bits.order), bits, *signed);
                out.extend_from_slice(&value.to_le_bytes()[..*width]);
            }),
            Kind::Float(datatype) => {
                for number in datatype.numbers::<f64>(stored)? {
                    let bits = if number.is_nan() { NAN } else { number.to_bits() };
                    out.extend_from_slice(&bits.to_le_bytes());
                }
            }
            Kind::Text(padding) => {
                return elements.try_for_each(|element| counted(unpadded(element, *padding), out));
            }
            Kind::VariableText => {
                return elements.try_for_each(|element| variable_text(source, element, out));
            }
            Kind::Compound(members) => return members_of(members, source, elements, out),
            Kind::Repeated(base) => return base.encode(source, stored, out),
            Kind::Sequence(base) => {
                return elements.try_for_each(|element| sequence(base, source, element, out));
            }
            Kind::Reference(kind) => {
                return elements.try_for_each(|element| reference::encode(*source, *kind, element, out));
            }
        }
        Ok(())
    }
}

const NAN: u64 = 0x7ff8_0000_0000_0000;

/// The bytes of the canonical integer: the next power of two up to 16.
fn width(size: usize) -> Option<usize> {
    (size <= 16).then(|| size.next_power_of_two())
}

/// The stored bytes, the lowest first.
fn raw(size: usize, order: Order) -> Encoder {
    let kind = if order == Order::Big && size > 1 { Kind::Reversed } else { Kind::Plain };
    Encoder { size, memory: size as u64, kind }
}

/// An integer of up to `widest` bytes; wider ones are their bytes.
fn integer(datatype: &Datatype, size: usize, bits: &Bits, signed: bool, widest: usize) -> Encoder {
    let Some(width) = width(size).filter(|&width| width <= widest) else { return raw(size, bits.order) };
    let is_whole = usize::from(bits.precision) == size * 8;
    // The canonical form is what libhdf5 reads. Where only the byte order is to change it passes over the precision, and
    // so over the sign (`H5T__conv_order`).
    let is_only_reversed = bits.order == Order::Big && matches!(size, 2 | 4 | 8);
    if width == size && bits.offset == 0 && (is_whole || is_only_reversed) {
        return raw(size, bits.order);
    }
    let kind = match width {
        16 => Kind::Word { bits: *bits, signed, width },
        _ => Kind::Integer { datatype: datatype.clone().into(), signed, width },
    };
    Encoder { size, memory: width as u64, kind }
}

/// All bits of an enumeration's integer count, whatever its precision.
fn enumeration(size: usize, base: &Datatype) -> Outcome<Encoder> {
    let Some(width) = width(size) else {
        return Err(Unreadable::new("an enumeration wider than 16 bytes"));
    };
    let (bits, signed) = whole_bits(base);
    if width == size {
        return Ok(raw(size, bits.order));
    }
    Ok(Encoder { size, memory: size as u64, kind: Kind::Word { bits, signed, width } })
}

fn whole_bits(base: &Datatype) -> (Bits, bool) {
    let precision = u16::try_from(base.size.saturating_mul(8)).unwrap_or(u16::MAX);
    let (order, signed) = match &base.class {
        Class::FixedPoint(number) => (number.bits.order, number.signed),
        Class::BitField(bits) => (bits.order, false),
        _ => (Order::Little, false),
    };
    (Bits { order, offset: 0, precision, low_padding: false, high_padding: false }, signed)
}

/// The integer that an enumeration's value is, in two's complement; none if it is over 16 bytes.
pub(super) fn whole_integer(base: &Datatype, value: &[u8]) -> Option<u128> {
    let (bits, signed) = whole_bits(base);
    (value.len() <= 16).then(|| field(word(value, bits.order), &bits, signed))
}

/// Up to 16 bytes as one word.
fn word(element: &[u8], order: Order) -> u128 {
    let mut bytes = [0; 16];
    let len = element.len().min(16);
    bytes[..len].copy_from_slice(&element[..len]);
    if order == Order::Big {
        bytes[..len].reverse();
    }
    u128::from_le_bytes(bytes)
}

/// The bits of a word that count, extended by their sign.
fn field(word: u128, bits: &Bits, signed: bool) -> u128 {
    let spare = 128 - u32::from(bits.precision).clamp(1, 128);
    let high = word.checked_shr(u32::from(bits.offset)).unwrap_or(0) << spare;
    if signed { (high.cast_signed() >> spare).cast_unsigned() } else { high >> spare }
}

/// Several elements of a type in a row; `size` is what the file says they take together.
fn repeated(base: Encoder, dims: &[u32], size: Option<usize>) -> Outcome<Encoder> {
    let count = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(usize::try_from(dim).ok()?));
    let total = count.and_then(|count| count.checked_mul(base.size));
    match (count, total) {
        (Some(count), Some(total)) if size.is_none_or(|size| size == total) => {
            let memory = base.memory.saturating_mul(count as u64);
            let kind = if base.is_plain() { Kind::Plain } else { Kind::Repeated(Box::new(base)) };
            Ok(Encoder { size: total, memory, kind })
        }
        _ => Err(Unreadable::new("an array type is not as large as its elements")),
    }
}

fn compound(size: usize, members: &[Member]) -> Outcome<Encoder> {
    let mut parts: Vec<(usize, Encoder)> = Vec::with_capacity(members.len());
    let mut memory = 0u64;
    for member in members {
        let mut part = Encoder::new(&member.datatype)?;
        if !member.dims.is_empty() {
            part = repeated(part, &member.dims, None)?;
        }
        let offset = usize::try_from(member.offset).unwrap_or(usize::MAX);
        if offset.checked_add(part.size).is_none_or(|end| end > size) {
            return Err(Unreadable::new("a member reaches over the end of its compound"));
        }
        memory = memory.saturating_add(part.memory);
        match parts.last_mut() {
            Some((start, last)) if last.is_plain() && part.is_plain() && *start + last.size == offset => {
                last.size += part.size;
            }
            _ => parts.push((offset, part)),
        }
    }
    let kind = match &parts[..] {
        [(0, all)] if all.is_plain() && all.size == size => Kind::Plain,
        _ => Kind::Compound(parts),
    };
    Ok(Encoder { size, memory, kind })
}

fn members_of<'e>(
    members: &[(usize, Encoder)],
    source: &Source<'_>,
    elements: impl Iterator<Item = &'e [u8]>,
    out: &mut Vec<u8>,
) -> Outcome<()> {
    for element in elements {
        for (offset, member) in members {
            member.encode(source, &element[*offset..][..member.size], out)?;
        }
    }
    Ok(())
}

fn reverse(stored: &[u8], size: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(stored);
    let new = &mut out[start..];
    match size {
        2 => new.as_chunks_mut::<2>().0.iter_mut().for_each(|element| element.reverse()),
        4 => new.as_chunks_mut::<4>().0.iter_mut().for_each(|element| element.reverse()),
        8 => new.as_chunks_mut::<8>().0.iter_mut().for_each(|element| element.reverse()),
        _ => new.chunks_exact_mut(size.max(1)).for_each(<[u8]>::reverse),
    }
}

/// A length and the bytes.
pub(super) fn counted(bytes: &[u8], out: &mut Vec<u8>) -> Outcome<()> {
    let len = u32::try_from(bytes.len()).map_err(|_| Unreadable::new("a text of over 4 GiB"))?;
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

/// What of a field counts, by the way it is padded.
fn unpadded(field: &[u8], padding: Padding) -> &[u8] {
    let without = |pad: u8| {
        let end = field.iter().rposition(|&byte| byte != pad).map_or(0, |last| last + 1);
        &field[..end]
    };
    match padding {
        Padding::NullTerminated => until_nul(field),
        Padding::NullPadded => without(0),
        Padding::SpacePadded => without(b' '),
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.iter().position(|&byte| byte == 0).map_or(bytes, |end| &bytes[..end])
}

fn variable_text(source: &Source<'_>, element: &[u8], out: &mut Vec<u8>) -> Outcome<()> {
    let (count, bytes) = source.follow(element)?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    counted(until_nul(bytes.get(..count).unwrap_or(&bytes)), out)
}

fn sequence(base: &Encoder, source: &Source<'_>, element: &[u8], out: &mut Vec<u8>) -> Outcome<()> {
    let (count, bytes) = source.follow(element)?;
    let needed = usize::try_from(count).ok().and_then(|count| count.checked_mul(base.size));
    let Some(elements) = needed.and_then(|needed| bytes.get(..needed)) else {
        return Err(Unreadable::new(format!(
            "a sequence of {count} elements of {} bytes has {} bytes",
            base.size,
            bytes.len()
        )));
    };
    out.extend_from_slice(&count.to_le_bytes());
    base.encode(source, elements, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_words_keep_their_sign() {
        let bits = |offset, precision, order| Bits {
            order,
            offset,
            precision,
            low_padding: false,
            high_padding: false,
        };
        assert_eq!(field(word(&[0x80, 0xff], Order::Big), &bits(0, 16, Order::Big), false), 0x80ff);
        let nibble = bits(4, 4, Order::Little);
        assert_eq!(field(0xe5, &nibble, false), 14);
        assert_eq!(field(0xe5, &nibble, true), (-2i128).cast_unsigned());
        assert_eq!(field(u128::MAX, &bits(0, 128, Order::Little), true), u128::MAX);
    }

    #[test]
    fn an_integer_in_the_other_byte_order_is_what_libhdf5_makes_of_it() {
        let encoded = |order, offset, element: &[u8]| {
            let bits = Bits { order, offset, precision: 5, low_padding: false, high_padding: false };
            let class = Class::FixedPoint(types::stored::FixedPoint { bits, signed: true });
            let datatype = Datatype { version: 1, size: 4, class };
            let mut out = Vec::new();
            match Encoder::new(&datatype).unwrap().kind {
                Kind::Reversed => reverse(element, 4, &mut out),
                _ => out.extend_from_slice(&field(word(element, order), &bits, true).to_le_bytes()[..4]),
            }
            i32::from_le_bytes(out.try_into().unwrap())
        };
        assert_eq!(encoded(Order::Big, 0, &[0, 0, 0, 0b10111]), 23);
        assert_eq!(encoded(Order::Little, 0, &[0b10111, 0, 0, 0]), -9);
        assert_eq!(encoded(Order::Big, 1, &[0, 0, 0, 0b101110]), -9);
    }

    #[test]
    fn padding_is_taken_off_by_its_kind() {
        assert_eq!(unpadded(b"a\0b\0", Padding::NullTerminated), b"a");
        assert_eq!(unpadded(b"a\0b\0", Padding::NullPadded), b"a\0b");
        assert_eq!(unpadded(b"a b  ", Padding::SpacePadded), b"a b");
        assert_eq!(unpadded(b"   ", Padding::SpacePadded), b"");
    }

    #[test]
    fn elements_are_reversed_one_by_one() {
        let mut out = vec![9];
        reverse(&[1, 2, 3, 4, 5, 6], 3, &mut out);
        reverse(&[1, 2, 3, 4], 2, &mut out);
        assert_eq!(out, [9, 3, 2, 1, 6, 5, 4, 2, 1, 4, 3]);
    }
}
