//! Groups and their links.

use crate::base::{Address, Result};
use crate::engine::{self, Header, Resolved};
use crate::format::message::dense_info::LinkInfo;
use crate::format::message::group_info::GroupInfo;
use crate::format::message::link::{Link, Target};
use crate::format::message::symbol_table::SymbolTable;
use crate::format::object_header::CONSTANT;

use super::{Copier, ExternalLink, object};

impl Copier<'_> {
    pub(super) fn copy_group(&mut self, header: &Header, to: Address, path: &str, depth: u32) -> Result<()> {
        self.make_group(header, to)?;
        // The members of a member are too deep.
        if self.rules.shallow && depth > 0 {
            return Ok(());
        }
        let from = self.ends.source();
        let links = match engine::links_by_creation_order(from, header)? {
            Some(links) => links,
            None => engine::links(from, header)?,
        };
        for link in links {
            let copied = link.map_err(|e| e.of(path)).and_then(|link| {
                let name = engine::join(path, &String::from_utf8_lossy(&link.name));
                self.copy_link(header.address, to, link, &name, depth).map_err(|e| e.of(&name))
            });
            match copied {
                Err(error) if self.rules.keep_going => self.outcome.left_out.push(error),
                done => done?,
            }
        }
        Ok(())
    }

    /// Writes the messages of a group without links. A symbol table cannot say what a group wants otherwise than usual.
    fn make_group(&mut self, header: &Header, to: Address) -> Result<()> {
        let from = self.ends.source();
        let is_old = header.message::<SymbolTable>(from)?.is_some();
        let info = header.message::<LinkInfo>(from)?;
        let wishes = header.message::<GroupInfo>(from)?.unwrap_or_default();
        let next_creation_order = info.as_ref().and_then(|info| info.next_creation_order);
        let is_plain = is_old || next_creation_order.is_none() && wishes.thresholds.is_none();
        let core = self.ends.writer();
        let messages = if is_plain && core.versions().symbol_tables {
            let table = engine::create_symbol_table(core)?;
            vec![Header::new_message(core, &table, 0)?]
        } else {
            let info = LinkInfo {
                next_creation_order,
                heap: None,
                by_name: None,
                by_creation_order: info.and_then(|info| info.by_creation_order).map(|_| None),
            };
            vec![
                Header::new_message(core, &info, 0)?,
                Header::new_message(core, &GroupInfo { ..wishes }, CONSTANT)?,
            ]
        };
        object::fill(&mut self.ends, header, to, messages)
    }

    /// `from` is the group that has the link.
    fn copy_link(&mut self, from: Address, to: Address, link: Link, path: &str, depth: u32) -> Result<()> {
        let target = match &link.target {
            Target::Hard(address) => Target::Hard(self.link(*address, path.to_owned(), depth + 1)?),
            Target::Soft(soft) if self.rules.expand_soft => match self.behind(from, soft)? {
                Some(object) => Target::Hard(self.link(object, path.to_owned(), depth + 1)?),
                None => link.target,
            },
            other => match other.external() {
                Some(Ok((file, rest))) if self.rules.expand_external => {
                    let (file, rest) = (file.to_vec(), rest.to_vec());
                    self.outcome.external.push(ExternalLink { from, group: to, link, file, path: rest });
                    return Ok(());
                }
                _ => link.target,
            },
        };
        let link = Link::of_bytes(&link.name, link.charset, link.creation_order, target);
        engine::add_link(self.ends.writer(), to, link)
    }

    /// What a soft link leads to, if it is in this file.
    fn behind(&self, group: Address, path: &[u8]) -> Result<Option<Address>> {
        match engine::resolve(self.ends.source(), group, "", path) {
            Ok(Resolved::Here { address, .. }) => Ok(Some(address)),
            Ok(Resolved::External { .. }) => Ok(None),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
