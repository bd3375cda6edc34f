//! The symbol table message: where an old-style group keeps its links.
//!
//! Specification 4.0, IV.A.2.r.
//!
//! ```text
//!  0  O  address of the group's B-tree 1
//!  O  O  address of its local heap
//! ```

use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SymbolTable {
    pub(crate) btree: Address,
    pub(crate) heap: Address,
}

impl Wire for SymbolTable {
    const STRUCTURE: Structure = Structure::SymbolTable;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let btree = r.defined_address(*sizes, "group B-tree address")?;
        Ok(SymbolTable { btree, heap: r.defined_address(*sizes, "local heap address")? })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(2 * sizes.address())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.address(Some(self.btree), *sizes)?;
        w.address(Some(self.heap), *sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    impl Samples for SymbolTable {
        fn samples() -> Vec<Sample<Self>> {
            let narrow = Sizes { offset: 2, length: 2 };
            vec![Sample::plain("narrow", narrow, vec![136, 0, 168, 2])]
        }
    }

    #[test]
    fn both_addresses_have_to_be_there() {
        let narrow = Sizes { offset: 2, length: 2 };
        refuse::<SymbolTable>(vec![0, 0xff, 0, 0], narrow, &[(0, 0xff, "group B-tree address")]);
        refuse::<SymbolTable>(vec![0, 0, 0, 0xff], narrow, &[(2, 0xff, "local heap address")]);
    }
}
