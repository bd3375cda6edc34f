//! `h5 rm`: takes links away.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  h5 rm data.h5 group/dataset      one object
  h5 rm data.h5 old older oldest   several; if one of them is not there, none is removed";

/// Which links of which file to take away.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The file to change.
    file: PathBuf,
    /// The paths of the links; a group goes with everything that no other link leads to.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    super::edit(&options.file, |file| {
        for path in &options.paths {
            file.unlink(path)?;
        }
        Ok(())
    })
}
