//! Files that keep their free space are edited by us, and then by h5py, which uses that space.

use std::ffi::OsStr;

use h5::File;
use ndarray::Array1;

use super::support::{Folder, h5dump, listing, python};

fn multiples(len: i64, factor: i64) -> Array1<i64> {
    Array1::from_iter((0..len).map(|value| value * factor))
}

#[test]
fn free_space_that_a_file_keeps_does_no_harm() {
    let folder = Folder::new("free-space");
    for libver in ["v108", "v110"] {
        for strategy in ["fsm", "page"] {
            let path = folder.file(&format!("{libver}-{strategy}.h5"));
            let script = |verb| {
                let arguments = [OsStr::new(verb), path.as_os_str(), libver.as_ref(), strategy.as_ref()];
                python("tests/interop/free_space.py", arguments)
            };
            script("make");
            let file = File::open_rw(&path).unwrap();
            file.unlink("d1").unwrap();
            (0..100).for_each(|number| drop(file.create_group(&format!("g{number}")).unwrap()));
            file.new_dataset_builder().with_data(&multiples(5000, 9)).create("ours").unwrap();
            file.close().unwrap();
            script("extend");
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
