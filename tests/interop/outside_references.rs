//! References to objects, regions and attributes of another file.

use std::path::Path;

use h5::types::Datatype;
use h5::types::stored::Reference;
use h5::{Dataset, File, Object, ReferencePlace, ReferenceTarget, RegionSelection};
use ndarray::{Array2, s};

use super::support::{Folder, python};

/// What references are made to.
fn new_run(path: &Path) -> File {
    let run = File::create(path).unwrap();
    run.create_group("group").unwrap();
    let values = Array2::from_shape_fn((4, 5), |(row, column)| i32::try_from(row * 5 + column).unwrap());
    let data = run.new_dataset_builder().with_data(&values).create("data").unwrap();
    data.new_attr_builder().with_data("mm").create("units").unwrap();
    run.flush().unwrap();
    run
}

/// The element for each of them, for the place.
fn references(run: &File, place: &ReferencePlace) -> Vec<Vec<u8>> {
    let data = run.dataset("data").unwrap();
    vec![
        run.group("group").unwrap().reference(place.clone()).unwrap(),
        data.region_reference(place.clone(), s![1..3, ..3]).unwrap(),
        data.attr("units").unwrap().attribute_reference(place.clone()).unwrap(),
    ]
}

fn targets(references: &Dataset) -> Vec<ReferenceTarget> {
    let elements = references.read_bytes(..).unwrap();
    let size = references.dtype().unwrap().size() as usize;
    let target = |element| elements.reference(Reference::STANDARD, element).unwrap();
    elements.chunks_exact(size).map(target).collect()
}

/// What each reference is about, in its own file.
fn expected(run: &File) -> [ReferenceTarget; 3] {
    let object = run.dataset("data").unwrap().address();
    [
        ReferenceTarget::Object(run.group("group").unwrap().address()),
        ReferenceTarget::Region { object, region: RegionSelection::Blocks(vec![(vec![1, 0], vec![2, 2])]) },
        ReferenceTarget::Attribute { object, name: b"units".to_vec() },
    ]
}

fn outside(target: ReferenceTarget) -> ReferenceTarget {
    ReferenceTarget::External { file: b"run.h5".to_vec(), target: Box::new(target) }
}

/// What is in the heap for each: whose object, in which file, what of it.
fn blocks(run: &File) -> Vec<Vec<u8>> {
    let block = |object: u64, part: &[u8]| [&[8][..], &object.to_le_bytes(), b"\x06\0run.h5", part].concat();
    let (group, data) = (run.group("group").unwrap().address(), run.dataset("data").unwrap().address());
    // 40 bytes for two axes: a hyperslab in version 1, of 24 bytes from here on: of two axes, one block, its corners.
    let slab = [40, 2, 2, 1, 0, 24, 2, 1, 1, 0, 2, 2].map(u32::to_le_bytes).concat();
    vec![block(group, b""), block(data, &slab), block(data, b"\x05\0units")]
}

#[test]
fn references_to_another_file_are_those_of_libhdf5() {
    let folder = Folder::new("outside");
    let run = new_run(&folder.file("run.h5"));
    let ours = File::create(folder.file("ours.h5")).unwrap();
    let elements = references(&run, &ReferencePlace::in_file(&ours, "run.h5")).concat();
    let kind = Datatype::standard_reference().unwrap();
    let dataset = ours.new_dataset_of(&kind).shape(3).create("references").unwrap();
    dataset.write_bytes(&elements, ..).unwrap();
    ours.new_attr_of(&kind).shape(3).create("references").unwrap().write_bytes(&elements, ..).unwrap();
    assert_eq!(targets(&dataset), expected(&run).map(outside));
    for target in targets(&dataset) {
        let Object::Dataset(found) = dataset.open_target(&target).unwrap() else { continue };
        assert_eq!(found.read_raw::<i32>().unwrap()[7], 7);
    }
    ours.close().unwrap();
    // libhdf5 opens it for writing.
    run.close().unwrap();
    let run = File::open(folder.file("run.h5")).unwrap();

    let path = folder.path().to_str().unwrap();
    python("tests/interop/outside_references.py", ["read", path]);
    python("tests/interop/outside_references.py", ["write", path]);
    let theirs = File::open(folder.file("theirs.h5")).unwrap();
    assert_eq!(targets(&theirs.dataset("references").unwrap()), expected(&run).map(outside));
    for name in ["ours.h5", "theirs.h5"] {
        let bytes = std::fs::read(folder.file(name)).unwrap();
        for block in blocks(&run) {
            assert!(bytes.windows(block.len()).any(|window| window == block), "{block:x?} in {name}");
        }
    }
}

#[test]
fn a_place_in_the_same_file_is_no_other_file() {
    let folder = Folder::new("outside-own");
    let run = new_run(&folder.file("run.h5"));
    let elements = references(&run, &ReferencePlace::in_file(&run.group("group").unwrap(), "run.h5"));
    assert_eq!(elements[0], references(&run, &Reference::STANDARD.into())[0]);
    let dataset =
        run.new_dataset_of(&Datatype::standard_reference().unwrap()).shape(3).create("own").unwrap();
    dataset.write_bytes(&elements.concat(), ..).unwrap();
    assert_eq!(targets(&dataset), expected(&run));
}

#[test]
fn what_cannot_refer_to_another_file_is_refused() {
    let folder = Folder::new("outside-refused");
    let run = new_run(&folder.file("run.h5"));
    let (data, group) = (run.dataset("data").unwrap(), run.group("group").unwrap());
    let other = File::create(folder.file("other.h5")).unwrap();
    for name in ["", "a\0b"] {
        let error = group.reference(ReferencePlace::in_file(&other, name)).unwrap_err().to_string();
        assert!(error.contains("needs its name, without NUL"), "{error}");
    }
    let long = "x".repeat(1 << 16);
    let error = group.reference(ReferencePlace::in_file(&other, &long)).unwrap_err().to_string();
    assert!(error.contains("length of a file name"), "{error}");
    other.close().unwrap();
    let reader = File::open(folder.file("other.h5")).unwrap();
    let error = data.region_reference(ReferencePlace::in_file(&reader, "run.h5"), ..).unwrap_err();
    assert!(error.to_string().contains("open for reading only"), "{error}");
    for kind in [Reference::Object, Reference::Region] {
        let error = data.attr("units").unwrap().attribute_reference(kind).unwrap_err().to_string();
        assert!(error.contains("only standard references"), "{error}");
    }
}
