//! BitGroom (filter 32022) and Granular BitRound (filter 32023): digits that do not matter become zeros or ones.
//!
//! What is cut off is gone, so there is nothing to undo. Client data: decimal digits to keep, the bytes of an element, 1 if
//! the dataset has a fill value of its own, and that in two numbers, the lower first; elements equal to it stay as they
//! are. Users give the digits, 3 if nothing is said.
//!
//! Elements become what the filters of the Community Codec Repository make of them, but for two kinds that these destroy:
//! infinities and NaNs, and, with Granular BitRound, elements that have fewer bits than their digits take. They stay.

mod quantize;

use super::{ChunkShape, Encoded, Filter, FilterCall, asked_for, id, little_floats};
use crate::base::Result;

use quantize::Quantizer;

/// The digits that are kept if nobody says how many.
const DIGITS: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        little_floats(self.name(), chunk.datatype)?;
        let digits = values.first().copied().unwrap_or(DIGITS);
        let mut stored = vec![digits, chunk.element_size(), u32::from(chunk.fill.is_some())];
        let fill = chunk.fill.unwrap_or_default().chunks(4);
        stored.extend(fill.map(|part| part.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))));
        stored.resize(5, 0);
        Quantizer::new(*self, &stored).map_err(asked_for)?;
        Ok(stored)
    }

    fn decode(&self, input: &[u8], _: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        output.extend_from_slice(input);
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let quantizer = Quantizer::new(*self, call.values)?;
        output.extend_from_slice(input);
        quantizer.run(output);
        Ok(Encoded::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::datatype::{Datatype, Order};

    const BOTH: [BitRound; 2] = [BitRound::BitGroom, BitRound::Granular];

    #[test]
    fn there_is_nothing_to_undo() {
        let call = FilterCall { values: &[3, 4], chunk_bytes: 4, limit: 4 };
        for filter in BOTH {
            let mut output = Vec::new();
            filter.decode(&[1, 2, 3, 4], &call, &mut output).unwrap();
            assert_eq!(output, [1, 2, 3, 4]);
        }
    }

    #[test]
    fn bytes_behind_the_last_element_stay() {
        let call = FilterCall { values: &[1, 8, 0, 0, 0], chunk_bytes: 11, limit: 11 };
        for filter in BOTH {
            let mut output = Vec::new();
            let input = [&1.0123f64.to_le_bytes()[..], &[1, 2, 3]].concat();
            filter.encode(&input, &call, &mut output).unwrap();
            assert_eq!((&output[..6], &output[8..]), (&[0; 6][..], &[1, 2, 3][..]));
        }
    }

    #[test]
    fn client_data() {
        let (float, double) = (Datatype::float(4, Order::Little), Datatype::float(8, Order::Little));
        let configure = |values: &[u32], datatype: &Datatype, fill: Option<&[u8]>| {
            BitRound::Granular.configure(values, &ChunkShape { datatype, shape: &[5], fill })
        };
        assert_eq!(configure(&[], &float, None).unwrap(), [3, 4, 0, 0, 0]);
        assert_eq!(configure(&[7], &float, Some(&[1, 2, 3, 4])).unwrap(), [7, 4, 1, 0x0403_0201, 0]);
        let fill = [1, 0, 0, 0, 2, 0, 0, 0];
        assert_eq!(configure(&[16, 9, 9], &double, Some(&fill)).unwrap(), [16, 8, 1, 1, 2]);
        for (digits, datatype) in [
            (0, &float),
            (17, &float),
            (3, &Datatype::float(4, Order::Big)),
            (3, &Datatype::float(2, Order::Little)),
            (3, &Datatype::integer(4, true, Order::Little)),
        ] {
            let error = configure(&[digits], datatype, None).unwrap_err();
            assert!(matches!(error.kind(), crate::base::ErrorKind::Misuse(_)), "{error}");
        }
    }

    #[test]
    fn hostile_client_data() {
        for values in
            [&[][..], &[3], &[3, 4], &[3, 4, 1], &[3, 8, 1, 0], &[0, 4, 0], &[17, 4, 0], &[3, 2, 0, 0, 0]]
        {
            let call = FilterCall { values, chunk_bytes: 8, limit: 8 };
            assert!(BitRound::BitGroom.encode(&[0; 8], &call, &mut Vec::new()).is_err(), "{values:?}");
        }
    }
}
