//! The elements of arrays of chunks: what an index of chunks that are filtered says, and of ones that are not.

use crate::base::{Error, Result, to_usize};
use crate::engine::Core;
use crate::format::chunk_element::{ChunkElement, filtered_size_width};

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index::{ChunkRecord, Visit};
use super::numbering::Numbering;

/// From this version of the layout message on, stored sizes are as wide as lengths are.
const FIRST_WIDE_LAYOUT: u8 = 5;

/// How a chunk is told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct ElementForm {
    /// The width of a filtered chunk's size; unfiltered chunks have none.
    pub(super) size_width: Option<u8>,
    /// The bytes of a chunk before any filter.
    chunk_bytes: u64,
}

impl ElementForm {
    /// The form that the elements of a new index have.
    pub(super) fn new(core: &Core, info: &DatasetInfo, grid: &Grid) -> Self {
        let width = match info.layout.version {
            FIRST_WIDE_LAYOUT.. => core.sizes().length,
            _ => filtered_size_width(grid.chunk_bytes()),
        };
        ElementForm { size_width: info.is_filtered().then_some(width), chunk_bytes: grid.chunk_bytes() }
    }

    /// The chunk that an element stands for.
    pub(super) fn record(&self, element: ChunkElement) -> Option<ChunkRecord> {
        let (size, filter_mask) = match self.size_width {
            Some(_) => (element.size, element.filter_mask),
            None => (self.chunk_bytes, 0),
        };
        element.address.map(|address| ChunkRecord { address, size, filter_mask })
    }

    /// The element that stands for a chunk.
    pub(super) fn element(&self, record: &ChunkRecord) -> ChunkElement {
        let size = self.size_width.map_or(0, |_| record.size);
        ChunkElement { address: Some(record.address), size, filter_mask: record.filter_mask }
    }

    /// Calls `f` with the chunks that some elements of an array stand for; the first element has the number `first`.
    pub(super) fn visit(
        &self,
        core: &Core,
        numbering: &Numbering,
        first: u64,
        elements: &[ChunkElement],
        visited: &mut u64,
        f: &mut Visit<'_>,
    ) -> Result<()> {
        for (number, element) in (first..).zip(elements) {
            if let Some(record) = self.record(*element) {
                *visited += 1;
                core.budget.items(*visited)?;
                f(numbering.scaled(number), record)?;
            }
        }
        Ok(())
    }
}

/// Puts something into its place in a block of an array.
pub(super) fn replace<T>(list: &mut [T], place: u64, value: T) -> Result<()> {
    *list.get_mut(to_usize(place)?).ok_or_else(no_such_place)? = value;
    Ok(())
}

pub(super) fn no_such_place() -> Error {
    Error::malformed("a block of an array of chunks has no such place")
}
