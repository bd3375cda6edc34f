//! Descriptions of types: of Rust types to be stored, and of types found in a file.

use std::fmt;

use super::{CompoundType, EnumType, H5Type, parts};
use crate::base::{Error, Misuse, Plain, Result, Sizes, as_bytes_mut, zeroed};
use crate::convert::{Plan, describe};
use crate::format::datatype::{self, Charset, Class, Order, Padding, Reference};

/// The bytes of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntSize {
    /// 1 byte.
    U1,
    /// 2 bytes.
    U2,
    /// 4 bytes.
    U4,
    /// 8 bytes.
    U8,
}

/// The bytes of a floating-point number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloatSize {
    /// 2 bytes.
    U2,
    /// 4 bytes.
    U4,
    /// 8 bytes.
    U8,
}

/// Describes the type of an element by what it means, not by how it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TypeDescriptor {
    /// A signed integer.
    Integer(IntSize),
    /// An unsigned integer.
    Unsigned(IntSize),
    /// An IEEE 754 floating-point number.
    Float(FloatSize),
    /// A boolean as h5py stores it.
    Boolean,
    /// An array of elements of one type.
    FixedArray(Box<TypeDescriptor>, usize),
    /// An ASCII string of a fixed length.
    FixedAscii(usize),
    /// A UTF-8 string of a fixed length.
    FixedUnicode(usize),
    /// A sequence of any length.
    VarLenArray(Box<TypeDescriptor>),
    /// An ASCII string of any length.
    VarLenAscii,
    /// A UTF-8 string of any length.
    VarLenUnicode,
    /// A structure of members with names.
    Compound(CompoundType),
    /// Names for values of an integer type.
    Enum(EnumType),
    /// A complex number of two parts.
    Complex(FloatSize),
    /// A reference.
    Reference,
    /// Bytes without a meaning.
    Opaque(usize),
}

impl IntSize {
    fn bytes(self) -> u8 {
        match self {
            IntSize::U1 => 1,
            IntSize::U2 => 2,
            IntSize::U4 => 4,
            IntSize::U8 => 8,
        }
    }

    fn of(bytes: u32) -> Option<Self> {
        match bytes {
            1 => Some(IntSize::U1),
            2 => Some(IntSize::U2),
            4 => Some(IntSize::U4),
            8 => Some(IntSize::U8),
            _ => None,
        }
    }
}

impl FloatSize {
    fn bytes(self) -> u8 {
        match self {
            FloatSize::U2 => 2,
            FloatSize::U4 => 4,
            FloatSize::U8 => 8,
        }
    }
}

impl TypeDescriptor {
    /// The type with which new datasets of such elements are stored.
    pub(crate) fn to_file(&self, sizes: Sizes) -> Result<datatype::Datatype> {
        self.to_datatype()?.stored.fitted(sizes)
    }

    /// Makes the type: little-endian and packed, as h5py does it.
    pub(super) fn to_datatype(&self) -> Result<Datatype> {
        let text = |len: usize, charset| Datatype::fixed_string(bytes(len)?, Padding::NullPadded, charset);
        match self {
            TypeDescriptor::Integer(size) => Datatype::integer(size.bytes().into(), true, Order::Little),
            TypeDescriptor::Unsigned(size) => Datatype::integer(size.bytes().into(), false, Order::Little),
            TypeDescriptor::Float(size) => Datatype::float(size.bytes().into(), Order::Little),
            TypeDescriptor::Boolean => Ok(Datatype::boolean()),
            TypeDescriptor::FixedAscii(len) => text(*len, Charset::Ascii),
            TypeDescriptor::FixedUnicode(len) => text(*len, Charset::Utf8),
            TypeDescriptor::VarLenAscii => Ok(Datatype::variable_string(Charset::Ascii)),
            TypeDescriptor::VarLenUnicode => Ok(Datatype::variable_string(Charset::Utf8)),
            TypeDescriptor::FixedArray(base, len) => parts::array(base, *len),
            TypeDescriptor::VarLenArray(base) => Datatype::sequence(&base.to_datatype()?),
            TypeDescriptor::Compound(compound) => compound.to_datatype(),
            TypeDescriptor::Enum(names) => names.to_datatype(),
            // Which all releases of libhdf5 read.
            TypeDescriptor::Complex(part) => {
                Datatype::h5py_complex(&TypeDescriptor::Float(*part).to_datatype()?)
            }
            TypeDescriptor::Reference => Datatype::object_reference(),
            TypeDescriptor::Opaque(len) => Datatype::opaque(bytes(*len)?, ""),
        }
    }
}

/// The bytes of an element, or how many elements an axis has.
pub(super) fn bytes(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| Error::limit("bytes of an element", len as u64, u64::from(u32::MAX)))
}

/// Numbers as the machine has them.
impl TypeDescriptor {
    fn to_native(&self) -> Option<datatype::Datatype> {
        match self {
            TypeDescriptor::Integer(size) => {
                Some(datatype::Datatype::integer(size.bytes(), true, Order::NATIVE))
            }
            TypeDescriptor::Unsigned(size) => {
                Some(datatype::Datatype::integer(size.bytes(), false, Order::NATIVE))
            }
            TypeDescriptor::Float(size) => Some(datatype::Datatype::float(size.bytes(), Order::NATIVE)),
            _ => None,
        }
    }
}

/// The type of the elements of a dataset or an attribute in a file.
#[derive(Clone, Debug)]
pub struct Datatype {
    pub(crate) stored: datatype::Datatype,
}

impl Datatype {
    /// Returns the type in every detail that the file stores.
    pub fn stored(&self) -> &datatype::Datatype {
        &self.stored
    }

    /// Returns the bytes of an element in the file.
    pub fn size(&self) -> u32 {
        self.stored.size
    }

    /// Makes numbers of stored elements of this type, as a read into `T` does.
    ///
    /// ```
    /// use h5::types::{Datatype, stored};
    /// # fn main() -> h5::Result<()> {
    /// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
    /// let dataset = file.new_dataset_builder().with_data(&[1i16, -2]).create("a")?;
    /// let bytes = dataset.read_bytes(..)?;
    /// assert_eq!(dataset.dtype()?.numbers::<f64>(&bytes)?, [1.0, -2.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn numbers<T: H5Type + Plain>(&self, elements: &[u8]) -> Result<Vec<T>> {
        let none = || {
            let (from, to) = (describe(&self.stored), std::any::type_name::<T>().to_owned());
            Error::from(Misuse::Conversion { from, to })
        };
        let native = T::type_descriptor().to_native().ok_or_else(none)?;
        let plan = Plan::new(&self.stored, &native)?;
        let count = elements.len() / plan.source_size().max(1);
        if count * plan.source_size() != elements.len() {
            let (len, size) = (elements.len(), self.stored.size);
            return Err(Error::shape(format!("{len} bytes are no whole number of elements of {size}")));
        }
        let mut numbers = zeroed::<T>(count)?;
        plan.run(elements, as_bytes_mut(&mut numbers));
        Ok(numbers)
    }

    /// Tells whether elements mean what those of type `T` do: the same classes, sizes and names, whatever their byte order,
    /// the padding of their strings, the places of their members and the kind of their references.
    pub fn is<T: H5Type>(&self) -> bool {
        self.to_descriptor().is_ok_and(|descriptor| descriptor == T::type_descriptor())
    }

    /// Tells whether elements are integers or floating-point numbers.
    pub fn is_number(&self) -> bool {
        matches!(self.stored.class, Class::FixedPoint(_) | Class::FloatingPoint(_))
    }

    /// Tells whether elements are strings, of a fixed length or any.
    pub fn is_string(&self) -> bool {
        matches!(self.stored.class, Class::String { .. } | Class::VariableString { .. })
    }

    /// Describes the type by what it means; fails where no Rust type means the same.
    pub fn to_descriptor(&self) -> Result<TypeDescriptor> {
        let none = || Error::unsupported(format!("a Rust type for {}", describe(&self.stored)));
        let len = |size: u32| usize::try_from(size).map_err(|_| none());
        match &self.stored.class {
            Class::FixedPoint(number)
                if u64::from(number.bits.precision) == u64::from(self.stored.size) * 8 =>
            {
                let size = IntSize::of(self.stored.size).ok_or_else(none)?;
                Ok(if number.signed { TypeDescriptor::Integer(size) } else { TypeDescriptor::Unsigned(size) })
            }
            Class::FloatingPoint(_) if self.stored.ieee_order().is_some() => match self.stored.size {
                2 => Ok(TypeDescriptor::Float(FloatSize::U2)),
                4 => Ok(TypeDescriptor::Float(FloatSize::U4)),
                _ => Ok(TypeDescriptor::Float(FloatSize::U8)),
            },
            Class::Enumeration { .. } if self.stored.is_boolean() => Ok(TypeDescriptor::Boolean),
            Class::String { charset: Charset::Ascii, .. } => {
                Ok(TypeDescriptor::FixedAscii(len(self.stored.size)?))
            }
            Class::String { charset: Charset::Utf8, .. } => {
                Ok(TypeDescriptor::FixedUnicode(len(self.stored.size)?))
            }
            Class::VariableString { charset: Charset::Ascii, .. } => Ok(TypeDescriptor::VarLenAscii),
            Class::VariableString { charset: Charset::Utf8, .. } => Ok(TypeDescriptor::VarLenUnicode),
            _ => TypeDescriptor::of_parts(&self.stored).ok_or_else(none),
        }
    }
}

/// Types are the same if their elements are, whatever version of the format they are written in.
impl PartialEq for Datatype {
    fn eq(&self, other: &Self) -> bool {
        self.stored.is_same(&other.stored)
    }
}

/// Types inside of others are types of their own.
impl From<datatype::Datatype> for Datatype {
    fn from(stored: datatype::Datatype) -> Self {
        Datatype { stored }
    }
}

impl fmt::Display for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.stored))?;
        let order = match &self.stored.class {
            Class::FixedPoint(number) => number.bits.order,
            Class::FloatingPoint(number) => number.bits.order,
            Class::Reference(Reference::Object) => return f.write_str(" to an object"),
            Class::Reference(Reference::Region) => return f.write_str(" to a region"),
            _ => return Ok(()),
        };
        match order {
            Order::Big if self.stored.size > 1 => f.write_str(" big-endian"),
            Order::Vax => f.write_str(" in VAX order"),
            _ => Ok(()),
        }
    }
}
