//! Raw data in other files: which ones, and which part of each.

use std::sync::Arc;

use crate::base::{Error, Result, Structure};
use crate::engine::{Core, Header};
use crate::format::local_heap::{LocalHeap, LocalHeapData};
use crate::format::message::external_files::{ExternalFiles, Slot};

/// The names of the files with their slots, in the order of the data.
pub(crate) fn external_files(core: &Core, header: &Header) -> Result<Vec<(Vec<u8>, Slot)>> {
    let Some(list) = header.message::<ExternalFiles>(core)? else { return Ok(Vec::new()) };
    let heap: Arc<LocalHeap> = core.fetch(list.heap, &core.sizes())?;
    let names = core.fetch_sized::<LocalHeapData>(heap.segment, heap.size, &core.sizes())?;
    let named = |slot: Slot| match names.string(slot.name_offset) {
        Some(name) => Ok((name.to_vec(), slot)),
        None => {
            Err(Error::field("name offset", slot.name_offset, "no string ends behind it in the local heap")
                .at(Structure::ExternalFiles, core.offset(list.heap)?))
        }
    };
    list.slots.into_iter().map(named).collect()
}
