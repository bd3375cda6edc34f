//! How large a virtual dataset is whose mappings have no end: as large as the sources that are there make it.
//!
//! This is libhdf5's default view: up to the last element that a source has, and numbered sources up to the first one
//! that is missing.

use std::sync::atomic::AtomicU64;

use crate::base::{Error, Result, Structure};
use crate::engine::{Core, MissingSources};
use crate::format::message::dataspace::Extent;
use crate::format::message::layout::Storage;
use crate::format::selection::SelectionInfo;

use super::super::dataset::DatasetInfo;
use super::mapping::{Growth, Mapping, region};
use super::read::missing;
use super::source::{Source, Step, Trail};
use super::virtual_mappings;

/// Gives a virtual dataset the shape that it has now; others keep theirs.
pub(crate) fn with_current_shape(core: &Core, info: DatasetInfo) -> Result<DatasetInfo> {
    with_shape_on(core, info, Trail::default())
}

/// The same for a dataset that is itself the source of others.
pub(super) fn with_shape_on(core: &Core, mut info: DatasetInfo, trail: Trail<'_>) -> Result<DatasetInfo> {
    if !matches!(info.layout.storage, Storage::Virtual { .. }) {
        return Ok(info);
    }
    let mut shape = info.shape().to_vec();
    if let Some(known) = core.known_shape(info.address) {
        shape = known;
    } else {
        let Some(mappings) = virtual_mappings(core, &info)? else { return Ok(info) };
        let mappings = Mapping::all(&mappings)?;
        if mappings.iter().all(|mapping| matches!(mapping.growth, Growth::None)) {
            return Ok(info);
        }
        let opened = AtomicU64::new(0);
        let step = trail.enter(core, None, info.address, &opened)?;
        grow(core, &mappings, &step, &mut shape)?;
        check_maximum(&shape, &info.extent.maximum())?;
        core.remember_shape(info.address, &shape);
    }
    if let Extent::Simple { shape: stored, .. } = &mut info.extent {
        *stored = shape;
    }
    Ok(info)
}

/// Sources that make it larger than it may become are more than libhdf5 opens, too.
fn check_maximum(shape: &[u64], maximum: &[Option<u64>]) -> Result<()> {
    match shape.iter().zip(maximum).find(|(size, most)| most.is_some_and(|most| most < **size)) {
        None => Ok(()),
        Some((size, most)) => {
            let most = most.unwrap_or_default();
            let what = format!("the sources make an axis {size} long that may become {most}");
            Err(Error::malformed(what).within(Structure::VirtualMapping))
        }
    }
}

fn grow(core: &Core, mappings: &[Mapping<'_>], step: &Step<'_>, shape: &mut [u64]) -> Result<()> {
    let mut grown = vec![None; shape.len()];
    let mut least = vec![0; shape.len()];
    for mapping in mappings {
        let (axis, size) = match &mapping.growth {
            Growth::None => (None, 0),
            Growth::WithSource { source, target } => {
                let size = match with_source(core, mapping, step)? {
                    Some(opened) => {
                        let size = opened.info.shape().get(source.axis).copied().unwrap_or(0);
                        target.size_for(source.indices(size))?
                    }
                    None => 0,
                };
                (Some(target.axis), size)
            }
            Growth::BySources { target } => (Some(target.axis), by_sources(core, mapping, step)?),
        };
        if let Some(grown) = axis.and_then(|axis| grown.get_mut(axis)) {
            *grown = (*grown).max(Some(size));
        }
        least_shape(core, mapping, axis, shape, &mut least)?;
    }
    for ((size, grown), least) in shape.iter_mut().zip(grown).zip(least) {
        *size = grown.map_or(*size, |grown| grown.max(least));
    }
    Ok(())
}

fn with_source<'a>(core: &Core, mapping: &Mapping<'_>, step: &'a Step<'a>) -> Result<Option<Source<'a>>> {
    let (file, dataset) = (mapping.file.of_block(0), mapping.dataset.of_block(0));
    match step.open(&file, &dataset)? {
        None if core.missing_sources() == MissingSources::Error => Err(missing(core, &file, &dataset)),
        found => Ok(found),
    }
}

/// The end of the last block whose source is there, with no source missing before it.
fn by_sources(core: &Core, mapping: &Mapping<'_>, step: &Step<'_>) -> Result<u64> {
    let Growth::BySources { target } = &mapping.growth else { return Ok(0) };
    let blocks = available_blocks(core, mapping, step)?;
    let Some(last) = blocks.checked_sub(1) else { return Ok(0) };
    let bounds = target.block(last)?.and_then(|block| block.bounds());
    Ok(bounds.and_then(|bounds| bounds.get(target.axis).map(|&(_, high)| high + 1)).unwrap_or(0))
}

/// How many numbered sources there are before the first one that is missing.
pub(super) fn available_blocks(core: &Core, mapping: &Mapping<'_>, step: &Step<'_>) -> Result<u64> {
    let mut number = 0;
    while step.open(&mapping.file.of_block(number), &mapping.dataset.of_block(number))?.is_some() {
        number += 1;
        core.budget.items(number)?;
    }
    Ok(number)
}

/// What a mapping takes up along the axes in which it has an end.
fn least_shape(
    core: &Core,
    mapping: &Mapping<'_>,
    endless: Option<usize>,
    shape: &[u64],
    least: &mut [u64],
) -> Result<()> {
    if matches!(mapping.target, SelectionInfo::All | SelectionInfo::None) {
        return Ok(());
    }
    let region = match &mapping.growth {
        Growth::None => region(mapping.target, shape, &core.budget)?,
        Growth::WithSource { target, .. } | Growth::BySources { target } => target.slice()?,
    };
    let Some(bounds) = region.bounds() else { return Ok(()) };
    if bounds.len() != least.len() {
        return Err(Error::malformed("a mapping whose rank is not that of the virtual dataset"));
    }
    for (axis, (least, (_, high))) in least.iter_mut().zip(bounds).enumerate() {
        if Some(axis) != endless {
            *least = high.saturating_add(1).max(*least);
        }
    }
    Ok(())
}
