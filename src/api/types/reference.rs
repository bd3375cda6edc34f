//! References.

use std::borrow::Cow;

use super::super::reference::{ReferenceTarget, target as target_of};
use super::{H5Type, Source, Target, TypeDescriptor};
use crate::base::{Address, Error, Misuse, Result, to_usize};
use crate::convert::describe;
use crate::data::Heap;
use crate::format;
use crate::format::datatype::{Class, Reference};
use crate::format::reference::{ObjectReference, RevisedContext, RevisedReference};

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
            let (from, to) = (describe(source.datatype()), "reference".to_owned());
            return Err(Misuse::Conversion { from, to }.into());
        };
        let heap = Heap { core: source.core, gathered: source.gathered.as_deref() };
        let size = to_usize(u64::from(source.datatype().size))?.max(1);
        source.raw()?.chunks_exact(size).map(|element| target_of(heap, kind, element)).collect()
    }

    fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>> {
        let mut out = Vec::new();
        for value in values {
            out.extend(element(value, target)?);
        }
        Ok(Cow::Owned(out))
    }
}

fn element(value: &ReferenceTarget, target: &Target<'_>) -> Result<Vec<u8>> {
    let address = match value {
        ReferenceTarget::Null => None,
        ReferenceTarget::Object(address) => Some(Address(*address)),
        _ => {
            return Err(Error::unsupported(
                "references to anything but whole objects as values to be written",
            ));
        }
    };
    let (sizes, datatype) = (target.core.sizes(), target.datatype());
    let size = to_usize(u64::from(datatype.size))?;
    match (&datatype.class, address) {
        (Class::Reference(_), None) => Ok(vec![0; size]),
        (Class::Reference(Reference::Object), address) => format::encode(&ObjectReference(address), &sizes),
        (Class::Reference(Reference::Standard { .. }), Some(address)) => {
            let cx = RevisedContext { size, ..RevisedContext::new(sizes) };
            format::encode(&RevisedReference::Object(address), &cx)
        }
        _ => {
            let (from, to) = ("reference to an object".to_owned(), describe(datatype));
            Err(Misuse::Conversion { from, to }.into())
        }
    }
}
