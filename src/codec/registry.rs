//! Which filters there are: the built-in ones and those the caller brings.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::{Filter, fletcher32, id, nbit, scaleoffset, shuffle};

/// The filters that a file can use, by their number.
///
/// [`Filters::default`] holds all that are compiled in, and those of [`register_filter`]. It is built once and shared, as
/// are copies of it until a filter is added to them.
#[derive(Clone, Debug)]
pub struct Filters {
    by_id: Arc<BTreeMap<u16, Arc<dyn Filter>>>,
}

/// What every file starts with. It is looked at once for each file that is opened, and only that long locked.
static OF_PROCESS: LazyLock<RwLock<Filters>> = LazyLock::new(|| RwLock::new(Filters::built_in()));

/// Adds a filter to those that every file has which is opened or created in this process from now on.
///
/// It takes the place of a filter with the same number, of a built-in one too. Files that are open already keep what
/// they have. [`FileOptions::filter`](crate::FileOptions::filter) adds a filter to one file alone, and wins over this.
///
/// ```
/// use std::sync::Arc;
/// use h5::{Encoded, Filter, FilterCall, Result};
///
/// /// Turns every bit over.
/// #[derive(Debug)]
/// struct Inverted;
///
/// impl Filter for Inverted {
///     fn id(&self) -> u16 {
///         390
///     }
///     fn name(&self) -> &'static str {
///         "inverted"
///     }
///     fn decode(&self, input: &[u8], _: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
///         output.extend(input.iter().map(|byte| !byte));
///         Ok(())
///     }
///     fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
///         self.decode(input, call, output).map(|()| Encoded::Done)
///     }
/// }
///
/// h5::register_filter(Arc::new(Inverted));
/// assert!(h5::Filters::default().get(390).is_some());
/// ```
pub fn register_filter(filter: Arc<dyn Filter>) {
    OF_PROCESS.write().unwrap_or_else(PoisonError::into_inner).register(filter);
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
    (id::SZ, "sz"),
    (id::JPEG_LS, "jpegls"),
    (id::VBZ, "vbz"),
    (id::BITGROOM, "bitround"),
    (id::GRANULAR_BITROUND, "bitround"),
    (id::SZ3, "sz3"),
    (id::BLOSC2, "blosc2"),
    (id::SPERR, "sperr"),
];

impl Default for Filters {
    fn default() -> Self {
        OF_PROCESS.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Filters {
    /// All that are compiled in.
    fn built_in() -> Self {
        let mut filters = Filters { by_id: Arc::default() };
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
        #[cfg(feature = "jpegls")]
        filters.register(Arc::new(super::jpegls::JpegLs));
        #[cfg(feature = "sperr")]
        filters.register(Arc::new(super::sperr::Sperr));
        #[cfg(feature = "sz")]
        filters.register(Arc::new(super::sz::Sz));
        #[cfg(feature = "vbz")]
        filters.register(Arc::new(super::vbz::Vbz));
        #[cfg(feature = "zfp")]
        filters.register(Arc::new(super::zfp::Zfp));
        #[cfg(feature = "bitround")]
        filters.register(Arc::new(super::bitround::BitRound::BitGroom));
        #[cfg(feature = "bitround")]
        filters.register(Arc::new(super::bitround::BitRound::Granular));
        #[cfg(feature = "sz3")]
        filters.register(Arc::new(super::sz3::Sz3));
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

    /// Adds a filter; it replaces one with the same number.
    pub fn register(&mut self, filter: Arc<dyn Filter>) {
        let id = filter.id();
        Arc::make_mut(&mut self.by_id).insert(id, filter);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_shared_until_it_is_changed() {
        let (mut changed, kept) = (Filters::built_in(), Filters::default());
        assert!(Arc::ptr_eq(&kept.by_id, &kept.clone().by_id));
        let copy = changed.clone();
        changed.register(Arc::new(fletcher32::Fletcher32));
        assert!(!Arc::ptr_eq(&changed.by_id, &copy.by_id));
    }

    #[cfg(feature = "all-filters")]
    #[test]
    fn every_feature_brings_its_filters() {
        let filters = Filters::default();
        for (id, feature) in FEATURES {
            assert!(filters.get(*id).is_some(), "{id} of {feature}");
        }
    }
}
