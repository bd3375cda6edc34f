//! What the user asks for.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches};

use super::order::Order;
use super::page::Outputs;
use super::printf::FloatFormat;
use super::subset::Subset;
use crate::open::Driver;

/// What to print of which files, in the order in which it was asked for.
pub(crate) struct Options {
    pub(crate) flags: Flags,
    pub(crate) wanted: Vec<Wanted>,
    overruled: Overruled,
}

/// Of options that say different things the last one counts.
struct Overruled {
    /// -A without a value stands in front of -H.
    attribute_data: bool,
    /// -m stands in front of -w.
    one_per_line: bool,
    /// -o stands in front of -A.
    attribute_output: bool,
}

/// An object, an attribute or a link to print.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    pub(crate) path: String,
    pub(crate) subset: Option<Subset>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Attribute,
    Dataset,
    Group,
    SoftLink,
    Datatype,
    Any,
}

const KINDS: [(&str, Kind); 6] = [
    ("attribute", Kind::Attribute),
    ("dataset", Kind::Dataset),
    ("group", Kind::Group),
    ("soft_link", Kind::SoftLink),
    ("datatype", Kind::Datatype),
    ("any_path", Kind::Any),
];

/// The options one by one.
#[derive(clap::Args)]
pub(crate) struct Flags {
    /// The files to look into.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Print no data.
    #[arg(short = 'H', long)]
    header: bool,
    /// Print attributes, but no data of datasets; with 0 print no attributes.
    #[arg(short = 'A', long = "onlyattr", num_args = 0..=1, require_equals = true, default_missing_value = "only",
          value_parser = ["0", "1", "only"], hide_possible_values = true, value_name = "0")]
    onlyattr: Option<String>,
    /// Print the storage layout, filters, fill values and allocation times of datasets.
    #[arg(short, long)]
    properties: bool,
    /// Print a list of what is in the file and nothing else; with 1 list attributes too.
    #[arg(short = 'n', long, num_args = 0..=1, require_equals = true, default_missing_value = "0",
          value_parser = ["0", "1"], value_name = "1")]
    contents: Option<String>,
    /// Print the superblock.
    #[arg(short = 'B', long, alias = "boot-block")]
    pub(crate) superblock: bool,
    /// Print the addresses of objects.
    #[arg(short = 'i', long)]
    object_ids: bool,
    /// Print this attribute: its object's path, a slash and its name; a slash in the name is written \/.
    #[arg(short, long, value_name = "PATH", action = clap::ArgAction::Append)]
    attribute: Vec<String>,
    /// Print this dataset; "PATH[START;STRIDE;COUNT;BLOCK]" prints a part of it.
    #[arg(short, long, value_name = "PATH", action = clap::ArgAction::Append)]
    dataset: Vec<String>,
    /// Print this group with its members.
    #[arg(short, long, value_name = "PATH", action = clap::ArgAction::Append)]
    group: Vec<String>,
    /// Print where this link leads.
    #[arg(short = 'l', long = "soft-link", value_name = "PATH", action = clap::ArgAction::Append)]
    soft_link: Vec<String>,
    /// Print this committed datatype.
    #[arg(short = 't', long, value_name = "PATH", action = clap::ArgAction::Append)]
    datatype: Vec<String>,
    /// Print the object or link with this path, and all attributes of this name.
    #[arg(short = 'N', long = "any_path", alias = "any-path", value_name = "PATH", action = clap::ArgAction::Append)]
    any_path: Vec<String>,
    /// Begin the part of the dataset in front of this option here: a number for each axis.
    #[arg(short = 's', long, value_name = "LIST", action = clap::ArgAction::Append)]
    start: Vec<String>,
    /// Steps from one block of the part to the next.
    #[arg(short = 'S', long, value_name = "LIST", action = clap::ArgAction::Append)]
    stride: Vec<String>,
    /// Numbers of blocks.
    #[arg(short, long, value_name = "LIST", action = clap::ArgAction::Append)]
    count: Vec<String>,
    /// Sizes of the blocks.
    #[arg(short = 'k', long, value_name = "LIST", action = clap::ArgAction::Append)]
    block: Vec<String>,
    /// Take "[" in the paths of datasets for a part of the path.
    #[arg(short = 'C', long)]
    no_compact_subset: bool,
    /// Sort links and attributes by name or, where that is known, in the order of their creation.
    #[arg(short = 'q', long = "sort_by", alias = "sort-by", value_parser = ["name", "creation_order"],
          default_value = "name", value_name = "KEY")]
    sort_by: String,
    /// Sort upwards or downwards.
    #[arg(short = 'z', long = "sort_order", alias = "sort-order", value_parser = ["ascending", "descending"],
          default_value = "ascending", value_name = "ORDER")]
    sort_order: String,
    /// Print no indices of elements.
    #[arg(short = 'y', long)]
    noindex: bool,
    /// Columns of a line; 0 for lines that are not broken.
    #[arg(short, long, value_name = "N", default_value_t = 80)]
    width: usize,
    /// Escape what does not print in strings.
    #[arg(short, long)]
    escape: bool,
    /// Print integers of one byte as characters.
    #[arg(short = 'r', long = "string")]
    string: bool,
    /// Print the data that region references refer to.
    #[arg(short = 'R', long)]
    region: bool,
    /// Print floating-point numbers in this format of C's printf, "%.3f" for example; an element per line.
    #[arg(short = 'm', long, value_name = "FORMAT")]
    format: Option<FloatFormat>,
    /// The driver to open the file with: "sec2", "family", "split" or "multi"; it is found without this option.
    #[arg(short, long, value_name = "DRIVER")]
    pub(crate) filedriver: Option<Driver>,
    /// Accepted for the sake of old scripts; what is wrong is always told.
    #[arg(short = 'E', long, num_args = 0..=1, require_equals = true, value_name = "1|2")]
    enable_error_stack: Option<Option<String>>,
    /// Write the data of datasets into this file, or nowhere without a name; behind -A, that of attributes.
    #[arg(short, long, value_name = "FILE", value_parser = path())]
    output: Option<PathBuf>,
    /// Write everything but the data into this file, or nowhere without a name.
    #[arg(short = 'O', long, value_name = "FILE", value_parser = path())]
    pub(crate) ddl: Option<PathBuf>,
}

/// A path that may be empty.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// How to print.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) width: usize,
    /// Each element has a line of its own.
    pub(crate) one_per_line: bool,
    pub(crate) escape: bool,
    pub(crate) no_index: bool,
    /// Print integers of one byte as characters.
    pub(crate) characters: bool,
    /// Print the data of regions.
    pub(crate) regions: bool,
    pub(crate) format: Option<FloatFormat>,
    /// Print the data of datasets.
    pub(crate) data: bool,
    /// Print attributes.
    pub(crate) attributes: bool,
    /// Print the data of attributes, even if that of datasets is not printed.
    pub(crate) attribute_data: bool,
    pub(crate) properties: bool,
    pub(crate) object_ids: bool,
    pub(crate) order: Order,
    /// List objects; `true` lists attributes too.
    pub(crate) contents: Option<bool>,
}

/// What -A without a value means: any other one but 0 h5dump ignores.
const ONLY: &str = "only";

/// The most columns that h5dump knows.
const WIDEST: usize = 65535;

impl Options {
    pub(crate) fn settings(&self) -> Settings {
        let flags = &self.flags;
        let only = flags.onlyattr.as_deref();
        let one_per_line = flags.format.is_some() && !self.overruled.one_per_line;
        Settings {
            width: if flags.width == 0 || one_per_line { WIDEST } else { flags.width },
            one_per_line,
            escape: flags.escape,
            no_index: flags.noindex,
            characters: flags.string,
            regions: flags.region,
            format: flags.format.clone(),
            data: !flags.header && only != Some(ONLY),
            attributes: only != Some("0"),
            attribute_data: !flags.header || only == Some(ONLY) && !self.overruled.attribute_data,
            properties: flags.properties,
            object_ids: flags.object_ids,
            order: Order {
                by_creation: flags.sort_by == "creation_order",
                descending: flags.sort_order == "descending",
            },
            contents: flags.contents.as_deref().map(|value| value == "1"),
        }
    }

    /// Where to write.
    pub(crate) fn outputs(&self) -> Outputs<'_> {
        let flags = &self.flags;
        let is_only = flags.onlyattr.as_deref() == Some(ONLY);
        let attributes_too = is_only && !self.overruled.attribute_output;
        Outputs { ddl: flags.ddl.as_deref(), data: flags.output.as_deref(), attributes_too }
    }
}

impl clap::Args for Options {
    fn augment_args(command: clap::Command) -> clap::Command {
        Flags::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Flags::augment_args_for_update(command)
    }
}

impl FromArgMatches for Options {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let wrong = |text: String| clap::Error::raw(clap::error::ErrorKind::ValueValidation, text + "\n");
        let wanted = wanted(matches).map_err(wrong)?;
        let overruled = Overruled {
            attribute_data: is_before(matches, "onlyattr", "header"),
            one_per_line: is_before(matches, "format", "width"),
            attribute_output: is_before(matches, "output", "onlyattr"),
        };
        Ok(Options { flags: Flags::from_arg_matches(matches)?, wanted, overruled })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Options::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Whether the last occurrence of an option stands in front of the last one of another.
fn is_before(matches: &ArgMatches, one: &str, other: &str) -> bool {
    let place = |name: &str| {
        let is_given = matches.value_source(name) == Some(ValueSource::CommandLine);
        matches.indices_of(name).filter(|_| is_given).and_then(Iterator::last)
    };
    place(one).zip(place(other)).is_some_and(|(one, other)| one < other)
}

/// The values of an option with their places on the command line.
fn values(matches: &ArgMatches, name: &str) -> Vec<(usize, String)> {
    let places = matches.indices_of(name).into_iter().flatten();
    places.zip(matches.get_many::<String>(name).into_iter().flatten().cloned()).collect()
}

/// Puts what is to be printed into order, each dataset with the part that the options behind it tell.
fn wanted(matches: &ArgMatches) -> Result<Vec<Wanted>, String> {
    let compact = !matches.get_flag("no_compact_subset");
    let mut wanted = Vec::new();
    for (name, kind) in KINDS {
        for (place, mut path) in values(matches, name) {
            let mut subset = None;
            if kind == Kind::Dataset && compact {
                (path, subset) = Subset::split(&path)?;
            }
            wanted.push((place, Wanted { kind, path, subset }));
        }
    }
    wanted.sort_by_key(|(place, _)| *place);
    for (number, name) in ["start", "stride", "count", "block"].into_iter().enumerate() {
        for (place, list) in values(matches, name) {
            let of = wanted.iter_mut().rev().find(|(at, of)| *at < place && of.kind == Kind::Dataset);
            let Some((_, of)) = of else { return Err(format!("--{name} has no dataset in front of it")) };
            of.subset.get_or_insert_default().set(number, &list)?;
        }
    }
    Ok(wanted.into_iter().map(|(_, wanted)| wanted).collect())
}
