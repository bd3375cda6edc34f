//! Elements of every class, written in their stored form and compared by h5py.

use std::ffi::OsStr;

use h5::types::Datatype;
use h5::types::stored::{Class, Reference};
use h5::{Container, File, FormatBounds, ReferenceTarget, StoredElements};

use super::support::{Folder, h5dump, python};

/// Writes what one dataset or attribute holds to another one of the same type.
fn copy(from: &Container, to: &Container, files: (&File, &File)) {
    let elements = from.read_bytes(..).unwrap();
    let size = from.dtype().unwrap().size() as usize;
    let mut bytes = elements.to_vec();
    for element in bytes.chunks_exact_mut(size) {
        match from.dtype().unwrap().stored().class {
            Class::Sequence(_) | Class::VariableString { .. } => {
                let (count, stored) = elements.follow(element).unwrap();
                element.copy_from_slice(&to.store_sequence(count, &stored).unwrap());
            }
            Class::Reference(Reference::Object) => {
                element.copy_from_slice(&referring(&elements, element, files).to_le_bytes());
            }
            _ => {}
        }
    }
    to.write_bytes(&bytes, ..).unwrap();
}

/// The address of the object of the same name in the other file.
fn referring(elements: &StoredElements, element: &[u8], (from, to): (&File, &File)) -> u64 {
    let ReferenceTarget::Object(address) = elements.reference(Reference::Object, element).unwrap() else {
        return 0;
    };
    let f8 = from.dataset("f8").unwrap().address();
    if address == f8 { to.dataset("f8").unwrap().address() } else { to.address() }
}

#[test]
fn elements_of_every_class_are_written() {
    let folder = Folder::new("types");
    for (libver, bounds) in
        [("earliest", FormatBounds::Earliest), ("v108", FormatBounds::V18), ("v110", FormatBounds::V110)]
    {
        let (theirs, ours) =
            (folder.file(&format!("{libver}.h5")), folder.file(&format!("{libver}-ours.h5")));
        python("tests/interop/element_types.py", ["make".as_ref(), theirs.as_os_str(), OsStr::new(libver)]);
        let from = File::open(&theirs).unwrap();
        let to = File::options().bounds(bounds).create(&ours).unwrap();
        for dataset in from.datasets().unwrap() {
            let name = dataset.name();
            let datatype: Datatype = dataset.dtype().unwrap();
            let new = to.new_dataset_builder().empty_like(&datatype).shape(dataset.shape());
            copy(&dataset, &new.create(name.as_str()).unwrap(), (&from, &to));
        }
        for attribute in from.attrs().unwrap() {
            let attribute = attribute.unwrap();
            let new = to.new_attr_builder().empty_like(&attribute.dtype().unwrap()).shape(attribute.shape());
            copy(&attribute, &new.create(&attribute.name()).unwrap(), (&from, &to));
        }
        to.close().unwrap();
        let printed =
            python("tests/interop/element_types.py", ["same".as_ref(), theirs.as_os_str(), ours.as_os_str()]);
        assert_eq!(printed.trim(), "32", "{libver}");
        h5dump([&ours]);
    }
}

#[test]
fn bytes_have_to_fit_the_selection() {
    let folder = Folder::new("types");
    let file = File::create(folder.file("file.h5")).unwrap();
    let data = file.new_dataset_builder().with_data(&[1_i32, 2]).create("data").unwrap();
    let error = data.write_bytes(&[0; 7], ..).unwrap_err().to_string();
    assert!(error.contains("7 bytes for elements of 4 in a selection of [2]"), "{error}");
    data.write_bytes(&[5, 0, 0, 0], 1..).unwrap();
    assert_eq!(data.read_raw::<i32>().unwrap(), [1, 5]);
}

#[test]
fn what_cannot_be_an_element_is_refused() {
    let folder = Folder::new("types");
    let file = File::create(folder.file("file.h5")).unwrap();
    let texts = ["one".to_owned()];
    let data = file.new_dataset_builder().with_data(&texts).create("texts").unwrap();
    assert!(data.store_sequence(2, b"").unwrap_err().to_string().contains("0 bytes for a sequence of 2"));
    assert!(data.store_sequence(0, b"x").unwrap_err().to_string().contains("1 bytes for a sequence of 0"));
}

/// Addresses of four bytes make shorter elements of the same class.
#[test]
fn types_are_fitted_to_the_addresses_of_their_file() {
    let folder = Folder::new("types");
    let file = File::create(folder.file("file.h5")).unwrap();
    let narrow = File::open(super::support::project("fixtures/other_files/texts_4.h5")).unwrap();
    let theirs = narrow.datasets().unwrap();
    let theirs = theirs.iter().find(|dataset| dataset.dtype().unwrap().is_string()).unwrap();
    let new = file.new_dataset_of(&theirs.dtype().unwrap()).create("wide").unwrap();
    assert_eq!((theirs.dtype().unwrap().size(), new.dtype().unwrap().size()), (12, 16));
    new.write_scalar(&"text".to_owned()).unwrap();
    assert_eq!(new.read_scalar::<String>().unwrap(), "text");
    let error = new.write_bytes(&[0; 12], ..).unwrap_err().to_string();
    assert!(error.contains("12 bytes for elements of 16"), "{error}");
}
