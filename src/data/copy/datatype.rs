//! Datatypes: with the sizes that they have in another file, and committed ones.

use crate::base::{Address, Result, Sizes};
use crate::engine::{self, Core, Header, kind_of};
use crate::format::datatype::{Class, Datatype, Member, Reference};
use crate::format::global_heap::{GlobalHeapId, VariableLength};
use crate::format::message::link::Target;
use crate::format::message::shared::{Place, SharedMessage};
use crate::format::object_header::CONSTANT;
use crate::format::reference::RevisedContext;

use super::{Copier, object};

/// The message that stands for a committed datatype. Version 2 is what libhdf5 writes since 1.4.
pub(super) fn shared(committed: Address) -> SharedMessage {
    SharedMessage { version: 2, kind: 0, place: Place::Header(committed), name_offset: 0 }
}

/// The same type in a file with these sizes: what names something takes as many bytes as that file takes for it.
pub(super) fn for_file(datatype: &Datatype, sizes: Sizes) -> Datatype {
    let size_of = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let nested = |base: &Datatype| Box::new(for_file(base, sizes));
    let mut new = datatype.clone();
    match &datatype.class {
        Class::Sequence(base) => {
            new.class = Class::Sequence(nested(base));
            new.size = size_of(VariableLength::len(sizes));
        }
        Class::VariableString { .. } => new.size = size_of(VariableLength::len(sizes)),
        Class::Reference(Reference::Object) => new.size = size_of(sizes.address()),
        Class::Reference(Reference::Region) => new.size = size_of(GlobalHeapId::len(sizes)),
        Class::Reference(Reference::Standard { .. }) => new.size = size_of(RevisedContext::new(sizes).size),
        Class::Array { dims, base } => {
            let base = nested(base);
            let elements = dims.iter().fold(1u32, |n, &dim| n.saturating_mul(dim));
            new.size = base.size.saturating_mul(elements);
            new.class = Class::Array { dims: dims.clone(), base };
        }
        Class::Compound(members) => {
            let (members, growth) = members_for_file(members, sizes);
            let size = i64::from(datatype.size) + growth;
            new.size = u32::try_from(size).unwrap_or(u32::MAX);
            new.class = Class::Compound(members);
        }
        _ => {}
    }
    new
}

/// Members move by what those before them have grown or shrunk.
fn members_for_file(members: &[Member], sizes: Sizes) -> (Vec<Member>, i64) {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&index| members[index].offset);
    let (mut new, mut growth) = (members.to_vec(), 0i64);
    for index in order {
        let old = &members[index];
        let offset = i64::from(old.offset) + growth;
        let datatype = for_file(&old.datatype, sizes);
        let elements = old.dims.iter().fold(1i64, |n, &dim| n.saturating_mul(i64::from(dim)));
        let grown = i64::from(datatype.size) - i64::from(old.datatype.size);
        growth = growth.saturating_add(grown.saturating_mul(elements));
        new[index] = Member { offset: u32::try_from(offset).unwrap_or(u32::MAX), datatype, ..old.clone() };
    }
    (new, growth)
}

impl Copier<'_> {
    /// Fills the header of a committed datatype's copy.
    pub(super) fn fill_committed(&mut self, header: &Header, to: Address) -> Result<()> {
        let datatype: Datatype = header.required(self.ends.source())?;
        let core = self.ends.target();
        let new = for_file(&datatype, core.sizes()).in_version(core.versions().datatype);
        let message = Header::new_message(core, &new, CONSTANT)?;
        object::fill(&mut self.ends, header, to, vec![message])
    }

    /// What stands for a committed datatype: a copy, in the same file too, as in libhdf5. Whoever asks is counted among those that share it.
    pub(super) fn committed(&mut self, from: Address) -> Result<Address> {
        if self.rules.merge_committed && !self.copies.contains_key(&from) {
            let wanted: Datatype = Header::load(self.ends.source(), from)?.required(self.ends.source())?;
            let wanted = without_versions(&for_file(&wanted, self.ends.target().sizes()));
            if self.committed.is_none() {
                self.committed = Some(all_committed(self.ends.target())?);
            }
            let known = self.committed.iter().flatten().find(|(known, _)| *known == wanted);
            if let Some(&(_, address)) = known {
                engine::add_reference(self.ends.writer(), address)?;
                return Ok(address);
            }
        }
        self.name(from, true)
    }
}

/// The type with the same version in all of it, so that equal types are equal.
fn without_versions(datatype: &Datatype) -> Datatype {
    let nested = |base: &Datatype| Box::new(without_versions(base));
    let class = match datatype.class.clone() {
        Class::Compound(mut members) => {
            members.iter_mut().for_each(|member| member.datatype = without_versions(&member.datatype));
            Class::Compound(members)
        }
        Class::Enumeration { base, members } => Class::Enumeration { base: nested(&base), members },
        Class::Array { dims, base } => Class::Array { dims, base: nested(&base) },
        Class::Sequence(base) => Class::Sequence(nested(&base)),
        Class::VariableString { padding, charset, base } => {
            Class::VariableString { padding, charset, base: nested(&base) }
        }
        Class::Complex(base) => Class::Complex(nested(&base)),
        plain => plain,
    };
    Datatype { version: 0, class, ..datatype.clone() }
}

/// The committed datatypes that links lead to, in a form in which equal ones are equal.
fn all_committed(core: &Core) -> Result<Vec<(Datatype, Address)>> {
    let root = core.superblock.root_header();
    let (mut seen, mut pending) = (std::collections::HashSet::from([root]), vec![root]);
    let mut found = Vec::new();
    while let Some(address) = pending.pop() {
        let Ok(header) = Header::load(core, address) else { continue };
        match kind_of(&header) {
            "datatype" => found.push((without_versions(&header.required(core)?), address)),
            "group" => {
                for link in engine::links(core, &header)? {
                    if let Target::Hard(member) = link.target
                        && seen.insert(member)
                    {
                        core.budget.items(seen.len() as u64)?;
                        pending.push(member);
                    }
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|(_, address)| *address);
    Ok(found)
}
