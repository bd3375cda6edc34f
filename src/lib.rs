//! HDF5 in pure Rust.
mod base;
mod codec;
mod format;
mod storage;
pub use base::{
    Address, Budget, Error, ErrorKind, Limits, Malformed, Misuse, Result, Sizes, Structure, Unsupported,
};
