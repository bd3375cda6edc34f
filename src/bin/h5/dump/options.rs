//! What the user asks for.

use std::path::PathBuf;

use super::order::Order;

/// What to print of which files.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The files to look into.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// How to print.
pub(crate) struct Settings {
    pub(crate) width: usize,
    pub(crate) escape: bool,
    pub(crate) no_index: bool,
    /// Print the data of datasets.
    pub(crate) data: bool,
    /// Print attributes.
    pub(crate) attributes: bool,
    /// Print the data of attributes, even if that of datasets is not printed.
    pub(crate) attribute_data: bool,
    pub(crate) order: Order,
}

impl Options {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            width: 80,
            escape: false,
            no_index: false,
            data: true,
            attributes: true,
            attribute_data: true,
            order: Order::default(),
        }
    }
}
