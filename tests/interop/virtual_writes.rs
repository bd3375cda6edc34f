//! What is written through virtual datasets, to sources of all kinds and in other files, is what libhdf5 writes.

use std::path::Path;
use std::process::Command;

use h5::types::H5Type;
use h5::{
    Dataset, ErrorKind, File, FileAccess, FileOptions, FormatBounds, Limits, MissingSources, Misuse,
    Selection, VirtualSource, compound,
};
use ndarray::{Array1, Array2, Dimension, array, s};

use super::support::{Folder, assert_same, h5dump, printed, project};

/// Runs the script in a folder.
fn script(folder: &Folder, verb: &str) -> String {
    let mut command = Command::new(project("target/python/bin/python"));
    command.arg(project("tests/interop/virtual_writes.py")).arg(verb).current_dir(folder.path());
    printed(&mut command)
}

fn made() -> Folder {
    let folder = Folder::new("virtual-writes");
    script(&folder, "make");
    folder
}

fn below() -> FileOptions {
    File::options().write_access(FileAccess::Below)
}

compound! {
    #[derive(Clone, Debug, PartialEq)]
    struct Pair {
        a: i32,
        b: f64,
    }
}

/// Writes the numbers from `base` on to what is selected, as the script does.
fn count_from(file: &File, name: &str, selection: impl Into<Selection>, base: i32) {
    let (dataset, selection) = (file.dataset(name).unwrap(), selection.into());
    let shape = dataset.read_slice::<i32, _, ndarray::IxDyn>(selection.clone()).unwrap().raw_dim();
    let count = i32::try_from(shape.size()).unwrap();
    let numbers = Array1::from_iter(base..base + count).into_shape_with_order(shape).unwrap();
    dataset.write_slice(&numbers, selection.clone()).unwrap();
    assert_eq!(dataset.read_slice::<i32, _, ndarray::IxDyn>(selection).unwrap(), numbers, "{name}");
}

fn write<T: H5Type>(file: &File, name: &str, values: &[T]) {
    file.dataset(name).unwrap().write_raw(values).unwrap();
}

/// What h5dump prints of a file, without its name.
fn dumped(path: &Path) -> String {
    let text = h5dump([path]);
    text.lines().skip(1).map(|line| format!("{line}\n")).collect()
}

#[test]
fn sources_of_all_kinds_have_what_libhdf5_writes() {
    let (theirs, ours) = (made(), made());
    script(&theirs, "write");
    let file = below().open_rw(ours.file("main.h5")).unwrap();
    count_from(&file, "rows", .., 1000);
    count_from(&file, "rows", s![1..8;3, 2..5], -50);
    for name in ["to_be", "to_small", "to_real", "to_wide"] {
        write(&file, name, &[1, -5, 300, 1 << 30, i32::MIN, 7]);
    }
    let pairs = [(1, 0.5), (-2, 1e300), (3, -2.25), (4, 3.0)];
    write(&file, "pairs", &pairs.map(|(a, b)| Pair { a, b }));
    file.dataset("text").unwrap().write_bytes(b"a\0\0\0\0\0\0\0four\0\0\0\0eight888", ..).unwrap();
    count_from(&file, "by_name", 1.., 1);
    count_from(&file, "by_link", 3..5, 20);
    count_from(&file, "nested", s![..;2], 30);
    count_from(&file, "there_and_back", 1..3, 40);
    count_from(&file, "by_hard_link", 5.., 50);
    count_from(&file, "far", s![1.., 1..], 60);
    count_from(&file, "grown", 2.., 70);
    count_from(&file, "numbered", 1..3, 90);
    count_from(&file, "numbered", 10..14, 95);
    count_from(&file, "half", 1..3, 99);
    file.close().unwrap();
    assert_same("h5py", &script(&ours, "values"), &script(&theirs, "values"));
    for name in ["main.h5", "a.h5", "sub/b.h5", "sub/c.h5"] {
        assert_same(name, &dumped(&ours.file(name)), &dumped(&theirs.file(name)));
    }
}

#[test]
fn what_libhdf5_refuses_is_refused_and_changes_nothing() {
    let (theirs, ours) = (made(), made());
    let refused = script(&theirs, "refused");
    assert!(!refused.contains("written") && refused.lines().count() == 5, "{refused}");
    let before = ["a.h5", "main.h5"].map(|name| std::fs::read(ours.file(name)).unwrap());
    for missing in [MissingSources::Error, MissingSources::Fill] {
        let file = below().missing_sources(missing).open_rw(ours.file("main.h5")).unwrap();
        for (name, text) in [
            ("half", "that no source has"),
            ("no_file", "the source of a virtual dataset is missing: \"x\" in \"absent.h5\""),
            ("no_dataset", "the source of a virtual dataset is missing: \"absent\" in \"a.h5\""),
            ("nested_half", "that no source has"),
            ("grown_too_far", "the sources make an axis 14 long that may become 12"),
        ] {
            let error = file.dataset(name).unwrap().write(&[0; 6]).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        file.close().unwrap();
    }
    assert!(["a.h5", "main.h5"].map(|name| std::fs::read(ours.file(name)).unwrap()) == before);
    let file = File::open(ours.file("main.h5")).unwrap();
    let error = file.dataset("grown_too_far").unwrap().try_shape().unwrap_err().to_string();
    assert!(error.contains("the sources make an axis 14 long that may become 12"), "{error}");
}

fn is_refused(result: h5::Result<()>) -> bool {
    let error = result.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("a.h5") && text.contains("write_access"), "{text}");
    matches!(error.kind(), ErrorKind::Misuse(Misuse::FileAccess { .. }))
}

#[test]
fn other_files_are_written_to_only_where_a_policy_says_so() {
    let folder = made();
    let elsewhere = Folder::new("virtual-writes");
    let before = std::fs::read(folder.file("a.h5")).unwrap();
    let path = folder.file("main.h5");
    let directories = |folder: &Folder| FileAccess::Directories(vec![folder.path().to_path_buf()]);
    for options in [
        File::options(),
        File::options().write_access(FileAccess::Forbidden),
        File::options().write_access(directories(&elsewhere)),
    ] {
        let file = options.open_rw(&path).unwrap();
        assert!(is_refused(file.dataset("to_wide").unwrap().write(&[1; 6])));
        // Only one row of them is in that file, and none is written.
        assert!(is_refused(
            file.dataset("rows").unwrap().write_slice(&Array2::from_elem((2, 6), 1), s![4..8;3, ..])
        ));
        assert_eq!(file.dataset("own").unwrap().read_raw::<i32>().unwrap(), [0; 6]);
        // To name a source is not to say that it may be written to.
        let named = file.new_dataset::<i64>().shape(6).virtual_sources([VirtualSource::new("a.h5", "wide")]);
        assert!(is_refused(named.create("named").unwrap().write(&[1_i64; 6])));
        file.unlink("named").unwrap();
    }
    assert!(std::fs::read(folder.file("a.h5")).unwrap() == before);
    // A file that may not be read is not written to either.
    let file = below().file_access(FileAccess::Forbidden).open_rw(&path).unwrap();
    let error = file.dataset("to_wide").unwrap().write(&[1; 6]).unwrap_err().to_string();
    assert!(error.contains("no other file may be read"), "{error}");
    drop(file);
    for access in [FileAccess::Anywhere, directories(&folder)] {
        let file = File::options().write_access(access).open_rw(&path).unwrap();
        file.dataset("to_wide").unwrap().write(&[3; 6]).unwrap();
    }
    let error = File::open(&path).unwrap().dataset("to_wide").unwrap().write(&[1; 6]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Misuse(Misuse::ReadOnly)));
}

#[test]
fn another_writer_of_a_file_is_not_disturbed() {
    let folder = made();
    let (path, other) = (folder.file("main.h5"), folder.file("sub/b.h5"));
    let file = below().open_rw(&path).unwrap();
    let rows = file.dataset("rows").unwrap();
    let writer = File::open_rw(&other).unwrap();
    let error = rows.write_slice(&Array2::from_elem((3, 6), 5), s![5..8, ..]).unwrap_err().to_string();
    assert!(error.contains("locked") && error.contains("b.h5"), "{error}");
    assert_eq!(file.dataset("own").unwrap().read_raw::<i32>().unwrap(), [0; 6], "it was undone");
    writer.close().unwrap();
    rows.write_slice(&Array2::from_elem((3, 6), 5), s![5..8, ..]).unwrap();
    assert_eq!(file.dataset("own").unwrap().read_raw::<i32>().unwrap(), [5; 6]);
    // It is closed and unlocked again.
    File::options().locking(h5::storage::FileLocking::Required).open_rw(&other).unwrap().close().unwrap();
    // One that says that somebody has it open for writing.
    let mut bytes = std::fs::read(folder.file("sub/c.h5")).unwrap();
    assert_eq!((bytes[8], bytes[11]), (3, 0));
    drop((rows, file));
    let flagged = File::options().bounds(FormatBounds::V110).create(folder.file("sub/c.h5")).unwrap();
    flagged.create_group("deep").unwrap();
    flagged.new_dataset_builder().with_data(&[0; 6]).create("deep/w").unwrap();
    flagged.flush().unwrap();
    bytes = std::fs::read(folder.file("sub/c.h5")).unwrap();
    flagged.close().unwrap();
    std::fs::write(folder.file("sub/c.h5"), &bytes).unwrap();
    let file = below().open_rw(&path).unwrap();
    let error = file
        .dataset("rows")
        .unwrap()
        .write_slice(&Array2::from_elem((2, 6), 6), s![7.., ..])
        .unwrap_err()
        .to_string();
    assert!(error.contains("file consistency flags") && error.contains("c.h5"), "{error}");
    assert_eq!(std::fs::read(folder.file("sub/c.h5")).unwrap(), bytes);
}

#[test]
fn circles_and_depths_are_refused() {
    let folder = Folder::new("virtual-writes");
    let virtual_of = |file: &File, name: &str, source: VirtualSource| {
        let new = file.new_dataset::<i32>().shape(2).virtual_sources([source]);
        new.create(name).unwrap()
    };
    let other = File::create(folder.file("other.h5")).unwrap();
    virtual_of(&other, "circle", VirtualSource::new("main.h5", "circle"));
    other.close().unwrap();
    let limits = Limits { depth: 4, ..Limits::default() };
    let file = below().limits(limits).create(folder.file("main.h5")).unwrap();
    let circle = virtual_of(&file, "circle", VirtualSource::new("other.h5", "circle"));
    let itself = virtual_of(&file, "itself", VirtualSource::new("main.h5", "itself"));
    let mut deep: Vec<Dataset> = vec![file.new_dataset::<i32>().shape(2).create("0").unwrap()];
    for number in 1..8 {
        let below = VirtualSource::new(".", (number - 1).to_string());
        deep.push(virtual_of(&file, &number.to_string(), below));
    }
    for (dataset, text) in [
        (&circle, "the virtual dataset is among its own sources"),
        (&itself, "the virtual dataset is among its own sources"),
        (&deep[7], "the depth of nesting"),
    ] {
        for error in [dataset.write(&[1, 2]).unwrap_err(), dataset.read_raw::<i32>().unwrap_err()] {
            assert!(error.to_string().contains(text), "{error}");
        }
    }
    deep[4].write(&[1, 2]).unwrap();
    assert_eq!(deep[0].read_raw::<i32>().unwrap(), [1, 2]);
}

/// libhdf5 2.0 ends the process when it is asked to write such elements; it reads what we write.
#[test]
fn strings_and_sequences_go_to_the_heaps_of_their_files() {
    let folder = Folder::new("virtual-writes");
    let other = File::create(folder.file("other.h5")).unwrap();
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<String>>();
    other.new_dataset_builder().with_data(&words(&["old", "older"])).create("words").unwrap();
    other.new_dataset_builder().with_data(&[vec![1_u8, 2], vec![]]).chunk(1).create("lists").unwrap();
    other.close().unwrap();
    let path = folder.file("main.h5");
    let file = below().create(&path).unwrap();
    file.new_dataset_builder().with_data(&words(&["", "own"])).create("own").unwrap();
    let new = file.new_dataset::<String>().shape(4);
    let all = new
        .virtual_map("other.h5", "words", 2, .., 4, 1..3)
        .virtual_map(".", "own", 2, 0, 4, 0)
        .virtual_map(".", "own", 2, 1, 4, 3)
        .create("all")
        .unwrap();
    let new = file.new_dataset::<Vec<i32>>().shape(2);
    let lists = new.virtual_sources([VirtualSource::new("other.h5", "lists")]).create("lists").unwrap();
    file.flush().unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    lists.write(&[vec![5, 300, -1], vec![7]]).unwrap();
    file.flush().unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), size, "nothing of it is in this file");
    let new = words(&["first", "second one", "", "last of all"]);
    all.write(&new).unwrap();
    assert_eq!(all.read_raw::<String>().unwrap(), new);
    assert_eq!(file.dataset("own").unwrap().read_raw::<String>().unwrap(), words(&["first", "last of all"]));
    // Elements in their stored form name what is in this file.
    let element = all.store_sequence(5, b"there").unwrap();
    all.write_bytes(&element, 2..3).unwrap();
    all.fill_slice(&"same".to_owned(), array![0, 3]).unwrap();
    file.close().unwrap();
    let found = script(&folder, "values");
    let expected = "main.h5 all (4,) b'same' b'second one' b'there' b'same'\n\
                    main.h5 lists (2,) [  5 255   0] [7]\n\
                    main.h5 own (2,) b'same' b'same'\n\
                    other.h5 lists (2,) [  5 255   0] [7]\n\
                    other.h5 words (2,) b'second one' b'there'\n";
    assert_same("values", &found, expected);
    let printed = h5dump(["-d".as_ref(), "/words".as_ref(), folder.file("other.h5").as_os_str()]);
    assert!(printed.contains("\"second one\", \"there\""), "{printed}");
}

#[test]
fn handles_of_other_files_see_what_was_written_past_them() {
    let folder = made();
    let path = folder.file("main.h5");
    let file = below().open_rw(&path).unwrap();
    file.link_external("a.h5", "/y", "far_y").unwrap();
    file.link_external("sub/b.h5", "/outside", "far_w").unwrap();
    let (y, w) = (file.dataset("far_y").unwrap(), file.dataset("far_w").unwrap());
    assert_eq!(y.read_slice_1d::<f64, _>(s![0, ..2]).unwrap(), array![1.0, 1.0]);
    assert_eq!(w.read_raw::<i32>().unwrap(), [0; 6]);
    let rows = file.dataset("rows").unwrap();
    rows.fill_slice(&4, ..).unwrap();
    assert_eq!(y.read_slice_1d::<f64, _>(s![0, ..2]).unwrap(), array![4.0, 4.0]);
    assert_eq!(w.read_raw::<i32>().unwrap(), [4; 6]);
    assert_eq!(rows.read_slice_1d::<i32, _>(s![.., 3]).unwrap(), Array1::from_elem(9, 4));
    // Somebody else may replace a source between two writes.
    let other = File::open_rw(folder.file("a.h5")).unwrap();
    other.unlink("x").unwrap();
    other.new_dataset_builder().with_data(&[9_i64; 6]).create("z").unwrap();
    other.new_dataset_builder().with_data(&[9_i64; 6]).create("x").unwrap();
    other.close().unwrap();
    rows.write_slice(&Array2::from_elem((1, 6), 1), s![4..5, ..]).unwrap();
    let other = File::open(folder.file("a.h5")).unwrap();
    assert_eq!(other.dataset("x").unwrap().read_raw::<i64>().unwrap(), [1; 6]);
    assert_eq!(other.dataset("z").unwrap().read_raw::<i64>().unwrap(), [9; 6]);
}

#[test]
fn points_and_masks_go_through() {
    let folder = made();
    let file = below().open_rw(folder.file("main.h5")).unwrap();
    let rows = file.dataset("rows").unwrap();
    rows.write_slice(&[7, 8, 9], array![[8, 0], [4, 5], [0, 3]]).unwrap();
    rows.fill_slice(&6, Array2::from_shape_fn((9, 6), |(i, j)| i == 5 && j % 2 == 0)).unwrap();
    file.close().unwrap();
    let found = script(&folder, "values");
    for line in [
        "a.h5 x (6,) 0 0 0 0 0 8",
        "sub/b.h5 z (2, 6) 6 0 6 0 6 0 0 0 0 0 0 0",
        "sub/c.h5 deep/w (6,) 7 0 0 0 0 0",
        "a.h5 y (4, 6) 1.0 1.0 1.0 9.0 1.0",
    ] {
        assert!(found.contains(line), "{line}\n{found}");
    }
}

/// A member that the source lacks would be gone, and one that only the source has would be overwritten.
#[test]
fn members_that_only_one_side_has_are_refused() {
    let folder = Folder::new("virtual-writes");
    let file = File::create(folder.file("main.h5")).unwrap();
    file.new_dataset_builder().with_data(&[Pair { a: 1, b: 2.0 }]).create("pairs").unwrap();
    compound! {
        #[derive(Clone, Debug, PartialEq)]
        struct Less { a: i32 }
    }
    file.new_dataset_builder().with_data(&[Less { a: 1 }]).create("less").unwrap();
    let new = file.new_dataset::<Less>().shape(1).virtual_sources([VirtualSource::new(".", "pairs")]);
    assert!(new.create("a").unwrap().write(&[Less { a: 5 }]).is_err());
    let new = file.new_dataset::<Pair>().shape(1).virtual_sources([VirtualSource::new(".", "less")]);
    assert!(new.create("b").unwrap().write(&[Pair { a: 5, b: 6.0 }]).is_err());
    assert_eq!(file.dataset("pairs").unwrap().read_raw::<Pair>().unwrap(), [Pair { a: 1, b: 2.0 }]);
    assert_eq!(file.dataset("less").unwrap().read_raw::<Less>().unwrap(), [Less { a: 1 }]);
}
