//! Where the bytes of a storage end: once in most files, and once for each member where members have addresses of
//! their own.

use std::ops::Range;

use crate::base::Result;
use crate::storage::Storage;

/// The parts of a storage as far as they count, by where they begin.
#[derive(Debug)]
pub(super) struct Parts(Vec<Range<u64>>);

impl Parts {
    pub(super) fn of(storage: &dyn Storage) -> Result<Self> {
        Ok(Parts(storage.parts()?))
    }

    /// Where the part ends that an offset lies in or behind.
    pub(super) fn end_of(&self, offset: u64) -> u64 {
        self.0.iter().rfind(|part| part.start <= offset).map_or(0, |part| part.end)
    }

    /// Where each part begins.
    pub(super) fn starts(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|part| part.start)
    }

    /// All bytes that are stored.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|part| part.end - part.start).sum()
    }

    /// Counts what was written up to an offset, in the part that `start` lies in.
    pub(super) fn grow(&mut self, start: u64, end: u64) {
        if let Some(part) = self.0.iter_mut().rfind(|part| part.start <= start) {
            part.end = part.end.max(end);
        }
    }

    /// Has the part end here that `start` lies in.
    pub(super) fn set_end(&mut self, start: u64, end: u64) {
        if let Some(part) = self.0.iter_mut().rfind(|part| part.start <= start) {
            part.end = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_ends_on_its_own() {
        let mut parts = Parts(vec![0..10, 100..130]);
        assert_eq!([0, 9, 50, 99, 100, 500].map(|offset| parts.end_of(offset)), [10, 10, 10, 10, 130, 130]);
        parts.grow(8, 12);
        parts.grow(110, 115);
        assert_eq!((parts.bytes(), parts.end_of(0)), (42, 12));
        parts.set_end(0, 5);
        assert_eq!((parts.bytes(), parts.end_of(0), parts.end_of(100)), (35, 5, 130));
        assert_eq!(Parts(Vec::new()).end_of(7), 0);
    }
}
