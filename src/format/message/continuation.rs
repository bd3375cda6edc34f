//! The continuation message: where more of an object header is.
//!
//! Specification 4.0, IV.A.2.q.
//!
//! ```text
//!  0  O  address of the block
//!  O  L  its bytes
//! ```

use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Continuation {
    pub(crate) address: Address,
    pub(crate) length: u64,
}

impl Continuation {
    pub(crate) fn len(sizes: Sizes) -> usize {
        sizes.address() + sizes.len()
    }
}

impl Wire for Continuation {
    const STRUCTURE: Structure = Structure::Continuation;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let address = r.defined_address(*sizes, "continuation block address")?;
        Ok(Continuation { address, length: r.length(*sizes)? })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(Self::len(*sizes))
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.address(Some(self.address), *sizes)?;
        w.length(self.length, *sizes, "length of the continuation block")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples};

    impl Samples for Continuation {
        fn samples() -> Vec<Sample<Self>> {
            let narrow = Sizes { offset: 4, length: 2 };
            vec![Sample::plain("narrow", narrow, vec![0, 8, 0, 0, 120, 0])]
        }
    }
}
