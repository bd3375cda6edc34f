//! The list of what is in a file.

use std::collections::HashMap;

use h5::{Group, Link, LinkKind, Location, Object};

use super::Dump;
use super::names::join;
use crate::Failure;

impl Dump {
    /// Writes a line for each object, link and, if wanted, attribute.
    pub(crate) fn list_contents(&mut self, root: &Group, attributes: bool) -> Result<(), Failure> {
        self.page.raw(b"\nFILE_CONTENTS {")?;
        for address in self.unlinked_types() {
            self.entry(b"datatype", format!("/#{address}").as_bytes(), &[])?;
        }
        self.entry(b"group", b"/", &[])?;
        let mut known = HashMap::from([(root.address(), b"/".to_vec())]);
        self.list_attributes(root, b"/", attributes)?;
        let links = self.links(root)?;
        let mut open = vec![(root.clone(), b"/".to_vec(), links.into_iter())];
        while let Some((group, path, links)) = open.last_mut() {
            let Some(link) = links.next() else {
                open.pop();
                continue;
            };
            let (group, path) = (group.clone(), join(path, &link.raw_name));
            if let Some(group) = self.list_link(&group, &link, &path, &mut known, attributes)? {
                let links = self.links(&group)?;
                open.push((group, path, links.into_iter()));
            }
        }
        self.page.raw(b"\n }")?;
        Ok(())
    }

    /// Lists what a link leads to; a group whose members are to be listed is returned.
    fn list_link(
        &mut self,
        group: &Group,
        link: &Link,
        path: &[u8],
        known: &mut HashMap<u64, Vec<u8>>,
        attributes: bool,
    ) -> Result<Option<Group>, Failure> {
        match &link.kind {
            LinkKind::Soft(target) => self.entry(b"link", path, target)?,
            LinkKind::External { file, path: target } => {
                self.entry(b"ext link", path, &[&file[..], b" ", target].concat())?;
            }
            LinkKind::Hard(address) => {
                let object = group.open_link(link).map_err(Failure::File);
                let Some(object) = self.tolerate(object)? else { return Ok(None) };
                let first = known.get(address).cloned();
                self.entry(word(&object), path, first.as_deref().unwrap_or_default())?;
                if first.is_none() {
                    known.insert(*address, path.to_vec());
                    self.list_attributes(object.location(), path, attributes)?;
                    if let Object::Group(group) = object {
                        return Ok(Some(group));
                    }
                }
            }
            _ => self.entry(b"unknown type of UD link", path, b"???")?,
        }
        Ok(None)
    }

    fn list_attributes(&mut self, object: &Location, path: &[u8], wanted: bool) -> Result<(), Failure> {
        if !wanted {
            return Ok(());
        }
        let result = self.settings.order.attributes(object).map_err(Failure::File);
        let (attributes, errors) = self.tolerate(result)?.unwrap_or_default();
        for attribute in attributes {
            self.entry(b"attribute", &join(path, attribute.raw_name()), &[])?;
        }
        errors.into_iter().for_each(|error| self.complain(error));
        Ok(())
    }

    fn entry(&mut self, kind: &[u8], path: &[u8], target: &[u8]) -> Result<(), Failure> {
        let mut line = [b"\n ", kind].concat();
        line.resize(line.len().max(12), b' ');
        line.push(b' ');
        line.extend_from_slice(path);
        if !target.is_empty() {
            line.extend_from_slice(b" -> ");
            line.extend_from_slice(target);
        }
        self.page.raw(&line)?;
        Ok(())
    }
}

fn word(object: &Object) -> &'static [u8] {
    match object {
        Object::Group(_) => b"group",
        Object::Dataset(_) => b"dataset",
        _ => b"datatype",
    }
}
