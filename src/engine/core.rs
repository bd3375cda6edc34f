//! One open file below the API: its storage, its numbers, its caches, and `fetch`, the only door to metadata.

use std::any::Any;
use std::sync::Arc;

use super::neighbours::Neighbours;
use super::overlay::Overlay;
use super::parts::Parts;
use super::txn::Txn;
use super::{FormatBounds, Header};
use crate::base::{
    Address, Budget, Cache, Error, Malformed, Misuse, Reader, Result, Sizes, Structure, to_usize,
};
use crate::codec::Filters;
use crate::format::superblock::Superblock;
use crate::format::{self, Framed, Wire};
use crate::storage::{BlockCache, Map, Storage};

/// One open file. Reading takes `&self`; what writes takes `&mut self`, and so is alone.
#[derive(Debug)]
pub(crate) struct Core {
    pub(super) storage: Arc<dyn Storage>,
    pub(crate) superblock: Superblock,
    pub(crate) k: KValues,
    /// Which versions new structures have.
    pub(crate) bounds: FormatBounds,
    pub(crate) budget: Budget,
    pub(crate) filters: Filters,
    /// What there is in the storage, kept up to date by what writes.
    pub(super) stored: Parts,
    pub(super) blocks: BlockCache,
    pub(super) decoded: Cache<Address, Arc<dyn Any + Send + Sync>>,
    pub(super) headers: Cache<Address, Arc<Header>>,
    /// What is newer than the storage: blocks of a metadata cache image, and what was written and is not there yet.
    pub(super) overlay: Overlay,
    /// The files that this one may name.
    pub(super) neighbours: Neighbours,
    /// None: the file is open for reading only.
    pub(super) txn: Option<Txn>,
}

/// Half of the most entries of each kind of B-tree 1 node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KValues {
    pub(crate) group_leaf: u16,
    pub(crate) group_internal: u16,
    pub(crate) chunk: u16,
}

/// Metadata is mostly small: one read of this many bytes gets the prefix and the rest.
const READ_AHEAD: usize = 512;

const DECODED_CAPACITY: usize = 16 << 20;
const HEADERS_CAPACITY: usize = 8 << 20;

impl Core {
    pub(super) fn new(storage: Arc<dyn Storage>, superblock: Superblock, k: KValues) -> Result<Self> {
        let stored = Parts::of(&*storage)?;
        Ok(Core {
            storage,
            superblock,
            k,
            bounds: FormatBounds::default(),
            budget: Budget::default(),
            filters: Filters::default(),
            stored,
            blocks: BlockCache::new(),
            decoded: Cache::new(DECODED_CAPACITY),
            headers: Cache::new(HEADERS_CAPACITY),
            overlay: Overlay::default(),
            neighbours: Neighbours::default(),
            txn: None,
        })
    }

    pub(crate) fn sizes(&self) -> Sizes {
        self.superblock.sizes
    }

    /// The bytes of the file as it is in the storage.
    pub(crate) fn storage_len(&self) -> u64 {
        self.stored.bytes()
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.txn.is_some()
    }

    pub(super) fn txn_mut(&mut self) -> Result<&mut Txn> {
        self.txn.as_mut().ok_or_else(|| Misuse::ReadOnly.into())
    }

    /// Where an address lies in the file.
    pub(crate) fn offset(&self, address: Address) -> Result<u64> {
        let sum = self.superblock.base.checked_add(address.0);
        sum.ok_or_else(|| Error::field("address", address.0, "runs past the end of all addresses"))
    }

    /// Finds the structure at an address: prefix, extent, budget, block, checksum, value.
    pub(crate) fn fetch<T>(&self, address: Address, cx: &T::Context) -> Result<Arc<T>>
    where
        T: Framed + Any + Send + Sync,
    {
        self.cached(address, || self.fetch_uncached(address, cx))
    }

    /// The same for a value that something else is going to keep; also tells the length of its block.
    pub(crate) fn fetch_uncached<T: Framed>(&self, address: Address, cx: &T::Context) -> Result<(T, usize)> {
        let offset = self.offset(address)?;
        let locate = |e: Error| e.at(T::STRUCTURE, offset);
        let available = self.available(offset);
        let ahead = available.min(READ_AHEAD.max(T::prefix_len(cx)) as u64);
        let mut block = vec![0; to_usize(ahead)?];
        self.read_metadata(offset, &mut block).map_err(locate)?;
        let prefix = &block[..block.len().min(T::prefix_len(cx))];
        let mut prefix = Reader::new(prefix, offset, T::STRUCTURE, &self.budget);
        let extent = T::extent(&mut prefix, cx)?;
        if extent > available {
            return Err(locate(Malformed::Truncated { needed: extent, available }.into()));
        }
        self.budget.metadata(extent).map_err(locate)?;
        let len = to_usize(extent)?;
        let done = block.len();
        block.resize(len, 0);
        if len > done {
            self.read_metadata(offset + done as u64, &mut block[done..]).map_err(locate)?;
        }
        Ok((format::decode(&block, offset, cx, &self.budget)?, len))
    }

    /// Finds a structure whose length its owner tells.
    pub(crate) fn fetch_sized<T>(&self, address: Address, len: u64, cx: &T::Context) -> Result<Arc<T>>
    where
        T: Wire + Any + Send + Sync,
    {
        self.cached(address, || Ok((self.fetch_sized_uncached(address, len, cx)?, to_usize(len)?)))
    }

    pub(crate) fn fetch_sized_uncached<T: Wire>(
        &self,
        address: Address,
        len: u64,
        cx: &T::Context,
    ) -> Result<T> {
        let (block, offset) = self.block(address, len, T::STRUCTURE)?;
        format::decode(&block, offset, cx, &self.budget)
    }

    /// The bytes of a structure, and where in the file they lie.
    pub(super) fn block(&self, address: Address, len: u64, structure: Structure) -> Result<(Vec<u8>, u64)> {
        let offset = self.offset(address)?;
        let locate = |e: Error| e.at(structure, offset);
        let available = self.available(offset);
        if len > available {
            return Err(locate(Malformed::Truncated { needed: len, available }.into()));
        }
        self.budget.metadata(len).map_err(locate)?;
        let mut block = vec![0; to_usize(len)?];
        self.read_metadata(offset, &mut block).map_err(locate)?;
        Ok((block, offset))
    }

    /// What is kept of an address, or else what `make` makes of it, with about the bytes that it takes.
    pub(super) fn cached<T>(
        &self,
        address: Address,
        make: impl FnOnce() -> Result<(T, usize)>,
    ) -> Result<Arc<T>>
    where
        T: Any + Send + Sync,
    {
        if let Some(value) = self.decoded.get(&address).and_then(|value| value.downcast().ok()) {
            return Ok(value);
        }
        let (value, len) = make()?;
        let value = Arc::new(value);
        self.keep_decoded(address, value.clone(), len);
        Ok(value)
    }

    /// Keeps a value that was made of so many bytes, or encoded to them.
    pub(super) fn keep_decoded(&self, address: Address, value: Arc<dyn Any + Send + Sync>, len: usize) {
        // A decoded value takes about as much as its bytes, and something for being a value.
        self.decoded.insert(address, value, len + 64);
    }

    /// A value that was fetched, to be changed: it is copied only if somebody else uses it.
    pub(super) fn change<'v, T>(&self, address: Address, value: &'v mut Arc<T>) -> &'v mut T
    where
        T: Any + Clone + Send + Sync,
    {
        self.decoded.remove(&address);
        Arc::make_mut(value)
    }

    /// The bytes from an offset to the end of the file, or of its member there, counting what is not written yet.
    pub(crate) fn available(&self, offset: u64) -> u64 {
        let address = offset.saturating_sub(self.superblock.base);
        let allocated = self.txn.as_ref().map_or(0, |txn| txn.end(address));
        let end = self.stored.end_of(offset).max(self.superblock.base.saturating_add(allocated));
        end.saturating_sub(offset)
    }

    /// The same for what is in the storage.
    fn stored(&self, offset: u64) -> u64 {
        self.stored.end_of(offset).saturating_sub(offset)
    }

    fn read_metadata(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let stored = self.stored(offset).min(buffer.len() as u64);
        let stored = to_usize(stored)?;
        self.blocks.read_at(&*self.storage, offset, &mut buffer[..stored])?;
        self.lay_over(offset, buffer)
    }

    /// Lays what is newer over bytes of the storage.
    fn lay_over(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let base = self.superblock.base;
        let shadow = |at: u64, target: &mut [u8]| Ok(self.storage.read_at(base + at, target)?);
        self.overlay.lay_over(offset - base, buffer, shadow)
    }

    /// Fills `buffer` with raw data.
    pub(crate) fn read_raw(&self, address: Address, buffer: &mut [u8]) -> Result<()> {
        let offset = self.offset(address)?;
        let locate = |e: Error| e.at(Structure::RawData, offset);
        self.check_raw(offset, buffer.len() as u64)?;
        // Space that was allocated and not written to yet may lie behind the end of the storage.
        let stored = to_usize(self.stored(offset).min(buffer.len() as u64))?;
        let (there, missing) = buffer.split_at_mut(stored);
        missing.fill(0);
        self.storage.read_at(offset, there).map_err(|e| locate(e.into()))?;
        self.lay_over(offset, buffer).map_err(locate)
    }

    fn check_raw(&self, offset: u64, needed: u64) -> Result<()> {
        let available = self.available(offset);
        if needed <= available {
            return Ok(());
        }
        Err(Error::from(Malformed::Truncated { needed, available }).at(Structure::RawData, offset))
    }

    /// Raw data whose length the file tells.
    pub(crate) fn raw(&self, address: Address, len: u64) -> Result<Vec<u8>> {
        let offset = self.offset(address)?;
        self.check_raw(offset, len)?;
        let mut bytes = self.budget.zeroed(len).map_err(|e| e.at(Structure::RawData, offset))?;
        self.read_raw(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Maps raw data into memory.
    pub(crate) fn map_raw(&self, address: Address, len: u64) -> Result<Map> {
        let offset = self.offset(address)?;
        let locate = |e: Error| e.at(Structure::RawData, offset);
        if self.overlay.touches(&(address.0..address.0.saturating_add(len))) {
            let what = "the data was changed and is not in its place yet: flush or commit the file first";
            return Err(locate(Error::misuse(what)));
        }
        let available = self.stored(offset);
        if len > available {
            return Err(locate(Malformed::Truncated { needed: len, available }.into()));
        }
        let len = to_usize(len)?;
        self.storage.map(offset, len).map_err(|e| locate(e.into()))
    }
}
