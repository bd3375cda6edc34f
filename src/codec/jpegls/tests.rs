use super::super::vectors::{harm, refuse};
use super::*;
use crate::base::ErrorKind;
use crate::format::datatype::{Datatype, Order};

/// `f.create_dataset("a", data=data, chunks=(6, 9), **hdf5plugin.FciDecomp())`, where `data` at (y, x) is
/// `y * x * x // 3` as `u1`.
const PLAIN: (&[u32], &[u8]) = (
    &[1, 1, 6, 9, 8, 1, 0, 0, 0, 0, 0, 0, 0],
    &[
        0xff, 0xd8, 0xff, 0xf7, 0x00, 0x0b, 0x08, 0x00, 0x06, 0x00, 0x09, 0x01, 0x01, 0x11, 0x00, 0xff, 0xda,
        0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0xff, 0x17, 0xfe, 0xea, 0xb3, 0x31, 0x04, 0x08, 0xe0,
        0x46, 0xa3, 0x28, 0x30, 0x30, 0x80, 0x1a, 0x4c, 0xc6, 0x72, 0x8d, 0x16, 0xac, 0xdc, 0xa4, 0x16, 0x2c,
        0xff, 0xd9,
    ],
);

/// The same with `(c + 1) * (y + 2) * (x + 3)` of (3, 4, 8) as `u2`, and
/// `compression=32018, compression_opts=(12, 0, 1, 2, 0, 0, 0, 0, 0)`: interleaved by line, errors up to 2.
const BY_LINE: (&[u32], &[u8]) = (
    &[2, 3, 4, 8, 12, 3, 1, 2, 0, 0, 0, 0, 0],
    &[
        0xff, 0xd8, 0xff, 0xf7, 0x00, 0x11, 0x0c, 0x00, 0x04, 0x00, 0x08, 0x03, 0x01, 0x11, 0x00, 0x02, 0x11,
        0x00, 0x03, 0x11, 0x00, 0xff, 0xda, 0x00, 0x0c, 0x03, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x02, 0x01,
        0x00, 0x46, 0x33, 0x57, 0xd3, 0xae, 0x4d, 0x7b, 0xea, 0xe1, 0x7e, 0x7b, 0x4e, 0xae, 0x6a, 0xe1, 0x6a,
        0x6c, 0xcc, 0xc6, 0xe4, 0xbb, 0xc9, 0x84, 0xe8, 0x99, 0x89, 0x36, 0x7c, 0xb2, 0x5e, 0x33, 0xf8, 0x42,
        0x26, 0xc8, 0x94, 0xe1, 0x12, 0x94, 0x61, 0xdf, 0xa4, 0xa2, 0x57, 0x3b, 0x44, 0x90, 0xa9, 0x8c, 0xde,
        0x49, 0x20, 0xff, 0xd9,
    ],
);

/// The same with `(c + 1) * (y + 2) * (x // 3)` as `u1`, and `(8, 0, 2, 0, 0, 0, 0, 0, 0)`: interleaved by sample.
const BY_SAMPLE: (&[u32], &[u8]) = (
    &[1, 3, 4, 8, 8, 3, 2, 0, 0, 0, 0, 0, 0],
    &[
        0xff, 0xd8, 0xff, 0xf7, 0x00, 0x11, 0x08, 0x00, 0x04, 0x00, 0x08, 0x03, 0x01, 0x11, 0x00, 0x02, 0x11,
        0x00, 0x03, 0x11, 0x00, 0xff, 0xda, 0x00, 0x0c, 0x03, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x00, 0x02,
        0x00, 0x91, 0x13, 0xd6, 0x23, 0x32, 0x62, 0xbb, 0x18, 0x89, 0xb1, 0xd7, 0x29, 0x91, 0x4b, 0xea, 0x74,
        0xe9, 0x7d, 0xbe, 0xa4, 0x84, 0x69, 0x49, 0x29, 0xd3, 0x27, 0x48, 0x42, 0x2b, 0xda, 0xe0, 0xe6, 0x99,
        0xdb, 0xca, 0xd2, 0xfb, 0x7d, 0x4b, 0xaf, 0xf7, 0x20, 0x42, 0x00, 0x40, 0x33, 0x80, 0xff, 0xd9,
    ],
);

fn decode((values, stored): (&[u32], &[u8]), limit: usize) -> Result<Vec<u8>> {
    let mut output = Vec::new();
    JpegLs.decode(stored, &FilterCall { values, chunk_bytes: limit, limit }, &mut output)?;
    Ok(output)
}

#[test]
fn one_chunk_of_each_kind() {
    let plain = (0..54u16).map(|at| u8::try_from((at / 9) * (at % 9) * (at % 9) / 3).unwrap());
    let plain: Vec<u8> = plain.collect();
    assert_eq!(decode(PLAIN, 54).unwrap(), plain);

    let bytes = decode(BY_LINE, 192).unwrap();
    let samples: Vec<i32> =
        bytes.chunks_exact(2).map(|b| i32::from(u16::from_le_bytes([b[0], b[1]]))).collect();
    assert_eq!(samples[..8], [5, 10, 10, 10, 14, 15, 16, 18]);
    let at = |plain: i32| (plain / 32 + 1) * (plain / 8 % 4 + 2) * (plain % 8 + 3);
    assert!(samples.iter().zip(0..).all(|(sample, place)| (sample - at(place)).abs() <= 2), "{samples:?}");

    let by_sample: Vec<u8> = (0..96).map(|at| (at / 32 + 1) * (at / 8 % 4 + 2) * (at % 8 / 3)).collect();
    assert_eq!(decode(BY_SAMPLE, 96).unwrap(), by_sample);
}

fn encode(values: &[u32], plain: &[u8]) -> Result<Vec<u8>> {
    let mut output = Vec::new();
    let call = FilterCall { values, chunk_bytes: plain.len(), limit: 1000 };
    JpegLs.encode(plain, &call, &mut output).map(|_| output)
}

#[test]
fn chunks_are_encoded_to_the_bytes_of_the_plugin() {
    for (values, stored) in [PLAIN, BY_SAMPLE] {
        assert_eq!(encode(values, &decode((values, stored), 1000).unwrap()).unwrap(), stored);
    }
    let plain = (0..96u16).flat_map(|at| ((at / 32 + 1) * (at / 8 % 4 + 2) * (at % 8 + 3)).to_le_bytes());
    assert_eq!(encode(BY_LINE.0, &plain.collect::<Vec<_>>()).unwrap(), BY_LINE.1);
}

#[test]
fn samples_of_more_bits_are_not_cut() {
    let mut plain = decode(BY_LINE, 1000).unwrap();
    plain[7] = 16;
    let error = encode(BY_LINE.0, &plain).unwrap_err().to_string();
    assert!(error.contains("a sample of 12 bits for jpegls is over 4095"), "{error}");
    assert!(encode(BY_LINE.0, &plain[1..]).is_err(), "another size");
}

#[test]
fn client_data_that_users_ask_for() {
    let (byte, short) =
        (Datatype::integer(1, false, Order::Little), Datatype::integer(2, true, Order::Little));
    let configure = |values: &[u32], datatype: &Datatype, shape: &[u64]| {
        JpegLs.configure(values, &ChunkShape { datatype, shape, fill: None })
    };
    assert_eq!(configure(&[], &byte, &[6, 9]).unwrap(), PLAIN.0);
    assert_eq!(configure(&[12, 0, 1, 2], &short, &[3, 4, 8]).unwrap(), BY_LINE.0);
    assert_eq!(configure(BY_LINE.0, &short, &[3, 4, 8]).unwrap(), BY_LINE.0, "of another dataset");
    assert_eq!(configure(BY_LINE.0, &short, &[4, 9, 2]).unwrap()[..6], [2, 4, 9, 2, 12, 4]);
    let big = Datatype::integer(2, false, Order::Big);
    assert!(configure(&[], &big, &[6, 9]).is_ok(), "exact, whatever the bytes mean");
    for (values, datatype, shape) in [
        (&[16, 0, 0, 1][..], &big, &[6, 9][..]),
        (&[9], &byte, &[6, 9]),
        (&[1], &byte, &[6, 9]),
        (&[8], &short, &[6, 9]),
        (&[], &short, &[3, 5]),
        (&[], &short, &[16]),
        (&[], &short, &[5, 6, 9]),
        (&[], &short, &[1, 65536]),
        (&[], &short, &[2, 2, 6, 9]),
        (&[], &Datatype::integer(4, true, Order::Little), &[6, 9]),
        (&[], &Datatype::float(2, Order::Little), &[6, 9]),
        (&[8, 0, 0, 128], &byte, &[6, 9]),
        (&[8, 0, 0, 256], &byte, &[6, 9]),
        (&[8, 0, 1], &byte, &[6, 9]),
        (&[8, 0, 3], &byte, &[3, 6, 9]),
        (&[8, 0, 2, 0, 255, 3, 7, 21, 31], &byte, &[3, 6, 9]),
        (&[8, 0, 0, 0, 100], &byte, &[6, 9]),
        (&[8, 0, 0, 0, 1 << 16], &byte, &[6, 9]),
        (&[0; 10], &byte, &[6, 9]),
    ] {
        let error = configure(values, datatype, shape).unwrap_err();
        assert!(!matches!(error.kind(), ErrorKind::Malformed(_)), "{error}");
    }
}

#[test]
fn hostile_client_data() {
    let plain = decode(BY_LINE, 1000).unwrap();
    for (place, bit) in (0..13).flat_map(|place| (0..32).map(move |bit| (place, bit))) {
        let mut values = BY_LINE.0.to_vec();
        values[place] ^= 1 << bit;
        let _ = encode(&values, &plain);
    }
    assert!(encode(&BY_LINE.0[..12], &plain).is_err());
}

/// Whatever follows a byte of ones has a zero before it; one more byte does if it is the last.
#[test]
fn no_byte_looks_like_a_marker() {
    for (bits, count, bytes) in [
        (&[0xff, 0xff][..], 16, &[0xff, 0x7f, 0x80][..]),
        (&[0xff, 0xc0], 10, &[0xff, 0x60]),
        (&[0xff], 8, &[0xff, 0]),
        (&[0x80], 1, &[0x80]),
    ] {
        let mut stuffed = Vec::new();
        encode::stuff(bits, count, &mut stuffed);
        assert_eq!(stuffed, bytes);
    }
}

#[test]
fn damage_does_no_harm() {
    for (values, stored) in [PLAIN, BY_LINE, BY_SAMPLE] {
        harm(&JpegLs, values, stored, 1000);
        let size = decode((values, stored), 1000).unwrap().len();
        assert!(decode((values, stored), size - 1).is_err(), "the limit");
        for cut in 0..stored.len() {
            assert!(decode((values, &stored[..cut]), 1000).is_err(), "cut to {cut} bytes");
        }
    }
}

/// With other bytes in place of some.
fn changed((_, stored): (&[u32], &[u8]), at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut stored = stored.to_vec();
    stored.splice(at..at + bytes.len(), bytes.iter().copied());
    stored
}

#[test]
fn what_is_not_understood_is_refused() {
    let with = |at: usize, bytes: &[u8], words| refuse(&JpegLs, PLAIN.0, &changed(PLAIN, at, bytes), words);
    with(1, &[0xd9], "marker 0xd9");
    with(3, &[0xc3], "marker 0xc3");
    with(3, &[0xdd], "marker 0xdd");
    with(2, &[0], "0x00 in place of a marker");
    with(5, &[1], "a segment of 1 bytes");
    with(6, &[17], "samples of 17 bits");
    with(8, &[0], "1 x 0 x 9 samples");
    with(8, &[5], "an image of 45 bytes in place of 54");
    with(13, &[0x21], "sampling 0x21");
    with(20, &[2], "a scan of the components [2]");
    with(22, &[128], "errors up to 128");
    with(23, &[3], "interleaved in way 3");
    with(23, &[1], "1 interleaved components");
    with(24, &[1], "samples less 1 bits");
    with(52, &[0xd8], "marker 0xd8");
    // A byte of the scan less, and one more.
    let less = [&PLAIN.1[..50], &PLAIN.1[51..]].concat();
    refuse(&JpegLs, PLAIN.0, &less, "the 25 bytes of a scan do not hold together");
    let more = [&PLAIN.1[..51], &[1], &PLAIN.1[51..]].concat();
    refuse(&JpegLs, PLAIN.0, &more, "the 27 bytes of a scan do not hold together");
    refuse(&JpegLs, &PLAIN.0[..3], PLAIN.1, "client data ends before it");
    refuse(&JpegLs, PLAIN.0, &[PLAIN.1, &[0]].concat(), "1 bytes behind the image");
}

/// A comment, a segment of an application, and the default parameters by their numbers.
#[test]
fn other_segments_are_read_where_they_may_stand() {
    let with = |segments: &[u8]| [&PLAIN.1[..15], segments, &PLAIN.1[15..]].concat();
    let plain = decode(PLAIN, 54).unwrap();
    let parameters = [0xff, 0xf8, 0, 13, 1, 0, 255, 0, 3, 0, 7, 0, 21, 0, 64];
    let stored = with(&[&[0xff, 0xfe, 0, 3, 9, 0xff, 0xff, 0xe8, 0, 2][..], &parameters].concat());
    assert_eq!(decode((PLAIN.0, &stored), 54).unwrap(), plain);
    let stored = with(&[0xff, 0xe8, 0, 7, b'm', b'r', b'f', b'x', 0]);
    assert_eq!(decode((PLAIN.0, &stored), 54).unwrap(), plain);
    refuse(&JpegLs, PLAIN.0, &with(&[0xff, 0xe8, 0, 7, b'm', b'r', b'f', b'x', 1]), "colours of way 1");
    refuse(&JpegLs, PLAIN.0, &with(&[0xff, 0xf8, 0, 3, 2]), "parameters of kind 2");
    let mut other = parameters;
    other[6] = 100;
    refuse(&JpegLs, PLAIN.0, &with(&other), "samples of 8 bits up to 100");
}
