//! The objects of a file, depth first, each under the path by which it is met first.

use std::collections::HashMap;

use h5::{File, Link, LinkKind, Object};

use super::latin1;

/// An object that was found: its path is its parent's and its own name.
struct Found {
    address: u64,
    parent: usize,
    name: Vec<u8>,
}

/// All objects of a file. Paths are put together when they are asked for: those of deep trees add up to a lot.
pub(super) struct Tree {
    found: Vec<Found>,
    places: HashMap<u64, usize>,
    /// Why objects that a link leads to are not listed.
    refused: HashMap<u64, String>,
}

/// A group on the way, and its links that are still to be followed, the next one last.
struct Step {
    group: usize,
    links: Vec<Link>,
}

impl Tree {
    /// Follows all hard links from the root on, in the order of the bytes of their names.
    pub(super) fn of(file: &File) -> Tree {
        let root = Found { address: file.address(), parent: 0, name: Vec::new() };
        let places = HashMap::from([(root.address, 0)]);
        let mut tree = Tree { found: vec![root], places, refused: HashMap::new() };
        let mut way = vec![Step { group: 0, links: pending(&Object::Group((**file).clone())) }];
        while let Some(step) = way.last_mut() {
            match step.links.pop() {
                Some(link) => {
                    let parent = step.group;
                    way.extend(tree.follow(file, parent, link));
                }
                None => drop(way.pop()),
            }
        }
        tree
    }

    /// Lists what a link leads to, unless it is listed already; a group is the next step.
    fn follow(&mut self, file: &File, parent: usize, link: Link) -> Option<Step> {
        let LinkKind::Hard(address) = link.kind else { return None };
        if self.places.contains_key(&address) {
            return None;
        }
        let group = self.found.len();
        self.found.push(Found { address, parent, name: link.raw_name });
        let object = match file.open_address_as(address, &self.path(group)).and_then(whole) {
            Ok(object) => object,
            Err(error) => {
                self.found.pop();
                self.refused.insert(address, error.to_string());
                return None;
            }
        };
        self.places.insert(address, group);
        matches!(object, Object::Group(_)).then(|| Step { group, links: pending(&object) })
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// The address of an object's header.
    pub(super) fn address(&self, index: usize) -> u64 {
        self.found[index].address
    }

    /// The path of an object; the first one is the root.
    pub(super) fn path(&self, index: usize) -> String {
        let mut names = Vec::new();
        let mut at = index;
        while at != 0 {
            names.push(&self.found[at].name);
            at = self.found[at].parent;
        }
        let mut path = String::new();
        for name in names.iter().rev() {
            path.push('/');
            match std::str::from_utf8(name) {
                Ok(name) => path.push_str(name),
                Err(_) => path.push_str(&latin1(name)),
            }
        }
        if path.is_empty() { "/".to_owned() } else { path }
    }

    /// The path that an object is listed under, or why it is not.
    pub(super) fn target(&self, address: u64) -> Result<String, &str> {
        match self.places.get(&address) {
            Some(&index) => Ok(self.path(index)),
            None => Err(self.refused.get(&address).map_or("it is not listed", String::as_str)),
        }
    }
}

/// The object, if what makes it what it is can be decoded: a dataset needs its type, shape and layout.
fn whole(object: Object) -> h5::Result<Object> {
    match &object {
        Object::Dataset(dataset) => dataset.dtype().map(drop)?,
        Object::Datatype(location) => location.committed().map(drop)?,
        _ => {}
    }
    Ok(object)
}

/// The links of a group, the last one first; of a group with one that cannot be read none, as in libhdf5. What can be
/// read of it is told where the group is described, and `h5 ls` follows it.
fn pending(object: &Object) -> Vec<Link> {
    let Object::Group(group) = object else { return Vec::new() };
    let links: h5::Result<Vec<Link>> = group.links().and_then(|links| links.into_iter().collect());
    let mut links = links.unwrap_or_default();
    links.reverse();
    links
}
