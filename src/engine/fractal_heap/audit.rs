//! What has to hold for a heap after each change, checked against all of its blocks.

use std::collections::BTreeMap;

use super::FractalHeap;
use super::edit::FractalHeapEdit;
use super::free_space::FreeSpace;
use super::geometry::Geometry;
use crate::base::Address;
use crate::engine::Core;
use crate::format::fractal_heap::id::FractalHeapId;
use crate::format::free_space::FreeSpaceHeader;

/// Objects by their identifiers.
pub(super) type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// The blocks of a heap by their offset in it, and the slots before its end that have none.
#[derive(Default)]
struct Blocks {
    there: BTreeMap<u64, u64>,
    missing: BTreeMap<u64, u64>,
    indirect: Vec<u64>,
}

/// Fails unless the heap, of which nothing is waiting to be encoded, has the objects of the model and nothing else, and its numbers are right.
#[track_caller]
pub(super) fn audit(core: &Core, address: Address, model: &Model) {
    let heap = FractalHeap::open(core, address).unwrap();
    for (id, data) in model {
        assert!(heap.object(id, |bytes, _| Ok(bytes == data)).unwrap(), "{id:?} has changed");
    }
    let edit = with_space(core, address);
    let blocks = blocks(&heap, &edit.geometry);
    let objects = managed(&heap, model);
    statistics(&edit, &blocks, &objects);
    no_byte_is_lost(&edit, &blocks, &objects);
    no_block_is_lost(&edit, &blocks);
    if let Some(manager) = heap.header.free_space_manager {
        let stored = core.fetch::<FreeSpaceHeader>(manager, &core.sizes()).unwrap();
        let mut counted = FreeSpaceHeader { space: 0, sections: 0, ghost_sections: 0, ..(*stored).clone() };
        edit.space.count(&mut counted, &edit.geometry).unwrap();
        assert_eq!(*stored, counted);
        assert!(stored.serialized_sections > 0 && stored.list_used == stored.list_allocated);
    }
}

/// A heap with what is free in it.
pub(super) fn with_space(core: &Core, address: Address) -> FractalHeapEdit {
    let mut edit = FractalHeapEdit::open(core, address).unwrap();
    let open = core.txn.as_ref().and_then(|txn| txn.heap_space.get(address)).cloned();
    edit.space = open.unwrap_or_else(|| FreeSpace::load(core, &edit.header, &edit.geometry).unwrap());
    edit
}

fn managed(heap: &FractalHeap<'_>, model: &Model) -> BTreeMap<u64, u64> {
    let place = |id| match heap.decode_id(id).unwrap() {
        FractalHeapId::Managed { offset, len } => Some((offset, len)),
        _ => None,
    };
    model.keys().filter_map(|id| place(id)).collect()
}

fn statistics(edit: &FractalHeapEdit, blocks: &Blocks, objects: &BTreeMap<u64, u64>) {
    let (header, geometry) = (&edit.header, &edit.geometry);
    assert_eq!(header.managed_objects, objects.len() as u64);
    assert_eq!(header.allocated_space, blocks.there.values().sum::<u64>());
    let used: u64 = objects.values().sum();
    let rows = u32::from(header.root_rows);
    let (space, room, end) = match (header.root, rows) {
        (None, _) => (0, 0, 0),
        (_, 0) => (geometry.table.start, geometry.block_room(0).unwrap(), header.iterator_offset),
        _ => {
            let last = blocks.there.last_key_value().map_or(0, |(begin, size)| begin + size);
            (geometry.table.span(rows).unwrap(), geometry.room_of_rows(rows).unwrap(), last)
        }
    };
    assert_eq!((header.managed_space, header.free_space), (space, room - used));
    assert_eq!(header.iterator_offset, end);
    assert!(rows == 0 || blocks.there.len() > 1 || !blocks.there.contains_key(&0), "the root can be direct");
}

/// Every direct block is its own fields, objects and free bytes, without gaps and without overlaps.
fn no_byte_is_lost(edit: &FractalHeapEdit, blocks: &Blocks, objects: &BTreeMap<u64, u64>) {
    let free = edit.space.bytes.iter().map(|range| (range.start, range.end - range.start));
    let mut pieces: Vec<(u64, u64)> =
        objects.iter().map(|(&offset, &len)| (offset, len)).chain(free).collect();
    pieces.sort_unstable();
    let mut pieces = pieces.into_iter().peekable();
    for (&begin, &size) in &blocks.there {
        let mut at = begin + edit.geometry.overhead;
        while let Some((offset, len)) = pieces.next_if(|&(offset, _)| offset < begin + size) {
            assert_eq!(offset, at, "bytes that nobody has, or two have");
            at += len;
        }
        assert_eq!(at, begin + size);
    }
    assert_eq!(pieces.next(), None, "outside all blocks");
}

/// Every missing block before the iterator is in a gap, and no other one is.
fn no_block_is_lost(edit: &FractalHeapEdit, blocks: &Blocks) {
    let mut covered = BTreeMap::new();
    for (&offset, gap) in edit.space.gaps.iter() {
        assert_eq!(gap.offset(&edit.geometry).unwrap(), offset);
        let end = gap.end_offset(&edit.geometry).unwrap();
        assert!(end <= edit.header.iterator_offset);
        for (&begin, &size) in blocks.missing.range(offset..end) {
            assert_eq!(covered.insert(begin, size), None);
        }
        let next = edit.space.gaps.iter().find(|&(&next, _)| next == end);
        assert!(next.is_none_or(|(_, next)| next.block != gap.block), "two gaps that touch");
        assert!(blocks.there.range(offset..end).next().is_none());
        let within = |&&block: &&u64| (offset..end).contains(&block) && block != gap.block;
        assert_eq!(blocks.indirect.iter().find(within), None, "an indirect block where none should be");
    }
    let end = edit.header.iterator_offset;
    let missing = if edit.header.root_rows == 0 { BTreeMap::new() } else { blocks.missing.clone() };
    let missing: BTreeMap<u64, u64> = missing.into_iter().filter(|&(begin, _)| begin < end).collect();
    assert_eq!(covered, missing);
}

fn blocks(heap: &FractalHeap<'_>, geometry: &Geometry) -> Blocks {
    let mut blocks = Blocks::default();
    let Some(root) = heap.header.root else { return blocks };
    if heap.header.root_rows == 0 {
        blocks.there.insert(0, geometry.table.start);
        return blocks;
    }
    let mut stack = vec![(Some(root), 0, u32::from(heap.header.root_rows))];
    while let Some((address, begin, rows)) = stack.pop() {
        let cx = heap.indirect_context(rows);
        let children = address.map(|address| heap.indirect(address, begin, &cx).unwrap().children.clone());
        assert!(children.as_ref().is_none_or(|children| children.iter().any(Option::is_some)));
        blocks.indirect.extend(address.map(|_| begin));
        for entry in 0..u64::from(rows) * geometry.width() {
            let child = children.as_ref().and_then(|children| children[usize::try_from(entry).unwrap()]);
            let row = geometry.row(entry).unwrap();
            let (at, size) =
                (begin + geometry.entry_offset(entry).unwrap(), geometry.table.block_size(row).unwrap());
            if !geometry.is_direct(row) {
                stack.push((child, at, geometry.table.child_rows(row).unwrap()));
            } else if child.is_some() {
                blocks.there.insert(at, size);
            } else {
                blocks.missing.insert(at, size);
            }
        }
    }
    blocks
}
