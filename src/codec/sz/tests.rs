//! Small streams of each kind, written by the plugin with this `sz.config`, but for what is said beside them:
//!
//! ```text
//! [ENV]
//! sol_name = SZ
//! [PARAMETER]
//! sampleDistance = 100
//! predThreshold = 0.99
//! szMode = SZ_BEST_SPEED
//! protectValueRange = NO
//! errorBoundMode = ABS
//! absErrBound = 1E-1
//! pw_relBoundRatio = 0.1
//! ```
//!
//! `tests/sz.rs` compares many more with what the plugin reads.

use super::super::deflate::Deflate;
use super::*;

/// Client data and the chunk.
type Sample = (&'static [u32], &'static [u8]);

/// `(np.arange(80) // 8 * 2.5).astype("f4")`
const SERIES: Sample = (
    &[1, 0, 0, 80],
    &[
        2, 1, 12, 64, 64, 0, 100, 38, 172, 0, 61, 204, 204, 205, 0, 0, 0, 0, 101, 240, 0, 1, 0, 0, 0, 0, 0,
        0, 65, 180, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80, 0, 1, 0, 0, 0, 0, 0, 32, 65, 52, 0, 0, 17, 63, 185, 153,
        153, 160, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0,
        0, 3, 0, 0, 0, 32, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 192, 128, 128,
        128, 128, 128, 128, 128, 128, 128, 52, 64, 68, 193, 52, 12, 192, 200, 112, 191, 160, 63, 160, 64,
        112, 200, 65, 12, 52, 0, 0,
    ],
);

/// `(x * 2.5 - y + np.random.default_rng(1).integers(-4, 5, size=(7, 8)) / 50).astype("f4")`, `x, y = np.indices((7, 8))`
const PLANES: Sample = (
    &[2, 0, 8, 7],
    &[
        2, 1, 12, 192, 64, 0, 100, 38, 172, 0, 61, 204, 204, 205, 0, 0, 0, 0, 101, 0, 0, 1, 0, 0, 192, 221,
        112, 164, 65, 112, 163, 214, 0, 0, 0, 0, 0, 0, 0, 56, 0, 0, 0, 16, 61, 204, 204, 205, 0, 1, 0, 0, 0,
        0, 0, 78, 0, 0, 0, 11, 0, 1, 2, 3, 0, 0, 6, 0, 8, 0, 0, 0, 10, 5, 4, 0, 0, 7, 0, 9, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 127, 0, 0, 1, 128, 0, 0, 0, 0, 0, 0, 251, 127, 0, 0, 0, 0, 0, 0, 13,
        128, 0, 0, 12, 128, 0, 0, 0, 128, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 128, 0, 0, 0,
        0, 0, 0, 0, 0, 164, 146, 73, 228, 72, 180, 24, 54, 18, 59, 152, 61, 200, 242, 192, 248,
    ],
);

/// `(x * 300 + y * y % 2).astype("i2")`, `x, y = np.indices((10, 10))`
const INTEGERS: Sample = (
    &[2, 5, 10, 10],
    &[
        2, 1, 12, 68, 64, 0, 100, 38, 172, 5, 61, 204, 204, 205, 0, 0, 0, 0, 101, 0, 0, 1, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 100, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 185,
        153, 153, 153, 153, 153, 154, 0, 0, 0, 0, 0, 0, 0, 104, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
        2, 0, 0, 0, 11, 0, 1, 0, 0, 0, 1, 0, 3, 4, 5, 0, 7, 0, 0, 0, 0, 2, 0, 10, 9, 6, 0, 8, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 246, 127, 0, 0, 0, 0, 0, 0, 5, 128, 0, 0,
        0, 0, 0, 0, 10, 128, 0, 0, 220, 133, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, 156, 162, 197, 139, 23,
        0, 96, 12, 1, 128, 48, 6, 0, 192, 24, 3, 0, 0, 0, 0,
    ],
);

/// `np.full(24, 1.5)`
const CONSTANT: Sample = (
    &[1, 1, 0, 24],
    &[
        2, 1, 12, 65, 64, 0, 100, 38, 172, 1, 61, 204, 204, 205, 0, 0, 0, 0, 101, 0, 0, 1, 0, 0, 63, 248, 0,
        0, 0, 0, 0, 0, 63, 248, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24, 63, 248, 0, 0, 0, 0, 0, 0,
    ],
);

/// `((np.arange(80) // 8 - 4.5) * 2).astype("f4")` with `errorBoundMode = PW_REL`
const RATIOS: Sample = (
    &[1, 0, 0, 80],
    &[
        2, 1, 12, 104, 64, 0, 100, 38, 172, 160, 0, 0, 0, 0, 61, 204, 204, 205, 101, 0, 0, 1, 0, 0, 193, 16,
        0, 0, 65, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0,
        0, 0, 32, 64, 64, 0, 0, 13, 3, 5, 63, 185, 153, 153, 153, 153, 153, 154, 0, 0, 0, 0, 0, 0, 0, 156, 0,
        0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 191, 83, 145, 252, 0, 0, 0, 19, 0, 0, 0, 32, 0, 1, 0, 3,
        4, 5, 6, 0, 0, 0, 10, 0, 0, 13, 14, 0, 0, 17, 0, 0, 2, 0, 12, 9, 8, 7, 0, 0, 0, 11, 0, 0, 16, 15, 0,
        0, 18, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 22, 0, 0, 0,
        10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 0, 0, 0,
        17, 0, 0, 0, 0, 0, 0, 0, 14, 0, 0, 0, 19, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0,
        1, 1, 153, 2, 128, 112, 12, 1, 16, 0, 16, 1, 224, 44, 6, 128, 40, 181, 47, 253, 32, 80, 93, 0, 0, 24,
        0, 1, 0, 2, 0, 64, 41, 62, 0, 11, 48, 193, 16, 128,
    ],
);

/// `((np.arange(80) // 8 - 4.5) * 2)` with that and `accelerate_pw_rel_compression = 0`
const LOGARITHMS: Sample = (
    &[1, 1, 0, 80],
    &[
        2, 1, 12, 96, 64, 0, 100, 38, 172, 161, 0, 0, 0, 0, 61, 204, 204, 205, 101, 0, 0, 1, 0, 0, 192, 34,
        0, 0, 0, 0, 0, 0, 64, 34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 20, 0, 0, 0, 32, 63, 249, 92, 1, 163, 159, 189, 104, 15, 63, 193, 153, 183, 40, 203,
        156, 243, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 191, 193, 154,
        42, 129, 115, 198, 53, 0, 0, 0, 15, 0, 0, 0, 32, 0, 1, 0, 3, 4, 5, 0, 0, 8, 0, 0, 11, 12, 0, 0, 0, 2,
        0, 10, 7, 6, 0, 0, 9, 0, 0, 14, 13, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17, 0,
        0, 0, 22, 0, 0, 0, 14, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 136, 2, 128, 112, 28, 5,
        128, 0, 208, 18, 2, 64, 96, 0, 40, 181, 47, 253, 32, 80, 93, 0, 0, 24, 1, 1, 0, 2, 0, 64, 41, 62, 0,
        11, 48, 63, 249, 240,
    ],
);

const SAMPLES: [Sample; 6] = [SERIES, PLANES, INTEGERS, CONSTANT, RATIOS, LOGARITHMS];

fn decode((values, stored): (&[u32], &[u8]), limit: usize) -> Result<Vec<u8>> {
    let mut output = Vec::new();
    let decoded = Sz.decode(stored, &FilterCall { values, chunk_bytes: limit, limit }, &mut output);
    assert!(output.len() <= limit, "{} bytes of {limit}", output.len());
    decoded.map(|()| output)
}

fn numbers<const N: usize>(sample: Sample, of: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let bytes = decode(sample, 800).unwrap();
    bytes.chunks_exact(N).map(|bytes| of(bytes.try_into().unwrap())).collect()
}

fn floats(sample: Sample) -> Vec<f64> {
    numbers(sample, |bytes| f64::from(f32::from_le_bytes(bytes)))
}

/// The steps that are in most samples.
fn steps(of: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..80).map(|at| of(f64::from(at / 8))).collect()
}

#[test]
fn each_kind_comes_back_as_the_plugin_reads_it() {
    assert_eq!(floats(SERIES), steps(|step| step * 2.5));
    let planes = floats(PLANES);
    assert_eq!(
        (planes.len(), &planes[..3], &planes[53..]),
        (56, &[0.0, -1.0, -2.0][..], &[10.000004768371582, 9.000004768371582, 8.000004768371582][..])
    );
    assert_eq!(
        planes[12..16],
        [-1.5999999046325684, -2.3999998569488525, -3.5999996662139893, -4.59999942779541]
    );
    let integers = numbers(INTEGERS, |bytes| f64::from(i16::from_le_bytes(bytes)));
    let expected: Vec<f64> = (0..100).map(|at| f64::from(at / 10 * 300 + at % 2)).collect();
    assert_eq!(integers, expected);
    assert_eq!(numbers(CONSTANT, f64::from_le_bytes), [1.5; 24]);
    let half = [1.0541613101959229, 3.0801706314086914, 5.265124320983887, 7.527161121368408, 9.0];
    assert_eq!(floats(RATIOS), steps(mirrored(half)));
    let half =
        [1.042382651464896, 3.2714432927590886, 4.789720124928575, 7.012629234907915, 8.48528137423857];
    assert_eq!(numbers(LOGARITHMS, f64::from_le_bytes), steps(mirrored(half)));
}

/// The ten steps whose upper half is given.
fn mirrored(half: [f64; 5]) -> impl Fn(f64) -> f64 {
    let lower = half.map(|number| -number).into_iter().rev();
    let all: Vec<f64> = lower.chain(half).collect();
    move |step| {
        all.iter().zip(0u8..).find(|(_, at)| f64::from(*at) == step).map_or(0.0, |(number, _)| *number)
    }
}

#[test]
fn streams_may_be_packed() {
    for (values, stored) in SAMPLES {
        let (mut by_zstd, mut by_zlib) = (Vec::new(), Vec::new());
        zstd::encode_frame(stored, &mut by_zstd);
        let long = [stored, &[0; 1000]].concat();
        let call = FilterCall { values: &[1], chunk_bytes: 0, limit: 0 };
        assert_eq!(Deflate.encode(&long, &call, &mut by_zlib).unwrap(), Encoded::Done);
        let plain = decode((values, stored), 800).unwrap();
        assert_eq!(decode((values, &by_zstd), 800).unwrap(), plain);
        assert_eq!(decode((values, &by_zlib), 800).unwrap(), plain);
    }
}

#[test]
fn damage_does_no_harm() {
    for (values, stored) in SAMPLES {
        let plain = decode((values, stored), 800).unwrap();
        assert!(decode((values, stored), plain.len()).is_ok());
        let error = decode((values, stored), plain.len() - 1).unwrap_err().to_string();
        assert!(error.contains("bytes come out"), "{error}");
        for cut in 0..stored.len() {
            let cut = decode((values, &stored[..cut]), 800);
            assert!(cut.is_err() || cut.unwrap() == plain);
        }
        for (place, bit) in (0..stored.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut flipped = stored.to_vec();
            flipped[place] ^= 1 << bit;
            let _ = decode((values, &flipped), 800);
            flipped[place] = !stored[place];
            let _ = decode((values, &flipped), 800);
        }
        for (place, bit) in (0..values.len()).flat_map(|place| (0..32).map(move |bit| (place, bit))) {
            let mut flipped = values.to_vec();
            flipped[place] ^= 1 << bit;
            let _ = decode((&flipped, stored), 800);
        }
    }
}

#[test]
fn few_numbers_are_stored_as_they_are() {
    let bytes: Vec<u8> = (0..80).collect();
    assert_eq!(decode((&[], &bytes), 80).unwrap(), bytes);
    assert_eq!(decode((&[1, 1, 0, 19], &bytes), 80).unwrap(), bytes);
    assert_eq!(decode((&[1, 0, 0, 20], &bytes), 80).unwrap(), bytes);
    assert!(decode((&[1, 0, 0, 20], &bytes), 79).is_err());
    // Integers, and more of them, are streams.
    assert!(decode((&[1, 7, 0, 20], &bytes), 80).is_err());
    assert!(decode((&[1, 0, 0, 21], &bytes), 84).is_err());
}

#[test]
fn streams_that_are_not_understood_are_refused() {
    let words = |sample: Sample, change: &dyn Fn(&mut [u8])| {
        let mut stored = sample.1.to_vec();
        change(&mut stored);
        decode((sample.0, &stored), 800).unwrap_err().to_string()
    };
    assert!(words(SERIES, &|stored| stored[2] = 7).contains("version 2.1.7 of SZ"));
    assert!(words(SERIES, &|stored| stored[39] = 79).contains("79 numbers in a chunk of 80"));
    assert!(words(SERIES, &|stored| stored[52] = 33).contains("33 bits of numbers that have 4 bytes"));
    assert!(words(INTEGERS, &|stored| stored[32] = 3).contains("3 bytes of integers that have 2"));
    assert!(words(INTEGERS, &|stored| stored[40] = 99).contains("99 numbers in a chunk of 100"));
    assert!(words(PLANES, &|stored| stored[43] = 0).contains("blocks of length 0"));
    assert!(
        decode((&[1, 0, 0, 56], PLANES.1), 800).unwrap_err().to_string().contains("planes with one axis")
    );
    let error = decode((&[4, 0, 5, 2, 2, 4], SERIES.1), 800).unwrap_err().to_string();
    assert!(error.contains("which SZ itself misreads"), "{error}");
    assert!(decode((&[1, 1, 0, 80], SERIES.1), 800).is_err(), "another type");
}

#[test]
fn writing_is_refused() {
    let call = FilterCall { values: &[], chunk_bytes: 0, limit: 0 };
    let error = Sz.encode(&[], &call, &mut Vec::new()).unwrap_err().to_string();
    assert_eq!(error, "not supported: writing with the filter sz");
}
