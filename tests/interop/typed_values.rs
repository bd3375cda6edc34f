//! Values of structured types: those that h5py wrote are read, those that we write are read by h5py.

use h5::types::stored::Class;
use h5::types::{Complex, Datatype, FixedAscii, Opaque};
use h5::{Error, File, FormatBounds, Object, ReferenceTarget};
use ndarray::{Array2, arr1, array};

use super::support::{Folder, h5dump, python};

h5::enumeration! {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Kind: i16 {
        Muon = 3 => "MUON",
        Pion = -1 => "PION",
        Unknown = 7 => "N/A",
    }
}

h5::compound! {
    #[derive(Clone, Debug, PartialEq)]
    struct Inner {
        label: String,
        on: bool,
    }
}

h5::compound! {
    #[derive(Clone, Debug, PartialEq)]
    struct Particle {
        id: u32,
        position: [f64; 3],
        name: String,
        kind: Kind,
        hits: Vec<u16>,
        inner: Inner,
        energy: f64,
        cells: [[i32; 2]; 2] = "grid",
    }
}

fn particles() -> [Particle; 2] {
    [
        Particle {
            id: 7,
            position: [0.5, -1.0, 2.0],
            name: "one".to_owned(),
            kind: Kind::Muon,
            hits: vec![1, 65_535],
            inner: Inner { label: "größer".to_owned(), on: true },
            energy: -5.0,
            cells: [[1, 2], [3, 4]],
        },
        Particle {
            id: u32::MAX,
            position: [0.0, 0.0, 9.0],
            name: String::new(),
            kind: Kind::Pion,
            hits: vec![],
            inner: Inner { label: String::new(), on: false },
            energy: 300.0,
            cells: [[0, -1], [0, 5]],
        },
    ]
}

fn waves<T>(numbers: [T; 4]) -> [Complex<T>; 2] {
    let [a, b, c, d] = numbers;
    [Complex { re: a, im: b }, Complex { re: c, im: d }]
}

fn tables() -> [[[i16; 3]; 2]; 2] {
    [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
}

fn sequences() -> [Vec<f64>; 3] {
    [vec![1.5, -2.0], vec![], vec![3.0]]
}

/// What a reference of a file leads to.
fn named(file: &File, target: &ReferenceTarget) -> Option<u64> {
    match file.open_target(target) {
        Ok(Object::Dataset(dataset)) => Some(dataset.address()),
        Ok(Object::Group(group)) => Some(group.address()),
        _ => None,
    }
}

fn assert_read(file: &File) {
    assert_eq!(file.dataset("particles").unwrap().read_raw::<Particle>().unwrap(), particles());
    assert_eq!(
        file.dataset("particles").unwrap().read_slice_1d::<Particle, _>(1..).unwrap()[0],
        particles()[1]
    );
    assert_eq!(file.attr("particle").unwrap().read_raw::<Particle>().unwrap(), particles()[..1]);
    let kinds = array![[Kind::Muon, Kind::Pion], [Kind::Unknown, Kind::Muon]];
    assert_eq!(file.dataset("kinds").unwrap().read_2d::<Kind>().unwrap(), kinds);
    assert_eq!(file.dataset("kinds").unwrap().read_2d::<f32>().unwrap(), array![[3.0, -1.0], [7.0, 3.0]]);
    for name in ["waves", "single waves"] {
        let dataset = file.dataset(name).unwrap();
        assert_eq!(dataset.read_raw::<Complex<f64>>().unwrap(), waves([0.5, -1.0, 2.0, 0.0]));
        assert_eq!(dataset.read_raw::<Complex<f32>>().unwrap(), waves([0.5, -1.0, 2.0, 0.0]));
    }
    assert_eq!(file.dataset("tables").unwrap().read_raw::<[[i16; 3]; 2]>().unwrap(), tables());
    assert_eq!(file.dataset("sequences").unwrap().read_raw::<Vec<f64>>().unwrap(), sequences());
    let opaque = file.dataset("opaque").unwrap().read_raw::<Opaque<3>>().unwrap();
    assert_eq!(opaque, [Opaque([1, 2, 3]), Opaque([4, 5, 0])]);
    let references = file.dataset("references").unwrap().read_raw::<ReferenceTarget>().unwrap();
    let found: Vec<_> = references.iter().map(|target| named(file, target)).collect();
    assert_eq!(found, [Some(file.dataset("waves").unwrap().address()), Some(file.address()), None]);
}

#[test]
fn values_of_h5py_are_read() {
    let folder = Folder::new("typed");
    for libver in ["earliest", "v110", "v200"] {
        let path = folder.file(&format!("{libver}.h5"));
        python("tests/interop/typed_values.py", ["make".as_ref(), path.as_os_str(), libver.as_ref()]);
        let file = File::open(&path).unwrap();
        assert_read(&file);
        assert_eq!(file.dataset("numbers").unwrap().read_raw::<Kind>().unwrap(), [Kind::Muon, Kind::Unknown]);
        let regions = file.dataset("regions").unwrap().read_raw::<ReferenceTarget>().unwrap();
        let ReferenceTarget::Region { region, .. } = &regions[0] else { panic!("{regions:?}") };
        assert_eq!(region.bounds(), Some((vec![1, 0], vec![1, 1])));
        assert!(!file.dataset("particles").unwrap().dtype().unwrap().is::<Particle>());
    }
    let file = File::open_rw(folder.file("v200.h5")).unwrap();
    let native = file.dataset("native waves").unwrap();
    assert!(matches!(native.dtype().unwrap().stored().class, Class::Complex(_)));
    for numbers in [[0.5, -1.0, 2.0, 0.0_f32], [4.0, 3.0, 2.0, 1.0]] {
        assert_eq!(native.read_raw::<Complex<f32>>().unwrap(), waves(numbers));
        native.write(&waves([4.0, 3.0, 2.0, 1.0_f64])).unwrap();
    }
}

#[test]
fn values_that_we_write_are_read_by_h5py() {
    let folder = Folder::new("typed");
    for (number, bounds) in
        [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110, FormatBounds::V200]
            .into_iter()
            .enumerate()
    {
        let path = folder.file(&format!("{number}.h5"));
        let file = File::options().bounds(bounds).create(&path).unwrap();
        let data = file.new_dataset::<Particle>().shape(2).chunk(1).create("particles").unwrap();
        data.write_slice(&particles()[1..], 1..).unwrap();
        data.write_slice(&particles()[..1], ..1).unwrap();
        assert!(data.dtype().unwrap().is::<Particle>());
        file.new_attr_builder().with_data(&particles()[..1]).create("particle").unwrap();
        let kinds = array![[Kind::Muon, Kind::Pion], [Kind::Unknown, Kind::Muon]];
        file.new_dataset_builder().with_data(&kinds).create("kinds").unwrap();
        let wide = waves([0.5, -1.0, 2.0, 0.0_f64]);
        let waves_of = file.new_dataset_builder().with_data(&wide).create("waves").unwrap();
        let narrow = waves([0.5, -1.0, 2.0, 0.0_f32]);
        file.new_dataset_builder().with_data(&narrow).create("single waves").unwrap();
        file.new_dataset_builder().with_data(&arr1(&tables())).create("tables").unwrap();
        file.new_dataset_builder().with_data(&sequences()).create("sequences").unwrap();
        let opaque = [Opaque([1, 2, 3]), Opaque([4, 5, 0])];
        file.new_dataset_builder().with_data(&opaque).create("opaque").unwrap();
        let targets = [
            ReferenceTarget::Object(waves_of.address()),
            ReferenceTarget::Object(file.address()),
            ReferenceTarget::Null,
        ];
        file.new_dataset_builder().with_data(&targets).create("references").unwrap();
        let nested = [vec![vec!["a".to_owned()], vec![]], vec![]];
        file.new_dataset_builder().with_data(&nested).create("nested").unwrap();
        file.close().unwrap();
        let file = File::open(&path).unwrap();
        assert_read(&file);
        assert_eq!(file.dataset("nested").unwrap().read_raw::<Vec<Vec<String>>>().unwrap(), nested);
        python("tests/interop/typed_values.py", ["check".as_ref(), path.as_os_str()]);
        if !matches!(bounds, FormatBounds::V200) {
            let text = h5dump([path.as_os_str()]);
            assert!(text.contains("\"MUON\"") && text.contains("H5T_ARRAY"), "{text}");
        }
    }
}

/// Values are written into the types of h5py, which differ from ours in all that may.
#[test]
fn values_take_the_type_that_is_there() {
    let folder = Folder::new("typed");
    let path = folder.file("theirs.h5");
    python("tests/interop/typed_values.py", ["make".as_ref(), path.as_os_str(), "v108".as_ref()]);
    let file = File::open_rw(&path).unwrap();
    let like = |name: &str| -> Datatype { file.dataset(name).unwrap().dtype().unwrap() };
    let swapped = array![[Kind::Pion, Kind::Unknown], [Kind::Muon, Kind::Muon]];
    file.dataset("kinds").unwrap().write(&swapped).unwrap();
    assert_eq!(file.dataset("kinds").unwrap().read_2d::<Kind>().unwrap(), swapped);
    file.dataset("single waves").unwrap().write(&waves([1.0, 2.0, 3.0, 4.0_f32])).unwrap();
    let read = file.dataset("single waves").unwrap().read_raw::<Complex<f64>>().unwrap();
    assert_eq!(read, waves([1.0, 2.0, 3.0, 4.0]));
    let error = file.dataset("particles").unwrap().write(&particles()).unwrap_err();
    assert!(error.to_string().contains("member \"unused\""), "{error}");
    // What was refused has changed nothing.
    assert_eq!(file.dataset("particles").unwrap().read_raw::<Particle>().unwrap(), particles());
    let tables_of = file.new_dataset_builder().empty_like(&like("tables")).shape(2).create("more").unwrap();
    tables_of.write(&arr1(&tables())).unwrap();
    assert_eq!(tables_of.read_raw::<[[i16; 3]; 2]>().unwrap(), tables());
}

#[test]
fn what_does_not_fit_is_named() {
    h5::compound! {
        #[derive(Clone)]
        struct Pair { a: i32, b: FixedAscii<4> }
    }
    h5::compound! {
        #[derive(Clone, Debug)]
        struct Other { a: i32, c: i32 }
    }
    h5::compound! {
        #[derive(Clone, Debug)]
        struct Numbers { b: i32 }
    }
    let file =
        File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default())).unwrap();
    let text = "text".parse().unwrap();
    let data = file.new_dataset_builder().with_data(&[Pair { a: 1, b: text }]).create("pairs").unwrap();
    let says = |error: Error, part: &str| assert!(error.to_string().contains(part), "{error}");
    says(data.read_raw::<Other>().unwrap_err(), "compound of 2 members has none called \"c\"");
    says(data.read_raw::<Numbers>().unwrap_err(), "no conversion from string of 4 bytes in the member \"b\"");
    says(data.read_raw::<i32>().unwrap_err(), "no conversion from compound of 2 members");
    says(data.write(&[Other { a: 1, c: 2 }]).unwrap_err(), "has a member \"b\", the values have not");
    let sevens = file.new_dataset_builder().with_data(&[7_u8, 2]).create("sevens").unwrap();
    says(sevens.read_raw::<Kind>().unwrap_err(), "no value of the Rust type is 2");
    says(sevens.read_raw::<Other>().unwrap_err(), "no conversion from u8 to compound");
    says(sevens.read_raw::<Vec<u8>>().unwrap_err(), "no conversion from u8 to sequence");
    says(sevens.read_raw::<Opaque<1>>().unwrap_err(), "to 1 opaque bytes");
    says(sevens.read_raw::<ReferenceTarget>().unwrap_err(), "to reference");
    let rows = file.new_dataset::<[i32; 3]>().shape(1).create("rows").unwrap();
    says(rows.read_raw::<[i32; 2]>().unwrap_err(), "to array of 2 elements");
    h5::enumeration! {
        #[derive(Clone, Debug)]
        enum Few: u8 { Muon = 3 => "MUON" }
    }
    let kinds = Array2::from_elem((1, 1), Kind::Pion);
    let kinds = file.new_dataset_builder().with_data(&kinds).create("kinds").unwrap();
    says(kinds.read_raw::<Few>().unwrap_err(), "no value of the Rust type is called \"PION\"");
    let few = file.new_dataset::<Few>().shape(1).create("few").unwrap();
    says(few.read_raw::<Few>().unwrap_err(), "has no name in the enumeration");
    says(few.write(&[Kind::Pion]).unwrap_err(), "has no value called \"PION\"");
    let region = ReferenceTarget::Attribute { object: file.address(), name: b"a".to_vec() };
    let references = file.new_dataset::<ReferenceTarget>().shape(1).create("references").unwrap();
    says(references.write(&[region]).unwrap_err(), "references to anything but whole objects");
}
