//! Random points and masks of random datasets, and one value for all of a selection.

use std::sync::Arc;

use h5::storage::MemoryStorage;
use h5::{File, Hyperslab, Selection};
use ndarray::{Array, Array1, Array2, ArrayD, IxDyn};
use proptest::prelude::*;

use super::model::{Plan, hyperslabs, numbered, plans, put};

/// What is written to a dataset.
#[derive(Clone, Debug)]
enum Wanted {
    /// Places of elements in the order of a C array.
    Points(Vec<usize>),
    Mask(ArrayD<bool>),
    Blocks(Hyperslab),
}

fn wanted(shape: &[usize]) -> impl Strategy<Value = Wanted> + use<> {
    let count = shape.iter().product::<usize>();
    let places = prop::collection::vec(0..count, 0..40);
    // A scalar has no indices, and so no points.
    let places = if shape.is_empty() { Just(Vec::new()).boxed() } else { places.boxed() };
    let dim = IxDyn(shape);
    let mask = (1..=9_u32)
        .prop_flat_map(move |of| prop::collection::vec(prop::bool::weighted(f64::from(of) / 9.5), count));
    let mask = mask.prop_map(move |chosen| ArrayD::from_shape_vec(dim.clone(), chosen).unwrap());
    prop_oneof![
        places.prop_map(Wanted::Points),
        mask.prop_map(Wanted::Mask),
        hyperslabs(shape).prop_map(Wanted::Blocks)
    ]
}

fn stories() -> impl Strategy<Value = (Plan, Vec<(Wanted, bool)>)> {
    plans().prop_flat_map(|plan| {
        let writes = prop::collection::vec((wanted(&plan.shape), any::<bool>()), 1..=4);
        (Just(plan), writes)
    })
}

impl Wanted {
    fn selection(&self, shape: &[usize]) -> Selection {
        match self {
            Wanted::Points(places) => {
                let index = |(row, axis): (usize, usize)| {
                    let step: usize = shape[axis + 1..].iter().product();
                    places[row] / step % shape[axis]
                };
                Array2::from_shape_fn((places.len(), shape.len()), index).into()
            }
            Wanted::Mask(mask) => mask.clone().into(),
            Wanted::Blocks(slab) => slab.clone().into(),
        }
    }

    /// The places of what is selected, in the order in which memory has them.
    fn places(&self, shape: &[usize]) -> Vec<usize> {
        match self {
            Wanted::Points(places) => places.clone(),
            Wanted::Mask(mask) => {
                mask.iter().enumerate().filter(|(_, chosen)| **chosen).map(|(place, _)| place).collect()
            }
            Wanted::Blocks(slab) => {
                let mut chosen = ArrayD::zeros(IxDyn(shape));
                let size: Vec<_> = slab.shape().iter().map(|&n| usize::try_from(n).unwrap()).collect();
                put(&mut chosen, slab, &ArrayD::from_elem(IxDyn(&size), 1));
                chosen
                    .iter()
                    .enumerate()
                    .filter(|(_, chosen)| **chosen == 1)
                    .map(|(place, _)| place)
                    .collect()
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_scattered_is_found_again((plan, writes) in stories()) {
        let storage = Arc::new(MemoryStorage::default());
        let file = File::options().create_storage(storage.clone()).unwrap();
        let dataset = plan.create(&file, "data");
        let mut model = plan.blank();
        for (number, (wanted, same)) in (0..).zip(&writes) {
            let (selection, places) = (wanted.selection(&plan.shape), wanted.places(&plan.shape));
            let flat = model.as_slice_mut().unwrap();
            if *same {
                dataset.fill_slice(&number, selection.clone()).unwrap();
                places.iter().for_each(|&place| flat[place] = number);
            } else if matches!(wanted, Wanted::Blocks(_)) {
                continue;
            } else {
                let values: Array1<i32> = numbered(&[places.len()], number).into_dimensionality().unwrap();
                dataset.write_slice(&values, selection.clone()).unwrap();
                places.iter().zip(&values).for_each(|(&place, &value)| flat[place] = value);
            }
            prop_assert_eq!(&dataset.read_dyn::<i32>().unwrap(), &model);
        }
        file.commit().unwrap();
        let again = File::from_bytes(storage.to_vec()).unwrap().dataset("data").unwrap();
        for (wanted, _) in &writes {
            let places = wanted.places(&plan.shape);
            let expected: Vec<i32> = places.iter().map(|&place| model.as_slice().unwrap()[place]).collect();
            for dataset in [&dataset, &again] {
                let read = dataset.read_slice::<i32, _, IxDyn>(wanted.selection(&plan.shape)).unwrap();
                prop_assert_eq!(read.into_raw_vec_and_offset().0, &expected[..]);
                let read = dataset.read_slice::<f64, _, IxDyn>(wanted.selection(&plan.shape)).unwrap();
                prop_assert_eq!(read.mapv(f64::from).into_raw_vec_and_offset().0, expected.iter().map(|&n| f64::from(n)).collect::<Vec<_>>());
            }
        }
        prop_assert_eq!(&again.read_dyn::<i32>().unwrap(), &model);
    }
}

#[test]
fn what_is_not_in_the_dataset_is_refused() {
    let file = File::options().create_storage(Arc::new(MemoryStorage::default())).unwrap();
    let dataset = file.new_dataset::<i32>().shape((3, 4)).create("data").unwrap();
    let refused = |selection: Selection| {
        let written = dataset.fill_slice(&1, selection.clone()).unwrap_err();
        let read = dataset.read_slice_1d::<i32, _>(selection).unwrap_err();
        assert_eq!(written.to_string(), read.to_string());
        written.to_string()
    };
    let text = refused(ndarray::array![[2, 3], [3, 0]].into());
    assert!(text.contains("the point [3, 0] is not in a dataspace of [3, 4]"), "{text}");
    let text = refused(ndarray::array![1, 2].into());
    assert!(text.contains("points of 1 axes in a dataspace of 2"), "{text}");
    let text = refused(Array::from_elem((4, 3), true).into());
    assert!(text.contains("a mask of shape [4, 3] for a dataspace of [3, 4]"), "{text}");
    let two = ndarray::array![[0, 0], [1, 1]];
    assert!(dataset.write_slice(&ndarray::array![1, 2, 3], two.clone()).is_err());
    dataset.write_slice(&ndarray::array![1, 2], two).unwrap();
    let attribute = dataset.new_attr::<i32>().shape(3).create("a").unwrap();
    assert!(attribute.fill_slice(&4, ndarray::array![1]).is_err());
    attribute.fill_slice(&4, ..).unwrap();
    assert_eq!(attribute.read_raw::<i32>().unwrap(), [4, 4, 4]);
}
