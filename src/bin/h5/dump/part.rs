//! A part of a dataset: what it is, and its elements row by row.

use h5::{Axis, Container, Hyperslab};

use super::Dump;
use super::data::Item;
use super::native;
use super::number;
use super::page::{Cursor, Margin, Place};
use super::value::Part;
use crate::Failure;

impl Dump {
    /// Writes the beginning of the block that tells which part it is.
    pub(crate) fn subset_head(&mut self, cursor: &mut Cursor, axes: &[Axis]) -> Result<(), Failure> {
        let style = self.style();
        self.page.line(cursor, &style, b"SUBSET {")?;
        cursor.level += 1;
        for (number, word) in ["START", "STRIDE", "COUNT", "BLOCK"].into_iter().enumerate() {
            let number_of =
                |axis: &Axis| [axis.start, axis.stride, axis.count, axis.block][number].to_string();
            let numbers: Vec<String> = axes.iter().map(number_of).collect();
            self.page.line(cursor, &style, format!("{word} ( {} );", numbers.join(", ")).as_bytes())?;
        }
        Ok(())
    }

    /// Writes the elements of a part.
    ///
    /// h5dump goes through a part in planes of the last two axes, and within them row by row: all blocks of the other
    /// axes that have this row are on the same line. The last row of a plane has no comma behind it.
    pub(crate) fn part(
        &mut self,
        cursor: &Cursor,
        container: &Container,
        axes: &[Axis],
    ) -> Result<(), Failure> {
        let datatype = container.dtype()?;
        if container.is_null() || axes.iter().any(Axis::is_empty) || !native::exists(datatype.stored()) {
            return Ok(());
        }
        let mut cursor = cursor.clone();
        let Some((columns, outer)) = axes.split_last() else { return Ok(()) };
        let (rows, outer) = match outer.split_last() {
            Some((rows, outer)) => (indices(*rows), outer),
            None => (Vec::new(), outer),
        };
        let planes: Vec<Vec<Axis>> = outer.iter().map(|axis| blocks(*axis)).collect();
        let mut plane = vec![0; planes.len()];
        let characters = self.are_characters(datatype.stored());
        let item = Item { names: self.names(), part: Part::new(datatype.stored()), characters };
        if characters {
            self.begin_characters(&mut cursor)?;
        }
        loop {
            let head: Vec<Axis> = planes.iter().zip(&plane).map(|(blocks, &at)| blocks[at]).collect();
            if rows.is_empty() {
                let slab = [&head[..], &[*columns]].concat();
                self.row(&mut cursor, container, &item, slab, true)?;
            }
            for (number, &row) in rows.iter().enumerate() {
                let slab = [&head[..], &[Axis::contiguous(row, 1), *columns]].concat();
                self.row(&mut cursor, container, &item, slab, number + 1 == rows.len())?;
            }
            if !advance(&mut plane, &planes) {
                break;
            }
        }
        if characters {
            self.end_characters(&mut cursor)?;
        }
        Ok(())
    }

    fn row(
        &mut self,
        cursor: &mut Cursor,
        container: &Container,
        item: &Item,
        slab: Vec<Axis>,
        is_last: bool,
    ) -> Result<(), Failure> {
        let shape: Vec<u64> = container.try_shape()?.into_iter().map(|size| size as u64).collect();
        // The indices of a line count elements from the first one of the row, whatever the stride is.
        let base = slab.iter().zip(&shape).fold(0, |at: u64, (axis, &size)| at * size + axis.start);
        let mut place = Place { base, ..Place::default() };
        let stored = container.read_bytes(Hyperslab::new(slab))?;
        let margin = if self.settings.no_index { Margin::Data } else { Margin::Indices(&shape) };
        let style = if item.characters { self.character_style() } else { self.data_style(margin) };
        let count = stored.len() / item.part.size.max(1);
        cursor.fresh = true;
        cursor.row = shape.last().copied().unwrap_or(0);
        let mut text = Vec::new();
        for (number, element) in stored.chunks_exact(item.part.size.max(1)).enumerate() {
            let more = !is_last || number + 1 < count;
            self.item(&mut text, item, &stored, element, cursor.level, more)?;
            self.put_item(cursor, &style, &text, &mut place)?;
        }
        Ok(())
    }

    /// Appends a list of indices.
    pub(crate) fn list(text: &mut Vec<u8>, numbers: impl Iterator<Item = Option<u64>>) {
        text.push(b'(');
        for (index, number) in numbers.enumerate() {
            if index > 0 {
                text.push(b',');
            }
            match number {
                Some(number) => number::unsigned(text, number),
                None => text.extend_from_slice(b"H5S_UNLIMITED"),
            }
        }
        text.push(b')');
    }
}

/// All indices that an axis selects.
fn indices(axis: Axis) -> Vec<u64> {
    blocks(axis).into_iter().flat_map(|block| block.start..block.start + block.len()).collect()
}

/// The blocks of an axis.
fn blocks(axis: Axis) -> Vec<Axis> {
    (0..axis.count).map(|n| Axis::contiguous(axis.start + n * axis.stride, axis.block)).collect()
}

/// Goes on to the next plane.
fn advance(plane: &mut [usize], planes: &[Vec<Axis>]) -> bool {
    for (at, blocks) in plane.iter_mut().zip(planes).rev() {
        *at += 1;
        if *at < blocks.len() {
            return true;
        }
        *at = 0;
    }
    false
}
