//! Files of several members that are created or written to.
//!
//! The members of a family are pieces of one file. Those of a split or multi file have addresses of their own, and
//! `engine::regions` sees to it that each block goes to its member.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::driver::{
    Driver, FAMILY, MULTI, Numbered, check_len, driver_info, info_around, later_members, member,
    member_names, member_size, member_storage, missing, multi_info, numbered, rename, usual_multi,
    usual_split,
};
use super::file_access::{FileAccess, Surroundings};
use super::pools::Division;
use super::ranges::Ranges;
use super::regions::{BlockKind, Member, Regions};
use super::{Core, Header};
use crate::base::{Address, Error, Result, Structure};
use crate::format::message::Message as _;
use crate::format::message::driver_info::{DriverInfo, DriverInfoBlock};
use crate::format::multi_info::{self, MultiInfo};
use crate::format::superblock::{OldRoot, Root, Superblock};
use crate::format::{self, Wire};
use crate::storage::{FamilyStorage, FileLocking, FileStorage, MultiStorage, Storage};

/// What libhdf5 gives to a member unless it is told otherwise.
const USUAL_MEMBER_SIZE: u64 = 100 << 20;

/// The first member has to hold the superblock and what it says of the driver: nothing else tells where that is.
const LEAST_MEMBER_SIZE: u64 = 1024;

/// A new file of several members, and what it says about them.
pub(crate) struct NewMembers {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) info: DriverInfo,
}

/// Creates the first member of a file that is to have some; none for a file that is just one. `is_new` refuses members
/// that are there already; else these are cut to nothing.
pub(crate) fn create_members(
    path: &Path,
    driver: &Driver,
    access: &FileAccess,
    userblock: u64,
    locking: FileLocking,
    is_new: bool,
) -> Result<Option<NewMembers>> {
    let size = match driver {
        Driver::Auto | Driver::Single => return Ok(None),
        Driver::Family { member_size } => member_size.unwrap_or(USUAL_MEMBER_SIZE),
        Driver::Split { meta_ext, raw_ext } => {
            let info = usual_split(meta_ext.as_deref(), raw_ext.as_deref());
            return create_multi(path, &info, access, locking, is_new).map(Some);
        }
        Driver::Multi => return create_multi(path, &usual_multi(), access, locking, is_new).map(Some),
    };
    let least = userblock.saturating_add(LEAST_MEMBER_SIZE);
    if size < least {
        let what = format!("members of {size} bytes; the first one needs at least {least}");
        return Err(Error::misuse(what));
    }
    let names = numbered(path)?;
    // What an earlier file has left would count as a part of this one.
    let left = later_members(&names, &Surroundings::new(Some(path), access)?.for_members())?;
    let first = match (is_new, left.is_empty()) {
        (true, false) => return Err(io::Error::from(io::ErrorKind::AlreadyExists).into()),
        (true, true) => FileStorage::create_new(path, locking)?,
        (false, _) => FileStorage::create(path, locking)?,
    };
    let mut members: Vec<Arc<dyn Storage>> = vec![Arc::new(first)];
    for path in left {
        members.push(Arc::new(member(&path, FileStorage::create(&path, locking))?));
    }
    let info = DriverInfo { driver: FAMILY, information: size.to_le_bytes().to_vec() };
    Ok(Some(NewMembers { storage: growing(path, names, members, size, locking)?, info }))
}

/// Opens the members of a file to write to them; none for a file that is just one.
///
/// The file alone does not decide that others are written to: the caller has to name the driver.
pub(crate) fn members_for_writing(
    path: &Path,
    driver: &Driver,
    access: &FileAccess,
    locking: FileLocking,
) -> Result<Option<Arc<dyn Storage>>> {
    let around = Surroundings::new(Some(path), access)?;
    let given = match driver {
        Driver::Single => return Ok(None),
        Driver::Auto if member_storage(path, driver, &around)?.is_some() => {
            let what =
                "the file has several members: FileOptions::driver has to name the driver to write to it";
            return Err(Error::misuse(what));
        }
        Driver::Auto => return Ok(None),
        Driver::Family { member_size } => *member_size,
        Driver::Split { .. } | Driver::Multi => {
            return multi_for_writing(path, driver, &around.for_members(), locking).map(Some);
        }
    };
    let first: Arc<dyn Storage> = Arc::new(FileStorage::open_rw(path, locking)?);
    let stored = match driver_info(&first)?.1 {
        Some(info) if info.driver == FAMILY => Some(member_size(&info)?),
        Some(_) => return Err(Error::misuse("the file says that it is not a family")),
        None => None,
    };
    let size = match (given, stored) {
        (Some(given), Some(stored)) if given != stored => {
            return Err(Error::misuse(format!("the members of the family have {stored} bytes, not {given}")));
        }
        (given, stored) => given.or(stored).map_or_else(|| first.len(), Ok)?,
    };
    let names = numbered(path)?;
    let mut members = vec![first];
    for path in later_members(&names, &around.for_members())? {
        members.push(Arc::new(member(&path, FileStorage::open_rw(&path, locking))?));
    }
    growing(path, names, members, size, locking).map(Some)
}

/// Creates the members of a split or multi file.
fn create_multi(
    path: &Path,
    info: &MultiInfo,
    access: &FileAccess,
    locking: FileLocking,
    is_new: bool,
) -> Result<NewMembers> {
    let around = Surroundings::new(Some(path), access)?.for_members();
    let mut places = Vec::new();
    for (member, name) in info.members.iter().zip(member_names(path, info)?) {
        let there = if member.start == 0 { None } else { around.find(name.as_bytes(), false)? };
        if there.is_some() && is_new {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
        }
        places.push((member.start, path.with_file_name(name), there));
    }
    let create = |(start, path, there): (u64, PathBuf, Option<PathBuf>)| -> Result<_> {
        let file = match there {
            Some(there) => FileStorage::create(there, locking)?,
            None if start == 0 && !is_new => FileStorage::create(path, locking)?,
            None => {
                let file = FileStorage::create_new(&path, locking)?;
                sync_directory(&path)?;
                file
            }
        };
        Ok((start, Arc::new(file) as Arc<dyn Storage>))
    };
    // If the first one is there already, or somebody else has it, the others are left alone.
    places.sort_by_key(|(start, ..)| *start);
    let members = places.into_iter().map(create).collect::<Result<_>>()?;
    let info = DriverInfo { driver: MULTI, information: format::encode(info, &())? };
    Ok(NewMembers { storage: Arc::new(MultiStorage::new(members)?), info })
}

/// Opens the members of a split or multi file, all of which have to be there.
fn multi_for_writing(
    path: &Path,
    driver: &Driver,
    around: &Surroundings,
    locking: FileLocking,
) -> Result<Arc<dyn Storage>> {
    let first: Arc<dyn Storage> = Arc::new(FileStorage::open_rw(path, locking)?);
    let mut info = match info_around(path, &first, around)?.1 {
        Some(info) if info.driver == MULTI => multi_info(&info)?,
        _ => return Err(Error::misuse("the file does not say that it is a split or multi file")),
    };
    rename(&mut info, driver);
    let mut members = Vec::new();
    for (member, name) in info.members.iter().zip(member_names(path, &info)?) {
        if member.start == 0 {
            members.push((member.start, Arc::clone(&first)));
            continue;
        }
        let place = around.find(name.as_bytes(), false)?.ok_or_else(|| missing(&name))?;
        let file = FileStorage::open_rw(&place, locking)?;
        check_len(&place, &file, member.used)?;
        members.push((member.start, Arc::new(file)));
    }
    Ok(Arc::new(MultiStorage::new(members)?))
}

/// Puts a family together that creates further members beside the first one.
fn growing(
    path: &Path,
    names: Numbered,
    members: Vec<Arc<dyn Storage>>,
    size: u64,
    locking: FileLocking,
) -> Result<Arc<dyn Storage>> {
    let first = path.to_path_buf();
    let new_member = move |number| -> io::Result<Arc<dyn Storage>> {
        let path = first.with_file_name(names.name(number));
        let file = FileStorage::create_new(&path, locking)?;
        sync_directory(&path)?;
        Ok(Arc::new(file))
    };
    Ok(Arc::new(FamilyStorage::growing(members, size, new_member)?))
}

/// A commit counts on its members to be found again.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    std::fs::File::open(parent.map_or_else(|| PathBuf::from("."), Path::to_path_buf))?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Kinds of data as the driver information numbers them. Global heaps go where raw data goes.
const KINDS: [(u8, BlockKind); 5] = [
    (multi_info::SUPERBLOCK, BlockKind::Superblock),
    (multi_info::BTREES, BlockKind::BTree),
    (multi_info::RAW_DATA, BlockKind::Raw),
    (multi_info::LOCAL_HEAPS, BlockKind::LocalHeap),
    (multi_info::OBJECT_HEADERS, BlockKind::ObjectHeader),
];

/// The regions that members make of the addresses of a file whose first one ends at `end`.
pub(super) fn regions(info: &MultiInfo, base: u64, end: u64, address_width: u8) -> Result<Regions> {
    let mut members = Vec::new();
    for (number, member) in info.members.iter().enumerate() {
        let behind = member.start.checked_add(member.used).ok_or_else(|| {
            Error::field("bytes in use of a member", member.used, "run past the end of all addresses")
        })?;
        // libhdf5 1.6 had the superblock tell where the last member ends.
        let is_own =
            member.start == 0 && info.members.iter().all(|other| end <= other.start || other.start == 0);
        let behind = if is_own { behind.max(end) } else { behind };
        let kinds = KINDS.into_iter().filter(|&(kind, _)| info.member_of(kind) == Some(number));
        let used = member.start.saturating_sub(base)..behind.saturating_sub(base);
        members.push(Member { used, kinds: kinds.map(|(_, kind)| kind).collect() });
    }
    Regions::of_members(members, address_width)
}

impl Core {
    /// How a file that is opened for writing hands out space.
    pub(super) fn regions(&self, division: Division) -> Result<Regions> {
        let Superblock { base, end_of_file, sizes, .. } = self.superblock;
        let (starts, space) = match self.driver_info()? {
            Some(info) if info.driver == MULTI => {
                if division != Division::Undivided {
                    return Err(no_strategies());
                }
                let info = multi_info(&info)?;
                let mut starts: Vec<u64> = info.members.iter().map(|member| member.start).collect();
                starts.sort_unstable();
                (starts, regions(&info, base, end_of_file, sizes.offset)?)
            }
            _ => (vec![0], Regions::single(end_of_file - base, sizes.offset, division)),
        };
        if !self.stored.starts().eq(starts) {
            let what = "the file has other members than it was opened with: \
                        FileOptions::driver has to name the driver to write to it";
            return Err(Error::misuse(what));
        }
        Ok(space)
    }

    /// Stores what a new file says about its members where its superblock can have no extension; returns where that is.
    pub(super) fn store_driver_block(&mut self, info: DriverInfo) -> Result<Address> {
        let sizes = self.sizes();
        let block = DriverInfoBlock(info);
        let address = self.allocate(block.encoded_len(&sizes)? as u64, BlockKind::Superblock)?;
        self.put(address, &block, &sizes)?;
        Ok(address)
    }

    /// Says where the members end that have addresses of their own, once the state counts that is about to be published
    /// and `unneeded` is given back.
    pub(super) fn store_driver_info(&mut self, unneeded: &Ranges) -> Result<()> {
        let space = &self.txn_mut()?.space;
        if !space.are_several() {
            return Ok(());
        }
        let (ends, base) = (space.settled(unneeded), self.superblock.base);
        let Some(stored) = self.driver_info()? else { return Ok(()) };
        let mut info = multi_info(&stored)?;
        for member in &mut info.members {
            let region = ends.iter().find(|region| region.start == member.start.saturating_sub(base));
            member.used = region.map_or(member.used, |region| base + region.end - member.start);
        }
        let information = format::encode(&info, &())?;
        if information.len() != stored.information.len() {
            let what = "writing to a multi file whose last name is not padded";
            return Err(Error::unsupported(what).within(Structure::DriverInfo));
        }
        if information == stored.information {
            return Ok(());
        }
        let new = DriverInfo { driver: MULTI, information };
        match self.superblock.root {
            Root::Old(OldRoot { driver_info: Some(address), .. }) => {
                self.put(address, &DriverInfoBlock(new), &self.sizes())
            }
            Root::New { extension: Some(extension), .. } => {
                let mut header = Header::clone(&*Header::load(self, extension)?);
                let flags = header.find(DriverInfo::TYPE).map_or(0, |message| message.flags);
                header.set(self, &new, flags)?;
                header.store(self)
            }
            Root::Old(_) | Root::New { extension: None, .. } => Ok(()),
        }
    }
}

/// libhdf5 creates no such files.
pub(super) fn no_strategies() -> Error {
    Error::unsupported("strategies for free space in split and multi files")
}
