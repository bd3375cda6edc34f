//! Committed types: counted for everything that shares them, by us as by libhdf5.

use std::ffi::OsStr;
use std::path::Path;

use h5::types::Datatype;
use h5::types::stored::{Charset, Order, Padding};
use h5::{File, FormatBounds, Location};

use super::support::{Folder, h5dump, python};

fn script(what: &str, path: &Path, more: &[&str]) -> String {
    let arguments = [what.as_ref(), path.as_os_str()].into_iter().chain(more.iter().map(OsStr::new));
    python("tests/interop/committed_types.py", arguments)
}

/// What h5py counts and finds.
#[track_caller]
fn assert_counted(path: &Path, links: u32, users: &[&str]) {
    let expected = format!("{links} {} {}", users.len(), users.join(" "));
    assert_eq!(script("count", path, &[]).trim(), expected.trim());
}

/// The two elements of the script.
fn values() -> Vec<u8> {
    [&1_i32.to_le_bytes()[..], b"one", &2_i32.to_le_bytes(), b"two"].concat()
}

fn kind() -> Datatype {
    let text = Datatype::fixed_string(3, Padding::NullPadded, Charset::Ascii).unwrap();
    let number = Datatype::integer(4, true, Order::Little).unwrap();
    Datatype::compound().field("number", &number).field("text", &text).build().unwrap()
}

const BOUNDS: [FormatBounds; 3] = [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V200];

/// The same file as that of the script.
fn share(path: &Path, bounds: FormatBounds) {
    let file = File::options().bounds(bounds).create(path).unwrap();
    let named = file.commit_type("type", &kind()).unwrap();
    let attribute = |of: &Location, name: &str| {
        of.new_attr_of(&named).shape(2).create(name).unwrap().write_bytes(&values(), ..).unwrap();
    };
    for name in ["a", "b"] {
        let dataset = file.new_dataset_of(&named).shape(2).create(name).unwrap();
        dataset.write_bytes(&values(), ..).unwrap();
        attribute(&dataset, "x");
    }
    attribute(&named, "of itself");
    let many = file.create_group("many").unwrap();
    (0..12).for_each(|number| attribute(&many, &format!("x{number:02}")));
    assert_eq!(named.link_count().unwrap(), 18);
    file.close().unwrap();
}

#[test]
fn everything_that_shares_a_type_counts() {
    let folder = Folder::new("committed");
    for bounds in BOUNDS {
        let (ours, theirs) = (folder.file(&format!("{bounds:?}.h5")), folder.file("theirs.h5"));
        share(&ours, bounds);
        script("share", &theirs, &["v108"]);
        assert_eq!(script("count", &ours, &[]), script("count", &theirs, &[]), "{bounds:?}");
        if bounds < FormatBounds::V200 {
            assert_eq!(h5dump([&ours]).matches("DATATYPE  \"/type\"").count(), 17);
        }
        script("drop", &ours, &[]);
        assert_counted(&ours, 1, &[]);
    }
}

#[test]
fn a_type_goes_with_the_last_of_its_users() {
    let folder = Folder::new("committed");
    for libver in ["earliest", "v108", "latest"] {
        let path = folder.file(&format!("{libver}.h5"));
        script("share", &path, &[libver]);
        let file = File::open_rw(&path).unwrap();
        let named = file.named_type("type").unwrap();
        file.dataset("a").unwrap().delete_attr("x").unwrap();
        file.unlink("b").unwrap();
        named.delete_attr("of itself").unwrap();
        let many = file.group("many").unwrap();
        (1..12).for_each(|number| many.delete_attr(&format!("x{number:02}")).unwrap());
        assert_eq!(named.link_count().unwrap(), 3);
        file.close().unwrap();
        assert_counted(&path, 3, &["a", "many@x00"]);
        // Without its name the type is still there, as long as something is of it.
        let file = File::open_rw(&path).unwrap();
        let address = file.named_type("type").unwrap().address();
        file.unlink("type").unwrap();
        file.unlink("a").unwrap();
        file.close().unwrap();
        assert!(script("count", &path, &[]).starts_with("None 1 many@x00"));
        let file = File::open_rw(&path).unwrap();
        assert_eq!(file.open_address(address).unwrap().location().link_count().unwrap(), 1);
        let many = file.group("many").unwrap();
        many.delete_attr("x00").unwrap();
        file.close().unwrap();
        assert!(script("count", &path, &[]).starts_with("None 0"));
    }
}

#[test]
fn the_space_of_a_type_that_nothing_is_of_is_used_again() {
    let folder = Folder::new("committed");
    for bounds in BOUNDS {
        let path = folder.file(&format!("{bounds:?}.h5"));
        let file = File::options().bounds(bounds).create(&path).unwrap();
        let mut sizes = Vec::new();
        for _ in 0..20 {
            let named = file.commit_type("type", &kind()).unwrap();
            file.new_attr_of(&named).create("x").unwrap();
            file.unlink("type").unwrap();
            file.delete_attr("x").unwrap();
            file.flush().unwrap();
            sizes.push(file.size());
        }
        assert_eq!(sizes[2], sizes[19], "{bounds:?}: {sizes:?}");
    }
}

#[test]
fn a_type_is_shared_in_its_own_file_only() {
    let folder = Folder::new("committed");
    let [one, other] = ["one.h5", "other.h5"].map(|name| File::create(folder.file(name)).unwrap());
    let named = one.commit_type("type", &kind()).unwrap();
    for error in [
        other.new_dataset_of(&named).create("a").unwrap_err(),
        other.new_attr_of(&named).create("a").unwrap_err(),
    ] {
        assert!(error.to_string().contains("only be shared within its file"), "{error}");
    }
    other.new_dataset_of(&named.dtype().unwrap()).create("a").unwrap();
    assert_eq!((named.link_count().unwrap(), other.member_names().unwrap()), (1, vec!["a".to_owned()]));
    assert!(one.commit_type("type", &kind()).unwrap_err().to_string().contains("exists"));
    assert!(other.named_type("a").unwrap_err().to_string().contains("committed datatype"));
    // What fails counts nothing.
    one.new_attr_of(&named).create("x").unwrap();
    assert!(one.new_attr_of(&named).create("x").is_err());
    assert_eq!(named.link_count().unwrap(), 2);
}

/// libhdf5 would refuse to read such a number from a header that has no checksum.
#[test]
fn mostly_unused_bits_are_kept_out_of_old_headers() {
    let folder = Folder::new("committed");
    for (bounds, is_old) in [(FormatBounds::Earliest, true), (FormatBounds::V18, false)] {
        let path = folder.file(&format!("{bounds:?}.h5"));
        let file = File::options().bounds(bounds).create(&path).unwrap();
        let flags = Datatype::bit_field(4, Order::Little).unwrap().with_bits(0, 3).unwrap();
        let results = [
            file.new_dataset_of(&flags).create("flags").map(drop),
            file.new_attr_of(&flags).create("flags").map(drop),
            file.commit_type("type", &flags).map(drop),
        ];
        for result in results {
            assert_eq!(result.is_err(), is_old);
            assert!(result.err().is_none_or(|error| error.to_string().contains("leaves more than half")));
        }
        file.close().unwrap();
        h5dump([&path]);
        script("count", &path, &[]);
    }
}
