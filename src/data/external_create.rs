//! New datasets whose raw data lies in other files.

use crate::base::{Error, Result, byte_count, element_count, to_usize};
use crate::engine::{Core, Header, create_name_heap};
use crate::format::message::external_files::{ExternalFiles, Slot};

use super::create::NewDataset;
use super::external::external_files;

/// A piece of a dataset's data in another file.
#[derive(Clone, Debug)]
pub(crate) struct ExternalFile {
    pub(crate) name: Vec<u8>,
    pub(crate) offset: u64,
    /// None: as much as there is.
    pub(crate) size: Option<u64>,
}

/// Stores the list of files of a new dataset: what libhdf5 would refuse is refused.
pub(super) fn store_external_files(
    core: &mut Core,
    new: &NewDataset,
    files: &[ExternalFile],
) -> Result<ExternalFiles> {
    check(new, files)?;
    let names: Vec<&[u8]> = files.iter().map(|file| &file.name[..]).collect();
    names.iter().for_each(|name| core.name_raw_neighbour(name));
    let (heap, offsets) = create_name_heap(core, &names)?;
    let slot = |(file, name_offset): (&ExternalFile, u64)| Slot {
        name_offset,
        offset: file.offset,
        size: file.size,
    };
    Ok(ExternalFiles { heap, slots: files.iter().zip(offsets).map(slot).collect(), unused: Vec::new() })
}

fn check(new: &NewDataset, files: &[ExternalFile]) -> Result<()> {
    for (index, file) in files.iter().enumerate() {
        let what = match file {
            ExternalFile { name, .. } if name.is_empty() || name.contains(&0) => {
                "has no name, or a NUL in it"
            }
            ExternalFile { size: Some(0), .. } => "has no bytes",
            ExternalFile { size: None, .. } if index + 1 < files.len() => {
                "has no end, and is not the last one"
            }
            ExternalFile { offset, size, .. } if offset.checked_add(size.unwrap_or(0)).is_none() => {
                "ends behind all offsets"
            }
            _ => continue,
        };
        let name = String::from_utf8_lossy(&file.name);
        return Err(Error::misuse(format!("the piece {index} of external raw data, in {name:?}, {what}")));
    }
    let (shape, most) = (new.extent.shape().unwrap_or(&[]), new.extent.maximum());
    if shape.iter().zip(&most).skip(1).any(|(&size, &most)| most != Some(size)) {
        return Err(Error::shape("external raw data can grow along the first axis only"));
    }
    let Some(room) = room(files.iter().map(|file| file.size)) else { return Ok(()) };
    let largest = most.iter().copied().collect::<Option<Vec<u64>>>();
    let largest =
        largest.ok_or_else(|| Error::shape("an axis without limit, and external files that have an end"))?;
    let count = new.extent.shape().map_or(Ok(0), |_| element_count(&largest))?;
    let bytes = byte_count(count, to_usize(u64::from(new.datatype.size))?)?;
    if bytes > room {
        return Err(Error::shape(format!("{bytes} bytes of data for {room} bytes in external files")));
    }
    Ok(())
}

/// The bytes in all slots together; none if there is no end.
fn room(mut sizes: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    sizes.try_fold(0u64, |sum, size| Some(sum.saturating_add(size?)))
}

/// Refuses a shape that the files of a dataset have no room for.
pub(super) fn check_room(core: &Core, header: &Header, bytes: u64) -> Result<()> {
    match room(external_files(core, header)?.iter().map(|(_, slot)| slot.size)) {
        Some(room) if bytes > room => {
            Err(Error::shape(format!("{bytes} bytes of data for {room} bytes in external files")))
        }
        _ => Ok(()),
    }
}
