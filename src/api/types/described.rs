//! What stored types mean that are made of others.

use super::{CompoundField, CompoundType, EnumMember, EnumType, TypeDescriptor};
use crate::format::datatype::{Class, Datatype, Member, Order};

impl TypeDescriptor {
    /// What a stored type means; none if no Rust type means the same.
    pub(super) fn of_parts(stored: &Datatype) -> Option<TypeDescriptor> {
        match &stored.class {
            Class::Array { dims, base } => dims.iter().rev().try_fold(described(base)?, |element, &dim| {
                Some(TypeDescriptor::FixedArray(Box::new(element), usize::try_from(dim).ok()?))
            }),
            Class::Sequence(base) => Some(TypeDescriptor::VarLenArray(Box::new(described(base)?))),
            Class::Compound(members) => compound(members),
            Class::Complex(base) => match described(base)? {
                TypeDescriptor::Float(part) => Some(TypeDescriptor::Complex(part)),
                _ => None,
            },
            Class::Enumeration { base, members } => enumeration(base, members),
            Class::Reference(_) => Some(TypeDescriptor::Reference),
            Class::Opaque { .. } => Some(TypeDescriptor::Opaque(usize::try_from(stored.size).ok()?)),
            _ => None,
        }
    }
}

fn described(datatype: &Datatype) -> Option<TypeDescriptor> {
    super::Datatype::from(datatype.clone()).to_descriptor().ok()
}

fn compound(members: &[Member]) -> Option<TypeDescriptor> {
    let field = |member: &Member| {
        let name = String::from_utf8(member.name.clone()).ok()?;
        Some(CompoundField { name, ty: described(&member.whole_type())? })
    };
    let fields = members.iter().map(field).collect::<Option<Vec<_>>>()?;
    match &fields[..] {
        [real, imaginary] if real.name == "r" && imaginary.name == "i" && real.ty == imaginary.ty => {
            if let TypeDescriptor::Float(part) = real.ty {
                return Some(TypeDescriptor::Complex(part));
            }
        }
        _ => {}
    }
    Some(TypeDescriptor::Compound(CompoundType { fields }))
}

fn enumeration(base: &Datatype, members: &[(Vec<u8>, Vec<u8>)]) -> Option<TypeDescriptor> {
    let Class::FixedPoint(number) = &base.class else { return None };
    let member = |(name, value): &(Vec<u8>, Vec<u8>)| {
        let mut bytes = value.clone();
        if number.bits.order == Order::Big {
            bytes.reverse();
        }
        let sign = if number.signed && bytes.last()? & 0x80 != 0 { 0xff } else { 0 };
        bytes.resize(16, sign);
        let value = i128::from_le_bytes(bytes.try_into().ok()?);
        Some(EnumMember { name: String::from_utf8(name.clone()).ok()?, value })
    };
    let base = Box::new(described(base)?);
    let members = members.iter().map(member).collect::<Option<Vec<_>>>()?;
    Some(TypeDescriptor::Enum(EnumType { base, members }))
}

#[cfg(test)]
mod tests {
    use super::super::{FloatSize, IntSize};
    use super::*;
    use crate::base::Sizes;

    #[test]
    fn what_is_stored_means_what_it_was_made_of() {
        let byte = || TypeDescriptor::Integer(IntSize::U1);
        let names = EnumType::new(TypeDescriptor::Integer(IntSize::U2), [("a", -2), ("b", 700)]);
        let pair = TypeDescriptor::FixedArray(Box::new(byte()), 2);
        let all = [
            ("array", TypeDescriptor::FixedArray(Box::new(pair), 3)),
            ("sequence", TypeDescriptor::VarLenArray(Box::new(TypeDescriptor::VarLenUnicode))),
            ("names", TypeDescriptor::Enum(names)),
            ("complex", TypeDescriptor::Complex(FloatSize::U4)),
            ("reference", TypeDescriptor::Reference),
            ("opaque", TypeDescriptor::Opaque(3)),
        ];
        let compound = TypeDescriptor::Compound(CompoundType::new(all));
        let stored = compound.to_file(Sizes::EIGHT).unwrap();
        assert_eq!(super::super::Datatype::from(stored).to_descriptor().unwrap(), compound);
    }
}
