//! New datasets: type, shape, chunks, filters, fill value.

use ndarray::{ArrayView, Dimension};

use super::elements::Target;
use super::elsewhere::Elsewhere;
use super::types::{FileType, H5Type, NewType};
use super::{AllocationTime, Dataset, Extents, FillTime, Group};
use crate::base::Result;
use crate::codec::id;
use crate::data::{ChunkRequest, FilterRequest, NewDataset, create_dataset};
use crate::engine::{self, AttributeRules, Core, CreationOrder};
use crate::format::datatype::Datatype as Stored;

/// Begins a dataset: of a type, or with data.
///
/// ```
/// use ndarray::Array2;
/// # fn main() -> h5::Result<()> {
/// # let dir = std::env::temp_dir().join("h5-doc-builder");
/// # std::fs::create_dir_all(&dir)?;
/// # let path = dir.join("builder.h5");
/// let file = h5::File::create(&path)?;
/// let data = Array2::<i32>::zeros((30, 20));
/// let dataset = file.new_dataset_builder().with_data(&data).chunk((10, 10)).deflate(6).create("zeros")?;
/// assert_eq!(dataset.chunk(), Some(vec![10, 10]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DatasetBuilder {
    group: Group,
    pub(super) options: Options,
}

/// A dataset that is going to be created without data.
#[derive(Clone, Debug)]
pub struct DatasetBuilderEmpty {
    pub(super) builder: DatasetBuilder,
    datatype: NewType,
    extents: Extents,
}

/// A dataset that is going to be created with data.
#[derive(Clone, Debug)]
pub struct DatasetBuilderData<'d, T, D: Dimension> {
    pub(super) builder: DatasetBuilder,
    data: ArrayView<'d, T, D>,
}

/// What can be said about a dataset whatever its type and shape.
#[derive(Clone, Debug)]
pub(super) struct Options {
    chunk: ChunkRequest,
    filters: Vec<FilterRequest>,
    fill: Option<Fill>,
    compact: bool,
    pub(super) elsewhere: Elsewhere,
    allocation_time: Option<AllocationTime>,
    fill_time: FillTime,
    chunk_opts: ChunkOpts,
    attributes: AttributeRules,
}

/// What is done differently with chunks; by default nothing is.
///
/// ```
/// # fn main() -> h5::Result<()> {
/// # let dir = std::env::temp_dir().join("h5-doc-chunk-opts");
/// # std::fs::create_dir_all(&dir)?;
/// # let path = dir.join("opts.h5");
/// use h5::{ChunkOpts, FormatBounds};
/// let file = h5::File::options().bounds(FormatBounds::V110).create(&path)?;
/// let new = file.new_dataset::<u8>().shape(10).chunk(4).deflate(6);
/// let dataset = new.chunk_opts(ChunkOpts::DONT_FILTER_PARTIAL_CHUNKS).create("bytes")?;
/// dataset.write(&[7; 10])?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ChunkOpts {
    whole_only: bool,
}

impl ChunkOpts {
    /// Chunks that reach over the edge of the dataset are stored without filters. Releases of libhdf5 from 1.10 on can
    /// read that.
    pub const DONT_FILTER_PARTIAL_CHUNKS: ChunkOpts = ChunkOpts { whole_only: true };
}

/// A fill value on its way into the type of the dataset.
#[derive(Clone)]
struct Fill(std::sync::Arc<EncodeFill>);

type EncodeFill = dyn Fn(&mut Core, &Stored) -> Result<Vec<u8>> + Send + Sync;

impl std::fmt::Debug for Fill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fill")
    }
}

impl DatasetBuilder {
    pub(super) fn new(group: Group) -> Self {
        let options = Options {
            chunk: ChunkRequest::Automatic,
            filters: Vec::new(),
            fill: None,
            compact: false,
            elsewhere: Elsewhere::default(),
            allocation_time: None,
            fill_time: FillTime::IfSet,
            chunk_opts: ChunkOpts::default(),
            attributes: AttributeRules::default(),
        };
        DatasetBuilder { group, options }
    }

    /// Sets the type; the shape is a scalar unless another one is set.
    pub fn empty<T: H5Type>(self) -> DatasetBuilderEmpty {
        let datatype = NewType::described(T::type_descriptor());
        DatasetBuilderEmpty { builder: self, datatype, extents: Extents::Scalar }
    }

    /// Sets the type: that of another dataset or attribute, which becomes the dataset's own even if it is committed,
    /// one that was put together, or a [`NamedDatatype`](crate::NamedDatatype), which the dataset shares. The shape is a
    /// scalar unless another one is set.
    ///
    /// ```
    /// # fn main() -> h5::Result<()> {
    /// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
    /// let old = file.new_dataset_builder().with_data(&[1_u16, 2]).create("old")?;
    /// let new = file.new_dataset_builder().empty_like(&old.dtype()?).shape(2).create("new")?;
    /// new.write_bytes(&old.read_bytes(..)?, ..)?;
    /// assert_eq!(new.read_raw::<u16>()?, [1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn empty_like(self, datatype: impl Into<NewType>) -> DatasetBuilderEmpty {
        DatasetBuilderEmpty { builder: self, datatype: datatype.into(), extents: Extents::Scalar }
    }

    /// Sets type, shape and values.
    pub fn with_data<'d, A, T, D>(self, data: A) -> DatasetBuilderData<'d, T, D>
    where
        A: Into<ArrayView<'d, T, D>>,
        T: H5Type,
        D: Dimension,
    {
        DatasetBuilderData { builder: self, data: data.into() }
    }

    /// Writes the dataset's header, and its data by `write`, which gets the type in the file.
    fn create(
        &self,
        name: Option<&str>,
        datatype: &NewType,
        extents: &Extents,
        write: impl FnOnce(&Dataset) -> Result<()>,
    ) -> Result<Dataset> {
        let extent = extents.to_stored()?;
        let origin = self.options.elsewhere.to_stored(&extent)?;
        let place = name.map(|name| self.group.parent_of(name)).transpose()?;
        let handle = place.as_ref().map_or(&self.group.handle, |(parent, _)| parent);
        let address = handle.with_mut(|core| {
            let FileType { datatype, committed } = datatype.to_file(core, &handle.shared)?;
            let fill = self.options.fill.as_ref().map(|fill| fill.0(core, &datatype)).transpose()?;
            let new = NewDataset {
                datatype,
                committed,
                extent,
                chunk: self.options.chunk.clone(),
                filters: self.options.filters.clone(),
                fill,
                compact: self.options.compact,
                origin,
                allocation_time: self.options.allocation_time.map(AllocationTime::number),
                fill_time: self.options.fill_time.number(),
                whole_chunks_only: self.options.chunk_opts.whole_only,
                attributes: self.options.attributes,
            };
            create_dataset(core, place.as_ref().map(|(parent, name)| (parent.address, *name)), &new)
        })?;
        let path = place.as_ref().map_or(String::new(), |(parent, name)| engine::join(&parent.path, name));
        let dataset = Dataset::new(handle.other(address, path));
        write(&dataset)?;
        Ok(dataset)
    }
}

/// The options are the same in all stages.
macro_rules! options {
    ($(($($generic:tt)*) $builder:ty, $($field:ident).+;)*) => {
        $(impl<$($generic)*> $builder {
            /// Stores the data in chunks of this shape.
            #[must_use]
            pub fn chunk(mut self, shape: impl Into<Extents>) -> Self {
                let axes = match shape.into() {
                    Extents::Simple(axes) => axes.iter().map(|axis| axis.dim as u64).collect(),
                    _ => Vec::new(),
                };
                self.$($field).+.chunk = ChunkRequest::Shape(axes);
                self
            }

            /// Adds a filter by its number, with the client data that it takes.
            #[must_use]
            pub fn add_filter(mut self, id: u16, values: &[u32]) -> Self {
                self.$($field).+.filters.push(FilterRequest::new(id, values));
                self
            }

            /// Orders the bytes of each chunk by their place in the elements, which makes them compress better.
            #[must_use]
            pub fn shuffle(self) -> Self {
                self.add_filter(id::SHUFFLE, &[])
            }

            /// Compresses each chunk with zlib at a level of 0 (fast) to 9 (small).
            #[must_use]
            pub fn deflate(self, level: u8) -> Self {
                self.add_filter(id::DEFLATE, &[u32::from(level)])
            }

            /// Stores a checksum with each chunk, which is checked when it is read.
            #[must_use]
            pub fn fletcher32(self) -> Self {
                self.add_filter(id::FLETCHER32, &[])
            }

            /// Sets what elements have that are never written; zero unless it is set.
            ///
            /// libhdf5 reads chunks that are not there with a fill value of variable length only in files that it may
            /// write to.
            #[must_use]
            pub fn fill_value<F: H5Type>(mut self, value: F) -> Self {
                let encode = move |core: &mut Core, datatype: &Stored| {
                    let values = [value.clone()];
                    Ok(Target { core, datatype, gathered: None }.encode(&values)?.into_owned())
                };
                self.$($field).+.fill = Some(Fill(std::sync::Arc::new(encode)));
                self
            }

            /// Sets when space for the data is allocated; `None` is chunk by chunk, or with the first write where
            /// there are no chunks.
            ///
            /// Chunks of a fixed shape that are allocated early and not filtered need no index, where the format's
            /// bounds are `V110` or later.
            #[must_use]
            pub fn alloc_time(mut self, time: impl Into<Option<AllocationTime>>) -> Self {
                self.$($field).+.allocation_time = time.into();
                self
            }

            /// Sets when the fill value is written. Elements of variable length are always filled: there,
            /// [`FillTime::IfSet`] is [`FillTime::Allocation`], and [`FillTime::Never`] an error.
            #[must_use]
            pub fn fill_time(mut self, time: FillTime) -> Self {
                self.$($field).+.fill_time = time;
                self
            }

            /// Sets what is done differently with chunks.
            #[must_use]
            pub fn chunk_opts(mut self, opts: ChunkOpts) -> Self {
                self.$($field).+.chunk_opts = opts;
                self
            }

            /// Sets whether the dataset keeps the order in which its attributes are created, and finds them by it, as
            /// h5py's option of this name does. The default is that it does not.
            #[must_use]
            pub fn track_order(self, track: bool) -> Self {
                self.attr_creation_order(if track { CreationOrder::Indexed } else { CreationOrder::Untracked })
            }

            /// Sets whether the dataset keeps the order in which its attributes are created.
            #[must_use]
            pub fn attr_creation_order(mut self, order: CreationOrder) -> Self {
                self.$($field).+.attributes.order = order;
                self
            }

            /// Sets how many attributes the dataset has at most in its header, and at least in a heap: 8 and 6 unless
            /// set.
            #[must_use]
            pub fn attr_phase_change(mut self, max_compact: u16, min_dense: u16) -> Self {
                self.$($field).+.attributes.thresholds = Some((max_compact, min_dense));
                self
            }

            /// Stores the data in the dataset's header; it may have up to 65,000 bytes.
            #[must_use]
            pub fn compact(mut self) -> Self {
                self.$($field).+.compact = true;
                self
            }
        })*
    };
}

options! {
    () DatasetBuilder, options;
    () DatasetBuilderEmpty, builder.options;
    (T, D: Dimension) DatasetBuilderData<'_, T, D>, builder.options;
}

impl DatasetBuilderEmpty {
    /// Sets the shape. `(10.., 5)` is a first axis of 10 that can grow without limit.
    #[must_use]
    pub fn shape(mut self, extents: impl Into<Extents>) -> Self {
        self.extents = extents.into();
        self
    }

    /// Creates the dataset under a name, which may be a path whose groups exist; `None` leaves it without a link.
    pub fn create<'n>(&self, name: impl Into<Option<&'n str>>) -> Result<Dataset> {
        self.builder.create(name.into(), &self.datatype, &self.extents, |_| Ok(()))
    }
}

impl<T: H5Type, D: Dimension> DatasetBuilderData<'_, T, D> {
    /// Creates the dataset under a name and writes the data; `None` leaves it without a link.
    pub fn create<'n>(&self, name: impl Into<Option<&'n str>>) -> Result<Dataset> {
        let extents = Extents::from(self.data.shape());
        self.builder.create(name.into(), &NewType::described(T::type_descriptor()), &extents, |dataset| {
            dataset.write(self.data.view())
        })
    }
}
