//! HDF5 in pure Rust.
mod base;
mod format;
pub use base::{
    Address, Budget, Error, ErrorKind, Limits, Malformed, Misuse, Result, Sizes, Structure, Unsupported,
};
