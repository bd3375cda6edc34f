//! The B-tree K values message of the superblock extension: node sizes that differ from the default.
//!
//! Specification 4.0, IV.A.2.t.
//!
//! ```text
//!  0  1  version (0)
//!  1  2  indexed storage internal node K
//!  3  2  group internal node K
//!  5  2  group leaf node K
//! ```

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BTreeK {
    pub(crate) chunk: u16,
    pub(crate) group_internal: u16,
    pub(crate) group_leaf: u16,
}

impl Wire for BTreeK {
    const STRUCTURE: Structure = Structure::BTreeKValues;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        r.version(0..=0)?;
        let value = BTreeK { chunk: r.u16()?, group_internal: r.u16()?, group_leaf: r.u16()? };
        if value.chunk == 0 || value.group_internal == 0 || value.group_leaf == 0 {
            return Err(r.bad("K", 0u8, "it must be greater than zero"));
        }
        Ok(value)
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(7)
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.u8(0);
        w.u16(self.chunk);
        w.u16(self.group_internal);
        w.u16(self.group_leaf);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const BYTES: [u8; 7] = [0, 64, 0, 16, 0, 4, 0];

    impl Samples for BTreeK {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("version 0", Sizes::EIGHT, BYTES.to_vec())]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 1, "version 1"), (1, 0, "K is 0"), (3, 0, "K is 0"), (5, 0, "K is 0")];
        refuse::<BTreeK>(BYTES.to_vec(), Sizes::EIGHT, &changes);
    }
}
