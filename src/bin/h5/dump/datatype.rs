//! Datatypes and dataspaces in the data description language.

use std::io;

use h5::Container;
use h5::types::stored::{
    Bits, Charset, Class, Datatype, FixedPoint, FloatingPoint, Normalization, Order, Padding, Reference,
};

use super::bits;
use super::number;
use super::page::{Cursor, Page, Style};

/// Writes a datatype behind what is in `buffer`; its last line stays there, for the caller to go on with.
pub(crate) fn write(
    page: &mut Page,
    cursor: &mut Cursor,
    style: &Style<'_>,
    buffer: &mut Vec<u8>,
    datatype: &Datatype,
) -> io::Result<()> {
    match &datatype.class {
        Class::FixedPoint(format) => integer(buffer, format, datatype.size),
        Class::FloatingPoint(format) => float(buffer, format, datatype),
        Class::Time { .. } => buffer.extend_from_slice(b"H5T_TIME: not yet implemented"),
        Class::BitField(bits) => bit_field(buffer, bits, datatype.size),
        Class::Reference(kind) => reference(buffer, *kind),
        Class::String { padding, charset } => {
            let words = Words { size: Some(datatype.size), padding: *padding, charset: *charset, is_c: true };
            string(page, cursor, style, buffer, &words)?;
        }
        Class::VariableString { padding, charset, base } => {
            let words = Words { size: None, padding: *padding, charset: *charset, is_c: is_character(base) };
            string(page, cursor, style, buffer, &words)?;
        }
        Class::Opaque { tag } => opaque(page, cursor, style, buffer, tag)?,
        Class::Compound(members) => {
            open(page, cursor, style, buffer, b"H5T_COMPOUND {")?;
            for member in members {
                cursor.fresh = true;
                array_head(buffer, &member.dims);
                write(page, cursor, style, buffer, &member.datatype)?;
                buffer.extend_from_slice(if member.dims.is_empty() { b" \"" } else { b" } \"" });
                buffer.extend_from_slice(&member.name);
                buffer.extend_from_slice(b"\";");
                end_line(page, cursor, style, buffer)?;
            }
            close(cursor, buffer);
        }
        Class::Enumeration { base, members } => {
            open(page, cursor, style, buffer, b"H5T_ENUM {")?;
            cursor.fresh = true;
            write(page, cursor, style, buffer, base)?;
            buffer.push(b';');
            end_line(page, cursor, style, buffer)?;
            for (name, value) in members {
                enumeration_member(page, cursor, style, buffer, base, name, value)?;
            }
            close(cursor, buffer);
        }
        Class::Sequence(base) => nested(page, cursor, style, buffer, b"H5T_VLEN { ", base)?,
        Class::Array { dims, base } => {
            array_head(buffer, dims);
            write(page, cursor, style, buffer, base)?;
            buffer.extend_from_slice(b" }");
        }
        Class::Complex(base) => complex(page, cursor, style, buffer, base)?,
    }
    Ok(())
}

/// Writes the beginning of a block behind what is in the buffer, and empties that.
fn open(
    page: &mut Page,
    cursor: &mut Cursor,
    style: &Style<'_>,
    buffer: &mut Vec<u8>,
    text: &[u8],
) -> io::Result<()> {
    buffer.extend_from_slice(text);
    end_line(page, cursor, style, buffer)?;
    cursor.level += 1;
    Ok(())
}

fn end_line(page: &mut Page, cursor: &mut Cursor, style: &Style<'_>, buffer: &mut Vec<u8>) -> io::Result<()> {
    page.put(cursor, style, buffer, super::page::Place::default())?;
    buffer.clear();
    Ok(())
}

/// Ends a block: its last line is left in the buffer.
fn close(cursor: &mut Cursor, buffer: &mut Vec<u8>) {
    cursor.level -= 1;
    cursor.fresh = true;
    buffer.push(b'}');
}

fn nested(
    page: &mut Page,
    cursor: &mut Cursor,
    style: &Style<'_>,
    buffer: &mut Vec<u8>,
    head: &[u8],
    base: &Datatype,
) -> io::Result<()> {
    buffer.extend_from_slice(head);
    write(page, cursor, style, buffer, base)?;
    buffer.extend_from_slice(b" }");
    Ok(())
}

fn array_head(buffer: &mut Vec<u8>, dims: &[u32]) {
    if dims.is_empty() {
        return;
    }
    buffer.extend_from_slice(b"H5T_ARRAY { ");
    for &size in dims {
        buffer.push(b'[');
        number::unsigned(buffer, u64::from(size));
        buffer.push(b']');
    }
    buffer.push(b' ');
}

fn order_letters(order: Order) -> &'static str {
    if order == Order::Big { "BE" } else { "LE" }
}

fn order_words(order: Order, size: u32) -> &'static str {
    match order {
        _ if size <= 1 => "",
        Order::Little => " little-endian",
        Order::Big => " big-endian",
        Order::Vax => " mixed-endian",
    }
}

/// Whether the bits are all those of a type of 1, 2, 4 or 8 bytes.
fn is_standard(bits: &Bits, size: u32) -> bool {
    matches!(size, 1 | 2 | 4 | 8)
        && bits.offset == 0
        && u32::from(bits.precision) == size * 8
        && !bits.low_padding
        && !bits.high_padding
}

fn integer(buffer: &mut Vec<u8>, format: &FixedPoint, size: u32) {
    let text = if is_standard(&format.bits, size) {
        let letter = if format.signed { 'I' } else { 'U' };
        format!("H5T_STD_{letter}{}{}", size * 8, order_letters(format.bits.order))
    } else {
        let sign = if format.signed { "" } else { " unsigned" };
        let (order, precision) = (order_words(format.bits.order, size), format.bits.precision);
        format!("{}-bit{order}{sign} integer {precision}-bit precision", u64::from(size) * 8)
    };
    buffer.extend_from_slice(text.as_bytes());
}

fn float(buffer: &mut Vec<u8>, format: &FloatingPoint, datatype: &Datatype) {
    let size = datatype.size;
    let text = if let Some(order) = datatype.ieee_order() {
        format!("H5T_IEEE_F{}{}", size * 8, order_letters(order))
    } else if is_vax(format, size) {
        format!("H5T_VAX_F{}", size * 8)
    } else {
        let (order, precision) = (order_words(format.bits.order, size), format.bits.precision);
        format!("{}-bit{order} floating-point {precision}-bit precision", u64::from(size) * 8)
    };
    buffer.extend_from_slice(text.as_bytes());
}

/// The two types of a VAX that libhdf5 has names for.
fn is_vax(format: &FloatingPoint, size: u32) -> bool {
    let (exponent, exponent_size, bias) = match size {
        4 => (23, 8, 0x81),
        8 => (52, 11, 0x401),
        _ => return false,
    };
    let whole = Bits { order: Order::Little, ..format.bits };
    format.bits.order == Order::Vax
        && is_standard(&whole, size)
        && !format.inner_padding
        && format.normalization == Normalization::Implied
        && (format.exponent, format.exponent_size, format.bias) == (exponent, exponent_size, bias)
        && (format.mantissa, format.mantissa_size) == (0, exponent)
        && format.sign == exponent + exponent_size
}

fn bit_field(buffer: &mut Vec<u8>, bits: &Bits, size: u32) {
    let text = match is_standard(bits, size) {
        true => format!("H5T_STD_B{}{}", size * 8, order_letters(bits.order)),
        false => "undefined bitfield".to_owned(),
    };
    buffer.extend_from_slice(text.as_bytes());
}

fn reference(buffer: &mut Vec<u8>, kind: Reference) {
    buffer.extend_from_slice(match kind {
        Reference::Object => b"H5T_REFERENCE { H5T_STD_REF_OBJECT }",
        Reference::Region => b"H5T_REFERENCE { H5T_STD_REF_DSETREG }",
        Reference::Standard { .. } => b"H5T_REFERENCE { H5T_STD_REF }",
    });
}

/// What there is to say of a string.
struct Words {
    /// None for any length.
    size: Option<u32>,
    padding: Padding,
    charset: Charset,
    /// Whether it consists of what libhdf5 takes for characters.
    is_c: bool,
}

/// Whether this is the type of the elements of libhdf5's own strings of any length. Some writers have others.
fn is_character(base: &Datatype) -> bool {
    let Class::FixedPoint(format) = &base.class else { return false };
    !format.signed && is_standard(&format.bits, base.size) && base.size == 1
}

fn string(
    page: &mut Page,
    cursor: &mut Cursor,
    style: &Style<'_>,
    buffer: &mut Vec<u8>,
    words: &Words,
) -> io::Result<()> {
    open(page, cursor, style, buffer, b"H5T_STRING {")?;
    let size = words.size.map_or("H5T_VARIABLE".to_owned(), |size| size.to_string());
    let padding = match words.padding {
        Padding::NullTerminated => "NULLTERM",
        Padding::NullPadded => "NULLPAD",
        Padding::SpacePadded => "SPACEPAD",
    };
    let charset = match words.charset {
        Charset::Ascii => "ASCII",
        Charset::Utf8 => "UTF8",
    };
    page.line(cursor, style, format!("STRSIZE {size};").as_bytes())?;
    page.line(cursor, style, format!("STRPAD H5T_STR_{padding};").as_bytes())?;
    page.line(cursor, style, format!("CSET H5T_CSET_{charset};").as_bytes())?;
    let kind = if words.is_c { "H5T_C_S1" } else { "unknown_one_character_type" };
    page.line(cursor, style, format!("CTYPE {kind};").as_bytes())?;
    close(cursor, buffer);
    Ok(())
}

fn opaque(
    page: &mut Page,
    cursor: &mut Cursor,
    style: &Style<'_>,
    buffer: &mut Vec<u8>,
    tag: &[u8],
) -> io::Result<()> {
    open(page, cursor, style, buffer, b"H5T_OPAQUE {")?;
    let end = tag.iter().position(|&byte| byte == 0).unwrap_or(tag.len());
    page.line(cursor, style, &[b"OPAQUE_TAG \"", &tag[..end], b"\";"].concat())?;
    close(cursor, buffer);
    Ok(())
}

fn enumeration_member(
    page: &mut Page,
    cursor: &mut Cursor,
    style: &Style<'_>,
    buffer: &mut Vec<u8>,
    base: &Datatype,
    name: &[u8],
    value: &[u8],
) -> io::Result<()> {
    const COLUMNS: usize = 16;
    cursor.fresh = true;
    page.begin(cursor, style, 0)?;
    buffer.push(b'"');
    buffer.extend_from_slice(name);
    buffer.push(b'"');
    buffer.resize(buffer.len() + COLUMNS.saturating_sub(name.len()) + 1, b' ');
    match &base.class {
        Class::FixedPoint(format) if base.size <= 8 => {
            let value = bits::integer(value, &format.bits, format.signed);
            buffer.extend_from_slice(value.to_string().as_bytes());
        }
        _ => {
            buffer.extend_from_slice(b"0x");
            value.iter().for_each(|&byte| number::hex(buffer, byte));
        }
    }
    buffer.push(b';');
    end_line(page, cursor, style, buffer)
}

fn complex(
    page: &mut Page,
    cursor: &mut Cursor,
    style: &Style<'_>,
    buffer: &mut Vec<u8>,
    base: &Datatype,
) -> io::Result<()> {
    let Some(order) = base.ieee_order() else {
        return nested(page, cursor, style, buffer, b"H5T_COMPLEX { ", base);
    };
    let name = format!("H5T_COMPLEX_IEEE_F{}{}", base.size * 8, order_letters(order));
    buffer.extend_from_slice(name.as_bytes());
    Ok(())
}

/// Appends a dataspace.
pub(crate) fn dataspace(buffer: &mut Vec<u8>, container: &Container) -> h5::Result<()> {
    if container.is_null() {
        buffer.extend_from_slice(b"DATASPACE  NULL");
        return Ok(());
    }
    if container.is_scalar() {
        buffer.extend_from_slice(b"DATASPACE  SCALAR");
        return Ok(());
    }
    let size = |size: &usize| size.to_string();
    let most = |most: &Option<u64>| most.map_or("H5S_UNLIMITED".to_owned(), |size| size.to_string());
    let shape: Vec<String> = container.try_shape()?.iter().map(size).collect();
    let maximum: Vec<String> = container.max_shape().iter().map(most).collect();
    let text = format!("DATASPACE  SIMPLE {{ ( {} ) / ( {} ) }}", shape.join(", "), maximum.join(", "));
    buffer.extend_from_slice(text.as_bytes());
    Ok(())
}
