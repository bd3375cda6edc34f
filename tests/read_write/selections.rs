//! Random selections of random datasets.

use std::sync::Arc;

use h5::storage::MemoryStorage;
use h5::{Dataset, File, FormatBounds, Hyperslab, SliceOrIndex};
use ndarray::{ArrayD, IxDyn, SliceInfo, SliceInfoElem};
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
        file.flush().unwrap();
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
        file.flush().unwrap();
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
