//! The DATA block of references: what each of them refers to.

use h5::types::stored::Reference;
use h5::{Container, Object, ReferenceTarget, RegionSelection};

use super::Dump;
use super::data::Elements;
use super::datatype;
use super::number;
use super::page::{BREAK, Cursor, Place};
use crate::Failure;

/// References in data that references refer to are followed so far.
const DEPTH: usize = 32;

impl Dump {
    pub(crate) fn references(
        &mut self,
        cursor: &mut Cursor,
        container: &Container,
        kind: Reference,
        elements: &mut Elements<'_>,
    ) -> Result<(), Failure> {
        let (count, size) = (elements.count, elements.element);
        let mut number = 0;
        while let Some(bytes) = elements.next()? {
            for element in bytes.chunks_exact(size) {
                let target = bytes.reference(kind, element);
                let target = self.tolerate(target.map_err(Failure::File))?.unwrap_or(ReferenceTarget::Null);
                let mut text = Vec::new();
                self.names().title(&mut text, &target);
                cursor.fresh = true;
                let style = self.style();
                self.page.put(cursor, &style, &text, Place { base: 0, number, in_row: count })?;
                self.follow(cursor, container, &target, number)?;
                number += 1;
                cursor.on_line += 1;
            }
        }
        Ok(())
    }

    /// Writes what there is to say of a target behind its name.
    fn follow(
        &mut self,
        cursor: &mut Cursor,
        container: &Container,
        target: &ReferenceTarget,
        number: u64,
    ) -> Result<(), Failure> {
        let object = container.open_target(target).ok();
        let (inside, elsewhere) = match target {
            ReferenceTarget::External { target, .. } => (&**target, object.clone()),
            here => (here, None),
        };
        self.in_file_of(elsewhere.as_ref(), |dump| match (inside, &object) {
            (ReferenceTarget::Object(_), Some(Object::Dataset(dataset))) => {
                dump.referenced_data(cursor, dataset)
            }
            (ReferenceTarget::Region { region, .. }, Some(Object::Dataset(dataset))) => {
                dump.region(cursor, dataset, region, number)
            }
            (ReferenceTarget::Attribute { name, .. }, object) => {
                let found = object.as_ref().and_then(|object| object.location().attrs().ok());
                let attributes = found.unwrap_or_default().into_iter().flatten();
                let attribute = attributes.into_iter().find(|attribute| attribute.raw_name() == name);
                dump.attribute_target(cursor, attribute.as_deref())
            }
            _ => Ok(()),
        })
    }

    fn referenced_data(&mut self, cursor: &mut Cursor, dataset: &h5::Dataset) -> Result<(), Failure> {
        let place = (self.current, dataset.address());
        if self.following.contains(&place) || self.following.len() >= DEPTH {
            self.complain("references lead to each other in a circle");
            return Ok(());
        }
        self.following.push(place);
        cursor.level += 1;
        let result = self.data(cursor, dataset, true);
        cursor.level -= 1;
        self.following.pop();
        result
    }

    fn region(
        &mut self,
        cursor: &mut Cursor,
        dataset: &Container,
        region: &RegionSelection,
        number: u64,
    ) -> Result<(), Failure> {
        let (mut text, opening): (Vec<u8>, &[u8]) = match region {
            RegionSelection::Points(points) if !points.is_empty() => {
                (points_text(b"REGION_TYPE POINT  ", points), b"{")
            }
            RegionSelection::Blocks(blocks) if !blocks.is_empty() => {
                (blocks_text(b"REGION_TYPE BLOCK  ", blocks), b" {")
            }
            _ => return Ok(()),
        };
        let (style, place) = (self.style(), Place { base: 0, number, in_row: number });
        self.page.put(cursor, &style, opening, place)?;
        cursor.level += 1;
        cursor.fresh = true;
        self.page.put(cursor, &style, &text, place)?;
        self.type_and_space(cursor, dataset, &mut text, place)?;
        if self.settings.regions {
            self.region_data(cursor, dataset, region)?;
        }
        cursor.level -= 1;
        self.page.line(cursor, &style, b"}")?;
        Ok(())
    }

    fn attribute_target(
        &mut self,
        cursor: &mut Cursor,
        attribute: Option<&Container>,
    ) -> Result<(), Failure> {
        let style = self.style();
        self.page.put(cursor, &style, b" {", Place::default())?;
        cursor.level += 1;
        match attribute {
            Some(attribute) => {
                self.type_and_space(cursor, attribute, &mut Vec::new(), Place::default())?;
                if self.settings.regions {
                    self.data(cursor, attribute, false)?;
                }
            }
            None => self.page.line(cursor, &style, b"NULL").map(|_| ())?,
        }
        cursor.level -= 1;
        self.page.line(cursor, &style, b"}")?;
        Ok(())
    }

    fn type_and_space(
        &mut self,
        cursor: &mut Cursor,
        container: &Container,
        text: &mut Vec<u8>,
        place: Place,
    ) -> Result<(), Failure> {
        let style = self.style();
        cursor.fresh = true;
        text.clear();
        text.extend_from_slice(b"DATATYPE  ");
        cursor.level += 1;
        let result = self.type_of(cursor, container, text);
        self.tolerate(result)?;
        cursor.level -= 1;
        self.page.put(cursor, &style, text, place)?;
        text.clear();
        let result = datatype::dataspace(text, container).map_err(Failure::File);
        self.tolerate(result)?;
        cursor.fresh = true;
        self.page.put(cursor, &style, text, place)?;
        Ok(())
    }
}

fn coordinates(text: &mut Vec<u8>, place: &[u64]) {
    text.push(b'(');
    for (axis, &index) in place.iter().enumerate() {
        if axis > 0 {
            text.push(b',');
        }
        number::unsigned(text, index);
    }
    text.push(b')');
}

/// Points, with places for line breaks between them.
pub(crate) fn points_text(head: &[u8], points: &[Vec<u64>]) -> Vec<u8> {
    let mut text = head.to_vec();
    for (number, point) in points.iter().enumerate() {
        if number > 0 {
            text.extend_from_slice(&[b',', BREAK, b' ']);
        }
        coordinates(&mut text, point);
    }
    text
}

/// The corners of blocks, with places for line breaks between them.
pub(crate) fn blocks_text(head: &[u8], blocks: &[(Vec<u64>, Vec<u64>)]) -> Vec<u8> {
    let mut text = head.to_vec();
    for (number, (first, last)) in blocks.iter().enumerate() {
        if number > 0 {
            text.extend_from_slice(&[b',', BREAK, b' ']);
        }
        coordinates(&mut text, first);
        text.push(b'-');
        coordinates(&mut text, last);
    }
    text
}
