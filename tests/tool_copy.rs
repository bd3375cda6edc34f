//! `h5 copy` and `h5 repack`: what they write is what they read, to libhdf5; and what they leave when they fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use h5::File;

use support::{Folder, h5dump, python};

fn sample(folder: &Folder) -> PathBuf {
    let path = folder.file("data.h5");
    python("tests/interop/copies.py", ["make", path.to_str().unwrap(), "v108", "v108"]);
    path
}

/// Calls the tool in a folder; the words are separated by spaces.
fn call(folder: &Folder, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_h5"));
    command.current_dir(folder.path()).args(line.split(' ')).output().unwrap()
}

#[track_caller]
fn done(folder: &Folder, line: &str) {
    let Output { status, stdout, stderr } = call(folder, line);
    let said = [stdout, stderr].concat();
    assert!(status.success() && said.is_empty(), "{line}: {}", String::from_utf8_lossy(&said));
}

/// What the tool says when it does not do what it was asked to.
#[track_caller]
fn refused(folder: &Folder, line: &str) -> String {
    let output = call(folder, line);
    assert!(!output.status.success(), "{line}");
    String::from_utf8(output.stderr).unwrap()
}

fn same(words: &str, a: &Path, b: &Path) {
    python("tests/interop/copies.py", [words, a.to_str().unwrap(), b.to_str().unwrap()]);
}

#[test]
fn objects_are_copied_into_new_files_and_old_ones() {
    let folder = Folder::new("tool-copy");
    let path = sample(&folder);
    let names: Vec<String> = File::open(&path).unwrap().member_names().unwrap();
    for name in names.iter().filter(|name| !name.contains(' ')) {
        done(&folder, &format!("copy data.h5 {name} new.h5"));
    }
    for (name, lines) in [("chunked", 20), ("early", 10)] {
        let rows = |file: &str| h5dump(["-d".into(), name.into(), folder.file(file)]);
        assert_eq!(rows("data.h5").replace("data.h5", ""), rows("new.h5").replace("new.h5", ""));
        assert!(rows("new.h5").lines().count() > lines);
    }
    done(&folder, "copy -p data.h5 types/points new.h5 a/b/points");
    done(&folder, "copy --shallow --without-attributes data.h5 members data.h5 again");
    let file = File::open(&path).unwrap();
    assert!(
        file.group("again/inner").unwrap().is_empty() && !file.group("members/inner").unwrap().is_empty()
    );
    let text = refused(&folder, "copy data.h5 members data.h5 again");
    assert!(text.contains("again") && text.contains("exists"), "{text}");
    assert!(refused(&folder, "copy data.h5 absent other.h5").contains("absent"));
    assert!(!folder.file("other.h5").exists(), "a file with nothing in it is not left behind");
}

/// Not before it is closed does anybody know whether all of a new file could be written.
#[cfg(unix)]
#[test]
fn a_copy_that_cannot_be_completed_is_not_left_behind() {
    let folder = Folder::new("tool-copy-full");
    sample(&folder);
    let line =
        format!("trap '' XFSZ; ulimit -f 1; exec {} copy data.h5 members new.h5", env!("CARGO_BIN_EXE_h5"));
    let output = Command::new("sh").current_dir(folder.path()).args(["-c", &line]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("too large"), "{told}");
    assert!(!folder.file("new.h5").exists());
}

#[test]
fn files_are_repacked_with_and_without_changes() {
    let folder = Folder::new("tool-repack");
    let path = sample(&folder);
    let target = folder.file("new.h5");
    for bounds in ["earliest", "v18", "v110", "v200"] {
        done(&folder, &format!("repack --bounds {bounds} data.h5 new.h5"));
        same("same", &path, &target);
    }
    done(
        &folder,
        "repack -f shuffle -f gzip=9 -c chunked:5x6 -f chunked:none -l compact:contiguous data.h5 new.h5",
    );
    same("elements", &path, &target);
    let file = File::open(&target).unwrap();
    let dataset = |name: &str| file.dataset(name).unwrap();
    assert_eq!(dataset("chunked").chunk(), Some(vec![5, 6]));
    assert!(dataset("chunked").filters().is_empty());
    assert_eq!(dataset("compact").layout(), h5::Layout::Contiguous);
    let filters = |name: &str| dataset(name).filters().iter().map(|filter| filter.id).collect::<Vec<_>>();
    assert_eq!(filters("contiguous"), [2, 1]);
    assert_eq!(filters("types/strings"), [2, 1]);
    drop(file);
    let output = call(&folder, "repack -v -c 7 data.h5 new.h5");
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("/chunked") && !told.contains("/types/strings"), "{told}");
    assert!(target.exists());
    for (line, why) in [
        ("repack -c chunked:7 data.h5 new.h5", "chunks of [7]"),
        ("repack -c absent:7 data.h5 new.h5", "absent"),
        ("repack -l chunked:contiguous data.h5 new.h5", "can grow"),
        ("repack -f deflate=99 data.h5 new.h5", "levels from 0 to 9, and no 99"),
        ("repack -f scalar:gzip data.h5 new.h5", "scalar"),
        ("repack -f 31999 data.h5 data.h5", "itself"),
        (
            "repack data.h5 absent/new.h5",
            "I/O error: No such file or directory (os error 2), file \"absent/new.h5\"",
        ),
        ("repack absent.h5 new.h5", "I/O error: No such file or directory (os error 2), file \"absent.h5\""),
    ] {
        let text = refused(&folder, line);
        assert!(text.contains(why), "{line}: {text}");
    }
    for (line, why) in [
        ("repack -c 0 data.h5 new.h5", "no shape"),
        ("repack -l chunked:round data.h5 new.h5", "no layout"),
        ("repack -f unheard_of data.h5 new.h5", "unheard_of"),
        ("repack -f gzip=x absent.h5 new.h5", "not all numbers"),
    ] {
        let output = call(&folder, line);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), text.contains(why)), (Some(2), true), "{line}: {text}");
    }
    same("same", &path, &path);
}

/// The new file may be raw data of the source: nothing of what is there is lost to a half-written one.
#[test]
fn what_is_read_is_not_overwritten_by_what_is_written() {
    let folder = Folder::new("tool-repack-onto");
    let path = sample(&folder);
    let new = folder.file("new.h5");
    done(&folder, "repack data.h5 new.h5");
    same("same", &path, &new);
    let kept = std::fs::read(&new).unwrap();
    refused(&folder, "repack -l chunked:contiguous data.h5 new.h5");
    assert!(std::fs::read(&new).unwrap() == kept, "a repack that failed leaves what was there");
    let file = File::create(folder.file("external.h5")).unwrap();
    let raw = file.new_dataset::<u8>().shape(4).external("numbers.raw", 0, 4).create("numbers").unwrap();
    raw.write(&[1, 2, 3, 4]).unwrap();
    file.close().unwrap();
    done(&folder, "repack external.h5 numbers.raw");
    assert_eq!(File::open(folder.file("numbers.raw")).unwrap().member_names().unwrap(), ["numbers"]);
    let mut names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.all(|name| !name.to_str().unwrap().starts_with('.')), "nothing is left behind");
}

/// One object of a file is damaged: without a word to the contrary, nothing is written.
#[test]
fn what_cannot_be_read_is_left_out_where_that_is_wanted() {
    let folder = Folder::new("tool-damage");
    let path = sample(&folder);
    let file = File::open(&path).unwrap();
    let address = usize::try_from(file.dataset("chunked").unwrap().address()).unwrap();
    drop(file);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[address + 12] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
    let text = refused(&folder, "repack data.h5 new.h5");
    assert!(text.contains("/chunked") && text.contains("checksum"), "{text}");
    assert!(!folder.file("new.h5").exists());
    let text = refused(&folder, "repack --keep-going data.h5 new.h5");
    assert!(text.contains("left out") && text.contains("/chunked"), "{text}");
    let file = File::open(folder.file("new.h5")).unwrap();
    assert!(!file.link_exists("chunked") && file.link_exists("contiguous"));
    assert_eq!(file.len(), File::open(&path).unwrap().len() - 1);
}
