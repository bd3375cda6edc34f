//! Compound types, member by member.

use super::Datatype;
use crate::base::{Error, Result};
use crate::format::datatype::{Class, Member};

/// A compound type that is going to be made.
///
/// ```
/// use h5::types::{Datatype, stored::Order};
/// # fn main() -> h5::Result<()> {
/// let int = Datatype::integer(4, true, Order::Little)?;
/// let packed = Datatype::compound().field("x", &int).field("y", &int).build()?;
/// let spread = Datatype::compound().field_at("y", 12, &int).field_at("x", 0, &int).size(24).build()?;
/// assert_eq!((packed.size(), spread.size()), (8, 24));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Compound {
    members: Vec<Member>,
    /// The first byte behind all members.
    end: u64,
    size: Option<u32>,
}

impl Compound {
    /// Adds a member right behind all others.
    #[must_use]
    pub fn field(self, name: &str, datatype: &Datatype) -> Self {
        // One that is out of reach makes the compound too large, which building it tells.
        let offset = u32::try_from(self.end).unwrap_or(u32::MAX);
        self.field_at(name, offset, datatype)
    }

    /// Adds a member at an offset, in bytes from the beginning of the compound.
    #[must_use]
    pub fn field_at(mut self, name: &str, offset: u32, datatype: &Datatype) -> Self {
        self.end = self.end.max(u64::from(offset) + u64::from(datatype.size()));
        let (name, datatype) = (name.as_bytes().to_vec(), datatype.stored.clone());
        self.members.push(Member { name, offset, dims: Vec::new(), datatype });
        self
    }

    /// Sets the bytes of an element; by default it ends with its last member.
    #[must_use]
    pub fn size(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// Makes the type; refuses members that overlap, lie outside of the size or have a name twice, and none at all.
    pub fn build(&self) -> Result<Datatype> {
        let end = u32::try_from(self.end);
        let end = end.map_err(|_| Error::misuse(format!("a compound of {} bytes", self.end)))?;
        Datatype::new(self.size.unwrap_or(end.max(1)), Class::Compound(self.members.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::stored::Order;
    use super::*;
    use crate::base::ErrorKind;

    fn int() -> Datatype {
        Datatype::integer(4, true, Order::Little).unwrap()
    }

    #[test]
    fn members_follow_each_other_or_lie_where_they_are_told() {
        let inner =
            Datatype::compound().field_at("b", 6, &int()).field("c", &int()).size(20).build().unwrap();
        let outer = Datatype::compound().field("inner", &inner).field("d", &int()).build().unwrap();
        let offsets = |datatype: &Datatype| match &datatype.stored().class {
            Class::Compound(members) => members.iter().map(|member| member.offset).collect(),
            _ => Vec::new(),
        };
        assert_eq!((offsets(&inner), inner.size()), (vec![6, 10], 20));
        assert_eq!((offsets(&outer), outer.size()), (vec![0, 20], 24));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let large = Datatype::opaque(u32::MAX, "").unwrap();
        for (compound, text) in [
            (Datatype::compound(), "0 members"),
            (Datatype::compound().field("a", &int()).field("a", &int()), "two members called \"a\""),
            (Datatype::compound().field("a", &int()).field_at("b", 3, &int()), "overlap"),
            (Datatype::compound().field("a", &int()).size(3), "runs past a compound of 3 bytes"),
            (Datatype::compound().field("a", &large).field("b", &int()), "a compound of 4294967299 bytes"),
        ] {
            let error = compound.build().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
