//! Which files besides the opened one may be touched, and where the names that a file has for them lead.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::base::{Error, Misuse, Result};

/// Which files besides the opened one may be read, or written to: those that external links, external raw data and
/// virtual datasets name.
///
/// A relative name is looked up in the directory of the file that has it. An absolute name that is not allowed, or
/// does not exist, counts as its last component, beside that file: a set of files can be moved. Whatever is found is
/// compared with the policy after symbolic links were followed, and outside of what is allowed nothing is looked for.
///
/// ```
/// use h5::{File, FileAccess};
/// let alone = File::options().file_access(FileAccess::Forbidden);
/// let two_places = File::options().file_access(FileAccess::Directories(vec!["/data".into(), "/raw".into()]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileAccess {
    /// Those in the directory of the opened file and below it. For a file opened by a symbolic link, the directories of
    /// the link and of the file both count.
    #[default]
    Below,
    /// None.
    Forbidden,
    /// All. Relative names are also looked up in the working directory.
    Anywhere,
    /// Those in these directories and below them.
    Directories(Vec<PathBuf>),
}

/// What a file is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Purpose {
    #[default]
    Reading,
    Writing,
}

/// Where a file lies, and what it may reach from there.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    access: FileAccess,
    purpose: Purpose,
    /// Where the file lies, symbolic links followed.
    path: Option<PathBuf>,
    /// Where relative names are looked up.
    directories: Vec<PathBuf>,
    /// What may be touched. Files that are reached from the opened one have its roots, not their own.
    roots: Arc<[PathBuf]>,
}

/// Where a file is that may be written to.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    There(PathBuf),
    /// It has to be created first.
    New(PathBuf),
}

impl Purpose {
    fn forbidden(self) -> &'static str {
        match self {
            Purpose::Reading => "no other file may be read",
            Purpose::Writing => "no other file may be written to",
        }
    }

    fn outside(self) -> &'static str {
        match self {
            Purpose::Reading => "it is not in a directory that may be read",
            Purpose::Writing => "it is not in a directory that may be written to",
        }
    }

    fn led_outside(self) -> &'static str {
        match self {
            Purpose::Reading => "a symbolic link leads out of the directories that may be read",
            Purpose::Writing => "a symbolic link leads out of the directories that may be written to",
        }
    }
}

impl Surroundings {
    /// The surroundings of the file that was opened.
    pub(super) fn new(path: Option<&Path>, access: &FileAccess) -> Result<Self> {
        let mut surroundings = Surroundings { access: access.clone(), ..Surroundings::default() };
        surroundings.lie_at(path)?;
        let mut roots = Vec::new();
        match access {
            FileAccess::Below => roots.clone_from(&surroundings.directories),
            FileAccess::Directories(allowed) => {
                for directory in allowed {
                    roots.push(lexical(&std::path::absolute(directory)?));
                    roots.extend(directory.canonicalize().ok());
                }
            }
            _ => {}
        }
        surroundings.roots = roots.into();
        Ok(surroundings)
    }

    /// The surroundings of a file that was reached from this one.
    pub(super) fn of_neighbour(&self, path: &Path) -> Result<Self> {
        let mut surroundings = Surroundings { directories: Vec::new(), path: None, ..self.clone() };
        surroundings.lie_at(Some(path))?;
        Ok(surroundings)
    }

    /// The same for files that are written to, which is decided apart.
    pub(super) fn for_writing(path: Option<&Path>, access: &FileAccess) -> Result<Self> {
        Ok(Surroundings { purpose: Purpose::Writing, ..Surroundings::new(path, access)? })
    }

    /// The same where the file itself consists of several ones: those beside it belong to it.
    pub(super) fn for_members(&self) -> Self {
        match self.access {
            FileAccess::Forbidden => Surroundings {
                access: FileAccess::Below,
                roots: self.directories.clone().into(),
                ..self.clone()
            },
            _ => self.clone(),
        }
    }

    fn lie_at(&mut self, path: Option<&Path>) -> Result<()> {
        let Some(path) = path else { return Ok(()) };
        let named = lexical(&std::path::absolute(path)?);
        let real = path.canonicalize().unwrap_or_else(|_| named.clone());
        for directory in [named.parent(), named.parent().and_then(|p| p.canonicalize().ok()).as_deref()] {
            self.add_directory(directory);
        }
        self.add_directory(real.parent());
        self.path = Some(real);
        Ok(())
    }

    fn add_directory(&mut self, directory: Option<&Path>) {
        if let Some(directory) = directory
            && !self.directories.iter().any(|known| known == directory)
        {
            self.directories.push(directory.to_path_buf());
        }
    }

    /// Where the file lies, if it lies in the file system.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Finds the file of this name; none if there is none. What may not be touched is an error.
    pub(super) fn find(&self, name: &[u8], last_component_too: bool) -> Result<Option<PathBuf>> {
        let name_path = self.lookup(name)?;
        let mut skipped = false;
        for candidate in self.candidates(&name_path, last_component_too) {
            if !self.allows(&lexical(&std::path::absolute(&candidate)?)) {
                skipped = true;
                continue;
            }
            match candidate.canonicalize() {
                Ok(real) if self.allows(&real) => return regular(real).map(Some),
                Ok(_) => return Err(self.refused(name, self.purpose.led_outside())),
                Err(e) if is_missing(&e) => {}
                Err(e) => return Err(e.into()),
            }
        }
        if skipped { Err(self.refused(name, self.purpose.outside())) } else { Ok(None) }
    }

    /// Refuses a file that was found already, unless it may be touched.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        if self.allows(path) {
            return Ok(());
        }
        let forbidden = self.access == FileAccess::Forbidden;
        let why = if forbidden { self.purpose.forbidden() } else { self.purpose.outside() };
        Err(self.refused(path.as_os_str().as_encoded_bytes(), why))
    }

    /// Finds the file of raw data of this name, or where it may be created: in a directory that is there.
    pub(super) fn place(&self, name: &[u8]) -> Result<Place> {
        match self.find(name, false)? {
            Some(path) if self.path.as_ref() == Some(&path) => {
                Err(Error::misuse("the file itself is named as a file of its raw data"))
            }
            Some(path) => Ok(Place::There(path)),
            None => self.new_place(name),
        }
    }

    fn new_place(&self, name: &[u8]) -> Result<Place> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "the directory of the file is not there");
        let candidate = self.candidates(&self.lookup(name)?, false).into_iter().next().ok_or_else(missing)?;
        // Without its last component, which a symbolic link could be that leads nowhere yet.
        let (Some(parent), Some(last)) = (candidate.parent(), candidate.file_name()) else {
            return Err(Error::misuse("the name of a file of raw data is that of a directory"));
        };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let real = parent.canonicalize()?.join(last);
        if self.allows(&real) {
            Ok(Place::New(real))
        } else {
            Err(self.refused(name, self.purpose.led_outside()))
        }
    }

    /// The name as a path, if there is anywhere to look for it.
    fn lookup(&self, name: &[u8]) -> Result<PathBuf> {
        if self.access == FileAccess::Forbidden {
            return Err(self.refused(name, self.purpose.forbidden()));
        }
        let path = to_path(name)?;
        if path.is_relative() && self.directories.is_empty() && self.access != FileAccess::Anywhere {
            return Err(self.refused(name, "the opened file has no directory in which to look for it"));
        }
        Ok(path)
    }

    /// The error for a name that may not be used.
    pub(super) fn refused(&self, name: &[u8], why: &'static str) -> Error {
        let option = match self.purpose {
            Purpose::Reading => "file_access",
            Purpose::Writing => "write_access",
        };
        Misuse::FileAccess { file: String::from_utf8_lossy(name).into_owned(), why, option }.into()
    }

    /// Where to look, in libhdf5's order.
    fn candidates(&self, name: &Path, last_component_too: bool) -> Vec<PathBuf> {
        let beside = |name: &Path| -> Vec<PathBuf> {
            let mut all: Vec<_> = self.directories.iter().map(|directory| directory.join(name)).collect();
            if self.access == FileAccess::Anywhere {
                all.insert(all.len().min(1), name.to_path_buf());
            }
            all
        };
        if name.is_relative() {
            return beside(name);
        }
        let mut all = vec![name.to_path_buf()];
        if let (true, Some(last)) = (last_component_too, name.file_name()) {
            all.extend(beside(Path::new(last)));
        }
        all
    }

    fn allows(&self, path: &Path) -> bool {
        match self.access {
            FileAccess::Anywhere => true,
            FileAccess::Forbidden => false,
            _ => self.roots.iter().any(|root| path.starts_with(root)),
        }
    }
}

/// A pipe or a device would hang whoever opens it.
fn regular(path: PathBuf) -> Result<PathBuf> {
    if path.metadata()?.is_file() {
        return Ok(path);
    }
    Err(Error::misuse(format!("{path:?} is not a regular file")))
}

/// Tells whether two paths, symbolic links followed, lead to one file: it can have several names.
#[cfg(unix)]
pub(super) fn is_same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |path: &Path| path.metadata().map(|of| (of.dev(), of.ino())).ok();
    a == b || identity(a).is_some_and(|a| identity(b) == Some(a))
}

#[cfg(not(unix))]
pub(super) fn is_same_file(a: &Path, b: &Path) -> bool {
    a == b
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The path without `.` and `..`, without a look at the file system.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(unix)]
fn to_path(name: &[u8]) -> Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}

#[cfg(not(unix))]
fn to_path(name: &[u8]) -> Result<PathBuf> {
    match std::str::from_utf8(name) {
        Ok(name) => Ok(PathBuf::from(name)),
        Err(_) => Err(Error::unsupported("a file name that is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_does_not_depend_on_how_it_is_spelled() {
        assert_eq!(lexical(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(lexical(Path::new("/../a")), Path::new("/a"));
        let roots: Arc<[PathBuf]> = vec![PathBuf::from("/a/b")].into();
        let surroundings = Surroundings { roots, ..Surroundings::default() };
        for (path, allowed) in
            [("/a/b/c", true), ("/a/b/c/../d", true), ("/a/bc", false), ("/a/b/../c", false), ("/a", false)]
        {
            assert_eq!(surroundings.allows(&lexical(Path::new(path))), allowed, "{path}");
        }
    }

    #[test]
    fn absolute_names_count_as_their_last_component_too() {
        let directories = vec![PathBuf::from("/a"), PathBuf::from("/real")];
        let mut surroundings = Surroundings { directories, ..Surroundings::default() };
        let found = |s: &Surroundings, name: &str, last| s.candidates(Path::new(name), last);
        assert_eq!(found(&surroundings, "x", true), [Path::new("/a/x"), Path::new("/real/x")]);
        let all = [Path::new("/b/x"), Path::new("/a/x"), Path::new("/real/x")];
        assert_eq!(found(&surroundings, "/b/x", true), all);
        assert_eq!(found(&surroundings, "/b/x", false), all[..1]);
        surroundings.access = FileAccess::Anywhere;
        let all = [Path::new("/a/x"), Path::new("x"), Path::new("/real/x")];
        assert_eq!(found(&surroundings, "x", true), all);
    }
}
