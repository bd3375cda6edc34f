//! Files that consist of several files: which ones, and what of the address space each of them holds.
//!
//! The driver information of a family ("NCSAfami") has the bytes of a member in 8 bytes; `format::multi_info` is that of
//! multi and split files ("NCSAmult").

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file_access::{FileAccess, Surroundings};
use super::open::{DEFAULT_K, load_superblock};
use super::pending;
use super::{Core, Header};
use crate::base::{Budget, Error, Malformed, Reader, Result, Structure};
use crate::format;
use crate::format::message::driver_info::{DriverInfo, DriverInfoBlock};
use crate::format::multi_info::{self, MultiInfo, MultiMember};
use crate::format::superblock::{OldRoot, Root, SIGNATURE, Superblock};
use crate::storage::{FamilyStorage, FileLocking, FileStorage, MultiStorage, Storage};

/// How a file is spread over files of the file system.
///
/// The path that is opened or created is that of the first member: of a family, the one with the number 0; else the one
/// that has the superblock.
///
/// ```
/// let family = h5::File::options().driver(h5::Driver::Family { member_size: Some(1 << 20) });
/// let split = h5::File::options().driver(h5::Driver::Split { meta_ext: None, raw_ext: None });
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
    /// One file of metadata and one of raw data.
    Split {
        /// What the name of the metadata's file ends with, or where the common part is in it if it has a "%s"; `None` is
        /// what the file says, else "-m.h5".
        meta_ext: Option<String>,
        /// The same for the raw data; "-r.h5".
        raw_ext: Option<String>,
    },
    /// A file for each kind of data, as the file says. The six of a new one are `NAME-s.h5` (superblock), `NAME-b.h5`
    /// (B-trees), `NAME-r.h5` (raw data), `NAME-g.h5`, `NAME-l.h5` (heaps) and `NAME-o.h5` (object headers).
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
            let Ok((superblock, info)) = info_around(path, &first, around) else { return Ok(None) };
            match info {
                Some(info) if info.driver == FAMILY => {
                    family(path, first, Some(member_size(&info)?), around).map(Some)
                }
                Some(info) if info.driver == MULTI => multi(path, &multi_info(&info)?, around).map(Some),
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
        _ => match info_around(path, &first, &members)?.1 {
            Some(info) if info.driver == MULTI => {
                let mut info = multi_info(&info)?;
                rename(&mut info, driver);
                multi(path, &info, &members).map(Some)
            }
            _ if *driver != Driver::Multi => split(path, driver, &members).map(Some),
            _ => Err(Error::malformed("the file has no information for the multi driver")
                .within(Structure::DriverInfo)),
        },
    }
}

pub(super) const FAMILY: [u8; 8] = *b"NCSAfami";
pub(super) const MULTI: [u8; 8] = *b"NCSAmult";

/// The superblock of a first member, and what its driver information is.
pub(super) fn driver_info(first: &Arc<dyn Storage>) -> Result<(Superblock, Option<DriverInfo>)> {
    let (budget, len) = (Budget::default(), first.len()?);
    let (superblock, table) = load_superblock(&**first, len, false, &budget)?;
    let mut core = Core::new(Arc::clone(first), superblock.clone(), DEFAULT_K)?;
    table.iter().for_each(|table| pending::lay_over(table, &mut core.overlay));
    let info = core.driver_info()?;
    Ok((superblock, info))
}

impl Core {
    /// What the file says of its driver.
    pub(super) fn driver_info(&self) -> Result<Option<DriverInfo>> {
        match &self.superblock.root {
            Root::Old(OldRoot { driver_info: Some(address), .. }) => {
                let (block, _) = self.fetch_uncached::<DriverInfoBlock>(*address, &self.sizes())?;
                Ok(Some(block.0))
            }
            Root::New { extension: Some(extension), .. } => Header::load(self, *extension)?.message(self),
            Root::Old(_) | Root::New { extension: None, .. } => Ok(None),
        }
    }
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

/// What the driver information of a multi or split file says.
pub(super) fn multi_info(info: &DriverInfo) -> Result<MultiInfo> {
    format::decode(&info.information, 0, &(), &Budget::default())
}

/// What such files are named and where they begin unless something else is asked for, the one of each kind of data.
pub(super) fn usual_multi() -> MultiInfo {
    const STEP: u64 = (u64::MAX - 1) / 6;
    let member =
        |(number, letter)| MultiMember { template: format!("%s-{letter}.h5"), start: number * STEP, used: 0 };
    MultiInfo { map: [0; 6], members: (0..).zip("sbrglo".chars()).map(member).collect() }
}

/// Where libhdf5 puts raw data if nothing else was asked for.
const RAW_START: u64 = u64::MAX / 2;
const METADATA_EXTENSION: &str = "-m.h5";
const RAW_EXTENSION: &str = "-r.h5";

/// A split file whose names end as given, or else as usual. Global heaps count as raw data.
pub(super) fn usual_split(meta_ext: Option<&str>, raw_ext: Option<&str>) -> MultiInfo {
    let member = |start, extension: &str| MultiMember { template: template(extension), start, used: 0 };
    let metadata = member(0, meta_ext.unwrap_or(METADATA_EXTENSION));
    let raw = member(RAW_START, raw_ext.unwrap_or(RAW_EXTENSION));
    let (meta, draw) = (multi_info::SUPERBLOCK, multi_info::RAW_DATA);
    MultiInfo { map: [meta, meta, draw, draw, meta, meta], members: vec![metadata, raw] }
}

/// As in libhdf5, an extension can say where the common part of the names goes.
fn template(extension: &str) -> String {
    if extension.contains("%s") { extension.to_owned() } else { format!("%s{extension}") }
}

/// What the caller says of the names counts more than what the file says.
pub(super) fn rename(info: &mut MultiInfo, driver: &Driver) {
    let Driver::Split { meta_ext, raw_ext } = driver else { return };
    for (kind, extension) in [(multi_info::SUPERBLOCK, meta_ext), (multi_info::RAW_DATA, raw_ext)] {
        let member = info.member_of(kind).and_then(|number| info.members.get_mut(number));
        if let (Some(member), Some(extension)) = (member, extension) {
            member.template = template(extension);
        }
    }
}

/// The names of all members, if the one at the beginning of all addresses is that of `path`.
pub(super) fn member_names(path: &Path, info: &MultiInfo) -> Result<Vec<String>> {
    let name = file_name(path)?;
    let template = info.members.iter().find(|member| member.start == 0).map(|member| &*member.template);
    let base = template.and_then(|template| {
        let (before, behind) = template.split_once("%s")?;
        name.strip_prefix(before)?.strip_suffix(behind)
    });
    let Some(base) = base else {
        let template = template.unwrap_or_default();
        let what = format!("{name:?} is not named as the member with the superblock: {template:?}");
        return Err(Error::misuse(what));
    };
    Ok(info.members.iter().map(|member| member.template.replacen("%s", base, 1)).collect())
}

/// Puts a multi or split file together from what is known of it.
fn multi(path: &Path, info: &MultiInfo, around: &Surroundings) -> Result<Arc<dyn Storage>> {
    let mut parts: Vec<(u64, Arc<dyn Storage>)> = Vec::new();
    for (member, name) in info.members.iter().zip(member_names(path, info)?) {
        match around.find(name.as_bytes(), false)? {
            Some(path) => parts.push((member.start, opened(&path, member.used)?)),
            // A kind of data that the file does not have need not have a file.
            None if member.used == 0 => {}
            None => return Err(missing(&name)),
        }
    }
    Ok(Arc::new(MultiStorage::new(parts)?))
}

/// What a first member says of its driver.
///
/// The superblock extension of a multi file lies in another member. libhdf5 finds it because the caller tells it of all of
/// them; here they are looked for under the names that they have unless something else was asked for.
pub(super) fn info_around(
    path: &Path,
    first: &Arc<dyn Storage>,
    around: &Surroundings,
) -> Result<(Superblock, Option<DriverInfo>)> {
    let error = match driver_info(first) {
        Ok(found) => return Ok(found),
        Err(error) => error,
    };
    let usual = usual_multi();
    let all = if member_names(path, &usual).is_ok() { multi(path, &usual, around).ok() } else { None };
    all.map_or(Err(error), |all| driver_info(&all))
}

/// A split file that does not say so.
fn split(path: &Path, driver: &Driver, around: &Surroundings) -> Result<Arc<dyn Storage>> {
    let mut info = usual_split(None, None);
    rename(&mut info, driver);
    let raw = member_names(path, &info)?.pop().unwrap_or_default();
    if around.find(raw.as_bytes(), false)?.is_none() {
        return Err(missing(&raw));
    }
    multi(path, &info, around)
}

/// Opens a member that has to have so many bytes.
fn opened(path: &Path, needed: u64) -> Result<Arc<dyn Storage>> {
    let storage = member(path, FileStorage::open(path, FileLocking::Off))?;
    check_len(path, &storage, needed)?;
    Ok(Arc::new(storage))
}

/// Refuses a member that has become shorter than it has to be.
pub(super) fn check_len(path: &Path, storage: &FileStorage, needed: u64) -> Result<()> {
    let available = storage.len()?;
    if needed > available {
        let error = Error::from(Malformed::Truncated { needed, available }).within(Structure::DriverInfo);
        return Err(error.in_file(&path.to_string_lossy(), "the file it is a member of"));
    }
    Ok(())
}

pub(super) fn missing(name: &str) -> Error {
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

    #[test]
    fn names_come_from_the_caller_the_file_or_libhdf5() {
        let names = |path: &str, info: &MultiInfo| member_names(Path::new(path), info).ok();
        let mut info = usual_split(None, None);
        assert_eq!(names("d/x-m.h5", &info).unwrap(), ["x-m.h5", "x-r.h5"]);
        assert_eq!((names("x.h5", &info), names("x-r.h5", &info)), (None, None));
        rename(&mut info, &Driver::Multi);
        let given = |meta: Option<&str>, raw: Option<&str>| Driver::Split {
            meta_ext: meta.map(str::to_owned),
            raw_ext: raw.map(str::to_owned),
        };
        rename(&mut info, &given(None, Some("raw-%s.bin")));
        assert_eq!(names("x-m.h5", &info).unwrap(), ["x-m.h5", "raw-x.bin"]);
        rename(&mut info, &given(Some(".meta"), None));
        assert_eq!(names("x.meta", &info).unwrap(), ["x.meta", "raw-x.bin"]);
        assert_eq!(info, usual_split(Some(".meta"), Some("raw-%s.bin")));
        assert_eq!(names("x-s.h5", &usual_multi()).unwrap()[5], "x-o.h5");
        assert_eq!(usual_multi().members[5].start, 0xd555_5555_5555_5552);
    }

    #[test]
    fn members_of_a_family_have_bytes() {
        let zero = DriverInfo { driver: FAMILY, information: vec![0; 8] };
        assert!(member_size(&zero).is_err());
    }
}
