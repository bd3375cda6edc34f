//! The attribute message: a name, a datatype, a dataspace and the value itself.
//!
//! Specification 4.0, IV.A.2.m.
//!
//! ```text
//!  0  1  version
//!  1  1  flags: bit 0 datatype is shared, bit 1 dataspace is shared (version 1: reserved)
//!  2  2  bytes of the name with its NUL
//!  4  2  bytes of the datatype
//!  6  2  bytes of the dataspace
//!  8  1  character set of the name: 0 ASCII, 1 UTF-8 (version 3 only)
//!  .  .  name, datatype, dataspace (version 1: each padded to a multiple of 8)
//!  .  .  data
//! ```
//!
//! Reads and writes versions 1 to 3. The data is all that is left: how much of it counts, type and shape tell.

use crate::base::{Reader, Result, Sizes, Structure, Writer};
use crate::format::datatype::Datatype;
use crate::format::{Wire, message::dataspace::Dataspace};

use super::shared::SharedMessage;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) version: u8,
    /// 0 ASCII, 1 UTF-8.
    pub(crate) charset: u8,
    /// Without its NUL.
    pub(crate) name: Vec<u8>,
    pub(crate) datatype: Part<Datatype>,
    pub(crate) dataspace: Part<Dataspace>,
    pub(crate) data: Vec<u8>,
}

/// A message inside a message: itself, or where it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part<T> {
    Here(T),
    Shared(SharedMessage),
}

impl Attribute {
    /// An attribute in version `least`, or in the first one that can hold it.
    pub(crate) fn new(
        name: &str,
        datatype: Part<Datatype>,
        dataspace: Part<Dataspace>,
        data: Vec<u8>,
        least: u8,
    ) -> Self {
        let charset = u8::from(!name.is_ascii());
        Self::of_bytes(name.as_bytes().to_vec(), charset, datatype, dataspace, data, least)
    }

    /// The same with a name as it is stored.
    pub(crate) fn of_bytes(
        name: Vec<u8>,
        charset: u8,
        datatype: Part<Datatype>,
        dataspace: Part<Dataspace>,
        data: Vec<u8>,
        least: u8,
    ) -> Self {
        let needed = match charset {
            0 if datatype.is_shared() || dataspace.is_shared() => FIRST_SHARED,
            0 => 1,
            _ => FIRST_CHARSET,
        };
        let version = least.max(needed);
        Attribute { version, charset, name, datatype, dataspace, data }
    }
}

/// The first versions that tell whether their parts are shared, and in which characters the name is.
const FIRST_SHARED: u8 = 2;
const FIRST_CHARSET: u8 = 3;

const SHARED_DATATYPE: u8 = 1;
const SHARED_DATASPACE: u8 = 2;

impl Wire for Attribute {
    const STRUCTURE: Structure = Structure::Attribute;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let version = r.version(1..=3)?;
        let at = r.clone();
        // Version 1 calls this byte reserved and says nothing of what is in it.
        let flags = match version {
            1 => r.skip_padding(1, "reserved").map(|()| 0)?,
            _ => r.flags(SHARED_DATATYPE | SHARED_DATASPACE)?,
        };
        let lengths = [r.u16()?, r.u16()?, r.u16()?].map(u64::from);
        let charset = if version == 3 { r.u8()? } else { 0 };
        if charset > 1 {
            return Err(at.bad("character set", charset, "0 and 1 are known"));
        }
        let name = field(r, lengths[0], version, Structure::Attribute)?.c_string()?.to_vec();
        let mut datatype = field(r, lengths[1], version, Structure::Datatype)?;
        let datatype = Part::decode(&mut datatype, sizes, flags & SHARED_DATATYPE != 0)?;
        let mut dataspace = field(r, lengths[2], version, Structure::Dataspace)?;
        let dataspace = Part::decode(&mut dataspace, sizes, flags & SHARED_DATASPACE != 0)?;
        Ok(Attribute { version, charset, name, datatype, dataspace, data: r.take_rest().to_vec() })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        let fields = [self.name.len() + 1, self.datatype.len(sizes)?, self.dataspace.len(sizes)?];
        let head = if self.version == 3 { 9 } else { 8 };
        Ok(head + fields.map(|len| self.padded(len)).iter().sum::<usize>() + self.data.len())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.u8(self.version);
        let datatype = if self.datatype.is_shared() { SHARED_DATATYPE } else { 0 };
        let dataspace = if self.dataspace.is_shared() { SHARED_DATASPACE } else { 0 };
        w.u8(datatype | dataspace);
        w.size(self.name.len() + 1, 2, "length of the attribute's name")?;
        w.size(self.datatype.len(sizes)?, 2, "length of the attribute's datatype")?;
        w.size(self.dataspace.len(sizes)?, 2, "length of the attribute's dataspace")?;
        if self.version == 3 {
            w.u8(self.charset);
        }
        w.put(&self.name);
        w.u8(0);
        w.fill(self.padded(self.name.len() + 1) - self.name.len() - 1, 0);
        self.datatype.encode(w, sizes)?;
        let len = self.datatype.len(sizes)?;
        w.fill(self.padded(len) - len, 0);
        self.dataspace.encode(w, sizes)?;
        let len = self.dataspace.len(sizes)?;
        w.fill(self.padded(len) - len, 0);
        w.put(&self.data);
        Ok(())
    }
}

impl Attribute {
    fn padded(&self, len: usize) -> usize {
        if self.version == 1 { len.next_multiple_of(8) } else { len }
    }
}

/// Takes a field with its padding and returns a cursor over the field alone.
fn field<'a>(r: &mut Reader<'a>, length: u64, version: u8, structure: Structure) -> Result<Reader<'a>> {
    let block = r.block(length, structure)?;
    if version == 1 {
        let padding = length.next_multiple_of(8) - length;
        r.skip_padding(usize::from(padding.to_le_bytes()[0]), "version 1 pads each field")?;
    }
    Ok(block)
}

impl<T: Wire<Context = Sizes>> Part<T> {
    fn decode(r: &mut Reader<'_>, sizes: &Sizes, shared: bool) -> Result<Self> {
        // What is left of the field is slack: libhdf5 has written lengths that are too large.
        if shared {
            SharedMessage::decode(r, sizes).map(Part::Shared)
        } else {
            T::decode(r, sizes).map(Part::Here)
        }
    }

    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Part::Shared(_))
    }

    fn len(&self, sizes: &Sizes) -> Result<usize> {
        match self {
            Part::Here(value) => value.encoded_len(sizes),
            Part::Shared(shared) => shared.encoded_len(sizes),
        }
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        match self {
            Part::Here(value) => value.encode(w, sizes),
            Part::Shared(shared) => shared.encode(w, sizes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };
    const U16: [u8; 12] = [0x10, 0, 0, 0, 2, 0, 0, 0, 0, 0, 16, 0];

    #[rustfmt::skip]
    fn version_1() -> Vec<u8> {
        [
            &[1, 0, 2, 0, 12, 0, 8, 0][..],             // version; name, type and space have 2, 12 and 8 bytes
            b"a\0\0\0\0\0\0\0",
            &U16, &[0; 4],
            &[1, 0, 0, 0, 0, 0, 0, 0],                  // a scalar
            &[7, 0],
        ].concat()
    }
    #[rustfmt::skip]
    fn version_3() -> Vec<u8> {
        [
            &[3, 1, 2, 0, 6, 0, 4, 0, 1][..],           // version, committed type, lengths, UTF-8
            b"b\0",
            &[2, 0, 0, 8, 0, 0],                        // the type is at 2048
            &[2, 0, 0, 0],                              // a scalar
            &[7, 0],
        ].concat()
    }

    impl Samples for Attribute {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::open("version 1", NARROW, version_1(), 2),
                Sample::open("version 3", NARROW, version_3(), 2),
            ]
        }
    }

    #[test]
    fn the_lowest_version_that_holds_it_is_taken() {
        let budget = Default::default();
        let sample =
            |bytes: Vec<u8>| crate::format::decode::<Attribute>(&bytes, 0, &NARROW, &budget).unwrap();
        let (plain, shared) = (sample(version_1()), sample(version_3()));
        let version = |name, of: &Attribute, least| {
            Attribute::new(name, of.datatype.clone(), of.dataspace.clone(), Vec::new(), least).version
        };
        assert_eq!((version("a", &plain, 1), version("a", &plain, 3)), (1, 3));
        assert_eq!((version("a", &shared, 1), version("ä", &plain, 1)), (2, 3));
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse::<Attribute>(version_3(), NARROW, &[(0, 4, "version 4"), (1, 4, "flags is 4")]);
        refuse::<Attribute>(version_3(), NARROW, &[(8, 2, "character set is 2"), (10, 1, "truncated")]);
    }
}
