//! What the tests of this layer read: the files of `fixtures/`, and new files in memory.

use std::path::Path;
use std::sync::Arc;

use super::{Core, CreateOptions, Header, OpenOptions, Resolved, resolve};
use crate::base::{Address, Result};
use crate::format::fractal_heap::header::FractalHeapHeader;
use crate::storage::MemoryStorage;

/// The bytes of a fixture.
pub(super) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap()
}

pub(super) fn open(bytes: Vec<u8>, write: bool) -> Result<Core> {
    Core::open(Arc::new(MemoryStorage::new(bytes)), OpenOptions { write, ..OpenOptions::default() })
}

pub(super) fn fixture(name: &str) -> Core {
    open(bytes(name), false).unwrap()
}

/// The header of the object with this path.
pub(super) fn object(core: &Core, path: &str) -> Arc<Header> {
    match resolve(core, core.superblock.root_header(), "/", path).unwrap() {
        Resolved::Here { address, .. } => Header::load(core, address).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// How many objects a fractal heap has.
pub(super) fn heap_objects(core: &Core, heap: Address) -> u64 {
    let header = core.fetch::<FractalHeapHeader>(heap, &core.sizes()).unwrap();
    header.managed_objects + header.huge_objects + header.tiny_objects
}

/// An empty file that can be written to.
pub(super) fn empty() -> Core {
    Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap()
}
