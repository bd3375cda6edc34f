//! BitGroom (filter 32022) and Granular BitRound (filter 32023): digits that do not matter were set to zeros or ones.
//!
//! What was cut off is gone, so there is nothing to undo. Encoding is not supported.

use super::{ChunkShape, Encoded, Filter, FilterCall, id};
use crate::base::{Error, Result};

#[derive(Clone, Copy, Debug)]
pub(super) enum BitRound {
    BitGroom,
    Granular,
}

impl Filter for BitRound {
    fn id(&self) -> u16 {
        match self {
            BitRound::BitGroom => id::BITGROOM,
            BitRound::Granular => id::GRANULAR_BITROUND,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            BitRound::BitGroom => "BitGroom filter",
            BitRound::Granular => "Granular BitRound filter",
        }
    }

    fn configure(&self, _: &[u32], _: &ChunkShape<'_>) -> Result<Vec<u32>> {
        Err(self.unsupported())
    }

    fn decode(&self, input: &[u8], _: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        output.extend_from_slice(input);
        Ok(())
    }

    fn encode(&self, _: &[u8], _: &FilterCall<'_>, _: &mut Vec<u8>) -> Result<Encoded> {
        Err(self.unsupported())
    }
}

impl BitRound {
    fn unsupported(self) -> Error {
        Error::unsupported(format!("writing with the filter {}", self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_nothing_to_undo() {
        let call = FilterCall { values: &[3, 4], chunk_bytes: 4, limit: 4 };
        for filter in [BitRound::BitGroom, BitRound::Granular] {
            let mut output = Vec::new();
            filter.decode(&[1, 2, 3, 4], &call, &mut output).unwrap();
            assert_eq!(output, [1, 2, 3, 4]);
            let error = filter.encode(&[1], &call, &mut output).unwrap_err().to_string();
            assert!(error.contains("writing with the filter"), "{error}");
        }
    }
}
