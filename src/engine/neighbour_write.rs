//! Writing to other files than the opened one: to those that have sources of its virtual datasets.
//!
//! Each is opened as a writer opens a file, and only where the caller has set a policy for it: what a file names it can
//! name to have it overwritten.

use std::path::{Path, PathBuf};

use super::Core;
use super::file_access::is_same_file;
use crate::base::Result;

impl Core {
    /// Refuses another file that has a source, unless the caller has said that it may be written to.
    pub(crate) fn check_may_write_to(&self, path: &Path) -> Result<()> {
        let written = &self.neighbours.written;
        match self.neighbours.options.beside.write_access {
            Some(_) => written.check(path),
            None => {
                let why = "no policy says that other HDF5 files may be written to";
                Err(written.refused(path.as_os_str().as_encoded_bytes(), why))
            }
        }
    }

    /// Opens such a file for reading and writing. Nobody else can until it is closed, where files are locked.
    pub(crate) fn neighbour_mut(&self, path: &Path) -> Result<Core> {
        self.check_may_write_to(path)?;
        let named = |e: crate::base::Error| e.in_file(&path.to_string_lossy(), &self.file_name());
        self.neighbours.open(path, true).map_err(named)
    }

    /// Lets go of what is known of other files, which may have changed.
    pub(crate) fn forget_neighbours(&self) {
        self.neighbours.forget();
    }

    /// Remembers that another file was written to.
    pub(crate) fn note_written(&mut self, path: &Path) {
        self.forget_neighbours();
        self.neighbours.touched.push(path.to_path_buf());
    }

    /// The other files that were written to since this was called last.
    pub(crate) fn take_written(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.neighbours.touched)
    }

    /// Tells whether this is the file at a path, symbolic links followed, by whatever name it was opened.
    pub(crate) fn lies_at(&self, path: &Path) -> bool {
        self.path().is_some_and(|own| own == path || self.is_writable() && is_same_file(own, path))
    }
}
