//! New datasets whose elements are not in a place of their own in the file: in other datasets, in files of raw data.

use super::virtual_layout::NewSource;
use super::{DatasetBuilderData, DatasetBuilderEmpty};
use crate::base::{Error, Result};
use crate::data::{ExternalFile, Origin};
use crate::format::message::dataspace::Extent;

/// Where a builder was told that the elements are.
#[derive(Clone, Debug, Default)]
pub(super) struct Elsewhere {
    /// The sources of a virtual dataset, which may have none.
    pub(super) sources: Option<Vec<NewSource>>,
    files: Vec<ExternalFile>,
}

impl Elsewhere {
    pub(super) fn to_stored(&self, extent: &Extent) -> Result<Origin> {
        match &self.sources {
            None if self.files.is_empty() => Ok(Origin::Own),
            None => Ok(Origin::External(self.files.clone())),
            Some(_) if !self.files.is_empty() => {
                Err(Error::misuse("a virtual dataset has no raw data that could lie in other files"))
            }
            Some(sources) => {
                let mappings = sources.iter().map(|source| source.to_stored(extent));
                mappings.collect::<Result<_>>().map(Origin::Mapped)
            }
        }
    }
}

/// The option is the same for datasets with data and without; one of them has the example.
macro_rules! external {
    ($($(#[$example:meta])* ($($generic:tt)*) $builder:ty;)*) => {
        $(impl<$($generic)*> $builder {
            /// Has the raw data lie in another file: `size` bytes from `offset` on, behind what files named before have.
            /// The last one may have no end (`None`).
            ///
            /// The data is not chunked and not filtered. A relative name is looked up beside the HDF5 file; a file that
            /// is missing is created by the first write to it. Which files may be written to is up to
            /// [`FileOptions::write_access`](crate::FileOptions::write_access). What is written is there at once: no
            /// commit is about it.
            $(#[$example])*
            #[must_use]
            pub fn external(
                mut self,
                name: impl Into<Vec<u8>>,
                offset: u64,
                size: impl Into<Option<u64>>,
            ) -> Self {
                let file = ExternalFile { name: name.into(), offset, size: size.into() };
                self.builder.options.elsewhere.files.push(file);
                self
            }
        })*
    };
}

external! {
    () DatasetBuilderEmpty;
    ///
    /// ```
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-external");
    /// # std::fs::create_dir_all(&dir)?;
    /// let file = h5::File::create(dir.join("external.h5"))?;
    /// let new = file.new_dataset_builder().with_data(&[1_u8, 2, 3, 4, 5]);
    /// new.external("one.raw", 10, 3).external("two.raw", 0, None).create("bytes")?;
    /// assert_eq!(std::fs::read(dir.join("one.raw"))?[10..], [1, 2, 3]);
    /// assert_eq!(std::fs::read(dir.join("two.raw"))?, [4, 5]);
    /// # Ok(())
    /// # }
    /// ```
    (T, D: ndarray::Dimension) DatasetBuilderData<'_, T, D>;
}
