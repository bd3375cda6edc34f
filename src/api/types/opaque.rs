//! Bytes without a meaning.

use std::borrow::Cow;

use super::{H5Type, Source, Target, TypeDescriptor};
use crate::base::Result;
use crate::format::datatype::{Class, Datatype};

/// The `N` bytes of an element of an opaque type or a bit field, as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opaque<const N: usize>(pub [u8; N]);

/// New datasets and attributes are opaque, without a tag.
impl<const N: usize> H5Type for Opaque<N> {
    fn type_descriptor() -> TypeDescriptor {
        TypeDescriptor::Opaque(N)
    }

    fn load(source: &Source<'_>) -> Result<Vec<Self>> {
        if !is_opaque::<N>(source.datatype()) {
            return Err(source.no_conversion(format!("{N} opaque bytes")));
        }
        let raw = source.raw()?;
        Ok(raw.as_chunks::<N>().0.iter().map(|&bytes| Opaque(bytes)).collect())
    }

    fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>> {
        if !is_opaque::<N>(target.datatype()) {
            return Err(target.no_conversion(format!("{N} opaque bytes")));
        }
        Ok(Cow::Owned(values.iter().flat_map(|value| value.0).collect()))
    }
}

fn is_opaque<const N: usize>(datatype: &Datatype) -> bool {
    matches!(datatype.class, Class::Opaque { .. } | Class::BitField(_))
        && usize::try_from(datatype.size) == Ok(N)
}
