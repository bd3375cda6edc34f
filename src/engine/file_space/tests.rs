//! What is remembered of free space, and what is refused.

use std::sync::Arc;

use super::super::fixture::open;
use super::super::{CreateOptions, CreationProperties, FileSpaceStrategy, create_group};
use super::*;
use crate::base::Sizes;
use crate::format;
use crate::storage::MemoryStorage;

fn file(paged: bool, sizes: Sizes) -> (Arc<MemoryStorage>, Core) {
    let strategy = FileSpaceStrategy::FreeSpaceManager { paged, persist: true, threshold: 1 };
    let properties = CreationProperties { strategy, page_size: 512, sizes, ..CreationProperties::default() };
    let storage = Arc::new(MemoryStorage::default());
    let options = CreateOptions { properties, ..CreateOptions::default() };
    let core = Core::create(storage.clone(), options).unwrap();
    (storage, core)
}

/// A file with 3000 bytes free in it.
fn with_a_gap(paged: bool) -> Vec<u8> {
    let (storage, mut core) = file(paged, Sizes::EIGHT);
    let root = core.superblock.root_header();
    let gap = core.edit(|core| core.allocate_raw(3000)).unwrap();
    core.edit(|core| core.allocate_raw(100)).unwrap();
    core.edit(|core| create_group(core, root, "group", &crate::engine::GroupRules::default()).map(drop))
        .unwrap();
    core.edit(|core| core.release_raw(gap, 3000)).unwrap();
    core.flush().unwrap();
    storage.to_vec()
}

fn opened(bytes: Vec<u8>) -> Core {
    let mut core = open(bytes, true).unwrap();
    core.load_free_space().unwrap();
    core
}

fn free(core: &Core) -> Vec<(usize, u64, u64)> {
    let space = core.txn.as_ref().unwrap().space.first();
    let pools = SLOTS.into_iter();
    pools.flat_map(|(slot, pool)| space.free(pool).iter().map(move |r| (slot, r.start, r.end))).collect()
}

#[test]
fn what_is_free_is_known_in_the_next_session() {
    for paged in [false, true] {
        let mut core = opened(with_a_gap(paged));
        let end = core.txn.as_ref().unwrap().end(0);
        let is_large = |&(_, start, end): &(usize, u64, u64)| end - start >= 2000;
        let (_, start, _) = free(&core).into_iter().find(is_large).unwrap();
        let place = core.edit(|core| core.allocate_raw(1500)).unwrap();
        assert!(place.0 >= start && core.txn.as_ref().unwrap().end(0) == end, "{place} in {start}");
    }
}

/// Whatever is done, the next session finds free what this one has.
#[test]
fn managers_know_all_that_is_free_of_themselves_too() {
    let narrow = Sizes { offset: 4, length: 4 };
    for (paged, sizes) in [(false, Sizes::EIGHT), (true, Sizes::EIGHT), (false, narrow), (true, narrow)] {
        let (storage, mut core) = file(paged, sizes);
        let (mut number, mut held) = (1u64, Vec::new());
        for step in 0..300 {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let size = 1 + (number >> 33) % if step % 7 == 0 { 1500 } else { 90 };
            let is_raw = number >> 62 == 0;
            core.edit(|core| {
                let place = if is_raw {
                    core.allocate_raw(size)
                } else {
                    core.allocate(size, BlockKind::ObjectHeader)
                }?;
                held.push((place, size, is_raw));
                if number >> 61 & 1 == 0 {
                    let (place, size, is_raw) = held.swap_remove(held.len() / 2);
                    return if is_raw { core.release_raw(place, size) } else { core.release(place, size) };
                }
                Ok(())
            })
            .unwrap();
            if step % 3 == 0 {
                if sizes == narrow {
                    core.flush().unwrap()
                } else {
                    core.commit().unwrap()
                }
                let other = opened(storage.to_vec());
                assert_eq!(free(&core), free(&other), "{paged} step {step}");
                assert_eq!(core.txn.as_ref().unwrap().end(0), other.txn.as_ref().unwrap().end(0));
            }
        }
        assert!(free(&core).len() > 5);
    }
}

#[test]
fn small_pieces_are_forgotten_below_the_threshold() {
    let (storage, mut core) = file(false, Sizes::EIGHT);
    core.txn.as_mut().unwrap().file_space.as_mut().unwrap().info.threshold = 100;
    let gaps: Vec<_> =
        (0..6).map(|n| core.edit(|core| core.allocate_raw([60, 90, 1200][n % 3])).unwrap()).collect();
    core.edit(|core| core.release_raw(gaps[0], 60).and_then(|()| core.release_raw(gaps[2], 1200))).unwrap();
    core.flush().unwrap();
    let found = free(&opened(storage.to_vec()));
    assert!(found.iter().any(|(_, start, _)| (gaps[2].0..gaps[2].0 + 1200).contains(start)));
    assert!(found.iter().all(|(_, start, end)| end - start >= 100), "{found:?}");
}

/// Changes the list of the manager in a slot.
fn damaged(slot: usize, change: impl Fn(&mut FreeSpaceHeader, &mut FreeSpaceSections)) -> String {
    let mut bytes = with_a_gap(false);
    let core = open(bytes.clone(), true).unwrap();
    let address = core.txn.as_ref().unwrap().file_space.as_ref().unwrap().info.managers[slot].unwrap();
    let manager = free_space_manager::load(&core, address, Client::File).unwrap();
    let (mut header, mut list) = (manager.header, FreeSpaceSections::clone(&manager.list.unwrap()));
    change(&mut header, &mut list);
    let mut put = |at: Address, block: Vec<u8>| {
        let at = usize::try_from(at.0).unwrap();
        bytes[at..at + block.len()].copy_from_slice(&block);
    };
    put(header.list.unwrap(), format::encode(&list, &header.list_context(core.sizes())).unwrap());
    put(address, format::encode(&header, &core.sizes()).unwrap());
    let mut core = open(bytes, true).unwrap();
    core.edit(|core| core.allocate(1, BlockKind::ObjectHeader)).unwrap_err().to_string()
}

#[test]
fn managers_that_cannot_be_right_are_refused_before_anything_changes() {
    let error = damaged(2, |header, _| header.client = Client::FractalHeap);
    assert!(error.contains("has the free-space manager of a heap") || error.contains("type of a"), "{error}");
    for offset in [0, 47] {
        let error = damaged(2, |_, list| list.sets[0].sections[0].offset = offset);
        assert!(error.contains("something that is no free space"), "{error}");
    }
    let error = damaged(2, |_, list| list.sets[0].sections[0].offset = list.header.0 + 1);
    assert!(error.contains("something that is no free space"), "{error}");
    for (offset, size) in [(Some(1 << 40), 1), (None, 1 << 40), (None, u64::MAX >> 1), (None, 0)] {
        let error = damaged(2, |_, list| {
            let section = &mut list.sets[0].sections[0];
            section.offset = offset.unwrap_or(section.offset);
            list.sets[0].size = size;
        });
        assert!(error.contains("not within the file"), "{error}");
    }
}

/// Who changed the file without knowing the message did not keep the managers.
#[test]
fn managers_that_somebody_passed_over_are_not_trusted() {
    let mut core = open(with_a_gap(false), true).unwrap();
    let extension = core.superblock.extension().unwrap();
    let mut header = Header::clone(&*Header::load(&core, extension).unwrap());
    header.messages.iter_mut().for_each(|message| message.flags |= WAS_UNKNOWN);
    header.store(&mut core).unwrap();
    let (division, managers) = core.file_space().unwrap();
    assert!(division == Division::Undivided && managers.is_none());
}

#[test]
fn pages_have_a_size_that_pages_can_have() {
    let mut core = open(with_a_gap(true), true).unwrap();
    let extension = core.superblock.extension().unwrap();
    let mut header = Header::clone(&*Header::load(&core, extension).unwrap());
    let mut info = header.message::<FileSpaceInfo>(&core).unwrap().unwrap();
    info.paging.as_mut().unwrap().page_size = 511;
    header.set(&core, &info, 0).unwrap();
    header.store(&mut core).unwrap();
    assert!(core.file_space().unwrap_err().to_string().contains("page size is 511"));
}

/// A small section that goes over many pages would be as many sections when it is written again.
#[test]
fn what_is_called_small_is_taken_for_whole_pages_where_it_is_some() {
    let mut space = Space::new(1 << 40, 8, Division::Pages(512));
    space.learn(1000, 1 << 39, Pool::Metadata);
    assert_eq!(sections_of(&space, Pool::Metadata, 1).len(), 1);
    assert_eq!(sections_of(&space, Pool::Large, 1).len(), 1);
}
