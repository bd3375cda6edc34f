//! Changing new-style groups: their links are messages of the header, or in a heap where there are many or large ones.
//!
//! When they move is libhdf5's choice (`H5Gobj.c`): into a heap with the first link over the group's threshold or over
//! the size of a message, and back with the first removal that leaves fewer than the other threshold.

use super::dense_links_edit::DenseLinksEdit;
use super::group::message_of;
use super::{Core, Header};
use crate::base::{Error, Result};
use crate::format::message::MessageType;
use crate::format::message::dense_info::LinkInfo;
use crate::format::message::filter_pipeline::FilterPipeline;
use crate::format::message::group_info::GroupInfo;
use crate::format::message::link::Link;
use crate::format::object_header::{Message, Thresholds};

/// A group that is being changed.
pub(super) struct NewGroupEdit {
    header: Header,
    info: LinkInfo,
    thresholds: Thresholds,
}

impl NewGroupEdit {
    pub(super) fn open(core: &Core, header: Header) -> Result<Self> {
        let none = LinkInfo { next_creation_order: None, heap: None, by_name: None, by_creation_order: None };
        let info = header.message(core)?.unwrap_or(none);
        let thresholds = header.message::<GroupInfo>(core)?.and_then(|info| info.thresholds);
        Ok(NewGroupEdit { header, info, thresholds: thresholds.map(Thresholds::from).unwrap_or_default() })
    }

    /// Adds a link with a name that is new; its place in the creation order is its own, or else the next one.
    pub(super) fn insert(mut self, core: &mut Core, link: Link) -> Result<()> {
        let before = self.info.clone();
        let order = before.next_creation_order.map(|next| link.creation_order.unwrap_or(next));
        if let (Some(next), Some(order)) = (&mut self.info.next_creation_order, order) {
            let after = order.checked_add(1);
            let after = after.ok_or_else(|| Error::limit("creation order values", order, order - 1))?;
            *next = after.max(*next);
        }
        let link = Link::of_bytes(&link.name, link.charset, order, link.target);
        let message = Header::new_message(core, &link, 0)?;
        let count = self.header.all(MessageType::LINK).count();
        let compact = count < self.thresholds.most_compact && self.fits(&message);
        if let Some(dense) = DenseLinksEdit::named(&self.info)? {
            dense.insert(core, &link)?;
        } else if compact {
            self.header.push(message);
        } else {
            self.move_to_heap(core)?.insert(core, &link)?;
        }
        self.store(core, &before, compact)
    }

    /// Takes the link with this name out.
    pub(super) fn remove(mut self, core: &mut Core, name: &[u8]) -> Result<Option<Link>> {
        let before = self.info.clone();
        let Some(dense) = DenseLinksEdit::named(&self.info)? else { return self.remove_message(core, name) };
        let Some(link) = dense.remove(core, name)? else { return Ok(None) };
        let left = dense.len(core)?;
        if left < self.thresholds.fewest_dense as u64 || left == 0 {
            self.move_to_header(core, dense)?;
        }
        if left == 0 {
            self.forget_order();
        }
        self.store(core, &before, false)?;
        Ok(Some(link))
    }

    fn remove_message(mut self, core: &mut Core, name: &[u8]) -> Result<Option<Link>> {
        let before = self.info.clone();
        let Some((index, link)) = message_of(core, &self.header, name)? else { return Ok(None) };
        self.header.messages.remove(index);
        if !self.header.has(MessageType::LINK) {
            self.forget_order();
        }
        self.store(core, &before, true)?;
        Ok(Some(link))
    }

    /// An empty group counts from zero again.
    fn forget_order(&mut self) {
        self.info.next_creation_order = self.info.next_creation_order.map(|_| 0);
    }

    fn move_to_heap(&mut self, core: &mut Core) -> Result<DenseLinksEdit> {
        let messages = self.header.all(MessageType::LINK);
        let links: Vec<Link> =
            messages.map(|message| self.header.decode(core, message)).collect::<Result<_>>()?;
        let pipeline: Option<FilterPipeline> = self.header.message(core)?;
        let dense = DenseLinksEdit::create(core, pipeline, &mut self.info)?;
        links.iter().try_for_each(|link| dense.insert(core, link))?;
        self.header.messages.retain(|message| message.kind != MessageType::LINK);
        Ok(dense)
    }

    /// Moves all links into the header, unless one of them is too large for that.
    fn move_to_header(&mut self, core: &mut Core, dense: DenseLinksEdit) -> Result<()> {
        let links = dense.links(core)?;
        let messages: Vec<Message> =
            links.iter().map(|link| Header::new_message(core, link, 0)).collect::<Result<_>>()?;
        if messages.iter().all(|message| self.fits(message)) {
            messages.into_iter().for_each(|message| self.header.push(message));
            dense.delete(core, &mut self.info)?;
        }
        Ok(())
    }

    fn fits(&self, message: &Message) -> bool {
        self.header.prefix.style().fits(message.body.len())
    }

    /// Writes the header, where there is something new in it.
    fn store(mut self, core: &mut Core, before: &LinkInfo, changed: bool) -> Result<()> {
        if self.info != *before {
            self.header.set(core, &self.info, 0)?;
        } else if !changed {
            return Ok(());
        }
        self.header.store(core)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::fixture::{bytes, empty, heap_objects, object, open};
    use super::super::{
        BTree2, GroupRules, find_link, insert_link, links, links_by_creation_order, new_group_header,
        remove_link,
    };
    use super::*;
    use crate::base::Address;
    use crate::format::btree_v2_record::RecordType;
    use crate::format::message::link::Target;

    fn soft(text: &str) -> Target {
        Target::Soft(text.as_bytes().to_vec())
    }

    fn group(core: &mut Core, info: &LinkInfo, thresholds: Option<(u16, u16)>) -> Address {
        let address = new_group_header(core, &GroupRules::default()).unwrap();
        let mut header = Header::clone(&Header::load(core, address).unwrap());
        header.set(core, info, 0).unwrap();
        header.set(core, &GroupInfo { thresholds, estimates: None }, 0).unwrap();
        header.store(core).unwrap();
        address
    }

    const PLAIN: LinkInfo =
        LinkInfo { next_creation_order: None, heap: None, by_name: None, by_creation_order: None };
    const ORDERED: LinkInfo =
        LinkInfo { next_creation_order: Some(0), by_creation_order: Some(None), ..PLAIN };

    fn info(core: &Core, group: Address) -> LinkInfo {
        Header::load(core, group).unwrap().required(core).unwrap()
    }

    /// How many links are in the header, and whether there is a heap.
    fn stored(core: &Core, group: Address) -> (usize, bool) {
        let header = Header::load(core, group).unwrap();
        (header.all(MessageType::LINK).count(), info(core, group).heap.is_some())
    }

    fn names(core: &Core, group: Address) -> Vec<String> {
        let header = Header::load(core, group).unwrap();
        let links = links(core, &header).unwrap().into_iter();
        links.map(|link| String::from_utf8(link.unwrap().name).unwrap()).collect()
    }

    #[test]
    fn links_move_where_the_thresholds_say() {
        for (thresholds, most, fewest) in [(None, 8, 6), (Some((4, 2)), 4, 2), (Some((0, 0)), 0, 0)] {
            let mut core = empty();
            let group = group(&mut core, &PLAIN, thresholds);
            let end = core.txn_mut().unwrap().end(0);
            for index in 0..12 {
                insert_link(&mut core, group, &format!("link {index:02}"), soft("t")).unwrap();
                let expected = if index < most { (index + 1, false) } else { (0, true) };
                assert_eq!(stored(&core, group), expected);
            }
            for left in (0..12).rev() {
                let name = format!("link {left:02}");
                let removed = remove_link(&mut core, group, &name).unwrap();
                assert_eq!((removed.name, removed.target), (name.into_bytes(), soft("t")));
                let dense = left >= fewest && left > 0;
                assert_eq!(stored(&core, group), if dense { (0, true) } else { (left, false) });
                assert_eq!(
                    names(&core, group),
                    (0..left).map(|i| format!("link {i:02}")).collect::<Vec<_>>()
                );
            }
            assert!(core.txn_mut().unwrap().end(0) <= end + 1024, "heap and index were given back");
        }
    }

    #[test]
    fn a_link_too_large_for_a_header_is_kept_in_a_heap() {
        let mut core = empty();
        let group = group(&mut core, &PLAIN, None);
        insert_link(&mut core, group, "small", soft("t")).unwrap();
        let large = "x".repeat(65_535);
        insert_link(&mut core, group, "large", soft(&large)).unwrap();
        assert_eq!(stored(&core, group), (0, true));
        remove_link(&mut core, group, "small").unwrap();
        assert_eq!(stored(&core, group), (0, true), "it does not fit a header");
        assert_eq!(remove_link(&mut core, group, "large").unwrap().target, soft(&large));
        assert_eq!(stored(&core, group), (0, false));
    }

    #[test]
    fn a_group_has_what_a_map_has() {
        let mut core = empty();
        let group = group(&mut core, &ORDERED, None);
        let (mut model, mut seed) = (BTreeMap::new(), 1u64);
        for step in 0..1500u64 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // As many as 60 names, so that the group moves to and fro.
            let (name, keys) = (format!("n{}", (seed >> 33) % 60), if step < 1000 { 50 } else { 10 });
            if (seed >> 40) % 60 < keys && !model.contains_key(&name) {
                insert_link(&mut core, group, &name, soft(&step.to_string())).unwrap();
                model.insert(name, step);
            } else if let Some(value) = model.remove(&name) {
                assert_eq!(remove_link(&mut core, group, &name).unwrap().target, soft(&value.to_string()));
            } else {
                assert!(remove_link(&mut core, group, &name).unwrap_err().is_not_found());
            }
            if step % 50 == 0 {
                assert_has(&core, group, &model);
            }
        }
    }

    /// Fails unless a group that indexes the creation order has these links, created in the order of their numbers.
    fn assert_has(core: &Core, group: Address, model: &BTreeMap<String, u64>) {
        let header = Header::load(core, group).unwrap();
        assert_eq!(names(core, group), model.keys().cloned().collect::<Vec<_>>());
        for (name, value) in model {
            let link = find_link(core, &header, name.as_bytes()).unwrap().unwrap();
            assert_eq!(link.target, soft(&value.to_string()));
        }
        let mut by_number: Vec<_> = model.iter().map(|(name, number)| (*number, name)).collect();
        by_number.sort_unstable();
        let ordered = links_by_creation_order(core, &header).unwrap().unwrap();
        let ordered: Vec<_> = ordered.into_iter().map(|link| link.unwrap().name).collect();
        assert_eq!(ordered, by_number.iter().map(|(_, name)| name.as_bytes().to_vec()).collect::<Vec<_>>());
        if let Some(index) = info(core, group).by_creation_order.unwrap() {
            let index = BTree2::open(core, index, RecordType::LinkOrder).unwrap();
            assert_eq!(index.len(), model.len() as u64);
            assert_eq!(heap_objects(core, info(core, group).heap.unwrap()), index.len());
        }
    }

    #[test]
    fn an_empty_group_counts_its_links_from_zero() {
        let mut core = empty();
        let group = group(&mut core, &ORDERED, Some((1, 1)));
        for count in [1u64, 3] {
            (0..count).for_each(|i| insert_link(&mut core, group, &i.to_string(), soft("t")).unwrap());
            assert_eq!(info(&core, group).next_creation_order, Some(count));
            (0..count).for_each(|i| assert!(remove_link(&mut core, group, i.to_string()).is_ok()));
            assert_eq!(info(&core, group), ORDERED);
        }
    }

    #[test]
    fn links_in_a_heap_of_libhdf5_are_changed() {
        let mut core = open(bytes("dense_links.h5"), true).unwrap();
        let many = object(&core, "many").address;
        insert_link(&mut core, many, "new", soft("t")).unwrap();
        assert!(insert_link(&mut core, many, "new", soft("t")).is_err());
        for index in 0..690 {
            remove_link(&mut core, many, format!("link {index}")).unwrap();
        }
        let mut left: Vec<_> = (690..700).map(|index| format!("link {index}")).collect();
        left.push("new".to_owned());
        assert_eq!(names(&core, many), left);
        let twins = object(&core, "twins").address;
        let link = remove_link(&mut core, twins, "c96406").unwrap();
        assert_eq!(link.target, soft("I am c96406"));
        assert_eq!(names(&core, twins), ["c82689"]);
        insert_link(&mut core, twins, "c96406", soft("again")).unwrap();
        assert_eq!(names(&core, twins), ["c82689", "c96406"]);
        let ordered = object(&core, "ordered").address;
        remove_link(&mut core, ordered, "z99").unwrap();
        insert_link(&mut core, ordered, "last", soft("t")).unwrap();
        let listed = links_by_creation_order(&core, &object(&core, "ordered")).unwrap().unwrap();
        assert_eq!(listed.last().unwrap().as_ref().unwrap().name, b"last");
    }

    #[test]
    fn indexes_that_disagree_are_told_before_anything_changes() {
        let mut core = empty();
        let group = group(&mut core, &ORDERED, Some((0, 0)));
        insert_link(&mut core, group, "a", soft("t")).unwrap();
        let mut header = Header::clone(&Header::load(&core, group).unwrap());
        let mut info = info(&core, group);
        let empty =
            super::super::btree_v2_edit::BTree2Edit::create(&mut core, RecordType::LinkOrder, 15).unwrap();
        info.by_creation_order = Some(Some(empty));
        header.set(&core, &info, 0).unwrap();
        header.store(&mut core).unwrap();
        let error = remove_link(&mut core, group, "a").unwrap_err().to_string();
        assert!(error.contains("the indexes by name and by creation order disagree"), "{error}");
        assert_eq!(names(&core, group), ["a"]);
    }
}
