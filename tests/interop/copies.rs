//! Files of h5py copied, object by object and whole: to h5py they are the same, or what its own copies are.

use std::path::PathBuf;

use h5::types::Datatype;
use h5::types::stored::Order;
use h5::{
    CopyOptions, DatasetChange, File, FileSpaceStrategy, FormatBounds, LinkKind, ReferenceTarget, Repack,
    Sizes,
};

use super::support::{Folder, h5dump, python};

const BOUNDS: [FormatBounds; 4] =
    [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110, FormatBounds::V200];

/// Files with all kinds of things, of four ages.
fn sources(folder: &Folder) -> Vec<PathBuf> {
    let ages = [("earliest", "v108"), ("v108", "v108"), ("v110", "v110"), ("v200", "latest")];
    let make = |(low, high): (&str, &str)| {
        let path = folder.file(&format!("{low}.h5"));
        python("tests/interop/copies.py", ["make", path.to_str().unwrap(), low, high]);
        path
    };
    ages.map(make).to_vec()
}

#[test]
fn a_file_is_the_same_in_all_versions() {
    let folder = Folder::new("repack");
    let mut pairs = vec!["same".to_owned()];
    for source in sources(&folder) {
        let file = File::open(&source).unwrap();
        for bounds in BOUNDS {
            let name = format!("{}-{bounds:?}.h5", source.file_stem().unwrap().to_str().unwrap());
            let target = folder.file(&name);
            let report = Repack::new().bounds(bounds).run(&file, &target).unwrap();
            assert!(report.left_out.is_empty() && report.unchanged.is_empty());
            let mut again = folder.file(&name);
            again.set_extension("again");
            Repack::new().bounds(bounds).run(&file, &again).unwrap();
            assert!(std::fs::read(&target).unwrap() == std::fs::read(&again).unwrap(), "{name} differs");
            // Debian's h5dump fails on what libhdf5 2.0 writes of complex numbers.
            if bounds < FormatBounds::V200 && !name.starts_with("v200") {
                assert!(h5dump([&target]).contains("a file to copy"));
            }
            pairs.extend([&source, &target].map(|path| path.to_str().unwrap().to_owned()));
        }
    }
    python("tests/interop/copies.py", pairs);
}

/// The same groups as h5py copies, by the same options.
#[test]
fn copies_are_those_of_libhdf5() {
    let folder = Folder::new("copies");
    let mut pairs = vec!["copies".to_owned()];
    for source in sources(&folder) {
        let (theirs, ours) = (source.with_extension("theirs"), source.with_extension("ours"));
        python("tests/interop/copies.py", ["theirs", source.to_str().unwrap(), theirs.to_str().unwrap()]);
        let (from, to) = (File::open(&source).unwrap(), File::create(&ours).unwrap());
        let plain = CopyOptions::new();
        let copies = [
            (plain, "members", "plain"),
            (plain.shallow(true), "members", "shallow"),
            (plain.without_attributes(true), "members", "without attributes"),
            (plain.expand_references(true), "references", "references"),
            (plain, "references", "null references"),
            (plain, "types", "types"),
        ];
        for (options, path, name) in copies {
            options.copy(&from, path, &to, name).unwrap();
        }
        to.close().unwrap();
        pairs.extend([theirs, ours].map(|path| path.to_str().unwrap().to_owned()));
    }
    python("tests/interop/copies.py", pairs);
}

/// libhdf5 2.0 writes a group that it cannot read itself when it expands soft links (`/members/inner` here).
#[test]
fn links_become_what_they_lead_to() {
    let folder = Folder::new("expand");
    let sources = sources(&folder);
    let other = File::create(folder.file("other.h5")).unwrap();
    let far = other.create_group("far").unwrap().create_group("away").unwrap();
    far.link_external("v108.h5", "/scalar", "back").unwrap();
    far.link_external("nowhere.h5", "/x", "lost").unwrap();
    other.close().unwrap();
    let (from, target) = (File::open(&sources[1]).unwrap(), folder.file("expanded.h5"));
    let to = File::create(&target).unwrap();
    let soft = CopyOptions::new().expand_soft_links(true);
    soft.copy(&from, "members", &to, "soft").unwrap();
    soft.expand_external_links(true).copy(&from, "members", &to, "all").unwrap();
    let kind = |path: &str| {
        let (group, name) = path.rsplit_once('/').unwrap();
        let links = to.group(group).unwrap().links().unwrap();
        links.into_iter().flatten().find(|link| link.name == name).unwrap().kind
    };
    let is_hard = |path: &str| matches!(kind(path), LinkKind::Hard(_));
    for path in ["soft/soft", "soft/inner/relative", "all/elsewhere", "all/elsewhere/back"] {
        assert!(is_hard(path), "{path}");
    }
    assert_eq!(kind("soft/dangling"), LinkKind::Soft(b"/nowhere".to_vec()));
    for path in ["soft/elsewhere", "all/elsewhere/lost"] {
        assert!(matches!(kind(path), LinkKind::External { .. }), "{path}");
    }
    let address = |path: &str| to.open(path).unwrap().location().address();
    assert_eq!(address("soft/inner/relative"), address("soft/inner/deep"), "it is copied once");
    assert_eq!(to.dataset("all/elsewhere/back").unwrap().read_scalar::<f64>().unwrap(), 2.5);
    to.close().unwrap();
    python("tests/interop/copies.py", ["same", target.to_str().unwrap(), target.to_str().unwrap()]);
}

#[test]
fn the_new_file_may_have_properties_of_its_own() {
    let folder = Folder::new("properties");
    let (source, target) = (&sources(&folder)[1], folder.file("paged.h5"));
    let strategy = FileSpaceStrategy::FreeSpaceManager { paged: true, persist: true, threshold: 1 };
    let options = File::options().file_space_strategy(strategy).file_space_page_size(512);
    Repack::new().options(options).run(&File::open(source).unwrap(), &target).unwrap();
    let info = File::open(&target).unwrap().superblock().unwrap();
    assert_eq!((info.strategy, info.page_size), (strategy, 512));
    python("tests/interop/copies.py", ["same", source.to_str().unwrap(), target.to_str().unwrap()]);
}

/// libhdf5 2.0 cannot read more than two references at once where addresses have 4 bytes, so that it is asked only for
/// those that it stores in 8.
#[test]
fn addresses_become_longer_and_shorter() {
    let folder = Folder::new("narrow");
    let [narrow, wide, again] = ["narrow.h5", "wide.h5", "again.h5"].map(|name| folder.file(name));
    python("tests/interop/copies.py", ["narrow", narrow.to_str().unwrap()]);
    let sizes = Sizes { offset: 4, length: 8 };
    Repack::new().run(&File::open(&narrow).unwrap(), &wide).unwrap();
    Repack::new().options(File::options().sizes(sizes)).run(&File::open(&wide).unwrap(), &again).unwrap();
    let mut pairs = vec!["same"];
    for path in [&narrow, &wide, &again] {
        let file = File::open(path).unwrap();
        let targets: Vec<Vec<ReferenceTarget>> = file.dataset("objects").unwrap().read_raw().unwrap();
        let led = ["scalar", "null"].map(|name| file.dataset(name).unwrap().address());
        assert_eq!(targets[0], led.map(ReferenceTarget::Object));
        pairs.extend([narrow.to_str().unwrap(), path.to_str().unwrap()]);
    }
    assert_eq!(File::open(&again).unwrap().superblock().unwrap().offset_size, 4);
    python("tests/interop/copies.py", pairs);
}

#[test]
fn other_layouts_have_the_same_elements() {
    let folder = Folder::new("relayout");
    let script = "tests/interop/copies.py";
    let mut pairs = vec!["elements".to_owned()];
    let none = DatasetChange::new();
    let changes = [
        none.clone().contiguous(),
        none.clone().chunked().shuffle().deflate(3),
        none.clone().chunk(&[6, 7]),
        none.clone().chunk(&[3]).add_filter(32000, &[]),
        none.no_filters(),
    ];
    for source in sources(&folder) {
        let file = File::open(&source).unwrap();
        for (number, change) in changes.iter().enumerate() {
            let target = source.with_extension(format!("{number}.h5"));
            let repack = Repack::new().bounds(BOUNDS[number % 4]).datasets(change.clone());
            let report = repack.run(&file, &target).unwrap();
            assert!(report.left_out.is_empty());
            // A scalar has no chunks, and what can grow is not contiguous.
            assert_eq!(report.unchanged.is_empty(), number == 4, "{:?}", report.unchanged);
            pairs.extend([&source, &target].map(|path| path.to_str().unwrap().to_owned()));
        }
    }
    python(script, pairs);
}

#[test]
fn copies_within_a_file_and_of_its_own_groups_end() {
    let folder = Folder::new("inside");
    let source = &sources(&folder)[1];
    let file = File::open_rw(source).unwrap();
    file.copy("members", &file.group("members/inner").unwrap(), "copy").unwrap();
    file.copy("/", &file, "all").unwrap();
    file.copy("types", &file, "types again").unwrap();
    let error = file.copy("types", &file, "types again").unwrap_err().to_string();
    assert!(error.contains("types again") && error.contains("exists"), "{error}");
    assert!(file.copy("nowhere", &file, "x").unwrap_err().is_not_found());
    file.close().unwrap();
    python("tests/interop/copies.py", ["inside", source.to_str().unwrap()]);
}

#[test]
fn committed_types_that_are_there_are_used() {
    let folder = Folder::new("merge");
    let source = &sources(&folder)[2];
    let (from, target) = (File::open(source).unwrap(), folder.file("merged.h5"));
    let to = File::create(&target).unwrap();
    from.copy("types", &to, "first").unwrap();
    let merging = CopyOptions::new().merge_committed_types(true);
    merging.copy(&from, "types/points", &to, "merged").unwrap();
    from.copy("types/points", &to, "apart").unwrap();
    let address = |name: &str| to.dataset(name).unwrap().committed_type().unwrap().unwrap();
    assert_eq!(address("merged"), address("first/points"));
    assert_ne!(address("apart"), address("first/points"));
    let links = |name: &str| to.open(name).unwrap().location().link_count().unwrap();
    // The name, two datasets with an attribute each.
    assert_eq!(links("first/committed"), 5);
    to.close().unwrap();
    assert!(
        h5dump([&target]).contains("\"first/committed\"") || h5dump([&target]).contains("/first/committed")
    );
}

/// libhdf5 takes numbers of few bits for damage where no checksum tells otherwise.
#[test]
fn numbers_of_few_bits_have_headers_with_a_checksum() {
    let folder = Folder::new("bits");
    let (source, target) = (folder.file("bits.h5"), folder.file("earliest.h5"));
    let file = File::create(&source).unwrap();
    let few = Datatype::integer(4, true, Order::Little).unwrap().with_bits(0, 5).unwrap();
    file.new_dataset_of(&few).shape(3).create("data").unwrap();
    file.create_group("group").unwrap().new_attr_of(&few).create("attribute").unwrap();
    file.commit_type("type", &few).unwrap();
    Repack::new().bounds(FormatBounds::Earliest).run(&file, &target).unwrap();
    file.close().unwrap();
    python("tests/interop/copies.py", ["same", source.to_str().unwrap(), target.to_str().unwrap()]);
}

/// Two decimal digits of the distance to the smallest number of the chunk: with other neighbours, others remain.
#[test]
fn scale_offset_with_loss_is_not_applied_twice() {
    is_not_applied_twice(6, &[0, 2]);
}

/// As many bit planes, of blocks with other exponents.
#[test]
#[cfg(feature = "zfp")]
fn zfp_is_not_applied_twice() {
    is_not_applied_twice(32013, &[2, 0, 16]);
}

/// As many digits; ones and zeros in turns, by the place in the chunk.
#[test]
#[cfg(feature = "bitround")]
fn bitgroom_is_not_applied_twice() {
    is_not_applied_twice(32022, &[3]);
    is_not_applied_twice(32023, &[3]);
}

/// A bound for the errors of the one and of the other time.
#[test]
#[cfg(feature = "sz3")]
fn sz3_is_not_applied_twice() {
    is_not_applied_twice(32024, &[0, 0x3fb9_9999, 0x9999_999a, 0, 0, 0, 0, 0, 0]);
}

fn is_not_applied_twice(filter: u16, asked: &[u32]) {
    let folder = Folder::new("lossy");
    let (source, target) = (folder.file("lossy.h5"), folder.file("new.h5"));
    let file = File::create(&source).unwrap();
    let values: Vec<f64> = (0..100).map(|n| f64::from(n).sqrt()).collect();
    let builder = file.new_dataset::<f64>().shape(100).chunk(25).add_filter(filter, asked);
    let lossy = builder.create("lossy").unwrap();
    lossy.write(&values).unwrap();
    let chunks = DatasetChange::new().chunk(&[7]);
    let report = Repack::new().datasets(chunks.clone()).run(&file, &target).unwrap();
    assert!(report.unchanged[0].to_string().contains("only about"), "{:?}", report.unchanged);
    let read =
        |path: &PathBuf| File::open(path).unwrap().dataset("lossy").unwrap().read_raw::<f64>().unwrap();
    let before = lossy.read_raw::<f64>().unwrap();
    assert!(before != values && read(&target) == before);
    assert!(Repack::new().dataset("lossy", chunks.clone()).run(&file, &target).is_err());
    Repack::new().dataset("lossy", chunks.deflate(1)).run(&file, &target).unwrap();
    assert_eq!(read(&target), before);
}
