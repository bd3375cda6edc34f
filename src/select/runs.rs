//! From a selection to copies: where the selected elements lie in a box of the file and in a packed array in memory.

use super::Hyperslab;
use crate::base::{Result, to_usize};

/// Elements that lie at equal distances in the box and behind each other in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The first element's place in the box.
    pub(crate) file: usize,
    /// From one block to the next in the box.
    pub(crate) file_step: usize,
    /// Elements of a block.
    pub(crate) block: usize,
    pub(crate) blocks: usize,
    /// The first element's place in memory.
    pub(crate) memory: usize,
}

impl Run {
    pub(crate) fn len(&self) -> usize {
        self.block * self.blocks
    }

    /// Elements from the first one to the last one in the box, with those between them.
    pub(crate) fn span(&self) -> usize {
        (self.blocks - 1) * self.file_step + self.block
    }

    /// The run cut up so that no piece spans more than about `most` elements of the box.
    pub(crate) fn pieces(self, most: usize) -> impl Iterator<Item = Run> {
        let whole = if self.blocks == 1 { 1 } else { self.block };
        let step = if self.blocks == 1 { 1 } else { self.file_step };
        let units = self.len() / whole;
        let per_piece = (most / step.max(1)).max(1);
        (0..units).step_by(per_piece).map(move |unit| {
            let count = per_piece.min(units - unit);
            let (block, blocks) = if self.blocks == 1 { (count, 1) } else { (self.block, count) };
            let (file, memory) = (self.file + unit * step, self.memory + unit * whole);
            Run { file, file_step: self.file_step, block, blocks, memory }
        })
    }
}

/// One axis of a box, and what of it is selected.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// Selected indices relative to the box: blocks as in `Axis`; the first ones may begin before the box.
    start: i128,
    stride: u64,
    block: u64,
    /// Which of the selected ones, by their order, are in the box.
    from: u64,
    to: u64,
    box_size: u64,
    memory_size: u64,
    /// The place in memory that counts as the first.
    memory_from: u64,
}

impl Line {
    fn file(&self, order: u64) -> Result<usize> {
        let place = self.start
            + i128::from(order / self.block) * i128::from(self.stride)
            + i128::from(order % self.block);
        // Orders between `from` and `to` lie in the box, so the place is not negative.
        to_usize(u64::try_from(place).unwrap_or(u64::MAX))
    }

    fn is_whole(&self) -> bool {
        self.to - self.from == self.box_size
            && self.box_size == self.memory_size
            && self.memory_from == self.from
    }
}

/// Calls `f` for all runs of the selection in a box of the file.
///
/// The box begins at `corner` and has `size` elements along each axis, all of them there, as a chunk has. In memory,
/// the selected elements lie packed; `first_row` is the row of the packed array that `f`'s memory begins with.
pub(crate) fn for_each_run(
    slab: &Hyperslab,
    corner: &[u64],
    size: &[u64],
    first_row: u64,
    mut f: impl FnMut(Run) -> Result<()>,
) -> Result<()> {
    let mut lines = lines(slab, corner, size, first_row);
    if lines.iter().any(|line| line.from == line.to) {
        return Ok(());
    }
    let Some(mut inner) = lines.pop() else {
        return f(Run { file: 0, file_step: 1, block: 1, blocks: 1, memory: 0 });
    };
    while inner.is_whole()
        && let Some(outer) = lines.pop()
    {
        inner = merged(outer, inner.box_size);
    }
    let steps = steps(&lines, &inner)?;
    let mut order: Vec<u64> = lines.iter().map(|line| line.from).collect();
    loop {
        let (mut file, mut memory) = (0, 0);
        for ((line, &order), &(file_step, memory_step)) in lines.iter().zip(&order).zip(&steps) {
            file += line.file(order)? * file_step;
            memory += to_usize(order - line.memory_from)? * memory_step;
        }
        inner_runs(&inner, file, memory, &mut f)?;
        if !advance(&lines, &mut order) {
            return Ok(());
        }
    }
}

fn lines(slab: &Hyperslab, corner: &[u64], size: &[u64], first_row: u64) -> Vec<Line> {
    let axes = slab.axes().iter().zip(corner.iter().zip(size)).enumerate();
    let line = |(index, (axis, (&corner, &box_size))): (usize, (&super::Axis, (&u64, &u64)))| {
        let inside = axis.within(corner..corner.saturating_add(box_size));
        Line {
            start: i128::from(axis.start) - i128::from(corner),
            stride: axis.stride,
            block: axis.block.max(1),
            from: inside.start,
            to: inside.end,
            box_size,
            memory_size: axis.len(),
            memory_from: if index == 0 { first_row } else { 0 },
        }
    };
    axes.map(line).collect()
}

/// The axis `outer` when the one inside it is selected and packed as a whole: its indices become stretches of `len`.
fn merged(outer: Line, len: u64) -> Line {
    Line {
        start: outer.start * i128::from(len),
        stride: outer.stride * len,
        block: outer.block * len,
        from: outer.from * len,
        to: outer.to * len,
        box_size: outer.box_size * len,
        memory_size: outer.memory_size * len,
        memory_from: outer.memory_from * len,
    }
}

/// For each outer axis the elements from one index to the next, in the box and in memory.
fn steps(lines: &[Line], inner: &Line) -> Result<Vec<(usize, usize)>> {
    let (mut file, mut memory) = (to_usize(inner.box_size)?, to_usize(inner.memory_size)?);
    let mut steps = vec![(0, 0); lines.len()];
    for (step, line) in steps.iter_mut().zip(lines).rev() {
        *step = (file, memory);
        file = file.saturating_mul(to_usize(line.box_size)?);
        memory = memory.saturating_mul(to_usize(line.memory_size)?);
    }
    Ok(steps)
}

/// The runs of one row: blocks that are cut by the box, and the whole ones between them together.
fn inner_runs(line: &Line, file: usize, memory: usize, f: &mut impl FnMut(Run) -> Result<()>) -> Result<()> {
    let mut order = line.from;
    while order < line.to {
        let into = order % line.block;
        let whole = if into == 0 { (line.to - order) / line.block } else { 0 };
        let (blocks, block) = match whole {
            0 => (1, (line.block - into).min(line.to - order)),
            blocks => (blocks, line.block),
        };
        f(Run {
            file: file + line.file(order)?,
            file_step: to_usize(line.stride)?,
            block: to_usize(block)?,
            blocks: to_usize(blocks)?,
            memory: memory + to_usize(order - line.memory_from)?,
        })?;
        order += blocks * block;
    }
    Ok(())
}

fn advance(lines: &[Line], order: &mut [u64]) -> bool {
    for (line, order) in lines.iter().zip(order).rev() {
        *order += 1;
        if *order < line.to {
            return true;
        }
        *order = line.from;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::Axis;

    /// Copies a selection box by box and compares it with picking the elements one by one.
    fn check(shape: [u64; 3], chunk: [u64; 3], axes: [Axis; 3]) {
        let at = |i: u64, j: u64, k: u64| (i * shape[1] + j) * shape[2] + k;
        let pick = |axis: &Axis| -> Vec<u64> {
            (0..axis.count)
                .flat_map(|n| (0..axis.block).map(move |b| axis.start + n * axis.stride + b))
                .collect()
        };
        let mut expected = Vec::new();
        for &i in &pick(&axes[0]) {
            for &j in &pick(&axes[1]) {
                expected.extend(pick(&axes[2]).iter().map(|&k| at(i, j, k)));
            }
        }
        let slab = Hyperslab::new(axes.to_vec());
        slab.check(&shape).unwrap();
        let mut found = vec![u64::MAX; expected.len()];
        let Some(boxes) = slab.boxes(&chunk) else { return assert!(expected.is_empty()) };
        for a in boxes[0].clone() {
            for b in boxes[1].clone() {
                for c in boxes[2].clone() {
                    let corner = [a * chunk[0], b * chunk[1], c * chunk[2]];
                    for_each_run(&slab, &corner, &chunk, 0, |run| {
                        for n in 0..run.len() {
                            let place = run.file + n / run.block * run.file_step + n % run.block;
                            let place = place as u64;
                            let (k, rest) = (place % chunk[2], place / chunk[2]);
                            let (j, i) = (rest % chunk[1], rest / chunk[1]);
                            assert!(i < chunk[0]);
                            found[run.memory + n] = at(corner[0] + i, corner[1] + j, corner[2] + k);
                        }
                        Ok(())
                    })
                    .unwrap();
                }
            }
        }
        assert_eq!(found, expected, "{axes:?} in chunks of {chunk:?}");
    }

    #[test]
    fn runs_reach_every_selected_element_once() {
        let some = [
            Axis::contiguous(0, 7),
            Axis::contiguous(2, 4),
            Axis::strided(1, 3, 2),
            Axis { start: 0, stride: 4, count: 2, block: 3 },
            Axis { start: 1, stride: 3, count: 2, block: 2 },
        ];
        for a in some {
            for b in some {
                for c in some {
                    for chunk in [[7, 7, 7], [3, 2, 4], [1, 7, 7], [2, 7, 5]] {
                        check([7, 7, 7], chunk, [a, b, c]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_whole_box_is_one_run() {
        let mut runs = Vec::new();
        for_each_run(&Hyperslab::all(&[4, 5, 6]), &[0, 0, 0], &[4, 5, 6], 0, |run| {
            runs.push(run);
            Ok(())
        })
        .unwrap();
        assert_eq!(runs.len(), 1);
        assert_eq!((runs[0].len(), runs[0].file, runs[0].memory), (120, 0, 0));
    }

    #[test]
    fn a_band_begins_with_its_own_row() {
        let slab = Hyperslab::new(vec![Axis::contiguous(2, 6), Axis::contiguous(0, 3)]);
        let mut first = None;
        for_each_run(&slab, &[4, 0], &[4, 3], 2, |run| {
            first.get_or_insert(run);
            Ok(())
        })
        .unwrap();
        assert_eq!(first.map(|run| (run.file, run.memory, run.len())), Some((0, 0, 12)));
    }

    #[test]
    fn pieces_make_up_the_run() {
        for (block, blocks) in [(10, 1), (2, 5), (1, 1), (3, 2)] {
            let run = Run { file: 7, file_step: 4, block, blocks, memory: 3 };
            for most in [1, 4, 9, 100] {
                let places = |run: Run| {
                    (0..run.len()).map(move |n| {
                        (run.file + n / run.block * run.file_step + n % run.block, run.memory + n)
                    })
                };
                let pieces: Vec<_> = run.pieces(most).flat_map(places).collect();
                assert_eq!(pieces, places(run).collect::<Vec<_>>());
                assert!(run.pieces(most).all(|piece| piece.span() <= most.max(block) || piece.blocks == 1));
            }
        }
    }

    #[test]
    fn a_scalar_is_one_element() {
        let mut count = 0;
        for_each_run(&Hyperslab::all(&[]), &[], &[], 0, |run| {
            count += run.len();
            Ok(())
        })
        .unwrap();
        assert_eq!(count, 1);
    }
}
