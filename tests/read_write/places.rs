//! Where files are written to: never over the one that is read, and not over one that somebody else has open.

use h5::{File, Repack};

use super::support::Folder;

#[test]
fn a_file_is_known_by_all_its_names() {
    let folder = Folder::new("places");
    let path = folder.file("file.h5");
    let file = File::create(&path).unwrap();
    file.create_group("kept").unwrap();
    file.close().unwrap();
    // Who only reads has no lock that would keep the file.
    let file = File::open(&path).unwrap();
    let mut names = vec![path.clone(), folder.path().join(".").join("file.h5")];
    if cfg!(unix) {
        names.push(folder.file("hard.h5"));
        std::fs::hard_link(&path, &names[2]).unwrap();
    }
    std::fs::write(folder.file("other.h5"), std::fs::read(&path).unwrap()).unwrap();
    for name in &names {
        let error = Repack::new().run(&file, name).unwrap_err().to_string();
        assert!(error.contains("repacked into itself"), "{error}");
        assert!(file.is_at(name), "{}", name.display());
    }
    assert!(!file.is_at(folder.file("other.h5")) && !file.is_at(folder.file("absent.h5")));
    assert!(!File::from_bytes(std::fs::read(&path).unwrap()).unwrap().is_at(&path));
    assert_eq!(File::open(&path).unwrap().member_names().unwrap(), ["kept"]);
}

#[test]
fn a_file_that_is_open_elsewhere_is_not_replaced() {
    let folder = Folder::new("places-open");
    let source = File::create(folder.file("source.h5")).unwrap();
    let target = folder.file("target.h5");
    let holder = File::create(&target).unwrap();
    holder.create_group("kept").unwrap();
    holder.flush().unwrap();
    let error = Repack::new().run(&source, &target).unwrap_err();
    assert!(error.to_string().contains("open elsewhere"), "{error}");
    assert_eq!(error.file(), target.to_str());
    assert_eq!(File::open(&target).unwrap().member_names().unwrap(), ["kept"]);
    drop(holder);
    Repack::new().run(&source, &target).unwrap();
    assert!(File::open(&target).unwrap().member_names().unwrap().is_empty());
}
