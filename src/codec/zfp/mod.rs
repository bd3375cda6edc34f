//! zfp (filter 32013): blocks of 4, 4 x 4, ... numbers as transformed, truncated integers.
//!
//! Client data: versions, then the header of a zfp stream as the bytes of little-endian numbers. A machine with the
//! other byte order wrote them the other way round, and its elements have to come out so too.
//!
//! Decodes and encodes the codec version 5 of zfp 0.5 to 1.0 in all modes: fixed rate, precision and accuracy,
//! reversible and expert. A chunk is encoded to the same bytes as by H5Z-ZFP 1.1.1 with zfp 1.0.1 on x86.

mod block;
mod header;
mod lift;
mod mode;
mod order;
mod scale;

use super::low_bits::{BitSink, Bits};
use super::{ChunkShape, Encoded, Filter, FilterCall, asked_for, damaged, id};
use crate::base::{Error, Result};

use block::Block;
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

    fn configure(&self, values: &[u32], chunk: &ChunkShape<'_>) -> Result<Vec<u32>> {
        Header::configure(values, chunk)
    }

    fn decode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<()> {
        let header = Header::decode(call.values)?;
        let size = header.size(call.limit)?;
        output.resize(size, 0);
        let mut bits = Bits::new(input);
        let mut block = Block::new(&header);
        for corner in header.blocks() {
            block.decode(&mut bits);
            block.scatter(corner, output);
        }
        if bits.is_overrun() {
            return Err(damaged("zfp", format!("the stream goes on behind its {} bytes", input.len())));
        }
        Ok(())
    }

    fn encode(&self, input: &[u8], call: &FilterCall<'_>, output: &mut Vec<u8>) -> Result<Encoded> {
        let header = Header::decode(call.values)?;
        let size = header.size(call.limit)?;
        if input.len() != size {
            let what = format!("zfp takes chunks of {size} bytes here, not of {}", input.len());
            return Err(Error::misuse(what));
        }
        let mut bits = BitSink::new(output);
        let mut block = Block::new(&header);
        for corner in header.blocks() {
            block.gather(corner, input);
            block.encode(&mut bits);
            if bits.len() / 8 > call.limit as u64 {
                return Err(Error::limit("a chunk encoded by zfp", bits.len() / 8, call.limit as u64));
            }
        }
        bits.finish();
        Ok(Encoded::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::datatype::{Class, Datatype, Order};

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

    fn encode(values: &[u32], plain: &[u8], limit: usize) -> Result<Vec<u8>> {
        let mut output = Vec::new();
        let call = FilterCall { values, chunk_bytes: plain.len(), limit };
        assert_eq!(Zfp.encode(plain, &call, &mut output)?, Encoded::Done);
        Ok(output)
    }

    fn configure(values: &[u32], datatype: &Datatype, shape: &[u64]) -> Result<Vec<u32>> {
        Zfp.configure(values, &ChunkShape { datatype, shape, fill: None })
    }

    #[test]
    fn one_chunk_of_each_kind_both_ways() {
        let floats = (0..5u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
        let integers = (0..5i32).flat_map(|i| (i * 100).to_le_bytes()).collect();
        let doubles = (0..6u8).flat_map(|i| (f64::from(i) / 4.0).to_le_bytes()).collect();
        for ((values, stored), plain) in [(RATE, floats), (REVERSIBLE, integers), (ACCURACY, doubles)] {
            let plain: Vec<u8> = plain;
            assert_eq!(decode(values, stored, plain.len()).unwrap(), plain);
            assert_eq!(encode(values, &plain, 100).unwrap(), stored);
        }
    }

    #[test]
    fn what_users_ask_for_becomes_a_header() {
        let (float, double) = (Datatype::float(4, Order::Little), Datatype::float(8, Order::Little));
        let integer = Datatype::integer(4, true, Order::Little);
        assert_eq!(configure(&[1, 0, 0, 0x4020_0000, 0, 0], &float, &[5]).unwrap(), RATE.0);
        assert_eq!(configure(&[5], &integer, &[1, 5, 1]).unwrap(), REVERSIBLE.0);
        let tolerance = [3, 0, 0x47ae_147b, 0x3f84_7ae1];
        assert_eq!(configure(&tolerance, &double, &[2, 3]).unwrap(), ACCURACY.0);
        let default = configure(&[], &integer, &[5000, 1, 4]).unwrap();
        assert_eq!((default.len(), &default[..2]), (6, &RATE.0[..2]));
        let header = Header::decode(&default).unwrap();
        assert_eq!((header.dimensions, header.lengths), (2, [4, 5000, 1, 1]));
    }

    #[test]
    fn what_is_no_numbers_in_at_most_four_dimensions_is_refused() {
        let float = Datatype::float(4, Order::Little);
        let refused = |datatype: &Datatype, shape: &[u64], part: &str| {
            let error = configure(&[5], datatype, shape).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        refused(&Datatype::float(4, Order::Big), &[5], "little-endian");
        refused(&Datatype::integer(8, true, Order::Big), &[5], "little-endian");
        refused(&Datatype::integer(2, true, Order::Little), &[5], "4 or 8 bytes");
        refused(&Datatype::float(2, Order::Little), &[5], "4 or 8 bytes");
        let mut other = float.clone();
        let Class::FloatingPoint(number) = &mut other.class else { panic!("no float") };
        number.bias = 126;
        refused(&other, &[5], "IEEE 754");
        refused(&Datatype { class: Class::Opaque { tag: Vec::new() }, ..float.clone() }, &[5], "integers");
        refused(&float, &[1, 1], "1 to 4 axes");
        refused(&float, &[2, 2, 2, 2, 2], "1 to 4 axes");
        refused(&float, &[2, 2, 2, 4097], "an axis");
        assert!(configure(&[5], &float, &[2, 2, 2, 4096]).is_ok());
        // Eight bits do not hold the exponent.
        let error = configure(&[4, 0, 1, 8, 64, 0], &float, &[5]).unwrap_err().to_string();
        assert!(error.contains("blocks of 8 bits"), "{error}");
    }

    #[test]
    fn chunks_of_another_size_and_too_large_ones_are_not_encoded() {
        let error = encode(RATE.0, &[0; 16], 100).unwrap_err().to_string();
        assert!(error.contains("chunks of 20 bytes here, not of 16"), "{error}");
        let float = Datatype::float(4, Order::Little);
        let values = configure(&[4, 0, 4096, 4096, 64, 0], &float, &[5]).unwrap();
        assert_eq!(encode(&values, &[0; 20], 1024).unwrap().len(), 1024);
        assert!(encode(&values, &[0; 20], 1023).is_err());
    }

    #[test]
    fn reversible_blocks_of_zeros_are_filled_up() {
        let float = Datatype::float(4, Order::Little);
        let values = configure(&[4, 0, 40, 300, 64, 0xffff_0000], &float, &[12]).unwrap();
        let plain: Vec<u8> = [0.0, 0.0, 0.0, 0.0, 0.1, -0.0, f32::NAN, 1e30, 1.0, 2.0, 3.0, 4.0f32]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        let stored = encode(&values, &plain, 1000).unwrap();
        assert_eq!(stored[..5], [0; 5]);
        assert_eq!(decode(&values, &stored, 48).unwrap(), plain);
    }

    #[test]
    fn client_data_of_the_other_byte_order_swap_the_elements() {
        let swapped: Vec<u32> = REVERSIBLE.0.iter().map(|value| value.swap_bytes()).collect();
        let integers: Vec<u8> = (0..5i32).flat_map(|i| (i * 100).to_be_bytes()).collect();
        assert_eq!(decode(&swapped, REVERSIBLE.1, 20).unwrap(), integers);
        assert_eq!(encode(&swapped, &integers, 20).unwrap(), REVERSIBLE.1);
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
