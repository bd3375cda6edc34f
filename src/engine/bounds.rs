//! Which versions of the structures are written: one setting, as libhdf5's lower bound is.

/// The oldest release of libhdf5 that has to be able to read what is written.
///
/// | bound | superblock | groups | layout of chunks | readable since |
/// |---|---|---|---|---|
/// | `V18` (default) | 2 | compact links | 3 (B-tree 1) | 1.8 |
/// | `V110`, `V112`, `V114` | 3 | compact links | 4 (all chunk indexes) | 1.10 |
/// | `V200` | 3 | compact links | 5 with filters and for chunks of over 4 GiB, else 4 | 2.0 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FormatBounds {
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

impl FormatBounds {
    pub(crate) fn superblock(self) -> u8 {
        if self == FormatBounds::V18 { 2 } else { 3 }
    }

    /// The newest version of the layout message.
    pub(crate) fn layout(self) -> u8 {
        match self {
            FormatBounds::V18 => 3,
            FormatBounds::V200 => 5,
            _ => 4,
        }
    }
}
