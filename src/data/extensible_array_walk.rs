//! Going through all blocks of an extensible array.

use std::sync::Arc;

use crate::base::{Address, Result};
use crate::engine::Core;
use crate::format::Wire;
use crate::format::chunk_element::ChunkElement;
use crate::format::extensible_array::{
    ExtensibleArrayContext, ExtensibleArrayData, ExtensibleArrayIndex, ExtensibleArrayPage,
    ExtensibleArraySecondary, SuperBlock,
};

/// A data block that exists, and which of its pages do.
struct DataBlock {
    address: Address,
    super_block: SuperBlock,
    /// Counted over its super block.
    number: u64,
    secondary: Option<Arc<ExtensibleArraySecondary>>,
}

/// Calls `f` with elements that lie side by side, and the number of the first of them; blocks that do not exist are
/// left out.
pub(super) fn elements(
    core: &Core,
    cx: &ExtensibleArrayContext,
    f: &mut dyn FnMut(u64, &[ChunkElement]) -> Result<()>,
) -> Result<()> {
    let Some(address) = cx.header.index else { return Ok(()) };
    let index: Arc<ExtensibleArrayIndex> = core.fetch(address, cx)?;
    f(0, &index.elements)?;
    let before = index.elements.len() as u64;
    data_blocks(core, cx, &index, &mut |_, _| Ok(()), &mut |block| {
        let first = before.saturating_add(block.super_block.first_element);
        let first = first.saturating_add(block.number.saturating_mul(block.super_block.block_elements));
        let data = cx.data(block.super_block);
        if block.super_block.block_pages == 0 {
            let elements: Arc<ExtensibleArrayData> = core.fetch(block.address, &data)?;
            return f(first, &elements.elements);
        }
        for page in 0..block.super_block.block_pages {
            let bit = block.number * block.super_block.block_pages + page;
            if block.secondary.as_ref().is_some_and(|secondary| secondary.pages.contains(bit)) {
                let elements: Arc<ExtensibleArrayPage> =
                    core.fetch(data.page_address(block.address, page)?, &cx.page())?;
                f(first.saturating_add(page * cx.header.shape.page_elements()), &elements.0)?;
            }
        }
        Ok(())
    })
}

/// Where all blocks but the header are, with their lengths.
pub(super) fn blocks(core: &Core, cx: &ExtensibleArrayContext) -> Result<Vec<(Address, u64)>> {
    let Some(address) = cx.header.index else { return Ok(Vec::new()) };
    let index: Arc<ExtensibleArrayIndex> = core.fetch(address, cx)?;
    let (mut data, mut secondary) = (vec![(address, index.encoded_len(cx)? as u64)], Vec::new());
    let mut keep = |address, len| {
        secondary.push((address, len));
        Ok(())
    };
    data_blocks(core, cx, &index, &mut keep, &mut |block| {
        data.push((block.address, cx.data(block.super_block).space()?));
        Ok(())
    })?;
    data.append(&mut secondary);
    Ok(data)
}

fn data_blocks(
    core: &Core,
    cx: &ExtensibleArrayContext,
    index: &ExtensibleArrayIndex,
    secondary: &mut dyn FnMut(Address, u64) -> Result<()>,
    data: &mut dyn FnMut(DataBlock) -> Result<()>,
) -> Result<()> {
    let shape = cx.header.shape;
    let mut visited = 0;
    let mut enter = |address: &Option<Address>, super_block, number, secondary| match address {
        Some(address) => {
            visited += 1;
            core.budget.items(visited)?;
            data(DataBlock { address: *address, super_block, number, secondary })
        }
        None => Ok(()),
    };
    let (mut direct, mut rest) = (index.data_blocks.iter(), index.secondary_blocks.iter());
    for super_block in (0..shape.super_blocks()).map_while(|number| shape.super_block(number)) {
        if super_block.index < shape.index_super_blocks() {
            for number in 0..super_block.data_blocks {
                direct.next().map_or(Ok(()), |address| enter(address, super_block, number, None))?;
            }
        } else if let Some(address) = rest.next().copied().flatten() {
            let block_cx = cx.secondary(super_block);
            let block: Arc<ExtensibleArraySecondary> = core.fetch(address, &block_cx)?;
            secondary(address, block_cx.len()?)?;
            for (number, address) in (0..).zip(&block.data_blocks) {
                enter(address, super_block, number, Some(Arc::clone(&block)))?;
            }
        }
    }
    Ok(())
}
