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
