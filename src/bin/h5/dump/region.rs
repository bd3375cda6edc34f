//! The data that region references refer to.

use h5::{Container, RegionSelection};

use super::Dump;
use super::data::{Elements, Item};
use super::native;
use super::page::{Cursor, Margin, Place, Stream};
use super::value::Part;
use crate::Failure;

impl Dump {
    /// Writes the DATA block of a region.
    pub(crate) fn region_data(
        &mut self,
        cursor: &mut Cursor,
        dataset: &Container,
        region: &RegionSelection,
    ) -> Result<(), Failure> {
        let style = self.style();
        self.page.line(cursor, &style, b"DATA {")?;
        let mut inner = cursor.clone();
        inner.level += 1;
        let before = self.page.turn_to(Stream::Data);
        let result = self.region_elements(&mut inner, dataset, region);
        self.page.turn_to(before);
        self.tolerate(result)?;
        self.page.line(cursor, &style, b"}")?;
        Ok(())
    }

    fn region_elements(
        &mut self,
        cursor: &mut Cursor,
        dataset: &Container,
        region: &RegionSelection,
    ) -> Result<(), Failure> {
        if !native::exists(dataset.dtype()?.stored()) {
            return Ok(());
        }
        match region {
            RegionSelection::Points(points) => {
                for (number, point) in points.iter().enumerate() {
                    let shape = vec![1; point.len()];
                    self.box_of_elements(cursor, dataset, point, shape, number + 1 == points.len())?;
                }
            }
            RegionSelection::Blocks(blocks) => {
                // h5dump takes all blocks for as large as the first one.
                let Some((first, last)) = blocks.first() else { return Ok(()) };
                let shape: Vec<u64> =
                    first.iter().zip(last).map(|(&a, &b)| b.saturating_sub(a).saturating_add(1)).collect();
                for (number, (corner, _)) in blocks.iter().enumerate() {
                    let is_last = number + 1 == blocks.len();
                    self.box_of_elements(cursor, dataset, corner, shape.clone(), is_last)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes the elements of a box, beginning on a new line.
    fn box_of_elements(
        &mut self,
        cursor: &mut Cursor,
        dataset: &Container,
        corner: &[u64],
        shape: Vec<u64>,
        is_last: bool,
    ) -> Result<(), Failure> {
        let datatype = dataset.dtype()?;
        let part = Part::new(datatype.stored());
        let item = Item { names: self.names(), part, characters: false };
        cursor.row = shape.last().copied().unwrap_or(0);
        cursor.fresh = true;
        let mut elements = Elements::of_box(dataset, datatype.stored(), corner.to_vec(), shape);
        let style = self.data_style(Margin::Plain);
        let (mut place, mut text) = (Place::default(), Vec::new());
        while let Some(stored) = elements.next()? {
            for element in stored.chunks_exact(item.part.size.max(1)) {
                let more = !is_last || place.number + 1 < elements.count;
                self.item(&mut text, &item, &stored, element, cursor.level, more)?;
                self.put_item(cursor, &style, &text, &mut place)?;
            }
        }
        Ok(())
    }
}
