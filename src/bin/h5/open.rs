//! Opens the files that the user names.

use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What a file is to be opened as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    /// One file.
    Single,
    /// Files of the same size, numbered: the name has "%05d" or the like where the number is.
    Family,
    /// Metadata in `NAME-m.h5`.
    Split,
    /// Superblock in `NAME-s.h5`.
    Multi,
}

impl FromStr for Driver {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "sec2" | "stdio" | "core" | "log" | "direct" | "windows" => Ok(Driver::Single),
            "family" => Ok(Driver::Family),
            "split" => Ok(Driver::Split),
            "multi" => Ok(Driver::Multi),
            _ => Err("known are sec2, family, split and multi".to_owned()),
        }
    }
}

/// Opens a file to look into all that it has; what a virtual dataset lacks shows as the fill value.
pub(crate) fn open(path: &Path, driver: Option<Driver>) -> h5::Result<h5::File> {
    let first = first_member(path, driver).unwrap_or_else(|| path.to_owned());
    let options = h5::File::options().missing_sources(h5::MissingSources::Fill);
    options.open(first)
}

/// The first member of the files that a name stands for, as libhdf5's tools take names. The library finds the others.
fn first_member(path: &Path, driver: Option<Driver>) -> Option<PathBuf> {
    let ending = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        Some(PathBuf::from(name))
    };
    match driver {
        Some(Driver::Single) => None,
        Some(Driver::Family) => numbered(path),
        Some(Driver::Split) => ending("-m.h5"),
        Some(Driver::Multi) => ending("-s.h5"),
        None if path.exists() => None,
        None => [numbered(path), ending("-m.h5"), ending("-s.h5")]
            .into_iter()
            .flatten()
            .find(|member| member.is_file()),
    }
}

/// A name that has a conversion of C's printf for an integer, with 0 in its place.
fn numbered(path: &Path) -> Option<PathBuf> {
    const WIDEST: usize = 64;
    let name = path.to_str()?;
    let (before, rest) = name.split_once('%')?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
    let (width, behind) = rest.split_at(end);
    let behind = behind.strip_prefix(['d', 'u', 'i', 'x'])?;
    let columns = if width.is_empty() { 0 } else { width.parse().ok().filter(|&width| width <= WIDEST)? };
    let number = if width.starts_with('0') { format!("{:0columns$}", 0) } else { format!("{:columns$}", 0) };
    Some(PathBuf::from(format!("{before}{number}{behind}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_their_first_members() {
        let first = |name: &str, driver| {
            first_member(Path::new(name), driver).map(|path| path.to_str().unwrap().to_owned())
        };
        assert_eq!(first("a%05d.h5", Some(Driver::Family)).as_deref(), Some("a00000.h5"));
        assert_eq!(first("a%d", Some(Driver::Family)).as_deref(), Some("a0"));
        assert_eq!(first("a%2dz", Some(Driver::Family)).as_deref(), Some("a 0z"));
        assert_eq!(first("a%s", Some(Driver::Family)), None);
        assert_eq!(first("a%999999999999d", Some(Driver::Family)), None);
        assert_eq!(first("a", Some(Driver::Split)).as_deref(), Some("a-m.h5"));
        assert_eq!(first("a", Some(Driver::Multi)).as_deref(), Some("a-s.h5"));
        assert_eq!(first("a%d", Some(Driver::Single)), None);
        assert_eq!(first("absent%05d.h5", None), None);
        assert!("ros3".parse::<Driver>().is_err() && "sec2".parse() == Ok(Driver::Single));
    }
}
