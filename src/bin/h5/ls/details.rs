//! What `-v` tells of an object beyond its name, its kind and its shape.

use h5::{Attribute, Dataset, FilterInfo, Layout, Location, Object};

use super::{Listing, braced, datatype, escaped, space};
use crate::Failure;

/// The most sources of a virtual dataset, or pieces of external data, that are listed.
const MOST_FILES: usize = 100;

/// Where the lines of a type begin that has more than one.
const INDENT: usize = 16;

impl Listing {
    pub(super) fn details(&mut self, object: &Object) -> Result<(), Failure> {
        let location = object.location();
        self.detail("Address:", &location.address().to_string())?;
        let links = location.link_count();
        if let Some(links) = self.tolerate(links)? {
            self.detail("Links:", &links.to_string())?;
        }
        let comment = location.comment();
        if let Some(comment) = self.tolerate(comment)?.flatten() {
            self.detail("Comment:", &escaped(comment.as_bytes()))?;
        }
        match object {
            // What is wrong with the messages of a dataset has been told.
            Object::Dataset(dataset) => self.dataset(dataset)?,
            Object::Datatype(location) => {
                if let Ok(Some(stored)) = location.committed() {
                    self.detail("Type:", &datatype::describe(stored.stored(), INDENT))?;
                }
            }
            _ => {}
        }
        self.attributes(location)
    }

    fn dataset(&mut self, dataset: &Dataset) -> Result<(), Failure> {
        let Ok(stored) = dataset.dtype() else { return Ok(()) };
        self.detail("Type:", &datatype::describe(stored.stored(), INDENT))?;
        let layout = match dataset.layout() {
            Layout::Compact => "compact",
            Layout::Contiguous => "contiguous",
            Layout::Chunked => "chunked",
            Layout::Virtual => "virtual",
            _ => "unknown",
        };
        self.detail("Layout:", layout)?;
        if let Some(chunk) = dataset.chunk() {
            let element = u64::from(stored.size());
            let bytes = chunk.iter().fold(element, |bytes, &size| bytes.saturating_mul(size as u64));
            self.detail("Chunks:", &format!("{} {bytes} bytes", braced(chunk)))?;
        }
        for filter in dataset.filters() {
            self.detail("Filter:", &described(&filter))?;
        }
        self.other_files(dataset)
    }

    /// The files that the data of a dataset lies in, if not in this one.
    fn other_files(&mut self, dataset: &Dataset) -> Result<(), Failure> {
        let files = dataset.external_files();
        let files = self.tolerate(files)?.unwrap_or_default();
        for file in files.iter().take(MOST_FILES) {
            let size = file.size.map_or("all".to_owned(), |size| size.to_string());
            let what = format!("{} bytes from {} of {}", size, file.offset, escaped(&file.name));
            self.detail("External:", &what)?;
        }
        self.more(files.len())?;
        let sources = dataset.virtual_sources();
        let sources = self.tolerate(sources)?.unwrap_or_default();
        for source in sources.iter().take(MOST_FILES) {
            let what = format!("{} of {}", escaped(&source.dataset), escaped(&source.file));
            self.detail("Source:", &what)?;
        }
        self.more(sources.len())
    }

    fn more(&mut self, count: usize) -> Result<(), Failure> {
        match count.checked_sub(MOST_FILES) {
            None | Some(0) => Ok(()),
            Some(more) => self.detail("", &format!("and {more} more")),
        }
    }

    fn attributes(&mut self, location: &Location) -> Result<(), Failure> {
        let all = location.attrs();
        let mut readable = Vec::new();
        for attribute in self.tolerate(all)?.unwrap_or_default() {
            readable.extend(self.tolerate(attribute)?);
        }
        readable.sort_by(|a, b| a.raw_name().cmp(b.raw_name()));
        for attribute in readable {
            let name = escaped(attribute.raw_name());
            match one_attribute(&attribute) {
                Ok(what) => self.detail("Attribute:", &format!("{name} {what}"))?,
                Err(error) => {
                    self.detail("Attribute:", &name)?;
                    self.unreadable(&error)?;
                }
            }
        }
        Ok(())
    }
}

fn one_attribute(attribute: &Attribute) -> h5::Result<String> {
    let stored = attribute.dtype()?;
    Ok(format!("{} {}", space(attribute)?, datatype::describe(stored.stored(), INDENT)))
}

/// A filter with its number and its client data.
fn described(filter: &FilterInfo) -> String {
    let name = match filter.name.as_str() {
        "" => "unnamed".to_owned(),
        name => escaped(name.as_bytes()),
    };
    let optional = if filter.optional { ", optional" } else { "" };
    format!("{name} ({}{optional}) {}", filter.id, braced(&filter.values))
}
