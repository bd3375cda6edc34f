//! Changing a local heap: strings go into free blocks and leave free blocks behind; the data segment grows by moving.
//!
//! Which block is taken, when the segment grows and by how much, is as in libhdf5, so that both may take turns.

use super::kept_open::Reversible;
use super::{BlockKind, Core};
use crate::base::{Address, Error, Result, Structure, to_usize};
use crate::format::local_heap::{ALIGNMENT, FreeBlock, LocalHeap, LocalHeapData, NO_FREE_BLOCK};
use crate::format::{decode, encode};

/// A local heap that is being changed. Nothing of it reaches the file before `store`.
#[derive(Debug)]
pub(super) struct LocalHeapEdit {
    address: Address,
    /// The header; while the heap has changed, only the place and the size of the segment are right.
    header: LocalHeap,
    data: LocalHeapData,
    /// In the order of the list in the file.
    free: Vec<Free>,
    /// The least bytes of a free block.
    least: u64,
    /// The file has something else.
    is_changed: bool,
    /// Bytes that were written over or cut off, with where they were, since the heap was settled.
    replaced: Vec<(usize, Vec<u8>)>,
}

/// What a heap was at some time.
#[derive(Debug)]
pub(super) struct Moment {
    header: LocalHeap,
    replaced: usize,
    size: usize,
    free: Vec<Free>,
    is_changed: bool,
}

impl Reversible for LocalHeapEdit {
    type Moment = Moment;

    fn moment(&self) -> Moment {
        let LocalHeapEdit { header, data, free, is_changed, replaced, .. } = self;
        let (header, free) = (header.clone(), free.clone());
        Moment { header, replaced: replaced.len(), size: data.0.len(), free, is_changed: *is_changed }
    }

    fn go_back(&mut self, moment: Moment) {
        let data = &mut self.data.0;
        for (start, bytes) in self.replaced.drain(moment.replaced..).rev() {
            data.resize(data.len().max(start + bytes.len()), 0);
            data[start..start + bytes.len()].copy_from_slice(&bytes);
        }
        data.resize(moment.size, 0);
        (self.header, self.free, self.is_changed) = (moment.header, moment.free, moment.is_changed);
    }

    fn settle(&mut self) {
        self.replaced.clear();
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Free {
    offset: u64,
    size: u64,
}

impl Free {
    fn end(self) -> u64 {
        self.offset + self.size
    }
}

/// A data segment of this many bytes is not made smaller.
const SMALLEST: u64 = 128;

impl LocalHeapEdit {
    /// Makes a heap with room for `size` bytes.
    pub(super) fn create(core: &mut Core, size: u64) -> Result<Self> {
        let sizes = core.sizes();
        let least = FreeBlock::least(sizes);
        let size = size.next_multiple_of(ALIGNMENT).max(least);
        let room = LocalHeap::room(sizes);
        let address = core.allocate(room + size, BlockKind::LocalHeap)?;
        let header = LocalHeap { size, free_list: 0, segment: address.plus(room)? };
        let data = LocalHeapData(vec![0; to_usize(size)?]);
        let free = vec![Free { offset: 0, size }];
        Ok(LocalHeapEdit { address, header, data, free, least, is_changed: true, replaced: Vec::new() })
    }

    /// Takes the heap that is kept open, or reads it. It is to be put back.
    pub(super) fn take(core: &mut Core, address: Address) -> Result<Self> {
        match core.txn_mut()?.names.take(address) {
            Some(heap) => Ok(heap),
            None => LocalHeapEdit::open(core, address),
        }
    }

    /// Keeps the heap open for the next change.
    pub(super) fn put_back(self, core: &mut Core) -> Result<()> {
        core.txn_mut()?.names.put(self.address, self);
        Ok(())
    }

    /// The strings of the heap.
    pub(super) fn strings(&self) -> &LocalHeapData {
        &self.data
    }

    pub(super) fn open(core: &Core, address: Address) -> Result<Self> {
        let sizes = core.sizes();
        let header = LocalHeap::clone(&*core.fetch::<LocalHeap>(address, &sizes)?);
        let data = core.fetch_sized::<LocalHeapData>(header.segment, header.size, &sizes)?;
        let data = LocalHeapData::clone(&data);
        let free = free_list(core, &header, &data)?;
        let (least, replaced) = (FreeBlock::least(sizes), Vec::new());
        Ok(LocalHeapEdit { address, header, data, free, least, is_changed: false, replaced })
    }

    pub(super) fn address(&self) -> Address {
        self.address
    }

    /// The string at `offset`.
    pub(super) fn string(&self, core: &Core, offset: u64) -> Result<&[u8]> {
        self.data.string(offset).ok_or_else(|| missing_string(core, self.address, offset))
    }

    fn size(&self) -> u64 {
        self.data.0.len() as u64
    }

    /// Adds a string; returns where it is.
    pub(super) fn insert(&mut self, string: &[u8]) -> Result<u64> {
        let needed = (string.len() as u64 + 1).next_multiple_of(ALIGNMENT);
        let fits = |free: &Free| free.size == needed || free.size >= needed + self.least;
        let place = match self.free.iter().position(fits) {
            Some(place) => place,
            None => self.extend(needed)?,
        };
        let offset = self.free[place].offset;
        self.free[place].offset += needed;
        self.free[place].size -= needed;
        // Less than a free block takes is lost until a neighbour is free; here it can only be at the end.
        if self.free[place].size < self.least {
            self.free.remove(place);
        }
        let start = to_usize(offset)?;
        let room = &mut self.data.0[start..][..to_usize(needed)?];
        self.replaced.push((start, room.to_vec()));
        self.is_changed = true;
        room.fill(0);
        room[..string.len()].copy_from_slice(string);
        Ok(offset)
    }

    /// Doubles the segment, or adds what is needed if that is more; returns the place in the list of the last block.
    fn extend(&mut self, needed: u64) -> Result<usize> {
        let old = self.size();
        // Not in files of libhdf5: a segment whose end is no place for a name.
        let start = old.next_multiple_of(ALIGNMENT);
        let last = self.free.iter().position(|free| free.end() == start);
        let mut more = needed.max(start);
        if last.is_none() && more < needed + self.least {
            more = needed;
        }
        let new = start.checked_add(more).ok_or_else(|| Error::limit("a local heap", u64::MAX, start))?;
        self.data.0.resize(to_usize(new)?, 0);
        match last {
            Some(place) => {
                self.free[place].size += more;
                Ok(place)
            }
            None => {
                self.free.insert(0, Free { offset: start, size: more });
                Ok(0)
            }
        }
    }

    /// Takes the string at `offset` away.
    pub(super) fn remove(&mut self, core: &Core, offset: u64) -> Result<()> {
        let len = self.string(core, offset)?.len() as u64 + 1;
        // The empty name at 0 is what B-trees begin with. Nothing lies between multiples of 8 but what another
        // program has put there, and might have put other things around.
        if offset == 0 || !offset.is_multiple_of(ALIGNMENT) {
            return Ok(());
        }
        let whole = self.size() - self.size() % ALIGNMENT;
        let end = (offset + len).next_multiple_of(ALIGNMENT).min(whole);
        let gone = Free { offset, size: end.saturating_sub(offset) };
        self.is_changed = true;
        if self.free.iter().any(|free| free.offset < gone.end() && gone.offset < free.end()) {
            let error = Error::field("name offset", offset, "the local heap has it in its free list");
            return Err(error.at(Structure::LocalHeap, core.offset(self.address)?));
        }
        self.give_back(gone);
        self.shrink()
    }

    /// Joins a piece with the free blocks beside it, or puts it in front of the list.
    fn give_back(&mut self, gone: Free) {
        let before = self.free.iter().position(|free| free.end() == gone.offset);
        let behind = self.free.iter().position(|free| free.offset == gone.end());
        match (before, behind) {
            (Some(before), Some(behind)) => {
                self.free[before].size += gone.size + self.free[behind].size;
                self.free.remove(behind);
            }
            (Some(before), None) => self.free[before].size += gone.size,
            (None, Some(behind)) => {
                self.free[behind].offset = gone.offset;
                self.free[behind].size += gone.size;
            }
            (None, None) if gone.size >= self.least => self.free.insert(0, gone),
            (None, None) => {}
        }
    }

    /// Halves the segment as long as more than half of it is free at its end.
    fn shrink(&mut self) -> Result<()> {
        let size = self.size();
        let Some(last) = self.free.iter_mut().find(|free| free.end() == size) else { return Ok(()) };
        let mut new = size;
        while new > SMALLEST && new / 2 >= last.offset + self.least {
            new = (new / 2).next_multiple_of(ALIGNMENT);
        }
        last.size = new - last.offset;
        let new = to_usize(new)?;
        if new < self.data.0.len() {
            self.replaced.push((new, self.data.0.split_off(new)));
        }
        Ok(())
    }

    /// Writes a heap that is kept open, if it has changed.
    pub(super) fn store_open(core: &mut Core, address: Address) -> Result<()> {
        if !core.txn_mut()?.names.get(address).is_some_and(|heap| heap.is_changed) {
            return Ok(());
        }
        let mut heap = LocalHeapEdit::take(core, address)?;
        let stored = heap.store(core);
        heap.put_back(core)?;
        stored
    }

    /// Finds another place for the data segment, if its size has changed.
    pub(super) fn place(&mut self, core: &mut Core) -> Result<()> {
        let size = self.size();
        if size != self.header.size {
            core.budget.metadata(size)?;
            let segment = core.allocate(size, BlockKind::LocalHeap)?;
            core.release(self.header.segment, self.header.size)?;
            (self.header.segment, self.header.size) = (segment, size);
        }
        Ok(())
    }

    /// Writes the heap.
    pub(super) fn store(&mut self, core: &mut Core) -> Result<()> {
        self.place(core)?;
        let sizes = core.sizes();
        let mut next = NO_FREE_BLOCK;
        for &Free { offset, size } in self.free.iter().rev() {
            let block = encode(&FreeBlock { next, size }, &sizes)?;
            self.data.0[to_usize(offset)?..][..block.len()].copy_from_slice(&block);
            next = offset;
        }
        self.header.free_list = next;
        core.put(self.header.segment, &self.data, &sizes)?;
        core.put(self.address, &self.header, &sizes)?;
        self.is_changed = false;
        Ok(())
    }

    /// The parts of the file that the heap takes.
    pub(super) fn pieces(&self, core: &Core) -> [(Address, u64); 2] {
        [(self.address, LocalHeap::room(core.sizes())), (self.header.segment, self.header.size)]
    }
}

/// Makes a heap of names; returns its address and where in it each name is.
pub(crate) fn create_name_heap(core: &mut Core, names: &[&[u8]]) -> Result<(Address, Vec<u64>)> {
    let lengths = names.iter().map(|name| (name.len() as u64 + 1).next_multiple_of(ALIGNMENT));
    let room = lengths.sum::<u64>() + ALIGNMENT + FreeBlock::least(core.sizes());
    let mut heap = LocalHeapEdit::create(core, room)?;
    // libhdf5 begins every such heap with the empty name.
    heap.insert(b"")?;
    let offsets = names.iter().map(|name| heap.insert(name)).collect::<Result<_>>()?;
    let address = heap.address();
    heap.store(core)?;
    Ok((address, offsets))
}

/// The error for an offset at which no string begins.
pub(super) fn missing_string(core: &Core, heap: Address, offset: u64) -> Error {
    let error = Error::field("name offset", offset, "no string ends behind it");
    error.at(Structure::LocalHeap, core.offset(heap).unwrap_or(heap.0))
}

/// Follows the list of free blocks.
fn free_list(core: &Core, heap: &LocalHeap, data: &LocalHeapData) -> Result<Vec<Free>> {
    let sizes = core.sizes();
    let origin = core.offset(heap.segment)?;
    let bad = |offset, rule| {
        Error::field("offset of a free block", offset, rule).at(Structure::LocalHeapData, origin)
    };
    let mut free = Vec::new();
    let mut next = heap.free_list;
    let mut sum = 0u64;
    while next != NO_FREE_BLOCK {
        let offset = next;
        let bytes = data.0.get(to_usize(offset)?..).and_then(|rest| rest.get(..2 * sizes.len()));
        let bytes = bytes.ok_or_else(|| bad(offset, "outside of the local heap"))?;
        let block: FreeBlock = decode(bytes, origin + offset, &sizes, &core.budget)?;
        sum = sum.saturating_add(block.size);
        if offset.checked_add(block.size).is_none_or(|end| end > heap.size) {
            return Err(bad(offset, "the block ends outside of the local heap"));
        }
        // The sum ends a list that leads back to itself. At 0 is the empty name that every group begins with.
        let aligned = offset.is_multiple_of(ALIGNMENT) && block.size.is_multiple_of(ALIGNMENT);
        if sum > heap.size || offset == 0 || !aligned {
            return Err(bad(offset, "no free block can be there"));
        }
        free.push(Free { offset, size: block.size });
        next = block.next;
    }
    let mut sorted: Vec<Free> = free.clone();
    sorted.sort_by_key(|free| free.offset);
    match sorted.windows(2).find(|pair| pair[0].end() > pair[1].offset) {
        Some(pair) => Err(bad(pair[1].offset, "two free blocks overlap")),
        None => Ok(free),
    }
}

#[cfg(test)]
impl LocalHeapEdit {
    /// Checks that these strings and the free blocks fill the heap without overlapping.
    pub(super) fn check(&self, strings: &[(u64, u64)]) {
        let mut pieces: Vec<_> = self.free.iter().map(|free| (free.offset, free.size)).collect();
        assert!(pieces.iter().all(|(_, size)| size % 8 == 0 && *size >= self.least));
        pieces.extend(strings.iter().map(|&(offset, len)| (offset, len.next_multiple_of(8))));
        pieces.sort_unstable();
        assert!(pieces.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "{pieces:?}");
        assert!(pieces.iter().all(|(offset, size)| offset % 8 == 0 && offset + size <= self.size()));
        assert!(self.size().is_multiple_of(8) && self.size() == self.header.size);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::empty;
    use super::*;

    fn stored(core: &mut Core, mut heap: LocalHeapEdit) -> LocalHeapEdit {
        let address = heap.address;
        heap.store(core).unwrap();
        LocalHeapEdit::open(core, address).unwrap()
    }

    /// The names of a new group of libhdf5 with the same links: 88 bytes at first, then 176 in another place.
    #[test]
    fn names_lie_where_libhdf5_puts_them() {
        let mut core = empty();
        let mut heap = LocalHeapEdit::create(&mut core, 88).unwrap();
        let mut offsets: Vec<u64> = Vec::new();
        for name in ["", "a", "seven77", "eight888", "c", "d", "e"] {
            offsets.push(heap.insert(name.as_bytes()).unwrap());
        }
        assert_eq!(offsets, [0, 8, 16, 24, 40, 48, 56]);
        heap = stored(&mut core, heap);
        assert_eq!(heap.free, [Free { offset: 64, size: 24 }]);
        let segment = heap.header.segment;
        assert_eq!(heap.insert(b"not eight").unwrap(), 64 + 24 - 24);
        heap = stored(&mut core, heap);
        assert_eq!((heap.size(), heap.header.segment != segment), (176, true));
        assert_eq!(heap.free, [Free { offset: 80, size: 96 }]);
        assert_eq!(heap.string(&core, 24).unwrap(), b"eight888");
    }

    #[test]
    fn free_blocks_join_and_the_end_is_cut_off() {
        let mut core = empty();
        let mut heap = LocalHeapEdit::create(&mut core, 24).unwrap();
        heap.insert(b"").unwrap();
        let name = [b'n'; 40];
        let offsets: Vec<u64> = (0..20).map(|_| heap.insert(&name).unwrap()).collect();
        heap = stored(&mut core, heap);
        assert_eq!(heap.size(), 1152);
        for &offset in &offsets[..3] {
            heap.remove(&core, offset).unwrap();
        }
        assert!(heap.free.contains(&Free { offset: offsets[0], size: 3 * 48 }));
        assert_eq!(heap.insert(&[b'm'; 100]).unwrap(), offsets[0]);
        for &offset in &offsets[3..] {
            heap.remove(&core, offset).unwrap();
        }
        heap = stored(&mut core, heap);
        assert_eq!(heap.size(), 144);
        assert_eq!(heap.string(&core, offsets[0]).unwrap(), [b'm'; 100]);
        let error = heap.remove(&core, offsets[0] + 104).unwrap_err().to_string();
        assert!(error.contains("has it in its free list"), "{error}");
    }

    #[test]
    fn changes_can_be_taken_back() {
        let mut core = empty();
        let mut heap = LocalHeapEdit::create(&mut core, 24).unwrap();
        let long = [b'n'; 90];
        let offsets: Vec<u64> = [&b""[..], b"a name of 16", &long, &long, b"e", &long, &long]
            .into_iter()
            .map(|name| heap.insert(name).unwrap())
            .collect();
        heap.settle();
        let (data, free, before) = (heap.data.clone(), heap.free.clone(), heap.moment());
        // One name goes into the place of another, and the end of the segment is cut off and comes back.
        heap.remove(&core, offsets[1]).unwrap();
        assert_eq!(heap.insert(b"another of 16").unwrap(), offsets[1]);
        for &offset in &offsets[2..] {
            heap.remove(&core, offset).unwrap();
        }
        assert!(heap.size() < data.0.len() as u64);
        let between = (heap.data.clone(), heap.moment());
        assert!((0..9).all(|_| heap.insert(&[b'x'; 100]).is_ok()));
        heap.go_back(between.1);
        assert_eq!(heap.data.0.len(), between.0.0.len());
        assert_eq!(heap.string(&core, offsets[1]).unwrap(), b"another of 16");
        heap.go_back(before);
        assert_eq!((&heap.data, &heap.free), (&data, &free));
    }

    #[test]
    fn lists_that_cannot_be_are_refused() {
        let mut core = empty();
        let mut heap = LocalHeapEdit::create(&mut core, 88).unwrap();
        heap.insert(b"").unwrap();
        let offsets: Vec<u64> = (0..2).map(|_| heap.insert(b"a name of 16").unwrap()).collect();
        heap.insert(b"kept").unwrap();
        let heap = stored(&mut core, heap);
        let refused = |list: u64, blocks: &[(u64, u64, u64)], text: &str| {
            let mut data = heap.data.clone();
            for &(offset, next, size) in blocks {
                let block = encode(&FreeBlock { next, size }, &core.sizes()).unwrap();
                data.0[to_usize(offset).unwrap()..][..16].copy_from_slice(&block);
            }
            let header = LocalHeap { free_list: list, ..heap.header.clone() };
            let error = free_list(&core, &header, &data).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        let (a, b) = (offsets[0], offsets[1]);
        refused(a, &[(a, b, 16), (b, a, 16)], "no free block can be there");
        refused(a, &[(a, b, 24), (b, 1, 16)], "two free blocks overlap");
        refused(a, &[(a, 1, 88)], "ends outside of the local heap");
        refused(80, &[], "outside of the local heap");
        refused(a + 4, &[(a + 4, 1, 16)], "no free block can be there");
        refused(0, &[(0, 1, 16)], "no free block can be there");
        refused(a, &[(a, u64::MAX, 16)], "outside of the local heap");
    }
}
