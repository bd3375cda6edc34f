//! Sharing the messages of new objects, and the table of a new file that is to share them.

use super::shared_index::raise;
use super::{BlockKind, Core, Header};
use crate::base::{Error, Result};
use crate::format;
use crate::format::message::MessageType;
use crate::format::message::attribute::Attribute;
use crate::format::message::shared::{IN_HEAP, Place, SharedMessage};
use crate::format::message::shared_table::SharedTableMessage;
use crate::format::object_header::{CONSTANT, DONT_SHARE, Message, SHARED};
use crate::format::shared_table::{IndexKind, SharedIndex, SharedMessageTable, TableContext};

/// What a new file is to share.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharingRules {
    /// For each index the types of its messages, bit n for type n, and the fewest bytes of one.
    pub(crate) indexes: Vec<(u16, u32)>,
    /// The most messages of a list and the fewest of a tree.
    pub(crate) thresholds: Option<(u16, u16)>,
}

/// What libhdf5 takes unless it is told otherwise.
const THRESHOLDS: (u16, u16) = (50, 40);
/// What it allows.
const MOST_INDEXES: usize = 8;
const LARGEST_LIST: u16 = 5000;
/// Dataspaces, datatypes, fill values, filter pipelines and attributes.
pub(crate) const SHAREABLE_TYPES: u16 = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 11 | 1 << 12;

impl SharingRules {
    fn check(&self) -> Result<(u16, u16)> {
        let (most, fewest) = self.thresholds.unwrap_or(THRESHOLDS);
        let (mut known, mut twice) = (0, false);
        for (types, _) in &self.indexes {
            twice |= known & types != 0 || *types == 0 || types & !SHAREABLE_TYPES != 0;
            known |= types;
        }
        let what = if self.indexes.len() > MOST_INDEXES {
            "a file has at most 8 indexes of shared messages"
        } else if twice {
            "each index of shared messages has types of its own"
        } else if most > LARGEST_LIST || fewest > LARGEST_LIST {
            "a list of shared messages has at most 5,000"
        } else if fewest > most + 1 {
            "lists and trees of shared messages leave a gap"
        } else {
            // Without lists, even an empty tree stays one.
            return Ok((most, if most == 0 { 0 } else { fewest }));
        };
        Err(Error::misuse(what))
    }
}

/// Writes the table of what is to be shared; returns the message that names it, if anything is.
pub(super) fn create_table(core: &mut Core, rules: &SharingRules) -> Result<Option<Message>> {
    if rules.indexes.is_empty() {
        return Ok(None);
    }
    if core.versions().symbol_tables {
        return Err(Error::misuse("messages can be shared from format bounds of 1.8 on"));
    }
    let (list_max, btree_min) = rules.check()?;
    let index = |&(message_types, min_message_size): &(u16, u32)| SharedIndex {
        kind: if list_max > 0 { IndexKind::List } else { IndexKind::BTree },
        message_types,
        min_message_size,
        list_max,
        btree_min,
        messages: 0,
        index: None,
        heap: None,
    };
    let table = SharedMessageTable { indexes: rules.indexes.iter().map(index).collect() };
    let indexes = u8::try_from(table.indexes.len()).unwrap_or(u8::MAX);
    let cx = TableContext { sizes: core.sizes(), indexes };
    let at = core.allocate(format::Wire::encoded_len(&table, &cx)? as u64, BlockKind::ObjectHeader)?;
    core.put(at, &table, &cx)?;
    let message = SharedTableMessage { table: at, indexes };
    Header::new_message(core, &message, CONSTANT | DONT_SHARE).map(Some)
}

/// Shares what a new header is to have, as far as the file shares such messages.
pub(crate) fn share_messages(core: &mut Core, messages: &mut [Message]) -> Result<()> {
    for message in messages {
        let number = u32::from(message.kind.0);
        let may_be = 1u16.checked_shl(number).is_some_and(|bit| bit & SHAREABLE_TYPES != 0);
        if may_be
            && message.flags & (SHARED | DONT_SHARE) == 0
            && let Some(id) = raise(core, message.kind, &message.body)?
        {
            let flags = message.flags | SHARED;
            *message = Message { flags, ..reference(core, message.kind, id)? };
        }
    }
    Ok(())
}

/// Shares an attribute, as far as the file shares attributes; returns its identifier in the heap. One whose parts are
/// elsewhere is not shared: the uses of those would have to be counted with it, and libhdf5 itself loses count of them.
pub(super) fn share_attribute(
    core: &mut Core,
    attribute: &Attribute,
    body: &[u8],
) -> Result<Option<[u8; 8]>> {
    if attribute.datatype.is_shared() || attribute.dataspace.is_shared() {
        return Ok(None);
    }
    raise(core, MessageType::ATTRIBUTE, body)
}

/// The message that stands for one in the heap.
pub(super) fn reference(core: &Core, kind: MessageType, id: [u8; 8]) -> Result<Message> {
    let shared = SharedMessage { version: 3, kind: IN_HEAP, place: Place::Heap(id), name_offset: 0 };
    let body = format::encode(&shared, &core.sizes())?;
    Ok(Message { kind, flags: SHARED, creation_order: None, body, offset: 0 })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{CreateOptions, FormatBounds};
    use crate::storage::MemoryStorage;

    #[test]
    fn the_oldest_files_have_no_place_for_a_table() {
        let create = |bounds| {
            let sharing = SharingRules { indexes: vec![(SHAREABLE_TYPES, 0)], thresholds: None };
            let options = CreateOptions { bounds, sharing, ..CreateOptions::default() };
            Core::create(Arc::new(MemoryStorage::default()), options)
        };
        assert!(create(FormatBounds::V18).is_ok());
        assert!(
            create(FormatBounds::Earliest).unwrap_err().to_string().contains("from format bounds of 1.8 on")
        );
    }

    #[test]
    fn rules_that_cannot_be_kept_are_refused() {
        let check = |indexes: &[(u16, u32)], thresholds| {
            SharingRules { indexes: indexes.to_vec(), thresholds }.check().map_err(|error| error.to_string())
        };
        assert_eq!(check(&[(2, 0), (1 << 12, 9)], None), Ok(THRESHOLDS));
        assert_eq!(check(&[(2, 0)], Some((0, 1))), Ok((0, 0)));
        assert!(check(&[(2, 0), (10, 0)], None).unwrap_err().contains("types of its own"));
        assert!(check(&[(4, 0)], None).unwrap_err().contains("types of its own"));
        assert!(check(&[(2, 0)], Some((5, 7))).unwrap_err().contains("leave a gap"));
        assert!(check(&[(2, 0)], Some((5001, 0))).unwrap_err().contains("at most 5,000"));
        assert!(check(&[(2, 0); 9], None).unwrap_err().contains("at most 8"));
    }
}
