//! The free space that a file remembers: read from its free-space managers before the first change, and written to new
//! ones with every state that is published.
//!
//! Nothing of the old managers is overwritten. The object header of the superblock extension, which has their addresses,
//! moves as well: only the superblock has its address, and that is what is written last.

#[cfg(test)]
mod tests;

use super::creation::PAGE_SIZES;
use super::pools::{Division, Pool};
use super::ranges::Ranges;
use super::space::Space;
use super::{BlockKind, Core, Header, free_space_manager};
use crate::base::{Address, Error, Result, Structure};
use crate::format::Wire;
use crate::format::free_space::{Client, FreeSpaceHeader, FreeSpaceSections, Section, SectionKind};
use crate::format::message::Message as _;
use crate::format::message::file_space_info::{FileSpaceInfo, Strategy};
use crate::format::object_header::WAS_UNKNOWN;
use crate::format::superblock::Root;

/// What a writer knows of the managers.
#[derive(Debug)]
pub(super) struct FileSpace {
    info: FileSpaceInfo,
    /// Their blocks; none before they are read.
    blocks: Option<Vec<(Address, u64)>>,
}

/// What libhdf5 gives the managers of a file.
const CLASSES: u16 = 3;
const SHRINK_PERCENT: u16 = 80;
const EXPAND_PERCENT: u16 = 120;

/// Which of the message's addresses is that of a pool's manager. libhdf5 has more of them where a driver spreads a file.
const SLOTS: [(usize, Pool); 3] = [(0, Pool::Metadata), (2, Pool::Raw), (6, Pool::Large)];
/// Addresses from this one on are those of managers of whole pages.
const FIRST_LARGE: usize = 6;

/// Where the managers go depends on what is free, which depends on where they go: so often another place is tried.
const ATTEMPTS: usize = 16;
/// From here on the lists go to the end of the file, in pages of their own: how long they are changes nothing there.
const FIRST_AT_END: usize = 8;
/// A little more room for the extension moves what is behind it, where a place just does not work out.
const STEP: usize = 8;

/// The sections of a manager that is going to be written.
struct Plan {
    slot: usize,
    sections: Vec<(u64, Section)>,
}

/// Where they go.
struct Place {
    header: Address,
    list: Address,
    /// Bytes that the list has for itself.
    list_room: u64,
}

impl FileSpace {
    /// Of a file that has no managers yet.
    pub(super) fn new(info: FileSpaceInfo) -> Self {
        FileSpace { info, blocks: Some(Vec::new()) }
    }
}

impl Core {
    /// How the file divides its space, and its managers if it has free space remembered.
    pub(super) fn file_space(&self) -> Result<(Division, Option<FileSpace>)> {
        let Some(extension) = self.superblock.extension() else { return Ok((Division::Undivided, None)) };
        let header = Header::load(self, extension)?;
        // What a library has changed the file that did not know the message, the managers know nothing of it.
        let message = header.find(FileSpaceInfo::TYPE).filter(|message| message.flags & WAS_UNKNOWN == 0);
        let Some(message) = message else { return Ok((Division::Undivided, None)) };
        let info: FileSpaceInfo = header.decode(self, message)?;
        let is_remembered = !info.managers.is_empty();
        let division = match (info.strategy(), info.paging.as_ref()) {
            (Strategy::Pages, Some(paging)) if PAGE_SIZES.contains(&paging.page_size) => {
                Division::Pages(paging.page_size)
            }
            (Strategy::Pages, paging) => {
                let size = paging.map_or(0, |paging| paging.page_size);
                let error = Error::field("file space page size", size, "not from 512 bytes to 1 GiB");
                return Err(error.at(Structure::FileSpaceInfo, message.offset));
            }
            (Strategy::ManagersAndAggregators, _) if is_remembered => Division::ByUse,
            _ => Division::Undivided,
        };
        let is_managed = division != Division::Undivided && is_remembered;
        Ok((division, is_managed.then_some(FileSpace { info, blocks: None })))
    }

    /// Learns what the managers know, before anything changes.
    pub(super) fn load_free_space(&mut self) -> Result<()> {
        let Some(FileSpace { info, blocks: None }) = &self.txn_mut()?.file_space else { return Ok(()) };
        let managers = info.managers.clone();
        let (mut blocks, mut free) = (Vec::new(), Vec::new());
        for (slot, address) in managers.into_iter().enumerate() {
            let Some(address) = address else { continue };
            let manager = free_space_manager::load(self, address, Client::File)?;
            blocks.push((address, manager.header.encoded_len(&self.sizes())? as u64));
            if let Some(list) = manager.header.list {
                blocks.push((list, manager.header.list_allocated));
            }
            let sets = manager.list.iter().flat_map(|list| &list.sets);
            free.extend(
                sets.flat_map(|set| set.sections.iter().map(|section| (section.offset, set.size, slot))),
            );
        }
        self.check_disjoint(&blocks, &free)?;
        let txn = self.txn_mut()?;
        let is_paged = txn.space.first().page().is_some();
        for (start, size, slot) in free {
            txn.space.first_mut().learn(start, start + size, pool_of(slot, is_paged));
        }
        if let Some(file_space) = &mut txn.file_space {
            file_space.blocks = Some(blocks);
        }
        Ok(())
    }

    /// What is free twice, or free and in use by the managers, would be handed out twice.
    fn check_disjoint(&self, blocks: &[(Address, u64)], free: &[(u64, u64, usize)]) -> Result<()> {
        let bad = |offset, rule| {
            let error = Error::field("offset of a free-space section", offset, rule);
            Err(error.within(Structure::FreeSpaceSections))
        };
        let first = self.superblock.encoded_len(&())? as u64;
        let last = self.superblock.end_of_file.saturating_sub(self.superblock.base);
        let used = blocks.iter().map(|&(address, len)| (address.0, len));
        let mut all: Vec<(u64, u64)> = used.chain(free.iter().map(|&(start, len, _)| (start, len))).collect();
        all.sort_unstable();
        let mut end = first;
        for (start, len) in all {
            if start < end {
                return bad(start, "within another section, or something that is no free space");
            }
            end = match start.checked_add(len) {
                Some(end) if len > 0 && end <= last => end,
                _ => return bad(start, "not within the file, or empty"),
            };
        }
        Ok(())
    }

    /// Writes managers of what will be free once the state that is about to be published counts, `unneeded` included.
    ///
    /// All of it is in new space, so that the published state does not know of it.
    pub(super) fn store_free_space(&mut self, unneeded: &Ranges) -> Result<()> {
        let Some(extension) = self.superblock.extension() else { return Ok(()) };
        let Some(FileSpace { blocks: Some(blocks), .. }) = &self.txn_mut()?.file_space else { return Ok(()) };
        let (blocks, old) = (blocks.clone(), Header::load(self, extension)?);
        let mut unneeded = unneeded.clone();
        for (address, len) in blocks.iter().copied().chain(old.blocks()) {
            unneeded.insert(address.0..address.0.saturating_add(len));
        }
        let (header, plans, places) = self.place_managers(&old, &unneeded)?;
        self.write_managers(header, plans, &places, &unneeded)?;
        // Where the publication fails, the next one begins here.
        blocks.into_iter().try_for_each(|(address, len)| self.release(address, len))?;
        old.release(self)
    }

    /// Finds room for the extension and for managers of what is free once they have it.
    fn place_managers(&mut self, old: &Header, unneeded: &Ranges) -> Result<(Header, Vec<Plan>, Vec<Place>)> {
        let mut plans = self.plan(unneeded)?;
        for attempt in 0..ATTEMPTS {
            let at_end = attempt >= FIRST_AT_END;
            let header = self.place_extension(old, if at_end { 0 } else { attempt * STEP })?;
            let places = self.place_all(&plans, at_end)?;
            let found = self.plan(unneeded)?;
            if found.len() == plans.len() && self.list_lens(&found)? == self.list_lens(&plans)? {
                return Ok((header, found, places));
            }
            plans = found;
            header.release(self)?;
            for place in places {
                self.release(place.list, place.list_room)?;
                self.release(place.header, self.manager_len()?)?;
            }
        }
        // Space that no manager knows of is lost to the file, and no more than that.
        Ok((self.place_extension(old, 0)?, Vec::new(), Vec::new()))
    }

    fn place_extension(&mut self, old: &Header, slack: usize) -> Result<Header> {
        let mut header = Header::unplaced(self, old.prefix.clone(), old.messages.clone(), slack);
        let address = self.allocate(header.len(), BlockKind::ObjectHeader)?;
        header.move_to(address);
        Ok(header)
    }

    fn place_all(&mut self, plans: &[Plan], at_end: bool) -> Result<Vec<Place>> {
        let lens = self.list_lens(plans)?;
        let place = |list_len| {
            let header = self.allocate(self.manager_len()?, BlockKind::ObjectHeader)?;
            let (list, list_room) = if at_end {
                self.place_at_end(list_len)?
            } else {
                (self.allocate(list_len, BlockKind::LocalHeap)?, list_len)
            };
            Ok(Place { header, list, list_room })
        };
        lens.into_iter().map(place).collect()
    }

    /// Finds whole pages, if there are any in this file.
    fn place_at_end(&mut self, len: u64) -> Result<(Address, u64)> {
        let space = self.txn_mut()?.space.first_mut();
        let room = space.page().and_then(|page| len.checked_next_multiple_of(page)).unwrap_or(len);
        Ok((space.allocate_at_end(room)?, room))
    }

    /// What the managers will have to know if nothing more is taken or given back.
    fn plan(&mut self, unneeded: &Ranges) -> Result<Vec<Plan>> {
        let txn = self.txn_mut()?;
        let settled = txn.space.first().settled(unneeded);
        let threshold = txn.file_space.as_ref().map_or(0, |space| space.info.threshold);
        let plan = |(slot, pool)| Plan { slot, sections: sections_of(&settled, pool, threshold) };
        Ok(SLOTS.into_iter().map(plan).filter(|plan| !plan.sections.is_empty()).collect())
    }

    fn list_lens(&self, plans: &[Plan]) -> Result<Vec<u64>> {
        plans.iter().map(|plan| Ok(self.list_of(plan, Address(0))?.1.list_used)).collect()
    }

    fn manager_len(&self) -> Result<u64> {
        Ok(self.empty_manager().encoded_len(&self.sizes())? as u64)
    }

    fn write_managers(
        &mut self,
        mut header: Header,
        plans: Vec<Plan>,
        places: &[Place],
        unneeded: &Ranges,
    ) -> Result<()> {
        let mut blocks = Vec::new();
        let Some(mut info) = self.txn_mut()?.file_space.as_ref().map(|space| space.info.clone()) else {
            return Ok(());
        };
        info.managers.fill(None);
        for (plan, place) in plans.iter().zip(places) {
            let (list, mut manager) = self.list_of(plan, place.header)?;
            manager.list = Some(place.list);
            self.put(place.list, &list, &manager.list_context(self.sizes()))?;
            self.put(place.header, &manager, &self.sizes())?;
            blocks.extend([(place.header, self.manager_len()?), (place.list, place.list_room)]);
            if let Some(slot) = info.managers.get_mut(plan.slot) {
                *slot = Some(place.header);
            }
        }
        let end = self.txn_mut()?.space.first().settled_end(unneeded);
        if let Some(paging) = &mut info.paging {
            paging.end_of_allocation = Some(Address(end));
        }
        let flags = header.find(FileSpaceInfo::TYPE).map_or(0, |message| message.flags);
        header.set(self, &info, flags)?;
        header.store(self)?;
        let root = self.superblock.root_header();
        self.superblock.root = Root::New { header: root, extension: Some(header.address) };
        self.txn_mut()?.file_space = Some(FileSpace { info, blocks: Some(blocks) });
        Ok(())
    }

    /// The list of a manager and its header, which does not know yet where the list is.
    fn list_of(&self, plan: &Plan, manager: Address) -> Result<(FreeSpaceSections, FreeSpaceHeader)> {
        let count = plan.sections.len() as u64;
        let mut header = FreeSpaceHeader {
            space: plan.sections.iter().map(|(size, _)| size).sum(),
            sections: count,
            serialized_sections: count,
            ..self.empty_manager()
        };
        let sets = free_space_manager::sets(plan.sections.iter().copied());
        let list = FreeSpaceSections { header: manager, sets, slack: Vec::new() };
        header.list_used = list.needed(&header.list_context(self.sizes())) as u64;
        header.list_allocated = header.list_used;
        Ok((list, header))
    }

    fn empty_manager(&self) -> FreeSpaceHeader {
        let sizes = self.sizes();
        let narrowest = sizes.offset.min(sizes.length).clamp(1, 8);
        let all = u64::MAX >> (64 - 8 * u32::from(narrowest));
        // The largest address of libhdf5, or else all that the file has but the undefined one.
        let largest = (all - 1).min(i64::MAX.unsigned_abs());
        FreeSpaceHeader {
            client: Client::File,
            space: 0,
            sections: 0,
            serialized_sections: 0,
            ghost_sections: 0,
            classes: CLASSES,
            shrink_percent: SHRINK_PERCENT,
            expand_percent: EXPAND_PERCENT,
            address_bits: if largest == i64::MAX.unsigned_abs() { 63 } else { u16::from(narrowest) * 8 },
            max_section_size: largest,
            list: None,
            list_used: 0,
            list_allocated: 0,
        }
    }
}

/// Which pool the manager with this number among the addresses is about.
fn pool_of(slot: usize, is_paged: bool) -> Pool {
    match slot % FIRST_LARGE {
        _ if is_paged && slot >= FIRST_LARGE => Pool::Large,
        // Raw data and global heaps.
        2 | 3 => Pool::Raw,
        _ => Pool::Metadata,
    }
}

/// What is free of a pool, in pieces with their sizes.
fn sections_of(space: &Space, pool: Pool, threshold: u64) -> Vec<(u64, Section)> {
    let (kind, page) = match (space.page(), pool) {
        (None, _) => (SectionKind::Bytes, None),
        (Some(_), Pool::Large) => (SectionKind::LargePage, None),
        (Some(page), _) => (SectionKind::SmallPage, Some(page)),
    };
    let mut sections = Vec::new();
    for range in space.free(pool).iter() {
        let mut offset = range.start;
        while offset < range.end {
            // No section of a page goes on in the next one.
            let next = page.and_then(|page| offset.checked_add(1)?.checked_next_multiple_of(page));
            let end = next.unwrap_or(range.end).min(range.end);
            if end - offset >= threshold {
                sections.push((end - offset, Section { offset, kind }));
            }
            offset = end;
        }
    }
    sections
}
