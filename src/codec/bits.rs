//! Streams of bits, the most significant bit of each byte first, as nbit, scale-offset and szip pack them.

/// Takes numbers of any width out of bytes; `None` where the bytes end.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next bits, from the highest on; those behind the `held` ones are zero.
    word: u64,
    held: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, word: 0, held: 0 }
    }

    /// The next `width` bits, at most 64, as a number.
    #[inline]
    pub(super) fn read(&mut self, width: u32) -> Option<u64> {
        if width <= SURE {
            return self.read_few(width);
        }
        let low = width - SURE;
        let high = self.read_few(SURE)?;
        Some(high << low | self.read_few(low)?)
    }

    #[inline]
    fn read_few(&mut self, width: u32) -> Option<u64> {
        if self.held < width {
            self.refill();
            if self.held < width {
                return None;
            }
        }
        if width == 0 {
            return Some(0);
        }
        let value = self.word >> (64 - width);
        self.word <<= width;
        self.held -= width;
        Some(value)
    }

    /// Counts zeros up to the next one, and takes them all; `None` also for more than `most`.
    #[inline]
    #[cfg(any(feature = "jpegls", feature = "szip"))]
    pub(super) fn unary(&mut self, most: u32) -> Option<u32> {
        let mut count = 0;
        while self.word == 0 {
            count += self.held;
            (self.word, self.held) = (0, 0);
            self.refill();
            if count > most || self.held == 0 {
                return None;
            }
        }
        let zeros = self.word.leading_zeros();
        self.word = self.word << zeros << 1;
        self.held -= zeros + 1;
        Some(count + zeros).filter(|&count| count <= most)
    }

    #[inline]
    fn refill(&mut self) {
        if let Some(next) = self.bytes.first_chunk::<8>() {
            // As many whole bytes as fit; the bits of the next one must not show.
            let taken = (63 - self.held) / 8;
            let fresh = u64::from_be_bytes(*next) & !(u64::MAX >> (8 * taken));
            self.word |= fresh >> self.held;
            self.held += 8 * taken;
            self.bytes = &self.bytes[taken as usize..];
            return;
        }
        while let Some((&byte, rest)) = self.bytes.split_first().filter(|_| self.held <= SURE) {
            self.word |= u64::from(byte) << (56 - self.held);
            self.held += 8;
            self.bytes = rest;
        }
    }
}

/// Bits that a refill makes sure of, unless the bytes end.
const SURE: u32 = 56;

/// Puts numbers of any width behind one another; the last byte is filled up with zeros.
#[derive(Debug)]
pub(super) struct BitWriter<'a> {
    bytes: &'a mut Vec<u8>,
    /// The bits that are not in `bytes` yet, from the highest on.
    word: u64,
    held: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(bytes: &'a mut Vec<u8>) -> Self {
        BitWriter { bytes, word: 0, held: 0 }
    }

    /// Writes the low `width` bits of `value`, at most 64.
    #[inline]
    pub(super) fn write(&mut self, value: u64, width: u32) {
        if width == 0 {
            return;
        }
        let value = value << (64 - width);
        self.word |= value >> self.held;
        let free = 64 - self.held;
        if width < free {
            self.held += width;
            return;
        }
        self.bytes.extend_from_slice(&self.word.to_be_bytes());
        self.held = width - free;
        self.word = if free == 64 { 0 } else { value << free };
    }

    /// Writes `count` zeros and a one.
    #[inline]
    #[cfg(feature = "szip")]
    pub(super) fn unary(&mut self, count: u64) {
        let mut zeros = count;
        while zeros > 32 {
            self.write(0, 32);
            zeros -= 32;
        }
        let width = u32::try_from(zeros).unwrap_or(32) + 1;
        self.write(1, width);
    }

    /// Ends the stream and tells whether its last byte was full already.
    pub(super) fn finish(self) -> bool {
        let bytes = self.held.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&self.word.to_be_bytes()[..bytes]);
        self.held.is_multiple_of(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_widths_come_back() {
        let value = 0x0123_4567_89ab_cdef_u64;
        let widths = || (0..=64).chain((0..=64).rev()).chain([3; 50]).chain([64; 5]).chain([1; 9]);
        let mask = |width: u32| u64::MAX.checked_shr(64 - width).unwrap_or(0);
        let mut bytes = Vec::new();
        let mut w = BitWriter::new(&mut bytes);
        widths().for_each(|width| w.write(value, width));
        w.finish();
        let total: u32 = widths().sum();
        assert_eq!(bytes.len(), total.div_ceil(8) as usize);
        let mut r = BitReader::new(&bytes);
        for width in widths() {
            assert_eq!(r.read(width), Some(value & mask(width)), "{width} bits");
        }
        assert_eq!(r.read(8), None);
        assert_eq!(&bytes[..3], &[0b1111_1111, 0b1101_1111, 0b0111_1110], "the highest bit comes first");
    }

    #[cfg(feature = "szip")]
    #[test]
    fn zeros_are_counted_up_to_a_bound() {
        let counts = [0, 1, 63, 64, 65, 0, 200, 7, 130];
        let mut bytes = Vec::new();
        let mut w = BitWriter::new(&mut bytes);
        counts.iter().for_each(|&count| w.unary(count));
        w.finish();
        let mut r = BitReader::new(&bytes);
        for count in counts {
            assert_eq!(r.unary(200).map(u64::from), Some(count));
        }
        assert_eq!(r.unary(200), None);
        assert_eq!(BitReader::new(&[0, 0, 1]).unary(22), None);
        assert_eq!(BitReader::new(&[0, 0, 1]).unary(23), Some(23));
    }
}
