//! Writes arbitrary bytes anew, as far as they are a file, and changes them. Nothing may panic, hang or take more memory
//! than the limits allow.
#![no_main]

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use h5::storage::{MemoryStorage, Storage};
use h5::{DatasetChange, File, FormatBounds, Limits, Repack};
use libfuzzer_sys::fuzz_target;

/// Much more than a small file becomes; a place behind that is refused, as a disk would refuse it.
const LARGEST: u64 = 16 << 20;

#[derive(Debug, Default)]
struct Small(MemoryStorage);

impl Storage for Small {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if offset.saturating_add(data.len() as u64) > LARGEST {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.write_at(offset, data)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if len > LARGEST { Err(io::ErrorKind::StorageFull.into()) } else { self.0.set_len(len) }
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

fuzz_target!(|bytes: &[u8]| {
    // Any byte that is not checked would do; the last one is often not in use.
    let Some(&way) = bytes.last() else { return };
    let limits = Limits { memory: 1 << 20, metadata: 1 << 20, items: 1 << 12, depth: 16 };
    let options = File::options().limits(limits).chunk_cache(1 << 18);
    if let Ok(file) = options.open_bytes(bytes.to_vec()) {
        let bounds = [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V110, FormatBounds::V200];
        let change = match way >> 2 & 3 {
            0 => DatasetChange::new(),
            1 => DatasetChange::new().chunked().shuffle().deflate(1),
            2 => DatasetChange::new().chunk(&[3, 2]),
            _ => DatasetChange::new().contiguous(),
        };
        let repack = Repack::new().bounds(bounds[usize::from(way & 3)]).datasets(change).keep_going(true);
        let storage = Arc::new(Small::default());
        if repack.run_storage(&file, storage.clone()).is_ok() {
            File::from_bytes(storage.0.to_vec()).expect("what we wrote can be opened");
        }
    }
    if let Ok(file) = options.open_storage_rw(Arc::new(Small(MemoryStorage::new(bytes.to_vec())))) {
        black_box(edit(&file).is_ok());
    }
});

fn edit(file: &File) -> h5::Result<()> {
    let first = file.member_names()?.into_iter().next();
    file.new_attr_builder().with_data(&[1, 2, 3]).create("an attribute")?;
    file.create_group("a new group")?.link_soft("/", "a link")?;
    if let Some(first) = first {
        file.copy(&first, file, "a copy")?;
        file.unlink(&first)?;
    }
    file.commit()?;
    file.compact()
}
