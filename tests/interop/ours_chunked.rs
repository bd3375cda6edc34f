//! What we write in chunks is read by h5py and by h5dump with the same values.

use h5::{Dataset, File};
use ndarray::{Array2, ArrayD, IxDyn, s};

use super::assert_all_agree;
use super::support::{Folder, h5dump_bytes};

fn numbers(rows: usize, columns: usize) -> Array2<f32> {
    let mut state = 1u32;
    Array2::from_shape_simple_fn((rows, columns), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).unwrap())
    })
}

/// Creates a file, lets `write` fill a dataset "data" in it, and compares it with an array in every way.
#[track_caller]
fn check(name: &str, write: impl FnOnce(&File) -> ArrayD<f32>) {
    let folder = Folder::new(name);
    let path = folder.file("chunked.h5");
    let file = File::create(&path).unwrap();
    let expected = write(&file);
    assert!(file.dataset("data").unwrap().read_dyn::<f32>().unwrap() == expected, "{name} before closing");
    file.close().unwrap();
    let file = assert_all_agree(&path);
    assert!(file.dataset("data").unwrap().read_dyn::<f32>().unwrap() == expected, "{name} after closing");
    let bytes: Vec<u8> = expected.iter().flat_map(|value| value.to_le_bytes()).collect();
    assert!(h5dump_bytes(&folder, &path, "/data") == bytes, "{name} by h5dump");
}

#[test]
fn every_combination_of_filters() {
    let data = numbers(70, 45);
    for (number, filters) in
        [(0, "s"), (1, "d"), (2, "f"), (3, "sd"), (4, "sdf"), (5, "fsd"), (6, "")].into_iter()
    {
        check(&format!("filters-{number}"), |file| {
            let mut builder = file.new_dataset_builder().with_data(&data).chunk((16, 11));
            for filter in filters.chars() {
                builder = match filter {
                    's' => builder.shuffle(),
                    'd' => builder.deflate(6),
                    _ => builder.fletcher32(),
                };
            }
            builder.create("data").unwrap();
            data.clone().into_dyn()
        });
    }
}

#[test]
fn shapes_of_one_to_five_axes() {
    for (shape, chunk) in [
        (vec![1000], vec![64]),
        (vec![7, 90], vec![7, 90]),
        (vec![9, 10, 11], vec![4, 10, 3]),
        (vec![3, 4, 5, 6], vec![1, 2, 3, 4]),
        (vec![2, 3, 4, 3, 2], vec![2, 2, 2, 2, 2]),
    ] {
        check(&format!("rank-{}", shape.len()), |file| {
            let count = shape.iter().product();
            let data = numbers(1, count).into_shape_with_order(IxDyn(&shape)).unwrap();
            file.new_dataset_builder().with_data(&data).chunk(chunk).deflate(1).create("data").unwrap();
            data
        });
    }
}

#[test]
fn fill_values_where_nothing_was_written() {
    check("fill", |file| {
        let dataset = file.new_dataset::<f32>().shape((50, 60)).chunk((8, 9)).fill_value(2.5f32).deflate(3);
        let dataset = dataset.create("data").unwrap();
        let part = numbers(10, 20);
        dataset.write_slice(&part, s![20..30, 33..53]).unwrap();
        let mut expected = Array2::from_elem((50, 60), 2.5);
        expected.slice_mut(s![20..30, 33..53]).assign(&part);
        expected.into_dyn()
    });
}

#[test]
fn overwriting_parts_with_steps() {
    check("overwriting", |file| {
        let mut expected = numbers(90, 80);
        let builder = file.new_dataset_builder().with_data(&expected).chunk((20, 13)).shuffle().deflate(9);
        let dataset = builder.create("data").unwrap();
        let lines = Array2::from_elem((30, 16), -1.0);
        dataset.write_slice(&lines, s![..;3, ..;5]).unwrap();
        expected.slice_mut(s![..;3, ..;5]).assign(&lines);
        dataset.write_slice(&numbers(1, 80).row(0), s![40, ..]).unwrap();
        expected.row_mut(40).assign(&numbers(1, 80).row(0));
        expected.into_dyn()
    });
}

fn resizable(file: &File, shape: (usize, usize)) -> Dataset {
    let builder = file.new_dataset::<f32>().shape((shape.0.., shape.1..)).chunk((7, 6)).fill_value(1.5f32);
    builder.deflate(2).create("data").unwrap()
}

#[test]
fn growing_and_shrinking() {
    check("resize", |file| {
        let dataset = resizable(file, (40, 40));
        let data = numbers(40, 40);
        dataset.write(&data).unwrap();
        // What is cut off does not come back.
        dataset.resize((25, 17)).unwrap();
        dataset.resize((60, 50)).unwrap();
        let mut expected = Array2::from_elem((60, 50), 1.5);
        expected.slice_mut(s![..25, ..17]).assign(&data.slice(s![..25, ..17]));
        dataset.write_slice(&numbers(5, 50), s![55.., ..]).unwrap();
        expected.slice_mut(s![55.., ..]).assign(&numbers(5, 50));
        expected.into_dyn()
    });
}

#[test]
fn shrinking_to_nothing_and_growing_again() {
    check("nothing", |file| {
        let dataset = resizable(file, (20, 20));
        dataset.write(&numbers(20, 20)).unwrap();
        dataset.resize((0, 20)).unwrap();
        dataset.resize((10, 10)).unwrap();
        Array2::from_elem((10, 10), 1.5).into_dyn()
    });
}

#[test]
fn appending_row_by_row() {
    check("appending", |file| {
        let dataset = file.new_dataset::<f32>().shape((0.., 33)).chunk((10, 20)).create("data").unwrap();
        let data = numbers(95, 33);
        for (number, row) in data.rows().into_iter().enumerate() {
            dataset.resize((number + 1, 33)).unwrap();
            dataset.write_slice(row, s![number, ..]).unwrap();
        }
        data.into_dyn()
    });
}

#[test]
fn twenty_thousand_chunks_in_order() {
    check("in-order", |file| {
        let data = numbers(150, 140);
        file.new_dataset_builder().with_data(&data).chunk((1, 1)).create("data").unwrap();
        data.into_dyn()
    });
}

#[test]
fn twenty_thousand_chunks_in_random_order() {
    check("random-order", |file| {
        let data = numbers(150, 140);
        let builder = file.new_dataset::<f32>().shape((150.., 140)).chunk((1, 1));
        let dataset = builder.create("data").unwrap();
        // 7,919 has no divisor in common with 21,000, so every place comes once.
        for step in 0..data.len() {
            let place = step * 7_919 % data.len();
            let (i, j) = (place / 140, place % 140);
            dataset.write_slice(&data.slice(s![i..=i, j..=j]), s![i..=i, j..=j]).unwrap();
        }
        data.into_dyn()
    });
}
