//! Changing an old-style group: entries go into symbol table nodes and leave them, and the B-tree above follows.
//!
//! The right key of a child is the name of its last entry, and what two neighbours share is the same in both. The root
//! of the tree and the header of the heap stay where they are: symbol table messages and the entries of other groups
//! have their addresses.

use std::sync::Arc;

use crate::base::{Address, Error, Misuse, Result, Structure};
use crate::engine::btree_v1::{self, Step};
use crate::engine::group::{add_link, new_style_messages};
use crate::engine::local_heap::LocalHeapEdit;
use crate::engine::symbol_table::{OldGroup, leaf_context, link_of, node_context};
use crate::engine::{BlockKind, Core, GroupRules, Header};
use crate::format::btree_v1::{NameKey, Node, NodeContext};
use crate::format::local_heap::FreeBlock;
use crate::format::message::Message as _;
use crate::format::message::link::{Link, Target};
use crate::format::message::symbol_table::SymbolTable;
use crate::format::superblock::Root;
use crate::format::symbol_table::{self, Cache, SymbolTableEntry, SymbolTableNode};

/// Makes the structures of an empty group. Its heap has room for the names that are expected, as libhdf5 makes it.
pub(super) fn create(core: &mut Core, rules: &GroupRules) -> Result<SymbolTable> {
    let cx = node_context(core);
    let btree = btree_v1::allocate::<NameKey>(core, &cx)?;
    core.put(btree, &empty_root(), &cx)?;
    let (links, name) = rules.expected();
    let expected = 8 + u64::from(links) * (u64::from(name) + 1).next_multiple_of(8);
    let least = FreeBlock::least(core.sizes());
    // The empty name takes 8 bytes of whatever there is.
    let size = rules.heap_size.map_or(expected + least, |size| size.max(8 + least));
    core.budget.metadata(size)?;
    let mut heap = LocalHeapEdit::create(core, size)?;
    // The first key of every tree is this name.
    heap.insert(b"")?;
    let table = SymbolTable { btree, heap: heap.address() };
    heap.store(core)?;
    Ok(table)
}

/// Tells whether an old-style group can hold a link; libhdf5 makes new-style groups of those that get any other.
pub(super) fn can_hold(link: &Link) -> bool {
    link.charset.is_none() && matches!(link.target, Target::Hard(_) | Target::Soft(_))
}

/// Adds a link, of a name that the group does not have yet.
pub(super) fn insert(core: &mut Core, table: &SymbolTable, link: &Link) -> Result<()> {
    Edit::change(core, table, |group, core| {
        let entry = group.entry(core, link)?;
        group.insert(core, &link.name, entry)
    })
}

/// Takes a link away and returns it.
pub(super) fn remove(core: &mut Core, table: &SymbolTable, name: &[u8]) -> Result<Link> {
    Edit::change(core, table, |group, core| group.remove(core, name))
}

/// Gives the space of a group's structures back; what its links lead to is the caller's.
pub(super) fn delete(core: &mut Core, table: &SymbolTable) -> Result<()> {
    let (node_len, leaf_len) = (node_context(core).node_len::<NameKey>(), leaf_context(core).len());
    let heap = LocalHeapEdit::take(core, table.heap)?;
    let mut pieces = heap.pieces(core).to_vec();
    heap.put_back(core)?;
    OldGroup::open(core, table)?.visit(|address, node| {
        pieces.push((address, node_len as u64));
        if node.level == 0 {
            pieces.extend(node.children.iter().map(|&leaf| (leaf, leaf_len as u64)));
        }
        Ok(())
    })?;
    pieces.sort();
    for pair in pieces.windows(2) {
        if pair[0].0.plus(pair[0].1)? > pair[1].0 {
            let error = Error::field("address", pair[1].0.0, "two structures of the group overlap");
            return Err(error.at(Structure::Group, core.offset(pair[1].0)?));
        }
    }
    core.txn_mut()?.names.delete(table.heap);
    pieces.into_iter().try_for_each(|(address, len)| core.release(address, len))
}

/// Makes a new-style group of an old-style one.
pub(super) fn convert(core: &mut Core, group: Address, table: &SymbolTable) -> Result<()> {
    // One that cannot be read would get lost.
    let links = OldGroup::open(core, table)?.links().into_iter().collect::<Result<Vec<Link>>>()?;
    delete(core, table)?;
    let mut header = Header::clone(&*Header::load(core, group)?);
    header.messages.retain(|message| message.kind != SymbolTable::TYPE);
    for message in new_style_messages(core, &GroupRules::default())? {
        header.push(message);
    }
    header.store(core)?;
    if let Root::Old(root) = &mut core.superblock.root
        && root.entry.header == group
    {
        root.entry.cache = Cache::Nothing([0; 16]);
    }
    links.into_iter().try_for_each(|link| add_link(core, group, link))
}

fn empty_root() -> Node<NameKey> {
    Node { level: 0, left: None, right: None, keys: vec![NameKey(0)], children: Vec::new() }
}

/// A group that is being changed.
struct Edit {
    root: Address,
    heap: LocalHeapEdit,
    nodes: NodeContext,
    leaves: symbol_table::NodeContext,
}

/// The way to a leaf: the last node, and those above it.
type Path = (Step<NameKey>, Vec<Step<NameKey>>);

impl Edit {
    /// Changes a group whose names are kept open from here on.
    fn change<T>(
        core: &mut Core,
        table: &SymbolTable,
        change: impl FnOnce(&mut Edit, &mut Core) -> Result<T>,
    ) -> Result<T> {
        let heap = LocalHeapEdit::take(core, table.heap)?;
        let (nodes, leaves) = (node_context(core), leaf_context(core));
        let mut group = Edit { root: table.btree, heap, nodes, leaves };
        let value = change(&mut group, core).and_then(|value| group.heap.place(core).map(|()| value));
        group.heap.put_back(core)?;
        value
    }

    /// Puts the strings of a link into the heap and makes the entry that names them.
    fn entry(&mut self, core: &Core, link: &Link) -> Result<SymbolTableEntry> {
        let sizes = core.sizes();
        match &link.target {
            Target::Hard(address) => {
                let table = Header::load(core, *address)?.message::<SymbolTable>(core)?;
                let name = self.heap.insert(&link.name)?;
                Ok(SymbolTableEntry::hard(name, *address, table.as_ref(), sizes))
            }
            Target::Soft(target) if target.contains(&0) => {
                Err(Error::misuse("the target of a soft link cannot hold a NUL"))
            }
            Target::Soft(target) => {
                let name = self.heap.insert(&link.name)?;
                let offset = self.heap.insert(target)?;
                let offset = u32::try_from(offset).map_err(|_| {
                    Error::limit(
                        "the heap of an old-style group with soft links",
                        offset,
                        u64::from(u32::MAX),
                    )
                })?;
                Ok(SymbolTableEntry::soft(name, offset, sizes))
            }
            Target::Other { .. } => Err(Error::misuse("an old-style group holds hard and soft links only")),
        }
    }

    /// The nodes to where a name is or belongs: to the first child whose right key is not before it, else to the last.
    fn path_to(&self, core: &Core, name: &[u8]) -> Result<Path> {
        let mut path = Vec::new();
        let (mut address, mut level) = (self.root, None);
        loop {
            let node = btree_v1::node::<NameKey>(core, &self.nodes, address, level)?;
            let ends = node.keys.iter().skip(1).map(|NameKey(end)| *end);
            let place = self.first_not_before(core, name, ends)?;
            let place = place.min(node.children.len().saturating_sub(1));
            let below = node.children.get(place).copied();
            let step = Step { address, node, place };
            if step.node.level == 0 {
                return Ok((step, path));
            }
            let Some(below) = below else {
                let error = Error::field("entries used", 0, "only a leaf can be empty");
                return Err(error.at(Structure::BTree1Group, core.offset(address)?));
            };
            (address, level) = (below, Some(step.node.level - 1));
            path.push(step);
        }
    }

    /// How many of these names, which are in order, come before one.
    fn first_not_before(
        &self,
        core: &Core,
        name: &[u8],
        offsets: impl Iterator<Item = u64>,
    ) -> Result<usize> {
        let mut place = 0;
        for offset in offsets {
            if name <= self.heap.string(core, offset)? {
                break;
            }
            place += 1;
        }
        Ok(place)
    }

    fn leaf(&self, core: &Core, address: Address) -> Result<Arc<SymbolTableNode>> {
        core.fetch_sized::<SymbolTableNode>(address, self.leaves.len() as u64, &self.leaves)
    }

    fn put_leaf(&self, core: &mut Core, address: Address, entries: Vec<SymbolTableEntry>) -> Result<()> {
        core.put(address, &SymbolTableNode::new(entries, &self.leaves), &self.leaves)
    }

    fn new_leaf(&self, core: &mut Core, entries: Vec<SymbolTableEntry>) -> Result<Address> {
        let address = core.allocate(self.leaves.len() as u64, BlockKind::BTree)?;
        self.put_leaf(core, address, entries)?;
        Ok(address)
    }

    fn insert(&mut self, core: &mut Core, name: &[u8], entry: SymbolTableEntry) -> Result<()> {
        let (mut step, path) = self.path_to(core, name)?;
        let own = NameKey(entry.name_offset);
        let place = step.place;
        let Some(&child) = step.node.children.get(place) else {
            let child = self.new_leaf(core, vec![entry])?;
            let node = step.change(core);
            (node.keys, node.children) = (vec![NameKey(0), own], vec![child]);
            return step.put(core, &self.nodes);
        };
        let mut entries = self.leaf(core, child)?.entries.clone();
        let position = self.first_not_before(core, name, entries.iter().map(|entry| entry.name_offset))?;
        if let Some(next) = entries.get(position)
            && self.heap.string(core, next.name_offset)? == name
        {
            return Err(Misuse::Exists { name: String::from_utf8_lossy(name).into_owned() }.into());
        }
        entries.insert(position, entry);
        let last = position + 1 == entries.len();
        let before = step.upper();
        if last {
            step.change(core).keys[place + 1] = own;
        }
        let half = usize::from(self.leaves.leaf_k);
        let split = entries.len() > capacity(self.leaves.leaf_k);
        if split {
            let right = entries.split_off(if position <= half { half + 1 } else { half });
            let middle = entries.last().map_or(own, |entry| NameKey(entry.name_offset));
            let right = self.new_leaf(core, right)?;
            let node = step.change(core);
            node.keys.insert(place + 1, middle);
            node.children.insert(place + 1, right);
        }
        self.put_leaf(core, child, entries)?;
        if last || split { self.store(core, step, path, before) } else { Ok(()) }
    }

    fn remove(&mut self, core: &mut Core, name: &[u8]) -> Result<Link> {
        let missing = || Misuse::NotFound { path: String::from_utf8_lossy(name).into_owned() };
        let (mut step, path) = self.path_to(core, name)?;
        let Some(&child) = step.node.children.get(step.place) else { return Err(missing().into()) };
        let mut entries = self.leaf(core, child)?.entries.clone();
        let position = self.first_not_before(core, name, entries.iter().map(|entry| entry.name_offset))?;
        let found = entries.get(position).map(|entry| self.heap.string(core, entry.name_offset));
        if found.transpose()? != Some(name) {
            return Err(missing().into());
        }
        let link = self.forget(core, &entries.remove(position))?;
        let Some(last) = entries.last() else {
            core.release(child, self.leaves.len() as u64)?;
            self.drop_child(core, step, path)?;
            return Ok(link);
        };
        let last = NameKey(last.name_offset);
        let was_last = position == entries.len();
        self.put_leaf(core, child, entries)?;
        if was_last {
            let before = step.upper();
            let place = step.place;
            step.change(core).keys[place + 1] = last;
            self.store(core, step, path, before)?;
        }
        Ok(link)
    }

    /// Takes the strings of an entry out of the heap; returns what it said.
    fn forget(&mut self, core: &Core, entry: &SymbolTableEntry) -> Result<Link> {
        let link = link_of(entry, |offset| self.heap.string(core, offset))?;
        if let Cache::SoftLink { target_offset, .. } = entry.cache {
            self.heap.remove(core, u64::from(target_offset))?;
        }
        self.heap.remove(core, entry.name_offset)?;
        Ok(link)
    }

    /// Takes a child that is gone out of its node, and the node out of its own parent if it has no other.
    fn drop_child(
        &self,
        core: &mut Core,
        mut step: Step<NameKey>,
        mut path: Vec<Step<NameKey>>,
    ) -> Result<()> {
        loop {
            let before = step.upper();
            let place = step.place;
            let node = step.change(core);
            node.children.remove(place);
            node.keys.remove(place + 1);
            if !step.node.children.is_empty() {
                return self.store(core, step, path, before);
            }
            let Some(parent) = path.pop() else {
                return core.put(self.root, &empty_root(), &self.nodes);
            };
            let Node { left, right, keys, .. } = &*step.node;
            btree_v1::update::<NameKey>(core, &self.nodes, *left, |node| node.right = *right)?;
            btree_v1::update::<NameKey>(core, &self.nodes, *right, |node| {
                node.left = *left;
                node.keys[0] = keys[0];
            })?;
            core.release(step.address, self.nodes.node_len::<NameKey>() as u64)?;
            step = parent;
        }
    }

    /// Writes a changed node, and what has to change beside and above it; `before` was its last key.
    fn store(
        &self,
        core: &mut Core,
        mut step: Step<NameKey>,
        mut path: Vec<Step<NameKey>>,
        mut before: NameKey,
    ) -> Result<()> {
        loop {
            let upper = step.upper();
            if upper != before {
                btree_v1::update::<NameKey>(core, &self.nodes, step.node.right, |node| {
                    node.keys[0] = upper;
                })?;
            }
            let right = if step.node.children.len() > capacity(self.nodes.k) {
                let keep = kept(&step.node);
                Some(btree_v1::split(core, &self.nodes, &mut step, keep)?)
            } else {
                None
            };
            let Some(mut parent) = path.pop() else {
                return match right {
                    None => step.put(core, &self.nodes),
                    Some(right) => btree_v1::grow(core, &self.nodes, step, right),
                };
            };
            step.put(core, &self.nodes)?;
            if upper == before && right.is_none() {
                return Ok(());
            }
            let (above, place) = (parent.upper(), parent.place);
            let node = parent.change(core);
            node.keys[place + 1] = upper;
            if let Some((address, right)) = right {
                node.keys.insert(place + 1, right.keys[0]);
                node.children.insert(place + 1, address);
                core.put_and_keep(address, Arc::new(right), &self.nodes)?;
            }
            (step, before) = (parent, above);
        }
    }
}

impl Step<NameKey> {
    /// The name that ends the node.
    fn upper(&self) -> NameKey {
        self.node.keys[self.node.keys.len() - 1]
    }
}

/// The most children of a node of this K; no more can be counted in 16 bits.
fn capacity(k: u16) -> usize {
    (2 * usize::from(k)).min(usize::from(u16::MAX))
}

/// How many children stay in a node that is too full. At either end of the tree names are mostly added outwards.
fn kept(node: &Node<NameKey>) -> usize {
    let count = node.children.len();
    let kept = match (node.left, node.right) {
        (_, None) => count * 9 / 10,
        (None, Some(_)) => count / 10,
        _ => count / 2,
    };
    kept.clamp(1, count - 1)
}

#[cfg(test)]
mod tests;
