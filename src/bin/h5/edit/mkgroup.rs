//! `h5 mkgroup`: new groups.

use std::path::PathBuf;
use std::process::ExitCode;

use h5::{File, Object};

use crate::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  h5 mkgroup data.h5 runs            in the root
  h5 mkgroup -p data.h5 runs/7/raw   with the groups that it lies in, as far as they are not there";

/// Which groups to create in which file.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Create the groups above, too, and do not mind groups that are there already.
    #[arg(short, long)]
    parents: bool,
    /// The file to change.
    file: PathBuf,
    /// The paths of the new groups.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    super::edit(&options.file, |file| {
        for path in &options.paths {
            if options.parents {
                create_all(file, path)?;
            } else {
                file.create_group(path)?;
            }
        }
        Ok(())
    })
}

/// Creates a group and those above it, as far as they are not there.
pub(super) fn create_all(file: &File, path: &str) -> Result<(), Failure> {
    let path = path.trim_end_matches('/');
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    for group in ends.map(|end| &path[..end]).filter(|group| !group.is_empty() && !group.ends_with('/')) {
        match file.open(group) {
            Ok(Object::Group(_)) => {}
            Ok(_) => return Err(Failure::refused(group, "is there and is no group")),
            // A link that leads nowhere is not found either; that its name is taken is told when the group is created.
            Err(error) if error.is_not_found() => drop(file.create_group(group)?),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
