//! Where new bytes go: free space of this session first, then the end of the file.

use std::collections::BTreeMap;

use crate::base::{Address, Error, Result};

/// Hands out space and takes it back.
///
/// Only what this session has allocated is handed out again: what the file held when it was opened may still be
/// needed by whoever finds the file as it was.
#[derive(Debug)]
pub(crate) struct Space {
    end: u64,
    /// The end when the session began.
    fresh_from: u64,
    /// Free pieces by address; neighbours are joined.
    free: BTreeMap<u64, u64>,
    /// The highest address that the file's width can hold.
    limit: u64,
}

impl Space {
    pub(crate) fn new(end: u64, address_width: u8) -> Self {
        let limit = (u64::MAX >> (64 - 8 * u32::from(address_width.clamp(1, 8)))) - 1;
        Space { end, fresh_from: end, free: BTreeMap::new(), limit }
    }

    /// The first address behind everything.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Finds `size` bytes at a multiple of `align`.
    pub(crate) fn allocate(&mut self, size: u64, align: u64) -> Result<Address> {
        let fits = |(&start, &len): (&u64, &u64)| {
            let skip = start.next_multiple_of(align) - start;
            (len >= skip.saturating_add(size)).then_some((start, len, skip))
        };
        if let Some((start, len, skip)) = self.free.iter().find_map(fits) {
            self.free.remove(&start);
            self.put_back(start, skip);
            self.put_back(start + skip + size, len - skip - size);
            return Ok(Address(start + skip));
        }
        let start = self.end.checked_next_multiple_of(align);
        match start.and_then(|start| Some((start, start.checked_add(size)?))) {
            Some((start, end)) if end <= self.limit => {
                let gap = self.end;
                self.end = end;
                self.put_back(gap, start - gap);
                Ok(Address(start))
            }
            _ => Err(Error::limit("the file", self.end.saturating_add(size), self.limit)),
        }
    }

    /// Takes space back.
    pub(crate) fn release(&mut self, address: Address, size: u64) {
        if address.0 >= self.fresh_from {
            self.put_back(address.0, size);
        }
    }

    fn put_back(&mut self, mut start: u64, mut len: u64) {
        if len == 0 {
            return;
        }
        if let Some(next) = self.free.remove(&(start + len)) {
            len += next;
        }
        if let Some((&before, &before_len)) = self.free.range(..start).next_back()
            && before + before_len == start
        {
            self.free.remove(&before);
            start = before;
            len += before_len;
        }
        if start + len == self.end {
            self.end = start;
        } else {
            self.free.insert(start, len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_of_the_session_is_used_again_and_older_space_is_not() {
        let mut space = Space::new(100, 8);
        let a = space.allocate(10, 1).unwrap();
        let b = space.allocate(10, 1).unwrap();
        let c = space.allocate(10, 1).unwrap();
        assert_eq!((a.0, b.0, c.0), (100, 110, 120));
        space.release(Address(0), 50);
        space.release(a, 10);
        space.release(b, 10);
        assert_eq!(space.allocate(20, 1).unwrap().0, 100);
        space.release(c, 10);
        assert_eq!(space.end(), 120);
    }

    #[test]
    fn alignment_leaves_its_gap_free() {
        let mut space = Space::new(3, 8);
        assert_eq!(space.allocate(8, 8).unwrap().0, 8);
        assert_eq!(space.allocate(5, 1).unwrap().0, 3);
    }

    #[test]
    fn a_file_cannot_outgrow_its_addresses() {
        let mut space = Space::new(60_000, 2);
        assert!(space.allocate(5_000, 1).is_ok());
        assert!(space.allocate(5_000, 1).is_err());
    }
}
