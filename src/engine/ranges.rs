//! A set of pieces of the file, none of which touch each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// So many of the smallest pieces are looked at for one that is large enough behind its alignment.
const CANDIDATES: usize = 64;

/// Disjoint ranges; neighbours are joined.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ranges {
    /// Start to end.
    by_place: BTreeMap<u64, u64>,
    /// Length and start: what finds the smallest piece that is large enough.
    by_size: BTreeSet<(u64, u64)>,
    /// What was done, for those that may want to take it back.
    history: Option<Vec<Step>>,
}

/// A piece that came or went.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    start: u64,
    end: u64,
    came: bool,
}

impl Ranges {
    /// No ranges yet; what happens to them is remembered from here on.
    pub(super) fn with_history() -> Self {
        Ranges { history: Some(Vec::new()), ..Ranges::default() }
    }

    /// How much has happened, to be given to [`Ranges::go_back`].
    pub(super) fn moment(&self) -> usize {
        self.history.as_ref().map_or(0, Vec::len)
    }

    /// Takes back what has happened since.
    pub(super) fn go_back(&mut self, moment: usize) {
        let Some(mut history) = self.history.take() else { return };
        for Step { start, end, came } in history.drain(moment..).rev() {
            if came { self.take(start, end) } else { self.put(start, end) }
        }
        self.history = Some(history);
    }

    /// What has happened so far cannot be taken back any more.
    pub(super) fn forget_history(&mut self) {
        self.history.iter_mut().for_each(Vec::clear);
    }

    /// Adds a range; empty ones are nothing. What of it is there already, as when a damaged file gives the same space
    /// back twice, stays what it is.
    pub(super) fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        self.remove(range.clone());
        let Range { mut start, mut end } = range;
        if let Some(&next) = self.by_place.get(&end) {
            self.take(end, next);
            end = next;
        }
        if let Some((&before, &before_end)) = self.by_place.range(..start).next_back()
            && before_end == start
        {
            self.take(before, before_end);
            start = before;
        }
        self.put(start, end);
    }

    /// Takes away whatever of a range is there.
    pub(super) fn remove(&mut self, range: Range<u64>) {
        let overlapping: Vec<(u64, u64)> = self.over(&range).collect();
        for (start, end) in overlapping {
            self.take(start, end);
            self.put(start, range.start.min(end));
            self.put(range.end.max(start), end);
        }
    }

    /// The pieces that lie over a range, from the last one to the first.
    fn over(&self, range: &Range<u64>) -> impl Iterator<Item = (u64, u64)> {
        let (begin, before_the_end) = (range.start, self.by_place.range(..range.end).rev());
        before_the_end.map(|(&start, &end)| (start, end)).take_while(move |&(_, end)| end > begin)
    }

    /// Whether all bytes of a range are there.
    pub(super) fn contains(&self, range: &Range<u64>) -> bool {
        range.is_empty() || self.around(range.start).is_some_and(|around| around.end >= range.end)
    }

    /// The smallest piece that has `size` bytes from a multiple of `align` on; tells where those begin.
    pub(super) fn fit(&self, size: u64, align: u64) -> Option<u64> {
        let fits = |&(len, start): &(u64, u64)| {
            let aligned = start.checked_next_multiple_of(align)?;
            (aligned - start <= len - size).then_some(aligned)
        };
        // There can be very many pieces that are large enough and lie just so that they are not.
        let tight = self.by_size.range((size, 0)..).take(CANDIDATES).find_map(fits);
        tight.or_else(|| self.by_size.range((size.checked_add(align)?, 0)..).next().and_then(fits))
    }

    /// The same for bytes that do not go from one page to the next.
    pub(super) fn fit_within(&self, size: u64, align: u64, page: u64) -> Option<u64> {
        let fits = |&(len, start): &(u64, u64)| {
            let fits = |at: u64| {
                let end = at.checked_add(size)?;
                (at % page <= page - size && end <= start + len).then_some(at)
            };
            let next_page = start.checked_next_multiple_of(page);
            start.checked_next_multiple_of(align).and_then(fits).or_else(|| next_page.and_then(fits))
        };
        let tight = self.by_size.range((size, 0)..).take(CANDIDATES).find_map(fits);
        tight.or_else(|| self.by_size.range((size.checked_add(page)?, 0)..).next().and_then(fits))
    }

    /// The smallest piece that has `size` bytes.
    pub(super) fn smallest(&self, size: u64) -> Option<Range<u64>> {
        self.by_size.range((size, 0)..).next().map(|&(len, start)| start..start + len)
    }

    /// The piece that a byte is in.
    pub(super) fn around(&self, byte: u64) -> Option<Range<u64>> {
        let (&start, &end) = self.by_place.range(..=byte).next_back()?;
        (end > byte).then_some(start..end)
    }

    /// How many pieces there are.
    pub(super) fn len(&self) -> usize {
        self.by_place.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_place.is_empty()
    }

    /// How many bytes of a range are there.
    pub(super) fn overlap(&self, range: &Range<u64>) -> u64 {
        self.over(range).map(|(start, end)| end.min(range.end) - start.max(range.start)).sum()
    }

    /// The piece that ends here, by its start.
    pub(super) fn ending_at(&self, end: u64) -> Option<u64> {
        let (&start, &its_end) = self.by_place.range(..end).next_back()?;
        (its_end == end).then_some(start)
    }

    /// All pieces, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.by_place.iter().map(|(&start, &end)| start..end)
    }

    fn put(&mut self, start: u64, end: u64) {
        if start < end {
            self.by_place.insert(start, end);
            self.by_size.insert((end - start, start));
            self.remember(Step { start, end, came: true });
        }
    }

    fn take(&mut self, start: u64, end: u64) {
        self.by_place.remove(&start);
        self.by_size.remove(&(end - start, start));
        self.remember(Step { start, end, came: false });
    }

    fn remember(&mut self, step: Step) {
        if let Some(history) = &mut self.history {
            history.push(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_joined_and_pieces_cut() {
        let mut ranges = Ranges::default();
        ranges.insert(10..20);
        ranges.insert(30..40);
        ranges.insert(20..30);
        assert_eq!((ranges.ending_at(40), ranges.iter().count()), (Some(10), 1));
        ranges.remove(15..25);
        ranges.remove(38..90);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [10..15, 25..38]);
        assert!(ranges.contains(&(26..38)) && !ranges.contains(&(14..26)) && ranges.contains(&(7..7)));
        assert_eq!((ranges.ending_at(38), ranges.ending_at(37)), (Some(25), None));
        ranges.remove(0..100);
        assert_eq!(ranges, Ranges::default());
    }

    #[test]
    fn what_is_there_already_counts_once() {
        let mut ranges = Ranges::default();
        ranges.insert(10..20);
        ranges.insert(30..40);
        for range in [10..20, 12..15, 15..35, 5..12] {
            ranges.insert(range);
        }
        assert_eq!((ranges.ending_at(40), ranges.iter().count()), (Some(5), 1));
        assert_eq!((ranges.fit(35, 1), ranges.fit(36, 1)), (Some(5), None));
    }

    #[test]
    fn the_smallest_piece_that_is_large_enough_is_found() {
        let mut ranges = Ranges::default();
        ranges.insert(3..20);
        ranges.insert(101..109);
        assert_eq!(ranges.fit(8, 1), Some(101));
        assert_eq!(ranges.fit(8, 8), Some(8));
        assert_eq!(ranges.fit(18, 1), None);
    }

    #[test]
    fn what_happened_can_be_taken_back() {
        let mut ranges = Ranges::with_history();
        ranges.insert(10..20);
        ranges.insert(30..40);
        ranges.forget_history();
        let (before, moment) = (ranges.clone(), ranges.moment());
        ranges.insert(20..30);
        ranges.remove(12..15);
        let (between, later) = (ranges.iter().collect::<Vec<_>>(), ranges.moment());
        ranges.remove(0..100);
        ranges.insert(50..51);
        ranges.go_back(later);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), between);
        ranges.go_back(moment);
        assert_eq!(ranges, before);
        assert_eq!((ranges.smallest(10), ranges.smallest(11)), (Some(10..20), None));
        assert_eq!((ranges.around(39), ranges.around(40)), (Some(30..40), None));
    }

    #[test]
    fn a_piece_is_searched_for_room_within_a_page() {
        let mut ranges = Ranges::default();
        ranges.insert(70..120);
        assert_eq!((ranges.fit_within(30, 1, 100), ranges.fit_within(31, 1, 100)), (Some(70), None));
        assert_eq!((ranges.fit_within(20, 16, 100), ranges.fit_within(21, 16, 100)), (Some(80), None));
        ranges.insert(300..390);
        assert_eq!(ranges.fit_within(31, 1, 100), Some(300));
        assert_eq!((ranges.overlap(&(100..310)), ranges.overlap(&(120..300))), (30, 0));
    }
}
