//! The space of a file whose addresses are divided among members: each kind of block has a region that grows by itself.

use std::ops::Range;

use super::pools::{Division, Use};
use super::ranges::Ranges;
use super::space::{Space, last_address};
use crate::base::{Address, Error, Result};

/// What libhdf5 tells apart where a driver gives members to kinds of data. It finds no block in the member of another
/// kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    /// The superblock, the driver information block, and what belongs to a commit.
    Superblock,
    /// Nodes of B-trees of both versions and headers of new ones, symbol table nodes, indexes of shared messages, super
    /// blocks of extensible arrays.
    BTree,
    /// Elements of datasets, huge objects of fractal heaps, and global heaps: libhdf5 looks for those where raw data is,
    /// even if they have a member of their own.
    Raw,
    /// Local heaps, direct blocks of fractal heaps, lists of free space, data blocks of arrays.
    LocalHeap,
    /// Object headers, headers of all else, indirect blocks of fractal heaps, index blocks.
    ObjectHeader,
}

/// How many kinds there are.
const KINDS: usize = 5;

/// A region of the address space, when a file is opened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// Its first address, and where what is in use of it ends.
    pub(super) used: Range<u64>,
    /// What new blocks go to it.
    pub(super) kinds: Vec<BlockKind>,
}

/// Hands out space of the region that a kind of data has, and takes it back.
#[derive(Clone, Debug)]
pub(super) struct Regions {
    /// By first address; the first one begins at 0.
    regions: Vec<Region>,
    /// The region of each kind.
    of_kind: [usize; KINDS],
}

#[derive(Clone, Debug)]
struct Region {
    start: u64,
    /// Counted from `start` on.
    space: Space,
    /// The end that the published state has.
    published: u64,
}

impl BlockKind {
    fn index(self) -> usize {
        match self {
            BlockKind::Superblock => 0,
            BlockKind::BTree => 1,
            BlockKind::Raw => 2,
            BlockKind::LocalHeap => 3,
            BlockKind::ObjectHeader => 4,
        }
    }

    fn purpose(self) -> Use {
        if self == BlockKind::Raw { Use::Raw } else { Use::Metadata }
    }
}

impl Regions {
    /// All addresses are one region.
    pub(super) fn single(end: u64, address_width: u8, division: Division) -> Self {
        let space = Space::new(end, address_width, division);
        Regions { regions: vec![Region { start: 0, space, published: end }], of_kind: [0; KINDS] }
    }

    /// A region for each member; in which order they come does not matter.
    ///
    /// None reaches up to the next one: nothing of two regions touches, and libhdf5 wants it so.
    pub(super) fn of_members(mut members: Vec<Member>, address_width: u8) -> Result<Self> {
        members.sort_by_key(|member| member.used.start);
        let starts: Vec<u64> = members.iter().map(|member| member.used.start).collect();
        let mut regions = Vec::with_capacity(members.len());
        let mut of_kind = [None; KINDS];
        for (index, Member { used, kinds }) in members.into_iter().enumerate() {
            let Range { start, end } = used;
            if start > last_address(address_width) {
                return Err(bad_member(start, "lies behind all addresses of the file"));
            }
            let limit = starts.get(index + 1).map_or(u64::MAX, |next| next.saturating_sub(1));
            let size = end.checked_sub(start).filter(|_| end <= limit);
            let size = size.ok_or_else(|| bad_member(start, "is longer than its range of addresses"))?;
            let space = Space::new(size, address_width, Division::Undivided).within(start, limit);
            regions.push(Region { start, space, published: size });
            kinds.iter().for_each(|kind| of_kind[kind.index()] = Some(index));
        }
        let of_kind = of_kind.map(|region| region.ok_or_else(|| bad_member(0, "has no room for some kind")));
        let [superblock, btree, raw, local_heap, header] = of_kind;
        let of_kind = [superblock?, btree?, raw?, local_heap?, header?];
        match regions.first() {
            Some(Region { start: 0, .. }) if of_kind[BlockKind::Superblock.index()] == 0 => {
                Ok(Regions { regions, of_kind })
            }
            _ => Err(bad_member(0, "does not have the superblock")),
        }
    }

    /// Whether members have addresses of their own.
    pub(super) fn are_several(&self) -> bool {
        self.regions.len() > 1
    }

    /// The region of the superblock; in most files there is no other.
    pub(super) fn first(&self) -> &Space {
        &self.regions[0].space
    }

    pub(super) fn first_mut(&mut self) -> &mut Space {
        &mut self.regions[0].space
    }

    /// Where the region of an address begins, and its first address behind everything.
    pub(super) fn around(&self, address: u64) -> Range<u64> {
        let region = &self.regions[self.region_of(address)];
        region.start..region.start + region.space.end()
    }

    fn region_of(&self, address: u64) -> usize {
        self.regions.iter().rposition(|region| region.start <= address).unwrap_or(0)
    }

    /// The regions, each up to the first address behind everything in it.
    pub(super) fn used(&self) -> Vec<Range<u64>> {
        self.with_ends(|region| region.space.end())
    }

    /// The regions as the published state has them.
    pub(super) fn published(&self) -> Vec<Range<u64>> {
        self.with_ends(|region| region.published)
    }

    /// The regions as they will be once the new state is published and `unneeded` is given back.
    pub(super) fn settled(&self, unneeded: &Ranges) -> Vec<Range<u64>> {
        let starts = self.regions.iter().map(|region| region.start);
        starts.map(|start| start..self.settled_end(start, unneeded)).collect()
    }

    /// Where the region of an address will end then.
    pub(super) fn settled_end(&self, address: u64, unneeded: &Ranges) -> u64 {
        let index = self.region_of(address);
        let Region { start, space, .. } = &self.regions[index];
        start + space.settled_end(&self.within(index, unneeded))
    }

    /// As many bytes at the end of each region as are free in it.
    pub(super) fn tails(&self) -> Vec<Range<u64>> {
        let tail = |Region { start, space, .. }: &Region| {
            let end = start + space.end();
            end.saturating_sub(space.free_bytes()).max(*start)..end
        };
        self.regions.iter().map(tail).collect()
    }

    fn with_ends(&self, end: impl Fn(&Region) -> u64) -> Vec<Range<u64>> {
        self.regions.iter().map(|region| region.start..region.start + end(region)).collect()
    }

    /// What of some ranges lies in a region, counted as that does.
    fn within(&self, index: usize, ranges: &Ranges) -> Ranges {
        let mut own = Ranges::default();
        for range in ranges.iter() {
            self.pieces(range)
                .filter(|(region, _)| *region == index)
                .for_each(|(_, piece)| own.insert(piece));
        }
        own
    }

    /// What each region has of a range, counted as that region does.
    fn pieces(&self, range: Range<u64>) -> impl Iterator<Item = (usize, Range<u64>)> {
        let limits = self.regions.iter().skip(1).map(|region| region.start).chain([u64::MAX]);
        let regions = self.regions.iter().zip(limits).enumerate();
        let pieces = regions.map(move |(index, (region, limit))| {
            let from = range.start.clamp(region.start, limit);
            let to = range.end.clamp(region.start, limit);
            (index, from - region.start..to - region.start)
        });
        pieces.filter(|(_, piece)| !piece.is_empty())
    }

    /// Whether the published state knows nothing of these bytes.
    pub(super) fn is_fresh(&self, address: u64, len: u64) -> bool {
        let Region { start, space, .. } = &self.regions[self.region_of(address)];
        // Nothing fresh reaches over the end of a region.
        space.is_fresh(address - start, len)
    }

    /// Finds `size` bytes at a multiple of `align`, counted from the beginning of the member.
    pub(super) fn allocate(&mut self, size: u64, align: u64, kind: BlockKind) -> Result<Address> {
        let Region { start, space, .. } = &mut self.regions[self.of_kind[kind.index()]];
        space.allocate(size, align, kind.purpose())?.plus(*start)
    }

    /// Finds room in free space that ends before an address and in the same region, if there is any.
    pub(super) fn allocate_before(
        &mut self,
        end: u64,
        size: u64,
        align: u64,
        kind: BlockKind,
    ) -> Option<Address> {
        let index = self.of_kind[kind.index()];
        if self.region_of(end) != index {
            return None;
        }
        let Region { start, space, .. } = &mut self.regions[index];
        let place = space.allocate_before(end - *start, size, align, kind.purpose())?;
        place.plus(*start).ok()
    }

    /// Takes space back, wherever it lies. What a damaged file has behind the end of a region is none.
    pub(super) fn release(&mut self, address: Address, size: u64, purpose: Use) {
        let pieces: Vec<_> = self.pieces(address.0..address.0.saturating_add(size)).collect();
        for (index, piece) in pieces {
            let space = &mut self.regions[index].space;
            let size = piece.end.min(space.end()).saturating_sub(piece.start);
            if size > 0 {
                space.release(Address(piece.start), size, purpose);
            }
        }
    }

    /// From here on, what happens can be taken back.
    pub(super) fn begin(&mut self) {
        self.each(Space::begin);
    }

    /// What happened since [`Regions::begin`] stays.
    pub(super) fn keep(&mut self) {
        self.each(Space::keep);
    }

    /// What happened since [`Regions::begin`] did not happen.
    pub(super) fn undo(&mut self) {
        self.each(Space::undo);
    }

    /// The state of the file is published: all of it is needed from now on, and nothing of the one before.
    pub(super) fn publish(&mut self) {
        self.each(Space::publish);
        self.regions.iter_mut().for_each(|region| region.published = region.space.end());
    }

    fn each(&mut self, f: impl Fn(&mut Space)) {
        self.regions.iter_mut().for_each(|region| f(&mut region.space));
    }
}

fn bad_member(start: u64, what: &str) -> Error {
    Error::malformed(format!("the member of a file that begins at {start:#x} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: u64 = 1000;

    fn split(metadata: u64, raw: u64) -> Regions {
        let kinds =
            vec![BlockKind::Superblock, BlockKind::BTree, BlockKind::LocalHeap, BlockKind::ObjectHeader];
        let members = vec![
            Member { used: RAW..RAW + raw, kinds: vec![BlockKind::Raw] },
            Member { used: 0..metadata, kinds },
        ];
        Regions::of_members(members, 8).unwrap()
    }

    fn ranges(range: Range<u64>) -> Ranges {
        let mut ranges = Ranges::default();
        ranges.insert(range);
        ranges
    }

    #[test]
    fn each_kind_grows_in_its_own_region() {
        let mut regions = split(100, 3);
        let of = |regions: &mut Regions, kind| regions.allocate(8, 1, kind).unwrap().0;
        assert_eq!(
            (of(&mut regions, BlockKind::BTree), of(&mut regions, BlockKind::ObjectHeader)),
            (100, 108)
        );
        assert_eq!(
            regions.allocate(8, 8, BlockKind::Raw).unwrap().0,
            RAW + 8,
            "counted from the member's beginning"
        );
        assert_eq!(
            (regions.used(), regions.published()),
            (vec![0..116, RAW..RAW + 16], vec![0..100, RAW..RAW + 3])
        );
        assert!(regions.is_fresh(RAW + 8, 8) && !regions.is_fresh(RAW, 8) && regions.is_fresh(100, 16));
        regions.publish();
        assert_eq!(regions.published(), regions.used());
    }

    #[test]
    fn a_region_does_not_reach_up_to_the_next() {
        let mut regions = split(100, 0);
        assert!(regions.allocate(900, 1, BlockKind::ObjectHeader).is_err());
        assert_eq!(regions.allocate(899, 1, BlockKind::ObjectHeader).unwrap().0, 100);
        assert!(regions.allocate(1, 1, BlockKind::BTree).is_err());
        assert_eq!(regions.allocate(1, 1, BlockKind::Raw).unwrap().0, RAW);
    }

    #[test]
    fn nothing_that_is_given_back_goes_over_a_border() {
        let mut regions = split(999, 50);
        regions.release(Address(900), 150, Use::Metadata);
        assert_eq!(regions.settled(&ranges(800..900)), [0..800, RAW..RAW]);
        regions.publish();
        assert_eq!(regions.used(), [0..900, RAW..RAW]);
        let mut regions = split(999, 50);
        regions.release(Address(RAW + 10), 20, Use::Raw);
        regions.publish();
        assert!(regions.allocate(20, 1, BlockKind::BTree).unwrap_err().to_string().contains("limit"));
        assert_eq!(regions.allocate(20, 1, BlockKind::Raw).unwrap().0, RAW + 10);
    }

    #[test]
    fn edits_are_taken_back_in_all_regions() {
        let mut regions = split(100, 50);
        regions.begin();
        regions.allocate(10, 1, BlockKind::BTree).unwrap();
        regions.allocate(10, 1, BlockKind::Raw).unwrap();
        regions.release(Address(RAW), 50, Use::Raw);
        regions.undo();
        assert_eq!(
            (regions.used(), regions.settled(&Ranges::default())),
            (regions.published(), regions.published())
        );
    }

    #[test]
    fn data_moves_down_within_its_region() {
        let mut regions = split(100, 60);
        regions.release(Address(RAW + 10), 20, Use::Raw);
        regions.release(Address(10), 20, Use::Metadata);
        regions.publish();
        assert_eq!(regions.allocate_before(90, 10, 1, BlockKind::Raw), None, "another region");
        assert_eq!(regions.allocate_before(RAW + 50, 30, 1, BlockKind::Raw), None, "too large");
        assert_eq!(regions.allocate_before(RAW + 50, 10, 1, BlockKind::Raw), Some(Address(RAW + 10)));
        assert_eq!(regions.around(RAW + 5), RAW..RAW + 60);
    }

    #[test]
    fn members_that_cannot_be_are_refused() {
        let all = || {
            vec![
                BlockKind::Superblock,
                BlockKind::BTree,
                BlockKind::LocalHeap,
                BlockKind::ObjectHeader,
                BlockKind::Raw,
            ]
        };
        let refused = |members: Vec<Member>| Regions::of_members(members, 8).unwrap_err().to_string();
        let member = |used: Range<u64>, kinds| Member { used, kinds };
        assert!(refused(vec![member(5..9, all())]).contains("does not have the superblock"));
        assert!(refused(vec![member(0..9, vec![BlockKind::Raw])]).contains("no room"));
        assert!(refused(vec![member(0..9, all()), member(9..12, vec![])]).contains("longer"));
        assert!(refused(vec![member(0..9, all()), member(0..0, vec![])]).contains("longer"));
        let far = vec![member(0..9, all()), member(0x10000..0x10000, vec![])];
        assert!(
            Regions::of_members(far.clone(), 2).unwrap_err().to_string().contains("behind all addresses")
        );
        assert!(Regions::of_members(far, 4).is_ok());
        assert!(Regions::of_members(vec![member(0..9, all()), member(10..12, vec![])], 8).is_ok());
    }
}
