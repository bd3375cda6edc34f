//! Chunks in a version 1 B-tree: found by descending, added by splitting nodes that are full, removed with the nodes
//! that end up empty.

use std::sync::Arc;

use crate::base::{Address, Error, Result};
use crate::engine::{Core, btree_v1};
use crate::format::btree_v1::{ChunkKey, Node, NodeContext};
use crate::format::message::layout::Chunked;

use super::index::{ChunkIndex, ChunkRecord, Visit, not_created};

type ChunkNode = Node<ChunkKey>;
type Step = btree_v1::Step<ChunkKey>;

/// The tree below a root node, whose address never changes.
pub(super) struct BTree1 {
    root: Option<Address>,
    cx: NodeContext,
    /// The chunk's shape: keys hold offsets in elements.
    chunk: Vec<u64>,
    element_size: u64,
}

impl BTree1 {
    pub(super) fn open(core: &Core, root: Option<Address>, chunk: &[u64], element_size: u64) -> Self {
        let cx = NodeContext { sizes: core.sizes(), k: core.k.chunk, rank: chunk.len() };
        BTree1 { root, cx, chunk: chunk.to_vec(), element_size }
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

    fn empty(&self) -> ChunkNode {
        let end = self.end_key(&vec![0; self.chunk.len()]);
        Node { level: 0, left: None, right: None, keys: vec![end], children: Vec::new() }
    }

    /// The nodes from the root to the leaf where a chunk belongs.
    fn path_to(&self, core: &Core, offset: &[u64]) -> Result<Vec<Step>> {
        let mut path = Vec::new();
        let (mut address, mut level) = (self.root.ok_or_else(not_created)?, None);
        loop {
            let node = self.node(core, address, level)?;
            let place = child_of(&node, offset).unwrap_or(0);
            let below = (node.level > 0).then(|| (node.children.get(place).copied(), node.level - 1));
            path.push(Step { address, node, place });
            match below {
                Some((Some(child), next)) => (address, level) = (child, Some(next)),
                _ => return Ok(path),
            }
        }
    }

    /// Puts a chunk into the leaf where it belongs.
    fn place_in(&self, leaf: &mut ChunkNode, key: ChunkKey, chunk: Address) {
        let used = leaf.children.len();
        let place = leaf.keys[..used].partition_point(|k| k.offset < key.offset);
        if leaf.keys[..used].get(place).is_some_and(|k| k.offset == key.offset) {
            leaf.keys[place] = key;
            leaf.children[place] = chunk;
            return;
        }
        let end = self.end_key(&key.offset);
        leaf.keys.insert(place, key);
        leaf.children.insert(place, chunk);
        if used == 0 {
            leaf.keys[1] = end;
        } else if place == used && leaf.right.is_none() {
            // Elsewhere the last key is the first one of the neighbour.
            raise_end(leaf, &end);
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
                    None => step.put(core, &self.cx),
                    Some(right) => btree_v1::grow(core, &self.cx, step, right),
                };
            };
            step.put(core, &self.cx)?;
            let is_last = parent.place + 1 == parent.node.children.len();
            let end = right.as_ref().map_or(&last, |(_, right)| right.keys.last().unwrap_or(&last)).clone();
            let ends_before = is_last && parent.node.keys.last().is_some_and(|key| key.offset < end.offset);
            if right.is_none() && parent.node.keys[parent.place] == first && !ends_before {
                return Ok(());
            }
            let place = parent.place;
            let above = parent.change(core);
            above.keys[place] = first;
            if let Some((address, node)) = right {
                above.keys.insert(place + 1, node.keys[0].clone());
                above.children.insert(place + 1, address);
                core.put_and_keep(address, Arc::new(node), &self.cx)?;
            }
            if is_last {
                raise_end(above, &end);
            }
            step = parent;
        }
    }

    /// Moves the upper part of a node that is too full to a new one behind it.
    fn split(&self, core: &mut Core, step: &mut Step) -> Result<(Address, ChunkNode)> {
        let count = step.node.children.len();
        // Chunks are mostly appended: then the left node stays full.
        let keep = if step.node.right.is_none() { count - 1 } else { count / 2 };
        btree_v1::split(core, &self.cx, step, keep)
    }

    /// Takes the child that the last step of a path goes to away, and all nodes that are empty without it but the
    /// root.
    fn cut(&self, core: &mut Core, mut path: Vec<Step>) -> Result<()> {
        while let Some(mut step) = path.pop() {
            if step.node.children.len() == 1 && !path.is_empty() {
                self.unlink(core, &step)?;
                continue;
            }
            let place = step.place;
            let node = step.change(core);
            node.keys.remove(place);
            node.children.remove(place);
            if node.children.is_empty() {
                node.level = 0;
            }
            step.put(core, &self.cx)?;
            return if step.place == 0 { self.spread_first(core, &step, path) } else { Ok(()) };
        }
        Ok(())
    }

    /// Takes a node away whose only child goes; its neighbours become each other's.
    fn unlink(&self, core: &mut Core, step: &Step) -> Result<()> {
        let Node { left, right, keys, .. } = &*step.node;
        btree_v1::update::<ChunkKey>(core, &self.cx, *left, |node| {
            node.right = *right;
            set_end(node, keys.last());
        })?;
        btree_v1::update::<ChunkKey>(core, &self.cx, *right, |node| node.left = *left)?;
        core.release(step.address, self.cx.node_len::<ChunkKey>() as u64)
    }

    /// A node begins with another chunk than before: those say so that have its first key too.
    fn spread_first(&self, core: &mut Core, step: &Step, mut path: Vec<Step>) -> Result<()> {
        let first = step.node.keys.first().cloned();
        let mut left = step.node.left;
        loop {
            btree_v1::update::<ChunkKey>(core, &self.cx, left, |node| set_end(node, first.as_ref()))?;
            let (Some(mut above), Some(first)) = (path.pop(), &first) else { return Ok(()) };
            let place = above.place;
            above.change(core).keys[place] = first.clone();
            above.put(core, &self.cx)?;
            if above.place > 0 {
                return Ok(());
            }
            left = above.node.left;
        }
    }

    /// Calls `f` with every node, from the left to the right; those above before those below.
    fn for_each_node(&self, core: &Core, f: &mut dyn FnMut(Address, &ChunkNode) -> Result<()>) -> Result<()> {
        let mut pending: Vec<_> = self.root.map(|root| (root, None)).into_iter().collect();
        let mut visited = 0;
        while let Some((address, level)) = pending.pop() {
            visited += 1;
            core.budget.items(visited)?;
            let node = self.node(core, address, level)?;
            if node.level > 0 {
                pending.extend(node.children.iter().rev().map(|&child| (child, Some(node.level - 1))));
            }
            f(address, &node)?;
        }
        Ok(())
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

fn set_end(node: &mut ChunkNode, end: Option<&ChunkKey>) {
    if let (Some(last), Some(end)) = (node.keys.last_mut(), end) {
        *last = end.clone();
    }
}

fn record(key: &ChunkKey, address: Address) -> ChunkRecord {
    ChunkRecord { address, size: u64::from(key.size), filter_mask: key.filter_mask }
}

impl ChunkIndex for BTree1 {
    fn find(&self, core: &Core, scaled: &[u64]) -> Result<Option<ChunkRecord>> {
        let Some(root) = self.root else { return Ok(None) };
        let offset = self.offset(scaled);
        let (mut address, mut level) = (root, None);
        loop {
            let node = self.node(core, address, level)?;
            let Some(place) = child_of(&node, &offset) else { return Ok(None) };
            if node.level > 0 {
                (address, level) = (node.children[place], Some(node.level - 1));
                continue;
            }
            let key = &node.keys[place];
            return Ok((key.offset == offset).then(|| record(key, node.children[place])));
        }
    }

    fn create(&mut self, core: &mut Core) -> Result<()> {
        if self.root.is_none() {
            let root = btree_v1::allocate::<ChunkKey>(core, &self.cx)?;
            core.put(root, &self.empty(), &self.cx)?;
            self.root = Some(root);
        }
        Ok(())
    }

    fn insert(&mut self, core: &mut Core, scaled: &[u64], record: &ChunkRecord) -> Result<()> {
        self.create(core)?;
        let offset = self.offset(scaled);
        let mut path = self.path_to(core, &offset)?;
        let Some(mut leaf) = path.pop() else { return Ok(()) };
        let size = u32::try_from(record.size)
            .map_err(|_| Error::limit("a chunk in a version 1 B-tree", record.size, u64::from(u32::MAX)))?;
        let key = ChunkKey { size, filter_mask: record.filter_mask, offset, last: 0 };
        self.place_in(leaf.change(core), key, record.address);
        self.store(core, leaf, path)
    }

    fn remove(&mut self, core: &mut Core, scaled: &[u64]) -> Result<()> {
        match self.find(core, scaled)? {
            Some(_) => self.cut(core, self.path_to(core, &self.offset(scaled))?),
            None => Ok(()),
        }
    }

    fn visit(&self, core: &Core, f: &mut Visit<'_>) -> Result<()> {
        self.for_each_node(core, &mut |_, node| {
            let chunks = if node.level == 0 { &node.children[..] } else { &[] };
            for (key, &address) in node.keys.iter().zip(chunks) {
                let scaled = key.offset.iter().zip(&self.chunk).map(|(&n, &size)| n / size).collect();
                f(scaled, record(key, address))?;
            }
            Ok(())
        })
    }

    fn delete(&mut self, core: &mut Core) -> Result<()> {
        let mut nodes = Vec::new();
        self.for_each_node(core, &mut |address, _| {
            nodes.push(address);
            Ok(())
        })?;
        self.root = None;
        nodes.into_iter().try_for_each(|node| core.release(node, self.cx.node_len::<ChunkKey>() as u64))
    }

    fn describe(&self, layout: &mut Chunked) {
        layout.address = self.root;
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
        let mut tree = BTree1 { root: None, cx, chunk: vec![4], element_size: 8 };
        let chunk = Address(0x5000);
        let mut below = chunk;
        for level in 0..=70 {
            let key = ChunkKey { size: 32, filter_mask: 0, offset: vec![4], last: 0 };
            let keys = vec![key, tree.end_key(&[4])];
            let node = Node { level, left: None, right: None, keys, children: vec![below] };
            below = btree_v1::allocate::<ChunkKey>(&mut core, &tree.cx).unwrap();
            core.put(below, &node, &tree.cx).unwrap();
        }
        tree.root = Some(below);
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

    fn small(core: &mut Core, k: u16) -> BTree1 {
        let cx = NodeContext { sizes: core.sizes(), k, rank: 2 };
        let mut tree = BTree1 { root: None, cx, chunk: vec![4, 3], element_size: 8 };
        tree.create(core).unwrap();
        tree
    }

    /// Every node with its address, by levels from the root down.
    fn levels(core: &Core, tree: &BTree1) -> Vec<Vec<(Address, Arc<ChunkNode>)>> {
        let at = |address: Address| (address, tree.node(core, address, None).unwrap());
        let mut levels = vec![vec![at(tree.root.unwrap())]];
        while levels.last().unwrap()[0].1.level > 0 {
            let above = levels.last().unwrap();
            levels.push(above.iter().flat_map(|(_, node)| node.children.iter().copied().map(at)).collect());
        }
        levels
    }

    /// What libhdf5 counts on: each node knows its neighbours, and what a node begins with is said by all that say it.
    fn check_invariants(core: &Core, tree: &BTree1) {
        let levels = levels(core, tree);
        for (depth, nodes) in levels.iter().enumerate() {
            let mut left = None;
            for (place, (address, node)) in nodes.iter().enumerate() {
                let right = nodes.get(place + 1);
                assert_eq!(usize::from(node.level), levels.len() - 1 - depth);
                assert_eq!((node.left, node.right), (left, right.map(|(address, _)| *address)));
                assert_eq!(node.keys.len(), node.children.len() + 1);
                assert!(node.children.len() <= 2 * usize::from(tree.cx.k));
                assert!(!node.children.is_empty() || levels.len() == 1);
                assert!(node.keys.windows(2).all(|pair| pair[0].offset < pair[1].offset));
                if let Some((_, right)) = right {
                    assert_eq!(node.keys.last(), right.keys.first());
                }
                left = Some(*address);
            }
            let Some(below) = levels.get(depth + 1) else { continue };
            let said = nodes.iter().flat_map(|(_, node)| &node.keys[..node.children.len()]);
            assert!(said.eq(below.iter().map(|(_, node)| &node.keys[0])));
        }
    }

    fn contents(core: &Core, tree: &BTree1) -> Vec<(Vec<u64>, u64)> {
        let mut found = Vec::new();
        let mut keep = |scaled, record: ChunkRecord| {
            found.push((scaled, record.address.0));
            Ok(())
        };
        tree.visit(core, &mut keep).unwrap();
        found
    }

    #[test]
    fn a_tree_stays_whole_through_inserting_and_removing() {
        for k in [1, 2, 3] {
            let mut core =
                Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap();
            let mut tree = small(&mut core, k);
            let (mut state, mut model) = (11u64, std::collections::BTreeMap::new());
            for step in 0..900 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let scaled = vec![(state >> 40) % 9, (state >> 50) % 9];
                // It fills up, is emptied, and so on.
                if (state >> 33) % 10 < if step / 150 % 2 == 0 { 8 } else { 1 } {
                    let record = ChunkRecord { address: Address(5000 + step), size: 7, filter_mask: 0 };
                    tree.insert(&mut core, &scaled, &record).unwrap();
                    model.insert(scaled, 5000 + step);
                } else {
                    tree.remove(&mut core, &scaled).unwrap();
                    model.remove(&scaled);
                }
                check_invariants(&core, &tree);
                assert!(contents(&core, &tree).iter().map(|(s, a)| (s, a)).eq(&model));
            }
            let all: Vec<_> = model.into_keys().collect();
            for scaled in &all {
                tree.remove(&mut core, scaled).unwrap();
                assert_eq!(tree.find(&core, scaled).unwrap(), None);
            }
            assert_eq!((contents(&core, &tree).len(), levels(&core, &tree).len()), (0, 1));
        }
    }

    /// The first key of the node behind is the last one of the left half, and that node's left neighbour is new.
    #[test]
    fn a_node_in_the_middle_is_split() {
        let mut core = Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap();
        let mut tree = small(&mut core, 2);
        for row in (0..20).chain(20..40) {
            let record = ChunkRecord { address: Address(row), size: 7, filter_mask: 0 };
            tree.insert(&mut core, &[row, 0], &record).unwrap();
        }
        let before = levels(&core, &tree).last().unwrap().len();
        for column in 1..4 {
            let record = ChunkRecord { address: Address(100), size: 7, filter_mask: 0 };
            tree.insert(&mut core, &[9, column], &record).unwrap();
            check_invariants(&core, &tree);
        }
        assert!(levels(&core, &tree).last().unwrap().len() > before);
    }

    #[test]
    fn nodes_that_end_up_empty_are_free() {
        let mut core = Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap();
        let mut tree = small(&mut core, 1);
        let fill = |core: &mut Core, tree: &mut BTree1| {
            for row in 0..50 {
                let record = ChunkRecord { address: Address(row), size: 7, filter_mask: 0 };
                tree.insert(core, &[row, 0], &record).unwrap();
            }
        };
        fill(&mut core, &mut tree);
        let end = core.available(0);
        for row in 0..50 {
            tree.remove(&mut core, &[row, 0]).unwrap();
        }
        assert!(core.available(0) < end / 4);
        fill(&mut core, &mut tree);
        assert_eq!(core.available(0), end);
        tree.delete(&mut core).unwrap();
        assert_eq!(tree.root, None);
        assert!(core.available(0) < end / 4);
    }
}
