//! Files of many writers against what libhdf5 reads in them.
//!
//! The corpus is no part of the project: it lies in `../shared/corpus`, or in the folder that `H5_CORPUS` names. Its
//! README says what the expected content looks like. What this library says it does not support is left out and counted
//! by the reason, and so is what it refuses in files under `hostile/`, as that README has it; any other error, and any
//! difference, is a failure.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod edit;
mod judge;
#[cfg(feature = "cli")]
mod repack;
#[path = "../support/mod.rs"]
mod support;
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
    /// What it belongs together with; "-" for a file by itself.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only who repacks files asks for it"))]
    set: String,
}

#[test]
fn every_file_reads_as_expected() {
    let Some(folder) = corpus() else { return };
    let entries = manifest(&folder);
    assert!(!entries.is_empty(), "{} is there and names no file", folder.display());
    let tally = judge_all(&folder, &entries);
    println!("{tally}");
    assert!(tally.files > 0 && tally.objects > 0 && tally.values > 0, "nothing was judged");
    assert!(tally.failures.is_empty(), "{} failures", tally.failures.len());
}

/// Where the corpus is, if it is anywhere.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("H5_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    if folder.exists() {
        return Some(folder);
    }
    println!("no file was looked at: there is no {}", folder.display());
    None
}

fn manifest(folder: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap_or_default();
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let Some(names) = lines.next() else { return Vec::new() };
    let column = |name| names.iter().position(|&found| found == name).unwrap();
    let [path, expected, set] = ["path", "expected", "set"].map(column);
    let entry = |line: Vec<&str>| Entry {
        path: line[path].to_owned(),
        expected: line[expected].to_owned(),
        set: line[set].to_owned(),
    };
    lines.map(entry).collect()
}

fn judge_all(folder: &Path, entries: &[Entry]) -> Tally {
    let total = Mutex::new(Tally::default());
    for_each(entries, |_, entry| {
        let tally = judge_one(folder, entry);
        total.lock().unwrap().add(tally);
    });
    total.into_inner().unwrap()
}

/// Takes file after file, on as many threads as there are cores.
fn for_each(entries: &[Entry], f: impl Fn(usize, &Entry) + Sync) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(entry) = entries.get(number) else { break };
                    f(number, entry);
                }
            });
        }
    });
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
