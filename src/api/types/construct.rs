//! Datatypes that a program puts together itself.
//!
//! Elements that name something (sequences and strings of any length, references) take as many bytes as the addresses of
//! their file make it. A type does not know the file that it is going to be used in, and nearly all files have addresses
//! of 8 bytes, so that is what types are made for; where one is used in a file with others, it is fitted to that
//! (`format::datatype::Datatype::fitted`). To have constructors take the file instead would tie every type to one.

use super::{Compound, Datatype, H5Type};
use crate::base::{Budget, Error, Result, Sizes};
use crate::format::datatype::{
    self, Bits, Charset, Class, FixedPoint, FloatingPoint, Order, PLAIN_VERSION, Padding, Reference,
};
use crate::format::global_heap::{GlobalHeapId, VariableLength};
use crate::format::reference::RevisedContext;

/// The files that types are made for.
const SIZES: Sizes = Sizes::EIGHT;
/// Tags are stored as multiples of 8 bytes, in a length of 8 bits.
const LONGEST_TAG: usize = 248;
/// A message of a header has at most 64 KiB.
const LONGEST_VALUE: u32 = 0xffff;

/// Constructors. Each fails with an error of the family [`Misuse`](crate::ErrorKind::Misuse) where the parts make no
/// sense together; sizes are in bytes.
///
/// Elements that name something, sequences and strings of any length and references, take as many bytes as the
/// addresses of the file make it: [`Datatype::size`] is that of files with addresses of 8 bytes, as all are that this
/// library creates. In others the type that a new dataset or attribute has, [`Container::dtype`](crate::Container::dtype),
/// is the one to go by.
///
/// ```
/// use h5::types::{Datatype, stored::{Charset, Order}};
/// # fn main() -> h5::Result<()> {
/// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
/// let color = Datatype::enumeration(&Datatype::integer(1, false, Order::Little)?, [("red", 0), ("blue", 7)])?;
/// let point = Datatype::compound()
///     .field("color", &color)
///     .field("place", &Datatype::array(&Datatype::float(4, Order::Big)?, &[2])?)
///     .build()?;
/// let points = file.new_dataset_of(&point).shape(1).create("points")?;
/// points.write_bytes(&[7, 0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], ..)?; // blue, 1.0, -2.0
/// assert_eq!(points.dtype()?, point);
/// # Ok(())
/// # }
/// ```
impl Datatype {
    /// Makes a type of its size and its class, by all that a file stores of it.
    pub fn new(size: u32, class: Class) -> Result<Datatype> {
        let stored = datatype::Datatype { version: PLAIN_VERSION, size, class };
        stored.check(&Budget::default())?;
        Ok(Datatype { stored })
    }

    /// Makes the type that datasets of elements of type `T` are created with.
    pub fn of<T: H5Type>() -> Result<Datatype> {
        T::type_descriptor().to_datatype()
    }

    /// Makes an integer of any size; signed is two's complement.
    pub fn integer(size: u32, signed: bool, order: Order) -> Result<Datatype> {
        Datatype::fixed_point(size, FixedPoint { bits: whole(size, order)?, signed })
    }

    /// Makes an integer by its fields.
    pub fn fixed_point(size: u32, number: FixedPoint) -> Result<Datatype> {
        Datatype::new(size, Class::FixedPoint(number))
    }

    /// Makes an IEEE 754 number: half, single, double or quadruple precision, of 2, 4, 8 or 16 bytes.
    pub fn float(size: u32, order: Order) -> Result<Datatype> {
        match u8::try_from(size) {
            Ok(size @ (2 | 4 | 8 | 16)) if order != Order::Vax => {
                Ok(Datatype { stored: datatype::Datatype::float(size, order) })
            }
            _ => Err(Error::misuse(format!("an IEEE 754 number of {size} bytes in order {order:?}"))),
        }
    }

    /// Makes the number that has the upper half of a single precision one.
    pub fn bfloat16(order: Order) -> Result<Datatype> {
        Datatype::floating_point(2, FloatingPoint::packed(order, 8, 7))
    }

    /// Makes a floating-point number by its fields; [`FloatingPoint::packed`] has those of the usual ones.
    pub fn floating_point(size: u32, number: FloatingPoint) -> Result<Datatype> {
        Datatype::new(size, Class::FloatingPoint(number))
    }

    /// Makes a bit field of all bits of a word.
    pub fn bit_field(size: u32, order: Order) -> Result<Datatype> {
        Datatype::new(size, Class::BitField(whole(size, order)?))
    }

    /// Lets only some bits of an integer or a bit field count: `precision` of them, from bit `offset` on.
    pub fn with_bits(mut self, offset: u16, precision: u16) -> Result<Datatype> {
        let bits = match &mut self.stored.class {
            Class::FixedPoint(number) => &mut number.bits,
            Class::BitField(bits) => bits,
            _ => return Err(Error::misuse("only the bits of integers and bit fields can be chosen")),
        };
        (bits.offset, bits.precision) = (offset, precision);
        Datatype::new(self.stored.size, self.stored.class)
    }

    /// Makes a time: a number of which the format says no more.
    pub fn time(size: u32, order: Order) -> Result<Datatype> {
        Datatype::new(size, Class::Time { order, precision: whole(size, order)?.precision })
    }

    /// Makes bytes without a meaning, with a description.
    pub fn opaque(size: u32, tag: &str) -> Result<Datatype> {
        if tag.len() > LONGEST_TAG || tag.contains('\0') {
            return Err(Error::misuse(format!(
                "{tag:?} cannot be a tag: at most {LONGEST_TAG} bytes, no NUL"
            )));
        }
        let mut tag = tag.as_bytes().to_vec();
        tag.resize(tag.len().next_multiple_of(8), 0);
        Datatype::new(size, Class::Opaque { tag })
    }

    /// Makes a string in a field of a fixed size.
    pub fn fixed_string(size: u32, padding: Padding, charset: Charset) -> Result<Datatype> {
        Datatype::new(size, Class::String { padding, charset })
    }

    /// Makes a string of any length.
    pub fn variable_string(charset: Charset) -> Datatype {
        let size = u32::try_from(VariableLength::len(SIZES)).unwrap_or(u32::MAX);
        Datatype { stored: datatype::Datatype::variable_string(charset, size) }
    }

    /// Makes a sequence of any length.
    pub fn sequence(element: &Datatype) -> Result<Datatype> {
        naming(VariableLength::len(SIZES), Class::Sequence(Box::new(element.stored.clone())))
    }

    /// Makes an array of a fixed shape of 1 to 32 axes.
    pub fn array(element: &Datatype, shape: &[u32]) -> Result<Datatype> {
        let size = shape.iter().try_fold(element.size(), |size, &dim| size.checked_mul(dim));
        let class = Class::Array { dims: shape.to_vec(), base: Box::new(element.stored.clone()) };
        // The size of one that is too large is wrong in any case.
        Datatype::new(size.unwrap_or(u32::MAX), class)
    }

    /// Begins a compound type.
    pub fn compound() -> Compound {
        Compound::default()
    }

    /// Makes an enumeration: names for values of an integer type, each of both once.
    pub fn enumeration<'n, V: Into<i128>>(
        base: &Datatype,
        members: impl IntoIterator<Item = (&'n str, V)>,
    ) -> Result<Datatype> {
        let Class::FixedPoint(number) = &base.stored.class else {
            return Err(Error::misuse("an enumeration names values of an integer type"));
        };
        if base.size() > LONGEST_VALUE {
            let what = format!("values of {} bytes are over the size of a datatype message", base.size());
            return Err(Error::misuse(what));
        }
        let member = |(name, value): (&str, V)| {
            let value = value.into();
            let bytes = stored_integer(number, base.size(), value);
            let bytes = bytes.ok_or_else(|| {
                Error::misuse(format!("{value}, the value of {name:?}, is no value of the integer type"))
            })?;
            Ok((name.as_bytes().to_vec(), bytes))
        };
        let members = members.into_iter().map(member).collect::<Result<_>>()?;
        let class = Class::Enumeration { base: Box::new(base.stored.clone()), members };
        Datatype::new(base.size(), class)
    }

    /// Makes h5py's boolean: an enumeration of `FALSE` and `TRUE` over a signed byte.
    pub fn boolean() -> Datatype {
        Datatype { stored: datatype::Datatype::boolean() }
    }

    /// Makes a complex number of two parts of a floating-point type. libhdf5 reads it from release 2.0 on; older ones
    /// read [`Datatype::h5py_complex`].
    pub fn complex(part: &Datatype) -> Result<Datatype> {
        let size = part.size().saturating_mul(2);
        Datatype::new(size, Class::Complex(Box::new(part.stored.clone())))
    }

    /// Makes a complex number as h5py stores it: a compound of `r` and `i`.
    pub fn h5py_complex(part: &Datatype) -> Result<Datatype> {
        let stored = datatype::Datatype::complex_pair(&part.stored);
        let stored = stored.ok_or_else(|| Error::misuse("the parts of a complex number are too large"))?;
        // The same parts are right for both forms.
        Datatype::complex(part)?;
        Ok(Datatype { stored })
    }

    /// Makes a reference to an object.
    pub fn object_reference() -> Result<Datatype> {
        naming(SIZES.address(), Class::Reference(Reference::Object))
    }

    /// Makes a reference to some elements of a dataset.
    pub fn region_reference() -> Result<Datatype> {
        naming(GlobalHeapId::len(SIZES), Class::Reference(Reference::Region))
    }

    /// Makes a reference of libhdf5 1.12 and later, which can be about an object, a region or an attribute.
    pub fn standard_reference() -> Result<Datatype> {
        naming(RevisedContext::new(SIZES).size, Class::Reference(Reference::STANDARD))
    }
}

fn naming(size: usize, class: Class) -> Result<Datatype> {
    Datatype::new(u32::try_from(size).unwrap_or(u32::MAX), class)
}

/// All bits of a word of `size` bytes.
fn whole(size: u32, order: Order) -> Result<Bits> {
    let precision = size.checked_mul(8).and_then(|bits| u16::try_from(bits).ok());
    let precision = precision.ok_or_else(|| Error::misuse(format!("a word of {size} bytes")))?;
    Ok(Bits { order, offset: 0, precision, low_padding: false, high_padding: false })
}

/// A value as an integer type stores it; none if the type does not have it.
fn stored_integer(number: &FixedPoint, size: u32, value: i128) -> Option<Vec<u8>> {
    let Bits { order, offset, precision, low_padding, high_padding } = number.bits;
    let above = |bits: u16| value.checked_shr(bits.into()).unwrap_or(if value < 0 { -1 } else { 0 });
    let is_value = match number.signed {
        true => matches!(above(precision.saturating_sub(1)), 0 | -1),
        false => value >= 0 && above(precision) == 0,
    };
    let end = u32::from(offset) + u32::from(precision);
    let bit = |bit: u32| match bit.checked_sub(offset.into()) {
        None => low_padding,
        Some(place) if bit < end => value >> place.min(i128::BITS - 1) & 1 == 1,
        Some(_) => high_padding,
    };
    let byte = |byte: u32| (0..8).fold(0, |bits, n| bits | u8::from(bit(8 * byte + n)) << n);
    let mut bytes: Vec<u8> = (0..size).map(byte).collect();
    if order == Order::Big {
        bytes.reverse();
    }
    is_value.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ErrorKind;

    #[track_caller]
    fn refused(made: Result<Datatype>, text: &str) {
        let error = made.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }

    #[test]
    fn floats_of_any_format_have_their_values() {
        let packed = |exponent, mantissa| {
            Datatype::floating_point(1, FloatingPoint::packed(Order::Little, exponent, mantissa)).unwrap()
        };
        let cases = [
            (Datatype::bfloat16(Order::Little).unwrap(), vec![0xc0, 0x3f], 1.5),
            (Datatype::bfloat16(Order::Big).unwrap(), vec![0xc0, 0x40], -3.0),
            (Datatype::float(2, Order::Big).unwrap(), vec![0x3e, 0], 1.5),
            (packed(5, 2), vec![0x3e], 1.5),
            (packed(3, 2), vec![0x0e], 1.5),
            (packed(2, 1), vec![0x03], 1.5),
        ];
        for (datatype, bytes, value) in cases {
            assert_eq!(datatype.numbers::<f64>(&bytes).unwrap(), [value], "{datatype:?}");
        }
        let mut quad = [0; 16];
        (quad[14], quad[15]) = (0xff, 0x3f);
        quad[13] = 0x80;
        assert_eq!(Datatype::float(16, Order::Little).unwrap().numbers::<f64>(&quad).unwrap(), [1.5]);
        refused(Datatype::float(3, Order::Little), "an IEEE 754 number of 3 bytes");
        refused(Datatype::float(4, Order::Vax), "order Vax");
        refused(Datatype::floating_point(1, FloatingPoint::packed(Order::Little, 5, 3)), "9 bits");
        assert!(Datatype::floating_point(9, FloatingPoint::packed(Order::Little, 32, 32)).is_ok());
    }

    #[test]
    fn only_some_bits_of_integers_can_count() {
        let narrow = Datatype::integer(4, true, Order::Big).unwrap().with_bits(3, 17).unwrap();
        let Class::FixedPoint(number) = &narrow.stored().class else { unreachable!() };
        assert_eq!((number.bits.offset, number.bits.precision, number.signed), (3, 17, true));
        refused(Datatype::integer(2, true, Order::Little).unwrap().with_bits(8, 9), "9 bits from bit 8 on");
        refused(Datatype::float(4, Order::Little).unwrap().with_bits(0, 9), "only the bits of integers");
        refused(Datatype::integer(0, true, Order::Little), "at least one byte");
        refused(Datatype::integer(8192, true, Order::Little), "a word of 8192 bytes");
        refused(Datatype::integer(4, true, Order::Vax), "VAX");
        assert_eq!(Datatype::integer(1000, false, Order::Big).unwrap().size(), 1000);
    }

    #[test]
    fn names_stand_for_stored_values() {
        let values = |base: &Datatype, values: &[i128]| {
            let names = ["a", "b", "c"];
            let members = names.into_iter().zip(values.iter().copied());
            Datatype::enumeration(base, members).map(|made| match made.stored().class.clone() {
                Class::Enumeration { members, .. } => members.into_iter().map(|(_, value)| value).collect(),
                _ => Vec::new(),
            })
        };
        let short = Datatype::integer(2, true, Order::Big).unwrap();
        let expected = vec![vec![0xff, 0xfe], vec![0x80, 0], vec![0x7f, 0xff]];
        assert_eq!(values(&short, &[-2, -32768, 32767]).unwrap(), expected);
        for value in [-32769, 32768] {
            let error = values(&short, &[value]).unwrap_err().to_string();
            assert!(error.contains(&format!("{value}, the value of \"a\", is no value")), "{error}");
        }
        let narrow = Datatype::integer(2, true, Order::Little).unwrap().with_bits(2, 5).unwrap();
        assert_eq!(values(&narrow, &[-1, 15]).unwrap(), [[0x7c, 0], [0x3c, 0]]);
        assert!(values(&narrow, &[16]).is_err() && values(&narrow, &[-17]).is_err());
        let long = Datatype::integer(8, false, Order::Little).unwrap();
        assert_eq!(values(&long, &[u64::MAX.into()]).unwrap(), [[0xff; 8]]);
        assert!(values(&long, &[-1]).is_err() && values(&long, &[1 << 64]).is_err());
        let huge = Datatype::integer(20, true, Order::Little).unwrap();
        assert_eq!(values(&huge, &[-1, i128::MIN]).unwrap()[0], [0xff; 20]);
        refused(Datatype::enumeration(&short, [("", 1)]), "cannot be the name");
        refused(Datatype::enumeration(&short, [] as [(&str, i32); 0]), "0 members");
        refused(Datatype::enumeration(&Datatype::boolean(), [("a", 1)]), "an integer type");
    }

    #[test]
    fn tags_and_sizes_have_their_limits() {
        let tagged = Datatype::opaque(3, "nine byte").unwrap();
        assert_eq!(tagged.stored().class, Class::Opaque { tag: b"nine byte\0\0\0\0\0\0\0".to_vec() });
        refused(Datatype::opaque(3, &"x".repeat(249)), "at most 248 bytes");
        refused(Datatype::opaque(3, "a\0"), "no NUL");
        refused(Datatype::fixed_string(0, Padding::NullPadded, Charset::Utf8), "at least one byte");
        refused(Datatype::array(&Datatype::boolean(), &[1 << 20, 1 << 20]), "not the size of its elements");
        refused(Datatype::complex(&Datatype::boolean()), "floating-point");
        refused(Datatype::h5py_complex(&Datatype::boolean()), "floating-point");
        let bits =
            Bits { order: Order::Little, offset: 0, precision: 8, low_padding: false, high_padding: false };
        let long = Datatype::fixed_point(u32::MAX, FixedPoint { bits, signed: false }).unwrap();
        refused(Datatype::enumeration(&long, [("a", 1)]), "over the size of a datatype message");
        let sizes = [
            Datatype::object_reference(),
            Datatype::region_reference(),
            Datatype::standard_reference(),
            Datatype::sequence(&Datatype::boolean()),
            Ok(Datatype::variable_string(Charset::Utf8)),
        ];
        assert_eq!(sizes.map(|made| made.unwrap().size()), [8, 12, 18, 16, 16]);
    }
}
