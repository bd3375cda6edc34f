//! Raw data in files beside the HDF5 file: created, written and resized by us and by h5py.

use std::path::Path;
use std::process::Command;

use h5::{ErrorKind, ExternalFile, File, FileAccess, FormatBounds, Misuse};
use ndarray::{array, s};

use super::support::{Folder, printed, project};

/// libhdf5 looks for raw data in the working directory.
fn h5py(folder: &Folder, verb: &str, file: &str) -> String {
    let mut command = Command::new(project("target/python/bin/python"));
    command.arg(project("tests/interop/external_data.py")).args([verb, file]).current_dir(folder.path());
    printed(&mut command)
}

fn h5dump(folder: &Folder, file: &str) -> String {
    printed(Command::new("h5dump").args(["-p", file]).current_dir(folder.path()))
}

fn is_policy<T: std::fmt::Debug>(result: h5::Result<T>) -> bool {
    matches!(result.unwrap_err().kind(), ErrorKind::Misuse(Misuse::FileAccess { option: "write_access", .. }))
}

#[test]
fn data_goes_to_its_pieces() {
    for bounds in [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110, FormatBounds::V200] {
        let folder = Folder::new("external");
        std::fs::create_dir(folder.file("below")).unwrap();
        let file = File::options().bounds(bounds).create(folder.file("ours.h5")).unwrap();
        let data = array![[1_i16, 2, 3], [4, 5, 6], [7, 8, 9]];
        let new = file.new_dataset_builder().with_data(&data);
        let new = new.external("a.raw", 3, 5).external("below/b.raw", 1, 6).external("a.raw", 10, 7);
        let dataset = new.create("pieces").unwrap();
        let a = std::fs::read(folder.file("a.raw")).unwrap();
        assert_eq!(a[..8], [0, 0, 0, 1, 0, 2, 0, 3]);
        assert_eq!(a[8..], [0, 0, 0, 7, 0, 8, 0, 9, 0]);
        assert_eq!(std::fs::read(folder.file("below/b.raw")).unwrap(), [0, 0, 4, 0, 5, 0, 6]);
        assert_eq!(dataset.read_2d::<i16>().unwrap(), data);
        dataset.write_slice(&array![[20], [50]], s![..2, 1..2]).unwrap();
        assert_eq!(dataset.read_raw::<i32>().unwrap(), [1, 20, 3, 4, 50, 6, 7, 8, 9]);
        let one = |name: &str, offset, size| ExternalFile { name: name.into(), offset, size };
        let pieces = [one("a.raw", 3, Some(5)), one("below/b.raw", 1, Some(6)), one("a.raw", 10, Some(7))];
        assert_eq!(dataset.external_files().unwrap(), pieces);
        file.close().unwrap();
        assert_eq!(h5py(&folder, "values", "ours.h5"), "pieces 3,3 1 20 3 4 50 6 7 8 9\n");
        let printed = h5dump(&folder, "ours.h5");
        assert!(printed.contains("(1,0): 4, 50, 6,"), "{printed}");
        assert!(printed.contains("FILENAME below/b.raw SIZE 6 OFFSET 1"), "{printed}");
    }
}

#[test]
fn they_and_we_write_and_grow_in_turn() {
    let folder = Folder::new("external");
    h5py(&folder, "make", "theirs.h5");
    let file = File::options().write_access(FileAccess::Below).open_rw(folder.file("theirs.h5")).unwrap();
    let numbers = file.dataset("numbers").unwrap();
    numbers.write_slice(&array![30_i16, 40], 2..4).unwrap();
    assert_eq!(numbers.read_raw::<i32>().unwrap(), [0, 1, 30, 40, 4, 5, 6, 7, 8, 9]);
    let grows = file.dataset("grows").unwrap();
    grows.resize((4, 3)).unwrap();
    assert_eq!(grows.read_2d::<i32>().unwrap(), array![[1, 2, 3], [4, 5, 6], [0, 0, 0], [0, 0, 0]]);
    grows.write_slice(&array![10, 11, 12], s![3, ..]).unwrap();
    let error = grows.resize((4, 2)).unwrap_err().to_string();
    assert!(error.contains("along the first axis only"), "{error}");
    assert!(numbers.resize(11).is_err());
    file.close().unwrap();
    assert_eq!(
        h5py(&folder, "values", "theirs.h5"),
        "grows 4,3 1 2 3 4 5 6 0 0 0 10 11 12\nnumbers 10 0 1 30 40 4 5 6 7 8 9\n"
    );
    assert!(h5dump(&folder, "theirs.h5").contains("(3,0): 10, 11, 12"));
    h5py(&folder, "grow", "theirs.h5");
    let file = File::open(folder.file("theirs.h5")).unwrap();
    let rows = file.dataset("grows").unwrap().read_slice_2d::<i32, _>(s![3.., ..]).unwrap();
    assert_eq!(rows, array![[10, 11, 12], [7, 8, 9]]);
}

#[test]
fn growth_ends_with_the_files() {
    let folder = Folder::new("external");
    let file = File::create(folder.file("ours.h5")).unwrap();
    let new = || file.new_dataset::<i32>().shape((2..=5, 2));
    let dataset = new().external("a.raw", 0, 24).external("b.raw", 8, 16).create("grows").unwrap();
    dataset.resize((5, 2)).unwrap();
    dataset.write(&array![[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]).unwrap();
    dataset.resize((3, 2)).unwrap();
    assert_eq!(dataset.read_raw::<i32>().unwrap(), [0, 1, 2, 3, 4, 5]);
    dataset.resize((5, 2)).unwrap();
    assert!(dataset.resize((6, 2)).is_err());
    let endless =
        file.new_dataset::<i32>().shape((0.., 2)).external("c.raw", 0, None).create("endless").unwrap();
    endless.resize((1, 2)).unwrap();
    endless.write(&array![[5, 6]]).unwrap();
    for (builder, text) in [
        (new().external("a.raw", 0, 39), "40 bytes of data for 39 bytes in external files"),
        (file.new_dataset::<i32>().shape(0..).external("a", 0, 8), "an axis without limit"),
        (file.new_dataset::<i32>().shape((2, 0..)).external("a", 0, None), "along the first axis only"),
        (new().external("a", 0, None).external("b", 0, 8), "has no end, and is not the last one"),
        (new().external("", 0, None), "has no name"),
        (new().external("a", 0, 0).external("b", 0, None), "has no bytes"),
        (new().external("a", u64::MAX, 40), "ends behind all offsets"),
        (new().chunk((1, 1)).external("a", 0, None), "cannot be compact, chunked or filtered"),
        (new().external("a", 0, None).virtual_sources([]), "a virtual dataset has no raw data"),
    ] {
        let error = builder.create("refused").unwrap_err().to_string();
        assert!(error.contains(text) && !file.exists("refused"), "{error}");
    }
    file.close().unwrap();
    assert_eq!(h5py(&folder, "values", "ours.h5"), "endless 1,2 5 6\ngrows 5,2 0 1 2 3 4 5 6 7 8 9\n");
    let file = File::open_rw(folder.file("ours.h5")).unwrap();
    file.unlink("grows").unwrap();
    file.close().unwrap();
    assert!(folder.file("a.raw").exists(), "the files are not ours to delete");
    assert_eq!(h5py(&folder, "values", "ours.h5"), "endless 1,2 5 6\n");
}

/// Makes a file that names a file of raw data, as somebody else could have.
fn naming(path: &Path, name: &str) {
    let file = File::create(path).unwrap();
    file.new_dataset::<u8>().shape(4).external(name, 0, None).create("bytes").unwrap();
    file.close().unwrap();
}

#[test]
fn what_a_file_names_is_not_overwritten_unless_that_is_allowed() {
    let folder = Folder::new("external");
    let inside = folder.file("inside");
    std::fs::create_dir(&inside).unwrap();
    let path = inside.join("file.h5");
    let outside = folder.file("precious");
    std::fs::write(&outside, "precious").unwrap();
    std::fs::write(inside.join("letter"), "Dear A").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        std::os::unix::fs::symlink(folder.file("nothing"), inside.join("dangling")).unwrap();
        std::os::unix::fs::symlink(folder.path(), inside.join("up")).unwrap();
    }
    let write = |access: Option<FileAccess>| {
        let options = File::options();
        let options = access.map_or(options.clone(), |access| options.write_access(access));
        let file = options.open_rw(&path).unwrap();
        file.dataset("bytes").unwrap().write(&[1_u8, 2, 3, 4])
    };
    naming(&path, "letter");
    assert!(is_policy(write(None)));
    assert_eq!(std::fs::read(inside.join("letter")).unwrap(), b"Dear A");
    write(Some(FileAccess::Below)).unwrap();
    assert_eq!(std::fs::read(inside.join("letter")).unwrap(), b"\x01\x02\x03\x04 A");
    let absolute = outside.to_str().unwrap();
    for name in ["../precious", "../new", absolute, "link", "up/precious", "up/new"] {
        naming(&path, name);
        assert!(is_policy(write(Some(FileAccess::Below))), "{name}");
        assert!(is_policy(write(None)), "{name}");
    }
    // A link that leads nowhere is not followed to create what it names; nor is the file itself its own raw data.
    for (name, text) in
        [("dangling", "exists"), ("file.h5", "the file itself is named"), ("no/new", "o such")]
    {
        naming(&path, name);
        let error = write(Some(FileAccess::Below)).unwrap_err().to_string();
        assert!(error.contains(text), "{name}: {error}");
    }
    naming(&path, "up");
    assert!(write(Some(FileAccess::Anywhere)).unwrap_err().to_string().contains("not a regular file"));
    assert_eq!(std::fs::read(&outside).unwrap(), b"precious");
    assert!(!folder.file("new").exists() && !folder.file("nothing").exists());
    naming(&path, "../precious");
    let allowed = FileAccess::Directories(vec![folder.path().to_path_buf()]);
    write(Some(allowed)).unwrap();
    assert_eq!(std::fs::read(&outside).unwrap(), b"\x01\x02\x03\x04ious");
}

#[test]
fn new_files_may_not_name_what_is_outside_either() {
    let folder = Folder::new("external");
    std::fs::create_dir(folder.file("inside")).unwrap();
    let path = folder.file("inside/file.h5");
    let file = File::create(&path).unwrap();
    let new = || file.new_dataset_builder().with_data(&[1_u8, 2]);
    assert!(is_policy(new().external("../new", 0, None).create("outside")));
    new().external("new", 0, None).create("inside").unwrap();
    file.close().unwrap();
    // What this session names may be written to in a file that was opened, too.
    let file = File::open_rw(&path).unwrap();
    file.new_dataset_builder().with_data(&[3_u8]).external("newer", 0, None).create("newer").unwrap();
    assert!(is_policy(file.dataset("inside").unwrap().write(&[4_u8, 5])));
    file.close().unwrap();
    let file = File::options().write_access(FileAccess::Forbidden).create(&path).unwrap();
    let refused = file.new_dataset_builder().with_data(&[1_u8]).external("other", 0, None).create("other");
    assert!(is_policy(refused) && !folder.file("inside/other").exists());
    let memory = std::sync::Arc::new(h5::storage::MemoryStorage::default());
    let file = File::options().create_storage(memory).unwrap();
    let error = file.new_dataset_builder().with_data(&[1_u8]).external("a", 0, None).create("a").unwrap_err();
    assert!(error.to_string().contains("no directory in which to look"), "{error}");
}

#[test]
fn names_that_came_with_a_copy_are_not_the_program_s() {
    let folder = Folder::new("external");
    std::fs::write(folder.file("letter"), "Dear A").unwrap();
    naming(&folder.file("from.h5"), "letter");
    let (from, to) =
        (File::open(folder.file("from.h5")).unwrap(), File::create(folder.file("to.h5")).unwrap());
    from.copy("bytes", &to, "copy").unwrap();
    let copy = to.dataset("copy").unwrap();
    assert!(is_policy(copy.write(&[1_u8, 2, 3, 4])));
    assert_eq!(copy.read_raw::<u8>().unwrap(), b"Dear");
}
