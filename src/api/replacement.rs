//! A new file that takes the place of another one when it is complete, and not before.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};
use crate::storage::{FileLocking, FileStorage, Storage as _};

/// A file on its way. What is at its path stays there until it is [finished](Replacement::finish), whatever happens to
/// be that: it may be a file that is still read from, under another name.
#[derive(Debug)]
pub(super) struct Replacement {
    unfinished: Unfinished,
    target: PathBuf,
    /// What is replaced, locked meanwhile.
    old: Option<FileStorage>,
}

/// A file that goes when nobody renames it.
#[derive(Debug)]
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Where it was renamed, there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}

/// Names that may be taken by what others have left behind.
const ATTEMPTS: u32 = 1000;

impl Replacement {
    /// Creates the file; fails where what it is going to replace is no file, is in use, or may not be written to.
    pub(super) fn create(path: &Path, locking: FileLocking) -> Result<(Self, FileStorage)> {
        // A symbolic link stays one.
        let target = match path.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            found => found?,
        };
        let (mut old, mut permissions) = (None, None);
        if let Ok(metadata) = target.metadata() {
            if !metadata.is_file() {
                return Err(Error::misuse("only a file can be replaced by another one"));
            }
            old = Some(FileStorage::open_rw(&target, locking)?);
            permissions = Some(metadata.permissions());
        }
        let (storage, unfinished) = create_beside(&target, locking)?;
        if let Some(permissions) = permissions {
            fs::set_permissions(&unfinished.0, permissions)?;
        }
        Ok((Replacement { unfinished, target, old }, storage))
    }

    /// Puts the file where it belongs.
    pub(super) fn finish(self, storage: &FileStorage) -> Result<()> {
        if self.old.is_some() {
            // A crash must not leave the name of the old file with half of the new one.
            storage.sync()?;
        }
        drop(self.old);
        Ok(fs::rename(&self.unfinished.0, &self.target)?)
    }
}

fn create_beside(target: &Path, locking: FileLocking) -> Result<(FileStorage, Unfinished)> {
    let Some(name) = target.file_name() else { return Err(Error::misuse("a file has to have a name")) };
    let mut attempt = 0;
    loop {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{attempt}", std::process::id()));
        let path = target.with_file_name(hidden);
        match FileStorage::create_new(&path, locking) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => attempt += 1,
            created => return Ok((created?, Unfinished(path))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKING: FileLocking = FileLocking::Writers;

    #[test]
    fn what_was_there_stays_until_the_file_is_finished() {
        let folder = std::env::temp_dir().join(format!("h5-replacement-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (path, other) = (folder.join("file"), folder.join("other"));
        fs::write(&path, "old").unwrap();
        fs::hard_link(&path, &other).unwrap();
        let names = || fs::read_dir(&folder).unwrap().count();

        let (given_up, storage) = Replacement::create(&path, LOCKING).unwrap();
        storage.write_at(0, b"half").unwrap();
        assert_eq!(names(), 3);
        // Somebody else replaces it at the same time.
        assert!(Replacement::create(&path, LOCKING).is_err());
        drop(given_up);
        assert_eq!((names(), fs::read_to_string(&path).unwrap()), (2, "old".to_owned()));

        let (new, storage) = Replacement::create(&path, LOCKING).unwrap();
        storage.write_at(0, b"new").unwrap();
        new.finish(&storage).unwrap();
        assert_eq!((names(), fs::read_to_string(&path).unwrap()), (2, "new".to_owned()));
        assert_eq!(fs::read_to_string(&other).unwrap(), "old");

        assert!(Replacement::create(&folder, LOCKING).is_err());
        assert!(Replacement::create(&folder.join("nowhere/file"), LOCKING).is_err());
        let (new, storage) = Replacement::create(&folder.join("first"), LOCKING).unwrap();
        new.finish(&storage).unwrap();
        assert_eq!(names(), 3);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = std::env::temp_dir().join(format!("h5-replacement-link-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (path, link) = (folder.join("file"), folder.join("link"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        let (new, storage) = Replacement::create(&link, LOCKING).unwrap();
        new.finish(&storage).unwrap();
        assert_eq!(path.metadata().unwrap().len(), 0);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        fs::remove_dir_all(folder).unwrap();
    }
}
