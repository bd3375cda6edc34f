//! The group info message: how a new-style group is to be stored.
//!
//! Specification 4.0, IV.A.2.k.
//!
//! ```text
//!  0  1  version (0)
//!  1  1  flags: bit 0 thresholds follow, bit 1 estimates follow
//!  .  2  most links in the header  } if bit 0
//!  .  2  fewest links in a heap    }
//!  .  2  estimated number of links         } if bit 1
//!  .  2  estimated length of a link's name }
//! ```
//!
//! Reads and writes version 0.

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct GroupInfo {
    /// (most links in the header, fewest links in a heap)
    pub(crate) thresholds: Option<(u16, u16)>,
    /// (number of links, length of a name)
    pub(crate) estimates: Option<(u16, u16)>,
}

impl Wire for GroupInfo {
    const STRUCTURE: Structure = Structure::GroupInfo;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, _: &Sizes) -> Result<Self> {
        r.version(0..=0)?;
        let flags = r.flags(3)?;
        let mut pair = |bit| match flags & bit {
            0 => Ok(None),
            _ => Ok::<_, crate::base::Error>(Some((r.u16()?, r.u16()?))),
        };
        Ok(GroupInfo { thresholds: pair(1)?, estimates: pair(2)? })
    }

    fn encoded_len(&self, _: &Sizes) -> Result<usize> {
        Ok(2 + 4 * (usize::from(self.thresholds.is_some()) + usize::from(self.estimates.is_some())))
    }

    fn encode(&self, w: &mut Writer, _: &Sizes) -> Result<()> {
        w.u8(0);
        w.u8(u8::from(self.thresholds.is_some()) | u8::from(self.estimates.is_some()) << 1);
        for (first, second) in self.thresholds.iter().chain(&self.estimates) {
            w.u16(*first);
            w.u16(*second);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const PLAIN: [u8; 2] = [0, 0];
    #[rustfmt::skip]
    const FULL: [u8; 10] = [
        0, 3,
        8, 0, 6, 0,                             // at most 8 in the header, at least 6 in a heap
        4, 0, 18, 0,                            // 4 links with names of 18 bytes expected
    ];

    impl Samples for GroupInfo {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("plain", Sizes::EIGHT, PLAIN.to_vec()),
                Sample::plain("full", Sizes::EIGHT, FULL.to_vec()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 1, "version 1"), (1, 7, "flags is 7")];
        refuse::<GroupInfo>(FULL.to_vec(), Sizes::EIGHT, &changes);
    }
}
