//! `h5 attr`: shows, sets and removes attributes.
//!
//! | file | what it does |
//! |---|---|
//! | `show` | values to text |
//! | `items` | text to values |
//! | `set` | values into a new attribute or one that is there |

mod items;
mod set;
mod show;

use std::io::stdout;
use std::path::PathBuf;
use std::process::ExitCode;

use h5::{File, Location};

use crate::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  h5 attr get data.h5 run7/grid scale                 print the value
  h5 attr set data.h5 run7/grid scale 0.5             a number; \"1,2,3\" is a list of numbers
  h5 attr set data.h5 run7/grid unit m/s              a string
  h5 attr set data.h5 / version 3 --type u8           of this type, whatever was there
  h5 attr set data.h5 / names a,b,c --list --type str a list of strings
  h5 attr set data.h5 / offset -- -5                  a value that begins with a dash
  h5 attr rm data.h5 run7/grid unit                   take it away";

/// What to do with an attribute.
#[derive(clap::Subcommand)]
pub(crate) enum Options {
    /// Prints the value: numbers with commas between and a line for each row, everything else a line for each element.
    Get(Place),
    /// Creates an attribute or overwrites it.
    ///
    /// An attribute that is there keeps its type, and its shape if VALUE has as many elements; a new one becomes a 64-bit
    /// integer, a 64-bit floating-point number or a string, whatever VALUE looks like.
    Set {
        #[command(flatten)]
        place: Place,
        /// A number, a list of numbers ("1,2,3"), or a string.
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// The type that the attribute is to have, also if it is there and has another one.
        #[arg(long, value_enum, value_name = "TYPE")]
        r#type: Option<set::Type>,
        /// VALUE is a list even if it has only one item; strings are split at commas too.
        #[arg(long)]
        list: bool,
    },
    /// Takes the attribute away.
    Rm(Place),
}

/// Which attribute.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The file that the object is in.
    file: PathBuf,
    /// The path of the object; / is the root.
    path: String,
    /// The name of the attribute.
    name: String,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    match options {
        Options::Get(place) => {
            let file = File::open(&place.file).map_err(Failure::opening(&place.file))?;
            let attribute = place.object(&file)?.attr(&place.name)?;
            show::write(&mut stdout().lock(), &file, &attribute)?;
            Ok(ExitCode::SUCCESS)
        }
        Options::Set { place, value, r#type, list } => super::edit(&place.file, |file| {
            let object = place.object(file)?;
            let new = set::New { object: &object, name: &place.name, text: value, list: *list };
            new.set(*r#type).map_err(|failure| failure.about(&format!("{}@{}", object.name(), place.name)))
        }),
        Options::Rm(place) => super::edit(&place.file, |file| {
            let object = place.object(file)?;
            Ok(object.delete_attr(&place.name)?)
        }),
    }
}

impl Place {
    fn object(&self, file: &File) -> Result<Location, Failure> {
        Ok(file.open(&self.path)?.location().clone())
    }
}
