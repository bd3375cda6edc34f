//! Canonical bytes to JSON, for people who look at a difference.

use h5::types::stored::{Class, Datatype, Reference};
use serde_json::{Number, Value, json};

use super::{hex, reference, sha256, text};

/// The most items of an array and of a sequence, and the most bytes of a text and of raw bytes, that are shown.
const MOST_OF_ARRAY: usize = 16;
const MOST_OF_SEQUENCE: usize = 8;
const LONGEST_TEXT: usize = 256;
const LONGEST_OPAQUE: usize = 64;

/// Reads canonical bytes from their beginning on.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    /// The next bytes; fewer if there are no more, which an encoder does not let happen.
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn unsigned(&mut self, len: usize) -> u128 {
        let mut bytes = [0; 16];
        let taken = self.take(len.min(16));
        bytes[..taken.len()].copy_from_slice(taken);
        u128::from_le_bytes(bytes)
    }

    fn u64(&mut self) -> u64 {
        u64::try_from(self.unsigned(8)).unwrap_or(u64::MAX)
    }

    /// A count of what follows.
    fn count(&mut self) -> usize {
        usize::try_from(self.unsigned(4)).unwrap_or(usize::MAX)
    }
}

/// Shows one element.
pub(super) fn element(datatype: &Datatype, bytes: &mut Cursor<'_>) -> Value {
    let size = usize::try_from(datatype.size).unwrap_or(usize::MAX);
    match &datatype.class {
        Class::FixedPoint(number) => number_of(size, 16, number.signed, bytes),
        Class::BitField(_) => number_of(size, 8, false, bytes),
        Class::Enumeration { base, .. } => {
            let signed = matches!(&base.class, Class::FixedPoint(number) if number.signed);
            number_of(size, 16, signed, bytes)
        }
        Class::FloatingPoint(number) => match datatype.ieee_order() {
            Some(_) => float(size, bytes),
            None if number.mantissa_size > 52 => json!({ "hex": hex(bytes.take(size)) }),
            None => float(8, bytes),
        },
        Class::Time { .. } => json!({ "hex": hex(bytes.take(size)) }),
        Class::Opaque { .. } => {
            let bytes = bytes.take(size);
            json!({ "hex": if size <= LONGEST_OPAQUE { hex(bytes) } else { sha256(bytes) } })
        }
        Class::String { .. } | Class::VariableString { .. } => {
            let len = bytes.count();
            string(bytes.take(len))
        }
        Class::Compound(members) => {
            let member = |member: &h5::types::stored::Member| match &member.dims[..] {
                [] => element(&member.datatype, bytes),
                dims => array(dims, &member.datatype, bytes),
            };
            members.iter().map(member).collect()
        }
        Class::Array { dims, base } => array(dims, base, bytes),
        Class::Complex(base) => array(&[2], base, bytes),
        Class::Sequence(base) => {
            let count = bytes.count();
            json!({ "vlen": count, "items": items(count, MOST_OF_SEQUENCE, base, bytes) })
        }
        Class::Reference(kind) => reference(*kind, bytes),
    }
}

/// Goes over all items, shows the first ones.
fn items(count: usize, most: usize, base: &Datatype, bytes: &mut Cursor<'_>) -> Value {
    let mut shown = Vec::new();
    for index in 0..count {
        let item = element(base, bytes);
        if index < most {
            shown.push(item);
        }
    }
    Value::Array(shown)
}

fn array(dims: &[u32], base: &Datatype, bytes: &mut Cursor<'_>) -> Value {
    let count = dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(usize::MAX));
    items(count.fold(1, usize::saturating_mul), MOST_OF_ARRAY, base, bytes)
}

/// An integer, which over `widest` bytes is shown as its bytes.
fn number_of(size: usize, widest: usize, signed: bool, bytes: &mut Cursor<'_>) -> Value {
    let width = size.next_power_of_two();
    if width > widest {
        return json!({ "hex": hex(bytes.take(size)) });
    }
    let value = bytes.unsigned(width);
    let negative = signed && value >> (width * 8 - 1) == 1;
    let extended = if negative && width < 16 { value | u128::MAX << (width * 8) } else { value };
    integer(extended, signed)
}

/// A number where JSON's readers take it for one, its digits where it is too large for them.
pub(super) fn integer(value: u128, signed: bool) -> Value {
    let negative = value.cast_signed();
    match (u64::try_from(value), i64::try_from(negative)) {
        (_, Ok(number)) if signed => number.into(),
        (Ok(number), _) => number.into(),
        _ if signed => negative.to_string().into(),
        _ => value.to_string().into(),
    }
}

fn float(size: usize, bytes: &mut Cursor<'_>) -> Value {
    let bits = bytes.u64_of(size);
    let number = match size {
        2 => half(bits),
        4 => f64::from(f32::from_bits(u32::try_from(bits).unwrap_or(0))),
        _ => f64::from_bits(bits),
    };
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => "nan".into(),
        None => if number > 0.0 { "inf" } else { "-inf" }.into(),
    }
}

impl Cursor<'_> {
    fn u64_of(&mut self, len: usize) -> u64 {
        u64::try_from(self.unsigned(len)).unwrap_or(u64::MAX)
    }
}

/// An IEEE 754 number of 2 bytes.
fn half(bits: u64) -> f64 {
    let (exponent, mantissa) = (bits >> 10 & 31, u32::try_from(bits & 1023).unwrap_or(0));
    let magnitude = match (exponent, mantissa) {
        (31, 0) => f64::INFINITY,
        (31, _) => f64::NAN,
        (0, _) => f64::from(mantissa) * 2f64.powi(-24),
        _ => f64::from(mantissa + 1024) * 2f64.powi(i32::try_from(exponent).unwrap_or(0) - 25),
    };
    if bits >> 15 & 1 == 1 { -magnitude } else { magnitude }
}

fn string(bytes: &[u8]) -> Value {
    match bytes.len() {
        0..=LONGEST_TEXT => text(bytes),
        len => json!({ "len": len, "sha256": sha256(bytes) }),
    }
}

fn reference(kind: Reference, bytes: &mut Cursor<'_>) -> Value {
    match kind {
        Reference::Object => json!({ "object": bytes.u64() }),
        Reference::Region => {
            let object = bytes.u64();
            match bytes.0.first() {
                Some(&reference::NULL) => {
                    bytes.take(1);
                    Value::Null
                }
                Some(&reference::DANGLING) => {
                    bytes.take(1);
                    json!({ "region": "dangling" })
                }
                _ => {
                    let mut shown = json!({ "object": object });
                    selection(&mut shown, bytes);
                    shown
                }
            }
        }
        Reference::Standard { .. } => standard(bytes),
    }
}

fn standard(bytes: &mut Cursor<'_>) -> Value {
    let name = match bytes.unsigned(1) {
        0xff => return Value::Null,
        2 => "object",
        3 => "region",
        4 => "attribute",
        _ => "unknown",
    };
    let object = bytes.u64();
    if object == u64::MAX {
        return json!({ "std": "dangling" });
    }
    let mut shown = json!({ "std": name, "object": object });
    match name {
        "region" => selection(&mut shown, bytes),
        "attribute" => {
            let len = bytes.count();
            shown["attribute"] = text(bytes.take(len));
        }
        _ => {}
    }
    shown
}

fn selection(shown: &mut Value, bytes: &mut Cursor<'_>) {
    let kind = match bytes.unsigned(1) {
        0 => "none",
        1 => "points",
        2 => "hyperslab",
        _ => "all",
    };
    let (rank, points) = (bytes.count(), bytes.u64());
    shown["selection"] = kind.into();
    shown["rank"] = rank.into();
    shown["points"] = points.into();
    if points > 0 && rank > 0 {
        shown["min"] = (0..rank).map(|_| bytes.u64()).collect();
        shown["max"] = (0..rank).map(|_| bytes.u64()).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_and_integers_are_numbers() {
        assert_eq!(
            [half(0x3c00), half(0xc000), half(1), half(0x7c00)],
            [1.0, -2.0, 2f64.powi(-24), f64::INFINITY]
        );
        assert!(half(0x7e00).is_nan());
        assert_eq!(number_of(3, 16, true, &mut Cursor(&[0xfe, 0xff, 0xff, 0xff])), json!(-2));
        assert_eq!(number_of(8, 16, false, &mut Cursor(&[0xff; 8])), json!(u64::MAX));
        assert_eq!(number_of(16, 16, true, &mut Cursor(&[0xff; 16])), json!(-1));
        assert_eq!(number_of(9, 8, false, &mut Cursor(&[1; 9])), json!({ "hex": "010101010101010101" }));
    }
}
