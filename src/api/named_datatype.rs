//! Committed datatypes, and what is created of types that are not those of Rust.

use std::ops::Deref;

use super::attribute::AttributeBuilderEmpty;
use super::builder::DatasetBuilderEmpty;
use super::handle::Handle;
use super::types::{Datatype, NewType};
use super::{Group, Location, Object};
use crate::base::Result;
use crate::engine;

/// A datatype that is an object of a file, with a name, attributes and links. Datasets and attributes can share it.
///
/// ```
/// use h5::types::{Datatype, stored::Order};
/// # fn main() -> h5::Result<()> {
/// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
/// let kelvin = file.commit_type("kelvin", &Datatype::float(4, Order::Little)?)?;
/// let air = file.new_dataset_of(&kelvin).shape(3).create("air")?;
/// air.new_attr_of(&kelvin).create("highest")?.write_scalar(&293.5_f32)?;
/// assert_eq!(air.committed_type()?, Some(kelvin.address()));
/// assert_eq!(kelvin.link_count()?, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NamedDatatype {
    location: Location,
}

impl NamedDatatype {
    pub(super) fn new(handle: Handle) -> Self {
        NamedDatatype { location: Location { handle } }
    }

    /// Returns the type.
    pub fn dtype(&self) -> Result<Datatype> {
        self.handle.with(|core, _| engine::committed_datatype(core, self.handle.address).map(Datatype::from))
    }
}

impl Deref for NamedDatatype {
    type Target = Location;

    fn deref(&self) -> &Location {
        &self.location
    }
}

impl Group {
    /// Makes a type an object of the file under a name, which may be a path whose groups exist.
    pub fn commit_type(&self, name: &str, datatype: &Datatype) -> Result<NamedDatatype> {
        let (parent, name) = self.parent_of(name)?;
        let new = NewType::from(datatype);
        let address = parent.with_mut(|core| {
            let datatype = new.to_file(core, &parent.shared)?.datatype;
            engine::commit_datatype(core, parent.address, name, &datatype)
        })?;
        Ok(NamedDatatype::new(parent.other(address, engine::join(&parent.path, name))))
    }

    /// Opens a committed datatype.
    pub fn named_type(&self, name: &str) -> Result<NamedDatatype> {
        match self.open(name)? {
            Object::Datatype(datatype) => datatype.dtype().map(|_| datatype),
            other => Err(other.not_a("committed datatype")),
        }
    }

    /// Begins a new dataset of elements of any type: one that was put together or taken from elsewhere, or a committed
    /// one, which the dataset shares.
    pub fn new_dataset_of(&self, datatype: impl Into<NewType>) -> DatasetBuilderEmpty {
        self.new_dataset_builder().empty_like(datatype)
    }
}

impl Location {
    /// Begins a new attribute of elements of any type: one that was put together or taken from elsewhere, or a
    /// committed one, which the attribute shares.
    pub fn new_attr_of(&self, datatype: impl Into<NewType>) -> AttributeBuilderEmpty {
        self.new_attr_builder().empty_like(datatype)
    }
}
