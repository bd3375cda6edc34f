//! `h5 mv`: gives a link another name or another group.

use std::path::PathBuf;
use std::process::ExitCode;

use h5::{File, Object};

use crate::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  h5 mv data.h5 raw original         another name
  h5 mv data.h5 raw archive/2024     into a group that is there, under another name

NEW is the whole path: \"h5 mv data.h5 raw archive\" is refused where the group \"archive\" exists.";

/// Which link to move where.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The file to change.
    file: PathBuf,
    /// The path that the link has.
    old: String,
    /// The path that it is to have, which must be new; its group has to be there.
    new: String,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    super::edit(&options.file, |file| {
        refuse_to_lose(file, &options.old, &options.new)?;
        Ok(file.relink(&options.old, &options.new)?)
    })
}

/// A group that is moved into itself can no longer be reached, nor what is in it.
fn refuse_to_lose(file: &File, old: &str, new: &str) -> Result<(), Failure> {
    // Links that lead nowhere can be moved, and are no groups.
    let Ok(Object::Group(group)) = file.open(old) else { return Ok(()) };
    let parents = new.match_indices('/').map(|(end, _)| &new[..end]).filter(|parent| !parent.is_empty());
    for parent in parents {
        if file.open(parent).is_ok_and(|parent| parent.location().address() == group.address()) {
            return Err(Failure::refused(old, &format!("cannot be moved into itself, to {new:?}")));
        }
    }
    Ok(())
}
