//! Filters: the caller's own, for one file and for all, and every built-in one read back by libhdf5.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod support;

use std::path::Path;
use std::sync::Arc;

use h5::{ChunkShape, Encoded, File, FileOptions, Filter, FilterCall, Result};
use ndarray::Array2;

use support::Folder;

/// Adds the first value of its client data to every byte.
#[derive(Debug)]
struct Added(u16);

impl Filter for Added {
    fn id(&self) -> u16 {
        self.0
    }

    fn name(&self) -> &'static str {
        "added to bytes"
    }

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        Ok([values, &[chunk.element_size()]].concat())
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        output.extend(input.iter().map(|byte| byte.wrapping_sub(addend(call))));
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        output.extend(input.iter().map(|byte| byte.wrapping_add(addend(call))));
        Ok(Encoded::Done)
    }
}

fn addend(call: &FilterCall<'_>) -> u8 {
    u8::try_from(call.values[0]).unwrap()
}

const OF_FILE: u16 = 300;
const OF_PROCESS: u16 = 301;
const NEVER: u16 = 302;

fn values() -> Array2<i32> {
    Array2::from_shape_fn((7, 10), |(row, column)| i32::try_from(row * 10 + column).unwrap())
}

/// Writes a file with one dataset that goes through a filter.
fn write(options: &FileOptions, path: &Path, filter: u16) {
    let file = options.create(path).unwrap();
    let data = values();
    let builder = file.new_dataset_builder().with_data(&data).chunk((4, 5)).add_filter(filter, &[100]);
    builder.create("data").unwrap();
    file.close().unwrap();
}

#[test]
fn a_filter_of_a_file_is_known_in_that_file_alone() {
    let folder = Folder::new("filters");
    let path = folder.file("own.h5");
    let options = File::options().filter(Arc::new(Added(OF_FILE)));
    write(&options, &path, OF_FILE);

    let stored = std::fs::read(&path).unwrap();
    let row: Vec<u8> = [20_i32, 21, 22, 23, 24].iter().flat_map(|value| value.to_le_bytes()).collect();
    let moved: Vec<u8> = row.iter().map(|byte| byte + 100).collect();
    let holds = |part: &[u8]| stored.windows(part.len()).any(|window| window == part);
    assert!(holds(&moved) && !holds(&row), "the chunks went through the filter");

    let dataset = options.open(&path).unwrap().dataset("data").unwrap();
    assert_eq!(dataset.read_2d::<i32>().unwrap(), values());
    let filter = &dataset.filters()[0];
    assert_eq!(
        (filter.id, filter.name.as_str(), &filter.values[..]),
        (OF_FILE, "added to bytes", &[100, 4][..])
    );

    let without = File::open(&path).unwrap().dataset("data").unwrap();
    let error = without.read_raw::<i32>().unwrap_err().to_string();
    for part in ["300", "added to bytes", "/data"] {
        assert!(error.contains(part), "{error} does not name {part}");
    }
}

#[test]
fn a_filter_of_the_process_is_known_in_every_file_opened_later() {
    let folder = Folder::new("filters");
    let path = folder.file("process.h5");
    let before = File::options();
    write(&File::options().filter(Arc::new(Added(OF_PROCESS))), &path, OF_PROCESS);
    let open_before = File::open(&path).unwrap();
    h5::register_filter(Arc::new(Added(OF_PROCESS)));
    let error = open_before.dataset("data").unwrap().read_raw::<i32>().unwrap_err().to_string();
    assert!(error.contains("301"), "{error}");
    let files = [File::open(&path).unwrap(), before.open(&path).unwrap()];
    for file in files {
        assert_eq!(file.dataset("data").unwrap().read_2d::<i32>().unwrap(), values());
    }
    let again = folder.file("again.h5");
    write(&File::options(), &again, OF_PROCESS);
    assert_eq!(File::open(&again).unwrap().dataset("data").unwrap().read_2d::<i32>().unwrap(), values());
}

#[test]
fn writing_with_an_unknown_filter_is_refused() {
    let folder = Folder::new("filters");
    let file = File::create(folder.file("unknown.h5")).unwrap();
    let data = values();
    let builder = file.new_dataset_builder().with_data(&data).add_filter(NEVER, &[]);
    let error = builder.create("data").unwrap_err().to_string();
    assert!(error.contains("302"), "{error}");
    assert!(!file.link_exists("data"));
}

#[cfg(feature = "all-filters")]
mod built_in {
    use h5::H5Type;

    use super::support::python;
    use super::*;

    /// Every filter that encodes and that h5py with hdf5plugin decodes, with client data: number, client data, name.
    const READ_BACK: &[(u16, &[u32], &str)] = &[
        (1, &[6], "deflate"),
        (2, &[], "shuffle"),
        (3, &[], "fletcher32"),
        (4, &[32, 8], "szip nearest neighbour"),
        (4, &[4, 16], "szip entropy coding"),
        (5, &[], "nbit"),
        (307, &[9], "bzip2"),
        (32000, &[], "lzf"),
        (32001, &[0, 0, 0, 0, 5, 1, 0], "blosc blosclz"),
        (32001, &[0, 0, 0, 0, 5, 2, 1], "blosc lz4, bits shuffled"),
        (32001, &[0, 0, 0, 0, 5, 1, 2], "blosc lz4hc"),
        (32001, &[0, 0, 0, 0, 5, 1, 3], "blosc snappy"),
        (32001, &[0, 0, 0, 0, 5, 0, 4], "blosc zlib, not shuffled"),
        (32001, &[0, 0, 0, 0, 5, 1, 5], "blosc zstd"),
        (32004, &[0], "lz4"),
        (32008, &[0, 0], "bitshuffle"),
        (32008, &[0, 2], "bitshuffle lz4"),
        (32008, &[0, 3], "bitshuffle zstd"),
        (32015, &[3], "zstd"),
        (32026, &[0, 0, 0, 0, 5, 1, 0], "blosc2 blosclz"),
        (32026, &[0, 0, 0, 0, 5, 2, 1], "blosc2 lz4, bits shuffled"),
        (32026, &[0, 0, 0, 0, 5, 1, 2], "blosc2 lz4hc"),
        (32026, &[0, 0, 0, 0, 5, 0, 4], "blosc2 zlib, not shuffled"),
        (32026, &[0, 0, 0, 0, 5, 1, 5], "blosc2 zstd"),
    ];

    /// The client data say whether numbers are integers; lossless for those alone.
    const SCALE_OFFSET: (u16, &[u32], &str) = (6, &[2, 0], "scaleoffset");

    /// For numbers of 4 and 8 bytes; lossless in this mode.
    const ZFP: (u16, &[u32], &str) = (32013, &[5], "zfp reversible");

    /// vbz encodes, but hdf5plugin does not have it; only we read it back.
    const NOT_IN_PLUGINS: &[(u16, &[u32], &str)] = &[(32020, &[0, 4, 1, 1], "vbz")];

    /// Lossless with these bounds.
    const SZ3: (u16, &[u32], &str) = (32024, &[0; 9], "SZ3");

    /// For integers of 1 and 2 bytes; lossless in this mode.
    const JPEG_LS: (u16, &[u32], &str) = (32018, &[], "jpegls");

    /// bitgroom, granular bitround and sperr: lossy, for floats; bitround.rs and encoders.rs compare what they store.
    const FOR_FLOATS: &[u16] = &[32022, 32023, 32028];

    /// SZ: writing with it is refused.
    const ONLY_DECODED: &[u16] = &[32017];

    /// Smooth enough that every filter finds it worth its while.
    fn smooth<T: From<u16>>() -> Array2<T> {
        Array2::from_shape_fn((70, 90), |(row, column)| T::from(u16::try_from(row * 3 + column / 4).unwrap()))
    }

    fn write_group<T: H5Type + From<u16>>(file: &File, name: &str, filters: &[(u16, &[u32], &str)]) {
        let group = file.create_group(name).unwrap();
        let data = smooth::<T>();
        group.new_dataset_builder().with_data(&data).create("plain").unwrap();
        for &(id, values, title) in filters {
            let builder = group.new_dataset_builder().with_data(&data).chunk((32, 40)).add_filter(id, values);
            builder.create(title).unwrap_or_else(|e| panic!("{name}/{title}: {e}"));
        }
    }

    fn read_back<T: H5Type + From<u16> + PartialEq + std::fmt::Debug>(
        file: &File,
        name: &str,
        filters: &[(u16, &[u32], &str)],
    ) {
        for &(_, _, title) in filters {
            let read = file.dataset(&format!("{name}/{title}")).unwrap().read_2d::<T>().unwrap();
            assert_eq!(read, smooth::<T>(), "{name}/{title}");
        }
    }

    #[test]
    fn what_each_filter_encodes_is_read_by_h5py() {
        let folder = Folder::new("filters");
        let path = folder.file("all.h5");
        let short = [READ_BACK, &[SCALE_OFFSET, JPEG_LS, SZ3]].concat();
        let (wide, integers) =
            ([READ_BACK, &[ZFP, SZ3]].concat(), [READ_BACK, &[SCALE_OFFSET, ZFP, SZ3]].concat());
        let file = File::create(&path).unwrap();
        write_group::<i32>(&file, "i4", &integers);
        write_group::<u16>(&file, "u2", &short);
        write_group::<i64>(&file, "i8", &wide);
        write_group::<f64>(&file, "f8", &wide);
        file.close().unwrap();
        let file = File::open(&path).unwrap();
        read_back::<i32>(&file, "i4", &integers);
        read_back::<u16>(&file, "u2", &short);
        read_back::<i64>(&file, "i8", &wide);
        read_back::<f64>(&file, "f8", &wide);
        let compared = python("tests/filters.py", [&path]);
        assert_eq!(compared.lines().count(), integers.len() + short.len() + 2 * wide.len(), "{compared}");
        for &(id, _, title) in &integers {
            let line = format!("/i4/{title} {id}");
            assert!(compared.lines().any(|found| found == line), "{line} is not in\n{compared}");
        }
    }

    #[test]
    fn what_the_plugins_lack_is_read_by_us() {
        let folder = Folder::new("filters");
        let path = folder.file("vbz.h5");
        let file = File::create(&path).unwrap();
        write_group::<i32>(&file, "i4", NOT_IN_PLUGINS);
        file.close().unwrap();
        read_back::<i32>(&File::open(&path).unwrap(), "i4", NOT_IN_PLUGINS);
    }

    /// Compares a group's datasets with the plain ones beside them; returns how many there are.
    fn read_beside<T: H5Type, P: H5Type + PartialEq + std::fmt::Debug>(
        file: &File,
        name: &str,
        bits: impl Fn(T) -> P,
    ) -> usize {
        let group = file.group(name).unwrap();
        let names = group.member_names().unwrap();
        let plain = names.iter().filter_map(|title| title.strip_suffix(" plain"));
        let compared = plain.map(|title| {
            let dataset = group.dataset(title).unwrap();
            assert_eq!(dataset.filters()[0].id, 32024, "{name}/{title}");
            let read: Vec<P> = dataset.read_raw().unwrap().into_iter().map(&bits).collect();
            let expected: Vec<P> = group.dataset(&format!("{title} plain")).unwrap().read_raw().unwrap();
            assert!(read == expected, "{name}/{title}");
        });
        compared.count()
    }

    #[test]
    fn what_the_plugins_encode_with_sz3_is_read_bit_by_bit() {
        let folder = Folder::new("filters");
        let path = folder.file("sz3.h5");
        python("tests/sz3.py", [&path]);
        let file = File::open(&path).unwrap();
        let floats = [read_beside(&file, "f4", f32::to_bits), read_beside(&file, "f8", f64::to_bits)];
        assert_eq!(floats, [4 * 6 * 6 + 6; 2]);
        let integers = [
            read_beside(&file, "i1", |value: i8| value),
            read_beside(&file, "u1", |value: u8| value),
            read_beside(&file, "i2", |value: i16| value),
            read_beside(&file, "u2", |value: u16| value),
            read_beside(&file, "i4", |value: i32| value),
            read_beside(&file, "u4", |value: u32| value),
            read_beside(&file, "i8", |value: i64| value),
            read_beside(&file, "u8", |value: u64| value),
        ];
        assert_eq!(integers, [4 * 5 * 3 + 4; 8]);
    }

    #[test]
    fn writing_with_a_filter_that_is_only_decoded_is_refused() {
        let folder = Folder::new("filters");
        let file = File::create(folder.file("decoded.h5")).unwrap();
        let data = values();
        for &id in ONLY_DECODED {
            let builder = file.new_dataset_builder().with_data(&data).add_filter(id, &[]);
            let error = builder.create("data").unwrap_err().to_string();
            assert!(error.contains("writing with the filter"), "{id}: {error}");
        }
    }

    #[test]
    fn no_filter_is_left_out_here() {
        let listed = READ_BACK
            .iter()
            .chain([&SCALE_OFFSET, &ZFP, &JPEG_LS, &SZ3])
            .chain(NOT_IN_PLUGINS)
            .map(|&(id, ..)| id);
        let listed: Vec<u16> = listed.chain(ONLY_DECODED.iter().chain(FOR_FLOATS).copied()).collect();
        let filters = h5::Filters::default();
        let own = [OF_FILE, OF_PROCESS, NEVER];
        for id in (0..=u16::MAX).filter(|id| filters.get(*id).is_some() && !own.contains(id)) {
            assert!(listed.contains(&id), "filter {id} is in no list");
        }
        assert!(listed.iter().all(|&id| filters.get(id).is_some()));
    }
}
