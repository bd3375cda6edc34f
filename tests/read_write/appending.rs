//! Growing a dataset value by value costs about as much as writing it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use h5::storage::{MemoryStorage, Storage};
use h5::{Dataset, Extent, File, FormatBounds};
use ndarray::{arr1, s};

/// Counts the bytes that go through it.
#[derive(Debug, Default)]
struct Counting {
    memory: MemoryStorage,
    read: AtomicU64,
    written: AtomicU64,
    is_full: AtomicBool,
}

impl Storage for Counting {
    fn len(&self) -> std::io::Result<u64> {
        self.memory.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.memory.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.written.fetch_add(data.len() as u64, Ordering::Relaxed);
        self.memory.write_at(offset, data)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.memory.set_len(len)
    }

    fn sync(&self) -> std::io::Result<()> {
        self.memory.sync()
    }
}

const VALUES: usize = 20_000;

/// The bytes that were read and written until the file was closed.
fn cost(
    bounds: FormatBounds,
    create: impl FnOnce(&File) -> Dataset,
    append: impl Fn(&Dataset, usize),
) -> (u64, u64) {
    let storage = Arc::new(Counting::default());
    let file = File::options().bounds(bounds).create_storage(Arc::clone(&storage) as _).unwrap();
    let dataset = create(&file);
    for n in 0..VALUES {
        append(&dataset, n);
    }
    drop(dataset);
    file.close().unwrap();
    let written = storage.written.load(Ordering::Relaxed);
    let read = storage.read.load(Ordering::Relaxed);
    let file = File::options().open_storage(storage as _).unwrap();
    let values = file.dataset("data").unwrap().read_raw::<f64>().unwrap();
    assert!(values.iter().zip(0..).all(|(&value, n)| value == f64::from(n)));
    (read, written)
}

#[test]
fn values_are_appended_to_chunks_in_memory() {
    let data = 8 * VALUES as u64;
    for bounds in [FormatBounds::V18, FormatBounds::V110] {
        for chunk in [1000, 10_000] {
            for is_filtered in [false, true] {
                let create = |file: &File| {
                    let new = file.new_dataset::<f64>().shape(Extent::resizable(0)).chunk(chunk);
                    let new = if is_filtered { new.shuffle().deflate(1) } else { new };
                    new.create("data").unwrap()
                };
                let (read, written) = cost(bounds, create, |dataset, n| {
                    dataset.resize(n + 1).unwrap();
                    dataset.write_slice(&arr1(&[n as f64]), s![n..]).unwrap();
                });
                assert!(
                    read < 8 * data && written < 3 * data,
                    "{bounds:?} {chunk} {is_filtered} {read} {written}"
                );
            }
        }
    }
}

/// A row lies in many chunks, none of which it completes.
#[test]
fn rows_are_appended_to_chunks_in_memory() {
    for maximum in [Some(50), None] {
        let create = |file: &File| {
            let shape = vec![Extent::resizable(0), Extent { dim: 50, max: maximum }];
            file.new_dataset::<f64>().shape(shape).chunk((40, 5)).deflate(1).create("data").unwrap()
        };
        let (read, written) = cost(FormatBounds::V110, create, |dataset, n| {
            if n % 50 == 0 {
                let row = n / 50;
                dataset.resize((row + 1, 50)).unwrap();
                let values: Vec<f64> = (n..n + 50).map(|n| n as f64).collect();
                dataset.write_slice(&arr1(&values), s![row, ..]).unwrap();
            }
        });
        let data = 8 * VALUES as u64;
        assert!(read < 8 * data && written < 3 * data, "{maximum:?} {read} {written}");
    }
}

/// A chunk in memory that finds no room in the file is not lost, and a commit has those that are in memory.
#[test]
fn chunks_in_memory_outlive_a_full_disk() {
    let storage = Arc::new(Counting::default());
    let file = File::options().create_storage(Arc::clone(&storage) as _).unwrap();
    let new = file.new_dataset::<f64>().shape(Extent::resizable(5)).chunk(100).deflate(1);
    let dataset = new.create("data").unwrap();
    let write = |n: u8| dataset.write_slice(&arr1(&[f64::from(n)]), s![usize::from(n)..usize::from(n) + 1]);
    write(0).unwrap();
    write(1).unwrap();
    storage.is_full.store(true, Ordering::Relaxed);
    write(2).unwrap();
    assert!(file.flush().is_err());
    assert!(file.create_group("group").is_err());
    assert!(dataset.storage_size().is_err());
    write(3).unwrap();
    assert_eq!(dataset.read_raw::<f64>().unwrap(), [0.0, 1.0, 2.0, 3.0, 0.0]);
    storage.is_full.store(false, Ordering::Relaxed);
    file.commit().unwrap();
    write(4).unwrap();
    let committed = File::options().open_storage(Arc::clone(&storage) as _).unwrap();
    assert_eq!(committed.dataset("data").unwrap().read_raw::<f64>().unwrap(), [0.0, 1.0, 2.0, 3.0, 0.0]);
    file.close().unwrap();
    let closed = File::options().open_storage(storage as _).unwrap();
    assert_eq!(closed.dataset("data").unwrap().read_raw::<f64>().unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0]);
}
