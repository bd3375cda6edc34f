use super::*;
use crate::base::{ErrorKind, lookup3};

/// A chunk: its client data, what is stored, and the checksum of what hdf5plugin makes of that.
struct Chunk {
    values: &'static [u32],
    stored: &'static str,
    decoded: u32,
}

/// `sin(i / a) * 4 + cos(j / b) * c` for 5 x 7 "<f4"; hdf5plugin.SZ3(absolute=0.05)
const INTERPOLATED: Chunk = Chunk {
    values: &[2, 0, 7, 5],
    stored: "ca0000000000000028b52ffd20cae50300f2c5142090cd3206e7f9be3ed5e503a01745ffffdf610c887890a02afc2d21\
    db1d695ba631259086c2109d4697a9f3b06ddb393e5999795cf24808a221a1b860c0ba0e0b84c1ab006a2d5fdc90725e\
    429e0fb5375aab1100f8281a3388cb286020180cb2e54950655c8e0456d1bf3302080ed4c305b7cb0f8c368036020500\
    0000000000000700000000000000230000000000000002009a9999999999a93f00000000000000000100010001012000\
    00000101000001001000000010000000020000000048000000",
    decoded: 0xabbe_a3ae,
};

/// a random walk of 30 "<f8"; hdf5plugin.SZ3(absolute=0.1)
const LORENZO: Chunk = Chunk {
    values: &[1, 1, 0, 30],
    stored: "530100000000000028b52ffd6053009d050032891c2990b799037930acaa34ebffe0491cca56beee994f111879b86aea\
    ee6e6a2222ea262222a26ea22644a60d1c0e24064d214060c05269a054ad674fe7de8efd397a854aba8f6f0d6ec6a9ca\
    5af18980ae47201dd732ecc527293ad1d9302ff5498287052f0b08090cc0dfc7fc369ff7eeec021c005a11ccbcc05ab0\
    9b01dc1a04d6022c5818ec02419c638ebd74583538032e2f7a8c33c18281c1800290039803fa70b62acdc06a001e4e56\
    80c3078005011e000000000000001e0000000000000000009a9999999999b93f00000000000000000101000001002000\
    00000101000001000500000080000000010000000040000000",
    decoded: 0x3e8e_cd11,
};

/// 4 x 6 times 2.5 as "<f8"; hdf5plugin.SZ3(relative=0.001)
const LOSSLESS: Chunk = Chunk {
    values: &[2, 1, 6, 4],
    stored: "c00000000000000028b52ffd20c07d00002800000440000300af1502a0c70ab002040000000000000006000000000000\
    00180000000000000001000000000000000000fca9f1d24d62503f010001000100200000000101000001001000000010\
    000000020000000048000000",
    decoded: 0xcdee_0128,
};

/// 6 x 6 random "u1"; hdf5plugin.SZ3(absolute=2)
const BYTES: Chunk = Chunk {
    values: &[2, 2, 6, 6],
    stored: "a40100000000000028b52ffd60a400d50600e28a232d704d3307f69a25f4b8a2cf75fcfff7eaffaa7ac6a3011bda506b\
    81502012111141cfde8b93c8e22491cdc62d53ddc38d989080a0aca83c1e9b92942ee412d19c94defbdedf9b1e612cec\
    1c33cfb61b3f7e99c19ddaa2f14a33267385c53989b16ca2767881412a30383800428818e3cbc5168a6fda97551de2e1\
    861512228201811f00e79df8c6d9ede8d442a12320d0022a533768d0cb500c00160ce1aa6c4ad69d869d11cf06a8282a\
    1eee5d1f50cb35705b6e80a4403642aecaede27380116d3ba04bc169d12711a52dd41fe2420c6c63061e0a1602060000\
    000000000006000000000000002400000000000000020000000000000000400000000000000000010001000000200000\
    000101000001001000000010000000020000000048000000",
    decoded: 0x6aac_d9c3,
};

/// 8 x 12 "<f4" by the library of SZ3 3.1.7: a block by each of all predictors at least, edge 4, absolute 1
const BLOCKS: Chunk = Chunk {
    values: &[2, 0, 12, 8],
    stored: "cf0300000000000028b52ffd60cf02ad0e0086d74b40f0b226ad0134ef893554442a1ee8c0e0d6395dce74d4f9f6a1c4\
    6705e2a035a0f4acec7c8f9835923d221d78365edc95e30b1fabecf65a99d9d41ab1846c2253390037003b0007263040\
    40ca284d2659e414220ac5ae66dd1e6d0a216e683eec5420f102078745554b7d7707e0a4ebd6fd1c6b31aec6d8d0606d\
    d6ddafa29f9e95ad1a98872f151597ccd88909c3fc00428419bc6065041730a0d2e0004f4e8d1a29b9f48834684f0662\
    522de1975d5a1cccb2820407f762e8c001a5054da642812324870517303b74c8f8e9eeee78dc40c0f83299d8fa61e58c\
    6560b9c9603a379dcff82e341f673b352ff175d3463c3b572f345acee646cd0a11a8990d2966422e772927752351166a\
    25d04775931394239f2e99160d0219c5445a97a448a2261dfa93795eed4d69b38ae1b11a56a851b543082b68410aa565\
    0ec0029a1ae2061038c58a3449d201844d99cb44da8bd06c0ee662b6c18d29e1a2c3d682f4971ee79ad0cd31a2805adc\
    4f8295321d159010986d848254ee770d412a54714a54db5cbd50c3471e70496ce8899478d11e8c7a3af62f9c5327c9f2\
    0f8000d749cbf9d9f01e76f56484cf4b79a451fbb8cfe221def8bbe2316d4ebc686fe065071b8a0b36c7881e020515c3\
    2d847dd85117060208000000000000000c0000000000000060000000000000000000000000000000f03f000000000000\
    0000010101010100200000000101000100000400000010000000030000000048000000",
    decoded: 0xc00a_b4e5,
};

/// 4 x 5 x 12 "<f4" by the same: Lorenzo of one and of two layers and planes, edge 4, absolute 1
const CUBES: Chunk = Chunk {
    values: &[3, 0, 12, 5, 4],
    stored: "940200000000000028b52ffd609401e50c00d652463f0005cf3006a6abcde699608c3a9ffa11221b2f2094b693966601\
    2b54670dd7dfd57f653655f09a7568e87da2dadcd4af8d71bbf5fc8003c94019289b6c99022e002c003700a41785fef3\
    1d721fd9379db2fb55d57ea75ccf340447f4022c4dfd54fdd9ba0e2fd675285bd7e1246e77ffce5f060caf90f006b356\
    a750a79168f33de5e98730592567bcddee6eed0f0a7f43bfec4ff0a4abf4a3f3415f7acc0fc79fade5781396c410892f\
    200d500687c443b7510c12330c2cb2fb8a2e3fcf4a99e77f1af5af866f2dfcc10508ab1c1e4ed2a092097d57a6899aa4\
    c9a1e1326095c6d247abbcc062a9854411877ee8306e8c39de0b9db095005418733c5f6da685ea5891d59c1fdf019413\
    969cdfad670343218000488110583e20b082991bea01ea1943400ab8b8528452e23c36e22303c4d13d45e0c156fa3a5e\
    762d2bbe7557ccd6c8adcc22ec7e83daf5e1d0c6411bce5fd0ffdd310b55821db51aaee7d8cca8898819c37388b905c6\
    35c92823bc2358c00ffd9eb90b1901878465b82f9b86867b2fd208b004e0f3a03011cc5cb90c100263f41d87a2040304\
    0000000000000005000000000000000c00000000000000f0000000000000000000000000000000f03f00000000000000\
    00010101000100200000000101000100000400000006000000030000000050000000",
    decoded: 0x2d18_c77d,
};

const CHUNKS: [&Chunk; 6] = [&INTERPOLATED, &LORENZO, &LOSSLESS, &BYTES, &BLOCKS, &CUBES];

impl Chunk {
    fn stored(&self) -> Vec<u8> {
        let digits = self.stored.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    /// Bytes of the elements.
    fn len(&self) -> usize {
        let count: u32 = self.values[2..].iter().filter(|&&length| length > 0).product();
        let size = [4, 8, 1][usize::try_from(self.values[1]).unwrap()];
        usize::try_from(count).unwrap() * size
    }

    fn decode(&self, stored: &[u8]) -> Result<Vec<u8>> {
        decode(self.values, stored, self.len())
    }

    /// What Zstandard keeps, and what follows behind it.
    fn open(&self) -> (Vec<u8>, Vec<u8>) {
        let stored = self.stored();
        let (_, frame) = Config::decode(&stored).unwrap();
        let mut content = Vec::new();
        unpack(&mut Input::new("sz3", frame), 10_000, &mut content).unwrap();
        (content, stored[frame.len()..].to_vec())
    }
}

/// The stream with another content.
fn close(content: &[u8], config: &[u8]) -> Vec<u8> {
    let mut stored = (content.len() as u64).to_le_bytes().to_vec();
    zstd::encode_frame(content, &mut stored);
    stored.extend_from_slice(config);
    stored
}

fn decode(values: &[u32], stored: &[u8], limit: usize) -> Result<Vec<u8>> {
    let mut output = Vec::new();
    let result = Sz3.decode(stored, &FilterCall { values, chunk_bytes: limit, limit }, &mut output);
    assert!(output.len() <= limit, "{} bytes came out", output.len());
    result.map(|()| output)
}

#[test]
fn chunks_of_each_kind() {
    for chunk in CHUNKS {
        let decoded = chunk.decode(&chunk.stored()).unwrap();
        assert_eq!((decoded.len(), lookup3(&decoded)), (chunk.len(), chunk.decoded), "{:?}", chunk.values);
    }
    let (content, config) = CUBES.open();
    assert_eq!(CUBES.decode(&close(&content, &config)).unwrap().len(), CUBES.len());
}

/// What the encoder can do, but did not for this chunk; the checksums are those of what hdf5plugin makes of it.
#[test]
fn cubes_of_other_kinds() {
    let (content, config) = CUBES.open();
    let decoded = |content: &[u8]| lookup3(&CUBES.decode(&close(content, &config)).unwrap());
    let mut mean = content.clone();
    mean[52] = 1;
    mean[53..57].copy_from_slice(&(-7.5f32).to_le_bytes());
    assert_eq!(decoded(&mean), 0x9c40_80d3, "the mean takes a code");
    // Such an error bound lets the order of terms show.
    let mut axes = content;
    assert_eq!(axes[260..269], [&[2], &1f64.to_le_bytes()[..]].concat());
    axes[261..269].copy_from_slice(&(1f64 / 3.0).to_le_bytes());
    for (count, checksum) in [(1, 0xbded_db6d), (2, 0xdddf_47bf), (3, 0x83bd_af2f)] {
        axes[4] = count;
        assert_eq!(decoded(&axes), checksum, "along {count} axes");
    }
}

#[test]
fn damage_does_no_harm() {
    for chunk in CHUNKS {
        let stored = chunk.stored();
        for cut in 0..stored.len() {
            assert!(chunk.decode(&stored[..cut]).is_err(), "cut to {cut} bytes");
        }
        for (place, bit) in (0..stored.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut flipped = stored.clone();
            flipped[place] ^= 1 << bit;
            let _ = chunk.decode(&flipped);
        }
        assert!(decode(chunk.values, &stored, chunk.len() - 1).is_err(), "the limit");
    }
}

#[test]
fn damaged_content_does_no_harm() {
    for chunk in CHUNKS.into_iter().filter(|chunk| chunk.stored != LOSSLESS.stored) {
        let (content, config) = chunk.open();
        for cut in 0..content.len() {
            assert!(chunk.decode(&close(&content[..cut], &config)).is_err(), "cut to {cut} bytes");
        }
        for place in 0..content.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, content[place] ^ 1] {
                let mut changed = content.clone();
                changed[place] = value;
                let _ = chunk.decode(&close(&changed, &config));
            }
        }
        let more = [&content[..], &[0]].concat();
        let error = chunk.decode(&close(&more, &config)).unwrap_err().to_string();
        assert!(error.contains("1 bytes are left over"), "{error}");
    }
}

#[test]
fn few_elements_are_stored_as_they_are() {
    assert_eq!(decode(&[1, 5, 0, 19], b"abc", 3).unwrap(), b"abc");
    assert_eq!(decode(&[0, 5, 0, 0, 0, 0, 0], b"abc", 3).unwrap(), b"abc", "an axis of length 1 is none");
    assert_eq!(decode(&[], b"abc", 3).unwrap(), b"abc");
    assert!(decode(&[1, 5, 0, 19], b"abc", 2).is_err());
    assert!(decode(&[1, 5, 0, 20], b"abc", 2).is_err());
}

#[test]
fn what_is_not_known_is_refused() {
    let error = |values: &[u32], stored: &[u8]| decode(values, stored, 1000).unwrap_err();
    let stored = INTERPOLATED.stored();
    assert!(error(&[2, 0, 7], &stored).to_string().contains("client data ends before it"));
    assert!(error(&[2, 0, 7, 6], &stored).to_string().contains("35 elements instead of 42"));
    assert_eq!(error(&[2, 10, 7, 5], &stored).to_string(), "not supported: elements of type 10 in SZ3");
    assert!(error(&[6, 0, 7, 5], &stored).to_string().contains("6 axes"));
    let later = [0x10, 0xf3, 0x42, 0xf3, 0, 1, 3, 3, 0];
    for values in [&[2, 0, 7, 5][..], &[0x0704_0216]] {
        let error = error(values, &later);
        assert!(matches!(error.kind(), ErrorKind::Unsupported(_)));
        assert!(error.to_string().contains("data of SZ3 3.3.1 (known"), "{error}");
    }
}

#[test]
fn what_belongs_to_a_block_has_to_be_there() {
    let error = |chunk: &Chunk, place: usize, bytes: &[u8]| {
        let (mut content, config) = chunk.open();
        content[place..place + bytes.len()].copy_from_slice(bytes);
        chunk.decode(&close(&content, &config)).unwrap_err().to_string()
    };
    assert!(error(&CUBES, 57, &[1]).contains("a block without a plane"));
    assert!(error(&CUBES, 4, &[4]).contains("prediction along 4 of 3 axes"));
    assert!(error(&CUBES, 12, &[3]).contains("3 layers of padding"));
    assert!(error(&CUBES, 0, &[1]).contains("blocks with an edge of 1"));
    assert!(error(&BLOCKS, 0, &[9]).contains("of different shapes"));
    assert!(error(&BLOCKS, 20, &[2]).contains("a predictor of kind 2 instead of 1"));
    assert!(error(&BLOCKS, 22, &[3]).contains("a predictor of kind 3 instead of 2"));
    assert!(error(&BLOCKS, 23, &[1, 0, 0, 0, 0, 0, 0, 0]).contains("the coefficients end too early"));
    assert!(error(&LORENZO, 14, &[1]).contains("a block without a predictor"));
    assert!(error(&INTERPOLATED, 16, &[7]).contains("an edge of 7"));
    assert!(error(&INTERPOLATED, 20, &[2]).contains("an interpolation of kind 2"));
    assert!(error(&INTERPOLATED, 24, &[2]).contains("order 2 of 2 axes"));
}
