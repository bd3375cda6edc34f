//! The cursor that decoders read from: bounded, and unable to forget where it is.

use super::{Address, Budget, Error, Malformed, Result, Sizes, Structure, Unsupported, lookup3};

/// Reads the little-endian fields of one bounded block.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    origin: u64,
    structure: Structure,
    budget: &'a Budget,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which lie at the file offset `origin` and are to be a `structure`.
    pub(crate) fn new(bytes: &'a [u8], origin: u64, structure: Structure, budget: &'a Budget) -> Self {
        Reader { bytes, position: 0, origin, structure, budget }
    }

    /// The file offset of the next byte.
    pub(crate) fn offset(&self) -> u64 {
        self.origin.saturating_add(self.position as u64)
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Bytes left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    pub(crate) fn budget(&self) -> &'a Budget {
        self.budget
    }

    /// Says where an error happened that something else reported.
    pub(crate) fn locate(&self, error: Error) -> Error {
        error.at(self.structure, self.offset())
    }

    /// The error for a field whose value breaks a rule.
    pub(crate) fn bad(&self, name: &'static str, value: impl Into<u64>, rule: &'static str) -> Error {
        self.locate(Error::field(name, value.into(), rule))
    }

    /// Takes the next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        match self.bytes[self.position..].get(..len) {
            Some(bytes) => {
                self.position += len;
                Ok(bytes)
            }
            None => {
                let available = self.remaining() as u64;
                Err(self.locate(Malformed::Truncated { needed: len as u64, available }.into()))
            }
        }
    }

    /// Takes `len` bytes, a number from the file.
    pub(crate) fn take_long(&mut self, len: u64) -> Result<&'a [u8]> {
        // A length that no index can hold is longer than any block.
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// Takes all bytes that are left.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.position..];
        self.position = self.bytes.len();
        rest
    }

    /// Looks at the next bytes without taking them.
    pub(crate) fn peek(&self, len: usize) -> Option<&'a [u8]> {
        self.bytes[self.position..].get(..len)
    }

    /// Takes the next `len` bytes as a block of their own.
    pub(crate) fn block(&mut self, len: u64, structure: Structure) -> Result<Reader<'a>> {
        let origin = self.offset();
        Ok(Reader::new(self.take_long(len)?, origin, structure, self.budget))
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Reads an unsigned number of 0 to 8 bytes.
    pub(crate) fn uint(&mut self, width: usize) -> Result<u64> {
        if width > 8 {
            return Err(self.bad("width of a number", width as u64, "at most 8 bytes are read"));
        }
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(wide))
    }

    /// Reads an address; all bits set stand for none.
    pub(crate) fn address(&mut self, sizes: Sizes) -> Result<Option<Address>> {
        let value = self.uint(sizes.address())?;
        let undefined = u64::MAX >> (64 - 8 * u32::from(sizes.offset.clamp(1, 8)));
        Ok((value != undefined).then_some(Address(value)))
    }

    /// Reads an address that has to be there.
    pub(crate) fn defined_address(&mut self, sizes: Sizes, name: &'static str) -> Result<Address> {
        let at = self.clone();
        self.address(sizes)?.ok_or_else(|| at.bad(name, u64::MAX, "it must be defined"))
    }

    /// Reads a length.
    pub(crate) fn length(&mut self, sizes: Sizes) -> Result<u64> {
        self.uint(sizes.len())
    }

    /// Reads a length in which all bits set stand for "unlimited".
    pub(crate) fn limited_length(&mut self, sizes: Sizes) -> Result<Option<u64>> {
        let value = self.length(sizes)?;
        let unlimited = u64::MAX >> (64 - 8 * u32::from(sizes.length.clamp(1, 8)));
        Ok((value != unlimited).then_some(value))
    }

    /// Takes the signature that the structure begins with.
    pub(crate) fn signature(&mut self, expected: &[u8]) -> Result<()> {
        let at = self.clone();
        let found = self.take(expected.len())?;
        if found == expected {
            return Ok(());
        }
        let (expected, found) = (expected.to_vec(), found.to_vec());
        Err(at.locate(Malformed::Signature { expected, found }.into()))
    }

    /// Reads a version byte; one that is not in `known` is refused by number.
    pub(crate) fn version(&mut self, known: std::ops::RangeInclusive<u8>) -> Result<u8> {
        let at = self.clone();
        let found = self.u8()?;
        if known.contains(&found) {
            return Ok(found);
        }
        let (found, known) = (u64::from(found), u64::from(*known.end()));
        Err(at.locate(Unsupported::Version { found, known }.into()))
    }

    /// Reads flags; one that is not in `known` is refused.
    pub(crate) fn flags(&mut self, known: u8) -> Result<u8> {
        let at = self.clone();
        let flags = self.u8()?;
        if flags & !known == 0 { Ok(flags) } else { Err(at.bad("flags", flags, "unknown bits are set")) }
    }

    /// Checks that a list of `count` entries of at least `entry` bytes can be there at all, and returns its length.
    pub(crate) fn count(&self, count: u64, entry: usize) -> Result<usize> {
        let needed = count.saturating_mul(entry.max(1) as u64);
        let available = self.remaining() as u64;
        if needed > available {
            return Err(self.locate(Malformed::Truncated { needed, available }.into()));
        }
        self.budget.items(count).map_err(|e| self.locate(e))?;
        super::to_usize(count)
    }

    /// Takes a NUL-terminated string without its NUL.
    pub(crate) fn c_string(&mut self) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.position..];
        match rest.iter().position(|&byte| byte == 0) {
            Some(end) => {
                self.position += end + 1;
                Ok(&rest[..end])
            }
            None => {
                let available = rest.len() as u64;
                Err(self.locate(Malformed::Truncated { needed: available + 1, available }.into()))
            }
        }
    }

    /// Passes over bytes whose value does not matter; `_why` is for whoever reads the call.
    pub(crate) fn skip_padding(&mut self, len: usize, _why: &'static str) -> Result<()> {
        self.take(len).map(|_| ())
    }

    /// Checks the checksum in the last four bytes and returns a cursor over the bytes before it.
    pub(crate) fn checked(mut self) -> Result<Reader<'a>> {
        let Some(split) = self.bytes.len().checked_sub(4).filter(|&n| n >= self.position) else {
            let available = self.remaining() as u64;
            return Err(self.locate(Malformed::Truncated { needed: 4, available }.into()));
        };
        let (body, sum) = self.bytes.split_at(split);
        let stored = u32::from_le_bytes([sum[0], sum[1], sum[2], sum[3]]);
        let computed = lookup3(body);
        // A fuzzer that had to guess checksums would never get past them.
        if stored != computed && !cfg!(fuzzing) {
            // All of the structure is in doubt, not what comes next in it.
            let error = Error::from(Malformed::Checksum { stored, computed });
            return Err(error.at(self.structure, self.origin));
        }
        self.bytes = body;
        Ok(self)
    }

    /// Ends the reading: bytes that are left over are an error.
    pub(crate) fn finish(self) -> Result<()> {
        match self.remaining() as u64 {
            0 => Ok(()),
            bytes => Err(self.locate(Malformed::Trailing { bytes }.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(bytes: &[u8], f: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        let budget = Budget::default();
        f(&mut Reader::new(bytes, 100, Structure::Dataspace, &budget))
    }

    #[test]
    fn numbers_are_little_endian_and_all_ones_are_no_address() {
        let sizes = Sizes { offset: 2, length: 4 };
        let bytes = [1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0];
        read(&bytes, |r| {
            assert_eq!(r.address(sizes)?, Some(Address(0x201)));
            assert_eq!(r.address(sizes)?, None);
            assert_eq!(r.limited_length(sizes)?, None);
            assert_eq!(r.length(sizes)?, 7);
            r.clone().finish()
        })
        .unwrap();
    }

    #[test]
    fn every_refusal_says_where() {
        let text = |e: Error| e.to_string();
        let short = read(&[1, 2], |r| r.u8().and_then(|_| r.u32())).unwrap_err();
        assert_eq!(
            text(short),
            "malformed file: truncated: 4 bytes needed, 1 there in the dataspace message at offset 101"
        );
        let version = read(&[9], |r| r.version(1..=2)).unwrap_err();
        assert_eq!(
            text(version),
            "not supported: version 9 (known up to 2) in the dataspace message at offset 100"
        );
        let left = read(&[9, 9], |r| r.clone().finish()).unwrap_err();
        assert_eq!(
            text(left),
            "malformed file: 2 bytes are left over in the dataspace message at offset 100"
        );
        let sum = read(&[9, 0, 0, 0, 0], |r| r.clone().checked().map(|_| ())).unwrap_err();
        assert!(text(sum).starts_with("malformed file: checksum mismatch: 0x00000000 stored, 0x"));
        let sign = read(b"ABCD", |r| r.signature(b"OHDR")).unwrap_err();
        assert!(text(sign).contains("signature \"OHDR\" expected, found \"ABCD\""));
    }

    #[test]
    fn a_count_is_checked_before_it_is_used() {
        assert!(read(&[0; 8], |r| r.count(u64::MAX, 8)).is_err());
        assert!(read(&[0; 8], |r| r.count(2, 5)).is_err());
        assert_eq!(read(&[0; 8], |r| r.count(2, 4)).unwrap(), 2);
    }
}
