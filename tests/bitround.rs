//! BitGroom and Granular BitRound: what we store is what their formulas say. No plugin of hdf5plugin has these filters.

#![cfg(feature = "all-filters")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use std::ffi::OsStr;

use h5::{File, Group, H5Type};

use support::{Folder, python};

const FILTERS: [u16; 2] = [32022, 32023];

/// Writes the elements of `plain` with each filter and each number of digits; returns how many datasets these are.
fn write<T: H5Type + Copy>(plain: &[T], fill: Option<T>, to: &Group) -> usize {
    for filter in FILTERS {
        for digits in 1..=16 {
            let builder = to.new_dataset::<T>().shape(plain.len()).chunk(300).add_filter(filter, &[digits]);
            let builder = if let Some(fill) = fill { builder.fill_value(fill) } else { builder };
            builder.create(format!("{filter} {digits}").as_str()).unwrap().write(plain).unwrap();
        }
    }
    16 * FILTERS.len()
}

#[test]
fn what_is_stored_is_what_the_formulas_say() {
    let folder = Folder::new("bitround");
    let (path, own) = (folder.file("plain.h5"), folder.file("own.h5"));
    python("tests/bitround.py", [OsStr::new("make"), path.as_ref()]);
    let (file, ours) = (File::open(&path).unwrap(), File::create(&own).unwrap());
    let mut written = 0;
    for plain in file.datasets().unwrap() {
        let title = plain.name().trim_start_matches('/').to_owned();
        let to = ours.create_group(&title).unwrap();
        let has_fill = title.ends_with("fill");
        written += if title.starts_with("f4") {
            let elements: Vec<f32> = plain.read_raw().unwrap();
            write(&elements, has_fill.then_some(elements[7]), &to)
        } else {
            let elements: Vec<f64> = plain.read_raw().unwrap();
            write(&elements, has_fill.then_some(elements[7]), &to)
        };
    }
    ours.close().unwrap();
    let printed = python("tests/bitround.py", [OsStr::new("compare"), path.as_ref(), own.as_ref()]);
    assert_eq!(printed.trim().parse::<usize>().unwrap(), written);

    let (file, ours) = (File::open(&path).unwrap(), File::open(&own).unwrap());
    let read: Vec<f32> = ours.dataset("f4 normal/32023 4").unwrap().read_raw().unwrap();
    let plain: Vec<f32> = file.dataset("f4 normal").unwrap().read_raw().unwrap();
    assert!(
        read.iter().zip(&plain).all(|(a, b)| (a - b).abs() <= b.abs() * 5e-4),
        "half of the fourth digit"
    );
}
