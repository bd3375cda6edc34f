//! Writing through a virtual dataset: the elements go to the sources, wherever these lie.
//!
//! As in libhdf5, every element that is written has to have a source. One that has several goes to all of them, which
//! libhdf5 refuses. Elements become those of their source at once, whatever the types of virtual datasets on the way are,
//! since they are read like that, too. (libhdf5 2.0 passes the bytes of the caller on as if they had the type of the
//! virtual dataset, and so writes something else where these types differ; strings of any length end the process.)

use std::borrow::Cow;
use std::path::Path;

use crate::base::{Address, Error, Result, byte_count, to_usize};
use crate::engine::{Core, Header, Resolved, resolve};
use crate::format::datatype::Datatype;
use crate::format::message::layout::Storage;
use crate::select::Selected;

use super::super::chunk_cache::ChunkCache;
use super::super::dataset::DatasetInfo;
use super::super::gathered::Gathered;
use super::super::open_chunks::close_chunks;
use super::super::scattered::for_each_stretch;
use super::super::sink::Written;
use super::super::transfer::Transfer;
use super::super::write::write;
use super::outward::Outward;
use super::parts::{Part, Parts, Stretch, way};

/// Elements here and there are written so many stretches at a time.
const BATCH: usize = 1 << 10;

/// Writes elements in the form of the virtual dataset to what is selected of it.
///
/// `gathered` has what they name, where that is not in the file of the virtual dataset.
pub(in crate::data) fn write_virtual(
    core: &mut Core,
    cache: &ChunkCache,
    info: &DatasetInfo,
    wanted: &Selected<'_>,
    written: &Written<'_>,
    gathered: Option<&Gathered>,
) -> Result<()> {
    let element = info.element_size()?;
    let count = wanted.element_count()?;
    let data = match written {
        Written::Each(data) => Cow::Borrowed(*data),
        Written::Same(pattern) => {
            let mut same = core.budget.zeroed::<u8>(byte_count(count, element)?)?;
            pattern.fill(&mut same);
            Cow::Owned(same)
        }
    };
    let elements = Elements { data: &data, datatype: &info.datatype, size: element, gathered };
    let scattered = match wanted {
        Selected::Regular(slab) => return elements.write(core, cache, info, &[(slab.clone(), 0..count)]),
        Selected::Scattered(scattered) => scattered,
    };
    let mut batch: Vec<Stretch> = Vec::new();
    for_each_stretch(scattered, info.shape(), |slab, places| {
        batch.push((slab.clone(), places.start as u64..places.end as u64));
        if batch.len() < BATCH {
            return Ok(());
        }
        elements.write(core, cache, info, &std::mem::take(&mut batch))
    })?;
    elements.write(core, cache, info, &batch)
}

/// What is written to a virtual dataset.
struct Elements<'a> {
    data: &'a [u8],
    datatype: &'a Datatype,
    /// Bytes of one of them.
    size: usize,
    gathered: Option<&'a Gathered>,
}

impl Elements<'_> {
    fn write(&self, core: &mut Core, cache: &ChunkCache, info: &DatasetInfo, to: &[Stretch]) -> Result<()> {
        // Whatever may be wrong is found before anything is written.
        let Parts { own, others } = Parts::of(core, info, to)?;
        // What goes wrong in this file later on can be undone, and in others not.
        for part in &own {
            self.put(None, core, cache, part)?;
        }
        for (path, parts) in &others {
            let done = self.write_other(core, path, parts);
            core.note_written(path);
            done.map_err(|e| e.in_file(&path.to_string_lossy(), &core.file_name()))?;
        }
        Ok(())
    }

    /// Writes to another file, in a session of its own.
    fn write_other(&self, core: &Core, path: &Path, parts: &[Part]) -> Result<()> {
        let mut other = core.neighbour_mut(path)?;
        let cache = ChunkCache::new(core.neighbour_chunk_cache());
        let done = other.edit(|other| {
            parts.iter().try_for_each(|part| self.put(Some(core), other, &cache, part))?;
            close_chunks(other, &cache)
        });
        match done {
            Ok(()) => other.close(),
            Err(error) => {
                // Where too much was overwritten to go back, the file has to be left complete.
                other.discard().or_else(|_| other.close())?;
                Err(error)
            }
        }
    }

    /// Writes one part; what elements name is in the file `from`, if it is not gathered.
    ///
    /// Another file was not locked when its source was found, and somebody may have put something else there since.
    fn put(&self, from: Option<&Core>, to: &mut Core, cache: &ChunkCache, part: &Part) -> Result<()> {
        let path = String::from_utf8_lossy(&part.path);
        let (source, transfer) = self.open(to, &part.path).map_err(|e| e.of(&path))?;
        for (slab, elements) in &part.stretches {
            let place = |at: u64| to_usize(byte_count(at, self.size)?);
            let bytes = &self.data[place(elements.start)?..place(elements.end)?];
            let mut stored = Cow::Borrowed(bytes);
            if let Some(transfer) = &transfer {
                let len = byte_count(elements.end - elements.start, transfer.target_size())?;
                let mut target = to.budget.zeroed::<u8>(len)?;
                let mut outward = Outward { from, to: &mut *to, gathered: self.gathered };
                transfer.run(&mut outward, bytes, &mut target)?;
                stored = Cow::Owned(target);
            }
            let slab = Selected::Regular(slab.clone());
            write(to, cache, source, &slab, &Written::Each(&stored), None).map_err(|e| e.of(&path))?;
        }
        Ok(())
    }

    /// Finds a source in its file, and how elements get there.
    fn open(&self, core: &Core, path: &[u8]) -> Result<(Address, Option<Transfer>)> {
        if let Resolved::Here { address, .. } = resolve(core, core.superblock.root_header(), "/", path)? {
            let info = DatasetInfo::load(core, &*Header::load(core, address)?)?;
            if !matches!(info.layout.storage, Storage::Virtual { .. }) {
                return Ok((address, way(self.datatype, &info.datatype)?));
            }
        }
        Err(Error::misuse("somebody else has put something else in the place of the source"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::dataset::tests::chunked;
    use super::*;
    use crate::engine::{GroupRules, new_group_header};
    use crate::format::message::link::Target;

    #[test]
    fn what_has_taken_the_place_of_a_source_is_not_written_to() {
        let (mut core, header) = chunked();
        let info = DatasetInfo::load(&core, &header).unwrap();
        let elements = Elements { data: &[0; 4], datatype: &info.datatype, size: 4, gathered: None };
        let root = core.superblock.root_header();
        let other = Target::to_external(b"other.h5", b"source").unwrap();
        crate::engine::insert_link(&mut core, root, "elsewhere", other).unwrap();
        let group = new_group_header(&mut core, &GroupRules::default()).unwrap();
        crate::engine::insert_link(&mut core, root, "group", Target::Hard(group)).unwrap();
        crate::engine::insert_link(&mut core, root, "source", Target::Hard(info.address)).unwrap();
        for (path, text) in [
            (&b"absent"[..], "nothing is named \"/absent\""),
            (b"elsewhere", "somebody else has put something else in the place"),
            (b"group", "a dataset was asked for, this is a object of another kind"),
        ] {
            let error = elements.open(&core, path).map(drop).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        assert_eq!(elements.open(&core, b"source").map(|(address, _)| address).unwrap(), info.address);
    }
}
