//! What the user asks for by its path.

use std::collections::HashSet;

use h5::{Group, Link, LinkKind, Location, Object};

use super::Dump;
use super::names::join;
use super::options::{Kind, Wanted};
use super::walk::quoted;
use crate::Failure;

impl Dump {
    /// Writes what was asked for, or says that it isn't there.
    pub(crate) fn wanted(&mut self, root: &Group, wanted: &Wanted) -> Result<(), Failure> {
        let path = &wanted.path;
        let result = match wanted.kind {
            Kind::Attribute => self.wanted_attribute(root, path),
            Kind::SoftLink => self.wanted_link(root, path),
            Kind::Any => self.wanted_any(root, path),
            _ => self.wanted_object(root, wanted),
        };
        self.tolerate(result)?;
        Ok(())
    }

    fn wanted_object(&mut self, root: &Group, wanted: &Wanted) -> Result<(), Failure> {
        let (name, is) = (wanted.path.as_bytes(), wanted.kind);
        let object = match root.open(&wanted.path) {
            // A link that leads nowhere is printed itself.
            Err(_) if is == Kind::Dataset && self.link(root, &wanted.path)?.is_some() => {
                return self.wanted_link(root, &wanted.path);
            }
            Err(error) if is == Kind::Datatype => match self.unlinked_type(&wanted.path) {
                Some(address) => root.open_address(address)?,
                None => return Err(error.into()),
            },
            object => object?,
        };
        match (object, is) {
            (Object::Dataset(dataset), Kind::Dataset) => {
                if let Some(subset) = &wanted.subset {
                    match subset.axes(&dataset) {
                        Ok(axes) => self.subset = Some(axes),
                        Err(error) => {
                            self.complain(format!("{}: {error}", wanted.path));
                            return Ok(());
                        }
                    }
                }
                let result = self.linked_dataset(&dataset, name, 1);
                self.subset = None;
                result
            }
            (Object::Group(group), Kind::Group) => self.group(&group, name, 1),
            (Object::Datatype(datatype), Kind::Datatype) => self.named_datatype(&datatype, name, 1),
            (_, kind) => {
                let word = match kind {
                    Kind::Dataset => "dataset",
                    Kind::Group => "group",
                    _ => "committed datatype",
                };
                self.complain(format!("{} is no {word}", wanted.path));
                Ok(())
            }
        }
    }

    /// The address of a committed datatype that only datasets lead to: its path is a number sign and that address.
    fn unlinked_type(&mut self, path: &str) -> Option<u64> {
        let address = path.strip_prefix("/#")?.parse().ok()?;
        self.unlinked_types().contains(&address).then_some(address)
    }

    /// The group and the link that a path ends with, if there is one and it is not a hard link.
    fn link(&mut self, root: &Group, path: &str) -> Result<Option<(Group, Link)>, Failure> {
        let (parent, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("/", path));
        let Ok(group) = root.group(if parent.is_empty() { "/" } else { parent }) else { return Ok(None) };
        let link = group.links()?.into_iter().flatten().find(|link| link.name == name);
        Ok(link.filter(|link| !matches!(link.kind, LinkKind::Hard(_))).map(|link| (group, link)))
    }

    fn wanted_attribute(&mut self, root: &Group, path: &str) -> Result<(), Failure> {
        let (object, name) = split_attribute(path);
        let object = root.open(object.filter(|path| !path.is_empty()).unwrap_or("/"))?;
        let attribute = object.location().attr(&name)?;
        self.attribute(&attribute, name.as_bytes(), 1)
    }

    fn wanted_link(&mut self, root: &Group, path: &str) -> Result<(), Failure> {
        let Some((group, link)) = self.link(root, path)? else {
            let why = if root.open(path).is_ok() { "is a hard link" } else { "is not there" };
            self.complain(format!("{path} {why}"));
            return Ok(());
        };
        self.shown_link(&group, &link, path.as_bytes().to_vec())
    }

    /// Writes a link under another name; an external one without what it leads to.
    fn shown_link(&mut self, group: &Group, link: &Link, name: Vec<u8>) -> Result<(), Failure> {
        match &link.kind {
            LinkKind::External { file, path } => {
                let lines = [quoted(b"TARGETFILE", file), quoted(b"TARGETPATH", path)];
                self.block(b"EXTERNAL_LINK", &name, &lines, 1)
            }
            _ => self.member(group, &Link { raw_name: name, ..link.clone() }, 1).map(|_| ()),
        }
    }

    /// Writes the object or the link with this path and the attributes of this name.
    ///
    /// Like h5dump: an object needs its absolute path, a link one from the root, and of an attribute the last component
    /// may be enough.
    fn wanted_any(&mut self, root: &Group, path: &str) -> Result<(), Failure> {
        let mut search = Search { wanted: path, seen: HashSet::from([root.address()]), found: false };
        self.find_attributes(&mut search, root, b"/")?;
        let mut open = vec![(root.clone(), b"/".to_vec(), self.links(root)?.into_iter())];
        while let Some((group, at, links)) = open.last_mut() {
            let Some(link) = links.next() else {
                open.pop();
                continue;
            };
            let (group, at) = (group.clone(), join(at, &link.raw_name));
            if let Some(inside) = self.find_member(&mut search, &group, &link, &at)? {
                let links = self.links(&inside)?;
                open.push((inside, at, links.into_iter()));
            }
        }
        if !search.found {
            self.complain(format!("nothing has the path {path}"));
        }
        Ok(())
    }

    /// Looks at what a link leads to; a group is returned where it is met for the first time.
    fn find_member(
        &mut self,
        search: &mut Search<'_>,
        group: &Group,
        link: &Link,
        at: &[u8],
    ) -> Result<Option<Group>, Failure> {
        let wanted = search.wanted.as_bytes();
        if !matches!(link.kind, LinkKind::Hard(_)) {
            if at == wanted || at.strip_prefix(b"/") == Some(wanted) {
                search.found = true;
                self.shown_link(group, link, wanted.to_vec())?;
            }
            return Ok(None);
        }
        let Ok(object) = group.open_link(link) else { return Ok(None) };
        self.find_attributes(search, object.location(), at)?;
        if at == wanted {
            search.found = true;
            match &object {
                Object::Group(group) => self.group(group, wanted, 1)?,
                Object::Dataset(dataset) => self.linked_dataset(dataset, wanted, 1)?,
                object => self.named_datatype(object.location(), wanted, 1)?,
            }
        }
        let is_new = search.seen.insert(object.location().address());
        Ok(match object {
            Object::Group(group) if is_new => Some(group),
            _ => None,
        })
    }

    fn find_attributes(
        &mut self,
        search: &mut Search<'_>,
        object: &Location,
        at: &[u8],
    ) -> Result<(), Failure> {
        let wanted = search.wanted;
        let (parent, name) = split_attribute(wanted);
        let is_here = match parent {
            None => true,
            Some("") => at == b"/",
            Some(parent) => at == parent.as_bytes() || at.ends_with(format!("/{parent}").as_bytes()),
        };
        let found = if is_here { object.attr(&name).ok() } else { None };
        if let Some(attribute) = found {
            search.found = true;
            self.attribute(&attribute, name.as_bytes(), 1)?;
        }
        Ok(())
    }
}

/// What is looked for by -N.
struct Search<'a> {
    wanted: &'a str,
    /// The addresses of the objects that were met.
    seen: HashSet<u64>,
    found: bool,
}

/// The path of an object, if there is one, and the name of its attribute; slashes in the name have a backslash in front.
fn split_attribute(path: &str) -> (Option<&str>, String) {
    let slash = path.match_indices('/').map(|(at, _)| at).rfind(|&at| !path[..at].ends_with('\\'));
    let (object, name) = slash.map_or((None, path), |at| (Some(&path[..at]), &path[at + 1..]));
    (object, name.replace("\\/", "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_in_the_names_of_attributes_are_escaped() {
        let split = |path| split_attribute(path);
        assert_eq!(split("a"), (None, "a".to_owned()));
        assert_eq!(split("/a"), (Some(""), "a".to_owned()));
        assert_eq!(split("/g/d/a\\/b"), (Some("/g/d"), "a/b".to_owned()));
        assert_eq!(split("\\/a"), (None, "/a".to_owned()));
    }
}
