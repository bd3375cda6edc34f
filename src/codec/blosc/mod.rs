//! Blosc (filter 32001): one chunk of Blosc 1.
//!
//! Client data: revision of the filter, version of Blosc's format, bytes of an element, bytes of a chunk, and if given:
//! level 0 to 9 (5), shuffle 0, 1 for bytes (the default) or 2 for bits, compressor 0 BloscLZ (the default), 1 LZ4,
//! 2 LZ4HC, 3 Snappy, 4 zlib, 5 Zstandard.

mod blosclz;
mod chunk;
mod encode;
mod inner;

use super::{ChunkShape, Encoded, Filter, FilterCall, id};
use crate::base::{Error, Result};
use crate::format::datatype::Class;

pub(in crate::codec) use chunk::decode_chunk;
#[cfg(feature = "blosc2")]
pub(in crate::codec) use chunk::fill_special;
pub(in crate::codec) use encode::Recipe;
pub(in crate::codec) use inner::Inner;

/// What the client data begin with: the revision of the filter and the version of the format.
const VERSIONS: [u32; 2] = [2, 2];

pub(in crate::codec) const DEFAULT_LEVEL: u32 = 5;
pub(in crate::codec) const DEFAULT_SHUFFLE: u32 = 1;

#[derive(Debug)]
pub(super) struct Blosc;

impl Filter for Blosc {
    fn id(&self) -> u16 {
        id::BLOSC
    }

    fn name(&self) -> &'static str {
        "blosc"
    }

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        let mut stored = values.to_vec();
        stored.resize(values.len().max(4), 0);
        stored[..2].copy_from_slice(&VERSIONS);
        // Larger elements are shuffled in vain, and do not fit the header.
        stored[2] = Some(base_size(chunk)).filter(|&size| size <= u32::from(u8::MAX)).unwrap_or(1);
        stored[3] = chunk_bytes(chunk)?;
        recipe(&stored, false)?;
        Ok(stored)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        decode_chunk(input, call.limit, output)
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        recipe(call.values, false)?.encode(input, output)?;
        // As in the plugin, a result that is larger than its input does not count.
        Ok(if output.len() <= input.len() { Encoded::Done } else { Encoded::NotWorthIt })
    }
}

/// What the client data ask for; of Blosc 2 the long header.
pub(in crate::codec) fn recipe(values: &[u32], long: bool) -> Result<Recipe> {
    let value = |index: usize, default| values.get(index).copied().unwrap_or(default);
    let level = value(4, DEFAULT_LEVEL);
    let filter = value(5, DEFAULT_SHUFFLE);
    let known = if long { 3 } else { 2 };
    if level > 9 {
        return Err(Error::misuse(format!("Blosc's levels are 0 to 9, not {level}")));
    }
    match u8::try_from(filter) {
        Ok(filter) if filter <= known => {
            let element = u8::try_from(value(2, 1)).unwrap_or(1).max(1);
            Ok(Recipe { inner: Inner::of_code(value(6, 0))?, level, filter, element, long })
        }
        _ => Err(Error::misuse(format!("Blosc's filters are 0 to {known}, not {filter}"))),
    }
}

/// The bytes of an element, or of an array's element.
pub(in crate::codec) fn base_size(chunk: &ChunkShape<'_>) -> u32 {
    match &chunk.datatype.class {
        Class::Array { base, .. } => base.size,
        _ => chunk.datatype.size,
    }
}

/// The bytes of a chunk.
pub(in crate::codec) fn chunk_bytes(chunk: &ChunkShape<'_>) -> Result<u32> {
    let size = u64::from(chunk.element_size());
    let bytes = chunk.shape().iter().try_fold(size, |bytes, &length| bytes.checked_mul(length));
    let bytes = bytes.unwrap_or(u64::MAX);
    u32::try_from(bytes).map_err(|_| Error::limit("a chunk for Blosc", bytes, u64::from(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f.create_dataset("a", data=np.full(40, 5, "<u4"), chunks=(40,), **hdf5plugin.Blosc(cname="lz4", clevel=9, shuffle=1))`
    const STORED: &[u8] = &[
        0x02, 0x01, 0x31, 0x04, 0xa0, 0x00, 0x00, 0x00, 0xa0, 0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x14,
        0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x1f, 0x05, 0x01, 0x00, 0x14, 0x1f, 0x00, 0x01, 0x00, 0x5f,
        0x50, 0x00, 0x00, 0x00, 0x00, 0x00,
    ];

    fn call(values: &[u32]) -> FilterCall<'_> {
        FilterCall { values, chunk_bytes: 160, limit: 200_000 }
    }

    #[test]
    fn a_shuffled_block() {
        let mut output = Vec::new();
        Blosc.decode(STORED, &call(&[]), &mut output).unwrap();
        assert_eq!(output, [5, 0, 0, 0].repeat(40));
        for cut in 0..STORED.len() {
            assert!(Blosc.decode(&STORED[..cut], &call(&[]), &mut Vec::new()).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn every_combination_comes_back() {
        let plain: Vec<u8> = (0..35_001u32).flat_map(|i| (i / 9).to_le_bytes()).collect();
        for compressor in 0..6 {
            for (level, filter) in [(1, 0), (5, 1), (9, 2)] {
                let values = [2, 2, 4, 140_004, level, filter, compressor];
                let (mut stored, mut back) = (Vec::new(), Vec::new());
                assert_eq!(
                    Blosc.encode(&plain, &call(&values), &mut stored).unwrap(),
                    Encoded::Done,
                    "{values:?}"
                );
                Blosc.decode(&stored, &call(&values), &mut back).unwrap();
                assert_eq!(back, plain, "{values:?}");
            }
        }
    }

    #[test]
    fn what_does_not_shrink_is_not_worth_it() {
        for level in [0, 9] {
            let values = [2, 2, 1, 3, level];
            assert_eq!(Blosc.encode(b"abc", &call(&values), &mut Vec::new()).unwrap(), Encoded::NotWorthIt);
        }
        for values in [[2, 2, 1, 3, 10, 0, 0], [2, 2, 1, 3, 5, 3, 0], [2, 2, 1, 3, 5, 0, 6]] {
            assert!(Blosc.encode(b"abc", &call(&values), &mut Vec::new()).is_err(), "{values:?}");
        }
    }
}
