//! zfp (filter 32013): blocks of 4, 4 x 4, ... numbers as transformed, truncated integers.
//!
//! Client data: versions, then the header of a zfp stream as the bytes of little-endian numbers. A machine with the
//! other byte order wrote them the other way round, and its elements have to come out so too.
//!
//! Decodes the codec version 5 of zfp 0.5 to 1.0 in all modes: fixed rate, precision and accuracy, reversible and
//! expert. Encoding is not supported.

mod block;
mod header;
mod order;

use super::low_bits::Bits;
use super::{ChunkShape, Encoded, Filter, FilterCall, damaged, id};
use crate::base::{Error, Result};

use block::Decoder;
use header::Header;

#[derive(Debug)]
pub(super) struct Zfp;

impl Filter for Zfp {
    fn id(&self) -> u16 {
        id::ZFP
    }

    fn name(&self) -> &'static str {
        "H5Z-ZFP"
    }

    fn configure(&self, _: &[u32], _: &ChunkShape<'_>) -> Result<Vec<u32>> {
        Err(Error::unsupported("writing with the filter zfp"))
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let header = Header::decode(call.values)?;
        let size = header.size(call.limit)?;
        output.resize(size, 0);
        let mut bits = Bits::new(input);
        let mut decoder = Decoder::new(&header);
        for corner in header.blocks() {
            decoder.decode(&mut bits);
            decoder.scatter(corner, output);
        }
        if bits.is_overrun() {
            return Err(damaged("zfp", format!("the stream goes on behind its {} bytes", input.len())));
        }
        Ok(())
    }

    fn encode(&self, _: &[u8], _: &FilterCall<'_>, _: &mut Vec<u8>) -> Result<Encoded> {
        Err(Error::unsupported("writing with the filter zfp"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(values: &[u32], stored: &[u8], limit: usize) -> Result<Vec<u8>> {
        let mut output = Vec::new();
        Zfp.decode(stored, &FilterCall { values, chunk_bytes: limit, limit }, &mut output)?;
        Ok(output)
    }

    /// `f.create_dataset("a", data=np.arange(5, dtype="<f4"), chunks=(5,), **hdf5plugin.Zfp(rate=8))`
    const RATE: (&[u32], &[u8]) =
        (&[269504785, 91252346, 66, 32505856], &[0x03, 0xed, 0x14, 0x00, 0x05, 0x2d, 0x00, 0x00]);

    /// `f.create_dataset("a", data=np.arange(5, dtype="<i4") * 100, chunks=(5,), **hdf5plugin.Zfp(reversible=True))`
    const REVERSIBLE: (&[u32], &[u8]) = (
        &[269504785, 91252346, 64, 2281701376],
        &[0x1d, 0x00, 0x00, 0x50, 0x82, 0x00, 0x6d, 0x00, 0x00, 0xb0, 0x08, 0x02],
    );

    /// `f.create_dataset("a", data=np.arange(6, dtype="<f8").reshape(2, 3) / 4, chunks=(2, 3), **hdf5plugin.Zfp(accuracy=0.01))`
    const ACCURACY: (&[u32], &[u8]) = (
        &[269504785, 91252346, 268435495, 3401580544],
        &[0x01, 0x88, 0xe3, 0xe0, 0x14, 0x52, 0x04, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
    );

    #[test]
    fn one_chunk_of_each_kind() {
        let floats: Vec<u8> = (0..5u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
        assert_eq!(decode(RATE.0, RATE.1, 20).unwrap(), floats);
        let integers: Vec<u8> = (0..5i32).flat_map(|i| (i * 100).to_le_bytes()).collect();
        assert_eq!(decode(REVERSIBLE.0, REVERSIBLE.1, 20).unwrap(), integers);
        let doubles: Vec<u8> = (0..6u8).flat_map(|i| (f64::from(i) / 4.0).to_le_bytes()).collect();
        assert_eq!(decode(ACCURACY.0, ACCURACY.1, 48).unwrap(), doubles);
    }

    #[test]
    fn client_data_of_the_other_byte_order_swap_the_elements() {
        let swapped: Vec<u32> = REVERSIBLE.0.iter().map(|value| value.swap_bytes()).collect();
        let integers: Vec<u8> = (0..5i32).flat_map(|i| (i * 100).to_be_bytes()).collect();
        assert_eq!(decode(&swapped, REVERSIBLE.1, 20).unwrap(), integers);
    }

    #[test]
    fn what_is_missing_or_too_much_is_refused() {
        assert!(decode(RATE.0, RATE.1, 19).unwrap_err().to_string().contains("over 19 bytes come out"));
        assert!(
            decode(RATE.0, &RATE.1[..7], 20).unwrap_err().to_string().contains("goes on behind its 7 bytes")
        );
        for len in 0..RATE.0.len() {
            assert!(decode(&RATE.0[..len], RATE.1, 20).is_err(), "{len} values");
        }
        let mut values = RATE.0.to_vec();
        values[1] += 1 << 24;
        let error = decode(&values, RATE.1, 20).unwrap_err().to_string();
        assert_eq!(error, "not supported: version 6 (known up to 5)");
        // As in test_zfp_110xxx.h5 of H5Z-ZFP.
        values[0] = 0x1000_6110;
        values[1] = RATE.0[1];
        assert_eq!(decode(&values, RATE.1, 20).unwrap_err().to_string(), error);
    }
}
