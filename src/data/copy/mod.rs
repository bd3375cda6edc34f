//! Copying objects, within a file or between files: `H5Ocopy`, and all of a file.
//!
//! Objects are made anew, in the versions that the bounds of the file they go to ask for: every message is decoded and
//! encoded again, whatever its file's addresses, sizes and age. A worklist takes the place of recursion. The header of a
//! copy is reserved when its object is first met, so that links and references to it can be written before its turn.

mod attributes;
mod change;
mod crossing;
mod dataset;
mod datatype;
mod ends;
mod group;
mod object;
mod raw;
mod rechunk;

use std::collections::{HashMap, HashSet, VecDeque};

use crate::base::{Address, Error, Result};
use crate::engine::{self, Core, Header, kind_of};
use crate::format::datatype::Datatype;
use crate::format::message::link::Target;

pub(crate) use change::{Change, LayoutRequest};
pub(crate) use ends::Ends;

/// What is done differently from a plain copy.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    /// Groups in a group come without their members.
    pub(crate) shallow: bool,
    /// A soft link that leads somewhere becomes what it leads to.
    pub(crate) expand_soft: bool,
    /// External links are told, for whoever opens other files.
    pub(crate) expand_external: bool,
    /// What references lead to is copied too.
    pub(crate) expand_references: bool,
    /// What only references lead to gets a link in the root group.
    pub(crate) link_referenced: bool,
    pub(crate) without_attributes: bool,
    /// A committed datatype that the file has already is used instead of a copy.
    pub(crate) merge_committed: bool,
    /// What cannot be copied is left out and told.
    pub(crate) keep_going: bool,
}

/// What is left to say after a copy.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// External links that are to become what they lead to: the new group, the link's name, file and path.
    pub(crate) external: Vec<ExternalLink>,
    /// What was left out.
    pub(crate) left_out: Vec<Error>,
    /// Changes that a dataset cannot have.
    pub(crate) unchanged: Vec<Error>,
}

#[derive(Debug)]
pub(crate) struct ExternalLink {
    /// The group that has the link, in the file that is copied from, and its copy.
    pub(crate) from: Address,
    pub(crate) group: Address,
    pub(crate) link: crate::format::message::link::Link,
    pub(crate) file: Vec<u8>,
    pub(crate) path: Vec<u8>,
}

/// What is known of the copy of an object.
struct Copy {
    to: Address,
    /// Hard links to it, and what else it is counted for.
    links: u32,
    path: Option<String>,
    depth: u32,
    done: bool,
}

/// One copy under way.
pub(crate) struct Copier<'a> {
    pub(crate) ends: Ends<'a>,
    rules: Rules,
    /// What becomes of a dataset, by its path.
    change: &'a dyn Fn(&str) -> Change,
    copies: HashMap<Address, Copy>,
    /// What links lead to, and what only references or datatypes do: that comes later, for a link may tell its name.
    linked: VecDeque<Address>,
    named: VecDeque<Address>,
    /// The committed datatypes of the file that is copied to, once they were looked for.
    committed: Option<Vec<(Datatype, Address)>>,
    /// The copies of objects that could not be copied.
    failed: HashSet<Address>,
    outcome: Outcome,
}

impl<'a> Copier<'a> {
    pub(crate) fn new(ends: Ends<'a>, rules: Rules, change: &'a dyn Fn(&str) -> Change) -> Self {
        Copier {
            ends,
            rules,
            change,
            copies: HashMap::new(),
            linked: VecDeque::new(),
            named: VecDeque::new(),
            committed: None,
            failed: HashSet::new(),
            outcome: Outcome::default(),
        }
    }

    /// Copies an object with everything that belongs to it; returns the address of the copy, which has one link less
    /// than is counted: the caller's.
    pub(crate) fn run(&mut self, object: Address, path: &str) -> Result<(Address, Outcome)> {
        let first = self.link(object, path.to_owned(), 0)?;
        // Without the object itself there is nothing to keep of it.
        self.copy(object, false)?;
        while let Some(from) = self.linked.pop_front().or_else(|| self.named.pop_front()) {
            self.copy(from, self.rules.keep_going)?;
        }
        self.take_back_failed()?;
        if self.rules.link_referenced {
            self.link_referenced()?;
        }
        self.count_links()?;
        Ok((first, std::mem::take(&mut self.outcome)))
    }

    /// Where the copy of an object is that a link leads to.
    fn link(&mut self, from: Address, path: String, depth: u32) -> Result<Address> {
        if !self.copies.contains_key(&from) {
            self.reserve(from, depth)?;
        }
        let Some(copy) = self.copies.get_mut(&from) else { return Err(lost(from)) };
        copy.links = copy.links.saturating_add(1);
        if !copy.done && copy.path.is_none() {
            copy.path = Some(path);
            copy.depth = depth;
            self.linked.push_back(from);
        }
        Ok(copy.to)
    }

    /// Where the copy of an object is that something else leads to, which is counted if `counts`.
    fn name(&mut self, from: Address, counts: bool) -> Result<Address> {
        if !self.copies.contains_key(&from) {
            self.reserve(from, 0)?;
            self.named.push_back(from);
        }
        let Some(copy) = self.copies.get_mut(&from) else { return Err(lost(from)) };
        copy.links = copy.links.saturating_add(u32::from(counts));
        Ok(copy.to)
    }

    fn reserve(&mut self, from: Address, depth: u32) -> Result<()> {
        self.ends.source().budget.items(self.copies.len() as u64)?;
        let to = object::reserve(&mut self.ends, from)?;
        let header = Header::load(self.ends.source(), from)?;
        // Datasets that share it cannot do without it, not even for a while.
        if kind_of(&header) == "datatype" {
            self.fill_committed(&header, to)?;
        }
        self.copies.insert(from, Copy { to, links: 0, path: None, depth, done: false });
        Ok(())
    }

    /// Copies what an object is made of; its header was reserved.
    fn copy(&mut self, from: Address, keep_going: bool) -> Result<()> {
        let Some(copy) = self.copies.get_mut(&from).filter(|copy| !copy.done) else { return Ok(()) };
        copy.done = true;
        let (to, depth) = (copy.to, copy.depth);
        let path = copy.path.clone().unwrap_or_else(|| format!("object at {}", from.0));
        let done = self.copy_object(from, to, &path, depth).map_err(|e| e.of(&path));
        // What was done of a long copy is kept, so that memory does not grow with it.
        self.ends.writer().settle()?;
        match done {
            Err(error) if keep_going => {
                self.outcome.left_out.push(error);
                self.failed.insert(to);
                Ok(())
            }
            done => done,
        }
    }

    fn copy_object(&mut self, from: Address, to: Address, path: &str, depth: u32) -> Result<()> {
        let header = Header::load(self.ends.source(), from)?;
        match kind_of(&header) {
            "group" => self.copy_group(&header, to, path, depth)?,
            "dataset" => self.copy_dataset(&header, to, path)?,
            "datatype" => {}
            _ => return Err(Error::malformed("it is neither a group nor a dataset nor a datatype")),
        }
        if self.rules.without_attributes { Ok(()) } else { self.copy_attributes(&header, to, path) }
    }

    /// Takes the links away that lead to what could not be copied, and what there is of that.
    fn take_back_failed(&mut self) -> Result<()> {
        if self.failed.is_empty() {
            return Ok(());
        }
        let mut copies: Vec<_> = self.copies.values().map(|copy| copy.to).collect();
        copies.retain(|copy| !self.failed.contains(copy));
        copies.sort_unstable();
        for copy in copies {
            let core = self.ends.writer();
            let header = Header::load(core, copy)?;
            if kind_of(&header) != "group" {
                continue;
            }
            for link in engine::links(core, &header)? {
                let link = link?;
                if let Target::Hard(object) = link.target
                    && self.failed.contains(&object)
                {
                    engine::remove_link(core, copy, &link.name)?;
                }
            }
        }
        let mut failed: Vec<_> = self.failed.iter().copied().collect();
        failed.sort_unstable();
        for object in failed {
            let core = self.ends.writer();
            let header = Header::clone(&*Header::load(core, object)?);
            engine::release_object(core, &header)?;
        }
        self.copies.retain(|_, copy| !self.failed.contains(&copy.to));
        Ok(())
    }

    /// Links the copies that only references lead to, by the names that libhdf5 gives them.
    fn link_referenced(&mut self) -> Result<()> {
        let mut alone: Vec<_> = self.copies.values_mut().filter(|copy| copy.links == 0).collect();
        alone.sort_unstable_by_key(|copy| copy.to);
        let root = self.ends.target().superblock.root_header();
        for copy in alone {
            let mut name = format!("~obj_pointed_by_{}", copy.to.0);
            while engine::check_new_name(self.ends.target(), root, &name).is_err() {
                name.push('~');
            }
            engine::insert_link(self.ends.writer(), root, &name, Target::Hard(copy.to))?;
            copy.links = 1;
        }
        Ok(())
    }

    /// Gives every copy that is linked more than once its number of links.
    fn count_links(&mut self) -> Result<()> {
        let mut counted: Vec<_> = self.copies.values().filter(|copy| copy.links > 1).collect();
        counted.sort_unstable_by_key(|copy| copy.to);
        let counted: Vec<_> = counted.into_iter().map(|copy| (copy.to, copy.links)).collect();
        for (to, links) in counted {
            engine::set_links(self.ends.writer(), to, links)?;
        }
        Ok(())
    }
}

fn lost(object: Address) -> Error {
    Error::malformed(format!("the object at {} was not met", object.0))
}

/// Tells whether there is an object at an address.
fn is_object(core: &Core, address: Address) -> bool {
    Header::load(core, address).is_ok_and(|header| kind_of(&header) != "object")
}
