//! Files whose metadata and raw data lie in files of their own: created and edited by us and by libhdf5 in turn.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use h5::storage::{FileLocking, FileStorage, MultiStorage, Storage};
use h5::{Driver, ErrorKind, File, FileOptions, FileSpaceStrategy, FormatBounds, SharedMessageType};
use ndarray::{Array1, Array2, s};

use super::support::{Folder, assert_same, h5dump, listing, python};

const SPLIT: Driver = Driver::Split { meta_ext: None, raw_ext: None };

const BOUNDS: [FormatBounds; 3] = [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110];

/// A driver, how libhdf5's tools call it, and its members.
struct Case {
    driver: Driver,
    name: &'static str,
    letters: &'static str,
}

const CASES: [Case; 2] = [
    Case { driver: SPLIT, name: "split", letters: "mr" },
    Case { driver: Driver::Multi, name: "multi", letters: "sbrglo" },
];

impl Case {
    fn options(&self) -> FileOptions {
        File::options().driver(self.driver.clone())
    }

    fn first(&self, folder: &Folder) -> PathBuf {
        self.member(folder, &self.letters[..1])
    }

    fn member(&self, folder: &Folder, letter: &str) -> PathBuf {
        folder.file(&format!("x-{letter}.h5"))
    }

    fn len(&self, folder: &Folder, letter: &str) -> u64 {
        std::fs::metadata(self.member(folder, letter)).unwrap().len()
    }

    fn h5py(&self, folder: &Folder, verb: &str, more: &[&str]) -> String {
        let name = folder.file("x");
        let arguments = [verb, self.name, name.to_str().unwrap()];
        python("tests/interop/split_files.py", [&arguments[..], more].concat())
    }

    /// Fails unless h5py and we find the same.
    #[track_caller]
    fn assert_h5py_agrees(&self, folder: &Folder) {
        let ours = listing::list(&File::open(self.first(folder)).unwrap());
        assert_same("we and h5py", &ours, &self.h5py(folder, "list", &[]));
    }

    fn dumped(&self, folder: &Folder) -> String {
        h5dump(["-f".as_ref(), self.name.as_ref(), folder.file("x").as_os_str()])
    }
}

/// Something of everything that lies in a member of its own.
fn write(file: &File) {
    let line = Array1::from_iter(0..600_i64);
    let new = file.new_dataset::<i64>().shape(600..).chunk(100).deflate(4);
    new.create("line").unwrap().write(&line).unwrap();
    file.new_dataset_builder().with_data(&Array1::from_iter(0..500_i32)).create("flat").unwrap();
    let plane = file.new_dataset::<f64>().shape((20.., 20..)).chunk((5, 7)).create("plane").unwrap();
    plane.write(&Array2::from_elem((20, 20), 1.0)).unwrap();
    let fixed = file.new_dataset::<i16>().shape((3000,)).chunk(1).create("fixed").unwrap();
    fixed.write_slice(&Array1::from_elem(5, 3_i16), s![2000..2005]).unwrap();
    // Enough chunks for an array with super blocks.
    let growing = file.new_dataset::<u8>().shape((3000..,)).chunk(1).create("growing").unwrap();
    growing.write_slice(&Array1::from_elem(9, 4_u8), s![2900..2909]).unwrap();
    let texts = ["a", "", "of any length"].map(str::to_owned);
    file.new_dataset_builder().with_data(&texts[..]).create("texts").unwrap();
    let group = file.create_group("group").unwrap();
    for number in 0..40 {
        let member = group.create_group(&format!("member {number}")).unwrap();
        member.new_attr_builder().with_data(&[number]).create("number").unwrap();
    }
}

fn edit(file: &File) {
    file.dataset("flat").unwrap().write_slice(&Array1::from_elem(10, 2), ..10).unwrap();
    file.dataset("line").unwrap().resize(650).unwrap();
    file.dataset("line").unwrap().write_slice(&Array1::from_elem(50, 7_i64), s![600..]).unwrap();
    file.dataset("plane").unwrap().resize((7, 33)).unwrap();
    file.dataset("texts").unwrap().write_slice(&Array1::from_elem(1, "new".to_owned()), s![1..2]).unwrap();
    file.new_dataset_builder().with_data(&Array1::from_iter(0..700_i64)).create("ours").unwrap();
    let group = file.group("group").unwrap();
    group.unlink("member 7").unwrap();
    (0..30).for_each(|number| drop(group.create_group(&format!("our {number}")).unwrap()));
    group.new_attr_builder().with_data(&vec![1.5; 900][..]).create("long").unwrap();
}

#[test]
fn libhdf5_reads_and_edits_what_we_create() {
    for case in &CASES {
        for bounds in BOUNDS {
            let folder = Folder::new("split");
            let file = case.options().bounds(bounds).create(case.first(&folder)).unwrap();
            write(&file);
            let before = listing::list(&file);
            file.close().unwrap();
            assert_same("then and now", &listing::list(&File::open(case.first(&folder)).unwrap()), &before);
            case.assert_h5py_agrees(&folder);
            assert!(case.dumped(&folder).contains("497, 498, 499\n"));
            case.h5py(&folder, "edit", &[]);
            case.assert_h5py_agrees(&folder);
            let file = case.options().open_rw(case.first(&folder)).unwrap();
            edit(&file);
            file.close().unwrap();
            case.assert_h5py_agrees(&folder);
            assert!(case.dumped(&folder).contains("DATASET \"ours\""));
        }
    }
}

#[test]
fn they_and_we_edit_in_turn() {
    for case in &CASES {
        for bound in ["earliest", "v108", "v110"] {
            let folder = Folder::new("split");
            case.h5py(&folder, "make", &[bound]);
            case.assert_h5py_agrees(&folder);
            let file = case.options().open_rw(case.first(&folder)).unwrap();
            edit(&file);
            file.commit().unwrap();
            file.dataset("ours").unwrap().write_slice(&Array1::from_elem(1, 10_i64), ..1).unwrap();
            file.dataset("line").unwrap().write_slice(&Array1::from_elem(9, 5_i64), ..9).unwrap();
            file.close().unwrap();
            case.assert_h5py_agrees(&folder);
            case.h5py(&folder, "edit", &[]);
            let file = case.options().append(case.first(&folder)).unwrap();
            assert_eq!(file.dataset("line").unwrap().read_raw::<i64>().unwrap()[849], 1);
            for name in ["ours", "theirs", "texts", "line"] {
                file.unlink(name).unwrap();
            }
            file.new_dataset_builder().with_data(&[5_i64]).create("last").unwrap();
            file.close().unwrap();
            case.assert_h5py_agrees(&folder);
        }
    }
}

/// What the file says of its members: first address and bytes in use of each.
fn members(case: &Case, folder: &Folder) -> Vec<(u64, u64)> {
    let mut letters = case.letters.chars();
    let found = letters.find_map(|letter| {
        let bytes = std::fs::read(case.member(folder, &letter.to_string())).unwrap();
        let at = bytes.windows(8).position(|window| window == b"NCSAmult")?;
        Some((bytes, at))
    });
    let (bytes, at) = found.unwrap();
    // A message has the length of the information behind the name, a block before it.
    let map = if bytes[at - 8..at - 4] == [0; 4] { at + 8 } else { at + 10 };
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    (0..case.letters.len())
        .map(|member| map + 8 + 16 * member)
        .map(|at| (number(at), number(at + 8)))
        .collect()
}

#[test]
fn each_member_ends_where_the_file_says() {
    for case in &CASES {
        for (bounds, bound) in BOUNDS.into_iter().zip(["earliest", "v108", "v110"]) {
            let (ours, theirs) = (Folder::new("split"), Folder::new("split"));
            let file = case.options().bounds(bounds).create(case.first(&ours)).unwrap();
            write(&file);
            file.close().unwrap();
            case.h5py(&theirs, "make", &[bound]);
            let starts =
                |folder| members(case, folder).into_iter().map(|(start, _)| start).collect::<Vec<_>>();
            assert_eq!(starts(&ours), starts(&theirs));
            for edited in [false, true] {
                let file = case.options().open_rw(case.first(&ours)).unwrap();
                if edited {
                    edit(&file);
                    file.unlink("line").unwrap();
                    file.compact().unwrap();
                }
                file.close().unwrap();
                let letters = case.letters.chars().map(|letter| case.len(&ours, &letter.to_string()));
                let lens: Vec<u64> = letters.collect();
                let used: Vec<u64> = members(case, &ours).into_iter().map(|(_, used)| used).collect();
                assert_eq!(used, lens, "{bounds:?}");
            }
        }
    }
}

#[test]
fn raw_data_leaves_the_metadata_alone() {
    const PIECE: usize = 20 << 20;
    let case = &CASES[0];
    let folder = Folder::new("split");
    let file = case.options().create(case.first(&folder)).unwrap();
    let dataset = file.new_dataset::<u8>().shape((10 * PIECE,)).create("large").unwrap();
    for number in 0..10 {
        let piece = Array1::from_elem(PIECE, u8::try_from(number).unwrap());
        dataset.write_slice(&piece, s![number * PIECE..(number + 1) * PIECE]).unwrap();
        assert!(case.len(&folder, "m") < 4096);
    }
    file.commit().unwrap();
    file.unlink("large").unwrap();
    file.commit().unwrap();
    assert_eq!((case.len(&folder, "m") < 4096, case.len(&folder, "r")), (true, 0));
    file.close().unwrap();
}

#[test]
fn members_become_shorter_one_by_one() {
    for case in &CASES {
        let folder = Folder::new("split");
        let file = case.options().create(case.first(&folder)).unwrap();
        for name in ["old", "new"] {
            file.new_dataset_builder().with_data(&[1_i64; 1000]).create(name).unwrap();
        }
        file.flush().unwrap();
        let lens = || case.letters.chars().map(|letter| case.len(&folder, &letter.to_string()));
        let before: u64 = lens().sum();
        file.unlink("old").unwrap();
        file.compact().unwrap();
        assert!(
            case.len(&folder, "r") < 8100 && lens().sum::<u64>() < before - 8000,
            "{:?}",
            lens().collect::<Vec<_>>()
        );
        assert_eq!(file.size(), lens().sum::<u64>());
        file.close().unwrap();
        case.assert_h5py_agrees(&folder);
    }
}

#[test]
fn a_session_that_is_discarded_leaves_all_members_as_they_were() {
    for case in &CASES {
        let folder = Folder::new("split");
        let file = case.options().create(case.first(&folder)).unwrap();
        write(&file);
        file.close().unwrap();
        let bytes = || {
            let letters = case.letters.chars();
            letters.map(|letter| std::fs::read(case.member(&folder, &letter.to_string())).unwrap()).collect()
        };
        let before: Vec<Vec<u8>> = bytes();
        let file = case.options().open_rw(case.first(&folder)).unwrap();
        edit(&file);
        file.discard().unwrap();
        assert!(bytes() == before);
    }
}

#[test]
fn names_are_those_that_libhdf5_is_told() {
    let folder = Folder::new("split");
    let driver = Driver::Split { meta_ext: Some(".meta".to_owned()), raw_ext: Some("raw-%s.bin".to_owned()) };
    let first = folder.file("x.meta");
    let file = File::options().driver(driver).create(&first).unwrap();
    write(&file);
    file.close().unwrap();
    assert!(folder.file("raw-x.bin").exists());
    let file = File::options().driver(SPLIT).open_rw(&first).unwrap();
    edit(&file);
    file.close().unwrap();
    let renamed = folder.file("x-r.h5");
    std::fs::rename(folder.file("raw-x.bin"), &renamed).unwrap();
    let error = File::options().driver(SPLIT).open_rw(&first).unwrap_err();
    assert!(error.to_string().contains("\"raw-x.bin\", a member of the file, is not there"), "{error}");
    let given = Driver::Split { meta_ext: None, raw_ext: Some("-r.h5".to_owned()) };
    let file = File::options().driver(given.clone()).open_rw(&first).unwrap();
    file.unlink("ours").unwrap();
    file.close().unwrap();
    assert!(
        File::options()
            .driver(given)
            .open(&first)
            .unwrap()
            .dataset("line")
            .unwrap()
            .read_raw::<i64>()
            .is_ok()
    );
}

#[test]
fn a_userblock_moves_all_metadata() {
    let case = &CASES[0];
    for bounds in BOUNDS {
        let folder = Folder::new("split");
        let file = case.options().bounds(bounds).userblock(512).create(case.first(&folder)).unwrap();
        write(&file);
        file.close().unwrap();
        case.assert_h5py_agrees(&folder);
        case.h5py(&folder, "edit", &[]);
        let file = case.options().open_rw(case.first(&folder)).unwrap();
        edit(&file);
        file.commit().unwrap();
        file.close().unwrap();
        case.assert_h5py_agrees(&folder);
        assert_eq!(members(case, &folder)[0].1, case.len(&folder, "m"));
    }
}

#[test]
fn what_no_split_file_can_be_is_refused() {
    let case = &CASES[0];
    let folder = Folder::new("split");
    let first = case.first(&folder);
    let refused = |options: FileOptions, text: &str| {
        let error = options.create(&first).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    };
    let persist = FileSpaceStrategy::FreeSpaceManager { paged: false, persist: true, threshold: 1 };
    refused(case.options().file_space_strategy(persist), "strategies for free space");
    refused(case.options().sizes(h5::Sizes { offset: 4, length: 8 }), "addresses");
    let error = case.options().create(folder.file("x.h5")).unwrap_err();
    assert!(error.to_string().contains("not named as the member with the superblock"), "{error}");
    let plain = folder.file("plain-m.h5");
    File::create(&plain).unwrap().close().unwrap();
    let error = case.options().open_rw(&plain).unwrap_err();
    assert!(error.to_string().contains("does not say that it is a split"), "{error}");
}

#[test]
fn only_a_caller_who_names_the_driver_writes_to_other_members() {
    let case = &CASES[0];
    let folder = Folder::new("split");
    let first = case.first(&folder);
    let file = case.options().create(&first).unwrap();
    write(&file);
    // Each member is locked.
    assert!(FileStorage::open_rw(case.member(&folder, "r"), FileLocking::default()).is_err());
    file.close().unwrap();
    assert!(case.options().create_excl(&first).is_err());
    for driver in [Driver::Auto, Driver::Single] {
        let error = File::options().driver(driver).open_rw(&first).unwrap_err();
        assert!(error.to_string().contains("FileOptions::driver has to name the driver"), "{error}");
    }
    let error = File::options().driver(Driver::Family { member_size: None }).open_rw(&first).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
    let raw = case.member(&folder, "r");
    let bytes = std::fs::read(&raw).unwrap();
    std::fs::write(&raw, &bytes[1..]).unwrap();
    assert!(case.options().open_rw(&first).unwrap_err().to_string().contains("truncated"));
    std::fs::write(&raw, &bytes).unwrap();
    #[cfg(unix)]
    {
        // A member that is a link out of the folder is not written to.
        let outside = Folder::new("split");
        let moved = outside.file("x-r.h5");
        std::fs::rename(&raw, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &raw).unwrap();
        for refused in [case.options().open_rw(&first), case.options().create(&first)] {
            let error = refused.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Misuse(h5::Misuse::FileAccess { .. })), "{error}");
        }
        assert_eq!(std::fs::read(&moved).unwrap(), bytes);
    }
}

/// The members of a file can be in any storage.
#[test]
fn members_in_other_storages_are_edited() {
    let case = &CASES[0];
    let folder = Folder::new("split");
    let file = case.options().create(case.first(&folder)).unwrap();
    write(&file);
    file.close().unwrap();
    let opened = |letter: &str| {
        let file = FileStorage::open_rw(case.member(&folder, letter), FileLocking::Off).unwrap();
        Arc::new(file) as Arc<dyn Storage>
    };
    let alone = File::options().open_storage_rw(opened("m")).unwrap_err();
    assert!(alone.to_string().contains("other members than"), "{alone}");
    let members = MultiStorage::new(vec![(0, opened("m")), (u64::MAX / 2, opened("r"))]).unwrap();
    let file = File::options().open_storage_rw(Arc::new(members)).unwrap();
    edit(&file);
    file.close().unwrap();
    case.assert_h5py_agrees(&folder);
}

#[test]
fn a_file_is_repacked_into_members() {
    let folder = Folder::new("split");
    let plain: &Path = &folder.file("plain.h5");
    let file = File::create(plain).unwrap();
    write(&file);
    file.close().unwrap();
    let case = &CASES[0];
    let source = File::open(plain).unwrap();
    h5::Repack::new().options(case.options()).run(&source, case.first(&folder)).unwrap();
    case.assert_h5py_agrees(&folder);
}

/// What lies in heaps: many links, attributes of any size, and what objects share.
#[test]
fn each_part_of_a_heap_goes_where_libhdf5_looks_for_it() {
    for case in &CASES {
        for bounds in [FormatBounds::V18, FormatBounds::V110, FormatBounds::V200] {
            let folder = Folder::new("split");
            let options = case.options().bounds(bounds);
            let options =
                options.shared_mesg_index(SharedMessageType::ATTRIBUTE, 1).shared_mesg_phase_change(10, 5);
            let file = options.create(case.first(&folder)).unwrap();
            let group = file.create_group("group").unwrap();
            (0..3000).for_each(|number| {
                drop(group.create_group(&format!("a member with number {number}")).unwrap())
            });
            for number in 0..30_i32 {
                let values = vec![number; 10 << number.min(13)];
                let attribute = group.new_attr_builder().with_data(&values[..]);
                attribute.create(&format!("attribute {number}")).unwrap();
                file.new_dataset::<i32>()
                    .shape((number.unsigned_abs() as usize,))
                    .create(&*format!("d{number}"))
                    .unwrap();
            }
            (0..3000)
                .step_by(2)
                .for_each(|number| group.unlink(&format!("a member with number {number}")).unwrap());
            group.delete_attr("attribute 29").unwrap();
            file.close().unwrap();
            case.assert_h5py_agrees(&folder);
        }
    }
}
