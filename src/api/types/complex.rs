//! Complex numbers.

use std::borrow::Cow;

use super::{FloatSize, H5Type, Source, Target, TypeDescriptor};
use crate::base::{Result, byte_count};
use crate::format::datatype::Class;

/// A complex number.
///
/// Read and written in both forms that there are: the one of libhdf5 2.0, and a compound of `r` and `i` as h5py and most
/// others have it. New datasets and attributes have the latter, which all releases read.
///
/// ```
/// use h5::types::Complex;
/// # fn main() -> h5::Result<()> {
/// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
/// let data = [Complex { re: 0.5, im: -1.0 }, Complex { re: 2.0, im: 0.0 }];
/// let dataset = file.new_dataset_builder().with_data(&data).create("waves")?;
/// assert_eq!(dataset.read_raw::<Complex<f64>>()?, data);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex<T> {
    /// The real part.
    pub re: T,
    /// The imaginary part.
    pub im: T,
}

macro_rules! complex {
    ($($part:ty => $size:expr;)*) => {
        $(impl H5Type for Complex<$part> {
            fn type_descriptor() -> TypeDescriptor {
                TypeDescriptor::Complex($size)
            }

            fn load(source: &Source<'_>) -> Result<Vec<Self>> {
                load::<$part>(source)
            }

            fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>> {
                store::<$part>(values, target).map(Cow::Owned)
            }
        })*
    };
}

complex! {
    f32 => FloatSize::U4;
    f64 => FloatSize::U8;
}

fn load<T: H5Type>(source: &Source<'_>) -> Result<Vec<Complex<T>>> {
    let Class::Complex(part) = &source.datatype().class else {
        let rows = source.rows()?;
        let parts = source.member::<T>(&rows, "r")?.into_iter().zip(source.member::<T>(&rows, "i")?);
        return Ok(parts.map(|(re, im)| Complex { re, im }).collect());
    };
    let count = byte_count(source.count, 2)?;
    let mut parts = T::load(&source.of_parts(part, count, &source.raw()?)?)?.into_iter();
    let mut values = Vec::with_capacity(parts.len() / 2);
    while let (Some(re), Some(im)) = (parts.next(), parts.next()) {
        values.push(Complex { re, im });
    }
    Ok(values)
}

fn store<T: H5Type>(values: &[Complex<T>], target: &mut Target<'_>) -> Result<Vec<u8>> {
    if let Class::Complex(part) = &target.datatype().class {
        let (part, parts) =
            (part.clone(), values.iter().flat_map(|value| [value.re.clone(), value.im.clone()]));
        return Ok(target.for_parts(&part).encode(&parts.collect::<Vec<T>>())?.into_owned());
    }
    let mut rows = target.rows(values.len(), &["r", "i"])?;
    let (re, im): (Vec<T>, Vec<T>) = values.iter().map(|value| (value.re.clone(), value.im.clone())).unzip();
    target.member(&mut rows, "r", &re)?;
    target.member(&mut rows, "i", &im)?;
    Ok(rows.into_bytes())
}
