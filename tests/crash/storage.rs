//! A storage that remembers everything that was done to it, and can refuse one of these things.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use h5::storage::{MemoryStorage, Storage};

use crate::support::random::Random;

/// What was done to a storage.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

/// A file in memory, with all that was done to it.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    bytes: MemoryStorage,
    steps: Mutex<Vec<Step>>,
    /// The number of the step that fails, and all behind it.
    fails_from: Option<usize>,
    /// Of every cycle of syncs that a commit makes, this one does nothing.
    without_barrier: Option<usize>,
    syncs: AtomicUsize,
}

impl Recorder {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Recorder { bytes: MemoryStorage::new(bytes), ..Recorder::default() }
    }

    /// One whose steps fail from this one on, as they do on a full disk.
    pub(crate) fn failing_from(bytes: Vec<u8>, step: usize) -> Self {
        Recorder { fails_from: Some(step), ..Recorder::new(bytes) }
    }

    /// One that forgets the syncs with this number in a commit of four.
    pub(crate) fn without_barrier(bytes: Vec<u8>, barrier: usize) -> Self {
        Recorder { without_barrier: Some(barrier), ..Recorder::new(bytes) }
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        self.steps.lock().unwrap().clone()
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    fn remember(&self, step: Step) -> io::Result<()> {
        let mut steps = self.steps.lock().unwrap();
        steps.push(step);
        match self.fails_from {
            Some(first) if steps.len() > first => Err(io::Error::from(io::ErrorKind::StorageFull)),
            _ => Ok(()),
        }
    }
}

impl Storage for Recorder {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.bytes.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.remember(Step::Write(offset, data.to_vec()))?;
        self.bytes.write_at(offset, data)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.remember(Step::SetLen(len))?;
        self.bytes.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        let number = self.syncs.fetch_add(1, Ordering::Relaxed);
        if self.without_barrier == Some(number % 4) { Ok(()) } else { self.remember(Step::Sync) }
    }
}

/// What the medium may hold after a power cut behind the first `cut` steps: all that was synced, and of what came later
/// any part, in any order, torn at sectors.
pub(crate) fn after_power_cut(before: &[u8], steps: &[Step], cut: usize, random: &mut Random) -> Vec<u8> {
    let synced = steps[..cut].iter().rposition(|step| matches!(step, Step::Sync)).unwrap_or(0);
    let mut image = after_kill(before, steps, synced);
    let mut late: Vec<Step> = steps[synced..cut].iter().flat_map(torn).collect();
    // From none to all of them.
    let kept = random.below(4);
    late.retain(|_| random.below(3) < kept);
    for place in (1..late.len()).rev() {
        late.swap(place, random.below(place + 1));
    }
    late.iter().for_each(|step| apply(&mut image, step));
    image
}

/// What the operating system has after the process was killed behind the first `cut` steps.
pub(crate) fn after_kill(before: &[u8], steps: &[Step], cut: usize) -> Vec<u8> {
    let mut image = before.to_vec();
    steps[..cut].iter().for_each(|step| apply(&mut image, step));
    image
}

const SECTOR: u64 = 512;

/// The sectors of a write.
fn torn(step: &Step) -> Vec<Step> {
    let Step::Write(offset, bytes) = step else { return vec![step.clone()] };
    let mut pieces = Vec::new();
    let (mut at, mut rest) = (*offset, &bytes[..]);
    while !rest.is_empty() {
        let len = usize::try_from(SECTOR - at % SECTOR).unwrap().min(rest.len());
        let (piece, later) = rest.split_at(len);
        pieces.push(Step::Write(at, piece.to_vec()));
        (at, rest) = (at + len as u64, later);
    }
    pieces
}

fn apply(image: &mut Vec<u8>, step: &Step) {
    match step {
        Step::Write(offset, bytes) => {
            let start = usize::try_from(*offset).unwrap();
            image.resize(image.len().max(start + bytes.len()), 0);
            image[start..start + bytes.len()].copy_from_slice(bytes);
        }
        Step::SetLen(len) => image.resize(usize::try_from(*len).unwrap(), 0),
        Step::Sync => {}
    }
}
