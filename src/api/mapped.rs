//! Datasets as arrays over the file's own pages.

use std::marker::PhantomData;

use ndarray::{ArrayViewD, IxDyn};

use crate::base::{Error, Plain, Result, from_bytes};
use crate::storage::Map;

/// The elements of a contiguous dataset, mapped into memory.
#[derive(Debug)]
pub struct MappedArray<T> {
    map: Map,
    shape: Vec<usize>,
    element: PhantomData<T>,
}

impl<T: Plain> MappedArray<T> {
    pub(super) fn new(map: Map, shape: Vec<usize>) -> Result<Self> {
        let array = MappedArray { map, shape, element: PhantomData };
        match from_bytes::<T>(&array.map) {
            Some(elements) if elements.len() == array.shape.iter().product::<usize>() => Ok(array),
            _ => Err(Error::unsupported(format!(
                "a mapped array: the data is not aligned to {} bytes in the file; it can be read",
                align_of::<T>()
            ))),
        }
    }

    /// Returns the elements in the order of a C array.
    pub fn as_slice(&self) -> &[T] {
        // What was checked when the array was made holds as long as the map does.
        from_bytes(&self.map).unwrap_or_default()
    }

    /// Returns the shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Returns the elements as an array.
    pub fn view(&self) -> ArrayViewD<'_, T> {
        match ArrayViewD::from_shape(IxDyn(&self.shape), self.as_slice()) {
            Ok(view) => view,
            // The number of elements was checked too; without any, every shape is empty.
            Err(_) => ndarray::ArrayView1::from(&[][..]).into_dyn(),
        }
    }
}
