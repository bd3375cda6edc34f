//! Copying objects: within a file, or to another one.

use std::sync::Arc;

use super::Group;
use super::handle::{Handle, Shared};
use crate::base::{Error, ErrorKind, Result};
use crate::data::{Change, Copier, Ends, ExternalLink, Outcome, Rules};
use crate::engine::{self, Core};
use crate::format::message::link::{Link, Target};

/// How objects are copied; the defaults are those of `H5Ocopy` and of h5py's `copy`.
///
/// ```
/// # fn main() -> h5::Result<()> {
/// # let dir = std::env::temp_dir().join("h5-doc-copy");
/// # std::fs::create_dir_all(&dir)?;
/// # let (from, to) = (dir.join("from.h5"), dir.join("to.h5"));
/// let source = h5::File::create(&from)?;
/// source.create_group("runs")?.new_dataset::<f64>().shape(3).create("energy")?;
/// let target = h5::File::create(&to)?;
/// source.copy("runs", &target, "runs of Monday")?;
/// h5::CopyOptions::new().shallow(true).copy(&source, "runs", &source, "runs, again")?;
/// assert_eq!(target.dataset("runs of Monday/energy")?.shape(), [3]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyOptions {
    rules: Rules,
}

impl CopyOptions {
    /// Returns the defaults: everything below the object is copied, links and references as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// Copies of a group only its immediate members; groups among them come without theirs.
    #[must_use]
    pub fn shallow(mut self, shallow: bool) -> Self {
        self.rules.shallow = shallow;
        self
    }

    /// Copies what soft links lead to in their place; those that lead nowhere stay links.
    #[must_use]
    pub fn expand_soft_links(mut self, expand: bool) -> Self {
        self.rules.expand_soft = expand;
        self
    }

    /// Copies what external links lead to in their place; those that lead nowhere stay links.
    #[must_use]
    pub fn expand_external_links(mut self, expand: bool) -> Self {
        self.rules.expand_external = expand;
        self
    }

    /// Copies the objects that references lead to as well, and has the references lead to the copies. Those that are not
    /// part of what is copied are linked from the root group as `~obj_pointed_by_` and their address.
    ///
    /// Without it, references within one file stay as they are, and are null in another file.
    #[must_use]
    pub fn expand_references(mut self, expand: bool) -> Self {
        self.rules.expand_references = expand;
        self.rules.link_referenced = expand;
        self
    }

    /// Leaves attributes out.
    #[must_use]
    pub fn without_attributes(mut self, without: bool) -> Self {
        self.rules.without_attributes = without;
        self
    }

    /// Uses a committed datatype that the file has already, where one is the same, instead of copying it once more.
    #[must_use]
    pub fn merge_committed_types(mut self, merge: bool) -> Self {
        self.rules.merge_committed = merge;
        self
    }

    /// Copies what `path` leads to from `source`; the copy is `name` in `target`, which may be in another file.
    pub fn copy(&self, source: &Group, path: &str, target: &Group, name: &str) -> Result<()> {
        let from = source.resolve(path.as_bytes())?;
        let (parent, name) = target.parent_of(name)?;
        self.copy_handle(&from, &parent, Link::new(name, None, Target::Soft(Vec::new())))
    }

    /// Copies an object, and then what external links in it lead to. Of `link` the name counts.
    fn copy_handle(&self, from: &Handle, parent: &Handle, link: Link) -> Result<()> {
        let mut pending = vec![(from.clone(), parent.clone(), link, 0)];
        while let Some((from, parent, link, depth)) = pending.pop() {
            parent.shared.read().budget.depth(depth)?;
            for external in self.copy_one(&from, &parent, link)?.external {
                let ExternalLink { from: group, group: copy, link, file, path } = external;
                let group = from.other(group, from.path.clone());
                let copy = parent.other(copy, parent.path.clone());
                match behind(&group, &file, &path) {
                    Ok(object) => pending.push((object, copy, link, depth + 1)),
                    Err(error) if is_missing(&error) => {
                        copy.with_mut(|core| engine::add_link(core, copy.address, link))?;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn copy_one(&self, from: &Handle, parent: &Handle, link: Link) -> Result<Outcome> {
        let unchanged = |_: &str| Change::default();
        with_ends(from, parent, |ends| {
            let name = String::from_utf8_lossy(&link.name).into_owned();
            engine::check_new_name(ends.target(), parent.address, &name)?;
            let mut copier = Copier::new(ends, self.rules, &unchanged);
            let (copy, outcome) = copier.run(from.address, &from.path)?;
            let link = Link::of_bytes(&link.name, link.charset, None, Target::Hard(copy));
            engine::add_link(copier.ends.writer(), parent.address, link)?;
            Ok(outcome)
        })
    }
}

/// What an external link of a group leads to.
fn behind(group: &Handle, file: &[u8], path: &[u8]) -> Result<Handle> {
    let root = group.linked(file, &String::from_utf8_lossy(path))?;
    Group::new(root).resolve(path)
}

fn is_missing(error: &Error) -> bool {
    let is_no_file = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    error.is_not_found() || matches!(error.kind(), ErrorKind::Io(error) if is_no_file(error))
}

/// Does a copy with both files locked. Whoever needs two locks takes them in the order of their places in memory, so that
/// two copies in opposite directions do not wait for each other.
fn with_ends<T>(from: &Handle, to: &Handle, copy: impl FnOnce(Ends<'_>) -> Result<T>) -> Result<T> {
    let done = if Arc::ptr_eq(&from.shared, &to.shared) {
        let mut core = to.shared.write_stored()?;
        core.edit(|core| copy(Ends::Same { core, cache: &to.shared.chunks }))
    } else {
        let reader_first = Arc::as_ptr(&from.shared) < Arc::as_ptr(&to.shared);
        let early = if reader_first { Some(from.shared.read_stored()?) } else { None };
        let mut writer = to.shared.write_stored()?;
        let reader = match early {
            Some(reader) => reader,
            None => from.shared.read_stored()?,
        };
        let between =
            |core: &mut Core| copy(Ends::Two { from: &reader, cache: &from.shared.chunks, to: core });
        writer.edit(between)
    };
    done.map_err(|e| e.of(&from.path))
}

impl Group {
    /// Copies what `path` leads to, with everything below it; the copy is `name` in `target`, which may be in another file.
    ///
    /// [`CopyOptions`] tells what can be done differently.
    pub fn copy(&self, path: &str, target: &Group, name: &str) -> Result<()> {
        CopyOptions::default().copy(self, path, target, name)
    }
}

impl Shared {
    /// Reads, with all chunks in the file that were in memory.
    pub(super) fn read_stored(&self) -> Result<std::sync::RwLockReadGuard<'_, Core>> {
        loop {
            let core = self.read();
            if !self.chunks.are_ahead() {
                return Ok(core);
            }
            // Somebody else may write again before this thread's turn.
            drop(core);
            self.store_chunks()?;
        }
    }
}
