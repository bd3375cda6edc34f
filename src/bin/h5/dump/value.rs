//! Elements as text.

use std::cell::Cell;
use std::collections::HashMap;

use h5::StoredElements;
use h5::types::stored::{Bits, Class, Datatype, FixedPoint, FloatingPoint, Order, Padding, Reference};

use super::names::Names;
use super::printf::FloatFormat;
use super::{bits, native, number, text};

/// How to print an element: what its type comes to.
pub(crate) enum Form {
    /// An integer that fills 1, 2, 4 or 8 bytes.
    Whole {
        size: usize,
        big: bool,
        signed: bool,
    },
    Integer(FixedPoint),
    Single {
        big: bool,
    },
    Double {
        big: bool,
    },
    Float {
        format: FloatingPoint,
        native: usize,
    },
    BitField {
        bits: Bits,
        native: usize,
    },
    Bytes,
    Text {
        ends_at_nul: bool,
    },
    VariableText,
    Compound(Vec<(usize, Part)>),
    Enumeration {
        base: FixedPoint,
        native: usize,
        names: HashMap<i128, Vec<u8>>,
    },
    Array {
        count: usize,
        row: usize,
        part: Box<Part>,
    },
    Sequence(Box<Part>),
    Reference(Reference),
    Complex(Box<Part>),
}

/// An element of an element.
pub(crate) struct Part {
    pub(crate) size: usize,
    pub(crate) form: Form,
}

impl Part {
    pub(crate) fn new(datatype: &Datatype) -> Self {
        Part { size: usize::try_from(datatype.size).unwrap_or(usize::MAX), form: Form::new(datatype) }
    }

    /// An array of elements.
    fn array(dims: &[u32], part: Part) -> Self {
        let sizes = || dims.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX));
        let count = sizes().fold(1usize, usize::saturating_mul);
        let row = sizes().next_back().unwrap_or(1).max(1);
        Part { size: part.size.saturating_mul(count), form: Form::Array { count, row, part: Box::new(part) } }
    }
}

impl Form {
    fn new(datatype: &Datatype) -> Self {
        match &datatype.class {
            Class::FixedPoint(format) => Form::integer(*format, datatype.size),
            Class::FloatingPoint(format) => Form::float(*format, datatype),
            Class::BitField(bits) => Form::BitField { bits: *bits, native: native::integer(bits.precision) },
            Class::Time { .. } | Class::Opaque { .. } => Form::Bytes,
            Class::String { padding, .. } => Form::Text { ends_at_nul: *padding == Padding::NullTerminated },
            Class::VariableString { .. } => Form::VariableText,
            Class::Compound(members) => Form::Compound(
                members
                    .iter()
                    .map(|member| {
                        let part = Part::new(&member.datatype);
                        let part =
                            if member.dims.is_empty() { part } else { Part::array(&member.dims, part) };
                        (usize::try_from(member.offset).unwrap_or(usize::MAX), part)
                    })
                    .collect(),
            ),
            Class::Reference(kind) => Form::Reference(*kind),
            Class::Enumeration { base, members } => Form::enumeration(base, members),
            Class::Sequence(base) => Form::Sequence(Box::new(Part::new(base))),
            Class::Array { dims, base } => Part::array(dims, Part::new(base)).form,
            Class::Complex(base) => Form::Complex(Box::new(Part::new(base))),
        }
    }

    fn integer(format: FixedPoint, size: u32) -> Self {
        let whole = format.bits.offset == 0 && u32::from(format.bits.precision) == size.saturating_mul(8);
        match size {
            1 | 2 | 4 | 8 if whole => Form::Whole {
                size: usize::try_from(size).unwrap_or(8),
                big: format.bits.order == Order::Big,
                signed: format.signed,
            },
            _ => Form::Integer(format),
        }
    }

    fn float(format: FloatingPoint, datatype: &Datatype) -> Self {
        match (datatype.ieee_order(), datatype.size) {
            (Some(order), 4) => Form::Single { big: order == Order::Big },
            (Some(order), 8) => Form::Double { big: order == Order::Big },
            _ => Form::Float { format, native: native::float(datatype.size) },
        }
    }

    fn enumeration(base: &Datatype, members: &[(Vec<u8>, Vec<u8>)]) -> Self {
        let Class::FixedPoint(format) = base.class else { return Form::Bytes };
        let mut names = HashMap::new();
        for (name, value) in members {
            let value = bits::integer(value, &format.bits, format.signed);
            names.entry(value).or_insert_with(|| text::member_name(name));
        }
        Form::Enumeration { base: format, native: native::integer(format.bits.precision), names }
    }
}

/// What elements are printed with.
pub(crate) struct Values<'a> {
    /// Follows what is stored elsewhere.
    pub(crate) stored: &'a StoredElements,
    pub(crate) names: &'a Names,
    pub(crate) escape: bool,
    /// How to print floating-point numbers, if not as C's "%g" does.
    pub(crate) format: Option<&'a FloatFormat>,
    /// An array has just ended. h5dump never forgets this, not even between datasets.
    pub(crate) behind_array: &'a Cell<bool>,
}

impl Values<'_> {
    /// Appends an element; `level` is the indentation of the data.
    pub(crate) fn write(&self, out: &mut Vec<u8>, form: &Form, bytes: &[u8], level: usize) -> h5::Result<()> {
        match form {
            Form::Whole { size, big, signed } => whole(out, bytes, *size, *big, *signed),
            Form::Integer(format) => {
                integer(out, bits::integer(bytes, &format.bits, format.signed));
            }
            Form::Single { big } => {
                let [a, b, c, d, ..] = ordered(bytes, *big);
                self.number(out, f64::from(f32::from_le_bytes([a, b, c, d])));
            }
            Form::Double { big } => self.number(out, f64::from_le_bytes(ordered(bytes, *big))),
            Form::Float { format, native } => self.float(out, bits::float(bytes, format), *native),
            Form::BitField { bits, native } => {
                hex(out, &bits::field(bytes, bits).to_le_bytes()[..*native]);
            }
            Form::Bytes => hex(out, bytes),
            Form::Text { ends_at_nul } => text::string(out, bytes, *ends_at_nul, self.escape),
            Form::VariableText => self.variable_text(out, bytes)?,
            Form::Compound(members) => self.compound(out, members, bytes, level)?,
            Form::Enumeration { base, native, names } => {
                let value = bits::integer(bytes, &base.bits, base.signed);
                match names.get(&value) {
                    Some(name) => out.extend_from_slice(name),
                    None => hex(out, &value.to_le_bytes()[..*native]),
                }
            }
            Form::Array { count, row, part } => self.array(out, *count, *row, part, bytes, level)?,
            Form::Sequence(part) => self.sequence(out, part, bytes, level)?,
            Form::Reference(kind) => self.names.element(out, self.stored, *kind, bytes)?,
            Form::Complex(part) => self.complex(out, part, bytes, level)?,
        }
        Ok(())
    }

    fn number(&self, out: &mut Vec<u8>, number: f64) {
        match self.format {
            Some(format) => format.write(out, number),
            None => number::general(out, number),
        }
    }

    fn float(&self, out: &mut Vec<u8>, float: bits::Float, native: usize) {
        match float.size {
            // The format is for the types that C has; wider numbers keep their own.
            bits::Size::Finite { mantissa, exponent } if native > 8 => {
                if float.negative {
                    out.push(b'-');
                }
                number::general_wide(out, mantissa, exponent);
            }
            _ if native == 4 => self.number(out, float.to_f32()),
            _ => self.number(out, float.to_f64()),
        }
    }

    fn variable_text(&self, out: &mut Vec<u8>, element: &[u8]) -> h5::Result<()> {
        // Behind the length lies the address of the text, with zeros for none.
        if element.get(4..).is_none_or(|place| place.iter().all(|&byte| byte == 0)) {
            out.extend_from_slice(b"NULL");
            return Ok(());
        }
        let (count, bytes) = self.stored.follow(element)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        text::string(out, &bytes[..bytes.len().min(count)], true, self.escape);
        Ok(())
    }

    fn compound(
        &self,
        out: &mut Vec<u8>,
        members: &[(usize, Part)],
        bytes: &[u8],
        level: usize,
    ) -> h5::Result<()> {
        for (number, (offset, part)) in members.iter().enumerate() {
            out.extend_from_slice(if number == 0 { b"{\n" } else { b",\n" });
            indent(out, level + 1);
            self.write(out, &part.form, cut(bytes, *offset, part.size), level + 1)?;
        }
        out.push(b'\n');
        indent(out, level);
        out.push(b'}');
        Ok(())
    }

    fn array(
        &self,
        out: &mut Vec<u8>,
        count: usize,
        row: usize,
        part: &Part,
        bytes: &[u8],
        level: usize,
    ) -> h5::Result<()> {
        out.extend_from_slice(b"[ ");
        for index in 0..count {
            if index > 0 {
                out.push(b',');
                if index % row == 0 {
                    out.push(b'\n');
                    indent(out, level + 1);
                } else if self.behind_array.get() {
                    out.extend_from_slice(b"\n ");
                    indent(out, level + 1);
                } else {
                    out.push(b' ');
                }
            }
            self.behind_array.set(false);
            self.write(out, &part.form, cut(bytes, index.saturating_mul(part.size), part.size), level + 1)?;
        }
        out.extend_from_slice(b" ]");
        self.behind_array.set(true);
        Ok(())
    }

    fn sequence(&self, out: &mut Vec<u8>, part: &Part, element: &[u8], level: usize) -> h5::Result<()> {
        let (count, bytes) = self.stored.follow(element)?;
        out.push(b'(');
        for index in 0..usize::try_from(count).unwrap_or(usize::MAX) {
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            self.write(out, &part.form, cut(&bytes, index.saturating_mul(part.size), part.size), level + 1)?;
        }
        out.push(b')');
        Ok(())
    }

    fn complex(&self, out: &mut Vec<u8>, part: &Part, bytes: &[u8], level: usize) -> h5::Result<()> {
        self.write(out, &part.form, cut(bytes, 0, part.size), level)?;
        let sign = out.len();
        self.write(out, &part.form, cut(bytes, part.size, part.size), level)?;
        if out.get(sign) != Some(&b'-') {
            out.insert(sign, b'+');
        }
        out.push(b'i');
        Ok(())
    }
}

/// A part of an element. The library made sure that it is there.
fn cut(bytes: &[u8], from: usize, len: usize) -> &[u8] {
    bytes.get(from..from.saturating_add(len)).unwrap_or_default()
}

fn indent(out: &mut Vec<u8>, level: usize) {
    (0..level).for_each(|_| out.extend_from_slice(b"   "));
}

/// The bytes of a number of at most 8, the lowest first.
fn ordered(bytes: &[u8], big: bool) -> [u8; 8] {
    let mut number = [0; 8];
    let len = bytes.len().min(8);
    number[..len].copy_from_slice(&bytes[..len]);
    if big {
        number[..len].reverse();
    }
    number
}

fn whole(out: &mut Vec<u8>, bytes: &[u8], size: usize, big: bool, signed: bool) {
    let number = ordered(bytes, big);
    let unused = 64 - 8 * u32::try_from(size).unwrap_or(8);
    if signed {
        number::signed(out, i64::from_le_bytes(number) << unused >> unused);
    } else {
        number::unsigned(out, u64::from_le_bytes(number));
    }
}

fn integer(out: &mut Vec<u8>, number: i128) {
    if number < 0 {
        out.push(b'-');
    }
    number::unsigned(out, u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX));
}

/// Appends bytes as h5dump prints what it has no better form for.
fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.len() == 1 {
        out.extend_from_slice(b"0x");
    }
    for (index, &byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(b':');
        }
        number::hex(out, byte);
    }
}
