//! The record of a huge object of a fractal heap (types 1 to 4).
//!
//! Specification 4.0, III.A.2, "Type 1 Record Layout" to "Type 4 Record Layout".
//!
//! ```text
//!  0  O  address
//!  .  L  bytes in the file
//!  .  4  filters that were skipped  } types
//!  .  L  bytes in memory            } 2, 4
//!  .  L  key; types 1, 2
//! ```
//!
//! Reads and writes all four.

use super::RecordType;
use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

/// A huge object of a fractal heap (types 1 to 4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HugeObjectRecord {
    pub(crate) address: Address,
    /// The bytes that it takes in the file.
    pub(crate) length: u64,
    pub(crate) filtered: Option<FilteredObject>,
    /// What its heap ID names it by, unless that holds its address.
    pub(crate) key: Option<u64>,
}

/// What only a filtered huge object has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FilteredObject {
    pub(crate) filter_mask: u32,
    /// Its bytes behind the filters.
    pub(crate) memory_size: u64,
}

/// Which of the four forms a record of a huge object has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HugeObjectContext {
    pub(crate) sizes: Sizes,
    pub(crate) filtered: bool,
    pub(crate) keyed: bool,
}

impl HugeObjectContext {
    /// The type of the tree that such records are in.
    pub(crate) fn record_type(self) -> RecordType {
        match (self.keyed, self.filtered) {
            (true, false) => RecordType::HugeIndirect,
            (true, true) => RecordType::HugeIndirectFiltered,
            (false, false) => RecordType::HugeDirect,
            (false, true) => RecordType::HugeDirectFiltered,
        }
    }
}

impl Wire for HugeObjectRecord {
    const STRUCTURE: Structure = Structure::BTree2Record;
    type Context = HugeObjectContext;

    fn decode(r: &mut Reader<'_>, cx: &HugeObjectContext) -> Result<Self> {
        let address = r.defined_address(cx.sizes, "huge object address")?;
        let length = r.length(cx.sizes)?;
        let filtered = match cx.filtered {
            true => Some(FilteredObject { filter_mask: r.u32()?, memory_size: r.length(cx.sizes)? }),
            false => None,
        };
        let key = if cx.keyed { Some(r.length(cx.sizes)?) } else { None };
        Ok(HugeObjectRecord { address, length, filtered, key })
    }

    fn encoded_len(&self, cx: &HugeObjectContext) -> Result<usize> {
        let filtered = if cx.filtered { 4 + cx.sizes.len() } else { 0 };
        let key = if cx.keyed { cx.sizes.len() } else { 0 };
        Ok(cx.sizes.address() + cx.sizes.len() + filtered + key)
    }

    fn encode(&self, w: &mut Writer, cx: &HugeObjectContext) -> Result<()> {
        if (self.filtered.is_some(), self.key.is_some()) != (cx.filtered, cx.keyed) {
            let number = u64::from(cx.record_type().number());
            return Err(Error::field("record type", number, "the record has another"));
        }
        w.address(Some(self.address), cx.sizes)?;
        w.length(self.length, cx.sizes, "huge object length")?;
        if let Some(filtered) = self.filtered {
            w.u32(filtered.filter_mask);
            w.length(filtered.memory_size, cx.sizes, "huge object memory size")?;
        }
        self.key.map_or(Ok(()), |key| w.length(key, cx.sizes, "huge object key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples};
    use crate::format::encode;

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    fn huge(filtered: bool, keyed: bool) -> HugeObjectContext {
        HugeObjectContext { sizes: NARROW, filtered, keyed }
    }

    impl Samples for HugeObjectRecord {
        #[rustfmt::skip]
        fn samples() -> Vec<Sample<Self>> {
            let place = [0xb9, 0x21, 5, 0, 0x96, 0x11, 1, 0];   // 70,038 bytes at 336,313
            let filtered = [2, 0, 0, 0, 0x00, 0x20, 1, 0];      // the second filter skipped; 73,728 bytes behind them
            let key = [1, 0, 0, 0];
            vec![
                Sample::plain("type 1", huge(false, true), [&place[..], &key].concat()),
                Sample::plain("type 2", huge(true, true), [&place[..], &filtered, &key].concat()),
                Sample::plain("type 3", huge(false, false), place.to_vec()),
                Sample::plain("type 4", huge(true, false), [place, filtered].concat()),
            ]
        }
    }

    #[test]
    fn each_form_has_its_type_and_no_other_is_written() {
        let numbers = [(false, true), (true, true), (false, false), (true, false)]
            .map(|(filtered, keyed)| huge(filtered, keyed).record_type().number());
        assert_eq!(numbers, [1, 2, 3, 4]);
        let record = HugeObjectRecord { address: Address(8), length: 9, filtered: None, key: None };
        let text = encode(&record, &huge(true, true)).unwrap_err().to_string();
        assert!(text.contains("record type is 2: the record has another"));
    }
}
