//! The chunks of one dataset: where they are, how they are encoded, what they have that were never written.

use crate::base::{Error, Malformed, Result, Structure, to_usize};
use crate::codec::{Pipeline, Scratch};
use crate::engine::Core;

use super::chunks::Grid;
use super::dataset::DatasetInfo;
use super::fill::Pattern;
use super::index::{self, ChunkIndex, ChunkRecord};

/// Everything that one request needs to get at chunks.
pub(crate) struct ChunkAccess {
    pub(crate) grid: Grid,
    pub(crate) index: Box<dyn ChunkIndex>,
    pub(crate) pipeline: Pipeline,
    pub(crate) pattern: Pattern,
    /// Newer files may leave chunks that reach over the edge unfiltered.
    whole_chunks_only: bool,
}

impl ChunkAccess {
    pub(crate) fn open(core: &Core, info: &DatasetInfo) -> Result<Self> {
        let grid = Grid::new(info)?;
        Ok(ChunkAccess {
            index: index::open(core, info, &grid)?,
            pipeline: Pipeline::new(info.filters.as_ref(), grid.chunk_bytes(), &core.filters, &core.budget)?,
            pattern: info.pattern()?,
            whole_chunks_only: info.chunked().is_some_and(|chunked| chunked.whole_chunks_only),
            grid,
        })
    }

    /// Reads and decodes a chunk into `scratch.front`; tells whether there was anything to decode.
    pub(crate) fn load(
        &self,
        core: &Core,
        scaled: &[u64],
        record: &ChunkRecord,
        scratch: &mut Scratch,
    ) -> Result<bool> {
        let offset = core.offset(record.address)?;
        let locate = |e: Error| e.at(Structure::Chunk, offset);
        let needed = self.stored_bytes(core, scaled, record)?;
        core.budget.values(needed, 1).map_err(locate)?;
        scratch.front.resize(to_usize(needed)?, 0);
        core.read_raw(record.address, &mut scratch.front).map_err(locate)?;
        let filtered = !self.is_stored_as_is(scaled, record);
        if filtered {
            self.pipeline.decode(record.filter_mask, scratch).map_err(locate)?;
            self.complete(scaled, scratch).map_err(locate)?;
        }
        Ok(filtered)
    }

    /// Tells whether the stored chunk is its elements as they are.
    pub(crate) fn is_stored_as_is(&self, scaled: &[u64], record: &ChunkRecord) -> bool {
        self.pipeline.is_bypassed(record.filter_mask) || self.is_unfiltered_edge(scaled)
    }

    /// The bytes that a chunk has in the file, which all have to be there.
    pub(crate) fn stored_bytes(&self, core: &Core, scaled: &[u64], record: &ChunkRecord) -> Result<u64> {
        let offset = core.offset(record.address)?;
        let locate = |e: Error| e.at(Structure::Chunk, offset);
        let (mut needed, whole) = (record.size, self.grid.chunk_bytes());
        if self.is_stored_as_is(scaled, record) {
            if needed < whole {
                let rule = "too small for a chunk without filters";
                return Err(locate(Error::field("stored size of a chunk", needed, rule)));
            }
            needed = whole;
        }
        let available = core.available(offset);
        if needed > available {
            return Err(locate(Malformed::Truncated { needed, available }.into()));
        }
        Ok(needed)
    }

    /// Fills up a chunk that came out short. Oxford Nanopore's fast5 files have chunks at the edge that end with the
    /// dataspace; one that ends before that is refused.
    fn complete(&self, scaled: &[u64], scratch: &mut Scratch) -> Result<()> {
        let (whole, available) = (to_usize(self.grid.chunk_bytes())?, scratch.front.len());
        if available < whole {
            let needed = self.grid.bytes_in_use(scaled);
            if (available as u64) < needed {
                return Err(Malformed::Truncated { needed, available: available as u64 }.into());
            }
            scratch.front.resize(whole, 0);
        }
        Ok(())
    }

    /// Makes `scratch.front` a chunk that was never written.
    pub(crate) fn blank(&self, core: &Core, scratch: &mut Scratch) -> Result<()> {
        core.budget.values(self.grid.chunk_bytes(), 1)?;
        scratch.front.resize(to_usize(self.grid.chunk_bytes())?, 0);
        self.pattern.fill(&mut scratch.front);
        Ok(())
    }

    /// Encodes the chunk in `scratch.front`; returns its filter mask.
    pub(crate) fn encode(&self, scaled: &[u64], scratch: &mut Scratch) -> Result<u32> {
        if self.is_unfiltered_edge(scaled) { Ok(0) } else { self.pipeline.encode(scratch) }
    }

    /// Whether the chunk lies at the edge, and such chunks do without filters.
    pub(super) fn is_unfiltered_edge(&self, scaled: &[u64]) -> bool {
        self.whole_chunks_only && self.grid.is_partial(scaled)
    }

    /// Whether what is done with a chunk depends on the shape of the dataspace.
    pub(super) fn depends_on_shape(&self) -> bool {
        self.whole_chunks_only && !self.pipeline.is_bypassed(0)
    }
}

/// Does `f` for all items on as many threads as there are, each with buffers of its own.
#[cfg(feature = "parallel")]
pub(crate) fn for_each<T: Send>(
    items: Vec<T>,
    f: impl Fn(T, &mut Scratch) -> Result<()> + Sync,
) -> Result<()> {
    use rayon::prelude::*;
    if items.len() == 1 || rayon::current_num_threads() == 1 {
        return one_after_the_other(items, f);
    }
    items.into_par_iter().try_for_each_init(Scratch::default, |scratch, item| f(item, scratch))
}

#[cfg(not(feature = "parallel"))]
pub(crate) use one_after_the_other as for_each;

/// Does `f` for all items, one after the other.
pub(crate) fn one_after_the_other<T>(items: Vec<T>, f: impl Fn(T, &mut Scratch) -> Result<()>) -> Result<()> {
    let mut scratch = Scratch::default();
    items.into_iter().try_for_each(|item| f(item, &mut scratch))
}

#[cfg(test)]
mod tests {
    use super::super::dataset::tests::chunked;
    use super::*;

    /// As the fast5 files of Oxford Nanopore have them.
    #[test]
    fn a_chunk_at_the_edge_may_end_with_the_dataspace() {
        let (core, header) = chunked();
        let access = ChunkAccess::open(&core, &DatasetInfo::load(&core, &header).unwrap()).unwrap();
        let complete = |chunk: u64, len: usize| {
            let mut scratch = Scratch::default();
            scratch.front.resize(len, 1);
            access.complete(&[chunk], &mut scratch).map(|()| scratch.front)
        };
        assert_eq!(complete(1, 8).unwrap(), [vec![1; 8], vec![0; 24]].concat(), "two elements are in use");
        assert!(complete(1, 7).is_err());
        assert!(complete(0, 31).is_err(), "all elements of the first chunk are in use");
        assert_eq!(complete(0, 32).unwrap(), [1; 32]);
    }
}
