//! The external file list message: raw data that lies in other files.
//!
//! Specification 4.0, IV.A.2.h.
//!
//! ```text
//!  0  1  version (1)                          slot
//!  1  3  reserved                              0  L  offset of the file's name in the local heap
//!  4  2  slots allocated                       L  L  offset of the data in that file
//!  6  2  slots used                           2L  L  bytes of the data (all ones: to any length)
//!  8  O  address of the local heap
//!  .  .  slots
//! ```
//!
//! Reads and writes version 1.

use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExternalFiles {
    pub(crate) heap: Address,
    pub(crate) slots: Vec<Slot>,
    /// The bytes of slots that are allocated and not used.
    pub(crate) unused: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slot {
    pub(crate) name_offset: u64,
    pub(crate) offset: u64,
    /// `None`: as much as there is.
    pub(crate) size: Option<u64>,
}

impl Wire for ExternalFiles {
    const STRUCTURE: Structure = Structure::ExternalFiles;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        r.version(1..=1)?;
        r.skip_padding(3, "reserved")?;
        let (allocated, used) = (u64::from(r.u16()?), u64::from(r.u16()?));
        if used > allocated {
            return Err(r.bad("slots used", used, "more than are allocated"));
        }
        let heap = r.defined_address(*sizes, "local heap address")?;
        r.count(allocated, 3 * sizes.len())?;
        let slots = (0..used).map(|_| decode_slot(r, *sizes)).collect::<Result<_>>()?;
        let unused = r.take_long((allocated - used) * 3 * u64::from(sizes.length))?.to_vec();
        Ok(ExternalFiles { heap, slots, unused })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(8 + sizes.address() + self.slots.len() * 3 * sizes.len() + self.unused.len())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.put(&[1, 0, 0, 0]);
        let allocated = self.slots.len() + self.unused.len() / (3 * sizes.len());
        w.size(allocated, 2, "slots allocated")?;
        w.size(self.slots.len(), 2, "slots used")?;
        w.address(Some(self.heap), *sizes)?;
        for slot in &self.slots {
            w.length(slot.name_offset, *sizes, "name offset")?;
            w.length(slot.offset, *sizes, "offset in the external file")?;
            w.limited_length(slot.size, *sizes, "size in the external file")?;
        }
        w.put(&self.unused);
        Ok(())
    }
}

fn decode_slot(r: &mut Reader<'_>, sizes: Sizes) -> Result<Slot> {
    Ok(Slot { name_offset: r.length(sizes)?, offset: r.length(sizes)?, size: r.limited_length(sizes)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 2 };
    #[rustfmt::skip]
    const BYTES: [u8; 24] = [
        1, 0, 0, 0, 2, 0, 1, 0,                 // version, two slots, one of them used
        0, 8, 0, 0,                             // names in the heap at 2048
        8, 0, 0, 0, 0xff, 0xff,                 // name at 8, data from 0 to the end
        0, 0, 0, 0, 0, 0,                       // unused
    ];

    impl Samples for ExternalFiles {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("two slots", NARROW, BYTES.to_vec())]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [(0, 2, "version 2"), (6, 3, "slots used is 3")];
        refuse::<ExternalFiles>(BYTES.to_vec(), NARROW, &changes);
    }
}
