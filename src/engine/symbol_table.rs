//! Old-style groups: links in symbol table nodes below a B-tree 1, names in a local heap.

use std::collections::HashSet;
use std::sync::Arc;

use super::Core;
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
    names: Arc<LocalHeapData>,
    nodes: NodeContext,
}

impl<'a> OldGroup<'a> {
    pub(super) fn open(core: &'a Core, table: &SymbolTable) -> Result<Self> {
        let heap: Arc<LocalHeap> = core.fetch(table.heap, &core.sizes())?;
        let names = core.fetch_sized::<LocalHeapData>(heap.segment, heap.size, &core.sizes())?;
        let nodes = NodeContext { sizes: core.sizes(), k: core.k.group_internal, rank: 0 };
        Ok(OldGroup { core, btree: table.btree, heap: table.heap, names, nodes })
    }

    /// All links, in the order of their names.
    pub(super) fn links(&self) -> Result<Vec<Link>> {
        let (mut links, mut bytes) = (Vec::new(), 0);
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
            for &child in node.children.iter().rev() {
                if node.level > 0 {
                    pending.push((child, Some(node.level - 1)));
                }
            }
            if node.level == 0 {
                for &child in &node.children {
                    let leaf = self.leaf(child)?;
                    self.core.budget.items((links.len() + leaf.entries.len()) as u64)?;
                    for entry in &leaf.entries {
                        let link = self.link(entry)?;
                        // Many entries may say that they have the same long name.
                        bytes += link.name.len() as u64;
                        self.core.budget.metadata(bytes)?;
                        links.push(link);
                    }
                }
            }
            self.core.budget.items((links.len() + pending.len()) as u64)?;
        }
        Ok(links)
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
            for entry in &self.leaf(child)?.entries {
                if self.name(entry.name_offset)? == name {
                    return self.link(entry).map(Some);
                }
            }
            return Ok(None);
        }
    }

    fn node(&self, address: Address, level: Option<u8>) -> Result<Arc<Node<NameKey>>> {
        let node = self.core.fetch::<Node<NameKey>>(address, &self.nodes)?;
        match level {
            Some(level) if node.level != level => {
                let error = Error::field("node level", u64::from(node.level), "not one below its parent's");
                Err(error.at(Structure::BTree1Group, self.core.offset(address)?))
            }
            _ => Ok(node),
        }
    }

    fn leaf(&self, address: Address) -> Result<Arc<SymbolTableNode>> {
        let cx = symbol_table::NodeContext { sizes: self.core.sizes(), leaf_k: self.core.k.group_leaf };
        self.core.fetch_sized::<SymbolTableNode>(address, cx.len() as u64, &cx)
    }

    fn name(&self, offset: u64) -> Result<&[u8]> {
        self.names.string(offset).ok_or_else(|| {
            let error = Error::field("name offset", offset, "no string ends behind it in the local heap");
            error.at(Structure::LocalHeap, self.core.offset(self.heap).unwrap_or(self.heap.0))
        })
    }

    fn link(&self, entry: &SymbolTableEntry) -> Result<Link> {
        let target = match entry.cache {
            Cache::SoftLink { target_offset, .. } => {
                Target::Soft(self.name(u64::from(target_offset))?.to_vec())
            }
            _ => Target::Hard(entry.header),
        };
        let name = self.name(entry.name_offset)?.to_vec();
        Ok(Link { flags: 0, creation_order: None, charset: None, name, target })
    }
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
        links(&core, &object(&core, "/"))
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
