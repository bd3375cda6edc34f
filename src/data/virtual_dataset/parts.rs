//! Where the elements go that are written to a virtual dataset: which of them to which source, through sources that are
//! virtual themselves and into other files. Nothing is written yet.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use crate::base::{Error, Result, Structure, to_usize};
use crate::engine::Core;
use crate::format::datatype::Datatype;
use crate::format::message::layout::Storage;
use crate::select::{Hyperslab, Region};

use super::super::dataset::DatasetInfo;
use super::super::gathered::names_objects;
use super::super::transfer::{Aim, Transfer};
use super::mapping::Mapping;
use super::source::{Source, Step, Trail};
use super::virtual_mappings;
use super::walk::Walk;

/// What of a dataset, and which of the elements of the request that is.
pub(super) type Stretch = (Hyperslab, Range<u64>);

/// What goes to one source, which is not virtual.
pub(super) struct Part {
    /// What leads to the source in its file.
    pub(super) path: Vec<u8>,
    pub(super) stretches: Vec<Stretch>,
}

/// What goes where.
#[derive(Default)]
pub(super) struct Parts {
    /// In the file of the virtual dataset.
    pub(super) own: Vec<Part>,
    /// By where the other files lie, each of which is opened once.
    pub(super) others: BTreeMap<PathBuf, Vec<Part>>,
}

impl Parts {
    /// Finds the sources of all that is wanted, and refuses what has none or may not be written to.
    pub(super) fn of(core: &Core, info: &DatasetInfo, wanted: &[Stretch]) -> Result<Parts> {
        let work = Work { core, done: &Cell::new(0) };
        let mut spreading = Spreading { core, info, work, parts: Parts::default() };
        spreading.spread(&Level { core, info, trail: Trail::default(), wanted })?;
        Ok(spreading.parts)
    }
}

/// The way from elements of a virtual dataset to those of a source; none where they are that already.
pub(super) fn way(from: &Datatype, to: &Datatype) -> Result<Option<Transfer>> {
    if from == to && !names_objects(from) {
        return Ok(None);
    }
    // What could not be read again, such as members that the source lacks, would be lost.
    Transfer::new(to, from, Aim::Request)?;
    Transfer::new(from, to, Aim::Source).map(Some)
}

/// A virtual dataset with what is written to it.
struct Level<'a> {
    core: &'a Core,
    info: &'a DatasetInfo,
    trail: Trail<'a>,
    wanted: &'a [Stretch],
}

/// What it takes to find out: a file can have many mappings meet many stretches.
#[derive(Clone, Copy)]
struct Work<'a> {
    core: &'a Core,
    done: &'a Cell<u64>,
}

impl Work<'_> {
    fn spend(self, steps: usize) -> Result<()> {
        self.done.set(self.done.get().saturating_add(steps as u64));
        self.core.budget.items(self.done.get())
    }
}

struct Spreading<'a> {
    /// The file of the virtual dataset that is written to.
    core: &'a Core,
    info: &'a DatasetInfo,
    work: Work<'a>,
    parts: Parts,
}

impl Spreading<'_> {
    /// Spreads what is written to a virtual dataset over its sources; the trail bounds how deep that goes.
    fn spread(&mut self, level: &Level<'_>) -> Result<()> {
        let &Level { core, info, trail, wanted } = level;
        let count = wanted.iter().map(|(_, elements)| elements.end - elements.start).sum();
        let mut has_source = core.budget.zeroed::<u8>(count)?;
        let absent = RefCell::new(None);
        if let Some(mappings) = virtual_mappings(core, info)? {
            let mappings = Mapping::all(&mappings)?;
            let opened = AtomicU64::new(0);
            let step = trail.enter(core, None, info.address, &opened)?;
            let work = self.work;
            let meets = |region: &Region| {
                work.spend(wanted.len())?;
                Ok(wanted.iter().any(|(slab, _)| region.may_meet(slab)))
            };
            let walk = Walk { core, info, step: &step, meets: &meets, absent: Some(&absent) };
            walk.visit(&mappings, &mut |source, from, to| {
                let stretches = self.stretches(wanted, source, (from, to), &mut has_source)?;
                self.add(&step, source, stretches)
            })?;
        }
        if has_source.contains(&0) {
            let nowhere = || Error::misuse("elements of a virtual dataset are written that no source has");
            return Err(absent.take().unwrap_or_else(nowhere));
        }
        Ok(())
    }

    /// What of a source is wanted, by a mapping from one region to another.
    fn stretches(
        &self,
        wanted: &[Stretch],
        source: &Source<'_>,
        (from, to): (&Region, &Region),
        has_source: &mut [u8],
    ) -> Result<Vec<Stretch>> {
        if from.count() != to.count() {
            let what = format!("a mapping of {} elements to {}", from.count(), to.count());
            return Err(Error::malformed(what).within(Structure::VirtualMapping));
        }
        from.check(source.info.shape())?;
        self.work.spend(wanted.len())?;
        let (mut stretches, mut done) = (Vec::new(), 0);
        for (slab, elements) in wanted {
            to.overlaps(slab, |overlap| {
                let at = to_usize(done + overlap.memory)?;
                has_source[at..at + to_usize(overlap.len)?].fill(1);
                let mut next = elements.start + overlap.memory;
                from.cover(overlap.first..overlap.first + overlap.len, |slab| {
                    self.work.spend(1)?;
                    let end = next + slab.element_count()?;
                    stretches.push((slab, next..end));
                    next = end;
                    Ok(())
                })
            })?;
            done += elements.end - elements.start;
        }
        Ok(stretches)
    }

    /// Takes what goes to a source; a virtual one hands it on to its own.
    fn add(&mut self, step: &Step<'_>, source: &Source<'_>, stretches: Vec<Stretch>) -> Result<()> {
        if stretches.is_empty() {
            return Ok(());
        }
        if matches!(source.info.layout.storage, Storage::Virtual { .. }) {
            let (core, info, trail) = (&*source.core, &source.info, step.trail());
            return self.spread(&Level { core, info, trail, wanted: &stretches });
        }
        way(&self.info.datatype, &source.info.datatype)?;
        self.work.spend(source.path.len())?;
        let part = Part { path: source.path.clone(), stretches };
        if source.is_in(self.core) {
            self.parts.own.push(part);
            return Ok(());
        }
        let place =
            source.core.path().ok_or_else(|| Error::misuse("a source in another file without a path"))?;
        self.core.check_may_write_to(place).map_err(|e| e.within(Structure::VirtualMapping))?;
        self.parts.others.entry(place.to_path_buf()).or_default().push(part);
        Ok(())
    }
}
