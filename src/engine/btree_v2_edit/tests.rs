use std::collections::BTreeMap;

use super::super::fixture::{empty, fixture, object};
use super::super::{BTree2, Header};
use super::*;
use crate::base::lookup3;
use crate::format::btree_v2::{BTree2Shape, ChildPointer};
use crate::format::message::dense_info::LinkInfo;

const TYPE: RecordType = RecordType::LinkOrder;
/// Six records in a leaf, three in every other node.
const SMALL: u32 = 112;

fn record(order: u64, version: u8) -> Vec<u8> {
    [&order.to_le_bytes()[..], &[version; 7]].concat()
}

fn order(record: &[u8]) -> u64 {
    u64::from_le_bytes(record[..8].try_into().unwrap())
}

fn by_order(wanted: u64) -> impl Fn(&Core, &[u8]) -> Result<Ordering> {
    move |_, record| Ok(order(record).cmp(&wanted))
}

/// A tree with nodes of a size of its own.
fn create(core: &mut Core, node_size: u32, split_percent: u8, merge_percent: u8) -> Address {
    let address = BTree2Edit::create(core, TYPE, 15).unwrap();
    let header = Tree::open(core, address, TYPE).unwrap().header;
    let header = BTree2Header { node_size, split_percent, merge_percent, ..header };
    let sizes = core.sizes();
    core.put(address, &header, &sizes).unwrap();
    address
}

fn open(core: &mut Core, tree: Address) -> BTree2Edit<'_> {
    BTree2Edit::open(core, tree, TYPE).unwrap()
}

fn insert(core: &mut Core, tree: Address, order: u64, version: u8) -> bool {
    let edit = open(core, tree);
    edit.insert(&record(order, version), &by_order(order)).unwrap()
}

fn remove(core: &mut Core, tree: Address, order: u64) -> Option<Vec<u8>> {
    open(core, tree).remove(&by_order(order)).unwrap()
}

fn update(core: &mut Core, tree: Address, order: u64, version: u8) -> bool {
    let edit = open(core, tree);
    edit.update(&record(order, version), &by_order(order)).unwrap()
}

fn records(core: &Core, tree: Address) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let read = |record: &[u8]| {
        records.push(record.to_vec());
        Ok(())
    };
    BTree2::open(core, tree, TYPE).unwrap().visit(read).unwrap();
    records
}

/// Every node in the order of their first records: depth and records.
fn nodes(core: &Core, address: Address, record_type: RecordType) -> Vec<(usize, Vec<u8>)> {
    let tree = Tree::open(core, address, record_type).unwrap();
    let mut nodes = Vec::new();
    let mut pending: Vec<_> = tree.root().map(|root| (root, tree.shape.depth())).into_iter().collect();
    while let Some((at, depth)) = pending.pop() {
        if depth == 0 {
            let leaf = tree.leaf(core, at).unwrap();
            assert!(leaf.slack.is_empty());
            check_fill(&tree.shape, at, 0, nodes.is_empty());
            assert_eq!(at.total, u64::from(at.records));
            nodes.push((0, leaf.records.bytes.clone()));
            continue;
        }
        let node = tree.internal(core, at, depth).unwrap();
        assert!(node.slack.is_empty());
        check_fill(&tree.shape, at, depth, nodes.is_empty());
        let below: u64 = node.children.iter().map(|child| child.total).sum();
        assert_eq!(at.total, u64::from(at.records) + below);
        pending.extend(node.children.iter().rev().map(|&child| (child, depth - 1)));
        nodes.push((depth, node.records.bytes.clone()));
    }
    nodes
}

fn check_fill(shape: &BTree2Shape, at: ChildPointer, depth: usize, is_root: bool) {
    let records = u64::from(at.records);
    let fewest = if is_root { 1 } else { shape.merge_at(depth).unwrap().max(1) };
    assert!(records >= fewest, "{records} records at depth {depth}");
    assert!(records <= shape.level(depth).unwrap().records);
}

/// Fails unless the tree has the model's records in their order, and the shape that it should have.
fn check(core: &Core, tree: Address, model: &BTreeMap<u64, u8>) {
    let expected: Vec<_> = model.iter().map(|(&order, &version)| record(order, version)).collect();
    assert_eq!(records(core, tree), expected);
    nodes(core, tree, TYPE);
    assert_eq!(Tree::open(core, tree, TYPE).unwrap().header.total_records, model.len() as u64);
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Grows and shrinks a tree by random edits; returns the greatest depth.
fn edit_at_random(node_size: u32, split: u8, merge: u8, steps: u64, keys: u64) -> u16 {
    let mut core = empty();
    let end = core.txn_mut().unwrap().end(0);
    let tree = create(&mut core, node_size, split, merge);
    let (mut model, mut random, mut depth) = (BTreeMap::new(), Random(u64::from(node_size) + steps), 0);
    for step in 0..steps {
        let (key, version) = (random.below(keys), u8::try_from(step % 251).unwrap());
        // Two thirds of the first half are insertions, two thirds of the second half removals.
        match (random.below(6), step < steps / 2) {
            (0, _) => {
                assert_eq!(update(&mut core, tree, key, version), model.contains_key(&key));
                model.entry(key).and_modify(|old| *old = version);
            }
            (1..=4, true) | (1, false) => {
                assert_eq!(insert(&mut core, tree, key, version), !model.contains_key(&key));
                model.entry(key).or_insert(version);
            }
            _ => {
                let removed = model.remove(&key).map(|version| record(key, version));
                assert_eq!(remove(&mut core, tree, key), removed);
            }
        }
        depth = depth.max(Tree::open(&core, tree, TYPE).unwrap().header.depth);
        if step % 16 == 0 {
            check(&core, tree, &model);
        }
    }
    let rest: Vec<u64> = model.keys().copied().collect();
    for (index, key) in rest.into_iter().enumerate() {
        assert!(remove(&mut core, tree, key).is_some());
        model.remove(&key);
        if index % 8 == 0 {
            check(&core, tree, &model);
        }
    }
    check(&core, tree, &model);
    BTree2Edit::delete(&mut core, tree, TYPE).unwrap();
    assert_eq!(core.txn_mut().unwrap().end(0), end, "all space was given back");
    depth
}

#[test]
fn a_tree_holds_what_a_map_holds() {
    assert!(edit_at_random(SMALL, 100, 40, 3000, 500) >= 3);
    assert!(edit_at_random(200, 100, 40, 3000, 900) >= 2);
    assert!(edit_at_random(512, 100, 40, 4000, 3000) >= 1);
}

#[test]
fn percentages_that_cannot_work_are_brought_into_bounds() {
    for (split, merge) in [(0, 0), (50, 45), (255, 255), (80, 100)] {
        let mut core = empty();
        let tree = create(&mut core, 200, split, merge);
        for key in 0..300 {
            assert!(insert(&mut core, tree, key * 7 % 300, 1));
        }
        for key in 0..300 {
            assert!(remove(&mut core, tree, key * 11 % 300).is_some(), "{key}: {split} {merge}");
        }
        assert!(records(&core, tree).is_empty());
    }
}

#[test]
fn ascending_keys_fill_the_nodes() {
    let mut core = empty();
    let tree = create(&mut core, SMALL, 100, 40);
    for key in 0..600 {
        assert!(insert(&mut core, tree, key, 1));
    }
    check(&core, tree, &(0..600).map(|key| (key, 1)).collect());
    let leaves = nodes(&core, tree, TYPE).iter().filter(|(depth, _)| *depth == 0).count();
    assert!(leaves <= 110, "{leaves} leaves for 600 records, of which 6 fit");
    for key in (0..600).rev() {
        assert!(remove(&mut core, tree, key).is_some());
    }
    assert_eq!(Tree::open(&core, tree, TYPE).unwrap().header.root, None);
}

#[test]
fn all_nodes_of_a_deep_tree_are_given_back() {
    let mut core = empty();
    let end = core.txn_mut().unwrap().end(0);
    let tree = create(&mut core, SMALL, 100, 40);
    for key in 0..1000 {
        insert(&mut core, tree, key * 7919 % 1000, 1);
    }
    assert!(Tree::open(&core, tree, TYPE).unwrap().header.depth >= 3);
    BTree2Edit::delete(&mut core, tree, TYPE).unwrap();
    assert_eq!(core.txn_mut().unwrap().end(0), end);
}

/// What libhdf5 has done to a tree is done to one of ours: the nodes are the same.
#[test]
fn nodes_are_those_that_libhdf5_makes() {
    let mut ours = empty();
    let tree = BTree2Edit::create(&mut ours, RecordType::LinkName, 11).unwrap();
    for index in 0..700 {
        assert!(insert_link(&mut ours, tree, index * 7919 % 700));
    }
    assert_same_nodes(&ours, tree, "dense_links.h5", "many");
}

#[test]
fn nodes_shrink_as_those_of_libhdf5_do() {
    let mut ours = empty();
    let tree = BTree2Edit::create(&mut ours, RecordType::LinkName, 11).unwrap();
    for index in 0..1500 {
        assert!(insert_link(&mut ours, tree, index * 7919 % 1500));
    }
    assert_eq!(Tree::open(&ours, tree, RecordType::LinkName).unwrap().header.depth, 2);
    for index in 0..1350 {
        let hash = hash_of_link(index * 6007 % 1500);
        let edit = BTree2Edit::open(&mut ours, tree, RecordType::LinkName).unwrap();
        assert!(edit.remove(&|_, other| Ok(hash_of(other).cmp(&hash))).unwrap().is_some());
    }
    assert_eq!(Tree::open(&ours, tree, RecordType::LinkName).unwrap().header.depth, 1);
    assert_same_nodes(&ours, tree, "removed_links.h5", "group");
}

fn insert_link(core: &mut Core, tree: Address, index: u32) -> bool {
    let hash = hash_of_link(index);
    let record = [&hash.to_le_bytes()[..], &[0; 7]].concat();
    let edit = BTree2Edit::open(core, tree, RecordType::LinkName).unwrap();
    edit.insert(&record, &|_, other| Ok(hash_of(other).cmp(&hash))).unwrap()
}

fn hash_of_link(index: u32) -> u32 {
    lookup3(format!("link {index}").as_bytes())
}

#[track_caller]
fn assert_same_nodes(ours: &Core, tree: Address, file: &str, group: &str) {
    let theirs = fixture(file);
    let address = index_of(&theirs, group);
    let shapes = [(ours, tree), (&theirs, address)].map(|(core, address)| {
        let hashes = |bytes: Vec<u8>| bytes.chunks(11).map(hash_of).collect::<Vec<_>>();
        let nodes = nodes(core, address, RecordType::LinkName).into_iter();
        nodes.map(|(depth, bytes)| (depth, hashes(bytes))).collect::<Vec<_>>()
    });
    assert!(shapes[0].len() > 3 && shapes[0] == shapes[1]);
}

fn index_of(core: &Core, group: &str) -> Address {
    let header: &Header = &object(core, group);
    header.required::<LinkInfo>(core).unwrap().by_name.unwrap()
}

fn hash_of(record: &[u8]) -> u32 {
    u32::from_le_bytes(record[..4].try_into().unwrap())
}

#[test]
fn an_edit_that_fails_changes_nothing() {
    let mut core = empty();
    let tree = create(&mut core, SMALL, 100, 40);
    for key in 0..100 {
        insert(&mut core, tree, key, 1);
    }
    let (before, end) = (nodes(&core, tree, TYPE), core.txn_mut().unwrap().end(0));
    let unreadable = |_: &Core, bytes: &[u8]| -> Result<Ordering> {
        match order(bytes).cmp(&50) {
            Ordering::Equal => Err(Error::malformed("unreadable")),
            other => Ok(other),
        }
    };
    assert!(open(&mut core, tree).insert(&record(50, 2), &unreadable).is_err());
    assert!(open(&mut core, tree).remove(&unreadable).is_err());
    assert!(!open(&mut core, tree).insert(&record(99, 2), &by_order(99)).unwrap());
    assert_eq!(open(&mut core, tree).remove(&by_order(100)).unwrap(), None);
    assert!(!open(&mut core, tree).update(&record(100, 2), &by_order(100)).unwrap());
    let short = open(&mut core, tree).insert(&[1; 14], &by_order(50)).unwrap_err().to_string();
    assert!(short.contains("record size is 14: not that of the tree's records"), "{short}");
    assert_eq!((nodes(&core, tree, TYPE), core.txn_mut().unwrap().end(0)), (before, end));
}

#[test]
fn trees_of_tiny_nodes_are_not_changed() {
    let mut core = empty();
    let tree = create(&mut core, 40, 100, 40);
    let error = BTree2Edit::open(&mut core, tree, TYPE).unwrap();
    assert!(insert_fails(error).contains("nodes hold fewer than three records"));
}

fn insert_fails(edit: BTree2Edit<'_>) -> String {
    edit.insert(&record(1, 1), &by_order(1)).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_node_with_two_parents_is_not_given_back_twice() {
    let mut core = empty();
    let tree = create(&mut core, SMALL, 100, 40);
    for key in 0..12 {
        insert(&mut core, tree, key, 1);
    }
    let opened = Tree::open(&core, tree, TYPE).unwrap();
    let root = opened.root().unwrap();
    let mut node = crate::format::btree_v2::BTree2Internal::clone(&opened.internal(&core, root, 1).unwrap());
    node.children[1] = node.children[0];
    core.put(root.address, &node, &opened.shape.node(1, root.records).unwrap()).unwrap();
    let error = BTree2Edit::delete(&mut core, tree, TYPE).unwrap_err().to_string();
    assert!(error.contains("the tree has it twice"), "{error}");
    // Whatever an edit makes of it, it ends.
    for key in 0..24 {
        let _ = BTree2Edit::open(&mut core, tree, TYPE).and_then(|edit| edit.remove(&by_order(key)));
        let edit = BTree2Edit::open(&mut core, tree, TYPE);
        let _ = edit.and_then(|edit| edit.insert(&record(key, 3), &by_order(key)));
    }
}
