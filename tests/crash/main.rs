//! What was committed stays: a script of edits is cut off everywhere, and every image of the medium that can come of that
//! has to be the state of the last commit or that of the one that was under way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod kill;
mod script;
mod storage;
#[path = "../support/mod.rs"]
mod support;

use std::ops::Range;
use std::sync::Arc;

use h5::{File, FormatBounds};

use script::EDITS;
use storage::{Recorder, after_kill, after_power_cut};
use support::listing;
use support::random::Random;

/// Images of power cuts that are tried for each place.
const TRIES: u64 = 6;

/// What a run of the script did.
struct Run {
    before: Vec<u8>,
    recorder: Arc<Recorder>,
    /// What the file holds before the first edit and after each commit.
    states: Vec<String>,
    /// The steps of each commit.
    commits: Vec<Range<usize>>,
}

fn run(bounds: FormatBounds, recorder: impl Fn(Vec<u8>) -> Recorder) -> Run {
    let before = script::first(bounds);
    let recorder = Arc::new(recorder(before.clone()));
    let file = File::options().bounds(bounds).open_storage_rw(recorder.clone()).unwrap();
    let (mut states, mut commits) = (vec![listing::list(&file)], Vec::new());
    for (_, edit) in EDITS {
        edit(&file).unwrap();
        states.push(listing::list(&file));
        let begin = recorder.steps().len();
        file.commit().unwrap();
        commits.push(begin..recorder.steps().len());
    }
    file.close().unwrap();
    Run { before, recorder, states, commits }
}

impl Run {
    /// The states that a file may have after `cut` steps.
    fn allowed(&self, cut: usize) -> &[String] {
        let done = self.commits.iter().take_while(|commit| commit.end <= cut).count();
        let under_way = self.commits.get(done).is_some_and(|commit| commit.start < cut);
        &self.states[done..=done + usize::from(under_way)]
    }

    /// Opens an image for reading and for writing; says what is wrong.
    fn check(&self, image: Vec<u8>, cut: usize) -> Result<(), String> {
        for write in [false, true] {
            let storage = Arc::new(h5::storage::MemoryStorage::new(image.clone()));
            let opened = match write {
                false => File::options().open_storage(storage),
                true => File::options().open_storage_rw(storage),
            };
            let listed = opened.map(|file| listing::list(&file));
            match listed {
                Ok(text) if self.allowed(cut).contains(&text) => {}
                Ok(_) => return Err(format!("cut at {cut}: neither of the states")),
                Err(error) => return Err(format!("cut at {cut}: {error}")),
            }
        }
        Ok(())
    }

    fn check_power_cuts(&self) -> Result<(), String> {
        let steps = self.recorder.steps();
        for cut in 0..=steps.len() {
            for seed in 0..TRIES {
                let mut random = Random::new(cut as u64 * TRIES + seed);
                self.check(after_power_cut(&self.before, &steps, cut, &mut random), cut)?;
            }
        }
        Ok(())
    }
}

#[test]
fn a_killed_process_leaves_one_of_two_states() {
    for bounds in [FormatBounds::V18, FormatBounds::V110] {
        let run = run(bounds, Recorder::new);
        let steps = run.recorder.steps();
        for cut in 0..=steps.len() {
            run.check(after_kill(&run.before, &steps, cut), cut).unwrap();
        }
        assert_eq!(run.recorder.to_vec(), after_kill(&run.before, &steps, steps.len()));
    }
}

#[test]
fn a_power_cut_leaves_one_of_two_states() {
    run(FormatBounds::V18, Recorder::new).check_power_cuts().unwrap();
}

/// Each of the four waits of a commit is needed.
#[test]
fn without_any_one_barrier_a_power_cut_can_destroy() {
    for barrier in 0..4 {
        let run = run(FormatBounds::V18, |bytes| Recorder::without_barrier(bytes, barrier));
        assert!(run.check_power_cuts().is_err(), "barrier {barrier} is not needed");
    }
}

#[test]
fn libhdf5_sees_one_of_two_states_or_refuses_the_file() {
    let run = run(FormatBounds::V18, Recorder::new);
    let steps = run.recorder.steps();
    let folder = support::Folder::new("crash");
    let mut expected = Vec::new();
    let mut paths = Vec::new();
    for cut in (0..=steps.len()).step_by(7) {
        let mut random = Random::new(cut as u64);
        let path = folder.file(&format!("{cut:04}.h5"));
        std::fs::write(&path, after_power_cut(&run.before, &steps, cut, &mut random)).unwrap();
        expected.push(cut);
        paths.push(path);
    }
    let printed = support::python("tests/crash/listing.py", &paths);
    let mut seen = 0;
    for (cut, text) in expected.iter().zip(printed.split("file ").skip(1)) {
        let text = text.split_once('\n').unwrap().1;
        let refused = text == "refused\n";
        seen += usize::from(!refused);
        assert!(refused || run.allowed(*cut).iter().any(|state| state == text), "cut at {cut}:\n{text}");
    }
    assert!(seen * 2 > expected.len(), "h5py opened {seen} of {}", expected.len());
}

/// From the k-th step on the disk is full, for all k.
#[test]
fn a_full_disk_loses_nothing_that_was_committed() {
    let whole = run(FormatBounds::V18, Recorder::new);
    for first in 0..whole.recorder.steps().len() {
        let recorder = Arc::new(Recorder::failing_from(whole.before.clone(), first));
        let file = File::options().open_storage_rw(recorder.clone()).unwrap();
        let mut done = 0;
        let mut failed = None;
        for (_, edit) in EDITS {
            match edit(&file).and_then(|()| file.commit()) {
                Ok(()) => done += 1,
                Err(error) => {
                    failed = Some(error.to_string());
                    break;
                }
            }
        }
        let failed = failed.or_else(|| file.clone().close().err().map(|error| error.to_string()));
        assert!(failed.is_none_or(|text| text.contains("no storage space")), "step {first}");
        drop(file);
        let listed = listing::list(&File::from_bytes(recorder.to_vec()).unwrap());
        let next = (done + 1).min(EDITS.len());
        assert!(whole.states[done..=next].contains(&listed), "step {first}, {done} commits");
    }
}
