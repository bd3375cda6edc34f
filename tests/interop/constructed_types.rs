//! Types that are put together here: created with data, committed and shared, and what h5py and h5dump make of them.

use std::path::Path;

use h5::storage::MemoryStorage;
use h5::types::stored::{Charset, FloatingPoint, Order, Padding, Reference};
use h5::types::{Datatype, NewType};
use h5::{
    Container, Dataset, Extents, File, FormatBounds, ReferenceTarget, RegionSelection, Result, Selection,
};
use ndarray::{Array2, s};

use super::support::{Folder, h5dump, project, python};

const TEXTS: [&str; 2] = ["one", "größer"];

/// A type with its name in `constructed_types.py`.
type Named = (&'static str, Datatype);

fn numbers() -> Result<Vec<Named>> {
    let float = |size, exponent, mantissa, order| {
        Datatype::floating_point(size, FloatingPoint::packed(order, exponent, mantissa))
    };
    Ok(vec![
        ("i24", Datatype::integer(3, true, Order::Big)?),
        ("u128", Datatype::integer(16, false, Order::Little)?),
        ("narrow", Datatype::integer(4, true, Order::Little)?.with_bits(3, 17)?),
        ("f16", Datatype::float(2, Order::Big)?),
        ("f32", Datatype::of::<f32>()?),
        ("f64", Datatype::float(8, Order::Big)?),
        ("f128", Datatype::float(16, Order::Little)?),
        ("bfloat16", Datatype::bfloat16(Order::Big)?),
        ("f8e4m3", float(1, 4, 3, Order::Little)?),
        ("f6e2m3", float(1, 2, 3, Order::Little)?),
        ("bits", Datatype::bit_field(2, Order::Big)?),
        ("narrow bits", Datatype::bit_field(2, Order::Little)?.with_bits(2, 9)?),
        ("time", Datatype::time(4, Order::Little)?),
        ("pair", Datatype::h5py_complex(&Datatype::of::<f64>()?)?),
    ])
}

fn plain() -> Result<Vec<Named>> {
    let color = Datatype::integer(2, true, Order::Big)?;
    let inner = Datatype::compound().field("x", &Datatype::of::<f64>()?).field("y", &Datatype::of::<u8>()?);
    let shorts = Datatype::array(&Datatype::of::<u16>()?, &[2])?;
    let compound = Datatype::compound().field("a", &Datatype::of::<i16>()?).field_at("b", 3, &inner.build()?);
    let bytes = Datatype::array(&Datatype::of::<u8>()?, &[2])?;
    Ok(vec![
        ("opaque", Datatype::opaque(4, "a tag")?),
        ("null-padded", Datatype::fixed_string(7, Padding::NullPadded, Charset::Ascii)?),
        ("space-padded", Datatype::fixed_string(5, Padding::SpacePadded, Charset::Utf8)?),
        ("null-terminated", Datatype::fixed_string(9, Padding::NullTerminated, Charset::Utf8)?),
        ("compound", compound.field_at("c", 16, &shorts).size(24).build()?),
        ("enum", Datatype::enumeration(&color, [("red", -2), ("green", 0), ("blue", 300)])?),
        ("bool", Datatype::boolean()),
        ("array", Datatype::array(&Datatype::of::<u16>()?, &[2, 3])?),
        ("arrays", Datatype::array(&bytes, &[3])?),
    ])
}

fn following() -> Result<Vec<Named>> {
    let text = Datatype::variable_string(Charset::Utf8);
    let record =
        Datatype::compound().field("number", &Datatype::of::<u16>()?).field("text", &text).build()?;
    let bytes = Datatype::sequence(&Datatype::of::<u8>()?)?;
    Ok(vec![
        ("ascii", Datatype::variable_string(Charset::Ascii)),
        ("sequence", Datatype::sequence(&Datatype::of::<f32>()?)?),
        ("records", Datatype::sequence(&record)?),
        ("nested", Datatype::sequence(&bytes)?),
        ("text", text),
        ("object", Datatype::object_reference()?),
        ("region", Datatype::region_reference()?),
    ])
}

/// Two elements in their stored form.
fn elements(name: &str, of: &Container) -> Result<Vec<u8>> {
    let null = |len: usize| vec![0; len];
    let texts = |texts: [&str; 2]| -> Result<Vec<Vec<u8>>> {
        texts
            .iter()
            .map(|text| of.store_sequence(u32::try_from(text.len()).unwrap(), text.as_bytes()))
            .collect()
    };
    let one = |count: u32, bytes: &[u8]| -> Result<Vec<u8>> {
        Ok([of.store_sequence(count, bytes)?, null(16)].concat())
    };
    match name {
        "ascii" => Ok(texts(["one", "two"])?.concat()),
        "text" => Ok(texts(TEXTS)?.concat()),
        "sequence" => one(2, &[0.5_f32, -2.0].map(f32::to_le_bytes).concat()),
        "records" => {
            let records =
                (0_u16..).zip(texts(TEXTS)?).map(|(n, text)| [&n.to_le_bytes()[..], &text].concat());
            one(2, &records.collect::<Vec<_>>().concat())
        }
        "nested" => {
            let [first, last] = [of.store_sequence(3, &[1, 2, 3])?, of.store_sequence(1, &[4])?];
            one(3, &[first, null(16), last].concat())
        }
        "bool" => Ok(vec![0, 1]),
        "object" => Ok([target(of)?.reference(Reference::Object)?, null(8)].concat()),
        "region" => {
            let part = target(of)?.region_reference(Reference::Region, s![1..3, ..;2])?;
            Ok([part, null(12)].concat())
        }
        _ => Ok((1..).take(2 * of.dtype()?.size() as usize).collect()),
    }
}

/// What references are about.
fn target(in_file_of: &Container) -> Result<Dataset> {
    in_file_of.file().dataset("target")
}

fn new_target(file: &File) -> Dataset {
    let data = Array2::from_shape_vec((4, 5), (0..20).collect()).unwrap();
    file.new_dataset_builder().with_data(&data).create("target").unwrap()
}

/// A dataset of each type and an attribute, with types of their own and with committed ones.
fn create(path: &Path, bounds: FormatBounds, types: &[Named]) -> Result<()> {
    let file = File::options().bounds(bounds).create(path)?;
    new_target(&file);
    let [own, shared, committed] = ["own", "shared", "types"].map(|name| file.create_group(name).unwrap());
    for (name, datatype) in types {
        let named = committed.commit_type(name, datatype)?;
        assert_eq!(&named.dtype()?, datatype);
        for (group, new) in [(&own, NewType::from(datatype)), (&shared, NewType::from(&named))] {
            let dataset = group.new_dataset_of(new.clone()).shape(2).create(*name)?;
            let attribute = dataset.new_attr_of(new).shape(2).create("same")?;
            for container in [&*dataset, &*attribute] {
                container.write_bytes(&elements(name, container)?, ..)?;
                assert_eq!(&container.dtype()?, datatype);
            }
        }
    }
    file.close()
}

const BOUNDS: [FormatBounds; 4] =
    [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110, FormatBounds::V200];

#[test]
fn types_are_what_h5py_takes_them_for() {
    let folder = Folder::new("constructed");
    let types = [numbers().unwrap(), plain().unwrap(), following().unwrap()].concat();
    for bounds in BOUNDS {
        let path = folder.file(&format!("{bounds:?}.h5"));
        create(&path, bounds, &types).unwrap();
        let printed = checked("types", &path);
        assert_eq!(printed.trim(), types.len().to_string(), "{bounds:?}");
        if bounds <= FormatBounds::V110 {
            check_dump(&h5dump([&path]));
        }
    }
}

/// What the script prints about a file.
fn checked(what: &str, path: &Path) -> String {
    python("tests/interop/constructed_types.py", [what.as_ref(), path.as_os_str()])
}

#[test]
fn regions_are_those_that_were_selected() {
    let folder = Folder::new("regions");
    for bounds in BOUNDS {
        let path = folder.file(&format!("{bounds:?}.h5"));
        let file = File::options().bounds(bounds).create(&path).unwrap();
        let target = new_target(&file);
        let select = |selection: Selection| target.region_reference(Reference::Region, selection).unwrap();
        let list = |region| target.region_reference_to(Reference::Region, &region).unwrap();
        let regions = [
            select(s![1..3, ..].into()),
            select(s![..;2, ..;2].into()),
            list(RegionSelection::Points(vec![vec![3, 4], vec![0, 0], vec![1, 2]])),
            list(RegionSelection::Blocks(vec![(vec![0, 0], vec![1, 1]), (vec![2, 2], vec![3, 4])])),
            select((..).into()),
            list(RegionSelection::None),
            select(s![1..1, ..].into()),
        ];
        let datatype = Datatype::region_reference().unwrap();
        let dataset = file.new_dataset_of(&datatype).shape(regions.len()).create("regions").unwrap();
        dataset.write_bytes(&regions.concat(), ..).unwrap();
        let elements = dataset.read_bytes(..).unwrap();
        let strided = elements.reference(Reference::Region, &regions[1]).unwrap();
        let ReferenceTarget::Region { object, region } = strided else { panic!("{strided:?}") };
        assert_eq!((object, region.count()), (target.address(), Some(6)));
        for (wrong, text) in [
            (RegionSelection::Points(vec![vec![4, 0]]), "[4, 0] is no place"),
            (RegionSelection::Points(vec![vec![1]]), "[1] is no place"),
            (RegionSelection::Blocks(vec![(vec![1, 1], vec![0, 1])]), "a block from [1, 1] to [0, 1]"),
            (RegionSelection::Unlimited, "elements that there are"),
        ] {
            let error = target.region_reference_to(Reference::Region, &wrong).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        file.close().unwrap();
        assert_eq!(checked("regions", &path).trim(), "7", "{bounds:?}");
        if bounds <= FormatBounds::V110 {
            let dumped = h5dump([&path]);
            assert!(dumped.contains("REGION_TYPE POINT  (3,4), (0,0), (1,2)"), "{dumped}");
            assert!(dumped.contains("REGION_TYPE BLOCK  (0,0)-(1,1), (2,2)-(3,4)"), "{dumped}");
        }
    }
}

#[test]
fn references_have_their_kinds() {
    let file = File::options().create_storage(std::sync::Arc::new(MemoryStorage::default())).unwrap();
    let target = new_target(&file);
    assert!(
        target.reference(Reference::Region).unwrap_err().to_string().contains("a dataset and a selection")
    );
    let error = target.region_reference(Reference::Object, ..).unwrap_err().to_string();
    assert!(error.contains("about all of the object"), "{error}");
    let null = file.new_dataset::<u8>().shape(Extents::Null).create("null").unwrap();
    assert!(null.region_reference(Reference::Region, ..).unwrap_err().to_string().contains("null dataspace"));
    let scalar = file.new_dataset::<u8>().create("scalar").unwrap();
    let whole = scalar.region_reference(Reference::STANDARD, ..).unwrap();
    let found = scalar.read_bytes(..).unwrap().reference(Reference::STANDARD, &whole).unwrap();
    let region = RegionSelection::All;
    assert_eq!(found, ReferenceTarget::Region { object: scalar.address(), region });
}

#[test]
fn the_newest_types_are_those_of_the_library() {
    let folder = Folder::new("newest");
    for bounds in BOUNDS {
        let path = folder.file(&format!("{bounds:?}.h5"));
        let file = File::options().bounds(bounds).create(&path).unwrap();
        let complex = [("complex", Datatype::of::<f64>()), ("half", Datatype::float(2, Order::Big))];
        for (name, part) in complex {
            let complex = Datatype::complex(&part.unwrap()).unwrap();
            let dataset = file.new_dataset_of(&complex).shape(2).create(name).unwrap();
            dataset.write_bytes(&elements(name, &dataset).unwrap(), ..).unwrap();
        }
        let target = new_target(&file);
        let units = target.new_attr::<i32>().create("units").unwrap();
        let references = [
            file.create_group("group").unwrap().reference(Reference::STANDARD).unwrap(),
            target.region_reference(Reference::STANDARD, s![..;2, ..;2]).unwrap(),
            units.attribute_reference(Reference::STANDARD).unwrap(),
            vec![0; 18],
        ];
        let datatype = Datatype::standard_reference().unwrap();
        let dataset = file.new_dataset_of(&datatype).shape(4).create("references").unwrap();
        dataset.write_bytes(&references.concat(), ..).unwrap();
        file.new_attr_of(&datatype)
            .shape(4)
            .create("references")
            .unwrap()
            .write_bytes(&references.concat(), ..)
            .unwrap();
        let expected = ReferenceTarget::Attribute { object: target.address(), name: b"units".to_vec() };
        let elements = dataset.read_bytes(..).unwrap();
        assert_eq!(elements.reference(Reference::STANDARD, &references[2]).unwrap(), expected);
        file.close().unwrap();
        assert_eq!(checked("newest", &path).trim(), "4", "{bounds:?}");
    }
}

/// h5dump finds the values, and the committed types where they are shared.
fn check_dump(dumped: &str) {
    let words = dumped.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        r#"DATASET "records" { DATATYPE "/types/records" DATASPACE SIMPLE { ( 2 ) / ( 2 ) } DATA { (0): ({ 0, "one" }, { 1, "gr"#,
        r#"ATTRIBUTE "same" { DATATYPE "/types/enum""#,
        r#"DATATYPE "compound" H5T_COMPOUND { H5T_STD_I16LE "a"; H5T_COMPOUND { H5T_IEEE_F64LE "x"; H5T_STD_U8LE "y"; } "b"; H5T_ARRAY { [2] H5T_STD_U16LE } "c"; }"#,
        r#"DATATYPE H5T_OPAQUE { OPAQUE_TAG "a tag"; }"#,
        "(0): ((1, 2, 3), (), (4)), ()",
    ] {
        assert!(words.contains(expected), "{expected} is not in\n{dumped}");
    }
}

#[test]
fn types_are_fitted_to_narrow_addresses() {
    let folder = Folder::new("narrow");
    let path = folder.file("narrow.h5");
    std::fs::copy(project("fixtures/other_files/texts_4.h5"), &path).unwrap();
    let file = File::open_rw(&path).unwrap();
    let text = Datatype::variable_string(Charset::Utf8);
    let references = Datatype::array(&Datatype::object_reference().unwrap(), &[2]).unwrap();
    let record = Datatype::compound().field("text", &text).field("number", &Datatype::of::<i16>().unwrap());
    let record = record.field("references", &references).build().unwrap();
    let dataset = file.new_dataset_of(&record).create("record").unwrap();
    let sizes = (record.size(), dataset.dtype().unwrap().size());
    assert_eq!(sizes, (16 + 2 + 2 * 8, 12 + 2 + 2 * 4));
    let text = dataset.store_sequence(4, b"text").unwrap();
    let address = u32::try_from(dataset.address()).unwrap().to_le_bytes();
    dataset.write_bytes(&[&text[..], &[0xfe, 0xff], &address, &[0; 4]].concat(), ..).unwrap();
    file.close().unwrap();
    assert_eq!(checked("narrow", &path).trim(), "text -2 /record");
    assert!(h5dump(["-d".as_ref(), "/record".as_ref(), path.as_os_str()]).contains("NULL ]"));
}
