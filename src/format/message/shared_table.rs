//! The shared message table message of the superblock extension: where the table of shared messages is.
//!
//! Specification 4.0, IV.A.2.p.
//!
//! ```text
//!  0  1  version (0)
//!  1  O  address of the table
//!  .  1  number of indexes in it, at most 8
//! ```

use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SharedTableMessage {
    pub(crate) table: Address,
    pub(crate) indexes: u8,
}

impl Wire for SharedTableMessage {
    const STRUCTURE: Structure = Structure::SharedMessageTableMessage;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        r.version(0..=0)?;
        let table = r.defined_address(*sizes, "shared message table address")?;
        let indexes = r.u8()?;
        if !(1..=8).contains(&indexes) {
            return Err(r.bad("number of indexes", indexes, "1 to 8 are allowed"));
        }
        Ok(SharedTableMessage { table, indexes })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(2 + sizes.address())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.u8(0);
        w.address(Some(self.table), *sizes)?;
        w.u8(self.indexes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    impl Samples for SharedTableMessage {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("two indexes", NARROW, vec![0, 0, 8, 0, 0, 2])]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 1, "version 1"), (5, 0, "indexes is 0"), (5, 9, "indexes is 9")];
        refuse::<SharedTableMessage>(vec![0, 0, 8, 0, 0, 2], NARROW, &changes);
    }
}
