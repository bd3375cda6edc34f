//! Object header messages: one file per message type, and the numbers of the types.

pub(crate) mod attribute;
pub(crate) mod btree_k;
pub(crate) mod cache_image;
pub(crate) mod comment;
pub(crate) mod continuation;
pub(crate) mod dataspace;
pub(crate) mod dense_info;
pub(crate) mod driver_info;
pub(crate) mod external_files;
pub(crate) mod file_space_info;
pub(crate) mod fill_value;
pub(crate) mod filter_pipeline;
pub(crate) mod group_info;
pub(crate) mod layout;
pub(crate) mod link;

pub(crate) mod modification_time;
pub(crate) mod reference_count;
pub(crate) mod shared;
pub(crate) mod shared_table;
pub(crate) mod symbol_table;

use super::Wire;
use crate::base::{Result, Sizes};

/// The number of a message type in an object header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MessageType(pub(crate) u16);

impl MessageType {
    pub(crate) const NIL: Self = Self(0x00);
    pub(crate) const DATASPACE: Self = Self(0x01);
    pub(crate) const LINK_INFO: Self = Self(0x02);
    pub(crate) const DATATYPE: Self = Self(0x03);
    pub(crate) const FILL_VALUE_OLD: Self = Self(0x04);
    pub(crate) const FILL_VALUE: Self = Self(0x05);
    pub(crate) const LINK: Self = Self(0x06);
    pub(crate) const EXTERNAL_FILES: Self = Self(0x07);
    pub(crate) const LAYOUT: Self = Self(0x08);
    pub(crate) const GROUP_INFO: Self = Self(0x0a);
    pub(crate) const FILTER_PIPELINE: Self = Self(0x0b);
    pub(crate) const ATTRIBUTE: Self = Self(0x0c);
    pub(crate) const COMMENT: Self = Self(0x0d);
    pub(crate) const MODIFICATION_TIME_OLD: Self = Self(0x0e);
    pub(crate) const SHARED_TABLE: Self = Self(0x0f);
    pub(crate) const CONTINUATION: Self = Self(0x10);
    pub(crate) const SYMBOL_TABLE: Self = Self(0x11);
    pub(crate) const MODIFICATION_TIME: Self = Self(0x12);
    pub(crate) const BTREE_K: Self = Self(0x13);
    pub(crate) const DRIVER_INFO: Self = Self(0x14);
    pub(crate) const ATTRIBUTE_INFO: Self = Self(0x15);
    pub(crate) const REFERENCE_COUNT: Self = Self(0x16);
    pub(crate) const FILE_SPACE_INFO: Self = Self(0x17);
    pub(crate) const CACHE_IMAGE: Self = Self(0x18);

    /// Whether the specification describes the type; 0x09 is libhdf5's own test message.
    pub(crate) fn is_known(self) -> bool {
        self.0 <= Self::CACHE_IMAGE.0 && self.0 != 0x09
    }
}

/// A value that can be the body of an object header message.
pub(crate) trait Message: Wire<Context = Sizes> {
    const TYPE: MessageType;

    /// The body of a message that holds this value.
    fn to_body(&self, sizes: Sizes) -> Result<Vec<u8>> {
        super::encode(self, &sizes)
    }
}

macro_rules! message_types {
    ($($value:ty => $number:ident,)*) => {
        $(impl Message for $value { const TYPE: MessageType = MessageType::$number; })*
    };
}

message_types! {
    dataspace::Dataspace => DATASPACE,
    dense_info::LinkInfo => LINK_INFO,
    super::datatype::Datatype => DATATYPE,
    fill_value::FillValueOld => FILL_VALUE_OLD,
    fill_value::FillValue => FILL_VALUE,
    link::Link => LINK,
    external_files::ExternalFiles => EXTERNAL_FILES,
    layout::Layout => LAYOUT,
    group_info::GroupInfo => GROUP_INFO,
    filter_pipeline::FilterPipeline => FILTER_PIPELINE,
    attribute::Attribute => ATTRIBUTE,
    comment::Comment => COMMENT,
    modification_time::ModificationTimeOld => MODIFICATION_TIME_OLD,
    shared_table::SharedTableMessage => SHARED_TABLE,
    continuation::Continuation => CONTINUATION,
    symbol_table::SymbolTable => SYMBOL_TABLE,
    modification_time::ModificationTime => MODIFICATION_TIME,
    btree_k::BTreeK => BTREE_K,
    driver_info::DriverInfo => DRIVER_INFO,
    dense_info::AttributeInfo => ATTRIBUTE_INFO,
    reference_count::ReferenceCount => REFERENCE_COUNT,
    file_space_info::FileSpaceInfo => FILE_SPACE_INFO,
    cache_image::CacheImage => CACHE_IMAGE,
}
