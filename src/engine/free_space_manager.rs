//! Free-space managers, those of heaps and those of the file: a header, and a list of sections where something is free.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Core;
use crate::base::{Address, Error, Result};
use crate::format::Wire;
use crate::format::free_space::{Client, FreeSpaceHeader, FreeSpaceSections, Section, SectionSet};

/// A manager as it is in the file.
#[derive(Debug)]
pub(super) struct Manager {
    pub(super) header: FreeSpaceHeader,
    /// None where nothing is free.
    pub(super) list: Option<Arc<FreeSpaceSections>>,
}

/// Finds a manager and its list.
pub(super) fn load(core: &Core, address: Address, client: Client) -> Result<Manager> {
    let offset = core.offset(address)?;
    let wrong = |what: &str| Err(Error::malformed(what).at(FreeSpaceHeader::STRUCTURE, offset));
    let header = FreeSpaceHeader::clone(&*core.fetch::<FreeSpaceHeader>(address, &core.sizes())?);
    if header.client != client {
        return wrong(match client {
            Client::FractalHeap => "a heap has the free-space manager of the file",
            Client::File => "the file has the free-space manager of a heap",
        });
    }
    if header.serialized_sections == 0 {
        return Ok(Manager { header, list: None });
    }
    let Some(place) = header.list else { return wrong("a free-space manager has no list of its sections") };
    let cx = header.list_context(core.sizes());
    let list = core.fetch_sized::<FreeSpaceSections>(place, header.list_used, &cx)?;
    if header.list_allocated < header.list_used {
        return wrong("the list of sections is longer than its place");
    }
    // All of its place is given back with it one day, so all of it has to be there.
    core.block(place, header.list_allocated, FreeSpaceSections::STRUCTURE)?;
    if list.header != address {
        return wrong("the list of sections is another manager's");
    }
    Ok(Manager { header, list: Some(list) })
}

/// Sections by their size, and those of one size by their offset, as libhdf5 stores them.
pub(super) fn sets(sections: impl IntoIterator<Item = (u64, Section)>) -> Vec<SectionSet> {
    let mut by_size: BTreeMap<u64, Vec<Section>> = BTreeMap::new();
    for (size, section) in sections {
        by_size.entry(size).or_default().push(section);
    }
    let set = |(size, mut sections): (u64, Vec<Section>)| {
        sections.sort_unstable_by_key(|section| section.offset);
        SectionSet { size, sections }
    };
    by_size.into_iter().map(set).collect()
}
