//! Data that lies in several files: external links, external raw data, virtual datasets, and files of several members.
//!
//! `fixtures/other_files.py` made the files, and `expected.txt` beside them says what HDF5 2.0 reads.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use std::path::{Path, PathBuf};

use h5::types::stored::{Class, Reference};
use h5::{
    Axis, Driver, Error, ErrorKind, File, FileAccess, FileOptions, Hyperslab, LinkKind, MissingSources,
    Misuse, Object, ReferenceTarget,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/other_files")
}

fn open(name: &str) -> File {
    File::open(folder().join(name)).unwrap()
}

fn filling() -> FileOptions {
    File::options().missing_sources(MissingSources::Fill)
}

fn read(file: &File, path: &str) -> h5::Result<Vec<i64>> {
    file.dataset(path)?.read_raw::<i64>()
}

/// The text of an error that has to be there.
fn refused<T: std::fmt::Debug>(result: h5::Result<T>) -> String {
    result.unwrap_err().to_string()
}

fn is_policy(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Misuse(Misuse::FileAccess { .. }))
}

/// A copy of the fixtures in a folder of its own, with a file beside that folder which may not be read.
fn copied(name: &str) -> PathBuf {
    let base = std::env::temp_dir().join(format!("h5-other-files-{}-{name}", std::process::id()));
    let inside = base.join("inside");
    std::fs::create_dir_all(inside.join("sub")).unwrap();
    for folder_name in ["", "sub"] {
        for entry in std::fs::read_dir(folder().join(folder_name)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), inside.join(folder_name).join(entry.file_name())).unwrap();
            }
        }
    }
    std::fs::copy(folder().join("source.h5"), base.join("shared.h5")).unwrap();
    inside
}

struct Expected {
    file: String,
    path: String,
    shape: Vec<usize>,
    values: Vec<i64>,
}

fn expected() -> Vec<Expected> {
    let text = std::fs::read_to_string(folder().join("expected.txt")).unwrap();
    let line = |line: &str| {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap().to_owned();
        let (file, path, shape) = (word(), word(), word());
        let shape =
            if shape == "-" { vec![] } else { shape.split(',').map(|n| n.parse().unwrap()).collect() };
        Expected { file, path, shape, values: words.map(|n| n.parse().unwrap()).collect() }
    };
    text.lines().map(line).collect()
}

#[test]
fn everything_is_read_as_libhdf5_reads_it() {
    let all = expected();
    assert!(all.len() > 30);
    for Expected { file, path, shape, values } in all {
        let opened = filling().open(folder().join(&file)).unwrap();
        let dataset = opened.dataset(&path).unwrap();
        assert_eq!(dataset.shape(), shape, "{path} in {file}");
        assert_eq!(dataset.read_raw::<i64>().unwrap(), values, "{path} in {file}");
    }
}

/// Some selections along one axis.
fn axes(size: u64) -> Vec<Axis> {
    let mut axes = vec![Axis::contiguous(0, size), Axis::contiguous(size / 2, size - size / 2)];
    if size > 2 {
        axes.push(Axis::strided(1, 2, (size - 1).div_ceil(2)));
        axes.push(Axis { start: 0, stride: 3, count: (size - 2) / 3 + 1, block: 2 });
    }
    axes
}

#[test]
fn parts_are_those_of_the_whole() {
    let mut checked = 0;
    for Expected { file, path, shape, values } in expected() {
        let opened = filling().open(folder().join(&file)).unwrap();
        let dataset = opened.dataset(&path).unwrap();
        let sizes: Vec<u64> = shape.iter().map(|&n| n as u64).collect();
        let (rows, columns) = match sizes[..] {
            [] => continue,
            [columns] => (vec![], axes(columns)),
            [rows, columns] => (axes(rows), axes(columns)),
            _ => panic!("only up to two axes are expected"),
        };
        let width = *shape.last().unwrap();
        let inside = |axis: &Axis, i: usize| {
            let at = (i as u64).checked_sub(axis.start);
            at.is_some_and(|at| at / axis.stride < axis.count && at % axis.stride < axis.block)
        };
        for column in &columns {
            for row in rows.iter().map(Some).chain(rows.is_empty().then_some(None)) {
                let wanted: Vec<i64> = (0..values.len())
                    .filter(|n| inside(column, n % width) && row.is_none_or(|row| inside(row, n / width)))
                    .map(|n| values[n])
                    .collect();
                let slab = Hyperslab::new(row.into_iter().chain([column]).copied().collect());
                let mut found = vec![-1i64; wanted.len()];
                dataset.read_into(slab.clone(), &mut found).unwrap();
                assert_eq!(found, wanted, "{slab:?} of {path} in {file}");
                checked += 1;
            }
        }
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn missing_sources_are_errors_unless_they_are_to_be_filled() {
    let file = open("virtual.h5");
    let error = read(&file, "missing_file").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io(e) if e.kind() == std::io::ErrorKind::NotFound), "{error}");
    assert_eq!(error.file(), Some("no_such_file.h5"));
    for part in ["\"line\" in \"no_such_file.h5\"", "virtual.h5", "\"/missing_file\""] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(refused(read(&file, "missing_dataset")).contains("no_such_dataset"));
    // What does not touch the missing source can be read.
    let mut row = [0i32; 10];
    let first = Hyperslab::new(vec![Axis::contiguous(0, 1), Axis::contiguous(0, 10)]);
    file.dataset("missing_file").unwrap().read_into(first, &mut row).unwrap();
    assert_eq!(row[9], 109);
    // The size depends on a missing source, all else does not.
    let growth = file.dataset("missing_growth").unwrap();
    assert!(refused(growth.try_shape()).contains("no_such_file.h5"));
    assert_eq!(growth.layout(), h5::Layout::Virtual);
    assert_eq!(growth.max_shape(), [None]);
    assert_eq!(growth.virtual_sources().unwrap().len(), 2);
}

#[test]
fn a_source_that_is_virtual_grows_too() {
    let values = read(&open("virtual.h5"), "nested_growth").unwrap();
    assert_eq!(values, [13, 14, 15, 20, 21, 22]);
}

#[test]
fn sources_that_make_no_sense_are_refused() {
    let file = open("virtual.h5");
    for name in ["itself", "circle_a", "circle_b"] {
        assert!(refused(read(&file, name)).contains("among its own sources"), "{name}");
    }
    assert!(refused(read(&file, "too_few")).contains("a mapping of 10 elements to 12"));
}

#[test]
fn texts_come_with_what_they_name_in_their_own_file() {
    let texts = |file: &str, name: &str| open(file).dataset(name).unwrap().read_raw::<String>().unwrap();
    assert_eq!(texts("virtual.h5", "strings"), ["a", "bb"]);
    let all = texts("texts.h5", "texts");
    // Files with addresses of 4 and 8 bytes, the file itself, and nothing.
    assert_eq!(all[..6], ["", "text 0", "four", "byte", "offsets", "text 4"]);
    assert_eq!(all[40..], ["text 39", "", "", "", "here", "", "", ""]);
    assert_eq!(texts("texts.h5", "nested"), ["", "", "text 0", "four", "byte", "offsets"]);
    assert_eq!(texts("texts_far.h5", "far"), ["", "", "text 0", "four", "byte", "offsets"]);
}

#[test]
fn records_are_taken_member_by_member_with_what_they_name() {
    let dataset = open("texts.h5").dataset("records").unwrap();
    let datatype = dataset.dtype().unwrap();
    let Class::Compound(members) = &datatype.stored().class else { panic!("{datatype}") };
    let stored = dataset.read_bytes(..).unwrap();
    let last = stored.chunks_exact(datatype.size() as usize).last().unwrap();
    let member = |name: &[u8]| {
        let member = members.iter().find(|member| member.name == name).unwrap();
        &last[member.offset as usize..][..member.datatype.size as usize]
    };
    // Big-endian numbers of 2 bytes in the source.
    assert_eq!(member(b"n"), 2i64.to_le_bytes());
    assert_eq!(stored.follow(member(b"row")).unwrap(), (2, vec![2, 0, 0, 0, 3, 0, 0, 0]));
    let names = member(b"names").chunks_exact(16).map(|name| stored.follow(name).unwrap().1);
    assert_eq!(names.collect::<Vec<_>>(), [b"a2", b"bb"]);
}

/// What libhdf5 does too: an address says nothing of a file.
#[test]
fn old_references_stay_what_they_are() {
    let (file, source) = (open("texts.h5"), open("texts_8.h5"));
    let dataset = file.dataset("references").unwrap();
    let stored = dataset.read_bytes(..).unwrap();
    let targets = stored.chunks_exact(8).map(|e| stored.reference(Reference::Object, e).unwrap());
    let address = |name: &str| ReferenceTarget::Object(source.dataset(name).unwrap().address());
    let expected = [address("texts"), address("records"), ReferenceTarget::Null];
    assert_eq!(targets.collect::<Vec<_>>(), expected);
}

/// Those of 1.12 name the file that they come from.
#[test]
fn new_references_lead_into_the_file_that_they_come_from() {
    let dataset = open("references.h5").dataset("references").unwrap();
    let Class::Reference(kind) = dataset.dtype().unwrap().stored().class else { panic!("no references") };
    let stored = dataset.read_bytes(..).unwrap();
    let size = dataset.dtype().unwrap().size() as usize;
    let targets: Vec<_> = stored.chunks_exact(size).map(|e| stored.reference(kind, e).unwrap()).collect();
    for target in &targets[..3] {
        let object = dataset.open_target(target).unwrap();
        let Object::Dataset(target) = object else { panic!("{object:?} is no dataset") };
        assert_eq!(target.read_raw::<i32>().unwrap(), [0, 1, 2, 3, 4, 5]);
        assert!(target.filename().ends_with("references_source.h5"), "{}", target.filename());
    }
    let inner = |target: &ReferenceTarget| match target {
        ReferenceTarget::External { target, .. } => ReferenceTarget::clone(target),
        other => panic!("{other:?}"),
    };
    let ReferenceTarget::Region { region, .. } = inner(&targets[1]) else { panic!("{:?}", targets[1]) };
    assert_eq!(region.bounds(), Some((vec![1], vec![2])));
    assert!(matches!(inner(&targets[2]), ReferenceTarget::Attribute { name, .. } if name == b"at"));
    assert_eq!(targets[3], ReferenceTarget::Null);
    assert!(refused(dataset.open_target(&targets[3])).contains("null reference"));
}

/// Numbers of a type that is not the machine's are made of others in two steps.
#[test]
fn stored_numbers_have_the_type_of_the_virtual_dataset() {
    let stored = open("texts.h5").dataset("big").unwrap().read_bytes(..).unwrap();
    assert_eq!(stored[..], [1, 2, 2, 3, 3].map(|n: i32| n.to_be_bytes()).concat());
}

#[test]
fn external_links_lead_on_in_the_other_file() {
    let file = open("links.h5");
    let group = file.group("group").unwrap();
    assert_eq!(group.name(), "/group");
    assert!(group.filename().ends_with("sub/target.h5"));
    assert_eq!(group.dataset("inner").unwrap().read_raw::<i32>().unwrap(), [9, 10]);
    assert_eq!(group.dataset("/data").unwrap().read_raw::<i32>().unwrap(), [7, 8, 9]);
    let kinds = file
        .links()
        .unwrap()
        .iter()
        .map(|link| file.open_link(link.as_ref().unwrap()).is_ok())
        .collect::<Vec<_>>();
    assert_eq!(kinds.iter().filter(|opened| **opened).count(), 8, "{kinds:?}");
    let names = |name: &str, parts: &[&str]| {
        let text = refused(file.open(name));
        parts.iter().for_each(|part| assert!(text.contains(part), "{text}"));
    };
    names("no_file", &["\"/no_file\"", "\"no_such_file.h5\"", "links.h5"]);
    names("no_object", &["\"/no_such_object\"", "source.h5", "links.h5"]);
    names("loop", &["the depth of nesting", "\"/loop\"", "links.h5"]);
}

#[test]
fn names_that_are_not_utf_8_are_followed_by_their_bytes() {
    let file = open("latin_1.h5");
    let links: Vec<_> = file.links().unwrap().into_iter().map(Result::unwrap).collect();
    let link = |name: &[u8]| links.iter().find(|link| link.raw_name == name).unwrap();
    assert_eq!(link(b"s\xf6ft").kind, LinkKind::Soft(b"/gr\xfcn/d\xe9".to_vec()));
    let (name, path) = (b"./latin_1.h5".to_vec(), b"/gr\xfcn".to_vec());
    assert_eq!(link(b"\xe4u\xdfer").kind, LinkKind::External { file: name, path });
    let values = |object: Object| match object {
        Object::Dataset(dataset) => dataset.read_raw::<i32>().unwrap(),
        other => panic!("{other:?} is no dataset"),
    };
    assert_eq!(values(file.open_link(link(b"s\xf6ft")).unwrap()), [5, 6, 7]);
    assert_eq!(values(file.open_raw(b"\xe4u\xdfer/d\xe9").unwrap()), [5, 6, 7]);
}

#[test]
fn links_that_cannot_be_followed_are_listed_and_say_why() {
    let file = open("latin_1.h5");
    let kind =
        |name: &str| file.links().unwrap().into_iter().flatten().find(|link| link.name == name).unwrap().kind;
    assert_eq!(kind("user"), LinkKind::User(187));
    let error = file.open("user").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unsupported(_)), "{error}");
    assert_eq!(error.object(), Some("/user"));
    assert!(error.to_string().contains("user-defined links, here of class 187"), "{error}");
    let LinkKind::Unreadable(why) = kind("bad") else { panic!("{:?}", kind("bad")) };
    assert!(why.contains("version and flags are 0x9"), "{why}");
    assert!(refused(file.open("bad")).contains("version and flags are 0x9"));
}

#[test]
fn an_edited_file_is_the_same_file_when_a_link_leads_back_to_it() {
    let inside = copied("back");
    let file = File::open_rw(inside.join("links.h5")).unwrap();
    file.dataset("own").unwrap().write_raw(&[5i32, 6]).unwrap();
    assert_eq!(read(&file, "there_and_back").unwrap(), [5, 6]);
    assert_eq!(read(&file, "itself").unwrap(), [5, 6]);
    std::fs::remove_dir_all(inside.parent().unwrap()).unwrap();
}

#[test]
fn nothing_outside_is_read() {
    let inside = copied("outside");
    let links = File::open(inside.join("links.h5")).unwrap();
    let raw = File::open(inside.join("raw.h5")).unwrap();
    let sources = filling().open(inside.join("virtual.h5")).unwrap();
    for (file, name, named) in [
        (&links, "up", "../shared.h5"),
        (&links, "absolute", "/etc/hostname"),
        (&raw, "up", "../other_files.py"),
        (&raw, "absolute", "/etc/hostname"),
        (&sources, "up", "../shared.h5"),
    ] {
        let error = file.open(name).and_then(|_| read(file, name)).unwrap_err();
        assert!(is_policy(&error), "{error}");
        let text = error.to_string();
        assert!(text.contains("refuses") && text.contains(named), "{text}");
    }
    std::fs::remove_dir_all(inside.parent().unwrap()).unwrap();
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_followed_before_the_policy_is_asked() {
    use std::os::unix::fs::symlink;
    let inside = copied("symlink");
    symlink("../shared.h5", inside.join("symlink.h5")).unwrap();
    let error = File::open(inside.join("links.h5")).unwrap().open("by_symlink").unwrap_err();
    assert!(is_policy(&error) && error.to_string().contains("symbolic link"), "{error}");
    // One that stays inside is as good as a file, and so is a folder.
    std::fs::remove_file(inside.join("symlink.h5")).unwrap();
    symlink("source.h5", inside.join("symlink.h5")).unwrap();
    assert!(File::open(inside.join("links.h5")).unwrap().open("by_symlink").is_ok());
    symlink(&inside, inside.parent().unwrap().join("alias")).unwrap();
    let alias = File::open(inside.parent().unwrap().join("alias/links.h5")).unwrap();
    assert_eq!(read(&alias, "data").unwrap(), [7, 8, 9]);
    // Of a file that is opened by a link, both folders count.
    symlink(inside.join("links.h5"), inside.parent().unwrap().join("elsewhere.h5")).unwrap();
    let elsewhere = File::open(inside.parent().unwrap().join("elsewhere.h5")).unwrap();
    assert_eq!(read(&elsewhere, "data").unwrap(), [7, 8, 9]);
    std::fs::remove_dir_all(inside.parent().unwrap()).unwrap();
}

#[test]
fn the_policy_can_be_widened_and_narrowed() {
    let inside = copied("policy");
    let with = |access: FileAccess, name: &str| {
        File::options().file_access(access).open(inside.join("links.h5")).unwrap().open(name)
    };
    assert!(with(FileAccess::Anywhere, "up").is_ok());
    let allowed = |folder: &Path| FileAccess::Directories(vec![folder.to_path_buf()]);
    assert!(with(allowed(inside.parent().unwrap()), "up").is_ok());
    assert!(is_policy(&with(allowed(&inside.join("sub")), "up").unwrap_err()));
    assert!(with(allowed(&inside.join("sub")), "data").is_ok());
    assert!(is_policy(&with(allowed(&inside.join("sub")), "moved").unwrap_err()));
    for name in ["data", "itself", "no_file"] {
        assert!(is_policy(&with(FileAccess::Forbidden, name).unwrap_err()), "{name}");
    }
    let alone = File::options().file_access(FileAccess::Forbidden);
    let file = alone.open(inside.join("virtual.h5")).unwrap();
    assert!(is_policy(&read(&file, "all").unwrap_err()));
    assert_eq!(read(&file, "same_file").unwrap()[6..], [900, 901, 902, 903, 904, 905]);
    assert!(is_policy(&read(&alone.open(inside.join("raw.h5")).unwrap(), "one").unwrap_err()));
    assert!(is_policy(&alone.open(inside.join("spl-m.h5")).unwrap_err()));
    std::fs::remove_dir_all(inside.parent().unwrap()).unwrap();
}

#[test]
fn a_file_in_memory_has_nothing_beside_it() {
    let bytes = std::fs::read(folder().join("virtual.h5")).unwrap();
    let file = File::from_bytes(bytes).unwrap();
    assert!(is_policy(&read(&file, "all").unwrap_err()));
    assert_eq!(read(&file, "same_file").unwrap()[6..], [900, 901, 902, 903, 904, 905]);
}

#[test]
fn raw_data_that_is_not_there_is_an_error() {
    let file = open("raw.h5");
    let text = refused(read(&file, "missing"));
    assert!(text.contains("no_such_file.bin") && text.contains("raw.h5"), "{text}");
    let names: Vec<_> = file.dataset("three").unwrap().external_files().unwrap();
    assert_eq!(names.iter().map(|slot| slot.size).collect::<Vec<_>>(), [Some(14), Some(6), None]);
}

/// What every set of members holds.
fn check_members(file: &File) {
    assert_eq!(read(file, "chunked").unwrap(), (0..400).collect::<Vec<_>>());
    assert_eq!(read(file, "contiguous").unwrap(), (0..500).collect::<Vec<_>>());
    assert_eq!(read(file, "group/text").unwrap(), [0, 3, 6, 9, 12]);
}

#[test]
fn files_of_several_members_are_opened_by_their_first_one() {
    let family = Driver::Family { member_size: None };
    for (name, driver) in [
        ("fam-000.h5", family.clone()),
        ("newfam00000.h5", family),
        ("spl-m.h5", Driver::Split { meta_ext: None, raw_ext: None }),
        ("newspl-m.h5", Driver::Split { meta_ext: None, raw_ext: None }),
        ("spl-m.h5", Driver::Multi),
    ] {
        check_members(&open(name));
        let options = File::options().driver(driver).file_access(FileAccess::Forbidden);
        check_members(&options.open(folder().join(name)).unwrap());
        assert!(refused(File::open_rw(folder().join(name))).contains("has to name the driver"));
    }
    let given = File::options().driver(Driver::Family { member_size: Some(2048) });
    check_members(&given.open(folder().join("fam-000.h5")).unwrap());
}

#[test]
fn members_that_are_missing_or_cut_off_are_errors() {
    let inside = copied("members");
    let first = inside.join("fam-000.h5");
    assert!(refused(File::options().driver(Driver::Single).open(&first)).contains("truncated"));
    std::fs::remove_file(inside.join("fam-004.h5")).unwrap();
    assert!(refused(File::open(&first)).contains("truncated"));
    let raw = inside.join("spl-r.h5");
    let bytes = std::fs::read(&raw).unwrap();
    std::fs::write(&raw, &bytes[..bytes.len() - 1]).unwrap();
    assert!(refused(File::open(inside.join("spl-m.h5"))).contains("truncated"));
    std::fs::remove_file(&raw).unwrap();
    assert!(refused(File::open(inside.join("spl-m.h5"))).contains("spl-r.h5"));
    std::fs::rename(inside.join("newspl-m.h5"), inside.join("renamed.h5")).unwrap();
    assert!(refused(File::open(inside.join("renamed.h5"))).contains("renamed.h5"));
    std::fs::remove_dir_all(inside.parent().unwrap()).unwrap();
}

#[test]
fn a_file_with_a_swmr_writer_can_be_read_and_one_with_another_writer_only_if_asked_for() {
    assert_eq!(read(&open("swmr.h5"), "growing").unwrap(), [0, 1, 2, 3, 4, 5]);
    assert!(refused(File::open_rw(folder().join("swmr.h5"))).contains("open for writing"));
    assert!(refused(File::open(folder().join("writing.h5"))).contains("ignore_consistency_flags"));
    let anyway = File::options().ignore_consistency_flags(true);
    let file = anyway.open(folder().join("writing.h5")).unwrap();
    assert_eq!(read(&file, "growing").unwrap(), [0, 1, 2, 3, 4, 5]);
}
