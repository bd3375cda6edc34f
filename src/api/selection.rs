//! Selections as users write them: `s![..]` of ndarray, ranges, hyperslabs, points, masks.

use std::borrow::Cow;
use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

use ndarray::{Array, Array1, Array2, ArrayD, Dimension, SliceInfo, SliceInfoElem};

use crate::base::{Error, Result};
use crate::select::{Axis, Hyperslab, Mask, Points, Scattered, Selected};

/// What of a dataset is read or written.
///
/// Everything that ndarray's `s![]` expresses with positive steps is a selection, and so are ranges along one axis,
/// [`Hyperslab`]s, lists of points and masks. Points and masked elements come as an array of one axis.
///
/// ```
/// use h5::{Axis, Hyperslab, Selection};
/// use ndarray::{Array2, array, s};
/// let rows: Selection = s![10..20, ..;2].into();
/// let blocks: Selection = Hyperslab::new(vec![Axis { start: 0, stride: 10, count: 5, block: 2 }]).into();
/// let corners: Selection = array![[0, 0], [9, 0], [0, 9], [9, 9]].into();
/// let diagonal: Selection = Array2::from_shape_fn((10, 10), |(row, column)| row == column).into();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// Everything.
    All,
    /// A slice or an index for each axis.
    Slice(Vec<SliceOrIndex>),
    /// Blocks at equal distances along each axis.
    Hyperslab(Hyperslab),
    /// Single elements in any order: a row of indices for each. One that is written twice keeps what comes last.
    Points(Array2<usize>),
    /// The elements for which an array of the dataset's shape has true, in the order of a C array.
    Mask(ArrayD<bool>),
}

/// What is selected along one axis. Negative positions count from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SliceOrIndex {
    /// One index; the result does not have the axis.
    Index(isize),
    /// A range with a step.
    Slice {
        /// The first index.
        start: isize,
        /// The index behind the last one; `None` is the end of the axis.
        end: Option<isize>,
        /// From one index to the next; at least 1.
        step: isize,
    },
}

impl Selection {
    /// Finds out what is meant in a dataspace of this shape, and which shape the result has.
    pub(super) fn resolve(&self, shape: &[u64]) -> Result<(Selected<'_>, Vec<u64>)> {
        match self {
            Selection::All => Ok((Selected::Regular(Hyperslab::all(shape)), shape.to_vec())),
            Selection::Hyperslab(slab) => {
                slab.check(shape)?;
                Ok((Selected::Regular(slab.clone()), slab.shape()))
            }
            Selection::Points(points) => {
                let indices = points.iter().map(|&index| index as u64);
                scattered(Scattered::Points(Points::new(shape, points.ncols(), indices)?))
            }
            Selection::Mask(mask) => scattered(Scattered::Mask(masked(mask, shape)?)),
            Selection::Slice(axes) if axes.len() == shape.len() => {
                let mut kept = Vec::new();
                let resolved = axes.iter().zip(shape).map(|(axis, &size)| {
                    let resolved = axis.resolve(size)?;
                    if !matches!(axis, SliceOrIndex::Index(_)) {
                        kept.push(resolved.len());
                    }
                    Ok(resolved)
                });
                let slab = Hyperslab::new(resolved.collect::<Result<_>>()?);
                Ok((Selected::Regular(slab), kept))
            }
            Selection::Slice(axes) => {
                let (have, want) = (axes.len(), shape.len());
                Err(Error::shape(format!("a selection of {have} axes in a dataspace of {want}")))
            }
        }
    }
}

impl SliceOrIndex {
    fn resolve(self, size: u64) -> Result<Axis> {
        match self {
            SliceOrIndex::Index(index) => match position(index, size) {
                Some(index) if index < size => Ok(Axis::contiguous(index, 1)),
                _ => Err(Error::shape(format!("the index {index} is not on an axis of {size}"))),
            },
            SliceOrIndex::Slice { start, end, step } => {
                let Some(step) = u64::try_from(step).ok().filter(|&step| step > 0) else {
                    return Err(Error::shape(format!("a step of {step}; only positive steps can be read")));
                };
                let range = (position(start, size), end.map_or(Some(size), |end| position(end, size)));
                match range {
                    (Some(from), Some(to)) if from <= size && to <= size => {
                        Ok(Axis::strided(from, step, to.saturating_sub(from).div_ceil(step)))
                    }
                    _ => Err(Error::shape(format!("{start}..{end:?} is not on an axis of {size}"))),
                }
            }
        }
    }
}

/// Elements here and there are packed along one axis.
fn scattered(scattered: Scattered<'_>) -> Result<(Selected<'_>, Vec<u64>)> {
    let shape = vec![scattered.element_count()];
    Ok((Selected::Scattered(scattered), shape))
}

fn masked<'m>(mask: &'m ArrayD<bool>, shape: &[u64]) -> Result<Mask<'m>> {
    let own: Vec<u64> = mask.shape().iter().map(|&size| size as u64).collect();
    if own != shape {
        return Err(Error::shape(format!("a mask of shape {own:?} for a dataspace of {shape:?}")));
    }
    let chosen = match mask.as_slice() {
        Some(chosen) => Cow::Borrowed(chosen),
        None => Cow::Owned(mask.iter().copied().collect()),
    };
    Mask::new(own, chosen)
}

/// A position on an axis, counted from its end where it is negative.
fn position(position: isize, size: u64) -> Option<u64> {
    let place = i128::try_from(position).ok()? + if position < 0 { i128::from(size) } else { 0 };
    u64::try_from(place).ok()
}

impl<T: AsRef<[SliceInfoElem]>, In: Dimension, Out: Dimension> From<SliceInfo<T, In, Out>> for Selection {
    fn from(slice: SliceInfo<T, In, Out>) -> Self {
        let elements: &[SliceInfoElem] = (*slice).as_ref();
        // ndarray's new axes have no place in a file; one more axis than the dataset has is refused with its error.
        let axes = elements.iter().map(|element| match *element {
            SliceInfoElem::Slice { start, end, step } => SliceOrIndex::Slice { start, end, step },
            SliceInfoElem::Index(index) => SliceOrIndex::Index(index),
            SliceInfoElem::NewAxis => SliceOrIndex::Slice { start: 0, end: Some(0), step: 1 },
        });
        Selection::Slice(axes.collect())
    }
}

impl From<Hyperslab> for Selection {
    fn from(slab: Hyperslab) -> Self {
        Selection::Hyperslab(slab)
    }
}

impl From<Array2<usize>> for Selection {
    fn from(points: Array2<usize>) -> Self {
        Selection::Points(points)
    }
}

/// Indices along the only axis.
impl From<Array1<usize>> for Selection {
    fn from(indices: Array1<usize>) -> Self {
        Selection::Points(indices.insert_axis(ndarray::Axis(1)))
    }
}

impl<D: Dimension> From<Array<bool, D>> for Selection {
    fn from(mask: Array<bool, D>) -> Self {
        Selection::Mask(mask.into_dyn())
    }
}

impl From<RangeFull> for Selection {
    fn from(_: RangeFull) -> Self {
        Selection::All
    }
}

/// A range or an index along the only axis.
fn single(axis: SliceOrIndex) -> Selection {
    Selection::Slice(vec![axis])
}

fn signed(position: usize) -> isize {
    isize::try_from(position).unwrap_or(isize::MAX)
}

impl From<Range<usize>> for Selection {
    fn from(range: Range<usize>) -> Self {
        single(SliceOrIndex::Slice { start: signed(range.start), end: Some(signed(range.end)), step: 1 })
    }
}

impl From<RangeFrom<usize>> for Selection {
    fn from(range: RangeFrom<usize>) -> Self {
        single(SliceOrIndex::Slice { start: signed(range.start), end: None, step: 1 })
    }
}

impl From<RangeTo<usize>> for Selection {
    fn from(range: RangeTo<usize>) -> Self {
        single(SliceOrIndex::Slice { start: 0, end: Some(signed(range.end)), step: 1 })
    }
}

impl From<usize> for Selection {
    fn from(index: usize) -> Self {
        single(SliceOrIndex::Index(signed(index)))
    }
}

impl From<Vec<SliceOrIndex>> for Selection {
    fn from(axes: Vec<SliceOrIndex>) -> Self {
        Selection::Slice(axes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::Wanted as _;
    use ndarray::s;

    #[test]
    fn slices_are_what_ndarray_means_by_them() {
        let resolve = |selection: Selection, shape: &[u64]| {
            selection.resolve(shape).map(|(slab, _)| slab.as_regular().unwrap().shape())
        };
        assert_eq!(resolve(s![2..9;3, 5].into(), &[10, 10]).unwrap(), [3, 1]);
        assert_eq!(resolve(s![-3.., ..].into(), &[10, 4]).unwrap(), [3, 4]);
        assert_eq!(resolve((3..3).into(), &[10]).unwrap(), [0]);
        assert_eq!(Selection::from(s![1, ..]).resolve(&[3, 4]).unwrap().1, [4]);
        assert!(resolve(s![..11].into(), &[10]).is_err());
        assert!(resolve(s![..;-1].into(), &[10]).is_err());
        assert!(resolve(s![-11].into(), &[10]).is_err());
        assert!(resolve(10.into(), &[10]).is_err());
        assert!(resolve(s![.., ..].into(), &[10]).is_err());
    }
}
