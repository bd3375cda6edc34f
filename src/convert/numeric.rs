//! Native numbers to native numbers, in loops that the compiler vectorises.

use super::Kernel;
use crate::format::datatype::{Class, Datatype, Order};

/// The number types of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Native {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

impl Native {
    /// The number type that a datatype is, and its byte order, if it uses all of its bits as the machine does.
    pub(super) fn of(datatype: &Datatype) -> Option<(Native, Order)> {
        if let Some(order) = datatype.ieee_order() {
            return match datatype.size {
                4 => Some((Native::F32, order)),
                8 => Some((Native::F64, order)),
                _ => None,
            };
        }
        let Class::FixedPoint(number) = &datatype.class else { return None };
        if number.bits.offset != 0 || u64::from(number.bits.precision) != u64::from(datatype.size) * 8 {
            return None;
        }
        // A single byte has every order.
        let order = if datatype.size == 1 { Order::NATIVE } else { number.bits.order };
        let native = match (datatype.size, number.signed) {
            (1, false) => Native::U8,
            (2, false) => Native::U16,
            (4, false) => Native::U32,
            (8, false) => Native::U64,
            (1, true) => Native::I8,
            (2, true) => Native::I16,
            (4, true) => Native::I32,
            (8, true) => Native::I64,
            _ => return None,
        };
        Some((native, order))
    }
}

/// Reverses the bytes of each element.
pub(super) fn reverse(source: &[u8], target: &mut [u8], size: usize) {
    match size {
        2 => reverse_each::<2>(source, target),
        4 => reverse_each::<4>(source, target),
        8 => reverse_each::<8>(source, target),
        _ => {
            for (source, target) in source.chunks_exact(size.max(1)).zip(target.chunks_exact_mut(size.max(1)))
            {
                target.iter_mut().zip(source.iter().rev()).for_each(|(to, from)| *to = *from);
            }
        }
    }
}

fn reverse_each<const N: usize>(source: &[u8], target: &mut [u8]) {
    let (source, _) = source.as_chunks::<N>();
    let (target, _) = target.as_chunks_mut::<N>();
    for (source, target) in source.iter().zip(target) {
        *target = *source;
        target.reverse();
    }
}

trait Number: Copy {
    const SIZE: usize;
    fn load(bytes: &[u8]) -> Self;
    fn store(self, bytes: &mut [u8]);
}

/// One number as another, by libhdf5's rules.
trait To<T> {
    fn to(self) -> T;
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Number for $number {
            const SIZE: usize = size_of::<$number>();
            #[inline(always)]
            fn load(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$number>()];
                array.copy_from_slice(bytes);
                <$number>::from_ne_bytes(array)
            }
            #[inline(always)]
            fn store(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_ne_bytes());
            }
        })*
    };
}

/// Integers are clamped to the range of their target.
macro_rules! integer_to_integer {
    ($($from:ty)*) => { $(
        integer_to_integer!($from => u8 u16 u32 u64 i8 i16 i32 i64);
    )* };
    ($from:ty => $($to:ty)*) => {
        $(impl To<$to> for $from {
            #[inline(always)]
            #[expect(clippy::allow_attributes, reason = "which cast lints fire depends on the pair of types")]
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap,
                    reason = "the value was clamped to the range of the target")]
            fn to(self) -> $to {
                i128::from(self).clamp(i128::from(<$to>::MIN), i128::from(<$to>::MAX)) as $to
            }
        })*
    };
}

/// Rust's `as` is what libhdf5 does: to the nearest float; to an integer cut off and clamped, NaN to 0.
macro_rules! by_cast {
    ($($from:ty => $($to:ty)*;)*) => {
        $($(impl To<$to> for $from {
            #[inline(always)]
            #[expect(clippy::allow_attributes, reason = "which cast lints fire depends on the pair of types")]
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss,
                    reason = "the cast saturates, as the conversion has to")]
            fn to(self) -> $to {
                self as $to
            }
        })*)*
    };
}

numbers!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64);
integer_to_integer!(u8 u16 u32 u64 i8 i16 i32 i64);
by_cast! {
    u8 => f32 f64;
    u16 => f32 f64;
    u32 => f32 f64;
    u64 => f32 f64;
    i8 => f32 f64;
    i16 => f32 f64;
    i32 => f32 f64;
    i64 => f32 f64;
    f32 => u8 u16 u32 u64 i8 i16 i32 i64 f32 f64;
    f64 => u8 u16 u32 u64 i8 i16 i32 i64 f32 f64;
}

fn convert<S: Number + To<T>, T: Number>(source: &[u8], target: &mut [u8]) {
    for (source, target) in source.chunks_exact(S::SIZE).zip(target.chunks_exact_mut(T::SIZE)) {
        S::load(source).to().store(target);
    }
}

/// The loop from one number type to another.
pub(super) fn kernel(from: Native, to: Native) -> Kernel {
    macro_rules! to {
        ($from:ty) => {
            match to {
                Native::U8 => convert::<$from, u8>,
                Native::U16 => convert::<$from, u16>,
                Native::U32 => convert::<$from, u32>,
                Native::U64 => convert::<$from, u64>,
                Native::I8 => convert::<$from, i8>,
                Native::I16 => convert::<$from, i16>,
                Native::I32 => convert::<$from, i32>,
                Native::I64 => convert::<$from, i64>,
                Native::F32 => convert::<$from, f32>,
                Native::F64 => convert::<$from, f64>,
            }
        };
    }
    match from {
        Native::U8 => to!(u8),
        Native::U16 => to!(u16),
        Native::U32 => to!(u32),
        Native::U64 => to!(u64),
        Native::I8 => to!(i8),
        Native::I16 => to!(i16),
        Native::I32 => to!(i32),
        Native::I64 => to!(i64),
        Native::F32 => to!(f32),
        Native::F64 => to!(f64),
    }
}
