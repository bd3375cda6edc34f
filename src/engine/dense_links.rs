//! The links of a group that has too many of them for its header: in a fractal heap, found by way of a B-tree.

use std::cmp::Ordering;

use super::Core;
use super::btree_v2::BTree2;
use super::dense_storage::compare_names;
use super::fractal_heap::FractalHeap;
use crate::base::{Address, Error, Result, Structure};
use crate::format;
use crate::format::btree_v2_record::{LinkNameRecord, RecordType};
use crate::format::message::link::Link;

/// Links in a heap, ready to be read.
pub(super) struct DenseLinks<'a> {
    core: &'a Core,
    heap: FractalHeap<'a>,
    names: BTree2<'a>,
    /// Of the heap and of the index.
    addresses: (Address, Address),
}

impl<'a> DenseLinks<'a> {
    /// Opens what a link info message names.
    pub(super) fn open(core: &'a Core, heap: Address, by_name: Option<Address>) -> Result<Self> {
        let Some(by_name) = by_name else {
            return Err(Error::malformed("links in a heap have no index by name").within(Structure::LinkInfo));
        };
        let names = BTree2::open(core, by_name, RecordType::LinkName)?;
        Ok(DenseLinks { core, heap: FractalHeap::open(core, heap)?, names, addresses: (heap, by_name) })
    }

    /// Every link, in the order in which they lie in the heap. Where the index breaks off, an error stands for the rest.
    pub(super) fn links(&self) -> Vec<Result<Link>> {
        let mut ids = Vec::new();
        let visited = self.names.visit(|record| {
            ids.push(self.record(record)?.heap_id);
            Ok(())
        });
        self.heap.sort_by_place(&mut ids, |id| id);
        ids.iter().map(|id| self.link(id)).chain(visited.err().map(Err)).collect()
    }

    /// The link with this name.
    pub(super) fn find(&self, name: &[u8]) -> Result<Option<Link>> {
        Ok(self.find_stored(name)?.map(|(_, link)| link))
    }

    /// The same with its identifier in the heap.
    pub(super) fn find_stored(&self, name: &[u8]) -> Result<Option<([u8; 7], Link)>> {
        let (heap, index) = self.addresses;
        let compare = by_name(heap, index, name);
        let Some(record) = self.names.find(|record| compare(self.core, record))? else { return Ok(None) };
        let id = self.record(&record)?.heap_id;
        Ok(Some((id, self.link(&id)?)))
    }

    fn record(&self, record: &[u8]) -> Result<LinkNameRecord> {
        self.names.decode(record, &())
    }

    fn link(&self, id: &[u8; 7]) -> Result<Link> {
        link(self.core, &self.heap, id)
    }
}

fn link(core: &Core, heap: &FractalHeap<'_>, id: &[u8; 7]) -> Result<Link> {
    heap.object(id, |bytes, offset| format::decode_padded(bytes, offset, &core.sizes(), &core.budget))
}

/// How the records of the index stand to a name.
pub(super) fn by_name(
    heap: Address,
    index: Address,
    name: &[u8],
) -> impl Fn(&Core, &[u8]) -> Result<Ordering> {
    let hash = |record: &LinkNameRecord| record.hash;
    let name_of = |core: &Core, heap: &FractalHeap<'_>, record: &LinkNameRecord| {
        Ok(link(core, heap, &record.heap_id)?.name)
    };
    compare_names((heap, index), name, hash, name_of)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{fixture, object};
    use super::super::{Core, find_link, links, links_by_creation_order};
    use super::*;
    use crate::base::lookup3;
    use crate::format::message::link::Target;

    fn listed(core: &Core, path: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let parts = |link: Link| match link.target {
            Target::Soft(target) => (link.name, target),
            other => panic!("{other:?}"),
        };
        links(core, &object(core, path)).unwrap().into_iter().map(|link| parts(link.unwrap())).collect()
    }

    #[test]
    fn many_links_are_listed_by_name_and_each_is_found() {
        let core = fixture("dense_links.h5");
        let many = listed(&core, "many");
        assert_eq!(many.len(), 700);
        assert!(many.is_sorted());
        let group = object(&core, "many");
        for index in 0..700u32 {
            let name = format!("link {}", index * 7919 % 700);
            let link = find_link(&core, &group, name.as_bytes()).unwrap().unwrap();
            assert_eq!(link.target, Target::Soft(format!("/target {index}").into_bytes()));
        }
        assert_eq!(find_link(&core, &group, b"link 700").unwrap(), None);
        assert!(listed(&core, "empty").is_empty());
        assert!(links_by_creation_order(&core, &group).unwrap().is_none());
    }

    #[test]
    fn names_of_the_same_hash_are_told_apart() {
        let core = fixture("dense_links.h5");
        let (one, other) = (b"c82689", b"c96406");
        assert_eq!(lookup3(one), lookup3(other));
        for name in [one, other] {
            let link = find_link(&core, &object(&core, "twins"), name).unwrap().unwrap();
            assert_eq!(link.target, Target::Soft([b"I am ", &name[..]].concat()));
        }
    }

    #[test]
    fn the_order_of_creation_can_be_had() {
        let core = fixture("dense_links.h5");
        let ordered = links_by_creation_order(&core, &object(&core, "ordered")).unwrap().unwrap();
        let names: Vec<_> = ordered.into_iter().map(|link| link.unwrap().name).collect();
        let expected: Vec<_> = (1..20u32).map(|i| format!("z{:02}", i * 7 % 20).into_bytes()).collect();
        assert_eq!(names, [&expected[..], &[b"z99".to_vec()]].concat());
        assert!(listed(&core, "ordered").is_sorted());
    }

    #[test]
    fn links_are_read_from_huge_and_from_filtered_objects() {
        let core = fixture("dense_links.h5");
        let lengths: Vec<_> = listed(&core, "huge").iter().map(|(name, _)| name.len()).collect();
        assert_eq!(lengths, [3000, 5000, 6000]);
        let filtered = listed(&core, "filtered");
        assert_eq!(filtered.len(), 201);
        assert_eq!(filtered[200], (b"y".repeat(5000), b"huge and filtered".to_vec()));
        assert_eq!(listed(&core, "small and filtered"), [(b"only".to_vec(), b"one block".to_vec())]);
    }
}
