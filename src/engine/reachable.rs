//! All objects that the root group leads to.

use std::collections::HashSet;

use super::group::links;
use super::{Core, Header, kind_of};
use crate::base::{Address, Result};
use crate::format::message::link::Target;

/// The objects that hard links lead to, directly or by way of others; the root group is one of them.
pub(crate) fn reachable(core: &Core) -> Result<HashSet<Address>> {
    let root = core.superblock.root_header();
    let (mut seen, mut pending) = (HashSet::from([root]), vec![root]);
    while let Some(address) = pending.pop() {
        let header = Header::load(core, address)?;
        if kind_of(&header) != "group" {
            continue;
        }
        for link in links(core, &header)? {
            if let Target::Hard(object) = link?.target
                && seen.insert(object)
            {
                core.budget.items(seen.len() as u64)?;
                pending.push(object);
            }
        }
    }
    Ok(seen)
}
