use super::*;
use crate::format::battery::{Sample, Samples, refuse};

const I32: [u8; 12] = [0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0];
#[rustfmt::skip]
const F64_BE: [u8; 20] = [
    0x11, 0x21, 63, 0, 8, 0, 0, 0,              // version 1, class 1; big-endian, implied bit, sign at 63; 8 bytes
    0, 0, 64, 0,                                // all 64 bits
    52, 11, 0, 52,                              // exponent at 52 of 11 bits, mantissa at 0 of 52
    0xff, 3, 0, 0,                              // bias 1023
];
const TIME: [u8; 10] = [0x12, 0, 0, 0, 4, 0, 0, 0, 32, 0];
const STRING: [u8; 8] = [0x13, 0x12, 0, 0, 5, 0, 0, 0];
const BITS: [u8; 12] = [0x14, 0, 0, 0, 2, 0, 0, 0, 3, 0, 9, 0];
const OBJECT: [u8; 8] = [0x17, 0, 0, 0, 8, 0, 0, 0];
const STANDARD: [u8; 8] = [0x47, 0x12, 0, 0, 18, 0, 0, 0];

fn opaque() -> Vec<u8> {
    [&[0x15, 8, 0, 0, 3, 0, 0, 0][..], b"jpeg\0\0\0\0"].concat()
}

#[rustfmt::skip]
fn compound_1() -> Vec<u8> {
    [
        &[0x16, 1, 0, 0, 8, 0, 0, 0][..],       // one member, 8 bytes
        b"a\0\0\0\0\0\0\0",
        &[0, 0, 0, 0, 1, 0, 0, 0],              // at 0, one size
        &[0; 8],                                // permutation, reserved
        &[2, 0, 0, 0], &[0; 12],                // two elements
        &I32,
    ].concat()
}

#[rustfmt::skip]
fn compound_3() -> Vec<u8> {
    [
        &[0x36, 2, 0, 0, 12, 0, 0, 0][..],      // two members, 12 bytes
        b"x\0\x00", &I32,                       // at 0
        b"y\0\x04", &OBJECT,                    // at 4
    ].concat()
}

fn enumeration_1() -> Vec<u8> {
    [&[0x18, 1, 0, 0, 4, 0, 0, 0][..], &I32, b"RED\0\0\0\0\0", &[7, 0, 0, 0]].concat()
}

fn enumeration_3() -> Vec<u8> {
    [&[0x38, 2, 0, 0, 4, 0, 0, 0][..], &I32, b"RED\0BLUE\0", &[7, 0, 0, 0, 8, 0, 0, 0]].concat()
}

fn sequence() -> Vec<u8> {
    [&[0x19, 0, 0, 0, 16, 0, 0, 0][..], &I32].concat()
}

fn variable_string() -> Vec<u8> {
    [&[0x19, 1, 1, 0, 16, 0, 0, 0][..], &[0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0]].concat()
}

#[rustfmt::skip]
fn array(version: u8) -> Vec<u8> {
    [
        &[version << 4 | 10, 0, 0, 0, 24, 0, 0, 0][..],
        &[2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0],  // 2 x 3
        &[0, 0, 0, 0, 1, 0, 0, 0],              // permutation
        &I32,
    ].concat()
}

fn array_3() -> Vec<u8> {
    [&[0x3a, 0, 0, 0, 8, 0, 0, 0][..], &[1, 2, 0, 0, 0], &I32].concat()
}

fn complex() -> Vec<u8> {
    let mut base = F64_BE;
    base[0] = 0x51;
    [&[0x5b, 1, 0, 0, 16, 0, 0, 0][..], &base].concat()
}

impl Samples for Datatype {
    fn samples() -> Vec<Sample<Self>> {
        let plain = |name, bytes: &[u8]| Sample::plain(name, Sizes::EIGHT, bytes.to_vec());
        vec![
            plain("integer", &I32),
            plain("float", &F64_BE),
            plain("time", &TIME),
            plain("string", &STRING),
            plain("bit field", &BITS),
            plain("opaque", &opaque()),
            plain("compound 1", &compound_1()),
            plain("compound 3", &compound_3()),
            plain("reference", &OBJECT),
            plain("standard reference", &STANDARD),
            plain("enumeration 1", &enumeration_1()),
            plain("enumeration 3", &enumeration_3()),
            plain("sequence", &sequence()),
            plain("variable string", &variable_string()),
            plain("array 1", &array(1)),
            plain("array 2", &array(2)),
            plain("array 3", &array_3()),
            plain("complex", &complex()),
        ]
    }
}

fn refused(bytes: &[u8], changes: &[(usize, u8, &str)]) {
    refuse::<Datatype>(bytes.to_vec(), Sizes::EIGHT, changes);
}

#[test]
fn each_rule_is_enforced() {
    refused(
        &I32,
        &[(0, 0x60, "version"), (0, 0x1c, "datatype class is 12"), (4, 0, "size of a datatype is 0")],
    );
    refused(&STRING, &[(1, 3, "string padding is 3"), (1, 0x20, "character set is 2")]);
    refused(&F64_BE, &[(1, 0x60, "byte order is 2")]);
    refused(&compound_1(), &[(1, 0, "number of members is 0"), (20, 5, "rank of a member is 5")]);
    refused(&compound_1(), &[(16, 1, "offset of a member is 1"), (32, 3, "offset of a member is 0")]);
    refused(&OBJECT, &[(1, 5, "reference type is 5")]);
    refused(&enumeration_1(), &[(8, 0x14, "class of an enumeration's base is 4")]);
    refused(&sequence(), &[(1, 2, "variable-length type is 2")]);
    refused(&array_3(), &[(8, 0, "rank of an array type is 0"), (9, 3, "size of an array type is 8")]);
    refused(&complex(), &[(1, 3, "complex form is 3")]);
}

#[test]
fn nesting_is_limited() {
    let mut bytes = I32.to_vec();
    for _ in 0..100 {
        bytes = [&[0x19, 0, 0, 0, 16, 0, 0, 0][..], &bytes].concat();
    }
    let error = crate::format::decode::<Datatype>(&bytes, 0, &Sizes::EIGHT, &Default::default()).unwrap_err();
    assert!(error.to_string().contains("the depth of nesting needs 65, allowed are 64"), "{error}");
}

#[test]
fn built_types_are_the_stored_ones() {
    let decode = |bytes: &[u8]| -> Datatype {
        crate::format::decode(bytes, 0, &Sizes::EIGHT, &Default::default()).unwrap()
    };
    assert_eq!(decode(&I32), Datatype::integer(4, true, Order::Little));
    assert_eq!(decode(&F64_BE), Datatype::float(8, Order::Big));
    assert_eq!(decode(&F64_BE).ieee_order(), Some(Order::Big));
    assert_eq!(decode(&variable_string()), Datatype::variable_string(Charset::Utf8, 16));
}
