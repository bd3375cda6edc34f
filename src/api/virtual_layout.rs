//! New virtual datasets: which elements of which other datasets they are made of.

use super::builder::DatasetBuilderEmpty;
use super::{Extents, Selection, VirtualAxis, VirtualSelection, VirtualSource};
use crate::base::{Error, Result};
use crate::data::NewMapping;
use crate::format::message::dataspace::{Extent, MAX_RANK};
use crate::format::selection::{RegularAxis, SelectionInfo};
use crate::select::{Axis, Hyperslab, Selected};

/// A source as the builder was told of it.
#[derive(Clone, Debug)]
pub(super) enum NewSource {
    /// With selections as they are stored.
    Stored(VirtualSource),
    /// With selections that mean something in dataspaces of these shapes.
    Selected {
        file: String,
        dataset: String,
        source: Box<(Extents, Selection)>,
        target: Box<(Extents, Selection)>,
    },
}

impl NewSource {
    pub(super) fn to_stored(&self, extent: &Extent) -> Result<NewMapping> {
        match self {
            NewSource::Stored(source) => Ok(NewMapping {
                file: source.file.clone(),
                dataset: source.dataset.clone(),
                source: source.source.to_stored()?,
                source_shape: None,
                target: source.target.to_stored()?,
            }),
            NewSource::Selected { file, dataset, source, target } => {
                let shape = |extents: &Extents| -> Result<Vec<u64>> {
                    Ok(extents.to_stored()?.shape().unwrap_or_default().to_vec())
                };
                let (source_shape, target_shape) = (shape(&source.0)?, shape(&target.0)?);
                if extent.shape() != Some(&target_shape) {
                    let own = extent.shape().unwrap_or_default();
                    let what = format!("a mapping to a shape of {target_shape:?} in a dataset of {own:?}");
                    return Err(Error::shape(what));
                }
                Ok(NewMapping {
                    file: file.clone().into_bytes(),
                    dataset: dataset.clone().into_bytes(),
                    source: selected(&source.1, &source_shape)?.to_stored()?,
                    source_shape: Some(source_shape),
                    target: selected(&target.1, &target_shape)?.to_stored()?,
                })
            }
        }
    }
}

fn selected(selection: &Selection, shape: &[u64]) -> Result<VirtualSelection> {
    match selection {
        Selection::All => Ok(VirtualSelection::All),
        other => match other.resolve(shape)?.0 {
            Selected::Regular(slab) => Ok(slab.into()),
            Selected::Scattered(_) => Err(Error::misuse("a mapping is of hyperslabs, not of points")),
        },
    }
}

impl VirtualSelection {
    fn to_stored(&self) -> Result<SelectionInfo> {
        let rank = |rank: usize| match u32::try_from(rank) {
            Ok(rank) if (1..=u32::from(MAX_RANK)).contains(&rank) => Ok(rank),
            _ => Err(Error::shape(format!("a selection of {rank} axes"))),
        };
        let differ = || Error::shape("a selection of blocks or points with different numbers of axes");
        Ok(match self {
            VirtualSelection::None => SelectionInfo::None,
            VirtualSelection::All => SelectionInfo::All,
            VirtualSelection::Points(points) => {
                let Some(first) = points.first() else { return Ok(SelectionInfo::None) };
                if points.iter().any(|point| point.len() != first.len()) {
                    return Err(differ());
                }
                SelectionInfo::points(rank(first.len())?, points.concat())
            }
            VirtualSelection::Blocks(blocks) => {
                let Some((first, _)) = blocks.first() else { return Ok(SelectionInfo::None) };
                if blocks.iter().any(|(from, to)| from.len() != first.len() || to.len() != first.len()) {
                    return Err(differ());
                }
                if blocks.iter().any(|(from, to)| from.iter().zip(to).any(|(from, to)| from > to)) {
                    return Err(Error::shape("a block whose last corner lies before its first one"));
                }
                let corners = blocks.iter().flat_map(|(from, to)| [&from[..], to].concat());
                SelectionInfo::blocks(rank(first.len())?, corners.collect())
            }
            // Of a scalar there is nothing to choose.
            VirtualSelection::Regular(axes) if axes.is_empty() => SelectionInfo::All,
            VirtualSelection::Regular(axes) => {
                rank(axes.len())?;
                if axes.iter().any(|axis| axis.stride == 0) {
                    return Err(Error::shape("a stride of 0"));
                }
                let axis = |axis: &VirtualAxis| RegularAxis {
                    start: axis.start,
                    stride: axis.stride,
                    count: axis.count,
                    block: axis.block,
                };
                SelectionInfo::regular(axes.iter().map(axis).collect())
            }
        })
    }
}

impl VirtualAxis {
    /// Selects everything from `start` on, however long the axis is or becomes.
    pub fn from_start(start: u64) -> Self {
        VirtualAxis { start, stride: 1, count: Some(1), block: None }
    }

    /// Selects a block of this size every `stride` indices from `start` on, as many as there are.
    pub fn every(stride: u64, block: u64, start: u64) -> Self {
        VirtualAxis { start, stride, count: None, block: Some(block) }
    }
}

impl From<Axis> for VirtualAxis {
    fn from(axis: Axis) -> Self {
        let Axis { start, stride, count, block } = axis;
        VirtualAxis { start, stride, count: Some(count), block: Some(block) }
    }
}

impl From<Hyperslab> for VirtualSelection {
    fn from(slab: Hyperslab) -> Self {
        VirtualSelection::Regular(slab.axes().iter().map(|&axis| axis.into()).collect())
    }
}

impl VirtualSource {
    /// Names a source: all of a dataset, for all of the virtual one.
    ///
    /// `%b` in a name stands for the number of a block, `%%` for a percent sign. "." is the virtual dataset's own file.
    pub fn new(file: impl Into<Vec<u8>>, dataset: impl Into<Vec<u8>>) -> Self {
        let (source, target) = (VirtualSelection::All, VirtualSelection::All);
        VirtualSource { file: file.into(), dataset: dataset.into(), source, target }
    }

    /// Sets which elements of the source count.
    #[must_use]
    pub fn select(self, source: impl Into<VirtualSelection>) -> Self {
        VirtualSource { source: source.into(), ..self }
    }

    /// Sets which elements of the virtual dataset they are.
    #[must_use]
    pub fn onto(self, target: impl Into<VirtualSelection>) -> Self {
        VirtualSource { target: target.into(), ..self }
    }
}

impl DatasetBuilderEmpty {
    /// Makes the dataset a virtual one of these sources, besides those that it has already. Elements that none of them
    /// gives have the fill value. Releases of libhdf5 from 1.10 on can read virtual datasets.
    ///
    /// What is written to the dataset goes to the sources; to those in other files where
    /// [`FileOptions::write_access`](crate::FileOptions::write_access) allows it. An element that no source has cannot be
    /// written, and one that several have goes to all of them.
    ///
    /// A selection without end in the virtual dataset takes one without end in the source, or a name with `%b` in it,
    /// for a source for each of its blocks; the dataset is then as large as its sources make it.
    ///
    /// ```
    /// use h5::{VirtualAxis, VirtualSelection, VirtualSource};
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-virtual-sources");
    /// # std::fs::create_dir_all(&dir)?;
    /// for day in 0..3 {
    ///     let file = h5::File::create(dir.join(format!("day-{day}.h5")))?;
    ///     file.new_dataset_builder().with_data(&[10 * day, 10 * day + 1]).create("counts")?;
    /// }
    /// let file = h5::File::create(dir.join("all.h5"))?;
    /// let days = VirtualSelection::Regular(vec![VirtualAxis::every(2, 2, 0)]);
    /// let pair = VirtualSelection::Blocks(vec![(vec![0], vec![1])]);
    /// let source = VirtualSource::new("day-%b.h5", "counts").select(pair).onto(days);
    /// let all = file.new_dataset::<i32>().shape(0..).virtual_sources([source]).create("counts")?;
    /// assert_eq!(all.read_raw::<i32>()?, [0, 1, 10, 11, 20, 21]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn virtual_sources(mut self, sources: impl IntoIterator<Item = VirtualSource>) -> Self {
        let known = self.builder.options.elsewhere.sources.get_or_insert_default();
        known.extend(sources.into_iter().map(NewSource::Stored));
        self
    }

    /// Makes the dataset a virtual one, of which `vds_selection` is `src_selection` of another dataset. `vds_extents` is
    /// the shape of this dataset, `src_extents` that of the source. May be called several times; where mappings
    /// overlap, the last one counts.
    ///
    /// ```
    /// use ndarray::s;
    /// # fn main() -> h5::Result<()> {
    /// # let dir = std::env::temp_dir().join("h5-doc-virtual-map");
    /// # std::fs::create_dir_all(&dir)?;
    /// # let path = dir.join("map.h5");
    /// let file = h5::File::create(&path)?;
    /// file.new_dataset_builder().with_data(&[1, 2, 3, 4]).create("numbers")?;
    /// let new = file.new_dataset::<i32>().shape((2, 2)).fill_value(-1);
    /// let rows = new.virtual_map(".", "numbers", 4, 2.., (2, 2), s![1, ..]).create("rows")?;
    /// assert_eq!(rows.read_raw::<i32>()?, [-1, -1, 3, 4]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn virtual_map(
        mut self,
        src_filename: impl AsRef<str>,
        src_dataset: impl AsRef<str>,
        src_extents: impl Into<Extents>,
        src_selection: impl Into<Selection>,
        vds_extents: impl Into<Extents>,
        vds_selection: impl Into<Selection>,
    ) -> Self {
        self.builder.options.elsewhere.sources.get_or_insert_default().push(NewSource::Selected {
            file: src_filename.as_ref().to_owned(),
            dataset: src_dataset.as_ref().to_owned(),
            source: Box::new((src_extents.into(), src_selection.into())),
            target: Box::new((vds_extents.into(), vds_selection.into())),
        });
        self
    }
}
