//! Files that go both ways: ours read by h5py and h5dump, those of h5py read by us.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod chunk_indexes;
mod committed_types;
mod constructed_types;
mod copies;
mod creation;
mod creation_order;
mod dense;
mod element_types;
mod external_data;
mod families;
mod free_space;
mod heaps;
mod left_unsaid;
mod old_style;
mod ours;
mod ours_chunked;
mod outside_references;
mod overwritten;
mod scattered;
mod shared_messages;
mod split_files;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod theirs;
mod typed_values;
mod variable_fill;
mod virtual_datasets;
mod virtual_writes;

use std::path::Path;

use h5::File;
use support::listing::list;
use support::{assert_same, h5dump, python};

/// What we find in a file, below its name.
fn listed(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    match File::open(path) {
        Ok(file) => format!("file {name}\n{}", list(&file)),
        Err(error) => format!("file {name}\n{error}\n"),
    }
}

/// Fails unless h5py, h5dump and we find the same in a file; returns it.
#[track_caller]
fn assert_all_agree(path: &Path) -> File {
    assert_h5py_agrees(path);
    assert!(h5dump([path]).starts_with("HDF5 "));
    File::open(path).unwrap()
}

#[track_caller]
fn assert_h5py_agrees(path: &Path) {
    assert_same("we and h5py", &listed(path), &python("tests/support/listing.py", [path]));
}
