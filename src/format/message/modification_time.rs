//! The two messages that say when an object was last changed.
//!
//! Specification 4.0, IV.A.2.o (old) and IV.A.2.s.
//!
//! ```text
//! old                                        new
//!  0  4  year, decimal digits                 0  1  version (1)
//!  4  2  month                                1  3  reserved
//!  6  2  day of the month                     4  4  seconds since 1970-01-01 00:00 UTC
//!  8  2  hour
//! 10  2  minute
//! 12  2  second
//! 14  2  reserved
//! ```
//!
//! Reads both; writes the new one only where it is asked for, so that output stays reproducible.

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

/// Year, month, day, hour, minute, second as decimal digits, in UTC; kept as they are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModificationTimeOld(pub(crate) [u8; 16]);

impl Wire for ModificationTimeOld {
    const STRUCTURE: Structure = Structure::ModificationTimeOld;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        Ok(ModificationTimeOld(r.array()?))
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(16)
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.put(&self.0);
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModificationTime {
    pub(crate) seconds: u32,
}

impl Wire for ModificationTime {
    const STRUCTURE: Structure = Structure::ModificationTime;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        r.version(1..=1)?;
        r.skip_padding(3, "reserved")?;
        Ok(ModificationTime { seconds: r.u32()? })
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(8)
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.put(&[1, 0, 0, 0]);
        w.u32(self.seconds);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NEW: [u8; 8] = [1, 0, 0, 0, 0x2a, 0, 0, 0];

    impl Samples for ModificationTime {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("version 1", Sizes::EIGHT, NEW.to_vec())]
        }
    }

    impl Samples for ModificationTimeOld {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("1998", Sizes::EIGHT, b"19980823203105\0\0".to_vec())]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse::<ModificationTime>(NEW.to_vec(), Sizes::EIGHT, &[(0, 2, "version 2")]);
    }
}
