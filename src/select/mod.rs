//! Selections: which elements of a dataspace are meant, and where they lie in a box and in a packed array. No bytes.

mod hyperslab;
mod region;
mod runs;
mod unlimited;

pub use hyperslab::{Axis, Hyperslab};
pub(crate) use region::{Overlap, Region};
pub(crate) use runs::{Run, for_each_run};
pub(crate) use unlimited::{Unlimited, limited};
