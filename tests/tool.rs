//! The command line tool `h5`: what it prints, what it complains of, how it ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use h5::File;
use ndarray::{Array1, Array2};

use support::{Folder, printed, project, python};

fn h5() -> Command {
    Command::new(env!("CARGO_BIN_EXE_h5"))
}

fn run(arguments: &[&OsStr]) -> Output {
    h5().args(arguments).output().unwrap()
}

/// What a call prints that has to succeed.
fn h5_prints(verb: &str, arguments: &[&OsStr]) -> String {
    printed(h5().arg(verb).args(arguments))
}

/// What a call prints and complains of that has to end with this code.
#[track_caller]
fn ends_with(code: i32, arguments: &[&OsStr]) -> (String, String) {
    let output = run(arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{stdout}\n{stderr}");
    (stdout, stderr)
}

fn make(path: &Path, chunked: bool) {
    let file = File::create(path).unwrap();
    let grid = Array2::from_shape_fn((20, 30), |(row, column)| i32::try_from(row * 30 + column).unwrap());
    let line = Array1::from_iter((0..100).map(|n| f64::from(n) / 4.0));
    let group = file.create_group("group").unwrap();
    let (mut grids, mut lines) =
        (group.new_dataset_builder().with_data(&grid), file.new_dataset_builder().with_data(&line));
    if chunked {
        grids = grids.chunk((6, 11)).shuffle().add_filter(32015, &[3]);
        lines = lines.chunk(30).deflate(9).fletcher32();
    }
    let grid = grids.create("grid").unwrap();
    lines.create("line").unwrap();
    grid.new_attr_builder().with_data(&[1.5, 2.5]).create("scale").unwrap();
    let names = ["a", "bc", ""].map(|name| name.parse::<h5::types::VarLenUnicode>().unwrap());
    file.new_dataset_builder().with_data(&names).create("names").unwrap();
    file.close().unwrap();
}

/// Paths with the hashes of values, of the attributes too.
fn hashes(path: &Path) -> Vec<(String, String)> {
    let text = h5_prints("digest", &[path.as_os_str()]);
    let digest: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&digest["status"], &digest["unreadable"]), (&"reads".into(), &0.into()));
    let mut found = Vec::new();
    for object in digest["objects"].as_array().unwrap() {
        let path = object["path"].as_str().unwrap().to_owned();
        found.extend(object["sha256"].as_str().map(|hash| (path.clone(), hash.to_owned())));
        for attribute in object["attrs"].as_array().unwrap() {
            let name = format!("{path}@{}", attribute["name"].as_str().unwrap());
            found.push((name, attribute["sha256"].as_str().unwrap().to_owned()));
        }
    }
    found
}

#[test]
fn files_with_the_same_data_have_the_same_hashes() {
    let folder = Folder::new("tool");
    let [plain, chunked, theirs] = ["plain.h5", "chunked.h5", "theirs.h5"].map(|name| folder.file(name));
    make(&plain, false);
    make(&chunked, true);
    python("tests/tool.py", [&theirs]);
    let expected = hashes(&plain);
    let paths: Vec<&str> = expected.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/group/grid", "/group/grid@scale", "/line", "/names"]);
    assert_eq!(hashes(&chunked), expected);
    assert_eq!(hashes(&theirs), expected);

    let file = File::open_rw(&chunked).unwrap();
    file.dataset("line").unwrap().write_slice(&[-1.0], ndarray::s![99..]).unwrap();
    file.close().unwrap();
    let changed: Vec<bool> = hashes(&chunked).iter().zip(&expected).map(|(a, b)| a != b).collect();
    assert_eq!(changed, [false, false, true, false]);
}

/// A file whose first group, dataset or chunk, as `at` finds it, has its bytes overwritten.
fn broken(folder: &Folder, at: impl Fn(&File) -> u64) -> std::path::PathBuf {
    let path = folder.file("broken.h5");
    make(&path, false);
    let address = usize::try_from(at(&File::open(&path).unwrap())).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[address..address + 8].fill(0xee);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_is_no_hdf5_file_is_an_error() {
    let folder = Folder::new("tool");
    let path = folder.file("text.h5");
    std::fs::write(&path, "not HDF5, but long enough to hold a superblock, if it were one at all".repeat(9))
        .unwrap();
    for verb in ["dump", "digest", "ls"] {
        for file in [path.as_path(), Path::new("absent.h5")] {
            let (stdout, stderr) = ends_with(1, &[verb.as_ref(), file.as_os_str()]);
            let named = stderr.ends_with(&format!(", file {file:?}\n"));
            assert!(stdout.is_empty() && named, "{verb}: {stdout}\n{stderr}");
        }
    }
    let good = folder.file("good.h5");
    File::create(&good).unwrap().close().unwrap();
    let (stdout, _) = ends_with(1, &["dump".as_ref(), "absent.h5".as_ref(), good.as_os_str()]);
    assert!(stdout.starts_with("HDF5 "), "the other files are printed all the same: {stdout}");
}

#[test]
fn a_broken_object_is_named_and_the_others_are_shown() {
    let folder = Folder::new("tool");
    let path = broken(&folder, |file| file.dataset("group/grid").unwrap().address());
    for verb in ["dump", "digest"] {
        let (stdout, stderr) = ends_with(1, &[verb.as_ref(), path.as_os_str()]);
        assert!(stderr.starts_with("h5: "), "{verb}: {stderr}");
        assert!(stdout.contains("line") && stdout.contains("names"), "{verb}: {stdout}");
    }
    let (stdout, _) = ends_with(1, &["ls".as_ref(), "-r".as_ref(), path.as_os_str()]);
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{stdout}");
    assert!(lines[2].starts_with("/group/grid ") && lines[2].contains("Unreadable: "), "{stdout}");
    assert!(lines[3].starts_with("/line ") && lines[3].ends_with("Dataset {100}"), "{stdout}");
}

#[test]
fn a_reader_may_stop_early() {
    let folder = Folder::new("tool");
    let path = folder.file("long.h5");
    let file = File::create(&path).unwrap();
    let long = Array1::from_iter(0..200_000);
    for name in ["a", "b"] {
        file.new_dataset_builder().with_data(&long).create(name).unwrap();
    }
    for index in 0..3000 {
        file.link_soft("/nowhere", &format!("a rather long name to fill the pipe with, number {index}"))
            .unwrap();
    }
    file.close().unwrap();
    for verb in ["dump", "digest", "ls"] {
        let mut child =
            h5().arg(verb).arg(&path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{verb}: {}", output.status);
        assert!(output.stderr.is_empty(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_listing_tells_names_kinds_and_shapes() {
    let folder = Folder::new("tool");
    let path = folder.file("plain.h5");
    make(&path, false);
    let listed = h5_prints("ls", &[path.as_os_str()]);
    let expected = "\
group                    Group
line                     Dataset {100}
names                    Dataset {3}
";
    assert_eq!(listed, expected);
    let inner = path.join("group");
    assert_eq!(h5_prints("ls", &[inner.as_os_str()]), "grid                     Dataset {20, 30}\n");
    let (_, stderr) = ends_with(1, &["ls".as_ref(), path.join("group/none").as_os_str()]);
    assert!(stderr.contains("/group/none"), "{stderr}");
}

#[test]
fn a_verbose_listing_tells_types_filters_and_links() {
    let fixture = project("fixtures/chunks_btree_2.h5");
    let listed = h5_prints("ls", &["-v".as_ref(), fixture.join("filtered").as_os_str()]);
    for line in [
        "/filtered                Dataset {10/Inf, 6/Inf}",
        "    Type:       int16",
        "    Layout:     chunked",
        "    Chunks:     {4, 5} 40 bytes",
        "    Filter:     deflate (1, optional) {6}",
    ] {
        assert!(listed.lines().any(|found| found == line), "{line} is not in\n{listed}");
    }
    let listed = h5_prints("ls", &["-rv".as_ref(), project("fixtures/other_files/links.h5").as_os_str()]);
    for part in [
        "External link -> sub/target.h5/data",
        "Soft link -> /group/inner",
        "Leads to:   dataset",
        "Dangling: ",
    ] {
        assert!(listed.contains(part), "{part} is not in\n{listed}");
    }
}

#[test]
fn an_object_met_again_is_listed_as_the_same() {
    let folder = Folder::new("tool");
    let path = folder.file("twice.h5");
    python("tests/tool.py", [&path, Path::new("links")]);
    let listed = h5_prints("ls", &["-r".as_ref(), path.as_os_str()]);
    for line in
        ["/group/up                Group, same as /", "/zz                      Dataset, same as /group/grid"]
    {
        assert!(listed.lines().any(|found| found == line), "{line} is not in\n{listed}");
    }
}

#[test]
fn h5ls_lists_the_same_objects() {
    for name in ["superblock_0.h5", "chunks_extensible_array.h5", "dense_attributes.h5", "shared.h5"] {
        let path = project("fixtures").join(name);
        let theirs = printed(Command::new("h5ls").arg("-r").arg(&path));
        let ours = h5_prints("ls", &["-r".as_ref(), path.as_os_str()]);
        // h5ls escapes spaces, and calls committed types "Type".
        let name = |line: &str| {
            let line = line.replace("\\ ", "\u{1}");
            line.split([' ', ',']).next().unwrap_or_default().replace('\u{1}', " ")
        };
        let theirs: Vec<String> = theirs.lines().map(name).collect();
        assert_eq!(ours.lines().count(), theirs.len(), "{ours}");
        for (ours, theirs) in ours.lines().zip(theirs) {
            assert!(ours.starts_with(&theirs), "{ours} is not {theirs}");
        }
    }
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    let wrong: [&[&str]; 5] =
        [&[], &["list", "a.h5"], &["ls"], &["ls", "--no-such-option", "a.h5"], &["digest"]];
    for arguments in wrong {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        let (_, stderr) = ends_with(2, &arguments);
        assert!(stderr.contains("Usage"), "{stderr}");
    }
    let (help, _) = ends_with(0, &["--help".as_ref()]);
    for part in ["Examples:", "h5 ls -r data.h5", "h5 dump data.h5", "h5 digest data.h5", "Exit codes:"] {
        assert!(help.contains(part), "{part} is not in\n{help}");
    }
    for verb in ["ls", "dump", "digest"] {
        let (help, _) = ends_with(0, &[verb.as_ref(), "--help".as_ref()]);
        assert!(help.contains("Examples:"), "{help}");
    }
}

/// An object of a file that `fixtures/damaged.py` made.
fn digested(name: &str, code: i32, path: &str) -> serde_json::Value {
    let file = project("fixtures/damaged").join(name);
    let (text, _) = ends_with(code, &["digest".as_ref(), file.as_os_str()]);
    let digest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let objects = digest["objects"].as_array().unwrap();
    objects.iter().find(|object| object["path"] == path).unwrap().clone()
}

#[test]
fn where_an_attribute_has_no_name_none_is_listed_and_the_others_are_shown() {
    let root = digested("attribute.h5", 1, "/");
    assert!(root["attrs_error"].as_str().unwrap().contains("object \"/\""), "{root}");
    assert_eq!(root["attrs"], serde_json::json!([]));
    assert_eq!(root["attrs_readable"][0]["name"], "good");
    assert_eq!(root["attrs_readable"][0]["first"], serde_json::json!([1]));
}

#[test]
fn a_link_that_cannot_be_read_hides_no_other() {
    for (group, readable, reason) in [
        ("/old", 2, "name offset is 60000"),
        ("/compact", 2, "version 9 (known up to 1) in the link message"),
        ("/dense", 11, "version 9 (known up to 1) in the link message"),
    ] {
        let object = digested("links.h5", 1, group);
        assert_eq!(object["links_readable"].as_array().unwrap().len(), readable, "{object}");
        assert!(object["links_error"].as_str().unwrap().contains(reason), "{object}");
        let path = project("fixtures/damaged/links.h5");
        let below = format!("{}{group}", path.display());
        let (listed, _) = ends_with(1, &["ls".as_ref(), below.as_ref()]);
        assert_eq!(listed.lines().count(), readable + 1, "{listed}");
        assert!(listed.contains("other ") && listed.contains(reason), "{listed}");
        for order in ["name", "creation_order"] {
            let arguments = ["dump", "-q", order, "-g", group].map(OsStr::new);
            let (dumped, complaint) = ends_with(1, &[&arguments[..], &[path.as_os_str()]].concat());
            assert_eq!(dumped.matches("SOFTLINK").count(), readable, "{dumped}");
            assert!(complaint.contains(reason), "{complaint}");
        }
    }
}

#[test]
fn a_region_of_another_rank_than_its_dataset_leads_nowhere() {
    let object = digested("region.h5", 0, "/region");
    assert_eq!(object["first"], serde_json::json!([{ "region": "dangling" }]));
}

#[test]
fn the_environment_can_turn_locks_off() {
    let folder = Folder::new("tool-locks");
    let (path, target) = (folder.file("a.h5"), folder.file("b.h5"));
    [&path, &target].into_iter().for_each(|path| File::create(path).unwrap().close().unwrap());
    let locked = [&path, &target]
        .map(|path| h5::storage::FileStorage::open_rw(path, h5::storage::FileLocking::Required).unwrap());
    let call = |value: Option<&str>, line: &str| {
        let mut command = h5();
        command.current_dir(folder.path()).args(line.split(' ')).env_remove("HDF5_USE_FILE_LOCKING");
        if let Some(value) = value {
            command.env("HDF5_USE_FILE_LOCKING", value);
        }
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    for (index, value) in
        [None, Some("TRUE"), Some("1"), Some("BEST_EFFORT"), Some("no")].into_iter().enumerate()
    {
        for line in [format!("mkgroup a.h5 g{index}"), "repack a.h5 b.h5".to_owned()] {
            let (done, stderr) = call(value, &line);
            assert!(!done && stderr.contains("is open elsewhere"), "{value:?} {line}: {stderr}");
            assert!(stderr.contains("HDF5_USE_FILE_LOCKING"), "{stderr}");
        }
        assert_eq!(call(value, "ls a.h5"), (true, String::new()));
    }
    for (value, line) in
        [("FALSE", "mkgroup a.h5 off"), ("0", "mkgroup a.h5 zero"), ("0", "repack a.h5 b.h5")]
    {
        assert_eq!(call(Some(value), line), (true, String::new()));
    }
    drop(locked);
}
