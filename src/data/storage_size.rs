//! How much of the file the data of a dataset takes.

use super::chunks::{Grid, coordinates};
use super::dataset::DatasetInfo;
use super::index;
use crate::base::{Error, Result};
use crate::engine::Core;
use crate::format::message::layout::Storage;

/// No more places for chunks than these are looked at.
const MOST: u64 = 1 << 26;

/// The bytes of the data as it is stored.
pub(crate) fn storage_size(core: &Core, info: &DatasetInfo) -> Result<u64> {
    match &info.layout.storage {
        Storage::Compact(data) => Ok(data.len() as u64),
        Storage::Contiguous { address: Some(_), .. } => info.bytes(),
        Storage::Contiguous { .. } if info.is_external => info.bytes(),
        Storage::Contiguous { .. } | Storage::Virtual { .. } => Ok(0),
        Storage::Chunked(chunked) if chunked.address.is_none() => Ok(0),
        Storage::Chunked(chunked) => {
            let axes = info.shape().iter().zip(&chunked.shape);
            let ranges: Vec<_> = axes.map(|(&size, &chunk)| 0..size.div_ceil(chunk.max(1))).collect();
            let count = ranges.iter().fold(1u64, |n, range| n.saturating_mul(range.end));
            if count > MOST {
                return Err(Error::unsupported(format!("adding up the sizes of {count} chunks")));
            }
            let grid = Grid::new(info)?;
            let index = index::open(core, info, &grid)?;
            coordinates(&ranges).try_fold(0u64, |sum, scaled| {
                Ok(sum.saturating_add(index.find(core, &scaled)?.map_or(0, |chunk| chunk.size)))
            })
        }
    }
}
