//! A reference to a message that is stored elsewhere, in place of the message.
//!
//! Specification 4.0, IV.A.2, "Shared Message".
//!
//! ```text
//! version 1                      version 2                      version 3
//!  0  1  version                  0  1  version                  0  1  version
//!  1  1  type (0)                 1  1  type (0)                 1  1  type: 1 heap, 2 header, 3 this header
//!  2  6  reserved                 2  O  object header address    2  8  heap ID, if type 1
//!  8  L  name offset, unused                                     .  O  object header address otherwise
//!  .  O  object header address
//! ```
//!
//! Version 1 holds a symbol table entry, of which only the address counts. Reads versions 1 to 3, writes them as they
//! were read.

use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SharedMessage {
    pub(crate) version: u8,
    pub(crate) kind: u8,
    pub(crate) place: Place,
    /// Version 1 only: where the object's name was in a local heap.
    pub(crate) name_offset: u64,
}

/// Where the message is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// In the file's heap of shared messages.
    Heap([u8; 8]),
    /// In the header at this address, as a committed datatype is.
    Header(Address),
}

/// The type of a message in the file's heap, in version 3.
pub(crate) const IN_HEAP: u8 = 1;
/// The type of a message in another header.
const IN_HEADER: u8 = 2;

impl SharedMessage {
    /// What stands for the type that the header at an address holds. Like libhdf5 always in version 2, which tells the
    /// type of sharing although it has no other.
    pub(crate) fn committed(address: Address) -> Self {
        SharedMessage { version: 2, kind: IN_HEADER, place: Place::Header(address), name_offset: 0 }
    }
}

impl Wire for SharedMessage {
    const STRUCTURE: Structure = Structure::SharedMessage;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let version = r.version(1..=3)?;
        let kind = r.u8()?;
        r.skip_padding(if version == 1 { 6 } else { 0 }, "reserved")?;
        let name_offset = if version == 1 { r.length(*sizes)? } else { 0 };
        let place = match (version, kind) {
            (3, IN_HEAP) => Place::Heap(r.array()?),
            (3, 0 | 4..) => return Err(r.bad("shared message type", kind, "1, 2 and 3 are known")),
            _ => Place::Header(r.defined_address(*sizes, "shared message address")?),
        };
        Ok(SharedMessage { version, kind, place, name_offset })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        let reserved = if self.version == 1 { 6 + sizes.len() } else { 0 };
        Ok(2 + reserved
            + match self.place {
                Place::Heap(_) => 8,
                Place::Header(_) => sizes.address(),
            })
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.put(&[self.version, self.kind]);
        if self.version == 1 {
            w.fill(6, 0);
            w.length(self.name_offset, *sizes, "name offset")?;
        }
        match self.place {
            Place::Heap(id) => w.put(&id),
            Place::Header(address) => w.address(Some(address), *sizes)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    impl Samples for SharedMessage {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("version 1", NARROW, vec![1, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 8, 0, 0]),
                Sample::plain("version 2", NARROW, vec![2, 0, 0, 8, 0, 0]),
                Sample::plain("version 3, heap", NARROW, vec![3, 1, 0, 16, 0, 0, 0, 0, 24, 0]),
                Sample::plain("version 3, header", NARROW, vec![3, 2, 0, 8, 0, 0]),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 4, "version 4"), (1, 4, "shared message type is 4")];
        refuse::<SharedMessage>(vec![3, 2, 0, 8, 0, 0], NARROW, &changes);
    }
}
