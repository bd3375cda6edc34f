//! Files that each hold a part of the address space: the arithmetic of libhdf5's multi and split drivers.

use std::io;
use std::sync::Arc;

use super::{Storage, past_the_end};

/// Reads files each of which holds the addresses from its own first one on, up to the next file's.
///
/// Between the end of a file and the beginning of the next one lie zeros that nothing refers to.
#[derive(Debug)]
pub struct MultiStorage {
    /// By first address.
    members: Vec<Member>,
    len: u64,
}

#[derive(Debug)]
struct Member {
    start: u64,
    /// The bytes that count: up to the next member at most.
    len: u64,
    storage: Arc<dyn Storage>,
}

impl MultiStorage {
    /// Puts the members together, each with the first address that it holds.
    pub fn new(members: Vec<(u64, Arc<dyn Storage>)>) -> io::Result<Self> {
        let mut sorted = Vec::with_capacity(members.len());
        for (start, storage) in members {
            let len = storage.len()?;
            sorted.push(Member { start, len, storage });
        }
        sorted.sort_by_key(|member| member.start);
        let mut next = None;
        for member in sorted.iter_mut().rev() {
            let room = next.unwrap_or(u64::MAX) - member.start;
            member.len = member.len.min(room);
            next = Some(member.start);
        }
        let len = sorted.iter().filter(|member| member.len > 0).map(|member| member.start + member.len).max();
        Ok(MultiStorage { members: sorted, len: len.unwrap_or(0) })
    }
}

impl Storage for MultiStorage {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64).ok_or_else(past_the_end)?;
        if end > self.len {
            return Err(past_the_end());
        }
        buffer.fill(0);
        for member in &self.members {
            let (from, to) = (member.start.max(offset), (member.start + member.len).min(end));
            if from < to {
                let place = |at: u64| usize::try_from(at - offset).map_err(|_| past_the_end());
                let piece = &mut buffer[place(from)?..place(to)?];
                member.storage.read_at(from - member.start, piece)?;
            }
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

    fn storage(bytes: &[u8]) -> Arc<dyn Storage> {
        Arc::new(MemoryStorage::new(bytes.to_vec()))
    }

    #[test]
    fn each_member_has_its_addresses() {
        let far = u64::MAX / 2;
        let multi = MultiStorage::new(vec![(far, storage(b"raw")), (0, storage(b"meta")), (9, storage(b""))])
            .unwrap();
        assert_eq!(multi.len().unwrap(), far + 3);
        let mut bytes = [9; 6];
        multi.read_at(1, &mut bytes).unwrap();
        assert_eq!(&bytes, b"eta\0\0\0");
        multi.read_at(far - 3, &mut bytes).unwrap();
        assert_eq!(&bytes, b"\0\0\0raw");
        assert!(multi.read_at(far, &mut bytes).is_err());
        assert!(multi.write_at(0, b"x").is_err());
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
}
