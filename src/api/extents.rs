//! Shapes of new datasets and attributes.

use std::ops::{Range, RangeFrom, RangeInclusive};

use crate::base::{Error, Result};
use crate::format::message::dataspace::{self, MAX_RANK};

/// One axis of a new dataset: how long it is and how long it may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Elements now.
    pub dim: usize,
    /// The most elements that there may be; `None` is "unlimited".
    pub max: Option<usize>,
}

impl Extent {
    /// Makes an axis that stays as it is.
    pub fn fixed(dim: usize) -> Self {
        Extent { dim, max: Some(dim) }
    }

    /// Makes an axis that can grow without limit.
    pub fn resizable(dim: usize) -> Self {
        Extent { dim, max: None }
    }
}

impl From<usize> for Extent {
    fn from(dim: usize) -> Self {
        Extent::fixed(dim)
    }
}

/// `10..` is an axis of 10 that can grow without limit.
impl From<RangeFrom<usize>> for Extent {
    fn from(range: RangeFrom<usize>) -> Self {
        Extent::resizable(range.start)
    }
}

/// `10..=20` is an axis of 10 that can grow to 20.
impl From<RangeInclusive<usize>> for Extent {
    fn from(range: RangeInclusive<usize>) -> Self {
        Extent { dim: *range.start(), max: Some(*range.end()) }
    }
}

/// `10..21` is an axis of 10 that can grow to 20.
impl From<Range<usize>> for Extent {
    fn from(range: Range<usize>) -> Self {
        Extent { dim: range.start, max: Some(range.end.saturating_sub(1)) }
    }
}

/// The shape of a new dataset or attribute.
///
/// ```
/// use h5::Extents;
/// let growing: Extents = (0.., 100).into();
/// assert_eq!(growing, Extents::Simple(vec![h5::Extent::resizable(0), h5::Extent::fixed(100)]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Extents {
    /// No element at all.
    Null,
    /// One element.
    Scalar,
    /// Elements along some axes.
    Simple(Vec<Extent>),
}

impl Extents {
    pub(super) fn to_stored(&self) -> Result<dataspace::Extent> {
        let axes = match self {
            Extents::Null => return Ok(dataspace::Extent::Null),
            Extents::Scalar => return Ok(dataspace::Extent::Scalar),
            Extents::Simple(axes) if axes.is_empty() => return Ok(dataspace::Extent::Scalar),
            Extents::Simple(axes) => axes,
        };
        if axes.len() > usize::from(MAX_RANK) {
            return Err(Error::shape(format!("{} axes; HDF5 allows {MAX_RANK}", axes.len())));
        }
        if let Some(axis) = axes.iter().find(|axis| axis.max.is_some_and(|max| max < axis.dim)) {
            return Err(Error::shape(format!("an axis of {} with a maximum of {:?}", axis.dim, axis.max)));
        }
        let shape = axes.iter().map(|axis| axis.dim as u64).collect();
        let can_grow = axes.iter().any(|axis| axis.max != Some(axis.dim));
        let maximum = axes.iter().map(|axis| axis.max.map(|max| max as u64)).collect();
        Ok(dataspace::Extent::Simple { shape, maximum: can_grow.then_some(maximum) })
    }
}

impl From<()> for Extents {
    fn from((): ()) -> Self {
        Extents::Scalar
    }
}

impl From<Extent> for Extents {
    fn from(axis: Extent) -> Self {
        Extents::Simple(vec![axis])
    }
}

impl From<Vec<usize>> for Extents {
    fn from(shape: Vec<usize>) -> Self {
        shape.as_slice().into()
    }
}

impl From<&[usize]> for Extents {
    fn from(shape: &[usize]) -> Self {
        Extents::Simple(shape.iter().map(|&dim| Extent::fixed(dim)).collect())
    }
}

impl From<&Vec<usize>> for Extents {
    fn from(shape: &Vec<usize>) -> Self {
        shape.as_slice().into()
    }
}

impl From<Vec<Extent>> for Extents {
    fn from(axes: Vec<Extent>) -> Self {
        Extents::Simple(axes)
    }
}

impl<const N: usize> From<[usize; N]> for Extents {
    fn from(shape: [usize; N]) -> Self {
        shape.as_slice().into()
    }
}

macro_rules! single {
    ($($axis:ty)*) => {
        $(impl From<$axis> for Extents {
            fn from(axis: $axis) -> Self {
                Extents::Simple(vec![axis.into()])
            }
        })*
    };
}

macro_rules! tuples {
    ($(($($name:ident)+))*) => {
        $(impl<$($name: Into<Extent>),+> From<($($name,)+)> for Extents {
            #[expect(non_snake_case, reason = "the names of the types serve for the values too")]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Extents::Simple(vec![$($name.into()),+])
            }
        })*
    };
}

single!(usize RangeFrom<usize> RangeInclusive<usize> Range<usize>);
tuples!((A)(A B)(A B C)(A B C D)(A B C D E)(A B C D E F));
