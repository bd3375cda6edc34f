//! The objects of a file that can occur more than once: where they were found first, and whether they were printed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use h5::{Group, Link, LinkKind, Object};

use super::names::join;
use super::order::Order;

/// An object that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: Vec<u8>,
    pub(crate) is_printed: bool,
}

/// A committed datatype that was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundType {
    pub(crate) address: u64,
    /// Its path, or that of the dataset that uses it.
    pub(crate) path: Vec<u8>,
    /// Some link leads to it.
    pub(crate) has_link: bool,
    pub(crate) is_printed: bool,
}

/// The objects below a group.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) groups: HashMap<u64, Found>,
    pub(crate) datasets: HashMap<u64, Found>,
    pub(crate) types: Vec<FoundType>,
}

impl Table {
    /// Finds everything that hard links lead to, group by group. What cannot be opened is passed over here.
    pub(crate) fn new(root: &Object, path: &[u8], order: Order) -> Self {
        let mut table = Table::default();
        let mut open = Vec::new();
        table.add(root.clone(), path.to_vec(), order, &mut open);
        while let Some((group, path, links)) = open.last_mut() {
            match links.next() {
                None => {
                    open.pop();
                }
                Some(link) if matches!(link.kind, LinkKind::Hard(_)) => {
                    let path = join(path, &link.raw_name);
                    if let Ok(object) = group.open_link(&link) {
                        table.add(object, path, order, &mut open);
                    }
                }
                Some(_) => {}
            }
        }
        table
    }

    fn add(
        &mut self,
        object: Object,
        path: Vec<u8>,
        order: Order,
        open: &mut Vec<(Group, Vec<u8>, std::vec::IntoIter<Link>)>,
    ) {
        let address = object.location().address();
        let found = Found { path: path.clone(), is_printed: false };
        match object {
            Object::Group(group) => {
                if let Entry::Vacant(place) = self.groups.entry(address) {
                    place.insert(found);
                    let (links, _) = order.links(&group).unwrap_or_default();
                    open.push((group, path, links.into_iter()));
                }
            }
            Object::Dataset(dataset) => {
                if self.datasets.contains_key(&address) {
                    return;
                }
                self.datasets.insert(address, found);
                if let Ok(Some(address)) = dataset.committed_type()
                    && self.datatype(address).is_none()
                {
                    self.types.push(FoundType { address, path, has_link: false, is_printed: false });
                }
            }
            Object::Datatype(_) => match self.datatype(address) {
                None => {
                    self.types.push(FoundType { address, path, has_link: true, is_printed: false });
                }
                Some(known) if !known.has_link => {
                    known.has_link = true;
                    known.path = path;
                }
                Some(_) => {}
            },
            _ => {}
        }
    }

    /// Finds a committed datatype.
    pub(crate) fn datatype(&mut self, address: u64) -> Option<&mut FoundType> {
        self.types.iter_mut().find(|known| known.address == address)
    }
}
