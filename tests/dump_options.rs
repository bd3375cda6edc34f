//! `h5 dump` prints with each option, and with many together, what h5dump 1.10.8 prints, but for what 1.14.6 has changed.
//!
//! What is known to differ between the two, and what these tests do about it:
//!
//! - `H5T_VLEN { ... }` had no space in front of the last brace, no address was a number of all ones, and the names of
//!   what references lead to had no file in front: `updated` puts it in.
//! - 1.10.8 does not follow object references, prints the data of regions 80 columns wide whatever `-w` and `-m` say,
//!   shows a group that leads to itself once more where nothing else leads to it, calls `H5T_STD_REF` undefined, and with
//!   `-B` has a version 0 for files that keep their free space: left out.
//! - Files written for 1.12 and later it does not open: left out.
//!
//! Where the order of attributes is not known, `-n 1 -q creation_order` has them in an order that no rule gives; ours are
//! sorted by name then.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use support::{Folder, assert_same, python};

fn run(program: &str, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What 1.10.8 prints, as 1.14.6 prints it.
fn updated(text: &str, file: &str) -> String {
    text.replace("OFFSET 18446744073709551615", "OFFSET HADDR_UNDEF")
        // There was no space in front of the brace that ends a variable-length type.
        .replace("H5T_VLEN { H5T_STD_I32LE}", "H5T_VLEN { H5T_STD_I32LE }")
        // The targets of references had no name of their file.
        .replace("         DATASET \"/", &format!("         DATASET \"{file}/"))
}

/// Compares the text and the exit codes.
#[track_caller]
fn same(folder: &Folder, options: &str, file: &str) {
    let options: Vec<&str> = options.split_whitespace().collect();
    let theirs = run("h5dump", folder.path(), &[&options[..], &[file]].concat());
    let ours = run(env!("CARGO_BIN_EXE_h5"), folder.path(), &[&["dump"], &options[..], &[file]].concat());
    let what = format!("{options:?} {file}: {}", text(&ours.stderr));
    assert_eq!(ours.status.code(), theirs.status.code(), "{what}");
    assert_same(&what, &text(&ours.stdout), &updated(&text(&theirs.stdout), file));
}

fn files() -> Folder {
    let folder = Folder::new("dump-options");
    python("tests/dump_options.py", [folder.path()]);
    folder
}

#[test]
fn options_for_all_that_is_in_a_file() {
    let folder = files();
    for options in [
        "",
        "-H",
        "-p",
        "-H -p",
        "-A",
        "-A 0",
        "-A 1",
        "-A -H",
        "-H -A",
        "-A 0 -p",
        "-B",
        "-B -H",
        "-n",
        "-n 1",
        "-n -B",
        "-y",
        "-e",
        "-r",
        "-r -e",
        "-r -y",
        "-w 40",
        "-w 0",
        "-w 7",
        "-w 40 -r",
        "-m %.3f",
        "-m %.3f -w 40",
        "-w 40 -m %.3f",
        "-m %.3f -r -y",
        "-q name",
        "-q creation_order",
        "-z descending",
        "-q creation_order -z descending -H",
        "-q name -z ascending",
        "-n -q creation_order",
        "-n -z descending",
        "-R",
        "-E",
        "--enable-error-stack",
        "--header --properties",
        "--superblock",
        "--contents=1",
        "--noindex",
        "--width=60",
        "--string",
        "--escape",
        "--sort_by=creation_order",
        "--sort_order=descending",
        "-A 0 -r -w 60 -p -z descending -y -e",
    ] {
        same(&folder, options, "all.h5");
    }
    // How much of the file the chunks take is known without looking for each.
    same(&folder, "-H -p", "indexed.h5");
    // The lines of regions had always 80 columns.
    for options in ["-R", "--region -p", "-R -e -y"] {
        same(&folder, options, "regions.h5");
    }
}

#[test]
fn selected_objects_and_parts_of_them() {
    let folder = files();
    for options in [
        "-d cube",
        "-d /cube -d /floats",
        "-d /soft",
        "-d /dangling",
        "-d /ordered/again",
        "-d cube -d /ordered/again",
        "-g /ordered",
        "-g ordered -g /layouts -H -p",
        "-g / -H",
        "-l soft",
        "-l /outside",
        "-t /type",
        "-t type -d typed",
        "-a title",
        "-a /bytes",
        "-a /bytes -r",
        "-a a\\/b",
        "-a /ordered/ant/z",
        "-N /cube",
        "-N /ordered",
        "-N /soft",
        "-N dangling",
        "-N /type",
        "-N title",
        "-d cube[1,2,3]",
        "-d cube[0,0,0;2,2,3;2,2,2;1,2,1]",
        "-d cube[;;1,2,3;]",
        "-d cube -s 1,0,2 -c 2,3,2",
        "-d cube -s 0,0,0 -S 2,3,3 -c 2,2,2 -k 2,1,2",
        "-d cube -c 1,2,3 -w 30",
        "-d cube -k 1,3,3",
        "-d floats -s 1,2 -c 2,9 -w 40",
        "-d floats -c 2,2 -m %.1f -y",
        "-d bytes -s 1,2 -k 3,4",
        "-d bytes -s 1,2 -S 5,3 -c 3,2 -k 3,2 -r",
        "-d bytes -c 2,3 -r -y",
        "-d texts -s 1 -c 2 -e",
        "-d records -s 2",
        "-d enum -s 1 -c 2",
        "--dataset=cube --start=1,1,1 --stride=1,2,2 --count=2,2,2 --block=1,1,1",
        "-H -d cube -s 1,1,1",
        "-p -d layouts/filters -s 1,1 -c 2,2 -A 0",
    ] {
        same(&folder, options, "all.h5");
    }
    // h5dump's messages stand for these; ours has the same exit code.
    for options in
        ["-d /absent", "-l /cube", "-l /absent", "-d cube -s 1,1,1,1", "-d cube -S 1,1,1 -c 2,2,2 -k 2,2,2"]
    {
        same(&folder, options, "all.h5");
    }
}

#[test]
fn other_files_take_what_is_meant_for_them() {
    let folder = files();
    let written = |program: &str, options: &str| {
        let verb: &[&str] = if program == "h5dump" { &[] } else { &["dump"] };
        let options: Vec<&str> =
            options.split_whitespace().map(|word| if word == "''" { "" } else { word }).collect();
        let output = run(program, folder.path(), &[verb, &options[..], &["all.h5"]].concat());
        let mut all = vec![text(&output.stdout)];
        for name in ["ddl.txt", "data.txt"] {
            all.push(text(&std::fs::read(folder.file(name)).unwrap_or_default()));
            let _ = std::fs::remove_file(folder.file(name));
        }
        all.into_iter().map(|text| updated(&text, "all.h5")).collect::<Vec<_>>()
    };
    for options in [
        "-o data.txt",
        "-O ddl.txt",
        "-O ddl.txt -o data.txt",
        "-A -o data.txt",
        "-O -d cube -y",
        "-O",
        "-o -d cube",
        "-O -A",
    ] {
        let (ours, theirs) = (written(env!("CARGO_BIN_EXE_h5"), options), written("h5dump", options));
        for (part, (ours, theirs)) in ["stdout", "ddl.txt", "data.txt"].iter().zip(ours.iter().zip(&theirs)) {
            assert_same(&format!("{options}: {part}"), ours, theirs);
        }
    }
}

/// A damaged object is left out; what is around it is printed, and why it is not is said once.
#[test]
fn a_damaged_object_costs_one_message() {
    let folder = files();
    let file = h5::File::open(folder.file("all.h5")).unwrap();
    let address = usize::try_from(file.dataset("cube").unwrap().address()).unwrap();
    drop(file);
    let mut bytes = std::fs::read(folder.file("all.h5")).unwrap();
    bytes[address..address + 8].fill(0xee);
    std::fs::write(folder.file("damaged.h5"), bytes).unwrap();
    let output = run(env!("CARGO_BIN_EXE_h5"), folder.path(), &["dump", "-H", "damaged.h5"]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout.contains("DATASET \"bytes\"") && stdout.contains("GROUP \"ordered\""), "{stdout}");
    assert!(!stdout.contains("SIMPLE { (  )"), "{stdout}");
    assert!(stderr.lines().count() <= 2, "{stderr}");
}

/// h5dump looks for members of a family, or for the parts of a split file, by these names.
#[test]
fn names_stand_for_the_members_of_a_file() {
    let folder = files();
    std::fs::copy(folder.file("other.h5"), folder.file("one00000.h5")).unwrap();
    let options = |options: &[&str]| {
        let arguments = [&["dump", "-H"], options].concat();
        text(&run(env!("CARGO_BIN_EXE_h5"), folder.path(), &arguments).stdout)
    };
    let found = options(&["one%05d.h5"]);
    assert!(found.starts_with("HDF5 \"one%05d.h5\" {\nGROUP \"/\" {\n   GROUP \"group\""), "{found}");
    assert_eq!(options(&["-f", "family", "one%05d.h5"]), found);
    assert_eq!(options(&["-f", "sec2", "one%05d.h5"]), "");
    assert_eq!(
        run(env!("CARGO_BIN_EXE_h5"), folder.path(), &["dump", "-f", "ros3", "x"]).status.code(),
        Some(2)
    );
}
