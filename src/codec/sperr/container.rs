//! A volume in pieces, each for itself.
//!
//! ```text
//!  0  1  major version, 0
//!  1  1  flags: 0x80 cut off from a longer stream, 0x40 a volume, 0x20 elements of four bytes, 0x10 several pieces
//!  2 12  lengths of the volume, four bytes each
//! 14  6  lengths of a piece, two bytes each; only if there are several
//!     .  bytes of each piece, four each
//!     .  the pieces
//! ```

use super::levels::Lengths;
use super::piece;
use super::sets::Order;
use crate::base::{Error, Result, Unsupported};
use crate::codec::damaged;
use crate::codec::input::Input;

const VOLUME: u8 = 0x40;
const NARROW: u8 = 0x20;
const SEVERAL: u8 = 0x10;
const UNKNOWN: u8 = 0x0f;

/// Decodes a volume, piece by piece; `put` takes rows of elements with the place of the first.
pub(super) fn decode(bytes: &[u8], lengths: Lengths, put: &mut impl FnMut(usize, &[f64])) -> Result<()> {
    let mut input = Input::new("sperr", bytes);
    let pieces = pieces(&mut input, lengths)?;
    let counts = pieces.each_ref().map(Cuts::count);
    let count = counts.iter().try_fold(1, |all: usize, &count| all.checked_mul(count));
    let table = count.and_then(|count| count.checked_mul(4)).unwrap_or(usize::MAX);
    let mut table = Input::new("sperr", input.take(table)?);
    let [columns, rows, _] = lengths.map(|length| length as usize);
    for number in 0..count.unwrap_or(0) {
        let at = [number % counts[0], number / counts[0] % counts[1], number / counts[0] / counts[1]];
        let spans: [(u32, u32); 3] = std::array::from_fn(|axis| pieces[axis].span(at[axis]));
        let (start, lengths) = (spans.map(|(start, _)| start as usize), spans.map(|(_, length)| length));
        let elements = piece::decode(input.take_long(table.u32_le()?)?, lengths, Order::Volume)?;
        let [width, height, _] = lengths.map(|length| length as usize);
        for (index, row) in elements.chunks_exact(width).enumerate() {
            let (y, z) = (start[1] + index % height, start[2] + index / height);
            put((z * rows + y) * columns + start[0], row);
        }
    }
    match input.rest().len() {
        0 => Ok(()),
        left => Err(damaged("sperr", format!("{left} bytes behind the last piece"))),
    }
}

/// Appends what stands before a volume that is one piece, of so many bytes.
pub(super) fn encode_head(lengths: Lengths, narrow: bool, piece: usize, output: &mut Vec<u8>) -> Result<()> {
    if let Some(&length) = lengths.iter().find(|&&length| length > u32::from(u16::MAX)) {
        return Err(Error::limit("an axis of a volume for sperr", length.into(), u16::MAX.into()));
    }
    let piece = u32::try_from(piece)
        .map_err(|_| Error::limit("bytes of a volume of sperr", piece as u64, u32::MAX.into()))?;
    output.extend([0, VOLUME | if narrow { NARROW } else { 0 }]);
    output.extend(lengths.into_iter().chain([piece]).flat_map(u32::to_le_bytes));
    Ok(())
}

/// Reads the header up to the bytes of the pieces, and says how each axis is cut.
fn pieces(input: &mut Input<'_>, lengths: Lengths) -> Result<[Cuts; 3]> {
    let (version, flags) = (input.u8()?, input.u8()?);
    if version != 0 {
        return Err(Unsupported::Version { found: u64::from(version), known: 0 }.into());
    }
    if flags & UNKNOWN != 0 || flags & VOLUME == 0 {
        return Err(Error::unsupported(format!("flags {flags:#04x} of a volume in the filter sperr")));
    }
    let stored = [input.u32_le()?, input.u32_le()?, input.u32_le()?];
    if stored != lengths {
        return Err(damaged("sperr", format!("a volume of {stored:?} elements in place of {lengths:?}")));
    }
    let mut piece = lengths;
    if flags & SEVERAL != 0 {
        for length in &mut piece {
            *length = u32::from(u16::from_le_bytes(input.array()?));
        }
    }
    // The coder of volumes counts in 16 bits. What SPERR makes of a longer axis cannot be read.
    if piece.iter().any(|&length| length == 0 || length > u32::from(u16::MAX)) {
        return Err(Error::unsupported(format!("pieces of {piece:?} elements in the filter sperr")));
    }
    Ok(std::array::from_fn(|axis| Cuts { whole: lengths[axis], piece: piece[axis] }))
}

/// How an axis is cut into pieces.
struct Cuts {
    whole: u32,
    piece: u32,
}

impl Cuts {
    /// What is left over at the end is a piece if it is longer than half of one; else the last one is longer.
    fn count(&self) -> usize {
        let own = u32::from(self.whole % self.piece > self.piece / 2);
        (self.whole / self.piece + own).max(1) as usize
    }

    /// Start and length of a piece.
    fn span(&self, number: usize) -> (u32, u32) {
        let is_last = number + 1 == self.count();
        let start = u32::try_from(number).map_or(self.whole, |number| number * self.piece);
        (start, if is_last { self.whole - start } else { self.piece })
    }
}
