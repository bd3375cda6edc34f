//! `h5`, the command line tool.

mod digest;
mod dump;
mod edit;
mod ls;
mod open;
mod repack;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks into HDF5 files and changes them.
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
  h5 mv data.h5 raw original       another name; copy, rm, ln, mkgroup and attr change files too
  h5 repack data.h5 small.h5       a fresh file without unused space

Exit codes: 0 fine, 1 something could not be done, 2 wrong usage.";

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
    /// "sha256" of their lines; that of references is of the addresses that they are, and these differ between
    /// files. What cannot be read has "unreadable" with the reason.
    #[command(after_help = DIGEST_EXAMPLES)]
    Digest {
        /// The file to look into.
        file: PathBuf,
    },
    /// Takes links away, and objects that no link leads to any more.
    #[command(after_help = edit::rm::EXAMPLES)]
    Rm(edit::rm::Options),
    /// Gives an object, or a link, another name or another place.
    #[command(after_help = edit::mv::EXAMPLES)]
    Mv(edit::mv::Options),
    /// Links to an object of the file, to a path, or to a path in another file.
    #[command(after_help = edit::ln::EXAMPLES)]
    Ln(edit::ln::Options),
    /// Copies an object, with everything below it.
    #[command(after_help = edit::copy::EXAMPLES)]
    Copy(edit::copy::Options),
    /// Writes a file anew: without unused space, and with other chunks, filters, layouts or versions.
    #[command(after_help = repack::EXAMPLES)]
    Repack(repack::Options),
    /// Creates groups.
    #[command(after_help = edit::mkgroup::EXAMPLES)]
    Mkgroup(edit::mkgroup::Options),
    /// Shows, sets and removes attributes.
    #[command(subcommand, after_help = edit::attr::EXAMPLES)]
    Attr(edit::attr::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse_from(dump::join_values(std::env::args_os())).verb {
        Verb::Ls(options) => ls::run(&options),
        Verb::Dump(options) => dump::run(&options),
        Verb::Digest { file } => digest::run(&file),
        Verb::Rm(options) => edit::rm::run(&options),
        Verb::Mv(options) => edit::mv::run(&options),
        Verb::Ln(options) => edit::ln::run(&options),
        Verb::Copy(options) => edit::copy::run(&options),
        Verb::Repack(options) => repack::run(&options),
        Verb::Mkgroup(options) => edit::mkgroup::run(&options),
        Verb::Attr(options) => edit::attr::run(&options),
    };
    match result {
        Ok(code) => code,
        // Whoever reads from a pipe may stop early.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("h5: {error}");
            if matches!(error, Failure::Usage(_)) { ExitCode::from(WRONG_USAGE) } else { ExitCode::FAILURE }
        }
    }
}

/// The exit code that clap has, too.
const WRONG_USAGE: u8 = 2;

/// Why a command ended early.
#[derive(Debug)]
enum Failure {
    /// The file could not be read or written.
    File(h5::Error),
    /// What was asked for cannot be done, for this reason.
    Refused(String),
    /// What was asked for makes no sense, whatever the file has.
    Usage(String),
    /// The output could not be written.
    Output(io::Error),
}

impl Failure {
    /// What was asked for cannot be done with an object.
    fn refused(path: &str, why: &str) -> Self {
        Failure::Refused(format!("{path:?} {why}"))
    }

    /// Names the object that a reason is about.
    fn about(self, path: &str) -> Self {
        match self {
            Failure::Refused(why) => Failure::Refused(format!("{path:?}: {why}")),
            other => other,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::File(error) => write!(f, "{error}"),
            Failure::Refused(why) | Failure::Usage(why) => f.write_str(why),
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

/// Text of a file as it can be shown: what would control a terminal, or is not UTF-8, is escaped.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\\' => text.push_str("\\\\"),
                char if char.is_control() => text.extend(char.escape_default()),
                char => text.push(char),
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_control_a_terminal() {
        assert_eq!(escaped(b"a\x1b[2J\n\xff\\"), "a\\u{1b}[2J\\n\\xff\\\\");
        assert_eq!(escaped("é b".as_bytes()), "é b");
    }
}
