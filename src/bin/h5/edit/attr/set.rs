//! Values into a new attribute or one that is there.

use h5::types::{FloatSize, IntSize, TypeDescriptor, VarLenAscii, VarLenUnicode};
use h5::{Attribute, Extents, Location};

use super::items::{self, Item};
use crate::Failure;

/// Types that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Type {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    /// An enumeration of FALSE and TRUE, as h5py stores it.
    Bool,
    /// A UTF-8 string of any length.
    Str,
    /// An ASCII string of any length.
    Ascii,
}

/// An attribute as it is to be.
pub(super) struct New<'a> {
    pub(super) object: &'a Location,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    pub(super) list: bool,
}

impl New<'_> {
    pub(super) fn set(&self, wanted: Option<Type>) -> Result<(), Failure> {
        let old = match self.object.attr(self.name) {
            Ok(attribute) => Some(attribute),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        let kind = match (wanted, &old) {
            (Some(kind), _) => kind,
            (None, Some(old)) => kind_of(old)?,
            (None, None) => items::guess(self.text).map_err(Failure::Refused)?,
        };
        let old = old.as_ref();
        let keep = wanted.is_none();
        match kind {
            Type::I8 => self.store::<i8>(old, keep),
            Type::I16 => self.store::<i16>(old, keep),
            Type::I32 => self.store::<i32>(old, keep),
            Type::I64 => self.store::<i64>(old, keep),
            Type::U8 => self.store::<u8>(old, keep),
            Type::U16 => self.store::<u16>(old, keep),
            Type::U32 => self.store::<u32>(old, keep),
            Type::U64 => self.store::<u64>(old, keep),
            Type::F32 => self.store::<f32>(old, keep),
            Type::F64 => self.store::<f64>(old, keep),
            Type::Bool => self.store::<bool>(old, keep),
            Type::Str => self.store::<VarLenUnicode>(old, keep),
            Type::Ascii => self.store::<VarLenAscii>(old, keep),
        }
    }

    fn store<T: Item>(&self, old: Option<&Attribute>, keep: bool) -> Result<(), Failure> {
        let values = items::parse::<T>(self.text, self.list).map_err(Failure::Refused)?;
        let list = self.list || values.len() != 1;
        let builder = self.object.new_attr_builder();
        let new = match old {
            Some(old) if keep => {
                let same_shape =
                    !old.is_null() && old.size() == values.len() && !(self.list && old.is_scalar());
                if same_shape {
                    return Ok(old.write_raw(&values[..])?);
                }
                builder.empty_like(&old.dtype()?)
            }
            _ => builder.empty::<T>(),
        };
        if old.is_some() {
            self.object.delete_attr(self.name)?;
        }
        let new = if list { new.shape(values.len()) } else { new.shape(Extents::Scalar) };
        Ok(new.create(self.name)?.write_raw(&values[..])?)
    }
}

/// The type to read text as for an attribute that keeps its own.
fn kind_of(attribute: &Attribute) -> Result<Type, Failure> {
    let descriptor = attribute.dtype()?.to_descriptor();
    Ok(match descriptor {
        Ok(TypeDescriptor::Integer(IntSize::U1)) => Type::I8,
        Ok(TypeDescriptor::Integer(IntSize::U2)) => Type::I16,
        Ok(TypeDescriptor::Integer(IntSize::U4)) => Type::I32,
        Ok(TypeDescriptor::Integer(IntSize::U8)) => Type::I64,
        Ok(TypeDescriptor::Unsigned(IntSize::U1)) => Type::U8,
        Ok(TypeDescriptor::Unsigned(IntSize::U2)) => Type::U16,
        Ok(TypeDescriptor::Unsigned(IntSize::U4)) => Type::U32,
        Ok(TypeDescriptor::Unsigned(IntSize::U8)) => Type::U64,
        Ok(TypeDescriptor::Float(FloatSize::U4)) => Type::F32,
        Ok(TypeDescriptor::Float(FloatSize::U8)) => Type::F64,
        Ok(TypeDescriptor::Boolean) => Type::Bool,
        Ok(TypeDescriptor::FixedUnicode(_) | TypeDescriptor::VarLenUnicode) => Type::Str,
        Ok(TypeDescriptor::FixedAscii(_) | TypeDescriptor::VarLenAscii) => Type::Ascii,
        _ => {
            let why = "has a type whose values cannot be given as text; --type replaces it";
            return Err(Failure::Refused(why.to_owned()));
        }
    })
}
