//! References: what elements of a reference datatype hold, and what they point to in the global heap.
//!
//! Specification 4.0, VIII.B and VIII.C; where it says little, libhdf5's H5Tref.c.
//!
//! ```text
//! object reference           region reference               its object in the global heap
//!  0  O  object header        0  .  global heap identifier    0  O  object header
//!                                                             O  .  selection
//!
//! revised reference                                         its object in the global heap
//!  0  1  type: 0 none, 2 object, 3 region, 4 attribute        0  1  size of the token (T)
//!  1  1  flags: bit 0 in another file                         1  T  token: the address of the object header
//!  object in this file:     anything else:                    .  2  length of the file name    } if bit 0
//!  2  1  token size (T)      2  4  size of the heap object    .  .  file name                  } of the flags
//!  3  T  token               6  .  heap identifier            .  4  size of the selection      }
//!  .  .  not used                                             .  4  rank of the dataspace      } region
//!                                                             .  .  selection                  }
//!                                                             .  2  length of the name         } attribute
//!                                                             .  .  name                       }
//! ```
//!
//! The revised ones came with libhdf5 1.12; an element has the size of the longer of its two forms. Some of its first
//! releases put a region into a heap object larger than it needs (libhdf5's own `trefer_reg.h5`), so what is behind a
//! block doesn't count: decode it with [`decode_padded`](super::decode_padded). Reads and writes all.

use super::Wire;
use super::datatype::Reference;
use super::global_heap::GlobalHeapId;
use super::selection::SelectionInfo;
use crate::base::{Address, Error, Reader, Result, Sizes, Structure, Writer};

/// An object reference of the old kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ObjectReference(pub(crate) Option<Address>);

impl ObjectReference {
    /// The object's header, unless the reference is null: no object lies at address 0.
    pub(crate) fn target(self) -> Option<Address> {
        self.0.filter(|address| address.0 != 0)
    }
}

/// The sizes by which an element of an old reference type is read that has `len` bytes.
///
/// They are those of the file, but not where references are what a sequence is of: libhdf5 stores these as it has them in
/// memory, with addresses of 8 bytes in every file.
pub(crate) fn sizes_of_element(kind: Reference, len: usize, sizes: Sizes) -> Sizes {
    let in_memory = match kind {
        Reference::Object => Sizes::EIGHT.address(),
        _ => GlobalHeapId::len(Sizes::EIGHT),
    };
    if len == in_memory { Sizes { offset: Sizes::EIGHT.offset, ..sizes } } else { sizes }
}

impl Wire for ObjectReference {
    const STRUCTURE: Structure = Structure::Reference;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        Ok(ObjectReference(r.address(*sizes)?))
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(sizes.address())
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.address(self.0, *sizes)
    }
}

/// What a region reference of the old kind, a [`GlobalHeapId`], points to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Region {
    pub(crate) object: Address,
    pub(crate) selection: SelectionInfo,
}

impl Wire for Region {
    const STRUCTURE: Structure = Structure::Reference;
    type Context = Sizes;

    fn decode(r: &mut Reader<'_>, sizes: &Sizes) -> Result<Self> {
        let object = r.defined_address(*sizes, "object of a region reference")?;
        Ok(Region { object, selection: SelectionInfo::decode(r, &())? })
    }

    fn encoded_len(&self, sizes: &Sizes) -> Result<usize> {
        Ok(sizes.address() + self.selection.encoded_len(&())?)
    }

    fn encode(&self, w: &mut Writer, sizes: &Sizes) -> Result<()> {
        w.address(Some(self.object), *sizes)?;
        self.selection.encode(w, &())
    }
}

/// An element of the revised reference datatype.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RevisedReference {
    Null,
    Object(Address),
    /// The rest is a [`ReferenceBlock`] in the global heap.
    Stored {
        kind: ReferenceKind,
        /// The object is in another file, which the block names.
        external: bool,
        len: u32,
        id: GlobalHeapId,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReferenceKind {
    Object,
    Region,
    Attribute,
}

/// What the element itself does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RevisedContext {
    pub(crate) sizes: Sizes,
    /// The size of the datatype.
    pub(crate) size: usize,
}

impl RevisedContext {
    /// The size that libhdf5 gives the datatype.
    pub(crate) fn new(sizes: Sizes) -> Self {
        RevisedContext { sizes, size: (6 + GlobalHeapId::len(sizes)).max(3 + sizes.address()) }
    }
}

const EXTERNAL: u8 = 1;

impl Wire for RevisedReference {
    const STRUCTURE: Structure = Structure::Reference;
    type Context = RevisedContext;

    fn decode(r: &mut Reader<'_>, cx: &RevisedContext) -> Result<Self> {
        let mut r = r.block(cx.size as u64, Structure::Reference)?;
        let at = r.clone();
        let kind = r.u8()?;
        let flags = r.flags(EXTERNAL)?;
        let reference = match ReferenceKind::of(kind) {
            Some(ReferenceKind::Object) if flags & EXTERNAL == 0 => {
                RevisedReference::Object(token(&mut r)?.0)
            }
            Some(kind) => RevisedReference::Stored {
                kind,
                external: flags & EXTERNAL != 0,
                len: r.u32()?,
                id: GlobalHeapId::decode(&mut r, &cx.sizes)?,
            },
            None if kind == 0 && flags == 0 => RevisedReference::Null,
            None => return Err(at.bad("reference type", kind, "0, 2, 3 and 4 are known")),
        };
        let rest = r.remaining();
        r.skip_padding(rest, "an object's token is shorter than a heap identifier")?;
        Ok(reference)
    }

    fn encoded_len(&self, cx: &RevisedContext) -> Result<usize> {
        Ok(cx.size)
    }

    fn encode(&self, w: &mut Writer, cx: &RevisedContext) -> Result<()> {
        let begin = w.position();
        match self {
            RevisedReference::Null => {}
            RevisedReference::Object(address) => {
                w.put(&[ReferenceKind::Object.number(), 0]);
                encode_token(w, *address, cx.sizes.offset)?;
            }
            RevisedReference::Stored { kind, external, len, id } => {
                w.put(&[kind.number(), if *external { EXTERNAL } else { 0 }]);
                w.u32(*len);
                id.encode(w, &cx.sizes)?;
            }
        }
        let len = w.position() - begin;
        match cx.size.checked_sub(len) {
            Some(rest) => w.fill(rest, 0),
            None => return Err(Error::field("size of a reference", cx.size as u64, "too small for it")),
        }
        Ok(())
    }
}

impl ReferenceKind {
    fn of(number: u8) -> Option<Self> {
        match number {
            2 => Some(ReferenceKind::Object),
            3 => Some(ReferenceKind::Region),
            4 => Some(ReferenceKind::Attribute),
            _ => None,
        }
    }

    fn number(self) -> u8 {
        match self {
            ReferenceKind::Object => 2,
            ReferenceKind::Region => 3,
            ReferenceKind::Attribute => 4,
        }
    }
}

/// What a revised reference points to; the heap object may be longer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReferenceBlock {
    pub(crate) object: Address,
    /// The bytes of an address in the file that the object is in.
    pub(crate) token_size: u8,
    /// The other file that the object is in.
    pub(crate) file: Option<Vec<u8>>,
    pub(crate) part: ReferencePart,
}

impl ReferenceBlock {
    /// Puts the block where `put` does, in a heap; returns the element that refers to it.
    pub(crate) fn stored(
        &self,
        put: impl FnOnce(Vec<u8>) -> Result<GlobalHeapId>,
    ) -> Result<RevisedReference> {
        let kind = match &self.part {
            ReferencePart::Whole => ReferenceKind::Object,
            ReferencePart::Region { .. } => ReferenceKind::Region,
            ReferencePart::Attribute(_) => ReferenceKind::Attribute,
        };
        let external = self.file.is_some();
        let bytes = super::encode(self, &BlockContext { kind, external })?;
        let len = u32::try_from(bytes.len())
            .map_err(|_| Error::limit("a reference", bytes.len() as u64, u64::from(u32::MAX)))?;
        Ok(RevisedReference::Stored { kind, external, len, id: put(bytes)? })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ReferencePart {
    Whole,
    Region { rank: u32, selection: SelectionInfo },
    Attribute(Vec<u8>),
}

/// What the element says of its block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockContext {
    pub(crate) kind: ReferenceKind,
    pub(crate) external: bool,
}

impl Wire for ReferenceBlock {
    const STRUCTURE: Structure = Structure::Reference;
    type Context = BlockContext;

    fn decode(r: &mut Reader<'_>, cx: &BlockContext) -> Result<Self> {
        let (object, token_size) = token(r)?;
        let file = if cx.external { Some(string(r)?) } else { None };
        let part = match cx.kind {
            ReferenceKind::Object => ReferencePart::Whole,
            ReferenceKind::Attribute => ReferencePart::Attribute(string(r)?),
            ReferenceKind::Region => {
                let len = r.u32()?;
                let rank = r.u32()?;
                let mut selection = r.block(u64::from(len), Structure::Selection)?;
                let value = SelectionInfo::decode(&mut selection, &())?;
                selection.finish()?;
                ReferencePart::Region { rank, selection: value }
            }
        };
        Ok(ReferenceBlock { object, token_size, file, part })
    }

    fn encoded_len(&self, _: &BlockContext) -> Result<usize> {
        let file = self.file.as_ref().map_or(0, |name| 2 + name.len());
        let part = match &self.part {
            ReferencePart::Whole => 0,
            ReferencePart::Region { selection, .. } => 8 + selection.encoded_len(&())?,
            ReferencePart::Attribute(name) => 2 + name.len(),
        };
        Ok(1 + usize::from(self.token_size) + file + part)
    }

    fn encode(&self, w: &mut Writer, _: &BlockContext) -> Result<()> {
        encode_token(w, self.object, self.token_size)?;
        if let Some(name) = &self.file {
            encode_string(w, name, "length of a file name")?;
        }
        match &self.part {
            ReferencePart::Whole => Ok(()),
            ReferencePart::Attribute(name) => encode_string(w, name, "length of an attribute's name"),
            ReferencePart::Region { rank, selection } => {
                w.size(selection.encoded_len(&())?, 4, "size of a selection")?;
                w.u32(*rank);
                selection.encode(w, &())
            }
        }
    }
}

/// A token of this file format is an address, in as many bytes as it says; others belong to other storage of libhdf5's.
fn token(r: &mut Reader<'_>) -> Result<(Address, u8)> {
    let at = r.clone();
    match r.u8()? {
        len @ (2 | 4 | 8) => Ok((Address(r.uint(usize::from(len))?), len)),
        len => Err(at.bad("size of a token", len, "not that of an address")),
    }
}

fn encode_token(w: &mut Writer, object: Address, size: u8) -> Result<()> {
    w.u8(size);
    w.uint(object.0, usize::from(size), "object of a reference")
}

fn string(r: &mut Reader<'_>) -> Result<Vec<u8>> {
    let len = r.u16()?;
    Ok(r.take(usize::from(len))?.to_vec())
}

fn encode_string(w: &mut Writer, string: &[u8], name: &'static str) -> Result<()> {
    w.size(string.len(), 2, name)?;
    w.put(string);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::battery::{Sample, Samples, refuse};
    use crate::format::selection::tests::SLABS_1;

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };

    fn block(kind: ReferenceKind, external: bool) -> BlockContext {
        BlockContext { kind, external }
    }

    #[rustfmt::skip]
    fn object() -> Vec<u8> {
        [
            &[2, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0][..],     // object, in this file, at 768
            &[0; 7],
        ].concat()
    }

    #[rustfmt::skip]
    fn region() -> Vec<u8> {
        [
            &[3, 0, 57, 0, 0, 0][..],                   // region, in this file, block of 57 bytes
            &[0, 8, 0, 0, 0, 0, 0, 0], &[1, 0, 0, 0],   // object 1 of the collection at 2048
        ].concat()
    }

    #[rustfmt::skip]
    fn region_block() -> Vec<u8> {
        [
            &[8, 0, 3, 0, 0, 0, 0, 0, 0][..],           // object at 768
            &[40, 0, 0, 0, 2, 0, 0, 0],                 // selection of 40 bytes, rank 2
            &SLABS_1,
        ].concat()
    }

    fn attribute_block() -> Vec<u8> {
        [&[8, 0, 3, 0, 0, 0, 0, 0, 0][..], b"\x04\0b.h5", b"\x05\0units"].concat()
    }

    impl Samples for ObjectReference {
        fn samples() -> Vec<Sample<Self>> {
            vec![
                Sample::plain("object at 2048", NARROW, vec![0, 8, 0, 0]),
                Sample::plain("null", Sizes::EIGHT, vec![0; 8]),
            ]
        }
    }

    impl Samples for Region {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("a block", NARROW, [&[0, 8, 0, 0][..], &SLABS_1].concat())]
        }
    }

    impl Samples for RevisedReference {
        fn samples() -> Vec<Sample<Self>> {
            let cx = RevisedContext::new(Sizes::EIGHT);
            vec![
                Sample::plain("null", cx, vec![0; 18]),
                Sample::plain("object", cx, object()),
                Sample::plain("region", cx, region()),
                Sample::plain("attribute elsewhere", cx, [&[4, 1], &region()[2..]].concat()),
            ]
        }
    }

    impl Samples for ReferenceBlock {
        fn samples() -> Vec<Sample<Self>> {
            let object_block = [&region_block()[..9], b"\x04\0b.h5"].concat();
            let narrow = b"\x04\0\x03\0\0\x04\0b.h5".to_vec();
            vec![
                Sample::plain(
                    "object in a file of 4-byte addresses",
                    block(ReferenceKind::Object, true),
                    narrow,
                ),
                Sample::plain("object elsewhere", block(ReferenceKind::Object, true), object_block),
                Sample::plain("region", block(ReferenceKind::Region, false), region_block()),
                Sample::plain(
                    "attribute elsewhere",
                    block(ReferenceKind::Attribute, true),
                    attribute_block(),
                ),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let cx = RevisedContext::new(Sizes::EIGHT);
        let changes = [
            (0, 1, "reference type is 1"),
            (0, 5, "reference type is 5"),
            (1, 2, "flags is 2"),
            (2, 16, "size of a token is 16"),
        ];
        refuse::<RevisedReference>(object(), cx, &changes);
        let changes = [(0, 3, "size of a token is 3"), (9, 39, "truncated"), (9, 41, "truncated")];
        refuse::<ReferenceBlock>(region_block(), block(ReferenceKind::Region, false), &changes);
        refuse::<Region>([&[0xff; 4][..], &SLABS_1].concat(), NARROW, &[(0, 0xff, "it must be defined")]);
    }

    #[test]
    fn a_null_reference_points_nowhere() {
        assert_eq!(ObjectReference(Some(Address(0))).target(), None);
        assert_eq!(ObjectReference(None).target(), None);
        assert_eq!(ObjectReference(Some(Address(96))).target(), Some(Address(96)));
    }
}
