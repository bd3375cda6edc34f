//! One mapping: a part of a source and the part of the virtual dataset that it is.

use crate::base::{Budget, Error, Result, Structure};
use crate::format::selection::SelectionInfo;
use crate::format::virtual_mapping::VirtualMappings;
use crate::select::{Region, Unlimited, limited};

use super::name::Name;

/// A mapping with what it takes to follow it.
#[derive(Debug)]
pub(super) struct Mapping<'a> {
    pub(super) file: Name,
    pub(super) dataset: Name,
    pub(super) source: &'a SelectionInfo,
    pub(super) target: &'a SelectionInfo,
    pub(super) growth: Growth<'a>,
}

/// What a mapping has no end in.
#[derive(Debug)]
pub(super) enum Growth<'a> {
    None,
    /// The target grows with its source.
    WithSource {
        source: Unlimited<'a>,
        target: Unlimited<'a>,
    },
    /// Each block of the target has a source of its own, whose name has its number.
    BySources {
        target: Unlimited<'a>,
    },
}

impl<'a> Mapping<'a> {
    pub(super) fn all(mappings: &'a VirtualMappings) -> Result<Vec<Mapping<'a>>> {
        let mut all = Vec::with_capacity(mappings.entries.len());
        for (entry, (file, dataset)) in mappings.entries.iter().zip(mappings.names()) {
            let (file, dataset) = (Name::parse(file)?, Name::parse(dataset)?);
            let numbered = file.is_numbered() || dataset.is_numbered();
            let growth = match (Unlimited::of(&entry.source)?, Unlimited::of(&entry.target)?) {
                (None, None) if !numbered => Growth::None,
                (Some(source), Some(target)) if !numbered => Growth::WithSource { source, target },
                (None, Some(target)) if numbered => Growth::BySources { target },
                _ => {
                    let what = "a selection without end, or a number in a source's name, that fits nothing";
                    return Err(Error::malformed(what).within(Structure::VirtualMapping));
                }
            };
            all.push(Mapping { file, dataset, source: &entry.source, target: &entry.target, growth });
        }
        Ok(all)
    }
}

/// What a selection with an end selects of a dataspace.
pub(super) fn region(selection: &SelectionInfo, shape: &[u64], budget: &Budget) -> Result<Region> {
    let region = match selection {
        SelectionInfo::None => Region::product(shape.iter().map(|_| Vec::new()).collect()),
        SelectionInfo::All => Region::all(shape),
        SelectionInfo::Points { coordinates, .. } => {
            let rank = selection.rank().unwrap_or_default();
            Ok(Region::Points { rank, coordinates: coordinates.clone() })
        }
        SelectionInfo::Blocks { corners, .. } => {
            Region::blocks(selection.rank().unwrap_or_default(), corners, budget)
        }
        SelectionInfo::Regular { axes, .. } => axes
            .iter()
            .map(|axis| limited(axis).map(|axis| vec![axis]))
            .collect::<Result<_>>()
            .and_then(Region::product),
    }?;
    Ok(region)
}
