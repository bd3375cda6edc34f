//! The fractal heap header: the heap's parameters, its statistics, and where its root block is.
//!
//! Specification 4.0, III.G.
//!
//! ```text
//!  0  4  signature "FRHP"
//!  4  1  version (0)
//!  5  2  length of heap identifiers
//!  7  2  length of the filter information
//!  9  1  flags: bit 0 the identifiers of huge objects have wrapped, bit 1 direct blocks have a checksum
//! 10  4  maximum size of managed objects
//! 14  L  next identifier of a huge object
//!  .  O  address of the B-tree of huge objects
//!  .  L  free space in managed blocks
//!  .  O  address of the free-space manager of managed blocks
//!  .  L  managed space
//!  .  L  allocated managed space
//!  .  L  offset of the block allocation iterator in managed space
//!  .  L  number of managed objects
//!  .  L  size of huge objects
//!  .  L  number of huge objects
//!  .  L  size of tiny objects
//!  .  L  number of tiny objects
//!  .  2  table width
//!  .  L  starting block size
//!  .  L  maximum direct block size
//!  .  2  maximum heap size, as a number of bits
//!  .  2  starting number of rows in the root indirect block
//!  .  O  address of the root block
//!  .  2  current number of rows in the root indirect block (0: the root is a direct block)
//!  .  L  size of the filtered root direct block   }
//!  .  4  filter mask of the root direct block     } if there is filter information
//!  .  .  filter pipeline message                  }
//!  .  4  checksum
//! ```
//!
//! Reads and writes version 0.

use super::{DoublingTable, HeapContext};
use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::{Framed, Wire};

/// Bit of `flags`: a new huge object needs a search for an identifier that is free.
pub(crate) const HUGE_IDS_WRAPPED: u8 = 1;
/// Bit of `flags`: direct blocks have a checksum.
pub(crate) const CHECKSUMMED: u8 = 2;

/// The longest identifier: one byte and a tiny object of 4096 bytes.
const MAX_ID_LEN: u16 = 4097;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FractalHeapHeader {
    pub(crate) id_len: u16,
    pub(crate) flags: u8,
    pub(crate) max_managed_size: u32,
    pub(crate) next_huge_id: u64,
    pub(crate) huge_btree: Option<Address>,
    pub(crate) free_space: u64,
    pub(crate) free_space_manager: Option<Address>,
    pub(crate) managed_space: u64,
    pub(crate) allocated_space: u64,
    pub(crate) iterator_offset: u64,
    pub(crate) managed_objects: u64,
    pub(crate) huge_size: u64,
    pub(crate) huge_objects: u64,
    pub(crate) tiny_size: u64,
    pub(crate) tiny_objects: u64,
    pub(crate) table: DoublingTable,
    pub(crate) start_root_rows: u16,
    /// An empty heap has none.
    pub(crate) root: Option<Address>,
    /// 0 if the root is a direct block.
    pub(crate) root_rows: u16,
    pub(crate) filter: Option<HeapFilter>,
}

/// What direct blocks and huge objects pass through.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HeapFilter {
    /// Of the root direct block; meaningless while the root is an indirect one.
    pub(crate) root_size: u64,
    pub(crate) root_mask: u32,
    /// The filter pipeline message as it is.
    pub(crate) pipeline: Vec<u8>,
}

impl FractalHeapHeader {
    /// What the heap's other blocks are decoded by.
    pub(crate) fn context(&self, sizes: Sizes) -> HeapContext {
        HeapContext {
            sizes,
            table: self.table,
            id_len: self.id_len,
            max_managed_size: self.max_managed_size,
            checksummed: self.flags & CHECKSUMMED != 0,
            filtered: self.filter.is_some(),
        }
    }
}

impl Wire for FractalHeapHeader {
    const STRUCTURE: Structure = Structure::FractalHeapHeader;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let len = block_len(&mut r.clone(), *sizes)?;
        let mut body = r.block(len, Structure::FractalHeapHeader)?.checked()?;
        let header = decode_body(&mut body, *sizes)?;
        body.finish()?;
        Ok(header)
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(fixed_len(*sizes) + self.filter.as_ref().map_or(0, |f| filter_len(*sizes) + f.pipeline.len()))
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        let sizes = *sizes;
        w.put(b"FRHP\0");
        w.u16(self.id_len);
        w.size(self.filter.as_ref().map_or(0, |f| f.pipeline.len()), 2, "length of the filter information")?;
        w.u8(self.flags);
        w.u32(self.max_managed_size);
        w.length(self.next_huge_id, sizes, "next identifier of a huge object")?;
        w.address(self.huge_btree, sizes)?;
        w.length(self.free_space, sizes, "free space in managed blocks")?;
        w.address(self.free_space_manager, sizes)?;
        self.encode_statistics(w, sizes)?;
        w.u16(self.table.width);
        w.length(self.table.start, sizes, "starting block size")?;
        w.length(self.table.max_direct, sizes, "maximum direct block size")?;
        w.u16(self.table.max_bits);
        w.u16(self.start_root_rows);
        w.address(self.root, sizes)?;
        w.u16(self.root_rows);
        if let Some(filter) = &self.filter {
            w.length(filter.root_size, sizes, "size of the filtered root direct block")?;
            w.u32(filter.root_mask);
            w.put(&filter.pipeline);
        }
        w.checksum();
        Ok(())
    }
}

impl FractalHeapHeader {
    fn encode_statistics(&self, w: &mut Writer, sizes: Sizes) -> Result<()> {
        let numbers = [
            (self.managed_space, "managed space"),
            (self.allocated_space, "allocated managed space"),
            (self.iterator_offset, "offset of the block allocation iterator"),
            (self.managed_objects, "number of managed objects"),
            (self.huge_size, "size of huge objects"),
            (self.huge_objects, "number of huge objects"),
            (self.tiny_size, "size of tiny objects"),
            (self.tiny_objects, "number of tiny objects"),
        ];
        numbers.into_iter().try_for_each(|(value, name)| w.length(value, sizes, name))
    }
}

impl Framed for FractalHeapHeader {
    fn prefix_len(_: &Sizes) -> usize {
        9
    }

    fn extent(prefix: &mut Reader<'_>, sizes: &Sizes) -> Result<u64> {
        block_len(prefix, *sizes)
    }
}

fn fixed_len(sizes: Sizes) -> usize {
    26 + 12 * sizes.len() + 3 * sizes.address()
}

fn filter_len(sizes: Sizes) -> usize {
    sizes.len() + 4
}

fn block_len(r: &mut Reader<'_>, sizes: Sizes) -> Result<u64> {
    r.signature(b"FRHP")?;
    r.version(0..=0)?;
    r.take(2)?;
    let pipeline = usize::from(r.u16()?);
    let filter = if pipeline == 0 { 0 } else { filter_len(sizes) + pipeline };
    Ok((fixed_len(sizes) + filter) as u64)
}

fn decode_body(r: &mut Reader<'_>, sizes: Sizes) -> Result<FractalHeapHeader> {
    r.take(5)?;
    let at = r.clone();
    let id_len = r.u16()?;
    if !(1..=MAX_ID_LEN).contains(&id_len) {
        return Err(at.bad("length of heap identifiers", id_len, "from 1 to 4097"));
    }
    let pipeline = r.u16()?;
    let mut header = FractalHeapHeader {
        id_len,
        flags: r.flags(HUGE_IDS_WRAPPED | CHECKSUMMED)?,
        max_managed_size: r.u32()?,
        next_huge_id: r.length(sizes)?,
        huge_btree: r.address(sizes)?,
        free_space: r.length(sizes)?,
        free_space_manager: r.address(sizes)?,
        managed_space: r.length(sizes)?,
        allocated_space: r.length(sizes)?,
        iterator_offset: r.length(sizes)?,
        managed_objects: r.length(sizes)?,
        huge_size: r.length(sizes)?,
        huge_objects: r.length(sizes)?,
        tiny_size: r.length(sizes)?,
        tiny_objects: r.length(sizes)?,
        table: decode_table(r, sizes)?,
        start_root_rows: r.u16()?,
        root: r.address(sizes)?,
        root_rows: r.u16()?,
        filter: None,
    };
    if u32::from(header.root_rows) > header.table.max_root_rows() {
        return Err(r.bad("rows of the root indirect block", header.root_rows, "over the maximum heap size"));
    }
    if pipeline > 0 {
        header.filter = Some(decode_filter(r, pipeline, sizes)?);
    }
    Ok(header)
}

fn decode_filter(r: &mut Reader<'_>, len: u16, sizes: Sizes) -> Result<HeapFilter> {
    let (root_size, root_mask) = (r.length(sizes)?, r.u32()?);
    Ok(HeapFilter { root_size, root_mask, pipeline: r.take(usize::from(len))?.to_vec() })
}

fn decode_table(r: &mut Reader<'_>, sizes: Sizes) -> Result<DoublingTable> {
    let at = r.clone();
    let width = r.u16()?;
    let table =
        DoublingTable { width, start: r.length(sizes)?, max_direct: r.length(sizes)?, max_bits: r.u16()? };
    table.check(&at)?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse_sealed, sealed};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    /// The heap of a group of nine links as h5py 3.16 (libhdf5 2.0) wrote it.
    #[rustfmt::skip]
    fn links() -> Vec<u8> {
        [
            &b"FRHP\0"[..],
            &[7, 0, 0, 0, 2],                           // identifiers of 7 bytes, no filters, checksums
            &[0, 16, 0, 0],                             // objects of up to 4096 bytes are managed
            &[0; 8], &[0xff; 8],                        // no huge objects
            &[0x5b, 1, 0, 0, 0, 0, 0, 0],               // 347 bytes are free
            &[0x49, 7, 0, 0, 0, 0, 0, 0],               // free-space manager at 1865
            &[0, 2, 0, 0, 0, 0, 0, 0],                  // 512 bytes of managed space,
            &[0, 2, 0, 0, 0, 0, 0, 0],                  // all of them allocated
            &[0; 8],
            &[9, 0, 0, 0, 0, 0, 0, 0],                  // 9 objects
            &[0; 32],                                   // huge and tiny ones
            &[4, 0],                                    // four columns
            &[0, 2, 0, 0, 0, 0, 0, 0],                  // blocks from 512
            &[0, 0, 1, 0, 0, 0, 0, 0],                  // to 65536 bytes
            &[32, 0, 1, 0],                             // 32 bits; one row at first
            &[0x9b, 9, 0, 0, 0, 0, 0, 0],               // root at 2459,
            &[0, 0],                                    // a direct block
            &[0xfd, 0xca, 0x44, 0x16],                  // checksum
        ].concat()
    }

    #[rustfmt::skip]
    fn filtered() -> Vec<u8> {
        sealed(&[
            &b"FRHP\0"[..],
            &[8, 0, 16, 0, 0],                          // 16 bytes of filter information, no checksums
            &[0, 1, 0, 0],
            &[1, 0, 0, 0], &[0, 9, 0, 0],               // huge objects' B-tree at 2304
            &[0; 4], &[0xff; 4],
            &[0; 12], &[0; 4],
            &[4, 0, 0, 0, 1, 0, 0, 0], &[0; 8],
            &[4, 0, 0, 1, 0, 0, 0, 4, 0, 0],            // four columns, blocks from 256 to 1024 bytes
            &[16, 0, 1, 0],                             // 16 bits; one row at first
            &[0, 8, 0, 0, 0, 0],                        // root at 2048, a direct block
            &[100, 0, 0, 0, 0, 0, 0, 0],                // 100 bytes after filtering, mask
            &[2, 1, 1, 0, 0, 0, 1, 0, 9, 0, 0, 0],      // pipeline, as its message has it
            &[0; 4],
        ].concat())
    }

    impl Samples for FractalHeapHeader {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::sealed("links of a group", Sizes::EIGHT, links()),
                Sample::sealed("filtered", NARROW, filtered()),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 0, "signature"),
            (4, 1, "version 1 (known up to 0)"),
            (5, 0, "length of heap identifiers is 0"),
            (6, 32, "length of heap identifiers is 8199"),
            (9, 4, "flags is 4"),
            (110, 3, "table width is 3: not a power of two"),
            (113, 0, "starting block size is 0"),
            (122, 0, "maximum direct block size is 0"),
            (128, 65, "maximum heap size is 65"),
            (140, 23, "rows of the root indirect block is 23"),
        ];
        refuse_sealed::<FractalHeapHeader>(links(), Sizes::EIGHT, &changes);
        crate::format::battery::refuse::<FractalHeapHeader>(links(), Sizes::EIGHT, &[(20, 1, "checksum")]);
    }
}
