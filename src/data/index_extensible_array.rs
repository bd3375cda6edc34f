//! Chunks in an extensible array, which grows with the one unlimited axis. A chunk's number is its place in the array.

use std::sync::Arc;

use crate::base::{Address, Error, Result, to_usize};
use crate::engine::{BlockKind, Core};
use crate::format::Wire;
use crate::format::chunk_element::ChunkElement;
use crate::format::extensible_array::{
    DataBlockContext, DataPlace, ElementPlace, ExtensibleArrayContext, ExtensibleArrayData,
    ExtensibleArrayHeader, ExtensibleArrayIndex, ExtensibleArrayPage, ExtensibleArraySecondary,
    ExtensibleArrayShape, Statistics,
};
use crate::format::message::layout::{Chunked, ExtensibleArrayParameters};

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::elements::{ElementForm, replace};
use super::extensible_array_walk as walk;
use super::index::{ChunkIndex, ChunkRecord, Visit, not_created};
use super::numbering::Numbering;

pub(super) struct ExtensibleArray {
    numbering: Numbering,
    form: ElementForm,
    /// What a new array is created with.
    shape: ExtensibleArrayShape,
    array: Option<ExtensibleArrayContext>,
}

impl ExtensibleArray {
    pub(super) fn open(
        core: &Core,
        info: &DatasetInfo,
        grid: &Grid,
        address: Option<Address>,
        parameters: &ExtensibleArrayParameters,
    ) -> Result<Self> {
        let (numbering, mut form) = (Numbering::new(info, grid)?, ElementForm::new(core, info, grid));
        let mut array = None;
        if let Some(address) = address {
            let header: Arc<ExtensibleArrayHeader> = core.fetch(address, &core.sizes())?;
            form.size_width = header.size_width;
            array = Some(ExtensibleArrayContext { sizes: core.sizes(), header: *header, address });
        }
        let shape = ExtensibleArrayShape {
            max_elements_bits: parameters.max_bits,
            index_elements: parameters.index_elements,
            data_min_elements: parameters.min_elements,
            secondary_min_pointers: parameters.min_pointers,
            page_bits: parameters.page_bits,
        };
        Ok(ExtensibleArray { numbering, form, shape, array })
    }

    fn element(&self, core: &Core, number: u64) -> Result<Option<ChunkElement>> {
        let Some(cx) = &self.array else { return Ok(None) };
        let (Some(address), Some(place)) = (cx.header.index, cx.header.shape.place(number)) else {
            return Ok(None);
        };
        let index: Arc<ExtensibleArrayIndex> = core.fetch(address, cx)?;
        match place {
            ElementPlace::Index(position) => at(&index.elements, position),
            ElementPlace::Data(place) => data_element(core, cx, &index, place),
        }
    }

    /// Changes one element; blocks that it needs and that are not there are made.
    fn set(&mut self, core: &mut Core, number: u64, element: ChunkElement) -> Result<()> {
        let Some(cx) = &mut self.array else { return Err(not_created()) };
        let before = cx.header;
        let shape = cx.header.shape;
        let place = shape.place(number).ok_or_else(|| {
            let most = u64::MAX >> (64 - u32::from(shape.max_elements_bits.clamp(1, 64)));
            Error::limit("chunks in an extensible array", number.saturating_add(1), most)
        })?;
        let index = match cx.header.index {
            Some(index) => index,
            None => make_index(core, cx)?,
        };
        match place {
            ElementPlace::Index(position) => {
                let mut block = ExtensibleArrayIndex::clone(&*core.fetch(index, cx)?);
                replace(&mut block.elements, position, element)?;
                core.put(index, &block, cx)?;
            }
            ElementPlace::Data(place) => {
                let data = data_block(core, cx, index, place)?;
                set_in_data(core, cx, data, place, element)?;
            }
        }
        if element.address.is_some() {
            let set = &mut cx.header.statistics.set_elements;
            *set = (*set).max(number.saturating_add(1));
        }
        if cx.header == before { Ok(()) } else { core.put(cx.address, &cx.header, &cx.sizes) }
    }
}

fn data_element(
    core: &Core,
    array: &ExtensibleArrayContext,
    index: &ExtensibleArrayIndex,
    place: DataPlace,
) -> Result<Option<ChunkElement>> {
    let block = match place.secondary {
        None => at(&index.data_blocks, place.pointer)?.flatten(),
        Some(number) => {
            let Some(address) = at(&index.secondary_blocks, number)?.flatten() else { return Ok(None) };
            let secondary: Arc<ExtensibleArraySecondary> =
                core.fetch(address, &array.secondary(place.super_block))?;
            if place.page_bit().is_some_and(|bit| !secondary.pages.contains(bit)) {
                return Ok(None);
            }
            at(&secondary.data_blocks, place.pointer)?.flatten()
        }
    };
    let Some(address) = block else { return Ok(None) };
    let cx = array.data(place.super_block);
    match place.page {
        None => {
            let block: Arc<ExtensibleArrayData> = core.fetch(address, &cx)?;
            at(&block.elements, place.position)
        }
        Some(page) => {
            let page: Arc<ExtensibleArrayPage> =
                core.fetch(cx.page_address(address, page)?, &array.page())?;
            at(&page.0, place.position)
        }
    }
}

fn make_index(core: &mut Core, cx: &mut ExtensibleArrayContext) -> Result<Address> {
    let block = ExtensibleArrayIndex::empty(cx)?;
    let address = core.allocate(block.encoded_len(cx)? as u64, BlockKind::ObjectHeader)?;
    core.put(address, &block, cx)?;
    cx.header.index = Some(address);
    cx.header.statistics.elements += u64::from(cx.header.shape.index_elements);
    Ok(address)
}

/// The data block that has an element. Where its page is new, it is made and marked in the secondary block.
fn data_block(
    core: &mut Core,
    cx: &mut ExtensibleArrayContext,
    index: Address,
    place: DataPlace,
) -> Result<Address> {
    let mut block = ExtensibleArrayIndex::clone(&*core.fetch(index, cx)?);
    let Some(number) = place.secondary else {
        if let Some(data) = at(&block.data_blocks, place.pointer)?.flatten() {
            return Ok(data);
        }
        let data = make_data(core, cx, place)?;
        replace(&mut block.data_blocks, place.pointer, Some(data))?;
        core.put(index, &block, cx)?;
        return Ok(data);
    };
    let secondary = match at(&block.secondary_blocks, number)?.flatten() {
        Some(secondary) => secondary,
        None => {
            let secondary = make_secondary(core, cx, place)?;
            replace(&mut block.secondary_blocks, number, Some(secondary))?;
            core.put(index, &block, cx)?;
            secondary
        }
    };
    data_of_secondary(core, cx, secondary, place)
}

fn data_of_secondary(
    core: &mut Core,
    cx: &mut ExtensibleArrayContext,
    secondary: Address,
    place: DataPlace,
) -> Result<Address> {
    let secondary_cx = cx.secondary(place.super_block);
    let block: Arc<ExtensibleArraySecondary> = core.fetch(secondary, &secondary_cx)?;
    let known = at(&block.data_blocks, place.pointer)?.flatten();
    let new_page = place.page_bit().filter(|&bit| !block.pages.contains(bit));
    if let (Some(data), None) = (known, new_page) {
        return Ok(data);
    }
    let mut block = ExtensibleArraySecondary::clone(&block);
    let data = match known {
        Some(data) => data,
        None => make_data(core, cx, place)?,
    };
    replace(&mut block.data_blocks, place.pointer, Some(data))?;
    if let (Some(bit), Some(page)) = (new_page, place.page) {
        block.pages.insert(bit);
        let page_cx = cx.page();
        core.budget.metadata(page_cx.element.sealed_len(page_cx.elements)?)?;
        let address = cx.data(place.super_block).page_address(data, page)?;
        core.put(address, &ExtensibleArrayPage::empty(&page_cx)?, &page_cx)?;
    }
    core.put(secondary, &block, &secondary_cx)?;
    Ok(data)
}

fn make_secondary(core: &mut Core, cx: &mut ExtensibleArrayContext, place: DataPlace) -> Result<Address> {
    let secondary_cx = cx.secondary(place.super_block);
    let len = secondary_cx.len()?;
    core.budget.metadata(len)?;
    let address = core.allocate(len, BlockKind::BTree)?;
    core.put(address, &ExtensibleArraySecondary::empty(&secondary_cx)?, &secondary_cx)?;
    let Statistics { secondary_blocks, secondary_size, .. } = &mut cx.header.statistics;
    *secondary_blocks = secondary_blocks.saturating_add(1);
    *secondary_size = secondary_size.saturating_add(len);
    Ok(address)
}

/// Finds room for a data block and its pages. Pages come into being with their first element.
fn make_data(core: &mut Core, cx: &mut ExtensibleArrayContext, place: DataPlace) -> Result<Address> {
    let data_cx = cx.data(place.super_block);
    core.budget.metadata(data_cx.len()?)?;
    let (space, elements) = (data_cx.space()?, place.super_block.block_elements);
    let address = core.allocate(space, BlockKind::LocalHeap)?;
    let in_block = if place.page.is_some() { 0 } else { to_usize(elements)? };
    let block = ExtensibleArrayData {
        offset: place.super_block.data_block_offset(place.pointer),
        elements: vec![ChunkElement::NONE; in_block],
    };
    core.put(address, &block, &data_cx)?;
    let statistics = &mut cx.header.statistics;
    statistics.data_blocks = statistics.data_blocks.saturating_add(1);
    statistics.data_size = statistics.data_size.saturating_add(space);
    statistics.elements = statistics.elements.saturating_add(elements);
    Ok(address)
}

fn set_in_data(
    core: &mut Core,
    array: &ExtensibleArrayContext,
    data: Address,
    place: DataPlace,
    element: ChunkElement,
) -> Result<()> {
    let cx: DataBlockContext = array.data(place.super_block);
    match place.page {
        None => {
            let mut block = ExtensibleArrayData::clone(&*core.fetch(data, &cx)?);
            replace(&mut block.elements, place.position, element)?;
            core.put(data, &block, &cx)
        }
        Some(page) => {
            let address = cx.page_address(data, page)?;
            let mut page = ExtensibleArrayPage::clone(&*core.fetch(address, &array.page())?);
            replace(&mut page.0, place.position, element)?;
            core.put(address, &page, &array.page())
        }
    }
}

fn at<T: Copy>(list: &[T], place: u64) -> Result<Option<T>> {
    Ok(list.get(to_usize(place)?).copied())
}

impl ChunkIndex for ExtensibleArray {
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let Some(number) = self.numbering.number(scaled) else { return Ok(None) };
        Ok(self.element(core, number)?.and_then(|element| self.form.record(element)))
    }

    fn create(&mut self, core: &mut Core) -> Result<()> {
        if self.array.is_some() {
            return Ok(());
        }
        self.shape.check()?;
        let header = ExtensibleArrayHeader {
            size_width: self.form.size_width,
            shape: self.shape,
            statistics: Statistics::default(),
            index: None,
        };
        let sizes = core.sizes();
        let address = core.allocate(header.encoded_len(&sizes)? as u64, BlockKind::ObjectHeader)?;
        core.put(address, &header, &sizes)?;
        self.array = Some(ExtensibleArrayContext { sizes, header, address });
        Ok(())
    }

    fn insert(&mut self, core: &mut Core, scaled: &[u64], record: &ChunkRecord) -> Result<()> {
        self.create(core)?;
        let number = self.numbering.number(scaled).unwrap_or(u64::MAX);
        self.set(core, number, self.form.element(record))
    }

    fn remove(&mut self, core: &mut Core, scaled: &[u64]) -> Result<()> {
        match (self.find(core, scaled)?, self.numbering.number(scaled)) {
            (Some(_), Some(number)) => self.set(core, number, ChunkElement::NONE),
            _ => Ok(()),
        }
    }

    fn visit(&self, core: &Core, f: &mut Visit<'_>) -> Result<()> {
        let Some(cx) = &self.array else { return Ok(()) };
        let mut visited = 0;
        walk::elements(core, cx, &mut |first, elements| {
            self.form.visit(core, &self.numbering, first, elements, &mut visited, f)
        })
    }

    fn delete(&mut self, core: &mut Core) -> Result<()> {
        let Some(cx) = self.array.take() else { return Ok(()) };
        for (address, len) in walk::blocks(core, &cx)? {
            core.release(address, len)?;
        }
        core.release(cx.address, cx.header.encoded_len(&cx.sizes)? as u64)
    }

    fn describe(&self, layout: &mut Chunked) {
        layout.address = self.array.map(|cx| cx.address);
    }
}
