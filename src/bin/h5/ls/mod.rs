//! `h5 ls`: the objects of a file, a line each.
//!
//! | file | what it does |
//! |---|---|
//! | `target` | `FILE/path` to a file and a path in it |
//! | `walk` | goes through groups and prints a line for every link |
//! | `details` | what `-v` tells beyond that line |
//! | `datatype` | types in words |

mod datatype;
mod details;
mod target;
mod walk;

use std::ffi::OsString;
use std::io::{BufWriter, StdoutLock, Write, stdout};
use std::process::ExitCode;

use h5::{Container, Object};

use crate::{Failure, escaped};
use target::Target;

/// How to list which files.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// List what is in groups, too; each group once.
    #[arg(short, long)]
    recursive: bool,
    /// Tell types, layout, chunks, filters, attributes, and where links lead.
    #[arg(short, long)]
    verbose: bool,
    /// The file to look into, and behind a slash the object in it to begin with.
    #[arg(required = true, value_name = "FILE[/PATH]")]
    targets: Vec<OsString>,
}

/// The output, and whether all that it tells of could be read.
struct Listing {
    out: BufWriter<StdoutLock<'static>>,
    recursive: bool,
    verbose: bool,
    failed: bool,
}

/// The column behind the names.
const NAME_WIDTH: usize = 24;

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let mut listing = Listing {
        out: BufWriter::new(stdout().lock()),
        recursive: options.recursive,
        verbose: options.verbose,
        failed: false,
    };
    for (index, argument) in options.targets.iter().enumerate() {
        if options.targets.len() > 1 {
            let gap = if index == 0 { "" } else { "\n" };
            writeln!(listing.out, "{gap}{}:", escaped(argument.as_encoded_bytes()))?;
        }
        match open(argument) {
            Ok((object, path)) => listing.start(&object, &path)?,
            // The other files are listed all the same.
            Err(error) => {
                listing.out.flush()?;
                eprintln!("h5: {error}");
                listing.failed = true;
            }
        }
    }
    listing.out.flush()?;
    Ok(if listing.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Opens what an argument names; also tells its path in the file.
fn open(argument: &OsString) -> Result<(Object, String), Failure> {
    let Target { file, path } = Target::split(argument);
    let file = crate::open::open(&file, None)?;
    let object = if path.is_empty() { Object::Group(file.as_group().clone()) } else { file.open(&path)? };
    Ok((object, format!("/{path}")))
}

impl Listing {
    /// Prints the line of an object, a link or a reason.
    fn line(&mut self, name: &str, what: &str) -> Result<(), Failure> {
        writeln!(self.out, "{name:<NAME_WIDTH$} {what}")?;
        Ok(())
    }

    /// Prints a line below that of an object.
    fn detail(&mut self, title: &str, what: &str) -> Result<(), Failure> {
        writeln!(self.out, "    {title:<11} {what}")?;
        Ok(())
    }

    /// Says why something is not listed.
    fn unreadable(&mut self, error: &h5::Error) -> Result<(), Failure> {
        self.failed = true;
        self.detail("Unreadable:", &escaped(error.to_string().as_bytes()))
    }

    /// Says why something is not listed, where it could not be read.
    fn tolerate<T>(&mut self, result: h5::Result<T>) -> Result<Option<T>, Failure> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.unreadable(&error).map(|()| None),
        }
    }
}

/// The shape with its maxima: `{10/Inf, 6}`.
fn space(container: &Container) -> h5::Result<String> {
    if container.is_null() {
        return Ok("{NULL}".to_owned());
    }
    if container.is_scalar() {
        return Ok("{SCALAR}".to_owned());
    }
    let shape = container.try_shape()?;
    let axes = shape.iter().zip(container.max_shape()).map(|(&size, most)| match most {
        Some(most) if most == size as u64 => size.to_string(),
        Some(most) => format!("{size}/{most}"),
        None => format!("{size}/Inf"),
    });
    Ok(braced(axes))
}

/// What is in braces, with commas between.
fn braced(items: impl IntoIterator<Item = impl ToString>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("{{{}}}", items.join(", "))
}
