//! New datasets whose elements are not in a place of their own in the file.

use super::virtual_layout::NewSource;
use crate::base::Result;
use crate::data::Origin;
use crate::format::message::dataspace::Extent;

/// Where a builder was told that the elements are.
#[derive(Clone, Debug, Default)]
pub(super) struct Elsewhere {
    /// The sources of a virtual dataset, which may have none.
    pub(super) sources: Option<Vec<NewSource>>,
}

impl Elsewhere {
    pub(super) fn to_stored(&self, extent: &Extent) -> Result<Origin> {
        match &self.sources {
            None => Ok(Origin::Own),
            Some(sources) => {
                let mappings = sources.iter().map(|source| source.to_stored(extent));
                mappings.collect::<Result<_>>().map(Origin::Mapped)
            }
        }
    }
}
