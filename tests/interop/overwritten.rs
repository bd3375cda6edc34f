//! Elements of variable length that are written over: what they named is free for what comes next.

use h5::{File, FormatBounds};
use ndarray::s;

use super::support::{Folder, python};

fn texts(round: usize) -> Vec<String> {
    (0..50).map(|n| format!("round {round} of element {n}, {}", "x".repeat((round * n) % 40))).collect()
}

#[test]
fn a_file_does_not_grow_by_what_is_overwritten() {
    let folder = Folder::new("overwritten");
    for bounds in [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V200] {
        for commits in [false, true] {
            let path = folder.file(&format!("{bounds:?}-{commits}.h5"));
            let file = File::options().bounds(bounds).create(&path).unwrap();
            let contiguous = file.new_dataset::<String>().shape(50).create("contiguous").unwrap();
            let chunked =
                file.new_dataset::<String>().shape(50..).chunk(8).deflate(1).create("chunked").unwrap();
            let sequences = file.new_dataset::<Vec<i32>>().shape(3).create("sequences").unwrap();
            let shared = file.new_dataset::<String>().shape(50).create("shared").unwrap();
            let mut sizes = Vec::new();
            for round in 0..60 {
                contiguous.write(&texts(round)).unwrap();
                chunked.write(&texts(round)).unwrap();
                chunked.write_slice(&texts(round + 1)[..5], s![..5]).unwrap();
                sequences.write(&[vec![1; 30], vec![2; round], vec![]]).unwrap();
                // Elements of another dataset share nothing with these.
                shared.write_bytes(&contiguous.read_bytes(..).unwrap(), ..).unwrap();
                if commits {
                    file.commit().unwrap()
                } else {
                    file.flush().unwrap()
                }
                sizes.push(file.size());
            }
            contiguous.write_slice(&["written last".to_owned()], s![..1]).unwrap();
            assert!(sizes[59] < sizes[9] + 20_000, "{bounds:?} {commits}: {sizes:?}");
            assert_eq!(shared.read_raw::<String>().unwrap(), texts(59));
            assert_eq!(chunked.read_raw::<String>().unwrap()[5..], texts(59)[5..]);
            file.close().unwrap();
            let (old, new) = (texts(59), texts(60));
            let twos = vec!["2"; 59].join(", ");
            let before = format!(
                "contiguous written last {} {} {}\nchunked {} {} {} {}\nshared {} {} {} {}\nsequences [{}] [{twos}] []\n",
                old[1],
                old[2],
                old[3],
                new[0],
                new[1],
                new[2],
                new[3],
                old[0],
                old[1],
                old[2],
                old[3],
                vec!["1"; 30].join(", "),
            );
            let after = format!(
                "contiguous written last by h5py {} {}\nchunked {} by h5py {} {}\nshared {} by h5py {} {}\n",
                old[2], old[3], new[0], new[2], new[3], old[0], old[2], old[3],
            );
            assert_eq!(python("tests/interop/overwritten.py", [&path]), before + &after);
            let file = File::open(&path).unwrap();
            assert_eq!(file.dataset("shared").unwrap().read_raw::<String>().unwrap()[2..], old[2..]);
            assert_eq!(file.dataset("sequences").unwrap().read_raw::<Vec<i32>>().unwrap()[0], [7]);
        }
    }
}

/// What a fill value names belongs to no element.
#[test]
fn fill_values_stay() {
    let folder = Folder::new("overwritten-fill");
    let file = File::create(folder.file("fill.h5")).unwrap();
    let builder = file.new_dataset::<String>().shape(20..).chunk(4).fill_value("nothing yet".to_owned());
    let dataset = builder.create("texts").unwrap();
    for round in 0..5 {
        dataset.write_slice(&texts(round)[..2], s![9..11]).unwrap();
        dataset.resize(40 + round).unwrap();
    }
    let found = dataset.read_raw::<String>().unwrap();
    assert_eq!(found[9..11], texts(4)[..2]);
    assert!(found.iter().enumerate().all(|(n, text)| (9..11).contains(&n) || text == "nothing yet"));
    // A write that fails frees nothing.
    assert!(dataset.write_slice(&texts(9)[..3], s![9..11]).is_err());
    assert_eq!(dataset.read_raw::<String>().unwrap(), found);
}
