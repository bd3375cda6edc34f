//! What the integration tests share: folders, other programs, listings of files.

#![allow(dead_code, reason = "no test uses all of it")]

pub(crate) mod listing;
pub(crate) mod random;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty folder that is removed with everything in it, unless its test fails.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("h5-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the files of the failed test are kept in {}", self.0.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// The place of something in the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a script of the project with the Python that has h5py; returns what it prints.
pub(crate) fn python<A: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = A>) -> String {
    let python = project("target/python/bin/python");
    assert!(python.exists(), "{} is absent; `sh tests/all.sh` installs it", python.display());
    printed(Command::new(python).arg(project(script)).args(arguments))
}

/// Runs h5dump; returns what it prints.
pub(crate) fn h5dump<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> String {
    printed(Command::new("h5dump").args(arguments))
}

/// Lets h5dump write the elements of a dataset in little-endian order.
pub(crate) fn h5dump_bytes(folder: &Folder, file: &Path, dataset: &str) -> Vec<u8> {
    let out = folder.file("elements.bin");
    let options = ["-d", dataset, "-b", "LE", "-o"].map(OsStr::new);
    h5dump(options.into_iter().chain([out.as_os_str(), file.as_os_str()]));
    std::fs::read(out).unwrap()
}

/// What a program prints; it has to succeed without a word about errors.
pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output();
    let Output { status, stdout, stderr } =
        output.unwrap_or_else(|e| panic!("{command:?}: {e}; `sh tests/all.sh` installs what is missing"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stderr}\n{stdout}");
    stdout.into_owned()
}

/// Fails with the first lines that differ.
#[track_caller]
pub(crate) fn assert_same(what: &str, ours: &str, theirs: &str) {
    let (mut left, mut right) = (ours.lines(), theirs.lines());
    let mut differing = Vec::new();
    let mut number = 0;
    while differing.len() < 5 {
        number += 1;
        match (left.next(), right.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => differing.push(format!(
                "line {number}\n   ours: {}\n theirs: {}",
                a.unwrap_or("(end)"),
                b.unwrap_or("(end)")
            )),
        }
    }
    assert!(differing.is_empty(), "{what}:\n{}", differing.join("\n"));
}
