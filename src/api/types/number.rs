//! Numbers and booleans.

use std::borrow::Cow;

use super::{FloatSize, H5Type, IntSize, Source, Target, TypeDescriptor};
use crate::base::{Result, to_usize};
use crate::format::datatype::{Class, Datatype, Order};

macro_rules! number {
    ($($number:ty => $descriptor:expr, $datatype:expr;)*) => {
        $(impl H5Type for $number {
            fn type_descriptor() -> TypeDescriptor {
                $descriptor
            }

            fn load(source: &Source<'_>) -> Result<Vec<Self>> {
                source.plain(&$datatype)
            }

            fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>> {
                target.plain(values, &$datatype)
            }

            fn load_into(source: &Source<'_>, values: &mut [Self]) -> Result<()> {
                source.plain_into(&$datatype, values)
            }
        })*
    };
}

number! {
    i8 => TypeDescriptor::Integer(IntSize::U1), Datatype::integer(1, true, Order::NATIVE);
    i16 => TypeDescriptor::Integer(IntSize::U2), Datatype::integer(2, true, Order::NATIVE);
    i32 => TypeDescriptor::Integer(IntSize::U4), Datatype::integer(4, true, Order::NATIVE);
    i64 => TypeDescriptor::Integer(IntSize::U8), Datatype::integer(8, true, Order::NATIVE);
    u8 => TypeDescriptor::Unsigned(IntSize::U1), Datatype::integer(1, false, Order::NATIVE);
    u16 => TypeDescriptor::Unsigned(IntSize::U2), Datatype::integer(2, false, Order::NATIVE);
    u32 => TypeDescriptor::Unsigned(IntSize::U4), Datatype::integer(4, false, Order::NATIVE);
    u64 => TypeDescriptor::Unsigned(IntSize::U8), Datatype::integer(8, false, Order::NATIVE);
    f32 => TypeDescriptor::Float(FloatSize::U4), Datatype::float(4, Order::NATIVE);
    f64 => TypeDescriptor::Float(FloatSize::U8), Datatype::float(8, Order::NATIVE);
}

/// A boolean is what h5py makes of it: an enumeration of FALSE and TRUE over one byte. Read are all enumerations in which
/// these are the names of zero and another value, in whatever case, and bit fields, of which any bit makes it true.
impl H5Type for bool {
    fn type_descriptor() -> TypeDescriptor {
        TypeDescriptor::Boolean
    }

    fn load(source: &Source<'_>) -> Result<Vec<Self>> {
        let is_boolean = match &source.datatype().class {
            Class::Enumeration { members, .. } => are_boolean(members),
            Class::BitField(_) => true,
            _ => false,
        };
        if !is_boolean {
            return Err(source.no_conversion("bool"));
        }
        let size = to_usize(u64::from(source.datatype().size))?.max(1);
        Ok(source.raw()?.chunks_exact(size).map(|element| element.iter().any(|&byte| byte != 0)).collect())
    }

    fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>> {
        if !target.datatype().is_boolean() {
            return Err(target.no_conversion("bool"));
        }
        Ok(Cow::Owned(values.iter().map(|&value| u8::from(value)).collect()))
    }
}

/// Whether an enumeration names zero and another value FALSE and TRUE, in whatever case.
fn are_boolean(members: &[(Vec<u8>, Vec<u8>)]) -> bool {
    let is_zero = |value: &[u8]| value.iter().all(|&byte| byte == 0);
    let [(first, a), (second, b)] = members else { return false };
    let (no, yes) = match (is_zero(a), is_zero(b)) {
        (true, false) => (first, second),
        (false, true) => (second, first),
        _ => return false,
    };
    no.eq_ignore_ascii_case(b"FALSE") && yes.eq_ignore_ascii_case(b"TRUE")
}
