//! Canonical bytes of references.

use h5::types::stored::Reference;
use h5::{Container, Object, ReferenceTarget, RegionSelection};

use super::encode::{Source, counted};
use super::{Outcome, Unreadable};

/// What follows the address of nothing: a null reference, or one that leads nowhere.
pub(super) const NULL: u8 = 0xff;
pub(super) const DANGLING: u8 = 0xfe;

/// The kinds of references of 1.12.
const OBJECT: u8 = 2;
const REGION: u8 = 3;
const ATTRIBUTE: u8 = 4;

/// Bytes of a reference in the memory of libhdf5.
pub(super) fn memory(kind: Reference) -> u64 {
    match kind {
        Reference::Object => 8,
        Reference::Region => 12,
        Reference::Standard { .. } => 64,
    }
}

/// Appends the canonical bytes of a stored reference.
pub(super) fn encode(source: Source<'_>, kind: Reference, element: &[u8], out: &mut Vec<u8>) -> Outcome<()> {
    match kind {
        Reference::Object => {
            let mut address = [0; 8];
            let Some(low) = address.get_mut(..element.len()) else {
                return Err(Unreadable::new("an object reference of over 8 bytes"));
            };
            low.copy_from_slice(element);
            out.extend_from_slice(&address);
            Ok(())
        }
        Reference::Region => {
            if element.iter().all(|&byte| byte == 0) {
                out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, NULL]);
            } else if let Some(bytes) = region(source, kind, element) {
                out.extend_from_slice(&bytes);
            } else {
                out.extend_from_slice(&[0xff; 8]);
                out.push(DANGLING);
            }
            Ok(())
        }
        Reference::Standard { .. } => standard(source, kind, element, out),
    }
}

/// A region of the old kind, if it leads to a dataset.
fn region(source: Source<'_>, kind: Reference, element: &[u8]) -> Option<Vec<u8>> {
    match source.elements.reference(kind, element) {
        Ok(target @ ReferenceTarget::Region { .. }) => resolved(source.container, &target),
        _ => None,
    }
}

fn standard(source: Source<'_>, kind: Reference, element: &[u8], out: &mut Vec<u8>) -> Outcome<()> {
    let target = source.elements.reference(kind, element)?;
    let number = match inner(&target) {
        ReferenceTarget::Null => {
            out.push(NULL);
            return Ok(());
        }
        ReferenceTarget::Object(_) => OBJECT,
        ReferenceTarget::Region { .. } => REGION,
        ReferenceTarget::Attribute { .. } => ATTRIBUTE,
        _ => element.first().copied().unwrap_or(NULL),
    };
    out.push(number);
    match resolved(source.container, &target) {
        Some(bytes) => out.extend_from_slice(&bytes),
        None => out.extend_from_slice(&[0xff; 8]),
    }
    Ok(())
}

/// What a reference is about in the file that it is about.
fn inner(target: &ReferenceTarget) -> &ReferenceTarget {
    match target {
        ReferenceTarget::External { target, .. } => target,
        here => here,
    }
}

/// Address and parts of what a reference leads to, if it does.
fn resolved(container: &Container, target: &ReferenceTarget) -> Option<Vec<u8>> {
    let object = container.open_target(target).ok()?;
    let mut bytes = object.location().address().to_le_bytes().to_vec();
    match inner(target) {
        ReferenceTarget::Region { region, .. } => selection(&object, region, &mut bytes)?,
        ReferenceTarget::Attribute { name, .. } => counted(name, &mut bytes).ok()?,
        _ => {}
    }
    Some(bytes)
}

/// Appends a selection of a dataset; none if there is no such dataset.
fn selection(object: &Object, region: &RegionSelection, out: &mut Vec<u8>) -> Option<()> {
    let Object::Dataset(dataset) = object else { return None };
    dataset.dtype().ok()?;
    let shape: Vec<u64> = dataset.try_shape().ok()?.into_iter().map(|size| size as u64).collect();
    let kind = match region {
        RegionSelection::None => 0u8,
        RegionSelection::Points(_) => 1,
        RegionSelection::Blocks(_) => 2,
        RegionSelection::All => 3,
        _ => return None,
    };
    let count = region.count().or_else(|| shape.iter().try_fold(1u64, |n, &size| n.checked_mul(size)))?;
    let bounds = region.bounds().or_else(|| {
        let last = shape.iter().map(|size| size.saturating_sub(1));
        (*region == RegionSelection::All).then(|| (vec![0; shape.len()], last.collect()))
    });
    // Neither does libhdf5 take a selection that is one of another dataset.
    if bounds.as_ref().is_some_and(|(low, _)| low.len() != shape.len()) {
        return None;
    }
    let rank = shape.len();
    out.push(kind);
    out.extend_from_slice(&u32::try_from(rank).ok()?.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    if count > 0 {
        let (low, high) = bounds?;
        low.iter().chain(&high).for_each(|index| out.extend_from_slice(&index.to_le_bytes()));
    }
    Some(())
}
