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
}
