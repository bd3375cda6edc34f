//! What was judged, what was left out and why, and what is wrong.

use std::collections::BTreeMap;
use std::fmt;

use h5::{Error, ErrorKind};

#[derive(Debug, Default)]
pub(crate) struct Tally {
    file: String,
    /// Files that were compared with an expectation.
    pub(crate) files: usize,
    /// Files that had only to do no harm.
    pub(crate) survived: usize,
    pub(crate) objects: usize,
    pub(crate) links: usize,
    pub(crate) attributes: usize,
    /// Single elements of datasets and attributes.
    pub(crate) values: usize,
    /// By reason: how often, and the file that had it first.
    left_out: BTreeMap<String, (usize, String)>,
    pub(crate) failures: Vec<String>,
}

impl Tally {
    pub(crate) fn of(file: &str) -> Tally {
        Tally { file: file.to_owned(), ..Tally::default() }
    }

    pub(crate) fn fail(&mut self, what: impl fmt::Display) {
        self.failures.push(format!("{}: {what}", self.file));
    }

    /// Leaves out what is not supported, and what is refused in files that were damaged on purpose; any other error is a
    /// failure.
    pub(crate) fn error(&mut self, what: &str, error: &Error) {
        match error.kind() {
            ErrorKind::Unsupported(reason) => self.leave_out(reason.to_string()),
            _ if self.file.starts_with("hostile/") => self.leave_out("damage that is refused".to_owned()),
            _ => self.fail(format!("{what}: {error}")),
        }
    }

    pub(crate) fn leave_out(&mut self, reason: String) {
        let first = self.file.clone();
        self.left_out.entry(reason).or_insert((0, first)).0 += 1;
    }

    /// Tells whether anything of the file was left out.
    pub(crate) fn is_partial(&self) -> bool {
        !self.left_out.is_empty()
    }

    pub(crate) fn same<T: PartialEq + fmt::Debug>(&mut self, what: &str, ours: &T, theirs: &T) {
        if ours != theirs {
            self.fail(format!("{what}: {ours:?}, expected {theirs:?}"));
        }
    }

    pub(crate) fn add(&mut self, other: Tally) {
        self.files += other.files;
        self.survived += other.survived;
        self.objects += other.objects;
        self.links += other.links;
        self.attributes += other.attributes;
        self.values += other.values;
        self.failures.extend(other.failures);
        for (reason, (count, first)) in other.left_out {
            self.left_out.entry(reason).or_insert((0, first)).0 += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { files, survived, objects, links, attributes, values, .. } = self;
        writeln!(
            f,
            "judged {files} files: {objects} objects, {links} links, {attributes} attributes, {values} values"
        )?;
        writeln!(f, "survived {survived} files that need not read")?;
        let left_out: usize = self.left_out.values().map(|(count, _)| count).sum();
        writeln!(f, "left out {left_out} times:")?;
        for (reason, (count, first)) in &self.left_out {
            writeln!(f, "{count:>7}  {reason} ({first})")?;
        }
        for failure in &self.failures {
            // The text of a value may be long.
            writeln!(f, "FAILED {}", failure.chars().take(500).collect::<String>())?;
        }
        Ok(())
    }
}
