//! The objects of a file by their addresses: what references call them.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use h5::types::stored::Reference;
use h5::{Group, LinkKind, Object, ReferenceTarget, StoredElements};

use super::number;

/// Finds names of objects.
pub(crate) struct Names {
    /// The file's name as it was given.
    file: Vec<u8>,
    root: Group,
    /// The first path by which an object is found. Files without references don't need them.
    paths: OnceCell<HashMap<u64, Vec<u8>>>,
    /// Those of other files, by the names that references have for them.
    others: RefCell<HashMap<Vec<u8>, Rc<Names>>>,
}

impl Names {
    pub(crate) fn new(file: Vec<u8>, root: Group) -> Self {
        Names { file, root, paths: OnceCell::new(), others: RefCell::default() }
    }

    pub(crate) fn path(&self, address: u64) -> Option<&[u8]> {
        self.paths.get_or_init(|| collect(&self.root)).get(&address).map(Vec::as_slice)
    }

    /// Appends an element of a reference type that is a part of another element.
    pub(crate) fn element(
        &self,
        out: &mut Vec<u8>,
        stored: &StoredElements,
        kind: Reference,
        bytes: &[u8],
    ) -> h5::Result<()> {
        let target = stored.reference(kind, bytes)?;
        let address = match &target {
            ReferenceTarget::Object(address) => *address,
            ReferenceTarget::Region { object, .. } => *object,
            _ => 0,
        };
        match (kind, &target) {
            (Reference::Standard { .. }, _) | (_, ReferenceTarget::Null) => self.title(out, &target),
            (Reference::Object, _) => match self.root.open_address(address) {
                Ok(object) => {
                    out.extend_from_slice(word(&object));
                    out.push(b' ');
                    number::unsigned(out, address);
                    self.quoted(out, b"", address);
                }
                Err(_) => out.extend_from_slice(b"<unknown>"),
            },
            (Reference::Region, _) => {
                out.extend_from_slice(b"DATASET");
                self.quoted(out, b"", address);
            }
        }
        Ok(())
    }

    /// Appends what a reference refers to, with the name of the file.
    pub(crate) fn title(&self, out: &mut Vec<u8>, target: &ReferenceTarget) {
        match target {
            ReferenceTarget::Object(address) => {
                let object = self.root.open_address(*address);
                out.extend_from_slice(object.as_ref().map_or(b"UNKNOWN", word));
                self.quoted(out, &self.file, *address);
            }
            ReferenceTarget::Region { object, .. } => {
                out.extend_from_slice(b"DATASET");
                self.quoted(out, &self.file, *object);
            }
            ReferenceTarget::Attribute { object, name } => {
                out.extend_from_slice(b"ATTRIBUTE");
                self.quoted(out, &self.file, *object);
                out.pop();
                out.push(b'/');
                out.extend_from_slice(name);
                out.push(b'"');
            }
            ReferenceTarget::External { file, target: inside } => match self.root.open_target(target) {
                Ok(object) => self.of_other_file(&object, file).title(out, inside),
                Err(_) => elsewhere(out, file, inside),
            },
            _ => out.extend_from_slice(b"NULL"),
        }
    }

    /// The names in the file that an object is in, which references call by this name.
    fn of_other_file(&self, object: &Object, name: &[u8]) -> Rc<Names> {
        let make = || Names::new(name.to_vec(), object.location().file().as_group().clone());
        Rc::clone(self.others.borrow_mut().entry(name.to_vec()).or_insert_with(|| Rc::new(make())))
    }

    /// Appends a space and, in quotation marks, the file and the object's path in it.
    fn quoted(&self, out: &mut Vec<u8>, file: &[u8], address: u64) {
        out.extend_from_slice(b" \"");
        out.extend_from_slice(file);
        out.extend_from_slice(self.path(address).unwrap_or_default());
        out.push(b'"');
    }
}

/// Appends what is known of a reference into another file that cannot be opened.
fn elsewhere(out: &mut Vec<u8>, file: &[u8], target: &ReferenceTarget) {
    let (word, attribute): (&[u8], &[u8]) = match target {
        ReferenceTarget::Region { .. } => (b"DATASET", b""),
        ReferenceTarget::Attribute { name, .. } => (b"ATTRIBUTE", name),
        _ => (b"UNKNOWN", b""),
    };
    out.extend_from_slice(word);
    out.extend_from_slice(b" \"");
    out.extend_from_slice(file);
    if !attribute.is_empty() {
        out.push(b'/');
        out.extend_from_slice(attribute);
    }
    out.push(b'"');
}

fn word(object: &Object) -> &'static [u8] {
    match object {
        Object::Group(_) => b"GROUP",
        Object::Dataset(_) => b"DATASET",
        Object::Datatype(_) => b"DATATYPE",
        _ => b"UNKNOWN",
    }
}

/// The path of a member.
pub(crate) fn join(group: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = group.to_vec();
    if path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

fn collect(root: &Group) -> HashMap<u64, Vec<u8>> {
    let mut paths = HashMap::from([(root.address(), b"/".to_vec())]);
    // Each group with the links that are still to be followed, the next one last.
    let mut open = vec![(root.clone(), b"/".to_vec(), hard_links(root))];
    while let Some((group, path, links)) = open.last_mut() {
        let Some((link, address)) = links.pop() else {
            open.pop();
            continue;
        };
        if paths.contains_key(&address) {
            continue;
        }
        let path = join(path, &link.raw_name);
        paths.insert(address, path.clone());
        if let Ok(Object::Group(group)) = group.open_link(&link) {
            let links = hard_links(&group);
            open.push((group, path, links));
        }
    }
    paths
}

fn hard_links(group: &Group) -> Vec<(h5::Link, u64)> {
    let links = group.links().unwrap_or_default().into_iter().flatten().rev();
    links
        .filter_map(|link| match link.kind {
            LinkKind::Hard(address) => Some((link, address)),
            _ => None,
        })
        .collect()
}
