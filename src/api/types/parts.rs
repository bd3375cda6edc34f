//! Types that are made of others, and how they are stored.

use super::descriptor::bytes;
use super::{Datatype, TypeDescriptor};
use crate::base::Result;
use crate::format::datatype::Class;

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
    pub(super) fn to_datatype(&self) -> Result<Datatype> {
        let mut compound = Datatype::compound();
        for CompoundField { name, ty } in &self.fields {
            compound = compound.field(name, &ty.to_datatype()?);
        }
        compound.build()
    }
}

impl EnumType {
    /// Describes names for values of an integer type.
    pub fn new<'n>(base: TypeDescriptor, members: impl IntoIterator<Item = (&'n str, i128)>) -> Self {
        let member = |(name, value): (&str, i128)| EnumMember { name: name.to_owned(), value };
        EnumType { base: Box::new(base), members: members.into_iter().map(member).collect() }
    }

    pub(super) fn to_datatype(&self) -> Result<Datatype> {
        let members = self.members.iter().map(|member| (member.name.as_str(), member.value));
        Datatype::enumeration(&self.base.to_datatype()?, members)
    }
}

/// An array of arrays has several axes, as in h5py.
pub(super) fn array(base: &TypeDescriptor, len: usize) -> Result<Datatype> {
    let (base, axis) = (base.to_datatype()?, bytes(len)?);
    match base.stored.class {
        Class::Array { dims, base } => Datatype::array(&(*base).into(), &[vec![axis], dims].concat()),
        _ => Datatype::array(&base, &[axis]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::types::{FloatSize, IntSize};
    use crate::base::Sizes;

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
            refused(&names(base, value), "is no value of the integer type");
        }
        assert!(names(byte(), 255).to_file(Sizes::EIGHT).is_ok());
        refused(&names(TypeDescriptor::Boolean, 1), "an integer type");
    }

    #[test]
    fn types_that_cannot_be_are_refused() {
        let compound = |names: &[&'static str]| {
            TypeDescriptor::Compound(CompoundType::new(names.iter().map(|name| (*name, byte()))))
        };
        refused(&compound(&[]), "a compound of 0 members");
        refused(&compound(&["a", "a"]), "two members called \"a\"");
        refused(&compound(&[""]), "\"\" cannot be the name");
        refused(&TypeDescriptor::Enum(EnumType::new(byte(), [("a", 1), ("b", 1)])), "has a name already");
        refused(&TypeDescriptor::Enum(EnumType::new(byte(), [])), "an enumeration of 0 members");
        let array = |base, len| TypeDescriptor::FixedArray(Box::new(base), len);
        refused(&(0..33).fold(byte(), |base, _| array(base, 1)), "1 to 32 axes");
        refused(&array(byte(), 0), "at least one byte");
        refused(&TypeDescriptor::FixedArray(Box::new(byte()), 1 << 33), "bytes of an element");
        refused(&TypeDescriptor::Opaque(0), "at least one byte");
    }
}
