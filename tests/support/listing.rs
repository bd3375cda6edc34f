//! A file as text, exact to the last bit of every value. `listing.py` writes the same text by way of h5py; the two are
//! compared line by line.

use std::collections::HashMap;

use h5::types::{FloatSize, IntSize, TypeDescriptor, VarLenAscii};
use h5::{Attribute, Container, Dataset, File, Group, H5Type, Layout, LinkKind, Location, Object};
use sha2::{Digest, Sha256};

/// More elements than this are given as a digest.
const SHOWN: usize = 12;

/// Lists all objects, links and attributes. What cannot be read becomes a line with the error.
pub(crate) fn list(file: &File) -> String {
    let mut listing =
        Listing { lines: vec![format!("userblock {}", file.userblock())], seen: HashMap::new() };
    listing.seen.insert(file.address(), "/".to_owned());
    let mut pending = vec![file.as_group().clone()];
    while let Some(group) = pending.pop() {
        let mut below = listing.group(&group);
        below.reverse();
        pending.append(&mut below);
    }
    listing.lines.push(String::new());
    listing.lines.join("\n")
}

struct Listing {
    lines: Vec<String>,
    /// By address: the path under which an object was listed first.
    seen: HashMap<u64, String>,
}

impl Listing {
    /// Lists a group with its members; returns those that are groups.
    fn group(&mut self, group: &Group) -> Vec<Group> {
        self.lines.push(format!("group {}", group.name()));
        self.attributes(group);
        let links = match group.links() {
            Ok(links) => links,
            Err(error) => {
                self.lines.push(format!("links {}: {error}", group.name()));
                return Vec::new();
            }
        };
        let mut members = Vec::new();
        for link in links {
            match link {
                Ok(link) => members.extend(self.member(group, &link.name, &link.kind)),
                Err(error) => self.lines.push(format!("link in {}: {error}", group.name())),
            }
        }
        members
    }

    fn member(&mut self, group: &Group, name: &str, kind: &LinkKind) -> Option<Group> {
        let path = format!("{}/{name}", group.name().trim_end_matches('/'));
        match kind {
            LinkKind::Hard(_) => return self.object(group, name, &path),
            LinkKind::Soft(target) => {
                self.lines.push(format!("soft {path} -> {}", String::from_utf8_lossy(target)))
            }
            LinkKind::External { file, path: target } => {
                self.lines.push(format!(
                    "external {path} -> {} {}",
                    file.escape_ascii(),
                    target.escape_ascii()
                ));
            }
            other => self.lines.push(format!("link {path} {other:?}")),
        }
        None
    }

    fn object(&mut self, group: &Group, name: &str, path: &str) -> Option<Group> {
        let object = match group.open(name) {
            Ok(object) => object,
            Err(error) => {
                self.lines.push(format!("object {path}: {error}"));
                return None;
            }
        };
        let address = object.location().address();
        if let Some(first) = self.seen.get(&address) {
            self.lines.push(format!("same {path} as {first}"));
            return None;
        }
        self.seen.insert(address, path.to_owned());
        match object {
            Object::Group(group) => return Some(group),
            Object::Dataset(dataset) => {
                let text = described(&dataset).unwrap_or_else(|error| error.to_string());
                self.lines.push(format!("dataset {path} {text}"));
                self.attributes(&dataset);
            }
            other => {
                self.lines.push(format!("datatype {path}"));
                self.attributes(other.location());
            }
        }
        None
    }

    fn attributes(&mut self, object: &Location) {
        let mut attributes = match object.attrs() {
            Ok(attributes) => attributes,
            Err(error) => return self.lines.push(format!("attributes {}: {error}", object.name())),
        };
        let name =
            |attribute: &h5::Result<Attribute>| attribute.as_ref().map(Attribute::name).unwrap_or_default();
        attributes.sort_by_key(name);
        for attribute in attributes {
            let text = attribute
                .and_then(|attribute| Ok(format!("{} {}", attribute.name(), content(&attribute)?)))
                .unwrap_or_else(|error| error.to_string());
            self.lines.push(format!("attribute {text}"));
        }
    }
}

fn described(dataset: &Dataset) -> h5::Result<String> {
    let maximum: Vec<String> =
        dataset.max_shape().iter().map(|most| most.map_or("none".to_owned(), |n| n.to_string())).collect();
    let layout = match dataset.layout() {
        Layout::Chunked => format!("chunked {:?}", dataset.chunk().unwrap_or_default()),
        other => format!("{other:?}").to_lowercase(),
    };
    let filters = dataset.filters();
    let filters = filters.iter().map(|filter| {
        format!(" {}{}{:?}", if filter.optional { "optional " } else { "" }, filter.id, filter.values)
    });
    let filters: String = filters.collect();
    Ok(format!("max [{}] {layout}{filters} {}", maximum.join(", "), content(dataset)?))
}

/// Type, shape and values.
pub(crate) fn content(elements: &Container) -> h5::Result<String> {
    let datatype = elements.dtype()?;
    let Ok(descriptor) = datatype.to_descriptor() else {
        return Ok("of another type".to_owned());
    };
    if !is_shown(&descriptor) {
        return Ok("of another type".to_owned());
    }
    let order = if datatype.to_string().ends_with("big-endian") { " big-endian" } else { "" };
    let shape = match elements.is_null() {
        true => return Ok(format!("{}{order} null", type_name(&descriptor))),
        false => elements.shape(),
    };
    Ok(format!("{}{order} {shape:?} = {}", type_name(&descriptor), values(elements, &descriptor)?))
}

/// Numbers, booleans and strings are.
fn is_shown(descriptor: &TypeDescriptor) -> bool {
    !matches!(
        descriptor,
        TypeDescriptor::Compound(_)
            | TypeDescriptor::Enum(_)
            | TypeDescriptor::FixedArray(..)
            | TypeDescriptor::VarLenArray(_)
            | TypeDescriptor::Complex(_)
            | TypeDescriptor::Reference
            | TypeDescriptor::Opaque(_)
    )
}

fn type_name(descriptor: &TypeDescriptor) -> String {
    let bits = |size: &IntSize| match size {
        IntSize::U1 => 8,
        IntSize::U2 => 16,
        IntSize::U4 => 32,
        IntSize::U8 => 64,
    };
    match descriptor {
        TypeDescriptor::Integer(size) => format!("i{}", bits(size)),
        TypeDescriptor::Unsigned(size) => format!("u{}", bits(size)),
        TypeDescriptor::Float(FloatSize::U2) => "f16".to_owned(),
        TypeDescriptor::Float(FloatSize::U4) => "f32".to_owned(),
        TypeDescriptor::Float(FloatSize::U8) => "f64".to_owned(),
        TypeDescriptor::Boolean => "bool".to_owned(),
        TypeDescriptor::FixedAscii(len) => format!("ascii {len}"),
        TypeDescriptor::FixedUnicode(len) => format!("utf8 {len}"),
        TypeDescriptor::VarLenAscii => "ascii".to_owned(),
        TypeDescriptor::VarLenUnicode => "utf8".to_owned(),
        other => format!("{other:?}"),
    }
}

fn values(elements: &Container, descriptor: &TypeDescriptor) -> h5::Result<String> {
    macro_rules! numbers {
        ($number:ty) => {
            shown::<$number>(elements, |value| value.to_string(), |value| value.to_le_bytes().to_vec())
        };
    }
    match descriptor {
        TypeDescriptor::Integer(IntSize::U1) => numbers!(i8),
        TypeDescriptor::Integer(IntSize::U2) => numbers!(i16),
        TypeDescriptor::Integer(IntSize::U4) => numbers!(i32),
        TypeDescriptor::Integer(IntSize::U8) => numbers!(i64),
        TypeDescriptor::Unsigned(IntSize::U1) => numbers!(u8),
        TypeDescriptor::Unsigned(IntSize::U2) => numbers!(u16),
        TypeDescriptor::Unsigned(IntSize::U4) => numbers!(u32),
        TypeDescriptor::Unsigned(IntSize::U8) => numbers!(u64),
        TypeDescriptor::Float(FloatSize::U8) => numbers!(f64),
        // There is no f16 in Rust; as f32 it keeps its value.
        TypeDescriptor::Float(_) => numbers!(f32),
        TypeDescriptor::Boolean => shown::<bool>(elements, bool::to_string, |&value| vec![u8::from(value)]),
        _ => {
            shown::<VarLenAscii>(elements, |text| quoted(text.as_bytes()), |text| length_and(text.as_bytes()))
        }
    }
}

/// Few values as text, many as a digest of their bytes.
fn shown<T: H5Type>(
    elements: &Container,
    text: impl Fn(&T) -> String,
    bytes: impl Fn(&T) -> Vec<u8>,
) -> h5::Result<String> {
    let values = elements.read_raw::<T>()?;
    if values.len() <= SHOWN {
        return Ok(values.iter().map(text).collect::<Vec<_>>().join(" "));
    }
    let canonical: Vec<u8> = values.iter().flat_map(bytes).collect();
    let digest = Sha256::digest(&canonical);
    Ok(format!("sha256 {}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

fn quoted(bytes: &[u8]) -> String {
    let plain = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    let escaped = |&byte: &u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("\\x{byte:02x}"),
    };
    format!("\"{}\"", bytes.iter().map(escaped).collect::<String>())
}

/// So that two strings are not taken for their concatenation.
fn length_and(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_le_bytes(), bytes].concat()
}
