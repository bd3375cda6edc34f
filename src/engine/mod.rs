//! Structures and storage: everything between an address and a decoded value, and back.
//!
//! `core` is the only place that reads metadata, `txn` the only one that writes it. The rest puts structures together
//! to what they are for: object headers, groups, attributes, heaps.

mod attribute;
mod attribute_edit;
mod attribute_storage;
mod bounds;
pub(crate) mod btree_v1;
mod btree_v2;
mod btree_v2_edit;
mod cache_image;
mod committed;
mod compact;
mod core;
mod creation;
mod creation_rules;
mod dense_attributes;
mod dense_attributes_edit;
mod dense_links;
mod dense_links_edit;
mod dense_storage;
mod discard;
mod driver;
mod driver_write;
mod file_access;
mod file_space;
#[cfg(test)]
mod fixture;
mod fractal_heap;
mod free_space_manager;
mod global_heap;
mod group;
mod header;
mod header_edit;
mod kept_open;
mod local_heap;
mod modified;
mod neighbour_write;
mod neighbours;
mod new_group_edit;
mod open;
mod overlay;
mod parts;
mod path;
mod pending;
mod pools;
mod publish;
mod ranges;
mod reachable;
mod regions;
mod shared_creation;
mod shared_index;
mod shared_key;
mod shared_message;
mod shared_release;
mod space;
mod symbol_table;
mod symbol_table_edit;
mod txn;
mod unlink;

pub(crate) use self::core::{Core, KValues};
pub(crate) use attribute::{
    AttributeValue, attribute, attributes, attributes_by_creation_order, part, stored_attributes,
};
pub(crate) use attribute_edit::{
    add_attribute, create_attribute, create_attribute_of, delete_attribute, rename_attribute, write_attribute,
};
pub use bounds::FormatBounds;
pub(crate) use btree_v2::BTree2;
pub(crate) use btree_v2_edit::BTree2Edit;
pub(crate) use committed::{commit_datatype, committed_datatype, datatype_message};
pub(crate) use creation::CreationProperties;
pub use creation::FileSpaceStrategy;
pub use creation_rules::CreationOrder;
pub(crate) use creation_rules::{AttributeRules, GroupRules};
pub use driver::Driver;
pub(crate) use driver::members_of;
pub(crate) use driver_write::{create_members, members_for_writing};
pub use file_access::FileAccess;
pub(crate) use group::{
    add_link, check_new_name, create_group, create_symbol_table, find_link, insert_link, kind_of, links,
    links_by_creation_order, new_group_header, remove_link,
};
pub(crate) use header::Header;
pub(crate) use local_heap::create_name_heap;
pub(crate) use modified::modified;
pub use neighbours::MissingSources;
pub(crate) use neighbours::{Beside, Neighbour};
pub(crate) use open::{CreateOptions, OpenOptions};
pub(crate) use path::{Resolved, join, resolve, split_parent};
pub(crate) use reachable::reachable;
pub(crate) use regions::BlockKind;
pub(crate) use shared_creation::{SHAREABLE_TYPES, SharingRules, share_messages};
pub(crate) use shared_release::release_message;
pub(crate) use unlink::{add_reference, check_not_root, drop_references, release_object, set_links};
