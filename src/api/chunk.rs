//! Chunks of a dataset as they are stored.

use super::Dataset;
use crate::base::{Result, to_usize};
use crate::data;

/// A chunk in the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChunkInfo {
    /// The index of its first element along each axis.
    pub offset: Vec<u64>,
    /// Bit n is set where filter n was left out.
    pub filter_mask: u32,
    /// Where it begins in the file, in bytes from the first one of the HDF5 data.
    pub addr: u64,
    /// Bytes as stored.
    pub size: u64,
}

impl Dataset {
    /// Returns the number of chunks that are stored; none for other layouts, and where the file can no longer be read.
    pub fn num_chunks(&self) -> Option<usize> {
        let mut count = 0u64;
        self.chunks_visit(|_| {
            count += 1;
            true
        })
        .ok()?;
        to_usize(count).ok()
    }

    /// Returns the chunk with a number, which is its place in the order of the file's index of chunks.
    pub fn chunk_info(&self, index: usize) -> Option<ChunkInfo> {
        let (mut left, mut found) = (index, None);
        self.chunks_visit(|chunk| {
            if left == 0 {
                found = Some(chunk);
                return false;
            }
            left -= 1;
            true
        })
        .ok()?;
        found
    }

    /// Returns all chunks that are stored.
    ///
    /// ```
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-chunks");
    /// # std::fs::create_dir_all(&dir)?;
    /// # let path = dir.join("chunks.h5");
    /// let file = h5::File::create(&path)?;
    /// let dataset = file.new_dataset::<u8>().shape(10).chunk(4).create("bytes")?;
    /// dataset.write_slice(&ndarray::arr1(&[1, 2]), ndarray::s![3..5])?;
    /// let offsets: Vec<_> = dataset.chunks()?.into_iter().map(|chunk| chunk.offset).collect();
    /// assert_eq!(offsets, [[0], [4]]);
    /// assert_eq!(dataset.read_direct_chunk(&[4])?, (0, vec![2, 0, 0, 0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn chunks(&self) -> Result<Vec<ChunkInfo>> {
        let mut chunks = Vec::new();
        self.chunks_visit(|chunk| {
            chunks.push(chunk);
            true
        })?;
        Ok(chunks)
    }

    /// Calls `f` with every chunk that is stored until it returns false, in the order of the file's index of chunks.
    pub fn chunks_visit(&self, mut f: impl FnMut(ChunkInfo) -> bool) -> Result<()> {
        self.inspect_stored(|core, info| {
            data::visit_chunks(core, info, &mut |offset, chunk| {
                let data::ChunkRecord { address, size, filter_mask } = chunk;
                f(ChunkInfo { offset, filter_mask, addr: address.0, size })
            })
        })
    }

    /// Returns the filter mask and the bytes of the chunk that begins with an element, as they are stored.
    pub fn read_direct_chunk(&self, offset: &[u64]) -> Result<(u32, Vec<u8>)> {
        self.inspect_stored(|core, info| data::read_chunk(core, info, offset))
    }

    /// Stores bytes that went through the dataset's filters already as the chunk that begins with an element. Bit n of
    /// the mask is set where filter n was left out.
    pub fn write_direct_chunk(&self, offset: &[u64], bytes: &[u8], filter_mask: u32) -> Result<()> {
        let chunks = &self.handle.shared.chunks;
        self.handle
            .with_mut(|core| data::write_chunk(core, chunks, self.handle.address, offset, bytes, filter_mask))
    }
}
