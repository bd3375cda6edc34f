//! What is written is read back: any selection of any shape, stored in any way, against an array in memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod appending;
mod chunk_indexes;
mod compact;
mod handles;
mod links;
mod model;
mod places;
mod scattered;
mod selections;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
mod typed_values;
