//! The global heap: collections of byte strings that variable-length data and region references point into.
//!
//! Specification 4.0, III.E.
//!
//! ```text
//! collection                                  object, at a multiple of 8
//!  0  4  signature "GCOL"                      0  2  index (0: free space)
//!  4  1  version (1)                           2  2  reference count
//!  5  3  reserved                              4  4  reserved
//!  8  L  size of the collection                8  L  size of the data
//!  .  .  padding to a multiple of 8            .  .  padding to a multiple of 8
//!  .  .  objects                               .  .  data, padded to a multiple of 8
//!
//! identifier                                  variable-length element
//!  0  O  address of the collection             0  4  number of elements
//!  O  4  index of the object                   4  .  identifier
//! ```
//!
//! The size of object 0 covers its own header; where less than a header is left, it isn't written. The paddings behind
//! the two lengths are not in the specification; libhdf5 has them where L is below 8. A collection has at least 4096
//! bytes, but a smaller one is read. Reads and writes version 1.

use std::ops::Range;

use super::{Framed, Wire};
use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer};

/// The fewest bytes of a collection that libhdf5 reads.
pub(crate) const MIN_SIZE: usize = 4096;

/// One collection: its bytes as they are, and where its objects lie in them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GlobalHeap {
    sizes: Sizes,
    bytes: Vec<u8>,
    /// Ordered by index, each index once.
    objects: Vec<Object>,
    /// The free space, with the header of object 0 if it has room for one.
    free: Range<usize>,
}

/// Where the data of an object lies; its header is right before it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Object {
    index: u16,
    start: usize,
    len: usize,
}

impl Wire for GlobalHeap {
    const STRUCTURE: Structure = Structure::GlobalHeap;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let mut body = r.clone();
        let size = collection_size(&mut body, *sizes)?;
        let mut body = r.clone().block(size, Structure::GlobalHeap)?;
        let bytes = r.take_long(size)?.to_vec();
        body.take(header_len(*sizes))?;
        let (objects, free) = decode_objects(&mut body, *sizes)?;
        Ok(GlobalHeap { sizes: *sizes, bytes, objects, free })
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(self.bytes.len())
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.put(&self.bytes);
        Ok(())
    }
}

impl Framed for GlobalHeap {
    fn prefix_len(sizes: &Sizes) -> usize {
        8 + sizes.len()
    }

    fn extent(prefix: &mut Reader<'_>, sizes: &Sizes) -> Result<u64> {
        collection_size(prefix, *sizes)
    }
}

impl GlobalHeap {
    /// Makes an empty collection of at least `size` bytes, rounded up to what the format allows.
    pub(crate) fn new(size: usize, sizes: Sizes) -> Result<Self> {
        let size = size.max(MIN_SIZE).checked_next_multiple_of(8).ok_or_else(|| too_large(size))?;
        let mut w = Writer::new(Structure::GlobalHeap, size);
        w.put(b"GCOL\x01\0\0\0");
        w.length(size as u64, sizes, "size of the collection")?;
        w.fill(size - w.position(), 0);
        let bytes = w.into_bytes();
        let free = header_len(sizes)..size;
        let mut heap = GlobalHeap { sizes, bytes, objects: Vec::new(), free };
        heap.write_free_object()?;
        Ok(heap)
    }

    /// The bytes that an object of `len` bytes takes in a collection.
    pub(crate) fn space_for(len: usize, sizes: Sizes) -> Result<usize> {
        len.checked_next_multiple_of(8)
            .and_then(|padded| padded.checked_add(header_len(sizes)))
            .ok_or_else(|| too_large(len))
    }

    /// The bytes of a collection besides what its objects take.
    pub(crate) fn overhead(sizes: Sizes) -> usize {
        header_len(sizes)
    }

    /// The bytes of the whole collection.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that objects may still take, with their headers.
    pub(crate) fn free_space(&self) -> usize {
        self.free.len()
    }

    /// The data of an object; there is no object 0.
    pub(crate) fn get(&self, index: u32) -> Option<&[u8]> {
        self.range(index).map(|range| &self.bytes[range])
    }

    /// Where in the collection the data of an object lies.
    pub(crate) fn range(&self, index: u32) -> Option<Range<usize>> {
        let object = self.objects[self.position(index)?];
        Some(object.start..object.start + object.len)
    }

    /// The indexes and the data of all objects, in the order of their indexes.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (u16, &[u8])> {
        self.objects.iter().map(|o| (o.index, &self.bytes[o.start..o.start + o.len]))
    }

    /// Adds an object and returns its index, or none if the free space or the indexes do not suffice.
    pub(crate) fn insert(&mut self, data: &[u8]) -> Result<Option<u16>> {
        let space = Self::space_for(data.len(), self.sizes)?;
        let Some((place, index)) = self.unused_index().filter(|_| space <= self.free.len()) else {
            return Ok(None);
        };
        let mut w = Writer::new(Structure::GlobalHeap, space);
        w.u16(index);
        w.fill(6, 0);
        w.length(data.len() as u64, self.sizes, "size of an object")?;
        w.align(8);
        let start = self.free.start + w.position();
        w.put(data);
        w.align(8);
        self.bytes[self.free.start..self.free.start + space].copy_from_slice(&w.into_bytes());
        self.objects.insert(place, Object { index, start, len: data.len() });
        self.free.start += space;
        self.write_free_object()?;
        Ok(Some(index))
    }

    /// Keeps the objects with these indexes and closes the gaps that the others leave; the bytes set free become zero.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(u16) -> bool) -> Result<()> {
        let header = header_len(self.sizes);
        let mut kept: Vec<Object> = self.objects.iter().copied().filter(|o| keep(o.index)).collect();
        if kept.len() == self.objects.len() {
            return Ok(());
        }
        kept.sort_by_key(|object| object.start);
        let mut end = header;
        for object in &mut kept {
            let whole = object.start - header..object.start + object.len.next_multiple_of(8);
            let space = whole.len();
            self.bytes.copy_within(whole, end);
            object.start = end + header;
            end += space;
        }
        kept.sort_by_key(|object| object.index);
        self.objects = kept;
        self.free = end..self.bytes.len();
        self.bytes[end..].fill(0);
        self.write_free_object()
    }

    fn position(&self, index: u32) -> Option<usize> {
        let index = u16::try_from(index).ok()?;
        // Without gaps, object 1 is the first one.
        let likely = usize::from(index).checked_sub(1)?;
        if self.objects.get(likely).is_some_and(|object| object.index == index) {
            return Some(likely);
        }
        self.objects.binary_search_by_key(&index, |object| object.index).ok()
    }

    /// An index for a new object and its place among the others: one that was never used as long as there are any,
    /// as libhdf5 chooses it, so that a stale identifier doesn't soon name another object.
    fn unused_index(&self) -> Option<(usize, u16)> {
        let last = self.objects.last().map_or(0, |object| object.index);
        if let Some(next) = last.checked_add(1) {
            return Some((self.objects.len(), next));
        }
        let gap = (1..=u16::MAX).zip(&self.objects).position(|(index, object)| index != object.index)?;
        u16::try_from(gap + 1).ok().map(|index| (gap, index))
    }

    fn write_free_object(&mut self) -> Result<()> {
        if self.free.len() < header_len(self.sizes) {
            return Ok(());
        }
        let mut w = Writer::new(Structure::GlobalHeap, 16);
        w.fill(8, 0);
        w.length(self.free.len() as u64, self.sizes, "size of the free space")?;
        w.align(8);
        let header = w.into_bytes();
        self.bytes[self.free.start..self.free.start + header.len()].copy_from_slice(&header);
        Ok(())
    }
}

/// The bytes before the first object, and those before the data of an object.
fn header_len(sizes: Sizes) -> usize {
    (8 + sizes.len()).next_multiple_of(8)
}

fn too_large(bytes: usize) -> Error {
    Error::limit("a global heap collection", bytes as u64, (usize::MAX - 32) as u64)
}

fn collection_size(r: &mut Reader<'_>, sizes: Sizes) -> Result<u64> {
    r.signature(b"GCOL")?;
    r.version(1..=1)?;
    r.skip_padding(3, "reserved")?;
    let at = r.clone();
    let size = r.length(sizes)?;
    if size < header_len(sizes) as u64 {
        return Err(at.bad("size of the collection", size, "less than its header"));
    }
    Ok(size)
}

fn decode_objects(r: &mut Reader<'_>, sizes: Sizes) -> Result<(Vec<Object>, Range<usize>)> {
    let header = header_len(sizes);
    let mut objects = Vec::new();
    let mut free = None;
    while r.remaining() >= header {
        let at = r.clone();
        let index = r.u16()?;
        r.skip_padding(6, "reference count, reserved")?;
        let len = r.length(sizes)?;
        r.skip_padding(header - 8 - sizes.len(), "alignment of the data")?;
        let start = r.position();
        // The size of object 0 covers its header; that of any other one covers the data without its padding.
        if index == 0 {
            let Some(rest) = len.checked_sub(header as u64) else {
                return Err(at.bad("size of the free space", len, "less than its header"));
            };
            r.take_long(rest)?;
            free = Some(at.position()..r.position());
        } else {
            let len = r.take_long(len)?.len();
            r.skip_padding(len.next_multiple_of(8) - len, "alignment of what follows")?;
            objects.push(Object { index, start, len });
        }
    }
    let end = r.position();
    let rest = r.take_rest().len();
    // Of objects with one index libhdf5 keeps the last; reversed, a stable sort brings that one to the front.
    objects.reverse();
    objects.sort_by_key(|object| object.index);
    objects.dedup_by_key(|object| object.index);
    Ok((objects, free.unwrap_or(end..end + rest)))
}

/// Names an object of the global heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct GlobalHeapId {
    pub(crate) collection: Option<Address>,
    pub(crate) index: u32,
}

impl GlobalHeapId {
    /// What libhdf5 stores where there is no object: an empty sequence, or one never written.
    pub(crate) const NULL: GlobalHeapId = GlobalHeapId { collection: Some(Address(0)), index: 0 };

    pub(crate) fn len(sizes: Sizes) -> usize {
        sizes.address() + 4
    }

    /// The collection and the index, unless there is no object: no collection lies at address 0.
    pub(crate) fn target(self) -> Option<(Address, u32)> {
        self.collection.filter(|address| address.0 != 0).map(|address| (address, self.index))
    }
}

impl Wire for GlobalHeapId {
    const STRUCTURE: Structure = Structure::GlobalHeapId;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        Ok(GlobalHeapId { collection: r.address(*sizes)?, index: r.u32()? })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(Self::len(*sizes))
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.address(self.collection, *sizes)?;
        w.u32(self.index);
        Ok(())
    }
}

/// What a dataset holds in the place of a variable-length sequence or string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VariableLength {
    /// The number of elements, not of bytes.
    pub(crate) count: u32,
    pub(crate) id: GlobalHeapId,
}

impl VariableLength {
    pub(crate) fn len(sizes: Sizes) -> usize {
        4 + GlobalHeapId::len(sizes)
    }
}

impl Wire for VariableLength {
    const STRUCTURE: Structure = Structure::GlobalHeapId;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        Ok(VariableLength { count: r.u32()?, id: GlobalHeapId::decode(r, sizes)? })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(Self::len(*sizes))
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.u32(self.count);
        self.id.encode(w, sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Budget;
    use crate::format::battery::{Sample, Samples, refuse};
    use crate::format::{decode, encode};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    #[rustfmt::skip]
    fn two_objects() -> Vec<u8> {
        [
            &b"GCOL\x01\0\0\0"[..], &[96, 0, 0, 0, 0, 0, 0, 0],     // 96 bytes
            &[2, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0],      // object 2, one reference, 3 bytes
            b"abc\0\0\0\0\0",
            &[1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0],      // object 1, 8 bytes
            b"ABCDEFGH",
            &[0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0],     // 32 bytes are free
            &[9; 16],
        ].concat()
    }

    #[rustfmt::skip]
    fn too_little_left() -> Vec<u8> {
        [
            &b"GCOL\x01\0\0\0"[..], &[48, 0, 0, 0, 0, 0, 0, 0],     // 48 bytes, padded
            &[7, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],      // object 7, 1 byte, padded
            &[42, 0, 0, 0, 0, 0, 0, 0],
            &[0; 8],                                                // not enough for object 0
        ].concat()
    }

    impl Samples for GlobalHeap {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("two objects, free space", Sizes::EIGHT, two_objects()),
                Sample::plain("no object 0", NARROW, too_little_left()),
            ]
        }
    }

    impl Samples for GlobalHeapId {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("object 3", NARROW, vec![0, 8, 0, 0, 3, 0, 0, 0]),
                Sample::plain("undefined", NARROW, vec![0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
            ]
        }
    }

    impl Samples for VariableLength {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("5 elements", NARROW, vec![5, 0, 0, 0, 0, 8, 0, 0, 3, 0, 0, 0])]
        }
    }

    fn heap(bytes: &[u8], sizes: Sizes) -> GlobalHeap {
        decode(bytes, 0, &sizes, &Budget::default()).unwrap()
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 0, "signature"),
            (4, 2, "version 2 (known up to 1)"),
            (8, 8, "size of the collection is 8: less than its header"),
            (24, 80, "truncated: 80 bytes needed"),
            (72, 15, "size of the free space is 15: less than its header"),
            (72, 40, "truncated: 24 bytes needed, 16 there"),
        ];
        refuse::<GlobalHeap>(two_objects(), Sizes::EIGHT, &changes);
    }

    #[test]
    fn objects_are_found_by_index_in_whatever_order_they_lie() {
        let heap = heap(&two_objects(), Sizes::EIGHT);
        assert_eq!(heap.get(1), Some(&b"ABCDEFGH"[..]));
        assert_eq!(heap.get(2), Some(&b"abc"[..]));
        assert_eq!((heap.get(0), heap.get(3), heap.get(0x1_0001)), (None, None, None));
        assert_eq!(heap.free_space(), 32);
        let narrow = self::heap(&too_little_left(), NARROW);
        assert_eq!((narrow.get(7), narrow.free_space()), (Some(&[42][..]), 8));
    }

    #[test]
    fn of_two_objects_with_one_index_the_last_counts() {
        let mut bytes = two_objects();
        bytes[40] = 2;
        let heap = heap(&bytes, Sizes::EIGHT);
        assert_eq!(heap.objects().collect::<Vec<_>>(), [(2, &b"ABCDEFGH"[..])]);
    }

    #[test]
    fn what_was_built_reads_back() {
        for sizes in [Sizes::EIGHT, NARROW, Sizes { offset: 2, length: 2 }] {
            let mut built = GlobalHeap::new(0, sizes).unwrap();
            assert_eq!(built.insert(b"").unwrap(), Some(1));
            assert_eq!(built.insert(b"abc").unwrap(), Some(2));
            assert_eq!(built.insert(&[7; 4000]).unwrap(), Some(3));
            assert_eq!(built.free_space(), 4096 - 16 - 16 - 24 - 4016);
            assert_eq!(built.insert(&[7; 9]).unwrap(), None);
            assert_eq!(built.insert(&[7; 8]).unwrap(), Some(4));
            assert_eq!(built.free_space(), 0);
            let bytes = encode(&built, &sizes).unwrap();
            assert_eq!(bytes.len(), MIN_SIZE);
            assert_eq!(heap(&bytes, sizes), built);
        }
    }

    #[test]
    fn removing_closes_the_gap_and_frees_the_space() {
        let mut heap = heap(&two_objects(), Sizes::EIGHT);
        heap.retain(|index| index != 2).unwrap();
        assert_eq!(heap.get(1), Some(&b"ABCDEFGH"[..]));
        assert_eq!(heap.free_space(), 56);
        let bytes = encode(&heap, &Sizes::EIGHT).unwrap();
        assert_eq!(bytes[40..56], [0, 0, 0, 0, 0, 0, 0, 0, 56, 0, 0, 0, 0, 0, 0, 0]);
        assert!(bytes[56..].iter().all(|&byte| byte == 0));
        assert_eq!(self::heap(&bytes, Sizes::EIGHT), heap);
    }

    #[test]
    fn an_index_is_used_again_only_when_all_were() {
        let mut heap = GlobalHeap::new(70_000 * 16, Sizes::EIGHT).unwrap();
        for index in 1..=u16::MAX {
            assert_eq!(heap.insert(b"").unwrap(), Some(index));
        }
        assert_eq!(heap.insert(b"").unwrap(), None);
        heap.retain(|index| index != 300).unwrap();
        assert_eq!(heap.insert(b"").unwrap(), Some(300));
    }

    #[test]
    fn a_null_identifier_names_nothing() {
        assert_eq!(GlobalHeapId::NULL.target(), None);
        assert_eq!(GlobalHeapId { collection: None, index: 4 }.target(), None);
        let id = GlobalHeapId { collection: Some(Address(96)), index: 4 };
        assert_eq!(id.target(), Some((Address(96), 4)));
    }
}
