//! The fill value messages: what an element has that was never written, and when it is written.
//!
//! Specification 4.0, IV.A.2.e (old) and IV.A.2.f.
//!
//! ```text
//! old                   versions 1, 2                              version 3
//!  0  4  size            0  1  version                              0  1  version
//!  4  .  value           1  1  space allocation time                1  1  flags: bits 0-1 allocation time,
//!                        2  1  fill value write time                      2-3 write time, 4 undefined, 5 defined
//!                        3  1  fill value defined                   2  4  size, if bit 5
//!                        4  4  size (version 2: if defined)         6  .  value, if bit 5
//!                        8  .  value (version 2: if defined)
//! ```
//!
//! A size of 0, in the old message also of all ones, means the default: zeros. Reads all, writes them as they were.

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

/// The message of releases before 1.6: the value alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FillValueOld(pub(crate) Vec<u8>);

impl Wire for FillValueOld {
    const STRUCTURE: Structure = Structure::FillValueOld;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        let size = u64::from(r.u32()?);
        Ok(FillValueOld(r.take_long(size)?.to_vec()))
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(4 + self.0.len())
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.size(self.0.len(), 4, "size of the fill value")?;
        w.put(&self.0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FillValue {
    pub(crate) version: u8,
    /// 1 early, 2 late, 3 incremental; 0 in old files: as the layout has it.
    pub(crate) allocation_time: u8,
    /// 0 on allocation, 1 never, 2 if set by the user.
    pub(crate) write_time: u8,
    pub(crate) value: Fill,
}

/// The three states of a fill value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fill {
    /// The caller said that there is none.
    Undefined,
    /// Zeros.
    Default,
    User(Vec<u8>),
}

const UNDEFINED: u8 = 1 << 4;
const DEFINED: u8 = 1 << 5;
const NO_VALUE: u32 = u32::MAX;

impl Wire for FillValue {
    const STRUCTURE: Structure = Structure::FillValue;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        let version = r.version(1..=3)?;
        if version == 3 { decode_packed(r) } else { decode_loose(r, version) }
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        let value = match &self.value {
            Fill::User(value) => 4 + value.len(),
            Fill::Default if self.version < 3 => 4,
            Fill::Undefined if self.version == 1 => 4,
            _ => 0,
        };
        Ok(if self.version == 3 { 2 } else { 4 } + value)
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.u8(self.version);
        if self.version == 3 {
            let state = match self.value {
                Fill::Undefined => UNDEFINED,
                Fill::Default => 0,
                Fill::User(_) => DEFINED,
            };
            w.u8(self.allocation_time | self.write_time << 2 | state);
        } else {
            let defined = u8::from(self.value != Fill::Undefined);
            w.put(&[self.allocation_time, self.write_time, defined]);
        }
        match &self.value {
            Fill::User(value) => {
                w.size(value.len(), 4, "size of the fill value")?;
                w.put(value);
            }
            Fill::Default if self.version < 3 => w.u32(0),
            Fill::Undefined if self.version == 1 => w.u32(NO_VALUE),
            _ => {}
        }
        Ok(())
    }
}

fn decode_packed(r: &mut Reader<'_>) -> Result<FillValue> {
    let at = r.clone();
    let flags = r.flags(0x3f)?;
    let value = match flags & (UNDEFINED | DEFINED) {
        0 => Fill::Default,
        UNDEFINED => Fill::Undefined,
        DEFINED => {
            let size = u64::from(r.u32()?);
            Fill::User(r.take_long(size)?.to_vec())
        }
        _ => return Err(at.bad("flags", flags, "defined and undefined at once")),
    };
    let (allocation_time, write_time) = (flags & 3, flags >> 2 & 3);
    check_times(&at, allocation_time, write_time)?;
    Ok(FillValue { version: 3, allocation_time, write_time, value })
}

fn decode_loose(r: &mut Reader<'_>, version: u8) -> Result<FillValue> {
    let at = r.clone();
    let (allocation_time, write_time, defined) = (r.u8()?, r.u8()?, r.u8()?);
    check_times(&at, allocation_time, write_time)?;
    let value = match (defined, version) {
        (0, 2) => Fill::Undefined,
        (0 | 1, _) => match (r.u32()?, defined) {
            (NO_VALUE, _) => Fill::Undefined,
            (0, 0) if version == 1 => Fill::Undefined,
            (0, _) => Fill::Default,
            (size, _) => Fill::User(r.take_long(u64::from(size))?.to_vec()),
        },
        _ => return Err(at.bad("fill value defined", defined, "0 and 1 are known")),
    };
    Ok(FillValue { version, allocation_time, write_time, value })
}

/// Allocation times: when the dataset is created, when it is first written to, chunk by chunk.
pub(crate) const EARLY: u8 = 1;
pub(crate) const LATE: u8 = 2;
pub(crate) const INCREMENTAL: u8 = 3;

/// Write times: whenever space is allocated, never, where the value was set by the user.
pub(crate) const ON_ALLOCATION: u8 = 0;
pub(crate) const NEVER: u8 = 1;
pub(crate) const IF_SET: u8 = 2;

fn check_times(at: &Reader<'_>, allocation_time: u8, write_time: u8) -> Result<()> {
    if allocation_time > 3 {
        return Err(at.bad("space allocation time", allocation_time, "0 to 3 are known"));
    }
    if write_time > 2 {
        return Err(at.bad("fill value write time", write_time, "0 to 2 are known"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    #[rustfmt::skip]
    const VERSION_1: [u8; 10] = [
        1, 2, 0, 1,                             // version, late, on allocation, defined
        2, 0, 0, 0, 7, 9,                       // two bytes
    ];
    const VERSION_2: [u8; 8] = [2, 2, 2, 1, 0, 0, 0, 0];
    const UNDEFINED_2: [u8; 4] = [2, 2, 2, 0];
    const VERSION_3: [u8; 7] = [3, 0x2a, 1, 0, 0, 0, 7];
    const DEFAULT_3: [u8; 2] = [3, 0x0a];

    impl Samples for FillValue {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("version 1", Sizes::EIGHT, VERSION_1.to_vec()),
                Sample::plain("version 2", Sizes::EIGHT, VERSION_2.to_vec()),
                Sample::plain("version 2 undefined", Sizes::EIGHT, UNDEFINED_2.to_vec()),
                Sample::plain("version 3", Sizes::EIGHT, VERSION_3.to_vec()),
                Sample::plain("version 3 default", Sizes::EIGHT, DEFAULT_3.to_vec()),
            ]
        }
    }

    impl Samples for FillValueOld {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("a byte", Sizes::EIGHT, vec![1, 0, 0, 0, 7])]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 4, "version 4"),
            (1, 4, "space allocation time is 4"),
            (2, 3, "fill value write time is 3"),
            (3, 2, "fill value defined is 2"),
        ];
        refuse::<FillValue>(VERSION_1.to_vec(), Sizes::EIGHT, &changes);
        refuse::<FillValue>(VERSION_3.to_vec(), Sizes::EIGHT, &[(1, 0x3a, "defined and undefined")]);
    }
}
