//! `h5 repack`: a fresh file with all that another one has.

mod change;

use std::path::PathBuf;
use std::process::ExitCode;

use h5::{FormatBounds, Repack};

use crate::Failure;
use change::Changes;

pub(crate) const EXAMPLES: &str = "\
Examples:
  h5 repack old.h5 new.h5                          without unused space
  h5 repack -b earliest old.h5 new.h5              for the oldest readers; earliest, v18, v110, v112, v114 or v200
  h5 repack -f shuffle -f deflate=6 old.h5 new.h5  every dataset compressed
  h5 repack -f none old.h5 new.h5                  no dataset compressed
  h5 repack -c /image:64x64 -f /image:zstd=3 old.h5 new.h5
                                                   one dataset in other chunks, and compressed
  h5 repack -l contiguous old.h5 new.h5            every dataset that cannot grow in one piece

What is asked of all datasets is done where a dataset can have it: -v tells where not. What is asked of one by its path
has to be possible. Filters are named as in \"h5 ls -v\", or by their registered number.";

/// What to write anew, and how.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The oldest release of libhdf5 that has to read the new file.
    #[arg(short, long, value_parser = parse_bounds, default_value = "v18")]
    bounds: FormatBounds,
    /// Chunks of this shape, in elements; for the dataset at PATH, or for all.
    #[arg(short, long, value_name = "[PATH:]NxM")]
    chunk: Vec<String>,
    /// A filter with its values instead of those that a dataset has, behind others that are named before it; "none" for
    /// no filter at all.
    #[arg(short, long, value_name = "[PATH:]FILTER[=V,V]")]
    filter: Vec<String>,
    /// How the elements are stored: contiguous, compact or chunked.
    #[arg(short, long, value_name = "[PATH:]LAYOUT")]
    layout: Vec<String>,
    /// Leave out what cannot be read, and tell what it was.
    #[arg(short, long)]
    keep_going: bool,
    /// Tell which datasets could not have what was asked for all.
    #[arg(short, long)]
    verbose: bool,
    /// The file to read.
    file: PathBuf,
    /// The file to write; one that is there is replaced.
    target: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let mut changes = Changes::default();
    for layout in &options.layout {
        changes.layout(layout).map_err(Failure::Usage)?;
    }
    for chunk in &options.chunk {
        changes.chunk(chunk).map_err(Failure::Usage)?;
    }
    for filter in &options.filter {
        changes.filter(filter).map_err(Failure::Usage)?;
    }
    let repack = Repack::new().bounds(options.bounds).keep_going(options.keep_going);
    let source = crate::open::open(&options.file, None)?;
    let report = changes.add_to(repack).run(&source, &options.target)?;
    if options.verbose {
        report.unchanged.iter().for_each(|unchanged| eprintln!("h5: left as it is: {unchanged}"));
    }
    report.left_out.iter().for_each(|error| eprintln!("h5: left out: {error}"));
    Ok(if report.left_out.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Bounds by the name that they have in the library.
pub(crate) fn parse_bounds(name: &str) -> Result<FormatBounds, String> {
    match name.to_ascii_lowercase().as_str() {
        "earliest" => Ok(FormatBounds::Earliest),
        "v18" => Ok(FormatBounds::V18),
        "v110" => Ok(FormatBounds::V110),
        "v112" => Ok(FormatBounds::V112),
        "v114" => Ok(FormatBounds::V114),
        "v200" | "latest" => Ok(FormatBounds::V200),
        _ => Err("known are earliest, v18, v110, v112, v114 and v200".to_owned()),
    }
}
