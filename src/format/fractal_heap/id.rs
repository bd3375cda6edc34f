//! The fractal heap identifier: where an object is, or the object itself.
//!
//! Specification 4.0, III.G.
//!
//! ```text
//! byte 0: bits 6-7 version (0), bits 4-5 kind, bits 0-3 by kind
//!
//! managed (kind 0)           huge (kind 1), by key     huge (kind 1), direct        tiny (kind 2)
//!  1  .  offset in the heap   1  .  B-tree key          1  O  address                bits 0-3  length - 1
//!  .  .  length                                         .  L  length                  1  .  data
//!                                                       .  4  filter mask   } if      extended: 12 bits of length - 1,
//!                                                       .  L  size          } filtered  the lower 8 in byte 1
//! ```
//!
//! How long identifiers are, and so which forms they have, is the heap's property; what is behind the fields is zero.
//! The key has up to 8 bytes (libhdf5), whatever the size of lengths. Reads and writes version 0.

use super::HeapContext;
use crate::base::{Address, Error, Reader, Result, Structure, Unsupported, Writer};
use crate::format::Wire;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FractalHeapId {
    Managed { offset: u64, len: u64 },
    HugeByKey { key: u64 },
    Huge { address: Address, len: u64, filtered: Option<HugeFiltered> },
    Tiny(Vec<u8>),
}

/// What a filtered huge object is besides its stored bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HugeFiltered {
    pub(crate) mask: u32,
    /// The bytes of the object itself.
    pub(crate) size: u64,
}

impl Wire for FractalHeapId {
    const STRUCTURE: Structure = Structure::FractalHeapId;
    type Context = HeapContext;

    fn decode(r: &mut Reader<'_>, cx: &HeapContext) -> Result<Self> {
        let mut r = r.block(u64::from(cx.id_len), Structure::FractalHeapId)?;
        let at = r.clone();
        let first = r.u8()?;
        if first >> 6 != 0 {
            let found = u64::from(first >> 6);
            return Err(at.locate(Unsupported::Version { found, known: 0 }.into()));
        }
        let low = first & 15;
        let id = match first >> 4 {
            0 => FractalHeapId::Managed {
                offset: r.uint(cx.table.offset_width())?,
                len: r.uint(cx.length_width())?,
            },
            1 => decode_huge(&mut r, cx)?,
            2 => return decode_tiny(r, low, cx),
            kind => return Err(at.bad("kind of heap identifier", kind, "0, 1 and 2 are known")),
        };
        if low != 0 {
            return Err(at.bad("reserved bits of a heap identifier", low, "they must be zero"));
        }
        let rest = r.remaining();
        r.skip_padding(rest, "identifiers of a heap are equally long")?;
        Ok(id)
    }

    fn encoded_len(&self, cx: &HeapContext) -> Result<usize> {
        Ok(usize::from(cx.id_len))
    }

    fn encode(&self, w: &mut Writer, cx: &HeapContext) -> Result<()> {
        let begin = w.position();
        match self {
            FractalHeapId::Managed { offset, len } => {
                w.u8(0);
                w.uint(*offset, cx.table.offset_width(), "offset in the heap")?;
                w.uint(*len, cx.length_width(), "length of a managed object")?;
            }
            FractalHeapId::HugeByKey { key } => {
                w.u8(0x10);
                w.uint(*key, cx.huge_key_width(), "key of a huge object")?;
            }
            FractalHeapId::Huge { address, len, filtered } => {
                w.u8(0x10);
                w.address(Some(*address), cx.sizes)?;
                w.length(*len, cx.sizes, "length of a huge object")?;
                if let Some(filtered) = filtered {
                    w.u32(filtered.mask);
                    w.length(filtered.size, cx.sizes, "size of a huge object")?;
                }
            }
            FractalHeapId::Tiny(data) => encode_tiny(data, w, cx)?,
        }
        let len = w.position() - begin;
        match usize::from(cx.id_len).checked_sub(len) {
            Some(rest) => w.fill(rest, 0),
            None => return Err(too_long(len)),
        }
        Ok(())
    }
}

fn decode_huge(r: &mut Reader<'_>, cx: &HeapContext) -> Result<FractalHeapId> {
    if !cx.huge_is_direct() {
        return Ok(FractalHeapId::HugeByKey { key: r.uint(cx.huge_key_width())? });
    }
    let address = r.defined_address(cx.sizes, "address of a huge object")?;
    let len = r.length(cx.sizes)?;
    let filtered = match cx.filtered {
        true => Some(HugeFiltered { mask: r.u32()?, size: r.length(cx.sizes)? }),
        false => None,
    };
    Ok(FractalHeapId::Huge { address, len, filtered })
}

fn decode_tiny(mut r: Reader<'_>, low: u8, cx: &HeapContext) -> Result<FractalHeapId> {
    let low = usize::from(low);
    let len = if cx.tiny_is_extended() { low << 8 | usize::from(r.u8()?) } else { low };
    Ok(FractalHeapId::Tiny(r.take(len + 1)?.to_vec()))
}

fn encode_tiny(data: &[u8], w: &mut Writer, cx: &HeapContext) -> Result<()> {
    let less = match data.len().checked_sub(1) {
        Some(less) if data.len() <= cx.max_tiny() => less as u64,
        _ => return Err(too_long(data.len())),
    };
    if cx.tiny_is_extended() {
        w.uint(0x20 | less >> 8, 1, "length of a tiny object")?;
        w.uint(less & 0xff, 1, "length of a tiny object")?;
    } else {
        w.uint(0x20 | less, 1, "length of a tiny object")?;
    }
    w.put(data);
    Ok(())
}

fn too_long(len: usize) -> Error {
    Error::field("length in a heap identifier", len as u64, "the identifiers of this heap can't hold it")
        .within(Structure::FractalHeapId)
}

#[cfg(test)]
mod tests {
    use super::super::samples::links;
    use super::*;
    use crate::base::Budget;
    use crate::format::battery::{Sample, Samples, refuse};
    use crate::format::{decode, encode};

    const MANAGED: [u8; 8] = [0, 21, 0x10, 0, 0, 44, 1, 0];

    fn of_len(id_len: u16, filtered: bool) -> HeapContext {
        HeapContext { id_len, filtered, ..links() }
    }

    #[rustfmt::skip]
    fn huge_filtered() -> Vec<u8> {
        [
            &[0x10, 0, 8, 0, 0, 0, 0, 0, 0][..],            // stored at 2048
            &[100, 0, 0, 0, 0, 0, 0, 0],                    // 100 bytes,
            &[1, 0, 0, 0], &[0, 32, 0, 0, 0, 0, 0, 0],      // mask 1; 8192 bytes in truth
        ].concat()
    }

    impl Samples for FractalHeapId {
        fn samples() -> Vec<Sample<Self>> {
            let mut long = vec![0x21, 1];
            long.resize(2 + 258, 7);
            vec![
                Sample::plain("managed", of_len(8, false), MANAGED.to_vec()),
                Sample::plain("huge by key", of_len(7, false), vec![0x10, 5, 0, 0, 0, 0, 0]),
                Sample::plain("huge", of_len(17, false), huge_filtered()[..17].to_vec()),
                Sample::plain("huge filtered", of_len(29, true), huge_filtered()),
                Sample::plain("tiny", of_len(7, false), b"\x22abc\0\0\0".to_vec()),
                Sample::plain("tiny extended", of_len(260, false), long),
            ]
        }
    }

    #[test]
    fn each_rule_is_enforced() {
        let changes = [
            (0, 0x40, "version 1 (known up to 0)"),
            (0, 0x30, "kind of heap identifier is 3"),
            (0, 0x01, "reserved bits of a heap identifier is 1"),
            (0, 0x2f, "truncated: 16 bytes needed"),
        ];
        refuse::<FractalHeapId>(MANAGED.to_vec(), of_len(8, false), &changes);
        for id in [FractalHeapId::Tiny(vec![]), FractalHeapId::Tiny(vec![0; 7])] {
            assert!(encode(&id, &of_len(7, false)).is_err());
        }
        let id = FractalHeapId::Managed { offset: 0, len: 0 };
        assert!(encode(&id, &of_len(6, false)).is_err());
    }

    #[test]
    fn the_fields_are_where_they_belong() {
        let read = |bytes: &[u8], cx| decode::<FractalHeapId>(bytes, 0, &cx, &Budget::default()).unwrap();
        let managed = FractalHeapId::Managed { offset: 0x1015, len: 300 };
        assert_eq!(read(&MANAGED, of_len(8, false)), managed);
        let filtered = Some(HugeFiltered { mask: 1, size: 8192 });
        let huge = FractalHeapId::Huge { address: Address(2048), len: 100, filtered };
        assert_eq!(read(&huge_filtered(), of_len(29, true)), huge);
    }
}
