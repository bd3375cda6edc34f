//! Links of all kinds, moved and taken away, and what becomes of the objects that they led to.

use std::sync::Arc;

use h5::storage::MemoryStorage;
use h5::{File, FormatBounds, LinkKind};
use ndarray::{Array1, Array2};

fn file(bounds: FormatBounds) -> (Arc<MemoryStorage>, File) {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().bounds(bounds).create_storage(storage.clone()).unwrap();
    (storage, file)
}

const ALL: [FormatBounds; 6] = [
    FormatBounds::Earliest,
    FormatBounds::V18,
    FormatBounds::V110,
    FormatBounds::V112,
    FormatBounds::V114,
    FormatBounds::V200,
];

#[test]
fn an_object_lives_as_long_as_a_link_leads_to_it() {
    for bounds in ALL {
        let (_, file) = file(bounds);
        let group = file.create_group("group").unwrap();
        group.new_dataset_builder().with_data(&[1, 2, 3]).create("data").unwrap();
        file.link_hard("group/data", "same").unwrap();
        assert_eq!(file.dataset("same").unwrap().link_count().unwrap(), 2);
        file.unlink("group/data").unwrap();
        assert!(!file.exists("group/data"));
        let data = file.dataset("same").unwrap();
        assert_eq!((data.link_count().unwrap(), data.read_raw::<i32>().unwrap()), (1, vec![1, 2, 3]));
        file.unlink("same").unwrap();
        assert!(file.unlink("same").unwrap_err().is_not_found());
        assert_eq!(file.member_names().unwrap(), ["group"]);
    }
}

#[test]
fn links_move_between_groups_and_keep_what_they_lead_to() {
    for bounds in ALL {
        let (_, file) = file(bounds);
        file.create_group("a").unwrap().create_group("below").unwrap();
        file.create_group("b").unwrap();
        file.link_soft("/a/below", "soft").unwrap();
        file.relink("a/below", "b/moved").unwrap();
        file.relink("soft", "b/soft").unwrap();
        assert!(file.group("b/moved").unwrap().is_empty() && file.group("a").unwrap().is_empty());
        let error = file.relink("b/moved", "b/soft").unwrap_err().to_string();
        assert!(error.contains("exists already"), "{error}");
        assert!(file.exists("b/moved"), "a move that fails leaves the link");
        let links = file.group("b").unwrap().links().unwrap();
        let soft = links.iter().flatten().find(|link| link.name == "soft").unwrap();
        assert_eq!(soft.kind, LinkKind::Soft(b"/a/below".to_vec()));
    }
}

#[test]
fn external_links_name_a_file_and_a_path() {
    let (_, file) = file(FormatBounds::V18);
    file.link_external("other.h5", "/data", "external").unwrap();
    let expected = LinkKind::External { file: b"other.h5".to_vec(), path: b"/data".to_vec() };
    assert_eq!(file.links().unwrap()[0].as_ref().unwrap().kind, expected);
    assert!(file.link_external("", "/data", "none").is_err());
    file.unlink("external").unwrap();
    assert!(file.is_empty());
}

/// Datasets of every layout and index, with attributes and a group tree around them, come and go.
#[test]
fn the_space_of_what_is_deleted_is_used_again() {
    for bounds in ALL {
        let (storage, file) = file(bounds);
        let mut sizes = Vec::new();
        for _ in 0..4 {
            let group = file.create_group("group").unwrap();
            fill(&group);
            file.commit_and_size(&storage, &mut sizes);
            file.unlink("group").unwrap();
            file.commit_and_size(&storage, &mut sizes);
        }
        assert!(sizes[7] <= sizes[1] + 64, "{bounds:?}: {sizes:?}");
        assert!(sizes[1] < 4096, "{bounds:?}: {sizes:?}");
    }
}

trait Sized {
    fn commit_and_size(&self, storage: &MemoryStorage, sizes: &mut Vec<usize>);
}

impl Sized for File {
    fn commit_and_size(&self, storage: &MemoryStorage, sizes: &mut Vec<usize>) {
        self.commit().unwrap();
        sizes.push(storage.to_vec().len());
    }
}

fn fill(group: &h5::Group) {
    let data = Array2::from_shape_fn((40, 30), |(i, j)| (i * j) as f64);
    let new = || group.new_dataset_builder().with_data(&data);
    new().create("contiguous").unwrap();
    new().chunk((10, 10)).create("chunked").unwrap();
    new().chunk((7, 30)).deflate(2).create("filtered").unwrap();
    new().chunk((40, 30)).deflate(2).create("single").unwrap();
    for (name, maximum) in [("one", h5::Extents::from((40.., 30))), ("two", h5::Extents::from((40.., 30..)))]
    {
        let dataset = group.new_dataset::<f64>().shape(maximum).chunk((9, 9)).create(name).unwrap();
        dataset.write(&data).unwrap();
    }
    group.new_dataset_builder().with_data(&[1, 2]).compact().create("compact").unwrap();
    let contiguous = group.dataset("contiguous").unwrap();
    for index in 0..20 {
        let values = Array1::from_elem(10, index);
        contiguous.new_attr_builder().with_data(&values).create(format!("a{index}").as_str()).unwrap();
        group.create_group(&format!("g{index}")).unwrap().create_group("below").unwrap();
    }
}

/// What cannot be understood cannot be deleted: nobody knows what else it takes. But a link to it can go while others
/// keep it.
#[test]
fn what_cannot_be_understood_loses_links_but_not_the_last() {
    let storage = Arc::new(MemoryStorage::default());
    // Headers of the first version have no checksum.
    let file = File::options().bounds(FormatBounds::Earliest).create_storage(storage.clone()).unwrap();
    file.new_dataset_builder().with_data(&[1, 2, 3]).create("data").unwrap();
    file.link_hard("data", "again").unwrap();
    file.close().unwrap();
    let mut bytes = storage.to_vec();
    // A contiguous layout of version 3 in a message of 24 bytes.
    let layout = [8, 0, 24, 0, 0, 0, 0, 0, 3, 1];
    let place = bytes.windows(10).position(|window| window == layout).unwrap();
    bytes[place + 8] = 99;
    let storage = Arc::new(MemoryStorage::new(bytes));
    let file = File::options().open_storage_rw(storage.clone()).unwrap();
    assert!(file.dataset("data").is_err());
    file.relink("data", "moved").unwrap();
    file.unlink("again").unwrap();
    let error = file.unlink("moved").unwrap_err().to_string();
    assert!(error.contains("version 99") && error.contains("layout"), "{error}");
    assert_eq!(file.member_names().unwrap(), ["moved"]);
    file.close().unwrap();
    let file = File::from_bytes(storage.to_vec()).unwrap();
    assert_eq!(file.member_names().unwrap(), ["moved"]);
}

/// What was made of a file in whose groups links were damaged, which `fixtures/damaged.py` made.
fn damaged() -> (Arc<MemoryStorage>, File) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/damaged/links.h5");
    let storage = Arc::new(MemoryStorage::new(std::fs::read(path).unwrap()));
    let file = File::options().open_storage_rw(storage.clone()).unwrap();
    (storage, file)
}

/// The names of the links that can be read, and how many cannot.
fn listed(file: &File, group: &str) -> (Vec<String>, usize) {
    let (readable, broken): (Vec<_>, Vec<_>) =
        file.group(group).unwrap().links().unwrap().into_iter().partition(Result::is_ok);
    (readable.into_iter().flatten().map(|link| link.name).collect(), broken.len())
}

#[test]
fn a_link_that_cannot_be_read_is_an_error_of_its_own() {
    let (_, file) = damaged();
    for (group, count) in [("old", 2), ("compact", 2), ("dense", 11)] {
        let (names, broken) = listed(&file, group);
        assert_eq!((names.len(), broken), (count, 1), "{group}: {names:?}");
        assert!(names.is_sorted() && names.contains(&"other".to_owned()), "{group}: {names:?}");
        let group = file.group(group).unwrap();
        assert_eq!(group.len(), count as u64 + 1);
        let error = group.links().unwrap().pop().unwrap().unwrap_err();
        assert_eq!(error.object(), Some(&*group.name()));
        assert!(group.link_exists("before") && group.link_exists("other"));
        if let Some(links) = group.links_by_creation_order().unwrap() {
            let orders: Vec<_> = links.iter().flatten().map(|link| link.creation_order.unwrap()).collect();
            assert!(orders.is_sorted() && orders.len() == count && links.last().unwrap().is_err());
        }
    }
}

#[test]
fn a_link_that_cannot_be_read_stays_whatever_is_changed() {
    let (storage, file) = damaged();
    for (name, left) in [("old", 1), ("compact", 0), ("dense", 5)] {
        let group = file.group(name).unwrap();
        assert!(file.unlink(name).is_err(), "{name} would go with what is not known of it");
        // The new name may be that of the broken link.
        let inserted = group.link_soft("/target", "a new one");
        assert_eq!(inserted.is_ok(), name == "dense", "{name}: {inserted:?}");
        // A name behind the broken one of a node is not looked for, and from a heap with few links all would have to
        // move into the header.
        let names = listed(&file, name).0;
        let removed = names.iter().filter(|readable| group.unlink(readable).is_ok()).count();
        assert_eq!((names.len() - removed, listed(&file, name).1), (left, 1), "{name}");
    }
    file.close().unwrap();
    let again = File::from_bytes(storage.to_vec()).unwrap();
    for name in ["old", "compact", "dense"] {
        assert_eq!(listed(&again, name).1, 1, "{name}");
    }
}
