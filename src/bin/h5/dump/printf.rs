//! Formats of C's `printf` for floating-point numbers.

use std::str::FromStr;

/// Text with one conversion in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FloatFormat {
    before: String,
    behind: String,
    flags: String,
    width: usize,
    precision: usize,
    /// `e`, `f` or `g`.
    conversion: char,
    uppercase: bool,
}

/// Neither of them may be larger.
const MOST: usize = 1000;

impl FromStr for FloatFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a format of a floating-point number");
        let (before, rest) = text.split_once('%').ok_or_else(wrong)?;
        let end = rest.find(|c: char| !"-+ #0".contains(c)).ok_or_else(wrong)?;
        let (flags, rest) = rest.split_at(end);
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (width, rest) = rest.split_at(end);
        let (precision, rest) = match rest.strip_prefix('.') {
            None => ("6", rest),
            Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?),
        };
        let number = |digits: &str| match digits {
            "" => Ok(0),
            digits => digits.parse().ok().filter(|&number| number <= MOST).ok_or_else(wrong),
        };
        let rest = rest.trim_start_matches(['l', 'L']);
        let letter = rest.chars().next().filter(|c| "eEfFgG".contains(*c)).ok_or_else(wrong)?;
        Ok(FloatFormat {
            before: before.to_owned(),
            behind: rest[1..].replace("%%", "%"),
            flags: flags.to_owned(),
            width: number(width)?,
            precision: number(precision)?,
            conversion: letter.to_ascii_lowercase(),
            uppercase: letter.is_ascii_uppercase(),
        })
    }
}

impl FloatFormat {
    /// Appends a number.
    pub(crate) fn write(&self, out: &mut Vec<u8>, number: f64) {
        let flag = |flag| self.flags.contains(flag);
        let sign = match number.is_sign_negative() {
            true => "-",
            false if flag('+') => "+",
            false if flag(' ') => " ",
            false => "",
        };
        let mut digits = self.digits(number.abs());
        if self.uppercase {
            digits.make_ascii_uppercase();
        }
        let fill = self.width.saturating_sub(sign.len() + digits.len());
        out.extend_from_slice(self.before.as_bytes());
        let spaces = |out: &mut Vec<u8>, with: u8| out.extend(std::iter::repeat_n(with, fill));
        let zeros = flag('0') && !flag('-') && number.is_finite();
        if !zeros && !flag('-') {
            spaces(out, b' ');
        }
        out.extend_from_slice(sign.as_bytes());
        if zeros {
            spaces(out, b'0');
        }
        out.extend_from_slice(digits.as_bytes());
        if flag('-') {
            spaces(out, b' ');
        }
        out.extend_from_slice(self.behind.as_bytes());
    }

    fn digits(&self, number: f64) -> String {
        let precision = self.precision;
        if number.is_nan() {
            return "nan".to_owned();
        }
        if number.is_infinite() {
            return "inf".to_owned();
        }
        match self.conversion {
            'f' => format!("{number:.precision$}"),
            'e' => scientific(&format!("{number:.precision$e}")),
            _ => self.general(number),
        }
    }

    fn general(&self, number: f64) -> String {
        let digits = self.precision.max(1);
        let text = format!("{number:.*e}", digits - 1);
        let exponent: i32 = text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
        let small = exponent < -4;
        let (mut text, tail) = match usize::try_from(exponent) {
            Ok(exponent) if exponent < digits => {
                (format!("{number:.*}", digits - 1 - exponent), String::new())
            }
            Err(_) if !small => {
                let places = digits - 1 + usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
                (format!("{number:.places$}"), String::new())
            }
            _ => {
                let text = scientific(&text);
                let at = text.find('e').unwrap_or(text.len());
                (text[..at].to_owned(), text[at..].to_owned())
            }
        };
        if text.contains('.') && !self.flags.contains('#') {
            text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
        }
        text + &tail
    }
}

/// Gives an exponent its sign and two digits.
fn scientific(text: &str) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_printf_prints_them() {
        for (format, number, expected) in [
            ("%.2f", 2.255, "2.25"),
            ("%8.3e|", 12345.678, "1.235e+04|"),
            ("%08.2f", -1.5, "-0001.50"),
            ("%-6g|", 0.5, "0.5   |"),
            ("%.10g", 1e-5, "1e-05"),
            ("%+G", 1e20, "+1E+20"),
            ("%lf", 1.0, "1.000000"),
            ("%.17g", 0.1, "0.10000000000000001"),
            ("%5.1f", f64::INFINITY, "  inf"),
        ] {
            let mut out = Vec::new();
            format.parse::<FloatFormat>().unwrap().write(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{format}");
        }
        for wrong in ["", "%", "%d", "%s", "%.99999f", "1.0"] {
            assert!(wrong.parse::<FloatFormat>().is_err(), "{wrong}");
        }
    }
}
