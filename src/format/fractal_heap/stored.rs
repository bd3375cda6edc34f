//! A block of a fractal heap as it lies in the file: encoded, and if the heap is filtered, behind its filters.
//!
//! Nothing but its owner tells how long it is. A change of a heap keeps its blocks in this form until all of them are
//! there, so that a number that does not fit its field is known before the first block is written.

use crate::base::{Reader, Result, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredBlock(pub(crate) Vec<u8>);

impl Wire for StoredBlock {
    const STRUCTURE: Structure = Structure::FractalHeapDirect;
    /// The bytes of the block.
    type Context = u64;

    fn decode(r: &mut Reader<'_>, len: &u64) -> Result<Self> {
        Ok(StoredBlock(r.take_long(*len)?.to_vec()))
    }

    fn encoded_len(&self, _: &u64) -> Result<usize> {
        Ok(self.0.len())
    }

    fn encode(&self, w: &mut Writer, _: &u64) -> Result<()> {
        w.put(&self.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples};

    impl Samples for StoredBlock {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("four bytes", 4, vec![1, 2, 3, 4])]
        }
    }
}
