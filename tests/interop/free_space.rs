//! Files that keep their free space, or do something else with it, are made and edited by us and by h5py in turn.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use h5::FileSpaceStrategy::{FreeSpaceManager, None as Nothing, PageAggregation};
use h5::{File, FileSpaceStrategy, FormatBounds, Repack};
use ndarray::Array1;

use super::support::{Folder, h5dump, listing, printed, python};
use super::{assert_all_agree, assert_h5py_agrees};

fn multiples(len: i64, factor: i64) -> Array1<i64> {
    Array1::from_iter((0..len).map(|value| value * factor))
}

fn script(path: &Path, verb: &str, arguments: &[&str]) -> String {
    let arguments = arguments.iter().map(OsStr::new);
    python("tests/interop/free_space.py", [OsStr::new(verb), path.as_os_str()].into_iter().chain(arguments))
}

fn len(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

const fn managed(paged: bool, persist: bool) -> FileSpaceStrategy {
    FreeSpaceManager { paged, persist, threshold: 1 }
}

/// The bytes of which h5stat knows neither what they are nor that they are free. libhdf5 itself loses some when it opens
/// a file to write to it and nothing comes of that.
#[track_caller]
fn unaccounted(path: &Path) -> u64 {
    let text = printed(Command::new("h5stat").arg("-S").arg(path));
    let number = text.split("Unaccounted space: ").nth(1).and_then(|rest| rest.split(' ').next());
    number.unwrap_or_else(|| panic!("{}: {text}", path.display())).parse().unwrap()
}

#[track_caller]
fn assert_accounted_for(path: &Path) {
    assert_eq!(unaccounted(path), 0, "{}", path.display());
}

/// Pages hold metadata or raw data, small blocks of raw data lie within one, and the file is made of whole ones.
#[track_caller]
fn assert_is_paged(path: &Path, page: u64) {
    assert_eq!(len(path) % page, 0);
    let file = File::open(path).unwrap();
    for (name, object) in file.datasets().unwrap().into_iter().map(|dataset| (dataset.name(), dataset)) {
        let Some(offset) = object.offset() else { continue };
        let bytes = object.storage_size().unwrap();
        let within = page.saturating_sub(bytes);
        assert!(offset % page <= within, "{name}: {bytes} bytes at {offset}");
    }
}

#[test]
fn free_space_that_a_file_keeps_does_no_harm() {
    let folder = Folder::new("free-space");
    for libver in ["v108", "v110"] {
        for strategy in ["fsm", "page"] {
            let path = folder.file(&format!("{libver}-{strategy}.h5"));
            script(&path, "make", &[libver, strategy]);
            let file = File::open_rw(&path).unwrap();
            file.unlink("d1").unwrap();
            (0..100).for_each(|number| drop(file.create_group(&format!("g{number}")).unwrap()));
            file.new_dataset_builder().with_data(&multiples(5000, 9)).create("ours").unwrap();
            file.close().unwrap();
            assert_accounted_for(&path);
            script(&path, "extend", &[]);
            let file = File::open(&path).unwrap();
            let read = |name: &str| file.dataset(name).unwrap().read_1d::<i64>().unwrap();
            [3, 5, 7]
                .into_iter()
                .for_each(|number| assert_eq!(read(&format!("d{number}")), multiples(3000, number)));
            (0..6).for_each(|number| assert_eq!(read(&format!("n{number}")), multiples(4000, number + 1)));
            assert_eq!((read("ours"), file.len()), (multiples(5000, 9), 3 + 6 + 100 + 1));
            let printed = python("tests/support/listing.py", [&path]);
            let ours = format!("file {libver}-{strategy}.h5\n{}", listing::list(&file));
            super::support::assert_same("we and h5py", &ours, &printed);
            h5dump([&path]);
        }
    }
}

#[test]
fn what_h5py_left_free_is_used_by_us() {
    let folder = Folder::new("free-space");
    for libver in ["earliest", "v110"] {
        for strategy in ["fsm", "page"] {
            let path = folder.file(&format!("{libver}-{strategy}.h5"));
            script(&path, "make", &[libver, strategy]);
            let before = len(&path);
            // Four datasets of 24,000 bytes are gone, the first one with the page that it shares.
            for number in 0..3 {
                let file = File::open_rw(&path).unwrap();
                let data = multiples(2900, number);
                file.new_dataset_builder().with_data(&data).create(&*format!("ours {number}")).unwrap();
                file.close().unwrap();
                assert!(len(&path) <= before, "{libver} {strategy}: {before} to {}", len(&path));
                assert_accounted_for(&path);
            }
            let file = assert_all_agree(&path);
            assert_eq!(file.dataset("ours 2").unwrap().read_1d::<i64>().unwrap(), multiples(2900, 2));
        }
    }
}

/// We, then h5py, then we, and h5py reads it.
#[test]
fn files_of_ours_with_every_strategy_are_edited_in_turn() {
    let folder = Folder::new("free-space");
    let strategies = [
        ("fsm", managed(false, false), "0 0 1 4096"),
        ("fsm-kept", managed(false, true), "0 1 1 4096"),
        ("page", managed(true, false), "1 0 1 4096"),
        ("page-kept", managed(true, true), "1 1 1 4096"),
        ("aggregators", PageAggregation, "2 0 1 4096"),
        ("none", Nothing, "3 0 1 4096"),
    ];
    for bounds in [FormatBounds::Earliest, FormatBounds::V110] {
        for (name, strategy, told) in strategies {
            let path = folder.file(&format!("{name}-{bounds:?}.h5"));
            let file = File::options().bounds(bounds).file_space_strategy(strategy).create(&path).unwrap();
            fill(&file, "first");
            (0..8).step_by(2).for_each(|number| file.unlink(&format!("first {number}")).unwrap());
            file.close().unwrap();
            let is_kept = name.ends_with("-kept");
            let check = || {
                assert_all_agree(&path);
                if name.starts_with("page") {
                    assert_is_paged(&path, 4096);
                }
            };
            check();
            if is_kept {
                assert_accounted_for(&path);
            }
            let text = script(&path, "tell", &[]);
            assert!(text.starts_with(told), "{name} {bounds:?}: {text}");
            let free: u64 = text.split_whitespace().last().unwrap().parse().unwrap();
            assert_eq!(free > 70_000, is_kept, "{name} {bounds:?}: {free} bytes are free");
            let before = len(&path);
            script(&path, "add", &["2500", "2400", "10"]);
            let grown = len(&path).saturating_sub(before);
            assert!(!is_kept || grown < 10_000, "{name} {bounds:?}: h5py adds {grown} bytes");
            check();
            let lost = unaccounted(&path);
            let file = File::open_rw(&path).unwrap();
            file.unlink("first 1").unwrap();
            (0..40).for_each(|number| drop(file.create_group(&format!("group {number}")).unwrap()));
            fill(&file, "second");
            file.unlink("second 3").unwrap();
            assert_eq!(file.superblock().unwrap().strategy, strategy);
            file.close().unwrap();
            check();
            assert!(!is_kept || unaccounted(&path) <= lost, "{name} {bounds:?}");
            script(&path, "add", &["2500"]);
            check();
        }
    }
}

fn fill(file: &File, name: &str) {
    for number in 0..8 {
        let data = multiples(2000 + 137 * number, number);
        file.new_dataset_builder().with_data(&data).create(&*format!("{name} {number}")).unwrap();
        let small = file.new_dataset::<u8>().shape(150).create(&*format!("{name} small {number}")).unwrap();
        small.write(&[7u8; 150]).unwrap();
    }
    let chunked = file.new_dataset::<i32>().shape((0.., 30)).chunk((7, 30)).create(name).unwrap();
    for rows in 1..9usize {
        chunked.resize((rows * 9, 30)).unwrap();
    }
}

/// The file neither grows nor loses anything while its content changes again and again.
#[test]
fn a_file_that_keeps_its_free_space_does_not_grow_by_what_comes_and_goes() {
    let folder = Folder::new("free-space");
    for paged in [false, true] {
        for commits in [false, true] {
            let path = folder.file(&format!("{paged}-{commits}.h5"));
            let file = File::options().file_space_strategy(managed(paged, true)).create(&path).unwrap();
            file.create_group("stays").unwrap();
            file.close().unwrap();
            let mut most = 0;
            for round in 0..12 {
                let file = File::open_rw(&path).unwrap();
                if round > 0 {
                    file.unlink("numbers").unwrap();
                }
                for step in 0..3 {
                    let data = multiples(1000 + 10 * (round + step), 3);
                    file.new_dataset_builder().with_data(&data).create("numbers").unwrap();
                    if commits {
                        file.commit().unwrap();
                    }
                    if step < 2 {
                        file.unlink("numbers").unwrap();
                    }
                }
                file.close().unwrap();
                assert_accounted_for(&path);
                if round == 3 {
                    most = len(&path);
                }
            }
            assert!(len(&path) <= most + 4096, "{paged} {commits}: from {most} to {}", len(&path));
            assert_h5py_agrees(&path);
        }
    }
}

/// The new file goes on as the old one did, unless it is told otherwise or is for those that know nothing of it.
#[test]
fn repack_keeps_what_is_done_with_free_space() {
    let folder = Folder::new("free-space-repack");
    let strategies = [
        FreeSpaceManager { paged: true, persist: true, threshold: 7 },
        FreeSpaceManager { paged: false, persist: true, threshold: 1 },
        PageAggregation,
        Nothing,
    ];
    let told = |path: &Path| {
        let told = File::open(path).unwrap().superblock().unwrap();
        (told.strategy, told.page_size)
    };
    for strategy in strategies {
        let (path, target) = (folder.file("old.h5"), folder.file("new.h5"));
        let file =
            File::options().file_space_strategy(strategy).file_space_page_size(512).create(&path).unwrap();
        file.new_dataset_builder().with_data(&multiples(300, 3)).create("data").unwrap();
        let repack = |repack: Repack| {
            repack.run(&file, &target).unwrap();
            told(&target)
        };
        assert_eq!(repack(Repack::new()), (strategy, 512));
        let default = FileSpaceStrategy::default();
        assert_eq!(repack(Repack::new().bounds(FormatBounds::Earliest)), (default, 4096));
        let chosen = File::options().file_space_strategy(Nothing);
        assert_eq!(repack(Repack::new().options(chosen)).0, Nothing);
        drop(file);
        if matches!(strategy, FreeSpaceManager { paged: true, .. }) {
            Repack::new().run(&File::open(&path).unwrap(), &target).unwrap();
            assert_is_paged(&target, 512);
        }
    }
}
