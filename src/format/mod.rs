//! Bytes to values and back: one file per on-disk structure, decode and encode side by side.
//!
//! Everything here is pure: a decoder sees one bounded block and does no I/O. Each file begins with the structure's
//! byte table, in which `O` stands for the file's size of offsets and `L` for its size of lengths.

pub(crate) mod btree_v1;
pub(crate) mod btree_v2;
pub(crate) mod btree_v2_record;
pub(crate) mod cache_image;
pub(crate) mod chunk_element;
pub(crate) mod datatype;
pub(crate) mod extensible_array;
pub(crate) mod fixed_array;
pub(crate) mod fractal_heap;
pub(crate) mod free_space;
pub(crate) mod global_heap;
pub(crate) mod local_heap;
pub(crate) mod message;
pub(crate) mod multi_info;
pub(crate) mod object_header;
pub(crate) mod page_bitmap;
pub(crate) mod pending_commit;
pub(crate) mod reference;
pub(crate) mod selection;
mod selection_encoding;
pub(crate) mod shared_table;
pub(crate) mod superblock;
pub(crate) mod symbol_table;
pub(crate) mod virtual_mapping;

#[cfg(test)]
mod battery;

use crate::base::{Budget, Error, Reader, Result, Structure, Writer};

/// A value with one on-disk form. `decode` consumes its block exactly; `encode` writes exactly `encoded_len` bytes.
///
/// The value holds everything the bytes said, so that decoding and encoding again gives the same bytes.
pub(crate) trait Wire: Sized {
    /// Names it in errors and limits.
    const STRUCTURE: Structure;
    /// What the bytes alone do not tell: the file's widths, and where it takes more, what the owner's header says.
    type Context;

    fn decode(r: &mut Reader<'_>, cx: &Self::Context) -> Result<Self>;
    fn encoded_len(&self, cx: &Self::Context) -> Result<usize>;
    fn encode(&self, w: &mut Writer, cx: &Self::Context) -> Result<()>;
}

/// A block found by address: a short prefix tells how long it is.
pub(crate) trait Framed: Wire {
    fn prefix_len(cx: &Self::Context) -> usize;
    /// The bytes of the whole block, told from its first `prefix_len` bytes (fewer at the end of the file).
    fn extent(prefix: &mut Reader<'_>, cx: &Self::Context) -> Result<u64>;
}

/// Decodes a block that is `T` from its first byte to its last one.
pub(crate) fn decode<T: Wire>(bytes: &[u8], origin: u64, cx: &T::Context, budget: &Budget) -> Result<T> {
    let mut r = Reader::new(bytes, origin, T::STRUCTURE, budget);
    let value = T::decode(&mut r, cx).map_err(|e| e.at(T::STRUCTURE, origin))?;
    r.finish()?;
    Ok(value)
}

/// Decodes a `T` at the beginning of a block with slack behind it, as messages in version 1 headers have.
pub(crate) fn decode_padded<T: Wire>(
    bytes: &[u8],
    origin: u64,
    cx: &T::Context,
    budget: &Budget,
) -> Result<T> {
    let mut r = Reader::new(bytes, origin, T::STRUCTURE, budget);
    T::decode(&mut r, cx).map_err(|e| e.at(T::STRUCTURE, origin))
}

/// Encodes a value into a block of its own.
pub(crate) fn encode<T: Wire>(value: &T, cx: &T::Context) -> Result<Vec<u8>> {
    let len = value.encoded_len(cx)?;
    let mut w = Writer::new(T::STRUCTURE, len);
    value.encode(&mut w, cx)?;
    let bytes = w.into_bytes();
    if bytes.len() == len {
        return Ok(bytes);
    }
    Err(Error::field("encoded length", bytes.len() as u64, "differs from the length announced")
        .within(T::STRUCTURE))
}
