//! The one error type: what is wrong, in which structure, at which offset, for which object.

use std::path::Path;
use std::{fmt, io};

use super::Structure;

/// A result whose error is [`Error`] unless said otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Says what went wrong and where: the structure, its file offset and the object's path, as far as they are known.
///
/// ```
/// let error = h5::File::from_bytes(b"not an HDF5 file".to_vec()).unwrap_err();
/// assert!(matches!(error.kind(), h5::ErrorKind::Malformed(_)));
/// assert_eq!(error.structure(), Some(h5::Structure::Superblock));
/// ```
#[derive(Debug)]
pub struct Error(Box<Detail>);

#[derive(Debug)]
struct Detail {
    kind: ErrorKind,
    structure: Option<Structure>,
    offset: Option<u64>,
    object: Option<String>,
    file: Option<NamedFile>,
}

/// A file that an error is about.
#[derive(Debug)]
struct NamedFile {
    name: String,
    /// The file that named it; none where the caller did.
    named_by: Option<String>,
}

/// The families of errors; each says whose fault it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The storage failed.
    Io(io::Error),
    /// The file breaks the format.
    Malformed(Malformed),
    /// The file is in order, and this library lacks something to read or write it.
    Unsupported(Unsupported),
    /// The caller asked for something that makes no sense here.
    Misuse(Misuse),
    /// A limit of [`Limits`](super::Limits) was met.
    Limit {
        /// What would have grown too large.
        what: &'static str,
        /// How much of it was needed.
        needed: u64,
        /// How much of it is allowed.
        limit: u64,
    },
}

/// What is wrong with the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// The structure needs more bytes than there are.
    Truncated {
        /// Bytes needed.
        needed: u64,
        /// Bytes there.
        available: u64,
    },
    /// The structure ends before its bytes do.
    Trailing {
        /// Bytes left over.
        bytes: u64,
    },
    /// The structure does not begin with its signature.
    Signature {
        /// What should stand there.
        expected: Vec<u8>,
        /// What stands there.
        found: Vec<u8>,
    },
    /// The checksum does not match the bytes.
    Checksum {
        /// The checksum in the file.
        stored: u32,
        /// The checksum of the bytes in the file.
        computed: u32,
    },
    /// A field has a value that the format does not allow there.
    Field {
        /// The field.
        name: &'static str,
        /// Its value.
        value: u64,
        /// What would be right, or why this is wrong.
        rule: &'static str,
    },
    /// Anything else, in words.
    Other(String),
}

/// What this library cannot do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// A version of a structure that is not known.
    Version {
        /// The version in the file.
        found: u64,
        /// The highest version that is known.
        known: u64,
    },
    /// A filter that is not compiled in or registered.
    Filter {
        /// The filter's registered number.
        id: u16,
        /// The name the file gives it; may be empty.
        name: String,
        /// The cargo feature that has it, if one does.
        feature: Option<&'static str>,
    },
    /// Anything else, in words.
    Other(String),
}

/// What the caller asked for that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// No object or link has this path.
    NotFound {
        /// The path, as far as it was asked for.
        path: String,
    },
    /// An object or link has this name already.
    Exists {
        /// The name.
        name: String,
    },
    /// The object is of another kind.
    WrongKind {
        /// The kind that was asked for.
        expected: &'static str,
        /// The kind that is there.
        found: &'static str,
    },
    /// The file was opened for reading only.
    ReadOnly,
    /// An earlier flush or commit of the file failed in a way that leaves open what its storage holds. What was
    /// committed before is still there, or the whole of the new state: opening the file again tells.
    Failed {
        /// What went wrong then.
        why: String,
    },
    /// A file besides the opened one is needed, and the [`FileAccess`](crate::FileAccess) of an option does not allow it.
    FileAccess {
        /// The name of the file as it is stored.
        file: String,
        /// Why it is not allowed.
        why: &'static str,
        /// The option of [`FileOptions`](crate::FileOptions) that could allow it.
        option: &'static str,
    },
    /// Shapes or selections do not fit each other.
    Shape(String),
    /// A datatype cannot become the one asked for.
    Conversion {
        /// The type of the values.
        from: String,
        /// The type asked for.
        to: String,
    },
    /// Anything else, in words.
    Other(String),
}

impl Error {
    /// Returns what went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the structure that it went wrong in.
    pub fn structure(&self) -> Option<Structure> {
        self.0.structure
    }

    /// Returns the offset in the file, in bytes from its first one, where the structure or its bad field begins.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Returns the path of the object that was being worked on.
    pub fn object(&self) -> Option<&str> {
        self.0.object.as_deref()
    }

    /// Returns the file that it is about, where that could not be opened or created, or is not the opened one but a file
    /// that it names.
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_ref().map(|file| file.name.as_str())
    }

    /// Tells whether the error says that a path or a name does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Misuse(Misuse::NotFound { .. }))
    }

    pub(crate) fn new(kind: ErrorKind) -> Self {
        Error(Box::new(Detail { kind, structure: None, offset: None, object: None, file: None }))
    }

    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Malformed::Other(what.into()).into()
    }

    pub(crate) fn field(name: &'static str, value: u64, rule: &'static str) -> Self {
        Malformed::Field { name, value, rule }.into()
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Unsupported::Other(what.into()).into()
    }

    pub(crate) fn misuse(what: impl Into<String>) -> Self {
        Misuse::Other(what.into()).into()
    }

    pub(crate) fn shape(what: impl Into<String>) -> Self {
        Misuse::Shape(what.into()).into()
    }

    pub(crate) fn limit(what: &'static str, needed: u64, limit: u64) -> Self {
        Error::new(ErrorKind::Limit { what, needed, limit })
    }

    /// Adds where it happened; what is known already, from deeper in, stays.
    #[must_use]
    pub(crate) fn at(mut self, structure: Structure, offset: u64) -> Self {
        if self.0.structure.is_none() {
            self.0.structure = Some(structure);
        }
        if self.0.structure == Some(structure) {
            self.0.offset = self.0.offset.or(Some(offset));
        }
        self
    }

    /// Adds the structure alone, where there is no offset to name.
    #[must_use]
    pub(crate) fn within(mut self, structure: Structure) -> Self {
        self.0.structure = self.0.structure.or(Some(structure));
        self
    }

    /// Adds that it is about another file, and which file named that; what is known already stays.
    #[must_use]
    pub(crate) fn in_file(mut self, file: &str, named_by: &str) -> Self {
        let named_by = Some(named_by.to_owned());
        self.0.file.get_or_insert_with(|| NamedFile { name: file.to_owned(), named_by });
        self
    }

    /// Adds the file that the caller wanted to open or create; a file that is known already stays.
    #[must_use]
    pub(crate) fn opening(mut self, path: &Path) -> Self {
        let name = || path.to_string_lossy().into_owned();
        self.0.file.get_or_insert_with(|| NamedFile { name: name(), named_by: None });
        self
    }

    /// Adds the path of the object; a path that is known already stays.
    #[must_use]
    pub(crate) fn of(mut self, object: &str) -> Self {
        if self.0.object.is_none() {
            self.0.object = Some(object.to_owned());
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        match (self.0.structure, self.0.offset) {
            (Some(structure), Some(offset)) => write!(f, " in the {structure} at offset {offset}")?,
            (Some(structure), None) => write!(f, " in the {structure}")?,
            _ => {}
        }
        if let Some(path) = &self.0.object {
            write!(f, ", object {path:?}")?;
        }
        match &self.0.file {
            Some(NamedFile { name, named_by: Some(by) }) => write!(f, ", file {name:?} named by {by:?}"),
            Some(NamedFile { name, named_by: None }) => write!(f, ", file {name:?}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Io(source) => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Io(source) => write!(f, "I/O error: {source}"),
            ErrorKind::Malformed(what) => write!(f, "malformed file: {what}"),
            ErrorKind::Unsupported(what) => write!(f, "not supported: {what}"),
            ErrorKind::Misuse(what) => write!(f, "{what}"),
            ErrorKind::Limit { what, needed, limit } => {
                write!(f, "limit reached: {what} needs {needed}, allowed are {limit}")
            }
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Truncated { needed, available } => {
                write!(f, "truncated: {needed} bytes needed, {available} there")
            }
            Malformed::Trailing { bytes } => write!(f, "{bytes} bytes are left over"),
            Malformed::Signature { expected, found } => write!(
                f,
                "signature \"{}\" expected, found \"{}\"",
                expected.escape_ascii(),
                found.escape_ascii()
            ),
            Malformed::Checksum { stored, computed } => {
                write!(f, "checksum mismatch: {stored:#010x} stored, {computed:#010x} computed")
            }
            Malformed::Field { name, value, rule } => write!(f, "{name} is {value}: {rule}"),
            Malformed::Other(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsupported::Version { found, known } => {
                write!(f, "version {found} (known up to {known})")
            }
            Unsupported::Filter { id, name, feature } => {
                write!(f, "filter {id}")?;
                if !name.is_empty() {
                    write!(f, " ({name:?})")?;
                }
                match feature {
                    Some(feature) => write!(f, ", which the cargo feature `{feature}` has"),
                    None => f.write_str(", which is not registered"),
                }
            }
            Unsupported::Other(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misuse::NotFound { path } => write!(f, "nothing is named {path:?}"),
            Misuse::Exists { name } => write!(f, "{name:?} exists already"),
            Misuse::WrongKind { expected, found } => {
                write!(f, "a {expected} was asked for, this is a {found}")
            }
            Misuse::FileAccess { file, why, option } => {
                write!(f, "the access policy refuses the file {file:?}: {why} (see FileOptions::{option})")
            }
            Misuse::Failed { why } => {
                write!(f, "nothing more is written since a commit failed ({why}); open the file again")
            }
            Misuse::ReadOnly => f.write_str("the file is open for reading only"),
            Misuse::Shape(what) | Misuse::Other(what) => f.write_str(what),
            Misuse::Conversion { from, to } => write!(f, "no conversion from {from} to {to}"),
        }
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Self {
        Error::new(ErrorKind::Io(source))
    }
}

impl From<Malformed> for Error {
    fn from(what: Malformed) -> Self {
        Error::new(ErrorKind::Malformed(what))
    }
}

impl From<Unsupported> for Error {
    fn from(what: Unsupported) -> Self {
        Error::new(ErrorKind::Unsupported(what))
    }
}

impl From<Misuse> for Error {
    fn from(what: Misuse) -> Self {
        Error::new(ErrorKind::Misuse(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_place_is_kept_and_all_of_it_is_shown() {
        let error = Error::field("rank", 40, "at most 32")
            .at(Structure::Dataspace, 96)
            .at(Structure::ObjectHeader, 40)
            .of("/a/b")
            .of("/");
        assert_eq!(
            error.to_string(),
            "malformed file: rank is 40: at most 32 in the dataspace message at offset 96, object \"/a/b\""
        );
    }

    #[test]
    fn an_offset_is_added_only_to_the_structure_that_it_is_of() {
        let error = || Error::malformed("wrong").within(Structure::Chunk);
        assert_eq!(error().at(Structure::Chunk, 96).offset(), Some(96));
        assert_eq!(error().at(Structure::ObjectHeader, 40).offset(), None);
    }
}
