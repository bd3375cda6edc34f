//! Files of several members that are created or written to.
//!
//! Only families so far. A split or multi file keeps raw data and metadata at addresses of their own, which takes an
//! allocation for each of them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Core;
use super::driver::{
    Driver, FAMILY, Numbered, driver_info, later_members, member, member_size, member_storage, numbered,
};
use super::file_access::{FileAccess, Surroundings};
use crate::base::{Address, Error, Result};
use crate::format::Wire;
use crate::format::message::driver_info::{DriverInfo, DriverInfoBlock};
use crate::storage::{FamilyStorage, FileLocking, FileStorage, Storage};

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
        Driver::Split | Driver::Multi => return Err(cannot_write()),
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
        Driver::Split | Driver::Multi => return Err(cannot_write()),
    };
    let first: Arc<dyn Storage> = Arc::new(FileStorage::open_rw(path, locking)?);
    let stored = match driver_info(&first)?.1 {
        Some(info) if info.driver == FAMILY => Some(member_size(&info)?),
        Some(_) => return Err(cannot_write()),
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

fn cannot_write() -> Error {
    Error::unsupported("writing to the files of the split and multi drivers")
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

impl Core {
    /// Stores what a new file says about its members where its superblock can have no extension; returns where that is.
    pub(super) fn store_driver_block(&mut self, info: DriverInfo) -> Result<Address> {
        let sizes = self.sizes();
        let block = DriverInfoBlock(info);
        let address = self.allocate(block.encoded_len(&sizes)? as u64)?;
        self.put(address, &block, &sizes)?;
        Ok(address)
    }
}
