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
    /// The links that can be read, and what is wrong with the others.
    pub(crate) fn links(self, group: &Group) -> h5::Result<(Vec<Link>, Vec<h5::Error>)> {
        let created = if self.by_creation { group.links_by_creation_order()? } else { None };
        let (mut links, errors) = parted(created.map_or_else(|| group.links(), Ok)?);
        if self.descending {
            links.reverse();
        }
        Ok((links, errors))
    }

    /// The attributes that can be read, and what is wrong with the others.
    pub(crate) fn attributes(self, object: &Location) -> h5::Result<(Vec<Attribute>, Vec<h5::Error>)> {
        let created = if self.by_creation { object.attrs_by_creation_order()? } else { None };
        let by_name = created.is_none();
        let (mut attributes, errors) = parted(created.map_or_else(|| object.attrs(), Ok)?);
        if by_name {
            attributes.sort_by(|a, b| a.raw_name().cmp(b.raw_name()));
        }
        if self.descending {
            attributes.reverse();
        }
        Ok((attributes, errors))
    }
}

/// What could be read, and what is wrong with the rest.
fn parted<T>(all: Vec<h5::Result<T>>) -> (Vec<T>, Vec<h5::Error>) {
    let (mut readable, mut errors) = (Vec::new(), Vec::new());
    for one in all {
        match one {
            Ok(one) => readable.push(one),
            Err(error) => errors.push(error),
        }
    }
    (readable, errors)
}
