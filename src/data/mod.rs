//! Raw data: where the elements of a dataset lie, and how they get there and back.

mod chunk_access;
mod chunk_cache;
mod chunks;
mod create;
mod dataset;
mod external;
mod fill;
mod gathered;
mod index;
mod index_arrays;
mod index_btree_v1;
mod index_btree_v2;
mod read;
mod resize;
mod sink;
mod storage_size;
mod virtual_dataset;
mod write;

pub(crate) use chunk_cache::ChunkCache;
pub(crate) use chunks::coordinates;
pub(crate) use create::{ChunkRequest, FilterRequest, NewDataset, create_dataset};
pub(crate) use dataset::DatasetInfo;
pub(crate) use external::external_files;
pub(crate) use gathered::{Gathered, Heap, gathers};
pub(crate) use read::{Reading, map, read};
pub(crate) use resize::resize;
pub(crate) use storage_size::storage_size;
pub(crate) use virtual_dataset::{virtual_mappings, with_current_shape};
pub(crate) use write::write;
