//! What is decided about an object when it is created: whether it keeps the order of its links and attributes, and when
//! they move into a heap.

use crate::base::{Error, Result};
use crate::format::message::dense_info::LinkInfo;
use crate::format::message::group_info::GroupInfo;
use crate::format::object_header::{
    ATTRIBUTE_ORDER_INDEXED, ATTRIBUTE_ORDER_TRACKED, HAS_THRESHOLDS, Prefix,
};

/// Whether an object keeps the order in which its links or its attributes were created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CreationOrder {
    /// It does not.
    #[default]
    Untracked,
    /// Each link or attribute has its number.
    Tracked,
    /// Each has its number, and those in a heap are found by it.
    Indexed,
}

/// How an object is to keep its attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct AttributeRules {
    pub(crate) order: CreationOrder,
    /// The most attributes in the header, and the fewest in a heap.
    pub(crate) thresholds: Option<(u16, u16)>,
}

/// How a group is to keep its links and attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct GroupRules {
    pub(crate) attributes: AttributeRules,
    pub(crate) order: CreationOrder,
    /// The most links in the header, and the fewest in a heap.
    pub(crate) thresholds: Option<(u16, u16)>,
    /// How many links are expected, and how long their names.
    pub(crate) estimates: Option<(u16, u16)>,
    /// The bytes of an old-style group's heap for names.
    pub(crate) heap_size: Option<u64>,
}

/// What libhdf5 takes where a file says nothing.
const THRESHOLDS: (u16, u16) = (8, 6);
const ESTIMATES: (u16, u16) = (4, 8);

impl CreationOrder {
    fn is_tracked(self) -> bool {
        self >= CreationOrder::Tracked
    }

    fn is_indexed(self) -> bool {
        self == CreationOrder::Indexed
    }
}

/// Refuses thresholds between which neither the header nor a heap would do.
fn checked(thresholds: Option<(u16, u16)>) -> Result<Option<(u16, u16)>> {
    match thresholds {
        Some((compact, dense)) if dense > compact => Err(Error::misuse(format!(
            "at most {compact} in the header and at least {dense} in a heap leave a gap"
        ))),
        thresholds => Ok(thresholds.filter(|&pair| pair != THRESHOLDS)),
    }
}

impl AttributeRules {
    /// The first bytes of a header that keeps these rules, of a version that is `oldest` or newer.
    pub(super) fn prefix(&self, oldest: u8) -> Result<Prefix> {
        let thresholds = checked(self.thresholds)?;
        if oldest == 1 && !self.order.is_tracked() && thresholds.is_none() {
            return Ok(Prefix::Version1 { messages: 0, reference_count: 1 });
        }
        let mut flags = 0;
        for (applies, flag) in [
            (self.order.is_tracked(), ATTRIBUTE_ORDER_TRACKED),
            (self.order.is_indexed(), ATTRIBUTE_ORDER_INDEXED),
            (thresholds.is_some(), HAS_THRESHOLDS),
        ] {
            flags |= if applies { flag } else { 0 };
        }
        Ok(Prefix::Version2 { flags, times: None, thresholds })
    }
}

impl GroupRules {
    /// Whether a symbol table can keep these rules.
    pub(super) fn suit_symbol_tables(&self) -> bool {
        !self.order.is_tracked() && self.thresholds.is_none()
    }

    pub(super) fn link_info(&self) -> LinkInfo {
        LinkInfo {
            next_creation_order: self.order.is_tracked().then_some(0),
            heap: None,
            by_name: None,
            by_creation_order: self.order.is_indexed().then_some(None),
        }
    }

    pub(super) fn group_info(&self) -> Result<GroupInfo> {
        let estimates = self.estimates.filter(|&estimates| estimates != ESTIMATES);
        Ok(GroupInfo { thresholds: checked(self.thresholds)?, estimates })
    }

    /// How many links are expected, and how long their names.
    pub(super) fn expected(&self) -> (u16, u16) {
        self.estimates.unwrap_or(ESTIMATES)
    }

    /// How many links of the expected length the header should have room for.
    pub(super) fn expected_in_header(&self) -> u16 {
        let (most, _) = self.thresholds.unwrap_or(THRESHOLDS);
        let (links, _) = self.expected();
        if links <= most { links } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_newer_header_can_keep_makes_it_one() {
        let version =
            |order, thresholds| AttributeRules { order, thresholds }.prefix(1).unwrap().style().version;
        assert_eq!(version(CreationOrder::Untracked, None), 1);
        assert_eq!(version(CreationOrder::Untracked, Some(THRESHOLDS)), 1);
        assert_eq!(version(CreationOrder::Untracked, Some((3, 3))), 2);
        assert_eq!(version(CreationOrder::Tracked, None), 2);
        let gap = AttributeRules { thresholds: Some((3, 4)), ..AttributeRules::default() };
        assert!(gap.prefix(2).is_err());
    }

    #[test]
    fn what_is_usual_is_not_said() {
        let usual =
            GroupRules { thresholds: Some(THRESHOLDS), estimates: Some(ESTIMATES), ..Default::default() };
        assert_eq!(usual.group_info().unwrap(), GroupInfo::default());
        assert_eq!(usual.expected_in_header(), 4);
        assert_eq!(GroupRules { estimates: Some((9, 8)), ..usual }.expected_in_header(), 0);
    }
}
