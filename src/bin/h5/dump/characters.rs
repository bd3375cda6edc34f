//! Integers of one byte as text.

use h5::types::stored::{Class, Datatype};

use super::Dump;
use super::data::Elements;
use super::page::{Cursor, Margin, Place, Style};
use super::text;
use crate::Failure;

impl Dump {
    /// Whether elements are to be printed as characters.
    pub(crate) fn are_characters(&self, datatype: &Datatype) -> bool {
        self.settings.characters && datatype.size == 1 && matches!(datatype.class, Class::FixedPoint(_))
    }

    /// Writes elements as the characters of a string, broken into lines.
    pub(crate) fn characters(
        &mut self,
        cursor: &mut Cursor,
        elements: &mut Elements<'_>,
    ) -> Result<(), Failure> {
        let style =
            Style { margin: Margin::Quoted, separator: b"", line_end: b"\"", rows: false, ..self.style() };
        if elements.count > 0 {
            self.page.begin(cursor, &Style { line_end: b"", ..style }, 0)?;
        }
        let (mut number, mut escaped) = (0, Vec::new());
        while let Some(bytes) = elements.next()? {
            for &byte in &*bytes {
                escaped.clear();
                text::character(&mut escaped, byte, self.settings.escape);
                self.page.put(cursor, &style, &escaped, Place { base: 0, number, in_row: 1 })?;
                number += 1;
                cursor.on_line += 1;
            }
        }
        if number > 0 {
            self.page.raw(b"\"")?;
        }
        Ok(())
    }
}
