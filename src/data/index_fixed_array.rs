//! Chunks in a fixed array: an element for each one that there can ever be.

use std::sync::Arc;

use crate::base::{Address, Error, Result, to_usize};
use crate::engine::{BlockKind, Core};
use crate::format::Wire;
use crate::format::chunk_element::ChunkElement;
use crate::format::fixed_array::{
    FixedArrayContext, FixedArrayData, FixedArrayHeader, FixedArrayPage, FixedArrayPlace,
};
use crate::format::message::layout::Chunked;
use crate::format::page_bitmap::PageBitmap;

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::elements::{ElementForm, no_such_place, replace};
use super::index::{ChunkIndex, ChunkRecord, Visit, not_created};
use super::numbering::Numbering;

pub(super) struct FixedArray {
    numbering: Numbering,
    form: ElementForm,
    page_bits: u8,
    array: Option<FixedArrayContext>,
}

impl FixedArray {
    pub(super) fn open(
        core: &Core,
        info: &DatasetInfo,
        grid: &Grid,
        address: Option<Address>,
        page_bits: u8,
    ) -> Result<Self> {
        let (numbering, mut form) = (Numbering::new(info, grid)?, ElementForm::new(core, info, grid));
        let mut array = None;
        if let Some(address) = address {
            let header: Arc<FixedArrayHeader> = core.fetch(address, &core.sizes())?;
            form.size_width = header.size_width;
            array = Some(FixedArrayContext { sizes: core.sizes(), header: *header, address });
        }
        Ok(FixedArray { numbering, form, page_bits, array })
    }

    fn element(&self, core: &Core, number: u64) -> Result<Option<ChunkElement>> {
        let Some(cx) = &self.array else { return Ok(None) };
        let (Some(data), Some(place)) = (cx.header.data, cx.place(number)) else { return Ok(None) };
        let block: Arc<FixedArrayData> = core.fetch(data, cx)?;
        let position = to_usize(place.position)?;
        match (&*block, place.page) {
            (FixedArrayData::Elements(elements), None) => Ok(elements.get(position).copied()),
            (FixedArrayData::Paged(written), Some(page)) if written.contains(page) => {
                Ok(page_of(core, cx, data, page)?.0.get(position).copied())
            }
            _ => Ok(None),
        }
    }

    fn set(&mut self, core: &mut Core, number: u64, element: ChunkElement) -> Result<()> {
        let Some(cx) = &mut self.array else { return Err(not_created()) };
        let place = cx.place(number).ok_or_else(|| out_of(number, cx.header.elements))?;
        let data = match cx.header.data {
            Some(data) => data,
            None => make_data(core, cx)?,
        };
        let mut block = FixedArrayData::clone(&*core.fetch(data, cx)?);
        match &mut block {
            FixedArrayData::Elements(elements) => {
                replace(elements, place.position, element)?;
                core.put(data, &block, cx)
            }
            FixedArrayData::Paged(written) => {
                let FixedArrayPlace { page: Some(page), .. } = place else { return Err(no_such_place()) };
                let is_new = !written.contains(page);
                let page_cx = cx.page(page);
                let mut elements = if is_new {
                    core.budget.metadata(page_cx.element.sealed_len(page_cx.elements)?)?;
                    FixedArrayPage::empty(&page_cx)?
                } else {
                    FixedArrayPage::clone(&*page_of(core, cx, data, page)?)
                };
                if is_new {
                    written.insert(page);
                    core.put(data, &block, cx)?;
                }
                replace(&mut elements.0, place.position, element)?;
                core.put(cx.page_address(data, page)?, &elements, &page_cx)
            }
        }
    }
}

fn page_of(core: &Core, cx: &FixedArrayContext, data: Address, page: u64) -> Result<Arc<FixedArrayPage>> {
    core.fetch(cx.page_address(data, page)?, &cx.page(page))
}

/// Finds room for the data block and its pages. Pages come into being with their first element.
fn make_data(core: &mut Core, cx: &mut FixedArrayContext) -> Result<Address> {
    core.budget.metadata(cx.data_len()?)?;
    let data = core.allocate(cx.space()?, BlockKind::LocalHeap)?;
    let block = match cx.pages() {
        0 => FixedArrayData::Elements(vec![ChunkElement::NONE; to_usize(cx.header.elements)?]),
        pages => FixedArrayData::Paged(PageBitmap::empty(to_usize(pages.div_ceil(8))?)),
    };
    cx.header.data = Some(data);
    core.put(data, &block, cx)?;
    core.put(cx.address, &cx.header, &cx.sizes)?;
    Ok(data)
}

fn out_of(number: u64, elements: u64) -> Error {
    Error::limit("chunks in a fixed array", number.saturating_add(1), elements)
}

impl ChunkIndex for FixedArray {
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let Some(number) = self.numbering.number(scaled) else { return Ok(None) };
        Ok(self.element(core, number)?.and_then(|element| self.form.record(element)))
    }

    fn create(&mut self, core: &mut Core) -> Result<()> {
        if self.array.is_some() {
            return Ok(());
        }
        let (page_bits, elements) = (self.page_bits, self.numbering.chunks());
        let header = FixedArrayHeader { size_width: self.form.size_width, page_bits, elements, data: None };
        let sizes = core.sizes();
        let address = core.allocate(header.encoded_len(&sizes)? as u64, BlockKind::ObjectHeader)?;
        core.put(address, &header, &sizes)?;
        self.array = Some(FixedArrayContext { sizes, header, address });
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
        let Some((cx, data)) = self.array.as_ref().and_then(|cx| Some((cx, cx.header.data?))) else {
            return Ok(());
        };
        let block: Arc<FixedArrayData> = core.fetch(data, cx)?;
        match &*block {
            FixedArrayData::Elements(elements) => {
                self.form.visit(core, &self.numbering, 0, elements, &mut 0, f)
            }
            FixedArrayData::Paged(written) => {
                let (mut first, mut visited) = (0, 0);
                for page in 0..cx.pages() {
                    let next = first + cx.page(page).elements;
                    if written.contains(page) {
                        let page = page_of(core, cx, data, page)?;
                        self.form.visit(core, &self.numbering, first, &page.0, &mut visited, f)?;
                    }
                    first = next;
                }
                Ok(())
            }
        }
    }

    fn delete(&mut self, core: &mut Core) -> Result<()> {
        let Some(cx) = self.array.take() else { return Ok(()) };
        if let Some(data) = cx.header.data {
            core.release(data, cx.space()?)?;
        }
        core.release(cx.address, cx.header.encoded_len(&cx.sizes)? as u64)
    }

    fn describe(&self, layout: &mut Chunked) {
        layout.address = self.array.map(|cx| cx.address);
    }
}
