//! `h5 dump`: the DDL that libhdf5's h5dump prints.

mod bits;
mod characters;
mod contents;
mod data;
mod datatype;
mod element;
mod names;
mod native;
mod number;
mod options;
mod order;
mod page;
mod part;
mod printf;
mod properties;
mod reference;
mod region;
mod regular;
mod select;
mod subset;
mod superblock;
mod table;
mod text;
mod usage;
mod value;
mod walk;

use std::cell::Cell;
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use h5::{Group, Object, StoredElements};

use crate::Failure;
use names::Names;
use options::Settings;
use page::{Margin, Page, Style};
use table::Table;
use value::Values;

pub(crate) use element::elements_as_text;
pub(crate) use options::Options;
pub(crate) use usage::{EXAMPLES, join_values};

/// What is being printed.
struct Dump {
    page: Page,
    settings: Settings,
    /// The file, and behind it those that external links and references led to.
    files: Vec<OpenFile>,
    current: usize,
    /// Something could not be printed: the last thing that was said of that.
    complaint: Option<String>,
    behind_array: Cell<bool>,
    /// The datasets whose data is being printed because references lead to them: file and address.
    following: Vec<(usize, u64)>,
    /// The part of the next dataset that is wanted.
    subset: Option<Vec<h5::Axis>>,
}

/// A file with what is known of its objects.
struct OpenFile {
    root: Group,
    path: String,
    names: Rc<Names>,
    table: Table,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let settings = options.settings();
    let mut dump = Dump {
        page: Page::new(&options.outputs())?,
        settings,
        files: Vec::new(),
        current: 0,
        complaint: None,
        behind_array: Cell::new(false),
        following: Vec::new(),
        subset: None,
    };
    for file in &options.flags.files {
        let result = dump.file(file, options);
        dump.tolerate(result)?;
    }
    dump.page.flush()?;
    Ok(if dump.complaint.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Dump {
    fn file(&mut self, path: &Path, options: &Options) -> Result<(), Failure> {
        let file = crate::open::open(path, options.flags.filedriver)?;
        let root = file.as_group().clone();
        self.files = vec![OpenFile::new(&root, path.as_os_str().as_encoded_bytes(), self.settings.order)];
        self.current = 0;
        self.page.raw(&[b"HDF5 \"", path.as_os_str().as_encoded_bytes(), b"\" {"].concat())?;
        if options.flags.superblock && self.settings.contents.is_none() {
            self.superblock(&file)?;
        }
        match self.settings.contents {
            Some(attributes) => self.list_contents(&root, attributes)?,
            None if options.wanted.is_empty() => self.group(&root, b"/", 1)?,
            None => {
                for wanted in &options.wanted {
                    self.wanted(&root, wanted)?;
                }
            }
        }
        self.page.raw(b"\n}\n")?;
        Ok(())
    }

    fn style(&self) -> Style<'static> {
        Style::plain(self.settings.width)
    }

    /// How lines with data look.
    fn data_style<'a>(&self, margin: Margin<'a>) -> Style<'a> {
        let one_per_line = self.settings.one_per_line;
        Style { margin, one_per_line, ..Style::plain(self.settings.width) }
    }

    /// What elements are printed with.
    fn values<'a>(&'a self, stored: &'a StoredElements, names: &'a Names) -> Values<'a> {
        Values {
            stored,
            names,
            escape: self.settings.escape,
            format: self.settings.format.as_ref(),
            behind_array: &self.behind_array,
        }
    }

    fn table(&mut self) -> &mut Table {
        &mut self.files[self.current].table
    }

    fn names(&self) -> Rc<Names> {
        Rc::clone(&self.files[self.current].names)
    }

    fn root(&self) -> Group {
        self.files[self.current].root.clone()
    }

    /// Whether an external link or a reference led here.
    fn is_elsewhere(&self) -> bool {
        self.current > 0
    }

    /// Writes the target of an external link.
    fn linked_file(&mut self, object: &Object, name: &[u8], level: usize) -> Result<(), Failure> {
        if self.files.first().is_some_and(|file| file.path == object.location().filename()) {
            return Ok(());
        }
        self.in_file_of(Some(object), |dump| match object {
            Object::Group(group) => dump.group(group, name, level + 1),
            Object::Dataset(dataset) => dump.linked_dataset(dataset, name, level + 1),
            Object::Datatype(datatype) => dump.named_datatype(datatype, name, level + 1),
            _ => Ok(()),
        })
    }

    /// Writes something of the file that an object is in, which may be another one.
    fn in_file_of(
        &mut self,
        object: Option<&Object>,
        write: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some(object) = object else { return write(self) };
        let path = object.location().filename();
        let known = self.files.iter().position(|file| file.path == path);
        let index = known.unwrap_or_else(|| {
            let root = object.location().file().as_group().clone();
            self.files.push(OpenFile::new(&root, path.as_bytes(), self.settings.order));
            self.files.len() - 1
        });
        let before = std::mem::replace(&mut self.current, index);
        let result = write(self);
        self.current = before;
        result
    }

    /// Says what went wrong, once; the rest is printed all the same.
    fn complain(&mut self, error: impl Display) {
        let complaint = error.to_string();
        if self.complaint.as_ref() != Some(&complaint) {
            eprintln!("h5: {complaint}");
            self.complaint = Some(complaint);
        }
    }

    /// Complains where the file is at fault.
    fn tolerate<T>(&mut self, result: Result<T, Failure>) -> Result<Option<T>, Failure> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error @ Failure::File(_)) => {
                self.complain(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl OpenFile {
    fn new(root: &Group, shown: &[u8], order: order::Order) -> Self {
        OpenFile {
            root: root.clone(),
            path: root.filename(),
            names: Rc::new(Names::new(shown.to_vec(), root.clone())),
            table: Table::new(&Object::Group(root.clone()), b"/", order),
        }
    }
}
