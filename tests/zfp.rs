//! The filter zfp: what we encode has the bytes that the plugin writes, and what it writes we read as it does.

#![cfg(feature = "all-filters")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use std::ffi::OsStr;

use h5::{Dataset, File, Group, H5Type};

use support::{Folder, python};

const ZFP: u16 = 32013;

/// Writes the elements of `plain` again, as the plugin did it for `theirs`.
fn write<T: H5Type>(plain: &Dataset, theirs: &Dataset, to: &Group, mode: &str) {
    let asked = theirs.attr("asked").unwrap().read_raw::<u32>().unwrap();
    let builder = to.new_dataset::<T>().shape(plain.shape()).chunk(theirs.chunk().unwrap());
    let dataset = builder.add_filter(ZFP, &asked).create(mode).unwrap_or_else(|e| panic!("{mode}: {e}"));
    dataset.write_raw(&plain.read_raw::<T>().unwrap()).unwrap();
}

#[test]
fn the_plugin_and_we_write_the_same_bytes_and_read_the_same_values() {
    let folder = Folder::new("zfp");
    let (path, own) = (folder.file("plugin.h5"), folder.file("own.h5"));
    let written: usize = python("tests/zfp.py", [OsStr::new("make"), path.as_ref()]).trim().parse().unwrap();
    let (file, ours) = (File::open(&path).unwrap(), File::create(&own).unwrap());
    let mut compared = 0;
    for group in file.groups().unwrap() {
        let title = group.name().trim_start_matches('/').to_owned();
        let (plain, to) = (group.dataset("plain").unwrap(), ours.create_group(&title).unwrap());
        for mode in group.member_names().unwrap() {
            let Ok(read) = group.dataset(&format!("{mode} read")) else { continue };
            let theirs = group.dataset(&mode).unwrap();
            let same = theirs.read_bytes(..).unwrap() == read.read_bytes(..).unwrap();
            assert!(same, "{title}/{mode}: other values than the plugin's");
            match &title[..3] {
                "<f4" => write::<f32>(&plain, &theirs, &to, &mode),
                "<f8" => write::<f64>(&plain, &theirs, &to, &mode),
                "<i4" => write::<i32>(&plain, &theirs, &to, &mode),
                "<i8" => write::<i64>(&plain, &theirs, &to, &mode),
                other => panic!("{other} is no type"),
            }
            compared += 1;
        }
    }
    ours.close().unwrap();
    assert_eq!(compared, written);
    let printed = python("tests/zfp.py", [OsStr::new("compare"), path.as_ref(), own.as_ref()]);
    assert_eq!(printed.trim().parse::<usize>().unwrap(), compared);
}
