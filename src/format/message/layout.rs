//! The data layout message: how a dataset's raw data is stored, and where.
//!
//! Specification 4.0, IV.A.2.i.
//!
//! ```text
//! versions 1, 2                             version 3                        versions 4, 5
//!  0  1  version                             0  1  version                    0  1  version
//!  1  1  dimensionality (n)                  1  1  class                      1  1  class
//!  2  1  class                              compact                          compact, contiguous: as version 3
//!  3  5  reserved                            2  2  size                      chunked
//!  8  O  address, unless compact             4  .  data                       2  1  flags
//!  .  .  n sizes of 4 bytes; chunked:       contiguous                        3  1  dimensionality (n)
//!        the last is the element's           2  O  address                    4  1  width of a size (w)
//!  .  4  size of the data } if               .  L  size                       5  .  n sizes of w bytes; the last
//!  .  .  data             } compact         chunked                                 is the element's
//!                                            2  1  dimensionality (n)         .  1  chunk index type
//!                                            3  O  address of the B-tree 1    .  .  its parameters
//!                                            .  .  n sizes of 4 bytes; the    .  O  its address
//!                                                  last is the element's     virtual
//!                                                                             2  O  global heap collection
//!                                                                             .  4  index in it
//! ```
//!
//! Classes: 0 compact, 1 contiguous, 2 chunked, 3 virtual. Reads versions 1 to 5, writes them as they were read.

use crate::base::{Address, Reader, Result, Sizes, Structure, Writer};
use crate::format::Wire;

use super::dataspace::MAX_RANK;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    pub(crate) version: u8,
    /// The sizes that versions 1 and 2 repeat for unchunked data; they say nothing that the dataspace does not.
    pub(crate) old_sizes: Vec<u32>,
    pub(crate) storage: Storage,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Storage {
    Compact(Vec<u8>),
    Contiguous {
        address: Option<Address>,
        /// Versions 1 and 2 do not store it.
        size: Option<u64>,
    },
    Chunked(Chunked),
    Virtual {
        collection: Option<Address>,
        index: u32,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chunked {
    /// The chunk's sizes in elements.
    pub(crate) shape: Vec<u64>,
    pub(crate) element_size: u64,
    /// Versions 4 and 5: bytes that each size takes.
    pub(crate) width: u8,
    /// Versions 4 and 5: partial chunks at the edge are not filtered.
    pub(crate) whole_chunks_only: bool,
    pub(crate) index: ChunkIndexKind,
    pub(crate) address: Option<Address>,
}

/// The structure that finds a chunk, and what it takes to open it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ChunkIndexKind {
    BTree1,
    /// The stored size and the filter mask, where the chunk is filtered.
    Single(Option<(u64, u32)>),
    Implicit,
    FixedArray {
        page_bits: u8,
    },
    ExtensibleArray(ExtensibleArrayParameters),
    BTree2 {
        node_size: u32,
        split_percent: u8,
        merge_percent: u8,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ExtensibleArrayParameters {
    pub(crate) max_bits: u8,
    pub(crate) index_elements: u8,
    pub(crate) min_pointers: u8,
    pub(crate) min_elements: u8,
    pub(crate) page_bits: u8,
}

const COMPACT: u8 = 0;
const CONTIGUOUS: u8 = 1;
const CHUNKED: u8 = 2;
const VIRTUAL: u8 = 3;

const WHOLE_CHUNKS_ONLY: u8 = 1;
const SINGLE_FILTERED: u8 = 2;

impl Storage {
    fn class(&self) -> u8 {
        match self {
            Storage::Compact(_) => COMPACT,
            Storage::Contiguous { .. } => CONTIGUOUS,
            Storage::Chunked(_) => CHUNKED,
            Storage::Virtual { .. } => VIRTUAL,
        }
    }
}

impl Wire for Layout {
    const STRUCTURE: Structure = Structure::Layout;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let version = r.version(1..=5)?;
        if version < 3 {
            return decode_old(r, *sizes, version);
        }
        let at = r.clone();
        let storage = match (r.u8()?, version) {
            (COMPACT, _) => {
                let size = u64::from(r.u16()?);
                Storage::Compact(r.take_long(size)?.to_vec())
            }
            (CONTIGUOUS, _) => {
                Storage::Contiguous { address: r.address(*sizes)?, size: Some(r.length(*sizes)?) }
            }
            (CHUNKED, 3) => decode_chunked_3(r, *sizes)?,
            (CHUNKED, _) => decode_chunked_4(r, *sizes)?,
            (VIRTUAL, 4..) => Storage::Virtual { collection: r.address(*sizes)?, index: r.u32()? },
            (class, _) => return Err(at.bad("layout class", class, "no such class in this version")),
        };
        Ok(Layout { version, old_sizes: Vec::new(), storage })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        let old = if self.version < 3 { 6 + 4 * self.old_sizes.len() } else { 0 };
        let body = match &self.storage {
            Storage::Compact(data) => data.len() + if self.version < 3 { 4 } else { 2 },
            Storage::Contiguous { size, .. } => sizes.address() + size.map_or(0, |_| sizes.len()),
            Storage::Virtual { .. } => sizes.address() + 4,
            Storage::Chunked(chunked) => chunked.len(self.version, *sizes),
        };
        Ok(2 + old + body)
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.u8(self.version);
        if self.version < 3 {
            return encode_old(self, w, *sizes);
        }
        w.u8(self.storage.class());
        match &self.storage {
            Storage::Compact(data) => {
                w.size(data.len(), 2, "size of the compact data")?;
                w.put(data);
            }
            Storage::Contiguous { address, size } => {
                w.address(*address, *sizes)?;
                w.length(size.unwrap_or(0), *sizes, "size of the contiguous data")?;
            }
            Storage::Chunked(chunked) if self.version == 3 => encode_chunked_3(chunked, w, *sizes)?,
            Storage::Chunked(chunked) => encode_chunked_4(chunked, w, *sizes)?,
            Storage::Virtual { collection, index } => {
                w.address(*collection, *sizes)?;
                w.u32(*index);
            }
        }
        Ok(())
    }
}

impl Chunked {
    fn len(&self, version: u8, sizes: Sizes) -> usize {
        let dimensions = self.shape.len() + 1;
        match version {
            1 | 2 => sizes.address() + 4 * dimensions,
            3 => 1 + sizes.address() + 4 * dimensions,
            _ => 3 + dimensions * usize::from(self.width) + self.index.len(sizes) + sizes.address(),
        }
    }
}

fn decode_old(r: &mut Reader<'_>, sizes: Sizes, version: u8) -> Result<Layout> {
    let at = r.clone();
    let dimensions = r.u8()?;
    let class = r.u8()?;
    r.skip_padding(5, "reserved")?;
    let address = if class == COMPACT { None } else { r.address(sizes)? };
    if dimensions > MAX_RANK + 1 {
        return Err(at.bad("dimensionality", dimensions, "at most 33"));
    }
    let old_sizes = (0..dimensions).map(|_| r.u32()).collect::<Result<Vec<_>>>()?;
    let (old_sizes, storage) = match class {
        COMPACT => {
            let size = u64::from(r.u32()?);
            (old_sizes, Storage::Compact(r.take_long(size)?.to_vec()))
        }
        CONTIGUOUS => (old_sizes, Storage::Contiguous { address, size: None }),
        CHUNKED => {
            let all = old_sizes.into_iter().map(u64::from).collect();
            (Vec::new(), chunked(&at, all, 0, false, ChunkIndexKind::BTree1, address)?)
        }
        class => return Err(at.bad("layout class", class, "no such class in this version")),
    };
    Ok(Layout { version, old_sizes, storage })
}

fn encode_old(layout: &Layout, w: &mut Writer, sizes: Sizes) -> Result<()> {
    let dimensions = match &layout.storage {
        Storage::Chunked(chunked) => chunked.shape.len() + 1,
        _ => layout.old_sizes.len(),
    };
    w.size(dimensions, 1, "dimensionality")?;
    w.u8(layout.storage.class());
    w.fill(5, 0);
    match &layout.storage {
        Storage::Contiguous { address, .. } => w.address(*address, sizes)?,
        Storage::Chunked(chunked) => {
            w.address(chunked.address, sizes)?;
            encode_sizes(chunked, w, 4)?;
        }
        _ => {}
    }
    layout.old_sizes.iter().for_each(|&size| w.u32(size));
    if let Storage::Compact(data) = &layout.storage {
        w.size(data.len(), 4, "size of the compact data")?;
        w.put(data);
    }
    Ok(())
}

/// Puts the parts of chunked storage together; the last of `all` sizes is the element's.
fn chunked(
    at: &Reader<'_>,
    all: Vec<u64>,
    width: u8,
    whole_chunks_only: bool,
    index: ChunkIndexKind,
    address: Option<Address>,
) -> Result<Storage> {
    let Some((&element_size, shape)) = all.split_last().filter(|(_, shape)| !shape.is_empty()) else {
        return Err(at.bad("dimensionality", all.len() as u64, "a chunk has at least 2"));
    };
    if all.contains(&0) {
        return Err(at.bad("chunk dimension size", 0u8, "it must be greater than zero"));
    }
    let shape = shape.to_vec();
    Ok(Storage::Chunked(Chunked { shape, element_size, width, whole_chunks_only, index, address }))
}

fn decode_chunked_3(r: &mut Reader<'_>, sizes: Sizes) -> Result<Storage> {
    let at = r.clone();
    let dimensions = r.u8()?;
    if dimensions > MAX_RANK + 1 {
        return Err(at.bad("dimensionality", dimensions, "at most 33"));
    }
    let address = r.address(sizes)?;
    let all = (0..dimensions).map(|_| r.u32().map(u64::from)).collect::<Result<_>>()?;
    chunked(&at, all, 0, false, ChunkIndexKind::BTree1, address)
}

fn encode_chunked_3(chunked: &Chunked, w: &mut Writer, sizes: Sizes) -> Result<()> {
    w.size(chunked.shape.len() + 1, 1, "dimensionality")?;
    w.address(chunked.address, sizes)?;
    encode_sizes(chunked, w, 4)
}

fn encode_sizes(chunked: &Chunked, w: &mut Writer, width: usize) -> Result<()> {
    for &size in chunked.shape.iter().chain([&chunked.element_size]) {
        w.uint(size, width, "chunk dimension size")?;
    }
    Ok(())
}

fn decode_chunked_4(r: &mut Reader<'_>, sizes: Sizes) -> Result<Storage> {
    let at = r.clone();
    let flags = r.flags(WHOLE_CHUNKS_ONLY | SINGLE_FILTERED)?;
    let dimensions = r.u8()?;
    if dimensions > MAX_RANK + 1 {
        return Err(at.bad("dimensionality", dimensions, "at most 33"));
    }
    let width = r.u8()?;
    if !(1..=8).contains(&width) {
        return Err(at.bad("width of a dimension size", width, "1 to 8 bytes are allowed"));
    }
    let all = (0..dimensions).map(|_| r.uint(usize::from(width))).collect::<Result<_>>()?;
    let index = ChunkIndexKind::decode(r, sizes, flags & SINGLE_FILTERED != 0)?;
    let address = r.address(sizes)?;
    chunked(&at, all, width, flags & WHOLE_CHUNKS_ONLY != 0, index, address)
}

fn encode_chunked_4(chunked: &Chunked, w: &mut Writer, sizes: Sizes) -> Result<()> {
    let whole = if chunked.whole_chunks_only { WHOLE_CHUNKS_ONLY } else { 0 };
    let filtered = matches!(chunked.index, ChunkIndexKind::Single(Some(_)));
    w.u8(whole | if filtered { SINGLE_FILTERED } else { 0 });
    w.size(chunked.shape.len() + 1, 1, "dimensionality")?;
    w.u8(chunked.width);
    encode_sizes(chunked, w, usize::from(chunked.width))?;
    chunked.index.encode(w, sizes)?;
    w.address(chunked.address, sizes)
}

impl ChunkIndexKind {
    fn decode(r: &mut Reader<'_>, sizes: Sizes, single_filtered: bool) -> Result<Self> {
        let at = r.clone();
        Ok(match r.u8()? {
            1 if single_filtered => ChunkIndexKind::Single(Some((r.length(sizes)?, r.u32()?))),
            1 => ChunkIndexKind::Single(None),
            2 => ChunkIndexKind::Implicit,
            3 => ChunkIndexKind::FixedArray { page_bits: r.u8()? },
            4 => ChunkIndexKind::ExtensibleArray(ExtensibleArrayParameters {
                max_bits: r.u8()?,
                index_elements: r.u8()?,
                min_pointers: r.u8()?,
                min_elements: r.u8()?,
                page_bits: r.u8()?,
            }),
            5 => {
                ChunkIndexKind::BTree2 { node_size: r.u32()?, split_percent: r.u8()?, merge_percent: r.u8()? }
            }
            other => return Err(at.bad("chunk indexing type", other, "1 to 5 are known")),
        })
    }

    fn len(&self, sizes: Sizes) -> usize {
        1 + match self {
            ChunkIndexKind::Single(Some(_)) => sizes.len() + 4,
            ChunkIndexKind::FixedArray { .. } => 1,
            ChunkIndexKind::ExtensibleArray(_) => 5,
            ChunkIndexKind::BTree2 { .. } => 6,
            _ => 0,
        }
    }

    fn encode(&self, w: &mut Writer, sizes: Sizes) -> Result<()> {
        match *self {
            ChunkIndexKind::BTree1 => {
                return Err(crate::base::Error::misuse("a version 1 B-tree takes layout version 3"));
            }
            ChunkIndexKind::Single(None) => w.u8(1),
            ChunkIndexKind::Single(Some((size, mask))) => {
                w.u8(1);
                w.length(size, sizes, "size of the filtered chunk")?;
                w.u32(mask);
            }
            ChunkIndexKind::Implicit => w.u8(2),
            ChunkIndexKind::FixedArray { page_bits } => w.put(&[3, page_bits]),
            ChunkIndexKind::ExtensibleArray(p) => {
                w.put(&[4, p.max_bits, p.index_elements, p.min_pointers, p.min_elements, p.page_bits]);
            }
            ChunkIndexKind::BTree2 { node_size, split_percent, merge_percent } => {
                w.u8(5);
                w.u32(node_size);
                w.put(&[split_percent, merge_percent]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    #[rustfmt::skip]
    fn old_chunked() -> Vec<u8> {
        [
            &[1, 3, 2, 0, 0, 0, 0, 0][..],              // version, 3 sizes, chunked
            &[0, 8, 0, 0],                              // B-tree at 2048
            &[4, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0],      // 4 x 5 elements of 8 bytes
        ].concat()
    }
    fn old_compact() -> Vec<u8> {
        [&[2, 1, 0, 0, 0, 0, 0, 0][..], &[2, 0, 0, 0], &[2, 0, 0, 0, 7, 9]].concat()
    }
    fn old_contiguous() -> Vec<u8> {
        [&[1, 1, 1, 0, 0, 0, 0, 0][..], &[0, 8, 0, 0], &[2, 0, 0, 0]].concat()
    }
    #[rustfmt::skip]
    fn chunked_3() -> Vec<u8> {
        [
            &[3, 2, 3][..], &[0xff; 4],                 // chunked, no B-tree yet
            &[4, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0],
        ].concat()
    }
    #[rustfmt::skip]
    fn chunked_4(index: &[u8], flags: u8) -> Vec<u8> {
        [
            &[4, 2, flags, 3, 1, 4, 5, 8][..],          // sizes of one byte each: 4 x 5 elements of 8 bytes
            index, &[0, 8, 0, 0],
        ].concat()
    }

    impl Samples for Layout {
        fn samples() -> Vec<Sample<Self>> {
            let plain = |name, bytes| Sample::plain(name, NARROW, bytes);
            vec![
                plain("version 1 chunked", old_chunked()),
                plain("version 1 contiguous", old_contiguous()),
                plain("version 2 compact", old_compact()),
                plain("version 3 compact", vec![3, 0, 2, 0, 7, 9]),
                plain("version 3 contiguous", vec![3, 1, 0, 8, 0, 0, 64, 0, 0, 0]),
                plain("version 3 chunked", chunked_3()),
                plain("single", chunked_4(&[1], 0)),
                plain("single filtered", chunked_4(&[1, 99, 0, 0, 0, 1, 0, 0, 0], 2)),
                plain("implicit", chunked_4(&[2], 1)),
                plain("fixed array", chunked_4(&[3, 10], 0)),
                plain("extensible array", chunked_4(&[4, 32, 4, 4, 16, 10], 0)),
                plain("B-tree 2", chunked_4(&[5, 0, 8, 0, 0, 100, 40], 0)),
                plain("virtual", vec![4, 3, 0, 8, 0, 0, 1, 0, 0, 0]),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 6, "version 6"),
            (1, 3, "layout class is 3"),
            (2, 1, "dimensionality is 1"),
            (2, 40, "dimensionality is 40"),
        ];
        refuse::<Layout>(chunked_3(), NARROW, &changes);
        refuse::<Layout>(chunked_3(), NARROW, &[(7, 0, "chunk dimension size is 0")]);
        let changes = [
            (2, 4, "flags is 4"),
            (4, 9, "width of a dimension size is 9"),
            (8, 6, "chunk indexing type is 6"),
        ];
        refuse::<Layout>(chunked_4(&[2], 0), NARROW, &changes);
    }
}
