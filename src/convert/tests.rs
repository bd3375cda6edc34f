use super::*;
use crate::format::datatype::{Bits, Charset, FloatingPoint, Normalization, Padding};

fn convert(from: &Datatype, to: &Datatype, source: &[u8]) -> Vec<u8> {
    let plan = Plan::new(from, to).unwrap();
    let mut target = vec![0; source.len() / plan.source_size() * plan.target_size()];
    plan.run(source, &mut target);
    target
}

fn native(size: u8, signed: bool) -> Datatype {
    Datatype::integer(size, signed, Order::NATIVE)
}

fn to_f64(from: &Datatype, source: &[u8]) -> Vec<f64> {
    let bytes = convert(from, &Datatype::float(8, Order::NATIVE), source);
    bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_ne_bytes(*bytes)).collect()
}

#[test]
fn integers_are_clamped_and_fractions_cut_off() {
    let i32s: Vec<u8> = [-1i32, 300, 7].iter().flat_map(|n| n.to_ne_bytes()).collect();
    assert_eq!(convert(&native(4, true), &native(1, false), &i32s), [0, 255, 7]);
    let floats: Vec<u8> = [-1.9f32, f32::NAN, 1e30].iter().flat_map(|n| n.to_ne_bytes()).collect();
    let ints = convert(&Datatype::float(4, Order::NATIVE), &native(2, true), &floats);
    let ints: Vec<i16> = ints.as_chunks::<2>().0.iter().map(|b| i16::from_ne_bytes(*b)).collect();
    assert_eq!(ints, [-1, 0, i16::MAX]);
}

#[test]
fn byte_orders_turn() {
    let big = Datatype::integer(2, true, Order::Big);
    assert_eq!(to_f64(&big, &[0xff, 0xfe, 0x01, 0x00]), [-2.0, 256.0]);
    let source: Vec<u8> = (0..20_000u16).flat_map(u16::to_be_bytes).collect();
    let numbers = to_f64(&Datatype::integer(2, false, Order::Big), &source);
    assert!(numbers.iter().enumerate().all(|(i, &n)| n == i as f64), "over many pieces");
    assert_eq!(convert(&native(2, true), &big, &[1, 0]), [0, 1]);
}

#[test]
fn bits_in_the_middle_of_a_word_are_found() {
    let mut twelve = native(2, true);
    if let Class::FixedPoint(number) = &mut twelve.class {
        number.bits = Bits { offset: 3, precision: 12, ..number.bits };
    }
    let word = |value: i16| (value << 3 | 7).to_ne_bytes();
    assert_eq!(to_f64(&twelve, &[word(5), word(-6)].concat()), [5.0, -6.0]);
    let three = Datatype::integer(3, true, Order::Little);
    assert_eq!(to_f64(&three, &[0xfe, 0xff, 0xff]), [-2.0]);
}

#[test]
fn half_and_odd_floats_are_read_by_their_fields() {
    let half = Datatype::float(2, Order::Little);
    let bits = [0x3c00u16, 0xc000, 0x0001, 0x7c00, 0x7bff, 0xfe00];
    let source: Vec<u8> = bits.iter().flat_map(|b| b.to_le_bytes()).collect();
    let numbers = to_f64(&half, &source);
    assert_eq!(numbers[..5], [1.0, -2.0, 5.960464477539063e-8, f64::INFINITY, 65504.0]);
    assert!(numbers[5].is_nan());
}

#[test]
fn quad_precision_is_rounded_once() {
    let number = FloatingPoint {
        bits: Bits::whole(Order::Little, 16),
        inner_padding: false,
        normalization: Normalization::Implied,
        sign: 127,
        exponent: 112,
        exponent_size: 15,
        mantissa: 0,
        mantissa_size: 112,
        bias: 16383,
    };
    let quad = Datatype { version: 1, size: 16, class: Class::FloatingPoint(number) };
    let one = 16383u128 << 112;
    let values =
        [one, one | 1 << 59, one | 1 << 60, one | 1 << 59 | 1, 1 << 127 | one, (16383 - 1074) << 112, 1];
    let source: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let next = 1.0 + f64::EPSILON;
    let expected = [1.0, 1.0, next, next, -1.0, f64::from_bits(1), 0.0];
    assert_eq!(to_f64(&quad, &source), expected);
}

#[test]
fn a_vax_float_is_what_a_vax_meant() {
    // F_floating 1.0: exponent 129 excess 128 over a fraction of 0.1 (binary), words swapped.
    let number = FloatingPoint {
        bits: Bits::whole(Order::Vax, 4),
        inner_padding: false,
        normalization: Normalization::Implied,
        sign: 31,
        exponent: 23,
        exponent_size: 8,
        mantissa: 0,
        mantissa_size: 23,
        bias: 129,
    };
    let vax = Datatype { version: 3, size: 4, class: Class::FloatingPoint(number) };
    assert_eq!(to_f64(&vax, &[0x80, 0x40, 0, 0, 0x20, 0xc2, 0, 0]), [1.0, -10.0]);
}

#[test]
fn types_that_have_nothing_in_common_are_refused() {
    let (padding, charset) = (Padding::NullPadded, Charset::Ascii);
    let text = Datatype { version: 1, size: 4, class: Class::String { padding, charset } };
    let error = Plan::new(&text, &native(4, true)).unwrap_err().to_string();
    assert_eq!(error, "no conversion from string of 4 bytes to i32");
}

#[test]
fn a_size_that_no_machine_has_is_no_native_number() {
    let mut huge = Datatype::integer(4, true, Order::Little);
    huge.size = u32::MAX;
    assert!(Plan::new(&huge, &Datatype::integer(4, true, Order::NATIVE)).is_err());
}
