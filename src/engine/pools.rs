//! Free space, in pools by what it may be used for.

use std::ops::Range;

use super::ranges::Ranges;

/// What space is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Metadata,
    /// Elements of datasets, and global heaps, which libhdf5 counts among them.
    Raw,
}

/// Where space comes from and where it goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pool {
    Metadata,
    Raw,
    /// Whole pages, and what large blocks leave of their last page.
    Large,
}

/// How a file divides its free space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Division {
    /// Not at all.
    #[default]
    Undivided,
    /// By what it was used for, so that libhdf5 finds it again; either use may take from the other.
    ByUse,
    /// In pages of this size. Metadata and raw data never share a page, blocks that are smaller than a page lie within
    /// one, and all others begin one.
    Pages(u64),
}

/// Free space. No byte is in two pools.
#[derive(Clone, Debug, Default)]
pub(super) struct Pools {
    division: Division,
    metadata: Ranges,
    raw: Ranges,
    large: Ranges,
}

impl From<Use> for Pool {
    fn from(purpose: Use) -> Self {
        match purpose {
            Use::Metadata => Pool::Metadata,
            Use::Raw => Pool::Raw,
        }
    }
}

impl Pools {
    pub(super) fn new(division: Division) -> Self {
        Pools { division, ..Pools::default() }
    }

    /// The bytes of a page, in a file that is divided into them.
    pub(super) fn page(&self) -> Option<u64> {
        match self.division {
            Division::Pages(page) => Some(page),
            Division::Undivided | Division::ByUse => None,
        }
    }

    pub(super) fn of(&self, pool: Pool) -> &Ranges {
        match pool {
            Pool::Metadata => &self.metadata,
            Pool::Raw => &self.raw,
            Pool::Large => &self.large,
        }
    }

    fn of_mut(&mut self, pool: Pool) -> &mut Ranges {
        match pool {
            Pool::Metadata => &mut self.metadata,
            Pool::Raw => &mut self.raw,
            Pool::Large => &mut self.large,
        }
    }

    pub(super) fn all(&self) -> [&Ranges; 3] {
        [&self.metadata, &self.raw, &self.large]
    }

    /// Takes away whatever is free of a range.
    pub(super) fn remove(&mut self, range: &Range<u64>) {
        [&mut self.metadata, &mut self.raw, &mut self.large]
            .into_iter()
            .for_each(|ranges| ranges.remove(range.clone()));
    }

    /// Takes `size` bytes at a multiple of `align` for a use, if there are so many.
    pub(super) fn take(&mut self, size: u64, align: u64, purpose: Use) -> Option<u64> {
        let pool = Pool::from(purpose);
        let start = match self.division {
            Division::Undivided => self.metadata.fit(size, align),
            Division::ByUse => {
                let other = if pool == Pool::Raw { Pool::Metadata } else { Pool::Raw };
                self.of(pool).fit(size, align).or_else(|| self.of(other).fit(size, align))
            }
            Division::Pages(page) if size < page => {
                let start = self.of(pool).fit_within(size, align, page);
                start.or_else(|| self.break_page(page, pool))
            }
            Division::Pages(page) => self.large.fit(size, page),
        }?;
        self.remove(&(start..start + size));
        Some(start)
    }

    /// Turns a free page into space for small blocks.
    fn break_page(&mut self, page: u64, pool: Pool) -> Option<u64> {
        let start = self.large.fit(page, page)?;
        self.set(start..start + page, pool);
        Some(start)
    }

    /// Adds space that was in use. What makes a page whole can be used for anything from then on.
    pub(super) fn give(&mut self, range: Range<u64>, purpose: Use) {
        let pool = match self.division {
            Division::Undivided => Pool::Metadata,
            Division::ByUse | Division::Pages(_) => Pool::from(purpose),
        };
        self.set(range.clone(), pool);
        let Division::Pages(page) = self.division else { return };
        let first = range.start - range.start % page;
        let whole = first..range.end.checked_next_multiple_of(page).unwrap_or(u64::MAX);
        // Only the outermost two can be free in part.
        let from =
            if self.is_free(first..first.saturating_add(page)) { first } else { first.saturating_add(page) };
        let last = whole.end.saturating_sub(page);
        let to = if self.is_free(last..whole.end) { whole.end } else { last };
        if from < to {
            self.set(from..to, Pool::Large);
        }
    }

    /// Puts space into a pool, whichever it was in.
    pub(super) fn set(&mut self, range: Range<u64>, pool: Pool) {
        self.remove(&range);
        self.of_mut(pool).insert(range);
    }

    fn is_free(&self, range: Range<u64>) -> bool {
        let free = self.all().iter().map(|ranges| ranges.overlap(&range)).sum::<u64>();
        free == range.end - range.start
    }
}

/// Where the last of these ranges that reach up to `end` without a gap begins.
pub(super) fn begin_of_tail<'a>(end: u64, ranges: impl IntoIterator<Item = &'a Ranges> + Clone) -> u64 {
    let mut start = end;
    while let Some(before) = ranges.clone().into_iter().find_map(|ranges| ranges.ending_at(start)) {
        start = before;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: Division = Division::Pages(100);

    fn pieces(pools: &Pools, pool: Pool) -> Vec<(u64, u64)> {
        pools.of(pool).iter().map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn a_use_takes_its_own_space_first_and_then_that_of_the_other() {
        let mut pools = Pools::new(Division::ByUse);
        pools.give(0..10, Use::Metadata);
        pools.give(10..30, Use::Raw);
        assert_eq!((pieces(&pools, Pool::Metadata).len(), pieces(&pools, Pool::Raw).len()), (1, 1));
        assert_eq!(pools.take(5, 1, Use::Raw), Some(10));
        assert_eq!(pools.take(5, 1, Use::Metadata), Some(0));
        assert_eq!(pools.take(6, 1, Use::Metadata), Some(15));
        assert_eq!(pools.take(6, 8, Use::Raw), Some(24));
        assert_eq!(pools.take(6, 1, Use::Raw), None);
    }

    #[test]
    fn small_blocks_lie_within_a_page_of_their_own_use_and_large_ones_begin_one() {
        let mut pools = Pools::new(PAGES);
        pools.give(170..230, Use::Raw);
        assert_eq!(pools.take(40, 1, Use::Raw), None, "it would cross a page");
        assert_eq!(pools.take(25, 1, Use::Metadata), None, "it would share one");
        assert_eq!(pools.take(25, 1, Use::Raw), Some(170));
        assert_eq!(pools.take(25, 8, Use::Raw), Some(200));
        pools.give(350..600, Use::Metadata);
        assert_eq!(pieces(&pools, Pool::Large), [(400, 600)]);
        assert_eq!(pools.take(110, 1, Use::Raw), Some(400));
        assert_eq!(pools.take(60, 1, Use::Raw), None, "what a large block leaves is for nobody");
        assert_eq!(pools.take(50, 1, Use::Metadata), Some(350));
    }

    #[test]
    fn a_page_that_is_free_serves_any_use() {
        let mut pools = Pools::new(PAGES);
        pools.give(100..150, Use::Raw);
        pools.give(180..200, Use::Raw);
        pools.give(150..180, Use::Raw);
        assert_eq!(pieces(&pools, Pool::Large), [(100, 200)]);
        assert_eq!(pools.take(30, 1, Use::Metadata), Some(100));
        assert_eq!(pieces(&pools, Pool::Metadata), [(130, 200)]);
        pools.set(200..250, Pool::Large);
        pools.give(250..300, Use::Metadata);
        assert_eq!(pieces(&pools, Pool::Large), [(200, 300)]);
    }

    #[test]
    fn no_byte_is_free_for_two() {
        let mut pools = Pools::new(Division::ByUse);
        pools.give(0..10, Use::Metadata);
        pools.give(5..20, Use::Raw);
        assert_eq!(
            (pieces(&pools, Pool::Metadata), pieces(&pools, Pool::Raw)),
            (vec![(0, 5)], vec![(5, 20)])
        );
    }

    #[test]
    fn the_tail_is_what_reaches_up_to_the_end() {
        let mut pools = Pools::new(Division::ByUse);
        pools.give(0..10, Use::Metadata);
        pools.give(15..20, Use::Metadata);
        pools.give(20..30, Use::Raw);
        assert_eq!(begin_of_tail(30, pools.all()), 15);
        assert_eq!(begin_of_tail(31, pools.all()), 31);
    }
}
