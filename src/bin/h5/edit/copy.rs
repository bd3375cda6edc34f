//! `h5 copy`: objects within a file and from one file to another.

use std::path::PathBuf;
use std::process::ExitCode;

use h5::{CopyOptions, File, FormatBounds};

use crate::Failure;
use crate::repack::parse_bounds;

pub(crate) const EXAMPLES: &str = "\
Examples:
  h5 copy data.h5 runs/7 backup.h5             under the same path, into a file that is there or not
  h5 copy data.h5 runs/7 data.h5 runs/best     within a file, under another one
  h5 copy -p data.h5 grid new.h5 a/b/grid      with the groups above, as far as they are not there";

/// Which object to copy where.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Copy of a group only its immediate members.
    #[arg(short, long)]
    shallow: bool,
    /// Copy what soft links lead to in their place.
    #[arg(long)]
    expand_soft: bool,
    /// Copy what external links lead to in their place.
    #[arg(long)]
    expand_external: bool,
    /// Copy what references lead to as well; otherwise they are null in another file where that is not copied.
    #[arg(long)]
    expand_references: bool,
    /// Leave attributes out.
    #[arg(long)]
    without_attributes: bool,
    /// Use committed datatypes that the file has already, where they are the same.
    #[arg(long)]
    merge_types: bool,
    /// Create the groups above the copy, as far as they are not there.
    #[arg(short, long)]
    parents: bool,
    /// The oldest release that has to read a file that is created: earliest, v18, v110, v112, v114 or v200.
    #[arg(short, long, value_parser = parse_bounds, default_value = "v18")]
    bounds: FormatBounds,
    /// The file with the object.
    file: PathBuf,
    /// The path of the object.
    path: String,
    /// The file to copy to, which may be the same one.
    target: PathBuf,
    /// The path of the copy, which must be new; the same path unless it is told.
    name: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let name = options.name.as_deref().unwrap_or(&options.path);
    let copy = |source: &File, target: &File| {
        if options.parents
            && let Some((parent, _)) = name.trim_matches('/').rsplit_once('/')
        {
            super::mkgroup::create_all(target, parent)?;
        }
        let copies = CopyOptions::new()
            .shallow(options.shallow)
            .expand_soft_links(options.expand_soft)
            .expand_external_links(options.expand_external)
            .expand_references(options.expand_references)
            .without_attributes(options.without_attributes)
            .merge_committed_types(options.merge_types);
        Ok(copies.copy(source, &options.path, target, name)?)
    };
    let source = crate::open::open(&options.file, None)?;
    if source.is_at(&options.target) {
        drop(source);
        return super::edit(&options.target, |file| copy(file, file));
    }
    if options.target.exists() {
        return super::edit(&options.target, |target| copy(&source, target));
    }
    let target = File::options().bounds(options.bounds).create_excl(&options.target)?;
    let copied = copy(&source, &target);
    let done = target.close().map_err(Failure::from);
    if let Err(failure) = copied.and(done) {
        // A file without the copy is of no use to anybody.
        let _ = std::fs::remove_file(&options.target);
        return Err(failure);
    }
    Ok(ExitCode::SUCCESS)
}
