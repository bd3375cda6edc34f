use super::super::vectors::{check, refuse};
use super::*;
use crate::format::datatype::Datatype;

const BIG_I16: [u32; VALUES] = [2, 0, 5, 0, 2, 1, 1, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const F32: [u32; VALUES] = [0, 2, 4, 1, 4, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const U8: [u32; VALUES] = [2, 0, 3, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn values(change: impl FnOnce(&mut [u32; VALUES])) -> [u32; VALUES] {
    let mut values = U8;
    change(&mut values);
    values
}

#[test]
fn chunks_of_libhdf5() {
    // h5py: dcpl.set_scaleoffset(2, 0); a '>i2' dataset of [-3, 7, -1, 7, 100] with the fill value 7
    let plain = [255, 253, 0, 7, 255, 255, 0, 7, 0, 100];
    #[rustfmt::skip]
    let stored = [
        7, 0, 0, 0, 8, 253, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0,
        1, 252, 23, 252, 224,
    ];
    check(&ScaleOffset, &BIG_I16, &plain, &stored, &plain);
    // dcpl.set_scaleoffset(0, 2); a '<f4' dataset of [1.25, -2.5, 3.0625, 0]; 3.06 comes back, 0 is the fill value
    let plain = [0, 0, 160, 63, 0, 0, 32, 192, 0, 0, 68, 64, 0, 0, 0, 0];
    let back = [0, 0, 160, 63, 0, 0, 32, 192, 10, 215, 67, 64, 0, 0, 0, 0];
    #[rustfmt::skip]
    let stored = [
        10, 0, 0, 0, 8, 0, 0, 32, 192, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        93, 192, 8, 179, 255, 0,
    ];
    check(&ScaleOffset, &F32, &plain, &stored, &back);
    // dcpl.set_scaleoffset(2, 0); a 'u1' dataset of [9, 9, 9]
    let stored = [1, 0, 0, 0, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    check(&ScaleOffset, &U8, &[9; 3], &stored, &[9; 3]);
}

#[test]
fn all_bits_and_no_bits() {
    let no_fill = values(|values| values[7] = 0);
    let stored = [0, 0, 0, 0, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    check(&ScaleOffset, &no_fill, &[9; 3], &stored, &[9; 3]);
    let stored = [8, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 255, 3];
    check(&ScaleOffset, &no_fill, &[1, 255, 3], &stored, &[1, 255, 3]);
    let plain = values(|values| values[1] = 8);
    let call = FilterCall { values: &plain, chunk_bytes: 3, limit: 3 };
    let mut output = Vec::new();
    ScaleOffset.encode(&[1, 2, 3], &call, &mut output).unwrap();
    assert_eq!(output, [1, 2, 3], "the caller wants all bits");
}

#[test]
fn what_is_no_number_keeps_all_its_bits() {
    let floats = [1.5, f32::NAN, f32::INFINITY, 2.5].map(f32::to_le_bytes).concat();
    let call = FilterCall { values: &F32, chunk_bytes: 16, limit: 16 };
    let (mut stored, mut back) = (Vec::new(), Vec::new());
    ScaleOffset.encode(&floats, &call, &mut stored).unwrap();
    ScaleOffset.decode(&stored, &call, &mut back).unwrap();
    assert_eq!(back, floats);
}

#[test]
fn impossible_values_are_refused() {
    refuse(&ScaleOffset, &[2, 0], &[], "number of scaleoffset values is 2");
    refuse(&ScaleOffset, &values(|values| values[0] = 0), &[], "scale type is 0");
    refuse(&ScaleOffset, &values(|values| (values[0], values[3]) = (1, 1)), &[], "E-scaling");
    refuse(&ScaleOffset, &values(|values| values[3] = 2), &[], "class is 2");
    refuse(&ScaleOffset, &values(|values| values[4] = 3), &[], "element size is 3");
    refuse(&ScaleOffset, &values(|values| values[1] = 9), &[], "number of bits is 9");
    refuse(&ScaleOffset, &values(|values| values[6] = 2), &[], "byte order is 2");
    refuse(&ScaleOffset, &values(|values| values[2] = 1001), &[], "over 1000 bytes come out");
    refuse(&ScaleOffset, &U8, &[1, 0, 0, 0, 8, 1], "ends in its header");
    refuse(&ScaleOffset, &U8, &[9, 0, 0, 0, 0], "number of bits is 9");
}

#[test]
fn client_data_is_libhdf5_s() {
    let configure = |datatype: &Datatype, values: &[u32], fill: Option<&[u8]>| {
        ScaleOffset.configure(values, &ChunkShape { datatype, shape: &[5], fill })
    };
    let integer = Datatype::integer(2, true, Order::Big);
    assert_eq!(configure(&integer, &[2, 0], Some(&[0, 7])).unwrap(), BIG_I16);
    assert_eq!(configure(&integer, &[2, 0], None).unwrap()[7..9], [1, 0]);
    let double = Datatype::float(8, Order::Little);
    let stored = configure(&double, &[0, 3], Some(&[1, 2, 3, 4, 5, 6, 7, 8])).unwrap();
    assert_eq!(stored[..10], [0, 3, 5, 1, 8, 0, 0, 1, 0x0403_0201, 0x0807_0605]);
    let text = |result: Result<Vec<u32>>| result.unwrap_err().to_string();
    assert_eq!(text(configure(&double, &[1, 3], None)), "not supported: scaleoffset with E-scaling");
    assert_eq!(text(configure(&double, &[0, 3], Some(&[1]))), "a fill value of 1 bytes");
    assert_eq!(
        text(configure(&integer, &[2, 17], None)),
        "number of bits is 17: an element has fewer",
        "the caller's mistake, not a file's"
    );
    assert!(configure(&Datatype::float(2, Order::Little), &[0, 3], None).is_err());
    assert!(configure(&Datatype::boolean(), &[2, 0], None).is_err());
}
