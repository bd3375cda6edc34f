//! Enumerations: values by their names.

use std::collections::HashMap;

use super::{Source, Target};
use crate::base::{Error, Result, to_usize};
use crate::format::datatype::{Class, Datatype, Order};

/// What `h5::enumeration!` is made of.
impl Source<'_> {
    /// Returns for each element the value that has its name, or for integers its number.
    #[doc(hidden)]
    pub fn named<T: Clone>(&self, table: &[(&str, i128, T)]) -> Result<Vec<T>> {
        match &self.datatype.class {
            Class::Enumeration { members, .. } => self.by_name(members, table),
            Class::FixedPoint(number) if number.signed => {
                by_number(&self.plain::<i64>(&Datatype::integer(8, true, Order::NATIVE))?, table)
            }
            Class::FixedPoint(_) => {
                by_number(&self.plain::<u64>(&Datatype::integer(8, false, Order::NATIVE))?, table)
            }
            _ => Err(self.no_conversion("enumeration")),
        }
    }

    fn by_name<T: Clone>(&self, members: &[(Vec<u8>, Vec<u8>)], table: &[(&str, i128, T)]) -> Result<Vec<T>> {
        let find = |(name, bytes): &(Vec<u8>, Vec<u8>)| {
            let value =
                table.iter().find(|(own, ..)| own.as_bytes() == name).map(|(.., value)| value.clone());
            (bytes.clone(), (String::from_utf8_lossy(name).into_owned(), value))
        };
        let known: HashMap<Vec<u8>, (String, Option<T>)> = members.iter().map(find).collect();
        let raw = self.raw()?;
        let value = |element: &[u8]| match known.get(element) {
            Some((_, Some(value))) => Ok(value.clone()),
            Some((name, None)) => Err(Error::misuse(format!("no value of the Rust type is called {name:?}"))),
            None => Err(Error::malformed(format!("{element:x?} has no name in the enumeration"))),
        };
        raw.chunks_exact(to_usize(u64::from(self.datatype.size))?.max(1)).map(value).collect()
    }
}

fn by_number<N: Copy + Into<i128>, T: Clone>(numbers: &[N], table: &[(&str, i128, T)]) -> Result<Vec<T>> {
    let known: HashMap<i128, &T> = table.iter().map(|(_, number, value)| (*number, value)).collect();
    let value = |&number: &N| {
        let number: i128 = number.into();
        let value = known.get(&number).map(|&value| value.clone());
        value.ok_or_else(|| Error::misuse(format!("no value of the Rust type is {number}")))
    };
    numbers.iter().map(value).collect()
}

/// What `h5::enumeration!` is made of.
impl Target<'_> {
    /// Encodes what has these names in the stored enumeration.
    #[doc(hidden)]
    pub fn named<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> Result<Vec<u8>> {
        let Class::Enumeration { members, .. } = &self.datatype.class else {
            return Err(self.no_conversion("enumeration"));
        };
        let known: HashMap<&[u8], &[u8]> =
            members.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
        let mut out = Vec::new();
        for name in names {
            match known.get(name.as_bytes()) {
                Some(value) => out.extend_from_slice(value),
                None => {
                    return Err(Error::misuse(format!(
                        "the stored enumeration has no value called {name:?}"
                    )));
                }
            }
        }
        Ok(out)
    }
}

/// Defines an enumeration over an integer type whose values are elements of an enumeration type.
///
/// What counts are the names: a value is written as whatever the stored type has under its name, and read by it. A
/// stored value that has none, or one that the Rust type does not have, is an error. Integers are read by their number.
/// A value can have another name in the file than in Rust.
///
/// The enumeration has to be `Clone`. Any enumeration can be read as integers instead.
///
/// ```
/// h5::enumeration! {
///     #[derive(Clone, Debug, PartialEq)]
///     pub enum Color: u8 {
///         Red = 0,
///         Green = 1,
///         Other = 255 => "N/A",
///     }
/// }
/// # fn main() -> h5::Result<()> {
/// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
/// let colors = file.new_dataset_builder().with_data(&[Color::Green, Color::Other]).create("colors")?;
/// assert_eq!(colors.read_raw::<Color>()?, [Color::Green, Color::Other]);
/// assert_eq!(colors.read_raw::<i32>()?, [1, 255]);
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! enumeration {
    (@name $value:ident) => { stringify!($value).trim_start_matches("r#") };
    (@name $value:ident $stored:literal) => { $stored };
    ($(#[$meta:meta])* $vis:vis enum $name:ident : $base:ident {
        $($(#[$value_meta:meta])* $value:ident = $number:literal $(=> $stored:literal)?),+ $(,)?
    }) => {
        $(#[$meta])*
        #[repr($base)]
        $vis enum $name {
            $($(#[$value_meta])* $value = $number),+
        }

        impl $crate::H5Type for $name {
            fn type_descriptor() -> $crate::types::TypeDescriptor {
                let numbers: &[$base] = &[$($number),+];
                let names = [$($crate::enumeration!(@name $value $($stored)?)),+];
                let members = names.into_iter().zip(numbers.iter().map(|&number| i128::from(number)));
                let base = <$base as $crate::H5Type>::type_descriptor();
                $crate::types::TypeDescriptor::Enum($crate::types::EnumType::new(base, members))
            }

            fn load(source: &$crate::types::Source<'_>) -> $crate::Result<Vec<Self>> {
                source.named(&[$((
                    $crate::enumeration!(@name $value $($stored)?),
                    { let number: $base = $number; i128::from(number) },
                    Self::$value,
                )),+])
            }

            fn store<'v>(
                values: &'v [Self],
                target: &mut $crate::types::Target<'_>,
            ) -> $crate::Result<::std::borrow::Cow<'v, [u8]>> {
                let names = values.iter().map(|value| match value {
                    $(Self::$value => $crate::enumeration!(@name $value $($stored)?)),+
                });
                target.named(names).map(::std::borrow::Cow::Owned)
            }
        }
    };
}
