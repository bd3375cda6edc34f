//! Files that consist of several files: which ones, and what of the address space each of them holds.
//!
//! Specification 4.0, II.B. What the driver information says, by driver:
//!
//! ```text
//! "NCSAfami"                      "NCSAmult"
//!  0  8  bytes of a member         0  6  for each kind of data (superblock, B-trees, raw data, global heap, local
//!                                        heap, object headers) the kind in whose member it lies, from 1; 0: its own
//!                                  6  2  reserved
//!                                  8  .  for each member, by its kind: first address (8), bytes in use (8)
//!                                  .  .  for each member the template of its name, "%s" for the common part;
//!                                        NUL-terminated and padded to a multiple of 8
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file_access::{FileAccess, Surroundings};
use super::open::{DEFAULT_K, load_superblock};
use super::pending;
use super::{Core, Header};
use crate::base::{Budget, Error, Malformed, Reader, Result, Structure};
use crate::format::message::driver_info::{DriverInfo, DriverInfoBlock};
use crate::format::superblock::{Root, SIGNATURE, Superblock};
use crate::storage::{FamilyStorage, FileLocking, FileStorage, MultiStorage, Storage};

/// How a file is spread over files of the file system. Of those of several members, families can be created and written
/// to, the others only read.
///
/// The path that is opened or created is that of the first member: of a family, the one with the number 0; else the one
/// that has the superblock.
///
/// ```
/// let family = h5::File::options().driver(h5::Driver::Family { member_size: Some(1 << 20) });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Driver {
    /// What the file itself says; without a word from it, one file. To write to several members takes another choice
    /// than this: the file alone does not decide which others are written to.
    ///
    /// A file that ends early and has a numbered successor is the first member of a family if the members together
    /// have just the size that is missing: old families do not tell that they are one.
    #[default]
    Auto,
    /// One file.
    Single,
    /// A family: members of equal size whose names differ by a number that begins with 0.
    Family {
        /// Bytes of each member but the last; `None` is what the file says, or the size of the first one. New families
        /// have members of 100 MiB then.
        member_size: Option<u64>,
    },
    /// One file of metadata and one of raw data. Without a word from the file, `NAME-m.h5` and `NAME-r.h5`.
    Split,
    /// A file for each kind of data, as the driver information says.
    Multi,
}

/// The members of a file that has some, put together; none for a file that is just one.
pub(crate) fn members_of(
    path: &Path,
    driver: &Driver,
    access: &FileAccess,
) -> Result<Option<Arc<dyn Storage>>> {
    member_storage(path, driver, &Surroundings::new(Some(path), access)?)
}

/// The same where it is known what lies around the file.
pub(super) fn member_storage(
    path: &Path,
    driver: &Driver,
    around: &Surroundings,
) -> Result<Option<Arc<dyn Storage>>> {
    if *driver == Driver::Single {
        return Ok(None);
    }
    let first: Arc<dyn Storage> = Arc::new(FileStorage::open(path, FileLocking::Off)?);
    let members = around.for_members();
    match driver {
        Driver::Auto => {
            // What is wrong with a file is said when it is opened, not when it is asked for its driver.
            let Ok((superblock, info)) = driver_info(&first) else { return Ok(None) };
            match info {
                Some(info) if info.driver == FAMILY => {
                    family(path, first, Some(member_size(&info)?), around).map(Some)
                }
                Some(info) if info.driver == MULTI => multi(path, &info, around).map(Some),
                _ => old_family(path, first, &superblock, around),
            }
        }
        Driver::Family { member_size: Some(size) } => family(path, first, Some(*size), &members).map(Some),
        Driver::Family { member_size: None } => {
            let size = match driver_info(&first)?.1 {
                Some(info) if info.driver == FAMILY => Some(member_size(&info)?),
                _ => None,
            };
            family(path, first, size, &members).map(Some)
        }
        _ => match driver_info(&first)?.1 {
            Some(info) if info.driver == MULTI => multi(path, &info, &members).map(Some),
            _ if *driver == Driver::Split => split(path, &members).map(Some),
            _ => Err(Error::malformed("the file has no information for the multi driver")
                .within(Structure::DriverInfo)),
        },
    }
}

pub(super) const FAMILY: [u8; 8] = *b"NCSAfami";
const MULTI: [u8; 8] = *b"NCSAmult";

/// The superblock of a first member, and what its driver information is.
pub(super) fn driver_info(first: &Arc<dyn Storage>) -> Result<(Superblock, Option<DriverInfo>)> {
    let (budget, len) = (Budget::default(), first.len()?);
    let (superblock, table) = load_superblock(&**first, len, false, &budget)?;
    let mut core = Core::new(Arc::clone(first), superblock.clone(), DEFAULT_K)?;
    table.iter().for_each(|table| pending::lay_over(table, &mut core.overlay));
    let info = match &superblock.root {
        Root::Old(old) => match old.driver_info {
            Some(address) => {
                let (block, _) = core.fetch_uncached::<DriverInfoBlock>(address, &core.sizes())?;
                Some(block.0)
            }
            None => None,
        },
        Root::New { extension: Some(extension), .. } => Header::load(&core, *extension)?.message(&core)?,
        Root::New { extension: None, .. } => None,
    };
    Ok((superblock, info))
}

fn with_information<T>(info: &DriverInfo, f: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
    let budget = Budget::default();
    f(&mut Reader::new(&info.information, 0, Structure::DriverInfo, &budget))
}

pub(super) fn member_size(info: &DriverInfo) -> Result<u64> {
    with_information(info, |r| match r.u64()? {
        0 => Err(r.bad("size of a member", 0u8, "it must be greater than zero")),
        size => Ok(size),
    })
}

/// The name of a member of a family: what stands before the number, its digits, what stands behind it.
#[derive(Debug, PartialEq)]
pub(super) struct Numbered {
    before: String,
    digits: usize,
    behind: String,
}

impl Numbered {
    /// The number is the last run of zeros in front of the extension.
    fn of(first: &str) -> Option<Numbered> {
        let stem = first.rfind('.').map_or(first, |dot| &first[..dot]);
        let last = stem.rfind('0')?;
        let start = stem[..=last].trim_end_matches('0').len();
        let (before, behind) = (first[..start].to_owned(), first[last + 1..].to_owned());
        Some(Numbered { before, digits: last + 1 - start, behind })
    }

    pub(super) fn name(&self, number: u64) -> String {
        format!("{}{:0width$}{}", self.before, number, self.behind, width = self.digits)
    }
}

fn file_name(path: &Path) -> Result<&str> {
    path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        Error::unsupported(format!("several members with names that are not UTF-8, beside {path:?}"))
    })
}

pub(super) fn numbered(path: &Path) -> Result<Numbered> {
    let name = file_name(path)?;
    Numbered::of(name).ok_or_else(|| {
        Error::misuse(format!("{name:?} has no number 0, as the first member of a family has"))
    })
}

pub(super) fn later_members(names: &Numbered, around: &Surroundings) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    while let Some(path) = around.find(names.name(paths.len() as u64 + 1).as_bytes(), false)? {
        paths.push(path);
    }
    Ok(paths)
}

/// Puts a family together.
fn family(
    path: &Path,
    first: Arc<dyn Storage>,
    size: Option<u64>,
    around: &Surroundings,
) -> Result<Arc<dyn Storage>> {
    let size = match size {
        Some(size) => size,
        None => first.len()?,
    };
    let mut members = vec![first];
    for path in later_members(&numbered(path)?, around)? {
        members.push(Arc::new(member(&path, FileStorage::open(&path, FileLocking::Off))?));
    }
    Ok(Arc::new(FamilyStorage::new(members, size)?))
}

/// Says of a member that cannot be opened which one it is.
pub(super) fn member<T>(path: &Path, opened: io::Result<T>) -> Result<T> {
    opened.map_err(|e| Error::from(e).opening(path))
}

/// A family whose first member does not say so: all that is known is that the file is longer than it.
fn old_family(
    path: &Path,
    first: Arc<dyn Storage>,
    superblock: &Superblock,
    around: &Surroundings,
) -> Result<Option<Arc<dyn Storage>>> {
    let size = first.len()?;
    if superblock.end_of_file <= size {
        return Ok(None);
    }
    let Ok(names) = numbered(path) else { return Ok(None) };
    let second = match around.find(names.name(1).as_bytes(), false) {
        Ok(Some(second)) => member(&second, FileStorage::open(&second, FileLocking::Off))?,
        _ => return Ok(None),
    };
    let mut start = [0; SIGNATURE.len()];
    if second.read_at(0, &mut start).is_ok() && start == SIGNATURE {
        return Ok(None);
    }
    let whole = family(path, first, Some(size), around)?;
    Ok((whole.len()? == superblock.end_of_file).then_some(whole))
}

/// One member of a multi file.
#[derive(Debug, PartialEq)]
struct MultiMember {
    template: String,
    start: u64,
    used: u64,
}

/// The kinds of data that can have a member of their own.
const KINDS: u8 = 6;

/// What the driver information says about the members, in the order of their kinds.
fn multi_members(info: &DriverInfo) -> Result<Vec<MultiMember>> {
    with_information(info, |r| {
        let at = r.clone();
        let map: [u8; 8] = r.array()?;
        let mut kinds = Vec::new();
        for (own, &mapped) in (1..=KINDS).zip(&map) {
            if mapped > KINDS {
                return Err(at.bad("kind of a member", mapped, "at most 6"));
            }
            let kind = if mapped == 0 { own } else { mapped };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        // Addresses and names are stored in the order in which the kinds first turn up in the map.
        let mut members = Vec::new();
        for _ in &kinds {
            members.push(MultiMember { start: r.u64()?, used: r.u64()?, template: String::new() });
        }
        for member in &mut members {
            let at = r.clone();
            let name = r.c_string()?;
            let padding = (name.len() + 1).next_multiple_of(8) - (name.len() + 1);
            r.skip_padding(padding.min(r.remaining()), "names are padded; the last one need not be")?;
            match std::str::from_utf8(name) {
                Ok(name) if name.contains("%s") => member.template = name.to_owned(),
                _ => return Err(at.bad("name of a member", name.len() as u64, "a text with \"%s\" in it")),
            }
        }
        Ok(members)
    })
}

/// Puts a multi or split file together from what its driver information says.
fn multi(path: &Path, info: &DriverInfo, around: &Surroundings) -> Result<Arc<dyn Storage>> {
    let members = multi_members(info)?;
    let name = file_name(path)?;
    let base = members.iter().find(|member| member.start == 0).and_then(|member| {
        let (before, behind) = member.template.split_once("%s")?;
        name.strip_prefix(before)?.strip_suffix(behind)
    });
    let Some(base) = base else {
        let what = format!("{name:?} is not named as the member of a multi file that has its superblock");
        return Err(Error::misuse(what));
    };
    let mut parts: Vec<(u64, Arc<dyn Storage>)> = Vec::new();
    for member in &members {
        let name = member.template.replacen("%s", base, 1);
        match around.find(name.as_bytes(), false)? {
            Some(path) => parts.push((member.start, opened(&path, member.used)?)),
            // A kind of data that the file does not have need not have a file.
            None if member.used == 0 => {}
            None => return Err(missing(&name)),
        }
    }
    Ok(Arc::new(MultiStorage::new(parts)?))
}

/// Where libhdf5 puts raw data if nothing else was asked for.
const RAW_START: u64 = u64::MAX / 2;

/// A split file that does not say so.
fn split(path: &Path, around: &Surroundings) -> Result<Arc<dyn Storage>> {
    const METADATA: &str = "-m.h5";
    let name = file_name(path)?;
    let Some(base) = name.strip_suffix(METADATA) else {
        return Err(Error::misuse(format!(
            "{name:?} does not end as the metadata of a split file: {METADATA}"
        )));
    };
    let raw = format!("{base}-r.h5");
    let raw = around.find(raw.as_bytes(), false)?.ok_or_else(|| missing(&raw))?;
    let parts = vec![(0, opened(path, 0)?), (RAW_START, opened(&raw, 0)?)];
    Ok(Arc::new(MultiStorage::new(parts)?))
}

/// Opens a member that has to have so many bytes.
fn opened(path: &Path, needed: u64) -> Result<Arc<dyn Storage>> {
    let storage = member(path, FileStorage::open(path, FileLocking::Off))?;
    let available = storage.len()?;
    if needed > available {
        let error = Error::from(Malformed::Truncated { needed, available }).within(Structure::DriverInfo);
        return Err(error.in_file(&path.to_string_lossy(), "the file it is a member of"));
    }
    Ok(Arc::new(storage))
}

fn missing(name: &str) -> Error {
    let what = format!("{name:?}, a member of the file, is not there");
    io::Error::new(io::ErrorKind::NotFound, what).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(before: &str, digits: usize, behind: &str) -> Option<Numbered> {
        Some(Numbered { before: before.to_owned(), digits, behind: behind.to_owned() })
    }

    #[test]
    fn the_number_is_the_last_run_of_zeros() {
        assert_eq!(Numbered::of("fam00000.h5"), numbered("fam", 5, ".h5"));
        assert_eq!(Numbered::of("family_v16-000000.h5"), numbered("family_v16-", 6, ".h5"));
        assert_eq!(Numbered::of("a0b"), numbered("a", 1, "b"));
        assert_eq!(Numbered::of("plain.h50"), None);
        assert_eq!(Numbered::of("fam00000.h5").unwrap().name(12), "fam00012.h5");
    }

    fn split_information(map: [u8; 8]) -> DriverInfo {
        let mut information = map.to_vec();
        for number in [0u64, 100, RAW_START, 40] {
            information.extend(number.to_le_bytes());
        }
        information.extend(b"%s-m.h5\0%s-raw.h5\0");
        DriverInfo { driver: MULTI, information }
    }

    #[test]
    fn the_information_tells_the_members() {
        let members = multi_members(&split_information([1, 1, 3, 3, 1, 1, 0, 0])).unwrap();
        let expected = [("%s-m.h5", 0, 100), ("%s-raw.h5", RAW_START, 40)]
            .map(|(template, start, used)| MultiMember { template: template.to_owned(), start, used });
        assert_eq!(members, expected);
        assert!(multi_members(&split_information([1, 7, 3, 3, 1, 1, 0, 0])).is_err());
        assert!(multi_members(&split_information([1, 2, 3, 3, 1, 1, 0, 0])).is_err(), "too short for three");
        let zero = DriverInfo { driver: FAMILY, information: vec![0; 8] };
        assert!(member_size(&zero).is_err());
    }
}
