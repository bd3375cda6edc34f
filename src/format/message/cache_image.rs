//! The metadata cache image message of the superblock extension: where libhdf5 left a copy of its cache.
//!
//! Specification 4.0 leaves it out; libhdf5 (H5Ocache_image.c) decides.
//!
//! ```text
//!  0  1  version (0)
//!  1  O  address of the image
//!  .  L  its bytes
//! ```
//!
//! The entries of the image are newer than the blocks they belong to where they are marked dirty.

use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CacheImage {
    pub(crate) address: Option<Address>,
    pub(crate) length: u64,
}

impl Wire for CacheImage {
    const STRUCTURE: Structure = Structure::CacheImage;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        r.version(0..=0)?;
        Ok(CacheImage { address: r.address(*sizes)?, length: r.length(*sizes)? })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(1 + sizes.address() + sizes.len())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.u8(0);
        w.address(self.address, *sizes)?;
        w.length(self.length, *sizes, "length of the cache image")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 2, length: 2 };

    impl Samples for CacheImage {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("narrow", NARROW, vec![0, 0, 8, 0, 1])]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse::<CacheImage>(vec![0, 0, 8, 0, 1], NARROW, &[(0, 1, "version 1")]);
    }
}
