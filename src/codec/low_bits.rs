//! Streams of bits, the lowest bit of each byte first, as zfp and SPERR pack them.

#[derive(Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits taken.
    at: u64,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Bits { bytes, at: 0 }
    }

    /// Takes up to 64 bits; behind the end there are zeros.
    pub(super) fn take(&mut self, count: u32) -> u64 {
        if count == 0 {
            return 0;
        }
        let offset = u32::from(self.at.to_le_bytes()[0] & 7);
        let byte = usize::try_from(self.at / 8).unwrap_or(usize::MAX);
        let value = match self.bytes.get(byte..).and_then(|rest| rest.first_chunk::<16>()) {
            Some(wide) => u128::from_le_bytes(*wide),
            None => {
                let rest = self.bytes.get(byte..).unwrap_or_default();
                rest.iter().rev().fold(0, |value, &byte| value << 8 | u128::from(byte))
            }
        };
        self.at += u64::from(count);
        let mut low = [0; 8];
        low.copy_from_slice(&(value >> offset).to_le_bytes()[..8]);
        u64::from_le_bytes(low) & (u64::MAX >> (64 - count.min(64)))
    }

    pub(super) fn take_one(&mut self) -> bool {
        let byte = usize::try_from(self.at / 8).ok().and_then(|at| self.bytes.get(at));
        let bit = byte.is_some_and(|byte| byte >> (self.at % 8) & 1 != 0);
        self.at += 1;
        bit
    }

    pub(super) fn skip(&mut self, count: u32) {
        self.at += u64::from(count);
    }

    /// Bits taken.
    pub(super) fn taken(&self) -> u64 {
        self.at
    }

    /// Tells whether more was taken than there is.
    pub(super) fn is_overrun(&self) -> bool {
        self.at > 8 * self.bytes.len() as u64
    }
}

/// Puts bits behind one another into bytes.
#[derive(Debug)]
pub(super) struct BitSink<'a> {
    bytes: &'a mut Vec<u8>,
    /// The bits that are not in `bytes` yet, fewer than 64.
    word: u64,
    held: u32,
}

impl<'a> BitSink<'a> {
    /// Begins behind what `bytes` holds.
    pub(super) fn new(bytes: &'a mut Vec<u8>) -> Self {
        BitSink { bytes, word: 0, held: 0 }
    }

    /// Puts the lowest `count` bits of a value, at most 64.
    #[inline]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        let value = value & u64::MAX.checked_shr(64 - count.min(64)).unwrap_or(0);
        self.word |= value << self.held;
        let end = self.held + count;
        if end >= 64 {
            self.bytes.extend_from_slice(&self.word.to_le_bytes());
            self.word = value.checked_shr(64 - self.held).unwrap_or(0);
        }
        self.held = end % 64;
    }

    #[inline]
    pub(super) fn put_one(&mut self, bit: bool) {
        self.put(u64::from(bit), 1);
    }

    /// Puts zeros.
    pub(super) fn pad(&mut self, count: u64) {
        (0..count / 64).for_each(|_| self.put(0, 64));
        (0..count % 64).for_each(|_| self.put(0, 1));
    }

    /// All bits that `bytes` would hold.
    pub(super) fn len(&self) -> u64 {
        8 * self.bytes.len() as u64 + u64::from(self.held)
    }

    /// Fills the last byte up with zeros.
    pub(super) fn finish(self) {
        let rest = self.word.to_le_bytes();
        self.bytes.extend(rest.iter().zip(0..self.held.div_ceil(8)).map(|(byte, _)| byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_lowest_first_and_end_in_zeros() {
        let bytes: Vec<u8> = (1..=20).collect();
        let mut bits = Bits::new(&bytes);
        assert_eq!((bits.take(0), bits.take(3), bits.take(5)), (0, 1, 0));
        assert_eq!(bits.take(64), 0x0908_0706_0504_0302);
        bits.skip(160 - 72 - 5);
        assert!(!bits.is_overrun());
        assert_eq!(bits.take(8), 20 >> 3);
        assert!(bits.is_overrun() && !bits.take_one());
    }

    #[test]
    fn what_is_put_is_taken() {
        let mut bytes = vec![7];
        let mut sink = BitSink::new(&mut bytes);
        sink.put(u64::MAX, 3);
        sink.put(0x0123_4567_89ab_cdef, 64);
        sink.put(9, 0);
        sink.pad(130);
        sink.put_one(true);
        sink.put(0x0fed_cba9_8765_4321, 58);
        assert_eq!(sink.len(), 8 + 256);
        sink.put(5, 3);
        sink.finish();
        assert_eq!(bytes.len(), 1 + 32 + 1);
        let mut bits = Bits::new(&bytes[1..]);
        assert_eq!((bits.take(3), bits.take(64)), (7, 0x0123_4567_89ab_cdef));
        assert_eq!([bits.take(64), bits.take(64), bits.take(2)], [0; 3]);
        assert_eq!((bits.take_one(), bits.take(58)), (true, 0x03ed_cba9_8765_4321));
        assert_eq!(bits.take(8), 5);
    }
}
