//! What becomes of a dataset that is not to stay as it is: other chunks, filters, another layout.

use crate::base::{Error, Result};

use super::super::create::FilterRequest;

/// What is asked for of one dataset.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Change {
    pub(crate) layout: Option<LayoutRequest>,
    /// None: those that it has. None at all: an empty list.
    pub(crate) filters: Option<Vec<FilterRequest>>,
    /// Whether a dataset that cannot have it is an error; otherwise it stays as it is.
    pub(crate) is_required: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LayoutRequest {
    Compact,
    Contiguous,
    /// Chunks of a shape that suits the dataset.
    AnyChunks,
    /// Chunks of this shape; an axis that is shorter, and cannot grow, gets shorter chunks.
    Chunked(Vec<u64>),
}

impl Change {
    pub(crate) fn is_none(&self) -> bool {
        self.layout.is_none() && self.filters.is_none()
    }

    /// The chunks that a request means for a dataset.
    pub(super) fn chunk(chunk: &[u64], shape: &[u64], maximum: &[Option<u64>]) -> Result<Vec<u64>> {
        if chunk.len() != shape.len() || chunk.contains(&0) {
            return Err(Error::shape(format!("chunks of {chunk:?} for a dataset of {shape:?}")));
        }
        let fit = |(&size, maximum): (&u64, &Option<u64>)| maximum.map_or(size, |most| size.min(most.max(1)));
        Ok(chunk.iter().zip(maximum).map(fit).collect())
    }
}
