//! Which versions of the structures are written: one setting, as libhdf5's lower bound is.

use super::Core;
use crate::format::superblock::Superblock;

/// The oldest release of libhdf5 that has to be able to read what is written.
///
/// | bound | superblock | objects | groups | datatypes | layout of chunks | readable since |
/// |---|---|---|---|---|---|---|
/// | `Earliest` | 0 | version 1 headers | symbol tables | 1 | 3 (B-tree 1) | 1.6 |
/// | `V18` (default) | 2 | version 2 headers | compact links | 3 | 3 (B-tree 1) | 1.8 |
/// | `V110` | 3 | version 2 headers | compact links | 3 | 4 (all chunk indexes) | 1.10 |
/// | `V112`, `V114` | 3 | version 2 headers | compact links | 4 | 4 | 1.12 |
/// | `V200` | 3 | version 2 headers | compact links | 5 | 5 with filters and for chunks of over 4 GiB, else 4 | 2.0 |
///
/// As in libhdf5, what only a newer version can hold is written in that one: a name that is not ASCII, a null dataspace,
/// a complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FormatBounds {
    /// The first release of all.
    Earliest,
    /// Release 1.8.
    #[default]
    V18,
    /// Release 1.10.
    V110,
    /// Release 1.12.
    V112,
    /// Release 1.14.
    V114,
    /// Release 2.0.
    V200,
}

/// The versions that a bound has structures written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) superblock: u8,
    pub(crate) object_header: u8,
    /// New groups keep their links in symbol tables rather than in messages.
    pub(crate) symbol_tables: bool,
    pub(crate) dataspace: u8,
    /// Of types that are made of others; the rest is the same in all versions.
    pub(crate) datatype: u8,
    pub(crate) fill_value: u8,
    /// Of chunked data; the rest has version 3, which holds it as well.
    pub(crate) layout: u8,
    pub(crate) filter_pipeline: u8,
    pub(crate) attribute: u8,
    /// Of hyperslabs in region references; from version 2 on it holds regular ones as such.
    pub(crate) hyperslab: u8,
    /// The newest of a selection in a mapping: no release before 1.10 reads virtual datasets at all.
    pub(crate) mapped_hyperslab: u8,
    pub(crate) virtual_mappings: u8,
}

const EARLIEST: Versions = Versions {
    superblock: 0,
    object_header: 1,
    symbol_tables: true,
    dataspace: 1,
    datatype: 1,
    // What libhdf5 has as its default, above the 1 of its own table.
    fill_value: 2,
    layout: 3,
    filter_pipeline: 1,
    attribute: 1,
    hyperslab: 1,
    mapped_hyperslab: 2,
    virtual_mappings: 0,
};
const V18: Versions = Versions {
    superblock: 2,
    object_header: 2,
    symbol_tables: false,
    dataspace: 2,
    datatype: 3,
    fill_value: 3,
    layout: 3,
    filter_pipeline: 2,
    attribute: 3,
    hyperslab: 1,
    mapped_hyperslab: 2,
    virtual_mappings: 0,
};
const V110: Versions = Versions { superblock: 3, layout: 4, hyperslab: 2, ..V18 };
const V112: Versions = Versions { datatype: 4, mapped_hyperslab: 3, ..V110 };
const V200: Versions = Versions { datatype: 5, layout: 5, virtual_mappings: 1, ..V112 };

impl FormatBounds {
    pub(crate) fn versions(self) -> Versions {
        match self {
            FormatBounds::Earliest => EARLIEST,
            FormatBounds::V18 => V18,
            FormatBounds::V110 => V110,
            FormatBounds::V112 | FormatBounds::V114 => V112,
            FormatBounds::V200 => V200,
        }
    }

    /// The bound that new objects of an existing file are held to unless the caller has another one: its own age.
    pub(super) fn of_file(superblock: &Superblock) -> Self {
        if superblock.version < V18.superblock { FormatBounds::Earliest } else { FormatBounds::V18 }
    }
}

impl Core {
    /// The versions that new structures of this file have.
    pub(crate) fn versions(&self) -> Versions {
        self.bounds.versions()
    }
}
