//! Objects with what is in them: groups, datasets, committed datatypes, attributes, links.

use h5::types::stored::Class;
use h5::{Container, Dataset, Group, Link, LinkKind, Location, Object};

use super::page::{Cursor, Place};
use super::table::Found;
use super::{Dump, datatype};
use crate::Failure;

/// A group that is being printed.
struct Frame {
    group: Group,
    links: std::vec::IntoIter<Link>,
    /// The indentation of the group's own line.
    level: usize,
}

impl Dump {
    /// Writes a group with everything below it.
    pub(crate) fn group(&mut self, group: &Group, name: &[u8], level: usize) -> Result<(), Failure> {
        let mut open: Vec<Frame> = Vec::new();
        open.push(self.open_group(group.clone(), name, level)?);
        while let Some(frame) = open.last_mut() {
            let inside = frame.level + 1;
            match frame.links.next() {
                Some(link) => {
                    let group = frame.group.clone();
                    if let Some(group) = self.member(&group, &link, inside)? {
                        open.push(self.open_group(group, &link.raw_name, inside)?);
                    }
                }
                None => {
                    let mut cursor = Cursor::new(frame.level);
                    open.pop();
                    let style = self.style();
                    self.page.line(&mut cursor, &style, b"}")?;
                }
            }
        }
        Ok(())
    }

    /// Writes the beginning of a group with its attributes; its links are left for later.
    fn open_group(&mut self, group: Group, name: &[u8], level: usize) -> Result<Frame, Failure> {
        let (style, mut cursor) = (self.style(), Cursor::new(level));
        self.page.line(&mut cursor, &style, &[b"GROUP \"", name, b"\" {"].concat())?;
        cursor.level += 1;
        if name == b"/" {
            self.types_without_links(level + 1)?;
        }
        self.object_id(&mut cursor, &group)?;
        self.comment(&mut cursor, &group)?;
        let mut links = Vec::new();
        let found = self.table().groups.get_mut(&group.address());
        match found.map(|found| (std::mem::replace(&mut found.is_printed, true), found.path.clone())) {
            Some((true, path)) => {
                self.page.line(&mut cursor, &style, &[b"HARDLINK \"", &path[..], b"\""].concat())?;
            }
            Some((false, _)) => {
                self.attributes(&group, level + 1)?;
                links = self.links(&group)?;
            }
            None => self.complain("a group was not found before"),
        }
        Ok(Frame { group, links: links.into_iter(), level })
    }

    /// The links of a group; complains of those that cannot be read.
    pub(crate) fn links(&mut self, group: &Group) -> Result<Vec<Link>, Failure> {
        let result = self.settings.order.links(group).map_err(Failure::File);
        let (links, errors) = self.tolerate(result)?.unwrap_or_default();
        errors.into_iter().for_each(|error| self.complain(error));
        Ok(links)
    }

    /// Writes a member of a group, unless it is a group itself: then it is returned.
    pub(crate) fn member(
        &mut self,
        group: &Group,
        link: &Link,
        level: usize,
    ) -> Result<Option<Group>, Failure> {
        let name = &link.raw_name[..];
        match &link.kind {
            LinkKind::Hard(_) => match group.open_link(link) {
                Ok(Object::Group(group)) => return Ok(Some(group)),
                Ok(Object::Dataset(dataset)) => self.linked_dataset(&dataset, name, level)?,
                Ok(Object::Datatype(datatype)) => self.named_datatype(&datatype, name, level)?,
                Ok(_) => self.complain("an object of an unknown kind"),
                Err(error) => self.complain(error),
            },
            LinkKind::Soft(target) => {
                let target = quoted(b"LINKTARGET", target);
                self.block(b"SOFTLINK", name, &[target], level)?;
            }
            LinkKind::External { file, path } => self.external_link(group, link, file, path, level)?,
            LinkKind::User(class) => {
                let class = format!("LINKCLASS {class}").into_bytes();
                self.block(b"USERDEFINED_LINK", name, &[class], level)?;
            }
            LinkKind::Unreadable(why) => self.complain(why),
            _ => self.complain("a link of an unknown kind"),
        }
        Ok(None)
    }

    /// Writes a block of lines.
    pub(crate) fn block(
        &mut self,
        word: &[u8],
        name: &[u8],
        lines: &[Vec<u8>],
        level: usize,
    ) -> Result<(), Failure> {
        let (style, mut cursor) = (self.style(), Cursor::new(level));
        self.page.line(&mut cursor, &style, &[word, b" \"", name, b"\" {"].concat())?;
        cursor.level += 1;
        for line in lines {
            self.page.line(&mut cursor, &style, line)?;
        }
        cursor.level -= 1;
        self.page.line(&mut cursor, &style, b"}")?;
        Ok(())
    }

    pub(crate) fn external_link(
        &mut self,
        group: &Group,
        link: &Link,
        file: &[u8],
        path: &[u8],
        level: usize,
    ) -> Result<(), Failure> {
        let (style, mut cursor) = (self.style(), Cursor::new(level));
        let head = [b"EXTERNAL_LINK \"", &link.raw_name[..], b"\" {"].concat();
        self.page.line(&mut cursor, &style, &head)?;
        cursor.level += 1;
        self.page.line(&mut cursor, &style, &quoted(b"TARGETFILE", file))?;
        self.page.line(&mut cursor, &style, &quoted(b"TARGETPATH", path))?;
        // h5dump says nothing where the target cannot be opened.
        if let Ok(object) = group.open_link(link) {
            self.linked_file(&object, path, level + 1)?;
        }
        cursor.level -= 1;
        self.page.line(&mut cursor, &style, b"}")?;
        Ok(())
    }

    /// Writes a dataset, or where it was printed before.
    pub(crate) fn linked_dataset(
        &mut self,
        dataset: &Dataset,
        name: &[u8],
        level: usize,
    ) -> Result<(), Failure> {
        let count = dataset.link_count().map_err(Failure::File);
        if self.tolerate(count)?.unwrap_or(1) > 1 || self.is_elsewhere() {
            let found = self.table().datasets.get_mut(&dataset.address());
            if let Some(found) = found
                && std::mem::replace(&mut found.is_printed, true)
            {
                let Found { path, .. } = found.clone();
                return self.block(b"DATASET", name, &[[b"HARDLINK \"", &path[..], b"\""].concat()], level);
            }
        }
        self.dataset(dataset, name, level)
    }

    /// Writes a dataset.
    pub(crate) fn dataset(&mut self, dataset: &Dataset, name: &[u8], level: usize) -> Result<(), Failure> {
        let (style, mut cursor) = (self.style(), Cursor::new(level));
        self.page.begin(&mut cursor, &style, 0)?;
        let head = [b"DATASET \"", name, b"\" {"].concat();
        self.page.put(&mut cursor, &style, &head, Place::default())?;
        self.comment(&mut cursor, dataset)?;
        cursor.level += 1;
        self.declaration(&mut cursor, dataset)?;
        self.object_id(&mut cursor, dataset)?;
        if self.settings.properties {
            let result = self.properties(&mut cursor, dataset);
            self.tolerate(result)?;
        }
        if self.settings.data {
            let result = dataset.dtype().map_err(Failure::File);
            match self.tolerate(result)? {
                Some(datatype) if matches!(datatype.stored().class, Class::Time { .. }) => {
                    cursor.level += 1;
                    cursor.fresh = true;
                    self.page.begin(&mut cursor, &style, 0)?;
                    self.page.put(&mut cursor, &style, b"DATA{ not yet implemented.}", Place::default())?;
                    cursor.level -= 1;
                }
                Some(_) => self.data(&mut cursor, dataset, true)?,
                None => {}
            }
        }
        self.attributes(dataset, level + 1)?;
        cursor.level -= 1;
        cursor.fresh = true;
        self.page.begin(&mut cursor, &style, 0)?;
        self.page.put(&mut cursor, &style, b"}", Place::default())?;
        Ok(())
    }

    /// Writes the type and the shape of a dataset or an attribute.
    fn declaration(&mut self, cursor: &mut Cursor, container: &Container) -> Result<(), Failure> {
        let style = self.style();
        let mut text = b"DATATYPE  ".to_vec();
        cursor.fresh = true;
        let result = self.type_of(cursor, container, &mut text);
        if self.tolerate(result)?.is_some() {
            self.page.put(cursor, &style, &text, Place::default())?;
        }
        text.clear();
        let result = datatype::dataspace(&mut text, container).map_err(Failure::File);
        if self.tolerate(result)?.is_some() {
            self.page.line(cursor, &style, &text)?;
        }
        Ok(())
    }

    /// Appends a type to the text: the name of a committed one, the description of another one.
    pub(crate) fn type_of(
        &mut self,
        cursor: &mut Cursor,
        container: &Container,
        text: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        if let Some(address) = container.committed_type()? {
            let found = self.table().datatype(address).map(|found| (found.has_link, found.path.clone()));
            match found {
                Some((true, path)) => text.extend_from_slice(&[b"\"", &path[..], b"\""].concat()),
                Some((false, _)) => text.extend_from_slice(format!("\"/#{address}\"").as_bytes()),
                None => self.complain("unknown committed type"),
            }
            return Ok(());
        }
        let stored = container.dtype()?;
        let style = self.style();
        datatype::write(&mut self.page, cursor, &style, text, stored.stored())?;
        Ok(())
    }

    /// Writes a committed datatype.
    pub(crate) fn named_datatype(
        &mut self,
        location: &Location,
        name: &[u8],
        level: usize,
    ) -> Result<(), Failure> {
        let (style, mut cursor) = (self.style(), Cursor::new(level));
        self.page.line(&mut cursor, &style, &[b"DATATYPE \"", name, b"\" "].concat())?;
        let count = location.link_count().map_err(Failure::File);
        if self.tolerate(count)?.unwrap_or(1) > 1 || self.is_elsewhere() {
            let found = self.table().datatype(location.address());
            if let Some(found) = found
                && std::mem::replace(&mut found.is_printed, true)
            {
                let text = [b"HARDLINK \"", &found.path[..], b"\""].concat();
                self.page.put(&mut cursor, &style, &text, Place::default())?;
                return Ok(());
            }
        }
        let stored = location.committed().map_err(Failure::File);
        if let Some(stored) = self.tolerate(stored)?.flatten() {
            let mut text = Vec::new();
            datatype::write(&mut self.page, &mut cursor, &style, &mut text, stored.stored())?;
            if !matches!(stored.stored().class, Class::Compound(_)) {
                text.push(b';');
            }
            self.page.put(&mut cursor, &style, &text, Place::default())?;
        }
        self.attributes(location, level + 1)
    }

    /// Writes the committed datatypes that datasets use and no link leads to.
    fn types_without_links(&mut self, level: usize) -> Result<(), Failure> {
        for address in self.unlinked_types() {
            let object = self.root().open_address(address).map_err(Failure::File);
            if let Some(object) = self.tolerate(object)? {
                self.named_datatype(object.location(), format!("#{address}").as_bytes(), level)?;
            }
        }
        Ok(())
    }

    /// The addresses of these types.
    pub(crate) fn unlinked_types(&mut self) -> Vec<u64> {
        let types = self.table().types.iter().filter(|found| !found.has_link);
        types.map(|found| found.address).collect()
    }

    fn comment(&mut self, cursor: &mut Cursor, location: &Location) -> Result<(), Failure> {
        let comment = location.comment().map_err(Failure::File);
        if let Some(comment) = self.tolerate(comment)?.flatten().filter(|comment| !comment.is_empty()) {
            let style = self.style();
            self.page.line(cursor, &style, format!("COMMENT \"{comment}\"").as_bytes())?;
        }
        Ok(())
    }

    /// Writes the address of an object if that is wanted.
    fn object_id(&mut self, cursor: &mut Cursor, object: &Location) -> Result<(), Failure> {
        if self.settings.object_ids {
            let style = self.style();
            self.page.line(cursor, &style, format!("OBJECTID {{ {} }}", object.address()).as_bytes())?;
        }
        Ok(())
    }

    /// Writes the attributes of an object.
    pub(crate) fn attributes(&mut self, object: &Location, level: usize) -> Result<(), Failure> {
        if !self.settings.attributes {
            return Ok(());
        }
        let result = self.settings.order.attributes(object).map_err(Failure::File);
        let (attributes, errors) = self.tolerate(result)?.unwrap_or_default();
        for attribute in attributes {
            self.attribute(&attribute, attribute.raw_name(), level)?;
        }
        for error in errors {
            self.complain(error);
        }
        Ok(())
    }

    /// Writes an attribute.
    pub(crate) fn attribute(
        &mut self,
        attribute: &Container,
        name: &[u8],
        level: usize,
    ) -> Result<(), Failure> {
        let (style, mut cursor) = (self.style(), Cursor::new(level));
        self.page.line(&mut cursor, &style, &[b"ATTRIBUTE \"", name, b"\" {"].concat())?;
        cursor.level += 1;
        self.declaration(&mut cursor, attribute)?;
        if self.settings.attribute_data {
            self.data(&mut cursor, attribute, false)?;
        }
        cursor.level -= 1;
        self.page.line(&mut cursor, &style, b"}")?;
        Ok(())
    }
}

/// A word and what belongs to it in quotation marks.
pub(crate) fn quoted(word: &[u8], text: &[u8]) -> Vec<u8> {
    [word, b" \"", text, b"\""].concat()
}
