//! Handles: threads share them, one reads what the other wrote, and the same calls give the same bytes.

use std::sync::Arc;
use std::thread;

use h5::storage::MemoryStorage;
use h5::types::VarLenUnicode;
use h5::{Attribute, Dataset, File, Group};
use ndarray::{Array2, array, s};

fn grid() -> Array2<f64> {
    Array2::from_shape_fn((120, 90), |(i, j)| (i * 90 + j) as f64)
}

fn write_all(file: &File) {
    let group = file.create_group("group").unwrap();
    let date: VarLenUnicode = "2018-01-01".parse().unwrap();
    group.new_attr::<VarLenUnicode>().create("date").unwrap().write_scalar(&date).unwrap();
    let grid = grid();
    group.new_dataset_builder().with_data(&grid).create("contiguous").unwrap();
    let packed = group.new_dataset_builder().with_data(&grid).chunk((16, 25)).shuffle().deflate(4);
    packed.create("packed").unwrap();
    let names = ["a", "", "Grüße"].map(|name| name.parse::<VarLenUnicode>().unwrap());
    group.new_dataset_builder().with_data(&names).create("names").unwrap();
    let grown = group.new_dataset::<i16>().shape((0.., 4)).chunk((2, 3)).create("grown").unwrap();
    grown.resize((5, 4)).unwrap();
    grown.write_slice(&array![7_i16, 8, 9, 10], s![4, ..]).unwrap();
    file.link_soft("group/names", "soft").unwrap();
}

fn written() -> Vec<u8> {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().create_storage(storage.clone()).unwrap();
    write_all(&file);
    file.close().unwrap();
    storage.to_vec()
}

#[test]
fn handles_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<File>();
    shared::<Group>();
    shared::<Dataset>();
    shared::<Attribute>();
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let first = written();
    // A clock that goes into the file ticks in seconds.
    thread::sleep(std::time::Duration::from_millis(1100));
    assert!(first == written(), "two files of the same calls differ");
}

#[test]
fn many_threads_read_one_file() {
    let file = File::options().chunk_cache(1 << 14).open_bytes(written()).unwrap();
    let expected = grid();
    thread::scope(|scope| {
        for number in 0..8 {
            let (file, expected) = (file.clone(), &expected);
            scope.spawn(move || {
                for round in 0..30 {
                    read_some(&file, expected, number * 7 + round);
                }
            });
        }
    });
}

fn read_some(file: &File, expected: &Array2<f64>, seed: usize) {
    let (row, column) = (seed * 13 % 100, seed * 29 % 70);
    let part = s![row..row + 20, column..column + 20];
    for name in ["contiguous", "packed"] {
        let dataset = file.group("group").unwrap().dataset(name).unwrap();
        assert_eq!(dataset.read_slice_2d::<f64, _>(part).unwrap(), expected.slice(part));
    }
    assert_eq!(file.dataset("soft").unwrap().read_raw::<VarLenUnicode>().unwrap()[2].as_str(), "Grüße");
    let date = file.group("group").unwrap().attr("date").unwrap();
    assert_eq!(date.read_scalar::<VarLenUnicode>().unwrap().as_str(), "2018-01-01");
}

#[test]
fn readers_see_a_row_before_or_after_it_was_written() {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().create_storage(storage).unwrap();
    let dataset = file.new_dataset::<i32>().shape((40, 64)).chunk((8, 64)).deflate(1).create("data").unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            let dataset = dataset.clone();
            scope.spawn(move || {
                for round in 0..200 {
                    let row = dataset.read_slice_1d::<i32, _>(s![round % 40, ..]).unwrap();
                    assert!(row.iter().all(|&value| value == row[0]), "half a row: {row}");
                }
            });
        }
        scope.spawn(|| {
            for round in 0..200_i32 {
                let row = ndarray::Array1::from_elem(64, round + 1);
                dataset.write_slice(&row, s![usize::try_from(round).unwrap() % 40, ..]).unwrap();
            }
        });
    });
    assert_eq!(dataset.read_slice_1d::<i32, _>(s![.., 63]).unwrap()[39], 200);
}

#[test]
fn a_handle_reads_what_another_one_wrote() {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().create_storage(storage).unwrap();
    write_all(&file);
    let (one, other) =
        (file.dataset("group/packed").unwrap(), file.clone().dataset("/group/packed").unwrap());
    assert_eq!(other.read_slice_1d::<f64, _>(s![7, 3..6]).unwrap(), array![633.0, 634.0, 635.0]);
    one.write_slice(&array![-1.0, -2.0], s![7, 4..6]).unwrap();
    assert_eq!(other.read_slice_1d::<f64, _>(s![7, 3..6]).unwrap(), array![633.0, -1.0, -2.0]);
    let grown = file.dataset("group/grown").unwrap();
    file.dataset("group/grown").unwrap().resize((6, 4)).unwrap();
    assert_eq!(grown.shape(), [6, 4]);
    file.group("group").unwrap().new_attr_builder().with_data(&[1, 2]).create("new").unwrap();
    assert_eq!(file.attr_names().unwrap(), Vec::<String>::new());
    assert_eq!(file.group("group").unwrap().attr_names().unwrap(), ["date", "new"]);
    file.group("group").unwrap().delete_attr("date").unwrap();
    assert!(file.group("group").unwrap().attr("date").unwrap_err().is_not_found());
    assert_eq!(file.group("group").unwrap().len(), 4);
}
