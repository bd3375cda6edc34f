//! The writing side of an open file: the only code that writes metadata.
//!
//! Metadata is encoded into pieces of the overlay, which readers of the same handle see at once, and reaches the storage
//! when there is much of it, at a flush or at a commit (`publish`). Raw data goes to the storage directly where the
//! published state knows nothing of its place, and into the overlay where it does.

use std::any::Any;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::file_space::FileSpace;
use super::fractal_heap::{FreeSpace, OpenBlock};
use super::kept_open::KeptOpen;
use super::local_heap::LocalHeapEdit;
use super::overlay::Piece;
use super::pools::Use;
use super::regions::{BlockKind, Regions};
use super::{Core, Header};
use crate::base::{Address, Error, Misuse, Result, to_usize};
use crate::format::global_heap::{GlobalHeap, GlobalHeapId};
use crate::format::superblock::Superblock;
use crate::format::{self, Wire};

/// What a writer has to remember.
#[derive(Debug)]
pub(crate) struct Txn {
    pub(super) space: Regions,
    /// Where the file keeps what is free, if it does.
    pub(super) file_space: Option<FileSpace>,
    /// The collection that new heap objects go to, with its address.
    pub(super) open_heap: Option<(Address, GlobalHeap)>,
    /// Collections of the global heap that have room for more.
    pub(super) roomy: VecDeque<Address>,
    /// Objects of the global heap that no element names yet.
    pub(super) unclaimed: BTreeSet<GlobalHeapId>,
    /// What is free in fractal heaps, by the addresses of their headers.
    pub(super) heap_space: KeptOpen<FreeSpace>,
    /// Direct blocks of fractal heaps.
    pub(super) blocks: KeptOpen<OpenBlock>,
    /// The names of old-style groups, by the addresses of their heaps.
    pub(super) names: KeptOpen<LocalHeapEdit>,
    pub(super) guard: Guard,
    /// Something is different from the published state.
    pub(super) changed: bool,
    /// The superblock of the published state; a new file has none.
    pub(super) published: Option<Superblock>,
    /// This session has the file say that it is open for writing.
    pub(super) marked: bool,
    /// Why nothing more can be written.
    pub(super) failed: Option<String>,
    /// What an edit that fails goes back to, beside space and overlay.
    saved: Option<Saved>,
}

/// How the published state of the file is guarded against what is being written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Guard {
    /// Nobody has committed yet: bytes that overwrite others are held back as long as they are few.
    Willing,
    /// They were many, and went to their places: sessions that never commit pay nothing for commits.
    LetGo,
    /// Somebody has committed: nothing of the published state is overwritten before the next commit.
    Bound,
}

#[derive(Debug)]
struct Saved {
    superblock: Superblock,
    open_heap: Option<(Address, GlobalHeap)>,
    roomy: VecDeque<Address>,
}

/// Bytes in memory beyond this are handed to the storage early, so that memory does not grow with the file.
pub(super) const SPILL: usize = 16 << 20;

/// Raw data begins at a multiple of this, so that mapped arrays of any element type are aligned.
const RAW_ALIGN: u64 = 64;
/// Less data than that has no larger elements than this.
const SMALL_ALIGN: u64 = 8;

/// What the address of raw data is a multiple of.
pub(super) fn raw_alignment(size: u64) -> u64 {
    if size < RAW_ALIGN { size.next_power_of_two().min(SMALL_ALIGN) } else { RAW_ALIGN }
}

impl Txn {
    pub(super) fn new(space: Regions, file_space: Option<FileSpace>, published: Option<Superblock>) -> Self {
        Txn {
            space,
            file_space,
            open_heap: None,
            roomy: VecDeque::new(),
            unclaimed: BTreeSet::new(),
            heap_space: KeptOpen::default(),
            blocks: KeptOpen::default(),
            names: KeptOpen::default(),
            guard: Guard::Willing,
            changed: false,
            published,
            marked: false,
            failed: None,
            saved: None,
        }
    }

    /// The first address behind everything that is allocated around another one: in the file, or in its member there.
    pub(super) fn end(&self, address: u64) -> u64 {
        self.space.around(address).end
    }

    /// Finds room for metadata.
    pub(super) fn allocate(&mut self, size: u64, kind: BlockKind) -> Result<Address> {
        self.changed = true;
        self.space.allocate(size, 1, kind)
    }

    fn allocate_raw(&mut self, size: u64) -> Result<Address> {
        self.changed = true;
        self.space.allocate(size, raw_alignment(size), BlockKind::Raw)
    }
}

impl Core {
    /// Refuses files that are open for reading only, and those whose commit has failed.
    pub(crate) fn check_writable(&self) -> Result<()> {
        match &self.txn {
            None => Err(Misuse::ReadOnly.into()),
            Some(Txn { failed: Some(why), .. }) => Err(Misuse::Failed { why: why.clone() }.into()),
            Some(_) => Ok(()),
        }
    }

    /// Does an edit. One that fails did not happen.
    pub(crate) fn edit<T>(&mut self, edit: impl FnOnce(&mut Core) -> Result<T>) -> Result<T> {
        self.check_writable()?;
        self.load_free_space()?;
        self.begin()?;
        match edit(self) {
            Ok(value) => {
                self.keep();
                Ok(value)
            }
            Err(error) => {
                self.undo();
                Err(error)
            }
        }
    }

    /// What an edit has done so far stays, even if it fails later.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if self.txn_mut()?.saved.is_none() {
            return Ok(());
        }
        self.keep();
        self.begin()
    }

    /// Makes room first: if that fails, the edit has not begun, whereas afterwards it would have happened.
    fn begin(&mut self) -> Result<()> {
        if self.overlay.memory() > SPILL {
            self.spill()?;
        }
        self.limit_open()?;
        let superblock = self.superblock.clone();
        let txn = self.txn_mut()?;
        txn.saved = Some(Saved { superblock, open_heap: txn.open_heap.clone(), roomy: txn.roomy.clone() });
        txn.space.begin();
        txn.heap_space.begin();
        txn.blocks.begin();
        txn.names.begin();
        self.overlay.begin();
        Ok(())
    }

    fn keep(&mut self) {
        if let Some(txn) = &mut self.txn {
            txn.saved = None;
            txn.space.keep();
            txn.heap_space.keep();
            txn.blocks.keep();
            txn.names.keep();
        }
        self.overlay.keep();
    }

    fn undo(&mut self) {
        let Core { overlay, decoded, headers, txn: Some(txn), .. } = self else { return };
        overlay.undo(|range| {
            decoded.remove(&Address(range.start));
            headers.remove(&Address(range.start));
        });
        txn.space.undo();
        txn.heap_space.undo();
        txn.blocks.undo();
        // It is not known which of them the edit has made.
        txn.unclaimed.clear();
        txn.names.undo();
        if let Some(saved) = txn.saved.take() {
            (txn.open_heap, txn.roomy) = (saved.open_heap, saved.roomy);
            self.superblock = saved.superblock;
        }
    }

    /// Finds room for metadata.
    pub(crate) fn allocate(&mut self, size: u64, kind: BlockKind) -> Result<Address> {
        self.txn_mut()?.allocate(size, kind)
    }

    /// Finds room for raw data, or for a global heap.
    pub(crate) fn allocate_raw(&mut self, size: u64) -> Result<Address> {
        self.txn_mut()?.allocate_raw(size)
    }

    /// Stores a structure at an address that was allocated for it.
    pub(crate) fn put<T: Wire>(&mut self, address: Address, value: &T, cx: &T::Context) -> Result<()> {
        let block = format::encode(value, cx)?;
        self.decoded.remove(&address);
        self.txn_mut()?.changed = true;
        self.overlay.write(address.0, block);
        Ok(())
    }

    /// Stores a structure that is going to be needed again soon: it stays decoded.
    pub(crate) fn put_and_keep<T>(&mut self, address: Address, value: Arc<T>, cx: &T::Context) -> Result<()>
    where
        T: Wire + Any + Send + Sync,
    {
        self.put(address, &*value, cx)?;
        let len = value.encoded_len(cx)?;
        self.keep_decoded(address, value, len);
        Ok(())
    }

    /// Stores a structure in new space.
    #[cfg(test)]
    pub(crate) fn put_new<T: Wire>(&mut self, value: &T, cx: &T::Context) -> Result<Address> {
        let len = value.encoded_len(cx)? as u64;
        let address = self.allocate(len, BlockKind::ObjectHeader)?;
        self.put(address, value, cx)?;
        Ok(address)
    }

    /// Keeps the new state of an object header that `header_edit` has stored.
    pub(super) fn remember(&mut self, header: Header, cost: usize) {
        self.headers.insert(header.address, Arc::new(header), cost);
    }

    /// Gives the space of a structure back.
    pub(crate) fn release(&mut self, address: Address, size: u64) -> Result<()> {
        self.give_back(address, size, Use::Metadata)
    }

    /// Gives the space of raw data or of a global heap back.
    pub(crate) fn release_raw(&mut self, address: Address, size: u64) -> Result<()> {
        self.give_back(address, size, Use::Raw)
    }

    pub(super) fn give_back(&mut self, address: Address, size: u64, purpose: Use) -> Result<()> {
        self.decoded.remove(&address);
        self.headers.remove(&address);
        self.overlay.remove(address.0..address.0.saturating_add(size));
        let txn = self.txn_mut()?;
        txn.changed = true;
        txn.blocks.delete(address);
        txn.space.release(address, size, purpose);
        Ok(())
    }

    /// Whether bytes may be written over those that are there: the published state knows nothing of them, or nobody
    /// minds. Otherwise new space is cheaper for what can move.
    pub(crate) fn may_overwrite(&self, address: Address, size: u64) -> bool {
        let txn = self.txn.as_ref();
        txn.is_some_and(|txn| txn.guard != Guard::Bound || txn.space.is_fresh(address.0, size))
    }

    /// Writes raw data into space that was allocated for it.
    pub(crate) fn write_raw(&mut self, address: Address, data: &[u8]) -> Result<()> {
        let memory = self.overlay.memory();
        let len = data.len() as u64;
        let many = memory.saturating_add(data.len()) > SPILL;
        let txn = self.txn_mut()?;
        txn.changed = true;
        let is_fresh = txn.space.is_fresh(address.0, len);
        if txn.guard == Guard::Willing && many && !is_fresh {
            self.let_go()?;
        }
        if is_fresh || self.txn_mut()?.guard == Guard::LetGo {
            let offset = self.offset(address)?;
            self.overlay.remove(address.0..address.0.saturating_add(len));
            return self.write_through(offset, data);
        }
        if !many {
            self.overlay.write(address.0, data.to_vec());
            return Ok(());
        }
        // It is no raw data: it lies there until the commit only.
        let at = self.allocate(len, BlockKind::Superblock)?;
        let offset = self.offset(at)?;
        self.write_through(offset, data)?;
        self.overlay.replace(address.0, Piece::Shadow { at: at.0, len });
        Ok(())
    }

    pub(super) fn write_through(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        self.blocks.forget(offset, data.len() as u64);
        self.storage.write_at(offset, data)?;
        self.stored.grow(offset, offset + data.len() as u64);
        Ok(())
    }

    /// Fills new space with one byte, in pieces.
    pub(crate) fn fill_raw(&mut self, address: Address, len: u64, pattern: &[u8]) -> Result<()> {
        const PIECE: u64 = 1 << 20;
        let repeats = (to_usize(len.min(PIECE))? / pattern.len().max(1)).max(1);
        let piece = pattern.repeat(repeats);
        let mut done = 0;
        while done < len {
            let part = piece.len().min(to_usize(len - done)?);
            self.write_raw(address.plus(done)?, &piece[..part])?;
            done += part as u64;
        }
        Ok(())
    }

    /// Nothing more is written: it is not known what the storage holds.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        if let Some(txn) = &mut self.txn {
            txn.failed = Some(error.to_string());
        }
        error
    }
}
