//! `h5 dump` with its options: the text is that of Debian's h5dump 1.10.8, where 1.14.6 prints the same.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::{Command, Output};

use ndarray::{Array1, Array3};

/// Runs the tool on a small file of its own.
fn dump(test: &str, options: &[&str]) -> Output {
    let dir = std::env::temp_dir().join(format!("h5-test-dump-{}-{test}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = h5::File::create(dir.join("s.h5")).unwrap();
    let cube = Array3::from_shape_fn((10, 12, 7), |(x, y, z)| i64::try_from(x * 84 + y * 7 + z).unwrap());
    file.new_dataset_builder().with_data(&cube).create("a").unwrap();
    file.new_dataset_builder().with_data(&Array1::from_iter(0..100i64)).create("b").unwrap();
    file.new_attr_builder().with_data(&[2.25]).create("r").unwrap();
    file.link_soft("/a", "l").unwrap();
    file.close().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_h5"));
    let output = command.arg("dump").args(options).arg("s.h5").current_dir(&dir).output().unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    output
}

fn text(test: &str, options: &[&str]) -> String {
    let output = dump(test, options);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn parts_are_printed_plane_by_plane() {
    let options = ["-d", "a", "-s", "0,0,0", "-c", "2,2,2", "-k", "2,1,1", "-S", "4,2,2"];
    let expected = "HDF5 \"s.h5\" {
DATASET \"a\" {
   DATATYPE  H5T_STD_I64LE
   DATASPACE  SIMPLE { ( 10, 12, 7 ) / ( 10, 12, 7 ) }
   SUBSET {
      START ( 0, 0, 0 );
      STRIDE ( 4, 2, 2 );
      COUNT ( 2, 2, 2 );
      BLOCK ( 2, 1, 1 );
      DATA {
      (0,0,0): 0, 2, 84, 86,
      (0,2,0): 14, 16, 98, 100
      (4,0,0): 336, 338, 420, 422,
      (4,2,0): 350, 352, 434, 436
      }
   }
}
}
";
    assert_eq!(text("planes", &options), expected);
    assert_eq!(text("compact", &["-d", "a[0,0,0;4,2,2;2,2,2;2,1,1]"]), expected);
}

#[test]
fn attributes_and_links_are_found_by_their_paths() {
    let attribute = "HDF5 \"s.h5\" {
ATTRIBUTE \"r\" {
   DATATYPE  H5T_IEEE_F64LE
   DATASPACE  SIMPLE { ( 1 ) / ( 1 ) }
   DATA {
   (0): 2.250
   }
}
}
";
    assert_eq!(text("attribute", &["-a", "/r", "-m", "%.3f"]), attribute);
    let link = "HDF5 \"s.h5\" {\nSOFTLINK \"l\" {\n   LINKTARGET \"/a\"\n}\n}\n";
    assert_eq!(text("link", &["-l", "l"]), link);
}

#[test]
fn properties_tell_the_layout() {
    let text = text("properties", &["-H", "-p", "-d", "b", "-A", "0"]);
    assert!(text.contains("   STORAGE_LAYOUT {\n      CONTIGUOUS\n      SIZE 800\n      OFFSET "), "{text}");
    assert!(text.contains("   FILTERS {\n      NONE\n   }\n   FILLVALUE {\n"), "{text}");
}

#[test]
fn contents_are_listed() {
    let expected = "HDF5 \"s.h5\" {\nFILE_CONTENTS {\n group      /\n attribute  /r\n dataset    /a\n dataset    /b\n \
                    link       /l -> /a\n }\n}\n";
    assert_eq!(text("contents", &["-n", "1"]), expected);
}

#[test]
fn what_is_not_there_costs_an_error_and_wrong_usage_another() {
    let missing = dump("missing", &["-d", "/nope"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nope"));
    assert_eq!(dump("outside", &["-d", "b", "-s", "90", "-c", "11"]).status.code(), Some(1));
    assert_eq!(dump("usage", &["--no-such-option"]).status.code(), Some(2));
    assert_eq!(dump("start", &["-s", "1"]).status.code(), Some(2));
}

/// What is printed of the references in a file, without the file's name.
fn references(folder: &std::path::Path, file: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_h5"));
    let output = command.args(["dump", "-R", "-d", "references", file]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn references_into_another_file_are_followed_as_in_that_file() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/other_files");
    let followed = references(&fixtures, "references_source.h5");
    for part in ["DATASET \"references_source.h5/target\"", "(0): 0, 1, 2, 3, 4, 5", "1, 2", "(0): 3"] {
        assert!(followed.contains(part), "{part}: {followed}");
    }
    assert_eq!(references(&fixtures, "references_out.h5"), followed);
    let dir = std::env::temp_dir().join(format!("h5-test-dump-{}-references", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(fixtures.join("references_out.h5"), dir.join("references_out.h5")).unwrap();
    let alone = references(&dir, "references_out.h5");
    std::fs::remove_dir_all(&dir).unwrap();
    let expected = "UNKNOWN \"references_source.h5\"
      DATASET \"references_source.h5\"
      ATTRIBUTE \"references_source.h5/at\" {
         NULL
      }
      NULL
";
    assert!(alone.contains(expected), "{alone}");
}
