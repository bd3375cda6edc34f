//! Strings of one fixed length and padding as those of another, by libhdf5's rules: what does not fit is cut off, and a
//! string that a NUL has to end loses its last byte to that. Character sets are not converted.

use crate::format::datatype::{Class, Datatype, Padding};

/// How shorter strings are filled, before and after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    from: Padding,
    to: Padding,
}

impl Text {
    /// The way between two types, if both are such strings.
    pub(super) fn new(from: &Datatype, to: &Datatype) -> Option<Text> {
        match (&from.class, &to.class) {
            (Class::String { padding: from, charset }, Class::String { padding: to, charset: other })
                if charset == other =>
            {
                Some(Text { from: *from, to: *to })
            }
            _ => None,
        }
    }

    /// Converts one string.
    pub(super) fn convert(self, source: &[u8], target: &mut [u8]) {
        let len = match self.from {
            Padding::SpacePadded => source.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1),
            _ => source.iter().position(|&byte| byte == 0).unwrap_or(source.len()),
        };
        let len = len.min(target.len());
        let (text, rest) = target.split_at_mut(len);
        text.copy_from_slice(&source[..len]);
        rest.fill(if self.to == Padding::SpacePadded { b' ' } else { 0 });
        if let (Padding::NullTerminated, Some(last)) = (self.to, target.last_mut()) {
            *last = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_off_and_what_is_left_is_filled() {
        use Padding::{NullPadded, NullTerminated, SpacePadded};
        for (from, source, to, expected) in [
            (NullPadded, &b"abc"[..], NullPadded, &b"abc\0\0"[..]),
            (NullPadded, b"abcdef", NullPadded, b"abc"),
            (NullPadded, b"abcdef", NullTerminated, b"ab\0"),
            (NullTerminated, b"a\0cd", SpacePadded, b"a  "),
            (SpacePadded, b"a b  ", NullPadded, b"a b\0"),
            (SpacePadded, b"   ", NullTerminated, b"\0\0"),
            (SpacePadded, b"a\0b ", NullTerminated, b"a\0b\0"),
        ] {
            let mut target = vec![b'x'; expected.len()];
            Text { from, to }.convert(source, &mut target);
            assert_eq!(target, expected, "{from:?} {source:?} {to:?}");
        }
    }
}
