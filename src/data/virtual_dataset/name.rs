//! The names of sources: `%b` in them stands for the number of a block, `%%` for a percent sign.

use crate::base::{Error, Result, Structure};

/// A name, cut where the number goes.
#[derive(Debug, PartialEq)]
pub(super) struct Name {
    parts: Vec<Vec<u8>>,
}

impl Name {
    pub(super) fn parse(name: &[u8]) -> Result<Name> {
        let (mut parts, mut part) = (Vec::new(), Vec::new());
        let mut bytes = name.iter();
        while let Some(&byte) = bytes.next() {
            match (byte, if byte == b'%' { bytes.next() } else { None }) {
                (b'%', Some(b'b')) => parts.push(std::mem::take(&mut part)),
                (b'%', Some(b'%')) => part.push(b'%'),
                (b'%', _) => {
                    let name = String::from_utf8_lossy(name);
                    let what = format!("the source name {name:?}: only 'b' and '%' may follow a '%'");
                    return Err(Error::malformed(what).within(Structure::VirtualMapping));
                }
                _ => part.push(byte),
            }
        }
        parts.push(part);
        Ok(Name { parts })
    }

    /// Tells whether a number goes in.
    pub(super) fn is_numbered(&self) -> bool {
        self.parts.len() > 1
    }

    /// The name of the source for a block.
    pub(super) fn of_block(&self, number: u64) -> Vec<u8> {
        self.parts.join(number.to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_percent_signs_are_put_in() {
        let name =
            |text: &str, number| String::from_utf8(Name::parse(text.as_bytes()).unwrap().of_block(number));
        assert_eq!(name("f-%b.h5", 12).unwrap(), "f-12.h5");
        assert_eq!(name("%b/%b%%", 3).unwrap(), "3/3%");
        assert_eq!(name("100%%b", 3).unwrap(), "100%b");
        assert_eq!(name("", 3).unwrap(), "");
        assert!(!Name::parse(b"a%%b").unwrap().is_numbered());
        assert!(Name::parse(b"%b").unwrap().is_numbered());
        assert!(Name::parse(b"%d").is_err() && Name::parse(b"50%").is_err());
    }
}
