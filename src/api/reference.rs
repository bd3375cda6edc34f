//! What the elements of reference types refer to.

use super::group::Object;
use super::location::Location;
use super::types::stored;
use crate::base::{Address, Error, Result};
use crate::data::Heap;
use crate::engine::Core;
use crate::format::global_heap::GlobalHeapId;
use crate::format::reference::{
    BlockContext, ObjectReference, ReferenceBlock, ReferenceKind, ReferencePart, Region, RevisedContext,
    RevisedReference, sizes_of_element,
};
use crate::format::selection::{RegularAxis, SelectionInfo};
use crate::format::{self, decode_padded};

/// What a reference refers to. Objects are named by the addresses of their headers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferenceTarget {
    /// Nothing.
    Null,
    /// An object.
    Object(u64),
    /// Some elements of a dataset.
    Region {
        /// The dataset.
        object: u64,
        /// The elements.
        region: RegionSelection,
    },
    /// An attribute.
    Attribute {
        /// The object that has it.
        object: u64,
        /// Its name as it is stored.
        name: Vec<u8>,
    },
    /// Something in another file.
    External {
        /// The file's name as it is stored.
        file: Vec<u8>,
        /// What it is there.
        target: Box<ReferenceTarget>,
    },
}

/// The elements that a region reference selects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegionSelection {
    /// No element.
    None,
    /// All elements.
    All,
    /// Single elements, each with its index along every axis.
    Points(Vec<Vec<u64>>),
    /// Blocks, each with its first corner and its last one, which is in it.
    Blocks(Vec<(Vec<u64>, Vec<u64>)>),
    /// Blocks without an end, which no dataset has the elements for. libhdf5 does not open such references.
    Unlimited,
}

impl RegionSelection {
    /// Returns the least and the greatest selected index along each axis; none if nothing or everything is selected.
    pub fn bounds(&self) -> Option<(Vec<u64>, Vec<u64>)> {
        let corners: Vec<(&Vec<u64>, &Vec<u64>)> = match self {
            RegionSelection::None | RegionSelection::All | RegionSelection::Unlimited => return None,
            RegionSelection::Points(points) => points.iter().map(|point| (point, point)).collect(),
            RegionSelection::Blocks(blocks) => blocks.iter().map(|(first, last)| (first, last)).collect(),
        };
        let (first, last) = corners.first()?;
        let (mut low, mut high) = ((*first).clone(), (*last).clone());
        for (first, last) in corners {
            low.iter_mut().zip(first).for_each(|(low, &index)| *low = index.min(*low));
            high.iter_mut().zip(last).for_each(|(high, &index)| *high = index.max(*high));
        }
        Some((low, high))
    }

    /// Returns the number of selected elements; none if that depends on the dataset.
    pub fn count(&self) -> Option<u64> {
        match self {
            RegionSelection::None => Some(0),
            RegionSelection::All | RegionSelection::Unlimited => None,
            RegionSelection::Points(points) => Some(points.len() as u64),
            RegionSelection::Blocks(blocks) => blocks.iter().try_fold(0u64, |sum, (first, last)| {
                let axes = first.iter().zip(last);
                let mut size = axes.map(|(&a, &b)| b.checked_sub(a)?.checked_add(1));
                sum.checked_add(size.try_fold(1u64, |n, size| n.checked_mul(size?))?)
            }),
        }
    }
}

impl Location {
    /// Opens the object whose header lies at an address of this file, as references name it.
    pub fn open_address(&self, address: u64) -> Result<Object> {
        self.open_address_as(address, &format!("object at {address}"))
    }

    /// Opens the object whose header lies at an address of this file, and which is known by a path: errors name that.
    pub fn open_address_as(&self, address: u64, path: &str) -> Result<Object> {
        Object::at(self.handle.other(Address(address), path.to_owned()))
    }

    /// Opens the object that a reference of this file is about, wholly or in part. Of another file it is opened as
    /// far as [`FileOptions::file_access`](crate::FileOptions::file_access) allows it.
    pub fn open_target(&self, target: &ReferenceTarget) -> Result<Object> {
        match target {
            ReferenceTarget::Null => {
                Err(Error::misuse("a null reference refers to nothing").of(&self.name()))
            }
            ReferenceTarget::Object(object)
            | ReferenceTarget::Region { object, .. }
            | ReferenceTarget::Attribute { object, .. } => self.open_address(*object),
            ReferenceTarget::External { file, target } => {
                Location { handle: self.handle.linked(file, &self.name())? }.open_target(target)
            }
        }
    }
}

/// What a stored element refers to.
pub(super) fn target(heap: Heap<'_>, kind: stored::Reference, element: &[u8]) -> Result<ReferenceTarget> {
    let core = heap.core;
    let sizes = core.sizes();
    match kind {
        stored::Reference::Object => {
            let sizes = sizes_of_element(kind, element.len(), sizes);
            let reference: ObjectReference = format::decode(element, 0, &sizes, &core.budget)?;
            Ok(reference.target().map_or(ReferenceTarget::Null, |address| ReferenceTarget::Object(address.0)))
        }
        stored::Reference::Region => {
            let own = sizes_of_element(kind, element.len(), sizes);
            let id: GlobalHeapId = format::decode(element, 0, &own, &core.budget)?;
            if id.target().is_none() {
                return Ok(ReferenceTarget::Null);
            }
            core.heap_object(id, |bytes| {
                let region: Region = decode_padded(bytes, 0, &sizes, &core.budget)?;
                let selection = selected(core, &region.selection)?;
                Ok(ReferenceTarget::Region { object: region.object.0, region: selection })
            })
        }
        stored::Reference::Standard { .. } => {
            let cx = RevisedContext { size: element.len(), ..RevisedContext::new(sizes) };
            match format::decode::<RevisedReference>(element, 0, &cx, &core.budget)? {
                RevisedReference::Null => Ok(ReferenceTarget::Null),
                RevisedReference::Object(address) => Ok(ReferenceTarget::Object(address.0)),
                RevisedReference::Stored { kind, external, id, .. } => {
                    stored_target(heap, kind, external, id)
                }
            }
        }
    }
}

fn stored_target(
    heap: Heap<'_>,
    kind: ReferenceKind,
    external: bool,
    id: GlobalHeapId,
) -> Result<ReferenceTarget> {
    let core = heap.core;
    let cx = BlockContext { kind, external };
    let block: ReferenceBlock = heap.object(id, |bytes| decode_padded(bytes, 0, &cx, &core.budget))?;
    let object = block.object.0;
    let target = match block.part {
        ReferencePart::Whole => ReferenceTarget::Object(object),
        ReferencePart::Region { selection, .. } => {
            ReferenceTarget::Region { object, region: selected(core, &selection)? }
        }
        ReferencePart::Attribute(name) => ReferenceTarget::Attribute { object, name },
    };
    Ok(match block.file {
        None => target,
        Some(file) => ReferenceTarget::External { file, target: Box::new(target) },
    })
}

fn selected(core: &Core, selection: &SelectionInfo) -> Result<RegionSelection> {
    let rank = selection.rank().unwrap_or(0).max(1);
    Ok(match selection {
        SelectionInfo::None => RegionSelection::None,
        SelectionInfo::All => RegionSelection::All,
        SelectionInfo::Points { coordinates, .. } => {
            RegionSelection::Points(coordinates.chunks_exact(rank).map(<[u64]>::to_vec).collect())
        }
        SelectionInfo::Blocks { corners, .. } => {
            let block = |corners: &[u64]| (corners[..rank].to_vec(), corners[rank..].to_vec());
            RegionSelection::Blocks(corners.chunks_exact(2 * rank).map(block).collect())
        }
        SelectionInfo::Regular { axes, .. }
            if axes.iter().any(|axis| axis.count.is_none() || axis.block.is_none()) =>
        {
            RegionSelection::Unlimited
        }
        SelectionInfo::Regular { axes, .. } => RegionSelection::Blocks(blocks_of(core, axes)?),
    })
}

/// The blocks of a regular hyperslab, each with its first corner and its last one.
pub(super) fn blocks_of(core: &Core, axes: &[RegularAxis]) -> Result<Vec<(Vec<u64>, Vec<u64>)>> {
    let counts: Vec<_> = axes.iter().map(|axis| 0..axis.count.unwrap_or(1)).collect();
    let total = counts.iter().try_fold(1u64, |n, range| n.checked_mul(range.end));
    core.budget.items(total.unwrap_or(u64::MAX))?;
    let blocks = crate::select::coordinates(&counts).map(|place| {
        let start =
            |(&n, axis): (&u64, &RegularAxis)| axis.start.saturating_add(n.saturating_mul(axis.stride));
        let first: Vec<u64> = place.iter().zip(axes).map(start).collect();
        let end = |(&start, axis): (&u64, &RegularAxis)| {
            start.saturating_add(axis.block.unwrap_or(1).saturating_sub(1))
        };
        let last = first.iter().zip(axes).map(end).collect();
        (first, last)
    });
    Ok(blocks.collect())
}
