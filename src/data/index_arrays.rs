//! Chunks in arrays: implicit (one behind the other), fixed and extensible. A chunk's number is its place in the array.

use std::sync::Arc;

use crate::base::{Address, Error, Result};
use crate::engine::Core;
use crate::format::chunk_element::ChunkElement;
use crate::format::extensible_array::{
    DataPlace, ElementPlace, ExtensibleArrayContext, ExtensibleArrayData, ExtensibleArrayHeader,
    ExtensibleArrayIndex, ExtensibleArrayPage, ExtensibleArraySecondary,
};
use crate::format::fixed_array::{FixedArrayContext, FixedArrayData, FixedArrayHeader, FixedArrayPage};

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::index::{ChunkIndex, ChunkRecord};

/// Turns coordinates into the number of a chunk.
///
/// Chunks are counted over the largest shape that the dataset may grow to, so that their numbers stay; an unlimited
/// axis comes first, whichever it is.
#[derive(Clone, Debug)]
struct Numbering {
    /// The axes from the slowest to the fastest, each with the chunks of one step along it.
    axes: Vec<(usize, u64)>,
}

impl Numbering {
    fn new(info: &DatasetInfo, grid: &Grid) -> Result<Self> {
        let maximum = info.extent.maximum();
        let mut order: Vec<usize> = (0..maximum.len()).collect();
        if let Some(unlimited) = maximum.iter().position(Option::is_none) {
            order[..=unlimited].rotate_right(1);
        }
        let (mut step, mut axes) = (1u64, Vec::with_capacity(order.len()));
        for (place, &axis) in order.iter().enumerate().rev() {
            axes.push((axis, step));
            let Some(limit) = maximum[axis] else {
                if place > 0 {
                    return Err(Error::malformed("an array of chunks over more than one unlimited axis"));
                }
                break;
            };
            let chunks = limit.div_ceil(grid.chunk()[axis]);
            step = match step.checked_mul(chunks) {
                Some(product) => product,
                None if place == 0 => break,
                None => return Err(Error::malformed("over 2^64 chunks in an array")),
            };
        }
        Ok(Numbering { axes })
    }

    fn number(&self, scaled: &[u64]) -> Option<u64> {
        self.axes.iter().try_fold(0u64, |sum, &(axis, step)| sum.checked_add(scaled[axis].checked_mul(step)?))
    }
}

fn record(element: ChunkElement, filtered: bool, chunk_bytes: u64) -> Option<ChunkRecord> {
    let (size, filter_mask) = if filtered { (element.size, element.filter_mask) } else { (chunk_bytes, 0) };
    element.address.map(|address| ChunkRecord { address, size, filter_mask })
}

/// All chunks lie behind each other, allocated from the start.
pub(super) struct Implicit {
    numbering: Numbering,
    address: Address,
    chunk_bytes: u64,
}

impl Implicit {
    pub(super) fn new(info: &DatasetInfo, grid: &Grid, address: Address) -> Result<Self> {
        Ok(Implicit { numbering: Numbering::new(info, grid)?, address, chunk_bytes: grid.chunk_bytes() })
    }
}

impl ChunkIndex for Implicit {
    fn find(&self, _: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let bytes = self.numbering.number(scaled).and_then(|n| n.checked_mul(self.chunk_bytes));
        let Some(bytes) = bytes else { return Ok(None) };
        let address = self.address.plus(bytes)?;
        Ok(Some(ChunkRecord { address, size: self.chunk_bytes, filter_mask: 0 }))
    }
}

/// An array of as many elements as there can be chunks.
pub(super) struct FixedArray {
    numbering: Numbering,
    chunk_bytes: u64,
    cx: FixedArrayContext,
}

impl FixedArray {
    pub(super) fn open(core: &Core, info: &DatasetInfo, grid: &Grid, address: Address) -> Result<Self> {
        let header: Arc<FixedArrayHeader> = core.fetch(address, &core.sizes())?;
        let cx = FixedArrayContext { sizes: core.sizes(), header: *header, address };
        Ok(FixedArray { numbering: Numbering::new(info, grid)?, chunk_bytes: grid.chunk_bytes(), cx })
    }

    fn element(&self, core: &Core, number: u64) -> Result<Option<ChunkElement>> {
        let (Some(data), Some(place)) = (self.cx.header.data, self.cx.place(number)) else { return Ok(None) };
        let block: Arc<FixedArrayData> = core.fetch(data, &self.cx)?;
        let position = crate::base::to_usize(place.position)?;
        match (&*block, place.page) {
            (FixedArrayData::Elements(elements), None) => Ok(elements.get(position).copied()),
            (FixedArrayData::Paged(written), Some(page)) if written.contains(page) => {
                let address = self.cx.page_address(data, page)?;
                let page: Arc<FixedArrayPage> = core.fetch(address, &self.cx.page(page))?;
                Ok(page.0.get(position).copied())
            }
            _ => Ok(None),
        }
    }
}

impl ChunkIndex for FixedArray {
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let Some(number) = self.numbering.number(scaled) else { return Ok(None) };
        let filtered = self.cx.header.size_width.is_some();
        Ok(self.element(core, number)?.and_then(|element| record(element, filtered, self.chunk_bytes)))
    }
}

/// An array that grows with its one unlimited axis.
pub(super) struct ExtensibleArray {
    numbering: Numbering,
    chunk_bytes: u64,
    cx: ExtensibleArrayContext,
}

impl ExtensibleArray {
    pub(super) fn open(core: &Core, info: &DatasetInfo, grid: &Grid, address: Address) -> Result<Self> {
        let header: Arc<ExtensibleArrayHeader> = core.fetch(address, &core.sizes())?;
        let cx = ExtensibleArrayContext { sizes: core.sizes(), header: *header, address };
        Ok(ExtensibleArray { numbering: Numbering::new(info, grid)?, chunk_bytes: grid.chunk_bytes(), cx })
    }

    fn element(&self, core: &Core, number: u64) -> Result<Option<ChunkElement>> {
        let header = &self.cx.header;
        let (Some(address), Some(place)) = (header.index, header.shape.place(number)) else {
            return Ok(None);
        };
        let index: Arc<ExtensibleArrayIndex> = core.fetch(address, &self.cx)?;
        match place {
            ElementPlace::Index(position) => at(&index.elements, position),
            ElementPlace::Data(place) => self.data_element(core, &index, place),
        }
    }

    fn data_element(
        &self,
        core: &Core,
        index: &ExtensibleArrayIndex,
        place: DataPlace,
    ) -> Result<Option<ChunkElement>> {
        let block = match place.secondary {
            None => at(&index.data_blocks, place.pointer)?.flatten(),
            Some(number) => {
                let Some(address) = at(&index.secondary_blocks, number)?.flatten() else { return Ok(None) };
                let secondary: Arc<ExtensibleArraySecondary> =
                    core.fetch(address, &self.cx.secondary(place.super_block))?;
                if place.page_bit().is_some_and(|bit| !secondary.pages.contains(bit)) {
                    return Ok(None);
                }
                at(&secondary.data_blocks, place.pointer)?.flatten()
            }
        };
        let Some(address) = block else { return Ok(None) };
        let cx = self.cx.data(place.super_block);
        match place.page {
            None => {
                let block: Arc<ExtensibleArrayData> = core.fetch(address, &cx)?;
                at(&block.elements, place.position)
            }
            Some(page) => {
                let page: Arc<ExtensibleArrayPage> =
                    core.fetch(cx.page_address(address, page)?, &self.cx.page())?;
                at(&page.0, place.position)
            }
        }
    }
}

fn at<T: Copy>(list: &[T], place: u64) -> Result<Option<T>> {
    Ok(list.get(crate::base::to_usize(place)?).copied())
}

impl ChunkIndex for ExtensibleArray {
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let Some(number) = self.numbering.number(scaled) else { return Ok(None) };
        let filtered = self.cx.header.size_width.is_some();
        Ok(self.element(core, number)?.and_then(|element| record(element, filtered, self.chunk_bytes)))
    }
}
