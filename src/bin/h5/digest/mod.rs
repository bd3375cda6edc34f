//! `h5 digest`: the canonical content of a file.

use std::path::Path;
use std::process::ExitCode;

use crate::Failure;

pub(crate) fn run(file: &Path) -> Result<ExitCode, Failure> {
    h5::File::open(file)?;
    Ok(ExitCode::SUCCESS)
}
