//! Files of many writers against what libhdf5 reads in them.
//!
//! The corpus is no part of the project: it lies in `../shared/corpus`, or in the folder that `H5_CORPUS` names. Its
//! README says what the expected content looks like. What this library says it does not support is left out and counted
//! by the reason; any other error, and any difference, is a failure.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod judge;
mod tally;
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tally::Tally;

/// A line of the manifest.
struct Entry {
    path: String,
    expected: String,
}

#[test]
fn every_file_reads_as_expected() {
    let folder = std::env::var_os("H5_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    if !folder.exists() {
        println!("no file was judged: there is no {}", folder.display());
        return;
    }
    let entries = manifest(&folder);
    assert!(!entries.is_empty(), "{} is there and names no file", folder.display());
    let tally = judge_all(&folder, &entries);
    println!("{tally}");
    assert!(tally.files > 0 && tally.objects > 0 && tally.values > 0, "nothing was judged");
    assert!(tally.failures.is_empty(), "{} failures", tally.failures.len());
}

fn manifest(folder: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap_or_default();
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let Some(names) = lines.next() else { return Vec::new() };
    let column = |name| names.iter().position(|&found| found == name).unwrap();
    let (path, expected) = (column("path"), column("expected"));
    let entry = |line: Vec<&str>| Entry { path: line[path].to_owned(), expected: line[expected].to_owned() };
    lines.map(entry).collect()
}

/// Takes file after file, on as many threads as there are cores.
fn judge_all(folder: &Path, entries: &[Entry]) -> Tally {
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tally = judge_one(folder, entry);
                    total.lock().unwrap().add(tally);
                }
            });
        }
    });
    total.into_inner().unwrap()
}

/// A file that panics is a failure like others, so that all are told at once.
fn judge_one(folder: &Path, entry: &Entry) -> Tally {
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let mut tally = Tally::of(&entry.path);
        let path = folder.join(&entry.path);
        if entry.expected == "reads" {
            judge::compare(&path, &expected(folder, entry), &mut tally);
        } else {
            judge::survive(&path, &mut tally);
        }
        tally
    }));
    judged.unwrap_or_else(|_| {
        let mut tally = Tally::of(&entry.path);
        tally.fail("it panics");
        tally
    })
}

fn expected(folder: &Path, entry: &Entry) -> Value {
    let path = folder.join(format!("expected/{}.json", entry.path));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}
