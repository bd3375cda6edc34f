//! Elements as they are stored, and what they stand for.

use std::ops::Deref;
use std::sync::Arc;

use super::handle::Handle;
use super::types::stored::Reference;
use super::{ReferenceTarget, reference};
use crate::base::Result;
use crate::data::{Gathered, Heap};

/// Elements as they are stored, one behind the other, as [`Container::read_bytes`](crate::Container::read_bytes)
/// gives them.
///
/// What elements of variable length and references stand for lies elsewhere, and elements of a virtual dataset come
/// from several files: they are to be followed by way of the elements that they were read with.
///
/// ```
/// # fn main() -> h5::Result<()> {
/// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
/// let names = ["one".to_owned(), "three".to_owned()];
/// let dataset = file.new_dataset_builder().with_data(&names).create("names")?;
/// let elements = dataset.read_bytes(..)?;
/// let size = dataset.dtype()?.size() as usize;
/// assert_eq!(elements.follow(&elements[size..])?, (5, b"three".to_vec()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StoredElements {
    handle: Handle,
    bytes: Vec<u8>,
    /// What the elements name, where that is not in the file.
    gathered: Option<Arc<Gathered>>,
}

impl StoredElements {
    pub(super) fn new(handle: &Handle, bytes: Vec<u8>, gathered: Option<Arc<Gathered>>) -> Self {
        StoredElements { handle: handle.clone(), bytes, gathered }
    }

    /// Returns what an element of variable length stands for: its number of elements, and their stored bytes. These
    /// are followed in the same way.
    pub fn follow(&self, element: &[u8]) -> Result<(u32, Vec<u8>)> {
        self.with_heap(|heap| heap.follow(element, |count, bytes| Ok((count, bytes.to_vec()))))
    }

    /// Finds out what an element of a reference type refers to.
    ///
    /// References to objects and regions of the older kind say nothing of a file: in a virtual dataset too they are
    /// about the file that the dataset is in, as they are to libhdf5.
    pub fn reference(&self, kind: Reference, element: &[u8]) -> Result<ReferenceTarget> {
        self.with_heap(|heap| reference::target(heap, kind, element))
    }

    fn with_heap<T>(&self, f: impl FnOnce(Heap<'_>) -> Result<T>) -> Result<T> {
        let core = self.handle.shared.read();
        let heap = Heap { core: &core, gathered: self.gathered.as_deref() };
        f(heap).map_err(|e| self.handle.shared.locate(e.of(&self.handle.path)))
    }
}

impl Deref for StoredElements {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl PartialEq for StoredElements {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for StoredElements {}
