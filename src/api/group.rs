//! Groups: members, links, and what is created below them.

use std::ops::Deref;

use super::builder::{DatasetBuilder, DatasetBuilderEmpty};
use super::handle::Handle;
use super::types::H5Type;
use super::{Dataset, Location, NamedDatatype};
use crate::base::{Error, Misuse, Result};
use crate::engine::{self, Resolved};
use crate::format::message::link::{self, Target};

/// A group of links to other objects.
///
/// Names may be paths: `file.dataset("a/b")` opens `b` in the group `a`. A path that begins with `/` starts at the root.
/// External links on the way lead into other files, which are opened for reading as far as
/// [`FileOptions::file_access`](crate::FileOptions::file_access) allows it.
#[derive(Clone, Debug)]
pub struct Group {
    location: Location,
}

/// A link of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The link's name; bytes that are not UTF-8 are replaced in it.
    pub name: String,
    /// The link's name as it is stored.
    pub raw_name: Vec<u8>,
    /// Where it leads.
    pub kind: LinkKind,
    /// The order in which it was created, where the group keeps that.
    pub creation_order: Option<u64>,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkKind {
    /// To the object whose header lies at this address.
    Hard(u64),
    /// To a path in the same file, given as it is stored.
    Soft(Vec<u8>),
    /// To a path in another file.
    External {
        /// The name of the file as it is stored.
        file: Vec<u8>,
        /// The path in it as it is stored.
        path: Vec<u8>,
    },
    /// To what a user-defined class of links makes of it. Such links cannot be followed.
    User(u8),
    /// To somewhere in another file, but what is stored of it makes no sense, for this reason.
    Unreadable(String),
}

/// An object whose kind was not known before it was opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Object {
    /// A group.
    Group(Group),
    /// A dataset.
    Dataset(Dataset),
    /// A committed datatype.
    Datatype(NamedDatatype),
}

impl Group {
    pub(super) fn new(handle: Handle) -> Self {
        Group { location: Location { handle } }
    }

    /// Opens a group.
    pub fn group(&self, name: &str) -> Result<Group> {
        match self.open(name)? {
            Object::Group(group) => Ok(group),
            other => Err(other.not_a("group")),
        }
    }

    /// Opens a dataset.
    pub fn dataset(&self, name: &str) -> Result<Dataset> {
        match self.open(name)? {
            // What is wrong with the dataset's messages is told here, not when somebody asks for its shape.
            Object::Dataset(dataset) => dataset.dtype().map(|_| dataset),
            other => Err(other.not_a("dataset")),
        }
    }

    /// Opens whatever has this name.
    pub fn open(&self, name: &str) -> Result<Object> {
        self.open_raw(name.as_bytes())
    }

    /// Opens whatever has this name or path, which need not be UTF-8.
    pub fn open_raw(&self, name: &[u8]) -> Result<Object> {
        Object::at(self.resolve(name)?)
    }

    /// Opens what a link of this group leads to. Unlike [`Group::open`] it needs no name that is UTF-8.
    pub fn open_link(&self, link: &Link) -> Result<Object> {
        match link.kind {
            LinkKind::Hard(address) => {
                let path = engine::join(&self.handle.path, &link.name);
                Object::at(self.handle.other(crate::base::Address(address), path))
            }
            _ => self.open_raw(&link.raw_name),
        }
    }

    /// Tells whether something has this name and can be found.
    pub fn exists(&self, name: &str) -> bool {
        self.resolve(name.as_bytes()).is_ok()
    }

    /// Tells whether this group has a link of this name, wherever that leads.
    pub fn link_exists(&self, name: &str) -> bool {
        let found = self.handle.with(|core, header| engine::find_link(core, header, name.as_bytes()));
        found.is_ok_and(|link| link.is_some())
    }

    /// Returns every link of the group, sorted by the bytes of their names, or what is wrong with it.
    ///
    /// What cannot be read follows the other links; one error may stand for several of them.
    pub fn links(&self) -> Result<Vec<Result<Link>>> {
        Ok(self.public(self.handle.with(engine::links)?))
    }

    /// Returns the links in the order in which they were created; none if the group does not keep that.
    pub fn links_by_creation_order(&self) -> Result<Option<Vec<Result<Link>>>> {
        let links = self.handle.with(engine::links_by_creation_order)?;
        Ok(links.map(|links| self.public(links)))
    }

    /// Returns the names of the links, sorted by their bytes; one that cannot be read has no name here.
    ///
    /// [`Group::links`] tells of those too.
    pub fn member_names(&self) -> Result<Vec<String>> {
        Ok(self.links()?.into_iter().flatten().map(|link| link.name).collect())
    }

    /// Returns the number of links, with those that cannot be read; 0 where none can be listed, which [`Group::links`]
    /// tells.
    pub fn len(&self) -> u64 {
        self.handle.with(engine::links).map_or(0, |links| links.len() as u64)
    }

    /// Tells whether the group has no links.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the groups in this one; members that cannot be opened are left out.
    pub fn groups(&self) -> Result<Vec<Group>> {
        let groups = self.members()?.filter_map(|object| match object {
            Object::Group(group) => Some(group),
            _ => None,
        });
        Ok(groups.collect())
    }

    /// Returns the datasets in this group; members that cannot be opened are left out.
    pub fn datasets(&self) -> Result<Vec<Dataset>> {
        let datasets = self.members()?.filter_map(|object| match object {
            Object::Dataset(dataset) => Some(dataset),
            _ => None,
        });
        Ok(datasets.collect())
    }

    /// Creates a group; the group that it is to be in has to exist.
    pub fn create_group(&self, name: &str) -> Result<Group> {
        self.new_group().create(name)
    }

    /// Creates a soft link to a path, which need not exist.
    pub fn link_soft(&self, target: &str, name: &str) -> Result<()> {
        let (parent, name) = self.parent_of(name)?;
        let target = Target::Soft(target.as_bytes().to_vec());
        parent.with_mut(|core| engine::insert_link(core, parent.address, name, target))
    }

    /// Creates a further hard link to an object, which then has two names that are worth the same.
    pub fn link_hard(&self, target: &str, name: &str) -> Result<()> {
        let target = self.resolve(target.as_bytes())?;
        let (parent, name) = self.parent_of(name)?;
        if !std::sync::Arc::ptr_eq(&target.shared, &parent.shared) {
            return Err(
                Error::misuse("a hard link cannot lead to an object in another file").of(&target.path)
            );
        }
        parent.with_mut(|core| {
            engine::insert_link(core, parent.address, name, Target::Hard(target.address))?;
            engine::add_reference(core, target.address)
        })
    }

    /// Creates a link to an object in another file, neither of which need exist.
    pub fn link_external(&self, file: &str, target: &str, name: &str) -> Result<()> {
        let (parent, name) = self.parent_of(name)?;
        let target = Target::to_external(file.as_bytes(), target.as_bytes())?;
        parent.with_mut(|core| engine::insert_link(core, parent.address, name, target))
    }

    /// Gives a link another name, which may be in another group of the file.
    pub fn relink(&self, name: &str, path: &str) -> Result<()> {
        let (from, old) = self.parent_of(name)?;
        let (to, new) = self.parent_of(path)?;
        if !std::sync::Arc::ptr_eq(&from.shared, &to.shared) {
            return Err(Error::misuse("a link cannot move to another file").of(&to.path));
        }
        to.with_mut(|core| {
            engine::check_new_name(core, to.address, new)?;
            let link = engine::remove_link(core, from.address, old)?;
            engine::insert_link(core, to.address, new, link.target)
        })
    }

    /// Takes a link away. An object without any link left is deleted: its space can be used again. Handles of it that are
    /// still there must no longer be used. One whose structures cannot be understood keeps its last link: what else it
    /// takes is not known.
    pub fn unlink(&self, name: &str) -> Result<()> {
        let (parent, name) = self.parent_of(name)?;
        let cache = &parent.shared.chunks;
        parent.with_mut(|core| crate::data::unlink(core, cache, parent.address, name))
    }

    /// Begins a new dataset of elements of type `T`.
    pub fn new_dataset<T: H5Type>(&self) -> DatasetBuilderEmpty {
        self.new_dataset_builder().empty::<T>()
    }

    /// Begins a new dataset.
    pub fn new_dataset_builder(&self) -> DatasetBuilder {
        DatasetBuilder::new(self.clone())
    }

    /// The group that a new object of this name goes into, and its last name.
    pub(super) fn parent_of<'a>(&self, name: &'a str) -> Result<(Handle, &'a str)> {
        match engine::split_parent(name) {
            (Some(parent), name) => Ok((self.resolve(parent.as_bytes())?, name)),
            (None, name) => Ok((self.handle.clone(), name)),
        }
    }

    fn members(&self) -> Result<impl Iterator<Item = Object>> {
        Ok(self.links()?.into_iter().flatten().filter_map(|link| self.open_link(&link).ok()))
    }

    fn public(&self, links: Vec<Result<link::Link>>) -> Vec<Result<Link>> {
        links.into_iter().map(|link| link.map(public).map_err(|e| e.of(&self.handle.path))).collect()
    }

    /// Follows a path, through external links into other files.
    pub(super) fn resolve(&self, name: &[u8]) -> Result<Handle> {
        let mut at = self.handle.clone();
        let mut path = name.to_vec();
        for followed in 0.. {
            let core = at.shared.read();
            let whole = || engine::join(&self.handle.path, &String::from_utf8_lossy(name));
            let depth = core.budget.depth(followed).map_err(|e| e.of(&whole()));
            let found = depth.and_then(|()| engine::resolve(&core, at.address, &at.path, &path));
            drop(core);
            match found.map_err(|e| at.shared.locate(e))? {
                Resolved::Here { address, path } => return Ok(at.other(address, path)),
                Resolved::External { file, path: rest } => {
                    (at, path) = (at.linked(&file, &whole())?, rest);
                }
            }
        }
        Err(Error::misuse("the path has no end"))
    }
}

fn public(link: link::Link) -> Link {
    let kind = match &link.target {
        Target::Hard(address) => LinkKind::Hard(address.0),
        Target::Soft(path) => LinkKind::Soft(path.clone()),
        Target::Other { kind, .. } => match link.target.external() {
            Some(Ok((file, path))) => LinkKind::External { file: file.to_vec(), path: path.to_vec() },
            Some(Err(error)) => LinkKind::Unreadable(error.to_string()),
            None => LinkKind::User(*kind),
        },
    };
    let name = String::from_utf8_lossy(&link.name).into_owned();
    Link { name, raw_name: link.name, kind, creation_order: link.creation_order }
}

impl Object {
    /// Finds out what kind of object it is.
    pub(super) fn at(handle: Handle) -> Result<Object> {
        let kind = handle.with(|_, header| Ok(engine::kind_of(header)))?;
        match kind {
            "group" => Ok(Object::Group(Group::new(handle))),
            "dataset" => Ok(Object::Dataset(Dataset::new(handle))),
            "datatype" => Ok(Object::Datatype(NamedDatatype::new(handle))),
            _ => {
                let error = Error::malformed("it is neither a group nor a dataset nor a datatype");
                Err(error.of(&handle.path))
            }
        }
    }

    /// Returns what all kinds of objects have.
    pub fn location(&self) -> &Location {
        match self {
            Object::Group(group) => group,
            Object::Dataset(dataset) => dataset,
            Object::Datatype(datatype) => datatype,
        }
    }

    pub(super) fn not_a(&self, expected: &'static str) -> Error {
        let found = match self {
            Object::Group(_) => "group",
            Object::Dataset(_) => "dataset",
            Object::Datatype(_) => "committed datatype",
        };
        Error::from(Misuse::WrongKind { expected, found }).of(&self.location().handle.path)
    }
}

impl Deref for Group {
    type Target = Location;

    fn deref(&self) -> &Location {
        &self.location
    }
}
