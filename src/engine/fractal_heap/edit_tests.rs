//! Heaps that are made, filled and emptied, compared with a model after each step.

use std::collections::BTreeSet;

use super::audit::{Model, audit, with_space};
use super::edit::{FractalHeapEdit, HeapCreation};
use super::tests::header;
use crate::base::{Address, Sizes};
use crate::engine::fixture::{empty, fixture, object};
use crate::engine::{BlockKind, Core};
use crate::format::fractal_heap::doubling_table::DoublingTable;
use crate::format::fractal_heap::header::{CHECKSUMMED, FractalHeapHeader, HUGE_IDS_WRAPPED, HeapFilter};
use crate::format::free_space::FreeSpaceHeader;
use crate::format::message::dense_info::LinkInfo;
use crate::format::message::filter_pipeline::{FilterEntry, FilterPipeline, OPTIONAL};
use crate::format::{Wire, encode};

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn bytes(&mut self, len: u64) -> Vec<u8> {
        let first = self.below(256);
        (0..len).map(|index| u8::try_from((first + index * index) % 251).unwrap()).collect()
    }
}

/// A heap with what it should hold.
struct Tried {
    core: Core,
    address: Address,
    heap: FractalHeapEdit,
    model: Model,
    numbers: Numbers,
    /// The next free byte of the file before there was a heap.
    end: Address,
}

impl Tried {
    fn new(make: impl FnOnce(&mut Core) -> Address) -> Self {
        let mut core = empty();
        let end = next_free(&mut core);
        let address = make(&mut core);
        let heap = FractalHeapEdit::open(&core, address).unwrap();
        let mut tried = Tried { core, address, heap, model: Model::new(), numbers: Numbers(7), end };
        tried.audit();
        tried
    }

    fn of(kind: HeapCreation) -> Self {
        Tried::new(|core| FractalHeapEdit::create(core, kind).unwrap())
    }

    fn audit(&mut self) {
        self.core.seal().unwrap();
        audit(&self.core, self.address, &self.model);
    }

    fn insert(&mut self, len: u64) -> Vec<u8> {
        let data = self.numbers.bytes(len);
        let id = self.heap.insert(&mut self.core, &data).unwrap();
        self.model.insert(id.clone(), data);
        id
    }

    fn remove(&mut self, id: &[u8]) {
        self.heap.remove(&mut self.core, id).unwrap();
        self.model.remove(id).unwrap();
    }

    fn remove_any(&mut self) {
        let index = self.numbers.below(self.model.len() as u64);
        let id = self.model.keys().nth(usize::try_from(index).unwrap()).unwrap().clone();
        self.remove(&id);
    }

    /// Fills and empties the heap at random, and in the end empties it for good. The root has to have been a direct block
    /// and to have had as many rows as this.
    fn run(&mut self, steps: u64, longest: u64, rows: u16) {
        let mut met = BTreeSet::new();
        for step in 0..steps {
            // It grows for a while, shrinks for a while, and so on.
            let growing = (step / (steps / 6).max(1)).is_multiple_of(2);
            if self.model.is_empty() || self.numbers.below(10) < if growing { 7 } else { 3 } {
                // Most are short.
                let most =
                    [longest / 30, longest / 30, longest / 6, longest][usize::try_from(step % 4).unwrap()];
                let len = 7 + self.numbers.below(most.saturating_sub(6).max(1));
                self.insert(len.min(longest));
            } else {
                self.remove_any();
            }
            met.insert(self.heap.header.root_rows);
            if step % 3 == 0 {
                self.heap = FractalHeapEdit::open(&self.core, self.address).unwrap();
            }
            if step % 5 == 0 {
                self.audit();
            }
        }
        self.audit();
        while !self.model.is_empty() {
            self.remove_any();
        }
        self.audit();
        self.heap = FractalHeapEdit::open(&self.core, self.address).unwrap();
        assert!(met.contains(&0) && met.last() >= Some(&rows), "{met:?}");
        assert_eq!(self.heap.header.root, None);
        assert_eq!(self.heap.header.free_space_manager, None);
        self.leave_nothing();
    }

    /// Without the heap nothing of the file is used but what was before.
    fn leave_nothing(&mut self) {
        self.core.seal().unwrap();
        let header = self.heap.header.encoded_len(&self.core.sizes()).unwrap() as u64;
        self.core.release(self.address, header).unwrap();
        assert_eq!(next_free(&mut self.core), self.end);
    }
}

fn next_free(core: &mut Core) -> Address {
    let address = core.allocate(1, BlockKind::ObjectHeader).unwrap();
    core.release(address, 1).unwrap();
    address
}

fn deflate() -> FilterPipeline {
    let entry = FilterEntry { id: 1, flags: OPTIONAL, stored_name: Vec::new(), values: vec![6] };
    FilterPipeline { version: 2, filters: vec![entry] }
}

fn filter() -> HeapFilter {
    let pipeline = encode(&deflate(), &Sizes::EIGHT).unwrap();
    HeapFilter { root_size: 0, root_mask: 0, pipeline }
}

/// Blocks of 64 and 128 bytes, two in a row, and indirect blocks in indirect blocks from 512 bytes on.
pub(super) fn small(core: &mut Core, id_len: u16, filter: Option<HeapFilter>) -> Address {
    let header = FractalHeapHeader {
        id_len,
        flags: CHECKSUMMED,
        table: DoublingTable { width: 2, start: 64, max_direct: 128, max_bits: 16 },
        max_managed_size: 100,
        managed_space: 0,
        managed_objects: 0,
        filter,
        ..header(None, 0)
    };
    let sizes = core.sizes();
    core.put_new(&header, &sizes).unwrap()
}

#[test]
fn objects_come_and_go() {
    Tried::of(HeapCreation::Links(None)).run(1200, 8192, 8);
    Tried::of(HeapCreation::Attributes).run(300, 1000, 4);
}

#[test]
fn objects_come_and_go_through_filters() {
    Tried::of(HeapCreation::Links(Some(deflate()))).run(400, 8192, 4);
}

#[test]
fn objects_come_and_go_at_all_depths() {
    Tried::new(|core| small(core, 7, None)).run(4000, 100, 8);
    Tried::new(|core| small(core, 7, Some(filter()))).run(1500, 100, 8);
}

#[test]
fn huge_objects_come_and_go() {
    // Identifiers of 17 and 29 bytes have the place of a huge object, shorter ones a key.
    for (id_len, filter) in [(7, None), (16, Some(filter())), (17, None), (29, Some(filter()))] {
        let mut tried = Tried::new(|core| small(core, id_len, filter));
        let ids: Vec<_> = (0..60).map(|index| tried.insert(101 + index * 7)).collect();
        assert_eq!(tried.heap.header.huge_objects, 60);
        assert_eq!(tried.heap.header.huge_size, 60 * 101 + 7 * 59 * 30);
        tried.audit();
        for id in &ids[10..50] {
            tried.remove(id);
        }
        tried.audit();
        let text = tried.heap.remove(&mut tried.core, &ids[20]).unwrap_err().to_string();
        assert!(text.contains("the heap has no such huge object"), "{text}");
        assert!(!tried.heap.overwrite(&mut tried.core, &ids[0], &[1; 101]).unwrap());
        tried.heap = FractalHeapEdit::open(&tried.core, tried.address).unwrap();
        tried.insert(500);
        tried.audit();
        for id in tried.model.keys().cloned().collect::<Vec<_>>() {
            tried.remove(&id);
        }
        assert_eq!((tried.heap.header.huge_btree, tried.heap.header.next_huge_id), (None, 0));
        assert_eq!((tried.heap.header.huge_objects, tried.heap.header.huge_size), (0, 0));
        tried.leave_nothing();
    }
}

#[test]
fn keys_of_huge_objects_are_used_once() {
    let mut tried = Tried::new(|core| small(core, 4, None));
    tried.insert(200);
    tried.heap.header.next_huge_id = 0xff_fffe;
    let last = tried.insert(201);
    assert_eq!(last, [0x10, 0xff, 0xff, 0xff]);
    tried.audit();
    let data = tried.numbers.bytes(202);
    let text = tried.heap.insert(&mut tried.core, &data).unwrap_err().to_string();
    assert!(text.contains("keys of huge objects are used up"), "{text}");
    tried.audit();
    tried.heap.header.flags &= !HUGE_IDS_WRAPPED;
    tried.heap.header.next_huge_id = 0;
    let text = tried.heap.insert(&mut tried.core, &data).unwrap_err().to_string();
    assert!(text.contains("next identifier of a huge object is 1: an object has it already"), "{text}");
    tried.audit();
}

#[test]
fn a_heap_goes_away_with_all_that_it_has() {
    let kinds = [HeapCreation::Links(None), HeapCreation::Links(Some(deflate())), HeapCreation::Attributes];
    for kind in kinds {
        for count in [0, 1, 7, 400] {
            let mut tried = Tried::of(kind.clone());
            let ids: Vec<_> = (0..count).map(|index| tried.insert(7 + index * index % 5000)).collect();
            for id in ids.iter().step_by(3) {
                tried.remove(id);
            }
            tried.audit();
            FractalHeapEdit::delete(&mut tried.core, tried.address).unwrap();
            assert_eq!(next_free(&mut tried.core), tried.end);
        }
    }
    let mut tried = Tried::new(|core| small(core, 17, Some(filter())));
    (0..300).for_each(|index| drop(tried.insert(1 + index)));
    FractalHeapEdit::delete(&mut tried.core, tried.address).unwrap();
    assert_eq!(next_free(&mut tried.core), tried.end);
}

#[test]
fn tiny_objects_are_in_their_identifiers() {
    let mut tried = Tried::of(HeapCreation::Links(None));
    let id = tried.insert(6);
    assert_eq!((tried.heap.header.tiny_objects, tried.heap.header.tiny_size), (1, 6));
    tried.audit();
    tried.remove(&id);
    assert_eq!((tried.heap.header.tiny_objects, tried.heap.header.tiny_size), (0, 0));
    let text = tried.heap.remove(&mut tried.core, &id).unwrap_err().to_string();
    assert!(text.contains("number of tiny objects is 0: the heap has one that is not counted"), "{text}");
}

#[test]
fn objects_are_written_over_in_place() {
    for kind in [HeapCreation::Links(None), HeapCreation::Links(Some(deflate()))] {
        let mut tried = Tried::of(kind);
        let ids: Vec<_> = (0..40).map(|_| tried.insert(100)).collect();
        for id in ids.iter().step_by(3) {
            let data = tried.numbers.bytes(100);
            assert!(tried.heap.overwrite(&mut tried.core, id, &data).unwrap());
            tried.model.insert(id.clone(), data);
        }
        tried.audit();
        assert!(!tried.heap.overwrite(&mut tried.core, &ids[0], &[1; 99]).unwrap());
        let tiny = tried.insert(3);
        assert!(!tried.heap.overwrite(&mut tried.core, &tiny, &[1; 3]).unwrap());
        tried.audit();
    }
}

#[test]
fn the_root_grows_and_shrinks_in_steps() {
    let mut tried = Tried::of(HeapCreation::Links(None));
    let rows = |tried: &Tried, met: &mut Vec<u16>| {
        met.push(tried.heap.header.root_rows);
        met.dedup();
    };
    let (mut ids, mut met) = (Vec::new(), Vec::new());
    while tried.heap.header.root_rows < 8 {
        ids.push(tried.insert(480));
        rows(&tried, &mut met);
    }
    assert_eq!(met, [0, 1, 2, 4, 8]);
    while let Some(id) = ids.pop() {
        tried.remove(&id);
        tried.audit();
        rows(&tried, &mut met);
    }
    assert_eq!(met[5..], [4, 2, 0]);
}

#[test]
fn free_space_is_counted_as_libhdf5_counts_it() {
    let core = fixture("dense_links.h5");
    let mut ghosts = 0;
    for path in ["many", "ordered", "huge", "filtered"] {
        let info: LinkInfo = object(&core, path).required(&core).unwrap();
        let heap = with_space(&core, info.heap.unwrap());
        let stored =
            core.fetch::<FreeSpaceHeader>(heap.header.free_space_manager.unwrap(), &core.sizes()).unwrap();
        let mut counted = FreeSpaceHeader { space: 0, sections: 0, ghost_sections: 0, ..(*stored).clone() };
        heap.space.count(&mut counted, &heap.geometry).unwrap();
        assert_eq!(*stored, counted, "{path}");
        ghosts += stored.ghost_sections;
    }
    assert!(ghosts > 0);
}

#[test]
fn what_cannot_be_leaves_the_heap_as_it_was() {
    let mut tried = Tried::of(HeapCreation::Links(None));
    let ids: Vec<_> = (0..9).map(|_| tried.insert(100)).collect();
    tried.remove(&ids[3]);
    let text = |tried: &mut Tried, id: &[u8]| {
        let text = tried.heap.remove(&mut tried.core, id).unwrap_err().to_string();
        tried.audit();
        text
    };
    assert!(text(&mut tried, &ids[3]).contains("the bytes there are free already"));
    let mut far = ids[2].clone();
    far[3] = 7;
    assert!(text(&mut tried, &far).contains("there is no block for it"));
    let mut long = ids[2].clone();
    long[6] = 9;
    assert!(text(&mut tried, &long).contains("the block there does not hold the object"));
    assert!(text(&mut tried, &[0; 3]).contains("truncated"));
    assert!(tried.heap.insert(&mut tried.core, &[]).unwrap_err().to_string().contains("at least one byte"));
    tried.audit();
}
