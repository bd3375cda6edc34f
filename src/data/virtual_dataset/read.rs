//! Reading virtual datasets: what a request takes of each mapping is read from its source, in the order of both.

use std::sync::atomic::AtomicU64;

use crate::base::{Error, Result, Structure, byte_count, to_usize};
use crate::convert::Plan;
use crate::engine::{Core, MissingSources};
use crate::select::{Hyperslab, Overlap, Region};

use super::super::read::{Reading, read};
use super::super::sink::{self, Band};
use super::mapping::{Growth, Mapping, region};
use super::source::{Source, Step, refers_to_its_file};
use super::{extent, virtual_mappings};

/// Reads what is selected, converted by `plan`, into `out`, which holds zeros.
pub(in crate::data) fn read_virtual(
    reading: Reading<'_>,
    slab: &Hyperslab,
    plan: &Plan,
    out: &mut [u8],
) -> Result<()> {
    let Reading { core, info, .. } = reading;
    let origin = vec![0; info.shape().len()];
    let mut whole = Band { bytes: &mut *out, first_row: 0 };
    sink::fill(slab, &origin, info.shape(), &info.pattern()?, plan, &mut whole)?;
    let Some(mappings) = virtual_mappings(core, info)? else { return Ok(()) };
    let mappings = Mapping::all(&mappings)?;
    let opened = AtomicU64::new(0);
    let step = reading.trail.enter(core, info.address, &opened)?;
    // Where two mappings overlap, the later one counts.
    for mapping in &mappings {
        let mut request = Request { reading, step: &step, slab, plan, out };
        match &mapping.growth {
            Growth::None => request.limited(mapping)?,
            Growth::WithSource { .. } => request.with_source(mapping)?,
            Growth::BySources { .. } => request.by_sources(mapping, mappings.len() == 1)?,
        }
    }
    Ok(())
}

/// The error for a source that is not there.
pub(super) fn missing(core: &Core, file: &[u8], dataset: &[u8]) -> Error {
    let (file, dataset) = (String::from_utf8_lossy(file), String::from_utf8_lossy(dataset));
    let what = format!("the source of a virtual dataset is missing: {dataset:?} in {file:?}");
    let error = Error::from(std::io::Error::new(std::io::ErrorKind::NotFound, what));
    error.within(Structure::VirtualMapping).in_file(&file, &core.file_name())
}

/// What one request does with its mappings.
struct Request<'a, 'o> {
    reading: Reading<'a>,
    step: &'a Step<'a>,
    slab: &'a Hyperslab,
    plan: &'a Plan,
    out: &'o mut [u8],
}

impl Request<'_, '_> {
    fn limited(&mut self, mapping: &Mapping<'_>) -> Result<()> {
        let Reading { core, info, .. } = self.reading;
        let target = region(mapping.target, info.shape(), &core.budget)?;
        self.take(mapping, 0, &target, |source| {
            region(mapping.source, source.info.shape(), &source.core.budget)
        })
    }

    fn with_source(&mut self, mapping: &Mapping<'_>) -> Result<()> {
        let Growth::WithSource { source: from, target: to } = &mapping.growth else { return Ok(()) };
        let (file, dataset) = (mapping.file.of_block(0), mapping.dataset.of_block(0));
        let Some(source) = self.step.open(&file, &dataset)? else { return self.lacks(&file, &dataset) };
        let size = source.info.shape().get(from.axis).copied().unwrap_or(0);
        let target = to.region(to.size_for(from.indices(size))?)?;
        self.copy(&source, &from.region(size)?, &target)
    }

    /// Every block has its source. The shape says how many there are, unless other mappings have a say in it.
    fn by_sources(&mut self, mapping: &Mapping<'_>, alone: bool) -> Result<()> {
        let Growth::BySources { target } = &mapping.growth else { return Ok(()) };
        let Reading { core, info, .. } = self.reading;
        let size = info.shape().get(target.axis).copied().unwrap_or(0);
        let end = if alone { u64::MAX } else { extent::available_blocks(core, mapping, self.step)? };
        for number in 0..end {
            let Some(block) = target.block(number)? else { return Ok(()) };
            let begins = block.bounds().and_then(|bounds| bounds.get(target.axis).copied());
            if begins.is_none_or(|(first, _)| first >= size) {
                return Ok(());
            }
            self.take(mapping, number, &block, |source| {
                region(mapping.source, source.info.shape(), &source.core.budget)
            })?;
        }
        Ok(())
    }

    /// Takes what the request wants of one source; a source of which it wants nothing is not even opened.
    fn take(
        &mut self,
        mapping: &Mapping<'_>,
        number: u64,
        target: &Region,
        selected: impl FnOnce(&Source<'_>) -> Result<Region>,
    ) -> Result<()> {
        target.check(self.reading.info.shape())?;
        if !target.may_meet(self.slab) {
            return Ok(());
        }
        let (file, dataset) = (mapping.file.of_block(number), mapping.dataset.of_block(number));
        match self.step.open(&file, &dataset)? {
            Some(source) => self.copy(&source, &selected(&source)?, target),
            None => self.lacks(&file, &dataset),
        }
    }

    fn lacks(&self, file: &[u8], dataset: &[u8]) -> Result<()> {
        let core = self.reading.core;
        match core.missing_sources() {
            MissingSources::Fill => Ok(()),
            MissingSources::Error => Err(missing(core, file, dataset)),
        }
    }

    /// Copies what the request and the target have in common. The n-th element of one region is the n-th of the other.
    fn copy(&mut self, source: &Source<'_>, from: &Region, to: &Region) -> Result<()> {
        let info = self.reading.info;
        if from.count() != to.count() {
            let what = format!("a mapping of {} elements to {}", from.count(), to.count());
            return Err(Error::malformed(what).within(Structure::VirtualMapping));
        }
        from.check(source.info.shape())?;
        if !source.is_in_this_file() && refers_to_its_file(&source.info.datatype) {
            let name = crate::convert::describe(&source.info.datatype);
            let what = format!("elements of a virtual dataset that refer to another file ({name})");
            return Err(
                Error::unsupported(what).in_file(&source.core.file_name(), &self.reading.core.file_name())
            );
        }
        let converting;
        let plan = if source.info.datatype == info.datatype {
            self.plan
        } else {
            converting = Plan::new(&source.info.datatype, self.reading.target.unwrap_or(&info.datatype))?;
            &converting
        };
        let cache = if source.is_in_this_file() { None } else { source.chunk_cache() };
        let reading = Reading {
            core: &source.core,
            cache: cache.as_deref().unwrap_or(self.reading.cache),
            info: &source.info,
            target: Some(self.reading.target.unwrap_or(&info.datatype)),
            trail: self.step.trail(),
        };
        let mut window = Window::default();
        let (slab, out) = (self.slab, &mut *self.out);
        to.overlaps(slab, |overlap| {
            if !window.takes(overlap, plan) {
                window.flush(reading, from, plan, out)?;
            }
            window.push(overlap);
            Ok(())
        })?;
        window.flush(reading, from, plan, out)
    }
}

/// Stretches that are near enough to each other in the source to be read together.
#[derive(Default)]
struct Window {
    overlaps: Vec<Overlap>,
}

/// Bytes of a source that are read at once to pick stretches from.
const WINDOW: u64 = 8 << 20;

/// A gap of so many bytes is cheaper to read than to leave out.
const GAP: u64 = 64 << 10;

const STRETCHES: usize = 1 << 16;

impl Window {
    /// Tells whether a stretch can be read together with those before it.
    fn takes(&self, next: Overlap, plan: &Plan) -> bool {
        let (Some(first), Some(last)) = (self.overlaps.first(), self.overlaps.last()) else { return true };
        let element = plan.source_size().max(plan.target_size()).max(1) as u64;
        let near =
            |from: u64, to: u64, bytes: u64| to.checked_sub(from).is_some_and(|n| n <= bytes / element);
        self.overlaps.len() < STRETCHES
            && near(last.first + last.len, next.first, GAP)
            && near(first.first, next.first + next.len, WINDOW)
    }

    fn push(&mut self, next: Overlap) {
        self.overlaps.push(next);
    }

    /// Reads the stretches; a single one goes straight to its place.
    fn flush(&mut self, reading: Reading<'_>, from: &Region, plan: &Plan, out: &mut [u8]) -> Result<()> {
        let overlaps = std::mem::take(&mut self.overlaps);
        let (Some(first), Some(last)) = (overlaps.first(), overlaps.last()) else { return Ok(()) };
        let to = plan.target_size();
        let place = |at: u64, len: u64| -> Result<std::ops::Range<usize>> {
            Ok(to_usize(byte_count(at, to)?)?..to_usize(byte_count(at + len, to)?)?)
        };
        let range = first.first..last.first + last.len;
        if overlaps.len() == 1 {
            return read_part(reading, from, range, plan, &mut out[place(first.memory, first.len)?]);
        }
        let mut buffer = reading.core.budget.zeroed::<u8>(byte_count(range.end - range.start, to)?)?;
        read_part(reading, from, range.clone(), plan, &mut buffer)?;
        for overlap in &overlaps {
            let source = &buffer[place(overlap.first - range.start, overlap.len)?];
            out[place(overlap.memory, overlap.len)?].copy_from_slice(source);
        }
        Ok(())
    }
}

/// Reads the elements at some places of a region.
fn read_part(
    reading: Reading<'_>,
    from: &Region,
    places: std::ops::Range<u64>,
    plan: &Plan,
    out: &mut [u8],
) -> Result<()> {
    // An earlier mapping, or the fill value, may have been there.
    out.fill(0);
    let mut rest = out;
    from.cover(places, |slab| {
        let len = to_usize(byte_count(slab.element_count()?, plan.target_size())?)?;
        let (part, later) = std::mem::take(&mut rest).split_at_mut(len);
        rest = later;
        read(reading, &slab, plan, part)
    })
}
