//! Counting the uses of shared messages: the records of an index, in a list or a B-tree, and the heap behind them.
//!
//! A message that only one object has may stand in that object's header, which the index tells; with the second use it
//! goes into the heap, and the first header keeps its own copy. So a message is found by what it says, not by where it
//! is. When a list becomes a tree and a tree a list is libhdf5's choice (`H5SM.c`).

use std::cmp::Ordering;

use super::fractal_heap::{FractalHeapEdit, HeapCreation};
use super::shared_key::{Key, content, in_heap};
use super::shared_message::{is_shared_somewhere, table_of};
use super::{BTree2, BTree2Edit, BlockKind, Core};
use crate::base::{Address, Error, Result, Structure, lookup3_from};
use crate::format::btree_v2_record::RecordType;
use crate::format::message::MessageType;
use crate::format::shared_table::{
    IndexKind, ListContext, SharedIndex, SharedLocation, SharedMessageList, SharedMessageRecord,
    SharedMessageTable, TableContext,
};
use crate::format::{self, Wire as _};

/// A use of a message that objects have in common, or could have.
#[derive(Clone, Debug)]
pub(super) struct SharedUse {
    pub(super) kind: MessageType,
    pub(super) place: UsePlace,
}

#[derive(Clone, Debug)]
pub(super) enum UsePlace {
    /// The identifier in the heap.
    Heap([u8; 8]),
    /// A header has the message, which says this.
    Here(Vec<u8>),
}

/// Counts one use less of a message. Returns what it says if that was the last one.
pub(super) fn lower(core: &mut Core, used: &SharedUse) -> Result<Option<Vec<u8>>> {
    let edit = IndexEdit::open(core, used.kind)?;
    let key = edit.key_of(core, used)?;
    let Some(record) = edit.find(core, &key)? else {
        return Err(edit.bad(core, "a shared message is not in its index"));
    };
    if let Some(less) = lowered(&record) {
        edit.replace(core, &key, &less)?;
        return Ok(None);
    }
    edit.take(core, &key)?;
    if let SharedLocation::Heap { id, .. } = record.location {
        FractalHeapEdit::open(core, key.heap)?.remove(core, &id)?;
    }
    edit.shrink(core)?;
    Ok(Some(key.bytes))
}

/// Counts one use more of a message, which is shared from then on. Returns its identifier in the heap; none if the file
/// does not share such messages, or has as many as it can count.
pub(super) fn raise(core: &mut Core, kind: MessageType, bytes: &[u8]) -> Result<Option<[u8; 8]>> {
    if !is_shared_somewhere(core, kind, bytes.len())? {
        return Ok(None);
    }
    let mut edit = IndexEdit::open(core, kind)?;
    let heap = edit.begin(core)?;
    let hash = lookup3_from(bytes, u32::from(kind.0));
    let key = Key { bytes: bytes.to_vec(), hash, id: None, heap };
    let location = match edit.find(core, &key)?.map(|record| record.location) {
        Some(SharedLocation::Heap { references, id }) => {
            let more = references.checked_add(1);
            let more =
                more.ok_or_else(|| Error::limit("uses of a message", 1 << 32, u64::from(references)))?;
            SharedLocation::Heap { references: more, id }
        }
        Some(SharedLocation::Header { .. }) => SharedLocation::Heap { references: 2, id: key.insert(core)? },
        // An index that is full shares no further messages.
        None if edit.index().messages == u16::MAX => return Ok(None),
        None => {
            let id = key.insert(core)?;
            edit.add(core, &key, SharedLocation::Heap { references: 1, id })?;
            return Ok(Some(id));
        }
    };
    let record = SharedMessageRecord { hash, location };
    edit.replace(core, &key, &record)?;
    edit.store(core)?;
    match record.location {
        SharedLocation::Heap { id, .. } => Ok(Some(id)),
        SharedLocation::Header { .. } => Ok(None),
    }
}

/// The index of a type of message, to be changed.
struct IndexEdit {
    at: Address,
    cx: TableContext,
    table: SharedMessageTable,
    number: usize,
}

impl IndexEdit {
    fn open(core: &Core, kind: MessageType) -> Result<Self> {
        let (at, cx, table, number) = table_of(core, kind)?;
        Ok(IndexEdit { at, cx, table: SharedMessageTable::clone(&table), number })
    }

    fn index(&self) -> &SharedIndex {
        &self.table.indexes[self.number]
    }

    fn index_mut(&mut self) -> &mut SharedIndex {
        &mut self.table.indexes[self.number]
    }

    fn store(&self, core: &mut Core) -> Result<()> {
        core.put(self.at, &self.table, &self.cx)
    }

    fn bad(&self, core: &Core, what: &'static str) -> Error {
        Error::malformed(what).at(Structure::SharedMessageTable, core.offset(self.at).unwrap_or(self.at.0))
    }

    fn key_of(&self, core: &Core, used: &SharedUse) -> Result<Key> {
        let heap = self.index().heap;
        let heap = heap.ok_or_else(|| self.bad(core, "an index of shared messages has no heap"))?;
        let (bytes, id) = match &used.place {
            UsePlace::Heap(id) => (in_heap(core, heap, id)?, Some(*id)),
            UsePlace::Here(bytes) => (bytes.clone(), None),
        };
        Ok(Key { hash: lookup3_from(&bytes, u32::from(used.kind.0)), bytes, id, heap })
    }

    /// The list or the tree.
    fn address(&self, core: &Core) -> Result<Address> {
        self.index().index.ok_or_else(|| self.bad(core, "an index of shared messages is not there"))
    }

    fn records(&self, core: &Core) -> Result<Vec<SharedMessageRecord>> {
        let at = self.address(core)?;
        match self.index().kind {
            IndexKind::List => {
                let cx = self.index().list_context(core.sizes());
                Ok(core.fetch::<SharedMessageList>(at, &cx)?.records.clone())
            }
            IndexKind::BTree => {
                let mut records = Vec::new();
                let tree = BTree2::open(core, at, RecordType::SharedMessage)?;
                tree.visit(|record| {
                    records.push(tree.decode(record, &core.sizes())?);
                    Ok(())
                })?;
                Ok(records)
            }
        }
    }

    /// The records of a list, and which of them is meant.
    fn listed(&self, core: &Core, key: &Key) -> Result<(Vec<SharedMessageRecord>, Option<usize>)> {
        let records = self.records(core)?;
        for (place, record) in records.iter().enumerate() {
            if key.compare(core, record)? == Ordering::Equal {
                return Ok((records, Some(place)));
            }
        }
        Ok((records, None))
    }

    fn find(&self, core: &Core, key: &Key) -> Result<Option<SharedMessageRecord>> {
        match self.index().kind {
            IndexKind::List => {
                let (records, place) = self.listed(core, key)?;
                Ok(place.map(|place| records[place].clone()))
            }
            IndexKind::BTree => {
                let tree = BTree2::open(core, self.address(core)?, RecordType::SharedMessage)?;
                let found = tree.find(|record| key.compare_stored(core, record))?;
                found.map(|record| tree.decode(&record, &core.sizes())).transpose()
            }
        }
    }

    /// Puts a record in the place of the one that is meant.
    fn replace(&self, core: &mut Core, key: &Key, new: &SharedMessageRecord) -> Result<()> {
        match self.index().kind {
            IndexKind::List => {
                let (mut records, place) = self.listed(core, key)?;
                place.into_iter().for_each(|place| records[place] = new.clone());
                self.put_list(core, records)
            }
            IndexKind::BTree => {
                let record = format::encode(new, &core.sizes())?;
                let tree = BTree2Edit::open(core, self.address(core)?, RecordType::SharedMessage)?;
                tree.update(&record, &|core, record| key.compare_stored(core, record)).map(drop)
            }
        }
    }

    /// Takes the record that is meant out; what the table says of it is for `shrink`.
    fn take(&self, core: &mut Core, key: &Key) -> Result<()> {
        match self.index().kind {
            IndexKind::List => {
                let (mut records, place) = self.listed(core, key)?;
                place.into_iter().for_each(|place| drop(records.remove(place)));
                self.put_list(core, records)
            }
            IndexKind::BTree => {
                let tree = BTree2Edit::open(core, self.address(core)?, RecordType::SharedMessage)?;
                tree.remove(&|core, record| key.compare_stored(core, record)).map(drop)
            }
        }
    }

    /// Counts one message less: an empty index goes with its heap, and a tree of few messages becomes a list.
    fn shrink(mut self, core: &mut Core) -> Result<()> {
        let left = self.index().messages.checked_sub(1);
        self.index_mut().messages =
            left.ok_or_else(|| self.bad(core, "an index has more messages than it counts"))?;
        let SharedIndex { kind, messages, btree_min, list_max, heap, .. } = *self.index();
        if messages == 0 {
            self.release(core)?;
            if let Some(heap) = heap {
                FractalHeapEdit::delete(core, heap)?;
            }
            self.index_mut().heap = None;
            // Unless trees may be empty.
            if btree_min > 0 {
                self.index_mut().kind = IndexKind::List;
            }
        } else if kind == IndexKind::BTree && messages < btree_min && messages <= list_max {
            let records = self.records(core)?;
            self.release(core)?;
            self.begin_list(core, records)?;
        }
        self.store(core)
    }

    /// Gives the space of the list or the tree back.
    fn release(&mut self, core: &mut Core) -> Result<()> {
        let at = self.address(core)?;
        self.index_mut().index = None;
        match self.index().kind {
            IndexKind::List => core.release(at, self.list_len(core)?),
            IndexKind::BTree => BTree2Edit::delete(core, at, RecordType::SharedMessage),
        }
    }

    /// Makes heap and index, where there are none; returns the heap.
    fn begin(&mut self, core: &mut Core) -> Result<Address> {
        if let (Some(heap), Some(_)) = (self.index().heap, self.index().index) {
            return Ok(heap);
        }
        let heap = FractalHeapEdit::create(core, HeapCreation::Attributes)?;
        self.index_mut().heap = Some(heap);
        if self.index().list_max > 0 {
            self.begin_list(core, Vec::new())?;
        } else {
            self.begin_tree(core)?;
        }
        Ok(heap)
    }

    fn begin_list(&mut self, core: &mut Core, records: Vec<SharedMessageRecord>) -> Result<()> {
        let at = core.allocate(self.list_len(core)?, BlockKind::BTree)?;
        (self.index_mut().kind, self.index_mut().index) = (IndexKind::List, Some(at));
        self.put_list(core, records)
    }

    fn begin_tree(&mut self, core: &mut Core) -> Result<()> {
        let len = SharedMessageRecord::len(core.sizes());
        let len = u16::try_from(len).map_err(|_| Error::limit("bytes of a record", len as u64, 0xffff))?;
        let at = BTree2Edit::create(core, RecordType::SharedMessage, len)?;
        (self.index_mut().kind, self.index_mut().index) = (IndexKind::BTree, Some(at));
        Ok(())
    }

    /// Adds the record of a message that the index does not have; a list that is full becomes a tree first.
    fn add(mut self, core: &mut Core, key: &Key, location: SharedLocation) -> Result<()> {
        let record = SharedMessageRecord { hash: key.hash, location };
        let SharedIndex { kind, messages, list_max, .. } = *self.index();
        let mut records = if kind == IndexKind::List { self.records(core)? } else { Vec::new() };
        if kind == IndexKind::List && messages >= list_max {
            self.release(core)?;
            self.begin_tree(core)?;
            for record in records.drain(..) {
                let bytes = content(core, key.heap, &record)?;
                let known = Key { bytes, hash: record.hash, id: None, heap: key.heap };
                self.add_to_tree(core, &known, &record)?;
            }
        }
        match self.index().kind {
            IndexKind::List => {
                records.push(record);
                self.put_list(core, records)?;
            }
            IndexKind::BTree => self.add_to_tree(core, key, &record)?,
        }
        let more = messages.checked_add(1);
        self.index_mut().messages =
            more.ok_or_else(|| Error::limit("messages of an index", 1 << 16, 0xffff))?;
        self.store(core)
    }

    fn add_to_tree(&self, core: &mut Core, key: &Key, record: &SharedMessageRecord) -> Result<()> {
        let bytes = format::encode(record, &core.sizes())?;
        let tree = BTree2Edit::open(core, self.address(core)?, RecordType::SharedMessage)?;
        match tree.insert(&bytes, &|core, record| key.compare_stored(core, record))? {
            true => Ok(()),
            false => Err(self.bad(core, "an index has a message twice")),
        }
    }

    fn list_len(&self, core: &Core) -> Result<u64> {
        let empty = ListContext { messages: 0, ..self.index().list_context(core.sizes()) };
        let list = SharedMessageList { records: Vec::new(), slack: Vec::new() };
        Ok(list.encoded_len(&empty)? as u64)
    }

    fn put_list(&self, core: &mut Core, records: Vec<SharedMessageRecord>) -> Result<()> {
        let messages = u16::try_from(records.len())
            .map_err(|_| Error::limit("a list of shared messages", records.len() as u64, 0xffff))?;
        let cx = ListContext { messages, ..self.index().list_context(core.sizes()) };
        let unused = usize::from(self.index().list_max.saturating_sub(messages));
        let slack = vec![0; unused * SharedMessageRecord::len(core.sizes())];
        core.put(self.address(core)?, &SharedMessageList { records, slack }, &cx)
    }
}

/// A record with one use less; none if it has none left.
fn lowered(record: &SharedMessageRecord) -> Option<SharedMessageRecord> {
    match record.location {
        SharedLocation::Heap { references, id } if references > 1 => {
            let location = SharedLocation::Heap { references: references - 1, id };
            Some(SharedMessageRecord { location, ..*record })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{bytes, heap_objects, object, open};
    use super::super::{attributes, delete_attribute};
    use super::*;

    fn index(core: &Core, kind: MessageType) -> SharedIndex {
        IndexEdit::open(core, kind).unwrap().index().clone()
    }

    fn uses(record: &SharedMessageRecord) -> u32 {
        match record.location {
            SharedLocation::Heap { references, .. } => references,
            SharedLocation::Header { .. } => 1,
        }
    }

    /// Its trees have at least 2 messages. Two attributes have type and shape in the heap as well.
    #[test]
    fn every_use_is_counted_until_none_is_left() {
        let mut core = open(bytes("shared.h5"), true).unwrap();
        let mut all = Vec::new();
        for path in ["few", "few again", "many", "many again"] {
            let header = object(&core, path);
            let names = attributes(&core, &header).unwrap().into_iter();
            all.extend(names.map(|a| (header.address, String::from_utf8(a.unwrap().name).unwrap())));
        }
        assert_eq!((all.len(), index(&core, MessageType::DATATYPE).messages > 0), (32, true));
        while let Some((group, name)) = all.pop() {
            delete_attribute(&mut core, group, &name).unwrap();
            let edit = IndexEdit::open(&core, MessageType::ATTRIBUTE).unwrap();
            let Some(heap) = edit.index().heap else { continue };
            let records = edit.records(&core).unwrap();
            assert_eq!(records.iter().map(uses).sum::<u32>() as usize, all.len());
            assert_eq!(heap_objects(&core, heap), records.len() as u64);
            assert_eq!(usize::from(edit.index().messages), records.len());
            assert_eq!(edit.index().kind, if records.len() < 2 { IndexKind::List } else { IndexKind::BTree });
        }
        for kind in [MessageType::ATTRIBUTE, MessageType::DATATYPE] {
            let SharedIndex { kind, messages, index, heap, .. } = index(&core, kind);
            assert_eq!((kind, messages, index, heap), (IndexKind::List, 0, None, None));
        }
    }

    #[test]
    fn an_index_counts_no_more_than_it_can() {
        let mut core = open(bytes("shared.h5"), true).unwrap();
        let mut edit = IndexEdit::open(&core, MessageType::ATTRIBUTE).unwrap();
        edit.index_mut().messages = u16::MAX;
        edit.store(&mut core).unwrap();
        let record = edit.records(&core).unwrap()[0].clone();
        let known = content(&core, edit.index().heap.unwrap(), &record).unwrap();
        assert_eq!(raise(&mut core, MessageType::ATTRIBUTE, &[4; 30]).unwrap(), None);
        assert!(raise(&mut core, MessageType::ATTRIBUTE, &known).unwrap().is_some());
        assert_eq!(index(&core, MessageType::ATTRIBUTE).messages, u16::MAX);
    }

    #[test]
    fn what_is_raised_is_lowered_again() {
        let mut core = open(bytes("shared.h5"), true).unwrap();
        let before = index(&core, MessageType::DATATYPE);
        let mut raised = Vec::new();
        // More than a list has, each of them twice.
        for number in 0..20 {
            let message = vec![number / 2; 30];
            let id = raise(&mut core, MessageType::DATATYPE, &message).unwrap().unwrap();
            assert_eq!(raised.last() == Some(&id), number % 2 == 1);
            raised.push(id);
        }
        assert_eq!(index(&core, MessageType::DATATYPE).messages, before.messages + 10);
        for (number, id) in raised.into_iter().enumerate() {
            let used = SharedUse { kind: MessageType::DATATYPE, place: UsePlace::Heap(id) };
            assert_eq!(lower(&mut core, &used).unwrap().is_some(), number % 2 == 1);
        }
        // It was a list, which one of up to 4 stays; a tree is one of at least 2.
        let after = index(&core, MessageType::DATATYPE);
        assert_eq!((before.kind, before.messages), (IndexKind::List, after.messages));
        assert_eq!((after.kind, after.heap), (IndexKind::BTree, before.heap));
        assert_eq!(raise(&mut core, MessageType::ATTRIBUTE, &[1; 19]).unwrap(), None, "20 bytes at least");
        assert_eq!(raise(&mut core, MessageType::LINK, &[1; 50]).unwrap(), None);
        let used = SharedUse { kind: MessageType::DATATYPE, place: UsePlace::Here(vec![9; 30]) };
        let error = lower(&mut core, &used).unwrap_err().to_string();
        assert!(error.contains("a shared message is not in its index"), "{error}");
    }
}
