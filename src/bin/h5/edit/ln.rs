//! `h5 ln`: hard, soft and external links.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  h5 ln data.h5 run7/grid best               a second name of the same object
  h5 ln -s data.h5 /run7/grid best           a link to a path, whatever is there
  h5 ln -e other.h5 data.h5 /grid best       a link to a path in another file";

/// Which link to make to what.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Link to the path, which need not exist, and not to the object.
    #[arg(short, long, conflicts_with = "external")]
    soft: bool,
    /// Link to the path in this file, which need not exist; its name is stored as it is given.
    #[arg(short, long, value_name = "OTHER_FILE")]
    external: Option<String>,
    /// The file to change.
    file: PathBuf,
    /// The path to link to.
    target: String,
    /// The path of the new link; its group has to be there.
    name: String,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let Options { target, name, .. } = options;
    super::edit(&options.file, |file| {
        match &options.external {
            Some(other) => file.link_external(other, target, name)?,
            None if options.soft => file.link_soft(target, name)?,
            None => file.link_hard(target, name)?,
        }
        Ok(())
    })
}
