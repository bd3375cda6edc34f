//! `h5 dump`: the DDL that libhdf5's h5dump prints.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::Failure;

/// What to print of which file.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The file to look into.
    file: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    h5::File::open(&options.file)?;
    Ok(ExitCode::SUCCESS)
}
