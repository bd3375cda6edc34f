//! Reading and writing of what holds elements: datasets and attributes alike.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use ndarray::{Array, ArrayD, ArrayView, Dimension, Ix0, Ix1, Ix2, IxDyn};

use super::elements::{Place, Source, Target};
use super::handle::Handle;
use super::types::{Datatype, H5Type};
use super::{Location, Selection, StoredElements};
use crate::base::{Error, Misuse, Result, element_count, to_usize};
use crate::data::{self, DatasetInfo, Gathered, Pattern, Reading, Written};
use crate::engine::{self, AttributeValue, Core, Header};
use crate::format;
use crate::format::datatype::Datatype as Stored;
use crate::format::global_heap::{GlobalHeapId, VariableLength};
use crate::format::message::dataspace::Extent;

/// A dataset or an attribute: elements of one type in a shape.
#[derive(Clone, Debug)]
pub struct Container {
    location: Location,
    /// The name of the attribute; a dataset has none.
    attribute: Option<Vec<u8>>,
}

/// What holds the elements, decoded.
enum Content {
    Dataset(Box<DatasetInfo>),
    Attribute(AttributeValue),
}

/// What is written, in the form of the file.
enum Elements<'v> {
    Each(Cow<'v, [u8]>),
    Same(Pattern),
}

impl Elements<'_> {
    fn written(&self) -> Written<'_> {
        match self {
            Elements::Each(bytes) => Written::Each(bytes),
            Elements::Same(element) => Written::Same(element),
        }
    }
}

impl Content {
    fn extent(&self) -> &Extent {
        match self {
            Content::Dataset(info) => &info.extent,
            Content::Attribute(attribute) => &attribute.extent,
        }
    }

    fn datatype(&self) -> &Stored {
        match self {
            Content::Dataset(info) => &info.datatype,
            Content::Attribute(attribute) => &attribute.datatype,
        }
    }

    /// A null dataspace has no elements, and no shape to select from.
    fn shape(&self) -> Result<&[u64]> {
        self.extent().shape().ok_or_else(|| Error::shape("a null dataspace has no elements"))
    }
}

impl Container {
    pub(super) fn dataset(handle: Handle) -> Self {
        Container { location: Location { handle }, attribute: None }
    }

    pub(super) fn attribute(handle: Handle, name: &[u8]) -> Self {
        Container { location: Location { handle }, attribute: Some(name.to_vec()) }
    }

    pub(super) fn attribute_name(&self) -> &[u8] {
        self.attribute.as_deref().unwrap_or_default()
    }

    fn content(&self, core: &Core, header: &Header) -> Result<Content> {
        let Some(name) = &self.attribute else {
            return DatasetInfo::load(core, header).map(|info| Content::Dataset(Box::new(info)));
        };
        match engine::attribute(core, header, name)? {
            Some(attribute) => Ok(Content::Attribute(attribute)),
            None => {
                let path = format!("{}@{}", self.handle.path, String::from_utf8_lossy(name));
                Err(Misuse::NotFound { path }.into())
            }
        }
    }

    /// The same with the shape that a virtual dataset has by its sources.
    fn current_content(&self, core: &Core, header: &Header) -> Result<Content> {
        match self.content(core, header)? {
            Content::Dataset(info) => {
                data::with_current_shape(core, *info).map(|info| Content::Dataset(Box::new(info)))
            }
            attribute => Ok(attribute),
        }
    }

    fn inspect_current<T>(&self, f: impl FnOnce(&Content) -> Result<T>) -> Result<T> {
        self.handle.with(|core, header| self.current_content(core, header).and_then(|content| f(&content)))
    }

    fn inspect<T>(&self, f: impl FnOnce(&Content) -> Result<T>) -> Result<T> {
        self.handle.with(|core, header| self.content(core, header).and_then(|content| f(&content)))
    }

    /// Returns the shape. Scalars and null dataspaces have no axes.
    ///
    /// Opening a dataset by its name decodes all that this and the other methods without a `Result` tell. Where the
    /// file can no longer be read they tell of nothing: no axes, no elements. [`Container::try_shape`] then says why.
    pub fn shape(&self) -> Vec<usize> {
        self.try_shape().unwrap_or_default()
    }

    /// Returns the shape, or why it cannot be told: a virtual dataset whose mappings have no end is as large as its
    /// sources make it.
    pub fn try_shape(&self) -> Result<Vec<usize>> {
        self.inspect_current(|content| to_shape(content.extent().shape().unwrap_or_default()))
    }

    /// Returns how far each axis may grow; `None` is "unlimited".
    pub fn max_shape(&self) -> Vec<Option<u64>> {
        self.inspect(|content| Ok(content.extent().maximum())).unwrap_or_default()
    }

    /// Returns the number of axes.
    pub fn ndim(&self) -> usize {
        self.max_shape().len()
    }

    /// Returns the number of elements.
    pub fn size(&self) -> usize {
        let size = |content: &Content| to_usize(content.extent().shape().map_or(Ok(0), element_count)?);
        self.inspect_current(size).unwrap_or_default()
    }

    /// Tells whether there is exactly one element without axes.
    pub fn is_scalar(&self) -> bool {
        self.inspect(|content| Ok(*content.extent() == Extent::Scalar)).unwrap_or_default()
    }

    /// Tells whether the dataspace is null: a type, and no element.
    pub fn is_null(&self) -> bool {
        self.inspect(|content| Ok(*content.extent() == Extent::Null)).unwrap_or_default()
    }

    /// Returns the type of the elements, or what is wrong with the dataset or attribute.
    pub fn dtype(&self) -> Result<Datatype> {
        self.inspect(|content| Ok(Datatype { stored: content.datatype().clone() }))
    }

    /// Returns the address of the committed datatype that the type of the elements is; none for other types.
    pub fn committed_type(&self) -> Result<Option<u64>> {
        self.handle.with(|core, header| match self.content(core, header)? {
            Content::Dataset(_) => {
                let committed = header.committed::<Stored>(core)?;
                Ok(committed.map(|address| address.0))
            }
            Content::Attribute(attribute) => Ok(attribute.committed.map(|address| address.0)),
        })
    }

    /// Reads everything, or what is selected, in the order of a C array; also tells the shape.
    fn load<T: H5Type>(&self, selection: &Selection) -> Result<(Vec<T>, Vec<usize>)> {
        self.with_source(selection, |source, shape| Ok((T::load(source)?, shape)))
    }

    fn with_source<R>(
        &self,
        selection: &Selection,
        f: impl FnOnce(&Source<'_>, Vec<usize>) -> Result<R>,
    ) -> Result<R> {
        self.handle.with(|core, header| {
            let content = self.current_content(core, header)?;
            let (selected, shape) = selection.resolve(content.shape()?)?;
            let place = match &content {
                Content::Dataset(info) => {
                    let reading = Reading::new(core, &self.handle.shared.chunks, info);
                    Place::Dataset { reading, selected: &selected }
                }
                Content::Attribute(attribute) if *selection == Selection::All => {
                    Place::Bytes(&attribute.data)
                }
                Content::Attribute(_) => return Err(Error::misuse("attributes are read as a whole")),
            };
            let gathered = match &content {
                Content::Dataset(info) if data::gathers(info) => Some(Arc::default()),
                _ => None,
            };
            let (datatype, count) = (content.datatype(), selected.element_count()?);
            let source = Source { core, datatype, count, place, gathered };
            f(&source, to_shape(&shape)?)
        })
    }

    /// Reads what is selected as it is stored: elements of [`Container::dtype`] in the order of a C array.
    pub fn read_bytes<S: Into<Selection>>(&self, selection: S) -> Result<StoredElements> {
        self.with_source(&selection.into(), |source, _| {
            Ok(StoredElements::new(&self.handle, source.raw()?, source.gathered.clone()))
        })
    }

    /// Reads everything into a vector, in the order of a C array.
    pub fn read_raw<T: H5Type>(&self) -> Result<Vec<T>> {
        Ok(self.load(&Selection::All)?.0)
    }

    /// Reads everything into an array of `D` axes.
    pub fn read<T: H5Type, D: Dimension>(&self) -> Result<Array<T, D>> {
        self.read_slice(Selection::All)
    }

    /// Reads everything into an array of one axis.
    pub fn read_1d<T: H5Type>(&self) -> Result<Array<T, Ix1>> {
        self.read()
    }

    /// Reads everything into an array of two axes.
    pub fn read_2d<T: H5Type>(&self) -> Result<Array<T, Ix2>> {
        self.read()
    }

    /// Reads everything into an array of as many axes as there are.
    pub fn read_dyn<T: H5Type>(&self) -> Result<ArrayD<T>> {
        self.read::<T, IxDyn>()
    }

    /// Reads the only element of a scalar, or of an array that has just one.
    pub fn read_scalar<T: H5Type>(&self) -> Result<T> {
        let (mut values, shape) = self.load::<T>(&Selection::All)?;
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => Err(Error::shape(format!("an array of shape {shape:?} was read as a scalar"))
                .of(&self.handle.path)),
        }
    }

    /// Reads what is selected into an array of `D` axes; axes selected by an index are not among them.
    ///
    /// Nothing but the selected part (of chunked data: the chunks that hold it) is read from the file.
    pub fn read_slice<T: H5Type, S: Into<Selection>, D: Dimension>(
        &self,
        selection: S,
    ) -> Result<Array<T, D>> {
        let (values, shape) = self.load(&selection.into())?;
        let dynamic = ArrayD::from_shape_vec(IxDyn(&shape), values);
        let array = dynamic.and_then(|array| array.into_dimensionality::<D>());
        array.map_err(|_| {
            let axes = D::NDIM.map_or("any".to_owned(), |n| n.to_string());
            Error::shape(format!("an array of shape {shape:?} was read as one of {axes} axes"))
                .of(&self.handle.path)
        })
    }

    /// Reads what is selected into an array of one axis.
    pub fn read_slice_1d<T: H5Type, S: Into<Selection>>(&self, selection: S) -> Result<Array<T, Ix1>> {
        self.read_slice(selection)
    }

    /// Reads what is selected into an array of two axes.
    pub fn read_slice_2d<T: H5Type, S: Into<Selection>>(&self, selection: S) -> Result<Array<T, Ix2>> {
        self.read_slice(selection)
    }

    /// Reads what is selected into `values`, which has to have as many elements.
    pub fn read_into<T: H5Type, S: Into<Selection>>(&self, selection: S, values: &mut [T]) -> Result<()> {
        self.with_source(&selection.into(), |source, shape| {
            if source.count != values.len() as u64 {
                let have = values.len();
                return Err(Error::shape(format!("{have} elements for a selection of shape {shape:?}")));
            }
            T::load_into(source, values)
        })
    }

    /// Writes an array over everything; its shape has to be that of the dataset.
    pub fn write<'a, A, T, D>(&self, array: A) -> Result<()>
    where
        A: Into<ArrayView<'a, T, D>>,
        T: H5Type,
        D: Dimension,
    {
        self.write_slice(array, Selection::All)
    }

    /// Writes elements in the order of a C array over everything.
    pub fn write_raw<'a, A, T>(&self, values: A) -> Result<()>
    where
        A: Into<ArrayView<'a, T, Ix1>>,
        T: H5Type,
    {
        let view: ArrayView<'a, T, Ix1> = values.into();
        let standard = view.as_standard_layout();
        self.store(standard.as_slice().unwrap_or_default(), None, &Selection::All)
    }

    /// Writes the only element of a scalar, or of an array that has just one.
    pub fn write_scalar<T: H5Type>(&self, value: &T) -> Result<()> {
        self.store(std::slice::from_ref(value), None, &Selection::All)
    }

    /// Writes an array over what is selected; its shape has to be that of the selection.
    pub fn write_slice<'a, A, S, T, D>(&self, array: A, selection: S) -> Result<()>
    where
        A: Into<ArrayView<'a, T, D>>,
        S: Into<Selection>,
        T: H5Type,
        D: Dimension,
    {
        let view: ArrayView<'a, T, D> = array.into();
        let shape: Vec<usize> = view.shape().to_vec();
        let standard = view.as_standard_layout();
        let values = standard.as_slice().ok_or_else(|| Error::misuse("the array has no order in memory"))?;
        self.store(values, Some(&shape), &selection.into())
    }

    /// Writes elements in their stored form over what is selected, in the order of a C array: the counterpart of
    /// [`Container::read_bytes`].
    ///
    /// What elements of variable length and references name has to be in this file already: see
    /// [`Container::store_sequence`]. What was stored for such an element, and is named by none yet, becomes its own; of
    /// anything else it gets a copy, for what an element names goes when it is overwritten.
    pub fn write_bytes<S: Into<Selection>>(&self, bytes: &[u8], selection: S) -> Result<()> {
        self.write_with(&selection.into(), |target, expected| {
            let size = to_usize(u64::from(target.datatype.size))?;
            let needed = expected.iter().product::<usize>().checked_mul(size);
            if needed != Some(bytes.len()) {
                let have = bytes.len();
                return Err(Error::shape(format!(
                    "{have} bytes for elements of {size} in a selection of {expected:?}"
                )));
            }
            match target.gathered {
                Some(_) => Ok(Cow::Borrowed(bytes)),
                None => data::own(target.core, target.datatype, bytes),
            }
        })
    }

    /// Puts the stored bytes of `count` elements into the file; returns the element of variable length that stands for
    /// them, to be written by [`Container::write_bytes`]. What no element names stays unused.
    pub fn store_sequence(&self, count: u32, bytes: &[u8]) -> Result<Vec<u8>> {
        self.handle.with_mut(|core| {
            if (count == 0) != bytes.is_empty() {
                let len = bytes.len();
                return Err(Error::misuse(format!("{len} bytes for a sequence of {count} elements")));
            }
            let id = if count == 0 { GlobalHeapId::NULL } else { core.insert_unclaimed(bytes)? };
            format::encode(&VariableLength { count, id }, &core.sizes())
        })
    }

    fn store<T: H5Type>(&self, values: &[T], shape: Option<&[usize]>, selection: &Selection) -> Result<()> {
        self.write_with(selection, |target, expected| {
            let is_as_large = expected.iter().product::<usize>() == values.len();
            if shape.is_some_and(|shape| shape != expected) || !is_as_large {
                let have = shape.map_or(vec![values.len()], <[usize]>::to_vec);
                return Err(Error::shape(format!(
                    "an array of shape {have:?} for a selection of {expected:?}"
                )));
            }
            target.encode(values)
        })
    }

    /// Writes what `elements` makes, which gets the type in the file and the shape of the selection.
    fn write_with<'v>(
        &self,
        selection: &Selection,
        elements: impl FnOnce(&mut Target<'_>, &[usize]) -> Result<Cow<'v, [u8]>>,
    ) -> Result<()> {
        self.write_selected(selection, |target, shape| {
            elements(target, &to_shape(shape)?).map(Elements::Each)
        })
    }

    fn write_selected<'v>(
        &self,
        selection: &Selection,
        elements: impl FnOnce(&mut Target<'_>, &[u64]) -> Result<Elements<'v>>,
    ) -> Result<()> {
        self.handle.with_data_mut(|core| {
            let header = Header::load(core, self.handle.address)?;
            let content = self.current_content(core, &header)?;
            let (selected, shape) = selection.resolve(content.shape()?)?;
            // What such elements name is on its way to the files of their sources, and never in this one.
            let gathered = match &content {
                Content::Dataset(info) if data::gathers(info) => Some(Gathered::default()),
                _ => None,
            };
            let mut target = Target { core, datatype: content.datatype(), gathered: gathered.as_ref() };
            let elements = elements(&mut target, &shape)?;
            // Those that come with their stored bytes name what the file has.
            let gathered = gathered.as_ref().filter(|gathered| !gathered.is_empty());
            let Some(name) = &self.attribute else {
                let (chunks, address) = (&self.handle.shared.chunks, self.handle.address);
                return data::write(core, chunks, address, &selected, &elements.written(), gathered);
            };
            if *selection != Selection::All {
                return Err(Error::misuse("attributes are written as a whole"));
            }
            let bytes = match elements {
                Elements::Each(bytes) => bytes.into_owned(),
                Elements::Same(element) => element.element().repeat(to_usize(selected.element_count()?)?),
            };
            engine::write_attribute(core, self.handle.address, name, bytes)
        })
    }

    /// Writes one value over everything that is selected, whatever its shape.
    ///
    /// Memory does not grow with what is selected, except where elements have variable length: each then gets a copy of
    /// its own in the file.
    ///
    /// ```
    /// use ndarray::{array, s};
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-fill");
    /// # std::fs::create_dir_all(&dir)?;
    /// let file = h5::File::create(dir.join("fill.h5"))?;
    /// let dataset = file.new_dataset::<i32>().shape((2, 3)).create("a")?;
    /// dataset.fill_slice(&3, ..)?;
    /// dataset.fill_slice(&7, s![.., 0])?;
    /// dataset.fill_slice(&9, array![[1, 1], [0, 2]])?;
    /// assert_eq!(dataset.read_2d::<i32>()?, array![[7, 3, 9], [7, 9, 3]]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fill_slice<T: H5Type, S: Into<Selection>>(&self, value: &T, selection: S) -> Result<()> {
        let value = std::slice::from_ref(value);
        self.write_selected(&selection.into(), |target, shape| {
            if !data::names_objects(target.datatype) {
                let element = target.encode(value)?.into_owned();
                return Ok(Elements::Same(Pattern::new(element)));
            }
            let count = element_count(shape)?;
            target.core.budget.values(count, to_usize(u64::from(target.datatype.size))?)?;
            let mut all = Vec::new();
            for _ in 0..count {
                all.extend_from_slice(&target.encode(value)?);
            }
            Ok(Elements::Each(Cow::Owned(all)))
        })
    }

    /// Reads the only element as a zero-dimensional array.
    pub fn read_0d<T: H5Type>(&self) -> Result<Array<T, Ix0>> {
        self.read()
    }
}

fn to_shape(shape: &[u64]) -> Result<Vec<usize>> {
    shape.iter().map(|&size| to_usize(size)).collect()
}

impl Deref for Container {
    type Target = Location;

    fn deref(&self) -> &Location {
        &self.location
    }
}
