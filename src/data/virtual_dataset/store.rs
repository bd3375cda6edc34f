//! The mappings of a new virtual dataset: what libhdf5 would refuse is refused, the rest goes to the global heap.

use std::collections::HashMap;

use crate::base::{Error, Result, Sizes, element_count};
use crate::engine::Core;
use crate::format::message::dataspace::Extent;
use crate::format::message::layout::{Layout, Storage};
use crate::format::selection::SelectionInfo;
use crate::format::virtual_mapping::{SourceName, VirtualEntry, VirtualMappings};
use crate::format::{self, Wire};

use super::mapping::{Growth, Mapping, region};

/// A mapping of a new virtual dataset.
#[derive(Clone, Debug)]
pub(crate) struct NewMapping {
    /// "." is the file of the virtual dataset.
    pub(crate) file: Vec<u8>,
    pub(crate) dataset: Vec<u8>,
    pub(crate) source: SelectionInfo,
    /// The shape of the source, where the caller has told it.
    pub(crate) source_shape: Option<Vec<u64>>,
    pub(crate) target: SelectionInfo,
}

/// The only version that has virtual datasets under any bound.
const LAYOUT_VERSION: u8 = 4;

/// The name of the virtual dataset's own file.
const THIS_FILE: &[u8] = b".";

/// Stores the mappings; returns the layout that has them.
pub(in crate::data) fn store_mappings(
    core: &mut Core,
    extent: &Extent,
    mappings: &[NewMapping],
) -> Result<Layout> {
    let Some(shape) = extent.shape() else {
        return Err(Error::misuse("a null dataspace has no elements that sources could have"));
    };
    let layout = |collection, index| Layout {
        version: LAYOUT_VERSION,
        old_sizes: Vec::new(),
        storage: Storage::Virtual { collection, index },
    };
    if mappings.is_empty() {
        return Ok(layout(None, 0));
    }
    let (sizes, versions) = (core.sizes(), core.versions());
    let mut plain = VirtualMappings { version: 0, entries: Vec::with_capacity(mappings.len()) };
    for new in mappings {
        plain.entries.push(entry(new, versions.mapped_hyperslab)?);
    }
    check(core, &plain, mappings, shape)?;
    let stored = match versions.virtual_mappings {
        0 => plain,
        _ => shorter(plain, sizes)?,
    };
    let id = core.insert_heap_object(&format::encode(&stored, &sizes)?)?;
    Ok(layout(id.collection, id.index))
}

fn entry(new: &NewMapping, newest: u8) -> Result<VirtualEntry> {
    if new.file.is_empty() || new.dataset.is_empty() {
        return Err(Error::misuse("a source of a virtual dataset without a name"));
    }
    if [&new.source, &new.target].iter().any(|selection| matches!(selection, SelectionInfo::Points { .. })) {
        return Err(Error::misuse("a mapping of single points, which libhdf5 does not read"));
    }
    Ok(VirtualEntry {
        file: SourceName::Own(new.file.clone()),
        dataset: SourceName::Own(new.dataset.clone()),
        source: new.source.clone().in_version(newest)?,
        target: new.target.clone().in_version(newest)?,
    })
}

/// Refuses mappings that mean nothing.
fn check(core: &Core, stored: &VirtualMappings, new: &[NewMapping], shape: &[u64]) -> Result<()> {
    // What is wrong with the names and the kinds of the selections is what a reader would say; the caller is to blame.
    let mappings = Mapping::all(stored).map_err(|e| Error::misuse(e.to_string()))?;
    for (mapping, new) in mappings.iter().zip(new) {
        check_counts(core, mapping, new, shape).map_err(|e| {
            let (dataset, file) = (String::from_utf8_lossy(&new.dataset), String::from_utf8_lossy(&new.file));
            Error::shape(format!("the mapping of {dataset:?} in {file:?}: {e}"))
        })?;
    }
    Ok(())
}

/// Compares how many elements there are on both sides; along an axis without end, of one index or one block of it.
fn check_counts(core: &Core, mapping: &Mapping<'_>, new: &NewMapping, shape: &[u64]) -> Result<()> {
    let budget = &core.budget;
    let source = || -> Result<Option<u64>> {
        match (mapping.source, &new.source_shape) {
            (SelectionInfo::All, None) => Ok(None),
            (SelectionInfo::All, Some(shape)) => element_count(shape).map(Some),
            (source, shape) => {
                let region = region(source, shape.as_deref().unwrap_or_default(), budget)?;
                shape.as_deref().map_or(Ok(()), |shape| region.check(shape))?;
                Ok(Some(region.count()))
            }
        }
    };
    let (source, target) = match &mapping.growth {
        Growth::None => {
            let target = region(mapping.target, shape, budget)?;
            target.check(shape)?;
            (source()?, target)
        }
        Growth::WithSource { source, target } => {
            (Some(source.slice()?.count()), within(target.slice()?, target.axis, shape)?)
        }
        Growth::BySources { target } => {
            let block = target.block(0)?;
            let block = block.ok_or_else(|| Error::shape("numbered sources need blocks that have an end"))?;
            (source()?, within(block, target.axis, shape)?)
        }
    };
    match source {
        Some(source) if source != target.count() => {
            let target = target.count();
            Err(Error::shape(format!("{source} elements of the source are to be {target} elements")))
        }
        _ => Ok(()),
    }
}

/// Refuses what reaches over the shape along any axis but the one without end.
fn within(region: crate::select::Region, endless: usize, shape: &[u64]) -> Result<crate::select::Region> {
    let mut shape = shape.to_vec();
    if let Some(size) = shape.get_mut(endless) {
        *size = u64::MAX;
    }
    region.check(&shape)?;
    Ok(region)
}

/// The same with names that come up again stored once, unless that takes more room.
fn shorter(plain: VirtualMappings, sizes: Sizes) -> Result<VirtualMappings> {
    let (mut files, mut datasets) = (HashMap::new(), HashMap::new());
    let mut shared = VirtualMappings { version: 1, entries: plain.entries.clone() };
    for (index, entry) in (0..).zip(&mut shared.entries) {
        if entry.file == SourceName::Own(THIS_FILE.to_vec()) {
            entry.file = SourceName::SameFile;
        }
        share(&mut entry.file, index, &mut files, sizes);
        share(&mut entry.dataset, index, &mut datasets, sizes);
    }
    let is_shorter = shared.encoded_len(&sizes)? <= plain.encoded_len(&sizes)?;
    Ok(if is_shorter { shared } else { plain })
}

/// Makes a name that an entry before has, and that is longer than the number of that entry, such a number.
fn share(name: &mut SourceName, index: u64, known: &mut HashMap<Vec<u8>, u64>, sizes: Sizes) {
    let SourceName::Own(text) = name else { return };
    match known.get(text) {
        Some(&first) if text.len() + 1 >= sizes.len() => *name = SourceName::Shared(first),
        Some(_) => {}
        None => {
            known.insert(text.clone(), index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CreateOptions;
    use crate::format::selection::RegularAxis;
    use crate::storage::MemoryStorage;
    use std::sync::Arc;

    fn line(start: u64, count: Option<u64>, block: Option<u64>) -> SelectionInfo {
        let stride = block.unwrap_or(1);
        SelectionInfo::regular(vec![RegularAxis { start, stride, count, block }])
    }

    fn mapping(file: &str, dataset: &str, source: SelectionInfo, target: SelectionInfo) -> NewMapping {
        let (file, dataset) = (file.as_bytes().to_vec(), dataset.as_bytes().to_vec());
        NewMapping { file, dataset, source, source_shape: None, target }
    }

    fn refused(mapping: NewMapping) -> String {
        let mut core = Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap();
        let extent = Extent::Simple { shape: vec![10], maximum: Some(vec![None]) };
        match store_mappings(&mut core, &extent, &[mapping]) {
            Ok(layout) => format!("{layout:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_libhdf5_would_not_read_is_refused() {
        let (ten, all) = (|| line(0, Some(1), Some(10)), SelectionInfo::All);
        let endless = || line(0, None, Some(2));
        let told =
            |shape, source| NewMapping { source_shape: Some(shape), ..mapping("a", "b", source, ten()) };
        for (mapping, text) in [
            (mapping("a", "", all.clone(), ten()), "without a name"),
            (mapping("%d", "b", all.clone(), ten()), "only 'b' and '%' may follow"),
            (mapping("%b", "b", all.clone(), ten()), "a number in a source's name, that fits nothing"),
            (mapping("a", "b", all.clone(), endless()), "that fits nothing"),
            (mapping("a", "b", endless(), ten()), "that fits nothing"),
            (mapping("%b", "b", ten(), line(0, Some(1), None)), "need blocks that have an end"),
            (mapping("%b", "b", ten(), endless()), "10 elements of the source are to be 2 elements"),
            (mapping("a", "b", SelectionInfo::points(1, vec![0]), ten()), "single points"),
            (mapping("a", "b", line(0, Some(1), Some(9)), ten()), "9 elements of the source"),
            (mapping("a", "b", all.clone(), line(5, Some(1), Some(6))), "goes past a dataspace"),
            (told(vec![3, 3], all), "9 elements of the source are to be 10"),
            (told(vec![9], ten()), "goes past a dataspace of shape [9]"),
        ] {
            let error = refused(mapping);
            assert!(error.contains(text), "{error}");
        }
        assert!(refused(mapping("a", "b", ten(), SelectionInfo::All)).starts_with("Layout"));
        assert!(refused(mapping("%b", "b", line(0, Some(1), Some(2)), endless())).starts_with("Layout"));
        assert!(refused(mapping("a", "b", endless(), line(4, Some(1), None))).starts_with("Layout"));
    }

    #[test]
    fn what_has_no_end_may_be_mapped_to_an_axis_that_has_one() {
        let mut core = Core::create(Arc::new(MemoryStorage::default()), CreateOptions::default()).unwrap();
        let endless = mapping("a", "b", line(0, Some(1), None), line(0, Some(1), None));
        for maximum in [Some(vec![None]), Some(vec![Some(20)]), None] {
            let extent = Extent::Simple { shape: vec![10], maximum };
            let stored = store_mappings(&mut core, &extent, std::slice::from_ref(&endless));
            assert!(stored.is_ok(), "{stored:?}");
        }
        assert!(store_mappings(&mut core, &Extent::Null, &[]).is_err());
    }

    #[test]
    fn names_that_come_up_again_are_stored_once_where_that_is_shorter() {
        let entries = |names: &[(&str, &str)]| {
            let new = names.iter().map(|(file, dataset)| {
                entry(&mapping(file, dataset, SelectionInfo::All, SelectionInfo::All), 3).unwrap()
            });
            VirtualMappings { version: 0, entries: new.collect() }
        };
        let long = [("source0.h5", "dataset0"), ("source0.h5", "dataset0"), (".", "local"), (".", "local")];
        let stored = shorter(entries(&long), Sizes::EIGHT).unwrap();
        assert_eq!(stored.version, 1);
        let names: Vec<_> = stored.entries.iter().map(|entry| (&entry.file, &entry.dataset)).collect();
        let local = SourceName::Own(b"local".to_vec());
        assert_eq!(names[1], (&SourceName::Shared(0), &SourceName::Shared(0)));
        assert_eq!(names[2], (&SourceName::SameFile, &local));
        assert_eq!(names[3], (&SourceName::SameFile, &local), "a number would be longer than the name");
        let short = entries(&[("a.h5", "data"), ("b.h5", "data")]);
        assert_eq!(shorter(short.clone(), Sizes::EIGHT).unwrap(), short);
    }
}
