//! Which filters there are: the built-in ones and those the caller brings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Filter, fletcher32, shuffle};

/// The filters that a file can use, by their number.
///
/// [`Filters::default`] holds all that are compiled in.
#[derive(Clone, Debug)]
pub struct Filters {
    by_id: BTreeMap<u16, Arc<dyn Filter>>,
}

/// The features that bring filters, for the error that says which one is missing.
const FEATURES: [(u16, &str); 1] = [(super::id::DEFLATE, "deflate")];

impl Default for Filters {
    fn default() -> Self {
        let mut filters = Filters { by_id: BTreeMap::new() };
        filters.register(Arc::new(shuffle::Shuffle));
        filters.register(Arc::new(fletcher32::Fletcher32));
        #[cfg(feature = "deflate")]
        filters.register(Arc::new(super::deflate::Deflate));
        filters
    }
}

impl Filters {
    /// Adds a filter; it replaces one with the same number.
    pub fn register(&mut self, filter: Arc<dyn Filter>) {
        self.by_id.insert(filter.id(), filter);
    }

    /// Returns the filter with this number.
    pub fn get(&self, id: u16) -> Option<&Arc<dyn Filter>> {
        self.by_id.get(&id)
    }

    /// The cargo feature that would bring the filter with this number.
    pub(crate) fn feature_of(id: u16) -> Option<&'static str> {
        FEATURES.iter().find(|(known, _)| *known == id).map(|(_, feature)| *feature)
    }
}
