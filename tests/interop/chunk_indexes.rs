//! Chunk indexes of all kinds: ours read and changed by h5py, those of h5py changed by us and by h5py again.

use std::fmt::Write;
use std::path::Path;

use h5::{AllocationTime, ChunkOpts, Dataset, Extent, File, FormatBounds};
use ndarray::{Array2, ArrayD, s};

use super::support::{Folder, assert_same, h5dump_bytes, python};

const SCRIPT: &str = "tests/interop/chunk_indexes.py";

/// Every dataset of a file with its chunks and values, as the script lists them.
fn list(path: &Path) -> String {
    let file = File::open(path).unwrap();
    let mut text = String::new();
    for name in file.member_names().unwrap() {
        let dataset = file.dataset(&name).unwrap();
        writeln!(text, "{name} {:?}", dataset.shape()).unwrap();
        let mut chunks = dataset.chunks().unwrap();
        chunks.sort_by(|a, b| a.offset.cmp(&b.offset));
        // libhdf5 2.0 has wrong places for these, see the script.
        chunks.retain(|_| !name.starts_with("extensible_array_second"));
        for chunk in chunks {
            writeln!(text, "  {:?} {} {}", chunk.offset, chunk.filter_mask, chunk.size).unwrap();
        }
        let values: Vec<String> =
            dataset.read_raw::<i32>().unwrap().iter().map(ToString::to_string).collect();
        writeln!(text, "  {}", values.join(" ")).unwrap();
    }
    text
}

/// What h5py finds in a file.
fn listed_by_h5py(path: &Path) -> String {
    python(SCRIPT, ["list".as_ref(), path.as_os_str()])
}

#[track_caller]
fn assert_h5py_finds_the_same(what: &str, path: &Path) {
    assert_same(what, &list(path), &listed_by_h5py(path));
}

fn change_by_h5py(path: &Path) {
    python(SCRIPT, ["change".as_ref(), path.as_os_str()]);
}

fn numbers(rows: usize, columns: usize, first: i32) -> Array2<i32> {
    let mut next = first;
    Array2::from_shape_simple_fn((rows, columns), || {
        next += 1;
        next
    })
}

/// Lets a dataset grow as far as it may, writes to its end and its middle, and cuts it.
fn change(dataset: &Dataset) {
    let before = dataset.shape();
    let limits = dataset.max_shape();
    let grown: Vec<usize> = before
        .iter()
        .zip(&limits)
        .map(|(&size, max)| max.map_or(size + 11, |max| usize::try_from(max).unwrap().min(size + 11)))
        .collect();
    dataset.resize(&grown[..]).unwrap();
    let (rows, columns) = (grown[0], grown[1]);
    dataset.write_slice(&numbers(4, columns, 10_000), s![rows - 4.., ..]).unwrap();
    dataset.write_slice(&numbers(5, 3, 20_000), s![3..8, 4..7]).unwrap();
    if grown != before {
        dataset.resize((rows - 6, columns - 1)).unwrap();
        dataset.resize((rows - 6, columns)).unwrap();
    }
}

fn change_all(path: &Path, bounds: FormatBounds) {
    let file = File::options().bounds(bounds).open_rw(path).unwrap();
    for name in file.member_names().unwrap() {
        change(&file.dataset(&name).unwrap());
    }
    file.close().unwrap();
}

const UNLIMITED: Option<usize> = None;

/// A name, the largest shape, a chunk.
type Kind = (&'static str, [Option<usize>; 2], [usize; 2]);

const KINDS: [Kind; 7] = [
    ("single", [Some(20), Some(15)], [20, 15]),
    ("implicit", [Some(50), Some(40)], [3, 4]),
    ("fixed_array", [Some(50), Some(40)], [3, 4]),
    ("paged_fixed_array", [Some(50), Some(40)], [1, 1]),
    ("extensible_array", [UNLIMITED, Some(40)], [1, 3]),
    ("extensible_array_second", [Some(40), UNLIMITED], [3, 4]),
    ("btree_2", [UNLIMITED, UNLIMITED], [2, 1]),
];

fn make(path: &Path, bounds: FormatBounds) {
    let file = File::options().bounds(bounds).create(path).unwrap();
    for (name, maximum, chunk) in KINDS {
        for filters in ["plain", "filtered", "edges"] {
            let edges = filters == "edges" && bounds >= FormatBounds::V110;
            let shape: Vec<_> =
                [20, 15].into_iter().zip(maximum).map(|(dim, max)| Extent { dim, max }).collect();
            let mut new = file.new_dataset::<i32>().shape(shape).chunk(&chunk[..]).fill_value(-3);
            if name == "implicit" {
                new = new.alloc_time(AllocationTime::Early);
            }
            if filters != "plain" {
                new = new.shuffle().deflate(3);
            }
            if edges {
                new = new.chunk_opts(ChunkOpts::DONT_FILTER_PARTIAL_CHUNKS);
            }
            let dataset = new.create(&*format!("{name}_{filters}")).unwrap();
            dataset.write_slice(&numbers(15, 14, 100), s![2..17, 1..]).unwrap();
        }
    }
    file.close().unwrap();
}

#[test]
fn ours_are_read_and_changed_by_h5py() {
    let folder = Folder::new("chunk-indexes");
    for bounds in [FormatBounds::V18, FormatBounds::V110, FormatBounds::V200] {
        let path = folder.file(&format!("{bounds:?}.h5"));
        make(&path, bounds);
        assert_h5py_finds_the_same("new", &path);
        change_by_h5py(&path);
        assert_h5py_finds_the_same("changed by h5py", &path);
        change_all(&path, bounds);
        assert_h5py_finds_the_same("changed by both", &path);
        change_by_h5py(&path);
        assert_h5py_finds_the_same("changed once more by h5py", &path);
    }
}

#[test]
fn ours_are_read_by_h5dump() {
    let folder = Folder::new("chunk-indexes-h5dump");
    let path = folder.file("V110.h5");
    make(&path, FormatBounds::V110);
    change_all(&path, FormatBounds::V110);
    let file = File::open(&path).unwrap();
    for name in file.member_names().unwrap() {
        let values: ArrayD<i32> = file.dataset(&name).unwrap().read_dyn().unwrap();
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert!(h5dump_bytes(&folder, &path, &format!("/{name}")) == bytes, "{name}");
    }
}

#[test]
fn theirs_are_changed_by_us_and_by_h5py_again() {
    let folder = Folder::new("their-chunk-indexes");
    for low in ["earliest", "v110", "latest"] {
        let path = folder.file(&format!("{low}.h5"));
        python(SCRIPT, ["make".as_ref(), path.as_os_str(), low.as_ref()]);
        assert_h5py_finds_the_same("new", &path);
        for round in 0..3 {
            change_all(&path, FormatBounds::V18);
            assert_h5py_finds_the_same(&format!("{low} changed by us, round {round}"), &path);
            change_by_h5py(&path);
            assert_h5py_finds_the_same(&format!("{low} changed by h5py, round {round}"), &path);
        }
    }
}

/// The header of the only extensible array in a file, up to the address in it.
fn array_header(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let place = bytes.windows(4).position(|window| window == b"EAHD").unwrap();
    bytes[place..place + 60].to_vec()
}

/// Pages, secondary blocks and the statistics in the header are as libhdf5 wants them, or it could not go on.
#[test]
fn large_arrays_are_continued_by_h5py() {
    let folder = Folder::new("large-arrays");
    let path = folder.file("large.h5");
    let file = File::options().bounds(FormatBounds::V110).create(&path).unwrap();
    let dataset = file.new_dataset::<i32>().shape(Extent::resizable(160_000)).chunk(1).create("far").unwrap();
    for place in [0, 20, 5_000, 131_076, 131_078, 159_999] {
        dataset.write_slice(&ndarray::arr1(&[9]), s![place..=place]).unwrap();
    }
    file.close().unwrap();
    let theirs = folder.file("theirs.h5");
    python(SCRIPT, ["make-far".as_ref(), theirs.as_os_str()]);
    assert_eq!(array_header(&path), array_header(&theirs));
    python(SCRIPT, ["extend".as_ref(), path.as_os_str()]);
    let dataset = File::open(&path).unwrap().dataset("far").unwrap();
    let values = dataset.read_raw::<i32>().unwrap();
    let set: Vec<usize> = (0..values.len()).filter(|&place| values[place] != 0).collect();
    assert_eq!(set, [0, 20, 4_999, 5_000, 131_076, 131_077, 131_078, 140_000, 159_999, 340_000]);
}
