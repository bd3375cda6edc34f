//! The datatype message: what one element is.
//!
//! Specification 4.0, IV.A.2.d.
//!
//! ```text
//!  0  1  version (high 4 bits), class (low 4 bits)
//!  1  3  class bits
//!  4  4  bytes of an element
//!  8  .  properties of the class
//! ```
//!
//! Versions: 1 the first, 2 with array types (there are old files with those under 1), 3 packed, 4 with the references of 1.12, 5 with complex numbers (2.0).
//! Reads and writes versions 1 to 5; which one a type is written with, its own version says.

mod build;
mod check;
mod fit;
mod members;
mod numeric;
mod version;

use crate::base::{Error, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

pub(crate) use build::PLAIN_VERSION;
pub use numeric::{Bits, FixedPoint, FloatingPoint, Normalization, Order};

/// A datatype as a file stores it.
#[derive(Clone, Debug, PartialEq)]
pub struct Datatype {
    /// The version of the message; 1 to 5.
    pub version: u8,
    /// Bytes of one element in the file.
    pub size: u32,
    /// What the bytes mean.
    pub class: Class,
}

/// The class of a datatype with its properties.
#[derive(Clone, Debug, PartialEq)]
pub enum Class {
    /// An integer (class 0).
    FixedPoint(FixedPoint),
    /// A floating-point number (class 1).
    FloatingPoint(FloatingPoint),
    /// A time (class 2), of which the format says no more than this.
    Time {
        /// The byte order.
        order: Order,
        /// The bits that count.
        precision: u16,
    },
    /// A string of a fixed length (class 3).
    String {
        /// What fills shorter strings.
        padding: Padding,
        /// The character set.
        charset: Charset,
    },
    /// A field of bits (class 4).
    BitField(Bits),
    /// Bytes without a meaning (class 5).
    Opaque {
        /// A description, as stored: padded with NULs.
        tag: Vec<u8>,
    },
    /// A structure (class 6).
    Compound(Vec<Member>),
    /// A reference to an object or a part of one (class 7).
    Reference(Reference),
    /// Names for integers (class 8).
    Enumeration {
        /// The integer type.
        base: Box<Datatype>,
        /// Names with values; a value has the bytes of the base type.
        members: Vec<(Vec<u8>, Vec<u8>)>,
    },
    /// A sequence of any length (class 9, type 0).
    Sequence(Box<Datatype>),
    /// A string of any length (class 9, type 1).
    VariableString {
        /// What fills shorter strings.
        padding: Padding,
        /// The character set.
        charset: Charset,
        /// The type of one character.
        base: Box<Datatype>,
    },
    /// An array (class 10).
    Array {
        /// The size of each axis.
        dims: Vec<u32>,
        /// The type of an element of the array.
        base: Box<Datatype>,
    },
    /// A complex number (class 11) of two parts of one type.
    Complex(Box<Datatype>),
}

/// What fills a fixed-length string that is shorter than its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// A NUL ends the string.
    NullTerminated,
    /// NULs fill the field.
    NullPadded,
    /// Spaces fill the field.
    SpacePadded,
}

/// The character set of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// ASCII.
    Ascii,
    /// UTF-8.
    Utf8,
}

/// What a reference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// An object, in the form of 1.8.
    Object,
    /// A region of a dataset, in the form of 1.8.
    Region,
    /// The form of 1.12, which holds an object, a region or an attribute.
    Standard {
        /// 2 object, 3 region, 4 attribute.
        kind: u8,
        /// The version of the encoding.
        version: u8,
    },
}

/// A member of a compound.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The name.
    pub name: Vec<u8>,
    /// Bytes from the beginning of the compound.
    pub offset: u32,
    /// Of a version 1 compound only: up to four sizes that make the member an array.
    pub dims: Vec<u32>,
    /// The type.
    pub datatype: Datatype,
}

/// The head of every datatype message, before its properties.
struct Head {
    version: u8,
    class: u8,
    bits: u32,
    size: u32,
}

impl Wire for Datatype {
    const STRUCTURE: Structure = Structure::Datatype;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        decode_nested(r, 1)
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(self.len())
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        self.put(w)
    }
}

fn decode_nested(r: &mut Reader<'_>, depth: u32) -> Result<Datatype> {
    r.budget().depth(depth).map_err(|e| r.locate(e))?;
    let at = r.clone();
    let first = r.u8()?;
    let bits = r.array::<3>()?;
    let bits = u32::from_le_bytes([bits[0], bits[1], bits[2], 0]);
    let head = Head { version: first >> 4, class: first & 15, bits, size: r.u32()? };
    if !(1..=5).contains(&head.version) {
        return Err(at.clone().version(1..=5).err().unwrap_or_else(|| at.bad("version", head.version, "")));
    }
    if head.size == 0 {
        return Err(at.bad("size of a datatype", 0u8, "it must be greater than zero"));
    }
    let class = decode_class(r, &head, &at, depth)?;
    Ok(Datatype { version: head.version, size: head.size, class })
}

fn decode_class(r: &mut Reader<'_>, head: &Head, at: &Reader<'_>, depth: u32) -> Result<Class> {
    Ok(match head.class {
        0 => Class::FixedPoint(FixedPoint::decode(r, head.bits)?),
        1 => Class::FloatingPoint(FloatingPoint::decode(r, head.bits)?),
        2 => Class::Time { order: Order::of(head.bits), precision: r.u16()? },
        3 => {
            Class::String { padding: Padding::of(head.bits, at)?, charset: Charset::of(head.bits >> 4, at)? }
        }
        4 => Class::BitField(Bits::decode(r, head.bits)?),
        5 => Class::Opaque { tag: r.take_long(u64::from(head.bits & 0xff))?.to_vec() },
        6 => Class::Compound(members::decode_members(r, head, depth)?),
        7 => Class::Reference(Reference::of(head.bits, at)?),
        8 => members::decode_enumeration(r, head, depth)?,
        9 => {
            let base = Box::new(decode_nested(r, depth + 1)?);
            match head.bits & 15 {
                0 => Class::Sequence(base),
                1 => Class::VariableString {
                    padding: Padding::of(head.bits >> 4, at)?,
                    charset: Charset::of(head.bits >> 8, at)?,
                    base,
                },
                kind => return Err(at.bad("variable-length type", kind, "0 and 1 are known")),
            }
        }
        10 => members::decode_array(r, head, depth)?,
        11 => {
            if head.bits & 7 != 1 {
                return Err(at.bad("complex form", head.bits, "only homogeneous rectangular is defined"));
            }
            Class::Complex(Box::new(decode_nested(r, depth + 1)?))
        }
        class => return Err(at.bad("datatype class", class, "0 to 11 are known")),
    })
}

impl Datatype {
    fn len(&self) -> usize {
        8 + match &self.class {
            Class::FixedPoint(_) | Class::BitField(_) => 4,
            Class::FloatingPoint(_) => 12,
            Class::Time { .. } => 2,
            Class::String { .. } | Class::Reference(_) => 0,
            Class::Opaque { tag } => tag.len(),
            Class::Compound(members) => {
                members.iter().map(|member| member.len(self.version, self.size)).sum()
            }
            Class::Enumeration { base, members } => {
                base.len() + members::enumeration_len(self.version, members)
            }
            Class::Sequence(base) | Class::VariableString { base, .. } | Class::Complex(base) => base.len(),
            Class::Array { dims, base } => members::array_head_len(self.version, dims) + base.len(),
        }
    }

    fn put(&self, w: &mut Writer) -> Result<()> {
        w.u8(self.version << 4 | self.class.number());
        w.put(&self.class.bits()?.to_le_bytes()[..3]);
        w.u32(self.size);
        match &self.class {
            Class::FixedPoint(number) => number.encode(w),
            Class::FloatingPoint(number) => number.encode(w),
            Class::BitField(bits) => bits.encode(w),
            Class::Time { precision, .. } => w.u16(*precision),
            Class::String { .. } | Class::Reference(_) => {}
            Class::Opaque { tag } => w.put(tag),
            Class::Compound(members) => {
                members.iter().try_for_each(|member| member.encode(w, self.version, self.size))?;
            }
            Class::Enumeration { base, members } => {
                base.put(w)?;
                members::encode_enumeration(w, self.version, members);
            }
            Class::Sequence(base) | Class::VariableString { base, .. } | Class::Complex(base) => {
                base.put(w)?;
            }
            Class::Array { dims, base } => {
                members::encode_array_head(w, self.version, dims)?;
                base.put(w)?;
            }
        }
        Ok(())
    }
}

impl Class {
    fn number(&self) -> u8 {
        match self {
            Class::FixedPoint(_) => 0,
            Class::FloatingPoint(_) => 1,
            Class::Time { .. } => 2,
            Class::String { .. } => 3,
            Class::BitField(_) => 4,
            Class::Opaque { .. } => 5,
            Class::Compound(_) => 6,
            Class::Reference(_) => 7,
            Class::Enumeration { .. } => 8,
            Class::Sequence(_) | Class::VariableString { .. } => 9,
            Class::Array { .. } => 10,
            Class::Complex(_) => 11,
        }
    }

    fn bits(&self) -> Result<u32> {
        let count = |n: usize, most: u32, what| {
            u32::try_from(n).ok().filter(|&n| n <= most).ok_or_else(|| {
                Error::field(what, n as u64, "too many for a datatype message").within(Structure::Datatype)
            })
        };
        Ok(match self {
            Class::FixedPoint(number) => number.bits(),
            Class::FloatingPoint(number) => number.bits(),
            Class::BitField(bits) => bits.bits(),
            Class::Time { order, .. } => order.bit(),
            Class::String { padding, charset } => *padding as u32 | (*charset as u32) << 4,
            Class::Opaque { tag } => count(tag.len(), 0xff, "length of the tag")?,
            Class::Compound(members) => count(members.len(), 0xffff, "number of members")?,
            Class::Reference(reference) => reference.bits(),
            Class::Enumeration { members, .. } => count(members.len(), 0xffff, "number of members")?,
            Class::VariableString { padding, charset, .. } => {
                1 | (*padding as u32) << 4 | (*charset as u32) << 8
            }
            Class::Sequence(_) | Class::Array { .. } => 0,
            Class::Complex(_) => 1,
        })
    }
}

impl Padding {
    fn of(bits: u32, at: &Reader<'_>) -> Result<Self> {
        match bits & 15 {
            0 => Ok(Padding::NullTerminated),
            1 => Ok(Padding::NullPadded),
            2 => Ok(Padding::SpacePadded),
            other => Err(at.bad("string padding", other, "0, 1 and 2 are known")),
        }
    }
}

impl Charset {
    fn of(bits: u32, at: &Reader<'_>) -> Result<Self> {
        match bits & 15 {
            0 => Ok(Charset::Ascii),
            1 => Ok(Charset::Utf8),
            other => Err(at.bad("character set", other, "0 and 1 are known")),
        }
    }
}

impl Reference {
    /// What libhdf5 gives elements of its standard reference type, whatever each of them refers to.
    pub const STANDARD: Reference = Reference::Standard { kind: 2, version: 1 };

    fn of(bits: u32, at: &Reader<'_>) -> Result<Self> {
        let version = (bits >> 4 & 15).to_le_bytes()[0];
        match bits & 15 {
            0 => Ok(Reference::Object),
            1 => Ok(Reference::Region),
            kind @ 2..=4 => Ok(Reference::Standard { kind: kind.to_le_bytes()[0], version }),
            other => Err(at.bad("reference type", other, "0 to 4 are known")),
        }
    }

    fn bits(self) -> u32 {
        match self {
            Reference::Object => 0,
            Reference::Region => 1,
            Reference::Standard { kind, version } => u32::from(kind) | u32::from(version) << 4,
        }
    }
}

#[cfg(test)]
mod tests;
