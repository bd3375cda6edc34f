//! The nodes that an edit works on, apart from the file until all of it has worked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::btree_v2::Tree;
use super::super::{BlockKind, Core};
use super::BTree2Edit;
use crate::base::{Address, Error, Result, Structure};
use crate::format::btree_v2::{BTree2Internal, BTree2Leaf, ChildPointer, Records};

/// Copies of nodes by address.
#[derive(Default)]
pub(super) struct Nodes {
    copies: BTreeMap<Address, Node>,
    /// Those with space that the edit has allocated.
    fresh: Vec<Address>,
    /// Those that the tree does not have any more.
    dropped: Vec<Address>,
}

/// A node of either kind; a leaf has no children.
pub(super) struct Node {
    pub(super) depth: usize,
    pub(super) records: Records,
    pub(super) children: Vec<ChildPointer>,
    changed: bool,
}

impl Node {
    pub(super) fn leaf(record_size: usize) -> Self {
        Node::new(0, Records { bytes: Vec::new(), size: record_size }, Vec::new())
    }

    pub(super) fn new(depth: usize, records: Records, children: Vec<ChildPointer>) -> Self {
        Node { depth, records, children, changed: true }
    }

    fn read(core: &Core, tree: &Tree, at: ChildPointer, depth: usize) -> Result<Self> {
        let (records, children) = match depth {
            0 => (tree.leaf(core, at)?.records.clone(), Vec::new()),
            _ => {
                let node = tree.internal(core, at, depth)?;
                (node.records.clone(), node.children.clone())
            }
        };
        Ok(Node { depth, records, children, changed: false })
    }
}

impl Nodes {
    pub(super) fn get(&self, address: Address) -> Result<&Node> {
        self.copies.get(&address).ok_or_else(|| not_loaded(address))
    }

    /// A node that is going to be stored anew.
    pub(super) fn get_mut(&mut self, address: Address) -> Result<&mut Node> {
        let node = self.copies.get_mut(&address).ok_or_else(|| not_loaded(address))?;
        node.changed = true;
        Ok(node)
    }

    /// What a node's parent says of it.
    pub(super) fn pointer(&self, address: Address) -> Result<ChildPointer> {
        let node = self.get(address)?;
        let count = node.records.len() as u64;
        let records = u16::try_from(count).map_err(|_| Error::limit("records of a node", count, 0xffff))?;
        let total = node
            .children
            .iter()
            .try_fold(count, |total, child| total.checked_add(child.total))
            .ok_or_else(|| Error::malformed("over 2^64 records").within(Structure::BTree2Internal))?;
        Ok(ChildPointer { address, records, total })
    }

    pub(super) fn insert(&mut self, address: Address, node: Node) {
        self.copies.insert(address, node);
    }

    pub(super) fn take(&mut self, address: Address) -> Result<Node> {
        self.copies.remove(&address).ok_or_else(|| not_loaded(address))
    }

    /// Takes a node out of the tree.
    pub(super) fn drop(&mut self, address: Address) {
        self.copies.remove(&address);
        self.dropped.push(address);
    }
}

/// Two parents name the same node, so that an edit of one has taken it from the other.
fn not_loaded(address: Address) -> Error {
    let error = Error::field("child node address", address.0, "the tree has it twice");
    error.within(Structure::BTree2Internal)
}

impl BTree2Edit<'_> {
    /// Copies a node, unless that has been done.
    pub(super) fn load(&mut self, at: ChildPointer, depth: usize) -> Result<()> {
        if let Some(node) = self.nodes.copies.get(&at.address) {
            let same = node.depth == depth && node.records.len() == usize::from(at.records);
            return if same { Ok(()) } else { Err(not_loaded(at.address)) };
        }
        let node = Node::read(self.core, &self.tree, at, depth)?;
        self.nodes.insert(at.address, node);
        Ok(())
    }

    /// Copies a child of a node of this depth, and returns its address.
    pub(super) fn enter(&mut self, at: Address, depth: usize, index: usize) -> Result<Address> {
        let child = self.nodes.get(at)?.children.get(index).copied();
        let child = child.ok_or_else(|| not_loaded(at))?;
        self.load(child, depth - 1)?;
        Ok(child.address)
    }

    /// Finds space for a new node.
    pub(super) fn fresh(&mut self, node: Node) -> Result<Address> {
        let address = self.core.allocate(u64::from(self.tree.header.node_size), BlockKind::BTree)?;
        self.nodes.fresh.push(address);
        self.nodes.insert(address, node);
        Ok(address)
    }

    /// Stores what the edit has changed, or gives back what it has allocated if there is nothing to be done.
    pub(super) fn finish<T>(mut self, done: Result<Option<T>>) -> Result<Option<T>> {
        let node_size = u64::from(self.tree.header.node_size);
        if !matches!(done, Ok(Some(_))) {
            for address in std::mem::take(&mut self.nodes.fresh) {
                self.core.release(address, node_size)?;
            }
            return done;
        }
        self.store()?;
        for address in std::mem::take(&mut self.nodes.dropped) {
            self.core.release(address, node_size)?;
        }
        done
    }

    fn store(&mut self) -> Result<()> {
        for (address, node) in std::mem::take(&mut self.nodes.copies) {
            if !node.changed {
                continue;
            }
            let (records, children, slack) = (node.records, node.children, Vec::new());
            let count = u16::try_from(records.len()).unwrap_or(u16::MAX);
            let cx = self.tree.shape.node(node.depth, count)?;
            if node.depth == 0 {
                self.core.put_and_keep(address, Arc::new(BTree2Leaf { records, slack }), &cx)?;
            } else {
                let node = BTree2Internal { records, children, slack };
                self.core.put_and_keep(address, Arc::new(node), &cx)?;
            }
        }
        let sizes = self.core.sizes();
        self.core.put_and_keep(self.address, Arc::new(self.tree.header.clone()), &sizes)
    }
}

/// The addresses of all nodes of a tree. A node with two parents is refused: its space cannot be given back twice.
pub(super) fn all(core: &Core, tree: &Tree) -> Result<BTreeSet<Address>> {
    let mut seen = BTreeSet::new();
    let mut pending: Vec<_> = tree.root().map(|root| (root, tree.shape.depth())).into_iter().collect();
    while let Some((at, depth)) = pending.pop() {
        if !seen.insert(at.address) {
            return Err(not_loaded(at.address));
        }
        core.budget.items((seen.len() + pending.len()) as u64).map_err(|e| tree.located(e))?;
        if depth > 0 {
            let node = tree.internal(core, at, depth)?;
            pending.extend(node.children.iter().map(|&child| (child, depth - 1)));
        }
    }
    Ok(seen)
}
