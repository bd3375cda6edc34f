//! Attributes: small named values of an object.

use std::ops::Deref;

use ndarray::{ArrayView, Dimension};

use super::Extents;
use super::container::Container;
use super::elements::Target;
use super::handle::Handle;
use super::types::{FileType, H5Type, NewType};
use crate::base::{Result, byte_count, element_count, to_usize};
use crate::engine;

/// A named value of a group, a dataset or a committed datatype.
///
/// ```
/// use h5::types::VarLenUnicode;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = std::env::temp_dir().join("h5-doc-attribute");
/// # std::fs::create_dir_all(&dir)?;
/// # let path = dir.join("attribute.h5");
/// let file = h5::File::create(&path)?;
/// let date: VarLenUnicode = "2018-01-01".parse()?;
/// file.new_attr::<VarLenUnicode>().create("date")?.write_scalar(&date)?;
/// file.new_attr_builder().with_data(&[1, 2, 3]).create("runs")?;
/// assert_eq!(file.attr("date")?.read_scalar::<VarLenUnicode>()?, date);
/// assert_eq!(file.attr("runs")?.read_raw::<i32>()?, [1, 2, 3]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Attribute {
    container: Container,
}

impl Attribute {
    pub(super) fn new(handle: Handle, name: &[u8]) -> Self {
        Attribute { container: Container::attribute(handle, name) }
    }

    /// Returns the attribute's name; bytes that are not UTF-8 are replaced in it.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(self.raw_name()).into_owned()
    }

    /// Returns the attribute's name as it is stored.
    pub fn raw_name(&self) -> &[u8] {
        self.container.attribute_name()
    }
}

impl Deref for Attribute {
    type Target = Container;

    fn deref(&self) -> &Container {
        &self.container
    }
}

/// Begins an attribute: of a type, or with data.
#[derive(Clone, Debug)]
pub struct AttributeBuilder {
    object: Handle,
}

/// An attribute that is going to be created with zeros.
#[derive(Clone, Debug)]
pub struct AttributeBuilderEmpty {
    object: Handle,
    datatype: NewType,
    extents: Extents,
}

/// An attribute that is going to be created with data.
#[derive(Clone, Debug)]
pub struct AttributeBuilderData<'d, T, D: Dimension> {
    object: Handle,
    data: ArrayView<'d, T, D>,
}

impl AttributeBuilder {
    pub(super) fn new(object: Handle) -> Self {
        AttributeBuilder { object }
    }

    /// Sets the type; the shape is a scalar unless another one is set.
    pub fn empty<T: H5Type>(self) -> AttributeBuilderEmpty {
        let datatype = NewType::described(T::type_descriptor());
        AttributeBuilderEmpty { object: self.object, datatype, extents: Extents::Scalar }
    }

    /// Sets the type: that of another attribute or dataset, byte order and all, which becomes the attribute's own even
    /// if it is committed, one that was put together, or a [`NamedDatatype`](crate::NamedDatatype), which the attribute
    /// shares. The shape is a scalar unless another one is set.
    ///
    /// ```
    /// # fn main() -> h5::Result<()> {
    /// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
    /// let old = file.new_attr::<u16>().create("old")?;
    /// let new = file.new_attr_builder().empty_like(&old.dtype()?).shape(2).create("new")?;
    /// new.write_raw(&[1_u16, 2])?;
    /// assert_eq!(new.dtype()?, old.dtype()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn empty_like(self, datatype: impl Into<NewType>) -> AttributeBuilderEmpty {
        let datatype = datatype.into();
        AttributeBuilderEmpty { object: self.object, datatype, extents: Extents::Scalar }
    }

    /// Sets type, shape and values.
    pub fn with_data<'d, A, T, D>(self, data: A) -> AttributeBuilderData<'d, T, D>
    where
        A: Into<ArrayView<'d, T, D>>,
        T: H5Type,
        D: Dimension,
    {
        AttributeBuilderData { object: self.object, data: data.into() }
    }
}

impl AttributeBuilderEmpty {
    /// Sets the shape.
    #[must_use]
    pub fn shape(mut self, extents: impl Into<Extents>) -> Self {
        self.extents = extents.into();
        self
    }

    /// Creates the attribute.
    pub fn create(&self, name: &str) -> Result<Attribute> {
        let extent = self.extents.to_stored()?;
        self.object.with_mut(|core| {
            let FileType { datatype, committed } = self.datatype.to_file(core, &self.object.shared)?;
            let count = extent.shape().map_or(Ok(0), element_count)?;
            let bytes = byte_count(count, to_usize(u64::from(datatype.size))?)?;
            core.budget.metadata(bytes)?;
            let (data, object) = (vec![0; to_usize(bytes)?], self.object.address);
            match committed {
                None => engine::create_attribute(core, object, name, &datatype, &extent, data),
                Some(shared) => engine::create_attribute_of(core, object, name, shared, &extent, data),
            }
        })?;
        Ok(Attribute::new(self.object.clone(), name.as_bytes()))
    }
}

impl<T: H5Type, D: Dimension> AttributeBuilderData<'_, T, D> {
    /// Creates the attribute.
    pub fn create(&self, name: &str) -> Result<Attribute> {
        let extent = Extents::from(self.data.shape()).to_stored()?;
        self.object.with_mut(|core| {
            let datatype = T::type_descriptor().to_file(core.sizes())?;
            let standard = self.data.as_standard_layout();
            let values = standard.as_slice().unwrap_or_default();
            let data = Target { core, datatype: &datatype, gathered: None }.encode(values)?.into_owned();
            engine::create_attribute(core, self.object.address, name, &datatype, &extent, data)
        })?;
        Ok(Attribute::new(self.object.clone(), name.as_bytes()))
    }
}
