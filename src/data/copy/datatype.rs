//! Committed datatypes.

use crate::base::{Address, Result};
use crate::engine::{self, Core, Header, kind_of};
use crate::format::datatype::Datatype;
use crate::format::object_header::CONSTANT;

use super::{Copier, object};

impl Copier<'_> {
    /// Fills the header of a committed datatype's copy.
    pub(super) fn fill_committed(&mut self, header: &Header, to: Address) -> Result<()> {
        let datatype: Datatype = header.required(self.ends.source())?;
        let core = self.ends.target();
        let new = datatype.fitted(core.sizes())?.in_version(core.versions().datatype);
        let message = Header::new_message(core, &new, CONSTANT)?;
        object::fill(&mut self.ends, header, to, vec![message])
    }

    /// What stands for a committed datatype: a copy, in the same file too, as in libhdf5. Whoever asks is counted among those that share it.
    pub(super) fn committed(&mut self, from: Address) -> Result<Address> {
        if self.rules.merge_committed && !self.copies.contains_key(&from) {
            let wanted: Datatype = Header::load(self.ends.source(), from)?.required(self.ends.source())?;
            let wanted = wanted.fitted(self.ends.target().sizes())?.without_versions();
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

/// The committed datatypes that links lead to, in a form in which equal ones are equal.
fn all_committed(core: &Core) -> Result<Vec<(Datatype, Address)>> {
    let mut found = Vec::new();
    for address in engine::reachable(core)? {
        let header = Header::load(core, address)?;
        if kind_of(&header) == "datatype" {
            found.push((header.required::<Datatype>(core)?.without_versions(), address));
        }
    }
    found.sort_by_key(|(_, address)| *address);
    Ok(found)
}
