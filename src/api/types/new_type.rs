//! The type of a dataset or an attribute that is going to be created.

use std::sync::Arc;

use super::{Datatype, TypeDescriptor};
use crate::api::NamedDatatype;
use crate::api::handle::{Handle, Shared};
use crate::base::{Address, Error, Result};
use crate::engine::{Core, committed_datatype};
use crate::format::datatype;

/// The type that a dataset or an attribute is going to have: a [`Datatype`], which becomes its own, or a
/// [`NamedDatatype`], which it shares.
#[derive(Clone, Debug)]
pub struct NewType(Kind);

/// Where the type comes from.
#[derive(Clone, Debug)]
enum Kind {
    /// From a type of Rust.
    Described(TypeDescriptor),
    /// As it is.
    Stored(datatype::Datatype),
    /// From an object of the file.
    Committed(Handle),
}

/// A type on its way into a file.
#[derive(Clone, Debug)]
pub(in crate::api) struct FileType {
    pub(in crate::api) datatype: datatype::Datatype,
    /// The committed type that it is.
    pub(in crate::api) committed: Option<Address>,
}

impl NewType {
    pub(in crate::api) fn described(descriptor: TypeDescriptor) -> Self {
        NewType(Kind::Described(descriptor))
    }

    /// The type as the file is going to have it.
    pub(in crate::api) fn to_file(&self, core: &Core, file: &Arc<Shared>) -> Result<FileType> {
        match &self.0 {
            Kind::Described(descriptor) => {
                Ok(FileType { datatype: descriptor.to_file(core.sizes())?, committed: None })
            }
            Kind::Stored(stored) => {
                stored.check(&core.budget)?;
                Ok(FileType { datatype: stored.fitted(core.sizes())?, committed: None })
            }
            Kind::Committed(object) if Arc::ptr_eq(&object.shared, file) => {
                let datatype = committed_datatype(core, object.address)?;
                Ok(FileType { datatype, committed: Some(object.address) })
            }
            Kind::Committed(object) => {
                let what = "a committed datatype can only be shared within its file";
                Err(Error::misuse(what).of(&object.path))
            }
        }
    }
}

/// The type becomes the new thing's own, also one that is committed where it comes from.
impl From<&Datatype> for NewType {
    fn from(datatype: &Datatype) -> Self {
        NewType(Kind::Stored(datatype.stored.clone()))
    }
}

/// The new thing shares the type.
impl From<&NamedDatatype> for NewType {
    fn from(named: &NamedDatatype) -> Self {
        NewType(Kind::Committed(named.handle.clone()))
    }
}
