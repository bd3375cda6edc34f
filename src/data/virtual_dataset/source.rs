//! Opening sources: other datasets, in this file or in others, and never the dataset that is being read.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::{Address, Error, Result, Structure};
use crate::data::ChunkCache;
use crate::engine::{Core, Header, Neighbour, Resolved, resolve};

use super::super::dataset::DatasetInfo;
use super::extent::with_shape_on;

/// The virtual datasets that led to where a request is.
#[derive(Clone, Copy, Default)]
pub(in crate::data) struct Trail<'a> {
    last: Option<&'a Step<'a>>,
}

/// One virtual dataset on the way.
pub(super) struct Step<'a> {
    core: &'a Core,
    /// The decoded chunks that are kept of the file, where elements are read.
    cache: Option<&'a ChunkCache>,
    address: Address,
    before: Trail<'a>,
    depth: u32,
    /// Sources opened for the whole request below the first virtual dataset.
    opened: &'a AtomicU64,
}

/// Virtual datasets of virtual datasets can multiply: a few hundred bytes of each level double the work.
const MOST_NESTED_SOURCES: u64 = 1 << 20;

impl<'a> Trail<'a> {
    /// Goes into a virtual dataset; one that was gone into before is among its own sources.
    pub(super) fn enter(
        self,
        core: &'a Core,
        cache: Option<&'a ChunkCache>,
        address: Address,
        opened: &'a AtomicU64,
    ) -> Result<Step<'a>> {
        let (mut depth, mut opened, mut before) = (0, opened, self);
        while let Some(step) = before.last {
            if step.address == address && is_same(step.core, core) {
                let error = Error::malformed("the virtual dataset is among its own sources");
                return Err(error.at(Structure::VirtualMapping, core.offset(address)?));
            }
            (depth, opened, before) = (depth + 1, step.opened, step.before);
        }
        core.budget.depth(depth)?;
        Ok(Step { core, cache, address, before: self, depth, opened })
    }
}

fn is_same(a: &Core, b: &Core) -> bool {
    std::ptr::eq(a, b) || (a.path().is_some() && a.path() == b.path())
}

/// A source that is there.
pub(super) struct Source<'a> {
    pub(super) core: Neighbour<'a>,
    /// What leads to it in its file.
    pub(super) path: Vec<u8>,
    pub(super) info: DatasetInfo,
    /// The decoded chunks that are kept of its file, where that is the one of a virtual dataset on the way.
    pub(super) cache: Option<&'a ChunkCache>,
}

/// Where a source was found.
struct Found<'a> {
    core: Neighbour<'a>,
    cache: Option<&'a ChunkCache>,
    address: Address,
    path: Vec<u8>,
}

impl<'a> Step<'a> {
    pub(super) fn trail(&'a self) -> Trail<'a> {
        Trail { last: Some(self) }
    }

    /// Opens a source; none if its file or the dataset in it is missing.
    pub(super) fn open(&self, file: &[u8], dataset: &[u8]) -> Result<Option<Source<'a>>> {
        if self.depth > 0 && self.opened.fetch_add(1, Ordering::Relaxed) >= MOST_NESTED_SOURCES {
            return Err(Error::limit(
                "sources of nested virtual datasets",
                MOST_NESTED_SOURCES + 1,
                MOST_NESTED_SOURCES,
            ));
        }
        let found = self.find(file, dataset).map_err(|e| match file {
            b"." => e,
            file => e.in_file(&String::from_utf8_lossy(file), &self.core.file_name()),
        });
        let Some(Found { core, cache, address, path }) = found? else { return Ok(None) };
        let header = Header::load(&core, address)?;
        let info = DatasetInfo::load(&core, &header)
            .and_then(|info| with_shape_on(&core, info, self.trail()))
            .map_err(|e| e.of(&String::from_utf8_lossy(dataset)))?;
        Ok(Some(Source { core, path, info, cache }))
    }

    /// The file that has a source, and the source's address in it; external links on the way are followed.
    fn find(&self, file: &[u8], dataset: &[u8]) -> Result<Option<Found<'a>>> {
        let (mut core, mut cache) = (Neighbour::Own(self.core), self.cache);
        let (mut file, mut path) = (file.to_vec(), dataset.to_vec());
        for followed in 0.. {
            self.core.budget.depth(followed)?;
            if file != b"." {
                let Some(place) = core.neighbour_path(&file)? else { return Ok(None) };
                // What such a file holds may not be in the storage yet, and is not to be read past its handle.
                (core, cache) = match self.on_the_way(&place) {
                    Some(step) => (Neighbour::Own(step.core), step.cache),
                    None if core.path() == Some(&place) => (core, cache),
                    None => (Neighbour::Other(core.neighbour(place)?), None),
                };
            }
            let root = core.superblock.root_header();
            match resolve(&core, root, "/", &path) {
                Ok(Resolved::Here { address, .. }) => return Ok(Some(Found { core, cache, address, path })),
                Ok(Resolved::External { file: next, path: rest }) => (file, path) = (next, rest),
                Err(e) if e.is_not_found() => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }
}

impl Step<'_> {
    /// The virtual dataset on the way, this one included, whose file lies there.
    fn on_the_way(&self, path: &Path) -> Option<&Self> {
        let mut step = self;
        while !step.core.lies_at(path) {
            step = step.before.last?;
        }
        Some(step)
    }
}

impl Source<'_> {
    pub(super) fn is_in(&self, core: &Core) -> bool {
        std::ptr::eq(&*self.core, core)
    }

    /// The decoded chunks that are kept of the source's file, where it is none of those on the way.
    pub(super) fn chunk_cache(&self) -> Option<Arc<ChunkCache>> {
        let capacity = self.core.neighbour_chunk_cache();
        self.core.attached(|| ChunkCache::new(capacity))
    }
}
