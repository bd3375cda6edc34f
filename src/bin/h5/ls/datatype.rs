//! Types in words.

use std::fmt::Write as _;

use h5::types::stored::{Bits, Charset, Class, Datatype, Member, Order, Padding, Reference};

use super::escaped;

/// The most names of an enumeration that are listed.
const MOST_NAMES: usize = 64;

/// Describes a type; members of compounds stand on lines of their own, `indent` spaces in. Types nest only as deep as
/// the library let them be read.
pub(super) fn describe(datatype: &Datatype, indent: usize) -> String {
    let bytes = datatype.size;
    match &datatype.class {
        Class::FixedPoint(number) => {
            let name = if number.signed { "int" } else { "uint" };
            format!("{}{}", sized(name, bytes, number.bits.order), partial(&number.bits, bytes))
        }
        Class::FloatingPoint(number) => {
            let other = if datatype.ieee_order().is_some() {
                String::new()
            } else {
                let (sign, exponent, mantissa) = (1, number.exponent_size, number.mantissa_size);
                format!(" of {sign} sign, {exponent} exponent and {mantissa} mantissa bits")
            };
            format!("{}{other}", sized("float", bytes, number.bits.order))
        }
        Class::BitField(bits) => format!("{}{}", sized("bits", bytes, bits.order), partial(bits, bytes)),
        Class::Time { order, .. } => sized("time", bytes, *order),
        Class::String { padding, charset } => {
            format!("string of {bytes} bytes, {}, {}", padding_name(*padding), charset_name(*charset))
        }
        Class::VariableString { padding, charset, .. } => {
            format!("string of any length, {}, {}", padding_name(*padding), charset_name(*charset))
        }
        Class::Opaque { tag } => {
            let tag = tag.split(|&byte| byte == 0).next().unwrap_or_default();
            format!("opaque of {bytes} bytes, \"{}\"", escaped(tag))
        }
        Class::Compound(members) => compound(members, bytes, indent),
        Class::Reference(kind) => reference(*kind).to_owned(),
        Class::Enumeration { base, members } => {
            let names: Vec<String> = members.iter().take(MOST_NAMES).map(|(name, _)| escaped(name)).collect();
            let more = if members.len() > MOST_NAMES { ", ..." } else { "" };
            format!("enum of {} {{{}{more}}}", describe(base, indent), names.join(", "))
        }
        Class::Sequence(base) => format!("sequences of {}", describe(base, indent)),
        Class::Array { dims, base } => format!("{} array of {}", axes(dims), describe(base, indent)),
        Class::Complex(base) => format!("complex of {}", describe(base, indent)),
    }
}

fn compound(members: &[Member], bytes: u32, indent: usize) -> String {
    let inner = indent.saturating_add(4);
    let mut text = "compound {".to_owned();
    for member in members {
        let array =
            if member.dims.is_empty() { String::new() } else { format!("{} array of ", axes(&member.dims)) };
        let described = describe(&member.datatype, inner);
        // A string takes whatever is written to it.
        let _ = write!(text, "\n{:inner$}{}: {array}{described}", "", escaped(&member.name));
    }
    let _ = write!(text, "\n{:indent$}}} of {bytes} bytes", "");
    text
}

/// A number's name with its bits, and its byte order where that makes a difference: `int32`, `float64-be`.
fn sized(name: &str, bytes: u32, order: Order) -> String {
    let order = match order {
        Order::Little => "",
        Order::Big if bytes == 1 => "",
        Order::Big => "-be",
        Order::Vax => "-vax",
    };
    format!("{name}{}{order}", u64::from(bytes) * 8)
}

/// The bits that count, if not all do.
fn partial(bits: &Bits, bytes: u32) -> String {
    if u64::from(bits.precision) == u64::from(bytes) * 8 && bits.offset == 0 {
        return String::new();
    }
    format!(" with {} bits from bit {}", bits.precision, bits.offset)
}

fn axes(dims: &[u32]) -> String {
    let dims: Vec<String> = dims.iter().map(u32::to_string).collect();
    format!("[{}]", dims.join(", "))
}

fn padding_name(padding: Padding) -> &'static str {
    match padding {
        Padding::NullTerminated => "NUL-terminated",
        Padding::NullPadded => "NUL-padded",
        Padding::SpacePadded => "space-padded",
    }
}

fn charset_name(charset: Charset) -> &'static str {
    match charset {
        Charset::Ascii => "ASCII",
        Charset::Utf8 => "UTF-8",
    }
}

fn reference(kind: Reference) -> &'static str {
    match kind {
        Reference::Object => "object reference",
        Reference::Region => "region reference",
        Reference::Standard { .. } => "reference",
    }
}
