//! What a file is created with beside the versions of its structures, and what of it the superblock extension has to say.

use super::file_space::FileSpace;
use super::open::DEFAULT_K;
use super::pools::Division;
use super::{AttributeRules, Core, FormatBounds, Header, KValues};
use crate::base::{Address, Error, Result, Sizes};
use crate::format::message::btree_k::BTreeK;
use crate::format::message::file_space_info::{FileSpaceInfo, Paging, Strategy};
use crate::format::object_header::{CONSTANT, DONT_SHARE, MARK_IF_UNKNOWN, Message};
use crate::format::superblock::DEFAULT_CHUNK_K;

/// What a file does with space that is not in use.
///
/// Within a session, space that was given back is used again under every strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FileSpaceStrategy {
    /// Free-space managers know of it.
    FreeSpaceManager {
        /// Whether the file is divided into pages: metadata and raw data never share one, small objects lie within one,
        /// and large ones begin one.
        paged: bool,
        /// Whether the file remembers what is free when it is closed.
        persist: bool,
        /// The smallest piece that is remembered, in bytes.
        threshold: u64,
    },
    /// Only pieces that small objects are cut from; what else becomes free is lost when the file is closed.
    PageAggregation,
    /// Not even these.
    None,
}

/// The smallest piece of free space that is remembered where nobody says otherwise.
const THRESHOLD: u64 = 1;
const PAGE_SIZE: u64 = 4096;
/// What libhdf5 allows.
pub(super) const PAGE_SIZES: std::ops::RangeInclusive<u64> = 512..=1 << 30;
/// No B-tree node has as many entries.
const MOST_ENTRIES: u16 = u16::MAX / 2;
/// Superblocks from this version on can have an extension.
pub(super) const FIRST_WITH_EXTENSION: u8 = 2;
/// Addresses in the message: half of them are of managers of pages.
const MANAGERS: usize = 12;

impl Default for FileSpaceStrategy {
    fn default() -> Self {
        FileSpaceStrategy::FreeSpaceManager { paged: false, persist: false, threshold: THRESHOLD }
    }
}

impl From<&FileSpaceInfo> for FileSpaceStrategy {
    fn from(info: &FileSpaceInfo) -> Self {
        let managed = |paged| FileSpaceStrategy::FreeSpaceManager {
            paged,
            persist: !info.managers.is_empty(),
            threshold: info.threshold,
        };
        match info.strategy() {
            Strategy::ManagersAndAggregators => managed(false),
            Strategy::Pages => managed(true),
            Strategy::Aggregators => FileSpaceStrategy::PageAggregation,
            Strategy::None => FileSpaceStrategy::None,
        }
    }
}

/// The properties of a new file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CreationProperties {
    pub(crate) sizes: Sizes,
    pub(crate) k: KValues,
    pub(crate) strategy: FileSpaceStrategy,
    pub(crate) page_size: u64,
}

impl Default for CreationProperties {
    fn default() -> Self {
        let strategy = FileSpaceStrategy::default();
        CreationProperties { sizes: Sizes::EIGHT, k: DEFAULT_K, strategy, page_size: PAGE_SIZE }
    }
}

impl CreationProperties {
    /// Refuses what no file can have, or what libhdf5 does not open.
    pub(super) fn check(&self, userblock: u64) -> Result<()> {
        let is_width = |width| matches!(width, 2 | 4 | 8);
        if !is_width(self.sizes.offset) || !is_width(self.sizes.length) {
            return Err(Error::misuse("offsets and lengths have 2, 4 or 8 bytes"));
        }
        if [self.k.group_leaf, self.k.group_internal, self.k.chunk]
            .iter()
            .any(|k| !(1..=MOST_ENTRIES).contains(k))
        {
            return Err(Error::misuse("half of the entries of a B-tree node is a number from 1 to 32767"));
        }
        if !PAGE_SIZES.contains(&self.page_size) {
            return Err(Error::misuse("a page of a file has from 512 bytes to 1 GiB"));
        }
        if matches!(self.division(), Division::Pages(page) if !userblock.is_multiple_of(page)) {
            return Err(Error::misuse("the user block of a file with pages is made of whole pages"));
        }
        Ok(())
    }

    /// The version of the superblock: that of the bounds, or the first one that can say what there is to say.
    pub(super) fn superblock_version(&self, bounds: FormatBounds) -> u8 {
        let version = bounds.versions().superblock;
        let least = match self.file_space_info() {
            Some(_) => FIRST_WITH_EXTENSION,
            None => u8::from(self.k.chunk != DEFAULT_CHUNK_K),
        };
        version.max(least)
    }

    /// The message about free space, where it is not managed as it is in files that have none.
    fn file_space_info(&self) -> Option<FileSpaceInfo> {
        let default = CreationProperties::default();
        if (self.strategy, self.page_size) == (default.strategy, default.page_size) {
            return None;
        }
        let (strategy, persist, threshold) = match self.strategy {
            FileSpaceStrategy::FreeSpaceManager { paged, persist, threshold } => {
                (u8::from(paged), persist, threshold)
            }
            FileSpaceStrategy::PageAggregation => (2, false, THRESHOLD),
            FileSpaceStrategy::None => (3, false, THRESHOLD),
        };
        let paging = Paging { page_size: self.page_size, page_end_threshold: 0, end_of_allocation: None };
        let managers = if persist { vec![None; MANAGERS] } else { Vec::new() };
        Some(FileSpaceInfo { strategy, threshold, paging: Some(paging), managers })
    }

    /// The same with what another file does with its free space, where a new file with such a user block can do that.
    pub(crate) fn with_space_of(self, other: &Core) -> Result<Self> {
        let Some(extension) = other.superblock.extension() else { return Ok(self) };
        let Some(info) = Header::load(other, extension)?.message::<FileSpaceInfo>(other)? else {
            return Ok(self);
        };
        let page_size = info.paging.as_ref().map_or(self.page_size, |paging| paging.page_size);
        let new = CreationProperties { strategy: FileSpaceStrategy::from(&info), page_size, ..self };
        Ok(if new.check(other.superblock.base).is_ok() { new } else { self })
    }

    /// Whether the file says how it manages free space.
    pub(super) fn has_strategy(&self) -> bool {
        self.file_space_info().is_some()
    }

    pub(super) fn division(&self) -> Division {
        match self.strategy {
            FileSpaceStrategy::FreeSpaceManager { paged: true, .. } => Division::Pages(self.page_size),
            FileSpaceStrategy::FreeSpaceManager { persist: true, .. } => Division::ByUse,
            _ => Division::Undivided,
        }
    }

    pub(super) fn file_space(&self) -> Option<FileSpace> {
        self.file_space_info().filter(|info| !info.managers.is_empty()).map(FileSpace::new)
    }

    /// What the extension of a superblock says of all this.
    fn messages(&self, core: &Core) -> Result<Vec<Message>> {
        let mut messages = Vec::new();
        if self.k != DEFAULT_K {
            let KValues { chunk, group_internal, group_leaf } = self.k;
            let k = BTreeK { chunk, group_internal, group_leaf };
            messages.push(Header::new_message(core, &k, CONSTANT | DONT_SHARE)?);
        }
        if let Some(info) = self.file_space_info() {
            messages.push(Header::new_message(core, &info, DONT_SHARE | MARK_IF_UNKNOWN)?);
        }
        Ok(messages)
    }
}

impl Core {
    /// Makes the extension of the superblock, if there is something to say in it.
    pub(super) fn create_extension(
        &mut self,
        properties: &CreationProperties,
        more: Vec<Message>,
    ) -> Result<Option<Address>> {
        let mut messages = properties.messages(self)?;
        messages.extend(more);
        if self.superblock.version < FIRST_WITH_EXTENSION || messages.is_empty() {
            return Ok(None);
        }
        Ok(Some(Header::create(self, messages, 0, &AttributeRules::default())?.address))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::fixture::{object, open};
    use super::super::{CreateOptions, create_group, links};
    use super::*;
    use crate::storage::MemoryStorage;

    /// The heap of many links has blocks of 64 KiB, which two bytes cannot tell.
    fn groups_of(properties: CreationProperties) -> usize {
        if properties.sizes.length == 2 { 5 } else { 200 }
    }

    fn created(bounds: FormatBounds, userblock: u64, properties: CreationProperties) -> Result<Core> {
        let storage = Arc::new(MemoryStorage::default());
        let options = CreateOptions { bounds, userblock, properties, ..CreateOptions::default() };
        let mut core = Core::create(storage.clone(), options)?;
        let root = core.superblock.root_header();
        for number in 0..groups_of(properties) {
            core.edit(|core| {
                create_group(core, root, &format!("group {number}"), &crate::engine::GroupRules::default())
            })?;
        }
        core.finish()?;
        open(storage.to_vec(), true)
    }

    fn version(bounds: FormatBounds, properties: CreationProperties) -> u8 {
        let core = created(bounds, 0, properties).unwrap();
        assert_eq!(core.k, properties.k);
        assert_eq!(links(&core, &object(&core, "/")).unwrap().len(), 200);
        core.superblock.version
    }

    #[test]
    fn the_superblock_is_as_old_as_it_can_be() {
        let default = CreationProperties::default();
        let k = KValues { group_leaf: 7, group_internal: 3, ..DEFAULT_K };
        let chunk_k = KValues { chunk: 5, ..DEFAULT_K };
        let strategy = FileSpaceStrategy::None;
        for (properties, versions) in [
            (default, [0, 2, 3]),
            (CreationProperties { k, ..default }, [0, 2, 3]),
            (CreationProperties { k: chunk_k, ..default }, [1, 2, 3]),
            (CreationProperties { strategy, ..default }, [2, 2, 3]),
            (CreationProperties { page_size: 512, k: chunk_k, ..default }, [2, 2, 3]),
        ] {
            let bounds = [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V200];
            assert_eq!(bounds.map(|bounds| version(bounds, properties)), versions, "{properties:?}");
        }
    }

    #[test]
    fn numbers_of_any_width_make_a_file() {
        for bounds in [FormatBounds::Earliest, FormatBounds::V18, FormatBounds::V200] {
            for (offset, length) in [(2, 2), (4, 4), (4, 8), (8, 4), (8, 2)] {
                let sizes = Sizes { offset, length };
                let properties = CreationProperties { sizes, ..CreationProperties::default() };
                let core = created(bounds, 0, properties).unwrap();
                assert_eq!(core.sizes(), sizes);
                assert_eq!(links(&core, &object(&core, "/")).unwrap().len(), groups_of(properties));
            }
        }
    }

    #[test]
    fn what_no_file_can_have_is_refused() {
        let default = CreationProperties::default();
        let paged = FileSpaceStrategy::FreeSpaceManager { paged: true, persist: false, threshold: 1 };
        let refused = |userblock, properties, text: &str| {
            let error = created(FormatBounds::V18, userblock, properties).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        refused(
            0,
            CreationProperties { sizes: Sizes { offset: 3, length: 8 }, ..default },
            "2, 4 or 8 bytes",
        );
        refused(
            0,
            CreationProperties { sizes: Sizes { offset: 8, length: 16 }, ..default },
            "2, 4 or 8 bytes",
        );
        for group_leaf in [0, 32768] {
            let k = KValues { group_leaf, ..DEFAULT_K };
            refused(0, CreationProperties { k, ..default }, "from 1 to 32767");
        }
        for page_size in [511, (1 << 30) + 1] {
            refused(0, CreationProperties { page_size, ..default }, "from 512 bytes to 1 GiB");
        }
        refused(512, CreationProperties { strategy: paged, ..default }, "whole pages");
        assert!(created(FormatBounds::V18, 8192, CreationProperties { strategy: paged, ..default }).is_ok());
    }
}
