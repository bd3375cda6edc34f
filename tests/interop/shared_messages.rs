//! Files whose objects share messages: what objects and attributes share is counted right when they go, in lists and in
//! trees, so that libhdf5 goes on from there.

use std::path::{Path, PathBuf};

use h5::{File, SharedMessageType};
use ndarray::{Array1, Array2};

use super::support::{Folder, assert_same, h5dump, python};

fn run(what: &str, path: &Path) -> String {
    python("tests/interop/shared_messages.py", [what.as_ref(), path.as_os_str()])
}

/// The most messages of a list and the fewest of a tree: always lists, always trees, lists that were trees.
const PHASES: [(&str, &str); 3] = [("50", "0"), ("0", "0"), ("12", "10")];

fn make(folder: &Folder, (most, fewest): (&str, &str), name: &str) -> PathBuf {
    let path = folder.file(name);
    python(
        "tests/interop/shared_messages.py",
        ["make".as_ref(), path.as_os_str(), most.as_ref(), fewest.as_ref()],
    );
    path
}

/// What the script's `edit` does.
fn edit(file: &File) {
    file.unlink("d0").unwrap();
    file.unlink("d1").unwrap();
    file.dataset("d4").unwrap().delete_attr("same").unwrap();
    file.dataset("d4").unwrap().delete_attr("typed").unwrap();
    file.group("many too").unwrap().delete_attr("a3").unwrap();
    file.unlink("many").unwrap();
}

#[test]
fn what_is_deleted_is_no_longer_counted() {
    for phases in PHASES {
        let folder = Folder::new("shared");
        let (ours, theirs) = (make(&folder, phases, "ours.h5"), make(&folder, phases, "theirs.h5"));
        let before = run("counts", &ours);
        assert_same("two files of h5py", &before, &run("counts", &theirs));
        run("edit", &theirs);
        let file = File::open_rw(&ours).unwrap();
        edit(&file);
        file.close().unwrap();
        assert_same("the datasets", &run("show", &ours), &run("show", &theirs));
        assert_ne!(before, run("counts", &ours));
        h5dump([&ours]);
        assert_eq!(run("finish", &ours), run("finish", &theirs));
        let left = run("counts", &ours);
        assert!(left.lines().all(|line| line.ends_with(" 0")), "{left}");
    }
}

#[test]
fn the_uses_of_each_message_are_those_that_libhdf5_counts() {
    let folder = Folder::new("uses");
    let (ours, theirs) = (make(&folder, PHASES[0], "ours.h5"), make(&folder, PHASES[0], "theirs.h5"));
    for name in ["d3", "d0", "many too", "d4"] {
        let file = File::open_rw(&ours).unwrap();
        file.unlink(name).unwrap();
        file.close().unwrap();
        python("tests/interop/shared_messages.py", ["unlink".as_ref(), theirs.as_os_str(), name.as_ref()]);
        assert_same(name, &run("counts", &ours), &run("counts", &theirs));
    }
}

/// libhdf5 2.0 leaves a dataset behind that it cannot read when it resizes one whose shape is shared.
#[test]
fn a_changed_shape_is_its_datasets_own() {
    for phases in PHASES {
        let folder = Folder::new("shape");
        let path = make(&folder, phases, "shape.h5");
        let file = File::open_rw(&path).unwrap();
        for name in ["d0", "d5"] {
            file.dataset(name).unwrap().resize((4, 4)).unwrap();
        }
        file.close().unwrap();
        let shown = run("show", &path);
        let line = "d5 (4, 4) 7 gzip [[5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [7, 7, 7, 7]]";
        assert!(shown.lines().any(|found| found == line), "{line} in {shown}");
        let left = run("finish", &path);
        assert!(left.lines().all(|line| line.ends_with(" 0")), "{left}");
    }
}

#[test]
fn a_changed_attribute_is_its_objects_own() {
    for phases in PHASES {
        let folder = Folder::new("changed");
        let path = make(&folder, phases, "changed.h5");
        let file = File::open_rw(&path).unwrap();
        let values = |object: &str, name: &str| -> Vec<i64> {
            file.open(object).unwrap().location().attr(name).unwrap().read_raw().unwrap()
        };
        file.dataset("d2").unwrap().attr("same").unwrap().write(&[9_i64, 8, 7, 6, 5]).unwrap();
        assert_eq!((values("d2", "same"), values("d3", "same")), (vec![9, 8, 7, 6, 5], vec![0, 1, 2, 3, 4]));
        file.dataset("d2").unwrap().rename_attr("typed", "renamed").unwrap();
        file.group("many").unwrap().attr("a5").unwrap().write(&[1_i64, 1, 1]).unwrap();
        file.group("many").unwrap().rename_attr("a6", "renamed").unwrap();
        assert_eq!((values("many", "a5"), values("many too", "a5")), (vec![1, 1, 1], vec![5, 6, 7]));
        file.close().unwrap();
        let shown = run("show", &path);
        for line in
            ["d2 same [9, 8, 7, 6, 5] int64", "many renamed [6, 7, 8] int64", "d3 same [0, 1, 2, 3, 4] int64"]
        {
            assert!(shown.lines().any(|found| found == line), "{line} in {shown}");
        }
        assert!(shown.contains("d2 renamed [(1, 2.5)]"), "{shown}");
        let left = run("finish", &path);
        assert!(left.lines().all(|line| line.ends_with(" 0")), "{left}");
    }
}

/// A file that we make as the script's `make` does, but for the committed type.
fn share(path: &Path, thresholds: (u16, u16), numbers: std::ops::Range<i64>) {
    let options = File::options().shared_mesg_index(SharedMessageType::ATTRIBUTE, 1);
    let others = SharedMessageType::SIMPLE_DATASPACE | SharedMessageType::DATATYPE;
    let others = others | SharedMessageType::FILL_VALUE | SharedMessageType::FILTER_PIPELINE;
    let options = options.shared_mesg_index(others, 1);
    let file = options.shared_mesg_phase_change(thresholds.0, thresholds.1).create(path).unwrap();
    add(&file, numbers);
    for name in ["many", "many too"] {
        let group = file.create_group(name).unwrap();
        for number in 0..12 {
            let values = Array1::from_iter(number..number + 3_i64);
            group.new_attr_builder().with_data(&values).create(&format!("a{number}")).unwrap();
        }
    }
    file.close().unwrap();
}

fn add(file: &File, numbers: std::ops::Range<i64>) {
    for number in numbers {
        let values = Array2::from_shape_fn((3, 4), |(row, column)| row * 4 + column);
        let values = values.mapv(|n| i64::try_from(n).unwrap() + number);
        let new = file.new_dataset::<i64>().shape((3.., 4..=4)).chunk((2, 2)).deflate(4).fill_value(7_i64);
        let dataset = new.create(format!("d{number}").as_str()).unwrap();
        dataset.write(&values).unwrap();
        dataset.new_attr_builder().with_data(&Array1::from_iter(0..5_i64)).create("same").unwrap();
        let own = Array1::from_iter(100 + number..105 + number);
        dataset.new_attr_builder().with_data(&own).create("own").unwrap();
    }
}

#[test]
fn files_that_we_make_share_as_those_of_libhdf5() {
    for thresholds in [(50, 0), (0, 0), (12, 10), (3, 2)] {
        let folder = Folder::new("share");
        let path = folder.file("share.h5");
        share(&path, thresholds, 0..7);
        let counted = run("counts", &path);
        // Attributes: one that all datasets have, one of each, and twelve of the groups. Datasets: of everything one.
        let kinds: Vec<_> = counted.lines().filter(|line| !line.starts_with(' ')).collect();
        let kind = |messages: u16| if messages > thresholds.0 { "tree" } else { "list" };
        assert_eq!(kinds, [format!("0 {} 20", kind(20)), format!("1 {} 4", kind(4))]);
        if thresholds.0 == 50 {
            let uses = |n: u32| counted.lines().filter(|line| line.ends_with(&format!(" {n}"))).count();
            assert_eq!((uses(7), uses(2)), (1 + 4, 12), "{counted}");
        }
        h5dump([&path]);
        let shown = run("show", &path);
        for line in ["d6 own [106, 107, 108, 109, 110] int64", "many too a9 [9, 10, 11] int64"] {
            assert!(shown.lines().any(|found| found == line), "{line} in {shown}");
        }
        // We share what libhdf5 has written, and the other way round.
        run("more", &path);
        let file = File::open_rw(&path).unwrap();
        add(&file, 60..62);
        file.dataset("d0").unwrap().attr("same").unwrap().write(&[5_i64, 4, 3, 2, 1]).unwrap();
        file.unlink("d1").unwrap();
        file.close().unwrap();
        h5dump([&path]);
        let left = run("empty", &path);
        assert!(left.lines().all(|line| line.ends_with(" 0")), "{left}");
    }
}
