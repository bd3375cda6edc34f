//! Datatype conversion: a plan is compiled once for a pair of types and then run over blocks of elements.
//!
//! The rules are libhdf5's: integers are clamped to the range of their target, fractions are cut off, NaN becomes 0,
//! and what is too large for a float becomes infinite.

mod bits;
mod numeric;
mod text;

use crate::base::{Error, Misuse, Result};
use crate::format::datatype::{Class, Datatype, FixedPoint, Order};

use bits::BitReader;
use numeric::Native;
use text::Text;

/// How elements of one type become elements of another.
#[derive(Debug)]
pub(crate) struct Plan {
    from_size: usize,
    to_size: usize,
    step: Step,
}

type Kernel = fn(&[u8], &mut [u8]);

#[derive(Debug)]
enum Step {
    /// The bytes stay as they are.
    Copy,
    /// The bytes of each element are reversed.
    Reverse,
    /// One native number to another.
    Native(Kernel),
    /// A number in the other byte order, reversed and then converted.
    Reversed(Kernel),
    /// A number of any layout, read bit by bit into a 64-bit native one and then converted.
    Bits { reader: BitReader, kernel: Kernel },
    /// Strings of fixed lengths.
    Text(Text),
}

/// Elements converted by way of a buffer go through it in pieces of about this many bytes.
const PIECE: usize = 16 << 10;

impl Plan {
    /// Finds the way from one type to another.
    pub(crate) fn new(from: &Datatype, to: &Datatype) -> Result<Plan> {
        let none = || {
            let (from, to) = (describe(from), describe(to));
            Error::from(Misuse::Conversion { from, to })
        };
        let from = integer_of_enumeration(from);
        let sizes = (usize::try_from(from.size), usize::try_from(to.size));
        let (Ok(from_size), Ok(to_size)) = sizes else { return Err(none()) };
        let step = match (Native::of(from), Native::of(to)) {
            (Some((source, source_order)), Some((target, Order::NATIVE))) => {
                match (source == target, source_order == Order::NATIVE) {
                    (true, true) => Step::Copy,
                    (true, false) => Step::Reverse,
                    (false, true) => Step::Native(numeric::kernel(source, target)),
                    (false, false) => Step::Reversed(numeric::kernel(source, target)),
                }
            }
            // Backwards, for writing: the same two steps the other way round need the same type.
            (Some((source, Order::NATIVE)), Some((target, _))) if source == target => Step::Reverse,
            (None, Some((target, Order::NATIVE))) => {
                let reader = BitReader::new(from).ok_or_else(none)?;
                let kernel = numeric::kernel(reader.output(), target);
                Step::Bits { reader, kernel }
            }
            _ if from.class == to.class && from.size == to.size => Step::Copy,
            _ => Text::new(from, to).map(Step::Text).ok_or_else(none)?,
        };
        Ok(Plan { from_size, to_size, step })
    }

    /// The plan that leaves elements of `size` bytes as they are.
    pub(crate) fn identity(size: usize) -> Plan {
        Plan { from_size: size, to_size: size, step: Step::Copy }
    }

    pub(crate) fn is_identity(&self) -> bool {
        matches!(self.step, Step::Copy)
    }

    /// Bytes of an element before.
    pub(crate) fn source_size(&self) -> usize {
        self.from_size
    }

    /// Bytes of an element after.
    pub(crate) fn target_size(&self) -> usize {
        self.to_size
    }

    /// Converts all elements of `source` into `target`, which has room for just as many.
    pub(crate) fn run(&self, source: &[u8], target: &mut [u8]) {
        match &self.step {
            Step::Copy => target.copy_from_slice(source),
            Step::Reverse => numeric::reverse(source, target, self.from_size),
            Step::Native(kernel) => kernel(source, target),
            Step::Reversed(kernel) => self.by_way(source, target, self.from_size, |source, buffer| {
                numeric::reverse(source, buffer, self.from_size);
                *kernel
            }),
            Step::Bits { reader, kernel } => self.by_way(source, target, 8, |source, buffer| {
                reader.read(source, buffer);
                *kernel
            }),
            Step::Text(text) => {
                let targets = target.chunks_exact_mut(self.to_size.max(1));
                let strings = source.chunks_exact(self.from_size.max(1)).zip(targets);
                strings.for_each(|(source, target)| text.convert(source, target));
            }
        }
    }

    /// Converts in pieces that stay in the cache between the two steps.
    fn by_way(
        &self,
        source: &[u8],
        target: &mut [u8],
        middle: usize,
        first: impl Fn(&[u8], &mut [u8]) -> Kernel,
    ) {
        let elements = (PIECE / self.from_size.max(1)).max(1);
        let mut buffer = vec![0; elements * middle];
        let pieces = source.chunks(elements * self.from_size).zip(target.chunks_mut(elements * self.to_size));
        for (source, target) in pieces {
            let buffer = &mut buffer[..source.len() / self.from_size * middle];
            let kernel = first(source, buffer);
            kernel(buffer, target);
        }
    }
}

/// An enumeration's values are integers; read as numbers, that is what they are.
fn integer_of_enumeration(datatype: &Datatype) -> &Datatype {
    match &datatype.class {
        Class::Enumeration { base, .. } => base,
        _ => datatype,
    }
}

/// A short name of a type for messages.
pub(crate) fn describe(datatype: &Datatype) -> String {
    let bits = u64::from(datatype.size) * 8;
    match &datatype.class {
        Class::FixedPoint(FixedPoint { signed, .. }) => {
            format!("{}{bits}", if *signed { "i" } else { "u" })
        }
        Class::FloatingPoint(_) => format!("f{bits}"),
        Class::Time { .. } => format!("time of {bits} bits"),
        Class::String { .. } => format!("string of {} bytes", datatype.size),
        Class::BitField(_) => format!("bit field of {bits} bits"),
        Class::Opaque { .. } => format!("opaque of {} bytes", datatype.size),
        Class::Compound(members) => format!("compound of {} members", members.len()),
        Class::Reference(_) => "reference".to_owned(),
        Class::Enumeration { base, members } => {
            format!("enumeration of {} over {}", members.len(), describe(base))
        }
        Class::Sequence(base) => format!("sequence of {}", describe(base)),
        Class::VariableString { .. } => "variable-length string".to_owned(),
        Class::Array { dims, base } => format!("array {dims:?} of {}", describe(base)),
        Class::Complex(base) => format!("complex of {}", describe(base)),
    }
}

#[cfg(test)]
mod tests;
