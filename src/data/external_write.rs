//! Writing raw data to other files. What is written is there at once: no commit and no undoing is about it.

use crate::base::{Result, byte_count, to_usize};
use crate::engine::{Core, Header};
use crate::select::{Hyperslab, for_each_run};
use crate::storage::{FileStorage, Storage};

use super::dataset::DatasetInfo;
use super::external::{external_files, located, pieces};
use super::external_create::check_room;

/// Writes elements in the file's form to what is selected.
pub(super) fn write_external(
    core: &mut Core,
    header: &Header,
    info: &DatasetInfo,
    slab: &Hyperslab,
    data: &[u8],
) -> Result<()> {
    let (files, element) = (external_files(core, header)?, info.element_size()?);
    // Nothing is written unless all of it can be.
    check_room(core, header, info.bytes()?)?;
    let mut open: Option<(Vec<u8>, FileStorage)> = None;
    let origin = vec![0; info.shape().len()];
    let sizes: Vec<Option<u64>> = files.iter().map(|(_, slot)| slot.size).collect();
    for_each_run(slab, &origin, info.shape(), 0, |run| {
        let bytes = run.block * element;
        let packed = &data[run.memory * element..][..run.len() * element];
        for (index, block) in packed.chunks_exact(bytes.max(1)).enumerate() {
            let place = byte_count((run.file + index * run.file_step) as u64, element)?;
            let mut rest = block;
            for piece in pieces(&sizes, place, block.len() as u64)? {
                let (part, later) = rest.split_at(to_usize(piece.len)?);
                let (name, slot) = &files[piece.slot];
                let at = piece.offset_in(slot)?;
                write_piece(core, &mut open, name, at, part).map_err(|e| located(core, name, e))?;
                rest = later;
            }
        }
        Ok(())
    })
}

/// The file that was written to last stays open for the next piece.
fn write_piece(
    core: &mut Core,
    open: &mut Option<(Vec<u8>, FileStorage)>,
    name: &[u8],
    offset: u64,
    bytes: &[u8],
) -> Result<()> {
    let file = match open.take().filter(|(known, _)| known == name) {
        Some((_, file)) => file,
        None => core.raw_neighbour_mut(name)?,
    };
    file.write_at(offset, bytes)?;
    *open = Some((name.to_vec(), file));
    Ok(())
}
