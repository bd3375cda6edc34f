//! Numbers, bytes and errors: what every other layer is written in.
//!
//! Nothing here does I/O or knows an HDF5 structure beyond its name.

mod budget;
mod cache;
mod cast;
mod checksum;
mod error;
mod number;
mod reader;
mod structure;
mod writer;

pub(crate) use budget::Budget;
pub use budget::Limits;
pub(crate) use cache::Cache;
pub use cast::Plain;
pub(crate) use cast::{as_bytes, as_bytes_mut, from_bytes, zeroed};
pub(crate) use checksum::{fletcher32, lookup3, lookup3_from};
pub use error::{Error, ErrorKind, Malformed, Misuse, Result, Unsupported};
pub use number::{Address, Sizes};
pub(crate) use number::{byte_count, element_count, to_usize, width_of};
pub(crate) use reader::Reader;
pub use structure::Structure;
pub(crate) use writer::Writer;
