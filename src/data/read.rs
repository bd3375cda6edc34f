//! Reading a selection: from the storage to the caller's bytes with as few passes as the layout allows.

use std::ops::Range;
use std::sync::Arc;

use crate::base::{Address, Error, Result, Structure, byte_count, to_usize};
use crate::codec::Scratch;
use crate::convert::Plan;
use crate::engine::Core;
use crate::format::message::layout::Storage;
use crate::select::{Hyperslab, for_each_run};
use crate::storage::Map;

use super::chunk_access::{ChunkAccess, for_each};
use super::chunk_cache::ChunkCache;
use super::chunks::coordinates;
use super::dataset::DatasetInfo;
use super::sink::{self, Band};

/// What one read works with.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) core: &'a Core,
    pub(crate) cache: &'a ChunkCache,
    pub(crate) info: &'a DatasetInfo,
}

/// Contiguous data that is not read straight into place is read in pieces of about this many bytes.
const PIECE: usize = 256 << 10;

/// Stretches of this many bytes are worth a read of their own.
const LONG: u64 = 16 << 10;

/// Rows are read whole unless less than about one element in so many is wanted.
const SPARSE: u64 = 64;

/// Reads what is selected, converted by `plan`, into `out`, which has room for just that and holds zeros.
pub(crate) fn read(reading: Reading<'_>, slab: &Hyperslab, plan: &Plan, out: &mut [u8]) -> Result<()> {
    let info = reading.info;
    slab.check(info.shape())?;
    if out.is_empty() {
        return Ok(());
    }
    let mut whole = Band { bytes: out, first_row: 0 };
    if info.is_external {
        return Err(Error::unsupported("raw data in external files"));
    }
    match &info.layout.storage {
        Storage::Compact(data) => {
            let needed = to_usize(info.bytes()?)?;
            let data = data.get(..needed).ok_or_else(|| {
                Error::field("size of the compact data", data.len() as u64, "too small for the dataspace")
                    .within(Structure::Layout)
            })?;
            let origin = vec![0; info.shape().len()];
            sink::gather(slab, &origin, info.shape(), data, plan, &mut whole)
        }
        Storage::Contiguous { address: Some(address), size } => {
            check_size(info, *size)?;
            read_contiguous(reading, *address, slab, plan, whole)
        }
        Storage::Contiguous { address: None, .. } => {
            let origin = vec![0; info.shape().len()];
            sink::fill(slab, &origin, info.shape(), &info.pattern()?, plan, &mut whole)
        }
        Storage::Chunked(_) => read_chunked(reading, slab, plan, whole),
        Storage::Virtual { .. } => Err(Error::unsupported("virtual datasets")),
    }
}

/// Maps the data of a contiguous dataset.
pub(crate) fn map(core: &Core, info: &DatasetInfo) -> Result<Map> {
    match &info.layout.storage {
        Storage::Contiguous { address: Some(address), size } if !info.is_external => {
            check_size(info, *size)?;
            core.map_raw(*address, info.bytes()?)
        }
        Storage::Contiguous { address: None, .. } => {
            Err(Error::misuse("nothing was written to the dataset, so there is nothing to map"))
        }
        _ => Err(Error::misuse("only contiguous datasets can be mapped")),
    }
}

fn check_size(info: &DatasetInfo, size: Option<u64>) -> Result<()> {
    match size {
        Some(size) if size < info.bytes()? => {
            let error = Error::field("size of the contiguous data", size, "too small for the dataspace");
            Err(error.within(Structure::Layout))
        }
        _ => Ok(()),
    }
}

/// Reads straight into place where that is one stretch; else rows together, if enough of them is wanted; else runs.
fn read_contiguous(
    reading: Reading<'_>,
    address: Address,
    slab: &Hyperslab,
    plan: &Plan,
    band: Band<'_>,
) -> Result<()> {
    let info = reading.info;
    let (selected, all) = (slab.element_count()?, crate::base::element_count(info.shape())?);
    let row = byte_count(all / info.shape().first().copied().unwrap_or(1).max(1), plan.source_size())?;
    // A scalar has no rows.
    let dense = selected >= all / SPARSE && !info.shape().is_empty();
    let long_runs = plan.is_identity() && is_long(slab, info.shape(), plan.source_size());
    if dense && !long_runs && (1..=PIECE as u64).contains(&row) {
        read_rows(reading, address, slab, plan, row, band)
    } else {
        read_runs(reading, address, slab, plan, band)
    }
}

/// Whether the stretches along the last axis are long enough to be read one by one.
fn is_long(slab: &Hyperslab, shape: &[u64], element: usize) -> bool {
    match (slab.axes().last(), shape.last()) {
        (Some(axis), Some(&size)) => axis.block == size || axis.block.saturating_mul(element as u64) >= LONG,
        _ => true,
    }
}

fn read_runs(
    reading: Reading<'_>,
    address: Address,
    slab: &Hyperslab,
    plan: &Plan,
    band: Band<'_>,
) -> Result<()> {
    let Reading { core, info, .. } = reading;
    let origin = vec![0; info.shape().len()];
    let (from, to) = (plan.source_size(), plan.target_size());
    let (mut buffer, mut packed) = (Vec::new(), Vec::new());
    for_each_run(slab, &origin, info.shape(), band.first_row, |run| {
        let place = |element: usize| address.plus(byte_count(element as u64, from)?);
        if run.blocks == 1 && plan.is_identity() {
            return core.read_raw(place(run.file)?, &mut band.bytes[run.memory * to..][..run.len() * to]);
        }
        for piece in run.pieces(PIECE / from.max(1)) {
            buffer.resize(piece.span() * from, 0);
            core.read_raw(place(piece.file)?, &mut buffer)?;
            let target = &mut band.bytes[piece.memory * to..][..piece.len() * to];
            sink::take_run(crate::select::Run { file: 0, ..piece }, &buffer, plan, target, &mut packed);
        }
        Ok(())
    })
}

/// Reads as many rows at a time as fit a piece, from the first selected one to the last.
fn read_rows(
    reading: Reading<'_>,
    address: Address,
    slab: &Hyperslab,
    plan: &Plan,
    row_bytes: u64,
    mut band: Band<'_>,
) -> Result<()> {
    let Reading { core, info, .. } = reading;
    let Some((first, last)) = slab.axes().first().and_then(crate::select::Axis::bounds) else {
        return Ok(());
    };
    let rows = (PIECE as u64 / row_bytes).max(1);
    let (mut corner, mut size) = (vec![0; info.shape().len()], info.shape().to_vec());
    let mut buffer = Vec::new();
    let mut row = first;
    while row <= last {
        let count = rows.min(last - row + 1);
        buffer.resize(to_usize(count * row_bytes)?, 0);
        core.read_raw(address.plus(row * row_bytes)?, &mut buffer)?;
        (corner[0], size[0]) = (row, count);
        sink::gather(slab, &corner, &size, &buffer, plan, &mut band)?;
        row += count;
    }
    Ok(())
}

fn read_chunked(reading: Reading<'_>, slab: &Hyperslab, plan: &Plan, whole: Band<'_>) -> Result<()> {
    let access = ChunkAccess::open(reading.core, reading.info)?;
    let Some(ranges) = slab.boxes(access.grid.chunk()) else { return Ok(()) };
    let bands = bands(&access, slab, &ranges[0], whole)?;
    for_each(bands, |(rows, mut band), scratch| {
        let mut ranges = ranges.clone();
        ranges[0] = rows;
        coordinates(&ranges)
            .try_for_each(|scaled| read_chunk(reading, &access, &scaled, slab, plan, scratch, &mut band))
    })
}

/// Cuts the result up by the rows of chunks along the first axis, so that threads own what they write.
fn bands<'b>(
    access: &ChunkAccess,
    slab: &Hyperslab,
    rows: &Range<u64>,
    whole: Band<'b>,
) -> Result<Vec<(Range<u64>, Band<'b>)>> {
    let (size, axis) = (access.grid.chunk()[0], slab.axes()[0]);
    let row_bytes = whole.bytes.len() / to_usize(axis.len().max(1))?;
    let (mut rest, mut bands) = (whole.bytes, Vec::new());
    for row in rows.clone() {
        let inside = axis.within(row * size..(row + 1).saturating_mul(size));
        let count = to_usize(inside.end - inside.start)?;
        if count > 0 {
            let (bytes, later) = rest.split_at_mut(count * row_bytes);
            rest = later;
            bands.push((row..row + 1, Band { bytes, first_row: inside.start }));
        }
    }
    Ok(bands)
}

fn read_chunk(
    reading: Reading<'_>,
    access: &ChunkAccess,
    scaled: &[u64],
    slab: &Hyperslab,
    plan: &Plan,
    scratch: &mut Scratch,
    band: &mut Band<'_>,
) -> Result<()> {
    let Reading { core, cache, info } = reading;
    let (corner, size) = (access.grid.corner(scaled), access.grid.chunk());
    if let Some(chunk) = cache.get(info.address, scaled) {
        return sink::gather(slab, &corner, size, &chunk, plan, band);
    }
    let Some(record) = access.index.find(core, scaled)? else {
        return sink::fill(slab, &corner, size, &access.pattern, plan, band);
    };
    let was_filtered = access.load(core, scaled, &record, scratch)?;
    // Whoever takes a part of a chunk may want the rest of it next; whoever takes it whole will not.
    if was_filtered && !access.grid.is_covered(slab, &corner) {
        cache.insert(info.address, scaled, Arc::from(&scratch.front[..]));
    }
    sink::gather(slab, &corner, size, &scratch.front, plan, band)
}
