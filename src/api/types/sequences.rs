//! Sequences of any length, as vectors, and arrays.

use std::borrow::Cow;

use super::{H5Type, Source, Target, TypeDescriptor};
use crate::base::{Error, Result, byte_count, to_usize};
use crate::format::datatype::{Class, Datatype};

/// A sequence of any length; its elements are anything that can be one by itself.
impl<T: H5Type> H5Type for Vec<T> {
    fn type_descriptor() -> TypeDescriptor {
        TypeDescriptor::VarLenArray(Box::new(T::type_descriptor()))
    }

    fn load(source: &Source<'_>) -> Result<Vec<Self>> {
        let base = base_of(source.datatype()).ok_or_else(|| source.no_conversion("sequence"))?;
        let size = to_usize(u64::from(base.size))?;
        let (mut bytes, mut counts, mut total) = (Vec::new(), Vec::new(), 0u64);
        for element in source.raw()?.chunks_exact(to_usize(u64::from(source.datatype().size))?.max(1)) {
            source.follow(element, |count, stored| {
                let len = byte_count(u64::from(count), size)?;
                let part = stored.get(..to_usize(len)?).ok_or_else(|| {
                    Error::malformed(format!("{count} elements of {size} bytes in {} bytes", stored.len()))
                })?;
                // Elements may name one heap object many times over.
                source.core.budget.values((bytes.len() as u64).saturating_add(len), 1)?;
                bytes.extend_from_slice(part);
                counts.push(to_usize(u64::from(count))?);
                total += u64::from(count);
                Ok(())
            })?;
        }
        let mut all = T::load(&source.of_parts(base, total, &bytes)?)?.into_iter();
        Ok(counts.into_iter().map(|count| all.by_ref().take(count).collect()).collect())
    }

    fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>> {
        let base = base_of(target.datatype()).ok_or_else(|| target.no_conversion("sequence"))?.clone();
        let mut out = Vec::new();
        for value in values {
            let count = u32::try_from(value.len())
                .map_err(|_| Error::limit("a sequence", value.len() as u64, u64::from(u32::MAX)))?;
            let bytes = target.for_parts(&base).encode(value)?;
            target.store(count, &bytes, &mut out)?;
        }
        Ok(Cow::Owned(out))
    }
}

fn base_of(datatype: &Datatype) -> Option<&Datatype> {
    if let Class::Sequence(base) = &datatype.class { Some(base) } else { None }
}

/// An array as an element; an array of arrays is one of several axes.
impl<T: H5Type, const N: usize> H5Type for [T; N] {
    fn type_descriptor() -> TypeDescriptor {
        TypeDescriptor::FixedArray(Box::new(T::type_descriptor()), N)
    }

    fn load(source: &Source<'_>) -> Result<Vec<Self>> {
        let part = part_of::<N>(source.datatype()).ok_or_else(|| source.no_conversion(array_of::<N>()))?;
        let count = byte_count(source.count, N)?;
        let mut all = T::load(&source.of_parts(&part, count, &source.raw()?)?)?.into_iter();
        let mut arrays = Vec::new();
        while all.len() > 0 {
            let array: Vec<T> = all.by_ref().take(N).collect();
            arrays.push(array.try_into().map_err(|_| Error::shape("arrays of another length were read"))?);
        }
        Ok(arrays)
    }

    fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>> {
        let part = part_of::<N>(target.datatype()).ok_or_else(|| target.no_conversion(array_of::<N>()))?;
        target.for_parts(&part).encode(values.as_flattened())
    }
}

/// The type of one element along the first axis of an array of `N`.
fn part_of<const N: usize>(datatype: &Datatype) -> Option<Datatype> {
    let Class::Array { dims, base } = &datatype.class else { return None };
    let (&first, rest) = dims.split_first()?;
    (usize::try_from(first) == Ok(N) && N > 0).then(|| Datatype::array_of(rest, base))
}

fn array_of<const N: usize>() -> String {
    format!("array of {N} elements")
}
