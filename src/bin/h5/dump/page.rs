//! Lines: what begins them, and where they end. These rules are h5dump's, oddities included.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Spaces of one level of indentation.
const INDENT: usize = 3;

/// Where text may be broken into two lines.
pub(crate) const BREAK: u8 = 1;

/// How lines look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style<'a> {
    pub(crate) width: usize,
    pub(crate) margin: Margin<'a>,
    /// Between two elements on a line.
    pub(crate) separator: &'static [u8],
    /// What ends a line that another one follows.
    pub(crate) line_end: &'static [u8],
    /// A new line for each row of an array.
    pub(crate) rows: bool,
    /// Elements that don't fit are moved to the next line as a whole.
    pub(crate) keep_whole: bool,
    /// A new line for each element.
    pub(crate) one_per_line: bool,
}

/// What a line begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Margin<'a> {
    /// The indentation of a declaration.
    Plain,
    /// The indices of the first element in an array of this shape.
    Indices(&'a [u64]),
    /// The indentation of data without indices.
    Data,
    /// The indentation of a declaration and a quotation mark.
    Quoted,
    /// The indentation of data, and for the very first element a quotation mark in front of it: without indices h5dump
    /// forgets the others.
    FirstQuoted,
}

impl Style<'_> {
    /// Lines of declarations.
    pub(crate) fn plain(width: usize) -> Self {
        let (margin, separator) = (Margin::Plain, &b" "[..]);
        Style { width, margin, separator, line_end: b"", rows: true, keep_whole: true, one_per_line: false }
    }
}

/// A place on the page; its copies go on independently.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    pub(crate) level: usize,
    /// The next text begins a line.
    pub(crate) fresh: bool,
    /// Something was printed before, so that the first text here is not the first one.
    pub(crate) continued: bool,
    /// Elements of a row; 0 where there are no rows.
    pub(crate) row: u64,
    /// Elements on this line so far.
    pub(crate) on_line: u64,
    column: usize,
    margin: usize,
    was_broken: bool,
}

impl Cursor {
    /// Behind something else.
    pub(crate) fn new(level: usize) -> Self {
        let column = level * INDENT;
        Cursor {
            level,
            fresh: true,
            continued: false,
            row: 0,
            on_line: 0,
            column,
            margin: 0,
            was_broken: false,
        }
    }
}

/// Which element a text is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// The position of the piece of data that it belongs to.
    pub(crate) base: u64,
    /// Its number in that piece.
    pub(crate) number: u64,
    /// The same, but counted from the beginning of the row.
    pub(crate) in_row: u64,
}

/// The files to write to instead of the standard output; an empty path stands for nowhere.
pub(crate) struct Outputs<'a> {
    pub(crate) ddl: Option<&'a Path>,
    pub(crate) data: Option<&'a Path>,
    /// Data of attributes goes where that of datasets goes.
    pub(crate) attributes_too: bool,
}

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Declarations,
    /// Data of attributes.
    Attributes,
    /// Data of datasets.
    Data,
}

/// What the lines are written to.
pub(crate) struct Page {
    stream: Stream,
    standard: Box<dyn Write>,
    ddl: Option<Box<dyn Write>>,
    data: Option<Box<dyn Write>>,
    /// Data of attributes goes where that of datasets goes.
    attributes_too: bool,
}

impl Page {
    /// Makes the files that are to be written.
    pub(crate) fn new(outputs: &Outputs<'_>) -> io::Result<Self> {
        let buffered = |sink: Box<dyn Write>| Box::new(BufWriter::with_capacity(1 << 16, sink));
        let create = |path: &Path| -> io::Result<Box<dyn Write>> {
            match path.as_os_str().is_empty() {
                true => Ok(Box::new(io::sink())),
                false => Ok(buffered(Box::new(File::create(path)?))),
            }
        };
        Ok(Page {
            stream: Stream::Declarations,
            standard: buffered(Box::new(io::stdout().lock())),
            ddl: outputs.ddl.map(create).transpose()?,
            data: outputs.data.map(create).transpose()?,
            attributes_too: outputs.attributes_too,
        })
    }

    /// Goes over to another stream; returns which one it was before.
    pub(crate) fn turn_to(&mut self, stream: Stream) -> Stream {
        std::mem::replace(&mut self.stream, stream)
    }

    fn out(&mut self) -> &mut dyn Write {
        let file = match self.stream {
            Stream::Declarations => self.ddl.as_mut(),
            Stream::Attributes if !self.attributes_too => None,
            _ => self.data.as_mut(),
        };
        file.unwrap_or(&mut self.standard)
    }

    /// Writes text as it is.
    pub(crate) fn raw(&mut self, text: &[u8]) -> io::Result<()> {
        self.out().write_all(text)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        for out in [&mut self.ddl, &mut self.data].into_iter().flatten() {
            out.flush()?;
        }
        self.standard.flush()
    }

    /// Begins a line and writes a text on it.
    pub(crate) fn line(&mut self, cursor: &mut Cursor, style: &Style<'_>, text: &[u8]) -> io::Result<()> {
        cursor.fresh = true;
        self.put(cursor, style, text, Place::default()).map(|_| ())
    }

    /// Begins a line if one is to begin here.
    pub(crate) fn begin(&mut self, cursor: &mut Cursor, style: &Style<'_>, position: u64) -> io::Result<()> {
        if !cursor.fresh {
            return Ok(());
        }
        if cursor.column > 0 {
            self.out().write_all(style.line_end)?;
            self.out().write_all(b"\n")?;
        }
        let level = cursor.level;
        let is_first = matches!(style.margin, Margin::FirstQuoted) && position == 0;
        if is_first {
            self.out().write_all(b"\"")?;
        }
        let is_data = matches!(style.margin, Margin::Data | Margin::FirstQuoted);
        let before = if is_data { level } else { level.saturating_sub(1) };
        self.spaces(before * INDENT)?;
        // h5dump forgets to count the indentation that it prints before indices, and counts one level too many instead.
        let counted = if before == 0 { 0 } else { level * INDENT };
        let label = match style.margin {
            Margin::Plain | Margin::Data => 0,
            Margin::FirstQuoted => usize::from(is_first),
            Margin::Quoted => {
                self.out().write_all(b"\"")?;
                1
            }
            Margin::Indices(shape) => self.indices(shape, position)?,
        };
        cursor.column = counted + label;
        cursor.margin = cursor.column;
        cursor.on_line = 0;
        cursor.fresh = false;
        Ok(())
    }

    fn spaces(&mut self, count: usize) -> io::Result<()> {
        const SPACES: [u8; 64] = [b' '; 64];
        let mut left = count;
        while left > 0 {
            let now = left.min(SPACES.len());
            self.out().write_all(&SPACES[..now])?;
            left -= now;
        }
        Ok(())
    }

    fn indices(&mut self, shape: &[u64], position: u64) -> io::Result<usize> {
        let mut text = Vec::with_capacity(24);
        text.push(b'(');
        if shape.is_empty() {
            super::number::unsigned(&mut text, position);
        }
        let mut rest = position;
        for (axis, _) in shape.iter().enumerate() {
            let step = shape[axis + 1..].iter().fold(1u64, |n, &size| n.saturating_mul(size)).max(1);
            if axis > 0 {
                text.push(b',');
            }
            super::number::unsigned(&mut text, rest / step);
            rest %= step;
        }
        text.extend_from_slice(b"): ");
        self.out().write_all(&text)?;
        Ok(text.len())
    }

    /// Writes an element where it fits; tells whether it began a row.
    pub(crate) fn put(
        &mut self,
        cursor: &mut Cursor,
        style: &Style<'_>,
        text: &[u8],
        place: Place,
    ) -> io::Result<bool> {
        let began_row = self.decide(cursor, style, columns(text), place);
        let extra = style.separator.len() + style.line_end.len();
        let mut breaks = false;
        let sections = text.split(|&byte| byte == BREAK).filter(|section| !section.is_empty());
        for (number, section) in sections.enumerate() {
            if cursor.column + section.len() + extra > style.width {
                cursor.fresh = true;
            }
            if cursor.fresh {
                breaks |= number > 0;
                self.begin(cursor, style, place.base + place.number)?;
            } else if number == 0 && (place.number > 0 || cursor.continued) {
                self.out().write_all(style.separator)?;
                cursor.column += style.separator.len();
            }
            self.out().write_all(section)?;
            cursor.column += section.len();
        }
        cursor.was_broken = breaks;
        Ok(began_row)
    }

    /// Finds out whether an element of so many columns has to begin a line.
    fn decide(&self, cursor: &mut Cursor, style: &Style<'_>, columns: usize, place: Place) -> bool {
        let needed = columns + style.separator.len() + style.line_end.len();
        let too_long = style.keep_whole && cursor.column + needed > style.width;
        if too_long && (cursor.was_broken || cursor.margin + needed <= style.width) {
            cursor.fresh = true;
        }
        if style.one_per_line && cursor.on_line > 0 {
            cursor.fresh = true;
        }
        let mut began_row = false;
        if style.rows && cursor.on_line > 0 {
            if cursor.row > 0 && cursor.on_line.is_multiple_of(cursor.row) {
                cursor.fresh = true;
            }
            if place.in_row == cursor.row {
                cursor.fresh = true;
                began_row = true;
            }
        }
        began_row
    }
}

/// The columns that a text takes as h5dump counts them: neither control characters nor bytes beyond ASCII.
fn columns(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| (b' '..0x80).contains(&byte)).count()
}
