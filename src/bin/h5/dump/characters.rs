//! Integers of one byte as text.

use std::io;

use h5::types::stored::{Class, Datatype};

use super::Dump;
use super::page::{Cursor, Margin, Place, Style};

impl Dump {
    /// Whether elements are to be printed as the characters of a string.
    pub(crate) fn are_characters(&self, datatype: &Datatype) -> bool {
        self.settings.characters && datatype.size == 1 && matches!(datatype.class, Class::FixedPoint(_))
    }

    /// How lines with characters look: each is a string of its own.
    pub(crate) fn character_style(&self) -> Style<'static> {
        let margin = if self.settings.no_index { Margin::FirstQuoted } else { Margin::Quoted };
        Style { separator: b"", line_end: b"\"", ..self.data_style(margin) }
    }

    /// Begins the first line, which h5dump does before it knows whether there are elements.
    pub(crate) fn begin_characters(&mut self, cursor: &mut Cursor) -> io::Result<()> {
        cursor.level += 1;
        cursor.fresh = true;
        let style = Style { line_end: b"", ..self.character_style() };
        self.page.begin(cursor, &style, 0)
    }

    /// Ends the last string.
    pub(crate) fn end_characters(&mut self, cursor: &mut Cursor) -> io::Result<()> {
        let margin = if self.settings.no_index { Margin::Data } else { Margin::Plain };
        let style = Style { separator: b"", rows: false, ..self.data_style(margin) };
        self.page.put(cursor, &style, b"\"", Place::default()).map(|_| ())
    }
}
