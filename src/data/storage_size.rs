//! How much of the file the data of a dataset takes.

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index;
use crate::base::Result;
use crate::engine::Core;
use crate::format::message::layout::Storage;

/// The bytes of the data as it is stored.
pub(crate) fn storage_size(core: &Core, info: &DatasetInfo) -> Result<u64> {
    match &info.layout.storage {
        Storage::Compact(data) => Ok(data.len() as u64),
        Storage::Contiguous { address: Some(_), .. } => info.bytes(),
        Storage::Contiguous { .. } if info.is_external => info.bytes(),
        Storage::Contiguous { .. } | Storage::Virtual { .. } => Ok(0),
        Storage::Chunked(_) => {
            let mut sum = 0u64;
            index::open(core, info, &Grid::new(info)?)?.visit(core, &mut |_, chunk| {
                sum = sum.saturating_add(chunk.size);
                Ok(())
            })?;
            Ok(sum)
        }
    }
}
