//! Types that are made of others, and how they are stored.

use super::{FloatSize, TypeDescriptor};
use crate::base::{Error, Result, Sizes, to_usize};
use crate::format::datatype::{Class, Datatype, Member, Reference};
use crate::format::global_heap::VariableLength;

/// A structure of members with names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CompoundType {
    /// The members in the order in which they are stored.
    pub fields: Vec<CompoundField>,
}

/// A member of a structure.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CompoundField {
    /// The name.
    pub name: String,
    /// The type.
    pub ty: TypeDescriptor,
}

/// Names for values of an integer type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnumType {
    /// The integer type.
    pub base: Box<TypeDescriptor>,
    /// The names with their values.
    pub members: Vec<EnumMember>,
}

/// A value that has a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnumMember {
    /// The name.
    pub name: String,
    /// The value.
    pub value: i128,
}

impl CompoundType {
    /// Describes a structure of these members: names with types.
    pub fn new<'n>(fields: impl IntoIterator<Item = (&'n str, TypeDescriptor)>) -> Self {
        let field = |(name, ty): (&str, TypeDescriptor)| CompoundField { name: name.to_owned(), ty };
        CompoundType { fields: fields.into_iter().map(field).collect() }
    }

    /// Packed: each member begins where the one before ends, whatever a machine would align them to.
    pub(super) fn to_file(&self, sizes: Sizes) -> Result<Datatype> {
        let mut members: Vec<Member> = Vec::new();
        let mut end = 0;
        for CompoundField { name, ty } in &self.fields {
            check_name(name, members.iter().map(|member| &member.name))?;
            let datatype = ty.to_file(sizes)?;
            let offset = element_size(end)?;
            end = end.saturating_add(to_usize(u64::from(datatype.size))?);
            members.push(Member { name: name.clone().into_bytes(), offset, dims: Vec::new(), datatype });
        }
        stored(end, Class::Compound(members))
    }
}

impl EnumType {
    /// Describes names for values of an integer type.
    pub fn new<'n>(base: TypeDescriptor, members: impl IntoIterator<Item = (&'n str, i128)>) -> Self {
        let member = |(name, value): (&str, i128)| EnumMember { name: name.to_owned(), value };
        EnumType { base: Box::new(base), members: members.into_iter().map(member).collect() }
    }

    pub(super) fn to_file(&self, sizes: Sizes) -> Result<Datatype> {
        let base = self.base.to_file(sizes)?;
        let Class::FixedPoint(number) = &base.class else {
            return Err(Error::misuse("an enumeration names values of an integer type"));
        };
        let size = to_usize(u64::from(base.size))?;
        let mut members: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for EnumMember { name, value } in &self.members {
            check_name(name, members.iter().map(|(name, _)| name))?;
            // What is cut off has to be nothing but the sign.
            let rest = value >> (size * 8 - usize::from(number.signed)).min(127);
            if rest != 0 && !(number.signed && rest == -1) {
                return Err(Error::misuse(format!("{value}, the value of {name:?}, is over {size} bytes")));
            }
            members.push((name.clone().into_bytes(), value.to_le_bytes().into_iter().take(size).collect()));
        }
        stored(size, Class::Enumeration { base: Box::new(base), members })
    }
}

/// The first version of every type: whoever writes it chooses one that can hold it.
fn stored(size: usize, class: Class) -> Result<Datatype> {
    match element_size(size)? {
        0 => Err(Error::misuse("an element has at least one byte, a compound at least one member")),
        size => Ok(Datatype { version: 1, size, class }),
    }
}

fn element_size(size: usize) -> Result<u32> {
    u32::try_from(size).map_err(|_| Error::limit("bytes of an element", size as u64, u64::from(u32::MAX)))
}

fn check_name<'n>(name: &str, mut others: impl Iterator<Item = &'n Vec<u8>>) -> Result<()> {
    if name.is_empty() || name.contains('\0') || others.any(|other| other == name.as_bytes()) {
        return Err(Error::misuse(format!("{name:?} cannot be the name of a further member")));
    }
    Ok(())
}

/// An array of arrays has several axes, as in h5py.
pub(super) fn array(base: &TypeDescriptor, len: usize, sizes: Sizes) -> Result<Datatype> {
    let (base, axis) = (base.to_file(sizes)?, element_size(len)?);
    let size = to_usize(u64::from(base.size))?.saturating_mul(len);
    let (dims, base) = match base.class {
        Class::Array { dims, base } => ([vec![axis], dims].concat(), base),
        _ => (vec![axis], Box::new(base)),
    };
    stored(size, Class::Array { dims, base })
}

pub(super) fn sequence(base: &TypeDescriptor, sizes: Sizes) -> Result<Datatype> {
    stored(VariableLength::len(sizes), Class::Sequence(Box::new(base.to_file(sizes)?)))
}

/// As h5py stores it, which all releases of libhdf5 read: a compound of `r` and `i`.
pub(super) fn complex(part: FloatSize, sizes: Sizes) -> Result<Datatype> {
    let part = TypeDescriptor::Float(part);
    CompoundType::new([("r", part.clone()), ("i", part)]).to_file(sizes)
}

pub(super) fn object_reference(sizes: Sizes) -> Result<Datatype> {
    stored(sizes.address(), Class::Reference(Reference::Object))
}

pub(super) fn opaque(len: usize) -> Result<Datatype> {
    stored(len, Class::Opaque { tag: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::types::IntSize;

    fn byte() -> TypeDescriptor {
        TypeDescriptor::Unsigned(IntSize::U1)
    }

    #[track_caller]
    fn refused(descriptor: &TypeDescriptor, text: &str) {
        let error = descriptor.to_file(Sizes::EIGHT).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }

    #[test]
    fn members_are_packed_and_arrays_of_arrays_have_several_axes() {
        let table = TypeDescriptor::FixedArray(Box::new(TypeDescriptor::Float(FloatSize::U8)), 3);
        let table = TypeDescriptor::FixedArray(Box::new(table), 2);
        let compound = CompoundType::new([("a", byte()), ("b", table), ("c", byte())]);
        let stored = TypeDescriptor::Compound(compound).to_file(Sizes::EIGHT).unwrap();
        let Class::Compound(members) = &stored.class else { panic!("{stored:?}") };
        let offsets: Vec<u32> = members.iter().map(|member| member.offset).collect();
        assert_eq!((offsets, stored.size), (vec![0, 1, 49], 50));
        assert!(matches!(&members[1].datatype.class, Class::Array { dims, .. } if *dims == [2, 3]));
    }

    #[test]
    fn values_of_enumerations_have_the_bytes_of_their_type() {
        let names = |base, value| TypeDescriptor::Enum(EnumType::new(base, [("x", value)]));
        let signed = || TypeDescriptor::Integer(IntSize::U2);
        let stored = names(signed(), -2).to_file(Sizes::EIGHT).unwrap();
        let Class::Enumeration { members, .. } = stored.class else { panic!("{stored:?}") };
        assert_eq!(members, [(b"x".to_vec(), vec![0xfe, 0xff])]);
        for (base, value) in [(signed(), 32_768), (signed(), -32_769), (byte(), 256), (byte(), -1)] {
            refused(&names(base, value), "is over");
        }
        assert!(names(byte(), 255).to_file(Sizes::EIGHT).is_ok());
        refused(&names(TypeDescriptor::Boolean, 1), "an integer type");
    }

    #[test]
    fn types_that_cannot_be_are_refused() {
        let compound = |names: &[&'static str]| {
            TypeDescriptor::Compound(CompoundType::new(names.iter().map(|name| (*name, byte()))))
        };
        refused(&compound(&[]), "at least one member");
        refused(&compound(&["a", "a"]), "\"a\" cannot be the name");
        refused(&compound(&[""]), "\"\" cannot be the name");
        refused(&TypeDescriptor::FixedArray(Box::new(byte()), 0), "at least one byte");
        refused(&TypeDescriptor::FixedArray(Box::new(byte()), 1 << 33), "bytes of an element");
        refused(&TypeDescriptor::Opaque(0), "at least one byte");
    }
}
