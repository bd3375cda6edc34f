//! Chunks that are written to again and again, as when a dataset grows value by value: the first write of a part goes
//! to the file, later ones to the decoded chunk in memory, and that is stored when room is needed for others, at a
//! flush, a commit and the end, and before anything looks at the file past it.

use std::collections::BTreeMap;

use crate::base::{Address, Result};
use crate::codec::Scratch;
use crate::engine::{Core, Header};

use super::chunk_access::{ChunkAccess, for_each};
use super::chunk_cache::ChunkCache;
use super::dataset::DatasetInfo;
use super::index::ChunkRecord;

/// Decoded chunks of one dataset.
#[derive(Debug, Default)]
pub(super) struct OpenChunks {
    dataset: Option<Address>,
    chunks: BTreeMap<Vec<u64>, OpenChunk>,
    bytes: usize,
}

#[derive(Debug)]
struct OpenChunk {
    bytes: Vec<u8>,
    /// The file has an older one.
    is_ahead: bool,
}

/// A chunk that is ready to be stored.
#[derive(Default)]
pub(super) struct Encoded {
    pub(super) scaled: Vec<u64>,
    /// The chunk that it is to replace.
    pub(super) old: Option<ChunkRecord>,
    pub(super) bytes: Vec<u8>,
    pub(super) filter_mask: u32,
}

impl OpenChunks {
    pub(super) fn get(&self, dataset: Address, scaled: &[u64]) -> Option<&[u8]> {
        if self.dataset != Some(dataset) {
            return None;
        }
        self.chunks.get(scaled).map(|chunk| &chunk.bytes[..])
    }

    /// A chunk that is about to be ahead of the file.
    pub(super) fn get_mut(&mut self, dataset: Address, scaled: &[u64]) -> Option<&mut [u8]> {
        let chunk = self.chunks.get_mut(scaled).filter(|_| self.dataset == Some(dataset))?;
        chunk.is_ahead = true;
        Some(&mut chunk.bytes)
    }

    /// Whether `more` bytes of a dataset can be kept beside those that are.
    pub(super) fn has_room(&self, dataset: Address, more: usize, capacity: usize) -> bool {
        self.dataset.is_none_or(|open| open == dataset) && self.bytes.saturating_add(more) <= capacity
    }

    /// Keeps a chunk that was stored just now.
    pub(super) fn insert(&mut self, dataset: Address, scaled: Vec<u64>, bytes: Vec<u8>) {
        self.dataset = Some(dataset);
        self.bytes += bytes.len();
        if let Some(old) = self.chunks.insert(scaled, OpenChunk { bytes, is_ahead: false }) {
            self.bytes -= old.bytes.len();
        }
    }

    fn ahead(&self) -> impl Iterator<Item = (&Vec<u64>, &Vec<u8>)> {
        let ahead = self.chunks.iter().filter(|(_, chunk)| chunk.is_ahead);
        ahead.map(|(scaled, chunk)| (scaled, &chunk.bytes))
    }

    /// Whether the file has older chunks than these.
    pub(super) fn are_ahead(&self) -> bool {
        self.ahead().next().is_some()
    }
}

/// Stores the chunks that are ahead of the file, as an edit of its own, and lets all go.
pub(crate) fn write_back(core: &mut Core, cache: &ChunkCache) -> Result<()> {
    if cache.are_ahead() {
        return core.edit(|core| close_chunks(core, cache));
    }
    cache.forget_open();
    Ok(())
}

/// The same within an edit; what that has done before stays.
pub(super) fn close_chunks(core: &mut Core, cache: &ChunkCache) -> Result<()> {
    cache.with_open(|open| match open.dataset {
        Some(dataset) if open.are_ahead() => store(core, dataset, open),
        _ => Ok(()),
    })?;
    cache.forget_open();
    Ok(())
}

fn store(core: &mut Core, dataset: Address, open: &OpenChunks) -> Result<()> {
    let info = DatasetInfo::load(core, &*Header::load(core, dataset)?)?;
    let mut access = ChunkAccess::open(core, &info)?;
    let mut layout = info.layout.clone();
    let mut encoded = Vec::new();
    encoded.resize_with(open.ahead().count(), Encoded::default);
    let reader: &Core = core;
    for_each(open.ahead().zip(&mut encoded).collect(), |((scaled, bytes), slot), scratch| {
        *slot = encode(reader, &access, scaled, bytes, scratch)?;
        Ok(())
    })?;
    for chunk in encoded {
        access.put(core, &chunk.scaled, chunk.old, &chunk.bytes, chunk.filter_mask)?;
    }
    access.publish(core, dataset, &mut layout)?;
    core.settle()
}

fn encode(
    core: &Core,
    access: &ChunkAccess,
    scaled: &[u64],
    bytes: &[u8],
    scratch: &mut Scratch,
) -> Result<Encoded> {
    scratch.front.clear();
    scratch.front.extend_from_slice(bytes);
    let filter_mask = access.encode(scaled, scratch)?;
    let old = access.index.find(core, scaled)?;
    Ok(Encoded { scaled: scaled.to_vec(), old, bytes: std::mem::take(&mut scratch.front), filter_mask })
}
