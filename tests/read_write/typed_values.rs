//! Values of structured types and of strings: what would not be read back is refused, and nothing is taken for another.

use std::sync::Arc;

use h5::storage::MemoryStorage;
use h5::types::stored::{Charset, Class, Order, Padding, Reference};
use h5::types::{Complex, Datatype, Opaque};
use h5::{File, FileOptions, H5Type, ReferenceTarget, Sizes};

fn new_file(options: &FileOptions) -> File {
    options.create_storage(Arc::new(MemoryStorage::default())).unwrap()
}

#[test]
fn a_string_is_not_cut_off_at_a_nul() {
    let file = new_file(&File::options());
    let kinds = [
        ("any length", Datatype::variable_string(Charset::Utf8)),
        ("terminated", Datatype::fixed_string(9, Padding::NullTerminated, Charset::Utf8).unwrap()),
        ("padded", Datatype::fixed_string(9, Padding::NullPadded, Charset::Utf8).unwrap()),
        ("spaces", Datatype::fixed_string(9, Padding::SpacePadded, Charset::Utf8).unwrap()),
    ];
    for (name, datatype) in kinds {
        let dataset = file.new_dataset_of(&datatype).shape(2).create(name).unwrap();
        for (text, inside) in [("ab\0cd", true), ("ab\0", false), ("\0", false)] {
            let written = dataset.write(&[text.to_owned(), String::new()]);
            // Behind what is padded with NULs, one more makes no difference; it does between spaces.
            match name {
                "spaces" => written.unwrap(),
                "padded" if inside => written.unwrap(),
                _ => {
                    let error = written.unwrap_err().to_string();
                    assert!(error.contains("a string cannot hold a NUL"), "{name}: {error}");
                    continue;
                }
            }
            assert_eq!(dataset.read_raw::<String>().unwrap(), [text, ""], "{name}");
        }
        dataset
            .write(&["größer".to_owned(), "x".to_owned()])
            .unwrap_or_else(|e| assert_eq!(name, "?", "{e}"));
    }
    let text = "a\0b".to_owned();
    assert!(file.new_attr_builder().with_data(&[text]).create("text").is_err());
}

h5::compound! {
    #[derive(Clone, Debug, PartialEq)]
    struct Keywords {
        r#type: u8,
        r#match: i16 = "r#own",
    }
}

h5::enumeration! {
    #[derive(Clone, Debug, PartialEq)]
    #[allow(non_camel_case_types, reason = "these are the names that need it")]
    enum Keyword: u8 {
        r#fn = 1,
        plain = 2,
    }
}

#[test]
fn keywords_are_stored_as_they_are_spelled_elsewhere() {
    let names = |datatype: Datatype| -> Vec<Vec<u8>> {
        match datatype.stored().class.clone() {
            Class::Compound(members) => members.into_iter().map(|member| member.name).collect(),
            Class::Enumeration { members, .. } => members.into_iter().map(|(name, _)| name).collect(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(names(Datatype::of::<Keywords>().unwrap()), [&b"type"[..], b"r#own"]);
    assert_eq!(names(Datatype::of::<Keyword>().unwrap()), [&b"fn"[..], b"plain"]);
    let file = new_file(&File::options());
    let values = [Keywords { r#type: 1, r#match: -2 }];
    let dataset = file.new_dataset_builder().with_data(&values).create("values").unwrap();
    assert_eq!(dataset.read_raw::<Keywords>().unwrap(), values);
    let dataset =
        file.new_dataset_builder().with_data(&[Keyword::r#fn, Keyword::plain]).create("enum").unwrap();
    assert_eq!(dataset.read_raw::<Keyword>().unwrap(), [Keyword::r#fn, Keyword::plain]);
}

#[test]
fn only_what_is_called_true_or_false_is_a_boolean() {
    let file = new_file(&File::options());
    let byte = Datatype::integer(1, false, Order::Little).unwrap();
    let short = Datatype::integer(2, true, Order::Big).unwrap();
    let read = |name: &str, datatype: &Datatype, bytes: &[u8]| {
        let dataset = file.new_dataset_of(datatype).shape(2).create(name).unwrap();
        dataset.write_bytes(bytes, ..).unwrap();
        dataset.read_raw::<bool>()
    };
    let lower = Datatype::enumeration(&short, [("true", 1), ("false", 0)]).unwrap();
    assert_eq!(read("lower", &lower, &[0, 1, 0, 0]).unwrap(), [true, false]);
    let bits = Datatype::bit_field(1, Order::Little).unwrap();
    assert_eq!(read("bits", &bits, &[0, 1]).unwrap(), [false, true]);
    for (name, members) in [
        ("colors", &[("red", 0), ("green", 1), ("blue", 2)][..]),
        ("switch", &[("off", 0), ("on", 1)]),
        ("reversed", &[("FALSE", 1), ("TRUE", 0)]),
        ("nonzero", &[("FALSE", 1), ("TRUE", 2)]),
    ] {
        let datatype = Datatype::enumeration(&byte, members.iter().copied()).unwrap();
        let error = read(name, &datatype, &[1, 0]).unwrap_err().to_string();
        assert!(error.contains("no conversion from enumeration") && error.contains("to bool"), "{error}");
    }
}

/// As libhdf5 has it, whose files with such addresses keep sequences as they are in memory.
#[test]
fn references_in_sequences_are_long_in_every_file() {
    let file = new_file(&File::options().sizes(Sizes { offset: 4, length: 8 }));
    let object = |name: &str| ReferenceTarget::Object(file.create_group(name).unwrap().address());
    let values = [vec![object("a"), ReferenceTarget::Null, object("b")], vec![]];
    let dataset = file.new_dataset_builder().with_data(&values).create("sequences").unwrap();
    assert_eq!(dataset.read_raw::<Vec<ReferenceTarget>>().unwrap(), values);
    let Class::Sequence(base) = dataset.dtype().unwrap().stored().class.clone() else { panic!() };
    assert_eq!((base.size, dataset.dtype().unwrap().size()), (8, 12));
    let plain = file.new_dataset_builder().with_data(&values[0]).create("plain").unwrap();
    assert_eq!(plain.dtype().unwrap().size(), 4);
    assert_eq!(plain.read_raw::<ReferenceTarget>().unwrap(), values[0]);
    let of_datatype = Datatype::sequence(&Datatype::object_reference().unwrap()).unwrap();
    let dataset = file.new_dataset_of(&of_datatype).shape(2).create("of a datatype").unwrap();
    dataset.write(&values).unwrap();
    assert_eq!(dataset.read_raw::<Vec<ReferenceTarget>>().unwrap(), values);
    let standard = Datatype::sequence(&Datatype::standard_reference().unwrap()).unwrap();
    let dataset = file.new_dataset_of(&standard).shape(2).create("standard").unwrap();
    dataset.write(&values).unwrap();
    assert_eq!(dataset.read_raw::<Vec<ReferenceTarget>>().unwrap(), values);
    let element = dataset.reference(Reference::Object).unwrap();
    assert_eq!(element.len(), 4);
}

/// Reading goes from the stored type to the one of Rust, writing the other way.
#[test]
fn a_conversion_that_is_not_there_is_named_in_its_direction() {
    fn directions<T: H5Type + std::fmt::Debug>(file: &File, value: T, name: &str) {
        let dataset = file.dataset("numbers").unwrap();
        let error = dataset.read_raw::<T>().unwrap_err().to_string();
        assert!(error.contains(&format!("no conversion from f64 to {name}")), "{error}");
        let error = dataset.write(&[value.clone(), value]).unwrap_err().to_string();
        assert!(error.contains(&format!("no conversion from {name}")), "{error}");
        assert!(error.contains("to f64"), "{error}");
    }
    let file = new_file(&File::options());
    file.new_dataset_builder().with_data(&[0.5, 1.5]).create("numbers").unwrap();
    directions(&file, true, "bool");
    directions(&file, String::new(), "string");
    directions(&file, Keyword::plain, "enumeration");
    directions(&file, Keywords { r#type: 1, r#match: 2 }, "compound");
    directions(&file, vec![1_u8], "sequence");
    directions(&file, [1_u8; 2], "array of 2 elements");
    directions(&file, Opaque([1, 2]), "2 opaque bytes");
    directions(&file, ReferenceTarget::Null, "reference");
    directions(&file, Complex { re: 1.0, im: 2.0 }, "compound");
}

/// libhdf5 refuses such a string too.
#[test]
fn a_string_that_is_not_all_there_is_not_shortened() {
    let file = new_file(&File::options());
    let dataset = file.new_dataset::<String>().shape(1).create("text").unwrap();
    for (count, says) in [(4, None), (9, Some("a string of 9 bytes in 4 bytes"))] {
        dataset.write_bytes(&dataset.store_sequence(count, b"text").unwrap(), ..).unwrap();
        match says {
            None => assert_eq!(dataset.read_raw::<String>().unwrap(), ["text"]),
            Some(says) => {
                let error = dataset.read_raw::<String>().unwrap_err().to_string();
                assert!(error.contains(says), "{error}");
            }
        }
    }
}
