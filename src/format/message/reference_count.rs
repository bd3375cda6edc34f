//! The reference count message: how many hard links lead to an object with a version 2 header.
//!
//! Specification 4.0, IV.A.2.w. Where it is absent, the count is 1.
//!
//! ```text
//!  0  1  version (0)
//!  1  4  reference count
//! ```

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReferenceCount {
    pub(crate) count: u32,
}

impl Wire for ReferenceCount {
    const STRUCTURE: Structure = Structure::ReferenceCount;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        r.version(0..=0)?;
        Ok(ReferenceCount { count: r.u32()? })
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(5)
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.u8(0);
        w.u32(self.count);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    impl Samples for ReferenceCount {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("two links", Sizes::EIGHT, vec![0, 2, 0, 0, 0])]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse::<ReferenceCount>(vec![0, 2, 0, 0, 0], Sizes::EIGHT, &[(0, 1, "version 1")]);
    }
}
