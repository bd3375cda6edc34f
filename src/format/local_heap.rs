//! The local heap: the names of an old-style group.
//!
//! Specification 4.0, III.D.
//!
//! ```text
//! header                                     free block in the data segment
//!  0  4  signature "HEAP"                     0  L  offset of the next free block (1: none)
//!  4  1  version (0)                          L  L  bytes of this one
//!  5  3  reserved
//!  8  L  size of the data segment
//!  .  L  offset of the first free block (1: none)
//!  .  O  address of the data segment
//! ```
//!
//! Reads and writes version 0. The data segment is a block of its own; names in it are NUL-terminated.

use super::{Framed, Wire};
use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LocalHeap {
    pub(crate) size: u64,
    pub(crate) free_list: u64,
    pub(crate) segment: Address,
}

/// What the free list ends with.
pub(crate) const NO_FREE_BLOCK: u64 = 1;

/// What names and free blocks begin at a multiple of, as libhdf5 has it.
pub(crate) const ALIGNMENT: u64 = 8;

impl LocalHeap {
    /// The bytes that libhdf5 gives a header: more than it fills where numbers are narrow.
    pub(crate) fn room(sizes: Sizes) -> u64 {
        (Self::prefix_len(&sizes) as u64).next_multiple_of(ALIGNMENT)
    }
}

impl Wire for LocalHeap {
    const STRUCTURE: Structure = Structure::LocalHeap;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        r.signature(b"HEAP")?;
        r.version(0..=0)?;
        r.skip_padding(3, "reserved")?;
        let size = r.length(*sizes)?;
        let free_list = r.length(*sizes)?;
        let segment = r.defined_address(*sizes, "data segment address")?;
        Ok(LocalHeap { size, free_list, segment })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(8 + 2 * sizes.len() + sizes.address())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.put(b"HEAP\0\0\0\0");
        w.length(self.size, *sizes, "size of the data segment")?;
        w.length(self.free_list, *sizes, "free list offset")?;
        w.address(Some(self.segment), *sizes)
    }
}

impl Framed for LocalHeap {
    fn prefix_len(sizes: &Sizes) -> usize {
        8 + 2 * sizes.len() + sizes.address()
    }

    fn extent(_: &mut Reader<'_>, sizes: &Sizes) -> Result<u64> {
        Ok(Self::prefix_len(sizes) as u64)
    }
}

/// The data segment, as it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LocalHeapData(pub(crate) Vec<u8>);

impl LocalHeapData {
    /// The NUL-terminated string at `offset`.
    pub(crate) fn string(&self, offset: u64) -> Option<&[u8]> {
        let rest = self.0.get(usize::try_from(offset).ok()?..)?;
        rest.split(|&byte| byte == 0).next().filter(|name| name.len() < rest.len())
    }
}

impl Wire for LocalHeapData {
    const STRUCTURE: Structure = Structure::LocalHeapData;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        Ok(LocalHeapData(r.take_rest().to_vec()))
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(self.0.len())
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.put(&self.0);
        Ok(())
    }
}

/// A part of the data segment that holds no name; its first bytes say what is here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FreeBlock {
    pub(crate) next: u64,
    pub(crate) size: u64,
}

impl FreeBlock {
    /// The least bytes of one.
    pub(crate) fn least(sizes: Sizes) -> u64 {
        (2 * u64::from(sizes.length)).next_multiple_of(ALIGNMENT)
    }
}

impl Wire for FreeBlock {
    const STRUCTURE: Structure = Structure::LocalHeapData;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let next = r.length(*sizes)?;
        let at = r.clone();
        let size = r.length(*sizes)?;
        if size < 2 * u64::from(sizes.length) {
            return Err(at.bad("size of a free block", size, "too small for what it says of itself"));
        }
        Ok(FreeBlock { next, size })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(2 * sizes.len())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.length(self.next, *sizes, "offset of the next free block")?;
        w.length(self.size, *sizes, "size of a free block")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    #[rustfmt::skip]
    const HEADER: [u8; 32] = [
        b'H', b'E', b'A', b'P', 0, 0, 0, 0,     // signature, version
        88, 0, 0, 0, 0, 0, 0, 0,                // 88 bytes of data
        8, 0, 0, 0, 0, 0, 0, 0,                 // the first free block
        0x20, 3, 0, 0, 0, 0, 0, 0,              // the data at 800
    ];

    impl Samples for LocalHeap {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("version 0", Sizes::EIGHT, HEADER.to_vec())]
        }
    }

    const NARROW: Sizes = Sizes { offset: 2, length: 2 };

    impl Samples for FreeBlock {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("the last one", NARROW, vec![1, 0, 24, 0])]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 0, "signature"), (4, 1, "version 1")];
        refuse::<LocalHeap>(HEADER.to_vec(), Sizes::EIGHT, &changes);
        refuse::<FreeBlock>(vec![1, 0, 24, 0], NARROW, &[(2, 3, "size of a free block is 3")]);
    }

    #[test]
    fn room_is_left_up_to_a_multiple_of_8() {
        assert_eq!((LocalHeap::room(NARROW), LocalHeap::room(Sizes::EIGHT)), (16, 32));
        assert_eq!((FreeBlock::least(NARROW), FreeBlock::least(Sizes::EIGHT)), (8, 16));
    }

    #[test]
    fn a_name_ends_at_its_nul_or_is_none() {
        let data = LocalHeapData(b"\0ab\0c".to_vec());
        assert_eq!(data.string(0), Some(&b""[..]));
        assert_eq!(data.string(1), Some(&b"ab"[..]));
        assert_eq!(data.string(4), None);
        assert_eq!(data.string(99), None);
    }
}
