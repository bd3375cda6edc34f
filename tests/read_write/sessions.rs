//! What a file says while it is open for writing, and what an edit that fails leaves behind.

use std::sync::Arc;

use h5::storage::MemoryStorage;
use h5::{ErrorKind, File, FormatBounds, Malformed};

#[test]
fn superblocks_of_version_3_say_that_the_file_is_open() {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().bounds(FormatBounds::V110).create_storage(storage.clone()).unwrap();
    let refused = || match File::from_bytes(storage.to_vec()) {
        Ok(_) => false,
        Err(error) => {
            let is_flag = matches!(
                error.kind(),
                ErrorKind::Malformed(Malformed::Field { name: "file consistency flags", .. })
            );
            assert!(is_flag, "{error}");
            true
        }
    };
    file.flush().unwrap();
    assert!(refused(), "it can change at any moment");
    file.commit().unwrap();
    assert!(!refused(), "nothing that is there changes");
    file.create_group("group").unwrap();
    file.flush().unwrap();
    assert!(!refused(), "it is still the commit that counts");
    file.close().unwrap();
    assert!(!refused());
    let file = File::options().open_storage_rw(storage.clone()).unwrap();
    file.create_group("another").unwrap();
    file.flush().unwrap();
    assert!(refused());
    drop(file);
    assert!(!refused());
}

/// So much is not held back before the first commit: it is overwritten at once, and the file says so before.
#[test]
fn a_session_that_overwrites_much_says_so_at_once() {
    const BYTES: usize = 17 << 20;
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().bounds(FormatBounds::V110).create_storage(storage.clone()).unwrap();
    file.new_dataset::<u8>().shape(BYTES).create("data").unwrap().write_raw(&vec![1_u8; BYTES]).unwrap();
    file.close().unwrap();
    let before = storage.to_vec();
    let file = File::options().open_storage_rw(storage.clone()).unwrap();
    let data = file.dataset("data").unwrap();
    data.write_slice(&[2_u8, 2, 2], 5..8).unwrap();
    assert!(storage.to_vec() == before, "a little is held back");
    data.write_raw(&vec![3_u8; BYTES]).unwrap();
    assert!(File::from_bytes(storage.to_vec()).is_err());
    file.close().unwrap();
    let data = File::from_bytes(storage.to_vec()).unwrap().dataset("data").unwrap();
    assert!(data.read_raw::<u8>().unwrap().iter().all(|&byte| byte == 3));
}

#[test]
fn an_edit_that_fails_did_not_happen() {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().create_storage(storage.clone()).unwrap();
    file.new_dataset_builder().with_data(&[1, 2]).create("data").unwrap();
    file.flush().unwrap();
    let before = storage.to_vec();
    // The header is written before the name is found to be taken, or the filter to be missing.
    assert!(file.new_dataset_builder().with_data(&[3]).create("data").is_err());
    assert!(file.new_dataset::<i32>().shape(4).add_filter(40_000, &[]).create("filtered").is_err());
    assert!(file.relink("data", "nowhere/data").is_err());
    assert!(file.unlink("/").is_err());
    file.flush().unwrap();
    file.close().unwrap();
    assert_eq!(File::from_bytes(storage.to_vec()).unwrap().member_names().unwrap(), ["data"]);
    assert_eq!(storage.to_vec().len(), before.len());
}

#[test]
fn handles_that_outlive_a_closed_file_can_only_read() {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().create_storage(storage).unwrap();
    let data = file.new_dataset_builder().with_data(&[1, 2]).create("data").unwrap();
    file.close().unwrap();
    assert_eq!(data.read_raw::<i32>().unwrap(), [1, 2]);
    assert!(data.write(&[3, 4]).unwrap_err().to_string().contains("open for reading only"));
}

/// A file with a dataset of ones, and a session that has begun to change it.
fn begun(bounds: FormatBounds, bytes: usize) -> (Arc<MemoryStorage>, Vec<u8>, File) {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().bounds(bounds).create_storage(storage.clone()).unwrap();
    let chunked = file.new_dataset::<u8>().shape(bytes).chunk(bytes.div_ceil(2)).create("chunked").unwrap();
    let whole = file.new_dataset::<u8>().shape(bytes).create("whole").unwrap();
    [chunked, whole].iter().for_each(|dataset| dataset.fill_slice(&1_u8, ..).unwrap());
    file.close().unwrap();
    let before = storage.to_vec();
    let file = File::options().open_storage_rw(storage.clone()).unwrap();
    (storage, before, file)
}

fn change(file: &File) {
    for name in ["chunked", "whole"] {
        file.dataset(name).unwrap().fill_slice(&2_u8, 1..).unwrap();
    }
    // A second time, so that it waits in memory.
    file.dataset("chunked").unwrap().fill_slice(&3_u8, 1..2).unwrap();
    file.create_group("new").unwrap().new_attr::<i32>().shape(100).create("a").unwrap();
    file.unlink("chunked").unwrap();
}

#[test]
fn what_is_discarded_did_not_happen() {
    for bounds in [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110] {
        for commits in [false, true] {
            let (storage, before, file) = begun(bounds, 1000);
            if commits {
                file.commit().unwrap();
            }
            let whole = file.dataset("whole").unwrap();
            let chunked = file.dataset("chunked").unwrap();
            change(&file);
            if commits {
                // Handed to the operating system, and not yet what counts.
                file.flush().unwrap();
            }
            file.discard().unwrap();
            assert!(storage.to_vec() == before);
            for dataset in [whole, chunked] {
                assert_eq!(dataset.read_raw::<u8>().unwrap(), [1; 1000]);
                assert!(dataset.fill_slice(&1_u8, ..).is_err());
            }
            assert!(storage.to_vec() == before);
        }
    }
}

#[test]
fn what_was_flushed_before_any_commit_stays() {
    let (storage, _, file) = begun(FormatBounds::V110, 1000);
    change(&file);
    file.flush().unwrap();
    assert!(File::from_bytes(storage.to_vec()).is_err(), "it is open for writing");
    file.create_group("another").unwrap();
    file.dataset("whole").unwrap().fill_slice(&9_u8, ..).unwrap();
    file.discard().unwrap();
    let file = File::from_bytes(storage.to_vec()).unwrap();
    assert_eq!(file.member_names().unwrap(), ["new", "whole"]);
    assert_eq!(file.dataset("whole").unwrap().read_raw::<u8>().unwrap()[..2], [1, 2]);
}

#[test]
fn a_new_file_that_is_discarded_is_empty() {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().create_storage(storage.clone()).unwrap();
    file.new_dataset_builder().with_data(&[1_u8; 1000]).create("data").unwrap();
    file.discard().unwrap();
    assert!(storage.to_vec().is_empty());
}

#[test]
fn what_was_overwritten_cannot_be_taken_back() {
    const MUCH: usize = 17 << 20;
    let (storage, _, file) = begun(FormatBounds::V18, MUCH);
    file.dataset("whole").unwrap().fill_slice(&2_u8, ..).unwrap();
    let error = file.discard().unwrap_err().to_string();
    assert!(error.contains("too much was overwritten to go back"), "{error}");
    let data = File::from_bytes(storage.to_vec()).unwrap().dataset("whole").unwrap();
    assert!(data.read_raw::<u8>().unwrap().iter().all(|&byte| byte == 2), "the file is complete");
    let (storage, before, file) = begun(FormatBounds::V18, MUCH);
    file.commit().unwrap();
    file.dataset("whole").unwrap().fill_slice(&2_u8, ..).unwrap();
    file.discard().unwrap();
    assert!(storage.to_vec() == before);
}
