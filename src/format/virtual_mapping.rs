//! The mappings of a virtual dataset, in an object of the global heap.
//!
//! Specification 4.0, III.F.
//!
//! ```text
//!  0  1  version
//!  1  L  number of entries
//!  .  .  entries
//!           1  flags (version 1 only): bit 0 the file name is that of another entry, bit 1 the dataset's name is,
//!              bit 2 the source is in this file
//!           .  name of the source file: NUL-terminated; bit 0: L, an entry before this one, from 0; bit 2: nothing
//!           .  name of the source dataset: NUL-terminated; bit 1: L, an entry before this one, from 0
//!           .  selection in the source
//!           .  selection in the virtual dataset
//!  .  4  checksum
//! ```
//!
//! Reads and writes versions 0 and 1 (libhdf5 2.0).

use super::Wire;
use super::selection::SelectionInfo;
use crate::base::{Error, Reader, Result, Sizes, Structure, Writer};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VirtualMappings {
    pub(crate) version: u8,
    pub(crate) entries: Vec<VirtualEntry>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VirtualEntry {
    pub(crate) file: SourceName,
    pub(crate) dataset: SourceName,
    pub(crate) source: SelectionInfo,
    pub(crate) target: SelectionInfo,
}

/// A name as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SourceName {
    Own(Vec<u8>),
    /// That of an entry before.
    Shared(u64),
    /// The file of the virtual dataset, in a version 1 block; a version 0 block says "." for it.
    SameFile,
}

const FILE_SHARED: u8 = 1;
const DATASET_SHARED: u8 = 2;
const SAME_FILE: u8 = 4;

/// What stands for the virtual dataset's own file.
const THIS_FILE: &[u8] = b".";

/// The smallest entry: two empty names and two selections of no points.
const MIN_ENTRY: usize = 32;

impl VirtualMappings {
    /// The names of each entry's file and dataset; the file's is "." for the virtual dataset's own file.
    pub(crate) fn names(&self) -> Vec<(&[u8], &[u8])> {
        let mut names: Vec<(&[u8], &[u8])> = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            // Decoding made sure that what is shared comes before.
            let of = |entry: u64| usize::try_from(entry).ok().and_then(|entry| names.get(entry));
            let file = match &entry.file {
                SourceName::Own(name) => name,
                SourceName::Shared(other) => of(*other).map_or(THIS_FILE, |names| names.0),
                SourceName::SameFile => THIS_FILE,
            };
            let dataset = match &entry.dataset {
                SourceName::Own(name) => name,
                SourceName::Shared(other) => of(*other).map_or(THIS_FILE, |names| names.1),
                SourceName::SameFile => THIS_FILE,
            };
            names.push((file, dataset));
        }
        names
    }
}

impl Wire for VirtualMappings {
    const STRUCTURE: Structure = Structure::VirtualMapping;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        // The version first: another one may have its checksum elsewhere.
        let version = r.clone().version(0..=1)?;
        let mut body = r.clone().checked()?;
        body.take(1)?;
        let entries = body.length(*sizes)?;
        let count = body.count(entries, MIN_ENTRY)?;
        let entries = (0..count as u64)
            .map(|index| decode_entry(&mut body, version, index, *sizes))
            .collect::<Result<_>>()?;
        body.finish()?;
        r.take_rest();
        Ok(VirtualMappings { version, entries })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        let mut len = 1 + sizes.len() + 4;
        for entry in &self.entries {
            len += usize::from(self.version > 0);
            len += entry.file.len(*sizes) + entry.dataset.len(*sizes);
            len += entry.source.encoded_len(&())? + entry.target.encoded_len(&())?;
        }
        Ok(len)
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.u8(self.version);
        w.length(self.entries.len() as u64, *sizes, "number of virtual mappings")?;
        for (index, entry) in self.entries.iter().enumerate() {
            let flags = entry.flags(index as u64)?;
            match self.version {
                0 if flags != 0 => {
                    return Err(Error::field("version of virtual mappings", 0, "it has no shared names"));
                }
                0 => {}
                _ => w.u8(flags),
            }
            entry.file.encode(w, *sizes)?;
            entry.dataset.encode(w, *sizes)?;
            entry.source.encode(w, &())?;
            entry.target.encode(w, &())?;
        }
        w.checksum();
        Ok(())
    }
}

fn decode_entry(r: &mut Reader<'_>, version: u8, index: u64, sizes: Sizes) -> Result<VirtualEntry> {
    let at = r.clone();
    let flags = if version == 0 { 0 } else { r.flags(FILE_SHARED | DATASET_SHARED | SAME_FILE)? };
    let file = match flags & (FILE_SHARED | SAME_FILE) {
        0 => SourceName::Own(r.c_string()?.to_vec()),
        FILE_SHARED => shared(r, index, sizes)?,
        SAME_FILE => SourceName::SameFile,
        _ => return Err(at.bad("flags", flags, "a name of this file and of another entry")),
    };
    let dataset = match flags & DATASET_SHARED {
        0 => SourceName::Own(r.c_string()?.to_vec()),
        _ => shared(r, index, sizes)?,
    };
    let source = SelectionInfo::decode(r, &())?;
    let target = SelectionInfo::decode(r, &())?;
    Ok(VirtualEntry { file, dataset, source, target })
}

fn shared(r: &mut Reader<'_>, index: u64, sizes: Sizes) -> Result<SourceName> {
    let at = r.clone();
    let other = r.length(sizes)?;
    if other < index {
        return Ok(SourceName::Shared(other));
    }
    Err(at.bad("entry that shares its name", other, "it must come before"))
}

impl VirtualEntry {
    fn flags(&self, index: u64) -> Result<u8> {
        let file = match &self.file {
            SourceName::Own(_) => 0,
            SourceName::Shared(other) if *other < index => FILE_SHARED,
            SourceName::Shared(other) => return Err(not_before(*other)),
            SourceName::SameFile => SAME_FILE,
        };
        let dataset = match &self.dataset {
            SourceName::Own(_) => 0,
            SourceName::Shared(other) if *other < index => DATASET_SHARED,
            SourceName::Shared(other) => return Err(not_before(*other)),
            SourceName::SameFile => return Err(Error::misuse("a source dataset has to have a name")),
        };
        Ok(file | dataset)
    }
}

fn not_before(other: u64) -> Error {
    Error::field("entry that shares its name", other, "it must come before").within(Structure::VirtualMapping)
}

impl SourceName {
    fn len(&self, sizes: Sizes) -> usize {
        match self {
            SourceName::Own(name) => name.len() + 1,
            SourceName::Shared(_) => sizes.len(),
            SourceName::SameFile => 0,
        }
    }

    fn encode(&self, w: &mut Writer, sizes: Sizes) -> Result<()> {
        match self {
            SourceName::Own(name) if name.contains(&0) => {
                return Err(Error::misuse("the name of a source holds a NUL"));
            }
            SourceName::Own(name) => {
                w.put(name);
                w.u8(0);
            }
            SourceName::Shared(other) => w.length(*other, sizes, "entry that shares its name")?,
            SourceName::SameFile => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Budget;
    use crate::format::battery::{Sample, Samples, refuse_sealed, sealed};
    use crate::format::selection::tests::{EVERYTHING, SLABS_1};
    use crate::format::{decode, encode};

    #[rustfmt::skip]
    fn version_0() -> Vec<u8> {
        sealed(&[
            &[0, 1, 0, 0, 0, 0, 0, 0, 0][..],   // version, one entry
            b"a.h5\0", b"x\0",                  // x in a.h5
            &EVERYTHING, &SLABS_1,              // all of it to a block
        ].concat())
    }

    /// As h5py 3.16 (libhdf5 2.0) wrote it.
    #[rustfmt::skip]
    fn version_1() -> Vec<u8> {
        let row = |n| [
            &[2, 0, 0, 0, 3, 0, 0, 0][..],      // hyperslab, version 3,
            &[1, 2, 2, 0, 0, 0],                // regular, of 2 bytes, rank 2
            &[n, 0, 1, 0, 1, 0, 1, 0],          // row n,
            &[0, 0, 1, 0, 1, 0, 4, 0],          // four columns
        ].concat();
        [
            &[1, 3, 0, 0, 0, 0, 0, 0, 0][..],   // version, three entries
            b"\0", b"source0.h5\0", b"dataset0\0",
            &EVERYTHING, &row(0),
            b"\x03", &[0; 16],                  // the same two names
            &EVERYTHING, &row(1),
            b"\x04", b"local\0",                // in this file
            &EVERYTHING, &row(2),
            &[0x87, 0xa2, 0x27, 0x20],          // checksum
        ].concat()
    }

    impl Samples for VirtualMappings {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::sealed("version 0", Sizes::EIGHT, version_0()),
                Sample::sealed("version 1", Sizes::EIGHT, version_1()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 2, "version 2 (known up to 1)"), (8, 1, "truncated"), (1, 0, "are left over")];
        refuse_sealed::<VirtualMappings>(version_0(), Sizes::EIGHT, &changes);
        let second = 9 + 1 + 20 + 46;
        let changes = [
            (9, 8, "flags is 8"),
            (second, 5, "flags is 5"),
            (second + 1, 1, "entry that shares its name is 1"),
            (second + 9, 2, "entry that shares its name is 2"),
        ];
        refuse_sealed::<VirtualMappings>(version_1(), Sizes::EIGHT, &changes);
    }

    #[test]
    fn shared_names_are_those_of_the_entry_before() {
        let mappings: VirtualMappings = decode(&version_1(), 0, &Sizes::EIGHT, &Budget::default()).unwrap();
        let other: (&[u8], &[u8]) = (b"source0.h5", b"dataset0");
        let names = [other, other, (b".", b"local")];
        assert_eq!(mappings.names(), names);
        let old = VirtualMappings { version: 0, ..mappings };
        assert!(encode(&old, &Sizes::EIGHT).is_err());
    }
}
