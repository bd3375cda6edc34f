//! Points and masks of datasets that h5py has made, read and written.

use h5::types::VarLenUnicode;
use h5::{File, Selection};
use ndarray::{Array1, array, s};

use super::support::{Folder, h5dump, python};

#[test]
fn points_and_masks_are_those_of_h5py() {
    let folder = Folder::new("scattered");
    let path = folder.file("scattered.h5");
    let run = |what: &str| python("tests/interop/scattered.py", [what.as_ref(), path.as_os_str()]);
    run("make");
    let file = File::open_rw(&path).unwrap();
    let values = |name: &str| file.dataset(name).unwrap().read_raw::<i32>().unwrap();
    let mask: Selection = file.dataset("mask").unwrap().read_2d::<bool>().unwrap().into();
    let points = file.dataset("points").unwrap().read_2d::<u64>().unwrap();
    let points: Selection = points.mapv(|index| usize::try_from(index).unwrap()).into();
    let (masked, pointed) = (values("masked"), values("pointed"));
    let all = file.group("data").unwrap().datasets().unwrap();
    assert_eq!(all.len(), 5);
    for dataset in all.iter().chain([&file.dataset("virtual").unwrap()]) {
        let read =
            |selection: &Selection| dataset.read_slice_1d::<i32, _>(selection.clone()).unwrap().to_vec();
        assert!(read(&mask) == masked && read(&points) == pointed, "{}", dataset.name());
    }
    for dataset in &all {
        let count = |len: usize, first: i32| (first..).take(len).collect::<Array1<i32>>();
        dataset.write_slice(&count(pointed.len(), 0), points.clone()).unwrap();
        dataset.write_slice(&count(masked.len(), 1000), mask.clone()).unwrap();
        dataset.fill_slice(&-3, s![5..60;3, ..;4]).unwrap();
    }
    let text = file.dataset("text").unwrap();
    let after: VarLenUnicode = "after".parse().unwrap();
    text.fill_slice(&after, s![1, 1..4]).unwrap();
    text.fill_slice(&after, array![[3, 4]]).unwrap();
    file.close().unwrap();
    h5dump([&path]);
    run("check");
    h5dump([&path]);
}
