//! Files that each hold a part of the address space: the arithmetic of libhdf5's multi and split drivers.

use std::io;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Storage, no_such_part, past_the_end};

/// Reads and writes files each of which holds the addresses from its own first one on, up to the next file's.
///
/// Between the end of a file and the beginning of the next one lie zeros that nothing refers to.
#[derive(Debug)]
pub struct MultiStorage {
    /// By first address.
    members: Vec<Member>,
    /// The bytes of each member that count: up to the next member at most.
    lens: RwLock<Vec<u64>>,
}

#[derive(Debug)]
struct Member {
    start: u64,
    /// Where the next one begins.
    limit: u64,
    storage: Arc<dyn Storage>,
}

impl MultiStorage {
    /// Puts the members together, each with the first address that it holds. The file can be written to if all of them
    /// can.
    pub fn new(members: Vec<(u64, Arc<dyn Storage>)>) -> io::Result<Self> {
        let mut sorted = members;
        sorted.sort_by_key(|&(start, _)| start);
        let mut limit = u64::MAX;
        let mut members = Vec::with_capacity(sorted.len());
        for (start, storage) in sorted.into_iter().rev() {
            members.push(Member { start, limit, storage });
            limit = start;
        }
        members.reverse();
        let len = |member: &Member| Ok(member.storage.len()?.min(member.limit - member.start));
        let lens = members.iter().map(len).collect::<io::Result<_>>()?;
        Ok(MultiStorage { members, lens: RwLock::new(lens) })
    }

    fn lens(&self) -> RwLockReadGuard<'_, Vec<u64>> {
        self.lens.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lens_mut(&self) -> RwLockWriteGuard<'_, Vec<u64>> {
        self.lens.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes that a member has of a range: its number, where in it they begin, where in the range they lie.
    fn pieces(&self, offset: u64, len: usize) -> io::Result<Vec<(usize, u64, Range<usize>)>> {
        let end = offset.checked_add(len as u64).ok_or_else(past_the_end)?;
        let place = |at: u64| usize::try_from(at - offset).map_err(|_| past_the_end());
        let mut pieces = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            let (from, to) = (member.start.max(offset), member.limit.min(end));
            if from < to {
                pieces.push((index, from - member.start, place(from)?..place(to)?));
            }
        }
        Ok(pieces)
    }
}

impl Storage for MultiStorage {
    fn len(&self) -> io::Result<u64> {
        let filled = self.parts()?.into_iter().filter(|part| !part.is_empty());
        Ok(filled.map(|part| part.end).max().unwrap_or(0))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let pieces = self.pieces(offset, buffer.len())?;
        if offset + buffer.len() as u64 > self.len()? {
            return Err(past_the_end());
        }
        buffer.fill(0);
        for (index, at, place) in pieces {
            let there = self.lens().get(index).copied().unwrap_or(0).saturating_sub(at);
            let piece = &mut buffer[place];
            let there = usize::try_from(there).unwrap_or(usize::MAX).min(piece.len());
            if there > 0 {
                self.members[index].storage.read_at(at, &mut piece[..there])?;
            }
        }
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let pieces = self.pieces(offset, data.len())?;
        if pieces.iter().map(|(_, _, place)| place.len()).sum::<usize>() < data.len() {
            return Err(no_such_part());
        }
        for (index, at, place) in pieces {
            let end = at + place.len() as u64;
            self.members[index].storage.write_at(at, &data[place])?;
            if let Some(len) = self.lens_mut().get_mut(index) {
                *len = end.max(*len);
            }
        }
        Ok(())
    }

    /// Ends the member that has the last one of so many bytes there, and cuts those behind it to nothing.
    fn set_len(&self, len: u64) -> io::Result<()> {
        let last = self.members.iter().rposition(|member| member.start < len);
        for (index, member) in self.members.iter().enumerate() {
            match last {
                Some(last) if index < last => {}
                Some(last) if index == last => self.set_end(member.start, len)?,
                _ => self.set_end(member.start, member.start)?,
            }
        }
        Ok(())
    }

    fn parts(&self) -> io::Result<Vec<Range<u64>>> {
        let part = |(member, len): (&Member, &u64)| member.start..member.start + len;
        Ok(self.members.iter().zip(self.lens().iter()).map(part).collect())
    }

    fn set_end(&self, start: u64, end: u64) -> io::Result<()> {
        let index = self.members.iter().position(|member| member.start == start && end <= member.limit);
        let (Some(index), Some(bytes)) = (index, end.checked_sub(start)) else { return Err(no_such_part()) };
        let mut lens = self.lens_mut();
        // A member can be longer than what of it counts.
        self.members[index].storage.set_len(bytes)?;
        lens[index] = bytes;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.members.iter().try_for_each(|member| member.storage.sync())
    }

    fn unlock(&self) -> io::Result<()> {
        self.members.iter().try_for_each(|member| member.storage.unlock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryStorage;

    fn storage(bytes: &[u8]) -> Arc<dyn Storage> {
        Arc::new(MemoryStorage::new(bytes.to_vec()))
    }

    #[test]
    fn each_member_has_its_addresses() {
        let far = u64::MAX / 2;
        let multi = MultiStorage::new(vec![(far, storage(b"raw")), (0, storage(b"meta")), (9, storage(b""))])
            .unwrap();
        assert_eq!(multi.len().unwrap(), far + 3);
        assert_eq!(multi.parts().unwrap(), [0..4, 9..9, far..far + 3]);
        let mut bytes = [9; 6];
        multi.read_at(1, &mut bytes).unwrap();
        assert_eq!(&bytes, b"eta\0\0\0");
        multi.read_at(far - 3, &mut bytes).unwrap();
        assert_eq!(&bytes, b"\0\0\0raw");
        assert!(multi.read_at(far, &mut bytes).is_err());
    }

    #[test]
    fn a_member_ends_where_the_next_begins() {
        let multi = MultiStorage::new(vec![(0, storage(b"abcdef")), (4, storage(b"XY"))]).unwrap();
        let mut bytes = [0; 6];
        multi.read_at(0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"abcdXY");
        let same = MultiStorage::new(vec![(u64::MAX, storage(b"a")), (u64::MAX, storage(b"b"))]).unwrap();
        assert_eq!(same.len().unwrap(), 0);
    }

    #[test]
    fn members_grow_and_are_cut_one_by_one() {
        let (first, second) = (Arc::new(MemoryStorage::default()), Arc::new(MemoryStorage::default()));
        let multi = MultiStorage::new(vec![(0, first.clone()), (100, second.clone())]).unwrap();
        multi.write_at(103, b"raw").unwrap();
        multi.write_at(2, b"meta").unwrap();
        assert_eq!(multi.parts().unwrap(), [0..6, 100..106]);
        assert_eq!((first.to_vec(), second.to_vec()), (b"\0\0meta".to_vec(), b"\0\0\0raw".to_vec()));
        multi.set_end(0, 3).unwrap();
        multi.set_end(100, 107).unwrap();
        assert_eq!((first.to_vec(), second.to_vec()), (b"\0\0m".to_vec(), b"\0\0\0raw\0".to_vec()));
        multi.write_at(99, b"ab").unwrap();
        assert_eq!((multi.parts().unwrap(), second.to_vec()[0]), (vec![0..100, 100..107], b'b'));
        for (start, end) in [(0, 101), (1, 2), (100, 99)] {
            assert!(multi.set_end(start, end).is_err());
        }
        let late = MultiStorage::new(vec![(8, storage(b""))]).unwrap();
        assert!(late.write_at(7, b"ab").is_err());
    }
}
