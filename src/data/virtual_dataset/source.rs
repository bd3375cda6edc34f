//! Opening sources: other datasets, in this file or in others, and never the dataset that is being read.

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
    pub(super) fn enter(self, core: &'a Core, address: Address, opened: &'a AtomicU64) -> Result<Step<'a>> {
        let (mut depth, mut opened, mut before) = (0, opened, self);
        while let Some(step) = before.last {
            if step.address == address && is_same(step.core, core) {
                let error = Error::malformed("the virtual dataset is among its own sources");
                return Err(error.at(Structure::VirtualMapping, core.offset(address)?));
            }
            (depth, opened, before) = (depth + 1, step.opened, step.before);
        }
        core.budget.depth(depth)?;
        Ok(Step { core, address, before: self, depth, opened })
    }
}

fn is_same(a: &Core, b: &Core) -> bool {
    std::ptr::eq(a, b) || (a.path().is_some() && a.path() == b.path())
}

/// A source that is there.
pub(super) struct Source<'a> {
    pub(super) core: Neighbour<'a>,
    pub(super) info: DatasetInfo,
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
        let Some((core, address)) = found? else { return Ok(None) };
        let header = Header::load(&core, address)?;
        let info = DatasetInfo::load(&core, &header)
            .and_then(|info| with_shape_on(&core, info, self.trail()))
            .map_err(|e| e.of(&String::from_utf8_lossy(dataset)))?;
        Ok(Some(Source { core, info }))
    }

    /// The file that has a source, and the source's address in it; external links on the way are followed.
    fn find(&self, file: &[u8], dataset: &[u8]) -> Result<Option<(Neighbour<'a>, Address)>> {
        let mut core = Neighbour::Own(self.core);
        let (mut file, mut path) = (file.to_vec(), dataset.to_vec());
        for followed in 0.. {
            self.core.budget.depth(followed)?;
            if file != b"." {
                let next = match core.neighbour(&file)? {
                    None => return Ok(None),
                    Some(Neighbour::Own(_)) => None,
                    Some(Neighbour::Other(other)) => Some(other),
                };
                core = next.map_or(core, Neighbour::Other);
            }
            let root = core.superblock.root_header();
            match resolve(&core, root, "/", &path) {
                Ok(Resolved::Here { address, .. }) => return Ok(Some((core, address))),
                Ok(Resolved::External { file: next, path: rest }) => (file, path) = (next, rest),
                Err(e) if e.is_not_found() => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }
}

impl Source<'_> {
    pub(super) fn is_in_this_file(&self) -> bool {
        matches!(self.core, Neighbour::Own(_))
    }

    /// The decoded chunks that are kept of the source's file, where that is another one.
    pub(super) fn chunk_cache(&self) -> Option<Arc<ChunkCache>> {
        let capacity = self.core.neighbour_chunk_cache();
        self.core.attached(|| ChunkCache::new(capacity))
    }
}
