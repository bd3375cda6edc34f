//! The type of a dataset or an attribute that is going to be created.

use super::{Datatype, TypeDescriptor};
use crate::base::{Error, Result, Sizes};
use crate::format::datatype;

/// Where the type comes from.
#[derive(Clone, Debug)]
pub(in crate::api) enum NewType {
    /// From a type of Rust.
    Described(TypeDescriptor),
    /// From something that has it already.
    Stored(datatype::Datatype),
}

impl NewType {
    /// The type of something else; one that is committed becomes the new thing's own.
    pub(in crate::api) fn like(datatype: &Datatype) -> Self {
        NewType::Stored(datatype.stored.clone())
    }

    pub(in crate::api) fn to_file(&self, sizes: Sizes) -> Result<datatype::Datatype> {
        match self {
            NewType::Described(descriptor) => descriptor.to_file(sizes),
            NewType::Stored(stored) if stored.suits(sizes) => Ok(stored.clone()),
            NewType::Stored(_) => Err(Error::unsupported(format!(
                "a type from a file with other addresses: what elements name is told in {} bytes here",
                sizes.offset
            ))),
        }
    }
}
