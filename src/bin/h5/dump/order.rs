//! The order in which links and attributes are printed.

use h5::{Attribute, Group, Link, Location};

/// By what, and in which direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// By the order of creation where that is known, otherwise by name.
    pub(crate) by_creation: bool,
    pub(crate) descending: bool,
}

impl Order {
    pub(crate) fn links(self, group: &Group) -> h5::Result<Vec<Link>> {
        let created = if self.by_creation { group.links_by_creation_order()? } else { None };
        let mut links = match created {
            Some(links) => links,
            None => {
                let mut links = group.links()?;
                links.sort_by(|a, b| a.raw_name.cmp(&b.raw_name));
                links
            }
        };
        if self.descending {
            links.reverse();
        }
        Ok(links)
    }

    /// The attributes that can be read, and what is wrong with the others.
    pub(crate) fn attributes(self, object: &Location) -> h5::Result<(Vec<Attribute>, Vec<h5::Error>)> {
        let created = if self.by_creation { object.attrs_by_creation_order()? } else { None };
        let by_name = created.is_none();
        let (mut attributes, mut errors) = (Vec::new(), Vec::new());
        for attribute in created.map_or_else(|| object.attrs(), Ok)? {
            match attribute {
                Ok(attribute) => attributes.push(attribute),
                Err(error) => errors.push(error),
            }
        }
        if by_name {
            attributes.sort_by(|a, b| a.raw_name().cmp(b.raw_name()));
        }
        if self.descending {
            attributes.reverse();
        }
        Ok((attributes, errors))
    }
}
