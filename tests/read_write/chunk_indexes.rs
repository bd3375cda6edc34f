//! Every chunk index is written, grown, shrunk and opened again, against an array in memory.

use std::sync::Arc;

use h5::storage::MemoryStorage;
use h5::{AllocationTime, ChunkOpts, Dataset, Extent, File, FillTime, FormatBounds, Hyperslab};
use ndarray::{ArrayD, IxDyn, Slice, s};

use super::model::{numbered, picked, put};

const FILL: i32 = -3;

/// A dataset of two axes with a certain index.
#[derive(Clone, Copy, Debug)]
struct Kind {
    name: &'static str,
    bounds: FormatBounds,
    shape: [usize; 2],
    maximum: [Option<usize>; 2],
    chunk: [usize; 2],
    allocation: Option<AllocationTime>,
    opts: ChunkOpts,
}

const USUAL: Kind = Kind {
    name: "",
    bounds: FormatBounds::V110,
    shape: [20, 15],
    maximum: [Some(50), Some(40)],
    chunk: [3, 4],
    allocation: None,
    opts: ChunkOpts::DONT_FILTER_PARTIAL_CHUNKS,
};

fn kinds() -> Vec<Kind> {
    let usual = Kind { opts: ChunkOpts::default(), ..USUAL };
    let unlimited = [None, None];
    vec![
        Kind { name: "b-tree 1", bounds: FormatBounds::V18, maximum: unlimited, chunk: [1, 2], ..usual },
        Kind { name: "single", maximum: [Some(20), Some(15)], chunk: [20, 15], ..usual },
        Kind { name: "implicit", allocation: Some(AllocationTime::Early), ..usual },
        Kind { name: "fixed array", ..usual },
        Kind { name: "late fixed array", allocation: Some(AllocationTime::Late), ..usual },
        Kind { name: "fixed array, edges", ..USUAL },
        Kind { name: "paged fixed array", chunk: [1, 1], ..usual },
        Kind { name: "extensible array", maximum: [None, Some(40)], chunk: [1, 3], ..usual },
        Kind {
            name: "extensible array, second axis",
            maximum: [Some(40), None],
            bounds: FormatBounds::V200,
            ..usual
        },
        Kind {
            name: "extensible array, early",
            maximum: [None, Some(40)],
            allocation: Some(AllocationTime::Early),
            ..usual
        },
        Kind { name: "extensible array, edges", maximum: [None, Some(40)], ..USUAL },
        Kind { name: "b-tree 2", maximum: unlimited, chunk: [2, 1], ..usual },
        Kind { name: "b-tree 2, edges", maximum: unlimited, bounds: FormatBounds::V200, ..USUAL },
    ]
}

impl Kind {
    fn create(&self, file: &File, is_filtered: bool) -> Dataset {
        let extents: Vec<_> =
            self.shape.iter().zip(self.maximum).map(|(&size, max)| Extent { dim: size, max }).collect();
        let mut builder = file.new_dataset::<i32>().shape(extents).chunk(&self.chunk[..]).fill_value(FILL);
        builder = builder.alloc_time(self.allocation).chunk_opts(self.opts);
        if is_filtered {
            builder = builder.shuffle().deflate(1);
        }
        builder.create("data").unwrap()
    }
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// What a dataset of this content has after it was given another shape.
fn reshaped(content: &ArrayD<i32>, shape: &[usize]) -> ArrayD<i32> {
    let mut new = ArrayD::from_elem(IxDyn(shape), FILL);
    let kept: Vec<_> = content.shape().iter().zip(shape).map(|(&a, &b)| a.min(b)).collect();
    let part = |axis: ndarray::AxisDescription| Slice::from(0..kept[axis.axis.index()]);
    new.slice_each_axis_mut(part).assign(&content.slice_each_axis(part));
    new
}

struct Session {
    storage: Arc<MemoryStorage>,
    bounds: FormatBounds,
    dataset: Dataset,
    content: ArrayD<i32>,
    random: Random,
}

impl Session {
    fn new(kind: &Kind, is_filtered: bool) -> Session {
        let storage = Arc::new(MemoryStorage::default());
        let file = File::options().bounds(kind.bounds).create_storage(Arc::clone(&storage) as _).unwrap();
        let dataset = kind.create(&file, is_filtered);
        let content = ArrayD::from_elem(IxDyn(&kind.shape), FILL);
        Session { storage, bounds: kind.bounds, dataset, content, random: Random(7) }
    }

    fn write_somewhere(&mut self, step: i32) {
        let axes = self.content.shape().iter().map(|&size| {
            let start = self.random.below(size);
            h5::Axis::contiguous(start as u64, (1 + self.random.below(size - start)) as u64)
        });
        let slab = Hyperslab::new(axes.collect());
        let values = numbered(picked(&self.content, &slab).shape(), step);
        self.dataset.write_slice(&values, slab.clone()).unwrap();
        put(&mut self.content, &slab, &values);
    }

    fn resize(&mut self, maximum: [Option<usize>; 2]) {
        let shape: Vec<_> = maximum.iter().map(|max| self.random.below(max.unwrap_or(45) + 1)).collect();
        self.dataset.resize(&shape[..]).unwrap();
        self.content = reshaped(&self.content, &shape);
    }

    fn reopen(self) -> Session {
        self.dataset.file().close().unwrap();
        let Session { storage, bounds, dataset, content, random } = self;
        drop(dataset);
        let file = File::options().bounds(bounds).open_storage_rw(Arc::clone(&storage) as _).unwrap();
        let dataset = file.dataset("data").unwrap();
        Session { storage, bounds, dataset, content, random }
    }

    #[track_caller]
    fn check(&self, what: &str) {
        assert!(self.dataset.read_dyn::<i32>().unwrap() == self.content, "{what}");
    }
}

#[test]
fn every_index_is_changed_as_an_array_is() {
    for kind in kinds() {
        for is_filtered in [false, true] {
            let mut session = Session::new(&kind, is_filtered);
            for step in 0..60 {
                let what = format!("{} {is_filtered} step {step}", kind.name);
                match session.random.below(5) {
                    0 => session.resize(kind.maximum),
                    1 => session = session.reopen(),
                    _ if session.content.is_empty() => session.resize(kind.maximum),
                    _ => session.write_somewhere(step),
                }
                session.check(&what);
            }
            session.reopen().check(kind.name);
        }
    }
}

#[test]
fn space_of_chunks_that_are_cut_off_is_used_again() {
    for kind in kinds() {
        let mut session = Session::new(&kind, true);
        let full = ArrayD::from_elem(IxDyn(&kind.shape), 5);
        session.dataset.write(&full).unwrap();
        session.dataset.file().flush().unwrap();
        let size = session.dataset.file().size();
        for _ in 0..10 {
            session.dataset.resize((0, 3)).unwrap();
            assert_eq!(session.dataset.storage_size().unwrap(), 0, "{}", kind.name);
            session.dataset.resize(&kind.shape[..]).unwrap();
            session.content = ArrayD::from_elem(IxDyn(&kind.shape), FILL);
            session.check(kind.name);
            session.dataset.write(&full).unwrap();
        }
        session.dataset.file().flush().unwrap();
        // What the file had before is free when the new state counts, and not before.
        assert!(session.dataset.file().size() < size * 9 / 4, "{}", kind.name);
    }
}

/// Large arrays have blocks that smaller ones have not: secondary blocks, and data blocks in pages.
#[test]
fn far_places_of_an_extensible_array() {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().bounds(FormatBounds::V110).create_storage(Arc::clone(&storage) as _).unwrap();
    let dataset = file.new_dataset::<i16>().shape(Extent::resizable(600_000)).chunk(1).create("far").unwrap();
    let places = [0, 3, 4, 19, 20, 99, 100, 150, 499, 5_000, 131_076, 131_077, 199_999, 300_000, 599_999];
    for (value, place) in (1..).zip(places) {
        dataset.write_slice(&ndarray::arr1(&[value]), s![place..=place]).unwrap();
    }
    file.close().unwrap();
    let file = File::options().open_storage_rw(Arc::clone(&storage) as _).unwrap();
    let dataset = file.dataset("far").unwrap();
    assert_eq!(dataset.storage_size().unwrap(), 2 * 15);
    dataset.resize(300_000).unwrap();
    dataset.resize(700_000).unwrap();
    assert_eq!(dataset.storage_size().unwrap(), 2 * 13);
    for (value, place) in (1..).zip(places) {
        let expected = if place < 300_000 { value } else { 0 };
        assert_eq!(dataset.read_slice_1d::<i16, _>(s![place..=place]).unwrap()[0], expected, "{place}");
    }
}

#[test]
fn fill_values_are_written_when_they_are_asked_for() {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().create_storage(storage as _).unwrap();
    let new = || file.new_dataset::<i32>().shape(100).fill_value(9).alloc_time(AllocationTime::Early);
    let whole = new().create("contiguous").unwrap();
    assert_eq!((whole.storage_size().unwrap(), whole.read_raw::<i32>().unwrap()), (400, vec![9; 100]));
    let chunked = new().chunk(30).create("chunked").unwrap();
    assert_eq!((chunked.storage_size().unwrap(), chunked.read_raw::<i32>().unwrap()), (480, vec![9; 100]));
    let never = new().chunk(30).fill_time(FillTime::Never).create("never").unwrap();
    assert_eq!(never.storage_size().unwrap(), 480);
    let late = new().alloc_time(AllocationTime::Late).chunk(30).create("late").unwrap();
    assert_eq!(late.storage_size().unwrap(), 0);
    late.write_slice(&ndarray::arr1(&[1]), s![5..6]).unwrap();
    assert_eq!(late.storage_size().unwrap(), 480);
    let incremental = new().alloc_time(None).chunk(30).create("incremental").unwrap();
    incremental.write_slice(&ndarray::arr1(&[1]), s![5..6]).unwrap();
    assert_eq!(incremental.storage_size().unwrap(), 120);
    let info = never.fill_info().unwrap();
    assert_eq!((info.write_time, info.allocation_time), (FillTime::Never, AllocationTime::Early));
}

/// The bytes of the file tell whether a chunk was stored again.
fn stored(dataset: &Dataset, file: &File) -> Vec<u8> {
    file.flush().unwrap();
    dataset.read_direct_chunk(&[0]).unwrap().1
}

#[test]
fn a_chunk_that_is_written_to_again_and_again_is_in_memory() {
    for capacity in [0, 4 * 8 * 100, 64 << 20] {
        let storage = Arc::new(MemoryStorage::default());
        let file = File::options().chunk_cache(capacity).create_storage(Arc::clone(&storage) as _).unwrap();
        let dataset = file.new_dataset::<i64>().shape(Extent::resizable(0)).chunk(100).fletcher32();
        let dataset = dataset.create("data").unwrap();
        let other = file.new_dataset::<i64>().shape(Extent::resizable(1)).chunk(10).deflate(1);
        let other = other.create("other").unwrap();
        let mut expected: Vec<i64> = Vec::new();
        for value in 0..550 {
            dataset.resize(expected.len() + 1).unwrap();
            expected.push(value);
            dataset.write_slice(&ndarray::arr1(&[value]), s![expected.len() - 1..]).unwrap();
            match value {
                77 => assert_eq!(stored(&dataset, &file)[77 * 8], 77),
                // Chunks of another dataset send those of this one to the file.
                200..230 => other.write_slice(&ndarray::arr1(&[value]), s![0..1]).unwrap(),
                300 => file.new_attr::<i32>().create("a").unwrap().write_scalar(&1).unwrap(),
                310 => dataset.new_attr::<i32>().create("a").unwrap().write_scalar(&1).unwrap(),
                333 => {
                    dataset.resize(315).unwrap();
                    expected.truncate(315);
                }
                444 => assert_eq!(dataset.num_chunks(), Some(expected.len().div_ceil(100))),
                _ => {}
            }
            assert!(dataset.read_raw::<i64>().unwrap() == expected, "{value}");
        }
        assert_eq!(other.read_raw::<i64>().unwrap(), [229]);
        file.close().unwrap();
        let file = File::options().open_storage(storage as _).unwrap();
        assert_eq!(file.dataset("data").unwrap().read_raw::<i64>().unwrap(), expected);
        assert_eq!(file.dataset("other").unwrap().read_raw::<i64>().unwrap(), [229]);
    }
}

#[test]
fn chunks_are_exchanged_as_they_are_stored() {
    let file = File::options().bounds(FormatBounds::V110);
    let file = file.create_storage(Arc::new(MemoryStorage::default()) as _).unwrap();
    let new = |name: &str| {
        file.new_dataset::<i16>()
            .shape((10, Extent::resizable(6)))
            .chunk((4, 3))
            .shuffle()
            .deflate(6)
            .create(name)
    };
    let (from, to) = (new("from").unwrap(), new("to").unwrap());
    let values = numbered(&[10, 6], 3).mapv(|value| i16::try_from(value % 30_000).unwrap());
    from.write(&values).unwrap();
    for chunk in from.chunks().unwrap() {
        let (mask, bytes) = from.read_direct_chunk(&chunk.offset).unwrap();
        assert_eq!((mask, bytes.len() as u64), (chunk.filter_mask, chunk.size));
        to.write_direct_chunk(&chunk.offset, &bytes, mask).unwrap();
    }
    assert_eq!(to.read_dyn::<i16>().unwrap(), values);
    assert_eq!(to.num_chunks(), Some(6));
    assert_eq!(to.chunk_info(5).unwrap().offset, [8, 3]);
    assert_eq!(to.chunk_info(6), None);
    // Without any filter, over a chunk that was partly written in memory.
    to.write_slice(&ndarray::arr2(&[[1]]), s![0..1, 0..1]).unwrap();
    to.write_slice(&ndarray::arr2(&[[2]]), s![0..1, 1..2]).unwrap();
    let plain: Vec<u8> = (0..12u16).flat_map(u16::to_le_bytes).collect();
    to.write_direct_chunk(&[0, 0], &plain, 3).unwrap();
    assert_eq!(to.read_slice::<i16, _, ndarray::Ix1>(s![1, 0..3]).unwrap().to_vec(), [3, 4, 5]);
    assert_eq!(to.read_direct_chunk(&[0, 0]).unwrap(), (3, plain.clone()));
    let refused = [
        to.write_direct_chunk(&[0, 1], &plain, 3),
        to.write_direct_chunk(&[12, 0], &plain, 3),
        to.write_direct_chunk(&[0], &plain, 3),
        to.write_direct_chunk(&[0, 0], &plain[1..], 3),
        to.write_direct_chunk(&[0, 0], &[], 0),
    ];
    assert!(refused.iter().all(Result::is_err));
}

#[test]
fn what_a_bound_cannot_hold_is_refused() {
    let file = File::options().create_storage(Arc::new(MemoryStorage::default()) as _).unwrap();
    let edges = file.new_dataset::<u8>().shape(10).chunk(4).chunk_opts(ChunkOpts::DONT_FILTER_PARTIAL_CHUNKS);
    assert!(edges.create("edges").unwrap_err().to_string().contains("V110"));
    let large = file.new_dataset::<u8>().shape(6 << 30).chunk(5 << 30);
    assert!(large.create("large").unwrap_err().to_string().contains("a chunk under bounds below V200"));
    let compact = file.new_dataset::<u8>().shape(6).compact().alloc_time(AllocationTime::Late);
    assert!(compact.create("compact").is_err());
    let file = File::options().bounds(FormatBounds::V200);
    let file = file.create_storage(Arc::new(MemoryStorage::default()) as _).unwrap();
    let large = file.new_dataset::<u8>().shape(6 << 30).chunk(5 << 30).create("large").unwrap();
    assert_eq!(large.chunk(), Some(vec![5 << 30]));
}
