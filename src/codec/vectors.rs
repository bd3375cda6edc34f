//! What every codec's test does with a chunk that libhdf5 wrote.

use super::{Encoded, Filter, FilterCall};

/// Checks that `stored` decodes to `back`, that `plain` comes back as that too, and that damage does no harm.
pub(super) fn check(filter: &dyn Filter, values: &[u32], plain: &[u8], stored: &[u8], back: &[u8]) {
    let call = FilterCall { values, chunk_bytes: plain.len(), limit: back.len() + 20 };
    assert_eq!(decode(filter, stored, &call).unwrap(), back);
    let mut encoded = Vec::new();
    assert_eq!(filter.encode(plain, &call, &mut encoded).unwrap(), Encoded::Done);
    assert!(encoded.len() <= stored.len(), "{} bytes, libhdf5 needs {}", encoded.len(), stored.len());
    assert_eq!(decode(filter, &encoded, &call).unwrap(), back);
    for cut in 0..stored.len() {
        let end = decode(filter, &stored[..cut], &call);
        assert!(end.is_none_or(|end| back.starts_with(&end)), "cut to {cut} bytes");
    }
    harm(filter, values, stored, call.limit);
    for (place, bit) in (0..values.len()).flat_map(|place| (0..32).map(move |bit| (place, bit))) {
        let flipped = flip(values, place, bit);
        let _ = filter.encode(plain, &FilterCall { values: &flipped, ..call }, &mut Vec::new());
    }
    assert!(decode(filter, stored, &FilterCall { limit: back.len() - 1, ..call }).is_none(), "the limit");
}

/// Checks that no cut and no flipped bit in the chunk or the client data makes more of it than the limit allows.
pub(super) fn harm(filter: &dyn Filter, values: &[u32], stored: &[u8], limit: usize) {
    let call = FilterCall { values, chunk_bytes: limit, limit };
    for cut in 0..stored.len() {
        decode(filter, &stored[..cut], &call);
    }
    for (place, bit) in (0..stored.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
        let mut flipped = stored.to_vec();
        flipped[place] ^= 1 << bit;
        decode(filter, &flipped, &call);
    }
    for (place, bit) in (0..values.len()).flat_map(|place| (0..32).map(move |bit| (place, bit))) {
        let flipped = flip(values, place, bit);
        decode(filter, stored, &FilterCall { values: &flipped, ..call });
    }
}

fn flip(values: &[u32], place: usize, bit: u32) -> Vec<u32> {
    let mut flipped = values.to_vec();
    flipped[place] ^= 1 << bit;
    flipped
}

fn decode(filter: &dyn Filter, stored: &[u8], call: &FilterCall<'_>) -> Option<Vec<u8>> {
    let mut output = Vec::new();
    let result = filter.decode(stored, call, &mut output);
    assert!(output.len() <= call.limit, "{} bytes came out", output.len());
    result.ok().map(|()| output)
}

/// Checks that values which say something impossible are refused, with these words.
pub(super) fn refuse(filter: &dyn Filter, values: &[u32], stored: &[u8], words: &str) {
    let call = FilterCall { values, chunk_bytes: 100, limit: 1000 };
    let error = filter.decode(stored, &call, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}
