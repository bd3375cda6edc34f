//! Values to text.

use std::fmt::Display;
use std::io::Write;

use h5::types::VarLenAscii;
use h5::types::stored::Class;
use h5::{Attribute, File, H5Type};

use crate::{Failure, dump, escaped};

/// Writes the value of an attribute.
pub(super) fn write(out: &mut impl Write, file: &File, attribute: &Attribute) -> Result<(), Failure> {
    if attribute.is_null() {
        writeln!(out, "NULL")?;
        return Ok(());
    }
    let datatype = attribute.dtype()?;
    match &datatype.stored().class {
        Class::FixedPoint(number) if datatype.size() <= 8 && number.signed => numbers::<i64>(out, attribute),
        Class::FixedPoint(_) if datatype.size() <= 8 => numbers::<u64>(out, attribute),
        // The shortest text of a number depends on how exact it is.
        Class::FloatingPoint(_) if datatype.size() <= 4 => numbers::<f32>(out, attribute),
        Class::FloatingPoint(_) if datatype.size() <= 8 => numbers::<f64>(out, attribute),
        Class::String { .. } | Class::VariableString { .. } => {
            let strings = attribute.read_raw::<VarLenAscii>()?;
            lines(out, strings.iter().map(|string| escaped(string.as_bytes())))
        }
        _ => {
            let elements = dump::elements_as_text(file, attribute)?;
            lines(out, elements.iter().map(|element| String::from_utf8_lossy(element)))
        }
    }
}

/// A line for each row of the last axis.
fn numbers<T: H5Type + Display>(out: &mut impl Write, attribute: &Attribute) -> Result<(), Failure> {
    let values = attribute.read_raw::<T>()?;
    let row = attribute.try_shape()?.last().copied().unwrap_or(1).max(1);
    let rows = values.chunks(row).map(|row| row.iter().map(T::to_string).collect::<Vec<_>>().join(","));
    lines(out, rows)
}

fn lines(out: &mut impl Write, lines: impl Iterator<Item = impl Display>) -> Result<(), Failure> {
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
