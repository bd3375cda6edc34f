//! `h5`, the command line tool.

mod digest;
mod dump;
mod ls;
mod open;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks into HDF5 files.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  h5 ls -r data.h5                 the objects of a file, a line each
  h5 ls -v data.h5/group/dataset   all about one of them but its values
  h5 dump data.h5                  everything, as libhdf5's h5dump prints it
  h5 digest data.h5                everything, with a hash of every dataset's values

Exit codes: 0 fine, 1 something could not be read, 2 wrong usage.";

const LS_EXAMPLES: &str = "\
Examples:
  h5 ls data.h5             what is in the root
  h5 ls -r data.h5          all objects
  h5 ls -v data.h5/a/b      one object, or what is in a group, with all that there is to tell";

const DIGEST_EXAMPLES: &str = "\
Examples:
  h5 digest data.h5                                 one file
  h5 digest data.h5 | jq '.objects[] | [.path, .sha256]'
                                                    what to compare with that of another file";

#[derive(Subcommand)]
enum Verb {
    /// Lists the objects of a file with kind and shape, a line each.
    ///
    /// The listing is like that of libhdf5's h5ls, made for reading: names, kinds and shapes say the same, the
    /// details of -v are in other words. Names are escaped where they would control a terminal. What cannot be read
    /// is listed with the reason.
    #[command(after_help = LS_EXAMPLES)]
    Ls(ls::Options),
    /// Prints what a file holds, in the words of libhdf5's h5dump.
    #[command(version, after_help = dump::EXAMPLES, infer_long_args = true, args_override_self = true)]
    Dump(Box<dump::Options>),
    /// Tells whether two files hold the same data: prints what a file holds, with a hash of every dataset's values.
    ///
    /// The output is JSON, one object of the file per line: groups with their links, datasets and attributes with
    /// shape, type and the SHA-256 of their values. The hashes are of the values alone, not of how they are stored:
    /// byte order, layout, chunks and filters do not change them. To compare two files, compare the "path" and
    /// "sha256" of their lines. What cannot be read has "unreadable" with the reason.
    #[command(after_help = DIGEST_EXAMPLES)]
    Digest {
        /// The file to look into.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse_from(dump::join_values(std::env::args_os())).verb {
        Verb::Ls(options) => ls::run(&options),
        Verb::Dump(options) => dump::run(&options),
        Verb::Digest { file } => digest::run(&file),
    };
    match result {
        Ok(code) => code,
        // Whoever reads from a pipe may stop early.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("h5: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
enum Failure {
    /// The file could not be read.
    File(h5::Error),
    /// The output could not be written.
    Output(io::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::File(error) => write!(f, "{error}"),
            Failure::Output(error) => write!(f, "cannot write the output: {error}"),
        }
    }
}

impl From<h5::Error> for Failure {
    fn from(error: h5::Error) -> Self {
        Failure::File(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}
