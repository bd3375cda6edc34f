//! What h5py writes, with every range of versions that it can be told to write, is read by us with the same values.

use std::path::PathBuf;

use super::listed;
use super::support::{Folder, assert_same, python};

/// Lets h5py make all files of `make.py` and compares them one by one.
fn all_files(libver: &str) {
    let folder = Folder::new(libver);
    python("tests/interop/make.py", [folder.path().as_os_str(), libver.as_ref()]);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 19, "only {} files were made", paths.len());
    let ours: Vec<String> = paths.iter().map(|path| listed(path)).collect();
    // One Python for all files; it prints one listing after the other.
    let theirs = python("tests/support/listing.py", &paths);
    assert_same(libver, &ours.concat(), &theirs);
}

#[test]
fn earliest() {
    all_files("earliest");
}

#[test]
fn v108() {
    all_files("v108");
}

#[test]
fn v110() {
    all_files("v110");
}

#[test]
fn v112() {
    all_files("v112");
}

#[test]
fn v114() {
    all_files("v114");
}

#[test]
fn latest() {
    all_files("latest");
}
