//! The filter pipeline message: what is done to every chunk before it is stored.
//!
//! Specification 4.0, IV.A.2.l.
//!
//! ```text
//! version 1                                   version 2
//!  0  1  version                               0  1  version
//!  1  1  number of filters, at most 32         1  1  number of filters
//!  2  6  reserved                              2  .  filters
//!  8  .  filters
//!
//! filter
//!  0  2  identification
//!  2  2  length of the name (version 2: only where the identification is 256 or more)
//!  .  2  flags: bit 0 optional
//!  .  2  number of client data values
//!  .  .  name, NUL-terminated (version 1: padded to a multiple of 8)
//!  .  .  client data, 4 bytes each (version 1: padded to an even number of values)
//! ```
//!
//! Reads and writes versions 1 and 2.

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FilterPipeline {
    pub(crate) version: u8,
    /// In the order in which they are applied when a chunk is written.
    pub(crate) filters: Vec<FilterEntry>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FilterEntry {
    pub(crate) id: u16,
    pub(crate) flags: u16,
    /// The name field as stored, with its NUL and padding; empty where there is none.
    pub(crate) stored_name: Vec<u8>,
    pub(crate) values: Vec<u32>,
}

/// Bit of `flags`: a chunk may be stored without this filter when it fails.
pub(crate) const OPTIONAL: u16 = 1;

const MAX_FILTERS: u8 = 32;
const FIRST_NAMED: u16 = 256;

impl FilterEntry {
    /// An entry of a pipeline of this version, which stores the name if it stores that of any filter of this number.
    pub(crate) fn new(id: u16, flags: u16, name: &str, values: Vec<u32>, version: u8) -> Self {
        let mut entry = FilterEntry { id, flags, stored_name: Vec::new(), values };
        if entry.is_named(version) && !name.is_empty() {
            let len = name.len() + 1;
            entry.stored_name = name.as_bytes().to_vec();
            entry.stored_name.resize(if version == 1 { len.next_multiple_of(8) } else { len }, 0);
        }
        entry
    }

    /// The name up to its NUL.
    pub(crate) fn name(&self) -> &[u8] {
        self.stored_name.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    fn is_named(&self, version: u8) -> bool {
        version == 1 || self.id >= FIRST_NAMED
    }

    fn len(&self, version: u8) -> usize {
        let pad = if version == 1 && self.values.len() % 2 == 1 { 4 } else { 0 };
        let length_field = if self.is_named(version) { 2 } else { 0 };
        6 + length_field + self.stored_name.len() + 4 * self.values.len() + pad
    }
}

impl Wire for FilterPipeline {
    const STRUCTURE: Structure = Structure::FilterPipeline;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        let version = r.version(1..=2)?;
        let at = r.clone();
        let count = r.u8()?;
        if count > MAX_FILTERS {
            return Err(at.bad("number of filters", count, "at most 32"));
        }
        r.skip_padding(if version == 1 { 6 } else { 0 }, "reserved")?;
        let filters = (0..count).map(|_| decode_entry(r, version)).collect::<Result<_>>()?;
        Ok(FilterPipeline { version, filters })
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        let head = if self.version == 1 { 8 } else { 2 };
        Ok(head + self.filters.iter().map(|filter| filter.len(self.version)).sum::<usize>())
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.u8(self.version);
        w.size(self.filters.len(), 1, "number of filters")?;
        w.fill(if self.version == 1 { 6 } else { 0 }, 0);
        for filter in &self.filters {
            w.u16(filter.id);
            if filter.is_named(self.version) {
                w.size(filter.stored_name.len(), 2, "length of the filter's name")?;
            }
            w.u16(filter.flags);
            w.size(filter.values.len(), 2, "number of client data values")?;
            w.put(&filter.stored_name);
            filter.values.iter().for_each(|&value| w.u32(value));
            w.fill(if self.version == 1 && filter.values.len() % 2 == 1 { 4 } else { 0 }, 0);
        }
        Ok(())
    }
}

fn decode_entry(r: &mut Reader<'_>, version: u8) -> Result<FilterEntry> {
    let id = r.u16()?;
    let named = version == 1 || id >= FIRST_NAMED;
    let name_len = if named { usize::from(r.u16()?) } else { 0 };
    if version == 1 && name_len % 8 != 0 {
        return Err(r.bad("length of the filter's name", name_len as u64, "no multiple of 8"));
    }
    let flags = r.u16()?;
    let values = u64::from(r.u16()?);
    let stored_name = r.take(name_len)?.to_vec();
    let count = r.count(values, 4)?;
    let values = (0..count).map(|_| r.u32()).collect::<Result<_>>()?;
    if version == 1 && count % 2 == 1 {
        r.skip_padding(4, "version 1 stores an even number of values")?;
    }
    Ok(FilterEntry { id, flags, stored_name, values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    #[rustfmt::skip]
    fn version_1() -> Vec<u8> {
        [
            &[1, 1, 0, 0, 0, 0, 0, 0][..],      // version, one filter
            &[1, 0, 8, 0, 1, 0, 1, 0],          // deflate, 8 bytes of name, optional, one value
            b"deflate\0",
            &[6, 0, 0, 0, 0, 0, 0, 0],          // level 6, padding
        ].concat()
    }

    #[rustfmt::skip]
    fn version_2() -> Vec<u8> {
        [
            &[2, 2][..],
            &[2, 0, 0, 0, 1, 0, 8, 0, 0, 0],    // shuffle of 8-byte elements
            &[0, 0x7d, 4, 0, 1, 0, 0, 0],       // 32000, a name of 4 bytes, no value
            b"lzf\0",
        ].concat()
    }

    impl Samples for FilterPipeline {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("version 1", Sizes::EIGHT, version_1()),
                Sample::plain("version 2", Sizes::EIGHT, version_2()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes =
            [(0, 3, "version 3"), (1, 33, "number of filters is 33"), (10, 7, "filter's name is 7")];
        refuse::<FilterPipeline>(version_1(), Sizes::EIGHT, &changes);
    }

    #[test]
    fn a_name_ends_at_its_nul() {
        let budget = Default::default();
        let pipeline: FilterPipeline =
            crate::format::decode(&version_2(), 0, &Sizes::EIGHT, &budget).unwrap();
        assert_eq!(pipeline.filters[1].name(), b"lzf");
        assert_eq!(pipeline.filters[0].name(), b"");
    }
}
