//! Random links are added and removed, and the structures are looked at after every few of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::engine::fixture::{bytes, object, open};
use crate::engine::{
    BlockKind, CreateOptions, FormatBounds, KValues, create_group, find_link, insert_link, links,
};
use crate::format::local_heap::LocalHeap;
use crate::storage::MemoryStorage;

type Model = BTreeMap<Vec<u8>, Target>;

fn new_file(leaf: u16, internal: u16) -> (Arc<MemoryStorage>, Core) {
    let storage = Arc::new(MemoryStorage::default());
    let options = CreateOptions { bounds: FormatBounds::Earliest, ..CreateOptions::default() };
    let mut core = Core::create(storage.clone(), options).unwrap();
    core.k = KValues { group_leaf: leaf, group_internal: internal, ..core.k };
    (storage, core)
}

/// Where a large block would be put: the end of all that is in use.
fn end(core: &mut Core) -> Address {
    let address = core.allocate(1 << 20, BlockKind::ObjectHeader).unwrap();
    core.release(address, 1 << 20).unwrap();
    address
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A level of the tree, from left to right.
type Level = Vec<(Address, Arc<Node<NameKey>>)>;

/// A group as the file has it.
fn opened(core: &mut Core, table: &SymbolTable) -> Edit {
    core.seal().unwrap();
    let heap = LocalHeapEdit::open(core, table.heap).unwrap();
    Edit { root: table.btree, heap, nodes: node_context(core), leaves: leaf_context(core) }
}

/// Checks everything that has to be true of a group's structures.
fn check(core: &mut Core, table: &SymbolTable, model: &Model) {
    let group = opened(core, table);
    let root = btree_v1::node::<NameKey>(core, &group.nodes, table.btree, None).unwrap();
    let mut level = vec![(table.btree, root)];
    let leaves = loop {
        check_level(core, &group, &level, table.btree);
        let children: Vec<Address> = level.iter().flat_map(|(_, node)| node.children.clone()).collect();
        let Some(below) = level[0].1.level.checked_sub(1) else { break children };
        let next: Level = children
            .iter()
            .map(|&child| (child, btree_v1::node(core, &group.nodes, child, Some(below)).unwrap()))
            .collect();
        let parents = level.iter().flat_map(|(_, node)| node.keys.windows(2));
        for (keys, (_, child)) in parents.zip(&next) {
            assert_eq!((keys[0], keys[1]), (child.keys[0], *child.keys.last().unwrap()));
        }
        level = next;
    };
    let keys = level.iter().flat_map(|(_, node)| node.keys.windows(2));
    let mut found = Model::new();
    let mut strings = vec![(0, 8)];
    for (keys, leaf) in keys.zip(leaves) {
        let entries = &group.leaf(core, leaf).unwrap().entries;
        assert_eq!(entries.last().unwrap().name_offset, keys[1].0, "the right key is the last name");
        for entry in entries {
            let link = link_of(entry, |offset| group.heap.string(core, offset)).unwrap();
            assert!(link.name.as_slice() > group.heap.string(core, keys[0].0).unwrap());
            strings.push((entry.name_offset, link.name.len() as u64 + 1));
            if let (Cache::SoftLink { target_offset, .. }, Target::Soft(target)) =
                (&entry.cache, &link.target)
            {
                strings.push((u64::from(*target_offset), target.len() as u64 + 1));
            }
            assert!(found.last_key_value().is_none_or(|(last, _)| *last < link.name));
            found.insert(link.name, link.target);
        }
    }
    assert!(found == *model, "{} links of {}", found.len(), model.len());
    group.heap.check(&strings);
}

/// Checks what is true within one level of the tree.
fn check_level(core: &Core, group: &Edit, level: &Level, root: Address) {
    for (index, (address, node)) in level.iter().enumerate() {
        assert!(node.children.len() <= 2 * usize::from(group.nodes.k));
        assert!(!node.children.is_empty() || *address == root && node.level == 0);
        let names = node.keys.iter().map(|key| group.heap.string(core, key.0).unwrap());
        assert!(names.is_sorted_by(|a, b| a < b));
        assert_eq!(node.left, index.checked_sub(1).map(|left| level[left].0));
        assert_eq!(node.right, level.get(index + 1).map(|right| right.0));
        if let Some((_, right)) = level.get(index + 1) {
            assert_eq!(*node.keys.last().unwrap(), right.keys[0]);
        }
        if index == 0 {
            assert_eq!(node.keys[0], NameKey(0));
        }
    }
}

fn random_link(numbers: &mut Numbers, root: Address, names: u64) -> Link {
    let number = numbers.below(names);
    // A name is always of the same length, names of all lengths are there.
    let length = usize::try_from(number % 37).unwrap();
    let name = format!("{number:03}{}", "x".repeat(length));
    let target = match numbers.below(3) {
        0 => Target::Soft(vec![b't'; usize::try_from(numbers.below(60)).unwrap()]),
        _ => Target::Hard(root),
    };
    Link::new(&name, None, target)
}

fn random_edits(leaf: u16, internal: u16, names: u64, steps: u64) {
    let (_, mut core) = new_file(leaf, internal);
    let before = end(&mut core);
    let root = core.superblock.root_header();
    let table = create(&mut core, &GroupRules::default()).unwrap();
    let (mut model, mut numbers) = (Model::new(), Numbers(u64::from(leaf) * 1000 + u64::from(internal)));
    for step in 0..steps {
        let link = random_link(&mut numbers, root, names);
        // The group grows at first and is empty in the end.
        let grow = numbers.below(steps) > step;
        match model.contains_key(&link.name) {
            false if grow => {
                insert(&mut core, &table, &link).unwrap();
                model.insert(link.name, link.target);
            }
            false => assert!(remove(&mut core, &table, &link.name).unwrap_err().is_not_found()),
            true if grow => {
                let error = insert(&mut core, &table, &link).unwrap_err().to_string();
                assert!(error.contains("exists"), "{error}");
            }
            true => {
                let removed = remove(&mut core, &table, &link.name).unwrap();
                assert_eq!(Some(removed.target), model.remove(&link.name));
            }
        }
        if step % 16 == 0 {
            check(&mut core, &table, &model);
        }
    }
    check(&mut core, &table, &model);
    for name in model.keys().rev() {
        remove(&mut core, &table, name).unwrap();
    }
    check(&mut core, &table, &Model::new());
    delete(&mut core, &table).unwrap();
    assert_eq!(end(&mut core), before, "all space is given back");
}

#[test]
fn random_links_come_and_go() {
    for (leaf, internal) in [(1, 1), (1, 2), (2, 1), (3, 2), (4, 4), (4, 16)] {
        random_edits(leaf, internal, 200, 1500);
    }
}

#[test]
fn names_in_order_and_in_reverse() {
    for reverse in [false, true] {
        let (_, mut core) = new_file(2, 2);
        let before = end(&mut core);
        let root = core.superblock.root_header();
        let table = create(&mut core, &GroupRules::default()).unwrap();
        let mut names: Vec<_> = (0..400).map(|n| format!("link {n:03}")).collect();
        if reverse {
            names.reverse();
        }
        let mut model = Model::new();
        for name in &names {
            insert(&mut core, &table, &Link::new(name, None, Target::Hard(root))).unwrap();
            model.insert(name.as_bytes().to_vec(), Target::Hard(root));
        }
        check(&mut core, &table, &model);
        for (index, name) in names.iter().enumerate() {
            remove(&mut core, &table, name.as_bytes()).unwrap();
            model.remove(name.as_bytes());
            if index % 10 == 0 {
                check(&mut core, &table, &model);
            }
        }
        delete(&mut core, &table).unwrap();
        assert_eq!(end(&mut core), before);
    }
}

#[test]
fn a_full_group_is_deleted_with_all_that_it_has() {
    let (_, mut core) = new_file(1, 2);
    let before = end(&mut core);
    let root = core.superblock.root_header();
    let table = create(&mut core, &GroupRules::default()).unwrap();
    for number in 0..300 {
        let link = Link::new(&format!("{}", number * 7 % 300), None, Target::Hard(root));
        insert(&mut core, &table, &link).unwrap();
    }
    delete(&mut core, &table).unwrap();
    assert_eq!(end(&mut core), before);
}

#[test]
fn the_entry_of_an_old_group_has_its_symbol_table() {
    let (_, mut core) = new_file(4, 16);
    let root = core.superblock.root_header();
    let group = create_group(&mut core, root, "group", &GroupRules::default()).unwrap();
    let own = Header::load(&core, group).unwrap().message::<SymbolTable>(&core).unwrap().unwrap();
    let table = Header::load(&core, root).unwrap().message::<SymbolTable>(&core).unwrap().unwrap();
    let edit = opened(&mut core, &table);
    let (step, _) = edit.path_to(&core, b"group").unwrap();
    let entry = edit.leaf(&core, step.node.children[0]).unwrap().entries[0].clone();
    assert_eq!(entry.cache, Cache::Group { btree: own.btree, heap: own.heap, rest: Vec::new() });
}

#[test]
fn a_link_that_an_old_group_cannot_hold_makes_it_a_new_one() {
    let external = Target::Other { kind: 64, data: b"\0file.h5\0/path\0".to_vec() };
    for (name, target) in [("ä", Target::Soft(b"x".to_vec())), ("external", external)] {
        let (storage, mut core) = new_file(4, 16);
        let root = core.superblock.root_header();
        for old in ["b", "a", "c"] {
            insert_link(&mut core, root, old, Target::Soft(format!("to {old}").into_bytes())).unwrap();
        }
        insert_link(&mut core, root, name, target.clone()).unwrap();
        core.flush().unwrap();
        let core = open(storage.to_vec(), false).unwrap();
        let header = object(&core, "/");
        assert!(header.message::<SymbolTable>(&core).unwrap().is_none());
        assert_eq!(links(&core, &header).unwrap().len(), 4);
        for old in ["a", "b", "c"] {
            let link = find_link(&core, &header, old.as_bytes()).unwrap().unwrap();
            assert_eq!((link.target, link.charset), (Target::Soft(format!("to {old}").into_bytes()), None));
        }
        assert_eq!(find_link(&core, &header, name.as_bytes()).unwrap().unwrap().target, target);
        let Root::Old(root) = &core.superblock.root else { panic!("superblock 0 has an entry") };
        assert_eq!(root.entry.cache, Cache::Nothing([0; 16]));
    }
}

#[test]
fn what_cannot_be_stored_changes_nothing() {
    let (_, mut core) = new_file(4, 16);
    let root = core.superblock.root_header();
    let error = insert_link(&mut core, root, "soft", Target::Soft(b"a\0b".to_vec())).unwrap_err();
    assert!(error.to_string().contains("cannot hold a NUL"), "{error}");
    assert!(links(&core, &object(&core, "/")).unwrap().is_empty());
}

/// Files of 2 and 4-byte numbers, made by libhdf5.
#[test]
fn groups_with_narrow_numbers_are_changed() {
    for name in ["sizes_2_old.h5", "sizes_4_old.h5"] {
        let mut core = open(bytes(name), true).unwrap();
        let root = core.superblock.root_header();
        let old = links(&core, &object(&core, "/")).unwrap().len();
        for number in 0..40 {
            insert_link(&mut core, root, &format!("new {number}"), Target::Soft(b"/".to_vec())).unwrap();
        }
        let table = object(&core, "/").message::<SymbolTable>(&core).unwrap().unwrap();
        let all = links(&core, &object(&core, "/")).unwrap();
        assert_eq!(all.len(), old + 40, "{name}");
        let all = all.into_iter().map(Result::unwrap).map(|link| (link.name, link.target));
        check(&mut core, &table, &all.collect());
        for number in 0..40 {
            remove(&mut core, &table, format!("new {number}").as_bytes()).unwrap();
        }
        assert_eq!(links(&core, &object(&core, "/")).unwrap().len(), old);
    }
}

#[test]
fn the_strings_of_a_link_that_is_gone_are_free() {
    let (_, mut core) = new_file(4, 16);
    let table = create(&mut core, &GroupRules::default()).unwrap();
    for number in 0..50 {
        let link = Link::new(&format!("a name like any other {number}"), None, Target::Soft(vec![b't'; 20]));
        insert(&mut core, &table, &link).unwrap();
        remove(&mut core, &table, &link.name).unwrap();
        let heap: Arc<LocalHeap> = core.fetch(table.heap, &core.sizes()).unwrap();
        assert_eq!(heap.size, 88);
    }
}

#[test]
fn overlapping_structures_are_not_given_back() {
    let (_, mut core) = new_file(4, 16);
    let root = core.superblock.root_header();
    let table = create(&mut core, &GroupRules::default()).unwrap();
    insert(&mut core, &table, &Link::new("a", None, Target::Hard(root))).unwrap();
    let edit = opened(&mut core, &table);
    let mut node = Node::<NameKey>::clone(&btree_v1::node(&core, &edit.nodes, table.btree, None).unwrap());
    node.children[0] = table.heap;
    core.put(table.btree, &node, &edit.nodes).unwrap();
    let error = delete(&mut core, &table).unwrap_err().to_string();
    assert!(error.contains("two structures of the group overlap"), "{error}");
}

/// Whatever a file says, changing it ends with a result.
#[test]
fn damaged_groups_are_changed_or_refused() {
    let (storage, mut core) = new_file(2, 2);
    let root = core.superblock.root_header();
    for number in 0..30 {
        insert_link(&mut core, root, &format!("link {number}"), Target::Soft(b"target".to_vec())).unwrap();
    }
    let table = object(&core, "/").message::<SymbolTable>(&core).unwrap().unwrap();
    remove(&mut core, &table, b"link 3").unwrap();
    core.flush().unwrap();
    let file = storage.to_vec();
    let (mut changed, mut refused) = (0, 0);
    for position in 96..file.len() {
        for value in [0, 1, 0x40, 0xff] {
            let mut file = file.clone();
            file[position] ^= value;
            let Ok(mut core) = open(file, true) else { continue };
            core.k = KValues { group_leaf: 2, group_internal: 2, ..core.k };
            let link = Link::new("link 21a", None, Target::Soft(b"x".to_vec()));
            let results = [
                insert(&mut core, &table, &link),
                remove(&mut core, &table, b"link 7").map(drop),
                remove(&mut core, &table, b"link 21").map(drop),
                delete(&mut core, &table),
            ];
            changed += results.iter().filter(|result| result.is_ok()).count();
            refused += results.iter().filter(|result| result.is_err()).count();
        }
    }
    assert!(changed > 1000 && refused > 1000, "{changed} changed, {refused} refused");
}

#[test]
fn the_heap_of_a_new_group_is_as_large_as_is_expected() {
    let size = |estimates, heap_size| {
        let (_, mut core) = new_file(4, 16);
        let rules = GroupRules { estimates, heap_size, ..GroupRules::default() };
        let table = create(&mut core, &rules).unwrap();
        core.fetch::<LocalHeap>(table.heap, &core.sizes()).unwrap().size
    };
    assert_eq!(size(None, None), 8 + 4 * 16 + 16);
    assert_eq!(size(Some((10, 20)), None), 8 + 10 * 24 + 16);
    assert_eq!(size(Some((10, 20)), Some(1000)), 1000);
    assert_eq!(size(None, Some(1)), 8 + 16);
}
