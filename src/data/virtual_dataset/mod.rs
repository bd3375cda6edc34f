//! Virtual datasets: which parts of which other datasets they are made of, how large that makes them, creating,
//! reading and writing them.

mod between;
mod extent;
mod mapping;
mod name;
mod outward;
mod parts;
mod read;
mod source;
mod store;
mod walk;
mod write;

use crate::base::Result;
use crate::engine::Core;
use crate::format::global_heap::GlobalHeapId;
use crate::format::message::layout::Storage;
use crate::format::virtual_mapping::VirtualMappings;

use super::dataset::DatasetInfo;

pub(crate) use extent::with_current_shape;
pub(super) use read::read_virtual;
pub(super) use source::Trail;
pub(crate) use store::NewMapping;
pub(super) use store::store_mappings;
pub(super) use write::write_virtual;

/// The mappings of a virtual dataset; none for other layouts, or where there is not even one.
pub(crate) fn virtual_mappings(core: &Core, info: &DatasetInfo) -> Result<Option<VirtualMappings>> {
    let Storage::Virtual { collection, index } = info.layout.storage else { return Ok(None) };
    let id = GlobalHeapId { collection, index };
    if id.target().is_none() {
        return Ok(None);
    }
    let decode = |bytes: &[u8]| crate::format::decode_padded(bytes, 0, &core.sizes(), &core.budget);
    core.heap_object(id, decode).map(Some)
}
