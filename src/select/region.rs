//! Selections of any kind as a tree with a level per axis, in the order in which their elements count.
//!
//! Blocks and hyperslabs count row by row, whatever the order in which they were written down; points count as listed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::{Axis, Hyperslab};
use crate::base::{Budget, Error, Result, to_usize};

/// Selected elements in their order.
#[derive(Clone, Debug)]
pub(crate) enum Region {
    Points {
        rank: usize,
        /// As many as the rank for each point.
        coordinates: Vec<u64>,
    },
    /// A scalar has no level, and one element.
    Tree { rank: usize, top: Option<Arc<Level>> },
}

/// What is selected along one axis.
#[derive(Debug)]
pub(crate) struct Level {
    /// One behind the other.
    parts: Vec<Part>,
    count: u64,
}

/// Indices below which the same is selected.
#[derive(Debug)]
struct Part {
    axis: Axis,
    /// The place of its first element among those of the level.
    first: u64,
    /// None: the last axis.
    below: Option<Arc<Level>>,
    /// Elements below each index.
    each: u64,
}

/// Selected elements that follow each other, both among those of a region and in the packed result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overlap {
    /// The place of the first one among those of the region.
    pub(crate) first: u64,
    /// Its place in the result.
    pub(crate) memory: u64,
    pub(crate) len: u64,
}

impl Level {
    fn new(parts: Vec<(Axis, Option<Arc<Level>>)>) -> Result<Arc<Level>> {
        let mut level = Level { parts: Vec::with_capacity(parts.len()), count: 0 };
        for (axis, below) in parts.into_iter().filter(|(axis, _)| !axis.is_empty()) {
            let each = below.as_ref().map_or(1, |below| below.count);
            let end = axis.len().checked_mul(each).and_then(|n| n.checked_add(level.count));
            let end = end.ok_or_else(|| Error::malformed("a selection has over 2^64 elements"))?;
            level.parts.push(Part { axis, first: level.count, below, each });
            level.count = end;
        }
        Ok(Arc::new(level))
    }

    /// The axes, if the selection is the same below all indices of each.
    fn chain(&self) -> Option<Vec<Axis>> {
        let [part] = &self.parts[..] else { return None };
        let mut axes = vec![part.axis];
        if let Some(below) = &part.below {
            axes.extend(below.chain()?);
        }
        Some(axes)
    }

    fn bounds(&self, axis: usize, bounds: &mut [(u64, u64)]) {
        for part in &self.parts {
            if let (Some((low, high)), Some(known)) = (part.axis.bounds(), bounds.get_mut(axis)) {
                *known = (known.0.min(low), known.1.max(high));
            }
            if let Some(below) = &part.below {
                below.bounds(axis + 1, bounds);
            }
        }
    }
}

impl Region {
    /// Selects everything.
    pub(crate) fn all(shape: &[u64]) -> Result<Region> {
        Region::product(shape.iter().map(|&size| vec![Axis::contiguous(0, size)]).collect())
    }

    /// Selects the elements whose index along each axis is one of those given for it, in ascending order.
    pub(crate) fn product(axes: Vec<Vec<Axis>>) -> Result<Region> {
        let rank = axes.len();
        let mut top: Option<Arc<Level>> = None;
        for parts in axes.into_iter().rev() {
            let parts = parts.into_iter().map(|axis| (axis.normalized(), top.clone())).collect();
            top = Some(Level::new(parts)?);
        }
        Ok(Region::Tree { rank, top })
    }

    /// Selects what lies in any of some blocks, given by their first and last corners.
    pub(crate) fn blocks(rank: usize, corners: &[u64], budget: &Budget) -> Result<Region> {
        let blocks: Vec<(&[u64], &[u64])> =
            corners.chunks_exact(2 * rank.max(1)).map(|block| block.split_at(rank)).collect();
        let mut work = 0;
        let top = union(&blocks, 0, budget, &mut work)?;
        Ok(Region::Tree { rank, top: Some(top) })
    }

    /// The number of selected elements.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Region::Points { rank, coordinates } => (coordinates.len() / (*rank).max(1)) as u64,
            Region::Tree { top, .. } => top.as_ref().map_or(1, |top| top.count),
        }
    }

    /// The least and the greatest selected index along each axis; none if nothing is selected.
    pub(crate) fn bounds(&self) -> Option<Vec<(u64, u64)>> {
        if self.count() == 0 {
            return None;
        }
        match self {
            Region::Points { rank, coordinates } => {
                let mut bounds = vec![(u64::MAX, 0); *rank];
                for point in coordinates.chunks_exact((*rank).max(1)) {
                    bounds.iter_mut().zip(point).for_each(|(b, &i)| *b = (b.0.min(i), b.1.max(i)));
                }
                Some(bounds)
            }
            Region::Tree { rank, top } => {
                let mut bounds = vec![(u64::MAX, 0); *rank];
                if let Some(top) = top {
                    top.bounds(0, &mut bounds);
                }
                Some(bounds)
            }
        }
    }

    /// Refuses a selection that does not lie in a dataspace of this shape.
    pub(crate) fn check(&self, shape: &[u64]) -> Result<()> {
        let rank = match self {
            Region::Points { rank, .. } | Region::Tree { rank, .. } => *rank,
        };
        let inside = |bounds: Vec<(u64, u64)>| bounds.iter().zip(shape).all(|(bound, &size)| bound.1 < size);
        if rank == shape.len() && self.bounds().is_none_or(inside) {
            return Ok(());
        }
        Err(Error::malformed(format!("a selection goes past a dataspace of shape {shape:?}")))
    }

    /// Tells whether it may have elements in common with a request, without looking at each.
    pub(crate) fn may_meet(&self, request: &Hyperslab) -> bool {
        let meets = |(&(low, high), axis): (&(u64, u64), &Axis)| {
            axis.bounds().is_some_and(|(first, last)| first <= high && low <= last)
        };
        self.bounds().is_some_and(|bounds| bounds.iter().zip(request.axes()).all(meets))
    }

    /// Calls `f` for the elements that a request selects too, in their order, as long stretches as there are.
    pub(crate) fn overlaps(&self, request: &Hyperslab, f: impl FnMut(Overlap) -> Result<()>) -> Result<()> {
        let mut steps = vec![1; request.axes().len()];
        for index in (1..steps.len()).rev() {
            steps[index - 1] = request.axes()[index].len().saturating_mul(steps[index]);
        }
        let mut walk = Walk { axes: request.axes(), steps: &steps, pending: None, f };
        match self {
            Region::Points { rank, coordinates } => {
                for (first, point) in (0..).zip(coordinates.chunks_exact((*rank).max(1))) {
                    let places = point.iter().zip(request.axes()).zip(&steps);
                    let memory = places.map(|((&i, axis), step)| Some(axis.order_of(i)? * step));
                    if let Some(memory) = memory.sum::<Option<u64>>() {
                        walk.push(Overlap { first, memory, len: 1 })?;
                    }
                }
            }
            Region::Tree { top: Some(top), .. } => walk.level(top, 0, 0, 0)?,
            Region::Tree { top: None, .. } => walk.push(Overlap { first: 0, memory: 0, len: 1 })?,
        }
        walk.finish()
    }

    /// Calls `f` with regular selections that together are the elements of a range of places, in their order.
    pub(crate) fn cover(&self, range: Range<u64>, mut f: impl FnMut(Hyperslab) -> Result<()>) -> Result<()> {
        match self {
            Region::Points { rank, coordinates } => {
                let rank = (*rank).max(1);
                let inside = to_usize(range.start)? * rank..to_usize(range.end)? * rank;
                cover_points(coordinates.get(inside).unwrap_or_default(), rank, f)
            }
            Region::Tree { top: Some(top), .. } => cover(top, range, &mut Vec::new(), &mut f),
            Region::Tree { top: None, .. } if range.is_empty() => Ok(()),
            Region::Tree { top: None, .. } => f(Hyperslab::new(Vec::new())),
        }
    }
}

/// A walk over the elements that a tree and a request have in common.
struct Walk<'a, F> {
    axes: &'a [Axis],
    /// Elements of the result from one index of an axis to the next.
    steps: &'a [u64],
    pending: Option<Overlap>,
    f: F,
}

impl<F: FnMut(Overlap) -> Result<()>> Walk<'_, F> {
    fn level(&mut self, level: &Level, depth: usize, first: u64, memory: u64) -> Result<()> {
        let (Some(&request), Some(&step)) = (self.axes.get(depth), self.steps.get(depth)) else {
            return Err(Error::shape("a selection has more axes than the request"));
        };
        for part in &level.parts {
            // The request is as large as its result, so its blocks are few enough to go through.
            for (block, order) in request.blocks_near(part.axis) {
                let orders = part.axis.within(block.clone());
                let mut at = orders.start;
                while at < orders.end {
                    let (index, run) = part.axis.run_at(at, orders.end);
                    let place = memory + (order + (index - block.start)) * step;
                    self.run(part, depth, (at, run), first + part.first, (place, step))?;
                    at += run;
                }
            }
        }
        Ok(())
    }

    /// Goes through indices that follow each other.
    fn run(
        &mut self,
        part: &Part,
        depth: usize,
        (at, len): (u64, u64),
        first: u64,
        (memory, step): (u64, u64),
    ) -> Result<()> {
        let Some(below) = &part.below else {
            return self.push(Overlap { first: first + at, memory, len });
        };
        (0..len)
            .try_for_each(|n| self.level(below, depth + 1, first + (at + n) * part.each, memory + n * step))
    }

    fn push(&mut self, next: Overlap) -> Result<()> {
        if let Some(last) = &mut self.pending {
            if last.first + last.len == next.first && last.memory + last.len == next.memory {
                last.len += next.len;
                return Ok(());
            }
            (self.f)(*last)?;
        }
        self.pending = Some(next);
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        self.pending.take().map_or(Ok(()), |last| (self.f)(last))
    }
}

/// A part of a tree takes the memory of about so many entries of a list.
const PART_COST: u64 = 16;

/// The blocks' union from this axis on.
fn union(blocks: &[(&[u64], &[u64])], axis: usize, budget: &Budget, work: &mut u64) -> Result<Arc<Level>> {
    let mut events: BTreeMap<u64, Vec<(usize, bool)>> = BTreeMap::new();
    for (index, (first, last)) in blocks.iter().enumerate() {
        let end = last[axis].checked_add(1).ok_or_else(|| Error::malformed("a block has no end"))?;
        events.entry(first[axis]).or_default().push((index, true));
        events.entry(end).or_default().push((index, false));
    }
    let (mut active, mut start) = (std::collections::BTreeSet::new(), 0);
    let mut parts = Vec::new();
    for (at, changes) in events {
        if !active.is_empty() {
            *work += PART_COST + active.len() as u64;
            budget.items(*work)?;
            let inside: Vec<_> = active.iter().map(|&index: &usize| blocks[index]).collect();
            let last = axis + 1 == inside[0].0.len();
            let below = if last { None } else { Some(union(&inside, axis + 1, budget, work)?) };
            parts.push((Axis::contiguous(start, at - start), below));
        }
        for (index, begins) in changes {
            if begins {
                active.insert(index)
            } else {
                active.remove(&index)
            };
        }
        start = at;
    }
    Level::new(parts)
}

/// Regular selections that together are a range of a level's elements; `outer` is what is selected above it.
fn cover(
    level: &Level,
    range: Range<u64>,
    outer: &mut Vec<Axis>,
    f: &mut impl FnMut(Hyperslab) -> Result<()>,
) -> Result<()> {
    for part in &level.parts {
        let end = part.first + part.axis.len() * part.each;
        let (from, to) = (range.start.max(part.first), range.end.min(end));
        if from >= to {
            continue;
        }
        let (mut from, to) = (from - part.first, to - part.first);
        while from < to {
            let (row, into) = (from / part.each, from % part.each);
            let rows = (to - from) / part.each;
            let chain = part.below.as_ref().map_or(Some(Vec::new()), |below| below.chain());
            if into == 0
                && rows > 0
                && let Some(chain) = chain
            {
                for axis in part.axis.orders(row..row + rows) {
                    f(Hyperslab::new([&outer[..], &[axis], &chain[..]].concat()))?;
                }
                from += rows * part.each;
            } else if let Some(below) = &part.below {
                let until = (into + (to - from)).min(part.each);
                outer.push(Axis::contiguous(part.axis.run_at(row, row + 1).0, 1));
                cover(below, into..until, outer, f)?;
                outer.pop();
                from += until - into;
            }
        }
    }
    Ok(())
}

/// Points that follow each other along the last axis are taken together.
fn cover_points(points: &[u64], rank: usize, mut f: impl FnMut(Hyperslab) -> Result<()>) -> Result<()> {
    let mut points = points.chunks_exact(rank).peekable();
    while let Some(point) = points.next() {
        let (last, outer) = (point[rank - 1], &point[..rank - 1]);
        let mut len = 1;
        while points
            .next_if(|p| p[..rank - 1] == *outer && last.checked_add(len) == Some(p[rank - 1]))
            .is_some()
        {
            len += 1;
        }
        let mut axes: Vec<Axis> = outer.iter().map(|&index| Axis::contiguous(index, 1)).collect();
        axes.push(Axis::contiguous(last, len));
        f(Hyperslab::new(axes))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The indices of all elements in their order, by way of `cover`.
    fn elements(region: &Region, range: Range<u64>) -> Vec<Vec<u64>> {
        let mut all = Vec::new();
        region
            .cover(range, |slab| {
                let mut some: Vec<Vec<u64>> = vec![Vec::new()];
                for axis in slab.axes() {
                    let indices: Vec<u64> = (0..axis.len()).map(|n| axis.run_at(n, n + 1).0).collect();
                    some = some
                        .iter()
                        .flat_map(|outer| indices.iter().map(move |&i| [&outer[..], &[i]].concat()))
                        .collect();
                }
                all.extend(some);
                Ok(())
            })
            .unwrap();
        all
    }

    fn samples() -> Vec<Region> {
        let axis = Axis { start: 1, stride: 4, count: 3, block: 2 };
        let corners = [0, 0, 1, 1, /**/ 1, 1, 3, 4, /**/ 5, 0, 5, 5, /**/ 3, 6, 8, 6];
        vec![
            Region::all(&[5, 7]).unwrap(),
            Region::product(vec![vec![axis], vec![Axis::strided(0, 3, 3)]]).unwrap(),
            Region::product(vec![
                vec![Axis::contiguous(2, 3)],
                vec![Axis { start: 0, stride: 3, count: 2, block: 2 }, Axis::contiguous(6, 1)],
            ])
            .unwrap(),
            Region::blocks(2, &corners, &Budget::default()).unwrap(),
            Region::Points { rank: 2, coordinates: vec![3, 3, 0, 1, 0, 2, 8, 6, 3, 3] },
        ]
    }

    #[test]
    fn every_range_is_covered_in_order() {
        for region in samples() {
            let all = elements(&region, 0..region.count());
            assert_eq!(all.len() as u64, region.count());
            if !matches!(region, Region::Points { .. }) {
                assert!(all.is_sorted() && all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
            }
            for from in 0..all.len() {
                for to in from..=all.len() {
                    assert_eq!(elements(&region, from as u64..to as u64), all[from..to]);
                }
            }
        }
    }

    #[test]
    fn overlaps_are_what_both_select() {
        let requests = [
            Hyperslab::all(&[9, 9]),
            Hyperslab::new(vec![Axis::contiguous(2, 4), Axis::contiguous(1, 3)]),
            Hyperslab::new(vec![Axis::strided(1, 2, 4), Axis { start: 0, stride: 4, count: 2, block: 3 }]),
        ];
        for region in samples() {
            for request in &requests {
                let mut found = Vec::new();
                region
                    .overlaps(request, |o| {
                        found.extend((0..o.len).map(|n| (o.first + n, o.memory + n)));
                        Ok(())
                    })
                    .unwrap();
                let width = request.axes()[1].len();
                let expected: Vec<(u64, u64)> = (0..)
                    .zip(elements(&region, 0..region.count()))
                    .filter_map(|(n, index)| {
                        let row = request.axes()[0].order_of(index[0])?;
                        Some((n, row * width + request.axes()[1].order_of(index[1])?))
                    })
                    .collect();
                assert_eq!(found, expected, "{region:?} and {request:?}");
                assert!(expected.is_empty() || region.may_meet(request));
            }
        }
    }

    #[test]
    fn a_scalar_is_one_element_and_bounds_are_checked() {
        let scalar = Region::all(&[]).unwrap();
        assert_eq!((scalar.count(), elements(&scalar, 0..1)), (1, vec![vec![]]));
        let some = Region::all(&[3, 4]).unwrap();
        assert!(some.check(&[3, 4]).is_ok());
        assert!(some.check(&[3, 3]).is_err() && some.check(&[12]).is_err());
        assert_eq!(Region::all(&[0, 4]).unwrap().bounds(), None);
        assert!(Region::all(&[1 << 40, 1 << 40]).is_err());
    }

    #[test]
    fn blocks_that_cost_too_much_are_refused() {
        let budget = Budget::new(crate::base::Limits { items: 10, ..Default::default() });
        let corners: Vec<u64> = (0..20).flat_map(|n| [n, 0, 100 + n, 5]).collect();
        assert!(Region::blocks(2, &corners, &budget).is_err());
    }
}
