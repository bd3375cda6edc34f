//! The link message: one link of a new-style group, in its header or in its fractal heap.
//!
//! Specification 4.0, IV.A.2.g.
//!
//! ```text
//!  0  1  version (1)
//!  1  1  flags: bits 0-1 width of the name's length (1, 2, 4, 8), 2 creation order, 3 link type, 4 character set
//!  .  1  link type, if bit 3: 0 hard (also where it is absent), 1 soft, 64 external, 65 and up user-defined
//!  .  8  creation order, if bit 2
//!  .  1  character set of the name, if bit 4: 0 ASCII, 1 UTF-8
//!  .  .  length of the name
//!  .  .  name, without NUL
//!  .  .  hard: address of the object header (O)
//!        soft: length (2), path
//!        others: length (2), data; of an external link: version and flags (1), file name, NUL, path, NUL
//! ```
//!
//! Reads and writes version 1.

use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) flags: u8,
    pub(crate) creation_order: Option<u64>,
    /// 0 ASCII, 1 UTF-8; where it is absent, ASCII.
    pub(crate) charset: Option<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) target: Target,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    Hard(Address),
    Soft(Vec<u8>),
    /// `data` of an external link is its stored form.
    Other {
        kind: u8,
        data: Vec<u8>,
    },
}

/// The link type of external links.
pub(crate) const EXTERNAL: u8 = 64;

const WIDTH: u8 = 3;
const HAS_ORDER: u8 = 4;
const HAS_TYPE: u8 = 8;
const HAS_CHARSET: u8 = 16;

impl Link {
    pub(crate) fn new(name: &str, creation_order: Option<u64>, target: Target) -> Self {
        let charset = (!name.is_ascii()).then_some(1);
        Link::of_bytes(name.as_bytes(), charset, creation_order, target)
    }

    /// A link with the flags that its parts call for.
    pub(crate) fn of_bytes(
        name: &[u8],
        charset: Option<u8>,
        creation_order: Option<u64>,
        target: Target,
    ) -> Self {
        let width = match name.len() {
            0..=0xff => 0,
            0x100..=0xffff => 1,
            _ => 2,
        };
        let order = if creation_order.is_some() { HAS_ORDER } else { 0 };
        let kind = if matches!(target, Target::Hard(_)) { 0 } else { HAS_TYPE };
        let with_charset = if charset.is_some() { HAS_CHARSET } else { 0 };
        let flags = width | order | kind | with_charset;
        Link { flags, creation_order, charset, name: name.to_vec(), target }
    }

    fn width(&self) -> usize {
        1 << (self.flags & WIDTH)
    }
}

impl Target {
    fn kind(&self) -> u8 {
        match self {
            Target::Hard(_) => 0,
            Target::Soft(_) => 1,
            Target::Other { kind, .. } => *kind,
        }
    }

    /// An external link to a path in a file.
    pub(crate) fn to_external(file: &[u8], path: &[u8]) -> Result<Target> {
        if file.is_empty() || path.is_empty() || file.contains(&0) || path.contains(&0) {
            return Err(Error::misuse(
                "an external link needs the names of a file and of an object, without NUL",
            ));
        }
        let data = [&[0], file, &[0], path, &[0]].concat();
        Ok(Target::Other { kind: EXTERNAL, data })
    }

    /// The file name and the path of an external link.
    pub(crate) fn external(&self) -> Option<Result<(&[u8], &[u8])>> {
        match self {
            Target::Other { kind: EXTERNAL, data } => Some(split_external(data)),
            _ => None,
        }
    }
}

fn split_external(data: &[u8]) -> Result<(&[u8], &[u8])> {
    let bad = |why: &str| Err(Error::malformed(format!("external link: {why}")));
    match data.first() {
        Some(0) => {}
        Some(other) => return bad(&format!("version and flags are {other:#x}, 0 is known")),
        None => return bad("it is empty"),
    }
    let mut parts = data[1..].split(|&byte| byte == 0);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(path), Some(_)) => Ok((file, path)),
        _ => bad("a name has no end"),
    }
}

impl Wire for Link {
    const STRUCTURE: Structure = Structure::Link;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        r.version(1..=1)?;
        let flags = r.flags(WIDTH | HAS_ORDER | HAS_TYPE | HAS_CHARSET)?;
        let kind = if flags & HAS_TYPE == 0 { 0 } else { r.u8()? };
        let creation_order = if flags & HAS_ORDER == 0 { None } else { Some(r.u64()?) };
        let charset = if flags & HAS_CHARSET == 0 { None } else { Some(r.u8()?) };
        if charset.is_some_and(|set| set > 1) {
            return Err(r.bad("character set", charset.unwrap_or(0), "0 and 1 are known"));
        }
        let length = r.uint(1 << (flags & WIDTH))?;
        if length == 0 {
            return Err(r.bad("length of the link's name", 0u8, "it must be greater than zero"));
        }
        let name = r.take_long(length)?.to_vec();
        let target = match kind {
            0 => Target::Hard(r.defined_address(*sizes, "object header address")?),
            1 => Target::Soft(counted(r)?),
            2..EXTERNAL => return Err(r.bad("link type", kind, "it is reserved")),
            kind => Target::Other { kind, data: counted(r)? },
        };
        Ok(Link { flags, creation_order, charset, name, target })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        let optional = [(HAS_TYPE, 1), (HAS_ORDER, 8), (HAS_CHARSET, 1)];
        let optional: usize =
            optional.iter().filter(|(bit, _)| self.flags & bit != 0).map(|(_, len)| len).sum();
        let target = match &self.target {
            Target::Hard(_) => sizes.address(),
            Target::Soft(data) | Target::Other { data, .. } => 2 + data.len(),
        };
        Ok(2 + optional + self.width() + self.name.len() + target)
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.put(&[1, self.flags]);
        if self.flags & HAS_TYPE != 0 {
            w.u8(self.target.kind());
        }
        if let Some(order) = self.creation_order {
            w.u64(order);
        }
        if let Some(charset) = self.charset {
            w.u8(charset);
        }
        w.size(self.name.len(), self.width(), "length of the link's name")?;
        w.put(&self.name);
        match &self.target {
            Target::Hard(address) => w.address(Some(*address), *sizes),
            Target::Soft(data) | Target::Other { data, .. } => {
                w.size(data.len(), 2, "length of the link's target")?;
                w.put(data);
                Ok(())
            }
        }
    }
}

fn counted(r: &mut Reader<'_>) -> Result<Vec<u8>> {
    let length = r.u16()?;
    Ok(r.take(usize::from(length))?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    #[rustfmt::skip]
    fn hard() -> Vec<u8> {
        [
            &[1, 0x14][..],                     // version; creation order and character set follow
            &[5, 0, 0, 0, 0, 0, 0, 0, 1],       // sixth link, UTF-8
            &[2, b'a', b'b'],                   // the name
            &[96, 0, 0, 0],                     // the object header
        ].concat()
    }
    fn soft() -> Vec<u8> {
        [&[1, 8, 1][..], &[1, b's'], &[2, 0, b'/', b'a']].concat()
    }
    fn external() -> Vec<u8> {
        [&[1, 9, 64][..], &[1, 0, b'e'], &[7, 0], b"\0f.h5\0/"].concat()
    }
    fn external_whole() -> Vec<u8> {
        [&[1, 9, 64][..], &[1, 0, b'e'], &[8, 0], b"\0f.h5\0/\0"].concat()
    }

    impl Samples for Link {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("hard", NARROW, hard()),
                Sample::plain("soft", NARROW, soft()),
                Sample::plain("external", NARROW, external_whole()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 2, "version 2"), (1, 0x34, "flags is 52"), (10, 2, "character set is 2")];
        refuse::<Link>(hard(), NARROW, &changes);
        refuse::<Link>(hard(), NARROW, &[(11, 0, "length of the link's name is 0")]);
        refuse::<Link>(soft(), NARROW, &[(2, 9, "link type is 9")]);
    }

    #[test]
    fn an_external_link_has_a_file_and_a_path_or_is_refused() {
        let budget = Default::default();
        let link: Link = crate::format::decode(&external_whole(), 0, &NARROW, &budget).unwrap();
        assert_eq!(link.target.external().unwrap().unwrap(), (&b"f.h5"[..], &b"/"[..]));
        let cut: Link = crate::format::decode(&external(), 0, &NARROW, &budget).unwrap();
        assert!(cut.target.external().unwrap().is_err());
    }
}
