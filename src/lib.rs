//! HDF5 in pure Rust: reads, writes and edits HDF5 files, with no C library behind it.
//!
//! ```
//! use h5::types::VarLenUnicode;
//! use ndarray::{Array2, s};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = std::env::temp_dir().join("h5-doc-crate");
//! # std::fs::create_dir_all(&dir)?;
//! # let path = dir.join("crate.h5");
//! let file = h5::File::create(&path)?;
//! let group = file.create_group("experiment1")?;
//! let date: VarLenUnicode = "2018-01-01".parse()?;
//! group.new_attr::<VarLenUnicode>().create("date")?.write_scalar(&date)?;
//! let array = Array2::from_shape_fn((1000, 1000), |(i, j)| (i * j) as f64);
//! group.new_dataset_builder().with_data(&array).create("array1")?;
//! file.close()?;
//!
//! let file = h5::File::open(&path)?;
//! let dataset = file.dataset("experiment1/array1")?;
//! let row = dataset.read_slice_1d::<f64, _>(s![0, ..])?; // reads 8,000 bytes, not 8,000,000
//! assert_eq!(row, array.row(0));
//! let mapped = dataset.map::<f64>()?; // no copy: an ndarray view over the file
//! assert_eq!(mapped.view(), array.into_dyn());
//! # Ok(())
//! # }
//! ```
//!
//! # Layers
//!
//! From the bottom up: `base` (numbers, bytes, errors), [`storage`] (bytes at offsets) and `format` (bytes to values
//! and back), then `select`, `codec` and `convert`, the `engine` that puts structures and storage together, `data`
//! (elements), and the API that this page shows. `docs/design.md` tells more.
//!
//! # Promises
//!
//! - What it reads are the values that are there; what it cannot read it names. Nothing is left out silently.
//! - What it writes, libhdf5 reads.
//! - There is no global lock, and no global state but the filters of [`register_filter`]: handles are
//!   `Clone + Send + Sync`, and reads go side by side.
//! - A damaged or hostile file costs an [`Error`] that says in which structure, at which offset and for which object;
//!   memory stays within [`Limits`].
//!
//! # Features
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `deflate` | yes | the deflate (gzip) filter |
//! | `parallel` | yes | chunks of one request are decoded and encoded on several threads |
//! | `szip`, `lzf`, `lz4`, `zstd`, `bzip2`, `blosc`, `blosc2`, `bitshuffle`, `vbz`, `zfp`, `jpegls`, `sz3`, `sperr` | no | the filter of that name |
//! | `sz` | no | the same, for reading only |
//! | `bitround` | no | the filters BitGroom and Granular BitRound |
//! | `all-filters` | no | all of these |
//! | `cli` | no | the command line tool `h5`, with all filters |
//!
//! Shuffle, fletcher32, nbit and scale-offset are always there.

mod api;
mod base;
mod codec;
mod convert;
mod data;
mod engine;
mod format;
mod select;
pub mod storage;

pub use api::types;
pub use api::{
    AllocationTime, ExternalFile, FillInfo, FillTime, FillValue, ReferencePlace, ReferenceTarget,
    RegionSelection, SuperblockInfo, VirtualAxis, VirtualSelection, VirtualSource,
};
pub use api::{
    Attribute, AttributeBuilder, AttributeBuilderData, AttributeBuilderEmpty, ChunkInfo, ChunkOpts,
    Container, Dataset, DatasetBuilder, DatasetBuilderData, DatasetBuilderEmpty, Extent, Extents, File,
    FileOptions, FilterInfo, Group, GroupBuilder, H5Type, Layout, Link, LinkKind, Location, MappedArray,
    NamedDatatype, Object, Selection, SharedMessageType, SliceOrIndex, StoredElements,
};
pub use api::{CopyOptions, DatasetChange, Repack, RepackReport};
pub use base::{
    Address, Error, ErrorKind, Limits, Malformed, Misuse, Plain, Result, Sizes, Structure, Unsupported,
};
pub use codec::{ChunkShape, Encoded, Filter, FilterCall, Filters, register_filter};
pub use engine::{CreationOrder, Driver, FileAccess, FileSpaceStrategy, FormatBounds, MissingSources};
pub use select::{Axis, Hyperslab};
