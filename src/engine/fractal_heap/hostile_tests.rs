//! Heaps whose numbers lie: a change of them is an error, or does what a heap with such numbers would ask for, and
//! comes back in either case.

use super::audit::{Model, with_space};
use super::edit::{FractalHeapEdit, HeapCreation};
use super::edit_tests::small;
use crate::base::{Address, Result};
use crate::engine::fixture::empty;
use crate::engine::{BlockKind, Core, OpenOptions};
use crate::format::fractal_heap::header::FractalHeapHeader;
use crate::format::fractal_heap::indirect::{IndirectBlock, IndirectContext};
use crate::format::free_space::{
    Client, FreeSpaceHeader, FreeSpaceSections, MissingBlocks, Section, SectionKind, SectionSet,
};

const EXTREMES: [u64; 9] = [0, 1, 63, 64, 100, 512, 1 << 20, u64::MAX / 2, u64::MAX];

/// A heap with objects, free bytes, missing blocks and huge objects, at several depths.
fn heap() -> (Core, Address, Model) {
    let mut core = empty();
    let address = small(&mut core, 7, None);
    let mut heap = FractalHeapEdit::open(&core, address).unwrap();
    let mut model = Model::new();
    for index in 0..90u8 {
        let data = vec![index; 8 + usize::from(index) * 7 % 120];
        model.insert(heap.insert(&mut core, &data).unwrap(), data);
    }
    for id in model.keys().step_by(3).cloned().collect::<Vec<_>>() {
        heap.remove(&mut core, &id).unwrap();
        model.remove(&id);
    }
    core.seal().unwrap();
    let heap = with_space(&core, address);
    assert!(heap.header.root_rows > 3 && heap.space.gaps.len() > 1 && heap.header.huge_objects > 0);
    (core, address, model)
}

/// Tries everything on a heap, stopping at the first error.
fn try_all(mut core: Core, address: Address, model: &Model) -> Result<()> {
    core.flush()?;
    // What was decoded before the change is not to be met again.
    let mut core = Core::open(core.storage.clone(), OpenOptions { write: true, ..OpenOptions::default() })?;
    let mut heap = FractalHeapEdit::open(&core, address)?;
    for len in [5, 20, 45, 60, 100, 300] {
        heap.insert(&mut core, &vec![1; len])?;
    }
    for (id, data) in model {
        heap.overwrite(&mut core, id, data)?;
        heap.remove(&mut core, id)?;
    }
    FractalHeapEdit::delete(&mut core, address)
}

fn change_header(core: &mut Core, address: Address, change: impl FnOnce(&mut FractalHeapHeader)) {
    let sizes = core.sizes();
    let mut header = FractalHeapHeader::clone(&*core.fetch(address, &sizes).unwrap());
    change(&mut header);
    core.put(address, &header, &sizes).unwrap();
}

#[test]
fn a_sound_heap_is_refused_nothing() {
    let (core, address, model) = heap();
    try_all(core, address, &model).unwrap();
}

#[test]
fn numbers_of_a_header_may_lie() {
    let fields: [fn(&mut FractalHeapHeader) -> &mut u64; 11] = [
        |h| &mut h.next_huge_id,
        |h| &mut h.free_space,
        |h| &mut h.managed_space,
        |h| &mut h.allocated_space,
        |h| &mut h.iterator_offset,
        |h| &mut h.managed_objects,
        |h| &mut h.huge_size,
        |h| &mut h.huge_objects,
        |h| &mut h.tiny_size,
        |h| &mut h.tiny_objects,
        |h| &mut h.table.start,
    ];
    let mut all = 0;
    for field in fields {
        for value in EXTREMES {
            let (mut core, address, model) = heap();
            change_header(&mut core, address, |header| *field(header) = value);
            all += usize::from(try_all(core, address, &model).is_err());
        }
    }
    assert!(all > 30, "{all} were refused");
}

#[test]
fn shapes_of_a_header_may_lie() {
    let mut all = 0;
    for rows in [0, 1, 2, 3, 9, 10] {
        for bits in [9, 16, 17, 40, 64] {
            for (width, max_direct) in [(2, 64), (2, 128), (1, 1 << 20), (1 << 15, 1 << 62)] {
                let (mut core, address, model) = heap();
                change_header(&mut core, address, |header| {
                    header.root_rows = rows;
                    let table = &mut header.table;
                    (table.width, table.max_direct, table.max_bits) = (width, max_direct, bits);
                });
                all += usize::from(try_all(core, address, &model).is_err());
            }
        }
    }
    assert!(all >= 119, "{all} were refused");
}

#[test]
fn sections_of_free_space_may_lie() {
    let blocks =
        |block, row, column, count| SectionKind::FirstRow(MissingBlocks { block, row, column, count });
    let kinds = [
        SectionKind::Bytes,
        SectionKind::NormalRow,
        blocks(0, 0, 0, 1),
        blocks(0, 0, 0, u16::MAX),
        blocks(0, 2, 0, 2),
        blocks(0, 3, 1, 1),
        blocks(512, 0, 0, 4),
        blocks(700, 0, 0, 4),
        blocks(0, u16::MAX, 1, 1),
        blocks(u64::from(u16::MAX), 0, 0, 0),
    ];
    let mut all = 0;
    for kind in kinds {
        for offset in [0, 19, 64, 70, 256, 512, 800, 1000, 65535] {
            let (mut core, address, model) = heap();
            let heap = FractalHeapEdit::open(&core, address).unwrap();
            let manager = heap.header.free_space_manager.unwrap();
            let sizes = core.sizes();
            let mut header = FreeSpaceHeader::clone(&*core.fetch(manager, &sizes).unwrap());
            header.serialized_sections = 2;
            let section = Section { offset, kind };
            let sections = vec![section, Section { offset: 90, kind: SectionKind::Bytes }];
            let list = FreeSpaceSections {
                header: manager,
                sets: vec![SectionSet { size: 45, sections }],
                slack: vec![],
            };
            header.list_used = list.needed(&header.list_context(sizes)) as u64;
            header.list_allocated = header.list_used;
            let place = core.allocate(header.list_used, BlockKind::ObjectHeader).unwrap();
            header.list = Some(place);
            core.put(place, &list, &header.list_context(sizes)).unwrap();
            core.put(manager, &header, &sizes).unwrap();
            all += usize::from(try_all(core, address, &model).is_err());
        }
    }
    assert!(all >= 80, "{all} were refused");
}

#[test]
fn managers_that_are_not_the_heaps_are_refused() {
    type Change = (&'static str, fn(&mut FreeSpaceHeader));
    let changes: [Change; 4] = [
        ("the free-space manager of the file", |h| h.client = Client::File),
        ("has no list of its sections", |h| h.list = None),
        ("longer than its place", |h| h.list_allocated -= 1),
        ("truncated", |h| h.list_allocated = 1 << 40),
    ];
    for (expected, change) in changes {
        let (mut core, address, model) = heap();
        let manager = FractalHeapEdit::open(&core, address).unwrap().header.free_space_manager.unwrap();
        let sizes = core.sizes();
        let mut header = FreeSpaceHeader::clone(&*core.fetch(manager, &sizes).unwrap());
        change(&mut header);
        core.put(manager, &header, &sizes).unwrap();
        let text = try_all(core, address, &model).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn blocks_may_lead_anywhere() {
    let (core, address, _) = heap();
    let entries = FractalHeapEdit::open(&core, address).unwrap().header.root_rows * 2;
    let mut all = 0;
    for entry in 0..usize::from(entries) {
        for child in [None, Some(Address(0)), Some(address), Some(Address(u64::MAX - 1))] {
            let (mut core, address, model) = heap();
            let heap = FractalHeapEdit::open(&core, address).unwrap();
            let cx = IndirectContext { heap: heap.cx, rows: heap.header.root_rows.into() };
            let root = heap.header.root.unwrap();
            let mut block = IndirectBlock::clone(&*core.fetch(root, &cx).unwrap());
            block.children[entry] = child;
            core.put(root, &block, &cx).unwrap();
            all += usize::from(try_all(core, address, &model).is_err());
        }
    }
    assert!(all > usize::from(entries) * 2, "{all} were refused");
    let mut core = empty();
    let address = FractalHeapEdit::create(&mut core, HeapCreation::Attributes).unwrap();
    change_header(&mut core, address, |header| header.root_rows = 2);
    let text = FractalHeapEdit::open(&core, address).unwrap_err().to_string();
    assert!(text.contains("rows of the root indirect block is 2: the heap has no root"), "{text}");
}
