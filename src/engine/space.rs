//! Where new bytes go: free space first, then the end of the file.

use super::ranges::Ranges;
use crate::base::{Address, Error, Result};

/// Hands out space and takes it back.
///
/// What the published state of the file refers to is not handed out again before the next state is published: whoever
/// finds the file as it was may still need it.
#[derive(Debug)]
pub(super) struct Space {
    end: u64,
    /// May be handed out.
    free: Ranges,
    /// Given back, and still needed by the published state.
    held: Ranges,
    /// Handed out since the last publication: the published state knows nothing of it.
    fresh: Ranges,
    /// The highest address that the file's width can hold.
    limit: u64,
    /// What the edit that is under way has changed, if it can still be taken back.
    edit: Option<Edit>,
}

/// Space that an edit has taken, and that it gives back when it is done.
#[derive(Debug, Default)]
struct Edit {
    allocated: Vec<(u64, u64)>,
    released: Vec<(u64, u64)>,
}

impl Space {
    pub(super) fn new(end: u64, address_width: u8) -> Self {
        let limit = (u64::MAX >> (64 - 8 * u32::from(address_width.clamp(1, 8)))) - 1;
        let (free, held, fresh) = Default::default();
        Space { end, free, held, fresh, limit, edit: None }
    }

    /// The first address behind everything.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Where the file will end once its new state is published and `unneeded` is given back.
    pub(super) fn settled_end(&self, unneeded: &Ranges) -> u64 {
        let unused = [&self.free, &self.held, unneeded];
        let mut end = self.end;
        while let Some(start) = unused.iter().find_map(|ranges| ranges.ending_at(end)) {
            end = start;
        }
        end
    }

    /// Whether the published state knows nothing of these bytes.
    pub(super) fn is_fresh(&self, address: u64, len: u64) -> bool {
        self.fresh.contains(&(address..address.saturating_add(len)))
    }

    /// Finds `size` bytes at a multiple of `align`.
    pub(super) fn allocate(&mut self, size: u64, align: u64) -> Result<Address> {
        let start = match self.free.fit(size, align) {
            Some(start) if size > 0 => {
                self.free.remove(start..start + size);
                start
            }
            _ => self.append(size, align)?,
        };
        self.fresh.insert(start..start + size);
        if let Some(edit) = &mut self.edit {
            edit.allocated.push((start, size));
        }
        Ok(Address(start))
    }

    fn append(&mut self, size: u64, align: u64) -> Result<u64> {
        let start = self.end.checked_next_multiple_of(align);
        match start.and_then(|start| Some((start, start.checked_add(size)?))) {
            Some((start, end)) if end <= self.limit => {
                self.free.insert(self.end..start);
                self.end = end;
                Ok(start)
            }
            _ => Err(Error::limit("the file", self.end.saturating_add(size), self.limit)),
        }
    }

    /// Takes space back.
    pub(super) fn release(&mut self, address: Address, size: u64) {
        match &mut self.edit {
            Some(edit) => edit.released.push((address.0, size)),
            None => self.take_back(address.0, size),
        }
    }

    /// From here on, what happens can be taken back.
    pub(super) fn begin(&mut self) {
        self.edit = Some(Edit::default());
    }

    /// What happened since [`Space::begin`] stays.
    pub(super) fn keep(&mut self) {
        let Some(edit) = self.edit.take() else { return };
        edit.released.into_iter().for_each(|(start, size)| self.take_back(start, size));
    }

    /// What happened since [`Space::begin`] did not happen.
    pub(super) fn undo(&mut self) {
        let Some(edit) = self.edit.take() else { return };
        edit.allocated.into_iter().rev().for_each(|(start, size)| self.take_back(start, size));
    }

    /// The state of the file is published: all of it is needed from now on, and nothing of the one before.
    pub(super) fn publish(&mut self) {
        self.fresh = Ranges::default();
        for range in std::mem::take(&mut self.held).iter() {
            self.set_free(range.start, range.end);
        }
    }

    fn take_back(&mut self, start: u64, size: u64) {
        let range = start..start.saturating_add(size);
        if self.fresh.contains(&range) {
            self.fresh.remove(range.clone());
            self.set_free(range.start, range.end);
        } else {
            self.held.insert(range);
        }
    }

    fn set_free(&mut self, start: u64, end: u64) {
        self.free.insert(start..end);
        while let Some(start) = self.free.ending_at(self.end) {
            self.free.remove(start..self.end);
            self.end = start;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_of_the_session_is_used_again_and_older_space_only_when_published() {
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
        assert_eq!(space.allocate(50, 1).unwrap().0, 120);
        space.publish();
        assert_eq!(space.allocate(50, 1).unwrap().0, 0);
    }

    #[test]
    fn what_is_published_is_no_longer_fresh_and_its_end_is_known_before() {
        let mut space = Space::new(100, 8);
        let a = space.allocate(10, 1).unwrap();
        assert!(space.is_fresh(a.0, 10) && !space.is_fresh(95, 10));
        space.publish();
        assert!(!space.is_fresh(a.0, 10));
        space.release(a, 10);
        space.release(Address(80), 20);
        assert_eq!((space.end(), space.settled_end(&Ranges::default())), (110, 80));
        space.publish();
        assert_eq!(space.end(), 80);
    }

    #[test]
    fn an_edit_can_be_taken_back() {
        let mut space = Space::new(100, 8);
        let a = space.allocate(10, 1).unwrap();
        space.begin();
        space.release(a, 10);
        let b = space.allocate(10, 1).unwrap();
        assert_ne!(a, b, "what the edit gives back is not handed out before it is done");
        space.undo();
        assert!(space.is_fresh(a.0, 10) && space.end() == 110);
        space.begin();
        space.release(a, 10);
        space.keep();
        assert_eq!(space.end(), 100);
    }

    /// Two chunk records of a damaged file may have the same address.
    #[test]
    fn space_that_is_given_back_twice_is_handed_out_once() {
        let mut space = Space::new(100, 8);
        let a = space.allocate(10, 1).unwrap();
        space.allocate(10, 1).unwrap();
        space.begin();
        for (address, size) in [(a, 10), (a, 10), (Address(20), 30), (Address(40), 20)] {
            space.release(address, size);
        }
        space.keep();
        space.publish();
        let handed_out: Vec<_> = (0..5).map(|_| space.allocate(10, 1).unwrap().0).collect();
        assert_eq!(handed_out, [100, 20, 30, 40, 50]);
        assert_eq!(space.allocate(10, 1).unwrap().0, 120);
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
