//! Opens arbitrary bytes and asks for everything that the API can tell of them. Nothing may panic, hang or take more
//! memory than the limits allow; what comes out is nobody's business here.
#![no_main]

use std::collections::HashSet;
use std::hint::black_box;

use h5::types::VarLenAscii;
use h5::types::stored::{Class, Reference};
use h5::{
    Axis, Container, Dataset, File, Group, H5Type, Hyperslab, Limits, Link, Location, Object, ReferenceTarget,
};
use libfuzzer_sys::fuzz_target;
use ndarray::IxDyn;

/// A file of a few bytes can name the same objects over and over; after this many the rest is the same again.
const OBJECTS: usize = 200;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { memory: 1 << 20, metadata: 1 << 20, items: 1 << 12, depth: 16 };
    let options = File::options().limits(limits).chunk_cache(1 << 18);
    if let Ok(file) = options.open_bytes(bytes.to_vec()) {
        walk(&file);
    }
});

fn walk(file: &File) {
    black_box((file.size(), file.userblock(), file.is_read_only()));
    let mut seen = HashSet::from([file.address()]);
    let mut pending = vec![file.as_group().clone()];
    while let Some(group) = pending.pop() {
        attributes(&group);
        black_box(group.links_by_creation_order().is_ok());
        for link in group.links().unwrap_or_default().into_iter().flatten() {
            let object = open(&group, &link);
            match object {
                Some(object) if seen.len() < OBJECTS && seen.insert(object.location().address()) => {
                    pending.extend(visit(object));
                }
                _ => {}
            }
        }
    }
}

/// Opens what a link leads to, both ways that there are.
fn open(group: &Group, link: &Link) -> Option<Object> {
    black_box(group.exists(&link.name));
    group.open_link(link).ok()
}

fn visit(object: Object) -> Option<Group> {
    match object {
        Object::Group(group) => return Some(group),
        Object::Dataset(dataset) => {
            attributes(&dataset);
            storage(&dataset);
            parts(&dataset);
            whole(&dataset);
        }
        other => {
            attributes(other.location());
            black_box(other.location().committed().is_ok());
        }
    }
    None
}

fn attributes(object: &Location) {
    black_box((object.comment().is_ok(), object.link_count().is_ok(), object.attr_names().is_ok()));
    for attribute in object.attrs().unwrap_or_default().into_iter().flatten() {
        black_box(object.attr(&attribute.name()).is_ok());
        whole(&attribute);
    }
}

/// What a dataset says about how it is stored.
fn storage(dataset: &Dataset) {
    black_box((
        dataset.layout(),
        dataset.chunk(),
        dataset.filters(),
        dataset.offset(),
        dataset.is_resizable(),
    ));
    black_box((
        dataset.fill_info().is_ok(),
        dataset.external_files().is_ok(),
        dataset.virtual_sources().is_ok(),
    ));
    black_box(dataset.max_shape());
}

fn whole(elements: &Container) {
    values::<f64>(elements);
    values::<u64>(elements);
    values::<i8>(elements);
    values::<bool>(elements);
    values::<VarLenAscii>(elements);
    stored(elements);
}

fn values<T: H5Type>(elements: &Container) {
    black_box(elements.read_dyn::<T>().is_ok());
}

/// The stored bytes, and what they stand for.
fn stored(elements: &Container) {
    let Ok(datatype) = elements.dtype() else { return };
    black_box((datatype.to_string(), datatype.to_descriptor().is_ok()));
    let size = usize::try_from(datatype.size()).unwrap_or(usize::MAX).max(1);
    let Ok(bytes) = elements.read_bytes(..) else { return };
    for element in bytes.chunks_exact(size).take(20) {
        black_box(bytes.follow(element).is_ok());
        for kind in [Reference::Object, Reference::Region] {
            refers(elements, &bytes, kind, element);
        }
        if let Class::Reference(kind) = &datatype.stored().class {
            refers(elements, &bytes, kind.clone(), element);
        }
    }
}

/// Any bytes may be taken for a reference.
fn refers(elements: &Container, bytes: &h5::StoredElements, kind: Reference, element: &[u8]) {
    match bytes.reference(kind, element) {
        Ok(ReferenceTarget::Object(address)) => drop(black_box(elements.open_address(address).is_ok())),
        Ok(ReferenceTarget::Region { object, region }) => {
            black_box((elements.open_address(object).is_ok(), region.bounds(), region.count()));
        }
        other => drop(black_box(other.is_ok())),
    }
}

/// Parts of each shape: the first element, the last one, every other one, blocks, none.
fn parts(dataset: &Dataset) {
    let shape: Vec<u64> = dataset.shape().iter().map(|&size| size as u64).collect();
    let first = |_: u64| Axis::contiguous(0, 1);
    let last = |size: u64| Axis::contiguous(size.saturating_sub(1), 1);
    let every_other = |size: u64| Axis::strided(0, 2, size.div_ceil(2));
    let blocks = |size: u64| Axis { start: 1, stride: 3, count: size.saturating_sub(1) / 3, block: 2 };
    let none = |size: u64| Axis::contiguous(size, 0);
    let all = |size: u64| Axis::contiguous(0, size);
    part(dataset, shape.iter().map(|&size| first(size)).collect());
    part(dataset, shape.iter().map(|&size| last(size)).collect());
    part(dataset, shape.iter().map(|&size| every_other(size)).collect());
    part(dataset, shape.iter().map(|&size| blocks(size)).collect());
    part(dataset, shape.iter().map(|&size| none(size)).collect());
    // A line along each axis through the middle.
    for along in 0..shape.len() {
        let axis = |(axis, &size): (usize, &u64)| {
            if axis == along { all(size) } else { Axis::contiguous(size / 2, 1) }
        };
        part(dataset, shape.iter().enumerate().map(axis).collect());
    }
}

fn part(dataset: &Dataset, axes: Vec<Axis>) {
    let slab = Hyperslab::new(axes);
    black_box(dataset.read_slice::<f64, _, IxDyn>(slab.clone()).is_ok());
    black_box(dataset.read_slice::<VarLenAscii, _, IxDyn>(slab.clone()).is_ok());
    black_box(dataset.read_bytes(slab).is_ok());
}
