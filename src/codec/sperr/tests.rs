use super::super::vectors::{harm, refuse};
use super::*;
use crate::format::datatype::Datatype;
use crate::format::datatype::Order::{Big, Little};

/// `f.create_dataset("a", data=data, chunks=(9, 9), **hdf5plugin.Sperr(rate=1))`, where `data` is
/// `np.multiply.outer(range(9), range(9)).astype("f4")`: the stream is cut off where the bits were used up.
const RATE: (&[u32], &[u8]) = (
    &[1042, 268_500_992, 9, 9],
    &[
        0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x40, 0x7c, 0x68, 0xdb, 0xe1, 0xf3, 0x62, 0x55,
        0x3e, 0x20, 0x5e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xe0, 0x47, 0x2e, 0x29, 0x59, 0x85,
        0x91, 0x0d, 0x00, 0x73,
    ],
);

/// The same with `peak_signal_to_noise_ratio=20` and `np.indices((9, 9, 9), "f8").sum(0)`.
const NOISE: (&[u32], &[u8]) = (
    &[1027, 538_181_632, 9, 9, 9],
    &[
        0x00, 0x00, 0x40, 0x09, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x4d, 0x00,
        0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x28, 0x40, 0x9a, 0xc7, 0x01, 0x25, 0xb0, 0xa0,
        0x20, 0x40, 0x03, 0x96, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0f, 0x00, 0x00, 0x02, 0x02, 0xaa,
        0x2a, 0xff, 0xff, 0xca, 0x8a, 0x15, 0x0e, 0x80, 0x03, 0x20, 0xea, 0x3f, 0x00, 0x62, 0xfd, 0xd8, 0x1d,
        0x40, 0x5d, 0x55, 0xf9, 0xbf, 0xfa, 0xff, 0xb5, 0xd6, 0xca, 0x74, 0x3a, 0x2b, 0x9d, 0xf6, 0xff, 0x99,
        0x95, 0xb6, 0xff, 0xf7, 0x7f, 0x80, 0x0c, 0x0b, 0x00, 0x0d, 0x13,
    ],
);

/// The same with `absolute=1` and few elements of (9, 9) that are not zero, all of them under that but one.
const CORRECTED: (&[u32], &[u8]) = (
    &[1042, 805_306_368, 9, 9],
    &[
        0x00, 0x80, 0x16, 0x29, 0x03, 0x4f, 0xdd, 0x9a, 0x9f, 0xbf, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8,
        0x3f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x2a, 0x00,
    ],
);

/// The same with `absolute=0.25, missing_value_mode=2`, zeros, 1 in the middle, and -1e36 in `[0, :2]`.
const LARGE: (&[u32], &[u8]) = (
    &[1170, 939_655_168, 9, 9],
    &[
        0x02, 0xce, 0x97, 0x40, 0xfb, 0x46, 0x00, 0x00, 0x00, 0x1e, 0x00, 0x00, 0x00, 0x00, 0x80, 0x55, 0x55,
        0x55, 0x95, 0x8e, 0xec, 0x89, 0x3f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xd8, 0x3f, 0x02, 0x31, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x31, 0x00, 0xa5, 0x39, 0xca, 0x1c, 0x00,
    ],
);

/// The same with `rate=1` and `np.full((9, 10), 1.5)`.
const CONSTANT: (&[u32], &[u8]) = (
    &[1026, 268_500_992, 9, 10],
    &[0x00, 0x81, 0x5a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f],
);

fn decode((values, stored): (&[u32], &[u8]), limit: usize) -> Result<Vec<u8>> {
    let mut output = Vec::new();
    Sperr.decode(stored, &FilterCall { values, chunk_bytes: limit, limit }, &mut output)?;
    Ok(output)
}

fn floats(sample: (&[u32], &[u8])) -> Vec<f32> {
    let bytes = decode(sample, 81 * 4).unwrap();
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn doubles(sample: (&[u32], &[u8]), limit: usize) -> Vec<f64> {
    let bytes = decode(sample, limit).unwrap();
    bytes.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect()
}

#[test]
fn one_chunk_of_each_kind() {
    assert_eq!(floats(RATE)[..4], [2.633_416_4, 2.689_578_5, 2.668_824_4, 2.367_873_7]);
    let noise = doubles(NOISE, 729 * 8);
    assert_eq!(
        noise[..2].iter().map(|value| value.to_bits()).collect::<Vec<_>>(),
        [0xbfec_bdc4_ef55_fbf0, 0x3fe8_9700_4ec2_5740]
    );
    assert_eq!(doubles(CONSTANT, 720), [1.5; 90]);
}

#[test]
fn what_is_further_off_than_tolerated_is_corrected() {
    let floats = floats(CORRECTED);
    let mean = floats[0];
    let corrected: Vec<(usize, f32)> =
        floats.iter().copied().enumerate().filter(|&(_, value)| value.to_bits() != mean.to_bits()).collect();
    assert_eq!(corrected.len(), 1, "{corrected:?}");
    assert_eq!((mean.to_bits(), corrected[0].1), (0xbcfc_d6ea, -1.130_864_1));
}

#[test]
fn missing_values_are_put_back() {
    let large = floats(LARGE);
    assert_eq!(large[..2], [-1e36; 2]);
    assert_eq!(large[2].to_bits(), 0x3c5b_5123);
    // Without the value, and a mask that is all ones but for the words of that one.
    let mut stored = LARGE.1.to_vec();
    stored.drain(1..5);
    stored[0] = 1;
    assert_eq!(
        floats((LARGE.0, &stored)).iter().map(|value| value.to_bits()).take(2).collect::<Vec<_>>(),
        [0x7fc0_0001; 2]
    );
    stored[5] |= 1;
    assert_eq!(floats((LARGE.0, &stored)).iter().filter(|value| value.is_nan()).count(), 51);
    stored[1] += 1;
    assert!(decode((LARGE.0, &stored), 1000).unwrap_err().to_string().contains("missing values in 71 bits"));
}

#[test]
fn the_first_format_does_not_tell_of_missing_values() {
    let (values, stored) = CONSTANT;
    let values = [values[0] & 0x3ff, values[1], values[2], values[3]];
    assert_eq!(doubles((&values, &stored[1..]), 720), [1.5; 90]);
}

/// A volume of 20 x 9 x 9 elements in pieces of 8, which the last one along each axis exceeds.
#[test]
fn pieces_are_put_together() {
    let mut stored = vec![0, 0, 0x50];
    [20u32, 9, 9].iter().for_each(|length| stored.extend_from_slice(&length.to_le_bytes()));
    [8u16, 8, 8].iter().for_each(|length| stored.extend_from_slice(&length.to_le_bytes()));
    (0..2).for_each(|_| stored.extend_from_slice(&17u32.to_le_bytes()));
    for (count, value) in [(8 * 81u64, 1.0f64), (12 * 81, 2.0)] {
        stored.push(0x81);
        stored.extend_from_slice(&count.to_le_bytes());
        stored.extend_from_slice(&value.to_le_bytes());
    }
    let values = [1027, 0, 20, 9, 9];
    let volume = doubles((&values, &stored), 1620 * 8);
    let expected: Vec<f64> = (0..1620).map(|index| if index % 20 < 8 { 1.0 } else { 2.0 }).collect();
    assert_eq!(volume, expected);
    // The lengths turned round by the client data.
    assert_eq!(doubles((&[1027, 1 << 31, 9, 9, 20], &stored), 1620 * 8), expected);
    stored.push(0);
    refuse(&Sperr, &[1027, 0, 20, 9, 9], &stored, "over 1000 bytes");
    let error = decode((&values, &stored), 1620 * 8).unwrap_err().to_string();
    assert!(error.contains("1 bytes behind the last piece"), "{error}");
}

fn encode(values: &[u32], plain: &[u8]) -> Result<Vec<u8>> {
    let mut output = Vec::new();
    let call = FilterCall { values, chunk_bytes: plain.len(), limit: 100_000 };
    Sperr.encode(plain, &call, &mut output).map(|_| output)
}

fn narrow(elements: impl Iterator<Item = f32>) -> Vec<u8> {
    elements.flat_map(f32::to_le_bytes).collect()
}

fn wide(elements: impl Iterator<Item = f64>) -> Vec<u8> {
    elements.flat_map(f64::to_le_bytes).collect()
}

#[test]
fn chunks_are_encoded_to_the_bytes_of_the_plugin() {
    let product = narrow((0..81u16).map(|at| f32::from((at / 9) * (at % 9))));
    assert_eq!(encode(RATE.0, &product).unwrap(), RATE.1);
    let sums = wide((0..729u16).map(|at| f64::from(at / 81 + at / 9 % 9 + at % 9)));
    assert_eq!(encode(NOISE.0, &sums).unwrap(), NOISE.1);
    assert_eq!(encode(CONSTANT.0, &wide([1.5; 90].into_iter())).unwrap(), CONSTANT.1);
    let large = narrow((0..81).map(|at| if at < 2 { -1e36 } else { f32::from(u8::from(at == 40)) }));
    assert_eq!(encode(LARGE.0, &large).unwrap(), LARGE.1);
}

#[test]
fn errors_are_kept_to_where_elements_stand_out() {
    let elements: Vec<f32> =
        (0..99u8).map(|at| f32::from(at % 10) + if at % 31 == 3 { 1e4 } else { 0.0 }).collect();
    for (tolerance, exactness) in [(0.25, 0x3802_0000), (4.0, 0x3002_0000), (2f32.powi(-20), 0x3814_0000)] {
        let stored = encode(&[1042, exactness, 9, 11], &narrow(elements.iter().copied())).unwrap();
        let back = decode((&[1042, exactness, 9, 11], &stored), 99 * 4).unwrap();
        let back = back.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        assert!(back.zip(&elements).all(|(a, b)| (a - b).abs() <= tolerance), "{tolerance}");
    }
}

#[test]
fn missing_values_of_all_kinds() {
    let nan = [1042 | 1 << 6, 0x3802_0000, 9, 9];
    for share in [0, 3, 80, 81] {
        let plain = narrow((0..81).map(|at| if at < share { f32::NAN } else { 7.5 }));
        let stored = encode(&nan, &plain).unwrap();
        assert_eq!(stored[0], u8::from(share > 0));
        assert_eq!(floats((&nan, &stored)).iter().filter(|value| value.is_nan()).count(), share);
    }
    let mixed = narrow((0..81).map(|at| if at == 5 { 2e36 } else { -1e36 }));
    let error = encode(LARGE.0, &mixed).unwrap_err().to_string();
    assert!(error.contains("one large value"), "{error}");
    for odd in [f32::NAN, f32::INFINITY] {
        let error = encode(RATE.0, &narrow((0..81).map(|_| odd))).unwrap_err().to_string();
        assert!(error.contains("finite elements"), "{error}");
    }
}

#[test]
fn what_cannot_be_kept_is_an_error() {
    let plain = wide((0..90u8).map(|at| f64::from(at) * 1e200));
    for exactness in [0x3bf0_0000, 0x27ff_ffff, 0x3064_0000 | 1 << 27] {
        let error = encode(&[1026, exactness, 9, 10], &plain).unwrap_err().to_string();
        assert!(error.contains("too large for what sperr is asked"), "{error}");
    }
    assert!(encode(&[1026, 0x1001_0000, 9, 10], &plain).is_ok(), "a rate can always be kept");
}

#[test]
fn client_data_that_users_ask_for() {
    let (float, double) = (Datatype::float(4, Little), Datatype::float(8, Little));
    let configure = |values: &[u32], datatype: &Datatype, shape: &[u64]| {
        Sperr.configure(values, &ChunkShape { datatype, shape, fill: None })
    };
    assert_eq!(configure(&[RATE.0[1]], &float, &[9, 9]).unwrap(), RATE.0);
    assert_eq!(configure(&[NOISE.0[1], 0], &double, &[9, 1, 9, 9]).unwrap(), NOISE.0);
    assert_eq!(configure(&[LARGE.0[1], 2], &float, &[9, 9]).unwrap(), LARGE.0);
    for (values, datatype, shape) in [
        (&[][..], &float, &[9, 9][..]),
        (&[RATE.0[1], 3], &float, &[9, 9]),
        (&[RATE.0[1], 0, 0], &float, &[9, 9]),
        (&[0x0001_0000], &float, &[9, 9]),
        (&[0x1000_0000], &float, &[9, 9]),
        (&[0x1801_0000], &float, &[9, 9]),
        (&[0x2000_0000], &float, &[9, 9]),
        (&[0x37ff_0000], &float, &[9, 9]),
        (&[RATE.0[1]], &float, &[9]),
        (&[RATE.0[1]], &float, &[8, 9]),
        (&[RATE.0[1]], &float, &[9, 9, 9, 9]),
        (&[RATE.0[1]], &float, &[1, 1, 1, 9, 9]),
        (&[RATE.0[1]], &Datatype::float(4, Big), &[9, 9]),
        (&[RATE.0[1]], &Datatype::float(2, Little), &[9, 9]),
        (&[RATE.0[1]], &Datatype::integer(4, true, Little), &[9, 9]),
    ] {
        let error = configure(values, datatype, shape).unwrap_err();
        assert!(!matches!(error.kind(), crate::base::ErrorKind::Malformed(_)), "{error}");
    }
}

#[test]
fn hostile_client_data_does_no_harm_to_what_is_encoded() {
    for (values, stored) in [RATE, NOISE, LARGE, CONSTANT] {
        let plain = decode((values, stored), 10_000).unwrap();
        for (place, bit) in (0..values.len()).flat_map(|place| (0..32).map(move |bit| (place, bit))) {
            let mut flipped = values.to_vec();
            flipped[place] ^= 1 << bit;
            let _ = encode(&flipped, &plain);
        }
        (0..values.len()).for_each(|len| assert!(encode(&values[..len], &plain).is_err()));
        assert!(encode(values, &plain[1..]).is_err());
    }
}

#[test]
fn damage_does_no_harm() {
    for (values, stored) in [RATE, NOISE, CORRECTED, LARGE, CONSTANT] {
        harm(&Sperr, values, stored, 10_000);
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    let change = |at: usize, value: u8| -> Vec<u8> {
        let mut stored = CORRECTED.1.to_vec();
        stored[at] = value;
        stored
    };
    let values = CORRECTED.0;
    refuse(&Sperr, values, &change(0, 3), "missing values of kind 3");
    refuse(&Sperr, values, &change(1, 0xc0), "flags 0xc0 of a piece");
    refuse(&Sperr, values, &change(17, 0xbf), "in steps of -");
    refuse(&Sperr, values, &change(18, 65), "65 bit planes in 0 bits");
    refuse(&Sperr, values, &change(28, 11), "11 bits, of which 10 are used");
    refuse(&Sperr, values, &change(28, 20), "the corrections do not end where the piece does");
    refuse(&Sperr, &[values[0] + 1024, 0, 9, 9], CORRECTED.1, "version 2 (known up to 1)");
    refuse(&Sperr, &[values[0] + 2, 0, 9, 9], CORRECTED.1, "2 and 3 are known");
    refuse(&Sperr, &[1042, 0, 9, 1], CORRECTED.1, "at least 2");
    refuse(&Sperr, &[1042, 0, 9], CORRECTED.1, "client data ends before it");
    refuse(&Sperr, &[1042, 0, 9, 30], CORRECTED.1, "over 1000 bytes come out");
    refuse(&Sperr, &[1043, 0, 9, 9, 3], NOISE.1, "a volume of [9, 9, 9] elements in place of [9, 9, 3]");
    assert!(decode(CONSTANT, 719).is_err() && decode((CONSTANT.0, &CONSTANT.1[..17]), 720).is_err());
}
