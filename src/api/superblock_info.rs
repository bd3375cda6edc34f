//! What a file says about itself as a whole.

use super::File;
use crate::base::Result;
use crate::engine::{FileSpaceStrategy, Header};
use crate::format::message::file_space_info::FileSpaceInfo;

/// The numbers of a file's superblock, and how its free space is managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuperblockInfo {
    /// The version of the superblock.
    pub version: u8,
    /// Bytes of an address.
    pub offset_size: u8,
    /// Bytes of a length.
    pub length_size: u8,
    /// Half of the most entries of a leaf of a group's B-tree.
    pub group_leaf_k: u16,
    /// The same for its inner nodes.
    pub group_internal_k: u16,
    /// The same for the B-trees of chunks.
    pub chunk_k: u16,
    /// How free space is found again.
    pub strategy: FileSpaceStrategy,
    /// Whether free space is known when the file is opened again.
    pub persists_free_space: bool,
    /// The smallest piece of free space that is kept.
    pub free_space_threshold: u64,
    /// Bytes of a page where the file is divided into pages.
    pub page_size: u64,
}

impl File {
    /// Returns the numbers of the superblock and of its extension.
    ///
    /// ```
    /// # fn main() -> h5::Result<()> {
    /// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
    /// assert_eq!(file.superblock()?.offset_size, 8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn superblock(&self) -> Result<SuperblockInfo> {
        let core = self.as_group().handle.shared.read();
        let space = match core.superblock.extension() {
            Some(extension) => Header::load(&core, extension)?.message::<FileSpaceInfo>(&core)?,
            None => None,
        };
        let bytes = |size: usize| u8::try_from(size).unwrap_or(u8::MAX);
        let sizes = core.sizes();
        Ok(SuperblockInfo {
            version: core.superblock.version,
            offset_size: bytes(sizes.address()),
            length_size: bytes(sizes.len()),
            group_leaf_k: core.k.group_leaf,
            group_internal_k: core.k.group_internal,
            chunk_k: core.k.chunk,
            strategy: space.as_ref().map(FileSpaceStrategy::from).unwrap_or_default(),
            persists_free_space: space.as_ref().is_some_and(|space| !space.managers.is_empty()),
            free_space_threshold: space.as_ref().map_or(1, |space| space.threshold),
            page_size: space.and_then(|space| space.paging).map_or(4096, |paging| paging.page_size),
        })
    }
}
