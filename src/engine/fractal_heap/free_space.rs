//! What is free in a heap: bytes in its direct blocks and blocks that are not there; read from the heap's free-space
//! manager and written back to it.
//!
//! The manager is a header and a list of sections. It goes away with the last section, as in libhdf5. It is read at the
//! first change of a heap and written when a state is published: the list can be long, and a change is small.

use std::ops::Range;

use super::changes::Changes;
use super::gaps::{Gap, Gaps, Slot};
use super::geometry::Geometry;
use crate::base::{Address, Error, Result, Structure};
use crate::engine::free_space_manager::{self, Manager};
use crate::engine::kept_open::Reversible;
use crate::engine::ranges::Ranges;
use crate::engine::{BlockKind, Core};
use crate::format::Wire;
use crate::format::fractal_heap::header::FractalHeapHeader;
use crate::format::free_space::{
    Client, FreeSpaceHeader, FreeSpaceSections, MissingBlocks, Section, SectionContext, SectionKind,
    SectionSet,
};

/// What libhdf5 gives the manager of a heap.
const CLASSES: u16 = 4;
const SHRINK_PERCENT: u16 = 80;
const EXPAND_PERCENT: u16 = 120;

#[derive(Clone, Debug)]
pub(in crate::engine) struct FreeSpace {
    manager: Option<(Address, FreeSpaceHeader)>,
    /// Free bytes of direct blocks, by their offset in the heap.
    pub(super) bytes: Ranges,
    pub(super) gaps: Gaps,
    /// The manager in the file says something else.
    is_changed: bool,
}

impl Default for FreeSpace {
    fn default() -> Self {
        let (manager, gaps, bytes) = (None, Gaps::default(), Ranges::with_history());
        FreeSpace { manager, bytes, gaps, is_changed: false }
    }
}

/// What was free at some time.
#[derive(Debug)]
pub(in crate::engine) struct Moment {
    manager: Option<(Address, FreeSpaceHeader)>,
    bytes: usize,
    gaps: Gaps,
    is_changed: bool,
}

impl Reversible for FreeSpace {
    type Moment = Moment;

    fn moment(&self) -> Moment {
        let FreeSpace { manager, bytes, gaps, is_changed } = self;
        let (manager, gaps) = (manager.clone(), gaps.clone());
        Moment { manager, bytes: bytes.moment(), gaps, is_changed: *is_changed }
    }

    fn go_back(&mut self, Moment { manager, bytes, gaps, is_changed }: Moment) {
        self.bytes.go_back(bytes);
        (self.manager, self.gaps, self.is_changed) = (manager, gaps, is_changed);
    }

    fn settle(&mut self) {
        self.bytes.forget_history();
    }
}

/// Where an object can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// The offset of free bytes in a direct block.
    Bytes(u64),
    /// A direct block that is to be made.
    Slot(Slot),
}

impl FreeSpace {
    /// Reads what the heap's manager knows. A heap without one has nothing free in its blocks.
    pub(super) fn load(core: &Core, heap: &FractalHeapHeader, geometry: &Geometry) -> Result<Self> {
        let Some(address) = heap.free_space_manager else { return Ok(FreeSpace::default()) };
        let Manager { header, list } = free_space_manager::load(core, address, Client::FractalHeap)?;
        let mut space = FreeSpace { manager: Some((address, header)), ..FreeSpace::default() };
        if let Some(list) = list {
            let offset = core.offset(address)?;
            let taken = space.take_over(&list, heap, geometry);
            taken.map_err(|e| e.at(FreeSpaceHeader::STRUCTURE, offset))?;
            space.is_changed = false;
        }
        Ok(space)
    }

    fn take_over(
        &mut self,
        sections: &FreeSpaceSections,
        heap: &FractalHeapHeader,
        geometry: &Geometry,
    ) -> Result<()> {
        // Everything by its offset, with its end: what overlaps would be handed out twice.
        let mut found: Vec<(u64, u64, Option<Gap>)> = Vec::new();
        for set in &sections.sets {
            for section in &set.sections {
                let (end, gap) = match section.kind {
                    SectionKind::Bytes => (section.offset.checked_add(set.size), None),
                    SectionKind::FirstRow(blocks) => {
                        let gap = check_gap(blocks, section.offset, heap, geometry)?;
                        (Some(gap.end_offset(geometry)?), Some(gap))
                    }
                    // These are made of the first rows when the list is read.
                    _ => {
                        return Err(Error::malformed(
                            "a section is stored that only its first row stands for",
                        ));
                    }
                };
                let Some(end) = end.filter(|&end| section.offset < end && end <= heap.managed_space) else {
                    return Err(bad("offset of a free-space section", section.offset, "outside the heap"));
                };
                found.push((section.offset, end, gap));
            }
        }
        found.sort_unstable_by_key(|&(offset, ..)| offset);
        if let Some(pair) = found.windows(2).find(|pair| pair[0].1 > pair[1].0) {
            return Err(bad("offset of a free-space section", pair[1].0, "within another section"));
        }
        for (offset, end, gap) in found {
            match gap {
                // What is behind the last block is not yet part of the heap, free or not.
                Some(_) if offset >= heap.iterator_offset => {}
                Some(gap) => self.gaps.add(gap, geometry)?,
                None => {
                    self.give(offset, end - offset)?;
                }
            }
        }
        Ok(())
    }

    /// Where the manager is, if there is one.
    pub(super) fn manager(&self) -> Option<Address> {
        self.manager.as_ref().map(|(address, _)| *address)
    }

    /// Finds the smallest room for an object, and takes it.
    pub(super) fn take(&mut self, len: u64, geometry: &Geometry) -> Result<Option<Room>> {
        let bytes = self.bytes.smallest(len);
        let slot = self.gaps.best(len, geometry)?;
        if let Some(slot) = slot {
            let room = (geometry.block_room(slot.row)?, slot.offset);
            if bytes.as_ref().is_none_or(|bytes| room < (bytes.end - bytes.start, bytes.start)) {
                self.gaps.carve(slot, geometry)?;
                self.is_changed = true;
                return Ok(Some(Room::Slot(slot)));
            }
        }
        let Some(bytes) = bytes else { return Ok(None) };
        self.bytes.remove(bytes.start..bytes.start + len);
        self.is_changed = true;
        Ok(Some(Room::Bytes(bytes.start)))
    }

    /// Adds free bytes of a direct block, joined with those that they touch; returns the offset and the length of all
    /// of them. Bytes of two blocks never touch: each block begins with fields of its own.
    pub(super) fn give(&mut self, offset: u64, len: u64) -> Result<(u64, u64)> {
        let taken = || bad("offset in the heap", offset, "the bytes there are free already");
        let end = offset.checked_add(len).ok_or_else(taken)?;
        if self.bytes.overlap(&(offset..end)) > 0 {
            return Err(taken());
        }
        self.bytes.insert(offset..end);
        self.is_changed = true;
        let joined = self.bytes.around(offset).unwrap_or(offset..end);
        Ok((joined.start, joined.end - joined.start))
    }

    /// Adds blocks that are missing from now on.
    pub(super) fn give_blocks(&mut self, gap: Gap, geometry: &Geometry) -> Result<()> {
        self.is_changed = true;
        self.gaps.add(gap, geometry)
    }

    /// Forgets all that is free in a part of the heap.
    pub(super) fn forget(&mut self, part: Range<u64>) {
        self.bytes.remove(part.clone());
        self.gaps.forget(part);
        self.is_changed = true;
    }

    /// Plans to write everything to the manager, unless that has it already; one is made if there is none, and it is
    /// deleted if nothing is free.
    pub(super) fn store(
        &mut self,
        core: &mut Core,
        changes: &mut Changes,
        heap: &mut FractalHeapHeader,
        geometry: &Geometry,
    ) -> Result<()> {
        if self.bytes.is_empty() && self.gaps.is_empty() {
            self.delete(core, changes)?;
            self.manager = None;
        } else {
            self.manager = Some(self.write(core, changes, heap, geometry)?);
        }
        heap.free_space_manager = self.manager();
        self.is_changed = false;
        Ok(())
    }

    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }

    fn write(
        &self,
        core: &mut Core,
        changes: &mut Changes,
        heap: &FractalHeapHeader,
        geometry: &Geometry,
    ) -> Result<(Address, FreeSpaceHeader)> {
        let (address, old) = match self.manager.clone() {
            Some(manager) => manager,
            None => new_manager(core, changes, heap)?,
        };
        let sets = self.sets(geometry)?;
        let mut header = FreeSpaceHeader { list: None, list_used: 0, list_allocated: 0, ..old.clone() };
        self.count(&mut header, geometry)?;
        let list = FreeSpaceSections { header: address, sets, slack: Vec::new() };
        let len = list.needed(&header.list_context(core.sizes())) as u64;
        // Reader and writer of the list have to agree on its length to the byte.
        let place = match old.list {
            Some(place) if old.list_allocated == len => place,
            old_place => {
                if let Some(place) = old_place {
                    changes.release(place, old.list_allocated);
                }
                changes.allocate(core, len, BlockKind::LocalHeap)?
            }
        };
        header = FreeSpaceHeader { list: Some(place), list_used: len, list_allocated: len, ..header };
        let cx: SectionContext = header.list_context(core.sizes());
        changes.put(place, &list, &cx)?;
        changes.put(address, &header, &core.sizes())?;
        Ok((address, header))
    }

    /// Plans to give the manager's own space back.
    pub(super) fn delete(&self, core: &Core, changes: &mut Changes) -> Result<()> {
        if let Some((address, header)) = &self.manager {
            if let Some(list) = header.list {
                changes.release(list, header.list_allocated);
            }
            changes.release(*address, header.encoded_len(&core.sizes())? as u64);
        }
        Ok(())
    }

    /// The sections as they are stored.
    fn sets(&self, geometry: &Geometry) -> Result<Vec<SectionSet>> {
        let bytes = self.bytes.iter();
        let mut sections: Vec<_> = bytes
            .map(|Range { start: offset, end }| (end - offset, Section { offset, kind: SectionKind::Bytes }))
            .collect();
        for (&offset, gap) in self.gaps.iter() {
            let size = geometry.block_room(gap.first_row(geometry)?)?;
            let kind = SectionKind::FirstRow(stored_gap(gap, geometry)?);
            sections.push((size, Section { offset, kind }));
        }
        Ok(free_space_manager::sets(sections))
    }

    /// Counts the sections, those among them that are not stored as well.
    pub(super) fn count(&self, header: &mut FreeSpaceHeader, geometry: &Geometry) -> Result<()> {
        let overflow = || Error::malformed("a heap with over 2^64 bytes of free space");
        let mut sections = self.bytes.len() as u64;
        let mut space = self.bytes.iter().map(|range| range.end - range.start).sum::<u64>();
        for (_, gap) in self.gaps.iter() {
            let (rows, sizes) = geometry.sections_of(gap.first, gap.count)?;
            sections = sections.checked_add(rows).ok_or_else(overflow)?;
            space = space.checked_add(sizes).ok_or_else(overflow)?;
        }
        header.space = space;
        header.sections = sections;
        header.serialized_sections = (self.bytes.len() + self.gaps.len()) as u64;
        header.ghost_sections = sections - header.serialized_sections;
        Ok(())
    }
}

fn new_manager(
    core: &mut Core,
    changes: &mut Changes,
    heap: &FractalHeapHeader,
) -> Result<(Address, FreeSpaceHeader)> {
    let header = FreeSpaceHeader {
        client: Client::FractalHeap,
        space: 0,
        sections: 0,
        serialized_sections: 0,
        ghost_sections: 0,
        classes: CLASSES,
        shrink_percent: SHRINK_PERCENT,
        expand_percent: EXPAND_PERCENT,
        address_bits: heap.table.max_bits,
        max_section_size: heap.table.max_direct,
        list: None,
        list_used: 0,
        list_allocated: 0,
    };
    let len = header.encoded_len(&core.sizes())? as u64;
    Ok((changes.allocate(core, len, BlockKind::ObjectHeader)?, header))
}

/// Checks that a section lies where its row and column say, in an indirect block that the heap has room for.
fn check_gap(
    blocks: MissingBlocks,
    offset: u64,
    heap: &FractalHeapHeader,
    geometry: &Geometry,
) -> Result<Gap> {
    let wrong = || bad("offset of a free-space section", offset, "not where its row and column are");
    let rows = rows_at(blocks.block, u32::from(heap.root_rows), geometry)?.ok_or_else(wrong)?;
    let (row, column) = (u64::from(blocks.row), u64::from(blocks.column));
    let gap = Gap { block: blocks.block, first: row * geometry.width() + column, count: blocks.count.into() };
    let fits = gap.first + gap.count <= u64::from(rows) * geometry.width();
    if column < geometry.width() && fits && gap.count > 0 && gap.offset(geometry)? == offset {
        return Ok(gap);
    }
    Err(wrong())
}

/// The rows of the indirect block that begins at an offset in the heap, if there is a place for one.
fn rows_at(block: u64, root_rows: u32, geometry: &Geometry) -> Result<Option<u32>> {
    let (mut begin, mut rows) = (0, root_rows);
    // An indirect block has fewer rows than the one that holds it: this ends.
    while begin != block {
        let (row, column) = geometry.table.locate(block - begin)?;
        if row >= rows || geometry.is_direct(row) {
            return Ok(None);
        }
        begin += geometry.table.block_offset(row, column)?;
        rows = geometry.table.child_rows(row)?;
    }
    Ok(Some(rows))
}

fn stored_gap(gap: &Gap, geometry: &Geometry) -> Result<MissingBlocks> {
    let narrow = |value: u64| {
        u16::try_from(value).map_err(|_| Error::limit("entries of an indirect block", value, u16::MAX.into()))
    };
    Ok(MissingBlocks {
        block: gap.block,
        row: narrow(u64::from(geometry.row(gap.first)?))?,
        column: narrow(gap.first % geometry.width())?,
        count: narrow(gap.count)?,
    })
}

fn bad(name: &'static str, value: u64, rule: &'static str) -> Error {
    Error::field(name, value, rule).within(Structure::FreeSpaceSections)
}
