//! The verbs of the tool that change files: what they leave, checked by libhdf5, and that they leave nothing half done.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use h5::File;

use support::{Folder, h5dump, printed, python};

/// The ages of files that every verb has to work on; h5dump 1.10.8 crashes on what h5py writes under later bounds.
const AGES: [&str; 2] = ["earliest", "v110"];

fn sample(folder: &Folder, age: &str) -> PathBuf {
    let path = folder.file(&format!("{age}.h5"));
    python("tests/tool_edit.py", ["make".as_ref(), path.as_os_str(), age.as_ref()]);
    path
}

/// Calls the tool; the words are separated by spaces, and FILE is the file.
fn call(path: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_h5"));
    with_words(&mut command, path, line).output().unwrap()
}

fn with_words<'c>(command: &'c mut Command, path: &Path, line: &str) -> &'c mut Command {
    let path = path.to_str().unwrap();
    command.args(line.split(' ').map(|word| if word == "FILE" { path } else { word }))
}

/// What a call prints that has to succeed.
#[track_caller]
fn h5(path: &Path, line: &str) -> String {
    printed(with_words(&mut Command::new(env!("CARGO_BIN_EXE_h5")), path, line))
}

/// What h5py finds: a line for every link and every attribute. h5dump has to read the file as well.
fn shown(path: &Path) -> Vec<String> {
    h5dump([path]);
    python("tests/tool_edit.py", ["show".as_ref(), path.as_os_str()]).lines().map(str::to_owned).collect()
}

/// The lines that an edit added and those that it took away.
fn changes(before: &[String], after: &[String]) -> (Vec<String>, Vec<String>) {
    let without = |a: &[String], b: &[String]| a.iter().filter(|line| !b.contains(line)).cloned().collect();
    (without(after, before), without(before, after))
}

/// Edits samples of all ages and compares the lines that come and go.
#[track_caller]
fn edits(lines: &[&str], come: &[&str], go: &[&str]) {
    let folder = Folder::new("tool-edit");
    for age in AGES {
        let path = sample(&folder, age);
        let before = shown(&path);
        for line in lines {
            assert_eq!(h5(&path, line), "", "{line}");
        }
        let (added, removed) = changes(&before, &shown(&path));
        assert_eq!((added, removed), (owned(come), owned(go)), "{age}: {lines:?}");
        File::open(&path).unwrap().close().unwrap();
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|&line| line.to_owned()).collect()
}

#[test]
fn links_are_removed() {
    edits(&["rm FILE line dangling"], &[], &["/dangling soft /nowhere", "/line Dataset 1 4"]);
}

#[test]
fn a_group_goes_with_what_only_it_leads_to() {
    let folder = Folder::new("tool-edit");
    for age in AGES {
        let path = sample(&folder, age);
        h5(&path, "ln FILE group/grid kept");
        h5(&path, "rm FILE group");
        let after = shown(&path);
        assert!(after.contains(&"/kept Dataset 1 2 3".to_owned()), "{after:?}");
        assert!(!after.iter().any(|line| line.starts_with("/group")), "{after:?}");
    }
}

#[test]
fn links_are_moved() {
    let come = ["/group/row Dataset 1 4", "/there soft /nowhere"];
    edits(
        &["mv FILE line group/row", "mv FILE /dangling /there"],
        &come,
        &["/dangling soft /nowhere", "/line Dataset 1 4"],
    );
}

#[test]
fn links_of_all_kinds_are_made() {
    edits(
        &[
            "ln FILE line group/again",
            "ln -s FILE ../no/matter group/path",
            "ln -e other.h5 FILE /a/b outside",
        ],
        &[
            "/group/again Dataset 2 4",
            "/group/path soft ../no/matter",
            "/line Dataset 2 4",
            "/outside external other.h5 /a/b",
        ],
        &["/line Dataset 1 4"],
    );
}

#[test]
fn groups_are_made() {
    edits(
        &["mkgroup FILE one group/two", "mkgroup -p FILE one/a/b/ group //c//d"],
        &[
            "/c Group 1",
            "/c/d Group 1",
            "/group/two Group 1",
            "/one Group 1",
            "/one/a Group 1",
            "/one/a/b Group 1",
        ],
        &[],
    );
}

#[test]
fn attributes_are_set_and_removed() {
    edits(
        &[
            "attr set FILE / whole 7",
            "attr set FILE / less -5",
            "attr set FILE / huge 18446744073709551615",
            "attr set FILE / list 1,-2,3",
            "attr set FILE / half 0.5",
            "attr set FILE group word m/s,x",
            "attr set FILE group words a,b --list --type str",
            "attr set FILE group one --list 7",
            "attr set FILE group small 1,2 --type u8",
            "attr set FILE line flag true --type bool",
            "attr set FILE line short abc --type ascii",
            "attr set FILE soft single 0.25 --type f32",
        ],
        &[
            "/@half float64 () 0.5",
            "/@huge uint64 () 18446744073709551615",
            "/@less int64 () -5",
            "/@list int64 (3,) [1, -2, 3]",
            "/@whole int64 () 7",
            "/group@one int64 (1,) [7]",
            "/group@small uint8 (2,) [1, 2]",
            "/group@word object () m/s,x",
            "/group@words object (2,) ['a', 'b']",
            "/line@flag bool () True",
            "/line@short object () abc",
            "/line@single float32 () 0.25",
        ],
        &[],
    );
    edits(&["attr rm FILE group/grid yes"], &[], &["/group/grid@yes bool () True"]);
}

#[test]
fn attributes_keep_their_type_unless_another_is_asked_for() {
    edits(
        &[
            "attr set FILE group/grid big 4,5,6",
            "attr set FILE group/grid square 1,2,3,4",
            "attr set FILE group/grid fixed feet",
            "attr set FILE group/grid yes FALSE",
        ],
        &[
            "/group/grid@big >i2 (3,) [4, 5, 6]",
            "/group/grid@fixed |S6 () b'feet'",
            "/group/grid@square float64 (2, 2) [[1.0, 2.0], [3.0, 4.0]]",
            "/group/grid@yes bool () False",
        ],
        &[
            "/group/grid@big >i2 (3,) [1, 2, 3]",
            "/group/grid@fixed |S6 () b'metres'",
            "/group/grid@square float64 (2, 2) [[1.5, 0.1], [-2.0, 1e+300]]",
            "/group/grid@yes bool () True",
        ],
    );
    edits(
        &[
            "attr set FILE group/grid big 9",
            "attr set FILE group/grid names one",
            "attr set FILE group/grid fixed kilometres --type str",
        ],
        &[
            "/group/grid@big >i2 () 9",
            "/group/grid@fixed object () kilometres",
            "/group/grid@names object () one",
        ],
        &[
            "/group/grid@big >i2 (3,) [1, 2, 3]",
            "/group/grid@fixed |S6 () b'metres'",
            "/group/grid@names object (2,) ['x', 'yy']",
        ],
    );
}

#[test]
fn attributes_are_shown() {
    let folder = Folder::new("tool-edit");
    for age in AGES {
        let path = sample(&folder, age);
        let value = |name: &str| h5(&path, &format!("attr get FILE group/grid {name}"));
        assert_eq!(value("big"), "1,2,3\n");
        assert_eq!(value("square"), format!("1.5,0.1\n-2,1{}\n", "0".repeat(300)));
        assert_eq!(value("fixed"), "metres\n");
        assert_eq!(value("text"), "a\\nb é\n");
        assert_eq!(value("names"), "x\nyy\n");
        assert_eq!(value("yes"), "TRUE\n");
        assert_eq!(value("pair"), "{\n   1,\n   2.5\n}\n");
        assert_eq!(value("null"), "NULL\n");
    }
}

/// The message of a call that has to end with this code and leave the file byte for byte as it was.
#[track_caller]
fn refused(path: &Path, code: i32, line: &str) -> String {
    let before = std::fs::read(path).unwrap();
    let output = call(path, line);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}: {stderr}");
    assert!(output.stdout.is_empty(), "{line}");
    assert!(std::fs::read(path).unwrap() == before, "{line} changed the file");
    stderr
}

#[test]
fn what_fails_leaves_the_file_as_it_was() {
    let folder = Folder::new("tool-edit");
    for age in AGES {
        let path = sample(&folder, age);
        for (line, named) in [
            ("rm FILE line absent", "absent"),
            ("rm FILE line line", "line"),
            ("rm FILE /", "/"),
            ("mv FILE absent new", "absent"),
            ("mv FILE line soft", "soft"),
            ("mv FILE line group", "group"),
            ("mv FILE line absent/line", "absent"),
            ("mv FILE group group/inner", "group"),
            ("ln FILE absent new", "absent"),
            ("ln FILE dangling new", "nowhere"),
            ("ln FILE line soft", "soft"),
            ("ln -s FILE line soft", "soft"),
            ("ln -e other.h5 FILE line soft", "soft"),
            ("mkgroup FILE new line", "line"),
            ("mkgroup FILE new absent/group", "absent"),
            ("mkgroup -p FILE new line/group", "line"),
            ("mkgroup -p FILE new dangling", "dangling"),
            ("attr get FILE line absent", "absent"),
            ("attr get FILE absent absent", "absent"),
            ("attr rm FILE line absent", "absent"),
            ("attr set FILE absent name 1", "absent"),
            ("attr set FILE group/grid big 40000", "/group/grid@big"),
            ("attr set FILE group/grid big 1,2,x", "/group/grid@big"),
            ("attr set FILE group/grid pair 1", "/group/grid@pair"),
            ("attr set FILE group/grid fixed kilometres", "/group/grid"),
            ("attr set FILE line new 300 --type u8", "/line@new"),
        ] {
            let message = refused(&path, 1, line);
            assert!(message.starts_with("h5: ") && message.contains(named), "{line}: {message}");
        }
        for line in [
            "rm FILE",
            "mv FILE line",
            "ln -s -e other.h5 FILE line new",
            "mkgroup FILE",
            "attr set FILE line new",
            "attr get FILE line new 1",
            "attr set FILE line new 1 --type i7",
        ] {
            refused(&path, 2, line);
        }
    }
}

#[test]
fn files_that_cannot_be_written_are_errors() {
    let folder = Folder::new("tool-edit");
    let path = sample(&folder, "v110");
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    // The superuser may write to everything.
    if std::fs::OpenOptions::new().write(true).open(&path).is_err() {
        for line in ["rm FILE line", "attr set FILE line new 1", "mkgroup FILE new"] {
            assert!(refused(&path, 1, line).starts_with("h5: "), "{line}");
        }
    }
    let absent = folder.file("absent.h5");
    let output = call(&absent, "rm FILE line");
    assert_eq!(output.status.code(), Some(1));
    assert!(!absent.exists());
}

#[test]
fn files_that_links_lead_to_are_not_changed() {
    let folder = Folder::new("tool-edit");
    let [path, other] = AGES.map(|age| sample(&folder, age));
    h5(&path, "ln -e v110.h5 FILE / other");
    let before = std::fs::read(&other).unwrap();
    for line in [
        "rm FILE other/line",
        "mkgroup FILE other/new",
        "attr set FILE other/line new 1",
        "ln FILE other/line new",
    ] {
        refused(&path, 1, line);
    }
    assert!(std::fs::read(&other).unwrap() == before);
}

#[test]
fn every_verb_has_examples() {
    let path = Path::new("data.h5");
    for verb in ["rm", "mv", "ln", "mkgroup", "attr"] {
        let help = h5(path, &format!("{verb} --help"));
        assert!(help.contains("Examples:\n  h5 ") && help.contains(&format!("h5 {verb}")), "{help}");
    }
}
