//! What we write is read by h5py and by h5dump with the same values: the recipe, types, attributes, groups, layouts.

use std::path::Path;
use std::process::Command;

use h5::types::{FixedAscii, FixedUnicode, VarLenAscii, VarLenUnicode};
use h5::{Extents, File, FormatBounds, H5Type};
use ndarray::{Array1, Array2, array, s};

use super::support::{Folder, assert_same, h5dump, h5dump_bytes, printed, project, python};
use super::{assert_all_agree, assert_h5py_agrees};

fn bytes(values: impl IntoIterator<Item = f64>) -> Vec<u8> {
    values.into_iter().flat_map(f64::to_le_bytes).collect()
}

#[test]
fn the_file_of_the_example() {
    let folder = Folder::new("example");
    let manifest = project("Cargo.toml");
    let example = ["run", "--quiet", "--all-features", "--example", "large_arrays", "--manifest-path"];
    let text = printed(Command::new(env!("CARGO")).args(example).arg(manifest).current_dir(folder.path()));
    assert!(text.contains("reopened [1500, 1000]"), "{text}");
    let path = folder.file("myfile.h5");
    let file = assert_all_agree(&path);
    for name in ["/experiment1/array1", "/experiment1/array2"] {
        let ours = bytes(file.dataset(name).unwrap().read_dyn::<f64>().unwrap());
        assert!(ours == h5dump_bytes(&folder, &path, name), "{name} differs");
    }
}

#[test]
fn h5dump_prints_what_the_recipe_wrote() {
    let folder = Folder::new("recipe");
    let path = folder.file("recipe.h5");
    let file = File::create(&path).unwrap();
    let group = file.create_group("/experiment1").unwrap();
    let date: VarLenUnicode = "2018-01-01".parse().unwrap();
    group.new_attr::<VarLenUnicode>().create("date").unwrap().write_scalar(&date).unwrap();
    group.new_dataset_builder().with_data(&array![[0.5, -1.0], [2.0, 1e300]]).create("array1").unwrap();
    let grown = group.new_dataset::<i32>().shape((1.., 3)).chunk((2, 2)).shuffle().deflate(4);
    let grown = grown.create("array2").unwrap();
    grown.write(&array![[1, 2, 3]]).unwrap();
    grown.resize((3, 3)).unwrap();
    grown.write_slice(&array![7, 8], s![2, 1..]).unwrap();
    file.close().unwrap();
    let dumped = h5dump(["-p".as_ref(), path.as_os_str()]);
    let dumped = dumped.split_once('\n').unwrap().1;
    // Offsets and compression ratios are nobody's business here.
    let kept = dumped.lines().filter(|line| !line.contains("OFFSET") && !line.contains("SIZE "));
    let kept: String = kept.map(|line| format!("{}\n", line.trim_end())).collect();
    assert_same("h5dump", &kept, include_str!("recipe.ddl"));
}

/// A dataset and an attribute of the same values, an empty one and a scalar.
fn write_values<T: H5Type>(file: &File, name: &str, values: &[T]) {
    let values = Array1::from(values.to_vec());
    let dataset = file.new_dataset_builder().with_data(&values).create(name).unwrap();
    dataset.new_attr_builder().with_data(&values).create("same").unwrap();
    dataset.new_attr::<T>().create("scalar").unwrap().write_scalar(&values[1]).unwrap();
    dataset.new_attr::<T>().shape(Extents::Null).create("null").unwrap();
    let scalar = file.new_dataset::<T>().create(format!("{name} scalar").as_str()).unwrap();
    scalar.write_scalar(&values[0]).unwrap();
    file.new_dataset::<T>().shape((0, 3)).create(format!("{name} empty").as_str()).unwrap();
    file.new_dataset::<T>().shape(Extents::Null).create(format!("{name} null").as_str()).unwrap();
}

fn assert_values<T: H5Type + PartialEq + std::fmt::Debug>(file: &File, name: &str, values: &[T]) {
    let dataset = file.dataset(name).unwrap();
    assert_eq!(dataset.read_raw::<T>().unwrap(), values);
    assert_eq!(dataset.attr("same").unwrap().read_raw::<T>().unwrap(), values);
    assert_eq!(dataset.attr("scalar").unwrap().read_scalar::<T>().unwrap(), values[1]);
}

macro_rules! types {
    ($($test:ident: $($name:literal => $values:expr;)*)*) => {
        $(#[test]
        fn $test() {
            let folder = Folder::new(stringify!($test));
            let path = folder.file("types.h5");
            let file = File::create(&path).unwrap();
            $(write_values(&file, $name, &$values);)*
            file.close().unwrap();
            let file = assert_all_agree(&path);
            $(assert_values(&file, $name, &$values);)*
        })*
    };
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

const ASCII: [&str; 4] = ["", "plain", "with \"quotes\" and \\", "x"];
const UNICODE: [&str; 4] = ["", "Grüße", "日本語", "x"];

types! {
    integers:
        "i8" => [i8::MIN, -1, 0, i8::MAX];
        "i16" => [i16::MIN, -1, 0, i16::MAX];
        "i32" => [i32::MIN, -1, 0, i32::MAX];
        "i64" => [i64::MIN, -1, 0, i64::MAX];
        "u8" => [0, 1, u8::MAX];
        "u16" => [0, 1, u16::MAX];
        "u32" => [0, 1, u32::MAX];
        "u64" => [0, 1, u64::MAX];
    floats_and_booleans:
        "f32" => [0.0, -0.0, 1.5, f32::MAX, f32::MIN_POSITIVE, f32::INFINITY, f32::NEG_INFINITY];
        "f64" => [0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::INFINITY, f64::NEG_INFINITY];
        "bool" => [true, false, true, true];
    strings:
        "variable ascii" => parsed::<VarLenAscii>(&ASCII);
        "variable utf8" => parsed::<VarLenUnicode>(&UNICODE);
        "fixed ascii" => parsed::<FixedAscii<20>>(&ASCII);
        "fixed utf8" => parsed::<FixedUnicode<9>>(&UNICODE);
        "long" => [VarLenUnicode::default(), "ü".repeat(100_000).parse::<VarLenUnicode>().unwrap()];
}

#[test]
fn not_a_number_stays_the_same_bits() {
    let folder = Folder::new("nan");
    let path = folder.file("nan.h5");
    let file = File::create(&path).unwrap();
    let odd = f64::from_bits(0x7ff8_0000_dead_beef);
    let values = Array1::from_elem(20, odd);
    file.new_dataset_builder().with_data(&values).create("nan").unwrap();
    file.close().unwrap();
    assert_all_agree(&path);
    assert_eq!(h5dump_bytes(&folder, &path, "/nan"), bytes(values));
}

#[test]
fn many_attributes_and_members() {
    let folder = Folder::new("many");
    let path = folder.file("many.h5");
    let file = File::create(&path).unwrap();
    for number in 0..60_i32 {
        file.new_attr::<i32>().create(&format!("a{number}")).unwrap().write_scalar(&number).unwrap();
    }
    let group = file.create_group("many").unwrap();
    for number in 0..300_i32 {
        let name = format!("member {number}");
        let data = array![number, -number];
        group.new_dataset_builder().with_data(&data).create(name.as_str()).unwrap();
    }
    file.close().unwrap();
    let file = assert_all_agree(&path);
    assert_eq!(file.attr("a59").unwrap().read_scalar::<i32>().unwrap(), 59);
    assert_eq!(file.dataset("many/member 299").unwrap().read_raw::<i32>().unwrap(), [299, -299]);
    assert_eq!((file.attr_names().unwrap().len(), file.group("many").unwrap().len()), (60, 300));
}

#[test]
fn nested_groups_and_links() {
    let folder = Folder::new("links");
    let path = folder.file("links.h5");
    let file = File::create(&path).unwrap();
    let mut group = file.as_group().clone();
    for depth in 0..30 {
        group = group.create_group(&format!("level {depth}")).unwrap();
    }
    group.new_dataset_builder().with_data(&array![1u8]).create("bottom").unwrap();
    file.create_group("Grüße").unwrap().create_group("日本語").unwrap();
    file.link_soft("/level 0/level 1", "soft").unwrap();
    file.link_soft("nowhere", "level 0/dangling").unwrap();
    file.close().unwrap();
    let file = assert_all_agree(&path);
    assert!(file.exists("soft/level 2") && !file.exists("level 0/dangling"));
}

#[test]
fn attributes_are_replaced_and_taken_away() {
    let folder = Folder::new("attributes");
    let path = folder.file("attributes.h5");
    let file = File::create(&path).unwrap();
    for number in 0..10 {
        let values = Array1::from_elem(number * 50, 7.5);
        file.new_attr_builder().with_data(&values).create(&format!("a{number}")).unwrap();
    }
    file.delete_attr("a3").unwrap();
    file.delete_attr("a9").unwrap();
    file.attr("a4").unwrap().write(&Array1::from_elem(200, -1.0)).unwrap();
    file.new_attr_builder().with_data(&Array1::from_elem(333, 3i16)).create("a3").unwrap();
    file.close().unwrap();
    let file = assert_all_agree(&path);
    assert_eq!(file.attr("a4").unwrap().read_raw::<f64>().unwrap(), [-1.0; 200]);
    assert_eq!(file.attr("a3").unwrap().read_raw::<i16>().unwrap(), [3; 333]);
}

#[test]
fn compact_contiguous_and_fill_values() {
    let folder = Folder::new("layouts");
    let path = folder.file("layouts.h5");
    let file = File::create(&path).unwrap();
    let data = Array2::from_shape_fn((20, 30), |(i, j)| i * 30 + j).mapv(|n| i32::try_from(n).unwrap());
    file.new_dataset_builder().with_data(&data).compact().create("compact").unwrap();
    file.new_dataset::<i32>().shape((20, 30)).fill_value(9).create("never written").unwrap();
    file.new_dataset::<u8>().shape(7).fill_value(200u8).compact().create("compact fill").unwrap();
    let partly = file.new_dataset::<i32>().shape((20, 30)).fill_value(-5).create("partly").unwrap();
    partly.write_slice(&data.slice(s![3..9, 10..20]), s![3..9, 10..20]).unwrap();
    file.dataset("compact").unwrap().write_slice(&array![1, 2, 3], s![0, 5..8]).unwrap();
    file.close().unwrap();
    let file = assert_all_agree(&path);
    let partly = file.dataset("partly").unwrap().read_2d::<i32>().unwrap();
    assert_eq!((partly[[3, 10]], partly[[3, 9]], partly[[19, 29]]), (100, -5, -5));
    assert_eq!(file.dataset("compact").unwrap().read_2d::<i32>().unwrap()[[0, 6]], 2);
}

#[test]
fn all_bounds_and_user_blocks() {
    let folder = Folder::new("bounds");
    let bounds = [FormatBounds::V18, FormatBounds::V110, FormatBounds::V112, FormatBounds::V114];
    for (number, bounds) in bounds.into_iter().enumerate() {
        let path = folder.file(&format!("{number}.h5"));
        let userblock = [0, 512, 4096, 1 << 20][number];
        let file = File::options().bounds(bounds).userblock(userblock).create(&path).unwrap();
        write_recipe(&file);
        file.close().unwrap();
        let file = assert_all_agree(&path);
        assert_eq!(file.userblock(), userblock);
    }
}

fn write_recipe(file: &File) {
    let group = file.create_group("experiment1").unwrap();
    group.new_attr_builder().with_data(&array![1, 2]).create("date").unwrap();
    let data = Array2::from_shape_fn((60, 70), |(i, j)| if i > j { 0.25 } else { -8.0 });
    group.new_dataset_builder().with_data(&data).create("array1").unwrap();
    let chunked = group.new_dataset_builder().with_data(&data).chunk((25, 25)).shuffle().deflate(6);
    chunked.create("array2").unwrap();
}

#[test]
fn files_of_h5py_are_edited() {
    let folder = Folder::new("edited");
    let path = folder.file("recipe.h5");
    for libver in ["earliest", "v108", "v110", "v112", "v114", "latest"] {
        python("tests/interop/make.py", [folder.path().as_os_str(), libver.as_ref(), "recipe".as_ref()]);
        edit(&path);
        // Debian's h5dump is too old for what the latest version writes.
        if libver != "latest" {
            h5dump(["-H".as_ref(), path.as_os_str()]);
        }
    }
}

/// Overwrites part of what h5py wrote.
fn edit(path: &Path) {
    let file = File::open_rw(path).unwrap();
    let dataset = file.dataset("experiment1/array1").unwrap();
    dataset.write_slice(&Array1::from_elem(300, 0.125), s![5, 100..400]).unwrap();
    file.close().unwrap();
    assert_h5py_agrees(path);
    let file = File::open(path).unwrap();
    let row = file.dataset("experiment1/array1").unwrap().read_slice_1d::<f64, _>(s![5, 99..401]).unwrap();
    assert!(row[0] != 0.125 && row[1] == 0.125 && row[300] == 0.125 && row[301] != 0.125);
}
