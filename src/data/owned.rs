//! What elements of variable length name: each has heap objects of its own, which go when it is overwritten.
//!
//! libhdf5 removes what an element named when it writes another one over it, whoever else may name that. So no element may
//! share what it names with another one.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::base::{Error, ErrorKind, Result, Structure, to_usize};
use crate::convert::Plan;
use crate::engine::Core;
use crate::format;
use crate::format::datatype::{Class, Datatype};
use crate::format::global_heap::{GlobalHeapId, VariableLength};
use crate::format::message::layout::Storage;
use crate::select::Selected;

use super::chunk_cache::ChunkCache;
use super::dataset::DatasetInfo;
use super::read::{Reading, read};

/// Calls `f` with where in an element at `at` those of variable length lie, and with the type of what they are of, if that
/// names something in its turn.
pub(super) fn each_named<'t>(
    datatype: &'t Datatype,
    at: usize,
    f: &mut dyn FnMut(usize, Option<&'t Datatype>) -> Result<()>,
) -> Result<()> {
    match &datatype.class {
        Class::Sequence(base) => {
            f(at, Some(base).filter(|base| base.has_variable_length()).map(|base| &**base))
        }
        Class::VariableString { .. } => f(at, None),
        Class::Compound(members) => members.iter().try_for_each(|member| {
            let at = at + to_usize(u64::from(member.offset))?;
            each_of_part(&member.datatype, &member.dims, at, f)
        }),
        Class::Array { dims, base } => each_of_part(base, dims, at, f),
        _ => Ok(()),
    }
}

/// The elements of a part of an element, of which only those that name something matter.
fn each_of_part<'t>(
    datatype: &'t Datatype,
    dims: &[u32],
    at: usize,
    f: &mut dyn FnMut(usize, Option<&'t Datatype>) -> Result<()>,
) -> Result<()> {
    if !datatype.has_variable_length() {
        return Ok(());
    }
    let count = to_usize(dims.iter().fold(1, |count: u64, &dim| count.saturating_mul(dim.into())))?;
    let size = to_usize(u64::from(datatype.size))?;
    (0..count).try_for_each(|index| each_named(datatype, at + index * size, f))
}

/// The same for all elements in some bytes.
fn each_in<'t>(
    datatype: &'t Datatype,
    len: usize,
    f: &mut dyn FnMut(usize, Option<&'t Datatype>) -> Result<()>,
) -> Result<()> {
    let size = to_usize(u64::from(datatype.size))?.max(1);
    (0..len / size).try_for_each(|index| each_named(datatype, index * size, f))
}

/// The element of variable length at a place in some bytes.
pub(super) fn element_at(core: &Core, bytes: &[u8], at: usize) -> Result<VariableLength> {
    let len = VariableLength::len(core.sizes());
    let element = bytes.get(at..).and_then(|rest| rest.get(..len)).ok_or_else(|| {
        Error::malformed("an element of variable length lies outside of what has it")
            .within(Structure::Datatype)
    })?;
    format::decode(element, 0, &core.sizes(), &core.budget)
}

/// As many bytes of an object as a sequence says that it has elements.
fn counted<'b>(bytes: &'b [u8], count: u32, base: &Datatype) -> Result<&'b [u8]> {
    let size = to_usize(u64::from(base.size))?;
    let len = to_usize(u64::from(count))?.saturating_mul(size).min(bytes.len());
    Ok(&bytes[..len])
}

/// Gives elements that come with their stored bytes objects of their own: those that were made for them, and were not
/// written yet, and else copies.
pub(crate) fn own<'b>(core: &mut Core, datatype: &Datatype, bytes: &'b [u8]) -> Result<Cow<'b, [u8]>> {
    let mut places = Vec::new();
    if datatype.has_variable_length() {
        each_in(datatype, bytes.len(), &mut |at, base| {
            core.budget.items(places.len() as u64)?;
            places.push((at, base));
            Ok(())
        })?;
    }
    let mut owned = Cow::Borrowed(bytes);
    for (at, base) in places {
        let element = element_at(core, bytes, at)?;
        let Some(id) = own_object(core, element, base)? else { continue };
        let element = format::encode(&VariableLength { id, ..element }, &core.sizes())?;
        owned.to_mut()[at..at + element.len()].copy_from_slice(&element);
    }
    Ok(owned)
}

/// What an element is to name instead of what it names, if that is another element's. How deep objects name others is up
/// to the datatype, whose depth is limited.
fn own_object(
    core: &mut Core,
    element: VariableLength,
    base: Option<&Datatype>,
) -> Result<Option<GlobalHeapId>> {
    if element.id.target().is_none() {
        return Ok(None);
    }
    let is_own = core.claim(element.id)?;
    if is_own && base.is_none() {
        return Ok(None);
    }
    let object = core.heap_object(element.id, |bytes| Ok(bytes.to_vec()))?;
    let owned = match base {
        Some(base) => own(core, base, counted(&object, element.count, base)?)?,
        None => Cow::Borrowed(&object[..]),
    };
    match owned {
        Cow::Borrowed(_) if is_own => return Ok(None),
        Cow::Owned(_) if is_own => core.remove_heap_objects(&BTreeSet::from([element.id]))?,
        _ => {}
    }
    core.insert_heap_object(&owned).map(Some)
}

/// The objects that elements name which are about to be overwritten, with those that these name.
pub(super) fn overwritten(
    core: &Core,
    cache: &ChunkCache,
    info: &DatasetInfo,
    wanted: &Selected<'_>,
) -> Result<BTreeSet<GlobalHeapId>> {
    let is_new = match &info.layout.storage {
        Storage::Contiguous { address, .. } => address.is_none(),
        Storage::Chunked(chunked) => chunked.address.is_none(),
        Storage::Compact(_) => false,
        Storage::Virtual { .. } => true,
    };
    if is_new || info.is_external || !info.datatype.has_variable_length() {
        return Ok(BTreeSet::new());
    }
    match named_before(core, cache, info, wanted) {
        // What cannot be read can be overwritten all the same; it just keeps what it may have named.
        Err(error) if matches!(error.kind(), ErrorKind::Malformed(_)) => Ok(BTreeSet::new()),
        found => found,
    }
}

fn named_before(
    core: &Core,
    cache: &ChunkCache,
    info: &DatasetInfo,
    wanted: &Selected<'_>,
) -> Result<BTreeSet<GlobalHeapId>> {
    let size = info.element_size()?;
    let len = wanted.element_count()?.saturating_mul(size as u64);
    let mut old = core.budget.zeroed::<u8>(len)?;
    read(Reading::new(core, cache, info), wanted, &Plan::identity(size), &mut old)?;
    let mut found = BTreeSet::new();
    named(core, &info.datatype, &old, &mut found)?;
    // What was never written has what the fill value names, which stays.
    let mut kept = BTreeSet::new();
    named(core, &info.datatype, info.pattern()?.element(), &mut kept)?;
    Ok(&found - &kept)
}

/// Adds all objects that elements name, and that these name.
pub(super) fn named(
    core: &Core,
    datatype: &Datatype,
    bytes: &[u8],
    found: &mut BTreeSet<GlobalHeapId>,
) -> Result<()> {
    each_in(datatype, bytes.len(), &mut |at, base| {
        let element = element_at(core, bytes, at)?;
        if element.id.target().is_none() || !found.insert(element.id) {
            return Ok(());
        }
        core.budget.items(found.len() as u64)?;
        let Some(base) = base else { return Ok(()) };
        let object = core.heap_object(element.id, |bytes| Ok(bytes.to_vec()))?;
        named(core, base, counted(&object, element.count, base)?, found)
    })
}
