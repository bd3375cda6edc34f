//! Chunks in a version 1 B-tree: found by descending, added by splitting nodes that are full.

use std::sync::Arc;

use crate::base::{Address, Error, Result};
use crate::engine::{Core, btree_v1};
use crate::format::btree_v1::{ChunkKey, Node, NodeContext};

use super::index::{ChunkIndex, ChunkRecord};

type ChunkNode = Node<ChunkKey>;
type Step = btree_v1::Step<ChunkKey>;

/// The tree below a root node, whose address never changes.
pub(super) struct BTree1 {
    root: Address,
    cx: NodeContext,
    /// The chunk's shape: keys hold offsets in elements.
    chunk: Vec<u64>,
    element_size: u64,
}

impl BTree1 {
    pub(super) fn open(core: &Core, root: Address, chunk: &[u64], element_size: u64) -> Self {
        let cx = NodeContext { sizes: core.sizes(), k: core.k.chunk, rank: chunk.len() };
        BTree1 { root, cx, chunk: chunk.to_vec(), element_size }
    }

    /// Makes an empty tree.
    pub(super) fn create(core: &mut Core, chunk: &[u64], element_size: u64) -> Result<Self> {
        let mut tree = BTree1::open(core, Address(0), chunk, element_size);
        tree.root = btree_v1::allocate::<ChunkKey>(core, &tree.cx)?;
        let end = tree.end_key(&vec![0; chunk.len()]);
        let node = Node { level: 0, left: None, right: None, keys: vec![end], children: Vec::new() };
        core.put(tree.root, &node, &tree.cx)?;
        Ok(tree)
    }

    pub(super) fn root(&self) -> Address {
        self.root
    }

    /// Adds a chunk, or puts it in the place of the one with the same coordinates.
    pub(super) fn insert(&self, core: &mut Core, scaled: &[u64], record: &ChunkRecord) -> Result<()> {
        let offset = self.offset(scaled);
        let mut path = self.path_to(core, &offset)?;
        let Some(mut leaf) = path.pop() else { return Ok(()) };
        let size = u32::try_from(record.size)
            .map_err(|_| Error::limit("a chunk in a version 1 B-tree", record.size, u64::from(u32::MAX)))?;
        let key = ChunkKey { size, filter_mask: record.filter_mask, offset, last: 0 };
        let used = leaf.node.children.len();
        let place = leaf.node.keys[..used].partition_point(|k| k.offset < key.offset);
        if leaf.node.keys[..used].get(place).is_some_and(|k| k.offset == key.offset) {
            leaf.node.keys[place] = key;
            leaf.node.children[place] = record.address;
        } else {
            let end = self.end_key(&key.offset);
            leaf.node.keys.insert(place, key);
            leaf.node.children.insert(place, record.address);
            if place == used {
                raise_end(&mut leaf.node, &end);
            }
        }
        self.store(core, leaf, path)
    }

    /// Calls `f` with the coordinates of every chunk, in their order.
    pub(super) fn visit(
        &self,
        core: &Core,
        f: &mut dyn FnMut(Vec<u64>, ChunkRecord) -> Result<()>,
    ) -> Result<()> {
        let mut pending = vec![(self.root, None)];
        let mut visited = 0;
        while let Some((address, level)) = pending.pop() {
            visited += 1;
            core.budget.items(visited)?;
            let node = self.node(core, address, level)?;
            if node.level > 0 {
                pending.extend(node.children.iter().rev().map(|&child| (child, Some(node.level - 1))));
                continue;
            }
            for (key, &address) in node.keys.iter().zip(&node.children) {
                let scaled = key.offset.iter().zip(&self.chunk).map(|(&n, &size)| n / size).collect();
                let (size, filter_mask) = (u64::from(key.size), key.filter_mask);
                f(scaled, ChunkRecord { address, size, filter_mask })?;
            }
        }
        Ok(())
    }

    /// Takes all nodes but the root away, which stays as an empty leaf.
    pub(super) fn clear(&self, core: &mut Core) -> Result<()> {
        let mut pending = vec![(self.root, None)];
        while let Some((address, level)) = pending.pop() {
            let node = self.node(core, address, level)?;
            if node.level > 0 {
                pending.extend(node.children.iter().map(|&child| (child, Some(node.level - 1))));
            }
            if address != self.root {
                core.release(address, self.cx.node_len::<ChunkKey>() as u64)?;
            }
        }
        let end = self.end_key(&vec![0; self.chunk.len()]);
        let empty = Node { level: 0, left: None, right: None, keys: vec![end], children: Vec::new() };
        core.put(self.root, &empty, &self.cx)
    }

    /// Keys hold offsets in elements. Coordinates of chunks that exist do not overflow.
    fn offset(&self, scaled: &[u64]) -> Vec<u64> {
        scaled.iter().zip(&self.chunk).map(|(&n, &size)| n.saturating_mul(size)).collect()
    }

    /// The key behind a last chunk: one chunk further along every axis.
    fn end_key(&self, offset: &[u64]) -> ChunkKey {
        let offset = offset.iter().zip(&self.chunk).map(|(&n, &size)| n.saturating_add(size)).collect();
        ChunkKey { size: 0, filter_mask: 0, offset, last: self.element_size }
    }

    fn node(&self, core: &Core, address: Address, level: Option<u8>) -> Result<Arc<ChunkNode>> {
        btree_v1::node(core, &self.cx, address, level)
    }

    /// The nodes from the root to the leaf where a chunk belongs.
    fn path_to(&self, core: &Core, offset: &[u64]) -> Result<Vec<Step>> {
        let mut path = Vec::new();
        let (mut address, mut level) = (self.root, None);
        loop {
            let node = ChunkNode::clone(&*self.node(core, address, level)?);
            let place = child_of(&node, offset).unwrap_or(0);
            let below = (node.level > 0).then(|| (node.children.get(place).copied(), node.level - 1));
            path.push(Step { address, node, place });
            match below {
                Some((Some(child), next)) => (address, level) = (child, Some(next)),
                _ => return Ok(path),
            }
        }
    }

    /// Writes a changed node, and what has to change above it.
    fn store(&self, core: &mut Core, mut step: Step, mut path: Vec<Step>) -> Result<()> {
        loop {
            let full = step.node.children.len() > 2 * usize::from(self.cx.k);
            let right = if full { Some(self.split(core, &mut step)?) } else { None };
            let (first, last) = (step.node.keys[0].clone(), step.node.keys[step.node.keys.len() - 1].clone());
            let Some(mut parent) = path.pop() else {
                return match right {
                    None => core.put(step.address, &step.node, &self.cx),
                    Some(right) => btree_v1::grow(core, &self.cx, self.root, step.node, right),
                };
            };
            core.put(step.address, &step.node, &self.cx)?;
            let place = parent.place;
            let mut changed = parent.node.keys[place] != first;
            parent.node.keys[place] = first;
            let (mut behind, mut end) = (place + 1, last);
            if let Some((address, node)) = right {
                parent.node.keys.insert(behind, node.keys[0].clone());
                parent.node.children.insert(behind, address);
                core.put(address, &node, &self.cx)?;
                end = node.keys[node.keys.len() - 1].clone();
                behind += 1;
                changed = true;
            }
            if behind == parent.node.children.len() {
                changed |= raise_end(&mut parent.node, &end);
            }
            if !changed {
                return Ok(());
            }
            step = parent;
        }
    }

    /// Moves the upper part of a node that is too full to a new one behind it.
    fn split(&self, core: &mut Core, step: &mut Step) -> Result<(Address, ChunkNode)> {
        let count = step.node.children.len();
        // Chunks are mostly appended: then the left node stays full.
        let keep = if step.node.right.is_none() { count - 1 } else { count / 2 };
        btree_v1::split(core, &self.cx, step.address, &mut step.node, keep)
    }
}

/// The last child whose first chunk is not behind the one looked for.
fn child_of(node: &ChunkNode, offset: &[u64]) -> Option<usize> {
    let keys = &node.keys[..node.children.len()];
    keys.partition_point(|key| key.offset.as_slice() <= offset).checked_sub(1)
}

/// Makes the last key at least this one; tells whether that changed it.
fn raise_end(node: &mut ChunkNode, end: &ChunkKey) -> bool {
    match node.keys.last_mut() {
        Some(last) if last.offset < end.offset => {
            *last = end.clone();
            true
        }
        _ => false,
    }
}

impl ChunkIndex for BTree1 {
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let offset = self.offset(scaled);
        let (mut address, mut level) = (self.root, None);
        loop {
            let node = self.node(core, address, level)?;
            let Some(place) = child_of(&node, &offset) else { return Ok(None) };
            if node.level > 0 {
                (address, level) = (node.children[place], Some(node.level - 1));
                continue;
            }
            let key = &node.keys[place];
            let (size, filter_mask) = (u64::from(key.size), key.filter_mask);
            let record = ChunkRecord { address: node.children[place], size, filter_mask };
            return Ok((key.offset == offset).then_some(record));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CreateOptions;
    use crate::storage::MemoryStorage;

    /// libhdf5 makes such trees where K is 1: what limits nesting elsewhere is no limit here.
    #[test]
    fn a_tree_may_have_more_than_64_levels() {
        let mut core = Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap();
        let cx = NodeContext { sizes: core.sizes(), k: 1, rank: 1 };
        let mut tree = BTree1 { root: Address(0), cx, chunk: vec![4], element_size: 8 };
        let chunk = Address(0x5000);
        let mut below = chunk;
        for level in 0..=70 {
            let key = ChunkKey { size: 32, filter_mask: 0, offset: vec![4], last: 0 };
            let keys = vec![key, tree.end_key(&[4])];
            let node = Node { level, left: None, right: None, keys, children: vec![below] };
            below = btree_v1::allocate::<ChunkKey>(&mut core, &tree.cx).unwrap();
            core.put(below, &node, &tree.cx).unwrap();
        }
        tree.root = below;
        let found = tree.find(&core, &[1]).unwrap().unwrap();
        assert_eq!((found.address, found.size), (chunk, 32));
        assert!(tree.find(&core, &[2]).unwrap().is_none());
        let mut visited = Vec::new();
        let mut visit = |scaled: Vec<u64>, record: ChunkRecord| {
            visited.push((scaled, record.address));
            Ok(())
        };
        tree.visit(&core, &mut visit).unwrap();
        assert_eq!(visited, [(vec![1], chunk)]);
    }
}
