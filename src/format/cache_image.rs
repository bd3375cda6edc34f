//! The metadata cache image block: a copy of libhdf5's cache of metadata, made when the file was closed.
//!
//! Specification 4.0 leaves it out; libhdf5 (H5Cimage.c) decides.
//!
//! ```text
//! block                                          entry
//!  0  4  signature "MDCI"                         0  1  type of the structure, as libhdf5 counts them
//!  4  1  version (0)                              1  1  flags: bit 0 newer than the file, 1 in the list of recent use,
//!  5  1  flags (0)                                      2 has flush dependency children, 3 has parents
//!  6  L  bytes of the block                       2  1  ring: which structures are to be flushed before which
//!  .  4  number of entries                        3  1  age: for how many closings it was not used
//!  .  .  entries                                  4  2  flush dependency children
//!                                                 6  2  of those, children that are newer than the file
//!                                                 8  2  flush dependency parents
//!                                                10  4  place in the list of recent use, or -1
//!                                                14  O  address of the structure
//!                                                 .  L  its bytes
//!  .  4  checksum                                  .  .  addresses of the parents, O each
//!                                                 .  .  the structure
//! ```
//!
//! How long the block is stands in the superblock extension too. Reads and writes version 0.

use super::Wire;
use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CacheImageBlock {
    pub(crate) entries: Vec<CacheEntry>,
}

/// One structure as it was in the cache.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CacheEntry {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) ring: u8,
    pub(crate) age: u8,
    pub(crate) children: u16,
    pub(crate) dirty_children: u16,
    pub(crate) parents: Vec<Address>,
    /// All bits set where the list does not have it.
    pub(crate) rank: u32,
    pub(crate) address: Address,
    pub(crate) bytes: Vec<u8>,
}

/// The superblock's own structures are not in an image.
const LAST_KIND: u8 = 24;
const LAST_RING: u8 = 5;
const FLAGS: u8 = 15;

impl Wire for CacheImageBlock {
    const STRUCTURE: Structure = Structure::CacheImageBlock;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let whole = r.remaining() as u64;
        let mut body = r.clone().checked()?;
        body.signature(b"MDCI")?;
        body.version(0..=0)?;
        body.flags(0)?;
        let at = body.clone();
        let length = body.length(*sizes)?;
        if length != whole {
            return Err(at.bad("length of the cache image", length, "not that of its block"));
        }
        let at = body.clone();
        let count = u64::from(body.u32()?);
        if count == 0 {
            return Err(at.bad("number of cache entries", count, "it must be greater than zero"));
        }
        let count = body.count(count, ENTRY + sizes.address() + sizes.len())?;
        let entries = (0..count).map(|_| CacheEntry::decode(&mut body, *sizes)).collect::<Result<_>>()?;
        body.finish()?;
        r.take_rest();
        Ok(CacheImageBlock { entries })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        let entries = self.entries.iter().map(|entry| entry.len(*sizes));
        Ok(14 + sizes.len() + entries.sum::<usize>())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.put(b"MDCI\0\0");
        w.length(self.encoded_len(sizes)? as u64, *sizes, "length of the cache image")?;
        w.size(self.entries.len(), 4, "number of cache entries")?;
        self.entries.iter().try_for_each(|entry| entry.encode(w, *sizes))?;
        w.checksum();
        Ok(())
    }
}

impl CacheEntry {
    fn len(&self, sizes: Sizes) -> usize {
        ENTRY + sizes.address() * (1 + self.parents.len()) + sizes.len() + self.bytes.len()
    }

    fn decode(r: &mut Reader<'_>, sizes: Sizes) -> Result<Self> {
        let at = r.clone();
        let kind = r.u8()?;
        if kind > LAST_KIND {
            return Err(at.bad("type of a cache entry", kind, "0 to 24 can be in an image"));
        }
        let flags = r.flags(FLAGS)?;
        let (ring, age) = (r.u8()?, r.u8()?);
        if ring > LAST_RING {
            return Err(at.bad("ring of a cache entry", ring, "0 to 5 are known"));
        }
        let (children, dirty_children, parents) = (r.u16()?, r.u16()?, r.u16()?);
        let rank = r.u32()?;
        let address = r.defined_address(sizes, "address of a cache entry")?;
        let length = r.length(sizes)?;
        if length == 0 {
            return Err(at.bad("length of a cache entry", length, "it must be greater than zero"));
        }
        let parents = r.count(u64::from(parents), sizes.address())?;
        let parents =
            (0..parents).map(|_| r.defined_address(sizes, "address of a parent")).collect::<Result<_>>()?;
        let bytes = r.take_long(length)?.to_vec();
        Ok(CacheEntry { kind, flags, ring, age, children, dirty_children, parents, rank, address, bytes })
    }

    fn encode(&self, w: &mut Writer, sizes: Sizes) -> Result<()> {
        if self.bytes.is_empty() {
            return Err(Error::field("length of a cache entry", 0, "it must be greater than zero"));
        }
        w.put(&[self.kind, self.flags, self.ring, self.age]);
        w.u16(self.children);
        w.u16(self.dirty_children);
        w.size(self.parents.len(), 2, "number of parents of a cache entry")?;
        w.u32(self.rank);
        w.address(Some(self.address), sizes)?;
        w.length(self.bytes.len() as u64, sizes, "length of a cache entry")?;
        self.parents.iter().try_for_each(|&parent| w.address(Some(parent), sizes))?;
        w.put(&self.bytes);
        Ok(())
    }
}

/// The bytes of an entry before its address.
const ENTRY: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse, refuse_sealed, sealed};

    const NARROW: Sizes = Sizes { offset: 4, length: 2 };

    #[rustfmt::skip]
    fn image() -> Vec<u8> {
        sealed(&[
            &b"MDCI\0\0"[..],
            &[72, 0],                           // bytes of the block
            &[2, 0, 0, 0],                      // two entries
            &[5, 3, 1, 0],                      // an object header, newer than the file, in use, user's ring, age 0
            &[0, 0, 0, 0, 0, 0, 1, 0, 0, 0],    // no dependencies; the first in the list
            &[48, 0, 0, 0, 7, 0],               // at 48, 7 bytes
            b"OHDR\x02\0\0",
            &[9, 8, 1, 2],                      // a B-tree leaf, a flush dependency child
            &[0, 0, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff],
            &[0, 8, 0, 0, 5, 0],                // at 2048, 5 bytes
            &[0, 4, 0, 0],                      // behind the structure at 1024
            b"BTLF\0",
        ].concat())
    }

    impl Samples for CacheImageBlock {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::sealed("two entries", NARROW, image())]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1"),
            (5, 1, "flags is 1"),
            (6, 73, "length of the cache image is 73: not that of its block"),
            (8, 0, "number of cache entries is 0"),
            (8, 1, "left over"),
            (11, 1, "truncated"),
            (12, 25, "type of a cache entry is 25"),
            (13, 16, "flags is 16"),
            (14, 6, "ring of a cache entry is 6"),
            (30, 0, "length of a cache entry is 0"),
            (30, 0xff, "truncated"),
        ];
        refuse_sealed::<CacheImageBlock>(image(), NARROW, &changes);
        refuse::<CacheImageBlock>(image(), NARROW, &[(30, 0, "checksum mismatch")]);
    }

    #[test]
    fn an_entry_says_what_lies_where() {
        let image: CacheImageBlock =
            crate::format::decode(&image(), 0, &NARROW, &Default::default()).unwrap();
        let places: Vec<_> = image.entries.iter().map(|e| (e.address.0, e.bytes.len())).collect();
        assert_eq!(places, [(48, 7), (2048, 5)]);
        assert_eq!(image.entries[1].parents, [Address(1024)]);
    }
}
