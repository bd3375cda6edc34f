//! The elements of a dataset: as stored bytes where nothing about them changes, else piece by piece.

use std::ops::Range;

use crate::base::{Address, Result, byte_count};
use crate::convert::Plan;
use crate::engine::Header;
use crate::format::message::layout::Storage;
use crate::select::{Axis, Hyperslab, Selected, coordinates};

use super::super::allocate::allocate_contiguous;
use super::super::chunk_access::ChunkAccess;
use super::super::chunk_store::store_layout;
use super::super::dataset::DatasetInfo;
use super::super::index::ChunkRecord;
use super::super::read::{Reading, read};
use super::super::transfer::Transfer;
use super::Copier;

/// Data that is not chunked is copied in pieces of about this many bytes.
const PIECE: u64 = 4 << 20;

/// Chunks are listed in batches, for an index cannot be read while a file is written that may be the same.
pub(super) const BATCH: usize = 1 << 16;

/// What was copied of a long series of chunks is kept after this many bytes.
const SETTLE: u64 = 64 << 20;

impl Copier<'_> {
    /// Copies the elements; the header of the copy says already how they are to be stored.
    pub(super) fn copy_elements(&mut self, info: &DatasetInfo, to: Address) -> Result<()> {
        if info.shape().contains(&0) || info.extent.shape().is_none() {
            return Ok(());
        }
        let new = self.new_info(to)?;
        // The type in the header is the same in another version, which makes it look different.
        let datatype = info.datatype.fitted(self.ends.target().sizes())?;
        let transfer = self.transfer(&info.datatype, &datatype)?;
        match (&info.layout.storage, &new.layout.storage) {
            // Nothing was written, so there is nothing to copy: the fill value is the same.
            (_, Storage::Compact(_)) => self.copy_to_compact(info, &new, transfer.as_ref()),
            (Storage::Contiguous { address: None, .. }, _) => Ok(()),
            (Storage::Chunked(chunked), _) if chunked.address.is_none() => Ok(()),
            (Storage::Chunked(_), Storage::Chunked(_)) if transfer.is_none() && same_form(info, &new) => {
                self.copy_chunks(info, &new)
            }
            (_, Storage::Chunked(_)) => self.copy_to_chunks(info, &new, transfer.as_ref()),
            _ => self.copy_to_contiguous(info, &new, transfer.as_ref()),
        }
    }

    /// What the copy's header says at this moment.
    pub(super) fn new_info(&self, to: Address) -> Result<DatasetInfo> {
        let core = self.ends.target();
        DatasetInfo::load(core, &*Header::load(core, to)?)
    }

    /// Copies chunks as they are stored.
    fn copy_chunks(&mut self, info: &DatasetInfo, new: &DatasetInfo) -> Result<()> {
        let mut layout = new.layout.clone();
        let mut access = ChunkAccess::open(self.ends.target(), new)?;
        let source = ChunkAccess::open(self.ends.source(), info)?;
        access.index.create(self.ends.writer())?;
        access.publish(self.ends.writer(), new.address, &mut layout)?;
        let (mut done, mut kept) = (0, 0);
        loop {
            let batch = list_chunks(self, &source, done)?;
            for (scaled, record) in batch.iter().filter(|(scaled, _)| source.grid.has(scaled)) {
                let len = source.stored_bytes(self.ends.source(), scaled, record)?;
                let bytes = self.ends.source().raw(record.address, len)?;
                let core = self.ends.writer();
                let old = access.index.find(core, scaled)?;
                access.put(core, scaled, old, &bytes, record.filter_mask)?;
                kept += len;
                if kept > SETTLE {
                    kept = 0;
                    access.publish(core, new.address, &mut layout)?;
                    core.settle()?;
                }
            }
            done += batch.len();
            access.publish(self.ends.writer(), new.address, &mut layout)?;
            self.ends.writer().settle()?;
            if batch.len() < BATCH {
                return Ok(());
            }
        }
    }

    fn copy_to_compact(
        &mut self,
        info: &DatasetInfo,
        new: &DatasetInfo,
        transfer: Option<&Transfer>,
    ) -> Result<()> {
        let data = self.elements(info, &Hyperslab::all(info.shape()), transfer)?;
        let mut layout = new.layout.clone();
        layout.storage = Storage::Compact(data);
        store_layout(self.ends.writer(), new.address, &layout)
    }

    fn copy_to_contiguous(
        &mut self,
        info: &DatasetInfo,
        new: &DatasetInfo,
        transfer: Option<&Transfer>,
    ) -> Result<()> {
        let (mut place, mut done) = (None, 0);
        for slab in Cut::new(info)?.pieces() {
            let data = self.elements(info, &slab, transfer)?;
            let core = self.ends.writer();
            // Nothing is allocated for what cannot be read.
            let address = match place {
                Some(address) => address,
                None => allocate_contiguous(core, new, true)?,
            };
            place = Some(address);
            core.write_raw(address.plus(done)?, &data)?;
            core.settle()?;
            done += data.len() as u64;
        }
        Ok(())
    }

    /// Reads what is selected, as it is stored in the file that is copied to.
    pub(super) fn elements(
        &mut self,
        info: &DatasetInfo,
        slab: &Hyperslab,
        transfer: Option<&Transfer>,
    ) -> Result<Vec<u8>> {
        let (core, size) = (self.ends.source(), info.element_size()?);
        let mut stored = core.budget.zeroed::<u8>(byte_count(slab.element_count()?, size)?)?;
        let reading = Reading::new(core, self.ends.source_cache(), info);
        read(reading, &Selected::Regular(slab.clone()), &Plan::identity(size), &mut stored)?;
        self.carried(transfer, stored)
    }
}

/// Whether stored chunks mean the same in the copy.
fn same_form(info: &DatasetInfo, new: &DatasetInfo) -> bool {
    let form = |info: &DatasetInfo| {
        let filters = info.filters.iter().flat_map(|pipeline| &pipeline.filters);
        let filters: Vec<_> = filters.map(|filter| (filter.id, filter.values.clone())).collect();
        info.chunked().map(|chunked| (chunked.shape.clone(), chunked.whole_chunks_only, filters))
    };
    info.datatype.size == new.datatype.size && form(info) == form(new)
}

/// The next chunks of an index, after so many.
pub(super) fn list_chunks(
    copier: &Copier<'_>,
    source: &ChunkAccess,
    skip: usize,
) -> Result<Vec<(Vec<u64>, ChunkRecord)>> {
    let (mut seen, mut batch) = (0, Vec::new());
    let mut is_full = false;
    let visited = source.index.visit(copier.ends.source(), &mut |scaled, record| {
        seen += 1;
        if seen > skip {
            batch.push((scaled, record));
        }
        is_full = batch.len() == BATCH;
        // No visitor is called again after an error.
        if is_full { Err(crate::base::Error::misuse("enough chunks")) } else { Ok(()) }
    });
    if is_full { Ok(batch) } else { visited.map(|()| batch) }
}

/// All elements, cut along the slowest axes into pieces that follow each other in memory.
struct Cut<'a> {
    shape: &'a [u64],
    /// The axis that is cut, into pieces of so many indices. The axes before it are gone through one by one, those behind
    /// it are taken whole.
    axis: usize,
    step: u64,
    ranges: Vec<Range<u64>>,
}

impl<'a> Cut<'a> {
    fn new(info: &'a DatasetInfo) -> Result<Self> {
        let shape = info.shape();
        let most = (PIECE / info.element_size()?.max(1) as u64).max(1);
        let row = |axis: usize| shape[axis + 1..].iter().fold(1u64, |n, &len| n.saturating_mul(len));
        let axis = (0..shape.len()).find(|&axis| row(axis) <= most).unwrap_or(0);
        let step = if shape.is_empty() { 1 } else { (most / row(axis)).max(1) };
        let count = |(at, &len): (usize, &u64)| 0..if at == axis { len.div_ceil(step) } else { len };
        let ranges = shape.iter().take(axis + 1).enumerate().map(count).collect();
        Ok(Cut { shape, axis, step, ranges })
    }

    fn pieces(&self) -> impl Iterator<Item = Hyperslab> {
        coordinates(&self.ranges).map(|at| {
            let axes = self.shape.iter().enumerate().map(|(axis, &len)| match at.get(axis) {
                Some(&n) if axis == self.axis => {
                    Axis::contiguous(n * self.step, self.step.min(len - n * self.step))
                }
                Some(&n) => Axis::contiguous(n, 1),
                None => Axis::contiguous(0, len),
            });
            Hyperslab::new(axes.collect())
        })
    }
}
