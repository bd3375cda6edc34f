//! What the objects of a new file have in common.

use std::ops::BitOr;

use super::FileOptions;
use crate::engine::SHAREABLE_TYPES;
use crate::format::message::MessageType;

/// Kinds of messages that objects can share.
///
/// ```
/// use h5::SharedMessageType;
/// let types = SharedMessageType::DATATYPE | SharedMessageType::ATTRIBUTE;
/// let options = h5::File::options().shared_mesg_index(types, 20);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SharedMessageType {
    /// Bit n stands for messages of type n.
    types: u16,
}

impl SharedMessageType {
    /// None of them.
    pub const NONE: Self = Self { types: 0 };
    /// The shapes of datasets.
    pub const SIMPLE_DATASPACE: Self = Self::of(MessageType::DATASPACE);
    /// The types of datasets.
    pub const DATATYPE: Self = Self::of(MessageType::DATATYPE);
    /// Fill values.
    pub const FILL_VALUE: Self = Self::of(MessageType::FILL_VALUE);
    /// The filters of datasets.
    pub const FILTER_PIPELINE: Self = Self::of(MessageType::FILTER_PIPELINE);
    /// Attributes, with type, shape and value.
    pub const ATTRIBUTE: Self = Self::of(MessageType::ATTRIBUTE);
    /// All of them.
    pub const ALL: Self = Self { types: SHAREABLE_TYPES };

    const fn of(kind: MessageType) -> Self {
        Self { types: 1 << kind.0 }
    }
}

impl BitOr for SharedMessageType {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self { types: self.types | other.types }
    }
}

impl FileOptions {
    /// Has the objects of a new file share equal messages of these kinds, of at least so many bytes. Each call adds an
    /// index, of up to 8; a kind can be in one of them. The format's bounds have to be `V18` or later.
    #[must_use]
    pub fn shared_mesg_index(mut self, types: SharedMessageType, min_size: u32) -> Self {
        self.sharing.indexes.push((types.types, min_size));
        self
    }

    /// Sets how many messages an index keeps at most in a list, up to 5,000, and at least in a tree: 50 and 40 unless set.
    #[must_use]
    pub fn shared_mesg_phase_change(mut self, max_list: u16, min_btree: u16) -> Self {
        self.sharing.thresholds = Some((max_list, min_btree));
        self
    }
}
