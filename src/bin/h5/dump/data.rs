//! The DATA block: elements in the order of a C array, with their indices.

use std::rc::Rc;

use h5::types::stored::{Class, Datatype};
use h5::{Axis, Container, Hyperslab, Selection, StoredElements};

use super::Dump;
use super::names::Names;
use super::native;
use super::page::{Cursor, Margin, Place, Stream, Style};
use super::text;
use super::value::Part;
use crate::Failure;

/// About so many bytes are read at a time.
const PIECE: u64 = 4 << 20;

/// h5dump reads so many bytes at a time, which shows: it forgets where in a row it was.
const STRIP: u64 = 32 << 20;

impl Dump {
    /// Writes the data of a dataset or an attribute.
    pub(crate) fn data(
        &mut self,
        cursor: &mut Cursor,
        container: &Container,
        is_dataset: bool,
    ) -> Result<(), Failure> {
        let style = self.style();
        let subset = if is_dataset { self.subset.take() } else { None };
        if let Some(axes) = &subset {
            self.subset_head(cursor, axes)?;
        }
        self.page.line(cursor, &style, b"DATA {")?;
        let is_reference = matches!(container.dtype()?.stored().class, Class::Reference(_));
        let result = match &subset {
            // Of references h5dump prints all.
            Some(axes) if !is_reference => {
                let before = self.page.turn_to(Stream::Data);
                let result = self.part(cursor, container, axes);
                self.page.turn_to(before);
                result
            }
            _ => self.contents(cursor, container, is_dataset),
        };
        self.tolerate(result)?;
        cursor.fresh = true;
        self.page.begin(cursor, &style, 0)?;
        self.page.put(cursor, &style, b"}", Place::default())?;
        if subset.is_some() {
            cursor.level -= 1;
            self.page.line(cursor, &style, b"}")?;
        }
        Ok(())
    }

    fn contents(&mut self, cursor: &Cursor, container: &Container, is_dataset: bool) -> Result<(), Failure> {
        let datatype = container.dtype()?;
        if container.is_null() {
            if self.are_characters(datatype.stored()) {
                let mut inner = cursor.clone();
                self.begin_characters(&mut inner)?;
                self.end_characters(&mut inner)?;
            }
            return Ok(());
        }
        // h5dump silently prints nothing of such data.
        if !native::exists(datatype.stored()) {
            return Ok(());
        }
        let mut inner = cursor.clone();
        inner.fresh = true;
        let mut elements = Elements::new(container, datatype.stored(), is_dataset)?;
        if let Class::Reference(kind) = datatype.stored().class {
            inner.level += 1;
            return self.references(&mut inner, container, kind, &mut elements);
        }
        let before = self.page.turn_to(if is_dataset { Stream::Data } else { Stream::Attributes });
        let result = self.elements(&mut inner, datatype.stored(), &mut elements);
        self.page.turn_to(before);
        result
    }

    fn elements(
        &mut self,
        cursor: &mut Cursor,
        datatype: &Datatype,
        elements: &mut Elements<'_>,
    ) -> Result<(), Failure> {
        let part = Part::new(datatype);
        let shape = elements.shape.clone();
        let margin = if self.settings.no_index { Margin::Data } else { Margin::Indices(&shape) };
        let characters = self.are_characters(datatype);
        let style = if characters { self.character_style() } else { self.data_style(margin) };
        if characters {
            self.begin_characters(cursor)?;
        }
        let strips = Strips::new(&shape, native::size(datatype));
        let item = Item { names: self.names(), part, characters };
        cursor.row = shape.last().copied().unwrap_or(0);
        let (mut place, mut position, mut text) = (Place::default(), 0, Vec::new());
        while let Some(stored) = elements.next()? {
            for element in stored.chunks_exact(item.part.size) {
                if strips.begins(position) {
                    place = Place { base: position, ..Place::default() };
                    cursor.continued = position > 0;
                }
                position += 1;
                self.item(&mut text, &item, &stored, element, cursor.level, position < elements.count)?;
                self.put_item(cursor, &style, &text, &mut place)?;
            }
        }
        if characters {
            self.end_characters(cursor)?;
        }
        Ok(())
    }

    /// Makes the text of an element, with a comma if there are more behind it.
    pub(crate) fn item(
        &self,
        text: &mut Vec<u8>,
        item: &Item,
        stored: &StoredElements,
        element: &[u8],
        level: usize,
        more: bool,
    ) -> h5::Result<()> {
        text.clear();
        if item.characters {
            element.iter().for_each(|&byte| text::character(text, byte, self.settings.escape));
            return Ok(());
        }
        self.values(stored, &item.names).write(text, &item.part.form, element, level)?;
        if more {
            text.push(b',');
        }
        Ok(())
    }

    /// Writes the text of an element, and counts it.
    pub(crate) fn put_item(
        &mut self,
        cursor: &mut Cursor,
        style: &Style<'_>,
        text: &[u8],
        place: &mut Place,
    ) -> Result<(), Failure> {
        if self.page.put(cursor, style, text, *place)? {
            place.in_row = 0;
        }
        place.number += 1;
        place.in_row += 1;
        cursor.on_line += 1;
        Ok(())
    }
}

/// What elements are.
pub(crate) struct Item {
    pub(crate) names: Rc<Names>,
    pub(crate) part: Part,
    /// They are printed as characters.
    pub(crate) characters: bool,
}

/// Reads elements in pieces.
pub(crate) struct Elements<'a> {
    container: &'a Container,
    is_dataset: bool,
    pub(crate) shape: Vec<u64>,
    pub(crate) count: u64,
    pub(crate) element: usize,
    /// Where the elements begin in the container.
    origin: Vec<u64>,
    /// The shape of a piece, and the corner of the next one.
    piece: Vec<u64>,
    corner: Option<Vec<u64>>,
}

impl<'a> Elements<'a> {
    fn new(container: &'a Container, datatype: &Datatype, is_dataset: bool) -> h5::Result<Self> {
        let shape: Vec<u64> = container.try_shape()?.into_iter().map(|size| size as u64).collect();
        let origin = vec![0; shape.len()];
        Ok(Elements { is_dataset, ..Elements::of_box(container, datatype, origin, shape) })
    }

    /// The elements of a part of a dataset.
    pub(crate) fn of_box(
        container: &'a Container,
        datatype: &Datatype,
        origin: Vec<u64>,
        shape: Vec<u64>,
    ) -> Self {
        let count = shape.iter().fold(1u64, |n, &size| n.saturating_mul(size));
        let piece = piece(&shape, u64::from(datatype.size), PIECE);
        let corner = (count > 0).then(|| vec![0; shape.len()]);
        let element = usize::try_from(datatype.size).unwrap_or(usize::MAX);
        Elements { container, is_dataset: true, shape, count, element, origin, piece, corner }
    }

    /// Reads the next piece.
    pub(crate) fn next(&mut self) -> h5::Result<Option<StoredElements>> {
        let Some(corner) = self.corner.take() else { return Ok(None) };
        if !self.is_dataset || self.shape.is_empty() {
            return self.container.read_bytes(Selection::All).map(Some);
        }
        let axes = (0..corner.len()).map(|axis| {
            let len = self.piece[axis].min(self.shape[axis] - corner[axis]);
            Axis::contiguous(self.origin[axis].saturating_add(corner[axis]), len)
        });
        let axes = axes.collect();
        self.corner = self.behind(corner);
        self.container.read_bytes(Hyperslab::new(axes)).map(Some)
    }

    fn behind(&self, mut corner: Vec<u64>) -> Option<Vec<u64>> {
        for axis in (0..corner.len()).rev() {
            corner[axis] += self.piece[axis];
            if corner[axis] < self.shape[axis] {
                return Some(corner);
            }
            corner[axis] = 0;
        }
        None
    }
}

/// The shape of pieces of at most so many bytes that follow each other in the order of a C array.
fn piece(shape: &[u64], element: u64, most: u64) -> Vec<u64> {
    let (mut piece, mut bytes) = (vec![1; shape.len()], element.max(1));
    for (len, &size) in piece.iter_mut().zip(shape).rev() {
        *len = (most / bytes).max(1).min(size);
        bytes = bytes.saturating_mul((*len).max(1));
    }
    piece
}

/// Where h5dump begins to read again.
struct Strips {
    /// Strips begin at multiples of `strip` from each multiple of `unit`.
    unit: u64,
    strip: u64,
}

impl Strips {
    fn new(shape: &[u64], element: usize) -> Self {
        let piece = piece(shape, element as u64, STRIP);
        let (mut unit, mut strip) = (1u64, 1u64);
        for (&size, &len) in shape.iter().zip(&piece).rev() {
            unit = unit.saturating_mul(size);
            strip = strip.saturating_mul(len);
            if len < size {
                break;
            }
        }
        Strips { unit: unit.max(1), strip: strip.max(1) }
    }

    fn begins(&self, position: u64) -> bool {
        (position % self.unit).is_multiple_of(self.strip)
    }
}
