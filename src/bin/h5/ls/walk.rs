//! Goes through groups and prints a line for every link.

use std::collections::HashMap;

use h5::{Group, Link, LinkKind, Object};

use super::{Listing, escaped, space};
use crate::Failure;

/// A group on the way, with its path and those of its links that are still to be listed, the next one last.
struct Step {
    group: Group,
    path: usize,
    links: Vec<Link>,
}

/// Paths, each its parent's and a name: those of deep trees would add up to a lot.
#[derive(Default)]
struct Paths {
    names: Vec<(Option<usize>, String)>,
    /// The paths under which objects were met first.
    met: HashMap<u64, usize>,
}

impl Paths {
    fn add(&mut self, parent: Option<usize>, name: String) -> usize {
        self.names.push((parent, name));
        self.names.len() - 1
    }

    fn text(&self, path: usize) -> String {
        let mut parts = Vec::new();
        let mut at = Some(path);
        while let Some((parent, name)) = at.and_then(|at| self.names.get(at)) {
            parts.push(name.as_str());
            at = *parent;
        }
        parts.reverse();
        match parts.split_first() {
            // The first one is a path of its own: of the root it is nothing but a slash.
            Some((first, rest)) => rest.iter().fold(first.to_string(), |path, name| {
                if path.ends_with('/') { path + name } else { path + "/" + name }
            }),
            None => String::new(),
        }
    }
}

impl Listing {
    /// Lists what is in a group, or else the object alone.
    pub(super) fn start(&mut self, object: &Object, path: &str) -> Result<(), Failure> {
        let mut paths = Paths::default();
        let start = paths.add(None, escaped(path.as_bytes()));
        paths.met.insert(object.location().address(), start);
        match object {
            Object::Group(group) => {
                if self.recursive {
                    self.object(path, object)?;
                }
                let mut way = Vec::new();
                self.enter(group.clone(), start, &mut way)?;
                while let Some(step) = way.last_mut() {
                    match step.links.pop() {
                        Some(link) => {
                            let (group, parent) = (step.group.clone(), step.path);
                            self.link(&group, parent, &link, &mut paths, &mut way)?;
                        }
                        None => drop(way.pop()),
                    }
                }
                Ok(())
            }
            other => self.object(path, other),
        }
    }

    /// Makes a group the next one to be listed.
    fn enter(&mut self, group: Group, path: usize, way: &mut Vec<Step>) -> Result<(), Failure> {
        let all = group.links();
        let mut links = Vec::new();
        for link in self.tolerate(all)?.unwrap_or_default() {
            links.extend(self.tolerate(link)?);
        }
        links.reverse();
        way.push(Step { group, path, links });
        Ok(())
    }

    fn link(
        &mut self,
        group: &Group,
        parent: usize,
        link: &Link,
        paths: &mut Paths,
        way: &mut Vec<Step>,
    ) -> Result<(), Failure> {
        let name = escaped(&link.raw_name);
        let LinkKind::Hard(address) = &link.kind else {
            let path = if self.recursive { join(&paths.text(parent), &name) } else { name };
            return self.other_link(group, &path, link);
        };
        let path = paths.add(Some(parent), name);
        let shown = if self.recursive { paths.text(path) } else { paths.names[path].1.clone() };
        let object = match group.open_link(link) {
            Ok(object) => object,
            Err(error) => {
                self.failed = true;
                return self.line(&shown, &format!("Unreadable: {}", escaped(error.to_string().as_bytes())));
            }
        };
        if let Some(&first) = paths.met.get(address) {
            let what = format!("{}, same as {}", kind(&object), paths.text(first));
            return self.line(&shown, &what);
        }
        paths.met.insert(*address, path);
        self.object(&shown, &object)?;
        match object {
            Object::Group(group) if self.recursive => self.enter(group, path, way),
            _ => Ok(()),
        }
    }

    fn other_link(&mut self, group: &Group, name: &str, link: &Link) -> Result<(), Failure> {
        let text = |text: &[u8]| escaped(text);
        let what = match &link.kind {
            LinkKind::Soft(target) => format!("Soft link -> {}", text(target)),
            LinkKind::External { file, path } => {
                format!("External link -> {}/{}", text(file), text(path).trim_start_matches('/'))
            }
            LinkKind::User(class) => format!("User-defined link of class {class}"),
            LinkKind::Unreadable(why) => {
                self.failed = true;
                format!("External link, unreadable: {}", text(why.as_bytes()))
            }
            other => format!("{other:?}"),
        };
        self.line(name, &what)?;
        if !self.verbose || matches!(link.kind, LinkKind::User(_)) {
            return Ok(());
        }
        // That a link leads nowhere is no fault of the file.
        match group.open_link(link) {
            Ok(object) => self.detail("Leads to:", &kind(&object).to_lowercase()),
            Err(error) => self.detail("Dangling:", &text(error.to_string().as_bytes())),
        }
    }

    /// Prints the line of an object, and with `-v` what else there is to tell.
    fn object(&mut self, name: &str, object: &Object) -> Result<(), Failure> {
        let readable = match object {
            // A dataset has a type, a shape and a layout, or is none.
            Object::Dataset(dataset) => {
                dataset.dtype().and_then(|_| space(dataset)).map(|space| format!("Dataset {space}"))
            }
            Object::Datatype(location) => location.committed().map(|_| kind(object).to_owned()),
            _ => Ok(kind(object).to_owned()),
        };
        match readable {
            Ok(line) => self.line(name, &line)?,
            Err(error) => {
                self.line(name, kind(object))?;
                self.unreadable(&error)?;
            }
        }
        if self.verbose { self.details(object) } else { Ok(()) }
    }
}

fn join(parent: &str, name: &str) -> String {
    if parent.ends_with('/') { format!("{parent}{name}") } else { format!("{parent}/{name}") }
}

fn kind(object: &Object) -> &'static str {
    match object {
        Object::Group(_) => "Group",
        Object::Dataset(_) => "Dataset",
        Object::Datatype(_) => "Datatype",
        _ => "Object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_its_parents_and_a_name() {
        let mut paths = Paths::default();
        let root = paths.add(None, "/".to_owned());
        let group = paths.add(Some(root), "a".to_owned());
        let member = paths.add(Some(group), "b".to_owned());
        assert_eq!([root, group, member].map(|path| paths.text(path)), ["/", "/a", "/a/b"]);
        assert_eq!((join("/", "a"), join("/a", "b")), ("/a".to_owned(), "/a/b".to_owned()));
    }
}
