//! The two checksums of the format: lookup3 over metadata, Fletcher-32 over filtered chunks.

/// Computes Bob Jenkins' lookup3 hash (`hashlittle`, public domain) with the initial value 0.
///
/// Source: specification, "Checksum" fields throughout.
pub(crate) fn lookup3(bytes: &[u8]) -> u32 {
    lookup3_from(bytes, 0)
}

fn lookup3_from(bytes: &[u8], initial: u32) -> u32 {
    // The hash is defined on the length modulo 2^32.
    #[expect(clippy::cast_possible_truncation, reason = "the definition takes the low 32 bits")]
    let seed = 0xdead_beef_u32.wrapping_add(bytes.len() as u32).wrapping_add(initial);
    let (mut a, mut b, mut c) = (seed, seed, seed);
    if bytes.is_empty() {
        return c;
    }
    let last = (bytes.len() - 1) / 12 * 12;
    let (whole, tail) = bytes.split_at(last);
    for block in whole.chunks_exact(12) {
        a = a.wrapping_add(word(&block[0..4]));
        b = b.wrapping_add(word(&block[4..8]));
        c = c.wrapping_add(word(&block[8..12]));
        (a, b, c) = mix(a, b, c);
    }
    let mut padded = [0u8; 12];
    padded[..tail.len()].copy_from_slice(tail);
    a = a.wrapping_add(word(&padded[0..4]));
    b = b.wrapping_add(word(&padded[4..8]));
    c = c.wrapping_add(word(&padded[8..12]));
    finish(a, b, c)
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    a = a.wrapping_sub(c) ^ c.rotate_left(4);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(6);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(8);
    b = b.wrapping_add(a);
    a = a.wrapping_sub(c) ^ c.rotate_left(16);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(19);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(4);
    b = b.wrapping_add(a);
    (a, b, c)
}

fn finish(mut a: u32, mut b: u32, mut c: u32) -> u32 {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

/// Computes the Fletcher-32 checksum as the HDF5 filter does: over big-endian 16-bit words, an odd byte last.
pub(crate) fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (0u32, 0u32);
    // 360 words are the most whose sums fit 32 bits before they are folded.
    for block in bytes.chunks(720) {
        let mut pairs = block.chunks_exact(2);
        for pair in &mut pairs {
            low += u32::from(pair[0]) << 8 | u32::from(pair[1]);
            high += low;
        }
        if let [odd] = pairs.remainder() {
            low += u32::from(*odd) << 8;
            high += low;
        }
        low = fold(low);
        high = fold(high);
    }
    fold(high) << 16 | fold(low)
}

fn fold(sum: u32) -> u32 {
    (sum & 0xffff) + (sum >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookup3_matches_its_author_s_driver() {
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3_from(b"", 0xdead_beef), 0xbd5b_7dde);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
        assert_eq!(lookup3_from(b"Four score and seven years ago", 1), 0xcd62_8161);
    }

    #[test]
    fn fletcher32_matches_libhdf5() {
        // What h5py's fletcher32 filter stores behind the bytes 0, 7, 14, … modulo 256.
        let ramp = |n: usize| -> Vec<u8> { (0..=u8::MAX).cycle().step_by(7).take(n).collect() };
        assert_eq!(fletcher32(&[0; 512]), 0);
        assert_eq!(fletcher32(&ramp(256)), 0xec94_c03f);
        assert_eq!(fletcher32(&ramp(255)), 0xeb9b_bf46);
        assert_eq!(fletcher32(&ramp(4001)), 0x88b7_99e2);
    }
}
