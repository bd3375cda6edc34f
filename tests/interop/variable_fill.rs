//! Fill values of strings of any length: read by h5py before and after it has written over some of them.

use std::ffi::OsStr;
use std::path::Path;

use h5::{AllocationTime, File, FormatBounds};
use ndarray::{Array1, arr1};

use super::support::{Folder, h5dump, python};

fn create(path: &Path, bounds: FormatBounds) {
    let file = File::options().bounds(bounds).create(path).unwrap();
    let new = || file.new_dataset::<String>().shape(8).fill_value("nothing".to_owned());
    let written = arr1(&["one".to_owned(), String::new()]);
    for (name, builder) in [
        ("chunked", new().chunk(3)),
        ("compact", new().compact()),
        ("contiguous", new()),
        ("deflated", new().chunk(3).shuffle().deflate(1)),
        ("early", new().chunk(3).alloc_time(AllocationTime::Early)),
    ] {
        builder.create(name).unwrap().write_slice(&written, 1..3).unwrap();
    }
    new().chunk(3).create("never").unwrap();
    let cut = new().shape(8..).chunk(3).create("cut").unwrap();
    cut.write(&Array1::from_elem(8, "cut".to_owned())).unwrap();
    cut.resize(4).unwrap();
    cut.resize(8).unwrap();
    file.close().unwrap();
}

fn expected(sixth: &str) -> String {
    let line = |name: &str| match name {
        "never" => format!("never nothing nothing nothing nothing nothing {sixth} nothing nothing\n"),
        "cut" => format!("cut cut cut cut cut nothing {sixth} nothing nothing\n"),
        name => format!("{name} nothing one  nothing nothing {sixth} nothing nothing\n"),
    };
    ["chunked", "compact", "contiguous", "cut", "deflated", "early", "never"].map(line).concat()
}

#[test]
fn what_was_never_written_is_the_text_that_was_set() {
    let folder = Folder::new("fill");
    let run =
        |what: &str, path: &Path| python("tests/interop/variable_fill.py", [what.as_ref(), path.as_os_str()]);
    for bounds in [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110] {
        let path = folder.file(&format!("{bounds:?}.h5"));
        create(&path, bounds);
        assert_eq!(run("check", &path), expected("nothing"), "{bounds:?}");
        let dumped = h5dump(
            ["-d", "contiguous", "-d", "compact"].map(OsStr::new).into_iter().chain([path.as_os_str()]),
        );
        assert_eq!(dumped.matches(r#""nothing", "one", "", "nothing""#).count(), 2, "{dumped}");
        run("change", &path);
        assert_eq!(run("check", &path), expected("changed"), "{bounds:?}");
        let file = File::open_rw(&path).unwrap();
        let mut found = String::new();
        for dataset in file.datasets().unwrap() {
            let elements = dataset.read_raw::<String>().unwrap().join(" ");
            found += &format!("{} {elements}\n", dataset.name().trim_start_matches('/'));
            dataset.write_slice(&arr1(&["again".to_owned()]), 7..).unwrap();
        }
        assert_eq!(found, expected("changed"));
        file.close().unwrap();
        assert_eq!(run("check", &path).matches(" again\n").count(), 7);
    }
}
