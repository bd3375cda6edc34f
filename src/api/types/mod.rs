//! The types of elements: which Rust types can be stored, and how a type is described.

mod compound;
mod construct;
mod descriptor;
mod new_type;
mod number;
mod string;

use std::borrow::Cow;

use crate::base::Result;

pub use super::elements::{Source, Target};
pub use compound::Compound;
pub use descriptor::{Datatype, FloatSize, IntSize, TypeDescriptor};
pub(super) use new_type::FileType;
pub use new_type::NewType;
pub use string::{FixedAscii, FixedUnicode, StringError, VarLenAscii, VarLenUnicode};

/// Datatypes in every detail that a file stores, in the words of the format specification.
pub mod stored {
    pub use crate::format::datatype::{
        Bits, Charset, Class, Datatype, FixedPoint, FloatingPoint, Member, Normalization, Order, Padding,
        Reference,
    };
}

/// A Rust type that can be an element of a dataset or an attribute.
///
/// Implemented by the integers and floats of 1 to 8 bytes, `bool` (stored as h5py stores it), [`String`] and the
/// string types of this module.
///
/// ```
/// use h5::{H5Type, types::{IntSize, TypeDescriptor}};
/// assert_eq!(i32::type_descriptor(), TypeDescriptor::Integer(IntSize::U4));
/// ```
pub trait H5Type: Clone + Send + Sync + 'static {
    /// Describes the type.
    fn type_descriptor() -> TypeDescriptor;

    /// Makes values of elements of a file.
    #[doc(hidden)]
    fn load(source: &Source<'_>) -> Result<Vec<Self>>;

    /// Makes elements of a file of values.
    #[doc(hidden)]
    fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>>;

    /// Fills `values` with elements of a file.
    #[doc(hidden)]
    fn load_into(source: &Source<'_>, values: &mut [Self]) -> Result<()> {
        values.clone_from_slice(&Self::load(source)?);
        Ok(())
    }
}
