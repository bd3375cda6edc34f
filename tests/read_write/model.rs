//! Random datasets and selections, and the `ndarray` way to say what a selection means.

use h5::{Axis, Dataset, File, Hyperslab};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;

/// How a dataset is stored.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    Contiguous,
    Compact,
    Chunked { chunk: Vec<usize>, filters: &'static str, growing: bool },
}

/// A dataset to be made: its shape, how it is stored, what it has that is not written.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) shape: Vec<usize>,
    pub(crate) storage: Storage,
    pub(crate) fill: Option<i32>,
}

/// Datasets of none to four axes; few enough elements that a test of hundreds of them takes seconds.
pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    let axis = |rank: usize| 1..=[1, 60_usize, 20, 9, 6][rank];
    let shape = (0_usize..=4).prop_flat_map(move |rank| prop::collection::vec(axis(rank), rank));
    shape
        .prop_flat_map(|shape| (Just(shape.clone()), storages(&shape), any::<Option<i32>>()))
        .prop_map(|(shape, storage, fill)| Plan { shape, storage, fill })
}

fn storages(shape: &[usize]) -> BoxedStrategy<Storage> {
    let whole = prop_oneof![Just(Storage::Contiguous), Just(Storage::Compact)];
    if shape.is_empty() {
        return whole.boxed();
    }
    let chunk: Vec<_> = shape.iter().map(|&size| 1..=size).collect();
    let filters = prop::sample::select(vec!["", "s", "d", "f", "sd", "sdf", "fd"]);
    let chunked = (chunk, filters, any::<bool>());
    let chunked = chunked.prop_map(|(chunk, filters, growing)| Storage::Chunked { chunk, filters, growing });
    prop_oneof![whole, chunked].boxed()
}

impl Plan {
    /// Creates the dataset, without writing to it.
    pub(crate) fn create(&self, file: &File, name: &str) -> Dataset {
        let extents = match self.storage {
            Storage::Chunked { growing: true, .. } => {
                self.shape.iter().map(|&size| h5::Extent::resizable(size)).collect::<Vec<_>>()
            }
            _ => self.shape.iter().map(|&size| h5::Extent::fixed(size)).collect(),
        };
        let mut builder = file.new_dataset::<i32>().shape(extents);
        if let Some(fill) = self.fill {
            builder = builder.fill_value(fill);
        }
        match &self.storage {
            Storage::Contiguous => {}
            Storage::Compact => builder = builder.compact(),
            Storage::Chunked { chunk, filters, .. } => {
                builder = builder.chunk(chunk);
                for filter in filters.chars() {
                    builder = match filter {
                        's' => builder.shuffle(),
                        'd' => builder.deflate(1),
                        _ => builder.fletcher32(),
                    };
                }
            }
        }
        builder.create(name).unwrap()
    }

    /// What the dataset has before anything is written.
    pub(crate) fn blank(&self) -> ArrayD<i32> {
        ArrayD::from_elem(IxDyn(&self.shape), self.fill.unwrap_or(0))
    }
}

/// Blocks along each axis of a shape: where they begin, how far apart, how many, how long.
pub(crate) fn hyperslabs(shape: &[usize]) -> impl Strategy<Value = Hyperslab> + use<> {
    let axes: Vec<_> = shape.iter().map(|&size| axis(size as u64)).collect();
    axes.prop_map(Hyperslab::new)
}

fn axis(size: u64) -> impl Strategy<Value = Axis> {
    let parts = (0..size, 1..=4_u64, 0..4_u64, any::<prop::sample::Index>());
    parts.prop_map(move |(start, block, gap, count)| {
        let block = block.min(size - start);
        let stride = block + gap;
        let most = (size - start - block) / stride + 1;
        // None is a selection too, and the last index of the axis one that is easily missed.
        Axis { start, stride, count: count.index(usize::try_from(most).unwrap() + 1) as u64, block }
    })
}

/// The indices along each axis that a hyperslab selects, from its definition.
fn indices(slab: &Hyperslab) -> Vec<Vec<usize>> {
    let axis = |axis: &Axis| {
        let blocks =
            (0..axis.count).flat_map(|n| (0..axis.block).map(move |i| axis.start + n * axis.stride + i));
        blocks.map(|index| usize::try_from(index).unwrap()).collect()
    };
    slab.axes().iter().map(axis).collect()
}

/// What is selected of an array.
pub(crate) fn picked(array: &ArrayD<i32>, slab: &Hyperslab) -> ArrayD<i32> {
    let mut result = array.clone();
    for (axis, indices) in indices(slab).iter().enumerate() {
        result = result.select(ndarray::Axis(axis), indices);
    }
    result
}

/// Puts values where the selection is.
pub(crate) fn put(array: &mut ArrayD<i32>, slab: &Hyperslab, values: &ArrayD<i32>) {
    let indices = indices(slab);
    for (place, value) in values.indexed_iter() {
        let target: Vec<usize> = indices.iter().enumerate().map(|(axis, of)| of[place[axis]]).collect();
        array[IxDyn(&target)] = *value;
    }
}

/// Numbers that differ from each other and from run to run of a test.
pub(crate) fn numbered(shape: &[usize], first: i32) -> ArrayD<i32> {
    let mut next = first;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        next = next.wrapping_mul(31).wrapping_add(7);
        next
    })
}
