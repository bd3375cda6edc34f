//! The version that a datatype is written with.

use super::{Class, Datatype, Member, Order, Reference};

/// The first versions that have array types, VAX byte order, references of 1.12, complex numbers.
const ARRAYS: u8 = 2;
const VAX: u8 = 3;
const STANDARD_REFERENCES: u8 = 4;
const COMPLEX: u8 = 5;

impl Datatype {
    /// The same type in a version that can hold it.
    ///
    /// As in libhdf5, compounds, enumerations and arrays are in version `least` at least, since newer versions of them
    /// are smaller. All other classes look the same in every version that has them.
    pub(crate) fn in_version(&self, least: u8) -> Datatype {
        let class = self.class.with_nested(&|nested| nested.in_version(least));
        let version = self.version.max(class.least_version(least));
        // Members with sizes of their own are in version 1 and in no other.
        let version = if class.has_sized_members() { self.version } else { version };
        Datatype { version, size: self.size, class }
    }

    /// Whether elements of both types are the same, whatever versions the types are written in.
    pub(crate) fn is_same(&self, other: &Datatype) -> bool {
        self.without_versions() == other.without_versions()
    }

    /// The type with the same version in all of it, so that equal types are equal.
    pub(crate) fn without_versions(&self) -> Datatype {
        let class = self.class.with_nested(&Datatype::without_versions);
        Datatype { version: 0, size: self.size, class }
    }
}

impl Class {
    /// The class with other types in the places of those that it is made of.
    fn with_nested(&self, of: &impl Fn(&Datatype) -> Datatype) -> Class {
        let nested = |base: &Datatype| Box::new(of(base));
        match self {
            Class::Compound(members) => {
                let member = |member: &Member| Member { datatype: of(&member.datatype), ..member.clone() };
                Class::Compound(members.iter().map(member).collect())
            }
            Class::Enumeration { base, members } => {
                Class::Enumeration { base: nested(base), members: members.clone() }
            }
            Class::Array { dims, base } => Class::Array { dims: dims.clone(), base: nested(base) },
            Class::Sequence(base) => Class::Sequence(nested(base)),
            Class::VariableString { padding, charset, base } => {
                Class::VariableString { padding: *padding, charset: *charset, base: nested(base) }
            }
            Class::Complex(base) => Class::Complex(nested(base)),
            plain => plain.clone(),
        }
    }

    /// The lowest version that can hold the class; what it is made of has its version already.
    fn least_version(&self, least: u8) -> u8 {
        match self {
            Class::Compound(members) => {
                members.iter().map(|member| member.datatype.version).fold(least, u8::max)
            }
            Class::Enumeration { base, .. } => base.version.max(least),
            Class::Array { base, .. } => base.version.max(least).max(ARRAYS),
            Class::Sequence(base) | Class::VariableString { base, .. } => base.version,
            Class::Complex(base) => base.version.max(COMPLEX),
            Class::FloatingPoint(number) if number.bits.order == Order::Vax => VAX,
            Class::Reference(Reference::Standard { .. }) => STANDARD_REFERENCES,
            _ => 1,
        }
    }

    fn has_sized_members(&self) -> bool {
        matches!(self, Class::Compound(members) if members.iter().any(|member| !member.dims.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Sizes;
    use crate::format::message::Message as _;

    fn compound(of: Datatype) -> Datatype {
        let size = of.size;
        let member = Member { name: b"m".to_vec(), offset: 0, dims: Vec::new(), datatype: of };
        Datatype { version: 1, size, class: Class::Compound(vec![member]) }
    }

    fn array(of: Datatype) -> Datatype {
        let size = 3 * of.size;
        Datatype { version: 1, size, class: Class::Array { dims: vec![3], base: Box::new(of) } }
    }

    fn sequence(of: Datatype) -> Datatype {
        Datatype { version: 1, size: 16, class: Class::Sequence(Box::new(of)) }
    }

    #[test]
    fn each_type_has_the_lowest_version_that_holds_it() {
        let integer = Datatype::integer(4, true, Order::Little);
        let complex =
            Datatype { version: 1, size: 8, class: Class::Complex(Box::new(Datatype::float(4, Order::Big))) };
        let reference = Class::Reference(Reference::Standard { kind: 2, version: 1 });
        let reference = Datatype { version: 1, size: 64, class: reference };
        let cases = [
            (integer.clone(), [1, 1, 1]),
            (Datatype::boolean(), [1, 3, 5]),
            (compound(integer.clone()), [1, 3, 5]),
            (array(integer.clone()), [2, 3, 5]),
            (compound(array(integer.clone())), [2, 3, 5]),
            (sequence(integer.clone()), [1, 1, 1]),
            (sequence(compound(integer)), [1, 3, 5]),
            (complex.clone(), [5, 5, 5]),
            (compound(complex), [5, 5, 5]),
            (reference, [4, 4, 4]),
        ];
        for (datatype, expected) in cases {
            let found = [1, 3, 5].map(|least| datatype.in_version(least).version);
            assert_eq!(found, expected, "{datatype:?}");
            let budget = Default::default();
            for least in [1, 3, 5] {
                let there = datatype.in_version(least);
                let bytes = there.to_body(Sizes::EIGHT).unwrap();
                let back: Datatype = crate::format::decode(&bytes, 0, &Sizes::EIGHT, &budget).unwrap();
                assert_eq!(back, there);
            }
        }
    }

    #[test]
    fn types_are_the_same_in_all_versions() {
        let types = [compound(array(Datatype::boolean())), sequence(compound(Datatype::boolean()))];
        for datatype in &types {
            assert_ne!(datatype.in_version(1), datatype.in_version(4));
            assert!(datatype.in_version(1).is_same(&datatype.in_version(4)));
            assert!(!datatype.is_same(&compound(array(Datatype::integer(1, true, Order::Little)))));
        }
        assert!(!types[0].is_same(&types[1]));
    }

    #[test]
    fn members_with_sizes_of_their_own_keep_them() {
        let mut old = compound(Datatype::integer(4, true, Order::Little));
        if let Class::Compound(members) = &mut old.class {
            members[0].dims = vec![2];
        }
        old.size = 8;
        assert_eq!(old.in_version(3).version, 1);
    }
}
