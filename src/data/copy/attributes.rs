//! Attributes: their values go the way of a dataset's elements.

use crate::base::{Address, Result, byte_count, element_count, to_usize};
use crate::engine::{self, Header};
use crate::format::message::attribute::{Attribute, Part};
use crate::format::message::dataspace::Dataspace;
use crate::format::message::shared::{Place, SharedMessage};

use super::Copier;

impl Copier<'_> {
    pub(super) fn copy_attributes(&mut self, header: &Header, to: Address, path: &str) -> Result<()> {
        for attribute in engine::stored_attributes(self.ends.source(), header)? {
            let done = attribute
                .and_then(|(attribute, _)| self.copy_attribute(attribute, to))
                .map_err(|e| e.of(path));
            match done {
                Err(error) if self.rules.keep_going => self.outcome.left_out.push(error),
                done => done?,
            }
        }
        Ok(())
    }

    fn copy_attribute(&mut self, attribute: Attribute, to: Address) -> Result<()> {
        let from = self.ends.source();
        let source = engine::part(from, attribute.datatype.clone())?;
        let extent = engine::part(from, attribute.dataspace)?.extent;
        let count = extent.shape().map_or(Ok(0), element_count)?;
        let needed = to_usize(byte_count(count, to_usize(source.size.into())?)?)?;
        let mut data = attribute.data;
        if data.len() < needed {
            let (needed, available) = (needed as u64, data.len() as u64);
            let error = crate::base::Error::from(crate::base::Malformed::Truncated { needed, available });
            return Err(error.within(crate::base::Structure::Attribute));
        }
        data.truncate(needed);
        let target = source.fitted(self.ends.target().sizes())?;
        let transfer = self.transfer(&source, &target)?;
        let data = self.carried(transfer.as_ref(), data)?;
        let versions = self.ends.target().versions();
        let datatype = match attribute.datatype {
            Part::Shared(SharedMessage { place: Place::Header(committed), .. }) => {
                Part::Shared(SharedMessage::committed(self.committed(committed)?))
            }
            _ => Part::Here(target.in_version(versions.datatype)),
        };
        let dataspace = Part::Here(Dataspace::new(extent, versions.dataspace));
        let (name, charset) = (attribute.name, attribute.charset);
        let new = Attribute::of_bytes(name, charset, datatype, dataspace, data, versions.attribute);
        engine::add_attribute(self.ends.writer(), to, &new)
    }
}
