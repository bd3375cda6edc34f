//! The filters of one dataset in their order, with the per-chunk mask and a bound on what they put out.

use std::sync::Arc;

use super::{Encoded, Filter, FilterCall, Filters};
use crate::base::{Budget, Error, Result, Structure, Unsupported, to_usize};
use crate::format::message::filter_pipeline::{FilterPipeline, OPTIONAL};

/// Encodes and decodes the chunks of one dataset.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    stages: Vec<Stage>,
    chunk_bytes: usize,
}

#[derive(Clone, Debug)]
struct Stage {
    id: u16,
    name: String,
    optional: bool,
    values: Vec<u32>,
    /// None: not compiled in or registered. That matters only for chunks that went through it.
    filter: Option<Arc<dyn Filter>>,
}

/// Two buffers that a thread uses for one chunk after the other.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) front: Vec<u8>,
    back: Vec<u8>,
}

impl Pipeline {
    /// Looks the filters of a dataset up; `chunk_bytes` is what a chunk has before any of them.
    pub(crate) fn new(
        message: Option<&FilterPipeline>,
        chunk_bytes: u64,
        filters: &Filters,
        budget: &Budget,
    ) -> Result<Self> {
        let entries = message.map_or(&[][..], |message| &message.filters);
        let stages = entries.iter().map(|entry| Stage {
            id: entry.id,
            name: String::from_utf8_lossy(entry.name()).into_owned(),
            optional: entry.flags & OPTIONAL != 0,
            values: entry.values.clone(),
            filter: filters.get(entry.id).cloned(),
        });
        let stages: Vec<Stage> = stages.collect();
        if !stages.is_empty() && chunk_bytes > budget.limits().memory {
            let error = Error::limit("a filtered chunk", chunk_bytes, budget.limits().memory);
            return Err(error.within(Structure::Chunk));
        }
        Ok(Pipeline { stages, chunk_bytes: to_usize(chunk_bytes)? })
    }

    /// Tells whether a chunk with this mask went through no filter at all.
    pub(crate) fn is_bypassed(&self, mask: u32) -> bool {
        self.stages.iter().enumerate().all(|(index, _)| is_masked(mask, index))
    }

    /// Decodes the stored bytes in `scratch.front` in place; fewer may come out than a chunk has. A set bit of the mask
    /// leaves out the filter at its position.
    pub(crate) fn decode(&self, mask: u32, scratch: &mut Scratch) -> Result<()> {
        for (index, stage) in self.stages.iter().enumerate().rev() {
            if is_masked(mask, index) {
                continue;
            }
            scratch.back.clear();
            let call = self.call(stage);
            let filter = stage.filter()?;
            filter
                .decode(&scratch.front, &call, &mut scratch.back)
                .map_err(|e| e.within(Structure::Chunk))?;
            std::mem::swap(&mut scratch.front, &mut scratch.back);
        }
        scratch.front.truncate(self.chunk_bytes);
        Ok(())
    }

    /// Encodes the chunk in `scratch.front` in place and returns the mask of the filters that were left out.
    pub(crate) fn encode(&self, scratch: &mut Scratch) -> Result<u32> {
        let mut mask = 0;
        for (index, stage) in self.stages.iter().enumerate() {
            scratch.back.clear();
            let encoded = stage
                .filter()
                .and_then(|filter| filter.encode(&scratch.front, &self.call(stage), &mut scratch.back));
            match encoded {
                Ok(Encoded::Done) => std::mem::swap(&mut scratch.front, &mut scratch.back),
                Ok(Encoded::NotWorthIt) | Err(_) if stage.optional => mask |= bit(index),
                Ok(Encoded::NotWorthIt) => {
                    return Err(stage.gives_up());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(mask)
    }

    fn call<'a>(&self, stage: &'a Stage) -> FilterCall<'a> {
        // Filters before this one may have made the chunk larger: by a checksum, a header, incompressible data.
        let limit = self.chunk_bytes.saturating_mul(2).saturating_add(1 << 16);
        FilterCall { values: &stage.values, chunk_bytes: self.chunk_bytes, limit }
    }
}

impl Stage {
    /// There is nothing wrong with the file, but that its filter may not be left out.
    fn gives_up(&self) -> Error {
        let (id, name) = (self.id, &self.name);
        let what =
            format!("filter {id} ({name:?}) makes a chunk no smaller, and is not optional in this dataset");
        Error::misuse(what).within(Structure::Chunk)
    }

    fn filter(&self) -> Result<&Arc<dyn Filter>> {
        self.filter.as_ref().ok_or_else(|| {
            let (id, name) = (self.id, self.name.clone());
            Unsupported::Filter { id, name, feature: Filters::feature_of(id) }.into()
        })
    }
}

fn bit(index: usize) -> u32 {
    u32::try_from(index).ok().and_then(|index| 1u32.checked_shl(index)).unwrap_or(0)
}

fn is_masked(mask: u32, index: usize) -> bool {
    mask & bit(index) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::message::filter_pipeline::FilterEntry;

    fn pipeline(filters: &[(u16, &[u32])], chunk_bytes: u64) -> Pipeline {
        let entry = |&(id, values): &(u16, &[u32])| FilterEntry {
            id,
            flags: 0,
            stored_name: b"name\0".to_vec(),
            values: values.to_vec(),
        };
        let message = FilterPipeline { version: 2, filters: filters.iter().map(entry).collect() };
        Pipeline::new(Some(&message), chunk_bytes, &Filters::default(), &Budget::default()).unwrap()
    }

    #[test]
    fn a_masked_filter_is_left_out() {
        let all = pipeline(&[(2, &[4]), (3, &[])], 16);
        let plain: Vec<u8> = (0..16).collect();
        let mut scratch = Scratch { front: plain.clone(), back: Vec::new() };
        assert_eq!(all.encode(&mut scratch).unwrap(), 0);
        assert_eq!(scratch.front.len(), 20);
        let stored = scratch.front.clone();
        all.decode(0, &mut scratch).unwrap();
        assert_eq!(scratch.front, plain);
        scratch.front = stored[..16].to_vec();
        all.decode(2, &mut scratch).unwrap();
        assert_eq!(scratch.front, plain, "the checksum was left out");
        assert!(all.is_bypassed(3) && !all.is_bypassed(1));
    }

    #[cfg(feature = "lzf")]
    #[test]
    fn who_must_not_be_left_out_and_has_nothing_to_gain_is_named() {
        let lzf = pipeline(&[(crate::codec::id::LZF, &[])], 4);
        let mut scratch = Scratch { front: vec![1, 2, 3, 4], back: Vec::new() };
        let error = lzf.encode(&mut scratch).unwrap_err();
        assert!(matches!(error.kind(), crate::base::ErrorKind::Misuse(_)), "{error}");
        assert!(
            error
                .to_string()
                .starts_with("filter 32000 (\"name\") makes a chunk no smaller, and is not optional")
        );
    }

    #[test]
    fn a_missing_filter_is_named_only_when_it_is_needed() {
        let missing = pipeline(&[(32999, &[])], 4);
        let mut scratch = Scratch { front: vec![1, 2, 3, 4], back: Vec::new() };
        missing.decode(1, &mut scratch).unwrap();
        let error = missing.decode(0, &mut scratch).unwrap_err().to_string();
        assert_eq!(error, "not supported: filter 32999 (\"name\"), which is not registered");
    }
}
