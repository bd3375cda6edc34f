//! What h5py writes through plugins that choose between many ways of encoding, compared with what it reads back, byte by byte.

#![cfg(feature = "all-filters")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use h5::File;

use support::{Folder, python};

#[test]
fn what_plugins_encode_is_decoded_to_the_same_bytes() {
    let folder = Folder::new("plugins");
    let path = folder.file("plugins.h5");
    let printed = python("tests/plugins.py", [&path]);
    let file = File::open(&path).unwrap();
    let mut lines = Vec::new();
    for group in file.groups().unwrap() {
        let mut compared = 0;
        for dataset in group.datasets().unwrap() {
            let name = dataset.name();
            let Ok(plain) = file.dataset(&format!("{name} plain")) else {
                assert!(name.ends_with(" plain"), "{name}");
                continue;
            };
            let bytes = dataset.read_bytes(..).unwrap_or_else(|e| panic!("{name}: {e}"));
            let expected = plain.read_bytes(..).unwrap();
            let differing = bytes.iter().zip(expected.iter()).position(|(ours, theirs)| ours != theirs);
            assert!(bytes == expected, "{name}: {differing:?} of {} bytes", bytes.len());
            compared += 1;
        }
        lines.push(format!("{} {compared}", group.name()));
    }
    assert_eq!(lines, printed.lines().collect::<Vec<_>>());
}
