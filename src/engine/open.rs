//! Opening and creating: finding the superblock, checking what it says, writing a first one.

use std::sync::Arc;

use super::bounds::FormatBounds;
use super::creation::{CreationProperties, FIRST_WITH_EXTENSION};
use super::driver::{MULTI, multi_info};
use super::driver_write::{no_strategies, regions};
use super::neighbours::{Beside, Neighbours};
use super::regions::{BlockKind, Regions};
use super::shared_creation::create_table;
use super::txn::Txn;
use super::{Core, GroupRules, Header, KValues, SharingRules, new_group_header, pending};
use crate::base::{Address, Budget, Error, Limits, Malformed, Result, Sizes, Structure};
use crate::codec::Filters;
use crate::format::message::MessageType;
use crate::format::message::btree_k::BTreeK;
use crate::format::message::driver_info::DriverInfo;
use crate::format::message::symbol_table::SymbolTable;
use crate::format::pending_commit::{CommitTable, MARKER};
use crate::format::superblock::{
    DEFAULT_CHUNK_K, OPEN_FOR_SWMR, OPEN_FOR_WRITING, OldRoot, Root, SIGNATURE, Superblock,
};
use crate::format::symbol_table::SymbolTableEntry;
use crate::format::{self, Framed};
use crate::storage::Storage;

/// How to open a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenOptions {
    pub(crate) limits: Limits,
    pub(crate) filters: Filters,
    pub(crate) write: bool,
    /// Where there is none, new objects are as old as the file.
    pub(crate) bounds: Option<FormatBounds>,
    /// A file that says that someone writes to it is opened all the same.
    pub(crate) ignore_flags: bool,
    pub(crate) beside: Beside,
}

/// How to create a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct CreateOptions {
    pub(crate) limits: Limits,
    pub(crate) filters: Filters,
    pub(crate) bounds: FormatBounds,
    /// Bytes in front of the superblock: 0, 512 or a larger power of two.
    pub(crate) userblock: u64,
    pub(crate) properties: CreationProperties,
    /// What the root group is to keep.
    pub(crate) root: GroupRules,
    pub(crate) sharing: SharingRules,
    pub(crate) beside: Beside,
    /// Of a file of several members.
    pub(crate) driver_info: Option<DriverInfo>,
}

/// What a new file's groups would use, did it have old ones.
pub(super) const DEFAULT_K: KValues = KValues { group_leaf: 4, group_internal: 16, chunk: DEFAULT_CHUNK_K };

impl Core {
    pub(crate) fn open(storage: Arc<dyn Storage>, options: OpenOptions) -> Result<Core> {
        let budget = Budget::new(options.limits);
        let len = storage.len()?;
        let (superblock, table) = load_superblock(&*storage, len, options.write, &budget)?;
        check_consistency(&superblock, len, &options)?;
        let mut core = Core::new(storage, superblock, DEFAULT_K)?;
        core.budget = budget;
        core.filters = options.filters.clone();
        core.neighbours = Neighbours::new(&options)?;
        table.iter().for_each(|table| pending::lay_over(table, &mut core.overlay));
        core.k = core.k_values(options.write)?;
        core.bounds = options.bounds.unwrap_or(FormatBounds::of_file(&core.superblock));
        // What lies behind the end that the file tells of is no part of it. A SWMR writer may be ahead of that, and
        // in a set of files it is the end of the first one.
        if core.superblock.flags & OPEN_FOR_SWMR == 0 && !core.is_one_of_several()? {
            let end = core.stored.end_of(0).min(core.superblock.end_of_file);
            core.stored.set_end(0, end);
        }
        let image = core.load_cache_image()?;
        if options.write {
            let (division, file_space) = core.file_space()?;
            let space = core.regions(division)?;
            core.txn = Some(Txn::new(space, file_space, Some(core.superblock.clone())));
            core.drop_cache_image(image)?;
        }
        Ok(core)
    }

    pub(crate) fn create(storage: Arc<dyn Storage>, options: CreateOptions) -> Result<Core> {
        let userblock = options.userblock;
        if userblock != 0 && (userblock < 512 || !userblock.is_power_of_two()) {
            return Err(Error::misuse("a user block has 512 bytes or a larger power of two"));
        }
        let properties = options.properties;
        properties.check(userblock)?;
        let version = properties.superblock_version(options.bounds);
        let mut superblock = Superblock {
            version,
            sizes: properties.sizes,
            flags: 0,
            base: userblock,
            end_of_file: 0,
            root: root_of(version, Address(0), None, None, &properties),
        };
        let first = format::Wire::encoded_len(&superblock, &())? as u64;
        let mut core = Core::new(storage, superblock.clone(), properties.k)?;
        core.budget = Budget::new(options.limits);
        core.bounds = options.bounds;
        core.filters = options.filters.clone();
        let CreateOptions { limits, filters, beside, root, sharing, driver_info, .. } = options;
        core.neighbours =
            Neighbours::new(&OpenOptions { limits, filters, beside, ..OpenOptions::default() })?;
        let space = new_regions(driver_info.as_ref(), userblock, &properties)?;
        let mut txn = Txn::new(space, properties.file_space(), None);
        txn.allocate(first, BlockKind::Superblock)?;
        core.txn = Some(txn);
        let table = create_table(&mut core, &sharing)?;
        // An extension, or in old files a block for the driver alone.
        let more = match driver_info {
            Some(info) if version < FIRST_WITH_EXTENSION => Some(core.store_driver_block(info)?),
            info => {
                let driver = info.map(|info| Header::new_message(&core, &info, 0)).transpose()?;
                core.create_extension(&properties, driver.into_iter().chain(table).collect())?
            }
        };
        let header = new_group_header(&mut core, &root)?;
        let table = Header::load(&core, header)?.message::<SymbolTable>(&core)?;
        superblock.root = root_of(version, header, more, table.as_ref(), &properties);
        core.superblock = superblock;
        Ok(core)
    }

    /// Makes another group the root of a file that was just created, whose own root nothing refers to.
    pub(crate) fn replace_root(&mut self, header: Address) -> Result<()> {
        let old = Header::load(self, self.superblock.root_header())?;
        let table = Header::load(self, header)?.message::<SymbolTable>(self)?;
        let sizes = self.sizes();
        match &mut self.superblock.root {
            Root::New { header: root, .. } => *root = header,
            Root::Old(old) => old.entry = SymbolTableEntry::hard(0, header, table.as_ref(), sizes),
        }
        super::release_object(self, &old)
    }

    /// Copies the bytes in front of another file, which has as many of them.
    pub(crate) fn copy_userblock(&mut self, from: &Core) -> Result<()> {
        const PIECE: u64 = 4 << 20;
        let end = self.superblock.base.min(from.superblock.base);
        let mut done = 0;
        while done < end {
            let mut piece = vec![0; crate::base::to_usize(PIECE.min(end - done))?];
            from.storage.read_at(done, &mut piece)?;
            self.write_through(done, &piece)?;
            done += piece.len() as u64;
        }
        Ok(())
    }

    /// Whether a driver has spread the file over several.
    fn is_one_of_several(&self) -> Result<bool> {
        match &self.superblock.root {
            Root::Old(old) => Ok(old.driver_info.is_some()),
            Root::New { extension: None, .. } => Ok(false),
            Root::New { extension: Some(extension), .. } => {
                Ok(Header::load(self, *extension)?.has(MessageType::DRIVER_INFO))
            }
        }
    }

    /// The superblock of versions 0 and 1 has them; later files have a message where they differ from the default.
    fn k_values(&self, write: bool) -> Result<KValues> {
        match &self.superblock.root {
            Root::Old(old) => Ok(KValues {
                group_leaf: old.group_leaf_k,
                group_internal: old.group_internal_k,
                chunk: old.chunk_k,
            }),
            Root::New { extension: None, .. } => Ok(DEFAULT_K),
            Root::New { extension: Some(extension), .. } => {
                let header = Header::load(self, *extension)?;
                match header.message::<BTreeK>(self) {
                    Ok(None) => Ok(DEFAULT_K),
                    Ok(Some(k)) => Ok(KValues {
                        group_leaf: k.group_leaf,
                        group_internal: k.group_internal,
                        chunk: k.chunk,
                    }),
                    // A node tells its entries itself. A wrong K has one refused at worst, and none misread.
                    Err(error) if write => Err(error),
                    Err(_) => Ok(DEFAULT_K),
                }
            }
        }
    }
}

/// How a new file hands out space.
fn new_regions(info: Option<&DriverInfo>, base: u64, properties: &CreationProperties) -> Result<Regions> {
    match info {
        Some(info) if info.driver == MULTI && properties.has_strategy() => Err(no_strategies()),
        Some(info) if info.driver == MULTI && properties.sizes.offset < Sizes::EIGHT.offset => {
            Err(Error::misuse("the members of split and multi files lie at addresses of 8 bytes"))
        }
        Some(info) if info.driver == MULTI => {
            regions(&multi_info(info)?, base, base, properties.sizes.offset)
        }
        _ => Ok(Regions::single(0, properties.sizes.offset, properties.division())),
    }
}

/// What the superblock of a new file says of the root group; old versions have a copy of its symbol table message.
///
/// `more` is the extension; old versions have the driver information block there.
fn root_of(
    version: u8,
    header: Address,
    more: Option<Address>,
    table: Option<&SymbolTable>,
    properties: &CreationProperties,
) -> Root {
    if version >= FIRST_WITH_EXTENSION {
        return Root::New { header, extension: more };
    }
    Root::Old(OldRoot {
        group_leaf_k: properties.k.group_leaf,
        group_internal_k: properties.k.group_internal,
        chunk_k: properties.k.chunk,
        free_space: None,
        driver_info: more,
        entry: SymbolTableEntry::hard(0, header, table, properties.sizes),
    })
}

/// Finds the superblock, and what is left to be done of a commit that was decided: a writer does that, a reader lays it
/// over the bytes.
pub(super) fn load_superblock(
    storage: &dyn Storage,
    len: u64,
    write: bool,
    budget: &Budget,
) -> Result<(Superblock, Option<CommitTable>)> {
    let (place, is_pending) = find_superblock(storage, len)?;
    let table = if is_pending { Some(pending::read(storage, place, budget)?) } else { None };
    let mut superblock = match &table {
        Some(table) => format::decode(&table.superblock, place, &(), budget)?,
        None => read_superblock(storage, place, len, budget)?,
    };
    rebase(&mut superblock, place)?;
    match table {
        Some(table) if write => pending::apply(storage, place, &table).map(|()| (superblock, None)),
        table => Ok((superblock, table)),
    }
}

/// A superblock lies at 0, 512, 1024 or a later power of two. Also tells whether the marker of a commit stands there in
/// its place.
fn find_superblock(storage: &dyn Storage, len: u64) -> Result<(u64, bool)> {
    let mut place = 0;
    let mut first = Vec::new();
    while place + SIGNATURE.len() as u64 <= len {
        let mut found = [0; SIGNATURE.len()];
        storage.read_at(place, &mut found)?;
        if found == SIGNATURE || found == MARKER {
            return Ok((place, found == MARKER));
        }
        if place == 0 {
            first = found.to_vec();
        }
        place = if place == 0 { 512 } else { place * 2 };
    }
    let what = match first.is_empty() {
        true => Malformed::Truncated { needed: SIGNATURE.len() as u64, available: len },
        false => Malformed::Signature { expected: SIGNATURE.to_vec(), found: first },
    };
    Err(Error::from(what).at(Structure::Superblock, 0))
}

fn read_superblock(storage: &dyn Storage, place: u64, len: u64, budget: &Budget) -> Result<Superblock> {
    // No superblock is longer than this; a shorter one is cut to its own length before it is decoded.
    const LONGEST: u64 = 128;
    let available = LONGEST.min(len - place);
    let mut block = vec![0; crate::base::to_usize(available)?];
    storage.read_at(place, &mut block)?;
    let mut prefix = crate::base::Reader::new(&block, place, Structure::Superblock, budget);
    let extent = Superblock::extent(&mut prefix, &())?;
    match block.get(..crate::base::to_usize(extent)?) {
        Some(block) => format::decode(block, place, &(), budget),
        None => {
            let error = Error::from(Malformed::Truncated { needed: extent, available });
            Err(error.at(Structure::Superblock, place))
        }
    }
}

/// A file that got or lost a user block says a base address that is no longer true; the superblock's place is.
fn rebase(superblock: &mut Superblock, place: u64) -> Result<()> {
    let moved = superblock.end_of_file.checked_sub(superblock.base).and_then(|n| n.checked_add(place));
    let end = moved.ok_or_else(|| {
        Error::field("end of file address", superblock.end_of_file, "before the base address")
            .at(Structure::Superblock, place)
    })?;
    superblock.base = place;
    superblock.end_of_file = end;
    Ok(())
}

fn check_consistency(superblock: &Superblock, len: u64, options: &OpenOptions) -> Result<()> {
    let at = |error: Error| error.at(Structure::Superblock, superblock.base);
    let open_for = superblock.flags & (OPEN_FOR_WRITING | OPEN_FOR_SWMR);
    // Only version 3 means anything by these flags. A reader may follow a SWMR writer; nobody may join a plain one.
    let refused = options.write || open_for & OPEN_FOR_SWMR == 0;
    if superblock.version == 3 && open_for != 0 && refused && !options.ignore_flags {
        let rule = "the file is open for writing, or was not closed by its writer \
                    (see FileOptions::ignore_consistency_flags)";
        return Err(at(Error::field("file consistency flags", u64::from(superblock.flags), rule)));
    }
    if superblock.end_of_file > len && open_for & OPEN_FOR_SWMR == 0 {
        return Err(at(Malformed::Truncated { needed: superblock.end_of_file, available: len }.into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, open};
    use super::*;
    use crate::format::message::MessageType;
    use crate::format::object_header::Message;
    use crate::storage::MemoryStorage;

    /// A file whose superblock extension has this K values message.
    fn with_k(body: [u8; 7]) -> Vec<u8> {
        let storage = Arc::new(MemoryStorage::default());
        let mut core = Core::create(storage.clone(), CreateOptions::default()).unwrap();
        let body = body.to_vec();
        let message = Message { kind: MessageType::BTREE_K, flags: 0, creation_order: None, body, offset: 0 };
        let extension =
            Header::create(&mut core, vec![message], 0, &crate::engine::AttributeRules::default())
                .unwrap()
                .address;
        let header = core.superblock.root_header();
        core.superblock.root = Root::New { header, extension: Some(extension) };
        core.flush().unwrap();
        storage.to_vec()
    }

    #[test]
    fn the_extension_tells_the_k_values() {
        let core = open(with_k([0, 64, 0, 32, 0, 8, 0]), true).unwrap();
        assert_eq!(core.k, KValues { group_leaf: 8, group_internal: 32, chunk: 64 });
    }

    #[test]
    fn k_values_that_cannot_be_are_no_reason_not_to_read() {
        let file = with_k([0; 7]);
        assert_eq!(open(file.clone(), false).unwrap().k, DEFAULT_K);
        assert!(open(file, true).unwrap_err().to_string().contains("K is 0"));
    }

    #[test]
    fn what_lies_behind_the_end_of_the_file_is_not_there() {
        let mut file = fixture::bytes("superblock_0.h5");
        let len = file.len() as u64;
        let root = open(file.clone(), false).unwrap().superblock.root_header();
        let ends_at = |file: &mut Vec<u8>, end: u64| {
            file[40..48].copy_from_slice(&end.to_le_bytes());
            let core = open(file.clone(), false).unwrap();
            Header::load(&core, root).map(drop).map_err(|error| error.to_string())
        };
        ends_at(&mut file, len).unwrap();
        for end in [root.0, root.0 + 8] {
            let error = ends_at(&mut file, end).unwrap_err();
            assert!(error.contains("object header"), "{error}");
        }
    }
}
