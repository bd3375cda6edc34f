//! HDF5 in pure Rust.
mod base;
mod codec;
mod engine;
mod format;
mod select;
mod storage;
pub use base::{
    Address, Budget, Error, ErrorKind, Limits, Malformed, Misuse, Result, Sizes, Structure, Unsupported,
};
