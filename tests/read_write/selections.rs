//! Random selections of random datasets.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use h5::storage::MemoryStorage;
use h5::{Dataset, File, FormatBounds, Hyperslab, SliceOrIndex};
use ndarray::{Array2, ArrayD, Ix2, IxDyn, SliceInfo, SliceInfoElem, s};
use proptest::prelude::*;

use super::model::{Plan, Storage, hyperslabs, numbered, picked, plans, put};

/// A dataset, what is written to it one after the other, and what is read in between.
fn stories() -> impl Strategy<Value = (Plan, Vec<Hyperslab>, Vec<Hyperslab>)> {
    plans().prop_flat_map(|plan| {
        let slabs = |count| prop::collection::vec(hyperslabs(&plan.shape), 1..=count);
        (Just(plan.clone()), slabs(3), slabs(4))
    })
}

fn slices() -> impl Strategy<Value = (Plan, Vec<SliceInfoElem>)> {
    plans().prop_flat_map(|plan| {
        let axes: Vec<_> = plan.shape.iter().map(|&size| slice(isize::try_from(size).unwrap())).collect();
        (Just(plan), axes)
    })
}

/// Everything that `s![]` has with steps forward: indices and ranges, counted from either end, open or not.
fn slice(size: isize) -> impl Strategy<Value = SliceInfoElem> {
    let index = (-size..size).prop_map(SliceInfoElem::Index);
    let bounds = (0..=size, 0..=size, 1..=5_isize, any::<[bool; 3]>());
    let range = bounds.prop_map(move |(a, b, step, [open, from_end, to_end])| {
        let (start, end) = (a.min(b), a.max(b));
        let start = if from_end && start < size { start - size } else { start };
        let end = if to_end && end < size { end - size } else { end };
        SliceInfoElem::Slice { start, end: (!open).then_some(end), step }
    });
    prop_oneof![1 => index, 3 => range]
}

fn create(plan: &Plan) -> (Arc<MemoryStorage>, File, Dataset) {
    let storage = Arc::new(MemoryStorage::default());
    // Bounds and a user block that are not the default ones.
    let options = File::options().bounds(FormatBounds::V110).userblock(512);
    let file = options.create_storage(storage.clone()).unwrap();
    let dataset = plan.create(&file, "data");
    (storage, file, dataset)
}

fn read(dataset: &Dataset, slab: &Hyperslab) -> ArrayD<i32> {
    dataset.read_slice::<i32, _, IxDyn>(slab.clone()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_written_are_blocks_read((plan, writes, reads) in stories()) {
        let (storage, file, dataset) = create(&plan);
        let mut model = plan.blank();
        for (number, slab) in writes.iter().enumerate() {
            let values = numbered(picked(&model, slab).shape(), i32::try_from(number).unwrap());
            dataset.write_slice(&values, slab.clone()).unwrap();
            put(&mut model, slab, &values);
            // The same handle, another one of the same file.
            prop_assert_eq!(&dataset.read_dyn::<i32>().unwrap(), &model);
            let other = file.dataset("data").unwrap();
            for slab in &reads {
                prop_assert_eq!(read(&other, slab), picked(&model, slab));
            }
        }
        file.commit().unwrap();
        // Another open file of the same bytes; with the chunk cache and without.
        for cache in [0, 1 << 20] {
            let again = File::options().chunk_cache(cache).open_bytes(storage.to_vec()).unwrap();
            let again = again.dataset("data").unwrap();
            for slab in &reads {
                prop_assert_eq!(read(&again, slab), picked(&model, slab));
                // What is read twice may come from a cache the second time.
                prop_assert_eq!(read(&again, slab), picked(&model, slab));
            }
            prop_assert_eq!(again.read_dyn::<i32>().unwrap(), &model);
        }
    }

    #[test]
    fn slices_are_those_of_ndarray((plan, slice) in slices()) {
        let (_, _, dataset) = create(&plan);
        let mut model = numbered(&plan.shape, 1);
        dataset.write(&model).unwrap();
        let info = SliceInfo::<_, IxDyn, IxDyn>::try_from(slice.as_slice()).unwrap();
        let expected = model.slice(&info).into_owned();
        let selection: Vec<SliceOrIndex> = slice.iter().map(selected).collect();
        prop_assert_eq!(dataset.read_slice::<i32, _, IxDyn>(selection.clone()).unwrap(), &expected);
        let mut into = vec![9; expected.len()];
        dataset.read_into(selection.clone(), &mut into).unwrap();
        prop_assert_eq!(ArrayD::from_shape_vec(expected.raw_dim(), into).unwrap(), &expected);
        let values = numbered(expected.shape(), 2);
        dataset.write_slice(&values, selection).unwrap();
        model.slice_mut(&info).assign(&values);
        prop_assert_eq!(dataset.read_dyn::<i32>().unwrap(), model);
    }

    #[test]
    fn numbers_become_what_is_asked_for((plan, _, reads) in stories()) {
        let (_, _, dataset) = create(&plan);
        let model = numbered(&plan.shape, 3).mapv(|n| n % 97);
        dataset.write(&model).unwrap();
        for slab in &reads {
            let expected = picked(&model, slab);
            prop_assert_eq!(dataset.read_slice::<f64, _, IxDyn>(slab.clone()).unwrap(), expected.mapv(f64::from));
            prop_assert_eq!(dataset.read_slice::<i64, _, IxDyn>(slab.clone()).unwrap(), expected.mapv(i64::from));
            let bytes: Vec<u8> = expected.iter().flat_map(|n| n.to_le_bytes()).collect();
            prop_assert_eq!(&dataset.read_bytes(slab.clone()).unwrap()[..], &bytes[..]);
        }
    }

    #[test]
    fn resizing_keeps_what_is_in_both_shapes((plan, sizes) in growing()) {
        let (storage, file, dataset) = create(&plan);
        let mut model = numbered(&plan.shape, 4);
        dataset.write(&model).unwrap();
        for shape in &sizes {
            dataset.resize(shape).unwrap();
            let mut next = ArrayD::from_elem(IxDyn(shape), plan.fill.unwrap_or(0));
            let both: Vec<_> = shape.iter().zip(model.shape()).map(|(&a, &b)| {
                SliceInfoElem::Slice { start: 0, end: Some(isize::try_from(a.min(b)).unwrap()), step: 1 }
            }).collect();
            let both = SliceInfo::<_, IxDyn, IxDyn>::try_from(both.as_slice()).unwrap();
            next.slice_mut(&both).assign(&model.slice(&both));
            model = next;
            prop_assert_eq!(&dataset.read_dyn::<i32>().unwrap(), &model);
        }
        file.commit().unwrap();
        let again = File::from_bytes(storage.to_vec()).unwrap().dataset("data").unwrap();
        prop_assert_eq!(again.read_dyn::<i32>().unwrap(), model);
    }
}

fn selected(element: &SliceInfoElem) -> SliceOrIndex {
    match *element {
        SliceInfoElem::Index(index) => SliceOrIndex::Index(index),
        SliceInfoElem::Slice { start, end, step } => SliceOrIndex::Slice { start, end, step },
        SliceInfoElem::NewAxis => panic!("none is made"),
    }
}

/// A dataset whose axes have no limit, and the shapes that it is given one after the other.
fn growing() -> impl Strategy<Value = (Plan, Vec<Vec<usize>>)> {
    let with_axes = plans().prop_filter("a scalar cannot grow", |plan| !plan.shape.is_empty());
    with_axes.prop_flat_map(|mut plan| {
        let chunk = plan.shape.iter().map(|&size| size.div_ceil(3)).collect();
        let (chunk, filters) = match plan.storage {
            Storage::Chunked { chunk, filters, .. } => (chunk, filters),
            _ => (chunk, ""),
        };
        plan.storage = Storage::Chunked { chunk, filters, growing: true };
        let shape: Vec<_> = plan.shape.iter().map(|&size| 0..=size * 2).collect();
        (Just(plan), prop::collection::vec(shape, 1..=4))
    })
}

/// Counts what is read.
#[derive(Debug)]
struct Counting {
    storage: Arc<MemoryStorage>,
    read: AtomicUsize,
}

impl h5::storage::Storage for Counting {
    fn len(&self) -> io::Result<u64> {
        self.storage.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read.fetch_add(buffer.len(), Ordering::Relaxed);
        self.storage.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.storage.write_at(offset, data)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.storage.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.storage.sync()
    }
}

#[test]
fn a_part_of_a_large_chunk_is_read_without_the_rest() {
    let memory = Arc::new(MemoryStorage::default());
    let file = File::options().create_storage(memory.clone()).unwrap();
    // Chunks of 1.2 MB; those at the right and at the bottom reach over the edge.
    let data = Array2::from_shape_fn((700, 500), |(row, column)| (row * 1000 + column) as f64);
    file.new_dataset_builder().with_data(&data).chunk((500, 300)).create("data").unwrap();
    file.close().unwrap();
    let storage = Arc::new(Counting { storage: memory, read: AtomicUsize::new(0) });
    let dataset = File::options().open_storage(storage.clone()).unwrap().dataset("data").unwrap();
    let check = |slice: SliceInfo<[SliceInfoElem; 2], Ix2, Ix2>, most: usize| {
        let before = storage.read.load(Ordering::Relaxed);
        let found: Array2<f64> = dataset.read_slice(slice).unwrap();
        assert_eq!(found, data.slice(slice), "{slice:?}");
        let read = storage.read.load(Ordering::Relaxed) - before;
        assert!(read <= most, "{read} bytes were read for {slice:?}");
        let integers: Array2<i32> = dataset.read_slice(slice).unwrap();
        assert_eq!(integers.mapv(f64::from), data.slice(slice), "{slice:?}");
    };
    check(s![3..4, 7..8], 30_000);
    check(s![499..501, 299..301], 30_000);
    check(s![650..700, ..], 300_000);
    check(s![..;2, 10..290;7], 3_000_000);
    check(s![.., ..], 5_000_000);
    check(s![.., 299..301], 5_000_000);
}

/// Of so many rows of chunks, each thread reads several at a time.
#[test]
fn very_many_rows_of_chunks_are_read() {
    let file = File::options().create_storage(Arc::new(MemoryStorage::default())).unwrap();
    let data = Array2::from_shape_fn((10_001, 3), |(row, column)| i64::try_from(row * 3 + column).unwrap());
    let dataset = file.new_dataset_builder().with_data(&data).chunk((1, 2)).create("data").unwrap();
    let check = |slice: SliceInfo<[SliceInfoElem; 2], Ix2, Ix2>| {
        let found: Array2<i64> = dataset.read_slice(slice).unwrap();
        assert_eq!(found, data.slice(slice), "{slice:?}");
    };
    check(s![.., ..]);
    check(s![5..9999, 1..]);
    check(s![3..;7, ..;2]);
}
