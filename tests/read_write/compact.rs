//! Files give space back and keep their content.

use std::sync::Arc;

use h5::FileSpaceStrategy::FreeSpaceManager;
use h5::storage::MemoryStorage;
use h5::{File, FileSpaceStrategy, FormatBounds};
use ndarray::{Array1, Array2};

use super::support::listing;

fn strategies() -> [FileSpaceStrategy; 4] {
    let managed = |paged, persist| FreeSpaceManager { paged, persist, threshold: 1 };
    [managed(false, false), managed(false, true), managed(true, false), managed(true, true)]
}

fn numbers(len: usize, factor: usize) -> Array1<u64> {
    Array1::from_iter((0..len).map(|number| (number * factor) as u64))
}

/// Datasets of all kinds, as many as a group has without a heap, which could not move; their headers do not lie at the
/// end either.
fn filled(bounds: FormatBounds, strategy: FileSpaceStrategy) -> (Arc<MemoryStorage>, File) {
    let storage = Arc::new(MemoryStorage::default());
    let options = File::options().bounds(bounds).file_space_strategy(strategy);
    let file = options.create_storage(storage.clone()).unwrap();
    for number in 0..3 {
        file.new_dataset::<u64>().shape(4000).create(&*format!("gone {number}")).unwrap();
        file.new_dataset::<u64>().shape(3000).create(&*format!("stays {number}")).unwrap();
    }
    for (name, max) in [("one axis", Some(120)), ("no end", None)] {
        let builder = file.new_dataset::<u16>().chunk((8, 50)).deflate(1);
        let dataset = match max {
            Some(rows) => builder.shape((120, 50..=50)).create(name).map(|dataset| (dataset, rows)),
            None => builder.shape((0.., 50)).create(name).map(|dataset| (dataset, 120)),
        };
        let (dataset, rows) = dataset.unwrap();
        dataset.resize((rows, 50)).unwrap();
        let noise = Array2::from_shape_fn((rows, 50), |(i, j)| {
            u16::try_from((i * 7919 + j * 104_729) % 65_521).unwrap()
        });
        dataset.write(&noise).unwrap();
    }
    for name in ["gone", "stays"] {
        for number in 0..3 {
            let dataset = file.dataset(&format!("{name} {number}")).unwrap();
            let len = dataset.size();
            dataset.write(&numbers(len, number)).unwrap();
        }
    }
    (storage, file)
}

#[test]
fn data_moves_from_the_end_to_free_space() {
    for bounds in [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110] {
        for strategy in strategies() {
            for commits in [false, true] {
                let (storage, file) = filled(bounds, strategy);
                if commits {
                    file.commit().unwrap();
                }
                (0..3).for_each(|number| file.unlink(&format!("gone {number}")).unwrap());
                let (before, content) = (storage.to_vec().len(), listing::list(&file));
                file.compact().unwrap();
                let after = storage.to_vec().len();
                assert!(after + 3 * 32_000 < before + 16_000, "{bounds:?} {strategy:?}: {before} to {after}");
                assert_eq!(listing::list(&file), content);
                // Everything is in its place, and what comes next does no harm.
                file.new_dataset_builder().with_data(&numbers(900, 3)).create("next").unwrap();
                file.unlink("next").unwrap();
                file.close().unwrap();
                let file = File::from_bytes(storage.to_vec()).unwrap();
                assert_eq!(listing::list(&file), content);
            }
        }
    }
}

#[test]
fn what_the_file_remembers_is_given_back_in_another_session() {
    for paged in [false, true] {
        let strategy = FreeSpaceManager { paged, persist: true, threshold: 1 };
        let (storage, file) = filled(FormatBounds::V18, strategy);
        (0..3).for_each(|number| file.unlink(&format!("gone {number}")).unwrap());
        let content = listing::list(&file);
        file.close().unwrap();
        let before = storage.to_vec().len();
        let file = File::options().open_storage_rw(storage.clone()).unwrap();
        file.compact().unwrap();
        file.close().unwrap();
        let after = storage.to_vec().len();
        assert!(after + 3 * 32_000 < before + 16_000, "{paged}: {before} to {after}");
        assert_eq!(listing::list(&File::from_bytes(storage.to_vec()).unwrap()), content);
    }
}

#[test]
fn nothing_is_done_where_nothing_is_free() {
    let (storage, file) = filled(FormatBounds::V18, FileSpaceStrategy::default());
    file.close().unwrap();
    let before = storage.to_vec();
    let file = File::options().open_storage_rw(storage.clone()).unwrap();
    file.compact().unwrap();
    file.close().unwrap();
    assert!(storage.to_vec() == before);
    assert!(File::from_bytes(before).unwrap().compact().is_err(), "the file is open for reading only");
}
