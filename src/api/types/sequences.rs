//! Sequences of any length, as vectors, and arrays.

use std::borrow::Cow;

use super::{H5Type, Source, Target, TypeDescriptor};
use crate::base::{Error, Misuse, Result, byte_count, to_usize};
use crate::convert::describe;
use crate::format::datatype::{Class, Datatype};

/// A sequence of any length; its elements are anything that can be one by itself.
impl<T: H5Type> H5Type for Vec<T> {
    fn type_descriptor() -> TypeDescriptor {
        TypeDescriptor::VarLenArray(Box::new(T::type_descriptor()))
    }

    fn load(source: &Source<'_>) -> Result<Vec<Self>> {
        let base = base_of(source.datatype())?;
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
        let base = base_of(target.datatype())?.clone();
        let mut out = Vec::new();
        for value in values {
            let count = u32::try_from(value.len())
                .map_err(|_| Error::limit("a sequence", value.len() as u64, u64::from(u32::MAX)))?;
            let bytes = T::store(value, &mut target.for_parts(&base))?;
            target.store(count, &bytes, &mut out)?;
        }
        Ok(Cow::Owned(out))
    }
}

fn base_of(datatype: &Datatype) -> Result<&Datatype> {
    match &datatype.class {
        Class::Sequence(base) => Ok(base),
        _ => Err(Misuse::Conversion { from: describe(datatype), to: "sequence".to_owned() }.into()),
    }
}

/// An array as an element; an array of arrays is one of several axes.
impl<T: H5Type, const N: usize> H5Type for [T; N] {
    fn type_descriptor() -> TypeDescriptor {
        TypeDescriptor::FixedArray(Box::new(T::type_descriptor()), N)
    }

    fn load(source: &Source<'_>) -> Result<Vec<Self>> {
        let part = part_of::<N>(source.datatype())?;
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
        let part = part_of::<N>(target.datatype())?;
        T::store(values.as_flattened(), &mut target.for_parts(&part))
    }
}

/// The type of one element along the first axis of an array of `N`.
fn part_of<const N: usize>(datatype: &Datatype) -> Result<Datatype> {
    let none = || Misuse::Conversion { from: describe(datatype), to: format!("array of {N} elements") };
    let Class::Array { dims, base } = &datatype.class else { return Err(none().into()) };
    match dims.split_first() {
        Some((&first, rest)) if usize::try_from(first) == Ok(N) && N > 0 => {
            Ok(Datatype::array_of(rest, base))
        }
        _ => Err(none().into()),
    }
}
