//! Where new bytes go: free space first, then the end of the file.

use super::pools::{Division, Pool, Pools, Use, begin_of_tail};
use super::ranges::Ranges;
use crate::base::{Address, Error, Result};

/// Hands out space and takes it back.
///
/// What the published state of the file refers to is not handed out again before the next state is published: whoever
/// finds the file as it was may still need it.
#[derive(Clone, Debug)]
pub(super) struct Space {
    end: u64,
    /// May be handed out.
    free: Pools,
    /// Given back, and still needed by the published state.
    held: Held,
    /// Handed out since the last publication: the published state knows nothing of it.
    fresh: Ranges,
    /// The highest address that the file's width can hold.
    limit: u64,
    /// What the edit that is under way has changed, if it can still be taken back.
    edit: Option<Edit>,
}

/// By what it was used for. No byte is in both.
#[derive(Clone, Debug, Default)]
struct Held {
    metadata: Ranges,
    raw: Ranges,
}

/// Space that an edit has taken, and that it gives back when it is done.
#[derive(Clone, Debug, Default)]
struct Edit {
    allocated: Vec<(u64, u64, Use)>,
    released: Vec<(u64, u64, Use)>,
}

impl Held {
    fn insert(&mut self, start: u64, end: u64, purpose: Use) {
        let (its, other) = match purpose {
            Use::Metadata => (&mut self.metadata, &mut self.raw),
            Use::Raw => (&mut self.raw, &mut self.metadata),
        };
        other.remove(start..end);
        its.insert(start..end);
    }
}

/// The highest address that numbers of a width can hold; one more is the undefined one.
pub(super) fn last_address(width: u8) -> u64 {
    (u64::MAX >> (64 - 8 * u32::from(width.clamp(1, 8)))) - 1
}

impl Space {
    pub(super) fn new(end: u64, address_width: u8, division: Division) -> Self {
        let limit = last_address(address_width);
        let (held, fresh) = Default::default();
        let mut space = Space { end, free: Pools::new(division), held, fresh, limit, edit: None };
        // No file with pages ends within one, unless somebody wrote to it who knew nothing of them.
        if let Some(whole) = space.page().and_then(|page| end.checked_next_multiple_of(page))
            && end < whole
        {
            space.end = whole;
            space.free.set(end..whole, Pool::Large);
        }
        space
    }

    /// Leaves room for others: nothing goes behind `limit`, where the space has its first address at `start`.
    pub(super) fn within(mut self, start: u64, limit: u64) -> Self {
        self.limit = self.limit.min(limit).saturating_sub(start);
        self
    }

    /// The first address behind everything.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The bytes of a page, in a file that is divided into them.
    pub(super) fn page(&self) -> Option<u64> {
        self.free.page()
    }

    /// Where the file will end once its new state is published and `unneeded` is given back.
    pub(super) fn settled_end(&self, unneeded: &Ranges) -> u64 {
        let held = [&self.held.metadata, &self.held.raw, unneeded];
        self.end_before(begin_of_tail(self.end, self.free.all().into_iter().chain(held)))
    }

    /// The space as it will be then.
    pub(super) fn settled(&self, unneeded: &Ranges) -> Space {
        let mut space = self.clone();
        space.publish();
        unneeded.iter().for_each(|range| space.set_free(range.start, range.end, Use::Metadata));
        space
    }

    /// A file with pages ends with a whole one.
    fn end_before(&self, tail: u64) -> u64 {
        let whole = self.page().map_or(Some(tail), |page| tail.checked_next_multiple_of(page));
        whole.map_or(self.end, |end| end.min(self.end))
    }

    /// What is free of a pool.
    pub(super) fn free(&self, pool: Pool) -> &Ranges {
        self.free.of(pool)
    }

    /// Learns of space that was free before the session. Whole pages are taken for such whatever the file says of them.
    pub(super) fn learn(&mut self, start: u64, end: u64, pool: Pool) {
        match pool {
            Pool::Metadata => self.free.give(start..end, Use::Metadata),
            Pool::Raw => self.free.give(start..end, Use::Raw),
            Pool::Large => self.free.set(start..end, pool),
        }
    }

    /// Whether the published state knows nothing of these bytes.
    pub(super) fn is_fresh(&self, address: u64, len: u64) -> bool {
        self.fresh.contains(&(address..address.saturating_add(len)))
    }

    /// Finds `size` bytes at a multiple of `align`.
    pub(super) fn allocate(&mut self, size: u64, align: u64, purpose: Use) -> Result<Address> {
        let start = match self.free.take(size, align, purpose) {
            Some(start) if size > 0 => start,
            _ => self.append(size, align, purpose)?,
        };
        Ok(self.hand_out(start, size, purpose))
    }

    fn hand_out(&mut self, start: u64, size: u64, purpose: Use) -> Address {
        self.fresh.insert(start..start + size);
        if let Some(edit) = &mut self.edit {
            edit.allocated.push((start, size, purpose));
        }
        Address(start)
    }

    /// Finds room in free space that ends before an address, if there is any.
    pub(super) fn allocate_before(
        &mut self,
        end: u64,
        size: u64,
        align: u64,
        purpose: Use,
    ) -> Option<Address> {
        let start = self.free.take(size, align, purpose).filter(|_| size > 0)?;
        if start.saturating_add(size) > end {
            self.free.give(start..start + size, purpose);
            return None;
        }
        Some(self.hand_out(start, size, purpose))
    }

    /// All bytes that may be handed out.
    pub(super) fn free_bytes(&self) -> u64 {
        self.free.all().into_iter().flat_map(Ranges::iter).map(|range| range.end - range.start).sum()
    }

    /// Finds room for metadata behind everything.
    pub(super) fn allocate_at_end(&mut self, size: u64) -> Result<Address> {
        let start = self.append(size, 1, Use::Metadata)?;
        Ok(self.hand_out(start, size, Use::Metadata))
    }

    fn append(&mut self, size: u64, align: u64, purpose: Use) -> Result<u64> {
        let page = self.page();
        let start = self.end.checked_next_multiple_of(page.unwrap_or(align));
        let place = start.and_then(|start| {
            let end = start.checked_add(size)?;
            Some((start, end, page.map_or(Some(end), |page| end.checked_next_multiple_of(page))?))
        });
        match place {
            Some((start, end, whole)) if whole <= self.limit => {
                self.free.give(self.end..start, purpose);
                let is_large = page.is_some_and(|page| size >= page);
                self.free.set(end..whole, if is_large { Pool::Large } else { purpose.into() });
                self.end = whole;
                Ok(start)
            }
            _ => Err(Error::limit("the file", self.end.saturating_add(size), self.limit)),
        }
    }

    /// Takes space back.
    pub(super) fn release(&mut self, address: Address, size: u64, purpose: Use) {
        match &mut self.edit {
            Some(edit) => edit.released.push((address.0, size, purpose)),
            None => self.take_back(address.0, size, purpose),
        }
    }

    /// From here on, what happens can be taken back.
    pub(super) fn begin(&mut self) {
        self.edit = Some(Edit::default());
    }

    /// What happened since [`Space::begin`] stays.
    pub(super) fn keep(&mut self) {
        let Some(edit) = self.edit.take() else { return };
        edit.released.into_iter().for_each(|(start, size, purpose)| self.take_back(start, size, purpose));
    }

    /// What happened since [`Space::begin`] did not happen.
    pub(super) fn undo(&mut self) {
        let Some(edit) = self.edit.take() else { return };
        let allocated = edit.allocated.into_iter().rev();
        allocated.for_each(|(start, size, purpose)| self.take_back(start, size, purpose));
    }

    /// The state of the file is published: all of it is needed from now on, and nothing of the one before.
    pub(super) fn publish(&mut self) {
        self.fresh = Ranges::default();
        let Held { metadata, raw } = std::mem::take(&mut self.held);
        metadata.iter().for_each(|range| self.set_free(range.start, range.end, Use::Metadata));
        raw.iter().for_each(|range| self.set_free(range.start, range.end, Use::Raw));
    }

    fn take_back(&mut self, start: u64, size: u64, purpose: Use) {
        let range = start..start.saturating_add(size);
        if self.fresh.contains(&range) {
            self.fresh.remove(range.clone());
            self.set_free(range.start, range.end, purpose);
        } else {
            self.held.insert(range.start, range.end, purpose);
        }
    }

    fn set_free(&mut self, start: u64, end: u64, purpose: Use) {
        self.free.give(start..end, purpose);
        let end = self.end_before(begin_of_tail(self.end, self.free.all()));
        self.free.remove(&(end..self.end));
        self.end = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_of_the_session_is_used_again_and_older_space_only_when_published() {
        let mut space = Space::new(100, 8, Division::Undivided);
        let a = space.allocate(10, 1, Use::Metadata).unwrap();
        let b = space.allocate(10, 1, Use::Metadata).unwrap();
        let c = space.allocate(10, 1, Use::Metadata).unwrap();
        assert_eq!((a.0, b.0, c.0), (100, 110, 120));
        space.release(Address(0), 50, Use::Metadata);
        space.release(a, 10, Use::Metadata);
        space.release(b, 10, Use::Metadata);
        assert_eq!(space.allocate(20, 1, Use::Metadata).unwrap().0, 100);
        space.release(c, 10, Use::Metadata);
        assert_eq!(space.end(), 120);
        assert_eq!(space.allocate(50, 1, Use::Metadata).unwrap().0, 120);
        space.publish();
        assert_eq!(space.allocate(50, 1, Use::Metadata).unwrap().0, 0);
    }

    #[test]
    fn what_is_published_is_no_longer_fresh_and_its_end_is_known_before() {
        let mut space = Space::new(100, 8, Division::Undivided);
        let a = space.allocate(10, 1, Use::Metadata).unwrap();
        assert!(space.is_fresh(a.0, 10) && !space.is_fresh(95, 10));
        space.publish();
        assert!(!space.is_fresh(a.0, 10));
        space.release(a, 10, Use::Metadata);
        space.release(Address(80), 20, Use::Metadata);
        assert_eq!((space.end(), space.settled_end(&Ranges::default())), (110, 80));
        space.publish();
        assert_eq!(space.end(), 80);
    }

    #[test]
    fn an_edit_can_be_taken_back() {
        let mut space = Space::new(100, 8, Division::Undivided);
        let a = space.allocate(10, 1, Use::Metadata).unwrap();
        space.begin();
        space.release(a, 10, Use::Metadata);
        let b = space.allocate(10, 1, Use::Metadata).unwrap();
        assert_ne!(a, b, "what the edit gives back is not handed out before it is done");
        space.undo();
        assert!(space.is_fresh(a.0, 10) && space.end() == 110);
        space.begin();
        space.release(a, 10, Use::Metadata);
        space.keep();
        assert_eq!(space.end(), 100);
    }

    /// Two chunk records of a damaged file may have the same address.
    #[test]
    fn space_that_is_given_back_twice_is_handed_out_once() {
        let mut space = Space::new(100, 8, Division::Undivided);
        let a = space.allocate(10, 1, Use::Metadata).unwrap();
        space.allocate(10, 1, Use::Metadata).unwrap();
        space.begin();
        for (address, size) in [(a, 10), (a, 10), (Address(20), 30), (Address(40), 20)] {
            space.release(address, size, Use::Metadata);
        }
        space.keep();
        space.publish();
        let handed_out: Vec<_> = (0..5).map(|_| space.allocate(10, 1, Use::Metadata).unwrap().0).collect();
        assert_eq!(handed_out, [100, 20, 30, 40, 50]);
        assert_eq!(space.allocate(10, 1, Use::Metadata).unwrap().0, 120);
    }

    #[test]
    fn alignment_leaves_its_gap_free() {
        let mut space = Space::new(3, 8, Division::Undivided);
        assert_eq!(space.allocate(8, 8, Use::Metadata).unwrap().0, 8);
        assert_eq!(space.allocate(5, 1, Use::Metadata).unwrap().0, 3);
    }

    #[test]
    fn a_file_cannot_outgrow_its_addresses() {
        let mut space = Space::new(60_000, 2, Division::Undivided);
        assert!(space.allocate(5_000, 1, Use::Metadata).is_ok());
        assert!(space.allocate(5_000, 1, Use::Metadata).is_err());
    }

    #[test]
    fn a_file_with_pages_ends_with_a_whole_one() {
        let mut space = Space::new(0, 8, Division::Pages(100));
        let a = space.allocate(30, 1, Use::Metadata).unwrap();
        let b = space.allocate(230, 1, Use::Raw).unwrap();
        let c = space.allocate(40, 8, Use::Raw).unwrap();
        let d = space.allocate(60, 1, Use::Metadata).unwrap();
        assert_eq!((a.0, b.0, c.0, d.0, space.end()), (0, 100, 400, 30, 500));
        space.publish();
        space.release(c, 40, Use::Raw);
        assert_eq!((space.end(), space.settled_end(&Ranges::default())), (500, 400));
        space.release(b, 230, Use::Raw);
        assert_eq!(space.settled_end(&Ranges::default()), 100);
        assert_eq!(space.settled(&Ranges::default()).end(), 100);
        space.publish();
        assert_eq!(space.end(), 100);
        assert!(space.free(Pool::Metadata).iter().eq(std::iter::once(90..100)));
        assert_eq!(Space::new(450, 8, Division::Pages(100)).end(), 500);
    }

    #[test]
    fn the_settled_space_is_what_comes_of_publishing() {
        let mut space = Space::new(1000, 8, Division::ByUse);
        let a = space.allocate(50, 1, Use::Metadata).unwrap();
        let b = space.allocate(70, 1, Use::Metadata).unwrap();
        space.release(Address(100), 20, Use::Raw);
        space.release(Address(110), 30, Use::Metadata);
        let mut unneeded = Ranges::default();
        unneeded.insert(b.0..b.0 + 70);
        let settled = space.settled(&unneeded);
        assert_eq!((settled.end(), space.settled_end(&unneeded)), (a.0 + 50, a.0 + 50));
        space.release(b, 70, Use::Metadata);
        space.publish();
        for pool in [Pool::Metadata, Pool::Raw] {
            assert_eq!(space.free(pool), settled.free(pool));
        }
        assert!(space.free(Pool::Raw).iter().eq(std::iter::once(100..110)));
    }
}
