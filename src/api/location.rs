//! What groups, datasets and committed datatypes have in common: a name, a file, attributes.

use std::time::{Duration, SystemTime};

use super::File;
use super::attribute::{Attribute, AttributeBuilder, AttributeBuilderEmpty};
use super::handle::Handle;
use super::types::{Datatype, H5Type};
use crate::base::{Misuse, Result};
use crate::format::message::comment::Comment;
use crate::{data, engine};

/// An object of a file.
#[derive(Clone, Debug)]
pub struct Location {
    pub(super) handle: Handle,
}

impl Location {
    /// Returns the path by which the object was opened.
    pub fn name(&self) -> String {
        self.handle.path.clone()
    }

    /// Returns the path of the file; empty for one that does not lie in the file system.
    pub fn filename(&self) -> String {
        self.handle.shared.path.as_deref().map_or(String::new(), |path| path.display().to_string())
    }

    /// Returns the file that the object is in.
    pub fn file(&self) -> File {
        File::of(&self.handle)
    }

    /// Returns the address of the object's header: the same for all hard links to one object of a file.
    pub fn address(&self) -> u64 {
        self.handle.address.0
    }

    /// Returns the number of hard links to the object.
    pub fn link_count(&self) -> Result<u32> {
        self.handle.with(|core, header| header.reference_count(core))
    }

    /// Returns the comment that the object has, if it has one.
    pub fn comment(&self) -> Result<Option<String>> {
        let comment = self.handle.with(|core, header| header.message::<Comment>(core))?;
        Ok(comment.map(|comment| String::from_utf8_lossy(&comment.0).into_owned()))
    }

    /// Returns when the object was last changed; none if it does not say, as new objects usually do not.
    pub fn modified(&self) -> Result<Option<SystemTime>> {
        let seconds = self.handle.with(engine::modified)?;
        Ok(seconds.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)))
    }

    /// Returns the type that a committed datatype holds; none for other objects.
    pub fn committed(&self) -> Result<Option<Datatype>> {
        self.handle.with(|core, header| match engine::kind_of(header) {
            "datatype" => Ok(header.message(core)?.map(|stored| Datatype { stored })),
            _ => Ok(None),
        })
    }

    /// Opens an attribute.
    pub fn attr(&self, name: &str) -> Result<Attribute> {
        let found = self.handle.with(|core, header| engine::attribute(core, header, name.as_bytes()))?;
        match found {
            Some(_) => Ok(Attribute::new(self.handle.clone(), name.as_bytes())),
            None => {
                let path = format!("{}@{name}", self.handle.path);
                Err(crate::base::Error::from(Misuse::NotFound { path }).of(&self.handle.path))
            }
        }
    }

    /// Returns the names of all attributes, sorted by their bytes; one that cannot be read has no name here.
    ///
    /// [`Location::attrs`] tells of those too.
    pub fn attr_names(&self) -> Result<Vec<String>> {
        let all = self.handle.with(engine::attributes)?;
        let names = all.into_iter().flatten().map(|a| String::from_utf8_lossy(&a.name).into_owned());
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Returns every attribute, or what is wrong with it.
    pub fn attrs(&self) -> Result<Vec<Result<Attribute>>> {
        let all = self.handle.with(engine::attributes)?;
        let open = |attribute: Result<engine::AttributeValue>| {
            let name = attribute.map_err(|e| e.of(&self.handle.path))?.name;
            Ok(Attribute::new(self.handle.clone(), &name))
        };
        Ok(all.into_iter().map(open).collect())
    }

    /// Returns the attributes in the order in which they were created; none if the object does not keep that.
    pub fn attrs_by_creation_order(&self) -> Result<Option<Vec<Result<Attribute>>>> {
        let Some(all) = self.handle.with(engine::attributes_by_creation_order)? else { return Ok(None) };
        let open = |attribute: Result<engine::AttributeValue>| {
            let name = attribute.map_err(|e| e.of(&self.handle.path))?.name;
            Ok(Attribute::new(self.handle.clone(), &name))
        };
        Ok(Some(all.into_iter().map(open).collect()))
    }

    /// Begins a new attribute of elements of type `T`.
    pub fn new_attr<T: H5Type>(&self) -> AttributeBuilderEmpty {
        self.new_attr_builder().empty::<T>()
    }

    /// Begins a new attribute.
    pub fn new_attr_builder(&self) -> AttributeBuilder {
        AttributeBuilder::new(self.handle.clone())
    }

    /// Gives an attribute another name, which must be new; its place in the order of creation stays.
    pub fn rename_attr(&self, name: &str, new_name: &str) -> Result<()> {
        self.handle.with_mut(|core| engine::rename_attribute(core, self.handle.address, name, new_name))
    }

    /// Takes an attribute away.
    pub fn delete_attr(&self, name: &str) -> Result<()> {
        let cache = &self.handle.shared.chunks;
        self.handle.with_mut(|core| data::delete_attribute(core, cache, self.handle.address, name))
    }
}
