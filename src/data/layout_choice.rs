//! Which layout version and chunk index a new chunked dataset gets: what libhdf5 chooses under the same bound.

use crate::base::{Error, Result, byte_count, element_count, to_usize, width_of};
use crate::engine::FormatBounds;
use crate::format::extensible_array::ExtensibleArrayShape;
use crate::format::fixed_array::DEFAULT_PAGE_BITS;
use crate::format::message::fill_value::EARLY;
use crate::format::message::layout::{ChunkIndexKind, Chunked, ExtensibleArrayParameters, Layout, Storage};

use super::create::NewDataset;
use super::numbering::Numbering;

/// The first version whose chunks are found by anything but a version 1 B-tree.
const FIRST_WITH_INDEXES: u8 = 4;
/// The first version that can tell of chunks of over 4 GiB.
const FIRST_WITH_LARGE_CHUNKS: u8 = 5;

/// What libhdf5 gives to the version 2 B-trees of chunks.
const BTREE_2: ChunkIndexKind =
    ChunkIndexKind::BTree2 { node_size: 2048, split_percent: 100, merge_percent: 40 };

/// Chooses the layout of a dataset with chunks of this shape.
pub(super) fn chunked_layout(bounds: FormatBounds, new: &NewDataset, chunk: &[u64]) -> Result<Layout> {
    let element_size = u64::from(new.datatype.size);
    let bytes = byte_count(element_count(chunk)?, to_usize(element_size)?)?;
    let is_large = bytes > u64::from(u32::MAX);
    let newest = bounds.versions().layout;
    if is_large && newest < FIRST_WITH_LARGE_CHUNKS {
        return Err(Error::limit("a chunk under bounds below V200", bytes, u64::from(u32::MAX)));
    }
    if new.whole_chunks_only && newest < FIRST_WITH_INDEXES {
        return Err(Error::misuse("chunks at the edge can do without filters under V110 and later bounds"));
    }
    let index = if newest < FIRST_WITH_INDEXES { ChunkIndexKind::BTree1 } else { index(new, chunk)? };
    let is_filtered = !new.filters.is_empty();
    let version = match newest {
        // Older versions have less room for what a filter makes larger; apart from that they do.
        FIRST_WITH_LARGE_CHUNKS.. if is_filtered || is_large => FIRST_WITH_LARGE_CHUNKS,
        FIRST_WITH_INDEXES.. => FIRST_WITH_INDEXES,
        older => older,
    };
    let width = chunk.iter().chain([&element_size]).map(|&size| width_of(size)).max().unwrap_or(1).max(1);
    let storage = Storage::Chunked(Chunked {
        shape: chunk.to_vec(),
        element_size,
        // A number of 64 bits has at most 8 bytes.
        width: u8::try_from(width).unwrap_or(8),
        whole_chunks_only: new.whole_chunks_only,
        index,
        address: None,
    });
    Ok(Layout { version, old_sizes: Vec::new(), storage })
}

fn index(new: &NewDataset, chunk: &[u64]) -> Result<ChunkIndexKind> {
    let maximum = new.extent.maximum();
    let shape = new.extent.shape().unwrap_or_default();
    let is_filtered = !new.filters.is_empty();
    let unlimited = maximum.iter().filter(|most| most.is_none()).count();
    let is_single = unlimited == 0
        && shape
            .iter()
            .zip(chunk)
            .zip(&maximum)
            .all(|((size, chunk), most)| size == chunk && *most == Some(*size));
    let kind = match unlimited {
        0 if is_single => return Ok(ChunkIndexKind::Single(is_filtered.then_some((0, 0)))),
        0 if !is_filtered && new.allocation_time == Some(EARLY) => ChunkIndexKind::Implicit,
        0 => ChunkIndexKind::FixedArray { page_bits: DEFAULT_PAGE_BITS },
        1 => ChunkIndexKind::ExtensibleArray(usual_parameters()),
        _ => return Ok(BTREE_2),
    };
    if Numbering::of(&maximum, chunk).is_err() {
        return Err(Error::shape(format!("chunks of {chunk:?} are over 2^64 within the largest shape")));
    }
    Ok(kind)
}

fn usual_parameters() -> ExtensibleArrayParameters {
    let shape = ExtensibleArrayShape::default();
    ExtensibleArrayParameters {
        max_bits: shape.max_elements_bits,
        index_elements: shape.index_elements,
        min_pointers: shape.secondary_min_pointers,
        min_elements: shape.data_min_elements,
        page_bits: shape.page_bits,
    }
}
