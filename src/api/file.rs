//! Files: opening, creating, closing.

use std::ops::Deref;
use std::path::Path;

use super::handle::{Handle, Shared};
use super::{FileOptions, Group};
use crate::base::Result;
use crate::engine::Core;
use crate::storage;

/// An open HDF5 file; also its root group.
///
/// Clones and everything opened through it share one file, which is closed when the last of them goes. Threads may
/// share it: reads go side by side.
///
/// ```
/// use ndarray::array;
/// # fn main() -> h5::Result<()> {
/// # let dir = std::env::temp_dir().join("h5-doc-file");
/// # std::fs::create_dir_all(&dir)?;
/// # let path = dir.join("file.h5");
/// let file = h5::File::create(&path)?;
/// file.create_group("experiment1")?;
/// file.new_dataset_builder().with_data(&array![1.5, 2.5]).create("experiment1/temperature")?;
/// file.close()?;
///
/// let file = h5::File::open(&path)?;
/// assert_eq!(file.dataset("experiment1/temperature")?.read_1d::<f64>()?, array![1.5, 2.5]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct File {
    root: Group,
}

impl File {
    pub(super) fn new(core: Core, chunk_cache: usize, path: Option<&Path>) -> Self {
        let address = core.superblock.root_header();
        let shared = Shared::new(core, chunk_cache, path.map(Path::to_path_buf));
        File { root: Group::new(Handle { shared, address, path: "/".to_owned() }) }
    }

    /// The file that an object is in.
    pub(super) fn of(object: &Handle) -> Self {
        let root = object.shared.read().superblock.root_header();
        File { root: Group::new(object.other(root, "/".to_owned())) }
    }

    /// Returns the options for opening and creating files.
    pub fn options() -> FileOptions {
        FileOptions::default()
    }

    /// Opens a file for reading.
    pub fn open(path: impl AsRef<Path>) -> Result<File> {
        FileOptions::default().open(path)
    }

    /// Opens a file for reading and writing.
    pub fn open_rw(path: impl AsRef<Path>) -> Result<File> {
        FileOptions::default().open_rw(path)
    }

    /// Creates a file; one that exists is cut to nothing first.
    pub fn create(path: impl AsRef<Path>) -> Result<File> {
        FileOptions::default().create(path)
    }

    /// Creates a file; fails if there is one.
    pub fn create_excl(path: impl AsRef<Path>) -> Result<File> {
        FileOptions::default().create_excl(path)
    }

    /// Opens a file for reading and writing, or creates it.
    pub fn append(path: impl AsRef<Path>) -> Result<File> {
        FileOptions::default().append(path)
    }

    /// Opens a file that lies in memory for reading.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<File> {
        FileOptions::default().open_bytes(bytes)
    }

    /// Returns the root group.
    pub fn as_group(&self) -> &Group {
        &self.root
    }

    /// Returns the bytes of the file as it is in its storage.
    pub fn size(&self) -> u64 {
        self.root.handle.shared.read().storage_len()
    }

    /// Tells whether this is the file that lies at a path, which may be another name of it. Of a file of several members
    /// it is the first one.
    pub fn is_at(&self, path: impl AsRef<Path>) -> bool {
        let own = self.root.handle.shared.path.as_deref();
        own.is_some_and(|own| storage::is_one_file(own, path.as_ref()))
    }

    /// Returns the bytes in front of the HDF5 data that belong to whoever wrote them.
    pub fn userblock(&self) -> u64 {
        self.root.handle.shared.read().superblock.base
    }

    /// Tells whether the file can only be read.
    pub fn is_read_only(&self) -> bool {
        !self.root.handle.shared.read().is_writable()
    }

    /// Hands everything that was written to the operating system.
    ///
    /// In a session that has committed, others see what it changed after the next commit and not before.
    pub fn flush(&self) -> Result<()> {
        let mut core = self.root.handle.shared.write_stored()?;
        if core.is_writable() { core.flush() } else { Ok(()) }
    }

    /// Makes everything that was written durable, all or nothing.
    ///
    /// Whatever happens, a power cut at any moment included, the file has this state afterwards or the one before: of the
    /// last commit, or of the opening. `docs/design.md` says what this takes from the medium. Once a session has
    /// committed, nothing of the committed state is overwritten before the next commit, by no edit and no flush, and
    /// closing the file commits. Sessions that never commit pay nothing for it: where they overwrite more than 16 MiB
    /// of what was there, it is in the file at once, and a first commit after that no longer has a state before.
    /// Committing right after opening a file, which costs next to nothing, guards that state from then on.
    ///
    /// ```
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-commit");
    /// # std::fs::create_dir_all(&dir)?;
    /// # let path = dir.join("commit.h5");
    /// let file = h5::File::create(&path)?;
    /// let runs = file.new_dataset::<i32>().shape(4).create("runs")?;
    /// file.commit()?;
    /// runs.write(&[1, 2, 3, 4])?;
    /// assert_eq!(h5::File::open(&path)?.dataset("runs")?.read_raw::<i32>()?, [0; 4]);
    /// file.commit()?;
    /// assert_eq!(h5::File::open(&path)?.dataset("runs")?.read_raw::<i32>()?, [1, 2, 3, 4]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn commit(&self) -> Result<()> {
        let mut core = self.root.handle.shared.write_stored()?;
        core.commit()
    }

    /// Leaves the file complete and lets others use it; says what went wrong, which dropping the file does not.
    ///
    /// Other handles of it that are still there can only read from here on.
    pub fn close(self) -> Result<()> {
        self.root.handle.shared.write_stored()?.close()
    }

    /// Ends the session without what it has changed since the file was last committed; in a session that never
    /// committed, since it was last flushed, or else opened. Other handles of the file can only read from here on.
    ///
    /// A file that this session has created is left empty if it was neither flushed nor committed. Before a first commit
    /// a session holds back what it overwrites as long as that is up to 16 MiB. If it was more, there is nothing to go
    /// back to: this is an error then, and the file is complete with all changes once its last handle is gone.
    /// Committing right after opening guards against that.
    ///
    /// ```
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-discard");
    /// # std::fs::create_dir_all(&dir)?;
    /// # let path = dir.join("discard.h5");
    /// let file = h5::File::create(&path)?;
    /// file.create_group("kept")?;
    /// file.commit()?;
    /// file.create_group("not kept")?;
    /// file.discard()?;
    /// assert_eq!(h5::File::open(&path)?.member_names()?, ["kept"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn discard(self) -> Result<()> {
        let shared = &self.root.handle.shared;
        let mut core = shared.write();
        let done = core.discard();
        if !core.is_writable() {
            shared.chunks.forget();
        }
        done
    }
}

impl Deref for File {
    type Target = Group;

    fn deref(&self) -> &Group {
        &self.root
    }
}
