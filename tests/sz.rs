//! The filter SZ: chunks that the plugin writes, in every way it can, are read to the last bit as it reads them.

#![cfg(feature = "all-filters")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use h5::{Dataset, File, H5Type};
use support::{Folder, python};

/// The stored numbers, little-endian.
fn bytes(dataset: &Dataset, title: &str) -> h5::Result<Vec<u8>> {
    fn of<T: H5Type, const N: usize>(dataset: &Dataset, bytes: impl Fn(T) -> [u8; N]) -> h5::Result<Vec<u8>> {
        Ok(dataset.read_raw::<T>()?.into_iter().flat_map(bytes).collect())
    }
    match &title[..2] {
        "f4" => of(dataset, f32::to_le_bytes),
        "f8" => of(dataset, f64::to_le_bytes),
        "i1" => of(dataset, i8::to_le_bytes),
        "u1" => of(dataset, u8::to_le_bytes),
        "i2" => of(dataset, i16::to_le_bytes),
        "u2" => of(dataset, u16::to_le_bytes),
        "i4" => of(dataset, i32::to_le_bytes),
        "u4" => of(dataset, u32::to_le_bytes),
        "i8" => of(dataset, i64::to_le_bytes),
        "u8" => of(dataset, u64::to_le_bytes),
        other => panic!("{other} is no type"),
    }
}

#[test]
fn the_plugin_reads_the_same() {
    let folder = Folder::new("sz");
    let path = folder.file("plugin.h5");
    let written: usize = python("tests/sz.py", [&path]).trim().parse().unwrap();
    let file = File::open(&path).unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for name in file.member_names().unwrap() {
        let group = file.group(&name).unwrap();
        for title in group.member_names().unwrap() {
            let Ok(expected) = group.dataset(&format!("{title}.bytes")) else { continue };
            let expected = expected.read_raw::<u8>().unwrap();
            compared += 1;
            match bytes(&group.dataset(&title).unwrap(), &title) {
                Ok(found) if found == expected => {}
                Ok(found) => {
                    let at = found.iter().zip(&expected).position(|(found, expected)| found != expected);
                    wrong.push(format!("{name}/{title}: differs at byte {at:?} of {}", expected.len()));
                }
                Err(error) => wrong.push(format!("{name}/{title}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(compared, written);
}
