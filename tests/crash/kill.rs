//! A process that writes and commits, killed at any moment, again and again.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use h5::File;
use ndarray::{Array1, Array2};

use crate::support::Folder;
use crate::support::random::Random;

const TIMES: usize = 1000;

/// In its environment a process finds the file that it is to write to until it is killed.
const FILE: &str = "H5_TEST_KILLED_WRITER";

/// Everything in the file says the same number after each commit.
fn write(file: &File, number: i64) -> h5::Result<()> {
    let rows = usize::try_from(number % 40).unwrap();
    file.dataset("contiguous")?.write(&Array1::from_elem(2000, number))?;
    let growing = file.dataset("growing")?;
    growing.resize((rows, 10))?;
    growing.write(&Array2::from_elem((rows, 10), number))?;
    let _ = file.delete_attr("number");
    file.new_attr_builder().with_data(&[number]).create("number")?;
    let group = file.group("group")?;
    group.member_names()?.iter().try_for_each(|name| group.unlink(name))?;
    (0..rows).try_for_each(|row| group.link_soft(&number.to_string(), &format!("link {row}")))
}

/// The number that everything in the file says.
fn number(file: &File) -> h5::Result<i64> {
    let number = file.attr("number")?.read_raw::<i64>()?[0];
    let rows = usize::try_from(number % 40).unwrap();
    assert_eq!(file.dataset("contiguous")?.read_1d::<i64>()?, Array1::from_elem(2000, number));
    assert_eq!(file.dataset("growing")?.read_2d::<i64>()?, Array2::from_elem((rows, 10), number));
    let links = file.group("group")?.links()?.into_iter().collect::<h5::Result<Vec<_>>>()?;
    let target = h5::LinkKind::Soft(number.to_string().into_bytes());
    assert!(links.len() == rows && links.iter().all(|link| link.kind == target), "{number}: {links:?}");
    Ok(number)
}

fn create(path: &Path) -> h5::Result<()> {
    let file = File::create(path)?;
    file.new_dataset::<i64>().shape(2000).create("contiguous")?;
    file.new_dataset::<i64>().shape((0.., 10)).chunk((4, 10)).deflate(1).create("growing")?;
    file.create_group("group")?;
    write(&file, 0)?;
    file.close()
}

/// Writes and commits; without end where another process asked for it.
#[test]
fn every_commit_changes_everything() {
    let asked = std::env::var_os(FILE);
    let folder = Folder::new("kill-writer");
    let path = asked.as_ref().map_or(folder.file("file.h5"), Into::into);
    if asked.is_none() {
        create(&path).unwrap();
    }
    let file = File::open_rw(&path).unwrap();
    file.commit().unwrap();
    let mut next = number(&file).unwrap() + 1;
    while asked.is_some() || next < 5 {
        write(&file, next).unwrap();
        file.commit().unwrap();
        next += 1;
    }
    assert_eq!(number(&file).unwrap(), next - 1);
}

#[test]
#[cfg(unix)]
fn a_writer_that_is_killed_leaves_a_commit() {
    let folder = Folder::new("kill");
    let path = folder.file("file.h5");
    create(&path).unwrap();
    let (mut last, mut random) = (0, Random::new(1));
    for time in 0..TIMES {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::every_commit_changes_everything"])
            .env(FILE, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(2_000 + random.below(14_000) as u64));
        writer.kill().unwrap();
        let status = writer.wait().unwrap();
        assert!(status.code().is_none(), "the writer ended by itself: {status}");
        // Every other time the next writer has to find out what is left to be done.
        if time % 2 == 0 {
            let found = number(&File::open(&path).unwrap()).unwrap();
            assert!(found >= last, "{found} after {last}");
            last = found;
        }
    }
    let done = number(&File::open(&path).unwrap()).unwrap();
    // How many depends on the machine; without any the loop would have shown nothing.
    assert!(done > 0, "no commit in {TIMES} times");
}
