//! Files of symbol tables and version 1 object headers: ours read and changed by h5py, those of h5py changed by us.

use std::path::Path;

use h5::{File, FormatBounds, Group};
use ndarray::{Array1, Array2, array, s};

use super::support::{Folder, h5dump, python};
use super::{assert_all_agree, assert_h5py_agrees};

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Nothing in the file is of a later release than 1.6.
fn assert_old(path: &Path) {
    let content = std::fs::read(path).unwrap();
    assert!(content[8] < 2, "the superblock has version {}", content[8]);
    let has = |signature: &[u8; 4]| content.windows(4).any(|window| window == signature);
    assert!(has(b"SNOD") && !has(b"OHDR") && !has(b"FRHP"));
}

fn change_by_h5py(path: &Path) {
    python("tests/interop/old.py", ["change".as_ref(), path.as_os_str()]);
}

fn add(group: &Group, names: &[String]) {
    for (index, name) in names.iter().enumerate() {
        match index % 10 {
            0 => drop(group.create_group(name).unwrap()),
            _ => group.link_soft(&"/target".repeat(index % 4), name).unwrap(),
        }
    }
}

#[test]
fn two_thousand_links_come_and_go_in_random_order() {
    let folder = Folder::new("links");
    let path = folder.file("links.h5");
    let mut numbers = Numbers(1);
    let file = File::options().bounds(FormatBounds::Earliest).create(&path).unwrap();
    let group = file.create_group("group").unwrap();
    let mut names: Vec<String> =
        (0..2000).map(|n| format!("{}{}", n * 7919 % 2000, "y".repeat(n % 41))).collect();
    add(&group, &names);
    numbers.shuffle(&mut names);
    names.drain(..700).for_each(|name| group.unlink(&name).unwrap());
    file.close().unwrap();
    assert_old(&path);
    assert_all_agree(&path);

    change_by_h5py(&path);
    assert_old(&path);
    let file = File::open_rw(&path).unwrap();
    let group = file.group("group").unwrap();
    let mut names = group.member_names().unwrap();
    numbers.shuffle(&mut names);
    names.iter().skip(100).for_each(|name| group.unlink(name).unwrap());
    add(&group, &(0..50).map(|n| format!("late {n}")).collect::<Vec<_>>());
    file.close().unwrap();
    let file = assert_all_agree(&path);
    assert_eq!(file.group("group").unwrap().len(), 150);

    let file_rw = File::open_rw(&path).unwrap();
    let group = file_rw.group("group").unwrap();
    group.member_names().unwrap().iter().for_each(|name| group.unlink(name).unwrap());
    file_rw.close().unwrap();
    assert!(assert_all_agree(&path).group("group").unwrap().is_empty());
    assert_old(&path);
}

/// Adds one thing of each kind to a group.
fn add_some(group: &Group) {
    let below = group.create_group("by us").unwrap();
    let data = Array2::from_shape_fn((50, 40), |(i, j)| if i > j { 0.25 } else { -8.0 });
    let chunked = below.new_dataset_builder().with_data(&data).chunk((20, 20)).shuffle().deflate(6);
    chunked.fletcher32().fill_value(1.5).create("chunked").unwrap();
    below.new_dataset_builder().with_data(&array![1i8, -2]).fill_value(7i8).create("contiguous").unwrap();
    below.new_dataset_builder().with_data(&array![true, false]).compact().create("compact").unwrap();
    let grown = below.new_dataset::<u16>().shape((3.., 4)).fill_value(9u16).create("grown").unwrap();
    grown.resize((70, 4)).unwrap();
    grown.write_slice(&array![1u16, 2], s![60, 1..3]).unwrap();
    below.link_soft("/by us/chunked", "soft").unwrap();
    for number in 0..30 {
        let values = Array1::from_elem(number, 0.5);
        below.new_attr_builder().with_data(&values).create(&format!("attribute {number}")).unwrap();
    }
    below.new_attr_builder().with_data(&array![true]).create("Wahrheit ist größer").unwrap();
    below.delete_attr("attribute 7").unwrap();
    group.new_attr_builder().with_data(&array![1u64, 2]).create("by us too").unwrap();
}

#[test]
fn all_that_we_write_can_be_old() {
    let folder = Folder::new("earliest");
    let path = folder.file("earliest.h5");
    let options = File::options().bounds(FormatBounds::Earliest).userblock(512);
    let file = options.create(&path).unwrap();
    add_some(&file);
    file.close().unwrap();
    let content = std::fs::read(&path).unwrap();
    assert_eq!((content[512 + 8], content.windows(4).any(|w| w == b"OHDR")), (0, false));
    assert_all_agree(&path);
    change_by_h5py(&path);
    assert_all_agree(&path);
}

#[test]
fn old_files_of_h5py_stay_old() {
    let folder = Folder::new("turns");
    let path = folder.file("turns.h5");
    python("tests/interop/old.py", ["make".as_ref(), path.as_os_str()]);
    let file = File::open_rw(&path).unwrap();
    add_some(&file);
    add_some(&file.group("many").unwrap());
    add_some(&file.group("empty").unwrap());
    let many = file.group("many").unwrap();
    for (index, name) in many.member_names().unwrap().iter().enumerate() {
        if index % 2 == 0 && name != "by us" {
            many.unlink(name).unwrap();
        }
    }
    file.unlink("again").unwrap();
    file.close().unwrap();
    assert_old(&path);
    assert_all_agree(&path);
    change_by_h5py(&path);
    assert_old(&path);
    assert_all_agree(&path);
}

/// As libhdf5 does where a symbol table cannot hold the link.
#[test]
fn a_name_that_is_not_ascii_makes_a_new_style_group() {
    let folder = Folder::new("names");
    let path = folder.file("names.h5");
    python("tests/interop/old.py", ["make".as_ref(), path.as_os_str()]);
    let file = File::open_rw(&path).unwrap();
    file.link_soft("/data", "größer").unwrap();
    file.group("empty").unwrap().create_group("größer").unwrap();
    file.close().unwrap();
    assert_all_agree(&path);
    change_by_h5py(&path);
    let file = assert_all_agree(&path);
    assert!(file.dataset("größer").is_ok() || file.dataset("data").is_ok());
}

/// The bounds of an existing file are its own, unless there are others.
#[test]
fn other_bounds_may_be_asked_for() {
    let folder = Folder::new("asked");
    let path = folder.file("asked.h5");
    python("tests/interop/old.py", ["make".as_ref(), path.as_os_str()]);
    let file = File::options().bounds(FormatBounds::V18).open_rw(&path).unwrap();
    add_some(&file);
    file.close().unwrap();
    let content = std::fs::read(&path).unwrap();
    assert!(content[8] == 0 && content.windows(4).any(|window| window == b"OHDR"));
    assert_all_agree(&path);
    let new = folder.file("new.h5");
    let file = File::create(&new).unwrap();
    file.close().unwrap();
    let file = File::options().bounds(FormatBounds::Earliest).open_rw(&new).unwrap();
    add_some(&file);
    file.close().unwrap();
    let content = std::fs::read(&new).unwrap();
    assert!(content[8] == 2 && content.windows(4).any(|window| window == b"SNOD"));
    assert_h5py_agrees(&new);
    assert!(h5dump([&new]).contains("\"by us\""));
}
