//! The errors that users meet first: each says what is wrong, in which structure, at which offset, for which object.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use std::sync::Arc;

use h5::storage::{FileLocking, MemoryStorage, Storage};
use h5::{
    Driver, Encoded, Error, ErrorKind, File, Filter, FilterCall, Limits, Malformed, Misuse, Result, Structure,
};
use ndarray::{Array1, array, s};
use support::Folder;

/// Offsets count from the first byte of the file, addresses from behind this; a test without it would mix them up.
const USERBLOCK: u64 = 512;

/// Compares everything that an error tells.
#[track_caller]
fn assert_error(
    error: &Error,
    text: &str,
    structure: impl Into<Option<Structure>>,
    offset: impl Into<Option<u64>>,
    object: &str,
) {
    assert_eq!(error.to_string(), text);
    assert_eq!((error.structure(), error.offset()), (structure.into(), offset.into()), "{text}");
    assert_eq!(error.object().unwrap_or("(none)"), object, "{text}");
}

/// A group with an attribute, a contiguous dataset of 100 numbers, a compressed one, and links that lead nowhere.
fn sample() -> Vec<u8> {
    let storage = Arc::new(MemoryStorage::default());
    let file = File::options().userblock(USERBLOCK).create_storage(storage.clone()).unwrap();
    let group = file.create_group("group").unwrap();
    group.new_attr_builder().with_data(&array![1, 2, 3]).create("numbers").unwrap();
    let data = Array1::from_iter(0..100_i64);
    group.new_dataset_builder().with_data(&data).create("data").unwrap();
    let packed = group.new_dataset_builder().with_data(&data).chunk(50).shuffle().fletcher32();
    packed.create("packed").unwrap();
    file.link_soft("loop", "loop").unwrap();
    file.link_soft("/group/nothing", "dangling").unwrap();
    file.close().unwrap();
    storage.to_vec()
}

fn open(bytes: &[u8]) -> File {
    File::from_bytes(bytes.to_vec()).unwrap()
}

/// The sample with its bytes from `offset` on replaced.
fn changed(offset: u64, bytes: &[u8]) -> Vec<u8> {
    let mut file = sample();
    let start = usize::try_from(offset).unwrap();
    file[start..start + bytes.len()].copy_from_slice(bytes);
    file
}

/// Where in the file the header of an object begins.
fn header_of(path: &str) -> u64 {
    let file = open(&sample());
    file.open(path).unwrap().location().address() + USERBLOCK
}

#[test]
fn a_file_that_is_none() {
    let error = File::from_bytes(Vec::new()).unwrap_err();
    let text = "malformed file: truncated: 8 bytes needed, 0 there in the superblock at offset 0";
    assert_error(&error, text, Structure::Superblock, 0, "(none)");
    let error = File::from_bytes(b"PK\x03\x04 is an archive".to_vec()).unwrap_err();
    let text = r#"malformed file: signature "\x89HDF\r\n\x1a\n" expected, found "PK\x03\x04 is " in the superblock at offset 0"#;
    assert_error(&error, text, Structure::Superblock, 0, "(none)");
}

#[test]
fn a_file_that_cannot_be_opened_or_created_is_named() {
    let folder = Folder::new("errors");
    let named = |result: Result<File>, path: &Path, text: &str| {
        let error = result.unwrap_err();
        let path = path.to_str().unwrap();
        assert_eq!(error.file(), Some(path), "{error}");
        assert!(error.to_string().contains(text), "{error}");
        assert!(error.to_string().ends_with(&format!(", file {path:?}")), "{error}");
        error
    };
    let absent = folder.file("folder/absent.h5");
    let error = named(File::open(&absent), &absent, "I/O error");
    assert!(matches!(error.kind(), ErrorKind::Io(source) if source.kind() == std::io::ErrorKind::NotFound));
    for result in [
        File::open_rw(&absent),
        File::create(&absent),
        File::create_excl(&absent),
        File::append(&absent),
        File::options().mmap(true).open(&absent),
        File::options().driver(Driver::Family { member_size: None }).open_rw(&absent),
    ] {
        named(result, &absent, "I/O error");
    }
    let other = folder.file("archive.zip");
    std::fs::write(&other, b"PK\x03\x04 is an archive").unwrap();
    for result in [File::open(&other), File::open_rw(&other), File::append(&other)] {
        named(result, &other, "signature");
    }
    named(File::create_excl(&other), &other, "I/O error");
    let locked = folder.file("locked.h5");
    let holder = File::create(&locked).unwrap();
    for result in [File::open_rw(&locked), File::create(&locked), File::append(&locked)] {
        named(result, &locked, "open elsewhere");
    }
    drop(holder);
}

#[test]
fn a_member_that_cannot_be_opened_is_named() {
    let folder = Folder::new("errors-members");
    let (first, second) = (folder.file("a0.h5"), folder.file("a1.h5"));
    let options = File::options().driver(Driver::Family { member_size: Some(2048) });
    let file = options.create(&first).unwrap();
    file.new_dataset_builder().with_data(&Array1::from_iter(0..300_i64)).create("data").unwrap();
    file.close().unwrap();
    let locked = h5::storage::FileStorage::open_rw(&second, FileLocking::Writers).unwrap();
    let error = options.open_rw(&first).unwrap_err();
    assert!(error.to_string().contains("open elsewhere"), "{error}");
    assert_eq!(error.file(), second.to_str());
    drop(locked);
    options.open_rw(&first).unwrap();
}

#[test]
fn a_file_that_was_cut_off_before_it_was_opened() {
    let file = sample();
    let error = File::from_bytes(file[..file.len() - 1].to_vec()).unwrap_err();
    let (needed, there) = (file.len(), file.len() - 1);
    let text = format!(
        "malformed file: truncated: {needed} bytes needed, {there} there in the superblock at offset 512"
    );
    assert_error(&error, &text, Structure::Superblock, USERBLOCK, "(none)");
    let error = File::from_bytes(file[..520].to_vec()).unwrap_err();
    let text = "malformed file: truncated: 1 bytes needed, 0 there in the superblock at offset 520";
    assert_error(&error, text, Structure::Superblock, USERBLOCK + 8, "(none)");
}

#[test]
fn a_file_that_is_cut_off_while_it_is_open() {
    let storage = Arc::new(MemoryStorage::new(sample()));
    let file = File::options().open_storage(storage.clone()).unwrap();
    let dataset = file.dataset("group/data").unwrap();
    let start = dataset.offset().unwrap();
    storage.set_len(start + 799).unwrap();
    let error = dataset.read_raw::<i64>().unwrap_err();
    let text = format!(
        "I/O error: the read goes past the end of the file in the raw data at offset {start}, object \"/group/data\""
    );
    assert_error(&error, &text, Structure::RawData, start, "/group/data");
}

#[test]
fn a_wrong_checksum_in_the_metadata() {
    let offset = header_of("group");
    // A byte of the first message, which nobody looks at before the checksum.
    let file = changed(offset + 20, &[0x55]);
    let error = open(&file).group("group").unwrap_err();
    let ErrorKind::Malformed(Malformed::Checksum { stored, computed }) = error.kind() else {
        panic!("{error}")
    };
    let text = format!(
        "malformed file: checksum mismatch: {stored:#010x} stored, {computed:#010x} computed \
         in the object header at offset {offset}, object \"/group\""
    );
    assert_error(&error, &text, Structure::ObjectHeader, offset, "/group");
    // On the way to something else it is still the group that is broken.
    let error = open(&file).dataset("group/data").unwrap_err();
    assert_error(&error, &text, Structure::ObjectHeader, offset, "/group");
}

#[test]
fn a_wrong_checksum_in_the_superblock() {
    let error = File::from_bytes(changed(USERBLOCK + 20, &[1])).unwrap_err();
    assert!(error.to_string().contains("checksum mismatch"), "{error}");
    assert_eq!((error.structure(), error.offset()), (Some(Structure::Superblock), Some(USERBLOCK)));
}

#[test]
fn a_wrong_checksum_of_a_chunk() {
    let file = sample();
    // Shuffled, the first bytes of 50 numbers stand one after the other.
    let first: Vec<u8> = (50..100).collect();
    let start = file.windows(50).position(|window| window == first).unwrap() as u64;
    let file = open(&changed(start + 3, &[0]));
    let packed = file.dataset("group/packed").unwrap();
    let error = packed.read_raw::<i64>().unwrap_err();
    let ErrorKind::Malformed(Malformed::Checksum { stored, computed }) = error.kind() else {
        panic!("{error}")
    };
    let text = format!(
        "malformed file: checksum mismatch: {stored:#010x} stored, {computed:#010x} computed \
         in the chunk at offset {start}, object \"/group/packed\""
    );
    assert_error(&error, &text, Structure::Chunk, start, "/group/packed");
    assert_eq!(packed.read_slice_1d::<i64, _>(s![10..50]).unwrap()[5], 15, "the other chunk is good");
}

#[test]
fn an_unknown_version() {
    let error = File::from_bytes(changed(USERBLOCK + 8, &[9])).unwrap_err();
    let text = "not supported: version 9 (known up to 3) in the superblock at offset 520";
    assert_error(&error, text, Structure::Superblock, 520, "(none)");
    let offset = header_of("group/data");
    let error = open(&changed(offset + 4, &[7])).dataset("group/data").unwrap_err();
    let at = offset + 4;
    let text = format!(
        "not supported: version 7 (known up to 2) in the object header at offset {at}, object \"/group/data\""
    );
    assert_error(&error, &text, Structure::ObjectHeader, at, "/group/data");
}

#[test]
fn a_path_that_leads_nowhere() {
    let file = open(&sample());
    let group = file.group("group").unwrap();
    for (error, path) in [
        (file.dataset("none").unwrap_err(), "/none"),
        (file.group("/group/none/deeper").unwrap_err(), "/group/none"),
        (group.dataset("none").unwrap_err(), "/group/none"),
        (file.open("dangling").unwrap_err(), "/group/nothing"),
        (group.attr("none").unwrap_err(), "/group@none"),
    ] {
        assert!(error.is_not_found(), "{error}");
        assert!(error.to_string().starts_with(&format!("nothing is named {path:?}")), "{error}");
        assert_eq!((error.structure(), error.offset()), (None, None), "{error}");
    }
    let error = group.dataset("none").unwrap_err();
    let text = "nothing is named \"/group/none\", object \"/group/none\"";
    assert_error(&error, text, None, None, "/group/none");
    let error = group.attr("none").unwrap_err();
    assert_error(&error, "nothing is named \"/group@none\", object \"/group\"", None, None, "/group");
}

#[test]
fn an_object_of_another_kind() {
    let file = open(&sample());
    let error = file.group("group/data").unwrap_err();
    let text = "a group was asked for, this is a dataset, object \"/group/data\"";
    assert_error(&error, text, None, None, "/group/data");
    let error = file.dataset("group").unwrap_err();
    assert_error(&error, "a dataset was asked for, this is a group, object \"/group\"", None, None, "/group");
    let error = file.open("group/data/below").unwrap_err();
    let offset = header_of("group/data");
    let text = format!(
        "a group was asked for, this is a dataset in the object header at offset {offset}, object \"/group/data\""
    );
    assert_error(&error, &text, Structure::ObjectHeader, offset, "/group/data");
}

/// Opens the sample with limits of which only some are small.
fn limited(limits: Limits) -> File {
    File::options().limits(limits).open_bytes(sample()).unwrap()
}

#[test]
fn limits_on_memory_and_metadata() {
    let dataset = limited(Limits { memory: 799, ..Limits::default() }).dataset("group/data").unwrap();
    let error = dataset.read_raw::<i64>().unwrap_err();
    let text = "limit reached: memory for values needs 800, allowed are 799, object \"/group/data\"";
    assert_error(&error, text, None, None, "/group/data");
    assert_eq!(dataset.read_slice_1d::<i64, _>(1..).unwrap().len(), 99);
    let packed = limited(Limits { memory: 300, ..Limits::default() }).dataset("group/packed").unwrap();
    let error = packed.read_slice_1d::<i64, _>(..4).unwrap_err();
    let text =
        "limit reached: a filtered chunk needs 400, allowed are 300 in the chunk, object \"/group/packed\"";
    assert_error(&error, text, Structure::Chunk, None, "/group/packed");
    let file = limited(Limits { metadata: 60, ..Limits::default() });
    let error = file.group("group").unwrap_err();
    let offset = open(&sample()).address() + USERBLOCK;
    let ErrorKind::Limit { what: "a metadata structure", needed, limit: 60 } = *error.kind() else {
        panic!("{error}")
    };
    let text = format!(
        "limit reached: a metadata structure needs {needed}, allowed are 60 \
         in the object header at offset {offset}, object \"/\""
    );
    assert_error(&error, &text, Structure::ObjectHeader, offset, "/");
}

#[test]
fn limits_on_items_and_depth() {
    let file = limited(Limits { items: 2, ..Limits::default() });
    let error = file.links().unwrap_err();
    // Where the third message begins.
    let offset = error.offset().unwrap();
    assert!((20..200).contains(&(offset - header_of("/"))), "{error}");
    let text = format!(
        "limit reached: a list in the file needs 3, allowed are 2 in the object header at offset {offset}, object \"/\""
    );
    assert_error(&error, &text, Structure::ObjectHeader, offset, "/");
    let error = limited(Limits { depth: 5, ..Limits::default() }).open("loop").unwrap_err();
    let text = "limit reached: the depth of nesting needs 6, allowed are 5 in the path, object \"/loop\"";
    assert_error(&error, text, Structure::Path, None, "/loop");
}

#[test]
fn writing_to_what_is_open_for_reading() {
    let file = open(&sample());
    assert!(file.is_read_only());
    let group = file.group("group").unwrap();
    let data = group.dataset("data").unwrap();
    for (error, object) in [
        (file.create_group("new").unwrap_err(), "/"),
        (group.new_dataset::<u8>().shape(3).create("new").unwrap_err(), "/group"),
        (group.link_soft("a", "b").unwrap_err(), "/group"),
        (group.attr("numbers").unwrap().write(&array![1, 2, 3]).unwrap_err(), "/group"),
        (group.new_attr::<u8>().create("new").unwrap_err(), "/group"),
        (group.delete_attr("numbers").unwrap_err(), "/group"),
        (data.write_slice(&array![1_i64], 0..1).unwrap_err(), "/group/data"),
        (data.resize(7).unwrap_err(), "/group/data"),
    ] {
        let text = format!("the file is open for reading only, object {object:?}");
        assert_error(&error, &text, None, None, object);
        assert!(matches!(error.kind(), ErrorKind::Misuse(Misuse::ReadOnly)));
    }
}

#[test]
fn shapes_that_do_not_fit() {
    let storage = Arc::new(MemoryStorage::new(sample()));
    let data = File::options().open_storage_rw(storage).unwrap().dataset("group/data").unwrap();
    for (error, what) in [
        (data.read_2d::<i64>().unwrap_err(), "an array of shape [100] was read as one of 2 axes"),
        (data.read_scalar::<i64>().unwrap_err(), "an array of shape [100] was read as a scalar"),
        (data.read_slice_1d::<i64, _>(..101).unwrap_err(), "0..Some(101) is not on an axis of 100"),
        (data.read_slice_1d::<i64, _>(100).unwrap_err(), "the index 100 is not on an axis of 100"),
        (data.read_slice_2d::<i64, _>(s![.., 1]).unwrap_err(), "a selection of 2 axes in a dataspace of 1"),
        (data.read_into::<i64, _>(3..5, &mut [0; 3]).unwrap_err(), "3 elements for a selection of shape [2]"),
        (data.write(&array![1_i64]).unwrap_err(), "an array of shape [1] for a selection of [100]"),
        (
            data.write_slice(&array![[1_i64, 2]], 0..2).unwrap_err(),
            "an array of shape [1, 2] for a selection of [2]",
        ),
    ] {
        assert_error(&error, &format!("{what}, object \"/group/data\""), None, None, "/group/data");
        assert!(matches!(error.kind(), ErrorKind::Misuse(Misuse::Shape(_))));
    }
}

#[test]
fn values_of_another_type() {
    let data = open(&sample()).dataset("group/data").unwrap();
    let error = data.read_raw::<h5::types::VarLenUnicode>().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Misuse(Misuse::Conversion { .. })), "{error}");
    assert_eq!(error.object(), Some("/group/data"));
}

/// Turns every bit over; registered by nobody.
#[derive(Debug)]
struct Inverted;

impl Filter for Inverted {
    fn id(&self) -> u16 {
        300
    }

    fn name(&self) -> &'static str {
        "inverted"
    }

    fn decode(&self, input: &[u8], _: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        output.extend(input.iter().map(|byte| !byte));
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        self.decode(input, call, output).map(|()| Encoded::Done)
    }
}

#[test]
fn a_filter_that_is_not_there() {
    let storage = Arc::new(MemoryStorage::default());
    let options = File::options().userblock(USERBLOCK).filter(Arc::new(Inverted));
    let file = options.create_storage(storage.clone()).unwrap();
    let data = array![1_u8, 2, 3];
    file.new_dataset_builder().with_data(&data).chunk(3).add_filter(300, &[]).create("data").unwrap();
    file.close().unwrap();
    let bytes = storage.to_vec();
    let start = bytes.windows(3).position(|window| window == [!1, !2, !3]).unwrap() as u64;
    let error = open(&bytes).dataset("data").unwrap().read_raw::<u8>().unwrap_err();
    let text = format!(
        "not supported: filter 300 (\"inverted\"), which is not registered in the chunk at offset {start}, object \"/data\""
    );
    assert_error(&error, &text, Structure::Chunk, start, "/data");
    let file = options.open_bytes(bytes).unwrap();
    assert_eq!(file.dataset("data").unwrap().read_1d::<u8>().unwrap(), data);
}

#[test]
fn what_is_named_twice_or_badly() {
    let storage = Arc::new(MemoryStorage::new(sample()));
    let file = File::options().open_storage_rw(storage).unwrap();
    let error = file.create_group("group/data").unwrap_err();
    assert_error(&error, "\"data\" exists already, object \"/group\"", None, None, "/group");
    let error = file.create_group("group/none/new").unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = file.create_group("").unwrap_err();
    assert_error(&error, "\"\" cannot be the name of a link, object \"/\"", None, None, "/");
}
