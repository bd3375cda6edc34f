//! Files of all ages are changed and changed back: h5dump sees the changes, and after them what it saw before.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use h5::{File, Result};
use ndarray::Array2;

use super::support::Folder;
use super::{Entry, corpus, for_each, manifest};

/// Larger files take long and have nothing that small ones do not have.
const LARGEST: usize = 1 << 20;

const GROUP: &str = "added by h5";

#[derive(Debug, Default)]
struct Count {
    edited: u32,
    /// h5dump is too old for them, or they are several files.
    left_out: u32,
}

/// What cannot be written to, by the end of its name, and what is said of it: libhdf5 refuses these files too, or crashes.
const REFUSED: [(&str, &str); 4] = [
    // They end before their free-space managers do.
    ("h5clear_fsm_persist_less.h5", "free-space manager header"),
    ("h5clear_fsm_persist_user_less.h5", "free-space manager header"),
    // A list of free space that no release has written.
    ("h5diff_types.h5", "free-space section list"),
    // The heap of many links has blocks of 64 KiB, which two bytes cannot tell.
    ("sizes_8_2_v108.h5", "maximum direct block size"),
];

#[test]
fn files_are_changed_and_changed_back() {
    let Some(folder) = corpus() else { return };
    let entries: Vec<Entry> = manifest(&folder)
        .into_iter()
        .filter(|entry| entry.expected == "reads" && !entry.path.starts_with("hostile/"))
        // Elsewhere h5dump prints too much.
        .filter(|entry| folder.join(format!("ddl/{}.ddl.gz", entry.path)).exists())
        .collect();
    let (scratch, count) = (Folder::new("corpus-edit"), Mutex::new(Count::default()));
    for_each(&entries, |number, entry| {
        let from = folder.join(&entry.path);
        let content = std::fs::read(&from).unwrap();
        if content.len() > LARGEST {
            return;
        }
        let path = scratch.file(&format!("{number}.h5"));
        std::fs::write(&path, content).unwrap();
        let edited = edit(&path, &entry.path);
        let mut count = count.lock().unwrap();
        if edited {
            count.edited += 1
        } else {
            count.left_out += 1
        }
        std::fs::remove_file(&path).unwrap();
    });
    let count = count.into_inner().unwrap();
    println!("{count:?}");
    assert!(count.edited > 800, "{count:?}");
}

fn edit(path: &Path, name: &str) -> bool {
    let Some(before) = h5dump(&[], path) else { return false };
    let file = match File::open_rw(path) {
        Err(error) if matches!(error.kind(), h5::ErrorKind::Unsupported(_)) => return false,
        opened => opened.unwrap_or_else(|e| panic!("{name}: {e}")),
    };
    let step = |what: &str, result: Result<()>| result.unwrap_or_else(|e| panic!("{name}: {what}: {e}"));
    let first = file.member_names().unwrap().into_iter().next();
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| name.ends_with(refused)) {
        let error = add(&file).unwrap_err().to_string();
        assert!(error.contains(why), "{name}: {error}");
        return false;
    }
    step("adding", add(&file));
    step("closing", file.close());
    assert!(h5dump(&["-g", &format!("/{GROUP}")], path).is_some(), "{name}: what was added is not read");
    let file = File::open_rw(path).unwrap();
    step("removing", file.unlink(GROUP));
    step("removing an attribute", file.delete_attr(GROUP));
    step("closing", file.close());
    let after = h5dump(&[], path).unwrap_or_else(|| panic!("{name}: h5dump fails"));
    assert!(before == after, "{name}: something else has changed");
    if let Some(first) = first {
        let file = File::open_rw(path).unwrap();
        step("removing the first link", file.unlink(&first));
        step("closing", file.close());
        // h5dump has no name for a committed type that is left without one.
        let output = Command::new("h5dump").arg("-H").arg(path).output().unwrap();
        let has_lost_a_type = output.stderr.windows(22).any(|text| text == b"unknown committed type");
        assert!(output.status.success() || has_lost_a_type, "{name}: {first} is removed and h5dump fails");
        assert!(!File::open(path).unwrap().link_exists(&first));
    }
    true
}

fn add(file: &File) -> Result<()> {
    let group = file.create_group(GROUP)?;
    let data = Array2::from_elem((30, 40), 0.5);
    group.new_dataset_builder().with_data(&data).chunk((7, 9)).deflate(1).create("dataset")?;
    group.new_attr_builder().with_data(&[1, 2, 3]).create("attribute")?;
    for number in 0..20 {
        group.link_soft("/", &format!("link {number}"))?;
    }
    file.new_attr_builder().with_data(&[1, 2, 3]).create(GROUP)?;
    Ok(())
}

/// What h5dump prints, if it has nothing to complain of.
fn h5dump(options: &[&str], path: &Path) -> Option<Vec<u8>> {
    let output = Command::new("h5dump").args(options).arg(path).output().unwrap();
    output.status.success().then_some(output.stdout)
}
