//! Version 1 B-trees: what those of groups and those of chunks have in common.

use std::any::Any;
use std::sync::Arc;

use super::{BlockKind, Core};
use crate::base::{Address, Error, Result};
use crate::format::btree_v1::{Key, Node, NodeContext};

/// A node on the way to a leaf, and which of its children the way goes to.
pub(crate) struct Step<K> {
    pub(crate) address: Address,
    pub(crate) node: Arc<Node<K>>,
    pub(crate) place: usize,
}

impl<K: Key + Any + Send + Sync> Step<K> {
    /// The node, to be changed.
    pub(crate) fn change(&mut self, core: &Core) -> &mut Node<K> {
        core.change(self.address, &mut self.node)
    }

    /// Stores the node.
    pub(crate) fn put(&self, core: &mut Core, cx: &NodeContext) -> Result<()> {
        core.put_and_keep(self.address, Arc::clone(&self.node), cx)
    }
}

/// The node at an address; one that is reached from another has to be on the level below.
pub(crate) fn node<K: Key + Any + Send + Sync>(
    core: &Core,
    cx: &NodeContext,
    address: Address,
    level: Option<u8>,
) -> Result<Arc<Node<K>>> {
    let node = core.fetch::<Node<K>>(address, cx)?;
    if level.is_some_and(|level| node.level != level) {
        let error = Error::field("node level", u64::from(node.level), "not one below its parent's");
        return Err(error.at(K::STRUCTURE, core.offset(address)?));
    }
    Ok(node)
}

/// Finds room for a node.
pub(crate) fn allocate<K: Key>(core: &mut Core, cx: &NodeContext) -> Result<Address> {
    core.allocate(cx.node_len::<K>() as u64, BlockKind::BTree)
}

/// Changes a node, if there is one, where it is stored.
pub(crate) fn update<K: Key + Any + Send + Sync>(
    core: &mut Core,
    cx: &NodeContext,
    address: Option<Address>,
    change: impl FnOnce(&mut Node<K>),
) -> Result<()> {
    let Some(address) = address else { return Ok(()) };
    let mut node = node(core, cx, address, None)?;
    change(core.change(address, &mut node));
    core.put_and_keep(address, node, cx)
}

/// Moves all children of a node but the first `keep` to a new one behind it; neither of the two is stored yet.
pub(crate) fn split<K: Key + Any + Send + Sync>(
    core: &mut Core,
    cx: &NodeContext,
    step: &mut Step<K>,
    keep: usize,
) -> Result<(Address, Node<K>)> {
    let address = allocate::<K>(core, cx)?;
    let left_at = step.address;
    let left = step.change(core);
    let right = Node {
        level: left.level,
        left: Some(left_at),
        right: left.right,
        keys: left.keys.split_off(keep),
        children: left.children.split_off(keep),
    };
    left.keys.push(right.keys[0].clone());
    left.right = Some(address);
    update::<K>(core, cx, right.right, |node| node.left = Some(address))?;
    Ok((address, right))
}

/// Puts a new root above the two halves of the old one, at the old one's address.
pub(crate) fn grow<K: Key + Any + Send + Sync>(
    core: &mut Core,
    cx: &NodeContext,
    mut root: Step<K>,
    (right_at, mut right): (Address, Node<K>),
) -> Result<()> {
    let left = root.change(core);
    let level = left.level.checked_add(1).ok_or_else(|| Error::limit("levels of a B-tree", 256, 255))?;
    let left_at = allocate::<K>(core, cx)?;
    left.right = Some(right_at);
    right.left = Some(left_at);
    let end = right.keys[right.keys.len() - 1].clone();
    let keys = vec![left.keys[0].clone(), right.keys[0].clone(), end];
    let above = Node { level, left: None, right: None, keys, children: vec![left_at, right_at] };
    core.put_and_keep(left_at, root.node, cx)?;
    core.put_and_keep(right_at, Arc::new(right), cx)?;
    core.put(root.address, &above, cx)
}
