//! Old-style groups: links in symbol table nodes below a B-tree 1, names in a local heap.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use super::local_heap::missing_string;
use super::{Core, btree_v1};
use crate::base::{Address, Error, Result, Structure};
use crate::format::btree_v1::{NameKey, Node, NodeContext};
use crate::format::local_heap::{LocalHeap, LocalHeapData};
use crate::format::message::link::{Link, Target};
use crate::format::message::symbol_table::SymbolTable;
use crate::format::symbol_table::{self, Cache, SymbolTableEntry, SymbolTableNode};

/// An old-style group, ready to be read.
pub(super) struct OldGroup<'a> {
    core: &'a Core,
    btree: Address,
    heap: Address,
    names: Names<'a>,
    nodes: NodeContext,
}

/// The strings of the group's heap.
enum Names<'a> {
    /// Of a heap that is kept open, which the file may not have yet.
    Open(&'a LocalHeapData),
    Stored(Arc<LocalHeapData>),
}

impl Deref for Names<'_> {
    type Target = LocalHeapData;

    fn deref(&self) -> &LocalHeapData {
        match self {
            Names::Open(names) => names,
            Names::Stored(names) => names,
        }
    }
}

impl<'a> OldGroup<'a> {
    pub(super) fn open(core: &'a Core, table: &SymbolTable) -> Result<Self> {
        let names = match core.txn.as_ref().and_then(|txn| txn.names.get(table.heap)) {
            Some(heap) => Names::Open(heap.strings()),
            None => {
                let heap: Arc<LocalHeap> = core.fetch(table.heap, &core.sizes())?;
                let names = core.fetch_sized::<LocalHeapData>(heap.segment, heap.size, &core.sizes())?;
                Names::Stored(names)
            }
        };
        Ok(OldGroup { core, btree: table.btree, heap: table.heap, names, nodes: node_context(core) })
    }

    /// Every link, in the order of their names. An error stands for the links of a leaf that cannot be read, and one for
    /// the rest where the tree breaks off.
    pub(super) fn links(&self) -> Vec<Result<Link>> {
        let (mut links, mut bytes) = (Vec::new(), 0);
        let visited = self.visit(|_, node| {
            if node.level > 0 {
                return Ok(());
            }
            for &child in &node.children {
                let leaf = match self.leaf(child) {
                    Ok(leaf) => leaf,
                    Err(error) => {
                        links.push(Err(error));
                        continue;
                    }
                };
                self.core.budget.items((links.len() + leaf.entries.len()) as u64)?;
                for entry in &leaf.entries {
                    let link = self.link(entry);
                    // Many entries may say that they have the same long name.
                    bytes += link.as_ref().map_or(0, |link| link.name.len() as u64);
                    self.core.budget.metadata(bytes)?;
                    links.push(link);
                }
            }
            Ok(())
        });
        links.extend(visited.err().map(Err));
        links
    }

    /// Calls `f` with every node of the tree, with leaves in the order of their names.
    pub(super) fn visit(&self, mut f: impl FnMut(Address, &Node<NameKey>) -> Result<()>) -> Result<()> {
        let mut pending = vec![(self.btree, None)];
        // Every node and leaf has one parent. A few that are each other's children many times would go on for ever.
        let mut seen = HashSet::new();
        while let Some((address, level)) = pending.pop() {
            let node = self.node(address, level)?;
            for &child in &node.children {
                if !seen.insert(child) {
                    let error = Error::field("child address", child.0, "another entry has it too");
                    return Err(error.at(Structure::BTree1Group, self.core.offset(address)?));
                }
            }
            if node.level > 0 {
                pending.extend(node.children.iter().rev().map(|&child| (child, Some(node.level - 1))));
            }
            f(address, &node)?;
            self.core.budget.items(seen.len() as u64)?;
        }
        Ok(())
    }

    /// The link with this name.
    pub(super) fn find(&self, name: &[u8]) -> Result<Option<Link>> {
        let (mut address, mut level) = (self.btree, None);
        loop {
            let node = self.node(address, level)?;
            // Child i holds the names above key i and up to key i+1.
            let mut below = None;
            for (key, &child) in node.keys.iter().skip(1).zip(&node.children) {
                if name <= self.name(key.0)? {
                    below = Some(child);
                    break;
                }
            }
            let Some(child) = below else { return Ok(None) };
            if node.level > 0 {
                (address, level) = (child, Some(node.level - 1));
                continue;
            }
            // Where no entry has the name, one whose own cannot be read may be it.
            let mut broken = None;
            for entry in &self.leaf(child)?.entries {
                match self.name(entry.name_offset) {
                    Ok(found) if found == name => return self.link(entry).map(Some),
                    Ok(_) => {}
                    Err(error) => broken = Some(error),
                }
            }
            return broken.map_or(Ok(None), Err);
        }
    }

    fn node(&self, address: Address, level: Option<u8>) -> Result<Arc<Node<NameKey>>> {
        btree_v1::node(self.core, &self.nodes, address, level)
    }

    fn leaf(&self, address: Address) -> Result<Arc<SymbolTableNode>> {
        let cx = leaf_context(self.core);
        self.core.fetch_sized::<SymbolTableNode>(address, cx.len() as u64, &cx)
    }

    fn name(&self, offset: u64) -> Result<&[u8]> {
        self.names.string(offset).ok_or_else(|| missing_string(self.core, self.heap, offset))
    }

    fn link(&self, entry: &SymbolTableEntry) -> Result<Link> {
        link_of(entry, |offset| self.name(offset))
    }
}

/// What every node of a tree has in common.
pub(super) fn node_context(core: &Core) -> NodeContext {
    NodeContext { sizes: core.sizes(), k: core.k.group_internal, rank: 0 }
}

/// What every leaf below a tree has in common.
pub(super) fn leaf_context(core: &Core) -> symbol_table::NodeContext {
    symbol_table::NodeContext { sizes: core.sizes(), leaf_k: core.k.group_leaf }
}

/// What an entry says, with the strings that it names.
pub(super) fn link_of<'s>(
    entry: &SymbolTableEntry,
    string: impl Fn(u64) -> Result<&'s [u8]>,
) -> Result<Link> {
    let target = match entry.cache {
        Cache::SoftLink { target_offset, .. } => Target::Soft(string(u64::from(target_offset))?.to_vec()),
        _ => Target::Hard(entry.header),
    };
    Ok(Link::of_bytes(string(entry.name_offset)?, None, None, target))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{bytes, object, open};
    use super::super::links;
    use super::*;
    use crate::base::{Budget, Limits};

    /// Where the root group's only B-tree node begins in the file.
    fn node(file: &[u8]) -> usize {
        file.windows(6).position(|window| window == b"TREE\0\0").unwrap()
    }

    fn root_links(file: Vec<u8>, limits: Limits) -> Result<Vec<Link>> {
        let mut core = open(file, false)?;
        core.budget = Budget::new(limits);
        links(&core, &object(&core, "/"))?.into_iter().collect()
    }

    #[test]
    fn a_child_of_two_entries_is_refused() {
        let mut file = bytes("superblock_0.h5");
        assert_eq!(root_links(file.clone(), Limits::default()).unwrap().len(), 2);
        let node = node(&file);
        file.copy_within(node + 32..node + 40, node + 48);
        file[node + 6] = 2;
        let error = root_links(file, Limits::default()).unwrap_err().to_string();
        assert!(error.contains("another entry has it too"), "{error}");
    }
}
