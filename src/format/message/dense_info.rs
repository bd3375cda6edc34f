//! The link info and the attribute info message: where a group keeps its links, or an object its attributes, when they
//! are not in its header.
//!
//! Specification 4.0, IV.A.2.c and IV.A.2.v.
//!
//! ```text
//!  0  1  version (0)
//!  1  1  flags: bit 0 creation order tracked, bit 1 creation order indexed
//!  2  w  the next creation order value, if bit 0; 8 bytes for links, 2 for attributes
//!  .  O  address of the fractal heap
//!  .  O  address of the B-tree 2 by name
//!  .  O  address of the B-tree 2 by creation order, if bit 1
//! ```
//!
//! Reads and writes version 0 of both.

use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

/// Where a new-style group keeps its links.
pub(crate) type LinkInfo = DenseInfo<LINKS>;
/// Where an object keeps its attributes.
pub(crate) type AttributeInfo = DenseInfo<ATTRIBUTES>;

/// The two messages differ in nothing but the width of a creation order value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DenseInfo<const ORDER_WIDTH: usize> {
    /// Where the order is tracked.
    pub(crate) next_creation_order: Option<u64>,
    pub(crate) heap: Option<Address>,
    pub(crate) by_name: Option<Address>,
    /// The outer `Option` tells whether the order is indexed, the inner one whether the index exists yet.
    pub(crate) by_creation_order: Option<Option<Address>>,
}

const LINKS: usize = 8;
const ATTRIBUTES: usize = 2;

const TRACKED: u8 = 1;
const INDEXED: u8 = 2;

impl<const ORDER_WIDTH: usize> Wire for DenseInfo<ORDER_WIDTH> {
    const STRUCTURE: Structure =
        if ORDER_WIDTH == LINKS { Structure::LinkInfo } else { Structure::AttributeInfo };
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        r.version(0..=0)?;
        let flags = r.flags(TRACKED | INDEXED)?;
        let next_creation_order = if flags & TRACKED == 0 { None } else { Some(r.uint(ORDER_WIDTH)?) };
        let heap = r.address(*sizes)?;
        let by_name = r.address(*sizes)?;
        let by_creation_order = if flags & INDEXED == 0 { None } else { Some(r.address(*sizes)?) };
        Ok(DenseInfo { next_creation_order, heap, by_name, by_creation_order })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        let order = if self.next_creation_order.is_some() { ORDER_WIDTH } else { 0 };
        let addresses = if self.by_creation_order.is_some() { 3 } else { 2 };
        Ok(2 + order + addresses * sizes.address())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        let tracked = if self.next_creation_order.is_some() { TRACKED } else { 0 };
        let indexed = if self.by_creation_order.is_some() { INDEXED } else { 0 };
        w.put(&[0, tracked | indexed]);
        if let Some(order) = self.next_creation_order {
            w.uint(order, ORDER_WIDTH, "next creation order")?;
        }
        w.address(self.heap, *sizes)?;
        w.address(self.by_name, *sizes)?;
        match self.by_creation_order {
            Some(index) => w.address(index, *sizes),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };
    const PLAIN: [u8; 10] = [0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    #[rustfmt::skip]
    const LINKS: [u8; 22] = [
        0, 3, 9, 0, 0, 0, 0, 0, 0, 0,           // version, flags, nine links so far
        64, 0, 0, 0, 128, 0, 0, 0,              // heap, index by name
        192, 0, 0, 0,                           // index by creation order
    ];
    #[rustfmt::skip]
    const ATTRIBUTES: [u8; 16] = [
        0, 3, 9, 0,                             // version, flags, nine attributes so far
        64, 0, 0, 0, 128, 0, 0, 0,
        192, 0, 0, 0,
    ];

    impl Samples for LinkInfo {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("no heap", NARROW, PLAIN.to_vec()),
                Sample::plain("creation order", NARROW, LINKS.to_vec()),
            ]
        }
    }

    impl Samples for AttributeInfo {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("creation order", NARROW, ATTRIBUTES.to_vec())]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        refuse::<LinkInfo>(PLAIN.to_vec(), NARROW, &[(0, 1, "version 1"), (1, 4, "flags is 4")]);
        refuse::<AttributeInfo>(ATTRIBUTES.to_vec(), NARROW, &[(0, 1, "version 1"), (1, 7, "flags is 7")]);
    }
}
