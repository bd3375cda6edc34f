//! How a new state of the file comes to count: by a flush, which hands it to the operating system, or by a commit, which
//! is all or nothing whatever happens. "Commits" in `docs/design.md` has the analysis of the cases.

use std::ops::Range;

use super::overlay::Piece;
use super::ranges::Ranges;
use super::txn::{Guard, SPILL};
use super::{BlockKind, Core, pending};
use crate::base::{Address, Error, Result};
use crate::format::pending_commit::{CommitMarker, CommitTable, Copy};
use crate::format::superblock::{OPEN_FOR_WRITING, Superblock};
use crate::format::{self, Wire};

/// Versions of the superblock from this one on have flags that libhdf5 looks at.
const FIRST_WITH_FLAGS: u8 = 3;

impl Core {
    /// Hands everything to the operating system. Once somebody has committed, the new state counts at the next commit
    /// and not before.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.check_writable()?;
        self.seal()?;
        if self.txn_mut()?.guard == Guard::Bound { self.spill() } else { self.publish_in_place() }
    }

    /// Makes the new state durable: from here on the file has it, and whatever ends this call early leaves it with this
    /// state or with the one before.
    pub(crate) fn commit(&mut self) -> Result<()> {
        self.check_writable()?;
        self.seal()?;
        let is_marked = self.superblock.flags & OPEN_FOR_WRITING != 0;
        let txn = self.txn_mut()?;
        txn.guard = Guard::Bound;
        if !txn.changed && !is_marked {
            return self.barrier();
        }
        let shadows = self.shadows();
        self.store_driver_info(&shadows)?;
        self.spill()?;
        let copies = self.copies()?;
        if copies.is_empty() { self.publish_superblock() } else { self.publish_copies(copies) }
    }

    /// Leaves a complete file behind.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.check_writable()?;
        if self.txn_mut()?.guard == Guard::Bound {
            return self.commit();
        }
        self.flush()?;
        if self.superblock.flags & OPEN_FOR_WRITING != 0 {
            self.superblock.flags &= !OPEN_FOR_WRITING;
            self.write_superblock()?;
        }
        Ok(())
    }

    /// Leaves a complete file behind, which others may use from here on; what is left of this handle can only read.
    pub(crate) fn close(&mut self) -> Result<()> {
        if self.is_writable() {
            self.finish()?;
            self.txn = None;
        }
        Ok(self.storage.unlock()?)
    }

    fn publish_in_place(&mut self) -> Result<()> {
        if !self.txn_mut()?.changed {
            return Ok(());
        }
        self.mark_open()?;
        self.store_free_space(&Ranges::default())?;
        self.store_driver_info(&Ranges::default())?;
        self.grow_storage()?;
        self.write_pieces(|_, _| true)?;
        let flags = self.superblock.flags;
        self.superblock = Superblock { flags, ..self.settled_superblock(&Ranges::default())? };
        self.write_superblock()?;
        self.published()
    }

    /// Says in the file that it is being written to, before anything of it is overwritten.
    fn mark_open(&mut self) -> Result<()> {
        let flagged = self.superblock.flags & OPEN_FOR_WRITING != 0;
        if self.superblock.version < FIRST_WITH_FLAGS || flagged {
            return Ok(());
        }
        self.superblock.flags |= OPEN_FOR_WRITING;
        self.txn_mut()?.marked = true;
        // A file that is new has no superblock yet that could say it.
        let Some(mut published) = self.txn_mut()?.published.clone() else { return Ok(()) };
        published.flags |= OPEN_FOR_WRITING;
        self.write_through(published.base, &format::encode(&published, &())?)
    }

    /// Gives up the state that the file was opened with: from here on, bytes are overwritten in their places.
    pub(super) fn let_go(&mut self) -> Result<()> {
        self.mark_open()?;
        self.txn_mut()?.guard = Guard::LetGo;
        Ok(())
    }

    /// Writes what is in memory to the storage, as far as that harms nothing that is published.
    pub(super) fn spill(&mut self) -> Result<()> {
        match self.txn_mut()?.guard {
            Guard::Willing => {
                self.let_go()?;
                self.write_pieces(|_, _| true)
            }
            Guard::LetGo => self.write_pieces(|_, _| true),
            Guard::Bound => {
                self.write_fresh()?;
                self.shadow_pieces()
            }
        }
    }

    /// Writes what the published state knows nothing of.
    fn write_fresh(&mut self) -> Result<()> {
        self.write_pieces(|core, range| {
            let txn = core.txn.as_ref();
            txn.is_some_and(|txn| txn.space.is_fresh(range.start, range.end - range.start))
        })
    }

    /// Writes the pieces in memory that `which` picks to their places; those that lie side by side in one go.
    fn write_pieces(&mut self, which: impl Fn(&Core, Range<u64>) -> bool) -> Result<()> {
        let in_memory = |(address, piece): (u64, &Piece)| match piece {
            Piece::Memory(bytes) => Some(address..address + bytes.len() as u64),
            Piece::Shadow { .. } => None,
        };
        let pieces: Vec<_> = self.overlay.iter().filter_map(in_memory).collect();
        let mut run: (u64, Vec<u8>) = (0, Vec::new());
        for range in pieces.into_iter().filter(|range| which(self, range.clone())).collect::<Vec<_>>() {
            let adjacent = run.0 + run.1.len() as u64 == range.start && run.1.len() < SPILL;
            if !adjacent {
                self.write_run(&mut run)?;
                run.0 = range.start;
            }
            if let Some(Piece::Memory(bytes)) = self.overlay.at(range.start) {
                run.1.extend_from_slice(bytes);
            }
        }
        self.write_run(&mut run)
    }

    /// A piece that cannot be written stays where it is.
    fn write_run(&mut self, (address, bytes): &mut (u64, Vec<u8>)) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let offset = self.offset(Address(*address))?;
        self.write_through(offset, bytes)?;
        self.overlay.remove(*address..*address + bytes.len() as u64);
        bytes.clear();
        Ok(())
    }

    /// Writes all pieces in memory to new space, where they wait for the commit.
    fn shadow_pieces(&mut self) -> Result<()> {
        let in_memory = |(address, piece): (u64, &Piece)| match piece {
            Piece::Memory(bytes) => Some((address, bytes.clone())),
            Piece::Shadow { .. } => None,
        };
        let pieces: Vec<_> = self.overlay.iter().filter_map(in_memory).collect();
        let total = pieces.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        if total == 0 {
            return Ok(());
        }
        let first = self.allocate(total as u64, BlockKind::Superblock)?;
        let joined: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes).copied().collect();
        let offset = self.offset(first)?;
        self.write_through(offset, &joined)?;
        let mut at = first.0;
        for (address, bytes) in pieces {
            let len = bytes.len() as u64;
            self.overlay.replace(address, Piece::Shadow { at, len });
            at += len;
        }
        Ok(())
    }

    /// Where the bytes lie that wait for the commit.
    fn shadows(&self) -> Ranges {
        let mut shadows = Ranges::default();
        for (_, piece) in self.overlay.iter() {
            if let Piece::Shadow { at, len } = *piece {
                shadows.insert(at..at.saturating_add(len));
            }
        }
        shadows
    }

    /// What is to be copied to its place once the commit is decided.
    fn copies(&self) -> Result<Vec<Copy>> {
        let shadow = |(to, piece): (u64, &Piece)| match *piece {
            Piece::Shadow { at, len } => {
                let checksum = pending::checksum(&*self.storage, self.superblock.base, Address(at), len);
                Some(checksum.map(|checksum| Copy { from: Address(at), to: Address(to), len, checksum }))
            }
            Piece::Memory(_) => None,
        };
        self.overlay.iter().filter_map(shadow).collect()
    }

    /// Nothing of the published state is overwritten but the superblock, which lies within one sector.
    fn publish_superblock(&mut self) -> Result<()> {
        self.store_free_space(&Ranges::default())?;
        self.write_fresh()?;
        let superblock = self.settled_superblock(&Ranges::default())?;
        self.grow_storage()?;
        self.barrier()?;
        self.superblock = superblock;
        let written = self.write_superblock().and_then(|()| self.barrier());
        written.map_err(|e| self.fail(e))?;
        self.published()
    }

    fn publish_copies(&mut self, copies: Vec<Copy>) -> Result<()> {
        // How long the table is does not depend on what the superblock says.
        let mut table = CommitTable { superblock: format::encode(&self.superblock, &())?, copies };
        let len = table.encoded_len(&())? as u64;
        let table_len = u32::try_from(len)
            .map_err(|_| Error::limit("the table of a commit", len, u64::from(u32::MAX)))?;
        let at = self.allocate(len, BlockKind::Superblock)?;
        let mut used = Ranges::default();
        used.insert(at.0..at.0 + len);
        table.copies.iter().for_each(|copy| used.insert(copy.from.0..copy.from.0 + copy.len));
        let superblock = match self.prepare(at, &mut table, &used) {
            Ok(superblock) => superblock,
            Err(error) => {
                self.release(at, len)?;
                return Err(error);
            }
        };
        let marker = format::encode(&CommitMarker { table: at, table_len }, &())?;
        let base = self.superblock.base;
        // From the marker on, the new state counts.
        let decided = self.write_through(base, &marker).and_then(|()| self.barrier());
        let applied = decided.and_then(|()| pending::apply(&*self.storage, base, &table));
        self.blocks.forget(0, u64::MAX);
        applied.map_err(|e| self.fail(e))?;
        self.superblock = superblock;
        self.overlay.clear();
        for range in used.iter() {
            self.release(Address(range.start), range.end - range.start)?;
        }
        self.published()
    }

    /// Writes all that has to be there before the commit is decided; returns the superblock of the new state.
    fn prepare(&mut self, at: Address, table: &mut CommitTable, used: &Ranges) -> Result<Superblock> {
        self.store_free_space(used)?;
        self.write_fresh()?;
        let superblock = self.settled_superblock(used)?;
        table.superblock = format::encode(&superblock, &())?;
        let offset = self.offset(at)?;
        self.write_through(offset, &format::encode(table, &())?)?;
        self.grow_storage()?;
        self.barrier()?;
        Ok(superblock)
    }

    /// The superblock as it will be once the new state counts; `unneeded` will be free then.
    fn settled_superblock(&mut self, unneeded: &Ranges) -> Result<Superblock> {
        let mut superblock = self.superblock.clone();
        superblock.flags &= !OPEN_FOR_WRITING;
        // Of a file of several members, libhdf5 says here where the first one ends.
        superblock.end_of_file = superblock.base + self.txn_mut()?.space.first().settled_end(unneeded);
        Ok(superblock)
    }

    /// Sees to it that all that is allocated is there. Space that nobody has written to reads as zeros.
    fn grow_storage(&mut self) -> Result<()> {
        let used = self.txn_mut()?.space.used();
        self.each_part(&used, |core, start, there, end| {
            if there < end {
                let known = core.stored.end_of(start).min(end);
                core.blocks.forget(known, end - known);
                core.storage.set_end(start, end)?;
            }
            core.stored.grow(start, end);
            Ok(())
        })
    }

    fn write_superblock(&mut self) -> Result<()> {
        let block = format::encode(&self.superblock, &())?;
        self.write_through(self.superblock.base, &block)
    }

    /// Waits until all that was written is on the medium. Where that fails, nobody knows what of it is.
    fn barrier(&mut self) -> Result<()> {
        self.storage.sync().map_err(|e| self.fail(e.into()))
    }

    /// The file has the new state: what only the one before needed is free.
    fn published(&mut self) -> Result<()> {
        let published = self.superblock.clone();
        let txn = self.txn_mut()?;
        txn.space.publish();
        txn.changed = false;
        txn.published = Some(published);
        let ends = txn.space.published();
        self.each_part(&ends, |core, start, there, end| {
            // A file that stays longer than it says is complete all the same.
            if there > end && core.storage.set_end(start, end).is_ok() {
                core.blocks.forget(end, there - end);
            }
            core.stored.set_end(start, end);
            Ok(())
        })
    }

    /// Calls `f` for each part of the storage: where it begins, where it ends, and where the region ends that lies there.
    pub(super) fn each_part(
        &mut self,
        regions: &[Range<u64>],
        f: impl Fn(&mut Core, u64, u64, u64) -> Result<()>,
    ) -> Result<()> {
        let (base, parts) = (self.superblock.base, self.storage.parts()?);
        for (part, region) in parts.into_iter().zip(regions) {
            f(self, part.start, part.end, base + region.end)?;
        }
        Ok(())
    }
}
