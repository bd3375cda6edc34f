//! The records of version 2 B-trees: a type for each thing that is indexed.
//!
//! Specification 4.0, III.A.2, "Type 1 Record Layout" to "Type 11 Record Layout".
//!
//! ```text
//! links of a group, by name (5)             by creation order (6)
//!  0  4  hash of the name                    0  8  creation order
//!  4  7  heap ID                             8  7  heap ID
//!
//! attributes, by name (8)                   by creation order (9)
//!  0  8  heap ID                             0  8  heap ID
//!  8  1  message flags                       8  1  message flags
//!  9  4  creation order                      9  4  creation order
//! 13  4  hash of the name
//!
//! chunks (10)                               filtered chunks (11)
//!  0  O  address                             0  O  address
//!                                            .  .  bytes
//!                                            .  4  filters that were skipped
//!  .  8  scaled offset along each axis       .  8  scaled offset along each axis
//! ```
//!
//! Types 1 to 4, huge objects of a fractal heap, and type 7, shared messages, have a file each. Type 0 is libhdf5's for its own tests, and refused. Reads and writes types 1 to 11.

mod huge_object;

pub(crate) use huge_object::{FilteredObject, HugeObjectContext, HugeObjectRecord};

use super::Wire;
use super::chunk_element::{ChunkElement, ElementContext};
use crate::base::{Error, Reader, Result, Structure, Writer};

macro_rules! record_types {
    ($($number:literal => $variant:ident, $doc:literal;)*) => {
        /// What a version 2 B-tree indexes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum RecordType {
            $(#[doc = $doc] $variant,)*
        }

        impl RecordType {
            /// The number that stands for it in a file.
            pub(crate) fn number(self) -> u8 {
                match self { $(RecordType::$variant => $number,)* }
            }

            /// Reads the number; an unknown one is refused.
            pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self> {
                let at = r.clone();
                match r.u8()? {
                    $($number => Ok(RecordType::$variant),)*
                    other => Err(at.bad("record type", other, "1 to 11 are known")),
                }
            }
        }
    };
}

record_types! {
    1 => HugeIndirect, "Huge objects that a key stands for.";
    2 => HugeIndirectFiltered, "Filtered huge objects that a key stands for.";
    3 => HugeDirect, "Huge objects whose heap ID holds their address.";
    4 => HugeDirectFiltered, "Filtered huge objects whose heap ID holds their address.";
    5 => LinkName, "Links by the hash of their name.";
    6 => LinkOrder, "Links by creation order.";
    7 => SharedMessage, "Shared messages by the hash of their bytes.";
    8 => AttributeName, "Attributes by the hash of their name.";
    9 => AttributeOrder, "Attributes by creation order.";
    10 => Chunk, "Chunks by their place in the dataset.";
    11 => ChunkFiltered, "Filtered chunks by their place in the dataset.";
}

/// A link by the hash of its name (type 5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LinkNameRecord {
    pub(crate) hash: u32,
    pub(crate) heap_id: [u8; 7],
}

impl Wire for LinkNameRecord {
    const STRUCTURE: Structure = Structure::BTree2Record;
    type Context = ();

    fn decode(r: &mut Reader<'_>, _: &()) -> Result<Self> {
        Ok(LinkNameRecord { hash: r.u32()?, heap_id: r.array()? })
    }

    fn encoded_len(&self, _: &()) -> Result<usize> {
        Ok(11)
    }

    fn encode(&self, w: &mut Writer, _: &()) -> Result<()> {
        w.u32(self.hash);
        w.put(&self.heap_id);
        Ok(())
    }
}

/// A link by its creation order (type 6).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LinkOrderRecord {
    pub(crate) order: u64,
    pub(crate) heap_id: [u8; 7],
}

impl Wire for LinkOrderRecord {
    const STRUCTURE: Structure = Structure::BTree2Record;
    type Context = ();

    fn decode(r: &mut Reader<'_>, _: &()) -> Result<Self> {
        Ok(LinkOrderRecord { order: r.u64()?, heap_id: r.array()? })
    }

    fn encoded_len(&self, _: &()) -> Result<usize> {
        Ok(15)
    }

    fn encode(&self, w: &mut Writer, _: &()) -> Result<()> {
        w.u64(self.order);
        w.put(&self.heap_id);
        Ok(())
    }
}

/// An attribute by the hash of its name (type 8).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AttributeNameRecord {
    pub(crate) attribute: AttributeOrderRecord,
    pub(crate) hash: u32,
}

/// An attribute by its creation order (type 9).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AttributeOrderRecord {
    pub(crate) heap_id: [u8; 8],
    /// Those of the attribute's message: whether the ID is that of a shared one.
    pub(crate) message_flags: u8,
    pub(crate) order: u32,
}

impl Wire for AttributeNameRecord {
    const STRUCTURE: Structure = Structure::BTree2Record;
    type Context = ();

    fn decode(r: &mut Reader<'_>, cx: &()) -> Result<Self> {
        Ok(AttributeNameRecord { attribute: AttributeOrderRecord::decode(r, cx)?, hash: r.u32()? })
    }

    fn encoded_len(&self, _: &()) -> Result<usize> {
        Ok(17)
    }

    fn encode(&self, w: &mut Writer, cx: &()) -> Result<()> {
        self.attribute.encode(w, cx)?;
        w.u32(self.hash);
        Ok(())
    }
}

impl Wire for AttributeOrderRecord {
    const STRUCTURE: Structure = Structure::BTree2Record;
    type Context = ();

    fn decode(r: &mut Reader<'_>, _: &()) -> Result<Self> {
        Ok(AttributeOrderRecord { heap_id: r.array()?, message_flags: r.u8()?, order: r.u32()? })
    }

    fn encoded_len(&self, _: &()) -> Result<usize> {
        Ok(13)
    }

    fn encode(&self, w: &mut Writer, _: &()) -> Result<()> {
        w.put(&self.heap_id);
        w.u8(self.message_flags);
        w.u32(self.order);
        Ok(())
    }
}

/// A chunk by its place (types 10 and 11).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChunkRecord {
    pub(crate) chunk: ChunkElement,
    /// The chunk's offset along each axis, in chunks.
    pub(crate) scaled: Vec<u64>,
}

/// What a chunk's record does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkRecordContext {
    pub(crate) element: ElementContext,
    pub(crate) rank: u8,
}

impl ChunkRecordContext {
    /// The bytes of every such record.
    pub(crate) fn len(self) -> usize {
        self.element.len() + 8 * usize::from(self.rank)
    }
}

impl Wire for ChunkRecord {
    const STRUCTURE: Structure = Structure::BTree2Record;
    type Context = ChunkRecordContext;

    fn decode(r: &mut Reader<'_>, cx: &ChunkRecordContext) -> Result<Self> {
        let chunk = ChunkElement::decode(r, &cx.element)?;
        let rank = r.count(u64::from(cx.rank), 8)?;
        let scaled = (0..rank).map(|_| r.u64()).collect::<Result<_>>()?;
        Ok(ChunkRecord { chunk, scaled })
    }

    fn encoded_len(&self, cx: &ChunkRecordContext) -> Result<usize> {
        Ok(cx.len())
    }

    fn encode(&self, w: &mut Writer, cx: &ChunkRecordContext) -> Result<()> {
        self.chunk.encode(w, &cx.element)?;
        if self.scaled.len() != usize::from(cx.rank) {
            return Err(Error::field("number of scaled offsets", self.scaled.len() as u64, "not the rank"));
        }
        self.scaled.iter().for_each(|&offset| w.u64(offset));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Address, Budget, Sizes};
    use crate::format::battery::{Sample, Samples};
    use crate::format::{decode, encode};

    const NARROW: Sizes = Sizes { offset: 4, length: 4 };
    const CHUNK: ChunkRecordContext =
        ChunkRecordContext { element: ElementContext { sizes: NARROW, size_width: None }, rank: 2 };
    const FILTERED_CHUNK: ChunkRecordContext =
        ChunkRecordContext { element: ElementContext { sizes: NARROW, size_width: Some(2) }, rank: 2 };

    impl Samples for LinkNameRecord {
        #[rustfmt::skip]
        fn samples() -> Vec<Sample<Self>> {
            let bytes = vec![
                0x29, 0xe1, 0x11, 4,                            // hash
                0, 0x8d, 0, 0, 0, 0x12, 0,                      // 18 bytes at 141 of the heap
            ];
            vec![Sample::plain("type 5", (), bytes)]
        }
    }

    impl Samples for LinkOrderRecord {
        #[rustfmt::skip]
        fn samples() -> Vec<Sample<Self>> {
            let bytes = vec![
                0x10, 0, 0, 0, 0, 0, 0, 0,                      // the 17th link
                0, 0x35, 1, 0, 0, 0x13, 0,
            ];
            vec![Sample::plain("type 6", (), bytes)]
        }
    }

    #[rustfmt::skip]
    const ATTRIBUTE: [u8; 17] = [
        0, 12, 1, 0, 0, 0, 0x24, 0, 0,                          // 36 bytes at 268 of the heap, no flags
        7, 0, 0, 0,                                             // the eighth attribute
        0x29, 0xe1, 0x11, 4,                                    // hash
    ];

    impl Samples for AttributeNameRecord {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("type 8", (), ATTRIBUTE.to_vec())]
        }
    }

    impl Samples for AttributeOrderRecord {
        fn samples() -> Vec<Sample<Self>> {
            vec![Sample::plain("type 9", (), ATTRIBUTE[..13].to_vec())]
        }
    }

    #[rustfmt::skip]
    const FILTERED: [u8; 26] = [
        6, 8, 0, 0, 1, 0, 0, 0, 0, 0,                           // one byte at 2054, no filter skipped
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,         // the chunk (1, 0)
    ];

    impl Samples for ChunkRecord {
        fn samples() -> Vec<Sample<Self>> {
            let plain = [&FILTERED[..4], &FILTERED[10..]].concat();
            vec![
                Sample::plain("type 10", CHUNK, plain),
                Sample::plain("type 11", FILTERED_CHUNK, FILTERED.to_vec()),
            ]
        }
    }

    #[test]
    fn records_mean_what_they_say() {
        let budget = Default::default();
        let chunk: ChunkRecord = decode(&FILTERED, 0, &FILTERED_CHUNK, &budget).unwrap();
        assert_eq!((chunk.chunk.address, chunk.chunk.size), (Some(Address(2054)), 1));
        assert_eq!(chunk.scaled, [1, 0]);
        let attribute: AttributeNameRecord = decode(&ATTRIBUTE, 0, &(), &budget).unwrap();
        // "n7" is the name of the eighth attribute of that file.
        assert_eq!((attribute.attribute.order, attribute.hash), (7, crate::base::lookup3(b"n7")));
    }

    #[test]
    fn numbers_and_types_are_a_bijection() {
        for number in 1..=11 {
            let bytes = [number];
            let budget = Budget::default();
            let mut r = Reader::new(&bytes, 0, Structure::BTree2Header, &budget);
            assert_eq!(RecordType::decode(&mut r).unwrap().number(), number);
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let chunk = ChunkRecord { chunk: ChunkElement::NONE, scaled: vec![1] };
        assert!(
            encode(&chunk, &CHUNK).unwrap_err().to_string().contains("scaled offsets is 1: not the rank")
        );
    }
}
