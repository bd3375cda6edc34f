//! A storage that remembers everything that was done to it, and can refuse one of these things.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use h5::storage::{MemoryStorage, MultiStorage, Storage};

use crate::support::random::Random;

/// What was done to a storage.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

/// The bytes of a file, or of each of its members.
pub(crate) type Image = Vec<Vec<u8>>;

/// A storage with the bytes of an image.
pub(crate) fn storage_of(image: Image) -> Arc<dyn Storage> {
    together(image.into_iter().map(|bytes| Arc::new(MemoryStorage::new(bytes)) as Arc<dyn Storage>).collect())
}

fn together(mut members: Vec<Arc<dyn Storage>>) -> Arc<dyn Storage> {
    match members.len() {
        1 => members.remove(0),
        2 => far_apart(u64::MAX / 2, members),
        kinds => far_apart((u64::MAX - 1) / kinds as u64, members),
    }
}

fn far_apart(step: u64, members: Vec<Arc<dyn Storage>>) -> Arc<dyn Storage> {
    let placed = (0..).zip(members).map(|(number, member)| (number * step, member));
    Arc::new(MultiStorage::new(placed.collect()).unwrap())
}

/// What was done to a file or its members, each step with the number of its member.
type Log = Arc<Mutex<Vec<(usize, Step)>>>;

/// A file in memory, or one of several members.
#[derive(Debug, Default)]
struct Member {
    number: usize,
    bytes: MemoryStorage,
    log: Log,
    /// The number of the step that fails, and all behind it.
    fails_from: Option<usize>,
    /// Of every cycle of syncs that a commit makes, this one does nothing.
    without_barrier: Option<usize>,
    syncs: AtomicUsize,
}

/// A file in memory, with all that was done to it.
pub(crate) struct Recorder {
    members: Vec<Arc<Member>>,
    log: Log,
}

impl Recorder {
    pub(crate) fn new(image: Image) -> Self {
        Recorder::with(image, None, None)
    }

    /// One whose steps fail from this one on, as they do on a full disk.
    pub(crate) fn failing_from(image: Image, step: usize) -> Self {
        Recorder::with(image, Some(step), None)
    }

    /// One that forgets the syncs with this number in a commit of four.
    pub(crate) fn without_barrier(image: Image, barrier: usize) -> Self {
        Recorder::with(image, None, Some(barrier))
    }

    fn with(image: Image, fails_from: Option<usize>, without_barrier: Option<usize>) -> Self {
        let log = Log::default();
        let member = |(number, bytes)| {
            let (bytes, log) = (MemoryStorage::new(bytes), Arc::clone(&log));
            Arc::new(Member { number, bytes, log, fails_from, without_barrier, syncs: AtomicUsize::new(0) })
        };
        Recorder { members: image.into_iter().enumerate().map(member).collect(), log }
    }

    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        together(self.members.iter().map(|member| Arc::clone(member) as Arc<dyn Storage>).collect())
    }

    pub(crate) fn steps(&self) -> Vec<(usize, Step)> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn image(&self) -> Image {
        self.members.iter().map(|member| member.bytes.to_vec()).collect()
    }
}

impl Member {
    fn remember(&self, step: Step) -> io::Result<()> {
        let mut log = self.log.lock().unwrap();
        log.push((self.number, step));
        match self.fails_from {
            Some(first) if log.len() > first => Err(io::Error::from(io::ErrorKind::StorageFull)),
            _ => Ok(()),
        }
    }
}

impl Storage for Member {
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
/// any part, in any order, torn at sectors. Each member is synced on its own.
pub(crate) fn after_power_cut(
    before: &Image,
    steps: &[(usize, Step)],
    cut: usize,
    random: &mut Random,
) -> Image {
    let members = before.iter().enumerate();
    members.map(|(number, bytes)| without_power(bytes, &of_member(number, &steps[..cut]), random)).collect()
}

fn of_member(number: usize, steps: &[(usize, Step)]) -> Vec<Step> {
    steps.iter().filter(|(member, _)| *member == number).map(|(_, step)| step.clone()).collect()
}

fn without_power(before: &[u8], steps: &[Step], random: &mut Random) -> Vec<u8> {
    let synced = steps.iter().rposition(|step| matches!(step, Step::Sync)).unwrap_or(0);
    let mut image = before.to_vec();
    steps[..synced].iter().for_each(|step| apply(&mut image, step));
    let mut late: Vec<Step> = steps[synced..].iter().flat_map(torn).collect();
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
pub(crate) fn after_kill(before: &Image, steps: &[(usize, Step)], cut: usize) -> Image {
    let mut image = before.clone();
    steps[..cut].iter().for_each(|(member, step)| apply(&mut image[*member], step));
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
