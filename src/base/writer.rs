//! The cursor that encoders write to: it refuses numbers that do not fit their field.

use super::{Address, Error, Result, Sizes, Structure, lookup3};

/// Writes the little-endian fields of one block.
#[derive(Debug)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    structure: Structure,
}

impl Writer {
    /// Begins a block of `structure` that is going to have `capacity` bytes.
    pub(crate) fn new(structure: Structure, capacity: usize) -> Self {
        Writer { bytes: Vec::with_capacity(capacity), structure }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes written so far.
    pub(crate) fn position(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    /// Writes an unsigned number of `width` bytes, at most 8.
    pub(crate) fn uint(&mut self, value: u64, width: usize, name: &'static str) -> Result<()> {
        let bytes = value.to_le_bytes();
        match bytes.get(..width) {
            Some(low) if bytes[width..].iter().all(|&byte| byte == 0) => {
                self.put(low);
                Ok(())
            }
            _ => Err(Error::field(name, value, "too wide for its field").within(self.structure)),
        }
    }

    /// Writes a count or a size of this program's own as a number of `width` bytes.
    pub(crate) fn size(&mut self, value: usize, width: usize, name: &'static str) -> Result<()> {
        self.uint(value as u64, width, name)
    }

    /// Writes an address, or all bits set for none.
    pub(crate) fn address(&mut self, address: Option<Address>, sizes: Sizes) -> Result<()> {
        match address {
            Some(Address(value)) => self.uint(value, sizes.address(), "address"),
            None => {
                self.fill(sizes.address(), 0xff);
                Ok(())
            }
        }
    }

    pub(crate) fn length(&mut self, value: u64, sizes: Sizes, name: &'static str) -> Result<()> {
        self.uint(value, sizes.len(), name)
    }

    /// Writes a length, or all bits set for "unlimited".
    pub(crate) fn limited_length(
        &mut self,
        value: Option<u64>,
        sizes: Sizes,
        name: &'static str,
    ) -> Result<()> {
        match value {
            Some(value) => self.length(value, sizes, name),
            None => {
                self.fill(sizes.len(), 0xff);
                Ok(())
            }
        }
    }

    pub(crate) fn fill(&mut self, count: usize, byte: u8) {
        self.bytes.resize(self.bytes.len() + count, byte);
    }

    /// Writes zeros up to the next multiple of `multiple`, counted from the block's first byte.
    pub(crate) fn align(&mut self, multiple: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(multiple), 0);
    }

    /// Writes the checksum of all that stands before it.
    pub(crate) fn checksum(&mut self) {
        self.u32(lookup3(&self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_too_wide_for_its_field_is_refused() {
        let mut w = Writer::new(Structure::GlobalHeap, 8);
        w.uint(0xffff, 2, "index").unwrap();
        let error = w.uint(0x1_0000, 2, "index").unwrap_err();
        assert!(error.to_string().contains("index is 65536: too wide for its field"));
        assert_eq!(w.into_bytes(), [0xff, 0xff]);
    }
}
