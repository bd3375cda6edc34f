//! Creating a dataset: from what the caller asked for to the messages of its header.

use crate::base::{Address, Error, Result, Sizes, byte_count, element_count, to_usize};
use crate::codec::{ChunkShape, Filters};
use crate::engine::{
    AttributeRules, Core, FormatBounds, Header, datatype_message, insert_link, share_messages,
};
use crate::format::datatype::Datatype;
use crate::format::message::dataspace::{Dataspace, Extent};
use crate::format::message::fill_value::{
    EARLY, Fill, FillValue, FillValueOld, IF_SET, INCREMENTAL, LATE, NEVER, ON_ALLOCATION,
};
use crate::format::message::filter_pipeline::{FilterEntry, FilterPipeline, OPTIONAL};
use crate::format::message::layout::{Layout, Storage};
use crate::format::message::link::Target;
use crate::format::object_header::{CONSTANT, Message};

use super::allocate::allocate_early;
use super::dataset::DatasetInfo;
use super::external_create::{ExternalFile, store_external_files};
use super::fresh_fill::FreshFill;
use super::gathered::names_objects;
use super::layout_choice::chunked_layout;
use super::virtual_dataset::{NewMapping, store_mappings};

/// What a new dataset is to be.
#[derive(Clone, Debug)]
pub(crate) struct NewDataset {
    pub(crate) datatype: Datatype,
    /// The committed datatype that the type is.
    pub(crate) committed: Option<Address>,
    pub(crate) extent: Extent,
    pub(crate) chunk: ChunkRequest,
    pub(crate) filters: Vec<FilterRequest>,
    /// One element in the dataset's type.
    pub(crate) fill: Option<Vec<u8>>,
    pub(crate) compact: bool,
    pub(crate) origin: Origin,
    /// None: what is usual for the layout.
    pub(crate) allocation_time: Option<u8>,
    /// When the fill value is written.
    pub(crate) fill_time: u8,
    /// Chunks that reach over the edge are not filtered.
    pub(crate) whole_chunks_only: bool,
    pub(crate) attributes: AttributeRules,
}

/// Where the elements of a new dataset are.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Own,
    /// In other datasets.
    Mapped(Vec<NewMapping>),
    /// In files of raw data.
    External(Vec<ExternalFile>),
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

impl FilterRequest {
    /// A filter that a chunk may do without, as in libhdf5, unless it is its checksum.
    pub(crate) fn new(id: u16, values: &[u32]) -> Self {
        FilterRequest { id, values: values.to_vec(), optional: id != crate::codec::id::FLETCHER32 }
    }
}

/// The first version of the fill value message that is not written beside the old one.
const FIRST_WITHOUT_OLD: u8 = 3;

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
    let mut layout = match &new.origin {
        Origin::Own | Origin::External(_) => layout(core.bounds, core.sizes(), new, chunk.as_deref())?,
        Origin::Mapped(mappings) => store_mappings(core, &new.extent, mappings)?,
    };
    if let (Storage::Compact(data), Some(fill)) = (&mut layout.storage, &new.fill)
        && let Some(fresh) = FreshFill::new(core, &new.datatype, fill)?
    {
        fresh.fill(core, data)?;
    }
    let allocation_time = match (&layout.storage, new.allocation_time) {
        (Storage::Compact(_), None | Some(EARLY)) => EARLY,
        (Storage::Compact(_), Some(_)) => {
            return Err(Error::misuse("compact data is allocated when the dataset is created"));
        }
        (_, Some(time)) => time,
        (Storage::Chunked(_) | Storage::Virtual { .. }, None) => INCREMENTAL,
        (_, None) => LATE,
    };
    let versions = core.versions();
    let value = new.fill.clone().map_or(Fill::Default, Fill::User);
    let fill =
        FillValue { version: versions.fill_value, allocation_time, write_time: fill_time(new)?, value };
    let space = Dataspace::new(new.extent.with_maximum(), versions.dataspace);
    let datatype = datatype_message(core, &new.datatype, new.committed)?;
    let mut messages = vec![Header::new_message(core, &space, 0)?, datatype];
    let mut fills = fill_messages(core, &fill)?.into_iter();
    messages.extend(fills.next());
    messages.push(Header::new_message(core, &layout, 0)?);
    messages.extend(fills);
    if let Some(chunk) = chunk.filter(|_| !new.filters.is_empty()) {
        let pipeline = pipeline(&core.filters, new, &chunk, versions.filter_pipeline)?;
        messages.push(Header::new_message(core, &pipeline, 0)?);
    }
    if let Origin::External(files) = &new.origin {
        let list = store_external_files(core, new, files)?;
        messages.push(Header::new_message(core, &list, CONSTANT)?);
    }
    share_messages(core, &mut messages)?;
    let address = Header::create(core, messages, SLACK, &new.attributes)?.address;
    if let Some((group, name)) = parent {
        insert_link(core, group, name, Target::Hard(address))?;
    }
    let info = DatasetInfo::load(core, &*Header::load(core, address)?)?;
    allocate_early(core, &info)?;
    Ok(address)
}

/// When the fill value is written. What names objects is always written, as by libhdf5, which frees the objects that an
/// element has named before it writes another one: there has to be something that names none.
fn fill_time(new: &NewDataset) -> Result<u8> {
    match new.fill_time {
        time if !names_objects(&new.datatype) => Ok(time),
        NEVER => Err(Error::misuse(
            "elements of variable length must not be undefined: they are filled at some time",
        )),
        IF_SET if new.fill.is_none() => Ok(ON_ALLOCATION),
        time => Ok(time),
    }
}

/// The fill value; beside old versions of its message, that of the releases before 1.6, which know no other.
pub(super) fn fill_messages(core: &Core, fill: &FillValue) -> Result<Vec<Message>> {
    let mut messages = vec![Header::new_message(core, fill, CONSTANT)?];
    if let Fill::User(value) = &fill.value
        && fill.version < FIRST_WITHOUT_OLD
    {
        messages.push(Header::new_message(core, &FillValueOld(value.clone()), CONSTANT)?);
    }
    Ok(messages)
}

pub(super) fn chunk_shape(new: &NewDataset) -> Result<Option<Vec<u64>>> {
    if !matches!(new.origin, Origin::Own) {
        let is_plain = new.chunk == ChunkRequest::Automatic && new.filters.is_empty() && !new.compact;
        let what = "a dataset whose elements lie elsewhere cannot be compact, chunked or filtered";
        return if is_plain { Ok(None) } else { Err(Error::misuse(what)) };
    }
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
pub(super) fn automatic_chunk(shape: &[u64], element: u64) -> Vec<u64> {
    let mut chunk: Vec<u64> = shape.iter().map(|&size| if size == 0 { 1024 } else { size }).collect();
    let bytes = |chunk: &[u64]| chunk.iter().fold(element.max(1), |n, &size| n.saturating_mul(size));
    while bytes(&chunk) > AUTOMATIC_CHUNK_BYTES {
        let Some(longest) = chunk.iter_mut().max().filter(|size| **size > 1) else { break };
        *longest = longest.div_ceil(2);
    }
    chunk
}

pub(super) fn layout(
    bounds: FormatBounds,
    sizes: Sizes,
    new: &NewDataset,
    chunk: Option<&[u64]>,
) -> Result<Layout> {
    let element = u64::from(new.datatype.size);
    let bytes = byte_count(new.extent.shape().map_or(Ok(0), element_count)?, to_usize(element)?)?;
    let storage = match chunk {
        Some(_) if new.compact => {
            return Err(Error::misuse("a compact dataset cannot be chunked or filtered"));
        }
        Some(chunk) => return chunked_layout(bounds, sizes, new, chunk),
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

pub(super) fn pipeline(
    filters: &Filters,
    new: &NewDataset,
    chunk: &[u64],
    version: u8,
) -> Result<FilterPipeline> {
    let shape = ChunkShape { datatype: &new.datatype, shape: chunk, fill: new.fill.as_deref() };
    let entry = |request: &FilterRequest| {
        let Some(filter) = filters.get(request.id) else {
            let (id, feature) = (request.id, Filters::feature_of(request.id));
            return Err(crate::base::Unsupported::Filter { id, name: String::new(), feature }.into());
        };
        let flags = if request.optional { OPTIONAL } else { 0 };
        let values = filter.configure(&request.values, &shape)?;
        Ok(FilterEntry::new(request.id, flags, filter.name(), values, version))
    };
    Ok(FilterPipeline { version, filters: new.filters.iter().map(entry).collect::<Result<_>>()? })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{CreateOptions, FormatBounds, Resolved, create_attribute, resolve};
    use crate::format::datatype::Order;
    use crate::format::message::MessageType;
    use crate::storage::MemoryStorage;

    fn header(core: &Core, path: &str) -> Arc<Header> {
        match resolve(core, core.superblock.root_header(), "/", path).unwrap() {
            Resolved::Here { address, .. } => Header::load(core, address).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The messages of an object: type, and the byte that has the version.
    fn versions(header: &Header) -> Vec<(MessageType, u8)> {
        header.messages.iter().map(|message| (message.kind, message.body[0])).collect()
    }

    fn sample(bounds: FormatBounds) -> Arc<Header> {
        let options = CreateOptions { bounds, ..CreateOptions::default() };
        let mut core = Core::create(Arc::new(MemoryStorage::default()), options).unwrap();
        assert_eq!(core.superblock.sizes, Sizes::EIGHT);
        let extent = Extent::Simple { shape: vec![5, 6], maximum: None };
        let new = NewDataset {
            datatype: Datatype::float(8, Order::Little),
            committed: None,
            extent: extent.clone(),
            chunk: ChunkRequest::Shape(vec![2, 3]),
            filters: vec![FilterRequest {
                id: crate::codec::id::SHUFFLE,
                values: Vec::new(),
                optional: true,
            }],
            fill: Some(vec![7; 8]),
            compact: false,
            origin: Origin::Own,
            allocation_time: None,
            fill_time: IF_SET,
            whole_chunks_only: false,
            attributes: AttributeRules::default(),
        };
        let root = core.superblock.root_header();
        let dataset = create_dataset(&mut core, Some((root, "chunked")), &new).unwrap();
        create_attribute(&mut core, dataset, "a", &new.datatype, &Extent::Scalar, vec![0; 8]).unwrap();
        header(&core, "chunked")
    }

    #[test]
    fn the_earliest_messages_are_those_of_libhdf5() {
        let expected = [
            (MessageType::DATASPACE, 1),
            (MessageType::DATATYPE, 0x11),
            (MessageType::FILL_VALUE, 2),
            (MessageType::LAYOUT, 3),
            (MessageType::FILL_VALUE_OLD, 8),
            (MessageType::FILTER_PIPELINE, 1),
            (MessageType::ATTRIBUTE, 1),
        ];
        let ours = sample(FormatBounds::Earliest);
        assert_eq!((versions(&ours), ours.prefix.style().version), (expected.to_vec(), 1));
        assert!(ours.find(MessageType::FILTER_PIPELINE).unwrap().body.windows(8).any(|n| n == b"shuffle\0"));
        // A file that libhdf5 made with the same bound.
        let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/superblock_0.h5")).unwrap();
        let storage = Arc::new(MemoryStorage::new(file));
        let core = Core::open(storage, crate::engine::OpenOptions::default()).unwrap();
        let theirs = header(&core, "experiment1/contiguous");
        let known = versions(&theirs).into_iter().filter(|(kind, _)| *kind != MessageType::MODIFICATION_TIME);
        let mut compared = 0;
        for (kind, version) in known {
            assert!(expected.contains(&(kind, version)), "{kind:?} {version}");
            compared += 1;
        }
        assert_eq!((compared, theirs.prefix.style().version), (4, 1));
    }

    #[test]
    fn later_bounds_have_later_messages() {
        for (bounds, layout) in [(FormatBounds::V18, 3), (FormatBounds::V200, 5)] {
            let ours = sample(bounds);
            let expected = [
                (MessageType::DATASPACE, 2),
                (MessageType::DATATYPE, 0x11),
                (MessageType::FILL_VALUE, 3),
                (MessageType::LAYOUT, layout),
                (MessageType::FILTER_PIPELINE, 2),
                (MessageType::ATTRIBUTE, 3),
                (MessageType::ATTRIBUTE_INFO, 0),
            ];
            assert_eq!((versions(&ours), ours.prefix.style().version), (expected.to_vec(), 2));
        }
    }
}
