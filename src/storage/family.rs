//! A file cut into members of equal size: the arithmetic of libhdf5's family driver.

use std::io;
use std::sync::Arc;

use super::{Storage, past_the_end};

/// Reads files that are the pieces of one. All but the last have the same size.
#[derive(Debug)]
pub struct FamilyStorage {
    members: Vec<Arc<dyn Storage>>,
    member_size: u64,
    len: u64,
}

impl FamilyStorage {
    /// Puts the members together, in their order. Bytes of a member behind `member_size` do not count.
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
        Ok(FamilyStorage { members, member_size, len })
    }
}

impl Storage for FamilyStorage {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64).ok_or_else(past_the_end)?;
        if end > self.len {
            return Err(past_the_end());
        }
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let (index, skip) = (at / self.member_size, at % self.member_size);
            let member = usize::try_from(index).ok().and_then(|index| self.members.get(index));
            let here = (self.member_size - skip).min(rest.len() as u64);
            let (piece, later) = rest.split_at_mut(usize::try_from(here).map_err(|_| past_the_end())?);
            member.ok_or_else(past_the_end)?.read_at(skip, piece)?;
            (at, rest) = (at + here, later);
        }
        Ok(())
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(super::read_only())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(super::read_only())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
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
}
