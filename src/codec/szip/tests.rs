use super::super::vectors::{check, refuse};
use super::*;

fn configure(datatype: &Datatype, shape: &[u64], values: &[u32]) -> Result<Vec<u32>> {
    Szip.configure(values, &ChunkShape { datatype, shape, fill: None })
}

#[test]
fn chunks_of_libhdf5() {
    // h5py: dcpl.set_szip(32, 8); a 'u1' dataset of these 32 values
    #[rustfmt::skip]
    let plain = [
        10, 11, 12, 12, 13, 15, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14,
        3, 250, 7, 99, 180, 20, 66, 1, 2, 2, 3, 2, 2, 2, 2, 3,
    ];
    let stored = [32, 0, 0, 0, 33, 68, 200, 88, 120, 175, 215, 195, 29, 23, 90, 20, 9, 50, 242];
    check(&Szip, &[169, 8, 8, 32], &plain, &stored, &plain);
    // dcpl.set_szip(4, 4); a '>u2' dataset of shape 2 x 9, whose scanlines are filled up to 12 pixels
    let plain = [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 5, 9, 1000, 3, 4, 5, 6, 7u16].map(u16::to_be_bytes).concat();
    let stored = [36, 0, 0, 0, 13, 4, 46, 56, 8, 0, 162, 116, 29, 92, 98, 31, 0];
    check(&Szip, &[149, 4, 16, 9], &plain, &stored, &plain);
    // dcpl.set_szip(32, 4); a '<i4' dataset of -4, -1, …, 29, in 4 planes
    let plain = [-4, -1, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29i32].map(i32::to_le_bytes).concat();
    #[rustfmt::skip]
    let stored = [
        48, 0, 0, 0, 255, 128, 223, 160, 179, 246, 218, 126, 219, 127, 240, 15, 240, 0, 127, 248, 7, 248, 0, 63,
        252, 3, 252, 0, 16,
    ];
    check(&Szip, &[169, 4, 32, 12], &plain, &stored, &plain);
    // dcpl.set_szip(32, 2); 64 times 7 as 'u1': one run up to the end of the scanline
    check(&Szip, &[169, 2, 8, 64], &[7; 64], &[64, 0, 0, 0, 0, 112, 128], &[7; 64]);
}

#[test]
fn every_kind_of_pixel_comes_back() {
    let noise = |n: u32, range: u32| (n.wrapping_mul(0x9e37_79b1) >> 8) % range;
    for (bits, bytes) in [(1, 1), (5, 1), (8, 1), (9, 2), (16, 2), (17, 4), (24, 4), (32, 4), (64, 8)] {
        let most = u32::MAX >> 32u32.saturating_sub(bits);
        for (options, block, scanline) in
            [(8, 2, 300), (16, 8, 7), (40, 16, 100), (48, 32, 4096), (40, 10, 33)]
        {
            let pixel = |n: u32| match n % 400 {
                0..100 => 0,
                100..200 => noise(n, 7) & most,
                200..300 => noise(n, 500) & most,
                _ => noise(n, most.saturating_add(1).max(2)) & most,
            };
            let bytes_of = |n| {
                let wide = u64::from(pixel(n));
                if options & BIG != 0 {
                    wide.to_be_bytes()[8 - bytes..].to_vec()
                } else {
                    wide.to_le_bytes()[..bytes].to_vec()
                }
            };
            let plain: Vec<u8> = (0..1203).flat_map(bytes_of).collect();
            let coding = Coding::of(&[options, block, bits, scanline]).unwrap();
            let (mut stream, mut back) = (Vec::new(), vec![0; plain.len()]);
            coding.encode(&plain, &mut stream);
            coding.decode(&stream, &mut back).unwrap();
            assert_eq!(back, plain, "{bits} bits, options {options}, blocks of {block}");
        }
    }
}

#[test]
fn what_would_lose_bits_or_grow_is_left_alone() {
    let encode = |bits, plain: &[u8]| {
        let call = FilterCall { values: &[169, 8, bits, 8], chunk_bytes: 8, limit: 8 };
        Szip.encode(plain, &call, &mut Vec::new()).unwrap()
    };
    assert_eq!(encode(4, &[15; 8]), Encoded::Done);
    assert_eq!(encode(4, &[16; 8]), Encoded::NotWorthIt);
    assert_eq!(encode(8, &[3, 250, 7, 99, 180, 20, 66, 1]), Encoded::NotWorthIt);
}

#[test]
fn impossible_values_are_refused() {
    let stored = [8, 0, 0, 0, 255];
    refuse(&Szip, &[169, 8, 8], &stored, "number of szip values is 3");
    refuse(&Szip, &[169, 7, 8, 32], &stored, "pixels per block is 7");
    refuse(&Szip, &[169, 0, 8, 32], &stored, "pixels per block is 0");
    refuse(&Szip, &[169, 34, 8, 32], &stored, "pixels per block is 34");
    refuse(&Szip, &[169, 8, 0, 32], &stored, "bits per pixel is 0");
    refuse(&Szip, &[169, 8, 28, 32], &stored, "bits per pixel is 28");
    refuse(&Szip, &[169, 8, 8, 0], &stored, "pixels per scanline is 0");
    refuse(&Szip, &[169, 8, 8, 4097], &stored, "pixels per scanline is 4097");
    refuse(&Szip, &[169, 8, 8, 32], &stored, "ends too early");
    refuse(&Szip, &[169, 8, 8, 32], &stored[..3], "shorter than its length");
    refuse(&Szip, &[169, 8, 8, 32], &[0xe9, 3, 0, 0], "over 1000 bytes come out");
    refuse(&Szip, &[169, 8, 16, 32], &[7, 0, 0, 0], "bytes of a szip chunk is 7");
}

#[test]
fn client_data_is_libhdf5_s() {
    let big = Datatype::integer(2, false, Order::Big);
    assert_eq!(configure(&big, &[2, 9], &[4, 4]).unwrap(), [149, 4, 16, 9]);
    let little = Datatype::integer(4, true, Order::Little);
    assert_eq!(configure(&little, &[7, 4097], &[32 | 2, 16]).unwrap(), [169, 16, 32, 2048]);
    assert_eq!(configure(&little, &[500, 3], &[32, 8]).unwrap(), [169, 8, 32, 1024]);
    assert_eq!(configure(&little, &[4, 3], &[32, 8]).unwrap(), [169, 8, 32, 12]);
    assert_eq!(configure(&Datatype::float(8, Order::Little), &[100], &[32, 8]).unwrap(), [169, 8, 64, 100]);
    assert!(configure(&little, &[2, 3], &[32, 8]).is_err(), "too few elements");
    assert!(configure(&Datatype::integer(3, true, Order::Little), &[100], &[32, 8]).is_err());
    assert!(configure(&little, &[100], &[32]).is_err());
}
