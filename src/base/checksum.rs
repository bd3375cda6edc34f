//! The two checksums of the format: lookup3 over metadata, Fletcher-32 over filtered chunks.

/// Computes Bob Jenkins' lookup3 hash (`hashlittle`, public domain) with the initial value 0.
///
/// Source: specification, "Checksum" fields throughout.
pub(crate) fn lookup3(bytes: &[u8]) -> u32 {
    lookup3_from(bytes, 0)
}

/// The same with another initial value, as the hashes of shared messages have.
pub(crate) fn lookup3_from(bytes: &[u8], initial: u32) -> u32 {
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
///
/// Both sums are modulo 65535, where swapping the bytes of a word is multiplying it by 256. So this adds
/// little-endian words and swaps the bytes of the sums.
pub(crate) fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (0u64, 0u64);
    for block in bytes.chunks(MOST_GROUPS * 2 * LANES) {
        let (groups, rest) = block.as_chunks::<{ 2 * LANES }>();
        let (sum, weighted) = lane_sums(groups);
        high += low * (groups.len() * LANES) as u64 + weighted;
        low += sum;
        for pair in rest.chunks(2) {
            low += u64::from(pair[0]) | pair.get(1).map_or(0, |&byte| u64::from(byte) << 8);
            high += low;
        }
        low = u64::from(fold(low));
        high = u64::from(fold(high));
    }
    u32::from(fold(high).swap_bytes()) << 16 | u32::from(fold(low).swap_bytes())
}

/// Words that are added side by side; the compiler makes vectors of them.
const LANES: usize = 16;

/// The most groups of `LANES` words whose sums of sums fit 32 bits.
const MOST_GROUPS: usize = 360;

/// The sum of all words, and the sum of these sums after each word.
fn lane_sums(groups: &[[u8; 2 * LANES]]) -> (u64, u64) {
    let (mut sums, mut sums_of_sums) = ([0u32; LANES], [0u32; LANES]);
    for group in groups {
        for lane in 0..LANES {
            sums_of_sums[lane] += sums[lane];
            sums[lane] += u32::from(u16::from_le_bytes([group[2 * lane], group[2 * lane + 1]]));
        }
    }
    // A word is counted once per word from it on: LANES times per later group, and in the rest of its own.
    let lanes = sums.iter().zip(&sums_of_sums).zip((1..=LANES as u64).rev());
    lanes.fold((0, 0), |(sum, weighted), ((&lane, &later), own)| {
        let (lane, later) = (u64::from(lane), u64::from(later));
        (sum + lane, weighted + later * LANES as u64 + lane * own)
    })
}

/// Reduces modulo 65535, as adding with carries does: only zero becomes zero.
fn fold(sum: u64) -> u16 {
    let rest = sum % 0xffff;
    let folded = if rest == 0 && sum != 0 { 0xffff } else { rest };
    u16::try_from(folded).unwrap_or(u16::MAX)
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
        // Its definition, where the sums are largest and all ways of ending a block occur.
        for bytes in
            [vec![0xff; 100_003], ramp(30_000), ramp(11_521), ramp(11_553), vec![0xff; 4], vec![0, 1]]
        {
            let sums = bytes.chunks(2).fold((0u64, 0u64), |(low, high), pair| {
                let low = low + (u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0)));
                (low, high + low)
            });
            let reduce = |sum: u64| u32::from(fold(sum));
            assert_eq!(fletcher32(&bytes), reduce(sums.1) << 16 | reduce(sums.0), "{} bytes", bytes.len());
        }
    }
}
