//! The values of a dataset or an attribute: hashed block by block, the first and the last elements shown.

use h5::types::stored::Datatype;
use h5::{Attribute, Axis, Container, Dataset, Hyperslab, Selection, StoredElements};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::encode::{Encoder, Room, Source};
use super::show::{self, Cursor};
use super::{Fields, Outcome, Unreadable, hex, put};

/// Canonical bytes above which a dataset is not hashed as a whole.
const FULL: u64 = 64 << 20;

/// Bytes that are read at a time, unless a row of chunks has more.
const BLOCK: u64 = 8 << 20;

/// The most bytes that are read at a time.
const LARGEST_BLOCK: u64 = 64 << 20;

/// Elements that are shown at either end, and the most that are all shown.
const SHOWN: u64 = 3;
const SHOWN_LAST: usize = 3;
const ALL_SHOWN: u64 = 6;

/// Puts in the values of a dataset.
pub(super) fn of_dataset(
    dataset: &Dataset,
    datatype: &Datatype,
    shape: &[u64],
    chunk: Option<&[u64]>,
    fields: &mut Fields,
) -> Outcome<()> {
    let mut values = Values::new(dataset, datatype, shape)?;
    let memory = values.count.checked_mul(values.encoder.memory);
    match memory {
        Some(memory) if memory <= FULL => {
            if values.count > 0 {
                for block in Blocks::new(shape, chunk, values.encoder.size as u64) {
                    values.feed(&dataset.read_bytes(block)?)?;
                }
            }
            values.done(fields)
        }
        _ => {
            let first = values.at(shape, 0..SHOWN.min(values.count))?;
            let last = values.at(shape, values.count.saturating_sub(SHOWN)..values.count)?;
            put(fields, "sha256", Value::Null);
            put(fields, "too_large", memory);
            put(fields, "first", first);
            put(fields, "last", last);
            Ok(())
        }
    }
}

/// Puts in the values of an attribute.
pub(super) fn of_attribute(
    attribute: &Attribute,
    datatype: &Datatype,
    shape: &[u64],
    fields: &mut Fields,
) -> Outcome<()> {
    let mut values = Values::new(attribute, datatype, shape)?;
    if values.count > 0 {
        values.feed(&attribute.read_bytes(Selection::All)?)?;
    }
    values.done(fields)
}

/// What is kept of the values while they pass by.
struct Values<'a> {
    container: &'a Container,
    room: Room,
    datatype: &'a Datatype,
    encoder: Encoder,
    /// All elements.
    count: u64,
    /// Elements that passed by.
    passed: u64,
    hash: Sha256,
    /// Canonical bytes that passed by.
    bytes: u64,
    first: Vec<Value>,
    /// The last elements that passed by.
    last: Vec<Value>,
    canonical: Vec<u8>,
}

impl<'a> Values<'a> {
    fn new(container: &'a Container, datatype: &'a Datatype, shape: &[u64]) -> Outcome<Self> {
        let count = match shape.contains(&0) {
            true => Some(0),
            false => shape.iter().try_fold(1u64, |n, &size| n.checked_mul(size)),
        };
        Ok(Values {
            container,
            room: Room::new(container),
            datatype,
            encoder: Encoder::new(datatype)?,
            count: count.ok_or_else(|| Unreadable::new("there are over 2^64 elements"))?,
            passed: 0,
            hash: Sha256::new(),
            bytes: 0,
            first: Vec::new(),
            last: Vec::new(),
            canonical: Vec::new(),
        })
    }

    /// Takes the next stored elements.
    fn feed(&mut self, stored: &StoredElements) -> Outcome<()> {
        let size = self.encoder.size;
        let shown = if self.count <= ALL_SHOWN { ALL_SHOWN } else { SHOWN };
        let head =
            stored.chunks_exact(size).take(usize::try_from(shown.saturating_sub(self.passed)).unwrap_or(0));
        for element in head {
            let element = self.show(stored, element)?;
            self.first.push(element);
        }
        self.passed += (stored.len() / size) as u64;
        self.keep_last(stored)?;
        if self.encoder.is_plain() {
            self.hash.update(&stored[..]);
            self.bytes += stored.len() as u64;
            return Ok(());
        }
        // Elements of variable length may be much longer than they are stored: they go by in smaller portions.
        let portion = (PORTION / size).max(1) * size;
        let source = Source { container: self.container, elements: stored, room: &self.room };
        for stored in stored.chunks(portion) {
            self.canonical.clear();
            self.encoder.encode(&source, stored, &mut self.canonical)?;
            self.hash.update(&self.canonical);
            self.bytes += self.canonical.len() as u64;
        }
        Ok(())
    }

    fn keep_last(&mut self, stored: &StoredElements) -> Outcome<()> {
        if self.count > ALL_SHOWN {
            let shown = self.encoder.size.saturating_mul(SHOWN_LAST);
            let new = stored[stored.len().saturating_sub(shown)..].chunks_exact(self.encoder.size);
            for element in new {
                let element = self.show(stored, element)?;
                self.last.push(element);
            }
            self.last.drain(..self.last.len().saturating_sub(SHOWN_LAST));
        }
        Ok(())
    }

    fn done(mut self, fields: &mut Fields) -> Outcome<()> {
        put(fields, "sha256", hex(&self.hash.finalize_reset()));
        put(fields, "bytes", self.bytes);
        put(fields, "first", std::mem::take(&mut self.first));
        if self.count > ALL_SHOWN {
            put(fields, "last", std::mem::take(&mut self.last));
        }
        Ok(())
    }

    fn show(&self, elements: &StoredElements, stored: &[u8]) -> Outcome<Value> {
        let mut canonical = Vec::new();
        let source = Source { container: self.container, elements, room: &self.room };
        self.encoder.encode(&source, stored, &mut canonical)?;
        Ok(show::element(self.datatype, &mut Cursor(&canonical)))
    }

    /// Reads and shows single elements.
    fn at(&self, shape: &[u64], elements: std::ops::Range<u64>) -> Outcome<Vec<Value>> {
        let show = |element: u64| {
            let mut rest = element;
            let mut axes: Vec<Axis> = Vec::with_capacity(shape.len());
            for &size in shape.iter().rev() {
                axes.push(Axis::contiguous(rest % size, 1));
                rest /= size;
            }
            axes.reverse();
            let stored = self.container.read_bytes(Hyperslab::new(axes))?;
            self.show(&stored, &stored)
        };
        elements.map(show).collect()
    }
}

/// Stored bytes that are encoded at a time.
const PORTION: usize = 256 << 10;

/// Cuts a dataspace into boxes that follow each other in the order of a C array.
struct Blocks {
    shape: Vec<u64>,
    /// Where the next block begins; none is left if it is empty.
    next: Option<Vec<u64>>,
    /// Axes before this one have one index in each block, those behind it have all.
    axis: usize,
    /// Indices of a block along the axis.
    step: u64,
}

impl Blocks {
    /// There is at least one element.
    fn new(shape: &[u64], chunk: Option<&[u64]>, size: u64) -> Self {
        let below = |axis: usize| {
            shape[axis + 1..].iter().fold(size, |bytes, &size| bytes.saturating_mul(size)).max(1)
        };
        let fits = (0..shape.len()).find(|&axis| below(axis) <= LARGEST_BLOCK);
        let axis = fits.unwrap_or(shape.len().saturating_sub(1));
        let step = match shape.get(axis) {
            None => 1,
            Some(_) => {
                let (step, chunk) =
                    ((BLOCK / below(axis)).max(1), chunk.map_or(1, |chunk| chunk[axis].max(1)));
                if chunk.saturating_mul(below(axis)) > LARGEST_BLOCK {
                    step
                } else {
                    // Whole chunks: none is decoded twice.
                    (step / chunk).max(1).saturating_mul(chunk)
                }
            }
        };
        Blocks { shape: shape.to_vec(), next: Some(vec![0; shape.len()]), axis, step }
    }
}

impl Iterator for Blocks {
    type Item = Hyperslab;

    fn next(&mut self) -> Option<Hyperslab> {
        let mut start = self.next.take()?;
        let axes = start.iter().zip(&self.shape).enumerate().map(|(axis, (&start, &size))| {
            let len = if axis == self.axis { self.step.min(size - start) } else { 1 };
            Axis::contiguous(start, if axis > self.axis { size } else { len })
        });
        let block = Hyperslab::new(axes.collect());
        for axis in (0..self.shape.len().min(self.axis + 1)).rev() {
            start[axis] = start[axis].saturating_add(if axis == self.axis { self.step } else { 1 });
            if start[axis] < self.shape[axis] {
                self.next = Some(start);
                break;
            }
            start[axis] = 0;
        }
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(shape: &[u64], chunk: Option<&[u64]>, size: u64) -> Vec<Vec<(u64, u64)>> {
        let axes = |slab: Hyperslab| slab.axes().iter().map(|axis| (axis.start, axis.len())).collect();
        Blocks::new(shape, chunk, size).map(axes).collect()
    }

    #[test]
    fn blocks_go_over_everything_in_order() {
        assert_eq!(boxes(&[], None, 8), [vec![]]);
        assert_eq!(boxes(&[5, 7], None, 8), [vec![(0, 5), (0, 7)]]);
        let mib = 1 << 20;
        assert_eq!(boxes(&[20, mib], None, 1), [0, 8, 16].map(|row| vec![(row, 8.min(20 - row)), (0, mib)]));
        let chunked = boxes(&[20, mib], Some(&[10, 10]), 1);
        assert_eq!(chunked, [0, 10].map(|row| vec![(row, 10), (0, mib)]));
        let wide = boxes(&[2, 3, 60 * mib], None, 1);
        assert_eq!(wide.len(), 6);
        assert_eq!(wide[4], [(1, 1), (1, 1), (0, 60 * mib)]);
    }
}
