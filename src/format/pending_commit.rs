//! A commit that is under way: a marker in the place of the superblock, and the table of what is still to be copied.
//!
//! Not part of the specification: libhdf5 finds no signature and refuses the file for as long as the marker stands. See
//! "Commits" in `docs/design.md`. All addresses are relative to the place of the marker, which is that of the superblock.
//!
//! ```text
//! marker                                   table
//!   0  8  signature                          0  4  signature "H5CT"
//!   8  8  address of the table               4  1  version (1)
//!  16  4  bytes of the table                 5  1  bytes of the superblock (S)
//!  20  4  checksum                           6  2  reserved
//!                                            8  S  the superblock that takes the marker's place in the end
//!                                            .  4  number of copies
//!                                            .     each: 8 from, 8 to, 8 bytes, 4 checksum of the bytes
//!                                            .  4  checksum
//! ```
//!
//! The marker has 24 bytes, which no superblock is shorter than, and lies within one sector.

use super::{Framed, Wire};
use crate::base::{Address, Reader, Result, Structure, Writer, lookup3};

/// What the superblock's signature becomes.
pub(crate) const MARKER: [u8; 8] = *b"\x89H5C\r\n\x1a\n";
const TABLE: [u8; 4] = *b"H5CT";
const VERSION: u8 = 1;
const COPY_LEN: usize = 28;

/// Stands where the superblock was while the last part of a commit is under way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommitMarker {
    pub(crate) table: Address,
    pub(crate) table_len: u32,
}

/// What is to be copied, and the superblock that then counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommitTable {
    pub(crate) superblock: Vec<u8>,
    pub(crate) copies: Vec<Copy>,
}

/// Bytes in space of their own that belong elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Copy {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) len: u64,
    pub(crate) checksum: u32,
}

impl Wire for CommitMarker {
    const STRUCTURE: Structure = Structure::CommitMarker;
    type Context = ();

    fn decode(r: &mut Reader<'_>, _: &()) -> Result<Self> {
        let mut body = r.clone().checked()?;
        body.signature(&MARKER)?;
        let marker = CommitMarker { table: Address(body.u64()?), table_len: body.u32()? };
        body.finish()?;
        r.take_rest();
        Ok(marker)
    }

    fn encoded_len(&self, _: &()) -> Result<usize> {
        Ok(24)
    }

    fn encode(&self, w: &mut Writer, _: &()) -> Result<()> {
        w.put(&MARKER);
        w.u64(self.table.0);
        w.u32(self.table_len);
        w.checksum();
        Ok(())
    }
}

impl Framed for CommitMarker {
    fn prefix_len(_: &()) -> usize {
        24
    }

    fn extent(_: &mut Reader<'_>, _: &()) -> Result<u64> {
        Ok(24)
    }
}

impl Wire for CommitTable {
    const STRUCTURE: Structure = Structure::CommitTable;
    type Context = ();

    fn decode(r: &mut Reader<'_>, _: &()) -> Result<Self> {
        let mut body = r.clone().checked()?;
        body.signature(&TABLE)?;
        body.version(VERSION..=VERSION)?;
        let superblock_len = usize::from(body.u8()?);
        body.skip_padding(2, "reserved")?;
        let superblock = body.take(superblock_len)?.to_vec();
        let count = u64::from(body.u32()?);
        let count = body.count(count, COPY_LEN)?;
        let mut copies = Vec::with_capacity(count);
        for _ in 0..count {
            let (from, to) = (Address(body.u64()?), Address(body.u64()?));
            copies.push(Copy { from, to, len: body.u64()?, checksum: body.u32()? });
        }
        body.finish()?;
        r.take_rest();
        Ok(CommitTable { superblock, copies })
    }

    fn encoded_len(&self, _: &()) -> Result<usize> {
        Ok(8 + self.superblock.len() + 4 + self.copies.len() * COPY_LEN + 4)
    }

    fn encode(&self, w: &mut Writer, _: &()) -> Result<()> {
        w.put(&TABLE);
        w.u8(VERSION);
        w.size(self.superblock.len(), 1, "bytes of the superblock")?;
        w.u16(0);
        w.put(&self.superblock);
        w.size(self.copies.len(), 4, "number of copies")?;
        for copy in &self.copies {
            w.u64(copy.from.0);
            w.u64(copy.to.0);
            w.u64(copy.len);
            w.u32(copy.checksum);
        }
        w.checksum();
        Ok(())
    }
}

/// The checksum of bytes that come in pieces.
#[derive(Default)]
pub(crate) struct Checksum(u32);

impl Checksum {
    pub(crate) fn add(&mut self, piece: &[u8]) {
        self.0 = self.0.rotate_left(5) ^ lookup3(piece);
    }

    pub(crate) fn value(&self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse_sealed, sealed};

    #[rustfmt::skip]
    fn marker() -> Vec<u8> {
        sealed(&[
            &MARKER[..],
            &[0, 16, 0, 0, 0, 0, 0, 0],     // the table lies at 4096
            &[70, 0, 0, 0],                 // and has 70 bytes
        ].concat())
    }

    #[rustfmt::skip]
    fn table() -> Vec<u8> {
        sealed(&[
            &b"H5CT"[..],
            &[1, 3, 0, 0],                  // version, a superblock of 3 bytes
            b"sup",
            &[1, 0, 0, 0],                  // one copy
            &[0, 32, 0, 0, 0, 0, 0, 0],     // from 8192
            &[96, 0, 0, 0, 0, 0, 0, 0],     // to 96
            &[16, 0, 0, 0, 0, 0, 0, 0],     // 16 bytes
            &[1, 2, 3, 4],                  // with this checksum
        ].concat())
    }

    impl Samples for CommitMarker {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::sealed("marker", (), marker())]
        }
    }

    impl Samples for CommitTable {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::sealed("one copy", (), table())]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse_sealed::<CommitMarker>(marker(), (), &[(0, 0, "signature")]);
        let changes = [(0, 0, "signature"), (4, 2, "version 2"), (5, 40, "truncated"), (11, 9, "truncated")];
        refuse_sealed::<CommitTable>(table(), (), &changes);
    }
}
