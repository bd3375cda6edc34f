//! Numbers seen as bytes and bytes seen as numbers. All `unsafe` of casting is in this file.

use std::alloc::{Layout, alloc_zeroed};

use super::{Error, Result};

/// A type that is nothing but its bytes: every pattern of them is a value, and none of them is padding.
///
/// # Safety
///
/// An implementor must have no padding and no invalid bit pattern.
#[expect(unsafe_code, reason = "what the casts below rely on cannot be checked by the compiler")]
pub unsafe trait Plain: Copy + Send + Sync + 'static {}

macro_rules! plain {
    ($($number:ty)*) => {
        $(
            // SAFETY: primitive numbers have no padding, and every bit pattern is one of their values.
            #[expect(unsafe_code, reason = "see the trait")]
            unsafe impl Plain for $number {}
        )*
    };
}

plain!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64);

/// The bytes of numbers.
#[expect(unsafe_code, reason = "a cast of slices")]
pub(crate) fn as_bytes<T: Plain>(values: &[T]) -> &[u8] {
    // SAFETY: the bytes are those of the slice, initialised since `Plain` has no padding, and u8 has no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// The bytes of numbers, to be written.
#[expect(unsafe_code, reason = "a cast of slices")]
pub(crate) fn as_bytes_mut<T: Plain>(values: &mut [T]) -> &mut [u8] {
    // SAFETY: as above, and whatever bytes are written, `Plain` makes values of them.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) }
}

/// The numbers that bytes are, if they are as many as fit and begin where such a number may.
#[expect(unsafe_code, reason = "a cast of slices")]
pub(crate) fn from_bytes<T: Plain>(bytes: &[u8]) -> Option<&[T]> {
    let aligned = bytes.as_ptr().cast::<T>().is_aligned();
    if !aligned || size_of::<T>() == 0 || !bytes.len().is_multiple_of(size_of::<T>()) {
        return None;
    }
    // SAFETY: alignment and length were checked, and every bit pattern is a value of a `Plain` type.
    Some(unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) })
}

/// Allocates `len` zeros without touching them, so that the pages of a large array are first touched by its data.
#[expect(unsafe_code, reason = "the standard library has no allocation of zeros that can fail")]
pub(crate) fn zeroed<T: Plain>(len: usize) -> Result<Vec<T>> {
    let none = || Error::limit("memory for values", len as u64, 0);
    let layout = Layout::array::<T>(len).map_err(|_| none())?;
    if layout.size() == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout has a size that is not zero.
    let start = unsafe { alloc_zeroed(layout) }.cast::<T>();
    if start.is_null() {
        return Err(none());
    }
    // SAFETY: the memory comes from the global allocator with the layout of `len` values of T, and zeros are values.
    Ok(unsafe { Vec::from_raw_parts(start, len, len) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_go_both_ways_or_not_at_all() {
        let mut values = [1u32, 2, 3];
        let bytes = as_bytes(&values);
        assert_eq!(from_bytes::<u32>(bytes), Some(&[1, 2, 3][..]));
        assert_eq!(from_bytes::<u32>(&bytes[1..5]), None, "not aligned");
        assert_eq!(from_bytes::<u32>(&bytes[..6]), None, "half a number");
        as_bytes_mut(&mut values)[..4].fill(0xff);
        assert_eq!(values, [u32::MAX, 2, 3]);
    }

    #[test]
    fn memory_that_there_is_not_is_an_error() {
        assert_eq!(zeroed::<u16>(3).unwrap(), [0, 0, 0]);
        assert!(zeroed::<u64>(0).unwrap().is_empty());
        assert!(zeroed::<u64>(usize::MAX / 4).is_err());
    }
}
