//! Fletcher-32 (filter 3): a checksum behind the chunk.
//!
//! Four bytes, little-endian, over all that stands before them. Releases before 1.6.3 stored the sum with the bytes
//! of each half swapped on little-endian machines; that one is right too, as it is for libhdf5.

use super::{Encoded, Filter, FilterCall, damaged, id};
use crate::base::{Malformed, Result, fletcher32};

#[derive(Debug)]
pub(super) struct Fletcher32;

impl Filter for Fletcher32 {
    fn id(&self) -> u16 {
        id::FLETCHER32
    }

    fn name(&self) -> &'static str {
        "fletcher32"
    }

    fn decode(&self, input: &[u8], _: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let Some((data, sum)) = input.split_last_chunk::<4>() else {
            return Err(damaged("fletcher32", "the chunk is shorter than its checksum"));
        };
        let stored = u32::from_le_bytes(*sum);
        let computed = fletcher32(data);
        let swapped = (computed & 0x00ff_00ff) << 8 | (computed & 0xff00_ff00) >> 8;
        // As with the checksums of metadata, a fuzzer has to get past this one.
        if stored != computed && stored != swapped && !cfg!(fuzzing) {
            return Err(Malformed::Checksum { stored, computed }.into());
        }
        output.extend_from_slice(data);
        Ok(())
    }

    fn encode(&self, input: &[u8], _: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        output.extend_from_slice(input);
        output.extend_from_slice(&fletcher32(input).to_le_bytes());
        Ok(Encoded::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_sum_is_refused_and_an_old_one_is_not() {
        let call = FilterCall { values: &[], chunk_bytes: 3, limit: 3 };
        let mut stored = Vec::new();
        Fletcher32.encode(b"abc", &call, &mut stored).unwrap();
        let mut old = stored.clone();
        old.swap(3, 4);
        old.swap(5, 6);
        let mut back = Vec::new();
        Fletcher32.decode(&old, &call, &mut back).unwrap();
        assert_eq!(back, b"abc");
        stored[0] = b'x';
        let error = Fletcher32.decode(&stored, &call, &mut back).unwrap_err().to_string();
        assert!(error.contains("checksum mismatch"), "{error}");
    }
}
