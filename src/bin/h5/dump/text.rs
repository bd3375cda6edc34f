//! Characters of strings and of names.

/// Appends a byte of a string; without `escape` line breaks stay, with an indentation behind them.
pub(crate) fn character(out: &mut Vec<u8>, byte: u8, escape: bool) {
    const BEHIND_BREAK: &[u8] = b"           ";
    match byte {
        b' '..=b'~' if !escape || !matches!(byte, b'"' | b'\\') => out.push(byte),
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' | b'\r' if !escape => {
            out.push(byte);
            out.extend_from_slice(BEHIND_BREAK);
        }
        8 | b'\t' | 12 if !escape => out.push(byte),
        8 => out.extend_from_slice(b"\\b"),
        12 => out.extend_from_slice(b"\\f"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        // h5dump prints such a byte as a negative number of 32 bits.
        0x80.. => {
            out.extend_from_slice(b"\\37777777");
            out.extend_from_slice(&octal(byte));
        }
        _ => {
            out.push(b'\\');
            out.extend_from_slice(&octal(byte));
        }
    }
}

fn octal(byte: u8) -> [u8; 3] {
    // The sign fills the third digit of a negative byte.
    let high = if byte >= 0x80 { 4 | byte >> 6 } else { byte >> 6 };
    [b'0' + high, b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]
}

/// Appends a string in quotation marks, cut off at a NUL if one ends it.
pub(crate) fn string(out: &mut Vec<u8>, bytes: &[u8], ends_at_nul: bool, escape: bool) {
    let end = if ends_at_nul { bytes.iter().position(|&byte| byte == 0) } else { None };
    out.push(b'"');
    for &byte in &bytes[..end.unwrap_or(bytes.len())] {
        character(out, byte, escape);
    }
    out.push(b'"');
}

/// The name of an enumeration's member as it stands for a value. The byte behind an escaped one is never escaped.
pub(crate) fn member_name(name: &[u8]) -> Vec<u8> {
    let (mut out, mut skip) = (Vec::with_capacity(name.len()), false);
    for &byte in name {
        let letter = match byte {
            b'\'' | b'"' | b'\\' | b'?' => Some(byte),
            7 => Some(b'a'),
            8 => Some(b'b'),
            12 => Some(b'f'),
            b'\n' => Some(b'n'),
            b'\r' => Some(b'r'),
            b'\t' => Some(b't'),
            11 => Some(b'v'),
            _ => None,
        };
        match letter {
            _ if std::mem::take(&mut skip) => out.push(byte),
            Some(letter) => {
                out.extend_from_slice(&[b'\\', letter]);
                skip = true;
            }
            None if (b' '..=b'~').contains(&byte) => out.push(byte),
            None => {
                out.push(b'\\');
                out.extend_from_slice(&[b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
                skip = true;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(bytes: &[u8], ends_at_nul: bool, escape: bool) -> String {
        let mut out = Vec::new();
        string(&mut out, bytes, ends_at_nul, escape);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bytes_beyond_ascii_look_like_negative_numbers() {
        assert_eq!(quoted("é".as_bytes(), true, false), "\"\\37777777703\\37777777651\"");
        assert_eq!(quoted(b"a\0b\x01", false, false), "\"a\\000b\\001\"");
        assert_eq!(quoted(b"a\0b", true, false), "\"a\"");
    }

    #[test]
    fn quotation_marks_and_line_breaks_are_escaped_on_demand() {
        assert_eq!(quoted(b"\"\\\n\t", true, true), "\"\\\"\\\\\\n\\t\"");
        assert_eq!(quoted(b"\"\\\n\t", true, false), "\"\"\\\n           \t\"");
    }

    #[test]
    fn the_byte_behind_an_escape_is_left_alone() {
        assert_eq!(member_name(b"it's"), b"it\\'s");
        assert_eq!(member_name(b"''"), b"\\''");
        assert_eq!(member_name("é".as_bytes()), b"\\303\xa9");
    }
}
