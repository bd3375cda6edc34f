//! Selections: which elements of a dataspace are meant, and where they lie in a box and in a packed array. No bytes.

mod boxes;
mod hyperslab;
mod mask;
mod merged;
mod points;
mod region;
mod runs;
mod unlimited;
mod wanted;

pub(crate) use boxes::coordinates;
pub use hyperslab::{Axis, Hyperslab};
pub(crate) use mask::Mask;
pub(crate) use points::Points;
pub(crate) use region::{Overlap, Region};
pub(crate) use runs::{Run, for_each_run};
pub(crate) use unlimited::{Unlimited, limited};
pub(crate) use wanted::{Boxes, Packed, Scattered, Selected, Wanted};
