//! Writing all of a file into a fresh one: without what is no longer used, and with other layouts if wanted.

use std::path::Path;
use std::sync::Arc;

use super::handle::Shared;
use super::replacement::Replacement;
use super::{File, FileOptions};
use crate::base::{Error, Result};
use crate::codec::{check_level, id};
use crate::data::{Change, Copier, Ends, FilterRequest, LayoutRequest, Rules};
use crate::engine::{Core, CreateOptions, FormatBounds};
use crate::format::message::driver_info::DriverInfo;
use crate::storage::Storage;

/// Writes a file anew, as `h5repack` does: without unused space, in the versions of other [`FormatBounds`], with other
/// chunks, filters and layouts.
///
/// What is copied is all that can be reached from the root group, by links or by references: objects, attributes, links,
/// comments, times, the user block. Elements are streamed; chunks that keep their shape and filters are not even decoded.
/// References lead to the same objects as before, and are null where they led nowhere.
///
/// ```
/// # fn main() -> h5::Result<()> {
/// # let dir = std::env::temp_dir().join("h5-doc-repack");
/// # std::fs::create_dir_all(&dir)?;
/// # let (from, to) = (dir.join("from.h5"), dir.join("to.h5"));
/// let file = h5::File::create(&from)?;
/// file.new_dataset::<i32>().shape((100, 100)).create("image")?;
/// let change = h5::DatasetChange::new().chunk(&[50, 50]).add_filter(1, &[6]);
/// h5::Repack::new().bounds(h5::FormatBounds::V110).dataset("image", change).run(&file, &to)?;
/// assert_eq!(h5::File::open(&to)?.dataset("image")?.chunk(), Some(vec![50, 50]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Repack {
    options: FileOptions,
    all: Change,
    single: Vec<(String, Change)>,
    keep_going: bool,
}

/// What there is to tell of a file that was repacked.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RepackReport {
    /// Why objects, attributes or links were left out; none are unless [`Repack::keep_going`] says so.
    pub left_out: Vec<Error>,
    /// Why datasets could not have a change that all should have, and stayed as they are.
    pub unchanged: Vec<Error>,
}

/// What is to become of a dataset when its file is repacked; by default it stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DatasetChange {
    change: Change,
}

impl DatasetChange {
    /// Returns no change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores the elements in chunks of this shape, in elements.
    #[must_use]
    pub fn chunk(mut self, shape: &[u64]) -> Self {
        self.change.layout = Some(LayoutRequest::Chunked(shape.to_vec()));
        self
    }

    /// Stores the elements in one piece, without filters.
    #[must_use]
    pub fn contiguous(mut self) -> Self {
        self.change.layout = Some(LayoutRequest::Contiguous);
        self
    }

    /// Stores the elements in the object's header, without filters; there is room for less than 64 KiB.
    #[must_use]
    pub fn compact(mut self) -> Self {
        self.change.layout = Some(LayoutRequest::Compact);
        self
    }

    /// Stores the elements in chunks of a shape that is chosen for them.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.change.layout = Some(LayoutRequest::AnyChunks);
        self
    }

    /// Puts a filter behind those that were named before, in place of those that the dataset has; `values` are its
    /// parameters.
    #[must_use]
    pub fn add_filter(mut self, id: u16, values: &[u32]) -> Self {
        self.change.filters.get_or_insert_default().push(FilterRequest::new(id, values));
        self
    }

    /// Orders the bytes of each chunk by their place in the elements; see [`DatasetChange::add_filter`].
    #[must_use]
    pub fn shuffle(self) -> Self {
        self.add_filter(id::SHUFFLE, &[])
    }

    /// Compresses each chunk with zlib at a level of 0 (fast) to 9 (small); see [`DatasetChange::add_filter`].
    #[must_use]
    pub fn deflate(self, level: u8) -> Self {
        self.add_filter(id::DEFLATE, &[u32::from(level)])
    }

    /// Takes the filters away that the dataset has.
    #[must_use]
    pub fn no_filters(mut self) -> Self {
        self.change.filters = Some(Vec::new());
        self
    }
}

impl Repack {
    /// Returns a plain repack: everything stays as it is, in the versions of the default bounds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets which releases of libhdf5 have to be able to read the new file. The default is [`FormatBounds::V18`]. What only
    /// a newer version can hold is written in that one.
    #[must_use]
    pub fn bounds(mut self, bounds: FormatBounds) -> Self {
        self.options = self.options.bounds(bounds);
        self
    }

    /// Sets what the new file is created with: its driver, the widths of its numbers, how it manages free space, what its
    /// objects share. A file that is said nothing of how it manages free space does so as the old one, except under
    /// [`FormatBounds::Earliest`] or with another driver. Its bounds replace those of [`Repack::bounds`]; filters, limits and the user block are those of the old file.
    #[must_use]
    pub fn options(mut self, options: FileOptions) -> Self {
        self.options = options;
        self
    }

    /// Changes all datasets that can have it and are not named on their own; the others stay as they are, which
    /// the report tells.
    #[must_use]
    pub fn datasets(mut self, change: DatasetChange) -> Self {
        self.all = change.change;
        self
    }

    /// Changes the dataset at a path; it is an error if that cannot have it, or if there is no such dataset.
    #[must_use]
    pub fn dataset(mut self, path: &str, change: DatasetChange) -> Self {
        let path = format!("/{}", path.trim_matches('/'));
        self.single.push((path, Change { is_required: true, ..change.change }));
        self
    }

    /// Leaves out what cannot be copied, which the report tells. The default is that this is an error.
    #[must_use]
    pub fn keep_going(mut self, keep_going: bool) -> Self {
        self.keep_going = keep_going;
        self
    }

    /// Writes the new file; one that exists is replaced when it is complete. Where it fails, what was there stays.
    pub fn run(&self, source: &File, path: impl AsRef<Path>) -> Result<RepackReport> {
        let path = path.as_ref();
        if source.is_at(path) {
            return Err(Error::misuse("a file cannot be repacked into itself"));
        }
        if self.options.is_of_members() { self.run_members(source, path) } else { self.replace(source, path) }
    }

    fn replace(&self, source: &File, path: &Path) -> Result<RepackReport> {
        let new = Replacement::create(path, self.options.file_locking());
        let (new, storage) = new.map_err(|e| e.opening(path))?;
        let storage = Arc::new(storage);
        let report = self.run_storage(source, Arc::clone(&storage) as Arc<dyn Storage>)?;
        new.finish(&storage).map_err(|e| e.opening(path))?;
        Ok(report)
    }

    /// The members are written over: no other names would do for them.
    fn run_members(&self, source: &File, path: &Path) -> Result<RepackReport> {
        let userblock = source.as_group().handle.shared.read().superblock.base;
        let new = self.options.new_storage(path, userblock, false).map_err(|e| e.opening(path));
        let (storage, driver_info) = new?;
        let done = self.run_into(source, Arc::clone(&storage), driver_info);
        if done.is_err() {
            // What is left of it is of no use to anybody; that it is still there is the lesser error.
            let _ = storage.set_len(0);
            let _ = std::fs::remove_file(path);
        }
        done
    }

    /// The same into an empty storage.
    pub fn run_storage(&self, source: &File, storage: Arc<dyn Storage>) -> Result<RepackReport> {
        self.run_into(source, storage, None)
    }

    fn run_into(
        &self,
        source: &File,
        storage: Arc<dyn Storage>,
        driver_info: Option<DriverInfo>,
    ) -> Result<RepackReport> {
        let shared = &source.as_group().handle.shared;
        self.check_paths(source)?;
        self.check_filters()?;
        let from = shared.read_stored()?;
        // Where nobody said otherwise the new file does with free space what the old one does, if it can.
        let keeps_space = !self.options.has_strategy && driver_info.is_none();
        let mut options = CreateOptions {
            limits: *from.budget.limits(),
            filters: from.filters.clone(),
            userblock: from.superblock.base,
            ..self.options.creation(None, driver_info)
        };
        if keeps_space && options.bounds > FormatBounds::Earliest {
            options.properties = options.properties.with_space_of(&from)?;
        }
        let mut to = Core::create(storage, options)?;
        to.copy_userblock(&from)?;
        let report = self.fill(&from, shared, &mut to)?;
        to.close()?;
        Ok(report)
    }

    fn fill(&self, from: &Core, shared: &Shared, to: &mut Core) -> Result<RepackReport> {
        let rules = Rules { expand_references: true, keep_going: self.keep_going, ..Rules::default() };
        let change = |path: &str| {
            let own = self.single.iter().rev().find(|(name, _)| name == path);
            own.map_or(&self.all, |(_, change)| change).clone()
        };
        to.edit(|to| {
            let ends = Ends::Two { from, cache: &shared.chunks, to };
            let mut copier = Copier::new(ends, rules, &change);
            let (root, outcome) = copier.run(from.superblock.root_header(), "/")?;
            copier.ends.writer().replace_root(root)?;
            Ok(RepackReport { left_out: outcome.left_out, unchanged: outcome.unchanged })
        })
    }

    /// Refuses what no dataset can have.
    fn check_filters(&self) -> Result<()> {
        let changes = self.single.iter().map(|(_, change)| change).chain([&self.all]);
        let mut filters = changes.filter_map(|change| change.filters.as_ref()).flatten();
        filters.try_for_each(
            |filter| if filter.id == id::DEFLATE { check_level(&filter.values) } else { Ok(()) },
        )
    }

    /// Refuses names of datasets that are not there: nobody would notice that they were not changed.
    fn check_paths(&self, source: &File) -> Result<()> {
        self.single.iter().try_for_each(|(path, _)| source.dataset(path).map(drop))
    }
}
