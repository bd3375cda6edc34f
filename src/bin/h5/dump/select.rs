//! What the user asks for by its path.

use h5::{Group, LinkKind, Object};

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
        match (root.open(&wanted.path)?, is) {
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
                let result = self.dataset(&dataset, name, 1);
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

    fn wanted_attribute(&mut self, root: &Group, path: &str) -> Result<(), Failure> {
        let slash = path.match_indices('/').map(|(at, _)| at).rfind(|&at| !path[..at].ends_with('\\'));
        let (object, name) = slash.map_or(("/", path), |at| (&path[..at], &path[at + 1..]));
        let name = name.replace("\\/", "/");
        let object = root.open(if object.is_empty() { "/" } else { object })?;
        let attribute = object.location().attr(&name)?;
        self.attribute(&attribute, name.as_bytes(), 1)
    }

    fn wanted_link(&mut self, root: &Group, path: &str) -> Result<(), Failure> {
        let (parent, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("/", path));
        let group = root.group(if parent.is_empty() { "/" } else { parent })?;
        let link = group.links()?.into_iter().find(|link| link.name == name);
        let Some(mut link) = link else {
            self.complain(format!("{path} is not there"));
            return Ok(());
        };
        if let LinkKind::Hard(_) = link.kind {
            self.complain(format!("{path} is a hard link"));
            return Ok(());
        }
        let whole = path.as_bytes().to_vec();
        match &link.kind {
            LinkKind::External { file, path } => {
                let lines = [quoted(b"TARGETFILE", file), quoted(b"TARGETPATH", path)];
                self.block(b"EXTERNAL_LINK", &whole, &lines, 1)
            }
            _ => {
                link.raw_name = whole;
                self.member(&group, &link, 1).map(|_| ())
            }
        }
    }

    /// Writes whatever has this path, or one that ends so.
    fn wanted_any(&mut self, root: &Group, path: &str) -> Result<(), Failure> {
        let mut seen = std::collections::HashSet::from([root.address()]);
        let mut open = vec![(root.clone(), b"/".to_vec())];
        let mut found = false;
        while let Some((group, at)) = open.pop() {
            found |= self.attributes_ending(&Object::Group(group.clone()), &at, path)?;
            let mut inside = Vec::new();
            for link in self.settings.order.links(&group)? {
                let at = join(&at, &link.raw_name);
                if ends(&at, path) {
                    found = true;
                    let mut shown = link.clone();
                    shown.raw_name = path.as_bytes().to_vec();
                    if let Some(group) = self.member(&group, &shown, 1)? {
                        self.group(&group, path.as_bytes(), 1)?;
                    }
                }
                if !matches!(link.kind, LinkKind::Hard(_)) {
                    continue;
                }
                let Ok(object) = group.open_link(&link) else { continue };
                if !seen.insert(object.location().address()) {
                    continue;
                }
                match object {
                    Object::Group(group) => inside.push((group, at)),
                    object => found |= self.attributes_ending(&object, &at, path)?,
                }
            }
            open.extend(inside.into_iter().rev());
        }
        if !found {
            self.complain(format!("nothing has the path {path}"));
        }
        Ok(())
    }

    fn attributes_ending(&mut self, object: &Object, at: &[u8], path: &str) -> Result<bool, Failure> {
        let (attributes, _) = self.settings.order.attributes(object.location())?;
        let mut found = false;
        for attribute in attributes {
            if ends(&join(at, attribute.raw_name()), path) {
                found = true;
                self.attribute(&attribute, attribute.raw_name(), 1)?;
            }
        }
        Ok(found)
    }
}

/// Whether a path is or ends in another one, component by component.
fn ends(at: &[u8], path: &str) -> bool {
    let path = path.as_bytes();
    at.strip_suffix(path).is_some_and(|rest| {
        rest.is_empty() || rest.ends_with(b"/") || path.starts_with(b"/") && rest.is_empty()
    })
}
