//! The superblock: where a file begins, how wide its numbers are, and where its root group is.
//!
//! Specification 4.0, II.A.
//!
//! ```text
//! versions 0, 1                                       versions 2, 3
//!   0  8  signature                                     0  8  signature
//!   8  1  version                                       8  1  version
//!   9  1  version of the free-space information (0)     9  1  size of offsets (O)
//!  10  1  version of the root symbol table entry (0)   10  1  size of lengths (L)
//!  11  1  reserved                                     11  1  file consistency flags
//!  12  1  version of shared header messages (0)        12  O  base address
//!  13  1  size of offsets (O)                           .  O  superblock extension address
//!  14  1  size of lengths (L)                           .  O  end of file address
//!  15  1  reserved                                      .  O  root group object header address
//!  16  2  group leaf node K                             .  4  checksum
//!  18  2  group internal node K
//!  20  4  file consistency flags
//!  24  2  indexed storage internal node K   } version 1
//!  26  2  reserved                          } only
//!   .  O  base address
//!   .  O  free-space index address
//!   .  O  end of file address
//!   .  O  driver information block address
//!   .  .  root group symbol table entry
//! ```
//!
//! Reads versions 0 to 3, writes 0 to 3.

use super::symbol_table::SymbolTableEntry;
use super::{Framed, Wire};
use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};

/// What every HDF5 file begins with (behind its user block).
pub(crate) const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// Bit of `flags`: the file is open for writing.
pub(crate) const OPEN_FOR_WRITING: u32 = 1;
/// Bit of `flags`: the file is open for single-writer/multiple-reader writing.
pub(crate) const OPEN_FOR_SWMR: u32 = 4;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Superblock {
    pub(crate) version: u8,
    pub(crate) sizes: Sizes,
    pub(crate) flags: u32,
    /// Where address 0 lies in the file.
    pub(crate) base: u64,
    /// The first byte behind everything, counted from the file's first byte and not from the base address.
    pub(crate) end_of_file: u64,
    pub(crate) root: Root,
}

/// What only the old or only the new versions have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Root {
    Old(OldRoot),
    New { header: Address, extension: Option<Address> },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OldRoot {
    pub(crate) group_leaf_k: u16,
    pub(crate) group_internal_k: u16,
    /// Version 1 stores it; version 0 means the default.
    pub(crate) chunk_k: u16,
    pub(crate) free_space: Option<Address>,
    pub(crate) driver_info: Option<Address>,
    pub(crate) entry: SymbolTableEntry,
}

/// The K of chunk B-trees where a file does not say.
pub(crate) const DEFAULT_CHUNK_K: u16 = 32;

impl Superblock {
    /// The address of the root group's object header.
    pub(crate) fn root_header(&self) -> Address {
        match &self.root {
            Root::Old(old) => old.entry.header,
            Root::New { header, .. } => *header,
        }
    }

    /// The address of the object header with what the superblock has no field for.
    pub(crate) fn extension(&self) -> Option<Address> {
        match &self.root {
            Root::Old(_) => None,
            Root::New { extension, .. } => *extension,
        }
    }
}

impl Wire for Superblock {
    const STRUCTURE: Structure = Structure::Superblock;
    type Context = ();

    fn decode(r: &mut Reader<'_>, _: &()) -> Result<Self> {
        r.signature(&SIGNATURE)?;
        match r.version(0..=3)? {
            version @ (0 | 1) => decode_old(r, version),
            version => decode_new(r, version),
        }
    }

    fn encoded_len(&self, _: &()) -> Result<usize> {
        Ok(length(self.version, self.sizes))
    }

    fn encode(&self, w: &mut Writer, _: &()) -> Result<()> {
        w.put(&SIGNATURE);
        w.u8(self.version);
        match &self.root {
            Root::Old(old) => encode_old(self, old, w),
            Root::New { header, extension } => encode_new(self, *header, *extension, w),
        }
    }
}

impl Framed for Superblock {
    fn prefix_len(_: &()) -> usize {
        16
    }

    fn extent(prefix: &mut Reader<'_>, _: &()) -> Result<u64> {
        prefix.signature(&SIGNATURE)?;
        let version = prefix.version(0..=3)?;
        if version < 2 {
            prefix.take(4)?;
        }
        Ok(length(version, sizes(prefix)?) as u64)
    }
}

fn length(version: u8, sizes: Sizes) -> usize {
    let addresses = 4 * sizes.address();
    match version {
        0 => 24 + addresses + SymbolTableEntry::len(sizes),
        1 => 28 + addresses + SymbolTableEntry::len(sizes),
        _ => 12 + addresses + 4,
    }
}

fn sizes(r: &mut Reader<'_>) -> Result<Sizes> {
    let at = r.clone();
    let sizes = Sizes { offset: r.u8()?, length: r.u8()? };
    for (name, width) in [("size of offsets", sizes.offset), ("size of lengths", sizes.length)] {
        if !matches!(width, 2 | 4 | 8) {
            return Err(at.bad(name, width, "2, 4 and 8 are supported"));
        }
    }
    Ok(sizes)
}

fn decode_old(r: &mut Reader<'_>, version: u8) -> Result<Superblock> {
    r.version(0..=0)?;
    r.version(0..=0)?;
    r.skip_padding(1, "reserved")?;
    r.version(0..=0)?;
    let sizes = sizes(r)?;
    r.skip_padding(1, "reserved")?;
    let (group_leaf_k, group_internal_k) = (r.u16()?, r.u16()?);
    if group_leaf_k == 0 || group_internal_k == 0 {
        return Err(r.bad("group node K", 0u8, "it must be greater than zero"));
    }
    let flags = r.u32()?;
    let chunk_k = if version == 1 { r.u16()? } else { DEFAULT_CHUNK_K };
    if chunk_k == 0 {
        return Err(r.bad("indexed storage internal node K", 0u8, "it must be greater than zero"));
    }
    r.skip_padding(if version == 1 { 2 } else { 0 }, "reserved")?;
    let base = r.defined_address(sizes, "base address")?.0;
    let free_space = r.address(sizes)?;
    let end_of_file = r.defined_address(sizes, "end of file address")?.0;
    let driver_info = r.address(sizes)?;
    let entry = SymbolTableEntry::decode(r, &sizes)?;
    let root = Root::Old(OldRoot { group_leaf_k, group_internal_k, chunk_k, free_space, driver_info, entry });
    Ok(Superblock { version, sizes, flags, base, end_of_file, root })
}

fn encode_old(block: &Superblock, old: &OldRoot, w: &mut Writer) -> Result<()> {
    w.put(&[0, 0, 0, 0, block.sizes.offset, block.sizes.length, 0]);
    w.u16(old.group_leaf_k);
    w.u16(old.group_internal_k);
    w.u32(block.flags);
    if block.version == 1 {
        w.u16(old.chunk_k);
        w.u16(0);
    }
    w.address(Some(Address(block.base)), block.sizes)?;
    w.address(old.free_space, block.sizes)?;
    w.address(Some(Address(block.end_of_file)), block.sizes)?;
    w.address(old.driver_info, block.sizes)?;
    old.entry.encode(w, &block.sizes)
}

fn decode_new(r: &mut Reader<'_>, version: u8) -> Result<Superblock> {
    let mut body = r.clone().checked()?;
    let sizes = sizes(&mut body)?;
    let flags = u32::from(body.u8()?);
    let base = body.defined_address(sizes, "base address")?.0;
    let extension = body.address(sizes)?;
    let end_of_file = body.defined_address(sizes, "end of file address")?.0;
    let header = body.defined_address(sizes, "root group object header address")?;
    body.finish()?;
    r.take_rest();
    Ok(Superblock { version, sizes, flags, base, end_of_file, root: Root::New { header, extension } })
}

fn encode_new(block: &Superblock, header: Address, extension: Option<Address>, w: &mut Writer) -> Result<()> {
    w.u8(block.sizes.offset);
    w.u8(block.sizes.length);
    w.uint(u64::from(block.flags), 1, "file consistency flags")?;
    w.address(Some(Address(block.base)), block.sizes)?;
    w.address(extension, block.sizes)?;
    w.address(Some(Address(block.end_of_file)), block.sizes)?;
    w.address(Some(header), block.sizes)?;
    w.checksum();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse, sealed};

    #[rustfmt::skip]
    fn version_0() -> Vec<u8> {
        [
            &SIGNATURE[..],
            &[0, 0, 0, 0, 0, 4, 4, 0],          // versions; offsets and lengths of 4 bytes
            &[4, 0, 16, 0, 0, 0, 0, 0],         // K of leaves and internal nodes, flags
            &[0, 0, 0, 0],                      // base address
            &[0xff, 0xff, 0xff, 0xff],          // no free-space index
            &[0, 8, 0, 0],                      // end of file: 2048
            &[0xff, 0xff, 0xff, 0xff],          // no driver information
            &[0, 0, 0, 0, 96, 0, 0, 0],         // root: name offset, header at 96
            &[1, 0, 0, 0, 0, 0, 0, 0],          // cached: a symbol table
            &[136, 0, 0, 0, 168, 2, 0, 0],      // its B-tree at 136, its heap at 680
            &[0; 8],
        ].concat()
    }

    #[rustfmt::skip]
    fn version_1() -> Vec<u8> {
        let mut bytes = version_0();
        bytes[8] = 1;
        bytes.splice(24..24, [8, 0, 0, 0]);     // K of chunk B-trees
        bytes
    }

    #[rustfmt::skip]
    fn version_2() -> Vec<u8> {
        sealed(&[
            &SIGNATURE[..],
            &[2, 8, 8, 0],                      // version, sizes, flags
            &[0; 8],                            // base address
            &[0xff; 8],                         // no extension
            &[0, 8, 0, 0, 0, 0, 0, 0],          // end of file: 2048
            &[48, 0, 0, 0, 0, 0, 0, 0],         // root group's header
        ].concat())
    }

    impl Samples for Superblock {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("version 0", (), version_0()),
                Sample::plain("version 1", (), version_1()),
                Sample::sealed("version 2", (), version_2()),
            ]
        }
    }

    #[test]
    fn versions_0_and_2_tell_the_same_things() {
        let budget = Default::default();
        let old: Superblock = crate::format::decode(&version_0(), 0, &(), &budget).unwrap();
        let new: Superblock = crate::format::decode(&version_2(), 0, &(), &budget).unwrap();
        assert_eq!((old.root_header(), new.root_header()), (Address(96), Address(48)));
        assert_eq!((old.end_of_file, new.end_of_file), (2048, 2048));
        assert_eq!((old.sizes.offset, new.sizes.offset), (4, 8));
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse::<Superblock>(version_0(), (), &[(0, 0, "signature"), (8, 4, "version 4 (known up to 3)")]);
        refuse::<Superblock>(version_0(), (), &[(9, 1, "version 1"), (13, 3, "size of offsets is 3")]);
        refuse::<Superblock>(version_0(), (), &[(16, 0, "group node K is 0"), (18, 0, "group node K is 0")]);
        refuse::<Superblock>(version_1(), (), &[(24, 0, "indexed storage internal node K")]);
        refuse::<Superblock>(version_2(), (), &[(20, 1, "checksum mismatch")]);
    }
}
