//! Strings: of any length and of a fixed one, ASCII and UTF-8.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use super::{H5Type, Source, Target, TypeDescriptor};
use crate::base::{Error, Result, byte_count, to_usize};
use crate::format::datatype::{Class, Padding};

/// Says why a text cannot be a string of some type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StringError {
    /// It has a NUL inside, where stored strings end.
    InternalNull,
    /// It is longer than the type's field.
    TooLong,
    /// It is not ASCII.
    NotAscii,
}

impl fmt::Display for StringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StringError::InternalNull => "a string cannot hold a NUL",
            StringError::TooLong => "the text is longer than the string type",
            StringError::NotAscii => "the text is not ASCII",
        })
    }
}

impl std::error::Error for StringError {}

/// A UTF-8 string of any length.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarLenUnicode(String);

/// An ASCII string of any length; holds whatever bytes a file has, also those that are not ASCII.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarLenAscii(Vec<u8>);

/// A UTF-8 string of at most `N` bytes, padded with NULs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FixedUnicode<const N: usize>(String);

/// An ASCII string of at most `N` bytes, padded with NULs; holds whatever bytes a file has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FixedAscii<const N: usize>(Vec<u8>);

impl VarLenUnicode {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> FixedUnicode<N> {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl VarLenAscii {
    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> FixedAscii<N> {
    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn without_nul(text: &str) -> Result<&str, StringError> {
    if text.contains('\0') { Err(StringError::InternalNull) } else { Ok(text) }
}

fn ascii(text: &str) -> Result<&str, StringError> {
    if text.is_ascii() { without_nul(text) } else { Err(StringError::NotAscii) }
}

fn short<const N: usize>(text: &str) -> Result<&str, StringError> {
    if text.len() > N { Err(StringError::TooLong) } else { Ok(text) }
}

impl FromStr for VarLenUnicode {
    type Err = StringError;

    fn from_str(text: &str) -> Result<Self, StringError> {
        without_nul(text).map(|text| VarLenUnicode(text.to_owned()))
    }
}

impl FromStr for VarLenAscii {
    type Err = StringError;

    fn from_str(text: &str) -> Result<Self, StringError> {
        ascii(text).map(|text| VarLenAscii(text.as_bytes().to_vec()))
    }
}

impl<const N: usize> FromStr for FixedUnicode<N> {
    type Err = StringError;

    fn from_str(text: &str) -> Result<Self, StringError> {
        without_nul(text).and_then(short::<N>).map(|text| FixedUnicode(text.to_owned()))
    }
}

impl<const N: usize> FromStr for FixedAscii<N> {
    type Err = StringError;

    fn from_str(text: &str) -> Result<Self, StringError> {
        ascii(text).and_then(short::<N>).map(|text| FixedAscii(text.as_bytes().to_vec()))
    }
}

impl Deref for VarLenUnicode {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> Deref for FixedUnicode<N> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VarLenUnicode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const N: usize> fmt::Display for FixedUnicode<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for VarLenAscii {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl<const N: usize> fmt::Display for FixedAscii<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// Reads strings of any kind as their bytes, without padding.
fn load_bytes<T>(source: &Source<'_>, make: impl Fn(&[u8]) -> Result<T>) -> Result<Vec<T>> {
    let datatype = source.datatype();
    let size = to_usize(u64::from(datatype.size))?.max(1);
    match datatype.class {
        Class::String { padding, .. } => {
            source.raw()?.chunks_exact(size).map(|element| make(unpadded(element, padding))).collect()
        }
        Class::VariableString { .. } => {
            let raw = source.raw()?;
            let strings = raw.chunks_exact(size).map(|element| {
                source.follow(element, |count, bytes| {
                    let text = bytes.get(..to_usize(u64::from(count))?).ok_or_else(|| {
                        Error::malformed(format!("a string of {count} bytes in {} bytes", bytes.len()))
                    })?;
                    make(unpadded(text, Padding::NullTerminated))
                })
            });
            strings.collect()
        }
        _ => Err(source.no_conversion("string")),
    }
}

/// What of a field counts, by the way it is padded.
fn unpadded(field: &[u8], padding: Padding) -> &[u8] {
    let without = |pad: u8| {
        let end = field.iter().rposition(|&byte| byte != pad).map_or(0, |last| last + 1);
        &field[..end]
    };
    match padding {
        Padding::NullTerminated => field.split(|&byte| byte == 0).next().unwrap_or_default(),
        Padding::NullPadded => without(0),
        Padding::SpacePadded => without(b' '),
    }
}

fn text(bytes: &[u8]) -> Result<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            Err(Error::malformed(format!("a string is not UTF-8: {error}; VarLenAscii takes any bytes")))
        }
    }
}

/// Writes strings into a dataset of any string type that has room for them.
fn store_bytes<'s>(
    strings: impl ExactSizeIterator<Item = &'s [u8]>,
    target: &mut Target<'_>,
) -> Result<Vec<u8>> {
    match target.datatype().class {
        Class::String { padding, .. } => {
            let size = to_usize(u64::from(target.datatype().size))?;
            let mut out = target.core.budget.zeroed::<u8>(byte_count(strings.len() as u64, size)?)?;
            for (string, field) in strings.zip(out.chunks_exact_mut(size.max(1))) {
                fill(field, string, padding)?;
            }
            Ok(out)
        }
        Class::VariableString { .. } => {
            let mut out = Vec::new();
            for string in strings {
                check_end(string, Padding::NullTerminated)?;
                let count = u32::try_from(string.len())
                    .map_err(|_| Error::limit("a string", string.len() as u64, u64::from(u32::MAX)))?;
                target.store(count, string, &mut out)?;
            }
            Ok(out)
        }
        _ => Err(target.no_conversion("string")),
    }
}

/// Puts a string into its field, with padding behind it.
fn fill(field: &mut [u8], string: &[u8], padding: Padding) -> Result<()> {
    let room = if padding == Padding::NullTerminated { field.len().saturating_sub(1) } else { field.len() };
    if string.len() > room {
        let what = format!("a string of {} bytes does not fit a field of {room}", string.len());
        return Err(Error::misuse(what));
    }
    check_end(string, padding)?;
    let (text, rest) = field.split_at_mut(string.len());
    text.copy_from_slice(string);
    rest.fill(if padding == Padding::SpacePadded { b' ' } else { 0 });
    Ok(())
}

/// Refuses a string that would be read back without its end: NUL is where strings end, or what they are padded with.
fn check_end(string: &[u8], padding: Padding) -> Result<()> {
    if padding == Padding::SpacePadded || unpadded(string, padding).len() == string.len() {
        return Ok(());
    }
    Err(Error::misuse(StringError::InternalNull.to_string()))
}

macro_rules! string_type {
    ($(#[$attribute:meta])* [$($generic:tt)*] $type:ty, $descriptor:expr, $make:expr, $bytes:expr) => {
        $(#[$attribute])*
        impl<$($generic)*> H5Type for $type {
            fn type_descriptor() -> TypeDescriptor {
                $descriptor
            }

            fn load(source: &Source<'_>) -> Result<Vec<Self>> {
                load_bytes(source, $make)
            }

            fn store<'v>(values: &'v [Self], target: &mut Target<'_>) -> Result<Cow<'v, [u8]>> {
                let bytes: fn(&Self) -> &[u8] = $bytes;
                store_bytes(values.iter().map(bytes), target).map(Cow::Owned)
            }
        }
    };
}

string_type!([] VarLenUnicode, TypeDescriptor::VarLenUnicode, |b| text(b).map(VarLenUnicode), |s| s.0.as_bytes());
string_type!([] VarLenAscii, TypeDescriptor::VarLenAscii, |b| Ok(VarLenAscii(b.to_vec())), |s| &s.0);
string_type!([] String, TypeDescriptor::VarLenUnicode, text, |s| s.as_bytes());
string_type!([const N: usize] FixedUnicode<N>, TypeDescriptor::FixedUnicode(N), fixed_text, |s| s.0.as_bytes());
string_type!([const N: usize] FixedAscii<N>, TypeDescriptor::FixedAscii(N), fixed_bytes, |s| &s.0);

fn fixed_text<const N: usize>(bytes: &[u8]) -> Result<FixedUnicode<N>> {
    text(fitting::<N>(bytes)?).map(FixedUnicode)
}

fn fixed_bytes<const N: usize>(bytes: &[u8]) -> Result<FixedAscii<N>> {
    fitting::<N>(bytes).map(|bytes| FixedAscii(bytes.to_vec()))
}

fn fitting<const N: usize>(bytes: &[u8]) -> Result<&[u8]> {
    if bytes.len() <= N {
        return Ok(bytes);
    }
    Err(Error::misuse(format!("a string of {} bytes was read as one of at most {N}", bytes.len())))
}
