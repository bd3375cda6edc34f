//! Chunks as they are stored: where they are, and their bytes without anything done to them.

use crate::base::{Address, Error, Malformed, Result, Structure};
use crate::engine::{Core, Header};

use super::allocate::{allocate_chunks, is_allocated_at_once};
use super::chunk_access::ChunkAccess;
use super::chunk_cache::ChunkCache;
use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index::{self, ChunkRecord};

/// Calls `f` with the first element and the place of every chunk, in the order of the index, until it returns false.
pub(crate) fn visit_chunks(
    core: &Core,
    info: &DatasetInfo,
    f: &mut dyn FnMut(Vec<u64>, ChunkRecord) -> bool,
) -> Result<()> {
    let grid = Grid::new(info)?;
    let mut goes_on = true;
    let visited = index::open(core, info, &grid)?.visit(core, &mut |scaled, record| {
        goes_on = f(grid.corner(&scaled), record);
        // No visitor is called again after an error.
        if goes_on { Ok(()) } else { Err(Error::misuse("enough chunks")) }
    });
    if goes_on { visited } else { Ok(()) }
}

/// The filter mask and the bytes of the chunk that begins with an element.
pub(crate) fn read_chunk(core: &Core, info: &DatasetInfo, first: &[u64]) -> Result<(u32, Vec<u8>)> {
    let grid = Grid::new(info)?;
    let scaled = scaled(info, &grid, first)?;
    let Some(record) = index::open(core, info, &grid)?.find(core, &scaled)? else {
        return Err(Error::misuse("the chunk was never written"));
    };
    let offset = core.offset(record.address)?;
    let available = core.available(offset);
    if record.size > available {
        let error = Error::from(Malformed::Truncated { needed: record.size, available });
        return Err(error.at(Structure::Chunk, offset));
    }
    Ok((record.filter_mask, core.raw(record.address, record.size)?))
}

/// Stores encoded bytes as the chunk that begins with an element.
pub(crate) fn write_chunk(
    core: &mut Core,
    cache: &ChunkCache,
    dataset: Address,
    first: &[u64],
    bytes: &[u8],
    filter_mask: u32,
) -> Result<()> {
    core.check_writable()?;
    let info = DatasetInfo::load(core, &*Header::load(core, dataset)?)?;
    let mut access = ChunkAccess::open(core, &info)?;
    let scaled = scaled(&info, &access.grid, first)?;
    let is_plain = access.pipeline.is_bypassed(filter_mask) || access.is_unfiltered_edge(&scaled);
    if is_plain && bytes.len() as u64 != access.grid.chunk_bytes() {
        let (have, want) = (bytes.len(), access.grid.chunk_bytes());
        return Err(Error::misuse(format!("{have} bytes for a chunk of {want} that no filter has changed")));
    }
    if bytes.is_empty() || !info.is_filtered() && filter_mask != 0 {
        return Err(Error::misuse("a chunk has bytes, and no filter is left out where there are none"));
    }
    if is_allocated_at_once(&info) {
        allocate_chunks(core, &mut access, &info, &vec![0; scaled.len()])?;
    }
    cache.remove(dataset, &scaled);
    let old = access.index.find(core, &scaled)?;
    access.put(core, &scaled, old, bytes, filter_mask)?;
    let mut layout = info.layout.clone();
    access.publish(core, dataset, &mut layout)
}

/// The coordinates of the chunk that begins with an element.
fn scaled(info: &DatasetInfo, grid: &Grid, first: &[u64]) -> Result<Vec<u64>> {
    let axes = first.iter().zip(grid.chunk()).zip(info.shape());
    let begins = axes.clone().all(|((first, chunk), size)| first % chunk == 0 && first < size);
    if first.len() != grid.rank() || !begins {
        let (chunk, shape) = (grid.chunk(), info.shape());
        return Err(Error::shape(format!("no chunk of {chunk:?} begins at {first:?} of {shape:?}")));
    }
    Ok(axes.map(|((first, chunk), _)| first / chunk).collect())
}
