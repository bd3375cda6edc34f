//! What users hold: files, groups, datasets, attributes, and the types of their elements.

mod attribute;
mod builder;
mod chunk;
mod compact;
mod container;
mod copy;
mod creation_options;
mod dataset;
mod elements;
mod elsewhere;
mod extents;
mod file;
mod group;
mod group_builder;
mod handle;
mod location;
mod mapped;
mod named_datatype;
mod new_reference;
mod options;
mod reference;
mod repack;
mod replacement;
mod selection;
mod shared_messages;
mod storage_info;
mod stored_elements;
mod superblock_info;
pub mod types;
mod virtual_layout;

pub use attribute::{Attribute, AttributeBuilder, AttributeBuilderData, AttributeBuilderEmpty};
pub use builder::{ChunkOpts, DatasetBuilder, DatasetBuilderData, DatasetBuilderEmpty};
pub use chunk::ChunkInfo;
pub use container::Container;
pub use copy::CopyOptions;
pub use dataset::{Dataset, Filter as FilterInfo, Layout};
pub use extents::{Extent, Extents};
pub use file::File;
pub use group::{Group, Link, LinkKind, Object};
pub use group_builder::GroupBuilder;
pub use location::Location;
pub use mapped::MappedArray;
pub use named_datatype::NamedDatatype;
pub use new_reference::ReferencePlace;
pub use options::FileOptions;
pub use reference::{ReferenceTarget, RegionSelection};
pub use repack::{DatasetChange, Repack, RepackReport};
pub use selection::{Selection, SliceOrIndex};
pub use shared_messages::SharedMessageType;
pub use storage_info::{
    AllocationTime, ExternalFile, FillInfo, FillTime, FillValue, VirtualAxis, VirtualSelection, VirtualSource,
};
pub use stored_elements::StoredElements;
pub use superblock_info::SuperblockInfo;
pub use types::H5Type;
