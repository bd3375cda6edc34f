//! Numbers in the forms that C's `printf` gives them.

/// Appends a number.
pub(crate) fn unsigned(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10).to_le_bytes()[0];
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a number with its sign, if it is negative.
pub(crate) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs());
}

/// Appends two hexadecimal digits.
pub(crate) fn hex(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 15)]);
}

/// Significant digits of `%g`.
const DIGITS: usize = 6;
/// The numbers with that many digits are below this.
const LIMIT: u64 = 1_000_000;

/// Appends a number as `%g` does.
pub(crate) fn general(out: &mut Vec<u8>, number: f64) {
    if number.is_sign_negative() {
        out.push(b'-');
    }
    let number = number.abs();
    if number.is_nan() {
        out.extend_from_slice(b"nan");
    } else if number.is_infinite() {
        out.extend_from_slice(b"inf");
    } else if number == 0.0 {
        out.push(b'0');
    } else if let Some((digits, exponent)) = quick(number) {
        place(out, digits, exponent);
    } else {
        slow(out, number);
    }
}

/// The digits of a number of ordinary size, rounded to even, and its decimal exponent.
fn quick(number: f64) -> Option<(u64, i32)> {
    if !(1e-5..1e6).contains(&number) {
        return None;
    }
    let bits = number.to_bits();
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    // From 2^-17 to 2^19: the number is mantissa / 2^shift.
    let shift = u32::try_from(1075 - (bits >> 52)).ok()?;
    let estimate = POWERS.iter().rposition(|&power| number >= power)?;
    let exponent = i32::try_from(estimate).ok()? - 5;
    let scaled = mantissa * u128::from(10u64.pow(u32::try_from(5 - exponent).ok()?));
    let (whole, rest, half) = (scaled >> shift, scaled & ((1 << shift) - 1), 1u128 << (shift - 1));
    let digits = u64::try_from(whole).ok()?;
    let up = rest > half || rest == half && digits % 2 == 1;
    match digits + u64::from(up) {
        LIMIT => Some((LIMIT / 10, exponent + 1)),
        digits if digits >= LIMIT / 10 => Some((digits, exponent)),
        _ => None,
    }
}

/// 10 to the power of -5 to 5.
const POWERS: [f64; 11] = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4, 1e5];

/// The same by means of the standard library, which is exact.
fn slow(out: &mut Vec<u8>, number: f64) {
    let text = format!("{number:.*e}", DIGITS - 1);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits =
        digits.bytes().filter(u8::is_ascii_digit).fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
    place(out, digits, exponent.parse().unwrap_or(0));
}

/// Appends six digits with a point or an exponent where `%g` puts it, without zeros at the end.
fn place(out: &mut Vec<u8>, digits: u64, exponent: i32) {
    let mut text = Vec::with_capacity(DIGITS);
    unsigned(&mut text, digits);
    while text.len() > 1 && text.last() == Some(&b'0') {
        text.pop();
    }
    match usize::try_from(exponent) {
        Ok(exponent) if exponent < DIGITS => {
            let whole = exponent + 1;
            text.resize(text.len().max(whole), b'0');
            out.extend_from_slice(&text[..whole]);
            if text.len() > whole {
                out.push(b'.');
                out.extend_from_slice(&text[whole..]);
            }
        }
        Err(_) if exponent >= -4 => {
            out.extend_from_slice(b"0.");
            (exponent + 1..0).for_each(|_| out.push(b'0'));
            out.extend_from_slice(&text);
        }
        _ => scientific(out, &text, exponent),
    }
}

fn scientific(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    if exponent.unsigned_abs() < 10 {
        out.push(b'0');
    }
    unsigned(out, u64::from(exponent.unsigned_abs()));
}

/// Appends `mantissa * 2^exponent`, of any size, as `%g` does.
pub(crate) fn general_wide(out: &mut Vec<u8>, mantissa: u128, exponent: i32) {
    if mantissa == 0 {
        out.push(b'0');
        return;
    }
    // The number is `high / low`; one of them takes the powers of two, and then those of ten.
    let (mut high, mut low) = (Big::new(mantissa), Big::new(1));
    if exponent >= 0 {
        high.shift(exponent.unsigned_abs())
    } else {
        low.shift(exponent.unsigned_abs())
    }
    let bits = i64::from(exponent) + i64::from(127 - mantissa.leading_zeros());
    // Not more than the decimal exponent: 30103 / 100000 is log10(2) to eight digits.
    let mut ten = i32::try_from((bits * 30103).div_euclid(100_000) - 1).unwrap_or(0);
    loop {
        let (mut above, mut below) = (high.clone(), low.clone());
        if ten < 5 {
            above.times_ten(5 - ten)
        } else {
            below.times_ten(ten - 5)
        }
        match above.divide(&below) {
            Some(digits) if digits < LIMIT => return place(out, digits, ten),
            Some(LIMIT) => return place(out, LIMIT / 10, ten + 1),
            _ => ten += 1,
        }
    }
}

/// A natural number of any size, the lowest 32 bits first.
#[derive(Clone)]
struct Big {
    words: Vec<u32>,
}

impl Big {
    fn new(number: u128) -> Self {
        let bytes = number.to_le_bytes();
        let words =
            bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        Big { words: words.collect() }.trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
        self
    }

    fn times(&mut self, factor: u32) {
        let mut carry = 0u64;
        for word in &mut self.words {
            carry += u64::from(*word) * u64::from(factor);
            *word = low(carry);
            carry >>= 32;
        }
        if carry > 0 {
            self.words.push(low(carry));
        }
    }

    fn times_ten(&mut self, power: i32) {
        (0..power).for_each(|_| self.times(10));
    }

    fn shift(&mut self, bits: u32) {
        (0..bits % 32).for_each(|_| self.times(2));
        let zeros = usize::try_from(bits / 32).unwrap_or(0);
        self.words.splice(0..0, std::iter::repeat_n(0, zeros));
    }

    /// What is left of this number without another one; `None` if that is greater.
    fn minus(&self, other: &Big) -> Option<Big> {
        let (mut words, mut borrow) = (Vec::with_capacity(self.words.len()), false);
        if other.words.len() > self.words.len() {
            return None;
        }
        for (index, &word) in self.words.iter().enumerate() {
            let taken = other.words.get(index).copied().unwrap_or(0);
            let (once, first) = word.overflowing_sub(taken);
            let (twice, second) = once.overflowing_sub(u32::from(borrow));
            borrow = first || second;
            words.push(twice);
        }
        if borrow { None } else { Some(Big { words }.trimmed()) }
    }

    /// The quotient rounded to even, if it has no more than 24 bits.
    fn divide(mut self, other: &Big) -> Option<u64> {
        let mut digits = 0;
        for step in (0..24).rev() {
            let mut part = other.clone();
            part.shift(step);
            if let Some(rest) = self.minus(&part) {
                self = rest;
                digits |= 1 << step;
            }
        }
        let (rest, mut twice) = (self.clone(), self);
        if rest.minus(other).is_some() {
            return None;
        }
        twice.times(2);
        let up = match twice.minus(other) {
            None => false,
            Some(rest) => !rest.words.is_empty() || digits % 2 == 1,
        };
        Some(digits + u64::from(up))
    }
}

/// The low 32 bits.
fn low(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: f64) -> String {
        let mut out = Vec::new();
        general(&mut out, number);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_look_as_printf_prints_them() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (100_000.0, "100000"),
            (999_999.5, "1e+06"),
            (999_998.5, "999998"),
            (1e6, "1e+06"),
            (123_456_789.0, "1.23457e+08"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.0 / 3.0, "0.333333"),
            (0.000_123_456_7, "0.000123457"),
            (1e100, "1e+100"),
            (5e-324, "4.94066e-324"),
            (f64::MAX, "1.79769e+308"),
            (2.5, "2.5"),
            (1_000_005.0, "1e+06"),
            (1_000_015.0, "1.00002e+06"),
            (99999.95, "99999.9"),
            (100_000.5, "100000"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(text(number), expected);
        }
    }

    #[test]
    fn wide_numbers_agree_with_ordinary_ones() {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..4000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = f64::from_bits(state >> 1);
            if !number.is_normal() {
                continue;
            }
            let (bits, mut out) = (number.to_bits(), Vec::new());
            let exponent = i32::try_from(bits >> 52).unwrap() - 1075;
            general_wide(&mut out, u128::from(bits & ((1 << 52) - 1) | 1 << 52), exponent);
            assert_eq!(String::from_utf8(out).unwrap(), text(number));
            let mut slowly = Vec::new();
            slow(&mut slowly, number);
            assert_eq!(String::from_utf8(slowly).unwrap(), text(number));
        }
    }

    #[test]
    fn quick_and_slow_agree() {
        let mut state = 1u64;
        for _ in 0..20000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = f64::from_bits((state >> 12) | (1000 + state % 45) << 52);
            let mut slowly = Vec::new();
            slow(&mut slowly, number);
            assert_eq!(String::from_utf8(slowly).unwrap(), text(number), "{number:e}");
        }
    }
}
