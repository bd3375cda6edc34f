//! Paths: from a group through hard and soft links to an object.

use super::group::find_link;
use super::{Core, Header};
use crate::base::{Address, Error, Misuse, Result, Structure};
use crate::format::message::link::Target;

/// Where a path leads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolved {
    Here {
        address: Address,
        path: String,
    },
    /// It goes on in another file.
    External {
        file: Vec<u8>,
        path: Vec<u8>,
    },
}

/// A walk along one path. Soft links put their target in front of what is left of it.
pub(crate) struct Walk<'a> {
    core: &'a Core,
    pending: Vec<Vec<u8>>,
    followed: u32,
}

/// Follows a path from a group whose own path is known; a path that begins with `/` starts at the root.
///
/// Names in a file need not be UTF-8, so the path may be bytes as well as text.
pub(crate) fn resolve(
    core: &Core,
    start: Address,
    start_path: &str,
    path: impl AsRef<[u8]>,
) -> Result<Resolved> {
    let path = path.as_ref();
    let mut walk = Walk { core, pending: Vec::new(), followed: 0 };
    walk.prepend(path);
    let absolute = path.first() == Some(&b'/');
    let (address, at) = if absolute { (core.superblock.root_header(), "/") } else { (start, start_path) };
    let object = || join(start_path, &String::from_utf8_lossy(path));
    walk.run(address, at.to_owned()).map_err(|e| e.of(&object()))
}

impl Walk<'_> {
    fn prepend(&mut self, path: &[u8]) {
        let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
        self.pending.extend(parts.rev().map(<[u8]>::to_vec));
    }

    fn run(&mut self, mut address: Address, mut path: String) -> Result<Resolved> {
        while let Some(name) = self.pending.pop() {
            let found =
                Header::load(self.core, address).and_then(|header| find_link(self.core, &header, &name));
            let found = found.map_err(|e| e.of(&path))?;
            let child = join(&path, &String::from_utf8_lossy(&name));
            let Some(link) = found else { return Err(Misuse::NotFound { path: child }.into()) };
            match link.target {
                Target::Hard(target) => (address, path) = (target, child),
                Target::Soft(target) => {
                    self.followed += 1;
                    self.core
                        .budget
                        .depth(self.followed)
                        .map_err(|e| e.within(Structure::Path).of(&child))?;
                    if target.first() == Some(&b'/') {
                        (address, path) = (self.core.superblock.root_header(), "/".to_owned());
                    }
                    self.prepend(&target);
                }
                Target::Other { kind, .. } => {
                    let Some(external) = link.target.external() else {
                        let what = format!("following user-defined links, here of class {kind}");
                        return Err(Error::unsupported(what).of(&child));
                    };
                    let (file, target) = external.map_err(|e| e.of(&child))?;
                    let (file, mut path) = (file.to_vec(), target.to_vec());
                    for name in self.pending.iter().rev() {
                        path.push(b'/');
                        path.extend_from_slice(name);
                    }
                    return Ok(Resolved::External { file, path });
                }
            }
        }
        Ok(Resolved::Here { address, path })
    }
}

/// Puts a relative path behind an absolute one.
pub(crate) fn join(parent: &str, child: &str) -> String {
    if child.starts_with('/') {
        return child.to_owned();
    }
    format!("{}/{}", parent.trim_end_matches('/'), child)
}

/// Splits a path into that of the parent group, if it names one, and the last name.
pub(crate) fn split_parent(path: &str) -> (Option<&str>, &str) {
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some(("", name)) => (Some("/"), name),
        Some((parent, name)) => (Some(parent), name),
        None => (None, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join_and_split() {
        assert_eq!(join("/", "a"), "/a");
        assert_eq!(join("/a", "b/c"), "/a/b/c");
        assert_eq!(join("/a", "/b"), "/b");
        assert_eq!(split_parent("a"), (None, "a"));
        assert_eq!(split_parent("/a"), (Some("/"), "a"));
        assert_eq!(split_parent("/a/b/"), (Some("/a"), "b"));
    }
}
