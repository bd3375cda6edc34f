//! What makes no sense as a datatype, in types that a program has put together.
//!
//! The rules are those of libhdf5, which refuses such types when they are made or when it meets them in a file.

use std::collections::HashSet;

use super::{Bits, Class, Datatype, FloatingPoint, Member, Normalization, Order, Reference};
use crate::base::{Budget, Error, Result};

/// The class bits count members with 16 bits.
const MOST_MEMBERS: usize = 0xffff;
const MOST_AXES: usize = 32;
/// The only encoding of the references of 1.12 so far.
const REFERENCE_ENCODING: u8 = 1;

impl Datatype {
    /// Refuses a type that breaks a rule anywhere in it, or that is nested deeper than it could be read back.
    pub(crate) fn check(&self, budget: &Budget) -> Result<()> {
        self.check_nested(budget, 1)
    }

    fn check_nested(&self, budget: &Budget, depth: u32) -> Result<()> {
        budget.depth(depth)?;
        if self.size == 0 {
            return wrong("a datatype has elements of at least one byte");
        }
        match &self.class {
            Class::FixedPoint(number) => check_bits(&number.bits, self.size),
            Class::BitField(bits) => check_bits(bits, self.size),
            Class::Time { order, precision } => check_bits(&word(*order, *precision), self.size),
            Class::FloatingPoint(number) => check_float(number, self.size),
            Class::String { .. } | Class::Opaque { .. } => Ok(()),
            Class::Reference(reference) => check_reference(*reference),
            Class::Compound(members) => {
                check_members(members, self.version, self.size)?;
                members.iter().try_for_each(|member| member.datatype.check_nested(budget, depth + 1))
            }
            Class::Enumeration { base, members } => check_enumeration(base, members, self.size)
                .and_then(|()| base.check_nested(budget, depth + 1)),
            Class::Array { dims, base } => {
                check_array(dims, base, self.size).and_then(|()| base.check_nested(budget, depth + 1))
            }
            Class::Complex(base) => {
                check_complex(base, self.size).and_then(|()| base.check_nested(budget, depth + 1))
            }
            Class::Sequence(base) | Class::VariableString { base, .. } => {
                base.check_nested(budget, depth + 1)
            }
        }
    }

    /// Whether numbers in it leave more than half of their bytes unused. libhdf5 takes such a type for damage where no
    /// checksum tells otherwise, as in version 1 headers.
    pub(crate) fn has_mostly_unused_bits(&self) -> bool {
        let bits = match &self.class {
            Class::FixedPoint(number) => &number.bits,
            Class::FloatingPoint(number) => &number.bits,
            Class::BitField(bits) => bits,
            Class::Compound(members) => {
                return members.iter().any(|member| member.datatype.has_mostly_unused_bits());
            }
            Class::Enumeration { base, .. }
            | Class::Array { base, .. }
            | Class::Complex(base)
            | Class::Sequence(base)
            | Class::VariableString { base, .. } => return base.has_mostly_unused_bits(),
            Class::Time { .. } | Class::String { .. } | Class::Opaque { .. } | Class::Reference(_) => {
                return false;
            }
        };
        let used = u64::from(bits.offset) + u64::from(bits.precision);
        self.size > 1 && u64::from(self.size) * 8 > 2 * used
    }
}

fn wrong<T>(what: impl Into<String>) -> Result<T> {
    Err(Error::misuse(what))
}

fn word(order: Order, precision: u16) -> Bits {
    Bits { order, offset: 0, precision, low_padding: false, high_padding: false }
}

fn check_bits(bits: &Bits, size: u32) -> Result<()> {
    let Bits { order, offset, precision, .. } = *bits;
    if precision == 0 || u64::from(offset) + u64::from(precision) > u64::from(size) * 8 {
        return wrong(format!("{precision} bits from bit {offset} on in a word of {size} bytes"));
    }
    if order == Order::Vax {
        return wrong("only floating-point numbers have VAX order");
    }
    Ok(())
}

fn check_float(number: &FloatingPoint, size: u32) -> Result<()> {
    check_bits(&Bits { order: Order::Little, ..number.bits }, size)?;
    if number.normalization == Normalization::Reserved {
        return wrong("a normalization that the format does not define");
    }
    let part = |first: u8, len: u8| u32::from(first)..u32::from(first) + u32::from(len);
    let parts = [
        ("sign", part(number.sign, 1)),
        ("exponent", part(number.exponent, number.exponent_size)),
        ("mantissa", part(number.mantissa, number.mantissa_size)),
    ];
    for (index, (name, bits)) in parts.iter().enumerate() {
        if bits.is_empty() || u64::from(bits.end) > u64::from(size) * 8 {
            return wrong(format!("the {name} in bits {bits:?} of a number of {size} bytes"));
        }
        let other = parts[..index].iter().find(|(_, other)| other.start < bits.end && bits.start < other.end);
        if let Some((other, _)) = other {
            return wrong(format!("{other} and {name} of a floating-point number overlap"));
        }
    }
    Ok(())
}

fn check_reference(reference: Reference) -> Result<()> {
    match reference {
        Reference::Standard { kind: 2..=4, version: REFERENCE_ENCODING }
        | Reference::Object
        | Reference::Region => Ok(()),
        Reference::Standard { kind, version } => {
            wrong(format!("references of kind {kind} in encoding {version}"))
        }
    }
}

fn check_members(members: &[Member], version: u8, size: u32) -> Result<()> {
    check_names(members.iter().map(|member| &*member.name), "a compound")?;
    let mut places = Vec::with_capacity(members.len());
    for member in members {
        let Member { offset, dims, datatype, .. } = member;
        if dims.len() > 4 || version != 1 && !dims.is_empty() {
            return wrong("members with sizes of their own belong to version 1 compounds, up to four each");
        }
        let bytes = dims.iter().try_fold(u64::from(datatype.size), |n, &dim| n.checked_mul(dim.into()));
        match bytes.and_then(|bytes| bytes.checked_add(u64::from(*offset))) {
            Some(end) if end <= u64::from(size) => places.push((u64::from(*offset), end, member)),
            _ => {
                let name = String::from_utf8_lossy(&member.name);
                return wrong(format!(
                    "the member {name:?} at {offset} runs past a compound of {size} bytes"
                ));
            }
        }
    }
    places.sort_by_key(|(start, end, _)| (*start, *end));
    match places.windows(2).find(|pair| pair[1].0 < pair[0].1) {
        Some(pair) => {
            let [first, second] = [0, 1].map(|n| String::from_utf8_lossy(&pair[n].2.name));
            wrong(format!("the members {first:?} and {second:?} overlap"))
        }
        None => Ok(()),
    }
}

fn check_enumeration(base: &Datatype, members: &[(Vec<u8>, Vec<u8>)], size: u32) -> Result<()> {
    if !matches!(base.class, Class::FixedPoint(_)) {
        return wrong("an enumeration names values of an integer type");
    }
    check_names(members.iter().map(|(name, _)| &**name), "an enumeration")?;
    let mut values = HashSet::with_capacity(members.len());
    for (name, value) in members {
        let name = String::from_utf8_lossy(name);
        if size != base.size || value.len() as u64 != u64::from(base.size) {
            return wrong(format!("the value of {name:?} has not the size of its integer type"));
        }
        if !values.insert(value) {
            return wrong(format!("{name:?} has a value of an enumeration that has a name already"));
        }
    }
    Ok(())
}

/// Members have names, each one of its own, that end with a NUL when they are stored.
fn check_names<'n>(names: impl ExactSizeIterator<Item = &'n [u8]>, what: &str) -> Result<()> {
    let count = names.len();
    if count == 0 || count > MOST_MEMBERS {
        return wrong(format!("{what} of {count} members; there are 1 to {MOST_MEMBERS}"));
    }
    let mut seen = HashSet::with_capacity(count);
    for name in names {
        let text = String::from_utf8_lossy(name);
        if name.is_empty() || name.contains(&0) {
            return wrong(format!("{text:?} cannot be the name of a member"));
        }
        if !seen.insert(name) {
            return wrong(format!("{what} with two members called {text:?}"));
        }
    }
    Ok(())
}

fn check_array(dims: &[u32], base: &Datatype, size: u32) -> Result<()> {
    if dims.is_empty() || dims.len() > MOST_AXES || dims.contains(&0) {
        return wrong(format!("an array type of shape {dims:?}; it has 1 to {MOST_AXES} axes, none of 0"));
    }
    let bytes = dims.iter().try_fold(u64::from(base.size), |n, &dim| n.checked_mul(dim.into()));
    if bytes != Some(size.into()) {
        return wrong(format!("an array type of shape {dims:?} that has not the size of its elements"));
    }
    Ok(())
}

fn check_complex(base: &Datatype, size: u32) -> Result<()> {
    if !matches!(base.class, Class::FloatingPoint(_)) {
        return wrong("a complex number has parts of a floating-point type");
    }
    if base.size.checked_mul(2) != Some(size) {
        return wrong("a complex number that has not the size of its two parts");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ErrorKind, Limits};

    fn int() -> Datatype {
        Datatype::integer(4, true, Order::Little)
    }

    fn member(name: &str, offset: u32) -> Member {
        Member { name: name.into(), offset, dims: Vec::new(), datatype: int() }
    }

    fn refused(size: u32, class: Class) -> String {
        let error = Datatype { version: 1, size, class }.check(&Budget::default()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
        error.to_string()
    }

    #[test]
    fn words_hold_their_bits() {
        let bits = |order, offset, precision| Bits { offset, ..word(order, precision) };
        for (order, offset, precision, text) in [
            (Order::Little, 0, 0, "0 bits from bit 0 on in a word of 4 bytes"),
            (Order::Big, 3, 30, "30 bits from bit 3 on in a word of 4 bytes"),
            (Order::Vax, 0, 32, "only floating-point numbers have VAX order"),
        ] {
            let found = refused(4, Class::BitField(bits(order, offset, precision)));
            assert!(found.contains(text), "{found}");
        }
        assert!(refused(2, Class::Time { order: Order::Big, precision: 17 }).contains("17 bits"));
        assert!(refused(0, int().class).contains("at least one byte"));
    }

    #[test]
    fn parts_of_numbers_are_apart() {
        let Class::FloatingPoint(single) = Datatype::float(4, Order::Little).class else { unreachable!() };
        let vax = FloatingPoint { bits: Bits { order: Order::Vax, ..single.bits }, ..single };
        Datatype { version: 3, size: 4, class: Class::FloatingPoint(vax) }.check(&Budget::default()).unwrap();
        for (number, text) in [
            (FloatingPoint { sign: 30, ..single }, "sign and exponent"),
            (FloatingPoint { mantissa_size: 24, ..single }, "exponent and mantissa"),
            (FloatingPoint { exponent_size: 0, ..single }, "the exponent in bits 23..23"),
            (FloatingPoint { sign: 32, ..single }, "the sign in bits 32..33"),
            (FloatingPoint { normalization: Normalization::Reserved, ..single }, "normalization"),
        ] {
            let found = refused(4, Class::FloatingPoint(number));
            assert!(found.contains(text), "{found}");
        }
    }

    #[test]
    fn members_have_names_and_places_of_their_own() {
        let sized = Member { dims: vec![2], ..member("b", 4) };
        for (members, text) in [
            (vec![], "0 members"),
            (vec![member("", 0)], "\"\" cannot be the name"),
            (vec![member("a\0b", 0)], "cannot be the name"),
            (vec![member("a", 0), member("a", 4)], "two members called \"a\""),
            (vec![member("a", 0), member("b", 5)], "the member \"b\" at 5 runs past a compound of 8 bytes"),
            (vec![member("a", 4), member("b", 1)], "the members \"b\" and \"a\" overlap"),
            (vec![member("a", 0), sized.clone()], "runs past"),
            (vec![Member { dims: vec![1; 5], ..member("a", 0) }], "up to four each"),
        ] {
            let found = refused(8, Class::Compound(members));
            assert!(found.contains(text), "{found}");
        }
        let ordered = Class::Compound(vec![member("a", 4), member("b", 0)]);
        Datatype { version: 1, size: 8, class: ordered }.check(&Budget::default()).unwrap();
        let sized = Datatype { version: 3, size: 12, class: Class::Compound(vec![sized]) };
        assert!(sized.check(&Budget::default()).is_err());
        Datatype { version: 1, ..sized }.check(&Budget::default()).unwrap();
    }

    #[test]
    fn names_and_values_are_one_to_one() {
        let named = |name: &str, value: u8| (name.as_bytes().to_vec(), vec![value, 0, 0, 0]);
        let enumeration = |members| Class::Enumeration { base: Box::new(int()), members };
        for (members, text) in [
            (vec![], "0 members"),
            (vec![named("a", 1), named("a", 2)], "two members called \"a\""),
            (vec![named("a", 1), named("b", 1)], "\"b\" has a value of an enumeration that has a name"),
            (vec![(b"a".to_vec(), vec![1])], "the value of \"a\" has not the size"),
        ] {
            let found = refused(4, enumeration(members));
            assert!(found.contains(text), "{found}");
        }
        let base = Box::new(Datatype::float(4, Order::Little));
        assert!(refused(4, Class::Enumeration { base, members: vec![named("a", 1)] }).contains("integer"));
    }

    #[test]
    fn arrays_complex_numbers_and_references_have_their_sizes() {
        let array = |dims: &[u32]| Class::Array { dims: dims.to_vec(), base: Box::new(int()) };
        assert!(refused(4, array(&[])).contains("1 to 32 axes"));
        assert!(refused(4, array(&[1; 33])).contains("1 to 32 axes"));
        assert!(refused(4, array(&[2, 0])).contains("none of 0"));
        assert!(refused(4, array(&[2])).contains("not the size of its elements"));
        assert!(refused(4, array(&[u32::MAX; 3])).contains("not the size of its elements"));
        assert!(refused(8, Class::Complex(Box::new(int()))).contains("floating-point"));
        assert!(refused(8, Class::Complex(Box::new(Datatype::float(8, Order::Big)))).contains("two parts"));
        assert!(
            refused(18, Class::Reference(Reference::Standard { kind: 1, version: 1 })).contains("kind 1")
        );
    }

    #[test]
    fn what_is_nested_is_checked_too_and_not_without_end() {
        let narrow = Datatype { size: 2, ..int() };
        assert!(refused(16, Class::Sequence(Box::new(narrow))).contains("in a word of 2 bytes"));
        let mut deep = int();
        for _ in 0..3 {
            deep = Datatype { version: 1, size: 16, class: Class::Sequence(Box::new(deep)) };
        }
        deep.check(&Budget::default()).unwrap();
        let error = deep.check(&Budget::new(Limits { depth: 3, ..Limits::default() })).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Limit { needed: 4, .. }), "{error}");
    }

    #[test]
    fn numbers_that_are_mostly_padding_are_found_in_other_types() {
        let mut narrow = int();
        let Class::FixedPoint(number) = &mut narrow.class else { unreachable!() };
        number.bits.precision = 15;
        let array = Class::Array { dims: vec![1], base: Box::new(narrow.clone()) };
        let array = Datatype { version: 2, size: 4, class: array };
        assert!(narrow.has_mostly_unused_bits() && array.has_mostly_unused_bits());
        let Class::FixedPoint(number) = &mut narrow.class else { unreachable!() };
        number.bits.offset = 1;
        assert!(!narrow.has_mostly_unused_bits() && !int().has_mostly_unused_bits());
    }
}
