//! Datasets: how they are stored, resizing, mapping.

use std::ops::Deref;

use super::container::Container;
use super::handle::Handle;
use super::mapped::MappedArray;
use super::types::H5Type;
use crate::base::{Error, Misuse, Plain, Result, to_usize};
use crate::data::{self, DatasetInfo};
use crate::engine::{Core, Header};
use crate::format::message::filter_pipeline::OPTIONAL;
use crate::format::message::layout::Storage;

/// An array of elements of one type in a file.
///
/// Reads take `&self` and go side by side; what is written is readable at once through the same file.
///
/// ```
/// use ndarray::{Array2, s};
/// # fn main() -> h5::Result<()> {
/// # let dir = std::env::temp_dir().join("h5-doc-dataset");
/// # std::fs::create_dir_all(&dir)?;
/// # let path = dir.join("dataset.h5");
/// let file = h5::File::create(&path)?;
/// let dataset = file
///     .new_dataset::<f32>()
///     .shape((100.., 50))
///     .chunk((10, 50))
///     .shuffle()
///     .deflate(4)
///     .create("grid")?;
/// dataset.write_slice(&Array2::from_elem((2, 50), 1.5f32), s![40..42, ..])?;
/// assert_eq!(dataset.read_slice_1d::<f32, _>(s![39..43, 7])?.to_vec(), [0.0, 1.5, 1.5, 0.0]);
/// dataset.resize((200, 50))?;
/// assert_eq!(dataset.shape(), [200, 50]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Dataset {
    container: Container,
}

/// How the data of a dataset is laid out in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// In the dataset's header.
    Compact,
    /// In one piece.
    Contiguous,
    /// In chunks of equal shape.
    Chunked,
    /// In other datasets.
    Virtual,
}

/// A filter that chunks go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its registered number.
    pub id: u16,
    /// Its name; that of a number below 256 may not be stored.
    pub name: String,
    /// Its client data.
    pub values: Vec<u32>,
    /// Whether a chunk may be stored without it.
    pub optional: bool,
}

impl Dataset {
    pub(super) fn new(handle: Handle) -> Self {
        Dataset { container: Container::dataset(handle) }
    }

    pub(super) fn inspect<T>(&self, f: impl FnOnce(&Core, &DatasetInfo) -> Result<T>) -> Result<T> {
        self.handle
            .with(|core, header: &Header| DatasetInfo::load(core, header).and_then(|info| f(core, &info)))
    }

    /// The same for what looks at the file past the chunks that are in memory.
    pub(super) fn inspect_stored<T>(&self, f: impl FnOnce(&Core, &DatasetInfo) -> Result<T>) -> Result<T> {
        self.handle.shared.store_chunks().map_err(|e| e.of(&self.handle.path))?;
        self.inspect(f)
    }

    /// Returns how the data is laid out; contiguous where the file can no longer be read.
    pub fn layout(&self) -> Layout {
        let layout = self.inspect(|_, info| {
            Ok(match info.layout.storage {
                Storage::Compact(_) => Layout::Compact,
                Storage::Contiguous { .. } => Layout::Contiguous,
                Storage::Chunked(_) => Layout::Chunked,
                Storage::Virtual { .. } => Layout::Virtual,
            })
        });
        layout.unwrap_or(Layout::Contiguous)
    }

    /// Returns the shape of a chunk; none for other layouts.
    pub fn chunk(&self) -> Option<Vec<usize>> {
        let chunk = self.inspect(|_, info| {
            let shape =
                info.chunked().map(|chunked| chunked.shape.iter().map(|&size| to_usize(size)).collect());
            shape.transpose()
        });
        chunk.ok().flatten()
    }

    /// Tells whether the data is stored in chunks.
    pub fn is_chunked(&self) -> bool {
        self.layout() == Layout::Chunked
    }

    /// Tells whether the dataset can be given another shape.
    pub fn is_resizable(&self) -> bool {
        let resizable = self.inspect(|_, info| {
            let fixed =
                info.extent.maximum().iter().zip(info.shape()).all(|(most, &size)| *most == Some(size));
            Ok(info.chunked().is_some() && !fixed)
        });
        resizable.unwrap_or_default()
    }

    /// Returns the filters in the order in which they are applied.
    pub fn filters(&self) -> Vec<Filter> {
        let filters = self.inspect(|core, info| {
            let filters = info.filters.iter().flat_map(|pipeline| &pipeline.filters);
            let public = filters.map(|filter| Filter {
                id: filter.id,
                name: match (filter.name(), core.filters.get(filter.id)) {
                    (b"", Some(known)) => known.name().to_owned(),
                    (stored, _) => String::from_utf8_lossy(stored).into_owned(),
                },
                values: filter.values.clone(),
                optional: filter.flags & OPTIONAL != 0,
            });
            Ok(public.collect())
        });
        filters.unwrap_or_default()
    }

    /// Returns where contiguous data begins in the file, in bytes from its first one; none where it is not yet there.
    pub fn offset(&self) -> Option<u64> {
        let offset = self.inspect(|core, info| match info.layout.storage {
            Storage::Contiguous { address: Some(address), .. } if !info.is_external => {
                core.offset(address).map(Some)
            }
            _ => Ok(None),
        });
        offset.ok().flatten()
    }

    /// Gives the dataset another shape, up to its maximum. Elements cut off are gone; new ones have the fill value.
    pub fn resize(&self, shape: impl Into<super::Extents>) -> Result<()> {
        let shape = match shape.into() {
            super::Extents::Simple(axes) => axes.iter().map(|axis| axis.dim as u64).collect(),
            _ => Vec::new(),
        };
        self.handle
            .with_data_mut(|core| data::resize(core, &self.handle.shared.chunks, self.handle.address, &shape))
    }

    /// Maps a contiguous dataset into memory without copying it. The elements have to be stored as `T` is in memory.
    ///
    /// Pages are read when they are first looked at. While the array lives, nobody may cut the file off.
    ///
    /// ```
    /// use ndarray::array;
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-map");
    /// # std::fs::create_dir_all(&dir)?;
    /// # let path = dir.join("map.h5");
    /// let file = h5::File::create(&path)?;
    /// file.new_dataset_builder().with_data(&array![[1.0, 2.0], [3.0, 4.0]]).create("a")?;
    /// file.flush()?;
    /// let mapped = file.dataset("a")?.map::<f64>()?;
    /// assert_eq!(mapped.view()[[1, 0]], 3.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn map<T: H5Type + Plain>(&self) -> Result<MappedArray<T>> {
        self.inspect(|core, info| {
            let native = T::type_descriptor().to_file(core.sizes())?;
            let same =
                crate::convert::Plan::new(&info.datatype, &native).is_ok_and(|plan| plan.is_identity());
            if !same || cfg!(target_endian = "big") {
                let (from, to) =
                    (crate::convert::describe(&info.datatype), crate::convert::describe(&native));
                return Err(Error::from(Misuse::Conversion { from, to }));
            }
            let shape = info.shape().iter().map(|&size| to_usize(size)).collect::<Result<_>>()?;
            MappedArray::new(data::map(core, info)?, shape)
        })
    }
}

impl Deref for Dataset {
    type Target = Container;

    fn deref(&self) -> &Container {
        &self.container
    }
}
