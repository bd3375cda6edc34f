//! The DATA block: elements in the order of a C array, with their indices.

use h5::types::stored::{Class, Datatype};
use h5::{Axis, Container, Hyperslab, Selection, StoredElements};

use super::Dump;
use super::native;
use super::page::{Cursor, Margin, Place, Style};
use super::value::{Part, Values};
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
        self.page.switch();
        let result = match &subset {
            Some(axes) => self.part(cursor, container, axes),
            None => self.contents(cursor, container, is_dataset),
        };
        self.page.switch();
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
        if container.is_null() {
            return Ok(());
        }
        let datatype = container.dtype()?;
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
        self.elements(&mut inner, datatype.stored(), &mut elements)
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
        let style = Style { margin, width: self.data_width(), ..self.style() };
        if self.are_characters(datatype) {
            return self.characters(cursor, elements);
        }
        let strips = Strips::new(&shape, native::size(datatype));
        let names = self.names();
        cursor.row = shape.last().copied().unwrap_or(0);
        let (mut place, mut position, mut text) = (Place::default(), 0, Vec::new());
        while let Some(stored) = elements.next()? {
            let values = Values {
                stored: &stored,
                names: &names,
                escape: self.settings.escape,
                format: self.settings.format.as_ref(),
                behind_array: &self.behind_array,
            };
            for element in stored.chunks_exact(part.size) {
                if strips.begins(position) {
                    place = Place { base: position, ..Place::default() };
                    cursor.continued = position > 0;
                }
                text.clear();
                values.write(&mut text, &part.form, element, cursor.level)?;
                position += 1;
                if position < elements.count {
                    text.push(b',');
                }
                if self.page.put(cursor, &style, &text, place)? {
                    place.in_row = 0;
                }
                place.number += 1;
                place.in_row += 1;
                cursor.on_line += 1;
            }
        }
        Ok(())
    }
}

/// Reads elements in pieces.
pub(crate) struct Elements<'a> {
    container: &'a Container,
    is_dataset: bool,
    pub(crate) shape: Vec<u64>,
    pub(crate) count: u64,
    pub(crate) element: usize,
    /// The shape of a piece, and the corner of the next one.
    piece: Vec<u64>,
    corner: Option<Vec<u64>>,
}

impl<'a> Elements<'a> {
    fn new(container: &'a Container, datatype: &Datatype, is_dataset: bool) -> h5::Result<Self> {
        let shape: Vec<u64> = container.try_shape()?.into_iter().map(|size| size as u64).collect();
        let count = shape.iter().fold(1u64, |n, &size| n.saturating_mul(size));
        let piece = piece(&shape, u64::from(datatype.size), PIECE);
        let corner = (count > 0).then(|| vec![0; shape.len()]);
        let element = usize::try_from(datatype.size).unwrap_or(usize::MAX);
        Ok(Elements { container, is_dataset, shape, count, element, piece, corner })
    }

    /// Reads the next piece.
    pub(crate) fn next(&mut self) -> h5::Result<Option<StoredElements>> {
        let Some(corner) = self.corner.take() else { return Ok(None) };
        if !self.is_dataset || self.shape.is_empty() {
            return self.container.read_bytes(Selection::All).map(Some);
        }
        let axis =
            |((&start, &len), &size): ((&u64, &u64), &u64)| Axis::contiguous(start, len.min(size - start));
        let axes = corner.iter().zip(&self.piece).zip(&self.shape).map(axis).collect();
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
