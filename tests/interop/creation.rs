//! Files with numbers and B-trees of other widths than usual, made by us and edited by h5py.

use std::ffi::OsStr;

use h5::{Extent, File, FileSpaceStrategy, FormatBounds, Sizes};
use ndarray::Array2;

use super::assert_all_agree;
use super::support::{Folder, h5dump, python};

fn fill(file: &File, name: &str) {
    let group = file.create_group(name).unwrap();
    (0..60).for_each(|number| drop(group.create_group(&format!("member {number}")).unwrap()));
    let grid = Array2::from_shape_fn((60, 50), |(i, j)| i64::try_from(i * j).unwrap());
    group.new_dataset_builder().with_data(&grid).chunk((4, 3)).deflate(1).create("chunks").unwrap();
    group.new_dataset_builder().with_data(&grid).create("plain").unwrap();
    group.new_attr_builder().with_data(&[1.5; 7]).create("numbers").unwrap();
}

#[test]
fn h5py_edits_files_with_other_numbers_than_usual() {
    let folder = Folder::new("creation");
    for bounds in [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110] {
        for (offset_size, length_size, tree, leaf, chunk) in
            [(4, 4, 2, 3, 5), (8, 4, 16, 4, 2), (4, 8, 30, 1, 32)]
        {
            let path = folder.file(&format!("{bounds:?}-{offset_size}-{length_size}.h5"));
            let sizes = Sizes { offset: offset_size, length: length_size };
            let options = File::options().bounds(bounds).userblock(1024).sizes(sizes);
            let file = options.sym_k(tree, leaf).istore_k(chunk).create(&path).unwrap();
            fill(&file, "ours");
            file.close().unwrap();
            assert_all_agree(&path);
            let text = h5dump([OsStr::new("-B"), OsStr::new("-H"), path.as_os_str()]);
            for line in [
                format!("OFFSET_SIZE {offset_size}"),
                format!("LENGTH_SIZE {length_size}"),
                format!("BTREE_RANK {tree}"),
                format!("BTREE_LEAF {leaf}"),
                format!("ISTORE_K {chunk}"),
                "USERBLOCK_SIZE 1024".to_owned(),
            ] {
                assert!(text.contains(&line), "{line} in {text}");
            }
            let arguments = [OsStr::new("add"), path.as_os_str(), OsStr::new("500")];
            python("tests/interop/free_space.py", arguments);
            let file = File::open_rw(&path).unwrap();
            fill(&file, "more of ours");
            file.close().unwrap();
            assert_all_agree(&path);
        }
    }
}

/// libhdf5 reads the free space of narrow files that we remember for it.
#[test]
fn narrow_files_remember_their_free_space() {
    let folder = Folder::new("creation");
    for paged in [false, true] {
        let path = folder.file(&format!("{paged}.h5"));
        let strategy = FileSpaceStrategy::FreeSpaceManager { paged, persist: true, threshold: 1 };
        let options = File::options().sizes(Sizes { offset: 4, length: 4 }).file_space_strategy(strategy);
        let file = options.file_space_page_size(2048).create(&path).unwrap();
        fill(&file, "goes");
        fill(&file, "stays");
        file.unlink("goes").unwrap();
        file.close().unwrap();
        assert_all_agree(&path);
        let before = std::fs::metadata(&path).unwrap().len();
        python("tests/interop/free_space.py", [OsStr::new("add"), path.as_os_str(), OsStr::new("1000")]);
        assert!(std::fs::metadata(&path).unwrap().len() < before + 6000);
        assert_all_agree(&path);
    }
}

/// libhdf5 takes "without end" for a number there and opens no extensible array.
#[test]
fn narrow_files_have_datasets_that_grow() {
    let folder = Folder::new("creation");
    for length in [2, 4] {
        let path = folder.file(&format!("rows-{length}.h5"));
        let options = File::options().bounds(FormatBounds::V110).sizes(Sizes { offset: 8, length });
        let file = options.create(&path).unwrap();
        let rows = file.new_dataset::<i32>().shape(Extent::resizable(5)).chunk(2).create("rows").unwrap();
        rows.write(&[11, 12, 13, 14, 15]).unwrap();
        file.close().unwrap();
        let text = h5dump([OsStr::new("-d"), OsStr::new("/rows"), path.as_os_str()]);
        assert!(text.contains("(0): 11, 12, 13, 14, 15"), "{text}");
    }
}
