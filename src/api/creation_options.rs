//! Options that count for new files only: their numbers, their B-trees, their free space.

use super::FileOptions;
use crate::base::Sizes;
use crate::engine::FileSpaceStrategy;

impl FileOptions {
    /// Sets what a new file does with space that is not in use. The default remembers nothing across sessions.
    ///
    /// Anything but the default takes a superblock of version 2, under [`FormatBounds::Earliest`] as well, and a
    /// message that libhdf5 knows since release 1.10.1; older ones pass over it.
    ///
    /// ```
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-space");
    /// # std::fs::create_dir_all(&dir)?;
    /// # let path = dir.join("space.h5");
    /// use h5::FileSpaceStrategy::FreeSpaceManager;
    ///
    /// let strategy = FreeSpaceManager { paged: false, persist: true, threshold: 1 };
    /// let file = h5::File::options().file_space_strategy(strategy).create(&path)?;
    /// file.new_dataset::<f64>().shape(1000).create("old")?.write(&[0.0; 1000])?;
    /// file.create_group("group")?;
    /// file.unlink("old")?;
    /// file.close()?;
    /// let before = std::fs::metadata(&path)?.len();
    /// let file = h5::File::open_rw(&path)?;
    /// file.new_dataset::<f64>().shape(900).create("new")?.write(&[0.0; 900])?;
    /// file.close()?;
    /// assert_eq!(std::fs::metadata(&path)?.len(), before);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`FormatBounds::Earliest`]: crate::FormatBounds::Earliest
    #[must_use]
    pub fn file_space_strategy(mut self, strategy: FileSpaceStrategy) -> Self {
        self.properties.strategy = strategy;
        self.has_strategy = true;
        self
    }

    /// Sets the bytes of a page of a new file that is divided into pages, from 512 to 1 GiB. The default is 4096.
    #[must_use]
    pub fn file_space_page_size(mut self, bytes: u64) -> Self {
        self.properties.page_size = bytes;
        self.has_strategy = true;
        self
    }

    /// Sets how many bytes addresses and lengths have in a new file: 2, 4 or 8 each. The default is 8.
    ///
    /// Fewer bytes make a smaller file that cannot grow as large; what no longer fits is an error.
    #[must_use]
    pub fn sizes(mut self, sizes: Sizes) -> Self {
        self.properties.sizes = sizes;
        self
    }

    /// Sets half of the most entries of the B-tree nodes of groups with symbol tables (`tree_rank`, the default is 16)
    /// and of their leaves (`node_size`, the default is 4); from 1 to 32767.
    #[must_use]
    pub fn sym_k(mut self, tree_rank: u16, node_size: u16) -> Self {
        self.properties.k.group_internal = tree_rank;
        self.properties.k.group_leaf = node_size;
        self
    }

    /// Sets half of the most entries of a node of the version 1 B-trees of chunks, from 1 to 32767. The default is 32.
    ///
    /// Under [`FormatBounds::Earliest`](crate::FormatBounds::Earliest), another number takes a superblock of version 1.
    #[must_use]
    pub fn istore_k(mut self, k: u16) -> Self {
        self.properties.k.chunk = k;
        self
    }
}
