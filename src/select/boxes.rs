//! Boxes of equal size, as chunks are: counting them, and the rows that one has of a dataspace.

use std::ops::Range;

use crate::base::Result;

/// Goes through all coordinates of some ranges, the last axis fastest.
pub(crate) fn coordinates(ranges: &[Range<u64>]) -> impl Iterator<Item = Vec<u64>> + '_ {
    let empty = ranges.iter().any(|range| range.is_empty());
    let first = (!empty).then(|| ranges.iter().map(|range| range.start).collect::<Vec<_>>());
    std::iter::successors(first, move |current| {
        let mut next = current.clone();
        for (n, range) in next.iter_mut().zip(ranges).rev() {
            *n += 1;
            if *n < range.end {
                return Some(next);
            }
            *n = range.start;
        }
        None
    })
}

/// Elements of a box that follow each other along the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The place of the first one among the elements of the dataspace.
    pub(super) first: u64,
    /// Its place among the elements of the box.
    pub(super) place: u64,
    pub(super) len: u64,
}

/// The indices of a box that lie in a dataspace, along each axis.
pub(super) fn inside(shape: &[u64], corner: &[u64], size: &[u64]) -> Vec<Range<u64>> {
    let axes = shape.iter().zip(corner.iter().zip(size));
    axes.map(|(&limit, (&corner, &size))| corner..corner.saturating_add(size).min(limit)).collect()
}

/// The place of an element in an array of a shape.
pub(super) fn place(index: impl IntoIterator<Item = u64>, shape: &[u64]) -> u64 {
    index.into_iter().zip(shape).fold(0, |place, (index, &size)| place * size + index)
}

/// Calls `f` for the rows of a box that lie in a dataspace until it says false; tells whether it never did.
pub(super) fn each_row(
    shape: &[u64],
    corner: &[u64],
    size: &[u64],
    mut f: impl FnMut(Row) -> Result<bool>,
) -> Result<bool> {
    let mut rows = inside(shape, corner, size);
    let len = rows.last_mut().map_or(1, |last| {
        let len = last.end.saturating_sub(last.start);
        last.end = last.end.min(last.start.saturating_add(1));
        len
    });
    for index in coordinates(&rows) {
        let within = index.iter().zip(corner).map(|(&index, &corner)| index - corner);
        let row = Row { first: place(index.iter().copied(), shape), place: place(within, size), len };
        if !f(row)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_count_like_an_odometer() {
        let all: Vec<_> = coordinates(&[1..3, 0..2]).collect();
        assert_eq!(all, [[1, 0], [1, 1], [2, 0], [2, 1]]);
        assert_eq!(coordinates(&[0..3, 2..2]).count(), 0);
        assert_eq!(coordinates(&[]).count(), 1);
    }

    fn rows(shape: &[u64], corner: &[u64], size: &[u64]) -> Vec<(u64, u64, u64)> {
        let mut rows = Vec::new();
        let all = each_row(shape, corner, size, |row| {
            rows.push((row.first, row.place, row.len));
            Ok(true)
        });
        assert!(all.unwrap());
        rows
    }

    #[test]
    fn rows_end_with_the_dataspace() {
        assert_eq!(rows(&[3, 5], &[2, 3], &[2, 3]), [(13, 0, 2)]);
        assert_eq!(rows(&[3, 5], &[1, 0], &[2, 3]), [(5, 0, 3), (10, 3, 3)]);
        assert_eq!(rows(&[3, 5], &[1, 5], &[2, 3]), []);
        assert_eq!(rows(&[], &[], &[]), [(0, 0, 1)]);
    }
}
