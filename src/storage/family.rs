//! A file cut into members of equal size: the arithmetic of libhdf5's family driver.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::{fmt, io};

use super::{Storage, past_the_end, read_only};

/// Reads and writes files that are the pieces of one. All but the last have the same size.
pub struct FamilyStorage {
    state: RwLock<State>,
    member_size: u64,
    /// None: nothing is written.
    new_member: Option<Box<NewMember>>,
}

#[derive(Debug)]
struct State {
    members: Vec<Arc<dyn Storage>>,
    len: u64,
}

/// Makes the member of a number, which is not there yet.
type NewMember = dyn Fn(u64) -> io::Result<Arc<dyn Storage>> + Send + Sync;

impl FamilyStorage {
    /// Puts the members together for reading, in their order. Bytes of a member behind `member_size` do not count.
    pub fn new(members: Vec<Arc<dyn Storage>>, member_size: u64) -> io::Result<Self> {
        if member_size == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "members of a family have no bytes"));
        }
        let mut len = 0;
        for (index, member) in members.iter().enumerate() {
            let bytes = member.len()?.min(member_size);
            if bytes > 0 {
                let start = member_size.checked_mul(index as u64).ok_or_else(past_the_end)?;
                len = start.checked_add(bytes).ok_or_else(past_the_end)?;
            }
        }
        let state = RwLock::new(State { members, len });
        Ok(FamilyStorage { state, member_size, new_member: None })
    }

    /// The same for reading and writing: `new_member` makes the members by which the file grows, each by its number.
    pub fn growing(
        members: Vec<Arc<dyn Storage>>,
        member_size: u64,
        new_member: impl Fn(u64) -> io::Result<Arc<dyn Storage>> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Ok(FamilyStorage {
            new_member: Some(Box::new(new_member)),
            ..FamilyStorage::new(members, member_size)?
        })
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn members(&self) -> Vec<Arc<dyn Storage>> {
        self.state().members.clone()
    }

    /// Calls `f` for each member that has some of the bytes from `offset` to `end`, with where in it these begin, and
    /// how many they are.
    fn each_piece(
        &self,
        offset: u64,
        end: u64,
        mut f: impl FnMut(&dyn Storage, u64, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        let state = self.state();
        let mut at = offset;
        while at < end {
            let (index, skip) = (at / self.member_size, at % self.member_size);
            let member = usize::try_from(index).ok().and_then(|index| state.members.get(index));
            let here = (self.member_size - skip).min(end - at);
            f(&**member.ok_or_else(past_the_end)?, skip, usize::try_from(here).map_err(|_| past_the_end())?)?;
            at += here;
        }
        Ok(())
    }

    /// Gives each member the size that it has in a file of `len` bytes. Members that are left without any stay.
    fn resize(&self, len: u64) -> io::Result<()> {
        let new_member = self.new_member.as_ref().ok_or_else(read_only)?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let needed = len.div_ceil(self.member_size);
        while (state.members.len() as u64) < needed {
            let member = new_member(state.members.len() as u64)?;
            state.members.push(member);
        }
        for (index, member) in state.members.iter().enumerate() {
            let start = self.member_size.saturating_mul(index as u64);
            let bytes = len.saturating_sub(start).min(self.member_size);
            if member.len()? != bytes {
                member.set_len(bytes)?;
            }
        }
        state.len = len;
        Ok(())
    }
}

impl fmt::Debug for FamilyStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FamilyStorage { state, member_size, .. } = self;
        f.debug_struct("FamilyStorage").field("state", state).field("member_size", member_size).finish()
    }
}

impl Storage for FamilyStorage {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().len)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64).ok_or_else(past_the_end)?;
        if end > self.state().len {
            return Err(past_the_end());
        }
        let mut rest = buffer;
        self.each_piece(offset, end, |member, skip, len| {
            let (piece, later) = std::mem::take(&mut rest).split_at_mut(len);
            rest = later;
            member.read_at(skip, piece)
        })
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.new_member.is_none() {
            return Err(read_only());
        }
        let end = offset.checked_add(data.len() as u64).ok_or_else(past_the_end)?;
        if end > self.state().len {
            self.resize(end)?;
        }
        let mut rest = data;
        self.each_piece(offset, end, |member, skip, len| {
            let (piece, later) = rest.split_at(len);
            rest = later;
            member.write_at(skip, piece)
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.resize(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.members().iter().try_for_each(|member| member.sync())
    }

    fn unlock(&self) -> io::Result<()> {
        self.members().iter().try_for_each(|member| member.unlock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryStorage;

    fn family(sizes: &[usize], member_size: u64) -> FamilyStorage {
        let mut next = 0u8;
        let mut member = |size: &usize| {
            let bytes = (0..*size).map(|_| {
                next += 1;
                next
            });
            Arc::new(MemoryStorage::new(bytes.collect())) as Arc<dyn Storage>
        };
        FamilyStorage::new(sizes.iter().map(&mut member).collect(), member_size).unwrap()
    }

    #[test]
    fn reads_go_over_the_edges_of_members() {
        let family = family(&[4, 4, 3, 0], 4);
        assert_eq!(family.len().unwrap(), 11);
        for from in 0..11 {
            for len in 0..=11 - from {
                let mut bytes = vec![0; len];
                family.read_at(from as u64, &mut bytes).unwrap();
                let expected: Vec<u8> = (from..from + len).map(|n| u8::try_from(n + 1).unwrap()).collect();
                assert_eq!(bytes, expected);
            }
        }
        assert!(family.read_at(8, &mut [0; 4]).is_err());
        assert!(family.read_at(u64::MAX, &mut [0; 4]).is_err());
        assert!(family.write_at(0, &[1]).is_err());
    }

    #[test]
    fn a_member_that_was_cut_off_is_an_error_and_not_zeros() {
        let family = family(&[4, 2, 4], 4);
        assert_eq!(family.len().unwrap(), 12);
        assert!(family.read_at(4, &mut [0; 2]).is_ok());
        assert!(family.read_at(4, &mut [0; 3]).is_err());
        assert!(FamilyStorage::new(Vec::new(), 0).is_err());
    }
    fn growing(members: Vec<Arc<dyn Storage>>) -> FamilyStorage {
        let new = |_| Ok(Arc::new(MemoryStorage::default()) as Arc<dyn Storage>);
        FamilyStorage::growing(members, 4, new).unwrap()
    }

    fn lens(family: &FamilyStorage) -> Vec<u64> {
        family.members().iter().map(|member| member.len().unwrap()).collect()
    }

    #[test]
    fn writes_go_over_the_edges_of_members_and_make_new_ones() {
        let family = growing(Vec::new());
        family.write_at(9, &[1, 2, 3, 4]).unwrap();
        assert_eq!((family.len().unwrap(), lens(&family)), (13, vec![4, 4, 4, 1]));
        family.write_at(2, &[5, 6, 7]).unwrap();
        let mut bytes = [9; 13];
        family.read_at(0, &mut bytes).unwrap();
        assert_eq!(bytes, [0, 0, 5, 6, 7, 0, 0, 0, 0, 1, 2, 3, 4]);
        family.set_len(6).unwrap();
        assert_eq!((family.len().unwrap(), lens(&family)), (6, vec![4, 2, 0, 0]));
        family.set_len(8).unwrap();
        family.read_at(0, &mut bytes[..8]).unwrap();
        assert_eq!(bytes[..8], [0, 0, 5, 6, 7, 0, 0, 0]);
        family.sync().unwrap();
        family.unlock().unwrap();
        assert!(family.write_at(u64::MAX, &[1]).is_err());
    }

    #[test]
    fn the_last_member_is_filled_up_before_the_next_begins() {
        let first = MemoryStorage::new(vec![1, 2]);
        let family = growing(vec![Arc::new(first)]);
        family.write_at(6, &[3]).unwrap();
        let mut bytes = [9; 7];
        family.read_at(0, &mut bytes).unwrap();
        assert_eq!((bytes, lens(&family)), ([1, 2, 0, 0, 0, 0, 3], vec![4, 3]));
    }
}
