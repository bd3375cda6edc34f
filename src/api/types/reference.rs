//! References.

use std::borrow::Cow;

use super::super::reference::{ReferenceTarget, target as target_of};
use super::{H5Type, Source, Target, TypeDescriptor};
use crate::base::{Address, Error, Result, Structure, byte_count, to_usize};
use crate::data::Heap;
use crate::format;
use crate::format::datatype::{Class, Reference};
use crate::format::reference::{ObjectReference, RevisedContext, RevisedReference, sizes_of_element};

/// What a reference of any kind is about; [`Location::open_target`](crate::Location::open_target) opens it.
///
/// References to whole objects of the same file can be written so. New datasets and attributes have the kind of all
/// releases, which is about objects.
impl H5Type for ReferenceTarget {
    fn type_descriptor() -> TypeDescriptor {
        TypeDescriptor::Reference
    }

    fn load(source: &Source<'_>) -> Result<Vec<Self>> {
        let Class::Reference(kind) = source.datatype().class else {
            return Err(source.no_conversion("reference"));
        };
        let heap = Heap { core: source.core, gathered: source.gathered.as_deref() };
        let size = to_usize(u64::from(source.datatype().size))?.max(1);
        source.raw()?.chunks_exact(size).map(|element| target_of(heap, kind, element)).collect()
    }

    fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>> {
        let Class::Reference(kind) = target.datatype().class else {
            return Err(target.no_conversion("reference"));
        };
        let size = to_usize(u64::from(target.datatype().size))?;
        // What stays zero refers to nothing.
        let mut out = target.core.budget.zeroed::<u8>(byte_count(values.len() as u64, size)?)?;
        for (value, element) in values.iter().zip(out.chunks_exact_mut(size.max(1))) {
            match value {
                ReferenceTarget::Null => {}
                ReferenceTarget::Object(address) => put(Address(*address), kind, target, element)?,
                _ => {
                    let what = "references to anything but whole objects as values to be written";
                    return Err(Error::unsupported(what));
                }
            }
        }
        Ok(Cow::Owned(out))
    }
}

fn put(object: Address, kind: Reference, target: &Target<'_>, element: &mut [u8]) -> Result<()> {
    let (sizes, size) = (target.core.sizes(), element.len());
    let bytes = match kind {
        Reference::Object => {
            format::encode(&ObjectReference(Some(object)), &sizes_of_element(kind, size, sizes))?
        }
        Reference::Standard { .. } => {
            let cx = RevisedContext { size, ..RevisedContext::new(sizes) };
            format::encode(&RevisedReference::Object(object), &cx)?
        }
        Reference::Region => return Err(target.no_conversion("reference to an object")),
    };
    if bytes.len() != size {
        let rule = "not the size of such a reference";
        return Err(Error::field("size of the datatype", size as u64, rule).within(Structure::Datatype));
    }
    element.copy_from_slice(&bytes);
    Ok(())
}
