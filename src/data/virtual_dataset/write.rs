//! Writing through a virtual dataset: the elements go to the sources, where these lie in the same file.
//!
//! As in libhdf5, every element that is written has to have a source. One that has several goes to all of them.

use std::ops::Range;
use std::sync::atomic::AtomicU64;

use crate::base::{Address, Error, Result, Structure, byte_count, to_usize};
use crate::convert::Plan;
use crate::data::ChunkCache;
use crate::engine::Core;
use crate::format::message::layout::Storage;
use crate::select::{Hyperslab, Region, Selected};

use super::super::dataset::DatasetInfo;
use super::super::sink::Written;
use super::super::write::write;
use super::mapping::Mapping;
use super::source::{Source, Trail};
use super::virtual_mappings;
use super::walk::Walk;

/// A part of a request that goes to one source.
struct Part {
    source: Address,
    plan: Plan,
    /// What of the source, and which of the elements of the request that is.
    stretches: Vec<(Hyperslab, Range<u64>)>,
}

/// Writes elements in the form of the virtual dataset to what is selected of it.
pub(in crate::data) fn write_virtual(
    core: &mut Core,
    cache: &ChunkCache,
    info: &DatasetInfo,
    slab: &Hyperslab,
    data: &[u8],
) -> Result<()> {
    // Whatever may be wrong is found before anything is written.
    let parts = parts(core, info, slab)?;
    let element = info.element_size()?;
    let mut converted = Vec::new();
    for Part { source, plan, stretches } in &parts {
        for (slab, elements) in stretches {
            let place = |at: u64| to_usize(byte_count(at, element)?);
            let bytes = &data[place(elements.start)?..place(elements.end)?];
            if plan.is_identity() {
                write(core, cache, *source, &Selected::Regular(slab.clone()), &Written::Each(bytes))?;
                continue;
            }
            converted.resize(bytes.len() / element.max(1) * plan.target_size(), 0);
            plan.run(bytes, &mut converted);
            write(core, cache, *source, &Selected::Regular(slab.clone()), &Written::Each(&converted))?;
        }
    }
    Ok(())
}

fn parts(core: &Core, info: &DatasetInfo, slab: &Hyperslab) -> Result<Vec<Part>> {
    let mut has_source = core.budget.zeroed::<u8>(slab.element_count()?)?;
    let mut parts = Vec::new();
    if let Some(mappings) = virtual_mappings(core, info)? {
        let mappings = Mapping::all(&mappings)?;
        let opened = AtomicU64::new(0);
        let step = Trail::default().enter(core, info.address, &opened)?;
        let mut work = 0;
        Walk { core, info, step: &step, slab, needs_all: true }.visit(
            &mappings,
            &mut |source, from, to| {
                let part = part(info, slab, source, (from, to), &mut has_source)?;
                work += part.stretches.len() as u64;
                core.budget.items(work)?;
                parts.push(part);
                Ok(())
            },
        )?;
    }
    if has_source.contains(&0) {
        return Err(Error::misuse("elements of a virtual dataset are written that no source has"));
    }
    Ok(parts)
}

fn part(
    info: &DatasetInfo,
    slab: &Hyperslab,
    source: &Source<'_>,
    (from, to): (&Region, &Region),
    has_source: &mut [u8],
) -> Result<Part> {
    if !source.is_in_this_file() {
        return Err(Error::unsupported("writing through a virtual dataset to another file"));
    }
    if matches!(source.info.layout.storage, Storage::Virtual { .. }) {
        return Err(Error::unsupported("writing through a virtual dataset to another virtual one"));
    }
    if from.count() != to.count() {
        let what = format!("a mapping of {} elements to {}", from.count(), to.count());
        return Err(Error::malformed(what).within(Structure::VirtualMapping));
    }
    from.check(source.info.shape())?;
    let plan = if info.datatype == source.info.datatype {
        Plan::identity(info.element_size()?)
    } else {
        Plan::new(&info.datatype, &source.info.datatype)?
    };
    let mut part = Part { source: source.info.address, plan, stretches: Vec::new() };
    to.overlaps(slab, |overlap| {
        let range = to_usize(overlap.memory)?..to_usize(overlap.memory + overlap.len)?;
        has_source[range].fill(1);
        let mut memory = overlap.memory;
        from.cover(overlap.first..overlap.first + overlap.len, |slab| {
            let end = memory + slab.element_count()?;
            part.stretches.push((slab, memory..end));
            memory = end;
            Ok(())
        })
    })?;
    Ok(part)
}
