//! Links and attributes that are added, removed and renamed in headers and in heaps, by us and by h5py in turn.

use std::collections::BTreeMap;
use std::path::Path;

use h5::{File, Group, LinkKind};

use super::support::{Folder, h5dump, python};
use super::{assert_all_agree, assert_h5py_agrees};

/// The links of a group with their targets, and its attributes with their values.
#[derive(Debug, Default, PartialEq)]
struct Model {
    links: BTreeMap<String, String>,
    attributes: BTreeMap<String, i64>,
}

impl Model {
    fn read(group: &Group) -> Model {
        let mut model = Model::default();
        for link in group.links().unwrap().into_iter().map(Result::unwrap) {
            let LinkKind::Soft(target) = link.kind else { panic!("{:?}", link.kind) };
            model.links.insert(link.name, String::from_utf8(target).unwrap());
        }
        for name in group.attr_names().unwrap() {
            let value = group.attr(&name).unwrap().read_scalar().unwrap();
            model.attributes.insert(name, value);
        }
        model
    }

    fn edit_link(&mut self, group: &Group, name: String, number: u64) {
        if self.links.remove(&name).is_some() {
            group.unlink(&name).unwrap();
        } else {
            assert!(group.unlink(&name).unwrap_err().is_not_found());
            let target = format!("/target {number}");
            group.link_soft(&target, &name).unwrap();
            self.links.insert(name, target);
        }
    }

    fn edit_attribute(&mut self, group: &Group, name: String, number: u64) {
        let (value, renamed) = (i64::try_from(number).unwrap(), format!("{name} renamed"));
        let exists = self.attributes.contains_key(&name);
        if !exists {
            group.new_attr::<i64>().create(name.as_str()).unwrap().write_scalar(&value).unwrap();
            self.attributes.insert(name, value);
        } else if number.is_multiple_of(4) {
            group.attr(&name).unwrap().write_scalar(&value).unwrap();
            self.attributes.insert(name, value);
        } else if number % 4 == 1 && !self.attributes.contains_key(&renamed) {
            group.rename_attr(&name, &renamed).unwrap();
            let value = self.attributes.remove(&name).unwrap();
            self.attributes.insert(renamed, value);
        } else {
            group.delete_attr(&name).unwrap();
            self.attributes.remove(&name);
        }
    }
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Adds, removes, renames and overwrites at random in all groups; old-style ones keep their links.
fn edit(path: &Path, seed: u64, names: u64, links: bool) {
    let file = File::open_rw(path).unwrap();
    let mut random = Random(seed);
    for group in file.groups().unwrap() {
        let mut model = Model::read(&group);
        for _ in 0..names {
            if links {
                model.edit_link(&group, format!("link {}", random.below(names)), random.below(100));
            }
            model.edit_attribute(&group, format!("attribute {}", random.below(names)), random.below(1000));
        }
        assert_eq!(Model::read(&group), model);
    }
    file.close().unwrap();
}

/// What `dense.py order` prints.
fn order(path: &Path) -> String {
    let file = File::open(path).unwrap();
    let mut text = String::new();
    for name in file.member_names().unwrap() {
        let group = file.group(&name).unwrap();
        let links = group.links_by_creation_order().unwrap().unwrap_or_default();
        let links = links.into_iter().map(|link| format!("|{}", link.unwrap().name));
        text += &format!("{name}|links{}\n", links.collect::<String>());
        let attributes = group.attrs_by_creation_order().unwrap().unwrap_or_default();
        let attributes = attributes.into_iter().map(|attribute| format!("|{}", attribute.unwrap().name()));
        text += &format!("{name}|attributes{}\n", attributes.collect::<String>());
    }
    text
}

#[track_caller]
fn assert_agreed(path: &Path) {
    assert_h5py_agrees(path);
    let theirs = python("tests/interop/dense.py", ["order".as_ref(), path.as_os_str()]);
    assert_eq!(order(path), theirs);
}

fn h5py_edits(path: &Path, seed: u64, names: u64) {
    let (seed, names) = (seed.to_string(), names.to_string());
    python("tests/interop/dense.py", ["edit".as_ref(), path.as_os_str(), seed.as_ref(), names.as_ref()]);
}

#[test]
fn our_files_are_edited_in_turn() {
    let folder = Folder::new("dense");
    let path = folder.file("ours.h5");
    let file = File::create(&path).unwrap();
    for name in ["few", "some", "many"] {
        file.create_group(name).unwrap();
    }
    file.close().unwrap();
    // As many names as that, half of them there at a time.
    for (round, names) in [12, 300, 2000, 100, 9].into_iter().enumerate() {
        let seed = u64::try_from(round).unwrap();
        edit(&path, seed, names, true);
        assert_agreed(&path);
        h5dump([&path]);
        h5py_edits(&path, seed, names.min(300));
        assert_agreed(&path);
    }
    assert_all_agree(&path);
}

#[test]
fn all_is_removed_again() {
    let folder = Folder::new("dense");
    let path = folder.file("emptied.h5");
    // h5py looks at it while it is open here.
    let file = File::options().locking(h5::storage::FileLocking::Off).create(&path).unwrap();
    let group = file.create_group("group").unwrap();
    let names: Vec<String> = (0..1500).map(|index| format!("name {}", index * 7919 % 1500)).collect();
    for name in &names {
        group.link_soft("/target", name).unwrap();
        group.new_attr::<i64>().create(name.as_str()).unwrap();
    }
    file.flush().unwrap();
    assert_agreed(&path);
    for name in &names {
        group.unlink(name).unwrap();
        group.delete_attr(name).unwrap();
    }
    assert_eq!((group.len(), group.attr_names().unwrap().len()), (0, 0));
    file.close().unwrap();
    assert_all_agree(&path);
    let left = std::fs::metadata(&path).unwrap().len();
    assert!(left < 20_000, "{left} bytes are left of an empty file");
}

/// Lets h5py make a file and edits it in turn with it.
fn their_file(libver: &str, tracked: &str) {
    let folder = Folder::new(&format!("dense-{libver}-{tracked}"));
    let path = folder.file("theirs.h5");
    let arguments = ["make".as_ref(), path.as_os_str(), libver.as_ref(), tracked.as_ref()];
    python("tests/interop/dense.py", arguments);
    let old = libver == "earliest" && tracked == "untracked";
    for (round, names) in [20, 200, 60, 9].into_iter().enumerate() {
        let seed = u64::try_from(round).unwrap();
        edit(&path, seed, if old { names.min(60) } else { names }, !old);
        assert_agreed(&path);
        h5dump([&path]);
        h5py_edits(&path, seed, names);
        assert_agreed(&path);
    }
}

macro_rules! their_files {
    ($($test:ident: $libver:literal $tracked:literal;)*) => {
        $(#[test]
        fn $test() {
            their_file($libver, $tracked);
        })*
    };
}

their_files! {
    earliest_tracked: "earliest" "tracked";
    earliest_untracked: "earliest" "untracked";
    v108_tracked: "v108" "tracked";
    v108_untracked: "v108" "untracked";
    latest_tracked: "latest" "tracked";
    latest_untracked: "latest" "untracked";
}
