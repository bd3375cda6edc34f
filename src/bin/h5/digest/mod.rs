//! `h5 digest`: the canonical content of a file, with a hash for the values of every dataset and attribute.
//!
//! | file | what it does |
//! |---|---|
//! | `walk` | finds the objects and the path that each is listed under |
//! | `object` | groups with their links, attributes, what all objects have |
//! | `dataset` | spaces, layouts, filters, fill values |
//! | `datatype` | types in words |
//! | `encode` | stored elements to canonical bytes, `reference` those of references |
//! | `values` | runs over the elements block by block and hashes them |
//! | `show` | canonical bytes to JSON, for the first and the last elements |

mod dataset;
mod datatype;
mod encode;
mod object;
mod reference;
mod show;
mod values;
mod walk;

use std::fmt::Write as _;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::Failure;

/// Why a part of the file has no value in the digest.
#[derive(Debug)]
struct Unreadable(String);

impl From<h5::Error> for Unreadable {
    fn from(error: h5::Error) -> Self {
        Unreadable(error.to_string())
    }
}

impl Unreadable {
    fn new(what: impl Into<String>) -> Self {
        Unreadable(what.into())
    }
}

type Outcome<T> = Result<T, Unreadable>;

/// The fields of an object, a link or an attribute, in the order in which they are printed.
type Fields = Map<String, Value>;

/// Sets a field.
fn put(fields: &mut Fields, name: &str, value: impl Into<Value>) {
    fields.insert(name.to_owned(), value.into());
}

/// Prints one object per line, as they come; what cannot be read is named and the rest goes on.
pub(crate) fn run(path: &Path) -> Result<ExitCode, Failure> {
    let file = crate::open::open(path, None)?;
    let mut out = BufWriter::new(stdout().lock());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    write!(out, "{{\n\"format\":1,\n\"file\":{},\n", ascii(&json!(name)))?;
    write!(out, "\"size\":{},\n\"open\":\"ok\",\n\"objects\":[", file.size())?;
    let tree = walk::Tree::of(&file);
    let mut unreadable = 0usize;
    for index in 0..tree.len() {
        let fields = object::describe(&file, &tree, index);
        unreadable += usize::from(has_unreadable(&fields));
        let separator = if index == 0 { "\n" } else { ",\n" };
        write!(out, "{separator}{}", ascii(&Value::Object(fields)))?;
    }
    let status = if unreadable == 0 { "reads" } else { "partial" };
    write!(out, "\n],\n\"status\":\"{status}\",\n\"unreadable\":{unreadable}\n}}\n")?;
    out.flush()?;
    if unreadable == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "h5: {unreadable} objects could not be read as a whole; they have \"unreadable\" with the reason"
    );
    Ok(ExitCode::FAILURE)
}

/// Whether something of an object could not be read.
fn has_unreadable(object: &Fields) -> bool {
    let own = ["unreadable", "attrs_error", "links_error"].iter().any(|field| object.contains_key(*field));
    let parts = ["attrs", "links"].iter().filter_map(|field| object.get(*field)?.as_array());
    own || parts.flatten().any(|part| part.get("unreadable").is_some())
}

/// JSON in one line and in ASCII alone.
fn ascii(value: &Value) -> String {
    let text = value.to_string();
    if text.is_ascii() {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for char in text.chars() {
        // Outside of strings everything is ASCII, so that what is not can be escaped wherever it stands.
        if char.is_ascii() {
            escaped.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                // A string takes whatever is written to it.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// A name as it is stored: UTF-8, or else what its bytes are in Latin-1.
fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({ "latin1": latin1(bytes) }),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex(&sha2::Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_ascii_and_names_are_text_or_latin1() {
        assert_eq!(ascii(&json!("a\"é😀")), r#""a\"\u00e9\ud83d\ude00""#);
        assert_eq!(text("é".as_bytes()), json!("é"));
        assert_eq!(text(&[0x61, 0xe9]), json!({ "latin1": "aé" }));
        assert_eq!(hex(&[0, 0xab]), "00ab");
    }
}
