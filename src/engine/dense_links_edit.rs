//! Changing the links of a group that keeps them in a fractal heap.

use std::cmp::Ordering;

use super::Core;
use super::dense_links::{DenseLinks, by_name};
use super::dense_storage::{DenseStorage, Entry, Kind};
use super::fractal_heap::HeapCreation;
use crate::base::{Error, Result, Structure, lookup3};
use crate::format;
use crate::format::btree_v2_record::{LinkNameRecord, LinkOrderRecord, RecordType};
use crate::format::message::dense_info::LinkInfo;
use crate::format::message::filter_pipeline::FilterPipeline;
use crate::format::message::link::Link;

/// The links of a group in a heap, to be changed.
pub(super) struct DenseLinksEdit(DenseStorage);

static LINKS: Kind =
    Kind { name: (RecordType::LinkName, 11), order: (RecordType::LinkOrder, 15), info: Structure::LinkInfo };

impl DenseLinksEdit {
    pub(super) fn create(
        core: &mut Core,
        pipeline: Option<FilterPipeline>,
        info: &mut LinkInfo,
    ) -> Result<Self> {
        DenseStorage::create(core, &LINKS, HeapCreation::Links(pipeline), info).map(DenseLinksEdit)
    }

    pub(super) fn named(info: &LinkInfo) -> Result<Option<Self>> {
        Ok(DenseStorage::named(&LINKS, info)?.map(DenseLinksEdit))
    }

    pub(super) fn delete(self, core: &mut Core, info: &mut LinkInfo) -> Result<()> {
        self.0.delete(core, info)
    }

    pub(super) fn len(&self, core: &Core) -> Result<u64> {
        self.0.len(core)
    }

    /// All links; none may be broken, for it would get lost.
    pub(super) fn links(&self, core: &Core) -> Result<Vec<Link>> {
        DenseLinks::open(core, self.0.heap, Some(self.0.by_name))?.links().into_iter().collect()
    }

    /// Adds a link whose name and creation order are new.
    pub(super) fn insert(&self, core: &mut Core, link: &Link) -> Result<()> {
        let heap_id = self.0.store(core, &format::encode(link, &core.sizes())?)?;
        let named = LinkNameRecord { hash: lookup3(&link.name), heap_id };
        let ordered = LinkOrderRecord { order: link.creation_order.unwrap_or(0), heap_id };
        let (named, ordered) = (format::encode(&named, &())?, format::encode(&ordered, &())?);
        let name = Entry { record: &named, compare: &by_name(self.0.heap, self.0.by_name, &link.name) };
        let order = Entry { record: &ordered, compare: &by_order(&self.0, link.creation_order) };
        self.0.index(core, name, order)
    }

    /// Takes the link with this name out.
    pub(super) fn remove(&self, core: &mut Core, name: &[u8]) -> Result<Option<Link>> {
        let found = DenseLinks::open(core, self.0.heap, Some(self.0.by_name))?.find_stored(name)?;
        let Some((id, link)) = found else { return Ok(None) };
        let order = by_order(&self.0, link.creation_order);
        self.0.check_order(core, &order)?;
        self.0.unindex(core, &by_name(self.0.heap, self.0.by_name, name), &order)?;
        self.0.discard(core, &id)?;
        Ok(Some(link))
    }
}

/// How the records of the index by creation order stand to that of a link.
fn by_order(links: &DenseStorage, wanted: Option<u64>) -> impl Fn(&Core, &[u8]) -> Result<Ordering> + use<> {
    let index = links.by_order.unwrap_or(links.by_name);
    move |core, record| {
        let Some(wanted) = wanted else {
            let error = Error::malformed("creation order is indexed, but the link has none");
            return Err(error.within(Structure::Link));
        };
        let record: LinkOrderRecord = format::decode(record, core.offset(index)?, &(), &core.budget)?;
        Ok(record.order.cmp(&wanted))
    }
}
