//! Creating a dataset: from what the caller asked for to the messages of its header.

use crate::base::{Address, Error, Result, byte_count, element_count, to_usize};
use crate::codec::{ChunkShape, Filters};
use crate::engine::{Core, FormatBounds, Header, insert_link};
use crate::format::datatype::Datatype;
use crate::format::message::dataspace::{Dataspace, Extent};
use crate::format::message::fill_value::{EARLY, Fill, FillValue, INCREMENTAL, LATE};
use crate::format::message::filter_pipeline::{FilterEntry, FilterPipeline, OPTIONAL};
use crate::format::message::layout::{Layout, Storage};
use crate::format::message::link::Target;
use crate::format::object_header::CONSTANT;

use super::allocate::allocate_early;
use super::dataset::DatasetInfo;
use super::layout_choice::chunked_layout;

/// What a new dataset is to be.
#[derive(Clone, Debug)]
pub(crate) struct NewDataset {
    pub(crate) datatype: Datatype,
    pub(crate) extent: Extent,
    pub(crate) chunk: ChunkRequest,
    pub(crate) filters: Vec<FilterRequest>,
    /// One element in the dataset's type.
    pub(crate) fill: Option<Vec<u8>>,
    pub(crate) compact: bool,
    /// None: what is usual for the layout.
    pub(crate) allocation_time: Option<u8>,
    /// When the fill value is written.
    pub(crate) fill_time: u8,
    /// Chunks that reach over the edge are not filtered.
    pub(crate) whole_chunks_only: bool,
}

/// How the dataset is to be divided.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ChunkRequest {
    /// Chunked only where filters or an axis that can grow demand it.
    Automatic,
    Shape(Vec<u64>),
}

/// A filter and what the caller said about it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FilterRequest {
    pub(crate) id: u16,
    pub(crate) values: Vec<u32>,
    pub(crate) optional: bool,
}

/// About what a chunk has that nobody chose a shape for.
const AUTOMATIC_CHUNK_BYTES: u64 = 256 << 10;
/// Compact data has to fit a message.
const COMPACT_LIMIT: u64 = 65_000;
/// Room for a few attributes in the header of a new dataset.
const SLACK: usize = 96;

/// Writes a dataset's header and links it to a group; returns its address.
pub(crate) fn create_dataset(
    core: &mut Core,
    parent: Option<(Address, &str)>,
    new: &NewDataset,
) -> Result<Address> {
    if let Some((group, name)) = parent {
        crate::engine::check_new_name(core, group, name)?;
    }
    let chunk = chunk_shape(new)?;
    let layout = layout(core.bounds, new, chunk.as_deref())?;
    let allocation_time = match (&layout.storage, new.allocation_time) {
        (Storage::Compact(_), None | Some(EARLY)) => EARLY,
        (Storage::Compact(_), Some(_)) => {
            return Err(Error::misuse("compact data is allocated when the dataset is created"));
        }
        (_, Some(time)) => time,
        (Storage::Chunked(_), None) => INCREMENTAL,
        (_, None) => LATE,
    };
    let fill = FillValue {
        version: 3,
        allocation_time,
        write_time: new.fill_time,
        value: new.fill.clone().map_or(Fill::Default, Fill::User),
    };
    let space = Dataspace { version: 2, extent: new.extent.clone(), permutation: Vec::new() };
    let mut messages = vec![
        Header::new_message(core, &space, 0)?,
        Header::new_message(core, &new.datatype, CONSTANT)?,
        Header::new_message(core, &fill, CONSTANT)?,
        Header::new_message(core, &layout, 0)?,
    ];
    if let Some(chunk) = chunk.filter(|_| !new.filters.is_empty()) {
        let pipeline = pipeline(&core.filters, new, &chunk)?;
        messages.push(Header::new_message(core, &pipeline, 0)?);
    }
    let address = Header::create(core, messages, SLACK)?.address;
    if let Some((group, name)) = parent {
        insert_link(core, group, name, Target::Hard(address))?;
    }
    let info = DatasetInfo::load(core, &*Header::load(core, address)?)?;
    allocate_early(core, &info)?;
    Ok(address)
}

fn chunk_shape(new: &NewDataset) -> Result<Option<Vec<u64>>> {
    let Some(shape) = new.extent.shape().filter(|shape| !shape.is_empty()) else {
        return match new.chunk {
            ChunkRequest::Automatic if new.filters.is_empty() => Ok(None),
            _ => Err(Error::misuse("a scalar or null dataspace cannot be chunked or filtered")),
        };
    };
    let can_grow = new.extent.maximum().iter().zip(shape).any(|(&most, &size)| most != Some(size));
    match &new.chunk {
        ChunkRequest::Automatic if can_grow || !new.filters.is_empty() => {
            Ok(Some(automatic_chunk(shape, u64::from(new.datatype.size))))
        }
        ChunkRequest::Automatic => Ok(None),
        ChunkRequest::Shape(chunk) => {
            check_chunk(new, shape, chunk)?;
            Ok(Some(chunk.clone()))
        }
    }
}

fn check_chunk(new: &NewDataset, shape: &[u64], chunk: &[u64]) -> Result<()> {
    if chunk.len() != shape.len() || chunk.contains(&0) {
        return Err(Error::shape(format!("chunks of {chunk:?} for a dataset of {shape:?}")));
    }
    for (&size, maximum) in chunk.iter().zip(new.extent.maximum()) {
        if let Some(maximum) = maximum.filter(|&maximum| size > maximum.max(1)) {
            return Err(Error::shape(format!("chunks of {size} along an axis of at most {maximum}")));
        }
    }
    Ok(())
}

/// Halves the longest axis until a chunk is small enough; axes without elements count as some that will come.
fn automatic_chunk(shape: &[u64], element: u64) -> Vec<u64> {
    let mut chunk: Vec<u64> = shape.iter().map(|&size| if size == 0 { 1024 } else { size }).collect();
    let bytes = |chunk: &[u64]| chunk.iter().fold(element.max(1), |n, &size| n.saturating_mul(size));
    while bytes(&chunk) > AUTOMATIC_CHUNK_BYTES {
        let Some(longest) = chunk.iter_mut().max().filter(|size| **size > 1) else { break };
        *longest = longest.div_ceil(2);
    }
    chunk
}

fn layout(bounds: FormatBounds, new: &NewDataset, chunk: Option<&[u64]>) -> Result<Layout> {
    let element = u64::from(new.datatype.size);
    let bytes = byte_count(new.extent.shape().map_or(Ok(0), element_count)?, to_usize(element)?)?;
    let storage = match chunk {
        Some(_) if new.compact => {
            return Err(Error::misuse("a compact dataset cannot be chunked or filtered"));
        }
        Some(chunk) => return chunked_layout(bounds, new, chunk),
        None if new.compact && bytes > COMPACT_LIMIT => {
            return Err(Error::limit("a compact dataset", bytes, COMPACT_LIMIT));
        }
        None if new.compact => {
            let mut data = new
                .fill
                .clone()
                .map_or(Vec::new(), |fill| fill.repeat(usize::try_from(bytes / element.max(1)).unwrap_or(0)));
            data.resize(to_usize(bytes)?, 0);
            Storage::Compact(data)
        }
        None => Storage::Contiguous { address: None, size: Some(bytes) },
    };
    Ok(Layout { version: 3, old_sizes: Vec::new(), storage })
}

fn pipeline(filters: &Filters, new: &NewDataset, chunk: &[u64]) -> Result<FilterPipeline> {
    // A fill value that nobody set is zero, and counts for filters that treat it apart.
    let zeros = vec![0; to_usize(u64::from(new.datatype.size))?];
    let fill = Some(new.fill.as_deref().unwrap_or(&zeros));
    let shape = ChunkShape { datatype: &new.datatype, shape: chunk, fill };
    let entry = |request: &FilterRequest| {
        let Some(filter) = filters.get(request.id) else {
            let (id, feature) = (request.id, Filters::feature_of(request.id));
            return Err(crate::base::Unsupported::Filter { id, name: String::new(), feature }.into());
        };
        // Only numbers from 256 on have their name stored.
        let mut stored_name = Vec::new();
        if request.id >= 256 {
            stored_name = filter.name().as_bytes().to_vec();
            stored_name.push(0);
        }
        let flags = if request.optional { OPTIONAL } else { 0 };
        Ok(FilterEntry {
            id: request.id,
            flags,
            stored_name,
            values: filter.configure(&request.values, &shape)?,
        })
    };
    Ok(FilterPipeline { version: 2, filters: new.filters.iter().map(entry).collect::<Result<_>>()? })
}
