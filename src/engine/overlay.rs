//! Bytes that are newer than those at their place in the storage.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::base::to_usize;

/// Pieces by address; they do not overlap.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    pieces: BTreeMap<u64, Piece>,
    /// Bytes of the pieces that are in memory.
    memory: usize,
    /// What the edit that is under way has replaced, if it can still be taken back.
    replaced: Option<Vec<Replaced>>,
}

/// Where the newer bytes are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Memory(Vec<u8>),
    /// Elsewhere in the storage, at this address.
    Shadow {
        at: u64,
        len: u64,
    },
}

/// A range that was written, and the pieces that were in its way.
#[derive(Debug)]
struct Replaced {
    range: Range<u64>,
    pieces: Vec<(u64, Piece)>,
}

impl Piece {
    pub(super) fn len(&self) -> u64 {
        match self {
            Piece::Memory(bytes) => bytes.len() as u64,
            Piece::Shadow { len, .. } => *len,
        }
    }

    /// A part of the piece, counted from its beginning.
    fn part(&self, range: Range<u64>) -> Piece {
        match self {
            Piece::Memory(bytes) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
                Piece::Memory(bytes[at(range.start)..at(range.end)].to_vec())
            }
            Piece::Shadow { at, .. } => Piece::Shadow { at: at + range.start, len: range.end - range.start },
        }
    }
}

impl Overlay {
    /// Bytes that are held in memory.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// All pieces, in the order of their addresses.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Piece)> {
        self.pieces.iter().map(|(&address, piece)| (address, piece))
    }

    /// Whether anything lies over these bytes.
    pub(super) fn touches(&self, range: &Range<u64>) -> bool {
        self.over(range).next().is_some()
    }

    /// Lays bytes over whatever is at an address.
    pub(super) fn write(&mut self, address: u64, bytes: Vec<u8>) {
        self.replace(address, Piece::Memory(bytes));
    }

    /// Puts a piece in the place of whatever is there.
    pub(super) fn replace(&mut self, address: u64, piece: Piece) {
        let range = address..address.saturating_add(piece.len());
        self.remove(range);
        self.insert(address, piece);
    }

    /// Takes away what lies over a range; the storage's bytes count there again.
    pub(super) fn remove(&mut self, range: Range<u64>) {
        let starts: Vec<u64> = self.over(&range).map(|(start, _)| start).collect();
        let mut pieces = Vec::with_capacity(starts.len());
        for start in starts {
            let Some(piece) = self.take(start) else { continue };
            let end = start + piece.len();
            if start < range.start {
                self.insert(start, piece.part(0..range.start - start));
            }
            if range.end < end {
                self.insert(range.end, piece.part(range.end - start..end - start));
            }
            pieces.push((start, piece));
        }
        if let Some(replaced) = &mut self.replaced {
            replaced.push(Replaced { range, pieces });
        }
    }

    /// The piece that begins at an address.
    pub(super) fn at(&self, address: u64) -> Option<&Piece> {
        self.pieces.get(&address)
    }

    /// Takes everything away.
    pub(super) fn clear(&mut self) {
        *self = Overlay::default();
    }

    fn take(&mut self, address: u64) -> Option<Piece> {
        let piece = self.pieces.remove(&address)?;
        self.memory -= in_memory(&piece);
        Some(piece)
    }

    fn insert(&mut self, address: u64, piece: Piece) {
        if piece.len() > 0 {
            self.memory += in_memory(&piece);
            self.pieces.insert(address, piece);
        }
    }

    /// The pieces that lie over a range, from the last one to the first.
    fn over<'a>(&'a self, range: &'a Range<u64>) -> impl Iterator<Item = (u64, &'a Piece)> {
        let before_the_end = self.pieces.range(..range.end).rev().map(|(&start, piece)| (start, piece));
        before_the_end.take_while(|(start, piece)| !range.is_empty() && start + piece.len() > range.start)
    }

    /// Lays what is newer over bytes that were read from `address` on; `shadow` reads those that are elsewhere.
    pub(super) fn lay_over<E>(
        &self,
        address: u64,
        buffer: &mut [u8],
        mut shadow: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let range = address..address.saturating_add(buffer.len() as u64);
        for (start, piece) in self.over(&range) {
            let (from, to) = (start.max(address), (start + piece.len()).min(range.end));
            let index = |place: u64, base: u64| to_usize(place - base).unwrap_or(usize::MAX);
            let target = &mut buffer[index(from, address)..index(to, address)];
            match piece {
                Piece::Memory(bytes) => target.copy_from_slice(&bytes[index(from, start)..index(to, start)]),
                Piece::Shadow { at, .. } => shadow(at + (from - start), target)?,
            }
        }
        Ok(())
    }

    /// From here on, what happens can be taken back.
    pub(super) fn begin(&mut self) {
        self.replaced = Some(Vec::new());
    }

    /// What happened since [`Overlay::begin`] stays.
    pub(super) fn keep(&mut self) {
        self.replaced = None;
    }

    /// What happened since [`Overlay::begin`] did not happen; calls `f` with every range that it concerned.
    pub(super) fn undo(&mut self, mut f: impl FnMut(Range<u64>)) {
        for Replaced { range, pieces } in self.replaced.take().into_iter().flatten().rev() {
            let ends = pieces.iter().map(|(start, piece)| start + piece.len());
            let start = pieces.iter().map(|(start, _)| *start).fold(range.start, u64::min);
            self.remove(start..ends.fold(range.end, u64::max));
            pieces.into_iter().for_each(|(start, piece)| self.insert(start, piece));
            f(range);
        }
    }
}

fn in_memory(piece: &Piece) -> usize {
    match piece {
        Piece::Memory(bytes) => bytes.len(),
        Piece::Shadow { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(overlay: &Overlay, address: u64, len: usize) -> String {
        let mut buffer = vec![b'.'; len];
        let shadow = |at: u64, target: &mut [u8]| {
            let letters = (at..).zip(target).map(|(at, byte)| *byte = b'A' + u8::try_from(at % 26).unwrap());
            letters.for_each(drop);
            Ok::<(), ()>(())
        };
        overlay.lay_over(address, &mut buffer, shadow).unwrap();
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn later_pieces_cut_earlier_ones() {
        let mut overlay = Overlay::default();
        overlay.write(10, b"abcdefgh".to_vec());
        overlay.write(12, b"XY".to_vec());
        overlay.write(16, b"long".to_vec());
        assert_eq!(read(&overlay, 8, 14), "..abXYeflong..");
        assert_eq!(read(&overlay, 13, 2), "Ye");
        assert_eq!(overlay.memory(), 10);
        overlay.replace(11, Piece::Shadow { at: 2, len: 6 });
        assert_eq!(read(&overlay, 8, 14), "..aCDEFGHong..");
        overlay.write(13, b"-".to_vec());
        assert_eq!(read(&overlay, 8, 14), "..aCD-FGHong..");
        assert!(overlay.touches(&(0..11)) && !overlay.touches(&(0..10)) && !overlay.touches(&(20..30)));
        overlay.remove(12..100);
        assert_eq!((read(&overlay, 8, 14), overlay.memory()), ("..aC..........".to_owned(), 1));
    }

    #[test]
    fn an_edit_can_be_taken_back() {
        let mut overlay = Overlay::default();
        overlay.write(10, b"abcdefgh".to_vec());
        overlay.replace(30, Piece::Shadow { at: 0, len: 4 });
        let before = (read(&overlay, 0, 40), overlay.memory());
        overlay.begin();
        overlay.write(14, b"1234567890".to_vec());
        overlay.write(12, b"56".to_vec());
        overlay.remove(9..13);
        overlay.write(31, b"x".to_vec());
        overlay.write(50, b"new".to_vec());
        let mut places = Vec::new();
        overlay.undo(|range| places.push(range.start));
        assert_eq!((read(&overlay, 0, 40), overlay.memory()), before);
        assert_eq!(places, [50, 31, 9, 12, 14]);
        assert!(!overlay.touches(&(40..60)));
        overlay.begin();
        overlay.write(10, b"stays".to_vec());
        overlay.keep();
        overlay.undo(|_| panic!("there is nothing to take back"));
        assert_eq!(read(&overlay, 10, 8), "staysfgh");
    }
}
