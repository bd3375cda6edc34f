//! When an object was last changed: in the header itself, or in one of two messages.

use super::{Core, Header};
use crate::base::{Error, Result, Structure};
use crate::format::message::modification_time::{ModificationTime, ModificationTimeOld};
use crate::format::object_header::Prefix;

/// Seconds since 1970-01-01 00:00 UTC; none where the object does not say.
pub(crate) fn modified(core: &Core, header: &Header) -> Result<Option<u64>> {
    if let Prefix::Version2 { times: Some([_, modified, ..]), .. } = header.prefix {
        return Ok(Some(modified.into()));
    }
    if let Some(new) = header.message::<ModificationTime>(core)? {
        return Ok(Some(new.seconds.into()));
    }
    header.message::<ModificationTimeOld>(core)?.map(|old| seconds(&old.0)).transpose()
}

/// The seconds up to a time in decimal digits: year, month, day, hour, minute, second.
fn seconds(digits: &[u8; 16]) -> Result<u64> {
    let bad = || {
        let text = digits[..14].escape_ascii();
        Error::malformed(format!("the time {text} is none")).within(Structure::ModificationTimeOld)
    };
    let number = |from: usize, to: usize, allowed: std::ops::RangeInclusive<u64>| {
        let number = digits[from..to].iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
        });
        number.filter(|number| allowed.contains(number)).ok_or_else(bad)
    };
    let (year, month, day) = (number(0, 4, 1970..=9999)?, number(4, 6, 1..=12)?, number(6, 8, 1..=31)?);
    let (hour, minute, second) = (number(8, 10, 0..=23)?, number(10, 12, 0..=59)?, number(12, 14, 0..=60)?);
    // Years that begin in March have their leap day at the end, and months of a regular length before that.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    // The days up to 1970-01-01 in this way of counting.
    let days = days.checked_sub(719_468).ok_or_else(bad)?;
    Ok(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{fixture, object};
    use super::*;
    use crate::format::message::MessageType;
    use crate::format::object_header::Message;

    #[test]
    fn decimal_digits_are_counted_in_seconds() {
        assert_eq!(seconds(b"19700101000000\0\0").unwrap(), 0);
        assert_eq!(seconds(b"19980929195859\0\0").unwrap(), 907_099_139);
        assert_eq!(seconds(b"20000229235959\0\0").unwrap(), 951_868_799);
        assert_eq!(seconds(b"20000301000000\0\0").unwrap(), 951_868_800);
        for wrong in [b"19691231235959\0\0", b"20001301000000\0\0", b"2000 301000000\0\0"] {
            let error = seconds(wrong).unwrap_err().to_string();
            assert!(error.contains("is none in the old modification time message"), "{error}");
        }
    }

    #[test]
    fn the_time_is_in_the_header_or_in_a_message() {
        let core = fixture("superblock_0.h5");
        let plain = Header::clone(&object(&core, "/"));
        let with = |kind, body: &[u8]| {
            let mut header = plain.clone();
            let body = body.to_vec();
            header.messages.push(Message { kind, flags: 0, creation_order: None, body, offset: 0 });
            modified(&core, &header).unwrap()
        };
        assert_eq!(modified(&core, &plain).unwrap(), None);
        assert_eq!(with(MessageType::MODIFICATION_TIME, &[1, 0, 0, 0, 9, 1, 0, 0]), Some(265));
        assert_eq!(with(MessageType::MODIFICATION_TIME_OLD, b"19700102000001\0\0"), Some(86_401));
        let mut new = plain.clone();
        new.prefix = Prefix::Version2 { flags: 0x20, times: Some([1, 2, 3, 4]), thresholds: None };
        assert_eq!(modified(&core, &new).unwrap(), Some(2));
    }
}
