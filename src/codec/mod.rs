//! Filters: what is done to a chunk on its way to the file and back. A file per codec.

#[cfg(any(feature = "bitshuffle", feature = "blosc"))]
mod bit_shuffle;
#[cfg(feature = "bitround")]
mod bitround;
mod bits;
#[cfg(feature = "bitshuffle")]
mod bitshuffle;
#[cfg(feature = "blosc")]
mod blosc;
#[cfg(feature = "blosc2")]
mod blosc2;
#[cfg(feature = "bzip2")]
mod bzip2;
#[cfg(feature = "deflate")]
mod deflate;
mod fletcher32;
#[cfg(any(
    feature = "jpegls",
    feature = "lz4",
    feature = "sperr",
    feature = "sz",
    feature = "sz3",
    feature = "vbz"
))]
#[cfg_attr(not(feature = "all-filters"), allow(dead_code, reason = "each codec takes other fields"))]
mod input;
#[cfg(feature = "jpegls")]
mod jpegls;
#[cfg(any(feature = "sperr", feature = "zfp"))]
#[cfg_attr(not(feature = "all-filters"), allow(dead_code, reason = "each codec takes other numbers of bits"))]
mod low_bits;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(feature = "lzf")]
mod lzf;
mod nbit;
mod pipeline;
mod registry;
mod scaleoffset;
mod shuffle;
#[cfg(feature = "sperr")]
mod sperr;
#[cfg(feature = "sz")]
mod sz;
#[cfg(feature = "sz3")]
mod sz3;
#[cfg(any(feature = "sz", feature = "sz3"))]
mod sz_codes;
#[cfg(feature = "szip")]
mod szip;
#[cfg(feature = "vbz")]
mod vbz;
#[cfg(test)]
mod vectors;
#[cfg(feature = "zfp")]
mod zfp;
#[cfg(feature = "zstd")]
mod zstd;

use std::fmt;

use crate::base::{Error, ErrorKind, Result};
use crate::format::datatype::Datatype;
#[cfg(any(feature = "bitround", feature = "sperr"))]
use crate::format::datatype::Order;

pub(crate) use pipeline::{Pipeline, Scratch};
pub use registry::{Filters, register_filter};

/// The numbers under which filters are registered.
pub(crate) mod id {
    pub(crate) const DEFLATE: u16 = 1;
    pub(crate) const SHUFFLE: u16 = 2;
    pub(crate) const FLETCHER32: u16 = 3;
    pub(crate) const BZIP2: u16 = 307;
    pub(crate) const BLOSC: u16 = 32001;
    pub(crate) const LZ4: u16 = 32004;
    pub(crate) const BITSHUFFLE: u16 = 32008;
    pub(crate) const ZFP: u16 = 32013;
    pub(crate) const ZSTD: u16 = 32015;
    pub(crate) const SZ: u16 = 32017;
    pub(crate) const JPEG_LS: u16 = 32018;
    pub(crate) const VBZ: u16 = 32020;
    pub(crate) const BITGROOM: u16 = 32022;
    pub(crate) const GRANULAR_BITROUND: u16 = 32023;
    pub(crate) const SZ3: u16 = 32024;
    pub(crate) const BLOSC2: u16 = 32026;
    pub(crate) const SPERR: u16 = 32028;
    pub(crate) const SZIP: u16 = 4;
    pub(crate) const NBIT: u16 = 5;
    pub(crate) const SCALE_OFFSET: u16 = 6;
    pub(crate) const LZF: u16 = 32000;
}

/// The highest level of deflate that can be asked for.
pub(crate) const HIGHEST_LEVEL: u32 = 9;

/// Refuses client data of deflate that nobody can ask for; files may have it.
pub(crate) fn check_level(values: &[u32]) -> Result<()> {
    match values.first() {
        Some(&level) if level > HIGHEST_LEVEL => {
            Err(Error::misuse(format!("deflate has levels from 0 to {HIGHEST_LEVEL}, and no {level}")))
        }
        _ => Ok(()),
    }
}

/// A filter of the chunk pipeline.
///
/// Implement it to read and write chunks with a filter of your own, and register it with
/// [`FileOptions::filter`](crate::FileOptions::filter) for one file or with [`register_filter`] for all.
pub trait Filter: fmt::Debug + Send + Sync {
    /// Returns the number the filter is registered under with the HDF Group; 256 to 511 are free for tests.
    fn id(&self) -> u16;

    /// Returns the name that is stored beside the number.
    fn name(&self) -> &'static str;

    /// Completes the client data that a new dataset is going to store, from what the caller asked for.
    fn configure(&self, values: &[u32], _chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        Ok(values.to_vec())
    }

    /// Undoes the filter: appends to `output`, which is empty, what `encode` was given.
    ///
    /// `call.limit` is the most bytes that may come out; more means that the chunk is damaged.
    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()>;

    /// Applies the filter: appends its result to `output`, which is empty.
    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded>;
}

/// What a filter is told about the chunk at hand.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FilterCall<'a> {
    /// The client data stored with the dataset.
    pub values: &'a [u32],
    /// Bytes of the chunk before any filter.
    pub chunk_bytes: usize,
    /// The most bytes that the call may put out.
    pub limit: usize,
}

/// Tells whether a filter did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// The output holds the result.
    Done,
    /// The result would be no smaller; an optional filter is then left out for this chunk.
    NotWorthIt,
}

/// What the chunks of a new dataset are going to look like.
#[derive(Clone, Copy, Debug)]
pub struct ChunkShape<'a> {
    pub(crate) datatype: &'a Datatype,
    pub(crate) shape: &'a [u64],
    /// What the caller chose, in the dataset's type; zeros if that is nothing.
    pub(crate) fill: Option<&'a [u8]>,
}

impl ChunkShape<'_> {
    /// Returns the bytes of one element.
    pub fn element_size(&self) -> u32 {
        self.datatype.size
    }

    /// Returns the chunk's shape in elements.
    pub fn shape(&self) -> &[u64] {
        self.shape
    }
}

impl FilterCall<'_> {
    /// The client data value at `index`, or an error that says which one is missing.
    pub(crate) fn value(&self, index: usize, name: &'static str) -> Result<u32> {
        self.values.get(index).copied().ok_or_else(|| {
            Error::field(name, self.values.len() as u64, "the filter's client data ends before it")
        })
    }
}

/// The error of a codec whose input is not what it should be.
pub(crate) fn damaged(codec: &str, what: impl fmt::Display) -> Error {
    Error::malformed(format!("{codec}: {what}"))
}

/// Makes the caller's mistake of an error in client data that the caller asked for.
pub(crate) fn asked_for(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Malformed(what) => Error::misuse(what.to_string()),
        _ => error,
    }
}

/// Refuses what is not a little-endian float of 4 or 8 bytes, for codecs that take every element for one.
#[cfg(any(feature = "bitround", feature = "sperr"))]
fn little_floats(codec: &str, datatype: &Datatype) -> Result<()> {
    let kinds = [4, 8].map(|size| Datatype::float(size, Order::Little));
    if kinds.iter().any(|kind| (kind.size, &kind.class) == (datatype.size, &datatype.class)) {
        return Ok(());
    }
    Err(Error::misuse(format!("{codec} takes little-endian floats of 4 or 8 bytes alone")))
}
