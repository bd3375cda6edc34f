//! Reading a selection: from the storage to the caller's bytes with as few passes as the layout allows.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use crate::base::{Error, Result, Structure, byte_count, to_usize};
use crate::codec::Scratch;
use crate::convert::Plan;
use crate::engine::{Core, Header};
use crate::format::datatype::Datatype;
use crate::format::message::layout::Storage;
use crate::select::{Hyperslab, Selected, Wanted, coordinates};
use crate::storage::Map;

use super::chunk_access::{ChunkAccess, for_each};
use super::chunk_cache::ChunkCache;
use super::dataset::DatasetInfo;
use super::external::ExternalData;
use super::gathered::Gathered;
use super::scattered;
use super::sink::{self, Band};
use super::spans::read_spans;
use super::virtual_dataset::{Trail, read_virtual};

/// What one read works with.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) core: &'a Core,
    pub(crate) cache: &'a ChunkCache,
    pub(crate) info: &'a DatasetInfo,
    /// The type that the elements are to have; `None` is the stored one.
    pub(super) target: Option<&'a Datatype>,
    /// The virtual datasets that led here.
    pub(super) trail: Trail<'a>,
    /// Takes what the elements of a virtual dataset name in the files that they come from.
    pub(super) gathered: Option<&'a Gathered>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(core: &'a Core, cache: &'a ChunkCache, info: &'a DatasetInfo) -> Self {
        Reading { core, cache, info, target: None, trail: Trail::default(), gathered: None }
    }

    /// The same for elements that name objects, of a virtual dataset.
    pub(crate) fn gathering(self, gathered: Option<&'a Gathered>) -> Self {
        Reading { gathered, ..self }
    }

    /// The same for elements that are to have a type of their own.
    pub(crate) fn with_target(self, target: Option<&'a Datatype>) -> Self {
        Reading { target, ..self }
    }
}

/// Something that fills a buffer with a dataset's bytes from an offset on.
type ReadAt<'a> = &'a dyn Fn(u64, &mut [u8]) -> Result<()>;

/// Contiguous data that is not read straight into place is read in pieces of about this many bytes.
const PIECE: usize = 256 << 10;

/// Stretches of this many bytes are worth a read of their own.
const LONG: u64 = 16 << 10;

/// Rows are read whole unless less than about one element in so many is wanted.
const SPARSE: u64 = 64;

/// Reads what is selected, converted by `plan`, into `out`, which has room for just that and holds zeros.
pub(crate) fn read(reading: Reading<'_>, wanted: &Selected<'_>, plan: &Plan, out: &mut [u8]) -> Result<()> {
    let info = reading.info;
    wanted.check(info.shape())?;
    if out.is_empty() {
        return Ok(());
    }
    let mut whole = Band { bytes: out, first_row: 0 };
    match &info.layout.storage {
        Storage::Compact(data) => {
            let needed = to_usize(info.bytes()?)?;
            let data = data.get(..needed).ok_or_else(|| {
                Error::field("size of the compact data", data.len() as u64, "too small for the dataspace")
                    .within(Structure::Layout)
            })?;
            let origin = vec![0; info.shape().len()];
            sink::gather(wanted, &origin, info.shape(), data, plan, &mut whole)
        }
        Storage::Contiguous { .. } if info.is_external => {
            let header = Header::load(reading.core, info.address)?;
            let data = RefCell::new(ExternalData::open(reading.core, &header)?);
            let read_at: ReadAt<'_> = &|at, buffer| data.borrow_mut().read(at, buffer);
            read_area(&Area::all(info), read_at, wanted, plan, whole)
        }
        Storage::Contiguous { address: Some(address), size } => {
            check_size(info, *size)?;
            let read_at = |at, buffer: &mut [u8]| reading.core.read_raw(address.plus(at)?, buffer);
            read_area(&Area::all(info), &read_at, wanted, plan, whole)
        }
        Storage::Contiguous { address: None, .. } => {
            let origin = vec![0; info.shape().len()];
            sink::fill(wanted, &origin, info.shape(), &info.pattern()?, plan, &mut whole)
        }
        Storage::Chunked(_) => match wanted {
            Selected::Regular(slab) => read_chunked(reading, slab, plan, whole),
            Selected::Scattered(scattered) => scattered::read_chunks(reading, scattered, plan, whole.bytes),
        },
        Storage::Virtual { .. } => match wanted {
            Selected::Regular(slab) => read_virtual(reading, slab, plan, whole.bytes),
            Selected::Scattered(scattered) => scattered::read_mapped(reading, scattered, plan, whole.bytes),
        },
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

/// A part of the dataspace whose elements lie one behind the other: all of it, or a chunk.
struct Area {
    corner: Vec<u64>,
    size: Vec<u64>,
}

impl Area {
    fn all(info: &DatasetInfo) -> Self {
        Area { corner: vec![0; info.shape().len()], size: info.shape().to_vec() }
    }

    /// How many of its elements are selected.
    fn selected(&self, slab: &Hyperslab) -> u64 {
        let axes = slab.axes().iter().zip(&self.corner).zip(&self.size);
        let inside = axes.map(|((axis, &corner), &size)| axis.within(corner..corner.saturating_add(size)));
        inside.fold(1, |n, range| n.saturating_mul(range.end - range.start))
    }

    /// Whether the stretches along the last axis are long enough to be read one by one.
    fn is_long(&self, slab: &Hyperslab, element: usize) -> bool {
        match (slab.axes().last(), self.size.last()) {
            (Some(axis), Some(&size)) => {
                axis.block == size || axis.block.min(size).saturating_mul(element as u64) >= LONG
            }
            _ => true,
        }
    }
}

/// Reads straight into place where that is one stretch; else rows together, if enough of them is wanted; else runs.
fn read_area(
    area: &Area,
    read_at: ReadAt<'_>,
    wanted: &impl Wanted,
    plan: &Plan,
    band: Band<'_>,
) -> Result<()> {
    let Some(slab) = wanted.as_regular() else {
        return read_spans(wanted, (&area.corner, &area.size), read_at, plan, band);
    };
    let all = crate::base::element_count(&area.size)?;
    let row = byte_count(all / area.size.first().copied().unwrap_or(1).max(1), plan.source_size())?;
    // A scalar has no rows.
    let dense = area.selected(slab) >= all / SPARSE && !area.size.is_empty();
    let long_runs = plan.is_identity() && area.is_long(slab, plan.source_size());
    if dense && !long_runs && (1..=PIECE as u64).contains(&row) {
        read_rows(area, read_at, slab, plan, row, band)
    } else {
        read_runs(area, read_at, slab, plan, band)
    }
}

fn read_runs(area: &Area, read_at: ReadAt<'_>, slab: &Hyperslab, plan: &Plan, band: Band<'_>) -> Result<()> {
    let (from, to) = (plan.source_size(), plan.target_size());
    let (mut buffer, mut packed) = (Vec::new(), Vec::new());
    slab.for_each_run(&area.corner, &area.size, band.first_row, |run| {
        let place = |element: usize| byte_count(element as u64, from);
        if run.blocks == 1 && plan.is_identity() {
            return read_at(place(run.file)?, &mut band.bytes[run.memory * to..][..run.len() * to]);
        }
        for piece in run.pieces(PIECE / from.max(1)) {
            buffer.resize(piece.span() * from, 0);
            read_at(place(piece.file)?, &mut buffer)?;
            let target = &mut band.bytes[piece.memory * to..][..piece.len() * to];
            sink::take_run(crate::select::Run { file: 0, ..piece }, &buffer, plan, target, &mut packed);
        }
        Ok(())
    })
}

/// Reads as many rows at a time as fit a piece, from the first selected one to the last.
fn read_rows(
    area: &Area,
    read_at: ReadAt<'_>,
    slab: &Hyperslab,
    plan: &Plan,
    row_bytes: u64,
    mut band: Band<'_>,
) -> Result<()> {
    let Some((first, last)) = slab.axes().first().and_then(crate::select::Axis::bounds) else {
        return Ok(());
    };
    let rows = (PIECE as u64 / row_bytes).max(1);
    let (begin, height) = (area.corner[0], area.size[0]);
    let (mut corner, mut size) = (area.corner.clone(), area.size.clone());
    let mut buffer = Vec::new();
    let mut row = first.max(begin);
    let last = last.min(begin.saturating_add(height - 1));
    while row <= last {
        let count = rows.min(last - row + 1);
        buffer.resize(to_usize(count * row_bytes)?, 0);
        read_at((row - begin) * row_bytes, &mut buffer)?;
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

/// More threads are never busy; of very many rows, several are one band.
const MOST_BANDS: u64 = 4096;

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
    let step = (rows.end - rows.start).div_ceil(MOST_BANDS).max(1);
    let mut next = rows.start;
    while next < rows.end {
        let (row, end) = (next, next.saturating_add(step).min(rows.end));
        next = end;
        let inside = axis.within(row * size..end.saturating_mul(size));
        let count = to_usize(inside.end - inside.start)?;
        if count > 0 {
            let (bytes, later) = rest.split_at_mut(count * row_bytes);
            rest = later;
            bands.push((row..end, Band { bytes, first_row: inside.start }));
        }
    }
    Ok(bands)
}

pub(super) fn read_chunk(
    reading: Reading<'_>,
    access: &ChunkAccess,
    scaled: &[u64],
    wanted: &impl Wanted,
    plan: &Plan,
    scratch: &mut Scratch,
    band: &mut Band<'_>,
) -> Result<()> {
    let Reading { core, cache, info, .. } = reading;
    let (corner, size) = (access.grid.corner(scaled), access.grid.chunk());
    let open = cache.with_open(|open| {
        let chunk = open.get(info.address, scaled)?;
        Some(sink::gather(wanted, &corner, size, chunk, plan, band))
    });
    if let Some(done) = open {
        return done;
    }
    if let Some(chunk) = cache.get(info.address, scaled) {
        return sink::gather(wanted, &corner, size, &chunk, plan, band);
    }
    let Some(record) = access.index.find(core, scaled)? else {
        return sink::fill(wanted, &corner, size, &access.pattern, plan, band);
    };
    if access.is_stored_as_is(scaled, &record) && access.grid.chunk_bytes() > PIECE as u64 {
        // One of many gigabytes need not be read for a few elements.
        let area = Area { corner, size: size.to_vec() };
        access.stored_bytes(core, scaled, &record)?;
        let address = record.address;
        return read_area(
            &area,
            &|at, buffer| core.read_raw(address.plus(at)?, buffer),
            wanted,
            plan,
            Band { bytes: &mut *band.bytes, first_row: band.first_row },
        );
    }
    let was_filtered = access.load(core, scaled, &record, scratch)?;
    // Whoever takes a part of a chunk may want the rest of it next; whoever takes it whole will not.
    if was_filtered && !access.grid.is_covered(wanted, &corner) {
        cache.insert(info.address, scaled, Arc::from(&scratch.front[..]));
    }
    sink::gather(wanted, &corner, size, &scratch.front, plan, band)
}
