//! Changing version 2 B-trees: making one, inserting, removing and replacing a record, deleting one.
//!
//! Nodes are split and merged on the way down, before they are entered, at the thresholds that the tree's header sets
//! and by the choices that libhdf5 makes (`H5B2internal.c`, `H5B2int.c`). It counts on that: its removal takes for
//! granted that no node but the root has fewer records than call for a merge.
//!
//! An edit happens to copies of the nodes. They are stored once all of it has worked, so that one which fails because
//! of what it read leaves the tree as it was.

mod balance;
mod nodes;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use self::nodes::{Node, Nodes};
use super::btree_v2::{Tree, search};
use super::{BlockKind, Core};
use crate::base::{Address, Error, Result, Structure};
use crate::format::Wire;
use crate::format::btree_v2::BTree2Header;
use crate::format::btree_v2_record::RecordType;

/// Says how a record stands to the one that is meant: `Less` if it comes before that one.
pub(crate) type Compare<'c> = dyn Fn(&Core, &[u8]) -> Result<Ordering> + 'c;

/// A tree that is about to be changed once.
pub(crate) struct BTree2Edit<'a> {
    core: &'a mut Core,
    address: Address,
    tree: Tree,
    nodes: Nodes,
}

/// The nodes from the root to one above a leaf, each with the index of the child that was entered.
type Path = Vec<(Address, usize)>;

/// What libhdf5 gives to all its trees.
const SPLIT_PERCENT: u8 = 100;
const MERGE_PERCENT: u8 = 40;

/// The bytes of a node, as libhdf5 chooses them by what is indexed.
fn node_size(record_type: RecordType) -> u32 {
    match record_type {
        RecordType::Chunk | RecordType::ChunkFiltered => 2048,
        _ => 512,
    }
}

impl<'a> BTree2Edit<'a> {
    /// Makes a tree without records.
    pub(crate) fn create(core: &mut Core, record_type: RecordType, record_size: u16) -> Result<Address> {
        let header = BTree2Header {
            record_type,
            node_size: node_size(record_type),
            record_size,
            depth: 0,
            split_percent: SPLIT_PERCENT,
            merge_percent: MERGE_PERCENT,
            root: None,
            root_records: 0,
            total_records: 0,
        };
        let sizes = core.sizes();
        let len = header.encoded_len(&sizes)?;
        let address = core.allocate(len as u64, BlockKind::BTree)?;
        core.put(address, &header, &sizes)?;
        Ok(address)
    }

    /// Opens the tree whose header is at an address; one of other records than those asked for is refused.
    pub(crate) fn open(core: &'a mut Core, address: Address, record_type: RecordType) -> Result<Self> {
        core.check_writable()?;
        let tree = Tree::open(core, address, record_type)?;
        Ok(BTree2Edit { core, address, tree, nodes: Nodes::default() })
    }

    /// Adds a record; false if the tree has one that `compare` calls equal.
    pub(crate) fn insert(mut self, record: &[u8], compare: &Compare<'_>) -> Result<bool> {
        let done = self.try_insert(record, compare);
        Ok(self.finish(done)?.is_some())
    }

    /// Takes the record away that `compare` calls equal, and returns it.
    pub(crate) fn remove(mut self, compare: &Compare<'_>) -> Result<Option<Vec<u8>>> {
        let done = self.try_remove(compare);
        self.finish(done)
    }

    /// Puts a record with the same key in the place of the one that `compare` calls equal; false if there is none.
    pub(crate) fn update(mut self, record: &[u8], compare: &Compare<'_>) -> Result<bool> {
        let done = self.try_update(record, compare);
        Ok(self.finish(done)?.is_some())
    }

    /// Gives the space of a whole tree back.
    pub(crate) fn delete(core: &mut Core, address: Address, record_type: RecordType) -> Result<()> {
        let tree = Tree::open(core, address, record_type)?;
        let nodes = nodes::all(core, &tree)?;
        for node in nodes {
            core.release(node, u64::from(tree.header.node_size))?;
        }
        let len = tree.header.encoded_len(&core.sizes())?;
        core.release(address, len as u64)
    }

    fn try_insert(&mut self, record: &[u8], compare: &Compare<'_>) -> Result<Option<()>> {
        self.check(record)?;
        let depth = self.tree.shape.depth();
        let split = self.fill(depth)?.split;
        let Some(root) = self.tree.root() else {
            let leaf = self.fresh(Node::leaf(self.record_size()))?;
            self.tree.header.root = Some(leaf);
            self.nodes.get_mut(leaf)?.records.insert(0, record);
            return self.count(leaf, &[]).map(Some);
        };
        self.load(root, depth)?;
        let mut at = root.address;
        if usize::from(root.records) >= split {
            at = self.grow(at)?;
        }
        let mut path = Path::new();
        for depth in (1..=self.tree.shape.depth()).rev() {
            let Some(index) = self.make_room(at, depth, compare)? else { return Ok(None) };
            path.push((at, index));
            at = self.enter(at, depth, index)?;
        }
        let (index, found) = self.search(at, compare)?;
        if found {
            return Ok(None);
        }
        self.nodes.get_mut(at)?.records.insert(index, record);
        self.count(at, &path).map(Some)
    }

    fn try_remove(&mut self, compare: &Compare<'_>) -> Result<Option<Vec<u8>>> {
        let Some(root) = self.tree.root() else { return Ok(None) };
        self.load(root, self.tree.shape.depth())?;
        let mut at = root.address;
        while let Some(only) = self.collapse(at)? {
            at = only;
        }
        // Where a node with children has the record. The first one behind it, in a leaf, takes its place.
        let mut found_at = None;
        let mut path = Path::new();
        for depth in (1..=self.tree.shape.depth()).rev() {
            let (index, found) = self.refill(at, depth, found_at.is_some(), compare)?;
            if found {
                found_at = Some((at, index));
            }
            let child = index + usize::from(found);
            path.push((at, child));
            at = self.enter(at, depth, child)?;
        }
        let (index, found) = match found_at {
            Some(_) => (0, true),
            None => self.search(at, compare)?,
        };
        if !found {
            return Ok(None);
        }
        let mut removed = self.nodes.get_mut(at)?.records.remove(index);
        if let Some((node, index)) = found_at {
            removed = self.nodes.get_mut(node)?.records.replace(index, &removed);
        }
        if self.nodes.get(at)?.records.is_empty() {
            self.drop_root_leaf(at, &path)?;
        } else {
            self.count(at, &path)?;
        }
        Ok(Some(removed))
    }

    fn try_update(&mut self, record: &[u8], compare: &Compare<'_>) -> Result<Option<()>> {
        self.check(record)?;
        let Some(root) = self.tree.root() else { return Ok(None) };
        let mut depth = self.tree.shape.depth();
        self.load(root, depth)?;
        let mut at = root.address;
        loop {
            let (index, found) = self.search(at, compare)?;
            if found {
                self.nodes.get_mut(at)?.records.replace(index, record);
                return Ok(Some(()));
            }
            if depth == 0 {
                return Ok(None);
            }
            at = self.enter(at, depth, index)?;
            depth -= 1;
        }
    }

    /// An empty tree has no root. No other leaf may end up empty: the node above it would have a child too many.
    fn drop_root_leaf(&mut self, leaf: Address, path: &[(Address, usize)]) -> Result<()> {
        if !path.is_empty() {
            let error = Error::malformed("a node has fewer records than the tree's merge percent asks for");
            return Err(error.at(Structure::BTree2Leaf, self.core.offset(leaf)?));
        }
        self.nodes.drop(leaf);
        let header = &mut self.tree.header;
        (header.root, header.root_records, header.total_records) = (None, 0, 0);
        Ok(())
    }

    /// Tells the nodes above a changed one, and the header, how many records there are now.
    fn count(&mut self, changed: Address, path: &[(Address, usize)]) -> Result<()> {
        let mut below = self.nodes.pointer(changed)?;
        for &(node, index) in path.iter().rev() {
            if let Some(child) = self.nodes.get_mut(node)?.children.get_mut(index) {
                *child = below;
            }
            below = self.nodes.pointer(node)?;
        }
        let header = &mut self.tree.header;
        (header.root_records, header.total_records) = (below.records, below.total);
        Ok(())
    }

    fn search(&self, at: Address, compare: &Compare<'_>) -> Result<(usize, bool)> {
        search(&self.nodes.get(at)?.records, |record| compare(self.core, record))
    }

    fn check(&self, record: &[u8]) -> Result<()> {
        if record.len() == self.record_size() {
            return Ok(());
        }
        let error = Error::field("record size", record.len() as u64, "not that of the tree's records");
        Err(self.tree.located(error))
    }

    fn record_size(&self) -> usize {
        usize::from(self.tree.header.record_size)
    }
}
