//! What we encode through filters of hdf5plugin beside what its plugins encode of the same: h5py reads it, and finds the
//! same bytes or, where an encoder is free in what it stores, values within the bounds that were asked for.

#![cfg(feature = "all-filters")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use std::ffi::OsStr;

use h5::{Dataset, File, Group};

use support::{Folder, python};

/// Writes the elements of `plain` again as the plugin did it for `theirs`, and beside it what we read of that.
fn write(plain: &Dataset, theirs: &Dataset, to: &Group, name: &str) {
    let asked = theirs.attr("asked").unwrap().read_raw::<u32>().unwrap();
    let filter = theirs.filters()[0].id;
    let builder = || to.new_dataset_builder().empty_like(&plain.dtype().unwrap()).shape(plain.shape());
    let dataset = builder().chunk(theirs.chunk().unwrap()).add_filter(filter, &asked).create(name);
    let dataset = dataset.unwrap_or_else(|e| panic!("{name}: {e}"));
    dataset.write_bytes(&plain.read_bytes(..).unwrap(), ..).unwrap();
    drop(dataset);
    let read = to.dataset(name).unwrap().read_bytes(..).unwrap_or_else(|e| panic!("{name}: {e}"));
    builder().create(format!("{name} read").as_str()).unwrap().write_bytes(&read, ..).unwrap();
}

#[test]
fn what_is_encoded_is_what_plugins_decode() {
    let folder = Folder::new("encoders");
    let (path, own) = (folder.file("plugin.h5"), folder.file("own.h5"));
    let written = python("tests/encoders.py", [OsStr::new("make"), path.as_ref()]);
    let (file, ours) = (File::open(&path).unwrap(), File::create(&own).unwrap());
    for group in file.groups().unwrap() {
        let to = ours.create_group(group.name().trim_start_matches('/')).unwrap();
        for name in group.member_names().unwrap() {
            let Ok(plain) = group.dataset(&format!("{name} plain")) else { continue };
            write(&plain, &group.dataset(&name).unwrap(), &to, &name);
        }
    }
    ours.close().unwrap();
    let compared = python("tests/encoders.py", [OsStr::new("compare"), path.as_ref(), own.as_ref()]);
    assert_eq!(compared, written);
}
