//! What a dataset says about its storage beyond its layout: fill values, external files, sources of virtual datasets.

use super::{Dataset, StoredElements};
use crate::base::Result;
use crate::data::{self, DatasetInfo};
use crate::format::message::fill_value::{self, Fill};
use crate::format::message::layout::Storage;
use crate::format::selection::{RegularAxis, SelectionInfo};
use crate::format::virtual_mapping::VirtualEntry;

/// What elements have that were never written, and when that is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillInfo {
    /// The value.
    pub value: FillValue,
    /// When it is written.
    pub write_time: FillTime,
    /// When space is allocated.
    pub allocation_time: AllocationTime,
}

/// The states of a fill value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FillValue {
    /// There is none: what was never written is undefined.
    Undefined,
    /// Zeros.
    Default,
    /// One element in the dataset's type, as it is stored.
    User(StoredElements),
}

/// When the fill value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillTime {
    /// When space is allocated.
    Allocation,
    /// Never.
    Never,
    /// When space is allocated, if the value was set by the user.
    IfSet,
}

/// When space for the data is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocationTime {
    /// When the dataset is created.
    Early,
    /// When it is first written.
    Late,
    /// Chunk by chunk.
    Incremental,
}

impl FillTime {
    pub(super) fn number(self) -> u8 {
        match self {
            FillTime::Allocation => fill_value::ON_ALLOCATION,
            FillTime::Never => fill_value::NEVER,
            FillTime::IfSet => fill_value::IF_SET,
        }
    }
}

impl AllocationTime {
    pub(super) fn number(self) -> u8 {
        match self {
            AllocationTime::Early => fill_value::EARLY,
            AllocationTime::Late => fill_value::LATE,
            AllocationTime::Incremental => fill_value::INCREMENTAL,
        }
    }
}

/// A piece of a dataset's data in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalFile {
    /// The name of the file as it is stored.
    pub name: Vec<u8>,
    /// Where the piece begins in it.
    pub offset: u64,
    /// The bytes of the piece; `None` is as many as there are.
    pub size: Option<u64>,
}

/// A dataset that a virtual dataset is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualSource {
    /// The name of the file as it is stored; "." is the file of the virtual dataset.
    pub file: Vec<u8>,
    /// The path of the dataset in it.
    pub dataset: Vec<u8>,
    /// Which of its elements.
    pub source: VirtualSelection,
    /// Which elements of the virtual dataset they are.
    pub target: VirtualSelection,
}

/// The elements that a mapping of a virtual dataset selects, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VirtualSelection {
    /// No element.
    None,
    /// All elements.
    All,
    /// Single elements, each with its index along every axis.
    Points(Vec<Vec<u64>>),
    /// Blocks, each with its first corner and its last one, which is in it.
    Blocks(Vec<(Vec<u64>, Vec<u64>)>),
    /// Blocks at equal distances along each axis.
    Regular(Vec<VirtualAxis>),
}

/// One axis of a regular selection of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VirtualAxis {
    /// The first index.
    pub start: u64,
    /// From the beginning of one block to that of the next.
    pub stride: u64,
    /// The number of blocks; `None` is "unlimited".
    pub count: Option<u64>,
    /// The size of a block; `None` is "unlimited".
    pub block: Option<u64>,
}

impl VirtualSelection {
    fn new(stored: &SelectionInfo) -> Self {
        let rank = stored.rank().unwrap_or(0).max(1);
        match stored {
            SelectionInfo::None => VirtualSelection::None,
            SelectionInfo::All => VirtualSelection::All,
            SelectionInfo::Points { coordinates, .. } => {
                VirtualSelection::Points(coordinates.chunks_exact(rank).map(<[u64]>::to_vec).collect())
            }
            SelectionInfo::Blocks { corners, .. } => {
                let block = |both: &[u64]| (both[..rank].to_vec(), both[rank..].to_vec());
                VirtualSelection::Blocks(corners.chunks_exact(rank * 2).map(block).collect())
            }
            SelectionInfo::Regular { axes, .. } => {
                let axis = |axis: &RegularAxis| VirtualAxis {
                    start: axis.start,
                    stride: axis.stride,
                    count: axis.count,
                    block: axis.block,
                };
                VirtualSelection::Regular(axes.iter().map(axis).collect())
            }
        }
    }
}

impl Dataset {
    /// Returns what elements have that were never written.
    pub fn fill_info(&self) -> Result<FillInfo> {
        self.inspect(|_, info| {
            let fill = &info.fill;
            Ok(FillInfo {
                value: match &fill.value {
                    Fill::Undefined => FillValue::Undefined,
                    Fill::Default => FillValue::Default,
                    Fill::User(value) => {
                        FillValue::User(StoredElements::new(&self.handle, value.clone(), None))
                    }
                },
                write_time: match fill.write_time {
                    fill_value::ON_ALLOCATION => FillTime::Allocation,
                    fill_value::NEVER => FillTime::Never,
                    _ => FillTime::IfSet,
                },
                allocation_time: match fill.allocation_time {
                    fill_value::EARLY => AllocationTime::Early,
                    fill_value::LATE => AllocationTime::Late,
                    fill_value::INCREMENTAL => AllocationTime::Incremental,
                    _ => usual_allocation(info),
                },
            })
        })
    }

    /// Returns the bytes that the data takes in the file as it is stored: 0 where nothing was written yet, and for
    /// virtual datasets.
    pub fn storage_size(&self) -> Result<u64> {
        self.inspect_stored(data::storage_size)
    }

    /// Returns the pieces of the data that lie in other files; none for other datasets.
    pub fn external_files(&self) -> Result<Vec<ExternalFile>> {
        self.handle.with(|core, header| {
            let files = data::external_files(core, header)?;
            let public = |(name, slot): (Vec<u8>, crate::format::message::external_files::Slot)| {
                ExternalFile { name, offset: slot.offset, size: slot.size }
            };
            Ok(files.into_iter().map(public).collect())
        })
    }

    /// Returns the datasets that this virtual one is made of; none for other layouts.
    pub fn virtual_sources(&self) -> Result<Vec<VirtualSource>> {
        self.inspect(|core, info| {
            let Some(mappings) = data::virtual_mappings(core, info)? else { return Ok(Vec::new()) };
            let public = |((file, dataset), entry): ((&[u8], &[u8]), &VirtualEntry)| VirtualSource {
                file: file.to_vec(),
                dataset: dataset.to_vec(),
                source: VirtualSelection::new(&entry.source),
                target: VirtualSelection::new(&entry.target),
            };
            Ok(mappings.names().into_iter().zip(&mappings.entries).map(public).collect())
        })
    }
}

/// What libhdf5 takes where the file leaves it to the layout.
fn usual_allocation(info: &DatasetInfo) -> AllocationTime {
    match info.layout.storage {
        Storage::Compact(_) => AllocationTime::Early,
        Storage::Contiguous { .. } => AllocationTime::Late,
        Storage::Chunked(_) | Storage::Virtual { .. } => AllocationTime::Incremental,
    }
}
