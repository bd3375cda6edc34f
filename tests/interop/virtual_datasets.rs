//! Virtual datasets that we create: the same as those of libhdf5, to the byte of their mappings, and read by it.

use std::path::Path;
use std::process::Command;

use h5::{Dataset, File, FillValue, FormatBounds, Layout, MissingSources, VirtualSource};
use ndarray::{Array2, s};

use super::support::{Folder, assert_same, h5dump, printed, project, python};
use super::{assert_all_agree, assert_h5py_agrees};

/// Runs the script in a folder.
fn script<A: AsRef<std::ffi::OsStr>>(folder: &Path, arguments: &[A]) -> String {
    let mut command = Command::new(project("target/python/bin/python"));
    command.arg(project("tests/interop/virtual_datasets.py")).args(arguments).current_dir(folder);
    printed(&mut command)
}

/// A folder with the sources of the fixtures.
fn with_sources() -> Folder {
    let folder = Folder::new("virtual");
    for name in ["source.h5", "links.h5", "part-0.h5", "part-1.h5", "part-2.h5", "part-4.h5"] {
        std::fs::copy(project("fixtures/other_files").join(name), folder.file(name)).unwrap();
    }
    std::fs::create_dir(folder.file("sub")).unwrap();
    let target = project("fixtures/other_files/sub/target.h5");
    std::fs::copy(target, folder.file("sub/target.h5")).unwrap();
    folder
}

/// Creates a dataset with the type, shape, fill value and sources of another one.
fn create_like(to: &File, dataset: &Dataset) -> Dataset {
    let name = dataset.name();
    if dataset.layout() != Layout::Virtual {
        let data = dataset.read_1d::<i32>().unwrap();
        return to.new_dataset_builder().with_data(&data).create(&*name).unwrap();
    }
    let axes = dataset.max_shape();
    // What a growing one had for its shape when it was created is not of interest.
    let shape: Vec<h5::Extent> = axes
        .iter()
        .zip(dataset.shape())
        .map(|(max, dim)| h5::Extent { dim, max: max.map(|max| usize::try_from(max).unwrap()) })
        .collect();
    let mut new = to.new_dataset_builder().empty_like(&dataset.dtype().unwrap());
    if !axes.is_empty() {
        new = new.shape(shape);
    }
    if let FillValue::User(value) = dataset.fill_info().unwrap().value {
        new = new.fill_value(i32::from_le_bytes(value[..].try_into().unwrap()));
    }
    new.virtual_sources(dataset.virtual_sources().unwrap()).create(&*name).unwrap()
}

fn expected() -> String {
    let all = std::fs::read_to_string(project("fixtures/other_files/expected.txt")).unwrap();
    let lines = all.lines().filter_map(|line| line.strip_prefix("virtual.h5 "));
    let mut lines: Vec<&str> = lines.collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// What h5dump says but where things lie, and when fill values are written: libhdf5 has its own mind about that where
/// elements are of variable length.
fn dumped(path: &Path) -> String {
    let text = h5dump(["-p".as_ref(), "-H".as_ref(), path.as_os_str()]);
    let kept = text.lines().skip(1).filter(|line| !line.contains("OFFSET") && !line.contains("FILL_TIME"));
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn mappings_of_all_kinds_are_those_of_libhdf5() {
    for (bound, bounds) in [
        ("v108", FormatBounds::V18),
        ("v110", FormatBounds::V110),
        ("v112", FormatBounds::V112),
        ("v200", FormatBounds::V200),
    ] {
        let (theirs, ours) = (with_sources(), with_sources());
        script(theirs.path(), &["make", bound]);
        let (their_path, our_path) = (theirs.file("virtual.h5"), ours.file("virtual.h5"));
        let filling = File::options().missing_sources(MissingSources::Fill);
        let from = filling.open(&their_path).unwrap();
        let to = filling.clone().bounds(bounds).create(&our_path).unwrap();
        for name in from.member_names().unwrap() {
            // Those among their own sources have no shape that could be asked for.
            let dataset = from.dataset(&name).unwrap();
            let new = create_like(&to, &dataset);
            assert_eq!(new.virtual_sources().unwrap(), dataset.virtual_sources().unwrap(), "{name}");
        }
        to.close().unwrap();
        let found = script(ours.path(), &["values".as_ref(), our_path.as_os_str()]);
        let found: Vec<&str> = found.lines().filter(|line| !line.starts_with("local ")).collect();
        let named = |line: &&str| expected().lines().any(|e| e.split(' ').next() == line.split(' ').next());
        let found: Vec<&str> = found.into_iter().filter(named).collect();
        assert_same("expected", &found.join("\n"), &expected());
        let files = [our_path.as_os_str(), their_path.as_os_str()];
        let count = python("tests/interop/virtual_datasets.py", [&["blocks".as_ref()], &files[..]].concat());
        assert_eq!(count.trim(), "29", "{bound}");
        if bounds == FormatBounds::V110 {
            assert_same("h5dump", &dumped(&our_path), &dumped(&their_path));
        }
    }
}

#[test]
fn parts_of_other_files_are_put_together() {
    let folder = Folder::new("virtual");
    let rows = Array2::from_shape_fn((3, 4), |(i, j)| i16::try_from(10 * i + j).unwrap());
    for number in 0..2 {
        let file = File::create(folder.file(&format!("part{number}.h5"))).unwrap();
        file.new_dataset_builder().with_data(&(&rows + 100 * number)).create("rows").unwrap();
        file.close().unwrap();
    }
    let path = folder.file("whole.h5");
    let file = File::options().bounds(FormatBounds::V110).create(&path).unwrap();
    file.new_dataset_builder().with_data(&[7_i16, 8]).create("own").unwrap();
    let new = file.new_dataset::<i32>().shape((6, 4)).fill_value(-1);
    let whole = new
        .virtual_map("part0.h5", "rows", (3, 4), .., (6, 4), s![..3, ..])
        .virtual_map("part1.h5", "/rows", (3, 4), s![..2, ..;2], (6, 4), s![3..5, 1..3])
        .virtual_map(".", "own", 2, 1, (6, 4), s![5, 3])
        .create("whole")
        .unwrap();
    let mut values = Array2::from_elem((6, 4), -1);
    values.slice_mut(s![..3, ..]).assign(&rows.mapv(i32::from));
    values.slice_mut(s![3..5, 1..3]).assign(&ndarray::array![[100, 102], [110, 112]]);
    values[(5, 3)] = 8;
    assert_eq!(whole.read_2d::<i32>().unwrap(), values);
    let none = file.new_dataset::<u8>().shape(3).fill_value(5u8);
    none.virtual_sources(Vec::<VirtualSource>::new()).create("none").unwrap();
    file.close().unwrap();
    let file = assert_all_agree(&path);
    assert_eq!(file.dataset("whole").unwrap().read_2d::<i32>().unwrap(), values);
    assert_eq!(file.dataset("none").unwrap().read_raw::<u8>().unwrap(), [5; 3]);
    let printed = h5dump(["-d".as_ref(), "/whole".as_ref(), path.as_os_str()]);
    assert!(printed.contains("(4,0): -1, 110, 112, -1,"), "{printed}");
}

/// As in libhdf5, what older releases cannot read is written all the same where it cannot be said otherwise.
#[test]
fn old_files_can_have_virtual_datasets() {
    let folder = Folder::new("virtual");
    for (name, bounds) in [("earliest.h5", FormatBounds::Earliest), ("v18.h5", FormatBounds::V18)] {
        let path = folder.file(name);
        let file = File::options().bounds(bounds).create(&path).unwrap();
        file.new_dataset_builder().with_data(&[1.5, 2.5]).create("own").unwrap();
        let new = file.new_dataset::<f64>().shape(2).virtual_sources([VirtualSource::new(".", "own")]);
        assert_eq!(new.create("same").unwrap().read_raw::<f64>().unwrap(), [1.5, 2.5]);
        file.close().unwrap();
        assert_all_agree(&path);
    }
}

#[test]
fn deleting_a_virtual_dataset_gives_its_mappings_back() {
    let folder = Folder::new("virtual");
    let path = folder.file("deleted.h5");
    let file = File::create(&path).unwrap();
    file.new_dataset_builder().with_data(&[1, 2]).create("own").unwrap();
    file.close().unwrap();
    let len = std::fs::metadata(&path).unwrap().len();
    let file = File::open_rw(&path).unwrap();
    for _ in 0..3 {
        let new = file.new_dataset::<i32>().shape(2).virtual_sources([VirtualSource::new(".", "own")]);
        new.create("same").unwrap();
        file.unlink("same").unwrap();
    }
    file.close().unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), len);
    assert_h5py_agrees(&path);
}

#[test]
fn what_makes_no_sense_is_refused_and_leaves_nothing_behind() {
    let folder = Folder::new("virtual");
    let file = File::create(folder.file("refused.h5")).unwrap();
    let new = || file.new_dataset::<i32>().shape(4);
    let one = |source| new().virtual_sources([source]);
    let source = || VirtualSource::new("a.h5", "x");
    let blocks = |corners: [u64; 2]| h5::VirtualSelection::Blocks(vec![(vec![corners[0]], vec![corners[1]])]);
    let pair = h5::VirtualSelection::Blocks(vec![(vec![0, 0], vec![1, 1])]);
    for (builder, text) in [
        (new().virtual_map("a.h5", "x", 4, .., 5, ..), "a mapping to a shape of [5] in a dataset of [4]"),
        (new().virtual_map("a.h5", "x", 3, .., 4, ..), "3 elements of the source are to be 4 elements"),
        (new().virtual_map("a.h5", "x", 3, 2..4, 4, 2..), "2..Some(4) is not on an axis of 3"),
        (new().chunk(2).virtual_map("a.h5", "x", 4, .., 4, ..), "cannot be compact, chunked or filtered"),
        (one(source().onto(blocks([2, 1]))), "a block whose last corner lies before its first one"),
        (one(source().select(blocks([0, 3])).onto(pair)), "goes past a dataspace of shape [4]"),
    ] {
        let error = builder.create("virtual").unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
        assert!(!file.exists("virtual"));
    }
}

#[test]
fn what_is_written_goes_to_the_sources() {
    let folder = Folder::new("virtual");
    let path = folder.file("through.h5");
    let other = File::create(folder.file("through2.h5")).unwrap();
    other.new_dataset_builder().with_data(&[1_i32; 6]).create("a").unwrap();
    other.close().unwrap();
    let file = File::options().bounds(FormatBounds::V110).create(&path).unwrap();
    let a = file.new_dataset_builder().with_data(&[0_i32; 6]).create("a").unwrap();
    let b = file.new_dataset::<f64>().shape((4.., 2)).chunk((2, 2)).deflate(1).create("b").unwrap();
    let new = file.new_dataset::<i16>().shape((4, 5));
    let both = new
        .virtual_map(".", "a", 6, 1..5, (4, 5), s![.., 0])
        .virtual_map(".", "b", (4, 2), s![..4, ..], (4, 5), s![.., 1..3])
        .create("both")
        .unwrap();
    let values = Array2::from_shape_fn((4, 3), |(i, j)| i16::try_from(10 * i + j).unwrap());
    both.write_slice(&values, s![.., ..3]).unwrap();
    assert_eq!(a.read_raw::<i32>().unwrap(), [0, 0, 10, 20, 30, 0]);
    assert_eq!(b.read_raw::<i32>().unwrap(), [1, 2, 11, 12, 21, 22, 31, 32]);
    both.write_slice(&ndarray::array![7, 8], s![2, ..2]).unwrap();
    assert_eq!(both.read_slice_1d::<i32, _>(s![2, ..3]).unwrap().to_vec(), [7, 8, 22]);
    let row = h5::VirtualSelection::Regular(vec![
        h5::VirtualAxis::from_start(0),
        h5::VirtualAxis { start: 0, stride: 1, count: Some(1), block: Some(2) },
    ]);
    let grows = VirtualSource::new(".", "b").select(row.clone()).onto(row);
    let grows = file.new_dataset::<f64>().shape((0.., 2)).virtual_sources([grows]).create("grows").unwrap();
    b.resize((5, 2)).unwrap();
    grows.write_slice(&ndarray::array![[0.5, 1.5]], s![4.., ..]).unwrap();
    assert_eq!(b.read_slice_1d::<f64, _>(s![4, ..]).unwrap().to_vec(), [0.5, 1.5]);
    let nested = file.new_dataset::<i16>().shape((4, 5)).virtual_sources([VirtualSource::new(".", "both")]);
    let nested = nested.create("nested").unwrap();
    let far = file.new_dataset::<i32>().shape(6).virtual_sources([VirtualSource::new("through2.h5", "a")]);
    let far = far.create("far").unwrap();
    for (refused, text) in [
        (both.write(&Array2::<i16>::zeros((4, 5))), "that no source has"),
        (far.write(&[1_i32; 6]), "no policy says that other HDF5 files may be written to"),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    assert_eq!(both.read_slice_1d::<i32, _>(s![3, ..3]).unwrap().to_vec(), [30, 31, 32]);
    nested.write_slice(&ndarray::array![-7, -8], s![3, 1..3]).unwrap();
    assert_eq!(b.read_slice_1d::<i32, _>(s![3, ..]).unwrap().to_vec(), [-7, -8]);
    file.close().unwrap();
    assert_all_agree(&path);
}
