//! References made of handles: elements in their stored form, to be written by `Container::write_bytes`.

use std::sync::Arc;

use super::handle::Handle;
use super::reference::blocks_of;
use super::types::stored::Reference;
use super::{Attribute, Dataset, Location, RegionSelection, Selection};
use crate::base::{Error, Result};
use crate::engine::Core;
use crate::format;
use crate::format::reference::{
    ObjectReference, ReferenceBlock, ReferencePart, Region, RevisedContext, RevisedReference,
};
use crate::format::selection::{RegularAxis, SelectionInfo};
use crate::select::{Axis, Hyperslab, Selected};

/// From so many blocks on libhdf5 stores a regular hyperslab as such, where it may; fewer are shorter one by one.
const MANY_BLOCKS: u64 = 4;

/// Where a reference is going to be stored: as some kind in the file of what it is about, which a [`Reference`] turns
/// into, or in another file.
///
/// ```
/// use h5::{ReferencePlace, types::{Datatype, stored::Reference}};
/// # fn main() -> h5::Result<()> {
/// # let dir = std::env::temp_dir().join("h5-doc-reference-place");
/// # std::fs::create_dir_all(&dir)?;
/// let (run, index) = (h5::File::create(dir.join("run.h5"))?, h5::File::create(dir.join("index.h5"))?);
/// let data = run.new_dataset_builder().with_data(&[1, 2, 3]).create("data")?;
/// let best = index.new_attr_of(&Datatype::standard_reference()?).create("best")?;
/// best.write_bytes(&data.region_reference(ReferencePlace::in_file(&index, "run.h5"), 1..)?, ..)?;
/// run.close()?;
/// let element = best.read_bytes(..)?;
/// let target = element.reference(Reference::STANDARD, &element)?;
/// assert!(index.open_target(&target)?.location().filename().ends_with("run.h5"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ReferencePlace(Place);

#[derive(Clone, Debug)]
enum Place {
    Own(Reference),
    Other { holder: Handle, name: Vec<u8> },
}

impl ReferencePlace {
    /// Returns the place in another file, the one of `holder`, for its datasets and attributes whose type is
    /// [`Datatype::standard_reference`](crate::types::Datatype::standard_reference). The older kinds cannot refer to other
    /// files.
    ///
    /// The file that the reference is about gets this name there. It is looked up as those of external links are; libhdf5
    /// takes one that is not absolute to begin in the working directory.
    pub fn in_file(holder: &Location, name: &str) -> Self {
        ReferencePlace(Place::Other { holder: holder.handle.clone(), name: name.as_bytes().to_vec() })
    }

    /// The place as it is for what lies in the file of `about`, which can be the very file that it is to be stored in.
    fn of(self, about: &Handle) -> Place {
        match self.0 {
            Place::Other { holder, .. } if Arc::ptr_eq(&holder.shared, &about.shared) => {
                Place::Own(Reference::STANDARD)
            }
            place => place,
        }
    }
}

impl From<Reference> for ReferencePlace {
    fn from(kind: Reference) -> Self {
        ReferencePlace(Place::Own(kind))
    }
}

impl Location {
    /// Returns the element that refers to this object, for datasets and attributes of this file whose type has
    /// references of this kind, or for those of another file. All bytes zero refer to nothing.
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
    pub fn reference(&self, place: impl Into<ReferencePlace>) -> Result<Vec<u8>> {
        let place = place.into().of(&self.handle);
        let Place::Own(kind) = place else {
            return store(&place, &self.handle, |_| Ok(ReferencePart::Whole));
        };
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
    /// attributes of this file whose type has references of this kind, or for those of another file.
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
    pub fn region_reference(
        &self,
        place: impl Into<ReferencePlace>,
        selection: impl Into<Selection>,
    ) -> Result<Vec<u8>> {
        let (selection, shape) = (selection.into(), self.selectable_shape()?);
        let (selected, _) = selection.resolve(&shape).map_err(|e| e.of(&self.handle.path))?;
        self.store_region(place.into(), shape.len(), |core| match selection {
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
    pub fn region_reference_to(
        &self,
        place: impl Into<ReferencePlace>,
        region: &RegionSelection,
    ) -> Result<Vec<u8>> {
        let shape = self.selectable_shape()?;
        let selection = stored_region(region, &shape).map_err(|e| e.of(&self.handle.path))?;
        self.store_region(place.into(), shape.len(), |_| Ok(selection))
    }

    fn selectable_shape(&self) -> Result<Vec<u64>> {
        if self.is_null() {
            return Err(Error::shape("a null dataspace has no elements").of(&self.handle.path));
        }
        Ok(self.try_shape()?.into_iter().map(|size| size as u64).collect())
    }

    fn store_region(
        &self,
        place: ReferencePlace,
        rank: usize,
        selection: impl FnOnce(&Core) -> Result<SelectionInfo>,
    ) -> Result<Vec<u8>> {
        match place.of(&self.handle) {
            Place::Own(Reference::Object) => {
                Err(Error::misuse("an object reference is about all of the object").of(&self.handle.path))
            }
            Place::Own(Reference::Region) => self.handle.with_mut(|core| {
                let region = Region { object: self.handle.address, selection: selection(core)? };
                let id = core.insert_heap_object(&format::encode(&region, &core.sizes())?)?;
                format::encode(&id, &core.sizes())
            }),
            place => store(&place, &self.handle, |core| {
                let rank = u32::try_from(rank).unwrap_or(u32::MAX);
                Ok(ReferencePart::Region { rank, selection: selection(core)? })
            }),
        }
    }
}

impl Attribute {
    /// Puts the name of this attribute into the file; returns the element that refers to it, for datasets and
    /// attributes of this file whose type has standard references, or for those of another file. The older kinds cannot
    /// refer to attributes.
    pub fn attribute_reference(&self, place: impl Into<ReferencePlace>) -> Result<Vec<u8>> {
        let handle = &self.handle;
        match place.into().of(handle) {
            Place::Own(Reference::Object | Reference::Region) => {
                Err(Error::misuse("only standard references can be about attributes").of(&handle.path))
            }
            place => store(&place, handle, |_| Ok(ReferencePart::Attribute(self.raw_name().to_vec()))),
        }
    }
}

/// Puts what a standard reference is about into the heap of the file that is going to have it.
fn store(
    place: &Place,
    about: &Handle,
    part: impl FnOnce(&Core) -> Result<ReferencePart>,
) -> Result<Vec<u8>> {
    let (holder, file) = match place {
        Place::Own(_) => (about, None),
        Place::Other { name, .. } if name.is_empty() || name.contains(&0) => {
            let what = "a reference to another file needs its name, without NUL";
            return Err(Error::misuse(what).of(&about.path));
        }
        Place::Other { holder, name } => (holder, Some(name.clone())),
    };
    let token_size = about.shared.read().sizes().offset;
    holder.with_mut(|core| {
        let block = ReferenceBlock { object: about.address, token_size, file, part: part(core)? };
        let reference = block.stored(|bytes| core.insert_heap_object(&bytes))?;
        format::encode(&reference, &RevisedContext::new(core.sizes()))
    })
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
