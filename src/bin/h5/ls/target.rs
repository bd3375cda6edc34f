//! `FILE/path` to a file and a path in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What an argument names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) file: PathBuf,
    /// The path in the file, without slashes around it; empty for the root.
    pub(super) path: String,
}

impl Target {
    /// Takes the longest prefix that is a file. If none is, the whole is the name of a file, which opening complains of.
    pub(super) fn split(argument: &OsStr) -> Target {
        let whole = Path::new(argument);
        let file = whole.ancestors().find(|path| path.is_file()).unwrap_or(whole);
        let path = whole.strip_prefix(file).map(|path| path.to_string_lossy().into_owned());
        Target { file: file.to_owned(), path: path.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_that_is_a_file_is_the_file() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let target = |path: &str| Target { file: file.clone(), path: path.to_owned() };
        let text = file.display();
        assert_eq!(Target::split(OsStr::new(&format!("{text}"))), target(""));
        assert_eq!(Target::split(OsStr::new(&format!("{text}/"))), target(""));
        assert_eq!(Target::split(OsStr::new(&format!("{text}/a/b"))), target("a/b"));
        let absent = Target { file: PathBuf::from("absent/a"), path: String::new() };
        assert_eq!(Target::split(OsStr::new("absent/a")), absent);
    }
}
