//! What libhdf5 has to be told to change a dataset safely, though it says the same as nothing.

use h5::{ErrorKind, File, FillTime, FormatBounds, Repack};

use super::support::{Folder, python};

h5::compound! {
    #[derive(Clone, Debug, PartialEq)]
    struct Record {
        text: String,
    }
}

fn create(file: &File) {
    let axes = file.create_group("axes").unwrap();
    axes.new_dataset::<i32>().shape(7).chunk(3).create("chunks").unwrap().write(&[1; 7]).unwrap();
    axes.new_dataset::<i32>().shape(7).chunk(3).deflate(1).create("deflated").unwrap();
    let texts = file.create_group("texts").unwrap();
    // What was here before is where the texts will be.
    let old = file.new_dataset::<u64>().shape(1000).create("old").unwrap();
    old.write(&[u64::MAX; 1000]).unwrap();
    texts.new_dataset::<String>().shape(3).create("contiguous").unwrap();
    texts.new_dataset::<Record>().shape(3).create("records").unwrap();
    texts.new_dataset::<Record>().shape(3..).chunk(2).create("chunks").unwrap();
    file.unlink("old").unwrap();
}

const BOUNDS: [FormatBounds; 4] =
    [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110, FormatBounds::V200];

#[test]
fn libhdf5_is_told_how_long_axes_may_become_and_that_texts_are_filled() {
    let folder = Folder::new("left-unsaid");
    for bounds in BOUNDS {
        let path = folder.file(&format!("{bounds:?}.h5"));
        let strategy = h5::FileSpaceStrategy::FreeSpaceManager { paged: false, persist: true, threshold: 1 };
        let file = File::options().bounds(bounds).file_space_strategy(strategy).create(&path).unwrap();
        create(&file);
        let copy = folder.file(&format!("{bounds:?}-copy.h5"));
        Repack::new().bounds(bounds).run(&file, &copy).unwrap();
        file.close().unwrap();
        for path in [path, copy] {
            let texts = "chunks - one -\ncontiguous - one -\nrecords - one -\n";
            assert_eq!(python("tests/interop/left_unsaid.py", [&path]), texts, "{bounds:?}");
            let file = File::open_rw(&path).unwrap();
            let axes = file.group("axes").unwrap();
            for dataset in axes.datasets().unwrap() {
                dataset.resize(2).unwrap();
                dataset.resize(7).unwrap();
                assert!(dataset.resize(8).is_err());
            }
            assert_eq!(axes.dataset("chunks").unwrap().read_raw::<i32>().unwrap(), [1, 1, 0, 0, 0, 0, 0]);
        }
    }
}

/// What names objects must not be undefined: whatever it were, libhdf5 would free it.
#[test]
fn texts_that_are_never_filled_are_refused() {
    let folder = Folder::new("left-unsaid");
    let file = File::create(folder.file("never.h5")).unwrap();
    for result in [
        file.new_dataset::<String>().shape(3).fill_time(FillTime::Never).create("a"),
        file.new_dataset::<Record>().shape(3).chunk(2).fill_time(FillTime::Never).create("a"),
    ] {
        assert!(matches!(result.unwrap_err().kind(), ErrorKind::Misuse(_)));
    }
    assert!(file.is_empty());
}
