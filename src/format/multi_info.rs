//! What the driver information says of the members of a multi or split file.
//!
//! Specification 4.0, II.B.
//!
//! ```text
//!  0  6  for each kind of data (superblock, B-trees, raw data, global heap, local heap, object headers) the kind in
//!        whose member it lies, from 1; 0: its own
//!  6  2  reserved
//!  8  .  for each member, by the first kind in it: first address (8), bytes in use (8)
//!  .  .  for each member the template of its name, "%s" for the common part; NUL-terminated, padded to 8
//! ```
//!
//! Reads and writes all of it.

use crate::base::{Reader, Result, Structure, Writer};
use crate::format::Wire;

/// The members of a multi or split file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MultiInfo {
    /// For each kind the one in whose member it lies; 0 is its own.
    pub(crate) map: [u8; 6],
    /// In the order in which the map has them first.
    pub(crate) members: Vec<MultiMember>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MultiMember {
    /// The name, with "%s" for what the names of all members have in common.
    pub(crate) template: String,
    /// The first address, counted from the beginning of all.
    pub(crate) start: u64,
    /// Bytes in use.
    pub(crate) used: u64,
}

/// The numbers of the kinds of data.
pub(crate) const SUPERBLOCK: u8 = 1;
pub(crate) const BTREES: u8 = 2;
pub(crate) const RAW_DATA: u8 = 3;
pub(crate) const LOCAL_HEAPS: u8 = 5;
pub(crate) const OBJECT_HEADERS: u8 = 6;

impl MultiInfo {
    /// The number of the member with a kind of data.
    pub(crate) fn member_of(&self, kind: u8) -> Option<usize> {
        let mapped = self.map.get(usize::from(kind).checked_sub(1)?)?;
        let kind = if *mapped == 0 { kind } else { *mapped };
        kinds(&self.map).iter().position(|&known| known == kind)
    }
}

/// The kinds that have members of their own, in the order in which a map has them first.
fn kinds(map: &[u8; 6]) -> Vec<u8> {
    let mut kinds = Vec::new();
    for (own, &mapped) in (1..).zip(map) {
        let kind = if mapped == 0 { own } else { mapped };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

impl Wire for MultiInfo {
    const STRUCTURE: Structure = Structure::DriverInfo;
    type Context = ();

    fn decode(r: &mut Reader<'_>, (): &()) -> Result<Self> {
        let at = r.clone();
        let map: [u8; 6] = r.array()?;
        if let Some(&mapped) = map.iter().find(|&&mapped| mapped > OBJECT_HEADERS) {
            return Err(at.bad("kind of a member", mapped, "at most 6"));
        }
        r.skip_padding(2, "reserved")?;
        let mut members = Vec::new();
        for _ in kinds(&map) {
            members.push(MultiMember { start: r.u64()?, used: r.u64()?, template: String::new() });
        }
        for member in &mut members {
            let at = r.clone();
            let name = r.c_string()?;
            let padding = padded(name.len()) - (name.len() + 1);
            r.skip_padding(padding.min(r.remaining()), "names are padded; the last one need not be")?;
            match std::str::from_utf8(name) {
                Ok(name) if name.contains("%s") => member.template = name.to_owned(),
                _ => return Err(at.bad("name of a member", name.len() as u64, "a text with \"%s\" in it")),
            }
        }
        Ok(MultiInfo { map, members })
    }

    fn encoded_len(&self, (): &()) -> Result<usize> {
        Ok(8 + self.members.iter().map(|member| 16 + padded(member.template.len())).sum::<usize>())
    }

    fn encode(&self, w: &mut Writer, (): &()) -> Result<()> {
        w.put(&self.map);
        w.put(&[0; 2]);
        for member in &self.members {
            w.u64(member.start);
            w.u64(member.used);
        }
        for member in &self.members {
            let name = member.template.as_bytes();
            w.put(name);
            w.put(&vec![0; padded(name.len()) - name.len()]);
        }
        Ok(())
    }
}

/// The bytes of a name with its NUL.
fn padded(name: usize) -> usize {
    (name + 1).next_multiple_of(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const RAW_START: u64 = u64::MAX / 2;

    fn split() -> Vec<u8> {
        let mut bytes = vec![1, 1, 3, 3, 1, 1, 0, 0];
        for number in [0u64, 100, RAW_START, 40] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"%s-m.h5\0%s-raw.h5\0\0\0\0\0\0\0");
        bytes
    }

    impl Samples for MultiInfo {
        fn samples() -> Vec<Sample<Self>> {
            // The padding of the last name.
            vec![Sample::open("split", (), split(), 6)]
        }
    }

    fn decoded(bytes: &[u8]) -> Result<MultiInfo> {
        crate::format::decode(bytes, 0, &(), &crate::base::Budget::default())
    }

    #[test]
    fn the_information_tells_the_members() {
        let info = decoded(&split()).unwrap();
        let expected = [("%s-m.h5", 0, 100), ("%s-raw.h5", RAW_START, 40)]
            .map(|(template, start, used)| MultiMember { template: template.to_owned(), start, used });
        assert_eq!(info.members, expected);
        assert_eq!([1, 2, 3, 4, 5, 6].map(|kind| info.member_of(kind).unwrap()), [0, 0, 1, 1, 0, 0]);
        assert_eq!((info.member_of(0), info.member_of(7)), (None, None));
        let own = MultiInfo { map: [0; 6], members: Vec::new() };
        assert_eq!([1, 2, 3, 4, 5, 6].map(|kind| own.member_of(kind).unwrap()), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_last_name_need_not_be_padded() {
        assert_eq!(decoded(&split()[..split().len() - 6]).unwrap(), decoded(&split()).unwrap());
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse::<MultiInfo>(
            split(),
            (),
            &[(1, 7, "kind of a member"), (1, 2, "driver information"), (40, b'-', "%s")],
        );
    }
}
