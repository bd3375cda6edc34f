//! Reading virtual datasets: what a request takes of each mapping is read from its source, in the order of both.

use std::sync::atomic::AtomicU64;

use crate::base::{Error, Result, Structure, byte_count, to_usize};
use crate::convert::Plan;
use crate::engine::Core;
use crate::format::datatype::Datatype;
use crate::select::{Hyperslab, Overlap, Region, Selected};

use super::super::fill::Pattern;
use super::super::gathered::{Gathered, Heap, gathers};
use super::super::read::{Reading, read};
use super::super::sink::{self, Band};
use super::super::transfer::{Aim, Transfer};
use super::between::Between;
use super::mapping::Mapping;
use super::source::{Source, Step};
use super::virtual_mappings;
use super::walk::Walk;

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
    sink::fill(slab, &origin, info.shape(), &pattern(reading)?, plan, &mut whole)?;
    let Some(mappings) = virtual_mappings(core, info)? else { return Ok(()) };
    let mappings = Mapping::all(&mappings)?;
    let opened = AtomicU64::new(0);
    let step = reading.trail.enter(core, Some(reading.cache), info.address, &opened)?;
    // Where two mappings overlap, the later one counts.
    let mut request = Request { reading, step: &step, slab, plan, out };
    let meets = |region: &Region| Ok(region.may_meet(slab));
    let walk = Walk { core, info, step: &step, meets: &meets, absent: None };
    walk.visit(&mappings, &mut |source, from, to| request.copy(source, from, to))
}

/// What elements have that no source gives, with what it names gathered.
fn pattern(reading: Reading<'_>) -> Result<Pattern> {
    let Reading { core, info, gathered, .. } = reading;
    let pattern = info.pattern()?;
    if gathered.is_none() {
        return Ok(pattern);
    }
    let heap = Heap { core, gathered: None };
    let mut between = Between { from: heap, to: heap, gathered, file: None };
    let mut element = vec![0; info.element_size()?];
    let transfer = Transfer::new(&info.datatype, &info.datatype, Aim::Request)?;
    transfer.run(&mut between, pattern.element(), &mut element)?;
    Ok(Pattern::new(element))
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

impl<'a> Request<'a, '_> {
    /// Copies what the request and the target have in common. The n-th element of one region is the n-th of the other.
    fn copy(&mut self, source: &Source<'_>, from: &Region, to: &Region) -> Result<()> {
        if from.count() != to.count() {
            let what = format!("a mapping of {} elements to {}", from.count(), to.count());
            return Err(Error::malformed(what).within(Structure::VirtualMapping));
        }
        from.check(source.info.shape())?;
        let part = Part { source, reading: self.reading, step: self.step, from, way: self.way(source)? };
        let mut window = Window::default();
        let (slab, out) = (self.slab, &mut *self.out);
        to.overlaps(slab, |overlap| {
            if !window.takes(overlap, &part.way) {
                window.flush(&part, out)?;
            }
            window.push(overlap);
            Ok(())
        })?;
        window.flush(&part, out)
    }

    /// How elements of a source become those that were asked for.
    fn way(&self, source: &Source<'_>) -> Result<Way<'a>> {
        let Reading { info, target, gathered, .. } = self.reading;
        let from = &source.info.datatype;
        if gathered.is_none() && *from == info.datatype {
            return Ok(Way::AsAsked(self.plan));
        }
        match target {
            Some(target) => Plan::new(from, target).map(Way::Plan),
            None => Transfer::new(from, &info.datatype, Aim::Request).map(Way::Transfer),
        }
    }
}

/// How elements of a source become elements of the result.
enum Way<'a> {
    AsAsked(&'a Plan),
    Plan(Plan),
    Transfer(Transfer),
}

impl Way<'_> {
    fn source_size(&self) -> usize {
        match self {
            Way::AsAsked(plan) => plan.source_size(),
            Way::Plan(plan) => plan.source_size(),
            Way::Transfer(transfer) => transfer.source_size(),
        }
    }

    fn target_size(&self) -> usize {
        match self {
            Way::AsAsked(plan) => plan.target_size(),
            Way::Plan(plan) => plan.target_size(),
            Way::Transfer(transfer) => transfer.target_size(),
        }
    }
}

/// The part of a source that a mapping takes.
struct Part<'a> {
    source: &'a Source<'a>,
    /// The request for the virtual dataset.
    reading: Reading<'a>,
    step: &'a Step<'a>,
    from: &'a Region,
    way: Way<'a>,
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
    fn takes(&self, next: Overlap, way: &Way<'_>) -> bool {
        let (Some(first), Some(last)) = (self.overlaps.first(), self.overlaps.last()) else { return true };
        let element = way.source_size().max(way.target_size()).max(1) as u64;
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
    fn flush(&mut self, part: &Part<'_>, out: &mut [u8]) -> Result<()> {
        let overlaps = std::mem::take(&mut self.overlaps);
        let (Some(first), Some(last)) = (overlaps.first(), overlaps.last()) else { return Ok(()) };
        let to = part.way.target_size();
        let place = |at: u64, len: u64| -> Result<std::ops::Range<usize>> {
            Ok(to_usize(byte_count(at, to)?)?..to_usize(byte_count(at + len, to)?)?)
        };
        let range = first.first..last.first + last.len;
        if overlaps.len() == 1 {
            return part.read(range, &mut out[place(first.memory, first.len)?]);
        }
        let mut buffer = part.source.core.budget.zeroed::<u8>(byte_count(range.end - range.start, to)?)?;
        part.read(range.clone(), &mut buffer)?;
        for overlap in &overlaps {
            let source = &buffer[place(overlap.first - range.start, overlap.len)?];
            out[place(overlap.memory, overlap.len)?].copy_from_slice(source);
        }
        Ok(())
    }
}

impl Part<'_> {
    /// Reads the elements at some places of the region.
    fn read(&self, places: std::ops::Range<u64>, out: &mut [u8]) -> Result<()> {
        let target = self.reading.target;
        match &self.way {
            Way::AsAsked(plan) => self.cover(places, plan, target, None, out),
            Way::Plan(plan) => self.cover(places, plan, target, None, out),
            Way::Transfer(transfer) => self.transfer(transfer, places, out),
        }
    }

    /// Reads them as they are stored, with what they name, and makes elements of the virtual dataset of them.
    fn transfer(&self, transfer: &Transfer, places: std::ops::Range<u64>, out: &mut [u8]) -> Result<()> {
        let core = &*self.source.core;
        let size = transfer.source_size();
        let mut stored = core.budget.zeroed::<u8>(byte_count(places.end - places.start, size)?)?;
        // What a virtual source gathers is passed on, and then no longer needed.
        let own = gathers(&self.source.info).then(Gathered::default);
        self.cover(places, &Plan::identity(size), None, own.as_ref(), &mut stored)?;
        let name = core.path().map(|path| path.as_os_str().as_encoded_bytes());
        let mut between = Between {
            from: Heap { core, gathered: own.as_ref() },
            to: Heap { core: self.reading.core, gathered: None },
            gathered: self.reading.gathered,
            file: name.filter(|_| !self.source.is_in(self.reading.core)),
        };
        out.fill(0);
        transfer.run(&mut between, &stored, out)
    }

    fn cover(
        &self,
        places: std::ops::Range<u64>,
        plan: &Plan,
        target: Option<&Datatype>,
        gathered: Option<&Gathered>,
        out: &mut [u8],
    ) -> Result<()> {
        let source = self.source;
        let kept = if source.cache.is_some() { None } else { source.chunk_cache() };
        let reading = Reading {
            core: &source.core,
            cache: source.cache.or(kept.as_deref()).unwrap_or(self.reading.cache),
            info: &source.info,
            target,
            trail: self.step.trail(),
            gathered,
        };
        // An earlier mapping, or the fill value, may have been there.
        out.fill(0);
        let mut rest = out;
        self.from.cover(places, |slab| {
            let len = to_usize(byte_count(slab.element_count()?, plan.target_size())?)?;
            let (part, later) = std::mem::take(&mut rest).split_at_mut(len);
            rest = later;
            read(reading, &Selected::Regular(slab), plan, part)
        })
    }
}
