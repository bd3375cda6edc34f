//! Which filters there are: the built-in ones and those the caller brings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Filter, fletcher32, id, nbit, scaleoffset, shuffle};

/// The filters that a file can use, by their number.
///
/// [`Filters::default`] holds all that are compiled in.
#[derive(Clone, Debug)]
pub struct Filters {
    by_id: BTreeMap<u16, Arc<dyn Filter>>,
}

/// The features that bring filters, for the error that says which one is missing.
const FEATURES: &[(u16, &str)] = &[
    (id::DEFLATE, "deflate"),
    (id::SZIP, "szip"),
    (id::LZF, "lzf"),
    (id::BZIP2, "bzip2"),
    (id::BLOSC, "blosc"),
    (id::LZ4, "lz4"),
    (id::BITSHUFFLE, "bitshuffle"),
    (id::ZFP, "zfp"),
    (id::ZSTD, "zstd"),
    (id::VBZ, "vbz"),
    (id::BITGROOM, "bitround"),
    (id::GRANULAR_BITROUND, "bitround"),
    (id::BLOSC2, "blosc2"),
];

impl Default for Filters {
    fn default() -> Self {
        let mut filters = Filters { by_id: BTreeMap::new() };
        filters.register(Arc::new(shuffle::Shuffle));
        filters.register(Arc::new(fletcher32::Fletcher32));
        #[cfg(feature = "deflate")]
        filters.register(Arc::new(super::deflate::Deflate));
        #[cfg(feature = "bzip2")]
        filters.register(Arc::new(super::bzip2::Bzip2));
        #[cfg(feature = "blosc")]
        filters.register(Arc::new(super::blosc::Blosc));
        #[cfg(feature = "blosc2")]
        filters.register(Arc::new(super::blosc2::Blosc2));
        #[cfg(feature = "lz4")]
        filters.register(Arc::new(super::lz4::Lz4));
        #[cfg(feature = "bitshuffle")]
        filters.register(Arc::new(super::bitshuffle::Bitshuffle));
        #[cfg(feature = "vbz")]
        filters.register(Arc::new(super::vbz::Vbz));
        #[cfg(feature = "zfp")]
        filters.register(Arc::new(super::zfp::Zfp));
        #[cfg(feature = "bitround")]
        filters.register(Arc::new(super::bitround::BitRound::BitGroom));
        #[cfg(feature = "bitround")]
        filters.register(Arc::new(super::bitround::BitRound::Granular));
        #[cfg(feature = "zstd")]
        filters.register(Arc::new(super::zstd::Zstd));
        #[cfg(feature = "szip")]
        filters.register(Arc::new(super::szip::Szip));
        filters.register(Arc::new(nbit::Nbit));
        filters.register(Arc::new(scaleoffset::ScaleOffset));
        #[cfg(feature = "lzf")]
        filters.register(Arc::new(super::lzf::Lzf));
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

#[cfg(all(test, feature = "all-filters"))]
mod tests {
    use super::*;

    #[test]
    fn every_feature_brings_its_filters() {
        let filters = Filters::default();
        for (id, feature) in FEATURES {
            assert!(filters.get(*id).is_some(), "{id} of {feature}");
        }
    }
}
