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

/// 7 x 8 "<f4" by the library of SZ3 3.1.7: all predictors, edge 4, absolute 0.5
const BLOCKS: Chunk = Chunk {
    values: &[2, 0, 8, 7],
    stored: "2a0300000000000028b52ffd602a029d0c0086d4423d1071d51ca0b054041e06d8ae64a94449452818091d3f826cf464\
    edfb56823b2260b4334a4fac4977cda03e141d1818b8ae75dff7bdfbffe7797e6e225332002f00360073ce683aa1d424\
    8780ec7aa522f069d2e8804103f0602e9be59d90e1929f18850f391e78105156abd5503c6d2deffd7253132616a6adce\
    c5ee58cca9cc9d9836a30bd8dd8b29af3b8036a0dc29e818aca202b6c8c8af59ad8f51974c450bf81320574b284d27c4\
    1a11f9a3abb56a6ad323510673d9be065e32840c1c7fb7951a1ab616320eb31d279b5984df0bc1c45c099a84bb112002\
    57a07062a4d84841c2f2060f1a3a662b3d6090de7bdf812f7881b1c7dcc4c13d18de20c12f94fd04c12b4c021be42b64\
    48a8711d44c829aa3885653be0029adae4011048e66a93340702145cc74ad76f59700528869f31d01fdd864880490716\
    b76abe6928ef4fc28105ebf6c6dd9dd20ddbb7349c77b56ff3bca07a4acff2d53d017bddec76a985b13dcc174e503c2f\
    0ce79dc2888452aa56026054679096ca9f10cb98d8abfd643a6d592771435c9c13041b7c4a0207000000000000000800\
    00000000000038000000000000000000000000000000e03f000000000000000001010101010020000000010100000100\
    0400000010000000030000000048000000",
    decoded: 0xad79_a073,
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

#[test]
fn the_mean_takes_a_code() {
    let (mut content, config) = CUBES.open();
    content[52] = 1;
    content[53..57].copy_from_slice(&(-7.5f32).to_le_bytes());
    // hdf5plugin makes this of it.
    assert_eq!(lookup3(&CUBES.decode(&close(&content, &config)).unwrap()), 0x9c40_80d3);
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
    assert!(error(&BLOCKS, 0, &[8]).contains("of different shapes"));
    assert!(error(&BLOCKS, 20, &[2]).contains("a predictor of kind 2 instead of 1"));
    assert!(error(&BLOCKS, 22, &[3]).contains("a predictor of kind 3 instead of 2"));
    assert!(error(&LORENZO, 14, &[1]).contains("a block without a predictor"));
    assert!(error(&INTERPOLATED, 16, &[7]).contains("an edge of 7"));
    assert!(error(&INTERPOLATED, 20, &[2]).contains("an interpolation of kind 2"));
    assert!(error(&INTERPOLATED, 24, &[2]).contains("order 2 of 2 axes"));
}
