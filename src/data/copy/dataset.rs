//! Datasets: the messages that say where and how the elements are stored, chosen anew for the file they go to.

use crate::base::{Address, Error, Result, byte_count, element_count, to_usize};
use crate::codec::{HIGHEST_LEVEL, id};
use crate::engine::{self, AttributeRules, FormatBounds, Header};
use crate::format::datatype::Datatype;
use crate::format::message::MessageType;
use crate::format::message::dataspace::Dataspace;
use crate::format::message::external_files::{ExternalFiles, Slot};
use crate::format::message::fill_value::{EARLY, Fill, FillValue, INCREMENTAL, LATE};
use crate::format::message::filter_pipeline::{FilterEntry, FilterPipeline, OPTIONAL};
use crate::format::message::layout::{Layout, Storage};
use crate::format::message::shared::SharedMessage;
use crate::format::object_header::{CONSTANT, Message, SHARED};
use crate::format::virtual_mapping::{SourceName, VirtualEntry, VirtualMappings};

use super::super::chunks::Grid;
use super::super::create::{
    ChunkRequest, FilterRequest, NewDataset, Origin, automatic_chunk, chunk_shape, fill_messages, layout,
    pipeline,
};
use super::super::dataset::DatasetInfo;
use super::super::external::external_files;
use super::super::storage_size::storage_size;
use super::super::virtual_dataset::virtual_mappings;
use super::{Change, Copier, LayoutRequest, object};

/// What a dataset is going to be in the file that it goes to.
struct Plan {
    datatype: Datatype,
    fill: FillValue,
    layout: Layout,
    pipeline: Option<FilterPipeline>,
}

impl Copier<'_> {
    pub(super) fn copy_dataset(&mut self, header: &Header, to: Address, path: &str) -> Result<()> {
        let info = DatasetInfo::load(self.ends.source(), header)?;
        let change = (self.change)(path);
        let plan = match self.plan(header, &info, &change) {
            Err(error) if !change.is_none() && !change.is_required => {
                self.outcome.unchanged.push(error.of(path));
                self.plan(header, &info, &Change::default())?
            }
            plan => plan?,
        };
        let messages = self.dataset_messages(header, &info, &plan)?;
        object::fill(&mut self.ends, header, to, messages)?;
        let new = DatasetInfo::load(self.ends.target(), &*Header::load(self.ends.target(), to)?)?;
        if !info.is_external && !matches!(new.layout.storage, Storage::Virtual { .. }) {
            self.copy_elements(&info, to)?;
        }
        Ok(())
    }

    fn plan(&mut self, header: &Header, info: &DatasetInfo, change: &Change) -> Result<Plan> {
        let datatype = info.datatype.fitted(self.ends.target().sizes())?;
        let mut fill = info.fill.clone();
        if let Fill::User(value) = &fill.value
            && value.len() == to_usize(info.datatype.size.into())?
        {
            let transfer = self.transfer(&info.datatype, &datatype)?;
            fill.value = Fill::User(self.carried(transfer.as_ref(), value.clone())?);
        }
        fill.version = self.ends.target().versions().fill_value;
        let new = self.wanted(info, &datatype, &fill, change)?;
        let mut shaped = new.clone();
        // Without an index, all chunks have their place from the beginning, of however many nothing was ever written.
        shaped.allocation_time = new.allocation_time.filter(|_| self.is_complete(info).unwrap_or(false));
        let layout = match &info.layout.storage {
            Storage::Virtual { .. } => self.virtual_layout(info)?,
            Storage::Contiguous { .. } if info.is_external => {
                Layout { version: 3, old_sizes: Vec::new(), storage: external_storage(info)? }
            }
            _ => {
                let (target, chunk) = (self.ends.target(), chunk(info, &new)?);
                layout(bounds_for(target.bounds, &new), target.sizes(), &shaped, chunk.as_deref())?
            }
        };
        fill.allocation_time = match (&layout.storage, new.allocation_time) {
            (Storage::Compact(_), _) => EARLY,
            (_, Some(time)) => time,
            (Storage::Chunked(_) | Storage::Virtual { .. }, None) => INCREMENTAL,
            (_, None) => LATE,
        };
        let is_chunked = matches!(layout.storage, Storage::Chunked(_));
        let pipeline = if is_chunked { self.new_pipeline(header, info, &new, change)? } else { None };
        Ok(Plan { datatype, fill, layout, pipeline })
    }

    /// Whether all chunks of a dataset without filters are there.
    fn is_complete(&self, info: &DatasetInfo) -> Result<bool> {
        let chunks = Grid::new(info)?.ranges();
        let chunks: Vec<u64> = chunks.iter().map(|range| range.end).collect();
        let all = byte_count(element_count(&chunks)?, to_usize(Grid::new(info)?.chunk_bytes())?)?;
        Ok(storage_size(self.ends.source(), info)? == all)
    }

    /// What the dataset would be if somebody created it.
    fn wanted(
        &self,
        info: &DatasetInfo,
        datatype: &Datatype,
        fill: &FillValue,
        change: &Change,
    ) -> Result<NewDataset> {
        let is_fixed = info.is_external || matches!(info.layout.storage, Storage::Virtual { .. });
        if is_fixed && !change.is_none() {
            return Err(Error::misuse(
                "virtual datasets and external data have no chunks, filters or layout to choose",
            ));
        }
        let (shape, maximum) = (info.shape(), info.extent.maximum());
        let stored = info.chunked();
        let mut chunk = match stored {
            Some(chunked) => ChunkRequest::Shape(chunked.shape.clone()),
            None => ChunkRequest::Automatic,
        };
        let mut filters = change.filters.clone().unwrap_or_else(|| requests(info));
        let mut compact = matches!(info.layout.storage, Storage::Compact(_)) && filters.is_empty();
        match &change.layout {
            Some(LayoutRequest::Chunked(wanted)) => {
                chunk = ChunkRequest::Shape(Change::chunk(wanted, shape, &maximum)?);
                compact = false;
            }
            Some(LayoutRequest::AnyChunks) => {
                let element = u64::from(datatype.size);
                chunk =
                    ChunkRequest::Shape(Change::chunk(&automatic_chunk(shape, element), shape, &maximum)?);
                compact = false;
            }
            Some(plain) => {
                if maximum.iter().zip(shape).any(|(most, &size)| *most != Some(size)) {
                    return Err(Error::misuse("a dataset that can grow is chunked"));
                }
                chunk = ChunkRequest::Automatic;
                compact = *plain == LayoutRequest::Compact;
                filters.clear();
            }
            None => {}
        }
        let will_be_chunked = chunk != ChunkRequest::Automatic || !filters.is_empty();
        let allocation_time = match fill.allocation_time {
            // What becomes chunked is allocated as chunks usually are, and so for the other layouts.
            time if time != 0 && !compact && stored.is_some() == will_be_chunked => Some(time),
            _ => None,
        };
        Ok(NewDataset {
            datatype: datatype.clone(),
            committed: None,
            extent: info.extent.clone(),
            chunk,
            filters,
            fill: None,
            compact,
            origin: Origin::Own,
            allocation_time,
            fill_time: fill.write_time,
            attributes: AttributeRules::default(),
            whole_chunks_only: stored.is_some_and(|chunked| chunked.whole_chunks_only),
        })
    }

    /// The filters as they are, with whatever parameters, or new ones that suit the dataset.
    fn new_pipeline(
        &self,
        header: &Header,
        info: &DatasetInfo,
        new: &NewDataset,
        change: &Change,
    ) -> Result<Option<FilterPipeline>> {
        let core = self.ends.target();
        let version = core.versions().filter_pipeline;
        if new.filters.is_empty() {
            return Ok(None);
        }
        let chunk = chunk(info, new)?.unwrap_or_default();
        let same_chunks = info.chunked().is_some_and(|chunked| chunked.shape == chunk);
        if change.filters.is_none() && same_chunks && new.datatype.size == info.datatype.size {
            let Some(old) = header.message::<FilterPipeline>(self.ends.source())? else { return Ok(None) };
            let again = |filter: &FilterEntry| {
                let name = String::from_utf8_lossy(filter.name()).into_owned();
                FilterEntry::new(filter.id, filter.flags, &name, filter.values.clone(), version)
            };
            return Ok(Some(FilterPipeline { version, filters: old.filters.iter().map(again).collect() }));
        }
        if change.filters.is_none() && new.filters.iter().any(loses_something) {
            let what = "its filter keeps values only about, and would change them in other chunks: choose filters too";
            return Err(Error::misuse(what));
        }
        pipeline(&core.filters, new, &chunk, version).map(Some)
    }

    fn dataset_messages(&mut self, header: &Header, info: &DatasetInfo, plan: &Plan) -> Result<Vec<Message>> {
        let datatype = match header.committed::<Datatype>(self.ends.source())? {
            Some(committed) => {
                let shared = SharedMessage::committed(self.committed(committed)?);
                let body = crate::format::encode(&shared, &self.ends.target().sizes())?;
                let (kind, flags) = (MessageType::DATATYPE, CONSTANT | SHARED);
                Message { kind, flags, creation_order: None, body, offset: 0 }
            }
            None => {
                let core = self.ends.target();
                Header::new_message(core, &plan.datatype.in_version(core.versions().datatype), CONSTANT)?
            }
        };
        let files = if info.is_external { Some(self.external_list(header)?) } else { None };
        let core = self.ends.target();
        let space = Dataspace::new(info.extent.with_maximum(), core.versions().dataspace);
        let mut messages = vec![Header::new_message(core, &space, 0)?, datatype];
        let mut fills = fill_messages(core, &plan.fill)?.into_iter();
        messages.extend(fills.next());
        messages.push(Header::new_message(core, &plan.layout, 0)?);
        messages.extend(fills);
        if let Some(pipeline) = &plan.pipeline {
            messages.push(Header::new_message(core, pipeline, 0)?);
        }
        if let Some(files) = files {
            messages.push(Header::new_message(core, &files, 0)?);
        }
        Ok(messages)
    }

    /// The data stays in the files that it is in; they are named as before.
    fn external_list(&mut self, header: &Header) -> Result<ExternalFiles> {
        let files = external_files(self.ends.source(), header)?;
        let names: Vec<&[u8]> = files.iter().map(|(name, _)| name.as_slice()).collect();
        let (heap, offsets) = engine::create_name_heap(self.ends.writer(), &names)?;
        let slots = files.iter().zip(offsets);
        let slots = slots.map(|((_, slot), name_offset)| Slot { name_offset, ..slot.clone() }).collect();
        Ok(ExternalFiles { heap, slots, unused: Vec::new() })
    }

    /// The mappings are about the same files and datasets as before.
    fn virtual_layout(&mut self, info: &DatasetInfo) -> Result<Layout> {
        let mut storage = Storage::Virtual { collection: None, index: 0 };
        if let Some(mappings) = virtual_mappings(self.ends.source(), info)? {
            let core = self.ends.writer();
            let mappings =
                if core.versions().virtual_mappings == 0 { spelled_out(&mappings) } else { mappings };
            let id = core.insert_heap_object(&crate::format::encode(&mappings, &core.sizes())?)?;
            storage = Storage::Virtual { collection: id.collection, index: id.index };
        }
        let version = self.ends.target().versions().layout.max(FIRST_VIRTUAL);
        Ok(Layout { version, old_sizes: Vec::new(), storage })
    }
}

/// The first layout version with virtual datasets.
const FIRST_VIRTUAL: u8 = 4;

/// Whether a filter may change values that it has already changed once, where other values are with them in a chunk. zfp,
/// SZ3 and SPERR count in every mode: what they store is not what one asks them for. SZ, nobody here can encode.
fn loses_something(filter: &FilterRequest) -> bool {
    match filter.id {
        id::ZFP | id::BITGROOM | id::GRANULAR_BITROUND | id::SZ3 | id::SPERR => true,
        // Unless the largest error is 0.
        id::JPEG_LS => !matches!(filter.values.as_slice(), [_, _, _, _, _, _, _, 0, ..]),
        id::SCALE_OFFSET => !matches!(filter.values.as_slice(), [WHOLE_NUMBERS, 0, ..]),
        _ => false,
    }
}

/// The mode of scale-offset that is for integers; with no number of bits, it takes as many as it needs.
const WHOLE_NUMBERS: u32 = 2;

/// The filters of a dataset as what somebody would ask for.
fn requests(info: &DatasetInfo) -> Vec<FilterRequest> {
    let filters = info.filters.iter().flat_map(|pipeline| &pipeline.filters);
    let request = |filter: &FilterEntry| {
        let mut values = filter.values.clone();
        if let (id::DEFLATE, Some(level)) = (filter.id, values.first_mut()) {
            // A file may have a level that nobody can ask for; it counts as this one.
            *level = (*level).min(HIGHEST_LEVEL);
        }
        FilterRequest { id: filter.id, values, optional: filter.flags & OPTIONAL != 0 }
    };
    filters.map(request).collect()
}

/// The chunks of the new dataset. Those that a dataset has already need not suit its shape.
fn chunk(info: &DatasetInfo, new: &NewDataset) -> Result<Option<Vec<u64>>> {
    match (&new.chunk, info.chunked()) {
        (ChunkRequest::Shape(chunk), Some(old)) if *chunk == old.shape => Ok(Some(old.shape.clone())),
        _ => chunk_shape(new),
    }
}

fn external_storage(info: &DatasetInfo) -> Result<Storage> {
    Ok(Storage::Contiguous { address: None, size: Some(info.bytes()?) })
}

/// What only a newer version can hold is written in that one.
fn bounds_for(bounds: FormatBounds, new: &NewDataset) -> FormatBounds {
    let ChunkRequest::Shape(chunk) = &new.chunk else { return bounds };
    let bytes = chunk.iter().fold(u64::from(new.datatype.size), |n, &size| n.saturating_mul(size));
    let is_large = bytes > u64::from(u32::MAX);
    match new.whole_chunks_only {
        _ if is_large => bounds.max(FormatBounds::V200),
        true => bounds.max(FormatBounds::V110),
        false => bounds,
    }
}

/// The mappings in the version that all releases with virtual datasets read: every name in its entry.
fn spelled_out(mappings: &VirtualMappings) -> VirtualMappings {
    let named = mappings.entries.iter().zip(mappings.names());
    let entries = named.map(|(entry, (file, dataset))| VirtualEntry {
        file: SourceName::Own(file.to_vec()),
        dataset: SourceName::Own(dataset.to_vec()),
        source: entry.source.clone(),
        target: entry.target.clone(),
    });
    VirtualMappings { version: 0, entries: entries.collect() }
}
