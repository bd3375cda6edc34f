//! The types of elements: which Rust types can be stored, and how a type is described.

mod complex;
mod compound;
mod construct;
mod described;
mod descriptor;
mod enumeration;
mod members;
mod new_type;
mod number;
mod opaque;
mod parts;
mod reference;
mod sequences;
mod string;

use std::borrow::Cow;

use crate::base::Result;

pub use super::elements::{Source, Target};
pub use complex::Complex;
pub use compound::Compound;
pub use descriptor::{Datatype, FloatSize, IntSize, TypeDescriptor};
#[doc(hidden)]
pub use members::Rows;
pub(super) use new_type::FileType;
pub use new_type::NewType;
pub use opaque::Opaque;
pub use parts::{CompoundField, CompoundType, EnumMember, EnumType};
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
/// Implemented by
///
/// - the integers and floats of 1 to 8 bytes, and `bool` (stored as h5py stores it);
/// - [`String`] and the string types of this module;
/// - structures by [`compound!`](crate::compound), stored as compounds;
/// - enumerations by [`enumeration!`](crate::enumeration);
/// - arrays, stored as such, and vectors, stored as sequences of any length, of all of these;
/// - [`Complex`] numbers, [`Opaque`] bytes and [`ReferenceTarget`](crate::ReferenceTarget).
///
/// Numbers are converted wherever they are: a stored `i16` that is a member of a compound can be read as `f64`.
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
