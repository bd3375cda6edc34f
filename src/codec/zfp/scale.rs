//! From floating-point numbers to integers with a common exponent, and back.

/// The exponent that suits all of some numbers, given by their bits, with the bias of their format: 0 if all are zeros.
///
/// The largest magnitude lies below two to that power. NaNs do not count, and infinity has an exponent of 0.
pub(super) fn common_exponent(elements: &[u64], wide: bool) -> u32 {
    let (mantissa_bits, infinity) = if wide { (52, 2047 << 52) } else { (23, 255 << 23) };
    let sign = if wide { 1 << 63 } else { 1 << 31 };
    let magnitudes = elements.iter().map(|element| element & !sign);
    match magnitudes.filter(|&magnitude| magnitude <= infinity).max() {
        None | Some(0) => 0,
        Some(most) if most == infinity => bias(wide).unsigned_abs(),
        // Numbers below the normal ones are taken for the least of these.
        Some(most) => u32::try_from(most >> mantissa_bits).unwrap_or(0) + 1,
    }
}

pub(super) fn bias(wide: bool) -> i32 {
    if wide { 1023 } else { 127 }
}

/// An element as an integer of which two bits are left, for sums.
pub(super) fn quantize(element: u64, exponent: i32, wide: bool) -> i64 {
    if wide {
        cut(power_64(62 - exponent) * f64::from_bits(element), power_64(63))
    } else {
        let element = f32::from_bits(u32::try_from(element).unwrap_or(0));
        cut(f64::from(power_32(30 - exponent) * element), power_64(31))
    }
}

/// The inverse of [`quantize`], up to rounding.
pub(super) fn dequantize(number: i64, exponent: i32, wide: bool) -> u64 {
    if wide {
        (power_64(exponent - 62) * number as f64).to_bits()
    } else {
        u64::from((power_32(exponent - 30) * number as f32).to_bits())
    }
}

/// A number without its fraction. What does not fit is the least integer, as x86 processors have it.
#[expect(clippy::cast_possible_truncation, reason = "it fits, but for its fraction")]
fn cut(value: f64, limit: f64) -> i64 {
    if (-limit..limit).contains(&value) { value as i64 } else { -limit as i64 }
}

/// Two to the power, down to the smallest number there is and up to infinity.
fn power_32(exponent: i32) -> f32 {
    match u32::try_from(exponent + 149) {
        Ok(shift @ 0..23) => f32::from_bits(1 << shift),
        Ok(shift) => f32::from_bits((shift - 22).min(255) << 23),
        Err(_) => 0.0,
    }
}

fn power_64(exponent: i32) -> f64 {
    match u64::try_from(exponent + 1074) {
        Ok(shift @ 0..52) => f64::from_bits(1 << shift),
        Ok(shift) => f64::from_bits((shift - 51).min(2047) << 52),
        Err(_) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two() {
        assert_eq!([0, 5, -126, 127].map(power_32), [0, 5, -126, 127].map(|e| 2f32.powi(e)));
        assert_eq!([0, 9, -1022, 1023].map(power_64), [0, 9, -1022, 1023].map(|e| 2f64.powi(e)));
        assert_eq!([-127, -149, -150].map(power_32), [f32::from_bits(1 << 22), f32::from_bits(1), 0.0]);
        assert_eq!([-1023, -1074, -1075].map(power_64), [f64::from_bits(1 << 51), f64::from_bits(1), 0.0]);
        assert_eq!([128, 156].map(power_32), [f32::INFINITY; 2]);
        assert_eq!([1024, 1084].map(power_64), [f64::INFINITY; 2]);
    }

    #[test]
    fn exponents() {
        let of_64 =
            |values: &[f64]| common_exponent(&values.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), true);
        let of_32 = |values: &[f32]| {
            let bits: Vec<u64> = values.iter().map(|v| v.to_bits().into()).collect();
            common_exponent(&bits, false)
        };
        assert_eq!([of_64(&[0.0, -0.0, f64::NAN]), of_32(&[0.0, -0.0, f32::NAN])], [0, 0]);
        assert_eq!([of_64(&[0.5, -1.0, f64::NAN]), of_32(&[0.5, -1.0, f32::NAN])], [1024, 128]);
        assert_eq!([of_64(&[f64::from_bits(1)]), of_32(&[f32::from_bits(1)])], [1, 1]);
        assert_eq!([of_64(&[f64::MAX]), of_32(&[f32::MAX])], [2047, 255]);
        assert_eq!([of_64(&[f64::INFINITY]), of_32(&[-f32::INFINITY, 1e30])], [1023, 127]);
    }

    #[test]
    fn what_does_not_fit_is_the_least_integer() {
        for value in [f64::NAN, f64::INFINITY, -f64::INFINITY, 1e300] {
            assert_eq!(quantize(value.to_bits(), 0, true), i64::MIN);
        }
        for value in [f32::NAN, f32::INFINITY, -f32::INFINITY, 1e30] {
            assert_eq!(quantize(value.to_bits().into(), 0, false), i64::from(i32::MIN));
        }
        // The factor is infinite.
        assert_eq!(quantize(0, -126, false), i64::from(i32::MIN));
        assert_eq!(quantize((-0.75f32).to_bits().into(), 0, false), -3 << 28);
        assert_eq!(dequantize(-3 << 28, 0, false), u64::from((-0.75f32).to_bits()));
        assert_eq!(quantize((-0.75f64).to_bits(), 0, true), -3 << 60);
        assert_eq!(dequantize(-3 << 60, 0, true), (-0.75f64).to_bits());
    }
}
