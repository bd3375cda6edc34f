//! Files that are cut into members of equal size: created, grown and edited by us and by libhdf5 in turn.

use std::path::{Path, PathBuf};

use h5::{Driver, ErrorKind, File, FileOptions, FormatBounds};
use ndarray::Array1;

use super::support::{Folder, h5dump, python};

const SIZE: u64 = 2048;

fn family() -> FileOptions {
    File::options().driver(Driver::Family { member_size: Some(SIZE) })
}

/// The bytes of each member.
fn sizes(folder: &Folder) -> Vec<u64> {
    let member = |number| folder.file(&format!("f{number:03}.h5"));
    let there = (0..).map(member).take_while(|path: &PathBuf| path.exists());
    there.map(|path| std::fs::metadata(path).unwrap().len()).collect()
}

fn pattern(folder: &Folder) -> PathBuf {
    folder.file("f%03d.h5")
}

fn h5py(folder: &Folder, verb: &str, more: &[&str]) -> String {
    let (name, size) = (pattern(folder), SIZE.to_string());
    let arguments = [verb, name.to_str().unwrap(), &size];
    python("tests/interop/families.py", [&arguments[..], more].concat())
}

fn dumped(folder: &Folder) -> String {
    h5dump(["-f".as_ref(), "family".as_ref(), pattern(folder).as_os_str()])
}

fn write(file: &File) {
    let line = Array1::from_iter(0..600_i64);
    let new = file.new_dataset::<i64>().shape(600..).chunk(100);
    new.create("line").unwrap().write(&line).unwrap();
    file.new_dataset_builder().with_data(&Array1::from_iter(0..500_i32)).create("flat").unwrap();
}

#[test]
fn a_family_grows_member_by_member_and_libhdf5_reads_it() {
    for bounds in [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110, FormatBounds::V200] {
        let folder = Folder::new("family");
        let first = folder.file("f000.h5");
        let file = family().bounds(bounds).create(&first).unwrap();
        write(&file);
        file.close().unwrap();
        let found = sizes(&folder);
        let (last, others) = found.split_last().unwrap();
        assert!(others.len() >= 3 && others.iter().all(|&size| size == SIZE) && *last <= SIZE, "{found:?}");
        let expected = "flat 500 124750\nline 600 179700\n";
        assert_eq!(h5py(&folder, "values", &[]), expected, "{bounds:?}");
        if bounds != FormatBounds::V200 {
            assert!(dumped(&folder).contains("497, 498, 499\n"));
        }
        assert_eq!(
            File::open(&first).unwrap().dataset("line").unwrap().read_raw::<i64>().unwrap().len(),
            600
        );
    }
}

#[test]
fn they_and_we_edit_a_family_in_turn() {
    for bound in ["earliest", "v108", "v110"] {
        let folder = Folder::new("family");
        h5py(&folder, "make", &[bound]);
        let first = folder.file("f000.h5");
        let file = family().open_rw(&first).unwrap();
        file.dataset("flat").unwrap().write_slice(&Array1::from_elem(500, 2), ..).unwrap();
        file.new_dataset_builder().with_data(&Array1::from_iter(0..700_i64)).create("ours").unwrap();
        file.commit().unwrap();
        file.dataset("ours").unwrap().write_slice(&Array1::from_elem(1, 10_i64), ..1).unwrap();
        file.close().unwrap();
        let line = "line 600 179700\n";
        assert_eq!(h5py(&folder, "values", &[]), format!("flat 500 1000\n{line}ours 700 244660\n"));
        h5py(&folder, "append", &[]);
        let file = File::options().driver(Driver::Family { member_size: None }).open_rw(&first).unwrap();
        assert_eq!(file.dataset("line").unwrap().read_raw::<i64>().unwrap()[799], 1);
        file.unlink("ours").unwrap();
        file.unlink("theirs").unwrap();
        file.new_dataset_builder().with_data(&[5_i64]).create("last").unwrap();
        file.close().unwrap();
        assert_eq!(h5py(&folder, "values", &[]), "flat 500 1000\nlast 1 5\nline 800 179900\n");
        let found = sizes(&folder);
        assert!(found.is_sorted_by(|a, b| a >= b), "{found:?}");
    }
}

/// Fails unless the file in this place has these datasets.
#[track_caller]
fn assert_members(first: &Path, names: &[&str]) {
    assert_eq!(File::open(first).unwrap().member_names().unwrap(), names);
}

#[test]
fn what_is_there_is_cut_or_refused() {
    let folder = Folder::new("family");
    let first = folder.file("f000.h5");
    let file = family().create(&first).unwrap();
    write(&file);
    file.close().unwrap();
    let before = sizes(&folder).len();
    assert!(family().create_excl(&first).is_err());
    assert_members(&first, &["flat", "line"]);
    let file = family().create(&first).unwrap();
    file.create_group("only").unwrap();
    file.close().unwrap();
    let after = sizes(&folder);
    assert_eq!((after.len(), after[1..].iter().sum::<u64>()), (before, 0), "{after:?}");
    assert_members(&first, &["only"]);
}

#[test]
fn only_a_caller_who_names_the_driver_writes_to_other_members() {
    let folder = Folder::new("family");
    let first = folder.file("f000.h5");
    let file = family().create(&first).unwrap();
    write(&file);
    file.close().unwrap();
    let refused = |options: FileOptions| options.open_rw(&first).unwrap_err();
    let error = refused(File::options());
    assert!(error.to_string().contains("FileOptions::driver has to name the driver"), "{error}");
    let error = refused(File::options().driver(Driver::Family { member_size: Some(4096) }));
    assert!(error.to_string().contains("have 2048 bytes, not 4096"), "{error}");
    let error = refused(File::options().driver(Driver::Split { meta_ext: None, raw_ext: None }));
    assert!(error.to_string().contains("does not say that it is a split"), "{error}");
    let small = File::options().driver(Driver::Family { member_size: Some(1023) });
    assert!(small.create(folder.file("g0.h5")).is_err() && !folder.file("g0.h5").exists());
    let error = family().create(folder.file("plain.h5")).unwrap_err();
    assert!(error.to_string().contains("no number 0"), "{error}");
    #[cfg(unix)]
    {
        // A member that is a link out of the folder is not written to.
        let outside = Folder::new("family");
        let (member, moved) = (folder.file("f002.h5"), outside.file("f002.h5"));
        std::fs::rename(&member, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &member).unwrap();
        assert!(matches!(refused(family()).kind(), ErrorKind::Misuse(h5::Misuse::FileAccess { .. })));
    }
}
