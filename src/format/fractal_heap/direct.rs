//! The direct block of a fractal heap: the objects themselves.
//!
//! Specification 4.0, III.G.
//!
//! ```text
//!  0  4  signature "FHDB"
//!  4  1  version (0)
//!  5  O  address of the heap's header
//!  .  .  offset of the block in the heap, as wide as the maximum heap size needs
//!  .  4  checksum over the whole block with zeros in this place, if the heap has them
//!  .  .  objects and free space
//! ```
//!
//! An object's offset in the heap counts these fields too. If the heap is filtered, this is the block after its filters
//! were undone. Reads and writes version 0.

use super::HeapContext;
use crate::base::{Address, Budget, Error, Malformed, Reader, Result, Structure, Writer, lookup3, to_usize};
use crate::format::{Framed, Wire};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DirectBlock {
    pub(crate) header: Address,
    /// Where the block lies in the heap.
    pub(crate) offset: u64,
    overhead: usize,
    /// The whole block, with room for the fields above.
    bytes: Vec<u8>,
}

/// What the doubling table says of a block, and its heap of all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DirectContext {
    pub(crate) heap: HeapContext,
    pub(crate) size: u64,
}

impl DirectBlock {
    /// Makes a block without objects.
    pub(crate) fn new(header: Address, offset: u64, cx: &DirectContext, budget: &Budget) -> Result<Self> {
        budget.metadata(cx.size)?;
        let bytes = vec![0; to_usize(cx.size)?];
        let overhead = cx.heap.direct_overhead();
        if bytes.len() < overhead {
            return Err(too_small(cx.size).within(Self::STRUCTURE));
        }
        Ok(DirectBlock { header, offset, overhead, bytes })
    }

    /// The bytes of the block, its own fields counted.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The bytes at an offset in the heap, if the block has them.
    pub(crate) fn get(&self, offset: u64, len: u64) -> Option<&[u8]> {
        self.range(offset, len).map(|range| &self.bytes[range])
    }

    pub(crate) fn get_mut(&mut self, offset: u64, len: u64) -> Option<&mut [u8]> {
        self.range(offset, len).map(|range| &mut self.bytes[range])
    }

    fn range(&self, offset: u64, len: u64) -> Option<std::ops::Range<usize>> {
        let begin = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        let end = begin.checked_add(usize::try_from(len).ok()?)?;
        (begin >= self.overhead && end <= self.bytes.len()).then_some(begin..end)
    }
}

impl Wire for DirectBlock {
    const STRUCTURE: Structure = Structure::FractalHeapDirect;
    type Context = DirectContext;

    fn decode(r: &mut Reader<'_>, cx: &DirectContext) -> Result<Self> {
        let at = r.clone();
        r.signature(b"FHDB")?;
        r.version(0..=0)?;
        let header = r.defined_address(cx.heap.sizes, "address of the heap's header")?;
        let offset = r.uint(cx.heap.table.offset_width())?;
        let stored = if cx.heap.checksummed { Some(r.u32()?) } else { None };
        let overhead = cx.heap.direct_overhead();
        *r = at.clone();
        let mut bytes = r.take_long(cx.size)?.to_vec();
        if bytes.len() < overhead {
            return Err(at.locate(too_small(cx.size)));
        }
        if let Some(stored) = stored {
            bytes[overhead - 4..overhead].fill(0);
            let computed = lookup3(&bytes);
            if stored != computed && !cfg!(fuzzing) {
                return Err(at.locate(Malformed::Checksum { stored, computed }.into()));
            }
        }
        bytes[..overhead].fill(0);
        Ok(DirectBlock { header, offset, overhead, bytes })
    }

    fn encoded_len(&self, _: &DirectContext) -> Result<usize> {
        Ok(self.bytes.len())
    }

    fn encode(&self, w: &mut Writer, cx: &DirectContext) -> Result<()> {
        let mut head = Writer::new(Self::STRUCTURE, self.overhead);
        head.put(b"FHDB\0");
        head.address(Some(self.header), cx.heap.sizes)?;
        head.uint(self.offset, cx.heap.table.offset_width(), "offset of a direct block")?;
        let fields = head.position();
        head.fill(self.overhead - fields, 0);
        let mut block = head.into_bytes();
        block.extend_from_slice(&self.bytes[self.overhead..]);
        if cx.heap.checksummed {
            let sum = lookup3(&block).to_le_bytes();
            block[fields..self.overhead].copy_from_slice(&sum);
        }
        w.put(&block);
        Ok(())
    }
}

impl Framed for DirectBlock {
    fn prefix_len(cx: &DirectContext) -> usize {
        cx.heap.direct_overhead()
    }

    fn extent(_: &mut Reader<'_>, cx: &DirectContext) -> Result<u64> {
        Ok(cx.size)
    }
}

fn too_small(size: u64) -> Error {
    Error::field("size of a direct block", size, "less than its own fields")
}

#[cfg(test)]
mod tests {
    use super::super::samples::links;
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};
    use crate::format::{decode, encode};

    fn context(checksummed: bool, size: u64) -> DirectContext {
        DirectContext { heap: HeapContext { checksummed, ..links() }, size }
    }

    #[rustfmt::skip]
    fn plain() -> Vec<u8> {
        [
            &b"FHDB\0"[..],
            &[0, 8, 0, 0, 0, 0, 0, 0],      // header at 2048
            &[0, 16, 0, 0],                 // at 4096 in the heap
            b"object",
        ].concat()
    }

    fn checksummed() -> Vec<u8> {
        let mut bytes = plain();
        bytes.splice(17..17, [0; 4]);
        let sum = lookup3(&bytes).to_le_bytes();
        bytes[17..21].copy_from_slice(&sum);
        bytes
    }

    impl Samples for DirectBlock {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("plain", context(false, 23), plain()),
                Sample::plain("checksum", context(true, 27), checksummed()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 0, "signature"), (4, 1, "version 1"), (22, 0, "checksum mismatch")];
        refuse::<DirectBlock>(checksummed(), context(true, 27), &changes);
        refuse::<DirectBlock>(plain(), context(false, 16), &[(22, 0, "size of a direct block is 16")]);
    }

    #[test]
    fn objects_are_found_by_their_offset_in_the_heap() {
        let cx = context(true, 27);
        let mut block: DirectBlock = decode(&checksummed(), 0, &cx, &Budget::default()).unwrap();
        assert_eq!(block.get(4096 + 21, 6), Some(&b"object"[..]));
        let outside = [(4095, 1), (4096 + 20, 1), (4096 + 21, 7), (4096 + 27, u64::MAX), (u64::MAX, 1)];
        assert!(outside.iter().all(|&(offset, len)| block.get(offset, len).is_none()));
        block.get_mut(4096 + 21, 6).unwrap().copy_from_slice(b"OBJECT");
        let bytes = encode(&block, &cx).unwrap();
        assert_eq!(decode::<DirectBlock>(&bytes, 0, &cx, &Budget::default()).unwrap(), block);
    }

    #[test]
    fn a_new_block_reads_back() {
        let (cx, budget) = (context(true, 64), Budget::default());
        let mut block = DirectBlock::new(Address(2048), 512, &cx, &budget).unwrap();
        block.get_mut(512 + 21, 3).unwrap().copy_from_slice(b"abc");
        let bytes = encode(&block, &cx).unwrap();
        assert_eq!(decode::<DirectBlock>(&bytes, 0, &cx, &budget).unwrap(), block);
        assert!(DirectBlock::new(Address(2048), 512, &context(true, 20), &budget).is_err());
        assert!(DirectBlock::new(Address(2048), 512, &context(true, 1 << 63), &budget).is_err());
    }
}
