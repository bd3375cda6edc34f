//! References made of handles: elements in their stored form, to be written by `Container::write_bytes`.

use super::reference::blocks_of;
use super::types::stored::Reference;
use super::{Attribute, Dataset, Location, RegionSelection, Selection};
use crate::base::{Error, Result};
use crate::engine::Core;
use crate::format;
use crate::format::reference::{
    BlockContext, ObjectReference, ReferenceBlock, ReferenceKind, ReferencePart, Region, RevisedContext,
    RevisedReference,
};
use crate::format::selection::{RegularAxis, SelectionInfo};
use crate::select::{Axis, Hyperslab, Selected};

/// From so many blocks on libhdf5 stores a regular hyperslab as such, where it may; fewer are shorter one by one.
const MANY_BLOCKS: u64 = 4;

impl Location {
    /// Returns the element that refers to this object, for datasets and attributes of this file whose type has
    /// references of this kind. All bytes zero refer to nothing.
    ///
    /// ```
    /// use h5::types::{Datatype, stored::Reference};
    /// # fn main() -> h5::Result<()> {
    /// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
    /// let group = file.create_group("group")?;
    /// let start = file.new_attr_of(&Datatype::object_reference()?).create("start")?;
    /// start.write_bytes(&group.reference(Reference::Object)?, ..)?;
    /// let element = start.read_bytes(..)?;
    /// let target = element.reference(Reference::Object, &element)?;
    /// assert_eq!(file.open_target(&target)?.location().address(), group.address());
    /// # Ok(())
    /// # }
    /// ```
    pub fn reference(&self, kind: Reference) -> Result<Vec<u8>> {
        let address = self.handle.address;
        self.handle.with(|core, _| match kind {
            Reference::Object => format::encode(&ObjectReference(Some(address)), &core.sizes()),
            Reference::Standard { .. } => {
                format::encode(&RevisedReference::Object(address), &RevisedContext::new(core.sizes()))
            }
            Reference::Region => Err(Error::misuse("a region reference is about a dataset and a selection")),
        })
    }
}

impl Dataset {
    /// Puts a selection of this dataset into the file; returns the element that refers to it, for datasets and
    /// attributes of this file whose type has references of this kind.
    ///
    /// ```
    /// use h5::types::{Datatype, stored::Reference};
    /// # fn main() -> h5::Result<()> {
    /// # let file = h5::File::options().create_storage(std::sync::Arc::new(h5::storage::MemoryStorage::default()))?;
    /// let data = file.new_dataset::<f32>().shape((10, 10)).create("data")?;
    /// let part = file.new_attr_of(&Datatype::region_reference()?).create("part")?;
    /// part.write_bytes(&data.region_reference(Reference::Region, ndarray::s![2..4, ..])?, ..)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn region_reference(&self, kind: Reference, selection: impl Into<Selection>) -> Result<Vec<u8>> {
        let (selection, shape) = (selection.into(), self.selectable_shape()?);
        let (selected, _) = selection.resolve(&shape).map_err(|e| e.of(&self.handle.path))?;
        self.store_region(kind, shape.len(), |core| match selection {
            Selection::All => Ok(SelectionInfo::All),
            _ => match &selected {
                Selected::Regular(slab) => hyperslab(core, slab),
                Selected::Scattered(_) => Err(Error::misuse(
                    "points are given by `region_reference_to`, and so are the ones of a mask",
                )),
            },
        })
    }

    /// The same with a selection as references have it, such as single points.
    pub fn region_reference_to(&self, kind: Reference, region: &RegionSelection) -> Result<Vec<u8>> {
        let shape = self.selectable_shape()?;
        let selection = stored_region(region, &shape).map_err(|e| e.of(&self.handle.path))?;
        self.store_region(kind, shape.len(), |_| Ok(selection))
    }

    fn selectable_shape(&self) -> Result<Vec<u64>> {
        if self.is_null() {
            return Err(Error::shape("a null dataspace has no elements").of(&self.handle.path));
        }
        Ok(self.try_shape()?.into_iter().map(|size| size as u64).collect())
    }

    fn store_region(
        &self,
        kind: Reference,
        rank: usize,
        selection: impl FnOnce(&Core) -> Result<SelectionInfo>,
    ) -> Result<Vec<u8>> {
        let object = self.handle.address;
        self.handle.with_mut(|core| {
            let selection = selection(core)?;
            match kind {
                Reference::Region => {
                    let region = format::encode(&Region { object, selection }, &core.sizes())?;
                    let id = core.insert_heap_object(&region)?;
                    format::encode(&id, &core.sizes())
                }
                Reference::Standard { .. } => {
                    let rank = u32::try_from(rank).unwrap_or(u32::MAX);
                    let part = ReferencePart::Region { rank, selection };
                    store(core, ReferenceBlock { object, file: None, part }, ReferenceKind::Region)
                }
                Reference::Object => Err(Error::misuse("an object reference is about all of the object")),
            }
        })
    }
}

impl Attribute {
    /// Puts the name of this attribute into the file; returns the element that refers to it, for datasets and
    /// attributes of this file whose type has standard references. The older kinds cannot refer to attributes.
    pub fn attribute_reference(&self) -> Result<Vec<u8>> {
        let part = ReferencePart::Attribute(self.raw_name().to_vec());
        let block = ReferenceBlock { object: self.handle.address, file: None, part };
        self.handle.with_mut(|core| store(core, block, ReferenceKind::Attribute))
    }
}

/// Puts what a standard reference is about into the heap.
fn store(core: &mut Core, block: ReferenceBlock, kind: ReferenceKind) -> Result<Vec<u8>> {
    let sizes = core.sizes();
    let bytes = format::encode(&block, &BlockContext { sizes, kind, external: false })?;
    let len = u32::try_from(bytes.len())
        .map_err(|_| Error::limit("a reference", bytes.len() as u64, u64::from(u32::MAX)))?;
    let id = core.insert_heap_object(&bytes)?;
    let reference = RevisedReference::Stored { kind, external: false, len, id };
    format::encode(&reference, &RevisedContext::new(sizes))
}

/// A hyperslab in the oldest version that the file's bounds allow and that holds it.
fn hyperslab(core: &Core, slab: &Hyperslab) -> Result<SelectionInfo> {
    let axes = slab.axes();
    if axes.iter().any(Axis::is_empty) {
        return Ok(SelectionInfo::None);
    }
    if axes.is_empty() {
        return Ok(SelectionInfo::All);
    }
    let regular = |axis: &Axis| RegularAxis {
        start: axis.start,
        stride: axis.stride,
        count: Some(axis.count),
        block: Some(axis.block),
    };
    let regular: Vec<_> = axes.iter().map(regular).collect();
    let count = axes.iter().fold(1u64, |n, axis| n.saturating_mul(axis.count));
    let is_wide = axes.iter().any(|axis| axis.bounds().is_some_and(|(_, last)| last > u64::from(u32::MAX)));
    if is_wide || core.versions().hyperslab > 1 && count >= MANY_BLOCKS {
        return Ok(SelectionInfo::regular(regular));
    }
    // Each block takes its two corners in memory, in 8 bytes per number.
    core.budget.metadata(count.saturating_mul(16 * axes.len() as u64))?;
    let corners =
        blocks_of(core, &regular)?.into_iter().flat_map(|(first, last)| first.into_iter().chain(last));
    Ok(SelectionInfo::blocks(u32::try_from(axes.len()).unwrap_or(u32::MAX), corners.collect()))
}

/// A selection as it is stored, if the dataset has its elements.
fn stored_region(region: &RegionSelection, shape: &[u64]) -> Result<SelectionInfo> {
    let rank = u32::try_from(shape.len()).unwrap_or(u32::MAX);
    let checked = |corner: &[u64]| {
        if shape.is_empty()
            || corner.len() != shape.len()
            || corner.iter().zip(shape).any(|(n, size)| n >= size)
        {
            return Err(Error::shape(format!("{corner:?} is no place in a dataspace of shape {shape:?}")));
        }
        Ok(corner.to_vec())
    };
    match region {
        RegionSelection::All => Ok(SelectionInfo::All),
        RegionSelection::None => Ok(SelectionInfo::None),
        RegionSelection::Points(points) if points.is_empty() => Ok(SelectionInfo::None),
        RegionSelection::Blocks(blocks) if blocks.is_empty() => Ok(SelectionInfo::None),
        RegionSelection::Points(points) => {
            let coordinates = points.iter().map(|point| checked(point)).collect::<Result<Vec<_>>>()?;
            Ok(SelectionInfo::points(rank, coordinates.concat()))
        }
        RegionSelection::Blocks(blocks) => {
            let mut corners = Vec::new();
            for (first, last) in blocks {
                if first.iter().zip(last).any(|(first, last)| first > last) {
                    return Err(Error::shape(format!("a block from {first:?} to {last:?}")));
                }
                corners.extend([checked(first)?, checked(last)?].concat());
            }
            Ok(SelectionInfo::blocks(rank, corners))
        }
        RegionSelection::Unlimited => {
            Err(Error::misuse("a region reference selects elements that there are"))
        }
    }
}
