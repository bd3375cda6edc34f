//! The transposition of bits that the filters bitshuffle, Blosc and Blosc2 have in common.
//!
//! Of elements whose number is a multiple of eight: bit 0 of byte 0 of all of them, eight to a byte with the first
//! element in the lowest bit, then bit 1 of byte 0, and so on.

/// Gathers the bits of elements of `size` bytes, or puts them back; `input` and `output` are equally long.
///
/// Elements behind the last group of eight, and bytes behind the last element, stay where they are.
pub(super) fn transpose_bits(input: &[u8], output: &mut [u8], size: usize, forward: bool) {
    let groups = input.len() / size.max(1) / 8;
    let whole = groups * 8 * size;
    for plane in 0..size {
        for group in 0..groups {
            let mut square = [0; 8];
            for (k, byte) in square.iter_mut().enumerate() {
                *byte = input
                    [if forward { (group * 8 + k) * size + plane } else { (plane * 8 + k) * groups + group }];
            }
            let square = transpose_square(u64::from_le_bytes(square)).to_le_bytes();
            for (k, byte) in square.into_iter().enumerate() {
                output[if forward {
                    (plane * 8 + k) * groups + group
                } else {
                    (group * 8 + k) * size + plane
                }] = byte;
            }
        }
    }
    output[whole..].copy_from_slice(&input[whole..]);
}

/// Swaps bit `i` of byte `k` with bit `k` of byte `i`: first single bits, then squares of 2 by 2, then of 4 by 4.
fn transpose_square(mut square: u64) -> u64 {
    for (distance, mask) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0xf0f0_f0f0)] {
        let swapped = (square ^ (square >> distance)) & mask;
        square ^= swapped ^ (swapped << distance);
    }
    square
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_go_by_their_place_in_the_element() {
        // Eight elements of two bytes: bit 0 of byte 0 in the second one, bit 7 of byte 1 in all.
        let mut plain = [0x00, 0x80].repeat(8);
        plain[2] = 1;
        let mut apart = vec![0; 16];
        transpose_bits(&plain, &mut apart, 2, true);
        assert_eq!(apart, [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]);
    }

    #[test]
    fn every_size_comes_back() {
        let plain: Vec<u8> = (0..=255).collect();
        for size in [0, 1, 2, 3, 4, 7, 8, 16, 300] {
            let (mut apart, mut back) = (vec![0; 256], vec![0; 256]);
            transpose_bits(&plain, &mut apart, size, true);
            transpose_bits(&apart, &mut back, size, false);
            assert_eq!(back, plain, "size {size}");
        }
    }
}
