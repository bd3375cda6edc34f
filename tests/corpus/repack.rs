//! Files of many writers written anew: they hold the same afterwards, to us and to h5dump.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use super::support::Folder;
use super::{Entry, corpus, for_each, manifest};

/// Larger files take long and have nothing that small ones do not have.
const LARGEST: u64 = 256 << 10;

/// What is asked of each file in turn; all of it would take too long.
const WAYS: [&[&str]; 5] = [
    &[],
    &["--bounds", "earliest"],
    &["--bounds", "v200"],
    &["--filter", "shuffle", "--filter", "gzip=1", "--bounds", "v110"],
    &["--chunk", "3x5", "--layout", "chunked"],
];

/// What says how things are stored and not what they are. References hold addresses.
const STORAGE: [&str; 6] = ["addr", "layout", "chunks", "filters", "alloc", "committed"];

#[derive(Debug, Default)]
struct Count {
    same: u32,
    /// h5dump printed the same of them.
    dumped: u32,
    refused: u32,
}

#[test]
fn files_hold_the_same_after_they_were_repacked() {
    let Some(folder) = corpus() else { return };
    let small = |entry: &Entry| folder.join(&entry.path).metadata().is_ok_and(|data| data.len() < LARGEST);
    let entries: Vec<Entry> = manifest(&folder)
        .into_iter()
        .filter(|entry| entry.expected == "reads" && entry.set == "-" && small(entry))
        // What is damaged does not stay as it is.
        .filter(|entry| !entry.path.starts_with("hostile/"))
        .collect();
    let (scratch, count) = (Folder::new("corpus-repack"), Mutex::new(Count::default()));
    for_each(&entries, |number, entry| {
        let target = scratch.file(&format!("{number}.h5"));
        // Of others h5dump prints something else every time.
        let is_dumped = folder.join(format!("ddl/{}.ddl.gz", entry.path)).exists();
        repack(&folder.join(&entry.path), &target, WAYS[number % WAYS.len()], is_dumped, &count);
    });
    let count = count.into_inner().unwrap();
    println!("{count:?}");
    assert!(count.same > 500 && count.dumped > 100 && count.refused < 10, "{count:?}");
}

fn repack(source: &Path, target: &Path, way: &[&str], is_dumped: bool, count: &Mutex<Count>) {
    let name = source.display();
    let before = digest(source);
    let mut command = Command::new(env!("CARGO_BIN_EXE_h5"));
    let output = command.arg("repack").args(way).args([source, target]).output().unwrap();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        // libhdf5 reads some things that we refuse: those are not lost without a word.
        assert!(why.contains("malformed file"), "{name}: {why}");
        count.lock().unwrap().refused += 1;
        return;
    }
    let after = digest(target);
    for (path, object) in &before {
        assert!(after.get(path) == Some(object), "{name} {way:?} {path}: {object} {:?}", after.get(path));
    }
    assert_eq!(before.len(), after.len(), "{name}");
    count.lock().unwrap().same += 1;
    // Debian's h5dump is too old for the rest.
    if is_dumped
        && way.is_empty()
        && let (Some(before), Some(after)) = (h5dump(source), h5dump(target))
    {
        assert!(before == after, "{name}: h5dump prints something else");
        count.lock().unwrap().dumped += 1;
    }
    std::fs::remove_file(target).unwrap();
}

/// The objects of a file by their paths.
fn digest(path: &Path) -> BTreeMap<String, Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_h5")).arg("digest").arg(path).output().unwrap();
    let mut digest: Value = serde_json::from_slice(&output.stdout).unwrap();
    let objects = digest["objects"].as_array_mut().unwrap().iter_mut();
    let objects = objects.map(|object| {
        strip(object);
        (object["path"].as_str().unwrap().to_owned(), object.take())
    });
    objects.collect()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            STORAGE.iter().for_each(|field| drop(fields.remove(*field)));
            if fields.get("dtype").is_some_and(|dtype| dtype.to_string().contains("\"ref\"")) {
                ["sha256", "first", "last", "bytes", "fill"]
                    .iter()
                    .for_each(|field| drop(fields.remove(*field)));
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

/// What h5dump prints, without the name of the file and without addresses.
fn h5dump(path: &Path) -> Option<String> {
    let output = Command::new("h5dump").arg(path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace(&*path.to_string_lossy(), "");
    let words = text.lines().map(|line| {
        // A committed datatype without a link is called by its address.
        let is_no_address =
            |word: &&str| !word.bytes().all(|byte| byte.is_ascii_digit()) && !word.contains('#');
        let is_reference = ["DATASET ", "GROUP ", "DATATYPE "].iter().any(|kind| line.contains(kind));
        if is_reference {
            line.split(' ').filter(is_no_address).collect::<Vec<_>>().join(" ")
        } else {
            line.to_owned()
        }
    });
    // Its word for references where addresses have not 8 bytes.
    let is_known = !text.contains("H5T_REFERENCE { UNDEFINED }");
    (output.status.success() && is_known).then(|| words.collect::<Vec<_>>().join("\n"))
}
