//! The driver info message of the superblock extension: what the file's driver has to know to open it again.
//!
//! Specification 4.0, IV.A.2.u. Superblocks 0 and 1 point to a block of nearly the same form (II.B).
//!
//! ```text
//! message                                    block
//!  0  1  version (0)                          0  1  version (0)
//!  1  8  driver: "NCSAmult", "NCSAfami"       1  3  reserved
//!  9  2  bytes of information                 4  4  bytes of information
//! 11  .  information                          8  8  driver
//!                                            16  .  information
//! ```
//!
//! Reads and writes both, version 0. What the information says is up to the driver.

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::{Framed, Wire};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DriverInfo {
    pub(crate) driver: [u8; 8],
    pub(crate) information: Vec<u8>,
}

impl Wire for DriverInfo {
    const STRUCTURE: Structure = Structure::DriverInfoMessage;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        r.version(0..=0)?;
        let driver = r.array()?;
        let length = r.u16()?;
        Ok(DriverInfo { driver, information: r.take(usize::from(length))?.to_vec() })
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(11 + self.information.len())
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.u8(0);
        w.put(&self.driver);
        w.size(self.information.len(), 2, "length of the driver information")?;
        w.put(&self.information);
        Ok(())
    }
}

/// The same as a block of its own, for superblocks 0 and 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DriverInfoBlock(pub(crate) DriverInfo);

impl Wire for DriverInfoBlock {
    const STRUCTURE: Structure = Structure::DriverInfo;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        r.version(0..=0)?;
        r.skip_padding(3, "reserved")?;
        let length = u64::from(r.u32()?);
        let driver = r.array()?;
        Ok(DriverInfoBlock(DriverInfo { driver, information: r.take_long(length)?.to_vec() }))
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(16 + self.0.information.len())
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.u32(0);
        w.size(self.0.information.len(), 4, "length of the driver information")?;
        w.put(&self.0.driver);
        w.put(&self.0.information);
        Ok(())
    }
}

impl Framed for DriverInfoBlock {
    fn prefix_len(_: &Sizes) -> usize {
        8
    }

    fn extent(prefix: &mut Reader<'_>, _: &Sizes) -> Result<u64> {
        prefix.version(0..=0)?;
        prefix.take(3)?;
        Ok(16 + u64::from(prefix.u32()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    fn message() -> Vec<u8> {
        [&b"\0NCSAfami"[..], &[8, 0], &[0, 0x10, 0, 0, 0, 0, 0, 0]].concat()
    }

    fn block() -> Vec<u8> {
        [&[0, 0, 0, 0, 8, 0, 0, 0][..], b"NCSAfami", &[0, 0x10, 0, 0, 0, 0, 0, 0]].concat()
    }

    impl Samples for DriverInfo {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("family", Sizes::EIGHT, message())]
        }
    }

    impl Samples for DriverInfoBlock {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("family", Sizes::EIGHT, block())]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse::<DriverInfo>(message(), Sizes::EIGHT, &[(0, 1, "version 1")]);
        refuse::<DriverInfoBlock>(block(), Sizes::EIGHT, &[(0, 1, "version 1")]);
    }
}
