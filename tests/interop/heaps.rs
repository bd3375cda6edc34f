//! Heaps that libhdf5 has made, with huge and with filtered objects, edited by us and by h5py in turn.

use std::path::Path;

use h5::{File, Group};

use super::assert_all_agree;
use super::support::{Folder, project, python};

fn names(group: &Group) -> Vec<String> {
    let mut names = group.member_names().unwrap();
    names.sort();
    names
}

/// Removes a third of the links of each group and adds others of all lengths.
fn edit(path: &Path, seed: usize) {
    let file = File::open_rw(path).unwrap();
    for group in file.groups().unwrap() {
        let mut left = names(&group);
        for index in (0..left.len()).rev().filter(|index| index % 3 == seed % 3) {
            group.unlink(&left.remove(index)).unwrap();
        }
        for index in 0..40 {
            let length = [8, 90, 700, 3000, 6000][(index + seed) % 5];
            let name = format!("{:length$}", format!("{seed} {index} we"));
            group.link_soft(&format!("/{index}"), &name).unwrap();
            left.push(name);
        }
        left.sort();
        assert_eq!(names(&group), left);
    }
    file.close().unwrap();
}

fn h5py<const N: usize>(command: &str, path: &Path, arguments: [&str; N]) {
    let arguments = arguments.iter().map(|argument| argument.as_ref());
    python("tests/interop/heaps.py", [command.as_ref(), path.as_os_str()].into_iter().chain(arguments));
}

#[test]
fn heaps_of_libhdf5_are_edited_in_turn() {
    let folder = Folder::new("heaps");
    let path = folder.file("heaps.h5");
    std::fs::copy(project("fixtures/dense_links.h5"), &path).unwrap();
    for seed in 0..3 {
        edit(&path, seed);
        assert_all_agree(&path);
        h5py("edit", &path, [&seed.to_string()]);
        assert_all_agree(&path);
    }
    edit(&path, 3);
    h5py("empty", &path, []);
    let file = assert_all_agree(&path);
    assert!(file.groups().unwrap().iter().all(|group| group.is_empty()));
    drop(file);
    edit(&path, 4);
    assert_all_agree(&path);
}
