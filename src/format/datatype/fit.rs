//! The same type for a file with addresses of another width.
//!
//! Elements that name something, sequences and strings of any length and references, do so in as many bytes as the
//! file's addresses make it. Everything else has the same size everywhere.

use super::{Class, Datatype, Member, Reference};
use crate::base::{Error, Result, Sizes};
use crate::format::global_heap::{GlobalHeapId, VariableLength};
use crate::format::reference::RevisedContext;

impl Datatype {
    /// The type as a file with these sizes stores it.
    ///
    /// Where a member of a compound becomes shorter or longer, those behind it move by as much: what was packed stays
    /// packed, and gaps that somebody left stay as large as they were.
    pub(crate) fn fitted(&self, sizes: Sizes) -> Result<Datatype> {
        let nested = |base: &Datatype| base.fitted(sizes).map(Box::new);
        let bytes = |len: usize| size(len as u64);
        let (size, class) = match &self.class {
            Class::Sequence(base) => {
                // Which libhdf5 does not make fit: it stores them as it has them in memory.
                let stays = matches!(base.class, Class::Reference(Reference::Object | Reference::Region));
                let base = base.fitted(if stays { Sizes::EIGHT } else { sizes })?;
                (bytes(VariableLength::len(sizes))?, Class::Sequence(Box::new(base)))
            }
            Class::VariableString { .. } => (bytes(VariableLength::len(sizes))?, self.class.clone()),
            Class::Reference(reference) => {
                let len = match reference {
                    Reference::Object => sizes.address(),
                    Reference::Region => GlobalHeapId::len(sizes),
                    Reference::Standard { .. } => RevisedContext::new(sizes).size,
                };
                (bytes(len)?, self.class.clone())
            }
            Class::Compound(members) => fitted_members(members, self.size, sizes)?,
            Class::Array { dims, base } => {
                let base = nested(base)?;
                (repeated(dims, base.size)?, Class::Array { dims: dims.clone(), base })
            }
            _ => (self.size, self.class.clone()),
        };
        Ok(Datatype { version: self.version, size, class })
    }
}

fn fitted_members(members: &[Member], whole: u32, sizes: Sizes) -> Result<(u32, Class)> {
    let mut fitted = members.to_vec();
    let mut in_place: Vec<&mut Member> = fitted.iter_mut().collect();
    in_place.sort_by_key(|member| member.offset);
    let mut moved: i64 = 0;
    let shift = |place: u32, moved: i64| size(u64::from(place).saturating_add_signed(moved));
    for member in in_place {
        let before = repeated(&member.dims, member.datatype.size)?;
        member.datatype = member.datatype.fitted(sizes)?;
        member.offset = shift(member.offset, moved)?;
        moved += i64::from(repeated(&member.dims, member.datatype.size)?) - i64::from(before);
    }
    Ok((shift(whole, moved)?, Class::Compound(fitted)))
}

fn repeated(dims: &[u32], element: u32) -> Result<u32> {
    let bytes = dims.iter().fold(u64::from(element), |n, &dim| n.saturating_mul(dim.into()));
    size(bytes)
}

fn size(bytes: u64) -> Result<u32> {
    u32::try_from(bytes).map_err(|_| Error::limit("the size of a datatype", bytes, u64::from(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::super::{Charset, Order};
    use super::*;

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    fn reference(size: u32, reference: Reference) -> Datatype {
        Datatype { version: 1, size, class: Class::Reference(reference) }
    }

    fn sequence(size: u32, base: Datatype) -> Datatype {
        Datatype { version: 1, size, class: Class::Sequence(Box::new(base)) }
    }

    fn compound(size: u32, members: &[(&str, u32, Datatype)]) -> Datatype {
        let member = |(name, offset, datatype): &(&str, u32, Datatype)| Member {
            name: name.as_bytes().to_vec(),
            offset: *offset,
            dims: Vec::new(),
            datatype: datatype.clone(),
        };
        Datatype { version: 1, size, class: Class::Compound(members.iter().map(member).collect()) }
    }

    #[test]
    fn what_names_something_has_the_size_of_the_files_addresses() {
        let standard = Reference::Standard { kind: 2, version: 1 };
        for (wide, narrow) in [(8, 4), (12, 8), (18, 14), (16, 12)].map(|(wide, narrow)| {
            let of = |size| match wide {
                8 => reference(size, Reference::Object),
                12 => reference(size, Reference::Region),
                18 => reference(size, standard),
                _ => Datatype::variable_string(Charset::Utf8, size),
            };
            (of(wide), of(narrow))
        }) {
            assert_eq!(wide.fitted(NARROW).unwrap(), narrow);
            assert_eq!(narrow.fitted(Sizes::EIGHT).unwrap(), wide);
            assert_eq!(wide.fitted(Sizes::EIGHT).unwrap(), wide);
        }
    }

    #[test]
    fn what_is_made_of_them_follows() {
        let make = |text: u32| {
            let texts = Datatype::variable_string(Charset::Ascii, text);
            let array = Class::Array { dims: vec![2, 3], base: Box::new(texts.clone()) };
            let array = Datatype { version: 2, size: 6 * text, class: array };
            let int = Datatype::integer(2, true, Order::Little);
            // What a sequence is of stays as long as it is in memory, if it is a reference.
            let objects = sequence(text, reference(8, Reference::Object));
            // Listed in another order than they lie in, with a gap of 5 and one of 3 bytes.
            let members = [
                ("objects", 5 + 7 * text, objects),
                ("array", text, array),
                ("texts", 0, texts),
                ("number", 5 + 8 * text, int),
            ];
            compound(5 + 8 * text + 2 + 3, &members)
        };
        assert_eq!(make(16).fitted(NARROW).unwrap(), make(12));
        assert_eq!(make(12).fitted(Sizes::EIGHT).unwrap(), make(16));
    }

    #[test]
    fn what_grows_too_large_is_refused() {
        let texts = Box::new(Datatype::variable_string(Charset::Ascii, 12));
        let dims = vec![u32::MAX / 12];
        let array = Datatype { version: 2, size: dims[0] * 12, class: Class::Array { dims, base: texts } };
        let error = array.fitted(Sizes::EIGHT).unwrap_err().to_string();
        assert!(error.contains("the size of a datatype"), "{error}");
    }
}
