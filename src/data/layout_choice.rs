//! Which layout version and chunk index a new chunked dataset gets: what libhdf5 chooses under the same bound, unless it
//! could not read that itself.

use crate::base::{Error, Result, Sizes, byte_count, element_count, to_usize, width_of};
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
pub(super) fn chunked_layout(
    bounds: FormatBounds,
    sizes: Sizes,
    new: &NewDataset,
    chunk: &[u64],
) -> Result<Layout> {
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
    let index = if newest < FIRST_WITH_INDEXES { ChunkIndexKind::BTree1 } else { index(sizes, new, chunk)? };
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

fn index(sizes: Sizes, new: &NewDataset, chunk: &[u64]) -> Result<ChunkIndexKind> {
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
        // libhdf5 opens no dataset with such an array where lengths are narrow.
        1 if sizes.length < Sizes::EIGHT.length => return Ok(BTREE_2),
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

#[cfg(test)]
mod tests {
    use super::super::create::{ChunkRequest, FilterRequest, Origin};
    use super::*;
    use crate::format::datatype::{Datatype, Order};
    use crate::format::message::dataspace::Extent;
    use crate::format::message::fill_value::IF_SET;

    fn new(shape: &[u64], maximum: &[Option<u64>], is_filtered: bool) -> NewDataset {
        let deflate = FilterRequest { id: 1, values: vec![1], optional: true };
        NewDataset {
            datatype: Datatype::integer(4, true, Order::Little),
            committed: None,
            extent: Extent::Simple { shape: shape.to_vec(), maximum: Some(maximum.to_vec()) },
            chunk: ChunkRequest::Automatic,
            filters: if is_filtered { vec![deflate] } else { Vec::new() },
            fill: None,
            compact: false,
            origin: Origin::Own,
            allocation_time: None,
            fill_time: IF_SET,
            whole_chunks_only: false,
            attributes: crate::engine::AttributeRules::default(),
        }
    }

    fn choice(bounds: FormatBounds, new: &NewDataset, chunk: &[u64]) -> (u8, u8, ChunkIndexKind) {
        let layout = chunked_layout(bounds, Sizes::EIGHT, new, chunk).unwrap();
        let Storage::Chunked(chunked) = layout.storage else { panic!("it is chunked") };
        (layout.version, chunked.width, chunked.index)
    }

    /// The versions and indexes in files that h5py 3.16 (libhdf5 2.0) made with these bounds.
    #[test]
    fn the_choice_is_libhdf5_s() {
        let (old, middle, latest) = (FormatBounds::V18, FormatBounds::V110, FormatBounds::V200);
        let fixed = [Some(100)];
        for is_filtered in [false, true] {
            let wide = if is_filtered { 5 } else { 4 };
            let check = |new: &NewDataset, chunk: &[u64], width, kind: ChunkIndexKind| {
                assert_eq!(choice(old, new, chunk), (3, width, ChunkIndexKind::BTree1));
                assert_eq!(choice(middle, new, chunk), (4, width, kind.clone()));
                assert_eq!(choice(latest, new, chunk), (wide, width, kind));
            };
            let fixed_array = ChunkIndexKind::FixedArray { page_bits: 10 };
            let single = ChunkIndexKind::Single(is_filtered.then_some((0, 0)));
            check(&new(&[100], &fixed, is_filtered), &[100], 1, single);
            check(&new(&[100], &fixed, is_filtered), &[10], 1, fixed_array.clone());
            check(&new(&[100], &[Some(200)], is_filtered), &[100], 1, fixed_array.clone());
            let extensible = ChunkIndexKind::ExtensibleArray(usual_parameters());
            check(&new(&[100, 9], &[Some(100), None], is_filtered), &[100, 300], 2, extensible);
            check(&new(&[100, 9], &[None, None], is_filtered), &[100, 9], 1, BTREE_2);
            let mut early = new(&[100], &fixed, is_filtered);
            early.allocation_time = Some(EARLY);
            let index = if is_filtered { fixed_array } else { ChunkIndexKind::Implicit };
            check(&early, &[10], 1, index);
        }
    }

    #[test]
    fn large_chunks_take_layout_version_5() {
        let new = new(&[1 << 33], &[None], false);
        assert_eq!(choice(FormatBounds::V200, &new, &[1 << 31]).0, 5);
        let layout = |chunk| chunked_layout(FormatBounds::V114, Sizes::EIGHT, &new, &[chunk]);
        assert!(layout(1 << 31).is_err() && layout(1 << 29).is_ok());
    }

    #[test]
    fn narrow_lengths_take_a_tree() {
        let new = new(&[100], &[None], false);
        for (length, is_tree) in [(2, true), (4, true), (8, false)] {
            let sizes = Sizes { length, ..Sizes::EIGHT };
            let kind = index(sizes, &new, &[10]).unwrap();
            assert_eq!(kind == BTREE_2, is_tree, "{length} bytes: {kind:?}");
        }
    }
}
