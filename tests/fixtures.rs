//! Small files made by libhdf5, read without it: `fixtures/generate.py` made them, and wrote beside each what h5py finds
//! in it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

#[path = "support/mod.rs"]
mod support;

use std::path::PathBuf;

use h5::File;
use support::listing::list;
use support::{assert_same, project};

/// The fixtures of this name's beginning, each with the text that is expected.
fn fixtures(beginning: &str) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(project("fixtures")).unwrap();
    let mut texts: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(beginning) && name.ends_with(".txt")
    };
    texts.retain(wanted);
    texts.sort();
    let read = |text: &PathBuf| (text.with_extension("h5"), std::fs::read_to_string(text).unwrap());
    texts.iter().map(read).collect()
}

/// Reads each fixture in every way that a file can be opened. Fails too if there are not as many as there were.
#[track_caller]
fn check(beginning: &str, count: usize) {
    let fixtures = fixtures(beginning);
    assert_eq!(fixtures.len(), count, "fixtures that begin with {beginning:?}");
    for (path, expected) in fixtures {
        let name = path.display().to_string();
        assert_same(&name, &list(&File::open(&path).unwrap()), &expected);
        let mapped = File::options().mmap(true).open(&path).unwrap();
        assert_same(&format!("{name}, mapped"), &list(&mapped), &expected);
        let bytes = std::fs::read(&path).unwrap();
        assert_same(&format!("{name}, in memory"), &list(&File::from_bytes(bytes).unwrap()), &expected);
    }
}

#[test]
fn every_version_of_the_superblock() {
    check("superblock_", 4);
}

#[test]
fn a_user_block() {
    check("userblock", 1);
}

#[test]
fn offsets_and_lengths_of_two_and_four_bytes() {
    check("sizes_", 4);
}

#[test]
fn every_index_of_chunks() {
    check("chunks_", 6);
}

/// No byte of a file may stop the process; what the changed file says is its own affair.
#[test]
fn no_change_of_a_byte_does_more_than_an_error() {
    for (path, expected) in fixtures("chunks_").into_iter().chain(fixtures("superblock_0")) {
        let bytes = std::fs::read(path).unwrap();
        let mut unlike = 0;
        for at in (0..bytes.len()).step_by(5) {
            let mut changed = bytes.clone();
            changed[at] = !changed[at];
            let text = File::from_bytes(changed).map_or_else(|error| error.to_string(), |file| list(&file));
            unlike += usize::from(text != expected);
        }
        assert!(unlike > 20, "only {unlike} changes made a difference");
    }
}
