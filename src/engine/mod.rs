//! Structures and storage: everything between an address and a decoded value, and back.
//!
//! `core` is the only place that reads metadata, `txn` the only one that writes it. The rest puts structures together
//! to what they are for: object headers, groups, attributes, heaps.

mod attribute;
mod bounds;
mod core;
mod global_heap;
mod group;
mod header;
mod header_edit;
mod open;
mod path;
mod space;
mod symbol_table;
mod txn;

pub(crate) use self::core::{Core, KValues};
pub(crate) use attribute::{
    AttributeValue, attribute, attributes, create_attribute, delete_attribute, write_attribute,
};
pub use bounds::FormatBounds;
pub(crate) use group::{
    check_new_name, create_group, find_link, insert_link, kind_of, links, new_group_header,
};
pub(crate) use header::Header;
pub(crate) use open::{CreateOptions, OpenOptions};
pub(crate) use path::{Resolved, join, resolve, split_parent};
