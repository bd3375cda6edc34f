//! Selections: which elements of a dataspace are meant, and where they lie in a box and in a packed array. No bytes.

mod hyperslab;
mod runs;

pub use hyperslab::{Axis, Hyperslab};
pub(crate) use runs::{Run, for_each_run};
