//! Fractal heaps: reading objects by their identifiers, and in the files below changing a heap.

#[cfg(test)]
mod audit;
mod changes;
mod delete;
mod edit;
#[cfg(test)]
mod edit_tests;
mod free_space;
mod gaps;
mod geometry;
mod growth;
#[cfg(test)]
mod hostile_tests;
mod huge;
mod managed;
mod open_block;
mod path;

use std::sync::Arc;

pub(super) use edit::{FractalHeapEdit, HeapCreation};
pub(super) use free_space::FreeSpace;
pub(super) use open_block::OpenBlock;

use super::Core;
use super::btree_v2::BTree2;
use crate::base::{Address, Error, Result, Structure, to_usize};
use crate::codec::{Pipeline, Scratch};
use crate::format::btree_v2_record::{FilteredObject, HugeObjectRecord};
use crate::format::fractal_heap::HeapContext;
use crate::format::fractal_heap::direct::{DirectBlock, DirectContext};
use crate::format::fractal_heap::header::FractalHeapHeader;
use crate::format::fractal_heap::id::FractalHeapId;
use crate::format::fractal_heap::indirect::{FilteredChild, IndirectBlock, IndirectContext};
use crate::format::message::filter_pipeline::FilterPipeline;
use crate::format::{self, Wire};

/// A heap, ready to be read.
pub(crate) struct FractalHeap<'a> {
    core: &'a Core,
    address: Address,
    /// Where the header lies in the file.
    offset: u64,
    header: Arc<FractalHeapHeader>,
    cx: HeapContext,
    pipeline: Option<FilterPipeline>,
}

/// Where a direct block is, and what lies before it.
struct Place {
    address: Address,
    /// In the heap.
    begin: u64,
    size: u64,
    /// How it is stored, if the heap is filtered.
    stored: Option<FilteredChild>,
}

impl<'a> FractalHeap<'a> {
    /// Opens the heap whose header is at an address.
    pub(crate) fn open(core: &'a Core, address: Address) -> Result<Self> {
        let header: Arc<FractalHeapHeader> = core.fetch(address, &core.sizes())?;
        let offset = core.offset(address)?;
        let pipeline = header.filter.as_ref().map(|filter| {
            format::decode_padded::<FilterPipeline>(&filter.pipeline, offset, &core.sizes(), &core.budget)
        });
        let cx = header.context(core.sizes());
        Ok(FractalHeap { core, address, offset, header, cx, pipeline: pipeline.transpose()? })
    }

    /// Calls `f` with the bytes of an object and the place in the file that errors about them should name.
    pub(crate) fn object<T>(&self, id: &[u8], f: impl FnOnce(&[u8], u64) -> Result<T>) -> Result<T> {
        match self.decode_id(id)? {
            FractalHeapId::Managed { offset, len } => self.managed(offset, len, f),
            FractalHeapId::Tiny(data) => f(&data, self.offset),
            FractalHeapId::Huge { address, len, filtered } => {
                let filtered = filtered.map(|f| FilteredObject { filter_mask: f.mask, memory_size: f.size });
                self.huge(&HugeObjectRecord { address, length: len, filtered, key: None }, f)
            }
            FractalHeapId::HugeByKey { key } => self.huge(&self.huge_record(key)?, f),
        }
    }

    /// Puts identifiers into the order in which their objects lie in the heap, so that each block is read once.
    pub(crate) fn sort_by_place<T>(&self, items: &mut [T], id: impl Fn(&T) -> &[u8]) {
        items.sort_by_cached_key(|item| match self.decode_id(id(item)) {
            Ok(FractalHeapId::Managed { offset, .. }) => offset,
            _ => u64::MAX,
        });
    }

    fn decode_id(&self, id: &[u8]) -> Result<FractalHeapId> {
        format::decode(id, self.offset, &self.cx, &self.core.budget)
    }

    fn managed<T>(&self, offset: u64, len: u64, f: impl FnOnce(&[u8], u64) -> Result<T>) -> Result<T> {
        let (place, block) = self.block_of(offset, len)?;
        // What is filtered has no place of its own.
        let within = if place.stored.is_none() { offset - place.begin } else { 0 };
        let at = self.core.offset(place.address)?.saturating_add(within);
        f(block.get(offset, len).unwrap_or_default(), at)
    }

    /// The direct block that holds all of an object.
    fn block_of(&self, offset: u64, len: u64) -> Result<(Place, Arc<DirectBlock>)> {
        if len == 0 {
            return Err(self.bad("length of a managed object", len, "it must be greater than zero"));
        }
        let place = self.place(offset)?;
        let block = self.direct(&place)?;
        if block.get(offset, len).is_some() {
            return Ok((place, block));
        }
        let error = Error::field("offset in the heap", offset, "the block there does not hold the object");
        Err(error.at(Structure::FractalHeapDirect, self.core.offset(place.address)?))
    }

    /// The direct block that holds an offset in the heap.
    fn place(&self, offset: u64) -> Result<Place> {
        let Some(mut address) = self.header.root else {
            return Err(self.bad("offset in the heap", offset, "the heap has no blocks"));
        };
        let mut rows = u32::from(self.header.root_rows);
        if rows == 0 {
            let root = |f: &format::fractal_heap::header::HeapFilter| FilteredChild {
                size: f.root_size,
                mask: f.root_mask,
            };
            let (size, stored) = (self.cx.table.start, self.header.filter.as_ref().map(root));
            return Ok(Place { address, begin: 0, size, stored });
        }
        let mut begin = 0;
        // An indirect block has fewer rows than the one that holds it: this ends.
        loop {
            let cx = self.indirect_context(rows);
            let block = self.indirect(address, begin, &cx)?;
            let (row, column) = self.cx.table.locate(offset - begin).map_err(|e| self.located(e))?;
            let Some(child) = block.child(row, column, &cx) else {
                let error = Error::field("offset in the heap", offset, "there is no block for it");
                return Err(error.at(Structure::FractalHeapIndirect, self.core.offset(address)?));
            };
            let table = &self.cx.table;
            begin += table.block_offset(row, column).map_err(|e| self.located(e))?;
            if row < table.max_direct_rows() {
                let size = table.block_size(row).map_err(|e| self.located(e))?;
                let stored = block.filtered_child(row, column, &cx);
                return Ok(Place { address: child, begin, size, stored });
            }
            (address, rows) = (child, table.child_rows(row).map_err(|e| self.located(e))?);
        }
    }

    fn indirect_context(&self, rows: u32) -> IndirectContext {
        IndirectContext { heap: self.cx, rows }
    }

    fn indirect(&self, address: Address, begin: u64, cx: &IndirectContext) -> Result<Arc<IndirectBlock>> {
        let block: Arc<IndirectBlock> = self.core.fetch(address, cx)?;
        self.check(address, block.header, block.offset, begin, Structure::FractalHeapIndirect)?;
        Ok(block)
    }

    fn direct(&self, place: &Place) -> Result<Arc<DirectBlock>> {
        let cx = DirectContext { heap: self.cx, size: place.size };
        let open = self.core.txn.as_ref().and_then(|txn| txn.blocks.get(place.address));
        let block = match (place.stored, open) {
            (None, Some(open)) => open.block(),
            (None, None) => self.core.fetch(place.address, &cx)?,
            (Some(stored), _) => self.core.cached(place.address, || {
                Ok((self.unfiltered(place.address, stored, &cx)?, to_usize(place.size)?))
            })?,
        };
        self.check(place.address, block.header, block.offset, place.begin, DirectBlock::STRUCTURE)?;
        Ok(block)
    }

    /// Undoes the filters of a direct block.
    fn unfiltered(&self, address: Address, stored: FilteredChild, cx: &DirectContext) -> Result<DirectBlock> {
        let (block, offset) = self.core.block(address, stored.size, DirectBlock::STRUCTURE)?;
        self.core.budget.metadata(cx.size).map_err(|e| e.at(DirectBlock::STRUCTURE, offset))?;
        let block = self
            .decode_stored(block, stored.mask, cx.size)
            .map_err(|e| e.at(DirectBlock::STRUCTURE, offset))?;
        format::decode(&block, offset, cx, &self.core.budget)
    }

    fn decode_stored(&self, stored: Vec<u8>, mask: u32, size: u64) -> Result<Vec<u8>> {
        let pipeline = Pipeline::new(self.pipeline.as_ref(), size, &self.core.filters, &self.core.budget)?;
        let mut scratch = Scratch::default();
        scratch.front = stored;
        pipeline.decode(mask, &mut scratch)?;
        Ok(scratch.front)
    }

    /// Passes a block or an object through the filters; returns what they left out as well.
    fn encode_stored(&self, bytes: Vec<u8>, size: u64) -> Result<(Vec<u8>, u32)> {
        let pipeline = Pipeline::new(self.pipeline.as_ref(), size, &self.core.filters, &self.core.budget)?;
        let mut scratch = Scratch::default();
        scratch.front = bytes;
        let mask = pipeline.encode(&mut scratch)?;
        Ok((scratch.front, mask))
    }

    /// Every block names its heap and its place: one that another heap or another place led to is not it.
    fn check(
        &self,
        address: Address,
        header: Address,
        offset: u64,
        begin: u64,
        structure: Structure,
    ) -> Result<()> {
        let error = if header != self.address {
            Error::field("address of the heap's header", header.0, "the block belongs to another heap")
        } else if offset != begin {
            Error::field("offset of a block in the heap", offset, "not where its parent has it")
        } else {
            return Ok(());
        };
        Err(error.at(structure, self.core.offset(address)?))
    }

    fn huge_record(&self, key: u64) -> Result<HugeObjectRecord> {
        let cx = huge::records_of(&self.cx);
        let Some(btree) = self.header.huge_btree else {
            return Err(self.bad("key of a huge object", key, "the heap has no huge objects"));
        };
        let tree = BTree2::open(self.core, btree, cx.record_type())?;
        let decode = |record: &[u8]| tree.decode::<HugeObjectRecord>(record, &cx);
        match tree.find(|record| Ok(decode(record)?.key.cmp(&Some(key))))? {
            Some(record) => decode(&record),
            None => Err(self.bad("key of a huge object", key, "the heap has no such object")),
        }
    }

    fn huge<T>(&self, object: &HugeObjectRecord, f: impl FnOnce(&[u8], u64) -> Result<T>) -> Result<T> {
        if object.length == 0 {
            return Err(self.bad("length of a huge object", 0, "it must be greater than zero"));
        }
        let offset = self.core.offset(object.address)?;
        let mut bytes = self.core.raw(object.address, object.length)?;
        if let Some(filtered) = object.filtered {
            bytes = self
                .decode_stored(bytes, filtered.filter_mask, filtered.memory_size)
                .map_err(|e| e.at(Structure::RawData, offset))?;
        }
        f(&bytes, offset)
    }

    fn bad(&self, name: &'static str, value: u64, rule: &'static str) -> Error {
        self.located(Error::field(name, value, rule))
    }

    fn located(&self, error: Error) -> Error {
        error.at(Structure::FractalHeapHeader, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::super::BlockKind;
    use super::super::fixture::empty;
    use super::*;
    use crate::format::fractal_heap::doubling_table::DoublingTable;

    /// Two columns of blocks of 64 bytes, all larger ones indirect.
    const TABLE: DoublingTable = DoublingTable { width: 2, start: 64, max_direct: 64, max_bits: 16 };

    pub(super) fn header(root: Option<Address>, root_rows: u16) -> FractalHeapHeader {
        FractalHeapHeader {
            id_len: 8,
            flags: 0,
            max_managed_size: 40,
            next_huge_id: 0,
            huge_btree: None,
            free_space: 0,
            free_space_manager: None,
            managed_space: 2048,
            allocated_space: 0,
            iterator_offset: 0,
            managed_objects: 1,
            huge_size: 0,
            huge_objects: 0,
            tiny_size: 0,
            tiny_objects: 0,
            table: TABLE,
            start_root_rows: 1,
            root,
            root_rows,
            filter: None,
        }
    }

    /// A heap with one object at 1364: in row 4 of the root, row 2 of what is there, column 1 of what is there.
    struct Nested {
        core: Core,
        heap: Address,
        direct: Address,
    }

    fn nested(change: impl FnOnce(&mut DirectBlock)) -> Nested {
        let mut core = empty();
        let sizes = core.sizes();
        let len = header(None, 0).encoded_len(&sizes).unwrap() as u64;
        let heap = core.allocate(len, BlockKind::ObjectHeader).unwrap();
        let cx = header(None, 0).context(sizes);
        let direct_cx = DirectContext { heap: cx, size: 64 };
        let mut block = DirectBlock::new(heap, 1344, &direct_cx, &core.budget).unwrap();
        block.get_mut(1364, 6).unwrap().copy_from_slice(b"object");
        change(&mut block);
        let direct = core.put_new(&block, &direct_cx).unwrap();
        let mut below = direct;
        for (rows, offset, index) in [(1u32, 1280, 1), (3, 1024, 4), (5, 0, 8)] {
            let cx = IndirectContext { heap: cx, rows };
            let mut children = vec![None; rows as usize * 2];
            children[index] = Some(below);
            let block = IndirectBlock { header: heap, offset, children, filtered: vec![] };
            below = core.put_new(&block, &cx).unwrap();
        }
        core.put(heap, &header(Some(below), 5), &sizes).unwrap();
        Nested { core, heap, direct }
    }

    impl Nested {
        fn read(&self, id: &[u8]) -> Result<Vec<u8>> {
            FractalHeap::open(&self.core, self.heap)?.object(id, |bytes, _| Ok(bytes.to_vec()))
        }

        fn text(&self, id: &[u8]) -> String {
            self.read(id).unwrap_err().to_string()
        }
    }

    fn managed(offset: u16, len: u8) -> Vec<u8> {
        [&[0][..], &offset.to_le_bytes(), &[len, 0, 0, 0, 0]].concat()
    }

    #[test]
    fn an_object_is_found_below_three_indirect_blocks() {
        let heap = nested(|_| ());
        assert_eq!(heap.read(&managed(1364, 6)).unwrap(), b"object");
        let place = FractalHeap::open(&heap.core, heap.heap).unwrap();
        let offset = place.object(&managed(1364, 6), |_, offset| Ok(offset)).unwrap();
        assert_eq!(offset, heap.direct.0 + 20);
        assert_eq!(heap.read(b"\x22abc\0\0\0\0").unwrap(), b"abc");
    }

    #[test]
    fn identifiers_that_lead_nowhere_are_refused() {
        let heap = nested(|_| ());
        let text = |offset, len| heap.text(&managed(offset, len));
        let refused = [
            (text(1364, 0), "length of a managed object is 0"),
            (text(1346, 6), "offset in the heap is 1346: the block there does not hold the object"),
            (text(1364, 45), "does not hold the object in the fractal heap direct block at offset"),
            (
                text(0, 6),
                "offset in the heap is 0: there is no block for it in the fractal heap indirect block",
            ),
            (text(2048, 6), "offset in the heap is 2048: there is no block for it"),
            (
                heap.text(&[0x10, 1, 0, 0, 0, 0, 0, 0]),
                "key of a huge object is 1: the heap has no huge objects",
            ),
            (heap.text(&[0; 7]), "truncated"),
        ];
        for (text, expected) in refused {
            assert!(text.contains(expected), "{text}");
        }
        let Nested { mut core, heap: address, .. } = heap;
        let sizes = core.sizes();
        core.put(address, &header(None, 0), &sizes).unwrap();
        let text = Nested { core, heap: address, direct: address }.text(&managed(20, 6));
        assert!(text.contains("the heap has no blocks in the fractal heap header at offset"), "{text}");
    }

    #[test]
    fn huge_objects_have_a_place_and_a_length() {
        let Nested { mut core, heap, direct } = nested(|_| ());
        let (sizes, cx) = (core.sizes(), header(None, 0));
        core.put(heap, &FractalHeapHeader { id_len: 17, ..cx }, &sizes).unwrap();
        core.flush().unwrap();
        let heap = Nested { core, heap, direct };
        let id = |address: u64, len: u64| [&[0x10][..], &address.to_le_bytes(), &len.to_le_bytes()].concat();
        assert_eq!(heap.read(&id(direct.0 + 20, 6)).unwrap(), b"object");
        assert!(heap.text(&id(direct.0, 0)).contains("length of a huge object is 0"));
        let text = heap.text(&id(direct.0, 1 << 40));
        assert!(text.contains("truncated") && text.contains("in the raw data at offset"), "{text}");
    }

    #[test]
    fn blocks_of_other_heaps_and_places_are_refused() {
        let text = nested(|block| block.header = Address(8)).text(&managed(1364, 6));
        assert!(
            text.contains("address of the heap's header is 8: the block belongs to another heap"),
            "{text}"
        );
        let text = nested(|block| block.offset = 64).text(&managed(1364, 6));
        assert!(text.contains("offset of a block in the heap is 64: not where its parent has it"), "{text}");
    }
}
