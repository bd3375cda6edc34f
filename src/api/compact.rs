//! Giving space back to the file system.

use super::File;
use crate::base::Result;
use crate::data;

/// What is moved makes room for what comes before it, which can move in its turn: so often that is tried.
const PASSES: usize = 16;

impl File {
    /// Makes the file shorter by what is free of it, as far as that goes without moving what others have the address of.
    ///
    /// Space that became free in this session, and space that the file remembers as free
    /// ([`FileSpaceStrategy`](crate::FileSpaceStrategy)), is filled from the end of the file with contiguous
    /// data, chunks, and what object headers have beyond their first block, and the file is cut behind what is last then.
    /// Object headers, indexes and heaps do not move, since other objects and references have their addresses: where one
    /// of them is last, the file ends there, with whatever is free before it. A new file made by `repack` has no free space at all.
    ///
    /// What was written before is published, as by [`flush`](Self::flush), or by [`commit`](Self::commit) in a session
    /// that has committed; there, each state on the way is a commit of its own, and a crash at any moment leaves one of
    /// them, which all have the same content. The call reads all groups and chunk indexes, and copies what it
    /// moves. Arrays that were [mapped](crate::Dataset::map) before must not be used any more.
    ///
    /// ```
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-compact");
    /// # std::fs::create_dir_all(&dir)?;
    /// # let path = dir.join("compact.h5");
    /// let file = h5::File::create(&path)?;
    /// for name in ["old", "new"] {
    ///     file.new_dataset::<f64>().shape(5000).create(name)?.write(&[0.5; 5000])?;
    /// }
    /// file.unlink("old")?;
    /// file.flush()?;
    /// let before = file.size();
    /// file.compact()?;
    /// assert!(file.size() < before - 39_000);
    /// assert_eq!(file.dataset("new")?.read_raw::<f64>()?, [0.5; 5000]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn compact(&self) -> Result<()> {
        let mut core = self.as_group().handle.shared.write_stored()?;
        let mut end = u64::MAX;
        for _ in 0..PASSES {
            core.publish_anew()?;
            let now = core.bytes_of_space()?;
            if !data::move_down(&mut core)? && now >= end {
                break;
            }
            end = now;
        }
        core.publish_anew()
    }
}
