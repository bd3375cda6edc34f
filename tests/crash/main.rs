//! What was committed stays: a script of edits is cut off everywhere, and every image of the medium that can come of that
//! has to be the state of the last commit or that of the one that was under way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod kill;
mod script;
mod storage;
#[path = "../support/mod.rs"]
mod support;

use std::ops::Range;

use h5::{File, FileSpaceStrategy, FormatBounds};

use script::{EDITS, MULTI, SPLIT};
use storage::{Image, Recorder, after_kill, after_power_cut, storage_of};
use support::listing;
use support::random::Random;

/// Images of power cuts that are tried for each place.
const TRIES: u64 = 6;

/// What a run of the script did.
struct Run {
    before: Image,
    recorder: Recorder,
    /// What the file holds before the first edit and after each commit.
    states: Vec<String>,
    /// The steps of each commit.
    commits: Vec<Range<usize>>,
}

/// A file that remembers what is free.
const fn remembering(paged: bool) -> FileSpaceStrategy {
    FileSpaceStrategy::FreeSpaceManager { paged, persist: true, threshold: 1 }
}

fn run(bounds: FormatBounds, recorder: impl Fn(Image) -> Recorder) -> Run {
    run_with(bounds, FileSpaceStrategy::default(), recorder)
}

fn run_with(bounds: FormatBounds, strategy: FileSpaceStrategy, recorder: impl Fn(Image) -> Recorder) -> Run {
    run_from(script::first(bounds, strategy), bounds, recorder)
}

/// With raw data in a member of its own.
fn run_split(bounds: FormatBounds, recorder: impl Fn(Image) -> Recorder) -> Run {
    run_from(SPLIT.first(bounds), bounds, recorder)
}

fn run_from(before: Image, bounds: FormatBounds, recorder: impl Fn(Image) -> Recorder) -> Run {
    let recorder = recorder(before.clone());
    let file = File::options().bounds(bounds).open_storage_rw(recorder.storage()).unwrap();
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
    fn check(&self, image: Image, cut: usize) -> Result<(), String> {
        for write in [false, true] {
            let storage = storage_of(image.clone());
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

    /// Writes to an image what goes into its free space, which has to leave everything else as it was.
    fn check_free_space(&self, image: Image, cut: usize) -> Result<(), String> {
        let storage = storage_of(image);
        let used = || -> h5::Result<(String, String)> {
            let file = File::options().open_storage_rw(storage.clone())?;
            let before = listing::list(&file);
            let text = [0xa5u8; 40];
            for number in 0..60 {
                let name = format!("filler {number}");
                file.new_dataset::<u8>().shape(40 * (1 + number % 5)).create(&*name)?;
                file.dataset(&name)?.write_slice(&ndarray::Array1::from(text.to_vec()), ndarray::s![..40])?;
            }
            file.close()?;
            let file = File::options().open_storage_rw(storage.clone())?;
            (0..60).try_for_each(|number| file.unlink(&format!("filler {number}")))?;
            Ok((before, listing::list(&file)))
        };
        match used() {
            Ok((before, after)) if before == after && self.allowed(cut).contains(&before) => Ok(()),
            Ok(_) => Err(format!("cut at {cut}: what was free was not")),
            Err(error) => Err(format!("cut at {cut}: {error}")),
        }
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
    let whole = [FormatBounds::V18, FormatBounds::V110].map(|bounds| run(bounds, Recorder::new));
    let split = [FormatBounds::Earliest, FormatBounds::V110].map(|bounds| run_split(bounds, Recorder::new));
    for run in whole.into_iter().chain(split) {
        let steps = run.recorder.steps();
        for cut in 0..=steps.len() {
            run.check(after_kill(&run.before, &steps, cut), cut).unwrap();
        }
        assert_eq!(run.recorder.image(), after_kill(&run.before, &steps, steps.len()));
    }
}

#[test]
fn a_power_cut_leaves_one_of_two_states() {
    run(FormatBounds::V18, Recorder::new).check_power_cuts().unwrap();
    for bounds in [FormatBounds::Earliest, FormatBounds::V18] {
        run_split(bounds, Recorder::new).check_power_cuts().unwrap();
    }
}

#[test]
fn a_power_cut_leaves_free_space_that_is_free() {
    for paged in [false, true] {
        let run = run_with(FormatBounds::V18, remembering(paged), Recorder::new);
        run.check_power_cuts().unwrap();
        let steps = run.recorder.steps();
        for cut in (0..=steps.len()).step_by(5) {
            let mut random = Random::new(cut as u64);
            let image = after_power_cut(&run.before, &steps, cut, &mut random);
            run.check_free_space(image, cut).unwrap();
        }
    }
}

/// The first member has to tell of the others while the marker of a commit stands in it.
#[test]
fn members_are_found_in_the_middle_of_a_commit() {
    for members in [SPLIT, MULTI] {
        for bounds in [FormatBounds::Earliest, FormatBounds::V18] {
            let run = run_from(members.first(bounds), bounds, Recorder::new);
            let steps = run.recorder.steps();
            for cut in (0..=steps.len()).step_by(3) {
                let folder = support::Folder::new("crash");
                let first = members.store(&folder, &after_kill(&run.before, &steps, cut));
                let read = listing::list(&File::open(&first).unwrap());
                let options = File::options().driver(members.driver.clone());
                let edited = listing::list(&options.open_rw(&first).unwrap());
                assert!(run.allowed(cut).contains(&read) && read == edited, "cut at {cut}");
            }
        }
    }
}

/// Each of the four waits of a commit is needed.
#[test]
fn without_any_one_barrier_a_power_cut_can_destroy() {
    for barrier in 0..4 {
        let run = run(FormatBounds::V18, |image| Recorder::without_barrier(image, barrier));
        assert!(run.check_power_cuts().is_err(), "barrier {barrier} is not needed");
        let run = run_split(FormatBounds::V18, |image| Recorder::without_barrier(image, barrier));
        assert!(run.check_power_cuts().is_err(), "barrier {barrier} is not needed for two members");
    }
}

#[test]
fn libhdf5_sees_one_of_two_states_or_refuses_the_file() {
    libhdf5_agrees(&run(FormatBounds::V18, Recorder::new));
    libhdf5_agrees(&run_with(FormatBounds::V18, remembering(true), Recorder::new));
}

fn libhdf5_agrees(run: &Run) {
    let steps = run.recorder.steps();
    let folder = support::Folder::new("crash");
    let mut expected = Vec::new();
    let mut paths = Vec::new();
    for cut in (0..=steps.len()).step_by(7) {
        let mut random = Random::new(cut as u64);
        let path = folder.file(&format!("{cut:04}.h5"));
        std::fs::write(&path, after_power_cut(&run.before, &steps, cut, &mut random).concat()).unwrap();
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
    check_full_disks(&run(FormatBounds::V18, Recorder::new));
    check_full_disks(&run_with(FormatBounds::V18, remembering(false), Recorder::new));
    check_full_disks(&run_split(FormatBounds::V18, Recorder::new));
}

fn check_full_disks(whole: &Run) {
    for first in 0..whole.recorder.steps().len() {
        let recorder = Recorder::failing_from(whole.before.clone(), first);
        let file = File::options().open_storage_rw(recorder.storage()).unwrap();
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
        let left = File::options().open_storage(storage_of(recorder.image())).unwrap();
        let listed = listing::list(&left);
        let next = (done + 1).min(EDITS.len());
        assert!(whole.states[done..=next].contains(&listed), "step {first}, {done} commits");
    }
}
