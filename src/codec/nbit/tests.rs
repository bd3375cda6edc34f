use super::super::vectors::{check, refuse};
use super::*;
use crate::format::datatype::FixedPoint;

const BIG: [u32; 8] = [8, 0, 3, 1, 2, 1, 11, 3];
#[rustfmt::skip]
const NESTED: [u32; 23] = [
    23, 0, 2,
    3, 10, 3,                               // 10 bytes, 3 members
    0, 1, 4, 0, 17, 2,                      // at 0: 4 bytes, little-endian, 17 bits from 2 on
    4, 4, 2,                                // at 4: 2 bytes that are no number
    7, 2, 3, 1, 1, 0, 3, 1,                 // at 7: 3 times 1 byte, 3 bits from 1 on
];

fn integer(size: u32, order: Order, precision: u16, offset: u16) -> Datatype {
    let bits = Bits { order, offset, precision, low_padding: false, high_padding: false };
    Datatype { version: 1, size, class: Class::FixedPoint(FixedPoint { bits, signed: true }) }
}

fn configure(datatype: &Datatype, count: u64) -> Result<Vec<u32>> {
    Nbit.configure(&[], &ChunkShape { datatype, shape: &[count], fill: None })
}

fn member(offset: u32, datatype: Datatype) -> Member {
    Member { name: b"name".to_vec(), offset, dims: vec![], datatype }
}

fn array(count: u32, base: Datatype) -> Datatype {
    let class = Class::Array { dims: vec![count], base: Box::new(base.clone()) };
    Datatype { version: 2, size: count * base.size, class }
}

fn compound(size: u32, members: Vec<Member>) -> Datatype {
    Datatype { version: 3, size, class: Class::Compound(members) }
}

fn nested() -> Datatype {
    let string = Datatype { version: 1, size: 2, class: Class::Opaque { tag: vec![] } };
    let numbers = array(3, integer(1, Order::Little, 3, 1));
    let first = integer(4, Order::Little, 17, 2);
    compound(10, vec![member(0, first), member(4, string), member(7, numbers)])
}

#[test]
fn chunks_of_libhdf5() {
    // h5py: t = h5t.STD_I16BE.copy(); t.set_precision(11); t.set_offset(3); dcpl.set_filter(5, 0, ())
    let plain = [0x12, 0x38, 0x3f, 0xf8, 0x00, 0x08];
    check(&Nbit, &BIG, &plain, &[72, 255, 252, 0, 128], &plain);
    // A compound: STD_I32LE with 17 bits at 2, 'S2' at 4, at 7 an array of 3 STD_U8LE with 3 bits at 1
    let plain = [20, 34, 5, 0, 65, 66, 0, 2, 14, 4, 252, 255, 7, 0, 67, 0, 0, 10, 0, 6];
    let stored = [164, 66, 160, 161, 30, 191, 255, 232, 96, 20, 48];
    check(&Nbit, &NESTED, &plain, &stored, &plain);
}

#[test]
fn numbers_wider_than_a_word_come_back() {
    for order in [Order::Little, Order::Big] {
        let values = configure(&integer(12, order, 70, 13), 1).unwrap();
        let mut plain = [0xff; 12];
        (plain[0], plain[1], plain[10], plain[11]) = (0, 0xe0, 0x07, 0);
        if order == Order::Big {
            plain.reverse();
        }
        let call = FilterCall { values: &values, chunk_bytes: 12, limit: 12 };
        let (mut stored, mut back) = (Vec::new(), Vec::new());
        Nbit.encode(&[0xff; 12], &call, &mut stored).unwrap();
        assert_eq!(stored, [0xff; 8].into_iter().chain([0xfc]).collect::<Vec<u8>>());
        Nbit.decode(&stored, &call, &mut back).unwrap();
        assert_eq!(back, plain);
    }
}

#[test]
fn impossible_values_are_refused() {
    let change = |place: usize, value| {
        let mut values = BIG;
        values[place] = value;
        values
    };
    refuse(&Nbit, &[], &[], "number of nbit values is 0");
    refuse(&Nbit, &change(0, 9), &[], "number of nbit values is 9");
    refuse(&Nbit, &change(2, 501), &[], "over 1000 bytes come out");
    refuse(&Nbit, &change(3, 4), &[], "nbit class is 4");
    refuse(&Nbit, &change(3, 5), &[], "nbit class is 5");
    refuse(&Nbit, &change(4, 0), &[], "nbit size is 0");
    refuse(&Nbit, &change(5, 2), &[], "nbit byte order is 2");
    refuse(&Nbit, &change(6, 0), &[], "nbit precision is 0");
    refuse(&Nbit, &change(7, 6), &[], "nbit precision is 11");
    refuse(&Nbit, &BIG, &[72, 255], "end too early");
    refuse(&Nbit, &[9, 0, 1, 2, 5, 1, 2, 0, 16], &[], "nbit offset is 9");
    refuse(&Nbit, &[10, 0, 1, 2, 5, 1, 2, 0, 9, 0], &[], "nbit size is 5: it is not a multiple");
    refuse(&Nbit, &[9, 0, 1, 3, 4, 1, 3, 4, 2], &[], "nbit size is 2: it runs past");
    let deep: Vec<u32> = [1003, 0, 1].into_iter().chain([2, 8].into_iter().cycle().take(1000)).collect();
    refuse(&Nbit, &deep, &[], "the depth of nesting needs 65");
}

#[test]
fn client_data_is_libhdf5_s() {
    assert_eq!(configure(&integer(2, Order::Big, 11, 3), 3).unwrap(), BIG);
    assert_eq!(configure(&nested(), 2).unwrap(), NESTED);
    assert_eq!(configure(&Datatype::integer(2, true, Order::Little), 3).unwrap()[..2], [8, 1]);
    assert_eq!(configure(&Datatype::boolean(), 3).unwrap(), [3, 1, 3]);
    assert!(configure(&integer(2, Order::Little, 17, 0), 1).is_err());
}

#[test]
fn what_libhdf5_mixes_up_is_refused() {
    let pair = |second| compound(64, vec![member(0, array(2, nested())), member(32, second)]);
    let error = configure(&pair(integer(2, Order::Big, 11, 3)), 1).unwrap_err().to_string();
    assert!(error.contains("members behind an array of arrays or compounds"), "{error}");
    assert!(configure(&compound(64, vec![member(0, array(2, nested()))]), 1).is_ok());
}
