//! What a request takes of each mapping: which elements of which source, and which of the virtual dataset they are.

use std::cell::RefCell;

use crate::base::{Error, Result};
use crate::engine::{Core, MissingSources};
use crate::select::Region;

use super::super::dataset::DatasetInfo;
use super::extent;
use super::mapping::{Growth, Mapping, region};
use super::read::missing;
use super::source::{Source, Step};

/// A request for elements of a virtual dataset.
pub(super) struct Walk<'a> {
    pub(super) core: &'a Core,
    pub(super) info: &'a DatasetInfo,
    pub(super) step: &'a Step<'a>,
    /// Whether the request may want something of a region, without a look at each element.
    pub(super) meets: &'a dyn Fn(&Region) -> Result<bool>,
    /// Takes the error for the first source that is missing, where that is not one yet.
    pub(super) absent: Option<&'a RefCell<Option<Error>>>,
}

/// Takes a source with the region in it and that in the virtual dataset, of the same number of elements or not.
pub(super) type Visit<'f> = &'f mut dyn FnMut(&Source<'_>, &Region, &Region) -> Result<()>;

impl Walk<'_> {
    /// Calls `f` for the sources, mapping by mapping.
    pub(super) fn visit(&self, mappings: &[Mapping<'_>], f: Visit<'_>) -> Result<()> {
        mappings.iter().try_for_each(|mapping| match &mapping.growth {
            Growth::None => self.limited(mapping, f),
            Growth::WithSource { .. } => self.with_source(mapping, f),
            Growth::BySources { .. } => self.by_sources(mapping, mappings.len() == 1, f),
        })
    }

    fn limited(&self, mapping: &Mapping<'_>, f: Visit<'_>) -> Result<()> {
        let target = region(mapping.target, self.info.shape(), &self.core.budget)?;
        self.take(mapping, 0, &target, f)
    }

    fn with_source(&self, mapping: &Mapping<'_>, f: Visit<'_>) -> Result<()> {
        let Growth::WithSource { source: from, target: to } = &mapping.growth else { return Ok(()) };
        let (file, dataset) = (mapping.file.of_block(0), mapping.dataset.of_block(0));
        let Some(source) = self.step.open(&file, &dataset)? else { return self.lacks(&file, &dataset) };
        let size = source.info.shape().get(from.axis).copied().unwrap_or(0);
        let target = to.region(to.size_for(from.indices(size))?)?;
        f(&source, &from.region(size)?, &target)
    }

    /// Every block has its source. The shape says how many there are, unless other mappings have a say in it.
    fn by_sources(&self, mapping: &Mapping<'_>, alone: bool, f: Visit<'_>) -> Result<()> {
        let Growth::BySources { target } = &mapping.growth else { return Ok(()) };
        let size = self.info.shape().get(target.axis).copied().unwrap_or(0);
        let end = if alone { u64::MAX } else { extent::available_blocks(self.core, mapping, self.step)? };
        for number in 0..end {
            let Some(block) = target.block(number)? else { return Ok(()) };
            let begins = block.bounds().and_then(|bounds| bounds.get(target.axis).copied());
            if begins.is_none_or(|(first, _)| first >= size) {
                return Ok(());
            }
            self.take(mapping, number, &block, f)?;
        }
        Ok(())
    }

    /// Takes what the request wants of one source; a source of which it wants nothing is not even opened.
    fn take(&self, mapping: &Mapping<'_>, number: u64, target: &Region, f: Visit<'_>) -> Result<()> {
        target.check(self.info.shape())?;
        if !(self.meets)(target)? {
            return Ok(());
        }
        let (file, dataset) = (mapping.file.of_block(number), mapping.dataset.of_block(number));
        match self.step.open(&file, &dataset)? {
            Some(source) => {
                let from = region(mapping.source, source.info.shape(), &source.core.budget)?;
                f(&source, &from, target)
            }
            None => self.lacks(&file, &dataset),
        }
    }

    fn lacks(&self, file: &[u8], dataset: &[u8]) -> Result<()> {
        match (self.absent, self.core.missing_sources()) {
            (Some(absent), _) => {
                absent.borrow_mut().get_or_insert_with(|| missing(self.core, file, dataset));
                Ok(())
            }
            (None, MissingSources::Fill) => Ok(()),
            (None, _) => Err(missing(self.core, file, dataset)),
        }
    }
}
